"""The `incident` source: the canonical record as JSON, which a contact form or any system that writes JSON posts.

Strict where a guess would be needed: a wrong type, a value outside its list, a missing member, or a reference to a
person who is not there rejects the record, with every place. Lenient where nothing is lost: an unknown member is
listed in `reading.unused`, null and an empty string stand for unknown, a time that is none is left unknown with an
issue, and a local time gets the agency's zone (without one: its date).

The reader is compiled once from the dataclasses of `mappings.incident`; `handoff schema incident` prints their schema.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Any

import orjson

from mappings.errors import ReadError
from mappings.found import BAD_TIME, Found, Rule, under
from mappings.incident import Agency, Incident, Person, Place, Reading, Rejected
from mappings.json_documents import documents
from mappings.shape import AnyOf, Choice, Many, Record, Scalar, Shape, members
from mappings.times import is_date_time, zone
from profiles.issue import stops

WRONG_TYPE = Rule("read.wrong-type", "error", "structure", "the value has another JSON type than the schema gives it")
NOT_LISTED = Rule("read.not-listed", "error", "code-invalid", "the value is not one of those that the schema lists")
MISSING = Rule("read.missing", "error", "required", "a required member is missing or empty")
NO_KEY = Rule("read.no-key", "error", "required", "the record needs `number` or `case_number`")
NO_SUCH_PERSON = Rule("read.no-such-person", "error", "not-found", "no person of this record has this slot")
SAME_SLOT = Rule("read.same-slot", "error", "duplicate", "two persons of this record have the same slot")
OUT_OF_RANGE = Rule("read.out-of-range", "warning", "value", "the number cannot be true: the field is left unknown")
OTHER_AGENCY = Rule(
    "read.other-agency", "warning", "business-rule",
    "the record names another agency than the one it is read for: local times have no zone",
)  # fmt: skip

# What the dataclasses cannot say: bounds outside of which a number is a mistake.
_BOUNDS: dict[tuple[type, str], tuple[float, float]] = {
    (Place, "latitude"): (-90, 90),
    (Place, "longitude"): (-180, 180),
    (Place, "uncertainty_m"): (0, 40_000_000),
    (Person, "age_years"): (0, 150),
}

#: Not members of the JSON form.
NOT_IN_JSON = frozenset({"reading"})

_Read = Callable[[Any, str, Found], Any]

# A reader's answer where there is nothing to take; the issue, if any, is already in Found.
_NOTHING = object()


def read_incident(data: bytes, agency: Agency | None = None) -> Iterator[Incident | Rejected]:
    """The records in `data`: a JSON object, an array of them, or NDJSON, in order.

    `agency` gives the agency where the record names none, and the zone of its local times. A record that cannot be
    read is `Rejected` with every reason found and its place; no value is repeated. Raises nothing.
    """
    read = _record(Incident)
    at = zone(agency.zone) if agency is not None and agency.zone else None
    for index, document in enumerate(documents(data)):
        if isinstance(document, Rejected):
            yield document
            continue
        named = document.get("agency")
        other = agency is not None and named is not None and named != "" and named != agency.id
        paths = {name: name for name in document if name in _TOP}
        if agency is not None and (named is None or named == ""):
            document["agency"] = agency.id
        found = Found(None if other else at)
        if other:
            found.issue(OTHER_AGENCY, "agency")
        incident = read(document, "", found)
        if incident is _NOTHING:
            yield _rejected(index, found)
            continue
        _check(incident, found)
        if stops(found.issues):
            yield _rejected(index, found)
            continue
        found.paths.update(paths)
        yield replace(incident, reading=found.reading("incident"))


def to_json(incident: Incident) -> dict[str, Any]:
    """The record in its JSON form. What is empty (None, an empty array, a plain no) is left out; `reading` too."""
    made: dict[str, Any] = _written(incident)
    return made


def from_json(document: Any, *, reader: str = "incident") -> Incident:
    """The record that `to_json` wrote, whatever source it came from. `reader` is its `reading.source`.

    Unlike `read_incident` it does not ask whether the record holds together: what was read once is taken as it was.
    Raises ReadError `read.not-a-record` when it is none.
    """
    found = Found()
    made = _record(Incident)(document, "", found)
    if not isinstance(made, Incident):
        raise ReadError("read.not-a-record", "not a record in its own JSON form", path=found.issues[0].path)
    return replace(made, reading=Reading(source=reader))


def agency_from_json(data: bytes) -> Agency:
    """An agency and its directory from JSON (the form of `--agency FILE`).

    Raises ReadError: `read.not-json`, `read.bad-agency` with the first place that is wrong (unknown members too: a
    misspelt zone would else be no zone), `read.unknown-zone`.
    """
    document = next(iter(documents(data)), None)
    if document is None or isinstance(document, Rejected):
        issue = document.issues[0] if document is not None else None
        raise ReadError(issue.rule if issue else "read.not-json", "the agency file is not a JSON object",
                        path=issue.path if issue else "")  # fmt: skip
    found = Found()
    agency = _record(Agency)(document, "", found)
    if found.issues:
        raise ReadError("read.bad-agency", found.issues[0].text, path=found.issues[0].path, code=found.issues[0].code)
    if found.unused:
        raise ReadError("read.bad-agency", "an agency has no such member", path=found.unused[0])
    assert isinstance(agency, Agency)
    if agency.zone is not None and zone(agency.zone) is None:
        raise ReadError("read.unknown-zone", "an IANA time zone name is expected", path="zone", code="value")
    return agency


def agency_to_json(agency: Agency) -> bytes:
    """The agency as `agency_from_json` reads it."""
    return orjson.dumps(_written(agency), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _rejected(index: int, found: Found) -> Rejected:
    return Rejected(index=index, issues=tuple(issue for issue in found.issues if issue.severity == "error"))


def _check(incident: Incident, found: Found) -> None:
    """What holds between members: a key, persons named once, and everything about a person about one who is there."""
    if incident.key is None and incident.standing != "nothing":
        found.issue(NO_KEY, "")
    slots: set[str] = set()
    for index, person in enumerate(incident.persons):
        if person.slot in slots:
            found.issue(SAME_SLOT, f"persons[{index}].slot")
        slots.add(person.slot)
    for path, named in _persons_named(incident):
        if named not in slots:
            found.issue(NO_SUCH_PERSON, path)
    found.order(incident.timeline, "timeline")
    for index, unit in enumerate(incident.units):
        if unit.timeline is not None:
            found.order(unit.timeline, f"units[{index}].timeline")


def _persons_named(incident: Incident) -> Iterator[tuple[str, str]]:
    """Where the record refers to a person's slot, and the slot."""
    about: list[tuple[str, str | None]] = []
    for index, contact in enumerate(incident.contacts):
        path = f"contacts[{index}]"
        about.append((f"{path}.person", contact.person))
        about += [(f"{path}.narratives[{i}].person", one.person) for i, one in enumerate(contact.narratives)]
        about += [(f"{path}.cautions[{i}].person", one.person) for i, one in enumerate(contact.cautions)]
    about += [(f"narratives[{i}].person", one.person) for i, one in enumerate(incident.narratives)]
    about += [(f"cautions[{i}].person", one.person) for i, one in enumerate(incident.cautions)]
    return ((path, slot) for path, slot in about if slot is not None)


# Reading: one closure a shape, made once.


def _string(value: Any, path: str, found: Found) -> Any:
    if type(value) is str:
        return value
    found.issue(WRONG_TYPE, path)
    return _NOTHING


def _date_time(value: Any, path: str, found: Found) -> Any:
    if type(value) is str:
        return found.time(value, path) or _NOTHING
    found.issue(WRONG_TYPE, path)
    return _NOTHING


def _date(value: Any, path: str, found: Found) -> Any:
    if type(value) is not str:
        found.issue(WRONG_TYPE, path)
    elif len(value) <= 10 and is_date_time(value):
        return value
    else:
        found.issue(BAD_TIME, path)
    return _NOTHING


def _integer(value: Any, path: str, found: Found) -> Any:
    if type(value) is int:
        return value
    found.issue(WRONG_TYPE, path)
    return _NOTHING


def _number(value: Any, path: str, found: Found) -> Any:
    if type(value) is float:
        return value
    if type(value) is int:
        return float(value)
    found.issue(WRONG_TYPE, path)
    return _NOTHING


def _boolean(value: Any, path: str, found: Found) -> Any:
    if type(value) is bool:
        return value
    found.issue(WRONG_TYPE, path)
    return _NOTHING


_SCALARS: dict[str, _Read] = {
    "string": _string,
    "dateTime": _date_time,
    "date": _date,
    "integer": _integer,
    "number": _number,
    "boolean": _boolean,
}
_JSON_TYPES: dict[str, type] = {"string": str, "integer": int, "number": float, "boolean": bool}


def _reader(shape: Shape) -> _Read:
    match shape:
        case Scalar(kind):
            return _SCALARS[kind]
        case Choice(values):
            return _choice(frozenset(values))
        case Record(cls):
            return _record(cls)
        case Many(item):
            return _many(_reader(item))
        case AnyOf(options):
            return _any_of(options)


def _choice(values: frozenset[str]) -> _Read:
    def read(value: Any, path: str, found: Found) -> Any:
        if type(value) is not str:
            found.issue(WRONG_TYPE, path)
        elif value in values:
            return value
        else:
            found.issue(NOT_LISTED, path)
        return _NOTHING

    return read


def _many(item: _Read) -> _Read:
    def read(value: Any, path: str, found: Found) -> Any:
        if type(value) is not list:
            found.issue(WRONG_TYPE, path)
            return _NOTHING
        got = []
        for index, one in enumerate(value):
            place = f"{path}[{index}]"
            if one is None or one == "":
                found.issue(MISSING, place)
                continue
            result = item(one, place, found)
            if result is not _NOTHING:
                got.append(result)
        return tuple(got)

    return read


def _any_of(options: tuple[Shape, ...]) -> _Read:
    by_type: dict[type, _Read] = {
        dict if isinstance(option, Record) else _JSON_TYPES[option.kind]: _reader(option)
        for option in options
        if isinstance(option, Record | Scalar)
    }

    def read(value: Any, path: str, found: Found) -> Any:
        reader = by_type.get(type(value))
        if reader is None:
            found.issue(WRONG_TYPE, path)
            return _NOTHING
        return reader(value, path, found)

    return read


def _bounded(read: _Read, low: float, high: float) -> _Read:
    def bounded(value: Any, path: str, found: Found) -> Any:
        got = read(value, path, found)
        if got is _NOTHING or low <= got <= high:
            return got
        found.issue(OUT_OF_RANGE, path)
        return _NOTHING

    return bounded


@lru_cache(maxsize=128)
def _record(cls: type) -> _Read:
    table: dict[str, tuple[str, _Read, bool]] = {}
    required: dict[str, str] = {}
    for member in members(cls, NOT_IN_JSON):
        read = _reader(member.shape)
        if bounds := _BOUNDS.get((cls, member.name)):
            read = _bounded(read, *bounds)
        table[member.name] = (member.field, read, member.required)
        if member.required:
            required[member.field] = member.name

    def read_object(value: Any, path: str, found: Found) -> Any:
        if type(value) is not dict:
            found.issue(WRONG_TYPE, path)
            return _NOTHING
        fields: dict[str, Any] = {}
        complete = True
        for name, inner in value.items():
            known = table.get(name)
            if known is None:
                found.unused.append(under(path, name))
                continue
            field, read, must = known
            if inner is None or (type(inner) is str and not inner.strip()):
                if must:
                    complete = False
                    found.issue(MISSING, f"{path}.{name}" if path else name)
                continue
            got = read(inner, f"{path}.{name}" if path else name, found)
            if got is not _NOTHING:
                fields[field] = got
            elif must:
                complete = False
        for field, name in required.items():
            if field not in fields:
                complete = False
                if name not in value:
                    found.issue(MISSING, f"{path}.{name}" if path else name)
        return cls(**fields) if complete else _NOTHING

    return read_object


_TOP = frozenset(member.name for member in members(Incident, NOT_IN_JSON))


# Writing.


def _written(value: Any) -> Any:
    kind: Any = type(value)
    if kind is tuple:
        return [_written(one) for one in value]
    if kind is str or kind is int or kind is float or kind is bool:
        return value
    made: dict[str, Any] = {}
    for field, name, plain_no in _fields(kind):
        inner = getattr(value, field)
        if inner is None or inner == () or (plain_no and inner is False):
            continue
        json = _written(inner)
        if json != {}:
            made[name] = json
    return made


@lru_cache(maxsize=128)
def _fields(cls: Any) -> tuple[tuple[str, str, bool], ...]:
    return tuple((member.field, member.name, member.default is False) for member in members(cls, NOT_IN_JSON))
