"""The FHIR Shorthand that is made from the code: rules of issues, APCO incident types, code tables of public packs.

`python -m tests.profiles.shorthand` writes the files; a test compares. Run it after a rule was added or taken away.
"""

from __future__ import annotations

import csv
from pathlib import Path

from mappings.apco import incident_types
from mappings.codes import APCO, FIELD_DISPOSITION
from tests.profiles.issue_rules import ROOT, issue_rules

TERMINOLOGY = ROOT / "profiles" / "fsh" / "terminology"

#: Words of a rule's name that people write otherwise.
_WRITTEN = {
    word.lower(): word
    for word in (
        "CSV",
        "EIDO",
        "FBI",
        "FHIR",
        "ID",
        "III",
        "JSON",
        "MSH",
        "NCIC",
        "RFC",
        "TOML",
        "URL",
        "UTF",
        "XML",
        "YAML",
    )
}

_MADE = "// Made from the code by `python -m tests.profiles.shorthand`: do not edit.\n\n"


def issue_rule() -> str:
    """CodeSystem issue-rule."""
    lines = [
        "CodeSystem: IssueRuleCS",
        "Id: issue-rule",
        'Title: "Issue rule"',
        'Description: "The stable rules of issues in OperationOutcome.issue.details, and of what is kept back: a '
        'stage, then what was found. An issue carries a rule and a place, never a value."',
        "* insert OurCodes",
    ]
    for rule, words in issue_rules().items():
        name = rule.partition(".")[2]
        if name.startswith("invariant."):
            display = f"Invariant {name.partition('.')[2]}"
        else:
            display = " ".join(_WRITTEN.get(word, word) for word in name.split("-"))
        lines.append(f"* #{rule} {_text(display)} {_text(words)}")
    return _MADE + "\n".join(lines) + "\n"


def apco_incident_type() -> str:
    """CodeSystem apco-incident-type."""
    lines = [
        "CodeSystem: ApcoIncidentTypeCS",
        "Id: apco-incident-type",
        'Title: "APCO incident type"',
        'Description: "APCO incident type codes with their definitions, as NIEM publishes them, and two additions '
        'of ours (MNTL, MTLV) that CAD systems and EIDO documents use for mental health calls."',
        '* ^copyright = "Codes and definitions: NIEM 6.0, IncidentCategoryCode, Copyright OASIS Open 2025, CC BY 4.0 '
        '(https://creativecommons.org/licenses/by/4.0/), reformatted. MNTL and MTLV are worded by us."',
        "* insert OurCodes",
    ]
    lines += [f"* #{row.code} {_text(row.name)} {_text(row.definition)}" for row in incident_types().values()]
    return _MADE + "\n".join(lines) + "\n"


#: Tables of the shipped packs of two cities' open data: pack, table, its file, the column and the system it maps to.
_PUBLIC = (
    ("new-orleans-cad", "type", "type", "apco", APCO),
    ("new-orleans-cad", "disposition", "disposition", "field_disposition", FIELD_DISPOSITION),
    ("seattle-cad", "event-clearance-code", "clearance", "apco", APCO),
)


def cad_tables() -> str:
    """A ConceptMap for each code table of a public pack: what a reviewed table looks like as FHIR."""
    made = [_cad_table(*row) for row in _PUBLIC]
    return _MADE + "\n\n".join(made) + "\n"


def _cad_table(pack: str, table: str, file: str, column: str, target: str) -> str:
    made = f"{pack}-{table}-to-{target.rpartition('/')[2]}"
    name = "".join(word.capitalize() for word in made.split("-"))
    to = target.rpartition("/")[2].replace("-", " ").replace("apco", "APCO")
    city = pack.removesuffix("-cad").replace("-", " ").title()
    lines = [
        f"Instance: {made}",
        "InstanceOf: ConceptMap",
        "Usage: #definition",
        f"* insert MapIdentity({made}, {name})",
        f'* title = "{city} {table.replace("-", " ")} to {to}"',
        f'* description = "The reviewed table of the shipped pack {pack}, which reads open calls for service of '
        f'{city}, as a ConceptMap. How far the two agree is not stated there."',
        f"* insert Between(https://warmhandoff.org/packs/{pack}/{table}, {target})",
    ]
    content = (ROOT / "mappings" / "packs" / pack / "tables" / f"{file}.csv").read_text("utf-8")
    for row in csv.DictReader(content.splitlines()):
        note = row["note"][:1].upper() + row["note"][1:]
        if row[column]:
            insert = "MapsWith" if note else "Maps"
            end = f", [[{note}.]])" if note else ")"
            lines.append(f"* insert {insert}({row['code']}, {row[column]}, relatedto{end}")
        else:
            lines.append(f"* insert NoMatch({row['code']}, [[{note or 'The table maps it to nothing'}.]])")
        lines.append(f"* group[=].element[=].display = {_text(row['text'])}")
    return "\n".join(lines)


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


MADE = {"issue-rule.fsh": issue_rule, "apco-incident-type.fsh": apco_incident_type, "cad-tables.fsh": cad_tables}


def main(folder: Path = TERMINOLOGY) -> None:
    """Writes every file that is made from the code."""
    for name, make in MADE.items():
        (folder / name).write_text(make())


if __name__ == "__main__":
    main()
