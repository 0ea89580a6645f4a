"""Peak memory of `marsad predict` against the size of the file.

python benchmarks/big_file.py [--sizes MB ...] [--rows N] [--model MODEL]

Each file is seeds/reports.jsonl over and over in a temporary folder (2 GB: --sizes 2048). With --rows only so many rows at its
beginning are read by the model, and all of it is read for the SHA-256 that a run is known by: the memory is that of the whole,
without its hours. Every size is a process of its own; memory is what the kernel counted for it.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, islice
from pathlib import Path

from rich.console import Console
from rich.table import Table

SEEDS = Path(__file__).parents[1] / "seeds" / "reports.jsonl"


def write_big(path: Path, megabytes: int) -> None:
    texts = [json.loads(line)["text"] for line in SEEDS.read_text(encoding="utf-8").splitlines()]
    with path.open("w", encoding="utf-8") as file:
        for number in count():
            file.write(json.dumps({"id": str(number), "text": texts[number % len(texts)]}, ensure_ascii=False) + "\n")
            if number % 1000 == 999 and path.stat().st_size >= megabytes * 2**20:
                return


def label(path: Path, output: Path, rows: int | None, model: str | None) -> None:
    """Do what `marsad predict PATH -o OUTPUT` does, for the first `rows`."""
    from marsad.inference.outcomes import Local, Options, job_of, open_predictor  # noqa: PLC0415  # each size in a process of its own
    from marsad.inference.parquet import prediction_schema, write_parquet  # noqa: PLC0415
    from marsad.inference.parts import write_in_parts  # noqa: PLC0415
    from marsad.inference.sources import find_source  # noqa: PLC0415

    predictor, source, options = open_predictor(model), find_source(path), Options()
    schema = prediction_schema(predictor.settings.taxonomy, predictor.tasks, False, False, False)
    engine = Local(predictor, islice(source.inputs(), rows), options)
    write_in_parts(output, job_of(predictor, source, options), engine, lambda found, part: write_parquet(found, part, schema))


def measured(sizes: list[int], rows: int | None, model: str | None) -> Iterator[tuple[int, int, float, float]]:
    """Yield (bytes in, bytes out, seconds, peak resident MB) for each size."""
    for megabytes in sizes:
        with tempfile.TemporaryDirectory() as folder:
            path, output = Path(folder) / "big.jsonl", Path(folder) / "labels.parquet"
            write_big(path, megabytes)
            start = time.perf_counter()
            child = os.fork()
            if child == 0:
                given = [] if rows is None else ["--rows", str(rows)]
                given += [] if model is None else ["--model", model]
                os.execv(sys.executable, [sys.executable, __file__, "--label", str(path), str(output), *given])  # noqa: S606
            _, status, usage = os.wait4(child, 0)
            if status:
                sys.exit(f"{megabytes} MB: failed")
            yield path.stat().st_size, output.stat().st_size, time.perf_counter() - start, usage.ru_maxrss / 1024


def main() -> None:
    given = argparse.ArgumentParser()
    given.add_argument("--sizes", type=int, nargs="+", default=[16, 256, 2048])
    given.add_argument("--rows", type=int)
    given.add_argument("--model")
    given.add_argument("--label", type=Path, nargs=2, help=argparse.SUPPRESS)
    asked = given.parse_args()
    if asked.label:
        path, output = asked.label
        label(path, output, asked.rows, asked.model)
        return
    table = Table(title=f"marsad predict, {'all rows' if asked.rows is None else f'the first {asked.rows:,} rows'}")
    for heading in ("in (MB)", "out (MB)", "seconds", "peak memory (MB)"):
        table.add_column(heading, justify="right")
    for size, out, seconds, peak in measured(asked.sizes, asked.rows, asked.model):
        table.add_row(f"{size / 2**20:,.0f}", f"{out / 2**20:,.2f}", f"{seconds:,.0f}", f"{peak:,.0f}")
    Console(width=100).print(table)


if __name__ == "__main__":
    main()
