from __future__ import annotations

import json
import math
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from transformers import AutoTokenizer

from marsad.cli import main
from marsad.config.loading import load_config
from marsad.config.schema import TrainConfig
from marsad.training.preparation import prepare

CAMPS = (("قوات النظام", "assad_regime"), ("قوات سوريا الديمقراطية", "sdf"), ("الجيش التركي", "turkey"))
DEEDS = (("قصفت بالمدفعية", "shelling"), ("اعتقلت شبانا في", "arrest_raid"))
PLACES = ("كفرنبل", "البصيرة", "عين عيسى", "جاسم", "الباب", "تدمر")
SYRIA = Path(__file__).parents[2] / "seeds" / "taxonomy" / "syria.yaml"
Check = Callable[..., tuple[int, str, str]]
"""A call of `marsad check` and its exit code, standard output and standard error, blanks and line ends folded."""


def rows(count: int, first: int = 0, days: str = "صباح اليوم") -> list[dict[str, Any]]:
    """Return reports, two of each story, whose texts all differ; camps and deeds take turns."""
    found = []
    for number in range(first, first + count):
        force, camp = CAMPS[number % 3]
        deed, event = DEEDS[number % 2]
        text = f"أفاد مراسلنا أن {force} {deed} بلدة {PLACES[number % 6]} {days} للمرة {number}."
        found.append(
            {"id": f"r{number}", "text": text, "group": f"story-{number // 2}", "affiliation": [camp], "event_type": [event]}
        )
    return found


def written(path: Path, reports: Sequence[Any]) -> Path:
    lines = [report if isinstance(report, str) else json.dumps(report, ensure_ascii=False) for report in reports]
    path.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
    return path


@pytest.fixture
def check(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Check:
    """Call the command line in this process, as the shell would."""
    for name in (
        "TOKENIZERS_PARALLELISM",
        "TRANSFORMERS_VERBOSITY",
        "HF_DATASETS_DISABLE_PROGRESS_BARS",
        "HF_HUB_DISABLE_PROGRESS_BARS",
    ):
        monkeypatch.setenv(name, os.environ.get(name, "1" if "DISABLE" in name else "true" if "PARALLEL" in name else "error"))
    monkeypatch.setenv("COLUMNS", "160")

    def call(*words: Any) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["marsad", "check", *map(str, words)])
        with pytest.raises(SystemExit) as end:
            main()
        shown = capsys.readouterr()
        return int(end.value.code or 0), " ".join(shown.out.split()), " ".join(shown.err.split())

    return call


@pytest.fixture
def config(tmp_path: Path, tiny_base: Path) -> Path:
    """A config without mistakes: 24 reports to train on and 12 of other stories for dev."""
    content = {
        "name": "small",
        "encoder": str(tiny_base),
        "taxonomy": "syria",
        "data": {
            "train": str(written(tmp_path / "train.jsonl", rows(24))),
            "dev": str(written(tmp_path / "dev.jsonl", rows(12, first=100))),
        },
        "tasks": {"affiliation": {}, "event_type": {}},
        "windows": {"length": 64, "overlap": 16},
        "training": {"epochs": 3, "batch_size": 5, "gradient_accumulation": 2},
    }
    path = tmp_path / "small.yaml"
    path.write_text(yaml.safe_dump(content, allow_unicode=True), encoding="utf-8")
    return path


def cells(out: str, label: str) -> tuple[int, int]:
    """Return the positives of a label in train and in dev, as the table shows them."""
    found = re.search(rf"│ {label} │[^│]*│ (\d+) │ (\d+) │", out)
    assert found, f"no row of {label} in {out}"
    return int(found[1]), int(found[2])


def test_a_good_config_shows_what_a_run_would_do(config: Path, tiny_base: Path, check: Check) -> None:
    code, out, _ = check(config)
    assert code == 0
    assert "small: 24 reports to train on, 12 for dev" in out
    assert "held out" not in out
    assert f"at most {math.ceil(3 * math.ceil(24 / 10))} steps" in out
    assert "24 windows of up to 64 an epoch" in out
    tokenizer = AutoTokenizer.from_pretrained(tiny_base)
    lengths = sorted(len(tokenizer(row["text"], add_special_tokens=False)["input_ids"]) for row in rows(24))
    assert f"longest {lengths[-1]};" in out
    assert lengths[11] <= int(re.findall(r"median (\d+)", out)[0]) <= lengths[12]


def test_a_good_config_shows_the_positives_of_every_label_by_name(config: Path, check: Check) -> None:
    _, out, _ = check(config)
    assert {camp: cells(out, camp) for _, camp in CAMPS} == {"assad_regime": (8, 4), "sdf": (8, 4), "turkey": (8, 4)}
    assert {event: cells(out, event) for _, event in DEEDS} == {"shelling": (12, 6), "arrest_raid": (12, 6)}
    assert cells(out, "isis") == (0, 0)
    assert "قوات سوريا الديمقراطية" in out
    assert len(re.findall(r"│ [a-z_]+ │", out)) == 33


def test_checking_writes_nothing(config: Path, check: Check, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    before = sorted(tmp_path.rglob("*"))
    assert check(config)[0] == 0
    assert sorted(tmp_path.rglob("*")) == before


def test_only_the_tasks_that_are_learned_are_shown(config: Path, check: Check) -> None:
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    config.write_text(yaml.safe_dump(content | {"tasks": {"event_type": {}}}), encoding="utf-8")
    code, out, _ = check(config)
    assert code == 0
    assert cells(out, "shelling") == (12, 6)
    assert "turkey" not in out


def test_a_long_report_is_read_in_several_windows(config: Path, check: Check, tmp_path: Path) -> None:
    long = {"id": "long", "text": " ".join(row["text"] for row in rows(12)), "affiliation": ["sdf"], "event_type": ["shelling"]}
    written(tmp_path / "train.jsonl", [*rows(24), long])
    code, out, _ = check(config)
    assert code == 0
    pieces = int(re.findall(r"longest (\d+)", out)[0])
    windows = int(re.findall(r"(\d+) windows", out)[0]) - 24
    assert pieces > 64 * 2
    assert (
        math.ceil(pieces / 62) <= windows <= math.ceil(pieces / 15)
    )  # 62 pieces of text fit, half of them less 16 at least are new


def test_overrides_are_heard(config: Path, check: Check) -> None:
    code, out, _ = check(config, "training.epochs=1", "training.batch_size=24", "training.gradient_accumulation=1", "name=other")
    assert code == 0
    assert "other: 24 reports" in out
    assert "at most 1 steps" in out


def test_without_a_dev_file_whole_stories_of_train_are_kept_apart(config: Path, check: Check, tmp_path: Path) -> None:
    written(tmp_path / "train.jsonl", rows(200))
    code, out, _ = check(config, "data.dev=null", "data.dev_share=0.2", "data.test_share=0.2")
    assert code == 0
    sizes = re.findall(r"(\d+) reports to train on, (\d+) for dev, (\d+) held out", out)
    train, dev, held_out = map(int, sizes[0])
    assert train + dev + held_out == 200
    assert all(size % 2 == 0 for size in (train, dev, held_out))
    assert dev > 0
    assert held_out > 0


def test_a_label_without_positives_is_warned_of(config: Path, check: Check) -> None:
    code, _, err = check(config)
    assert code == 0
    absent = re.findall(r"warning: affiliation: no training report has ([a-z_, ]+):", err)[0].split(", ")
    assert "isis" in absent
    assert "sdf" not in absent
    assert len(absent) == 12


def test_a_label_that_dev_cannot_measure_is_warned_of(config: Path, check: Check, tmp_path: Path) -> None:
    written(tmp_path / "dev.jsonl", [row for row in rows(12, first=100) if row["affiliation"] != ["turkey"]])
    code, _, err = check(config)
    assert code == 0
    assert "warning: affiliation: no dev report has turkey:" in err


def test_no_label_is_warned_of_where_all_are_there(config: Path, check: Check, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    labels = {"affiliation": [camp for _, camp in CAMPS], "event_type": [event for _, event in DEEDS]}
    tasks = {name: {"kind": "multilabel", "labels": [{"id": id} for id in ids]} for name, ids in labels.items()}
    own.write_text(yaml.safe_dump({"version": 1, "tasks": tasks}), encoding="utf-8")
    code, _, err = check(config, f"taxonomy={own}")
    assert (code, err) == (0, "")


def test_every_mistake_of_a_config_is_shown_with_place_and_cure(config: Path, check: Check) -> None:
    code, out, err = check(config, "training.learning_rat=0.1", "windows.length=many", "data.trian=x", "name=a/b")
    assert code == 2
    assert out == ""
    assert err.count("error:") == 4
    assert f"error: {config}: training.learning_rat: unknown key; did you mean 'learning_rate'?" in err
    assert f"error: {config}: data.trian: unknown key; did you mean 'train'?" in err
    assert f"error: {config}: windows.length: found 'many';" in err
    assert f"error: {config}: name: found 'a/b';" in err


def test_mistakes_of_data_encoder_windows_and_tasks_are_shown_at_once(config: Path, check: Check, tmp_path: Path) -> None:
    train = written(tmp_path / "train.jsonl", [*rows(2), "{", rows(1, first=5)[0] | {"affiliation": ["sfd"]}])
    code, out, err = check(config, "windows.length=512", f"data.dev={tmp_path / 'none.jsonl'}", "tasks.weather={}")
    assert code == 2
    assert out == ""
    assert "unknown task 'weather'; known: affiliation, event_type" in err
    assert f"{train}:3: not valid JSON" in err
    assert f"{train}:4: unknown affiliation 'sfd'; known: assad_regime" in err
    assert "none.jsonl: cannot read the reports" in err
    assert "windows.length: 512" in err


def test_windows_longer_than_the_encoders_positions_are_refused(config: Path, check: Check) -> None:
    code, _, err = check(config, "windows.length=65")
    assert code == 2
    assert "windows.length: 65 is more than the encoder" in err
    assert re.search(r"can read, 64\.", err)


def test_a_story_in_train_and_dev_is_refused_by_its_name(config: Path, check: Check, tmp_path: Path) -> None:
    again = rows(2, first=300)
    written(tmp_path / "dev.jsonl", [*rows(12, first=100), again[0] | {"group": "story-3"}])
    code, _, err = check(config)
    assert code == 2
    assert "data.dev: 1 stories stand in train too: story-3." in err
    assert "Take them out of one of the files." in err


def test_a_text_in_train_and_dev_is_refused_though_its_id_and_story_differ(config: Path, check: Check, tmp_path: Path) -> None:
    copy = rows(1, first=7)[0] | {"id": "copy", "group": "another"}
    written(tmp_path / "dev.jsonl", [*rows(12, first=100), copy])
    code, _, err = check(config)
    assert code == 2
    assert "text:copy" in err


def test_many_leaks_are_counted_and_the_first_named(config: Path, check: Check, tmp_path: Path) -> None:
    leaks = [row | {"text": row["text"] + " تتمة.", "id": f"d{row['id']}"} for row in rows(24)]
    written(tmp_path / "dev.jsonl", leaks)
    code, _, err = check(config)
    assert code == 2
    assert "data.dev: 12 stories stand in train too: " in err
    assert "and 2 more" in err


@pytest.mark.parametrize(
    ("missing", "reason"),
    [
        ("model.safetensors", "no weights (model.safetensors)"),
        ("config.json", "no config.json"),
        ("tokenizer.json", "no tokenizer"),
    ],
)
def test_an_encoder_folder_that_lacks_a_file_is_refused(
    config: Path, check: Check, tmp_path: Path, tiny_base: Path, missing: str, reason: str
) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_base, folder)
    (folder / missing).unlink()
    code, _, err = check(config, f"encoder={folder}")
    assert code == 2
    assert f"error: {folder}: {reason}" in err


def test_pickled_weights_are_refused(config: Path, check: Check, tmp_path: Path, tiny_base: Path) -> None:
    folder = tmp_path / "encoder"
    shutil.copytree(tiny_base, folder)
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    code, _, err = check(config, f"encoder={folder}")
    assert code == 2
    assert "the weights are a pickle (pytorch_model.bin)" in err
    assert "refused" in err


def test_an_encoder_of_the_hub_without_a_revision_is_refused(config: Path, check: Check) -> None:
    code, _, err = check(config, "encoder=someone/arabic-bert")
    assert code == 2
    assert "encoder: 'someone/arabic-bert' is no folder here" in err
    assert "'revision:'" in err


def test_an_unknown_name_of_an_encoder_is_refused(config: Path, check: Check) -> None:
    code, _, err = check(config, "encoder=maxi-base")
    assert code == 2
    assert "maxi-base: no such folder, and no model of that name comes with marsad" in err


def test_a_task_that_no_report_is_annotated_for_is_refused(config: Path, check: Check, tmp_path: Path) -> None:
    written(tmp_path / "train.jsonl", [{key: value for key, value in row.items() if key != "event_type"} for row in rows(24)])
    code, _, err = check(config)
    assert code == 2
    assert "no training report is annotated for 'event_type'" in err


def test_a_single_story_cannot_be_split(config: Path, check: Check, tmp_path: Path) -> None:
    written(tmp_path / "train.jsonl", rows(2))
    code, _, err = check(config, "data.dev=null")
    assert code == 2
    assert re.search(r"\d reports to train on and \d for dev: neither may be empty", err)


def test_a_broken_taxonomy_is_told_with_every_mistake(config: Path, check: Check, tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text(SYRIA.read_text(encoding="utf-8").replace("kind: multilabel", "kind: many"), encoding="utf-8")
    code, _, err = check(config, f"taxonomy={own}")
    assert code == 2
    assert f"{own}: tasks.affiliation.kind: found 'many', expected multilabel or multiclass." in err
    assert f"{own}: tasks.event_type.kind: found 'many'" in err


def test_what_looks_like_markup_in_a_mistake_is_shown_as_it_is(config: Path, check: Check) -> None:
    _, _, err = check(config, "name=[bold]")
    assert "['bold']" in err


def test_a_missing_config_is_told(check: Check, tmp_path: Path) -> None:
    code, _, err = check(tmp_path / "none.yaml")
    assert code == 2
    assert f"error: {tmp_path / 'none.yaml'}: cannot read the config" in err


def test_the_program_exits_with_2_and_no_traceback(config: Path) -> None:
    words = [sys.executable, "-m", "marsad", "check", str(config), "training.epoch=3", "windows.overlap=60"]
    result = subprocess.run(words, capture_output=True, text=True, encoding="utf-8", check=False)
    assert result.returncode == 2
    assert result.stdout == ""
    assert "Traceback" not in result.stderr
    lines = result.stderr.splitlines()
    assert len(lines) == 2
    assert all(line.startswith(f"error: {config}: ") for line in lines)


LONG = "قالت مصادر محلية إن اشتباكات دارت ليلا على أطراف البلدة بعد أن حاولت مجموعة مسلحة التسلل نحو نقطة {} وانسحبت قبل الفجر"


def test_a_near_duplicate_in_dev_is_refused_unless_allowed(config: Path, check: Check, tmp_path: Path) -> None:
    train, dev = rows(24), rows(12, first=100)
    train[0]["text"], dev[5]["text"] = LONG.format("قريبة"), f"{LONG.format('قريبة')} بحسب مراسل شبكة الضفاف"
    written(tmp_path / "train.jsonl", train)
    written(tmp_path / "dev.jsonl", dev)
    code, out, err = check(config)
    assert (code, out) == (2, "")
    assert "data.dev: 1 reports have a near-duplicate in train: r105 ~ r0 (1.00)." in err
    assert "reaches micro-F1 affiliation 1.000, event_type 0.000 on them" in err
    assert "--allow-leak" in err
    code, out, err = check(config, "--allow-leak")
    assert code == 0
    assert "24 reports to train on" in out
    assert "warning: data.dev: 1 reports have a near-duplicate in train: r105 ~ r0 (1.00)." in err


def test_near_duplicates_of_no_group_stay_on_one_side_of_the_automatic_split(config: Path, tmp_path: Path) -> None:
    places = [f"{place} {number}" for number in range(30) for place in PLACES[:2]]
    twins = [row | {"text": text, "group": ""} for row, text in zip(rows(60), map(LONG.format, places), strict=True)]
    written(tmp_path / "train.jsonl", twins + rows(60, first=300))
    loaded = load_config(config, TrainConfig, ["data.dev=null", "data.dev_share=0.3", "data.test_share=0.3"])
    found = prepare(loaded)
    sides = [side for side in (found.train, found.dev, found.held_out) if any("مصادر محلية" in report.text for report in side)]
    assert len(sides) == 1
    assert sum("مصادر محلية" in report.text for report in sides[0]) == 60
