"""What segments, fields and components are called in HL7 v2 (2.3.1 to 2.8.2, and the label fields of 2.9).

A field has the name of the newest version in which it is not withdrawn. Which of them a message type may have is not
here, nor which values: nothing is checked by names.
"""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from typing import Any

import orjson

from mappings.record import record


@record
class Named:
    """A field or component: its name, its data type, whether it may stand only once."""

    name: str
    datatype: str
    single: bool


def segment_name(segment: str) -> str | None:
    """What a segment is called; None for a Z segment and for one whose name is not kept here."""
    found = _data()["segments"].get(segment)
    return found["name"] if found else None


def is_known(segment: str) -> bool:
    """Whether some version of the standard has this segment."""
    return segment in _data()["segments"]


def field(segment: str, number: int) -> Named | None:
    """`PID-5`; None where no version has it."""
    found = _data()["segments"].get(segment)
    return _named(found["fields"].get(str(number))) if found else None


def component(datatype: str, number: int) -> Named | None:
    """`XPN.1`; None for a type without components, or where no version has it."""
    found = _data()["types"].get(datatype)
    return _named(found.get(str(number))) if found else None


@cache
def _data() -> dict[str, Any]:
    data: dict[str, Any] = orjson.loads(files("mappings").joinpath("hl7v2/data/names.json").read_bytes())
    return data


def _named(found: list[Any] | None) -> Named | None:
    return Named(name=found[0], datatype=found[1], single=bool(found[2])) if found else None
