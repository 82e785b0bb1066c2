"""Code tables edited and reviewed, and shown as FHIR: every change names who made it and when; no other byte changes.

A suggestion (`review: true`) maps nothing. Taking it is a person's decision, with a name and a date.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from mappings.errors import PackError
from mappings.packs.table_text import Record, TableText
from mappings.packs.tables import REVIEW_COLUMNS, TARGETS, Table

Verdict = Literal["accept", "clear"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewer:
    """Who decides, and on which day (YYYY-MM-DD)."""

    by: str
    on: str

    def marks(self) -> Mapping[str, str]:
        """The cells that say so."""
        return dict(zip(REVIEW_COLUMNS, ("", self.by, self.on), strict=True))


def target_columns(table: TableText) -> tuple[str, ...]:
    """The columns that say what a code means to us: targets, values, centers, who rides in a unit."""
    known = (*TARGETS, "value", "group", "refers_to", "kind", "role", "employer")
    return tuple(column for column in table.columns if column in known)


def set_code(table: TableText, code: str, cells: Mapping[str, str], reviewer: Reviewer) -> TableText:
    """The table with these cells for this code; a code that is not there is added at the end.

    The line is reviewed by that. Raises PackError `pack.table` for a column that the table has not, and for a code that
    stands on several lines (with dates: edit those in the file). Whether the cells are codes of ours is for `lint`.
    """
    table = table.with_columns(REVIEW_COLUMNS)
    for column in cells:
        if column not in table.columns or column in (table.key, *REVIEW_COLUMNS):
            allowed = [one for one in table.columns if one not in (table.key, *REVIEW_COLUMNS)]
            raise PackError("pack.table", "expected one of: " + ", ".join(allowed), path=column)
    found = table.find(code)
    if len(found) > 1:
        raise PackError("pack.table", "this code stands on several lines: edit them in the file", path=_lines(found))
    if found:
        return table.changed(found[0], {**cells, **reviewer.marks()})
    return table.added({table.key: code, **cells, **reviewer.marks()})


def review(table: TableText, verdicts: Mapping[str, Verdict], reviewer: Reviewer) -> TableText:
    """The table with waiting lines decided: `accept` takes what is suggested, `clear` takes the code as known and
    mapped to nothing. PackError `pack.table` for a code that does not wait."""
    table = table.with_columns(REVIEW_COLUMNS)
    for code, verdict in verdicts.items():
        waiting = [record for record in table.find(code) if record.waits]
        if not waiting:
            raise PackError("pack.table", "no line of this code waits for review", path=code)
        taken = [record for record in table.find(code) if not record.waits and not record.cells.get("valid_to")]
        if taken or len(waiting) > 1:
            raise PackError(
                "pack.table", "this code stands on another line too: keep one", path=_lines((*taken, *waiting))
            )
        emptied = dict.fromkeys(target_columns(table), "") if verdict == "clear" else {}
        table = table.changed(waiting[0], {**emptied, **reviewer.marks()})
    return table


def waiting(table: TableText) -> tuple[Record, ...]:
    """The lines that nobody has decided."""
    return tuple(record for record in table.records if record.waits)


def suggests(table: TableText, record: Record) -> bool:
    """Whether the line has something in a column of ours."""
    return any(record.cells.get(column) for column in target_columns(table))


def _lines(records: tuple[Record, ...]) -> str:
    return "line " + ", ".join(str(record.line) for record in records)


def concept_map(table: Table, *, pack: str, version: str, url: str) -> dict[str, Any]:
    """The table as a FHIR R4 ConceptMap, one group a system that it maps to; lines that wait are not in it.

    How far two codes agree is not known to a table: `relatedto`. A code that maps to nothing is `unmatched`. Lines with
    `valid_from` or `valid_to` say so in the comment. PackError `pack.no-system` for a table without a system.
    """
    if table.system is None:
        raise PackError("pack.no-system", "expected `system` for the table: a ConceptMap says whose codes it maps")
    systems = dict.fromkeys(code.system for entry in table.entries for code in entry.mapped)
    groups: dict[str | None, dict[str, dict[str, Any]]] = {system: {} for system in systems} or {None: {}}
    for entry in table.entries:
        held = " ".join(
            f"{word} {day}." for word, day in (("From", entry.valid_from), ("Until", entry.valid_to)) if day
        )
        for system, elements in groups.items():
            element = elements.setdefault(entry.code, {"code": entry.code, "target": []})
            if entry.text is not None:
                element.setdefault("display", entry.text)
            for code in entry.mapped:
                if code.system == system:
                    comment = {"comment": held} if held else {}
                    element["target"].append({"code": code.code, "equivalence": "relatedto", **comment})
    for elements in groups.values():
        for element in elements.values():
            element["target"] = element["target"] or [{"equivalence": "unmatched"}]
    name = "".join(part[:1].upper() + part[1:] for part in f"{pack}-{table.name}".replace("_", "-").split("-"))
    return {
        "resourceType": "ConceptMap",
        "url": url,
        "version": version,
        "name": name,
        "status": "active",
        "experimental": False,
        "group": [
            {
                "source": table.system,
                **({"target": system} if system is not None else {}),
                "element": [*elements.values()],
            }
            for system, elements in groups.items()
            if elements
        ],
    }
