"""The console: what came in and what became of it, for a person signed in to one organization's custody.

No page needs a script. Content is opened only for its own custody and each look is audited before it is shown; what
others may see is in `seeing`. Everything changed here is changed by a form that was made for this session.
"""

from __future__ import annotations

import asyncio
import secrets
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

from fastapi import APIRouter
from markupsafe import Markup
from starlette.requests import Request
from starlette.responses import Response

from hub.console import paper, seeing, signing_in
from hub.console.filters import templates
from hub.errors import HubError
from hub.loop import alarm as loop_alarm
from hub.loop import hold as loop_hold
from hub.loop import package
from hub.loop.context import Hub
from hub.loop.paper import decide_paper
from hub.loop.record import audit
from hub.records import Message, Session
from hub.release import Outcome
from hub.settings import is_loopback
from hub.store import alarms, documents, holds, messages, referrals, sessions
from hub.store.tx import Tx

#: Largest form, in bytes; most of a raw body and most documents that a page shows.
FORM = 16 * 1024
RAW = 256 * 1024
DOCUMENTS = 300
PAGE = 50

_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; "
    "base-uri 'none'",
    "cache-control": "no-store",
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Visitor:
    """Who looks: the session, and its token to make and check forms with."""

    session: Session
    token: str

    @property
    def person(self) -> str:
        """The name that the audit has."""
        return self.session.person

    @property
    def custody(self) -> str:
        """The organization whose content is theirs."""
        return self.session.custody


Form = dict[str, str]
Look = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Visitor, Form], Response]


class _NotOurs(Exception):
    """A form that this session was not given, or one too large or of another kind."""


def router(hub: Hub, local_token: str | None) -> APIRouter:
    """The console's routes. `local_token` signs the first person in, once; None: only `handoff token` lets one in."""
    console = Console(hub, local_token)
    routes = APIRouter(include_in_schema=False)
    for path, look in (
        ("/console", console.messages),
        ("/console/messages/{id}", console.message),
        ("/console/referrals", console.referrals),
        ("/console/referrals/{id}/print", console.paper),
        ("/console/alarms", console.alarms),
        ("/console/holds", console.holds),
    ):
        routes.add_route(path, console.page(look), methods=["GET"])
    for path, act in (
        ("/console/alarms/{id}", console.take_alarm),
        ("/console/holds/{id}", console.settle_hold),
        ("/console/sign-out", console.sign_out),
    ):
        routes.add_route(path, console.action(act), methods=["POST"])
    routes.add_route("/console/sign-in", console.sign_in_page, methods=["GET"])
    routes.add_route("/console/sign-in", console.sign_in, methods=["POST"])
    routes.add_route("/console/console.css", console.style, methods=["GET"])
    routes.add_route("/console/{rest:path}", console.nowhere, methods=["GET", "POST"])
    return routes


class Console:
    """The pages of one hub. Store work is done off the event loop."""

    def __init__(self, hub: Hub, local_token: str | None) -> None:
        self.hub = hub
        self.settings = hub.settings
        self.secure = hub.settings.hub.tls_certificate is not None
        self._local = signing_in.LocalToken(local_token)
        self._tries = signing_in.Tries()
        self._templates = templates()

    # ── signing in and out ────────────────────────────────────────────────────────────────────────────────────────

    async def sign_in_page(self, request: Request) -> Response:
        """The form by which a person signs in."""
        return self._misdirected(request) or self._sign_in(200, "")

    async def sign_in(self, request: Request) -> Response:
        """Signs a person in by a one-time token, or says no more than that it did not work."""
        if refused := self._misdirected(request):
            return refused
        if seconds := self._tries.locked(self.hub.clock()):
            return self._sign_in(
                429,
                f"Too many wrong tries. Try again in {seconds} seconds.",
                {"retry-after": str(seconds)},
            )
        try:
            form = await _form(request)
            person = loop_hold.name_of(form.get("person", ""))
        except (_NotOurs, HubError):
            return self._sign_in(400, "Give your name: 1 to 80 printable characters.")
        custody = form.get("custody", "")
        if all(custody != organization.id for organization in self.settings.organization):
            return self._sign_in(400, "Choose the organization that you sign in for.")
        return await asyncio.to_thread(self._begin, form.get("token", ""), person, custody)

    def _begin(self, token: str, person: str, custody: str) -> Response:
        local = self._local.spend(token)
        made = secrets.token_urlsafe(32)

        def work(tx: Tx) -> bool:
            good = local or signing_in.spend(tx, token)
            if good:
                sessions.begin(tx, token=made, person=person, custody=custody, seconds=signing_in.IDLE)
            audit(
                tx,
                self.hub,
                who=person,
                action="E",
                kind="sign-in",
                entity=("console", custody),
                outcome="0" if good else "4",
                custody=custody,
            )
            return good

        if not self.hub.store.write(work):
            self._tries.wrong(self.hub.clock())
            return self._sign_in(401, "This token is not valid. It may have been used already.")
        return self._to("/console", {"set-cookie": signing_in.cookie(made, secure=self.secure)})

    def _sign_in(self, status: int, problem: str, headers: dict[str, str] | None = None) -> Response:
        return self._show(
            "sign_in.html",
            None,
            status=status,
            headers=headers,
            problem=problem,
            organizations=self.settings.organization,
        )

    def sign_out(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Ends the session."""

        def work(tx: Tx) -> None:
            sessions.end(tx, visitor.token)
            audit(
                tx,
                self.hub,
                who=visitor.person,
                action="E",
                kind="sign-out",
                entity=("console", visitor.custody),
                custody=visitor.custody,
            )

        self.hub.store.write(work)
        return self._to("/console/sign-in", {"set-cookie": signing_in.cookie("", secure=self.secure, forget=True)})

    # ── pages ─────────────────────────────────────────────────────────────────────────────────────────────────────

    def messages(self, request: Request, visitor: Visitor) -> Response:
        """What came in, newest first, with how much stands where."""
        before = _number(request.query_params.get("before", ""))

        def look(tx: Tx) -> tuple[list[Message], dict[Any, int], int, int]:
            ringing = sum(
                seeing.alarm(tx, self.settings, one, visitor.custody) for one in alarms.listed(tx, open_only=True)
            )
            return (
                messages.listed(tx, before=before, limit=PAGE + 1),
                messages.counts(tx),
                len(holds.listed(tx)),
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
        return self._show("messages.html", visitor, figures=figures, messages=found[:PAGE], older=older)

    def message(self, request: Request, visitor: Visitor) -> Response:
        """One message step by step; its content for its own custody only, and the look is audited first."""
        number = _number(request.path_params["id"])
        found = None if number is None else self.hub.store.read(lambda tx: messages.get(tx, number))
        if found is None:
            return self._problem(404, "There is no such message.", visitor)
        own = found.custody == visitor.custody
        raw, cut, content = self._content(visitor, found) if own else ("", False, [])
        steps, decisions = self.hub.store.read(
            lambda tx: (
                seeing.steps(tx, self.settings, found.id, visitor.custody, own=own),
                seeing.decided(tx, found.id, visitor.custody),
            )
        )
        return self._show(
            "message.html",
            visitor,
            message=found,
            steps=steps,
            decisions=decisions,
            own=own,
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

        return self._show("referrals.html", visitor, referrals=self.hub.store.read(look))

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
            return self._problem(404, "There is no such referral of yours to print.", visitor)
        try:
            to = self.settings.destination_of(known.destination)
        except KeyError:
            return self._problem(409, "The destination of this referral is no longer configured.", visitor)
        self._looked(visitor, "print", ("Task", task), [known.patient_id])
        outcome: Outcome | None = None
        refusal = ""
        try:
            outcome = decide_paper(self.hub, known, kept, consents, to, now=self.hub.clock(), render=paper.render)
        except HubError as error:
            refusal = error.issues[0].text
        released = outcome.release.bytes.decode() if outcome is not None and outcome.release is not None else None
        reasons = {reason for one in (outcome.withheld if outcome is not None else ()) for reason in one.because}
        return self._show(
            "print.html",
            visitor,
            referral=known,
            sender=self._name(known.organization),
            center=self._name(to.organization),
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
            own = {one.id: alarms.fallback(tx, one.id) for one in seen if one.custody == visitor.custody}
            mine = {one.id for one in seen if seeing.may_take(tx, self.settings, one, visitor.custody)}
            return seen, {key: value for key, value in own.items() if value is not None}, mine

        seen, fallbacks, mine = self.hub.store.read(look)
        return self._show("alarms.html", visitor, alarms=seen, fallbacks=fallbacks, mine=mine)

    def take_alarm(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The signed-in person takes an alarm that is theirs to take."""
        number = _number(request.path_params["id"])

        def work(tx: Tx) -> bool:
            found = None if number is None else alarms.get(tx, number)
            if found is None or not seeing.may_take(tx, self.settings, found, visitor.custody):
                return False
            loop_alarm.take(tx, self.hub, found.id, by=visitor.person)
            return True

        if not self.hub.store.write(work):
            return self._problem(404, "There is no such alarm of yours to take.", visitor)
        return self._to("/console/alarms")

    def holds(self, request: Request, visitor: Visitor) -> Response:
        """What waits for a person's decision, and what was settled of late."""

        def look(tx: Tx) -> list[Any]:
            settled = holds.listed(tx, state=None, newest_first=True, limit=100)
            return [*holds.listed(tx), *(one for one in settled if one.state != "open")]

        found = self.hub.store.read(look)
        return self._show(
            "holds.html",
            visitor,
            holds=found,
            mine={one.id for one in found if seeing.may_settle(self.settings, one, visitor.custody)},
            destinations=[(d.id, self._name(d.organization)) for d in self.settings.destination],
        )

    def settle_hold(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """Releases or rejects a hold of the visitor's custody (or, as the hub's operator, any)."""
        number = _number(request.path_params["id"])
        found = None if number is None else self.hub.store.read(lambda tx: holds.get(tx, number))
        if found is None:
            return self._problem(404, "There is no such hold.", visitor)
        if not seeing.may_settle(self.settings, found, visitor.custody):
            return self._problem(403, "This hold is for the organization whose record it is to settle.", visitor)
        given = form.get("action")
        if given not in ("release", "reject"):
            return self._problem(400, "Say whether it is released or rejected.", visitor)
        action: Literal["release", "reject"] = "release" if given == "release" else "reject"
        self.hub.store.write(
            lambda tx: loop_hold.resolve(
                tx,
                self.hub,
                found.id,
                action=action,
                by=visitor.person,
                reason_code=form.get("reason", ""),
                destination=form.get("destination") if action == "release" else None,
            )
        )
        return self._to("/console/holds")

    async def style(self, request: Request) -> Response:
        """The style sheet; anybody may have it."""
        return Response(_css(), media_type="text/css", headers=_HEADERS)

    async def nowhere(self, request: Request) -> Response:
        """Any other path."""
        return self._misdirected(request) or self._problem(404, "There is no such page.", None)

    # ── around every page ─────────────────────────────────────────────────────────────────────────────────────────

    def page(self, look: Look) -> Callable[[Request], Awaitable[Response]]:
        """A page for a signed-in person; anybody else is sent to sign in."""

        async def get(request: Request) -> Response:
            if refused := self._misdirected(request):
                return refused
            visitor = await asyncio.to_thread(self._visitor, request)
            if visitor is None:
                return self._to("/console/sign-in")
            return await asyncio.to_thread(look, request, visitor)

        return get

    def action(self, act: Act) -> Callable[[Request], Awaitable[Response]]:
        """A change by a signed-in person, through a form made for their session."""

        async def post(request: Request) -> Response:
            if refused := self._misdirected(request):
                return refused
            visitor = await asyncio.to_thread(self._visitor, request)
            if visitor is None:
                return self._to("/console/sign-in")
            try:
                form = await _form(request)
                if not signing_in.form_is_ours(visitor.token, form.get("form", "")):
                    raise _NotOurs
            except _NotOurs:
                return self._problem(403, "This form is not one of your session. Open the page again.", visitor)
            try:
                return await asyncio.to_thread(act, request, visitor, form)
            except HubError as error:
                issue = error.issues[0]
                return self._problem(400 if issue.code == "value" else 409, f"Not done: {issue.text}.", visitor)

        return post

    def _visitor(self, request: Request) -> Visitor | None:
        """Who is signed in, if anybody; their being here puts the idle lock off."""
        token = request.cookies.get(signing_in.COOKIE)
        if not token:
            return None
        now = self.hub.store.now()
        session = self.hub.store.read(lambda tx: sessions.find(tx, token))
        if session is None or now - session.created_at >= timedelta(seconds=signing_in.LONGEST):
            return None
        # not at every look: a minute more or less is not worth a commit
        if session.expires_at - now < timedelta(seconds=signing_in.IDLE - 60):
            self.hub.store.write(lambda tx: sessions.extend(tx, token, seconds=signing_in.IDLE))
        return Visitor(session=session, token=token)

    def _misdirected(self, request: Request) -> Response | None:
        """A refusal for what came by another name than ours, or from another site's page; else None.

        A name that only resolves to loopback (DNS rebinding) is another site. `Origin` is of no use here: with
        `Referrer-Policy: no-referrer` browsers send `null`.
        """
        if is_loopback(self.settings.hub.bind) and not is_loopback(_host(request)):
            return self._problem(421, "The console answers to this machine's own name only.", None)
        if request.method == "POST" and request.headers.get("sec-fetch-site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            return self._problem(403, "This request came from another site.", None)
        return None

    def _problem(self, status: int, text: str, visitor: Visitor | None) -> Response:
        return self._show("problem.html", visitor, status=status, text=text)

    def _to(self, path: str, headers: dict[str, str] | None = None) -> Response:
        return Response(status_code=303, headers=self._headers() | {"location": path} | (headers or {}))

    def _show(
        self,
        template: str,
        visitor: Visitor | None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> Response:
        html = self._templates.get_template(template).render(
            session=visitor.session if visitor is not None else None,
            organization=self._name(visitor.custody) if visitor is not None else "",
            form_token=signing_in.form_token(visitor.token) if visitor is not None else "",
            page=template.removesuffix(".html"),
            **values,
        )
        return Response(html, status, self._headers() | (headers or {}), "text/html; charset=utf-8")

    def _headers(self) -> dict[str, str]:
        return _HEADERS | ({"strict-transport-security": "max-age=31536000"} if self.secure else {})

    def _name(self, organization: str) -> str:
        return next((o.name for o in self.settings.organization if o.id == organization), organization)


async def _form(request: Request) -> Form:
    """The first value of each field. Raises _NotOurs for anything but a small urlencoded form."""
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise _NotOurs
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > FORM:
            raise _NotOurs
    try:
        fields = parse_qs(read.decode(), keep_blank_values=True, max_num_fields=20, errors="strict")
    except ValueError:
        raise _NotOurs from None
    return {name: values[0] for name, values in fields.items()}


def _host(request: Request) -> str:
    """The name that the request came by, without its port."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def _number(text: str) -> int | None:
    """A row's number, or None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@lru_cache(maxsize=1)
def _css() -> bytes:
    return files("hub.console").joinpath("static/console.css").read_bytes()
