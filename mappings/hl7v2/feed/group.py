"""Where a message stands while it is read: whose segments these are, and what the next NTE is about."""

from __future__ import annotations

from typing import Any

from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.row import Row


class Group:
    """The segments of one PID, with those before the first; and what they have become so far.

    `labels` are the marks of the whole group (PD1-12, ARV). `about` is the resource that an NTE which follows is for.
    """

    __slots__ = (
        "about",
        "appointment",
        "document",
        "encounter",
        "labels",
        "observations",
        "order",
        "patient",
        "patient_url",
        "place",
        "referral",
        "report",
        "rows",
        "seen",
        "turn",
        "visit",
        "visit_ended",
    )

    def __init__(self, rows: list[Row], turn: int) -> None:
        self.rows = rows
        self.turn = turn
        self.patient: Json | None = None
        self.patient_url: str | None = None
        self.encounter: str | None = None
        self.visit: Json | None = None
        self.order: Any = None
        self.report: Any = None
        self.appointment: Any = None
        self.document: Any = None
        self.referral: Any = None
        self.about: Json | None = None
        self.labels: list[dict[str, str]] = []
        self.observations: list[str] = []
        self.place = ""
        self.seen: dict[str, int] = {}
        self.visit_ended = False

    def count(self, name: str) -> int:
        """How many of these there were, this one counted."""
        number = self.seen.get(name, 0) + 1
        self.seen[name] = number
        return number

    def subject(self, d: Draft, place: str) -> Json | None:
        """A Reference to the patient; None with an issue where the message identifies none."""
        if self.patient_url is None:
            d.issue("translate.no-patient", place)
            return None
        return {"reference": self.patient_url}

    def key(self, d: Draft) -> str:
        """What the ids of things are made of that have no number: their patient, else this message."""
        return self.patient_url or f"message {d.control}"
