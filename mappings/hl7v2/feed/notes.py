"""NTE: a comment on the record that the segments before it are about (NTE[Observation], NTE[ServiceRequest])."""

from __future__ import annotations

from typing import Final

from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.parties import xcn_practitioner
from mappings.hl7v2.feed.row import Row

#: The resource types with `note`. A comment on any other is listed unused.
_WITH_NOTE: Final = frozenset({"AllergyIntolerance", "Condition", "Observation", "Procedure", "ServiceRequest", "Task"})


def note(row: Row, about: Json | None, d: Draft) -> None:
    """Puts the comment on the record; on an Appointment as its comment, on a document or report as its words."""
    text = d.whole(row.peek(3))
    if about is None or text is None:
        return
    kind = about["resourceType"]
    element = {"Appointment": "comment", "DocumentReference": "description", "DiagnosticReport": "conclusion"}.get(kind)
    if element is not None:
        about[element] = f"{about[element]}\n{text}" if element in about else text
        row.raw(3)
        return
    if kind not in _WITH_NOTE:
        return
    made: Json = {"text": text}
    row.raw(3)
    if row.peek(5) and (author := xcn_practitioner(row.peek(5).split(d.r)[0], d, "NTE-5")):
        d.take(row, 5, 99)
        made = {"authorReference": author, **made}
    if row.peek(6) and (time := d.time(row.peek(6), "NTE-6")):
        d.take(row, 6)
        made["time"] = time
    about.setdefault("note", []).append(made)
