"""Part 2 records found in an investigation, by hand: noted, settled, filed in the year's report (42 CFR 2.3(b), 2.68).

Nobody is named here: a find is a number, the reference of a paper and its dates. While one stands, the content of the
messages that tell of its person is closed to everybody of the custody but who answers for it.
"""

from __future__ import annotations

from typing import get_args

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.console.door import Door, Form, Visitor, number
from hub.identity.role import Permission
from hub.loop import investigating
from hub.loop.context import Hub
from hub.store import documents, investigation_finds
from hub.store.tx import Tx


def add(routes: APIRouter, door: Door) -> None:
    """These pages of one console."""
    pages = Investigations(door)
    needs: Permission = "investigations"
    routes.add_route("/console/investigations", door.page(pages.listed, needs), methods=["GET"])
    routes.add_route("/console/investigations", door.action(pages.found, needs), methods=["POST"])
    routes.add_route("/console/investigations/{id}/settle", door.action(pages.settle, needs), methods=["POST"])
    routes.add_route("/console/investigations/report", door.action(pages.file, needs), methods=["POST"])


class Investigations:
    """The pages, behind one door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._hub = door.hub

    def listed(self, request: Request, visitor: Visitor) -> Response:
        """The finds of the visitor's custody by the year of their report, the last year first."""
        custody = visitor.custody
        now = self._hub.clock()

        def look(tx: Tx) -> list[investigating.Report]:
            years = {one.found_at.year for one in investigation_finds.listed(tx, custody=custody)}
            return [investigating.report_of(tx, year, custody=custody) for year in sorted(years, reverse=True)]

        reports = self._hub.store.read(look)
        return self._door.show(
            "investigations.html",
            visitor,
            reports=reports,
            ways=get_args(investigating.Settled),
            year=now.year,
            today=now.date(),
        )

    def found(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Stops what the custody has of everybody under a number."""
        self._hub.store.write(
            lambda tx: investigating.found(
                tx,
                self._hub,
                form.get("number", "").strip(),
                custody=visitor.custody,
                reference=form.get("reference", "").strip(),
                by=visitor.person,
            )
        )
        return self._door.to("/console/investigations")

    def settle(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Ends a find of the visitor's own custody."""
        row = number(request.path_params["id"])

        def work(tx: Tx) -> bool:
            mine = {one.id for one in investigation_finds.listed(tx, custody=visitor.custody)}
            if row is None or row not in mine:
                return False
            investigating.settle(tx, self._hub, row, how=form.get("as", ""), by=visitor.person)
            return True

        if not self._hub.store.write(work):
            return self._door.problem(404, "There is no such find of yours.", visitor)
        return self._door.to("/console/investigations")

    def file(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Notes that a year's finds went into the report of that name."""
        year = number(form.get("year", ""))
        if year is None or not 2000 <= year <= self._hub.clock().year:
            return self._door.problem(400, "Say which year's report it is.", visitor)
        name = form.get("report", "").strip()
        self._hub.store.write(
            lambda tx: investigating.reported(
                tx, self._hub, year, custody=visitor.custody, name=name, by=visitor.person
            )
        )
        return self._door.to("/console/investigations")


def closed(hub: Hub, message_id: int, custody: str) -> bool:
    """Whether a message tells of somebody whose records this custody has stopped to use."""

    def look(tx: Tx) -> bool:
        if not investigation_finds.any_stands(tx, custody):
            return False
        people = {one.patient_id for one in documents.by_message(tx, message_id, custody=custody)} - {None}
        return any(investigation_finds.stands(tx, custody, str(one)) for one in people)

    return hub.store.read(look)
