"""Exports that agree with torch, are read as long as they are of the weights beside them, and are published with them."""

from __future__ import annotations

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from marsad.cli import app
from marsad.errors import ConfigError, DataError, ModelError
from marsad.files import sha256
from marsad.inference import runtime
from marsad.inference.predictor import load
from marsad.modeling.folders import load_classifier, load_tagger, load_tokenizer, save_tokenizer, save_weights
from marsad.modeling.names import Names
from marsad.modeling.onnx import FLOAT, INT8, RECORD, OnnxModel, read_exported
from marsad.modeling.settings import ModelSettings, read_settings
from marsad.modeling.tagging import bio_names
from marsad.publishing import onnx as story
from marsad.publishing.onnx import export
from marsad.publishing.parcel import deliver, pack
from marsad.publishing.verify import verify
from marsad.taxonomy import Taxonomy

REPORTS = ("قصفت قوات النظام بالمدفعية بلدة تدمر.", "اعتقلت قوات سوريا الديمقراطية شبانا في البصيرة.", "افتتح الأهالي سوقا جديدا.")


@pytest.fixture(scope="session")
def exported(model_folder: Path, tiny_base: Path, syria: Taxonomy, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A model of reports and a tagger, both with random weights, exported by the command."""
    folder = Path(shutil.copytree(model_folder, tmp_path_factory.mktemp("exported") / "tiny"))
    (folder / "factions").mkdir()
    camps = syria.only(("affiliation",))
    tags = dict(enumerate(bio_names(camps.tasks[0].ids)))
    tagger = load_tagger(tiny_base, torch.float32, id2label=tags, label2id={tag: number for number, tag in tags.items()})
    save_weights(tagger, folder / "factions", torch.float16)
    save_tokenizer(load_tokenizer(tiny_base), folder / "factions")
    ModelSettings(camps, {}, 64, 8, True, {}, task="factions").save(folder / "factions")
    Names.collect([("قوات النظام", "assad_regime", 1)]).save(folder / "factions")
    data = folder.with_name("reports.jsonl")
    data.write_text("".join(json.dumps({"text": text}) + "\n" for text in REPORTS), encoding="utf-8")
    done = CliRunner().invoke(app, ["export", str(folder), "--data", str(data)])
    assert done.exit_code == 0, done.output
    assert "model.onnx" in done.output
    return folder


@pytest.fixture
def copied(exported: Path, tmp_path: Path) -> Path:
    """A copy of the exported model that a test may spoil."""
    return Path(shutil.copytree(exported, tmp_path / "copied"))


@pytest.fixture
def copying(exported: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Exports take the graph that is there already, which spares seconds."""
    monkeypatch.setattr(story, "write_graph", lambda _, path: shutil.copyfile(exported / "onnx" / FLOAT, path))


@pytest.fixture
def old_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU on which int8 files answer otherwise, so that float32 is read."""
    monkeypatch.setattr(runtime, "has", lambda *_: False)


@pytest.fixture
def new_cpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """A CPU with VNNI and without AMX."""
    monkeypatch.setattr(runtime, "has", lambda *abilities: "avx512_vnni" in abilities)


def with_int8(folder: Path) -> None:
    """Put an int8 file into an export and its record, whatever it answers."""
    shutil.copyfile(folder / "onnx" / FLOAT, folder / "onnx" / INT8)
    content = json.loads((folder / "onnx" / RECORD).read_text(encoding="utf-8"))
    content["graphs"] = [content["graphs"][0], content["graphs"][0] | {"file": INT8}]
    (folder / "onnx" / RECORD).write_text(json.dumps(content), encoding="utf-8")


def test_the_record_says_how_far_the_files_agree(exported: Path) -> None:
    for model in (exported, exported / "factions"):
        found = read_exported(model)
        exact = found.graph(FLOAT)
        assert exact is not None
        assert exact.scores <= 1e-4
        assert found.reports == len(REPORTS)
        assert {graph.file for graph in found.graphs + found.refused} == {FLOAT, INT8}
        assert all(graph.decisions >= story.LEAST for graph in found.graphs if graph.file == INT8)
        for graph in found.graphs:
            path = model / "onnx" / graph.file
            assert (graph.bytes, graph.sha256) == (path.stat().st_size, sha256(path))
        assert {path.name for path in (model / "onnx").iterdir()} == {RECORD, *(graph.file for graph in found.graphs)}
    assert read_exported(exported).decisions == len(REPORTS) * len(read_settings(exported).taxonomy.flat)


@pytest.mark.usefixtures("old_cpu")
def test_float32_answers_as_torch_does(exported: Path, filler: Callable[..., str]) -> None:
    ours, theirs = load(exported, runtime="onnx"), load(exported, device="cpu", runtime="torch")
    assert isinstance(ours.model, OnnxModel)
    assert ours.model.path.name == FLOAT
    assert not isinstance(theirs.model, OnnxModel)
    texts = [*REPORTS, filler(300), filler(5)]
    for one, two in zip(ours.predict(texts), theirs.predict(texts), strict=True):
        assert one.windows == two.windows
        for task in two.labels:
            assert one.scores(task) == pytest.approx(two.scores(task), abs=1e-4)
        first, second = ([(force.name, force.affiliation) for force in found.factions or ()] for found in (one, two))
        assert first == second


@pytest.mark.usefixtures("new_cpu")
def test_auto_takes_int8_where_it_is_the_faster_and_says_so(copied: Path, caplog: pytest.LogCaptureFixture) -> None:
    with_int8(copied)
    with caplog.at_level(logging.INFO, "marsad"):
        model = load(copied, device="cpu", runtime="auto").model
    assert isinstance(model, OnnxModel)
    assert model.path.name == INT8
    assert f"computed by ONNX Runtime from {INT8}" in caplog.text


@pytest.mark.usefixtures("old_cpu")
def test_auto_takes_torch_elsewhere_and_says_why(copied: Path, caplog: pytest.LogCaptureFixture) -> None:
    with_int8(copied)
    with caplog.at_level(logging.INFO, "marsad"):
        assert not isinstance(load(copied, device="cpu", runtime="auto").model, OnnxModel)
    assert "VNNI" in caplog.text
    shutil.rmtree(copied / "onnx")
    with caplog.at_level(logging.INFO, "marsad"):
        assert not isinstance(load(copied, device="cpu", runtime="auto").model, OnnxModel)
    assert f"Export it: marsad export {copied}" in caplog.text


@pytest.mark.usefixtures("new_cpu")
@pytest.mark.parametrize(
    ("name", "content", "told"),
    [
        (f"onnx/{FLOAT}", b"spoilt", "not the file that was exported"),
        (f"onnx/{RECORD}", b"{", "damaged"),
        (f"onnx/{RECORD}", None, "missing"),
        ("model.safetensors", None, "made from other weights"),
    ],
)
def test_files_that_are_not_of_the_weights_are_not_read(copied: Path, name: str, content: bytes | None, told: str) -> None:
    if name == "model.safetensors":
        (copied / "factions" / name).replace(copied / name)
        shutil.copyfile(copied / name, copied / "factions" / name)
    elif content is None:
        (copied / name).unlink()
    else:
        (copied / name).write_bytes(content)
        (copied / "onnx" / INT8).unlink(missing_ok=True)
    with pytest.raises(ModelError, match=told):
        runtime.open_model(load_classifier, copied, None, torch.device("cpu"), "onnx")


def test_what_only_torch_can_do_is_refused_with_the_cure(exported: Path, model_folder: Path) -> None:
    with pytest.raises(ConfigError, match="expected torch, onnx, auto"):
        load(exported, runtime="tensorflow")  # type: ignore[call-overload,arg-type,unused-ignore]
    with pytest.raises(ModelError, match="Leave dtype out"):
        load(exported, device="cpu", dtype="bfloat16", runtime="onnx")
    with pytest.raises(ModelError, match="Load with device='cpu'"):
        load(exported, device="meta", runtime="onnx")
    with pytest.raises(ModelError, match="marsad export"):
        load(model_folder, device="cpu", runtime="onnx")


@pytest.mark.usefixtures("copying")
def test_int8_that_decides_otherwise_is_not_written(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(story, "LEAST", 1.1)
    found = export(copied)
    assert [graph.file for graph in found.graphs] == [FLOAT]
    assert [graph.file for graph in found.refused] == [INT8]
    assert {path.name for path in (copied / "onnx").iterdir()} == {FLOAT, RECORD}
    assert read_exported(copied) == found


@pytest.mark.usefixtures("copying")
def test_float32_that_is_off_is_not_written_and_what_was_there_stays(copied: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = {path.name: sha256(path) for path in (copied / "onnx").iterdir()}
    monkeypatch.setattr(story, "TOLERANCE", -1.0)
    with pytest.raises(ModelError, match=r"its scores are off torch's by up to"):
        export(copied)
    assert {path.name: sha256(path) for path in (copied / "onnx").iterdir()} == before


def test_reports_to_compare_on_must_be_readable(tmp_path: Path) -> None:
    path = tmp_path / "reports.jsonl"
    path.write_text('{"text": "قصف"}\n{"text": ""}\n{"date": "2020"}\n', encoding="utf-8")
    with pytest.raises(DataError, match="line 2") as caught:
        story.read_reports(path)
    assert "line 3" in str(caught.value)
    path.write_text("", encoding="utf-8")
    with pytest.raises(DataError):
        story.read_reports(path)


@pytest.mark.slow
def test_a_parcel_with_onnx_names_it_is_delivered_and_verified(model_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "parcel").mkdir()
    parcel = pack(model_folder, "org/tiny", tmp_path / "parcel", onnx=True)
    assert parcel.onnx["onnx"].graph(FLOAT) is not None
    assert f"onnx/{FLOAT}" in parcel.files
    assert f"`onnx/{FLOAT}`" in parcel.card
    assert f"onnx/{FLOAT}" in parcel.check.files
    deliver(parcel, tmp_path / "there")
    assert verify(str(tmp_path / "there")).passed
    assert load(tmp_path / "there", device="cpu", runtime="onnx").predict("قصف").labels
    (tmp_path / "there" / "onnx" / FLOAT).write_bytes(b"other")
    assert any(f"onnx/{FLOAT}" in line for line in verify(str(tmp_path / "there")).differences)
