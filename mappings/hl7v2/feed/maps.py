"""The compiled tables at run time: each segment map is one straight-line function, written and compiled at first use.

The data is what `mappings.hl7v2.sources.build` compiled from the HL7 v2-to-FHIR tables and our overrides; nothing is
interpreted while a message is read. A map is written out as Python, as `dataclasses` writes `__init__`: a table of
closures walked field by field costs three times as much.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import cache
from importlib.resources import files
from operator import itemgetter
from typing import Any, Final, TypeAlias

import orjson

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
from mappings.hl7v2.segment import NULL

#: Fills a resource from a segment: every field that a rule of its map reads.
Fill: TypeAlias = "Callable[[Row, Json, Draft], None]"

#: Fields of which the same few values stand in message after message.
_CODED: Final = (cwe_concept, cwe_coding, cwe_code, yes)
#: Those of them whose value is an element: a remembered one is given out as a copy.
_ELEMENTS: Final = (cwe_concept, cwe_coding)

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


def fill(name: str, row: Row, resource: Json, d: Draft) -> None:
    """Applies a segment map to a segment: every field that a rule reads goes into the resource."""
    segment_map(name)(row, resource, d)


@cache
def segment_map(name: str) -> Fill:
    """The function of a segment map. Its source holds nothing but what stands in the compiled tables."""
    known: Json = {"NULL": NULL, "put": _put, "repeated": _repeated}
    source = ["def fill(row, resource, d):", "    fields = row.fields; count = len(fields); r = d.r; used = 0"]
    apart: list[str] = []
    segment = name.partition("[")[0]
    for turn, rule in enumerate(sorted(_data()["segments"][name], key=itemgetter("field"))):
        _write(turn, rule, segment, known, source, apart)
    source.append("    row.used |= used")
    exec(compile("\n".join(apart + source), f"<{name}>", "exec"), known)  # noqa: S102 - our own committed tables
    made: Fill = known["fill"]
    return made


def _write(turn: int, rule: Json, segment: str, known: Json, source: list[str], apart: list[str]) -> None:
    """Writes one rule: in `source` for a field that stands once, in `apart` for each repetition of one."""
    number: int = rule["field"]
    place = f"{segment}-{number}"
    known[f"path{turn}"] = [(step, many) for step, many in rule["at"]]
    guard = ""
    if "when" in rule:
        known[f"holds{turn}"] = _holds(rule["when"])
        guard = f" and holds{turn}(row, d)"
    source.append(f"    if count > {number} and (raw := fields[{number}]){guard}:")
    if "constant" in rule:
        source += [f"        put(resource, path{turn}, {rule['constant']!r})", f"        used |= {1 << number}"]
        return
    body = _one(turn, rule, place, known)
    apart += [f"def one{turn}(raw, resource, d):", *(f"    {line}" for line in body), "    return False"]
    source += [
        "        if r in raw or raw == NULL:",
        f"            if repeated(raw, resource, d, one{turn}, path{turn}, {place!r}):",
        f"                used |= {1 << number}",
        "        else:",
        *("            " + line.replace("return True", f"used |= {1 << number}") for line in body),
    ]


def _one(turn: int, rule: Json, place: str, known: Json) -> list[str]:
    """The lines that put one repetition, `raw`, into `resource`; `return True` stands where it was put."""
    make = MAKES[rule["make"]]
    known[f"codes{turn}"] = codes(rule["codes"]) if "codes" in rule else None
    call = f"make{turn}(raw, d, {place!r}, codes{turn})"
    if make in _CODED:
        memory: dict[tuple[str, int, str], Any] = {}
        known[f"memory{turn}"] = memory
        make = remembering(make, memory)
        call = f"memory{turn}.get((raw, d.scope, {place!r}))"
    known[f"make{turn}"] = make
    lines = [f"value = {call}"]
    if "memory" in call:
        lines += ["if value is None:", f"    value = make{turn}(raw, d, {place!r}, codes{turn})"]
    lines.append("if value is not None:")
    hole = [(step, many) for step, many in rule.get("hole", ())]
    beside = rule.get("with") or {}
    value = "{**value}" if MAKES[rule["make"]] in _ELEMENTS else "value"
    if hole:
        known[f"beside{turn}"] = beside
        if len(hole) == 1 and not hole[0][1]:
            shared = "".join(f"{key!r}: beside{turn}[{key!r}], " for key in beside)
            value = f"{{{shared}{hole[0][0]!r}: {value}}}"
        else:
            known[f"hole{turn}"] = hole
            lines += [f"    element = {{**beside{turn}}}", f"    put(element, hole{turn}, {value})"]
            value = "element"
    elif beside:
        known[f"beside{turn}"] = beside
        value = f"{{**beside{turn}, **value}}"
    *before, (element, many) = known[f"path{turn}"]
    if before:
        return [*lines, f"    if put(resource, path{turn}, {value}):", "        return True"]
    if not many:
        return [
            *lines,
            f"    if {element!r} not in resource:",
            f"        resource[{element!r}] = {value}",
            "        return True",
        ]
    return [
        *lines,
        f"    if {element!r} in resource:",
        f"        resource[{element!r}].append({value})",
        "    else:",
        f"        resource[{element!r}] = [{value}]",
        "    return True",
    ]


def _repeated(
    raw: str,
    resource: Json,
    d: Draft,
    one: Callable[[str, Json, Draft], bool],
    path: list[tuple[str, bool]],
    place: str,
) -> bool:
    """A field with repetitions, or that its sender deletes; whether it was read."""
    if raw == NULL:
        d.deleted.append((resource, path[0][0]))
        d.issue("translate.null", place)
        return True
    many = path[-1][1]
    done = False
    for turn, part in enumerate(raw.split(d.r)):
        if not part or part == NULL:
            continue
        if done and not many:
            d.left(f"{place}[{turn + 1}]")
        else:
            done = one(part, resource, d) or done
    return done


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


def _holds(clauses: list[list[Any]]) -> Callable[[Row, Draft], bool]:
    """Whether all clauses of a rule hold. Each is about one component of a field of the same segment."""
    tests = [(number, part - 1, op, frozenset(values)) for _, number, part, op, values in clauses]

    def holds(row: Row, d: Draft) -> bool:
        for at, part, op, values in tests:
            text = row.peek(at)
            if part or d.c in text:
                parts = text.split(d.c)
                text = parts[part] if part < len(parts) else ""
            if op == "VALUED":
                right = bool(text)
            elif op == "NOT VALUED":
                right = not text
            else:
                right = (text in values) == (not op.startswith("NOT"))
            if not right:
                return False
        return True

    return holds
