"""What keeps a model from being published, and the card of one that nothing keeps."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from huggingface_hub import ModelCard

from marsad.errors import ConfigError, ModelError
from marsad.inference.predictor import load
from marsad.publishing.card import changes, model_card
from marsad.publishing.check import REPORTS, score_differences
from marsad.publishing.dossier import read_dossier
from marsad.publishing.endpoint import checked, choose_endpoint
from marsad.publishing.parcel import PLACE, Parcel, deliver, pack
from marsad.publishing.replay_marsad import CHECK

ROOT = Path(__file__).parents[2]


def edit(path: Path, **changed: Any) -> None:
    content = json.loads(path.read_text(encoding="utf-8")) | changed
    kept = {key: value for key, value in content.items() if value is not None}
    path.write_text(json.dumps(kept), encoding="utf-8")


def test_all_that_is_missing_is_told_at_once(copied_model: Path) -> None:
    edit(copied_model / "config.json", problem_type=None, auto_map={"AutoModel": "theirs.Model"})
    edit(copied_model / "tokenizer_config.json", model_max_length=None)
    for name in ("metrics.json", "run.json", "config.yaml", "README.md"):
        (copied_model / name).unlink()
    with pytest.raises(ModelError) as found:
        read_dossier(copied_model)
    told = str(found.value)
    assert len(told.splitlines()) == 8  # metrics.json is missing, and so not evaluated
    for part in (
        "problem_type",
        "auto_map",
        "model_max_length",
        "metrics.json",
        "run.json",
        "config.yaml",
        "README.md: no licence",
    ):
        assert part in told


def test_labels_that_are_not_the_taxonomys_are_told(copied_model: Path) -> None:
    config = json.loads((copied_model / "config.json").read_text(encoding="utf-8"))
    edit(copied_model / "config.json", id2label=config["id2label"] | {"0": "affiliation:somebody"})
    with pytest.raises(ModelError, match="affiliation:assad_regime, affiliation:somebody"):
        read_dossier(copied_model)


def test_a_model_that_was_never_evaluated_needs_force_and_its_card_says_so(copied_model: Path, packed: Parcel) -> None:
    (copied_model / "metrics.json").unlink()
    dossier = read_dossier(copied_model, force=True)
    assert "**This model was never evaluated.**" in model_card(dossier, packed.check, "org/tiny", None)
    assert "never evaluated" not in packed.card


def test_a_readme_with_broken_front_matter_is_told(copied_model: Path) -> None:
    (copied_model / "README.md").write_text("---\nlicense: [\n---\nwords\n", encoding="utf-8")
    with pytest.raises(ModelError, match="front matter"):
        read_dossier(copied_model)


def test_a_pickle_is_refused(copied_model: Path, tmp_path: Path) -> None:
    (copied_model / "model.safetensors").rename(copied_model / "pytorch_model.bin")
    with pytest.raises(ModelError, match=r"a pickle \(pytorch_model.bin\)"):
        pack(copied_model, "org/tiny", tmp_path)


def test_the_front_matter_is_what_the_hub_reads(packed: Parcel) -> None:
    data: Any = ModelCard(packed.card).data
    assert (data.language, data.license, data.library_name, data.pipeline_tag) == (
        "ar",
        "apache-2.0",
        "transformers",
        "text-classification",
    )
    assert [result.metric_value for result in data.eval_results][:2] == [0.5, 0.25]
    assert yaml.safe_load(packed.card.split("---")[1])["widget"][0]["text"].startswith("قصفت")


def test_the_card_has_every_label_and_its_tables_are_whole(packed: Parcel) -> None:
    for task in packed.dossier.settings.taxonomy.tasks:
        for label in task.labels:
            assert f"\n| `{label.id}` | {label.ar} | {label.en} | 0.50 |" in packed.card
    assert "|\n\n|" not in packed.card
    assert 'revision="v1.0.0"' in packed.card
    assert "the figures flatter the model" in packed.card
    assert "Made for a test, from texts made up for it." in packed.card


def test_the_card_shows_intervals_slices_and_calibration_where_they_are(copied_model: Path, packed: Parcel) -> None:
    metrics = json.loads((copied_model / "metrics.json").read_text(encoding="utf-8"))
    metrics["tasks"]["affiliation"]["intervals"] = {"micro_f1": [0.4, 0.6]}
    edit(
        copied_model / "metrics.json",
        tasks=metrics["tasks"],
        slices={"year": {"2018": {"n": 12, "micro_f1": 0.55}}},
        calibration={"affiliation": {"ece": 0.031}},
    )
    card = model_card(read_dossier(copied_model), packed.check, "org/tiny", None)
    assert "micro F1 **0.500** (0.400 to 0.600)" in card
    assert "| year › 2018 › micro_f1 | 0.55 |" in card
    assert "| affiliation › ece | 0.031 |" in card
    assert "Calibration" not in packed.card
    assert "By kind of report" not in packed.card


def test_the_changes_of_a_version_are_those_of_its_section(tmp_path: Path) -> None:
    path = tmp_path / "CHANGELOG.md"
    path.write_text("# Changelog\n\n## [1.1.0] – 2026\n- new\n\n## [1.0.0]\n- old\n", encoding="utf-8")
    assert changes(path, "v1.1.0") == "- new"
    assert changes(path, "v1.0.0") == "- old"
    assert changes(path, "v1.1") == ""


def test_no_folder_of_the_makers_machine_is_published(packed: Parcel) -> None:
    assert "secret" not in "".join(
        path.read_text(encoding="utf-8") for path in packed.folder.iterdir() if path.suffix != ".safetensors"
    )
    assert PLACE.sub("", "a /home/x/b.jsonl ../d/e https://h.org/x/y c=/k/l") == "a b.jsonl ../d/e https://h.org/x/y c=l"


def test_packing_twice_gives_the_same_bytes(packed: Parcel, model_folder: Path, tmp_path: Path) -> None:
    again = pack(model_folder, "org/tiny", tmp_path, "v1.0.0")
    for path in packed.folder.iterdir():
        assert path.read_bytes() == (again.folder / path.name).read_bytes(), path.name


def test_a_tagger_goes_with_its_model(model_folder: Path, tiny_tagger: Path, tmp_path: Path) -> None:
    both = tmp_path / "both"
    shutil.copytree(model_folder, both)
    shutil.copytree(tiny_tagger, both / "factions")
    place = tmp_path / "place"
    place.mkdir()
    parcel = pack(both, "org/tiny", place)
    assert 'subfolder="factions"' in parcel.card
    assert {"factions/model.safetensors", "factions/names.json", "factions/tokenizer.json"} <= parcel.files.keys()
    recorded = json.loads((parcel.folder / CHECK).read_text(encoding="utf-8"))["files"]
    assert {"model.safetensors", "factions/model.safetensors", "factions/gazetteer.yaml"} & parcel.files.keys() <= recorded.keys()
    assert "factions/names.json" in recorded
    deliver(parcel, tmp_path / "delivery")
    found = load(tmp_path / "delivery").predict("قصفت قوات النظام بالمدفعية بلدة كفرنبل.")
    assert found.factions is not None
    (tmp_path / "delivery" / "factions" / "names.json").write_text("{}", encoding="utf-8")
    with pytest.raises(ModelError, match=r"names\.json: another content"):
        load(tmp_path / "delivery")


def test_the_check_reports_are_twenty_of_the_seeds() -> None:
    seeds = {row["id"]: row for row in map(json.loads, (ROOT / "seeds/reports.jsonl").read_text(encoding="utf-8").splitlines())}
    rows = [json.loads(line) for line in REPORTS.read_text(encoding="utf-8").splitlines()]
    assert len({row["id"] for row in rows}) == 20
    assert all((row["text"], row["date"]) == (seeds[row["id"]]["text"], seeds[row["id"]]["date"]) for row in rows)


def test_a_score_off_by_more_than_the_tolerance_is_told_with_its_label() -> None:
    assert score_differences([{"a": 0.5, "b": 0.2}], [{"a": 0.50009, "b": 0.2}], "marsad") == []
    assert score_differences([{"a": 0.5, "b": 0.2}], [{"a": 0.5, "b": 0.2002}], "marsad") == [
        "report 1 with marsad: b is 0.20020, recorded 0.20000"
    ]
    assert "other labels: b, c" in score_differences([{"a": 0.5, "b": 0.2}], [{"a": 0.5, "c": 0.2}], "marsad")[0]


@pytest.mark.parametrize("address", ["hub.example.org", "ftp://hub.example.org", "https://user:word@hub.example.org"])
def test_an_endpoint_is_an_address_without_a_password(address: str) -> None:
    with pytest.raises(ConfigError, match="endpoint") as found:
        checked(address)
    assert "word" not in str(found.value).replace("password", "")


def test_xet_is_off_at_other_hubs_only(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HF_ENDPOINT", "HF_HUB_DISABLE_XET"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    import os

    choose_endpoint("https://huggingface.co/")
    assert os.environ["HF_ENDPOINT"] == "https://huggingface.co"
    assert "HF_HUB_DISABLE_XET" not in os.environ
    choose_endpoint("https://hub.example.org")
    assert os.environ["HF_HUB_DISABLE_XET"] == "1"
