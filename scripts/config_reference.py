"""Write docs/config.md from the schema: python scripts/config_reference.py [--check]."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from marsad.config.pretrain import PretrainConfig
from marsad.config.schema import TrainConfig
from marsad.config.search import SearchConfig

TARGET = Path(__file__).parents[1] / "docs" / "config.md"


def sections(annotation: Any) -> list[type[BaseModel]]:
    """Return the section that a field holds, if it holds one."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [found for inner in get_args(annotation) for found in sections(inner)][:1]


def rows(schema: type[BaseModel], prefix: str = "") -> Iterator[str]:
    """Yield a table row for each key, sections opened in place."""
    for name, field in schema.model_fields.items():
        inner = sections(field.annotation)
        many = inner and field.annotation is not inner[0] and "None" not in str(field.annotation)
        default = "*required*" if field.is_required() else f"`{field.default}`"
        kind = re.sub(r"typing\.|pathlib\.|marsad\.config\.\w+\.|<class '|'>", "", str(field.annotation)).replace("|", "\\|")
        if inner:
            default = "*required*" if field.default is PydanticUndefined else ("`None`" if field.default is None else "")
            kind = "mapping of sections" if "dict" in kind else "list of sections" if many else "section"
        yield f"| `{prefix}{name}` | {kind} | {default} | {field.description or ''} |"
        for section in inner:
            place = ".NAME." if "dict" in str(field.annotation) else "[]." if many else "."
            yield from rows(section, f"{prefix}{name}{place}")


def text() -> str:
    head = "| key | type | default | meaning |\n|---|---|---|---|\n"
    parts = ["# Every key of a config\n\nMade by `python scripts/config_reference.py` from the schema.\n"]
    for verb, schema in (("train", TrainConfig), ("train --search", SearchConfig), ("pretrain", PretrainConfig)):
        parts.append(f"\n## `marsad {verb}`\n\n{head}" + "\n".join(rows(schema)) + "\n")
    return "".join(parts)


if __name__ == "__main__":
    if "--check" in sys.argv and TARGET.read_text(encoding="utf-8") != text():
        sys.exit("docs/config.md is behind the schema: run python scripts/config_reference.py")
    TARGET.write_text(text(), encoding="utf-8")
