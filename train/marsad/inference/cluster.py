"""Many machines: a pool of actors on Ray Data, one model each, gives the same lines in the same order as one process."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marsad.errors import ConfigError
from marsad.inference.files import Input
from marsad.inference.outcomes import Options, open_predictor, outcomes
from marsad.inference.sources import Source

if TYPE_CHECKING:
    import pyarrow as pa

BLOCK = 2**18
"""Bytes of reports, about a hundred, that travel to an actor at once: with Ray's own 128 MiB, one actor would have them all."""
STEP = 32
"""Reports that are put into a block at once."""


class Labeller:
    """An actor: a loaded model that answers blocks of reports."""

    def __init__(self, model: str | None, options: Options) -> None:
        self.predictor = open_predictor(model)
        self.options = options

    def __call__(self, block: pa.Table) -> pa.Table:
        """Return the outcomes of the reports in `block`."""
        import pyarrow as pa

        inputs = [Input(**row) for row in block.to_pylist()]
        return pa.table({"line": list(outcomes(self.predictor, inputs, self.options))})


@dataclass(frozen=True)
class Cluster:
    """The engine of a Ray cluster, whose machines all see the source and the model by the same names."""

    source: Source
    model: str | None
    options: Options
    address: str | None = None
    """Of a running cluster; None starts one on this machine."""
    workers: int | None = None
    """Most models at once; None leaves it to Ray."""

    def lines(self, done: int) -> Iterator[str]:
        """Yield the outcomes of the inputs behind the first `done`. Raises `ConfigError` where Ray is not there."""
        ray = _connect(self.address)
        try:
            reports = ray.data.from_items([{"done": done}]).map_batches(
                _read, fn_kwargs={"source": _absolute(self.source)}, batch_size=None, num_cpus=0
            )
            answers = reports.map_batches(
                Labeller,
                fn_constructor_args=(_anywhere(self.model), self.options),
                compute=ray.data.ActorPoolStrategy(min_size=1, max_size=self.workers),
                batch_size=None,
                batch_format="pyarrow",
                num_gpus=1 if ray.cluster_resources().get("GPU") else 0,
            )
            for block in answers.iter_batches(batch_size=None, batch_format="pyarrow"):
                yield from block["line"].to_pylist()
        finally:
            ray.shutdown()

    def read(self) -> int:
        """Return how many inputs the source has, counted anew: nothing that Ray did is taken for granted."""
        return sum(1 for _ in self.source.inputs())


def _connect(address: str | None) -> Any:
    """Return Ray, connected to a cluster; results keep their order, blocks stay small, and nothing is sent to Ray's makers."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    try:
        import ray
        import ray.data
    except ImportError as error:
        raise ConfigError('--engine ray: Ray is not installed. Install it: pip install "marsad[ray]".') from error
    try:
        ray.init(address=address, include_dashboard=False, log_to_driver=False, logging_level=logging.ERROR)
    except ConnectionError as error:
        raise ConfigError(f"--address {address}: no Ray cluster there ({error}). Start one: ray start --head.") from error
    context = ray.data.DataContext.get_current()
    context.execution_options.preserve_order = True
    context.target_max_block_size = BLOCK
    context.enable_progress_bars = False
    return ray


def _read(start: Mapping[str, Any], source: Source) -> Iterator[pa.Table]:
    """Yield the inputs behind the first `done` in blocks."""
    import pyarrow as pa

    columns = pa.schema([(field.name, pa.string()) for field in fields(Input)])
    stream = islice(source.inputs(), int(start["done"][0]), None)
    while block := list(islice(stream, STEP)):
        yield pa.Table.from_pylist([vars(one) for one in block], columns)


def _absolute(source: Source) -> Source:
    return replace(source, path=source.path.absolute(), files=tuple(path.absolute() for path in source.files))


def _anywhere(model: str | None) -> str | None:
    """Return a model's name as another working directory reads it: a folder by its whole path, other names as they are."""
    return str(Path(model).absolute()) if model is not None and Path(model).is_dir() else model
