"""Compile the HL7 v2-to-FHIR tables into `mappings/hl7v2/feed/v2_to_fhir.json`, and report on each of their rows.

    python -m mappings.hl7v2.sources.build [--check]

Source (attribution in NOTICE): HL7/v2-to-fhir, IG 1.0.0 (content CC0-1.0, repository Apache-2.0), packed beside this
file as it is published. `overrides.csv` says where we differ from a row and why, and adds what the tables lack. A
row of a segment map in use that is neither compiled nor in the overrides fails the build: nothing is left out
silently. The report is `docs/hl7v2-coverage.md`. Not part of the wheel: the built file is.
"""

from __future__ import annotations

import json
import re
import sys
from dataclasses import dataclass
from typing import Any

from mappings.hl7v2.sources.report import report_text
from mappings.hl7v2.sources.scope import CODE, MAPS, NOT_USED
from mappings.hl7v2.sources.segment_maps import MAKES, written
from mappings.hl7v2.sources.tables import HERE, Line, Override, archive, lines, name_of, overrides, rows_of
from profiles.definitions import r4

TARGET = HERE.parent / "feed" / "v2_to_fhir.json"
MODULE = HERE.parent / "feed" / "segment_maps.py"
REPORT = HERE.parent.parent.parent / "docs" / "hl7v2-coverage.md"

#: The tables' names of datatype maps, as ours.
_MAKES = {
    "EI[Identifier-Extension]": "EI[Identifier]",
    "EI[Identifier-Organization]": "EI[Identifier]",
    "EI[Identifier-DefaultAssigner]": "EI[Identifier]",
    "EIP[Identifier-PlacerAssignedIdentifier]": "EIP[Identifier]",
    "XPN[String]": "XPN[string]",
    "CE[CodeableConcept]": "CWE[CodeableConcept]",
    "CNE[CodeableConcept]": "CWE[CodeableConcept]",
    "ID[CodeableConcept]": "CWE[CodeableConcept]",
    "IS[CodeableConcept]": "CWE[CodeableConcept]",
    "CWE[Code]": "CWE[code]",
    "ID[code]": "CWE[code]",
    "ID[Code]": "CWE[code]",
    "IS[code]": "CWE[code]",
    "ID[Boolean]": "ID[boolean]",
    "ID[String]": "string",
    "ID[string]": "string",
    "PL[location]": "PL[Location]",
    "NM[PositiveInt]": "positiveInt",
}
#: Without a datatype map, the FHIR type says what to make.
_BY_TYPE = {
    "string": "string",
    "markdown": "string",
    "dateTime": "dateTime",
    "DateTime": "dateTime",
    "date": "date",
    "instant": "instant",
    "time": "time",
    "positiveInt": "positiveInt",
    "integer": "positiveInt",
    "boolean": "ID[boolean]",
}
_NAMES = {"Contact Role": "ContactRole", "Yes/NoIndicator": ""}

_CLAUSE = re.compile(
    r"(?:IF\s+)?(?P<segment>[A-Z][A-Z0-9]{2})-(?P<field>\d+)(?:\.(?P<part>\d+))?\s+(?:IS\s+)?"
    r"(?P<op>NOT VALUED|VALUED|NOT EQUALS|EQUALS|NOT IN|IN)\s*(?P<values>\(.*\)|\"[^\"]*\")?\Z"
)
_STEP = re.compile(r"(?P<name>[A-Za-z]+)(?:\[\d+\])?(?:\([A-Za-z]+\))?\Z")


def vocabularies(files: dict[str, str], wanted: set[str]) -> dict[str, Any]:
    """The tables of codes that the rules name: v2 code to (FHIR code, display, system). No display of SNOMED."""
    found: dict[str, Any] = {}
    for path, text in sorted(files.items()):
        name = name_of(path)
        if path.startswith("codesystems/") and name in wanted:
            table: dict[str, list[str | None]] = {}
            of = ""
            for row in rows_of(text):
                code, target, system = row[0], row[6], row[9]
                display: str | None = row[8] or row[7]
                if not system and row[8].startswith("http"):
                    # some tables have one column fewer
                    display, system = row[7], row[8]
                if numbered := re.fullmatch(r"HL7(\d{4})", row[2]):
                    of = f"http://terminology.hl7.org/CodeSystem/v2-{numbered[1]}"
                if not (code and target and system) or code in table or row[3]:
                    continue
                if "snomed" in system:
                    display = None
                table[code] = [target, display or None, system]
            found[name] = {"table": of, "codes": table}
    missing = wanted - found.keys()
    if missing:
        raise SystemExit(f"no table of codes: {', '.join(sorted(missing))}")
    return found


def _types(kind: str) -> dict[str, Any]:
    found: dict[str, Any] = r4()["types"][kind]
    return found


def _path(kind: str, root: str, steps: list[str]) -> list[list[Any]] | None:
    """The steps with whether each repeats, or None when R4 has no such element."""
    types: Any = _types(kind)
    if root:
        types = _below(types, root)
        if types is None:
            return None
        types = types[0]
    made: list[list[Any]] = []
    for step in steps:
        if types is None:
            return None
        found = _below(types, step)
        if found is None:
            return None
        types, many = found
        made.append([step, many])
    return made


def _below(types: Any, name: str) -> tuple[Any, bool] | None:
    for element in types["elements"]:
        for one in element["types"]:
            called = element["name"]
            if element.get("choice"):
                called += one["code"][:1].upper() + one["code"][1:]
            if called == name:
                return r4()["types"].get(one["code"]), element.get("max") != 1
    return None


def when(text: str) -> list[list[Any]] | None:
    """A condition of the loose dialect as clauses that all must hold; None when it is not one that is computed."""
    if not text:
        return []
    made: list[list[Any]] = []
    for clause in re.split(r"\s+AND\s+", text.strip()):
        match = _CLAUSE.match(clause.strip())
        if match is None:
            return None
        values = re.findall(r"\"([^\"]*)\"", match["values"] or "")
        made.append([match["segment"], int(match["field"]), int(match["part"] or 1), match["op"], values])
    return made


def _number(identifier: str) -> int:
    return int(identifier.partition("-")[2].partition(".")[0] or 0)


@dataclass(kw_only=True)
class Report:
    """What became of each row: (map, identifier, attribute) with its state and a reason."""

    rows: list[tuple[str, str, str, str, str]]


def compiled(files: dict[str, str]) -> tuple[dict[str, Any], list[tuple[str, str, str, str, str]]]:
    """The rules by segment map with the tables of codes, and the report on every row. Fails on a row left over."""
    told = overrides()
    used: set[int] = set()
    report: list[tuple[str, str, str, str, str]] = []
    groups: dict[tuple[str, int, str, str], list[Line]] = {}
    left_over: list[str] = []

    def override(line: Line) -> Override | None:
        for at, one in enumerate(told):
            if (
                one.state != "add"
                and one.map == line.map
                and one.identifier in (line.identifier, "*")
                and one.attribute in (line.attribute, "*")
            ):
                used.add(at)
                return one
        return None

    for line in lines(files, "segments"):
        place = (line.map, line.identifier, line.attribute)
        if line.map in NOT_USED:
            report.append((*place, "not applicable", NOT_USED[line.map]))
            continue
        if line.map not in MAPS and line.map not in CODE:
            left_over.append(f"{line.map}: neither in use nor said why not")
            continue
        known = override(line)
        if not line.attribute and known is not None and known.state == "code":
            report.append((*place, "overridden", f"in code ({known.rule}): {known.why}"))
            continue
        if not line.attribute:
            added = next(
                (o for o in told if o.state == "add" and (o.map, o.identifier) == (line.map, line.identifier)), None
            )
            if added is not None:
                report.append((*place, "overridden", f"{added.attribute}: {added.why}"))
            else:
                report.append((*place, "not applicable", "the tables map it to nothing; listed as unused"))
            continue
        if known is not None:
            if known.state == "none":
                report.append((*place, "not applicable", known.why))
            elif known.state == "code":
                report.append((*place, "overridden", f"in code ({known.rule}): {known.why}"))
            else:
                report.append((*place, "overridden", f"{known.rule}: {known.why}"))
            continue
        if line.map in CODE:
            report.append((*place, "implemented", f"in code ({CODE[line.map]})"))
            continue
        stem = re.match(r"[A-Za-z]+(?:\[\d+\])?", _under(MAPS[line.map][1], line.attribute))
        key = (line.map, _number(line.identifier), stem[0] if stem else "", line.condition)
        groups.setdefault(key, []).append(line)

    rules: dict[str, list[dict[str, Any]]] = {name: [] for name in MAPS}
    for (name, number, _, condition), members in groups.items():
        rule, problem = _rule(name, number, condition, members)
        for line in members:
            report.append((line.map, line.identifier, line.attribute, "implemented", "compiled"))
        if rule is None:
            left_over.append(f"{name} {members[0].identifier} {members[0].attribute}: {problem}")
        else:
            rules[name].append(rule)
    for at, one in enumerate(told):
        if one.state in ("add", "rule"):
            used.add(at)
            if one.state == "rule" and not one.rule:
                left_over.append(f"{one.map} {one.identifier}: a rule without a rule")
            made, problem = _own(one)
            if made is None:
                left_over.append(f"{one.map} {one.identifier}: {problem}")
            elif made not in rules[one.map]:
                rules[one.map].append(made)
            if one.state == "add":
                report.append((one.map, one.identifier, one.attribute, "added", one.why))
    left_over += [f"overrides.csv: no such row: {told[at]}" for at in range(len(told)) if at not in used]
    if left_over:
        raise SystemExit("\n".join(left_over))
    wanted = {rule["codes"] for some in rules.values() for rule in some if rule.get("codes")} | _USED_IN_CODE
    for some in rules.values():
        some.sort(key=lambda rule: (rule["field"], json.dumps(rule, sort_keys=True)))
    return {"segments": rules, "codes": vocabularies(files, wanted)}, report


#: Tables of codes that code asks for.
_USED_IN_CODE = {
    "AdministrativeSex",
    "Event[EncounterStatus]",
    "FillerStatusCodes[Appointment]",
    "OrderControlCode[ServiceRequest.status]",
    "OrderStatus",
    "PatientClass[EncounterClass]",
    "PatientClass[EncounterStatus]",
    "AllergySeverity[AllergyIntolerance.reaction.severity]",
    "ResultStatus[Non-Queries]",
}


def _under(root: str, attribute: str) -> str:
    """A path without the element that its map begins in (`participant[1].`)."""
    return re.sub(rf"\A{root}(?:\[\d+\])?\.", "", attribute) if root else attribute


def _steps(attribute: str) -> list[str] | None:
    made = []
    for part in re.split(r"\.(?![^(]*\))", attribute):
        match = _STEP.match(part.strip())
        if match is None:
            return None
        made.append(match["name"])
    return made


def _rule(name: str, number: int, condition: str, members: list[Line]) -> tuple[dict[str, Any] | None, str]:
    """The rule of rows that fill one element from one field: one value in it, the rest constants."""
    kind, root = MAPS[name]
    clauses = when(condition)
    if clauses is None:
        return None, f"a condition that is not computed: {condition}"
    if any(line.narrative for line in members):
        return None, f"a condition in words: {members[0].narrative}"
    hole: list[list[Any]] | None = None
    make = vocabulary = ""
    constants: list[tuple[list[list[Any]], str]] = []
    for line in members:
        steps = _steps(_under(root, line.attribute))
        path = _path(kind, root, steps) if steps else None
        if path is None:
            return None, f"no element of {kind}: {line.attribute}"
        text = line.assignment
        if len(text) > 1 and text[0] == text[-1] == '"':
            constants.append((path, text[1:-1].strip()))
            continue
        if text:
            return None, f"an assignment that is not a constant: {text}"
        if hole is not None:
            return None, "two values of one field in one element"
        hole = path
        make = _MAKES.get(line.make, line.make) or _BY_TYPE.get(line.type, "")
        vocabulary = _NAMES.get(line.vocabulary, line.vocabulary)
        if not make and vocabulary:
            make = "CWE[code]"
        if make == "CWE[code]" and not vocabulary:
            return None, f"a code without a table: {line.attribute}"
    if hole is None:
        if number:
            # a constant that stands when the field does
            return {"field": number, "at": constants[0][0], "constant": constants[0][1], **_when(clauses)}, ""
        return None, "constants alone"
    if make not in MAKES:
        return None, f"no such datatype map: {make or members[0].type}"
    return {"field": number, **_filled(hole, constants), "make": make, **_codes(vocabulary), **_when(clauses)}, ""


def _when(clauses: list[list[Any]]) -> dict[str, Any]:
    return {"when": clauses} if clauses else {}


def _codes(vocabulary: str) -> dict[str, Any]:
    return {"codes": vocabulary} if vocabulary else {}


def _filled(hole: list[list[Any]], constants: list[tuple[list[list[Any]], str]]) -> dict[str, Any]:
    """`at`: the path to what is made for each repetition; `hole`: the path to the value inside it; `with`: the
    constants beside the value."""
    turn = next((at for at, (_, many) in enumerate(hole) if many), len(hole) - 1)
    at, inner = hole[: turn + 1], hole[turn + 1 :]
    beside: dict[str, Any] = {}
    for path, value in constants:
        _set(beside, path[turn + 1 :], value)
    made: dict[str, Any] = {"at": at}
    if inner:
        made["hole"] = inner
    if beside:
        made["with"] = beside
    return made


def _set(into: dict[str, Any], path: list[list[Any]], value: str) -> None:
    for step, many in path[:-1]:
        below = into.setdefault(step, [{}] if many else {})
        into = below[0] if many else below
    step, many = path[-1]
    into[step] = [value] if many else value


def _own(one: Override) -> tuple[dict[str, Any] | None, str]:
    """The rule that an override writes: `element=datatype map`, with constants as `; element="text"`."""
    kind, root = MAPS[one.map]
    first, *more = [part.strip() for part in one.rule.split(";")]
    target, _, make = first.partition("=")
    steps = _steps(_under(root, target))
    hole = _path(kind, root, steps) if steps else None
    if hole is None:
        return None, f"no element of {kind}: {target}"
    constants = []
    for part in more:
        element, _, text = part.partition("=")
        steps = _steps(_under(root, element))
        path = _path(kind, root, steps) if steps else None
        if path is None:
            return None, f"no element of {kind}: {element}"
        constants.append((path, text.strip('"')))
    if make not in MAKES:
        return None, f"no such datatype map: {make}"
    made = {"field": _number(one.identifier), **_filled(hole, constants), "make": make, **_codes(one.vocabulary)}
    return made, ""


def built() -> tuple[bytes, str, str]:
    """The compiled data, the module of the segment maps, and the report."""
    files = archive()
    data, rows = compiled(files)
    text = json.dumps(data, indent=1, sort_keys=True, ensure_ascii=False)
    # One rule or code a line: a change of the tables is read as a change of lines.
    text = re.sub(r"\n {3,}(?=[\]}])", " ", re.sub(r"\n {4,}", " ", text))
    return (text + "\n").encode(), written(json.loads(text)["segments"]), report_text(files, rows)


def main(arguments: list[str]) -> int:
    """Writes the built files, or with --check says whether they are what would be written."""
    data, module, report = built()
    if "--check" in arguments:
        right = TARGET.read_bytes() == data and MODULE.read_text() == module and REPORT.read_text() == report
        return 0 if right else 1
    TARGET.write_bytes(data)
    MODULE.write_text(module)
    REPORT.write_text(report)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
