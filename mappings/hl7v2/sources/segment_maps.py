"""Write the compiled segment maps out as Python: `mappings/hl7v2/feed/segment_maps.py`, one function for each map.

Straight-line code, as `dataclasses` writes `__init__`: walking a table of closures field by field costs three times as
much. The written module holds nothing but names, numbers and constants of the compiled tables, which stay what is
reviewed. Not part of the wheel: the written module is.
"""

from __future__ import annotations

import json
import re
from operator import itemgetter
from typing import Any, Final

from mappings.hl7v2.feed.attachments import ed_attachment, rp_attachment
from mappings.hl7v2.feed.coded import Make, cwe_code, cwe_coding, cwe_concept, st_concept, yes
from mappings.hl7v2.feed.draft import Json
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

#: Datatype maps by their names in the tables.
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
#: Those whose values stand in message after message: what was made of one is remembered.
_CODED: Final = frozenset({"CWE[CodeableConcept]", "CWE[Coding]", "CWE[code]", "ID[boolean]"})
#: Those of them whose value is an element: a remembered one is given out as a copy.
_ELEMENTS: Final = frozenset({"CWE[CodeableConcept]", "CWE[Coding]"})

_HEAD: Final = '''"""The segment maps as functions: each field that a rule of the tables reads, put where it belongs.

Written by `python -m mappings.hl7v2.sources.build` out of the compiled HL7 v2-to-FHIR tables (`v2_to_fhir.json`), never
by hand; a test compares. A function that begins with `_` puts one repetition of a field into the resource, and says
whether it did.
"""

from __future__ import annotations

from typing import Final

'''


def function_name(segment_map: str) -> str:
    """`PID[Patient]` as the name of its function: `pid_patient`."""
    return re.sub(r"[^a-z0-9]+", "_", segment_map.lower()).strip("_")


def written(segments: Json) -> str:
    """The module of these segment maps. Raises SystemExit for a rule of a sort that no table has had yet."""
    imports: dict[str, set[str]] = {
        "mappings.hl7v2.feed.coded": {"Memory"},
        "mappings.hl7v2.feed.draft": {"Draft", "Json"},
        "mappings.hl7v2.feed.row": {"Row"},
        "mappings.hl7v2.feed.maps": {"codes", "repeated"},
        "mappings.hl7v2.segment": {"NULL"},
    }
    constants: list[str] = []
    functions: list[str] = []
    for name, rules in sorted(segments.items()):
        if rules:  # the tables have maps of which none of the rules is for a field
            functions += _map(name, sorted(rules, key=itemgetter("field")), constants, imports)
    lines = [f"from {module} import {', '.join(sorted(names))}" for module, names in sorted(imports.items())]
    return _HEAD + "\n".join([*lines, "", *constants, "", "", *functions[:-2], ""])


def _map(name: str, rules: list[Json], constants: list[str], imports: dict[str, set[str]]) -> list[str]:
    """The functions of one map: of each rule, then the whole."""
    own, segment = function_name(name), name.partition("[")[0]
    lines: list[str] = []
    whole = [
        f"def {own}(row: Row, resource: Json, d: Draft) -> None:",
        f'    """{name}."""',
        "    fields = row.fields",
        "    count = len(fields)",
        "    r = d.r",
        "    used = 0",
    ]
    seen: set[str] = set()
    for rule in rules:
        unknown = rule.keys() - {"at", "codes", "field", "hole", "make", "with"}
        if unknown:
            raise SystemExit(f"{name}: no way to write {', '.join(sorted(unknown))}")
        field: int = rule["field"]
        one = f"_{own}_{field}"
        while one in seen:
            one += "_too"
        seen.add(one)
        place = f"{segment}-{field}"
        lines += _rule(one, rule, place, constants, imports)
        element, many = rule["at"][0][0], rule["at"][-1][1]
        whole += [
            f"    if count > {field} and (raw := fields[{field}]):",
            "        if r in raw or raw == NULL:",
            f"            done = repeated(raw, resource, d, {one}, {_text(element)}, {many}, {_text(place)})",
            "        else:",
            f"            done = {one}(raw, resource, d)",
            "        if done:",
            f"            used |= {1 << field}",
        ]
    return [*lines, *whole, "    row.used |= used", "", ""]


def _rule(one: str, rule: Json, place: str, constants: list[str], imports: dict[str, set[str]]) -> list[str]:
    """The function that puts one repetition of a field into the resource."""
    make = MAKES[rule["make"]]
    imports.setdefault(make.__module__, set()).add(make.__name__)
    table = "None"
    if "codes" in rule:
        table = f"{one.upper()}_CODES"
        constants.append(f"{table}: Final = codes({_text(rule['codes'])})")
    call = f"{make.__name__}(raw, d, {_text(place)}, {table})"
    lines = [f"def {one}(raw: str, resource: Json, d: Draft) -> bool:"]
    if rule["make"] in _CODED:
        memory = one.upper()
        constants.append(f"{memory}: Final = Memory({make.__name__})")
        lines += [
            f"    value = {memory}.known.get((raw, d.scope, {_text(place)}))",
            "    if value is None:",
            f"        value = {memory}.make_of(raw, d, {_text(place)}, {table})",
        ]
    else:
        lines.append(f"    value = {call}")
    lines += ["    if value is None:", "        return False"]
    value = "{**value}" if rule["make"] in _ELEMENTS else "value"
    beside = [f"{_text(key)}: {_constant(one, key, told, constants)}" for key, told in (rule.get("with") or {}).items()]
    hole = rule.get("hole")
    if hole:
        for step, many in reversed(hole[1:]):
            value = f"{{{_text(step)}: {_listed(value, many)}}}"
        step, many = hole[0]
        value = f"{{{', '.join([*beside, f'{_text(step)}: {_listed(value, many)}'])}}}"
    elif beside:
        value = f"{{{', '.join([*beside, '**value'])}}}"
    *before, (element, many) = rule["at"]
    into = "resource"
    for step, several in before:
        empty, first = ("[{}]", "[0]") if several else ("{}", "")
        lines.append(f"    below: Json = {into}.setdefault({_text(step)}, {empty}){first}")
        into = "below"
    return [*lines, *_put(into, element, many, value), "    return True", "", ""]


def _put(into: str, element: str, many: bool, value: str) -> list[str]:
    """At the end of a path a list grows; a single element stays what it is."""
    place = f"{into}[{_text(element)}]"
    if not many:
        return [f"    if {_text(element)} in {into}:", "        return False", f"    {place} = {value}"]
    return [
        f"    if {_text(element)} in {into}:",
        f"        {place}.append({value})",
        "    else:",
        f"        {place} = [{value}]",
    ]


def _listed(value: str, many: bool) -> str:
    return f"[{value}]" if many else value


def _constant(one: str, key: str, told: Any, constants: list[str]) -> str:
    """A value that stands beside what a field says: a text as it is, an element under a name of its own."""
    if isinstance(told, str):
        return _text(told)
    name = f"{one.upper()}_{key.upper()}"
    constants.append(f"{name}: Final[{'list[Json]' if isinstance(told, list) else 'Json'}] = {json.dumps(told)}")
    return name


def _text(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)
