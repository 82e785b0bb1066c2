"""The FHIR Shorthand that is made from the code: the rules of issues, and the APCO incident types.

`python -m tests.profiles.shorthand` writes the files; a test compares. Run it after a rule was added or taken away.
"""

from __future__ import annotations

from pathlib import Path

from mappings.apco import incident_types
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


def _text(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


MADE = {"issue-rule.fsh": issue_rule, "apco-incident-type.fsh": apco_incident_type}


def main(folder: Path = TERMINOLOGY) -> None:
    """Writes every file that is made from the code."""
    for name, make in MADE.items():
        (folder / name).write_text(make())


if __name__ == "__main__":
    main()
