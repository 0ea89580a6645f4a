"""Annotations of other tools, one file a format: each yields records in the tool's own names."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

from marsad.data.importers.acled import read_acled
from marsad.data.importers.brat import read_brat
from marsad.data.importers.conll import read_conll
from marsad.data.importers.doccano import read_doccano
from marsad.data.importers.label_studio import read_label_studio
from marsad.data.importers.mapping import ImportMap
from marsad.data.importers.prodigy import read_prodigy
from marsad.data.importers.record import Record
from marsad.data.importers.table import read_table

READERS: dict[str, Callable[[Path, ImportMap], Iterator[Record]]] = {
    "label-studio": read_label_studio,
    "doccano": read_doccano,
    "prodigy": read_prodigy,
    "brat": read_brat,
    "csv": read_table,
    "acled": read_acled,
    "conll": read_conll,
}
