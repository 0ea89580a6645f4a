"""A model as ONNX files beside its weights: writing and calling them, and the record of how far they agree."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import torch
from torch import Tensor, nn
from transformers import PreTrainedConfig, PreTrainedModel

from marsad.errors import ModelError
from marsad.files import sha256, write_atomically

FOLDER = "onnx"
"""Sub-folder of a model in which its ONNX files lie."""
FLOAT, INT8, RECORD = "model.onnx", "model_int8.onnx", "onnx.json"
FORMAT = 1
INPUTS, OUTPUT = ("input_ids", "attention_mask"), "logits"
CURE = "pip install 'marsad[onnx]'"


@dataclass(frozen=True)
class Graph:
    """An ONNX file, and how far its answers are those of the weights."""

    file: str
    bytes: int
    sha256: str
    decisions: float
    """Share of the decisions (each label of each report; the tag of each word) that are the same, in 0 to 1."""
    reports: float
    """Share of the reports of which every decision is the same, in 0 to 1."""
    scores: float
    """Largest difference of a score, in 0 to 1."""


@dataclass(frozen=True)
class Exported:
    """What lies in a model's `onnx/`, from which weights it was made, and on how much it was compared."""

    weights: Mapping[str, str]
    """SHA-256 of the files of weights."""
    reports: int
    decisions: int
    graphs: tuple[Graph, ...]
    refused: tuple[Graph, ...] = ()
    """Graphs that agreed too little, and so were not written."""

    def graph(self, file: str) -> Graph | None:
        """Return the graph `file`, None where there is none."""
        return next((graph for graph in self.graphs if graph.file == file), None)

    def to_dict(self) -> dict[str, Any]:
        """Return the content of `onnx.json`."""
        return {"format": FORMAT, **asdict(self)}

    def save(self, folder: Path) -> None:
        """Write `onnx.json` into `folder`."""
        write_atomically(folder / RECORD, json.dumps(self.to_dict(), ensure_ascii=False, indent=2) + "\n")


def is_installed() -> bool:
    """Tell whether ONNX Runtime is there."""
    return find_spec("onnxruntime") is not None


def weights_sums(model: Path) -> dict[str, str]:
    """Return the SHA-256 of a model's files of weights by name."""
    return {path.name: sha256(path) for path in sorted(model.glob("*.safetensors"))}


def read_exported(model: Path) -> Exported:
    """Return what the record in the `onnx/` of a model's folder says.

    Raises `ModelError` where it is missing or damaged, or of other weights than those of the folder.
    """
    path = model / FOLDER / RECORD
    again = f"Export again: marsad export {model}"
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
        known = content.pop("format") == FORMAT
        graphs, refused = (tuple(Graph(**graph) for graph in content.pop(key)) for key in ("graphs", "refused"))
        found = Exported(graphs=graphs, refused=refused, **content)
    except FileNotFoundError as error:
        raise ModelError(f"{path}: missing. {again}") from error
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ModelError(f"{path}: damaged ({error}). {again}") from error
    if not known:
        raise ModelError(f"{path}: made by another version of marsad. {again}")
    if found.weights != weights_sums(model):
        raise ModelError(f"{path.parent}: made from other weights than those in {model}. {again}")
    return found


def write_graph(model: PreTrainedModel, path: Path) -> None:
    """Write a model (float32, on the CPU) as ONNX: `input_ids` and `attention_mask` (texts, pieces) to `logits`, any size.

    Raises `ModelError` where the packages that do it are not installed.
    """
    _require("onnx", "onnxscript")
    ids = torch.full((2, 16), 5)
    mask = torch.ones_like(ids)
    mask[1, 9:] = 0
    sizes = dict.fromkeys((0, 1), torch.export.Dim.DYNAMIC)
    with _silence():
        torch.onnx.export(
            _LogitsAlone(model).eval(),
            (ids, mask),
            path,
            dynamo=True,  # the older exporter leaves ModernBERT's mask of near pieces out, and says nothing
            verbose=False,
            external_data=False,
            input_names=list(INPUTS),
            output_names=[OUTPUT],
            dynamic_shapes=dict.fromkeys(INPUTS, sizes),
        )


def quantize(source: Path, target: Path) -> None:
    """Write a float32 graph with weights in int8, a scale for each column; activations are quantized as it runs.

    Raises `ModelError` where the packages that do it are not installed.
    """
    _require("onnx", "onnxruntime")
    from onnxruntime.quantization import QuantType, quantize_dynamic

    with _silence():
        quantize_dynamic(source, target, per_channel=True, weight_type=QuantType.QInt8)


class Logits(NamedTuple):
    """What a model says."""

    logits: Tensor


class OnnxModel:
    """An ONNX file of a model, called as the model itself is. Computes on the CPU, on as many cores as torch does."""

    device = torch.device("cpu")
    dtype = torch.float32
    """Of what goes in and comes out."""

    def __init__(self, path: Path, config: PreTrainedConfig) -> None:
        """Open a file; raises `ModelError` without ONNX Runtime."""
        _require("onnxruntime")
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        self.path = path
        self.config = config
        self.session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])

    def __call__(self, input_ids: Tensor, attention_mask: Tensor) -> Logits:
        """Return the logits of `input_ids` and `attention_mask`, both (texts, pieces)."""
        (logits,) = self.session.run([OUTPUT], dict(zip(INPUTS, (input_ids.numpy(), attention_mask.numpy()), strict=True)))
        return Logits(torch.from_numpy(logits))

    def eval(self) -> OnnxModel:
        """Return the model, which never trains."""
        return self


class _LogitsAlone(nn.Module):
    """A model with tensors in and a tensor out, as the exporter wants it."""

    def __init__(self, model: PreTrainedModel) -> None:
        super().__init__()
        self.model = model

    def forward(self, input_ids: Tensor, attention_mask: Tensor) -> Tensor:
        logits: Tensor = self.model(input_ids=input_ids, attention_mask=attention_mask).logits
        return logits


def _require(*packages: str) -> None:
    if missing := [package for package in packages if find_spec(package) is None]:
        raise ModelError(f"ONNX needs {' and '.join(missing)}, which is not installed: {CURE}")


@contextmanager
def _silence() -> Iterator[None]:
    """Keep the exporters' warnings on what they pass over from the user; the answers are compared afterwards."""
    before = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(before)
