"""The verbs of `marsad data` that judge and arrange annotations, as the shell calls them."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from marsad.cli import main

Call = Callable[..., tuple[int, str, str]]
STORY = (
    "قالت مصادر محلية إن اشتباكات دارت ليلا على أطراف بلدة {} بعد أن حاولت مجموعة مسلحة التسلل نحو نقطة عسكرية وانسحبت قبل الفجر {}"
)
CAMPS = ("sdf", "turkey", "isis", "russia")


@pytest.fixture
def call(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Call:
    monkeypatch.setenv("COLUMNS", "160")

    def run(*words: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["marsad", "data", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        shown = capsys.readouterr()
        return int(end.value.code or 0), " ".join(shown.out.split()), " ".join(shown.err.split())

    return run


def write(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), encoding="utf-8")
    return path


def read(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def rows(count: int) -> list[dict[str, Any]]:
    return [
        {
            "id": f"r{n}",
            "text": f"خبر قصير رقم {n}",
            "date": f"202{n % 5}",
            "affiliation": [CAMPS[n % 4]],
            "event_type": ["shelling"],
        }
        for n in range(count)
    ]


def test_dedupe_groups_near_duplicates_and_loses_nothing(call: Call, tmp_path: Path) -> None:
    copies = [{"id": "a", "text": STORY.format("جاسم", "")}, {"id": "b", "text": STORY.format("جاسم", "بحسب شبكة الضفاف")}]
    path = write(tmp_path / "in.jsonl", [*rows(3), *copies])
    code, out, _ = call("dedupe", path, "-o", tmp_path / "out.jsonl")
    assert code == 0
    assert "5 reports: 2 in 1 groups of two or more; 2 got another group" in out
    found = read(tmp_path / "out.jsonl")
    assert [row.pop("group", None) for row in found] == [None, None, None, "near:a", "near:a"]
    assert found == [*rows(3), *copies]


def test_split_keeps_near_duplicates_together_and_proportions(call: Call, tmp_path: Path) -> None:
    twins = [{"id": f"t{n}", "text": STORY.format("جاسم", n), "affiliation": ["sdf"], "event_type": []} for n in range(10)]
    path = write(tmp_path / "in.jsonl", [*rows(200), *twins])
    code, out, _ = call("split", path, "-o", tmp_path / "parts", "--dev", "0.1", "--test", "0.2")
    assert code == 0
    parts = {name: read(tmp_path / "parts" / f"{name}.jsonl") for name in ("train", "dev", "test")}
    assert "train: " in out
    assert sum(map(len, parts.values())) == 210
    assert 15 <= len(parts["dev"]) <= 27
    assert sum(any(row["id"].startswith("t") for row in part) for part in parts.values()) == 1
    for camp in ("turkey", "isis", "russia"):
        assert sum(row["affiliation"] == [camp] for row in parts["test"]) == pytest.approx(10, abs=1)


def test_split_by_time(call: Call, tmp_path: Path) -> None:
    code, _, _ = call("split", write(tmp_path / "in.jsonl", rows(50)), "-o", tmp_path, "--after", "2024", "--dev", "0.2")
    assert code == 0
    assert {row["date"] for row in read(tmp_path / "test.jsonl")} == {"2024"}
    assert "2024" not in {row["date"] for name in ("train", "dev") for row in read(tmp_path / f"{name}.jsonl")}


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("--after", "soon"), "--after: found 'soon', expected YYYY"),
        (("--after", "2024", "--source", "x"), "give one of them"),
        (("--dev", "0.6", "--test", "0.5"), "leave nothing to train on"),
    ],
)
def test_a_split_that_cannot_be_is_refused(call: Call, tmp_path: Path, words: tuple[str, ...], reason: str) -> None:
    code, _, err = call("split", write(tmp_path / "in.jsonl", rows(20)), "-o", tmp_path / "parts", *words)
    assert code == 2
    assert reason in err
    assert not (tmp_path / "parts").exists()


def test_from_disagreement_to_one_file(call: Call, tmp_path: Path) -> None:
    a, b = write(tmp_path / "a.jsonl", rows(8)), write(tmp_path / "b.jsonl", [*rows(7), rows(8)[7] | {"affiliation": []}])
    code, out, _ = call("agreement", a, b, "-o", tmp_path / "open.jsonl")
    assert code == 0
    assert "8 reports in two files or more, annotators differ on 1" in out
    assert "equal answers 87.5%" in out
    assert [row["differing"] for row in read(tmp_path / "open.jsonl")] == [["affiliation"]]
    merged = tmp_path / "merged.jsonl"
    code, _, err = call("adjudicate", a, b, "-o", merged)
    assert (code, merged.exists()) == (2, False)
    assert "r7 (affiliation)" in err
    chief = write(tmp_path / "chief.jsonl", [rows(8)[7]])
    assert call("adjudicate", a, b, "--decisions", chief, "-o", merged)[0] == 0
    assert read(merged) == rows(8)


def test_one_annotator_is_no_agreement(call: Call, tmp_path: Path) -> None:
    code, _, err = call("agreement", write(tmp_path / "a.jsonl", rows(2)))
    assert code == 2
    assert "expected two files or more" in err


def test_suggest_writes_reports_best_first(call: Call, tmp_path: Path, tiny_model: Path) -> None:
    pool = write(tmp_path / "pool.jsonl", rows(6))
    code, out, _ = call("suggest", pool, "--model", tiny_model, "-n", "4", "-o", tmp_path / "next.jsonl")
    assert code == 0
    assert "4 of 6 reports" in out
    found = [row["meta"]["suggested"]["value"] for row in read(tmp_path / "next.jsonl")]
    assert len(found) == 4
    assert found == sorted(found, reverse=True)


def test_errors_reads_the_scores_of_a_model(call: Call, tmp_path: Path) -> None:
    reports = write(tmp_path / "in.jsonl", rows(40))
    scores = [
        {"id": r["id"], "scores": {"affiliation": {c: 0.95 * (c in r["affiliation"]) + 0.02 for c in CAMPS}}} for r in rows(40)
    ]
    scores[5]["scores"]["affiliation"] |= {"isis": 0.99, "turkey": 0.01}
    path = write(tmp_path / "scores.jsonl", scores)
    code, out, _ = call("errors", reports, "--model-scores", path, "-o", tmp_path / "doubts.jsonl")
    assert code == 0
    assert "2 doubtful labels of 40 reports" in out
    assert {(row["id"], row["label"], row["given"]) for row in read(tmp_path / "doubts.jsonl")} == {
        ("r5", "isis", False),
        ("r5", "turkey", True),
    }
