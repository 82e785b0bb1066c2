"""The shape of a record's dataclasses, once, for its reader, its writer and its JSON Schema.

Member names in JSON are the fields' names; a trailing underscore, which Python needs, is not part of them
(`class_` is `class`).
"""

from __future__ import annotations

import types
from dataclasses import MISSING, dataclass, fields
from functools import lru_cache
from typing import Annotated, Any, Literal, TypeAlias, Union, get_args, get_origin, get_type_hints

# `DateTime` and `Date` are plain strings to Python; here they keep their meaning.
_LOCAL = {"DateTime": Annotated[str, "dateTime"], "Date": Annotated[str, "date"]}


@dataclass(frozen=True, slots=True)
class Scalar:
    """A single value: `string`, `dateTime`, `date`, `integer`, `number` or `boolean`."""

    kind: Literal["string", "dateTime", "date", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of a closed list of strings."""

    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Record:
    """An object: another dataclass."""

    cls: type


@dataclass(frozen=True, slots=True)
class Many:
    """An array of one shape."""

    item: Shape


@dataclass(frozen=True, slots=True)
class AnyOf:
    """A value of one of several shapes, told apart by its JSON type."""

    options: tuple[Shape, ...]


Shape: TypeAlias = Scalar | Choice | Record | Many | AnyOf


@dataclass(frozen=True, slots=True)
class Member:
    """One member of an object: its field, its JSON name, its shape, whether it must be there, its default."""

    field: str
    name: str
    shape: Shape
    required: bool
    default: Any = None


@lru_cache(maxsize=128)
def members(cls: type, leave_out: frozenset[str] = frozenset()) -> tuple[Member, ...]:
    """The members of a dataclass in order, without the fields `leave_out`."""
    hints = get_type_hints(cls, localns=_LOCAL, include_extras=True)
    made = []
    for field in fields(cls):
        if field.name in leave_out:
            continue
        required = field.default is MISSING and field.default_factory is MISSING
        default = None if field.default is MISSING else field.default
        made.append(Member(field.name, field.name.rstrip("_"), _shape(hints[field.name]), required, default))
    return tuple(made)


def _shape(hint: Any) -> Shape:
    origin = get_origin(hint)
    if origin is Annotated:
        return Scalar(get_args(hint)[1])
    if origin is Literal:
        return Choice(get_args(hint))
    if origin is tuple:
        return Many(_shape(get_args(hint)[0]))
    if origin in (Union, types.UnionType):
        options = tuple(_shape(option) for option in get_args(hint) if option is not type(None))
        return options[0] if len(options) == 1 else AnyOf(options)
    scalars: dict[Any, Scalar] = {
        str: Scalar("string"),
        int: Scalar("integer"),
        float: Scalar("number"),
        bool: Scalar("boolean"),
    }
    return scalars[hint] if hint in scalars else Record(hint)
