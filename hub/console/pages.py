"""The console: what came in and what became of it, for a person signed in to one organization's custody.

No page here needs a script (the one of `consents` does, on which somebody signs). Content is opened only for its own
custody and each look is audited before it is shown; what others may see is in `seeing`. Everything changed here is
changed by a form that was made for this session.
"""

from __future__ import annotations

from typing import Any, Literal, get_args

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from hub.console import consents, investigations, paper, rights, seeing
from hub.console.door import Door, Form, Look, Visitor, number
from hub.errors import HubError
from hub.identity.role import Permission
from hub.loop import alarm as loop_alarm
from hub.loop import emergency, package, reasons
from hub.loop import hold as loop_hold
from hub.loop.context import Hub
from hub.loop.paper import decide_paper
from hub.loop.record import audit
from hub.records import HoldKind, Message, UnmappedCode
from hub.release import Outcome
from hub.store import alarms, documents, holds, messages, referrals, unmapped
from hub.store.tx import Tx

#: Most of a raw body, in bytes, and most documents that a page shows; messages on one page.
RAW = 256 * 1024
DOCUMENTS = 300
PAGE = 50


def router(hub: Hub, local_token: str | None) -> APIRouter:
    """The console's routes. `local_token` signs the first person in, once; None: only `handoff token` lets one in."""
    console = Console(hub, local_token)
    routes = APIRouter(include_in_schema=False)
    looks: tuple[tuple[str, Look, Permission], ...] = (
        ("/console", console.messages, "lists"),
        ("/console/messages/{id}", console.message, "lists"),
        ("/console/referrals", console.referrals, "lists"),
        ("/console/referrals/{id}/print", console.paper, "content"),
        ("/console/alarms", console.alarms, "lists"),
        ("/console/holds", console.holds, "lists"),
        ("/console/codes", console.codes, "codes"),
    )
    for path, look, needs in looks:
        routes.add_route(path, console.page(look, needs), methods=["GET"])
    routes.add_route("/console/alarms/{id}", console.action(console.take_alarm, "alarms"), methods=["POST"])
    # which of them a role settles goes by the kind of the hold
    routes.add_route("/console/holds/{id}", console.action(console.settle_hold), methods=["POST"])
    # whoever is signed in may go, whatever became of their roles
    routes.add_route("/console/sign-out", console.action(console.sign_out, None), methods=["POST"])
    routes.add_route("/console/sign-in", console.sign_in_page, methods=["GET"])
    routes.add_route("/console/sign-in", console.sign_in, methods=["POST"])
    routes.add_route("/console/console.css", console.style, methods=["GET"])
    consents.add(routes, console)
    rights.add(routes, console)
    investigations.add(routes, console)
    routes.add_route("/console/{rest:path}", console.nowhere, methods=["GET", "POST"])
    return routes


class Console(Door):
    """The pages of one hub. Store work is done off the event loop."""

    def messages(self, request: Request, visitor: Visitor) -> Response:
        """What came in, newest first, with how much stands where."""
        before = number(request.query_params.get("before", ""))

        def look(tx: Tx) -> tuple[list[Message], dict[Any, int], int, int]:
            ringing = sum(
                seeing.alarm(tx, self.settings, one, visitor.custody) for one in alarms.listed(tx, open_only=True)
            )
            return (
                messages.listed(tx, before=before, limit=PAGE + 1),
                messages.counts(tx),
                sum(seeing.hold(self.settings, one, visitor.custody) for one in holds.listed(tx)),
                ringing,
            )

        found, counts, held, ringing = self.hub.store.read(look)
        figures = [
            ("waiting", counts.get("received", 0), ""),
            ("translated", counts.get("translated", 0), "good"),
            ("rejected", counts.get("rejected", 0), "bad" if counts.get("rejected") else ""),
            ("kept apart", counts.get("held", 0), "warn" if counts.get("held") else ""),
            ("open holds", held, "warn" if held else ""),
            ("alarms ringing", ringing, "bad" if ringing else ""),
        ]
        older = found[PAGE - 1].id if len(found) > PAGE else None
        return self.show("messages.html", visitor, figures=figures, messages=found[:PAGE], older=older)

    def message(self, request: Request, visitor: Visitor) -> Response:
        """One message step by step; its content for its own custody only, and the look is audited first."""
        row = number(request.path_params["id"])
        found = None if row is None else self.hub.store.read(lambda tx: messages.get(tx, row))
        if found is None:
            return self.problem(404, "There is no such message.", visitor)
        own = found.custody == visitor.custody
        opened = own and visitor.may("content")
        stopped = own and investigations.closed(self.hub, found.id, visitor.custody)
        opened = opened and (not stopped or visitor.may("investigations"))
        raw, cut, content = self._content(visitor, found) if opened else ("", False, [])
        steps, decisions = self.hub.store.read(
            lambda tx: (
                seeing.steps(tx, self.settings, found.id, visitor.custody, own=own),
                seeing.decided(tx, found.id, visitor.custody),
            )
        )
        return self.show(
            "message.html",
            visitor,
            message=found,
            steps=steps,
            decisions=decisions,
            own=own,
            opened=opened,
            stopped=stopped,
            raw=raw,
            cut=cut,
            documents=content,
        )

    def _content(self, visitor: Visitor, found: Message) -> tuple[str, bool, list[Any]]:
        """The raw text and the documents of the viewer's own custody, after the audit has it whose they are."""

        def open_documents(tx: Tx) -> list[Any]:
            made = documents.by_message(tx, found.id, custody=visitor.custody, limit=DOCUMENTS)
            return [one for one in made if one.resource is not None and one.resource_type != "Bundle"]

        content = self.hub.store.read(open_documents)
        patients = list(dict.fromkeys(d.patient_id for d in content if d.patient_id is not None))
        self._looked(visitor, "message", ("message", found.id), patients)
        if found.state == "expunged":
            return "", False, content
        body = self.hub.store.read(lambda tx: messages.body(tx, found.id))
        return body[:RAW].decode("utf-8", "replace"), len(body) > RAW, content

    def _looked(
        self, visitor: Visitor, what: str, entity: tuple[str, str | int], patients: list[str] | list[str | None]
    ) -> None:
        def work(tx: Tx) -> None:
            for patient in patients or [None]:
                audit(
                    tx,
                    self.hub,
                    who=visitor.person,
                    action="R",
                    kind=f"console.{what}",
                    entity=entity,
                    custody=visitor.custody,
                    patient_id=patient,
                )

        self.hub.store.write(work)

    def referrals(self, request: Request, visitor: Visitor) -> Response:
        """Where each loop stands, as far as the viewer may know."""

        def look(tx: Tx) -> list[seeing.Seen]:
            newest = referrals.listed(tx, newest_first=True, limit=200)
            seen = (seeing.referral(tx, self.settings, one, visitor.custody) for one in newest)
            return [one for one in seen if one is not None]

        return self.show("referrals.html", visitor, referrals=self.hub.store.read(look))

    def paper(self, request: Request, visitor: Visitor) -> Response:
        """A referral to print, for its own custody; what may not go to its destination is not on it."""
        task = request.path_params["id"]

        def look(tx: Tx) -> tuple[Any, Any, Any]:
            known = referrals.find_by_task(tx, task)
            if known is None or known.custody != visitor.custody:
                return None, None, []
            return known, package.load(tx, task), package.known_consents(tx, known.patient_id)

        known, kept, consents = self.hub.store.read(look)
        if known is None or kept is None:
            return self.problem(404, "There is no such referral of yours to print.", visitor)
        try:
            to = self.settings.destination_of(known.destination)
        except KeyError:
            return self.problem(409, "The destination of this referral is no longer configured.", visitor)
        self._looked(visitor, "print", ("Task", task), [known.patient_id])
        outcome: Outcome | None = None
        refusal = ""
        try:
            outcome = decide_paper(self.hub, known, kept, consents, to, now=self.hub.clock(), render=paper.render)
        except HubError as error:
            refusal = error.issues[0].text
        released = outcome.release.bytes.decode() if outcome is not None and outcome.release is not None else None
        reasons = {reason for one in (outcome.withheld if outcome is not None else ()) for reason in one.because}
        return self.show(
            "print.html",
            visitor,
            referral=known,
            sender=self.name(known.organization),
            center=self.name(to.organization),
            telephone=to.fallback_telephone,
            # made by paper.html, which escapes; it is the Release's own bytes
            released=Markup(released) if released is not None else None,  # noqa: S704
            withheld=len(outcome.withheld) if outcome is not None else 0,
            reasons=sorted(reasons) or [refusal],
            printed=self.hub.clock(),
        )

    def alarms(self, request: Request, visitor: Visitor) -> Response:
        """What rings, and for whom; the fallback for the custody that it is sealed in."""

        def look(tx: Tx) -> tuple[list[Any], dict[int, Any], set[int]]:
            ringing = alarms.listed(tx, open_only=True)
            ended = [
                one
                for one in alarms.listed(tx, open_only=False, newest_first=True, limit=100)
                if one.acknowledged_at is not None or one.cleared_at is not None
            ]
            seen = [one for one in (*ringing, *ended) if seeing.alarm(tx, self.settings, one, visitor.custody)]
            content, taking = visitor.may("content"), visitor.may("alarms")
            own = {one.id: alarms.fallback(tx, one.id) for one in seen if content and one.custody == visitor.custody}
            mine = {one.id for one in seen if taking and seeing.may_take(tx, self.settings, one, visitor.custody)}
            return seen, {key: value for key, value in own.items() if value is not None}, mine

        seen, fallbacks, mine = self.hub.store.read(look)
        return self.show("alarms.html", visitor, alarms=seen, fallbacks=fallbacks, mine=mine)

    def take_alarm(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The signed-in person takes an alarm that is theirs to take."""
        row = number(request.path_params["id"])

        def work(tx: Tx) -> bool:
            found = None if row is None else alarms.get(tx, row)
            if found is None or not seeing.may_take(tx, self.settings, found, visitor.custody):
                return False
            loop_alarm.take(tx, self.hub, found.id, by=visitor.person)
            return True

        if not self.hub.store.write(work):
            return self.problem(404, "There is no such alarm of yours to take.", visitor)
        return self.to("/console/alarms")

    def holds(self, request: Request, visitor: Visitor) -> Response:
        """What waits for a person's decision, and what was settled of late."""

        def look(tx: Tx) -> tuple[list[Any], set[str], dict[int, Any], dict[int, Any]]:
            settled = holds.listed(tx, state=None, newest_first=True, limit=100)
            every = [*holds.listed(tx), *(one for one in settled if one.state != "open")]
            shown = [one for one in every if seeing.hold(self.settings, one, visitor.custody)]
            own = [one for one in shown if visitor.may("content") and one.custody == visitor.custody]
            ringing = {one.subject_id for one in alarms.listed(tx, open_only=True) if one.subject_type == "Hold"}
            papers = {one.id: holds.evidence(tx, one.id) for one in own if one.state != "open"}
            return shown, ringing, papers, {one.id: emergency.documentation(tx, one.id) for one in own}

        found, ringing, papers, emergencies = self.hub.store.read(look)
        if any(emergencies.values()):
            self._looked(visitor, "holds", ("custody", visitor.custody), [])
        now = self.hub.clock()
        return self.show(
            "holds.html",
            visitor,
            holds=found,
            ages={one.id: now - one.created_at for one in found},
            ringing=ringing,
            papers=papers,
            emergencies=emergencies,
            reasons={
                kind: {act: reasons.reasons(kind, act) for act in ("release", "reject")} for kind in get_args(HoldKind)
            },
            mine={
                one.id
                for one in found
                if visitor.may_settle(one.kind) and seeing.may_settle(self.settings, one, visitor.custody)
            },
            destinations=[(d.id, self.name(d.organization)) for d in self.settings.destination],
        )

    def codes(self, request: Request, visitor: Visitor) -> Response:
        """What no table has, by source: the codes themselves for their own custody, and the look is audited first."""

        def look(tx: Tx) -> list[UnmappedCode]:
            return unmapped.listed(tx, open_for=visitor.custody)

        found = self.hub.store.read(look)
        if any(one.custody == visitor.custody for one in found):
            self._looked(visitor, "codes", ("custody", visitor.custody), [])
        sources: dict[str, list[UnmappedCode]] = {}
        for one in found:
            sources.setdefault(one.source, []).append(one)
        return self.show(
            "codes.html",
            visitor,
            sources=[(name, self.name(codes[0].custody), codes) for name, codes in sorted(sources.items())],
        )

    def settle_hold(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Releases or rejects a hold of the visitor's custody (or, as the hub's operator, any)."""
        row = number(request.path_params["id"])
        found = None if row is None else self.hub.store.read(lambda tx: holds.get(tx, row))
        if found is None:
            return self.problem(404, "There is no such hold.", visitor)
        if not seeing.may_settle(self.settings, found, visitor.custody):
            return self.problem(403, "This hold is for the organization whose record it is to settle.", visitor)
        if not visitor.may_settle(found.kind):
            return self.not_theirs(visitor, f"settle:{found.kind}")
        # one list for both: `release:code`, `reject:code`
        given, _, code = form.get("reason", "").partition(":")
        if given not in ("release", "reject"):
            return self.problem(400, "Say whether it is released or rejected.", visitor)
        action: Literal["release", "reject"] = "release" if given == "release" else "reject"
        self.hub.store.write(
            lambda tx: loop_hold.resolve(
                tx,
                self.hub,
                found.id,
                action=action,
                by=visitor.person,
                reason_code=code,
                destination=form.get("destination") if action == "release" else None,
                evidence=form.get("evidence") or None,
            )
        )
        return self.to("/console/holds")
