"""The folder that is published: what transformers and marsad read, the records, the card, the recorded answers. Nothing else."""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import ClassVar, Protocol

from marsad.errors import ConfigError
from marsad.files import sizes, write_atomically, write_sums
from marsad.inference.tagger import COMPANION, GAZETTEER
from marsad.modeling import names
from marsad.modeling.onnx import FOLDER, Exported
from marsad.publishing.card import model_card
from marsad.publishing.check import Check, record_check
from marsad.publishing.dossier import FILES, RECORDS, Dossier, read_dossier
from marsad.publishing.onnx import export, parts
from marsad.publishing.replay_marsad import CHECK
from marsad.publishing.verify import Verification, verify

OF_A_TAGGER = (names.FILE, GAZETTEER)
PLACE = re.compile(r"(?<![\w.:/])/(?:[^/\s\"':,=]+/)+")
"""The folders of an absolute path: whose machine it was, and how it is arranged, is nobody's business."""


class Sendable(Protocol):
    """What can be published: a model, or annotated reports."""

    @property
    def kind(self) -> str:
        """What the hub calls it: `model` or `dataset`."""

    @property
    def folder(self) -> Path:
        """All that is sent."""

    @property
    def card(self) -> str:
        """Its README."""

    def verify(self, repo: str, revision: str, endpoint: str | None) -> Verification:
        """Prove that what can be fetched from a hub is what was sent."""


@dataclass(frozen=True)
class Parcel:
    """A folder ready to be sent, and what its model must answer."""

    kind: ClassVar[str] = "model"
    folder: Path
    dossier: Dossier
    check: Check
    card: str
    onnx: Mapping[str, Exported] = field(default_factory=dict)
    """The folders of ONNX files in it, and how far these agree with torch."""

    @property
    def files(self) -> dict[str, int]:
        """The files and their sizes in bytes."""
        return sizes(self.folder)

    def verify(self, repo: str, revision: str, endpoint: str | None) -> Verification:
        """Fetch a revision twice into empty caches and compare the scores; see `marsad.publishing.verify`."""
        return verify(repo, revision, endpoint, self.check)


def pack(model: Path, repo: str, place: Path, tag: str | None = None, force: bool = False, onnx: bool = False) -> Parcel:
    """Check the model in `model` and lay out in the empty folder `place` what is published as `repo`.

    Its tagger of factions goes with it, in the same sub-folder and so in the same commit; with `onnx` both as ONNX files too.
    Raises `ModelError` with all that is missing.
    """
    dossier = read_dossier(model, force)
    _lay_out(model, place)
    if tagger := (model / COMPANION).is_dir():
        (place / COMPANION).mkdir()
        _lay_out(model / COMPANION, place / COMPANION)
    _note_taxonomy(place / "config.json", dossier)
    exported = {(Path(part) / FOLDER).as_posix(): export(place / part) for part in (parts(place) if onnx else ())}
    check = record_check(place)
    write_atomically(place / CHECK, json.dumps(check.to_dict(), ensure_ascii=False, indent=1) + "\n")
    card = model_card(dossier, check, repo, tag, tagger, exported)
    write_atomically(place / "README.md", card)
    return Parcel(place, dossier, check, card, exported)


def deliver(parcel: Sendable, target: Path) -> None:
    """Put the parcel on disk as `target`, with `SHA256SUMS`, whole or not at all. Raises `ConfigError` where it exists."""
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise ConfigError(f"{target}: exists. Name a new folder, or empty this one.")
    target.parent.mkdir(parents=True, exist_ok=True)
    part = target.with_name(f".{target.name}.part")
    shutil.rmtree(part, ignore_errors=True)
    shutil.copytree(parcel.folder, part)
    for folder in (part, *(path for path in part.rglob("*") if path.is_dir())):
        write_sums(folder)
    part.replace(target)


def _lay_out(model: Path, place: Path) -> None:
    for path in _matching(model, (*FILES, *RECORDS, *OF_A_TAGGER)):
        if path.name in ("config.yaml", "run.json"):
            write_atomically(place / path.name, PLACE.sub("", path.read_text(encoding="utf-8")))
        else:
            shutil.copyfile(path, place / path.name)


def _matching(folder: Path, patterns: Iterable[str]) -> list[Path]:
    return sorted({path for pattern in patterns for path in folder.glob(pattern) if path.is_file()})


def _note_taxonomy(config: Path, dossier: Dossier) -> None:
    """Write the taxonomy's version into `config.json`, for those who have nothing but transformers."""
    content = json.loads(config.read_text(encoding="utf-8")) | {"taxonomy_version": dossier.settings.taxonomy.version}
    write_atomically(config, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
