"""Annotated reports as a repository of data sets: what is in it, what is not, and that it arrives."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from datasets import load_dataset
from huggingface_hub import DatasetCard
from tests.publishing.stand_in_hub import StandInHub
from typer.testing import CliRunner

from marsad.cli import app
from marsad.data.reports import Mention, Report, read_reports
from marsad.errors import DataError, HubError, ModelError
from marsad.publishing import publish as story
from marsad.publishing.dataset import DataParcel, pack_reports
from marsad.publishing.hub import Hub
from marsad.publishing.parcel import deliver
from marsad.publishing.replay_dataset import rows_sum
from marsad.taxonomy import Taxonomy

REPO = "org/reports"
WORDS = "---\nlicense: cc-by-4.0\n---\n\n# Reports\n\nMade up for a test; nobody annotated them twice.\n"
TEXT = "قصفت قوات النظام بالمدفعية بلدة كفرنبل ظهر اليوم."
SPLITS = {
    "train": [
        Report("1", TEXT, "2021-03-04", "مرصد الوادي", "g1", {"affiliation": ("assad_regime",), "event_type": ("shelling",)}),
        Report("2", "أمطار غزيرة على الساحل.", "2021-03-05", labels={"affiliation": (), "event_type": ()}, meta={"by": "منى"}),
        Report("3", TEXT + " وانتهى القصف مساء.", None, labels={}, factions=(Mention(5, 16, "assad_regime"),)),
    ],
    "dev": [Report("4", "داهم الأمن حيا في جاسم.", "2021", labels={"event_type": ("arrest_raid",)})],
}


@pytest.fixture(scope="session")
def annotated(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder as `marsad data split` leaves it, with the makers' words beside it."""
    folder = tmp_path_factory.mktemp("annotated")
    for split, reports in SPLITS.items():
        lines = [json.dumps(report.to_dict(), ensure_ascii=False) for report in reports]
        (folder / f"{split}.jsonl").write_text("\n".join(lines) + "\n", encoding="utf-8")
    (folder / "README.md").write_text(WORDS, encoding="utf-8")
    return folder


def pack(source: Path, place: Path, taxonomy: Taxonomy, text: bool = True) -> DataParcel:
    place.mkdir()
    return pack_reports(source, REPO, place, taxonomy, "v1.0.0", text)


def test_datasets_and_marsad_read_the_same_reports(annotated: Path, tmp_path: Path, syria: Taxonomy) -> None:
    parcel = pack(annotated, tmp_path / "place", syria)
    found: Any = load_dataset(str(parcel.folder), cache_dir=str(tmp_path / "cache"))
    assert list(found) == ["train", "dev"]
    assert found["train"]["date"][:] == ["2021-03-04", "2021-03-05", None]
    assert found["dev"][0]["affiliation"] is None
    for split, rows in found.items():
        reports = read_reports(parcel.folder / f"{split}.jsonl", syria)
        assert rows_sum(rows) == rows_sum(report.to_dict() for report in reports)
        assert [one.labels for one in reports] == [one.labels for one in SPLITS[split]]
    (mention,) = found["train"][2]["factions"]
    assert found["train"][2]["text"][mention["start"] : mention["end"]] == "قوات النظام"
    assert not any(one.meta for one in read_reports(parcel.folder / "train.jsonl", syria))


def test_without_text_nothing_of_the_texts_goes(annotated: Path, tmp_path: Path, syria: Taxonomy) -> None:
    parcel = pack(annotated, tmp_path / "place", syria, text=False)
    assert list(parcel.rows["train"][0]) == ["id", "date", "source", "affiliation", "event_type"]
    everything = b"".join(path.read_bytes() for path in parcel.folder.iterdir())
    assert "كفرنبل".encode() not in everything
    assert "قوات النظام بالمدفعية".encode() not in everything
    assert "منى".encode() not in everything
    found: Any = load_dataset(str(parcel.folder), cache_dir=str(tmp_path / "cache"))
    assert found["train"].column_names == list(parcel.rows["train"][0])
    assert "**the texts are not here**" in parcel.card


def test_the_card_counts_and_the_hub_can_read_it(annotated: Path, tmp_path: Path, syria: Taxonomy) -> None:
    card = pack(annotated, tmp_path / "place", syria).card
    data: Any = DatasetCard(card).data
    assert (data.language, data.license, data.pretty_name, data.size_categories) == ("ar", "cc-by-4.0", "reports", "n<1K")
    files = data.configs[0]["data_files"]
    assert files == [{"split": "train", "path": "train.parquet"}, {"split": "dev", "path": "dev.parquet"}]
    assert "| train | 3 | 3 | 2021-03-04 | 2021-03-05 |" in card
    shelling, camp = syria.task("event_type").label("shelling"), syria.task("affiliation").label("assad_regime")
    assert f"| `shelling` | {shelling.ar} | {shelling.en} | 1 | 0 |" in card
    assert "| annotated as none | 1 | 0 |" in card
    assert "| not annotated | 1 | 1 |" in card
    assert card.count(f"| `assad_regime` | {camp.ar} | {camp.en} | 1 | 0 |") == 2  # reports, mentions
    assert "|\n\n|" not in card
    assert "Made up for a test" in card


def test_packing_reports_twice_gives_the_same_bytes(annotated: Path, tmp_path: Path, syria: Taxonomy) -> None:
    first, second = (pack(annotated, tmp_path / name, syria).folder for name in ("one", "two"))
    for path in first.iterdir():
        assert path.read_bytes() == (second / path.name).read_bytes(), path.name


def test_all_that_is_missing_beside_the_reports_is_told(tmp_path: Path, syria: Taxonomy) -> None:
    source = tmp_path / "data"
    source.mkdir()
    with pytest.raises(DataError, match=r"none of train\.jsonl, dev\.jsonl, test\.jsonl"):
        pack(source, tmp_path / "one", syria)
    for split in ("train", "test"):
        (source / f"{split}.jsonl").write_text(json.dumps(SPLITS["dev"][0].to_dict()), encoding="utf-8")
    with pytest.raises(DataError, match=r"the id '4' is in several splits(.|\n)*no licence(.|\n)*who wrote and annotated"):
        pack(source, tmp_path / "two", syria)


def test_the_command_shows_what_would_be_sent(annotated: Path) -> None:
    done = CliRunner().invoke(app, ["publish", "--dataset", str(annotated), REPO, "--no-text"])
    assert done.exit_code == 0, done.output
    assert all(part in done.output for part in ("train.parquet", "the texts are not here", "Nothing was sent"))
    assert "كفرنبل" not in done.output
    assert CliRunner().invoke(app, ["publish", str(annotated), REPO, "--no-text"]).exit_code == 2


def test_reports_are_delivered_with_their_sums(annotated: Path, tmp_path: Path, syria: Taxonomy) -> None:
    deliver(pack(annotated, tmp_path / "place", syria), tmp_path / "delivery")
    names = [line.partition("  ")[2] for line in (tmp_path / "delivery" / "SHA256SUMS").read_text().splitlines()]
    expected = ["README.md", "dev.jsonl", "dev.parquet", "marsad-data.json", "taxonomy.yaml", "train.jsonl", "train.parquet"]
    assert names == expected


def test_a_model_and_reports_of_one_name_are_two_repositories(
    hub: StandInHub, annotated: Path, tmp_path: Path, syria: Taxonomy
) -> None:
    parcel = pack(annotated, tmp_path / "place", syria)
    for _ in range(2):
        Hub().check(parcel.folder, REPO, "v1.0.0", False, parcel.kind)
        commit = Hub().release(parcel.folder, REPO, "v1.0.0", "Release", parcel.kind)
    assert list(hub.repos) == [f"datasets/{REPO}"]
    assert hub.repos[f"datasets/{REPO}"].tags == {"v1.0.0": commit}
    (parcel.folder / "dev.parquet").write_bytes(b"other")
    with pytest.raises(HubError, match="holds something else"):
        Hub().check(parcel.folder, REPO, "v1.0.0", False, parcel.kind)


@pytest.mark.slow
@pytest.mark.parametrize("text", [True, False])
def test_reports_are_published_and_read_back_by_tag(
    hub: StandInHub, annotated: Path, tmp_path: Path, syria: Taxonomy, text: bool
) -> None:
    parcel = pack(annotated, tmp_path / "place", syria, text)
    done = story.publish(parcel, REPO, "v1.0.0", public=True, endpoint=hub.url)
    assert (done.verification.reports, done.verification.passed, done.public) == (4, True, True)
    repo = hub.repos[f"datasets/{REPO}"]
    assert (repo.private, repo.tags) == (False, {"v1.0.0": done.commit})
    assert {path.name for path in parcel.folder.iterdir()} == repo.commits[-1].files.keys() - {".gitattributes"}


@pytest.mark.slow
def test_reports_that_changed_on_the_way_are_found(
    hub: StandInHub, annotated: Path, tmp_path: Path, syria: Taxonomy, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Meddler(Hub):
        """A hub on whose way a label changes."""

        def release(self, folder: Path, repo: str, tag: str | None, message: str, kind: str = "model") -> str:
            commit = super().release(folder, repo, tag, message, kind)
            files = hub.repos[f"datasets/{repo}"].commits[-1].files
            files["train.jsonl"] = files["train.jsonl"].replace(b"shelling", b"airstrike")
            return commit

    monkeypatch.setattr(story, "Hub", Meddler)
    with pytest.raises(ModelError, match=r"train\.jsonl: not the file that was sent(.|\n)*train with marsad: 3 rows"):
        story.publish(pack(annotated, tmp_path / "place", syria), REPO, "v1.0.0", public=True, endpoint=hub.url)
    assert hub.repos[f"datasets/{REPO}"].private
