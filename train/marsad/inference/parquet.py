"""Parquet: reports read from it, predictions written to it, both a piece at a time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from marsad.errors import DataError
from marsad.inference.predictor import FACTIONS

if TYPE_CHECKING:
    import pyarrow as pa

    from marsad.taxonomy import Taxonomy

COLUMNS = ("id", "text", "date", "source")
"""What of a table of reports is read."""
ROWS = 512
"""Rows that are held at once."""


def parquet_rows(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield (row number from 1, mapping) for each row of a Parquet file with a column `text`.

    Raises `DataError` where it is no Parquet file or has no such column.
    """
    import pyarrow as pa
    from pyarrow.parquet import ParquetFile

    try:
        with ParquetFile(path) as file:
            columns = [name for name in COLUMNS if name in file.schema_arrow.names]
            if "text" not in columns:
                found = ", ".join(file.schema_arrow.names)
                raise DataError(f"{path}: no column 'text', only {found}. Rename the column that holds the text.")
            number = 0
            for batch in file.iter_batches(ROWS, columns=columns):
                for row in batch.to_pylist():
                    number += 1
                    yield number, row
    except (pa.ArrowException, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read as Parquet ({error}). Write the file again.") from error


def prediction_schema(taxonomy: Taxonomy, tasks: Iterable[str], all_scores: bool, evidence: bool, folder: bool) -> pa.Schema:
    """Return the columns of rows of `marsad predict`: the keys of its JSON lines, typed."""
    import pyarrow as pa

    place = [("start", pa.int64()), ("end", pa.int64())]
    label = [("label", pa.string()), ("score", pa.float64())]
    label += [("evidence", pa.struct([*place, ("drop", pa.float64())]))] if evidence else []
    change = pa.struct([("before", pa.string()), ("after", pa.string()), *place])
    force = [("name", pa.string()), ("affiliation", pa.string()), ("score", pa.float64()), ("known", pa.bool_())]
    force += [("mentions", pa.list_(pa.list_(pa.int64()))), ("change", change)]
    columns = [("id", pa.string())] + ([("file", pa.string())] if folder else [])
    columns += [(task, pa.list_(pa.struct(force if task == FACTIONS else label))) for task in tasks]
    if all_scores:
        scores = [(task.name, pa.struct([(one, pa.float64()) for one in task.ids])) for task in taxonomy.tasks]
        columns.append(("scores", pa.struct(scores)))
    return pa.schema(columns)


def write_parquet(rows: Iterable[dict[str, Any]], path: Path, schema: pa.Schema) -> None:
    """Write rows to a Parquet file, compressed with zstd."""
    import pyarrow as pa
    from pyarrow.parquet import ParquetWriter

    stream = iter(rows)
    with ParquetWriter(path, schema, compression="zstd") as writer:
        while group := list(islice(stream, 100 * ROWS)):
            writer.write_table(pa.Table.from_pylist(group, schema))
