"""Every key of `hub.toml` as a page: what the settings' own types say, so that it cannot differ from them."""

from __future__ import annotations

import inspect
import types
from datetime import date
from pathlib import Path
from typing import Any, Literal, Union, get_args, get_origin

from pydantic import BaseModel
from pydantic.fields import FieldInfo

from hub.settings.secret import Secret
from hub.settings.settings import Settings

_HEAD = """# Settings: every key

Made from the settings' own types by `handoff schema settings --markdown`; a test compares. What they are for, with
examples, is in [operators.md](operators.md). A key that is not here is an error. Any single key may be given by the
environment instead: `HANDOFF_HUB__PORT=9000` is `port` under `[hub]`.
"""
_WORDS = {str: "text", int: "number", float: "number", bool: "true or false", Path: "file", date: "date"}


def page() -> str:
    """The page, in Markdown."""
    parts = [_HEAD]
    waiting: list[tuple[str, type[BaseModel]]] = [("", Settings)]
    while waiting:
        where, section = waiting.pop(0)
        parts.append(_section(where, section))
        inside = [
            (_inside(where, name, field), _model(field.annotation)) for name, field in section.model_fields.items()
        ]
        waiting[:0] = [(path, inner) for path, inner in inside if inner is not None and inner is not Secret]
    return "\n".join(parts)


def _section(where: str, section: type[BaseModel]) -> str:
    title = f"## `{where}`" if where else "## The file"
    rows = ["| key | type | default |", "|---|---|---|"]
    for name, field in section.model_fields.items():
        rows.append(f"| `{name}` | {_type(field.annotation)}{_bounds(field)} | {_default(field)} |")
    text = inspect.cleandoc(section.__doc__ or "")
    return "\n".join([title, "", text, "", *rows, ""])


def _inside(where: str, name: str, field: FieldInfo) -> str:
    """How TOML writes the table: `[[name]]` for one of several."""
    path = f"{where.strip('[]')}.{name}" if where else name
    return f"[[{path}]]" if get_origin(field.annotation) is tuple else f"[{path}]"


def _model(kind: Any) -> type[BaseModel] | None:
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return kind
    return next((found for one in get_args(kind) if (found := _model(one)) is not None), None)


def _type(kind: Any) -> str:
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in inner)
    if origin in (Union, types.UnionType):
        return " or ".join(_type(one) for one in inner if one is not type(None))
    if origin is tuple:
        return f"list of {_type(inner[0])}"
    if origin is dict:
        return f"table: {_type(inner[0])} to {_type(inner[1])}"
    if kind is Secret:
        return "secret: `env`, `file` or `sha256`"
    if isinstance(kind, type) and issubclass(kind, BaseModel):
        return "table"
    return _WORDS.get(kind, "text")


def _bounds(field: FieldInfo) -> str:
    said = [
        f"{sign} {value}"
        for one in field.metadata
        for attribute, sign in (("gt", ">"), ("ge", "≥"), ("lt", "<"), ("le", "≤"))
        if (value := getattr(one, attribute, None)) is not None
    ]
    return f" ({', '.join(said)})" if said else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "**required**"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is None or value == ():
        return "none"
    if isinstance(value, BaseModel):
        return "its defaults"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, dict):
        return ", ".join(f"`{key} = {one}`" for key, one in value.items()) or "none"
    if isinstance(value, tuple):
        return ", ".join(f"`{one}`" for one in value)
    return f"`{value}`"
