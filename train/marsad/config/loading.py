"""From a YAML file and `KEY=VALUE` overrides to a checked config; all mistakes at once, each with its place and cure."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar, get_args

import yaml
from pydantic import BaseModel, ValidationError

from marsad.errors import ConfigError

EXPONENT = re.compile(r"[-+]?[\d.,]+e[-+]?\d+", re.IGNORECASE)
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
"""The safe loader, in C where PyYAML was built with it: ten times as fast on the gazetteer."""
Config = TypeVar("Config", bound=BaseModel)


def load_config(path: Path, schema: type[Config], overrides: Sequence[str] = ()) -> Config:
    """Read `path`, put `overrides` (`training.epochs=3`) over it and check all against `schema`.

    Raises `ConfigError` with one line for each mistake.
    """
    content = read_yaml(path)
    for override in overrides:
        _override(content, override)
    return _check(content, schema, f"{path}: ")


def with_values(config: Config, values: Mapping[str, Any]) -> Config:
    """Return `config` with other values of some keys, named as in `training.epochs`. Raises `ConfigError` as `load_config` does."""
    content = config.model_dump()
    for key, value in values.items():
        _set(content, key, value, key)
    return _check(content, type(config), "")


def _check(content: dict[str, Any], schema: type[Config], source: str) -> Config:
    try:
        return schema.model_validate(content)
    except ValidationError as error:
        mistakes: dict[str, str] = {}
        for item in error.errors():
            place, mistake = _explain(dict(item), schema)
            mistakes.setdefault(place, mistake)
        raise ConfigError("\n".join(f"{source}{place}: {mistake}" for place, mistake in mistakes.items())) from error


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML file's mapping. Raises `ConfigError` where it is missing, broken or something else."""
    try:
        content = yaml.load(path.read_text(encoding="utf-8"), Loader=LOADER)  # noqa: S506  # both are safe
    except OSError as error:
        raise ConfigError(f"{path}: cannot read the config ({error.strerror}). Name an existing YAML.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: found {type(content).__name__}, expected a mapping of keys, as in configs/quickstart.yaml.")
    return content


def dump_config(config: BaseModel) -> str:
    """Return the whole config as YAML, defaults written out."""
    return yaml.safe_dump(config.model_dump(mode="json"), allow_unicode=True, sort_keys=False)


def _override(content: dict[str, Any], override: str) -> None:
    key, equals, value = override.partition("=")
    if not equals or not key.strip():
        raise ConfigError(f"{override}: expected KEY=VALUE, as in training.epochs=3.")
    try:
        _set(content, key.strip(), yaml.safe_load(value), override)
    except yaml.YAMLError as error:
        raise ConfigError(f"{override}: the value is not valid YAML. Put it in quotes.") from error


def _set(content: dict[str, Any], key: str, value: Any, named: str) -> None:
    *parents, last = key.split(".")
    for parent in parents:
        content = content.setdefault(parent, {})
        if not isinstance(content, dict):
            raise ConfigError(f"{named}: {parent!r} holds a value, not a section, so nothing can be set in it.")
    content[last] = value


def _explain(item: dict[str, Any], schema: type[BaseModel]) -> tuple[str, str]:
    """Return the place of a mistake and what is wrong there."""
    place = _place(item, schema)
    name = ".".join(place) or "config"
    if item["type"] == "extra_forbidden":
        known = list(_fields(schema, place[:-1]))
        near = difflib.get_close_matches(place[-1], known, 1)
        return name, "unknown key; " + (f"did you mean {near[0]!r}?" if near else f"known: {', '.join(known)}.")
    if item["type"] == "missing":
        return name, f"missing. {_help(schema, place)}".rstrip()
    return name, f"found {item['input']!r}; {_expected(item, schema, place)}.{_cure(item['input'])}"


def _place(item: dict[str, Any], schema: type[BaseModel]) -> list[str]:
    """Return the keys that lead to a mistake, without the names that pydantic gives to the branches of a union."""
    place = [str(part) for part in item["loc"]]
    for number in range(1, len(place)):
        field = _fields(schema, place[: number - 1]).get(place[number - 1])
        if field is not None and _section(field.annotation) is None and item["type"] != "extra_forbidden":
            return place[:number]
    return place


def _expected(item: dict[str, Any], schema: type[BaseModel], place: list[str]) -> str:
    field = _fields(schema, place[:-1]).get(place[-1]) if place else None
    if field is not None and len(place) < len(item["loc"]) and field.description:
        return f"expected {str(field.annotation).replace('typing.', '')}: {_lower(field.description).rstrip('.')}"
    return _lower(item["msg"])


def _cure(value: Any) -> str:
    if isinstance(value, str) and EXPONENT.fullmatch(value.strip()):
        return " YAML reads a number with exponent only with a point: write 2.0e-5."
    return ""


def _lower(text: str) -> str:
    return text[:1].lower() + text[1:]


def _fields(schema: type[BaseModel], place: Sequence[str]) -> dict[str, Any]:
    """Return the fields of the section at `place`; mappings and lists of sections are looked through."""
    fields = schema.model_fields
    for part in place:
        if part in fields:
            section = _section(fields[part].annotation)
            fields = section.model_fields if section else {}
    return fields


def _section(annotation: Any) -> type[BaseModel] | None:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_section, get_args(annotation))), None)


def _help(schema: type[BaseModel], place: Sequence[str]) -> str:
    field = _fields(schema, place[:-1]).get(place[-1])
    return (field.description or "") if field is not None else ""
