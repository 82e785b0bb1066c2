"""Pages about what left: reports for a person, letters after a revocation, and a disclosure in an emergency.

A report and a letter are for the custody that asks, which gives them on. Making one is a look at records, and the
audit has it first.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from hub.console import paper
from hub.console.door import Act, Door, Form, Look, Visitor
from hub.console.filters import templates
from hub.errors import HubError
from hub.identity.role import Permission
from hub.loop import accounting, emergency, package, revoking
from hub.loop import paper as loop_paper
from hub.loop.record import audit
from hub.loop.releasing import PURPOSE, party
from hub.records import Document, Referral
from hub.release.accounting import Report
from hub.release.revocation import seal_notice
from hub.store import referrals
from hub.store.tx import Tx


def add(routes: APIRouter, door: Door) -> None:
    """These pages of one console."""
    pages = Rights(door)
    looks: tuple[tuple[str, Look, Permission], ...] = (
        ("/console/disclosures", pages.ask, "reports"),
        ("/console/referrals/{id}/emergency", pages.emergency_form, "emergency"),
        ("/console/revocations/{id}", pages.letters, "reports"),
    )
    for path, look, needs in looks:
        routes.add_route(path, door.page(look, needs), methods=["GET"])
    acts: tuple[tuple[str, Act, Permission], ...] = (
        ("/console/disclosures", pages.report, "reports"),
        ("/console/referrals/{id}/emergency", pages.disclose, "emergency"),
        ("/console/referrals/{id}/handed-over", pages.handed_over, "hand-over"),
    )
    for path, act, needs in acts:
        routes.add_route(path, door.action(act, needs), methods=["POST"])


class Rights:
    """The pages, behind one door."""

    def __init__(self, door: Door) -> None:
        self.door = door
        self.hub = door.hub

    # ── reports ───────────────────────────────────────────────────────────────────────────────────────────────────

    def ask(self, request: Request, visitor: Visitor) -> Response:
        """The form of a report."""
        return self.door.show("disclosures.html", visitor, report=None)

    def report(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """A report to print. The person's number comes by a form and never stands in an address."""
        person, kind = form.get("person", "").strip(), form.get("list", "accounting")
        since, until = _day(form.get("from", "")), _day(form.get("to", ""))

        def work(tx: Tx) -> Report:
            if kind == "intermediary":
                return accounting.of_intermediary(
                    tx, self.hub, intermediary=visitor.custody, person=person, by=visitor.person
                )
            return accounting.of_person(
                tx,
                self.hub,
                custody=visitor.custody,
                person=person,
                by=visitor.person,
                since=since,
                until=None if until is None else until + timedelta(days=1, microseconds=-1),
                every=kind == "every",
            )

        return self.door.show("disclosures.html", visitor, report=self.hub.store.write(work))

    # ── letters after a revocation ────────────────────────────────────────────────────────────────────────────────

    def letters(self, request: Request, visitor: Visitor) -> Response:
        """One letter for each holder of copies whose system is not told by a notice."""
        name = request.path_params["id"]

        def look(tx: Tx) -> tuple[Document, list[revoking.Holder]]:
            found = revoking.letter(tx, self.hub, name, custody=visitor.custody)
            audit(
                tx,
                self.hub,
                who=visitor.person,
                action="R",
                kind="console.revocation",
                entity=("Consent", name),
                custody=visitor.custody,
                patient_id=found[0].patient_id,
            )
            return found

        try:
            consent, holders = self.hub.store.write(look)
        except HubError:
            return self.door.problem(404, "There is no such revocation of yours.", visitor)
        # made by letter.html, which escapes; each is a Release's own bytes
        made = [Markup(self._letter(consent, one, visitor).decode()) for one in holders]  # noqa: S704
        return self.door.show("revocation_letters.html", visitor, letters=made)

    def _letter(self, consent: Document, holder: revoking.Holder, visitor: Visitor) -> bytes:
        assert consent.resource is not None
        sender, to = (
            accounting.recipient(self.hub, visitor.custody),
            accounting.recipient(self.hub, holder.organization),
        )

        def render(ended: dict[str, Any]) -> bytes:
            page = templates().get_template("letter.html")
            return page.render(
                sender=sender,
                to=to,
                number=ended["id"],
                revoked=consent.created_at,
                given=[one.intended_at for one in holder.disclosures],
                tasks=holder.tasks,
            ).encode()

        return seal_notice(
            consent.resource,
            recipient=party(self.hub.settings, holder.organization),
            purpose=PURPOSE,
            destination=holder.organization,
            render=render,
            media_type="text/html",
            own=[text for one in (sender, to) for text in (one.id, one.name, one.address or "")],
        ).bytes

    # ── emergencies ───────────────────────────────────────────────────────────────────────────────────────────────

    def emergency_form(self, request: Request, visitor: Visitor) -> Response:
        """What has to be written down before anything is handed out (42 CFR 2.51(c))."""
        referral = self._own(request.path_params["id"], visitor)
        if referral is None:
            return self.door.problem(404, "There is no such referral of yours.", visitor)
        return self.door.show("break_glass.html", visitor, referral=referral, released=None, given=None)

    def disclose(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Hands out the records on this page, with the disclosure and its review on record before."""
        task = request.path_params["id"]
        referral = self._own(task, visitor)
        if referral is None:
            return self.door.problem(404, "There is no such referral of yours.", visitor)
        given = emergency.disclose(
            self.hub,
            task,
            custody=visitor.custody,
            by=visitor.person,
            to_name=form.get("to", ""),
            affiliation=form.get("affiliation", ""),
            nature=form.get("nature", ""),
            consent_cannot_be_obtained=form.get("consent") == "no",
            render=paper.render,
        )
        # made by paper.html, which escapes; it is the Release's own bytes
        released = Markup(given.body.decode())  # noqa: S704
        return self.door.show("break_glass.html", visitor, referral=referral, released=released, given=given)

    def handed_over(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Notes that the printed page was handed to its center: that is the disclosure."""
        task = request.path_params["id"]

        def look(tx: Tx) -> tuple[Any, Any]:
            return package.load(tx, task), referrals.find_by_task(tx, task)

        kept, referral = self.hub.store.read(look)
        if kept is None or referral is None or referral.custody != visitor.custody:
            return self.door.problem(404, "There is no such referral of yours.", visitor)
        try:
            to = self.hub.settings.destination_of(referral.destination)
        except KeyError:
            return self.door.problem(409, "The destination of this referral is no longer configured.", visitor)
        consents = self.hub.store.read(lambda tx: package.known_consents(tx, referral.patient_id))
        loop_paper.handed_over(self.hub, referral, kept, consents, to, by=visitor.person)
        return self.door.to(f"/console/referrals/{task}/print")

    def _own(self, task: str, visitor: Visitor) -> Referral | None:
        known = self.hub.store.read(lambda tx: referrals.find_by_task(tx, task))
        return known if known is not None and known.custody == visitor.custody else None


def _day(text: str) -> datetime | None:
    """A day of a form, at its first moment in UTC. Raises HubError `accounting.period` for anything else."""
    if not text:
        return None
    try:
        return datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise HubError("accounting.period", "a day is written YYYY-MM-DD", path="period", code="value") from None
