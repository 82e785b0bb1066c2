"""The door of the console: who comes in, how long they stay, and what surrounds every page.

Every answer has the same headers, every page knows its visitor, and every change comes by a form that was made for
the visitor's session.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs, urlsplit

from starlette.requests import Request
from starlette.responses import Response

from hub import drbg
from hub.console import signing_in, upload
from hub.console.filters import templates
from hub.errors import HubError
from hub.identity import role
from hub.identity.role import Permission
from hub.loop import hold as loop_hold
from hub.loop import signing_in as loop_signing_in
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.records import HoldKind, Session
from hub.settings import is_loopback
from hub.store import accounts, sessions
from hub.store.tx import Tx
from mappings.errors import WarmHandoffError

#: Largest form, in bytes.
FORM = 16 * 1024

_POLICY = "default-src 'none'; style-src 'self'; form-action 'self'; frame-ancestors 'none'; base-uri 'none'"

#: Of a page on which somebody draws their signature: a script of our own, and nothing else.
WITH_SCRIPT = {"content-security-policy": _POLICY + "; script-src 'self'"}

_HEADERS = {
    "content-security-policy": _POLICY,
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
    roles: tuple[str, ...]

    @property
    def person(self) -> str:
        """The name that the audit has."""
        return self.session.person

    @property
    def custody(self) -> str:
        """The organization whose content is theirs."""
        return self.session.custody

    def may(self, permission: Permission) -> bool:
        """Whether one of their roles in this organization opens it."""
        return role.may(self.roles, permission)

    def may_settle(self, kind: HoldKind) -> bool:
        """Whether one of their roles in this organization settles such a hold."""
        return role.may_settle(self.roles, kind)


Form = dict[str, str]
Look = Callable[[Request, Visitor], Response]
Act = Callable[[Request, Visitor, Form], Response]


class _NotOurs(Exception):
    """A form that this session was not given, or one too large or of another kind."""


class Door:
    """Signing in and out, and the rules around every page of one hub's console."""

    def __init__(self, hub: Hub, local_token: str | None) -> None:
        self.hub = hub
        self.settings = hub.settings
        self.secure = hub.settings.hub.tls_certificate is not None
        self._local = signing_in.LocalToken(local_token)
        #: A one-time token is for who has the machine itself; from elsewhere people come with an account.
        self.tokens = is_loopback(hub.settings.hub.bind)
        self._tries = signing_in.Tries()
        self._templates = templates()

    # ── signing in and out ────────────────────────────────────────────────────────────────────────────────────────

    async def sign_in_page(self, request: Request) -> Response:
        """The form by which a person signs in."""
        return self._misdirected(request) or self._sign_in(200, "")

    async def sign_in(self, request: Request) -> Response:
        """Signs a person in by an account, or a one-time token, or says no more than that it did not work."""
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
        return await asyncio.to_thread(self._begin, form, person, custody)

    def _begin(self, form: Form, person: str, custody: str) -> Response:
        token = form.get("token", "") if self.tokens else ""
        known = (
            loop_signing_in.sign_in(self.hub, person, form["passphrase"], form.get("code", ""), custody)
            if form.get("passphrase")
            else None
        )
        local = known is None and self._local.spend(token)
        made = drbg.token()

        def work(tx: Tx) -> bool:
            good = known is not None or local or signing_in.spend(tx, token)
            if good:
                account = None if known is None else known.id
                sessions.begin(tx, token=made, person=person, custody=custody, seconds=signing_in.IDLE, account=account)
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
            return self._sign_in(401, "That did not let you in. An account is locked after five wrong tries.")
        return self.to("/console", {"set-cookie": signing_in.cookie(made, secure=self.secure)})

    def _sign_in(self, status: int, problem: str, headers: dict[str, str] | None = None) -> Response:
        return self.show(
            "sign_in.html",
            None,
            status=status,
            headers=headers,
            problem=problem,
            organizations=self.settings.organization,
            tokens=self.tokens,
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
        return self.to("/console/sign-in", {"set-cookie": signing_in.cookie("", secure=self.secure, forget=True)})

    async def style(self, request: Request) -> Response:
        """The style sheet; anybody may have it."""
        return Response(_static("console.css"), media_type="text/css", headers=_HEADERS)

    async def script(self, request: Request) -> Response:
        """The script of the page on which somebody signs, the only one that has any; anybody may have it."""
        return Response(_static("sign.js"), media_type="text/javascript", headers=_HEADERS)

    async def nowhere(self, request: Request) -> Response:
        """Any other path."""
        return self._misdirected(request) or self.problem(404, "There is no such page.", None)

    # ── around every page ─────────────────────────────────────────────────────────────────────────────────────────

    def page(self, look: Look, needs: Permission = "lists") -> Callable[[Request], Awaitable[Response]]:
        """A page for a signed-in person with a role that opens it; who is not signed in is sent to sign in."""

        async def get(request: Request) -> Response:
            if refused := self._misdirected(request):
                return refused
            visitor = await asyncio.to_thread(self._visitor, request)
            if visitor is None:
                return self.to("/console/sign-in")
            if not visitor.may(needs):
                return await asyncio.to_thread(self.not_theirs, visitor, needs)
            return await asyncio.to_thread(look, request, visitor)

        return get

    def action(
        self, act: Act, needs: Permission | None = "lists", *, limit: int = FORM, fields: int = 20
    ) -> Callable[[Request], Awaitable[Response]]:
        """A change by a signed-in person with a role that opens it, through a form made for their session: `limit`
        bytes, `fields` at most.

        With a file (`hub.console.upload`), the file's bytes are in the form as they came, each byte a character of
        Latin-1.
        """

        async def post(request: Request) -> Response:
            if refused := self._misdirected(request):
                return refused
            visitor = await asyncio.to_thread(self._visitor, request)
            if visitor is None:
                return self.to("/console/sign-in")
            if needs is not None and not visitor.may(needs):
                return await asyncio.to_thread(self.not_theirs, visitor, needs)
            try:
                form = await _form(request, limit, fields)
                if not signing_in.form_is_ours(visitor.token, form.get("form", "")):
                    raise _NotOurs
            except _NotOurs:
                return self.problem(403, "This form is not one of your session. Open the page again.", visitor)
            try:
                return await asyncio.to_thread(act, request, visitor, form)
            except WarmHandoffError as error:
                issue = error.issues[0]
                return self.problem(400 if issue.code == "value" else 409, f"Not done: {issue.text}.", visitor)

        return post

    def not_theirs(self, visitor: Visitor, needs: str) -> Response:
        """A refusal to somebody whose roles do not open what they asked for; the audit has it."""
        self.hub.store.write(
            lambda tx: audit(
                tx,
                self.hub,
                who=visitor.person,
                action="E",
                kind="console.refused",
                entity=("console", visitor.custody),
                outcome="4",
                custody=visitor.custody,
                detail=(needs,),
            )
        )
        return self.problem(403, "Your role does not open this. Who runs the hub gives roles.", visitor)

    def _visitor(self, request: Request) -> Visitor | None:
        """Who is signed in, if anybody, with their roles of this moment; their being here puts the idle lock off.

        The session of an account that was locked or removed is at an end. Who came by a one-time token has the machine,
        and every role.
        """
        token = request.cookies.get(signing_in.COOKIE)
        if not token:
            return None
        now = self.hub.store.now()

        def look(tx: Tx) -> tuple[Session | None, tuple[str, ...]]:
            found = sessions.find(tx, token)
            if found is None or found.account is None:
                return found, role.ROLES
            account = accounts.get(tx, found.account)
            if account is None or account.locked_at is not None:
                return None, ()
            return found, account.roles.get(found.custody, ())

        session, roles = self.hub.store.read(look)
        if session is None or now - session.created_at >= timedelta(seconds=signing_in.LONGEST):
            return None
        # not at every look: a minute more or less is not worth a commit
        if session.expires_at - now < timedelta(seconds=signing_in.IDLE - 60):
            self.hub.store.write(lambda tx: sessions.extend(tx, token, seconds=signing_in.IDLE))
        return Visitor(session=session, token=token, roles=roles)

    def _misdirected(self, request: Request) -> Response | None:
        """A refusal for what came by another name than ours, or from another site's page; else None.

        A name that only resolves to loopback (DNS rebinding) is another site. `Origin` is of no use here: with
        `Referrer-Policy: no-referrer` browsers send `null`.
        """
        if is_loopback(self.settings.hub.bind) and not is_loopback(_host(request)):
            return self.problem(421, "The console answers to this machine's own name only.", None)
        if request.method == "POST" and request.headers.get("sec-fetch-site", "same-origin") not in (
            "same-origin",
            "none",
        ):
            return self.problem(403, "This request came from another site.", None)
        return None

    def problem(self, status: int, text: str, visitor: Visitor | None) -> Response:
        """A page that says what is wrong."""
        return self.show("problem.html", visitor, status=status, text=text)

    def to(self, path: str, headers: dict[str, str] | None = None) -> Response:
        """Sends the browser on to another page."""
        return Response(status_code=303, headers=self._headers() | {"location": path} | (headers or {}))

    def data(self, content: bytes, media_type: str, headers: dict[str, str]) -> Response:
        """Kept content itself, under the headers of every answer. What is no page of text is handed out as a file."""
        charset = "; charset=utf-8" if media_type.startswith("text/") else ""
        kind = "inline" if media_type.startswith(("text/", "image/")) else "attachment"
        return Response(content, 200, self._headers() | headers | {"content-disposition": kind}, media_type + charset)

    def show(
        self,
        template: str,
        visitor: Visitor | None,
        *,
        status: int = 200,
        headers: dict[str, str] | None = None,
        **values: Any,
    ) -> Response:
        """A template as a page, with what every page needs."""
        html = self._templates.get_template(template).render(
            session=visitor.session if visitor is not None else None,
            may=visitor.may if visitor is not None else None,
            organization=self.name(visitor.custody) if visitor is not None else "",
            form_token=signing_in.form_token(visitor.token) if visitor is not None else "",
            page=template.removesuffix(".html"),
            **values,
        )
        return Response(html, status, self._headers() | (headers or {}), "text/html; charset=utf-8")

    def _headers(self) -> dict[str, str]:
        return _HEADERS | ({"strict-transport-security": "max-age=31536000"} if self.secure else {})

    def name(self, organization: str) -> str:
        """An organization's name, or its id when it is no longer configured."""
        return next((o.name for o in self.settings.organization if o.id == organization), organization)


async def _form(request: Request, limit: int = FORM, most: int = 20) -> Form:
    """The first value of each field. Raises _NotOurs for anything but a form of that size at most."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip()
    if kind not in ("application/x-www-form-urlencoded", "multipart/form-data"):
        raise _NotOurs
    read = bytearray()
    async for chunk in request.stream():
        read += chunk
        if len(read) > limit:
            raise _NotOurs
    try:
        if kind == "multipart/form-data":
            return await upload.fields(request.headers, bytes(read), most)
        fields = parse_qs(read.decode(), keep_blank_values=True, max_num_fields=most, errors="strict")
    except ValueError:
        raise _NotOurs from None
    return {name: values[0] for name, values in fields.items()}


def _host(request: Request) -> str:
    """The name that the request came by, without its port."""
    try:
        return urlsplit(f"//{request.headers.get('host', '')}").hostname or ""
    except ValueError:
        return ""


def number(text: str) -> int | None:
    """A row's number, or None for what cannot be one."""
    return int(text) if text.isascii() and text.isdigit() and len(text) <= 18 else None


@lru_cache(maxsize=4)
def _static(name: str) -> bytes:
    return files("hub.console").joinpath("static", name).read_bytes()
