"""A message told field by field: what each is called, what stands there, what is odd about it, what it would become.

For people who look at a partner's first messages. It shows what is in the message, so it is for whoever may see it;
`mask` shows how long a value is in place of it. Nothing is checked beyond what is said to be odd: no table, no
structure of a message type.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from zoneinfo import ZoneInfo

import orjson

from mappings.hl7v2 import names
from mappings.hl7v2.codec import Message
from mappings.hl7v2.segment import NULL, Repetition, Segment
from mappings.hl7v2.times import date_time
from mappings.record import record

#: Where it goes: addresses of fields (`PID-5`) to elements of FHIR, in words.
Targets = Mapping[str, tuple[str, ...]]

#: Fields that say how the message is built and not what it is about: shown though values are masked.
_STRUCTURE = frozenset({"MSH-1", "MSH-2", "MSH-9", "MSH-11", "MSH-12", "MSH-15", "MSH-16", "MSH-18", "MSH-21", "OBX-2"})
_TIMES = frozenset({"DT", "DTM", "TS"})
_NUMBERS = {"NM": re.compile(r"[+-]?\d*\.?\d+\Z|[+-]?\d+\.\Z", re.ASCII), "SI": re.compile(r"\d{1,4}\Z", re.ASCII)}
#: Types whose text may hold delimiters that are none.
_TEXT = frozenset({"FT", "ST", "TX", "ED", "RP"})


@cache
def targets() -> Targets:
    """What becomes of each field by the compiled HL7 v2-to-FHIR maps. Fields that are read otherwise (identifiers that
    make an id, say) and those that nothing reads are not in it: what a translation leaves unused, it lists."""
    data = orjson.loads(files("mappings").joinpath("hl7v2/feed/v2_to_fhir.json").read_bytes())
    found: dict[str, dict[str, None]] = {}
    for name, rules in data["segments"].items():
        segment, _, resource = name.rstrip("]").partition("[")
        for rule in rules:
            path = ".".join([resource, *(step for step, _ in rule["at"])])
            found.setdefault(f"{segment}-{rule['field']}", {})[path] = None
    return {place: tuple(paths) for place, paths in found.items()}


@record
class Part:
    """One component of a field: its number, its name if the standard has one, its value (or its length)."""

    number: int
    name: str | None
    value: str


@record
class Field:
    """One field that is not empty. `value` is None where it has components, which are in `parts`.

    `place` is `PID-5`, or `PID-3[2]` for a second repetition; `occurrence` the segment's number among its like.
    """

    segment: str
    occurrence: int
    place: str
    name: str | None
    datatype: str | None
    value: str | None
    parts: tuple[Part, ...] = ()
    odd: tuple[str, ...] = ()
    becomes: tuple[str, ...] = ()


@record
class Told:
    """One segment: what it is called, what is odd about it as a whole, its fields."""

    segment: str
    occurrence: int
    name: str | None
    odd: tuple[str, ...]
    fields: tuple[Field, ...]


def explain(message: Message, *, mask: bool = False, targets: Targets | None = None) -> Iterator[Told]:
    """Every segment of a message in its order, with every field that is not empty. Nothing is left out.

    `targets` is what the fields become; without it nothing is said of that.
    """
    seen: dict[str, int] = {}
    for segment in message.segments:
        name = segment.name
        seen[name] = seen.get(name, 0) + 1
        fields = [
            one
            for number in range(1, len(segment) + 1)
            for one in _field(segment, number, seen[name], mask, targets or {})
        ]
        yield Told(
            segment=name,
            occurrence=seen[name],
            name=names.segment_name(name),
            odd=_odd_segment(name, empty=not fields),
            fields=tuple(fields),
        )


def oddities(message: Message) -> tuple[str, ...]:
    """What is odd about the message as a whole: what the reader noticed, and what its header lacks."""
    found = [issue.text for issue in message.issues]
    for place, what in (("MSH-7", "time"), ("MSH-9", "type"), ("MSH-10", "control id"), ("MSH-12", "version")):
        if message.get(place) is None:
            found.append(f"{place}: there is no {what}")
    if message.get("MSH-9") and message.get("MSH-9.2") is None and message.get("MSH-9.1") != "ACK":
        found.append("MSH-9.2: there is no trigger event")
    return tuple(found)


def _odd_segment(name: str, *, empty: bool) -> tuple[str, ...]:
    found = []
    if name.startswith("Z"):
        found.append("a segment of the partners' own: the standard does not name its fields")
    elif not names.is_known(name):
        found.append("no version of the standard has this segment")
    if empty:
        found.append("nothing stands in it")
    return tuple(found)


def _field(segment: Segment, number: int, occurrence: int, mask: bool, targets: Targets) -> Iterator[Field]:
    place = f"{segment.name}-{number}"
    known = names.field(segment.name, number)
    datatype = _datatype(segment, number, known)
    repetitions = segment.repetitions(number)
    for count, repetition in enumerate(repetitions, 1):
        if not repetition.raw:
            continue
        value, parts = _content(place, repetition, datatype, mask and place not in _STRUCTURE)
        yield Field(
            segment=segment.name,
            occurrence=occurrence,
            place=place if count == 1 else f"{place}[{count}]",
            name=known.name if known else None,
            datatype=datatype,
            value=value,
            parts=parts,
            odd=_odd(segment, place, known, datatype, repetition, len(repetitions), count),
            becomes=targets.get(place, ()),
        )


def _datatype(segment: Segment, number: int, known: names.Named | None) -> str | None:
    if segment.name == "OBX" and number == 5:
        return segment.get(2)
    return known.datatype if known else None


def _content(
    place: str, repetition: Repetition, datatype: str | None, mask: bool
) -> tuple[str | None, tuple[Part, ...]]:
    if repetition.raw == NULL:
        return NULL, ()
    if place in ("MSH-1", "MSH-2"):
        return repetition.raw, ()
    components = repetition.components()
    if len(components) <= 1 or datatype in _TEXT:
        text = repetition.text or ""
        return (_length(text) if mask else text), ()
    parts = []
    for number, raw in enumerate(components, 1):
        if not raw:
            continue
        named = names.component(datatype, number) if datatype else None
        text = "&".join(one or "" for one in repetition.subcomponents(number))
        parts.append(Part(number=number, name=named.name if named else None, value=_length(text) if mask else text))
    return None, tuple(parts)


def _length(text: str) -> str:
    return f"({len(text)} characters)" if len(text) != 1 else "(1 character)"


def _odd(
    segment: Segment,
    place: str,
    known: names.Named | None,
    datatype: str | None,
    repetition: Repetition,
    count: int,
    number: int,
) -> tuple[str, ...]:
    found = []
    if known is None and names.is_known(segment.name):
        found.append("no version of the standard has this field")
    if known is not None and known.single and count > 1 and number == 2:
        found.append("it stands more than once, and may only once")
    if repetition.raw == NULL:
        found.append('the explicit null "": the value is to be deleted')
        return tuple(found)
    value = repetition.get() or ""
    if datatype in _TIMES and value and date_time(value, place, ZoneInfo("UTC"))[0] is None:
        found.append("this is not a time that exists")
    if datatype in _NUMBERS and value and not _NUMBERS[datatype].match(value):
        found.append("not a number")
    if place not in ("MSH-1", "MSH-2") and value != value.strip():
        found.append("spaces stand around the value")
    return tuple(found)
