"""The compiled tables at run time: for each segment map a table of closures by field number, made once.

The data is what `mappings.hl7v2.sources.build` compiled from the HL7 v2-to-FHIR tables and our overrides; nothing is
interpreted while a message is read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from typing import Any, Final, TypeAlias

import orjson

from mappings.hl7v2.codec import NULL
from mappings.hl7v2.feed.attachments import ed_attachment, rp_attachment
from mappings.hl7v2.feed.coded import (
    Make,
    Vocabulary,
    cwe_code,
    cwe_coding,
    cwe_concept,
    remembering,
    st_concept,
    yes,
)
from mappings.hl7v2.feed.draft import Draft, Json, Row
from mappings.hl7v2.feed.identifiers import (
    cx_identifier,
    dln_identifier,
    ei_identifier,
    eip_identifier,
    ssn_identifier,
    st_identifier,
)
from mappings.hl7v2.feed.names import xad_address, xpn_name, xtn_contact
from mappings.hl7v2.feed.parties import REFER
from mappings.hl7v2.feed.values import (
    date,
    date_time,
    days,
    dr_period,
    instant,
    number,
    positive,
    quantity,
    range_of,
    string,
    time_alone,
)

#: Fills a resource from one field of a segment, as it stands; says whether it read it.
Fill: TypeAlias = "Callable[[str, Row, Json, Draft], bool]"

#: Fields of which the same few values stand in message after message.
_CODED: Final = (cwe_concept, cwe_coding, cwe_code, yes)

#: Datatype maps by their names in the tables; references are in `parties`.
MAKES: Final[dict[str, Make]] = {
    "CX[Identifier]": cx_identifier,
    "EI[Identifier]": ei_identifier,
    "EIP[Identifier]": eip_identifier,
    "ST[Identifier]": st_identifier,
    "SSN[Identifier]": ssn_identifier,
    "DLN[Identifier]": dln_identifier,
    "CWE[code]": cwe_code,
    "CWE[Coding]": cwe_coding,
    "CWE[CodeableConcept]": cwe_concept,
    "ST[CodeableConcept]": st_concept,
    "XPN[HumanName]": xpn_name,
    "XAD[Address]": xad_address,
    "XTN[ContactPoint]": xtn_contact,
    "ID[boolean]": yes,
    "string": string,
    "decimal": number,
    "positiveInt": positive,
    "dateTime": date_time,
    "date": date,
    "instant": instant,
    "time": time_alone,
    "CQ[Quantity]": quantity,
    "NM[Quantity-LengthOfStay]": days,
    "ED[Attachment]": ed_attachment,
    "RP[Attachment]": rp_attachment,
    "NR[Range]": range_of,
    "DR[Period]": dr_period,
    **REFER,
}


@cache
def _data() -> Json:
    data: Json = orjson.loads(files("mappings").joinpath("hl7v2/feed/v2_to_fhir.json").read_bytes())
    return data


@cache
def codes(name: str) -> Vocabulary:
    """A table of codes by its name in the tables: v2 code to (FHIR code, display, system)."""
    told = _data()["codes"][name]
    return Vocabulary({code: (found[0], found[1], found[2]) for code, found in told["codes"].items()}, told["table"])


@cache
def segment_map(name: str) -> tuple[tuple[tuple[int, Fill], ...] | None, ...]:
    """What a segment map does with each field, by its number."""
    rules = _data()["segments"][name]
    table: list[list[tuple[int, Fill]]] = [[] for _ in range(max((rule["field"] for rule in rules), default=0) + 1)]
    segment = name.partition("[")[0]
    for rule in rules:
        table[rule["field"]].append((rule["field"], _fill(segment, rule)))
    return tuple(tuple(some) or None for some in table)


def fill(name: str, row: Row, resource: Json, d: Draft) -> None:
    """Applies a segment map to a segment: every field that a rule reads goes into the resource."""
    table = segment_map(name)
    fields = row.fields
    for raw, run in zip(fields, table, strict=False):
        if raw and run is not None:
            for number, one in run:
                if one(raw, row, resource, d):
                    row.used |= 1 << number


def _fill(segment: str, rule: Json) -> Fill:
    path: list[tuple[str, bool]] = [(step, many) for step, many in rule["at"]]
    number: int = rule["field"]
    place = f"{segment}-{number}"
    made = (
        _constant(path, rule["constant"])
        if "constant" in rule
        else _made(
            path,
            _once(MAKES[rule["make"]]),
            codes(rule["codes"]) if "codes" in rule else None,
            [(step, many) for step, many in rule.get("hole", ())],
            rule.get("with") or {},
            place,
        )
    )
    return _guarded(made, rule["when"]) if "when" in rule else made


def _once(make: Make) -> Make:
    """The same; a coded field's value is made once, and given out as a copy of its own."""
    if make not in _CODED:
        return make
    known = remembering(make)

    def copied(raw: str, d: Draft, place: str, vocabulary: Vocabulary | None) -> Any:
        value = known(raw, d, place, vocabulary)
        return dict(value) if isinstance(value, dict) else value

    return copied


def _constant(path: list[tuple[str, bool]], value: str) -> Fill:
    def run(raw: str, row: Row, resource: Json, d: Draft) -> bool:
        _put(resource, path, value)
        return True

    return run


def _made(
    path: list[tuple[str, bool]],
    make: Make,
    vocabulary: Vocabulary | None,
    hole: list[tuple[str, bool]],
    beside: Json,
    place: str,
) -> Fill:
    many = path[-1][1]
    name = path[-1][0]
    shallow = len(path) == 1

    def run(raw: str, row: Row, resource: Json, d: Draft) -> bool:
        if raw == NULL:
            d.deleted.append((resource, path[0][0]))
            d.issue("translate.null", place)
            return True
        if d.r not in raw:
            value = make(raw, d, place, vocabulary)
            if value is None:
                return False
            if hole:
                element = dict(beside)
                _put(element, hole, value)
                value = element
            elif beside:
                value = {**beside, **value}
            if shallow:
                if many:
                    if name in resource:
                        resource[name].append(value)
                    else:
                        resource[name] = [value]
                elif name in resource:
                    return False
                else:
                    resource[name] = value
                return True
            return _put(resource, path, value)
        done = False
        for turn, part in enumerate(raw.split(d.r)):
            if not part or part == NULL:
                continue
            if done and not many:
                d.left(f"{place}[{turn + 1}]")
                continue
            value = make(part, d, place, vocabulary)
            if value is None:
                continue
            if hole:
                element = dict(beside)
                _put(element, hole, value)
                value = element
            elif beside:
                value = {**beside, **value}
            done = _put(resource, path, value) or done
        return done

    return run


def _put(into: Json, path: Iterable[tuple[str, bool]], value: Any) -> bool:
    """Puts a value at a path: at its end a list grows, a single element stays what it is."""
    *before, (name, many) = path
    for step, several in before:
        below: Any = into.get(step)
        if below is None:
            below = into[step] = [{}] if several else {}
        into = below[0] if several else below
    if many:
        into.setdefault(name, []).append(value)
    elif name in into:
        return False
    else:
        into[name] = value
    return True


def _guarded(inner: Fill, clauses: list[list[Any]]) -> Fill:
    """The rule, where all clauses hold. Each is about one component of a field of the same segment."""
    tests = [(number, part - 1, op, frozenset(values)) for _, number, part, op, values in clauses]

    def run(raw: str, row: Row, resource: Json, d: Draft) -> bool:
        for at, part, op, values in tests:
            text = row.peek(at)
            if part or d.c in text:
                parts = text.split(d.c)
                text = parts[part] if part < len(parts) else ""
            if op == "VALUED":
                holds = bool(text)
            elif op == "NOT VALUED":
                holds = not text
            else:
                holds = (text in values) == (not op.startswith("NOT"))
            if not holds:
                return False
        return inner(raw, row, resource, d)

    return run
