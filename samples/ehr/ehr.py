"""A sample EHR of one mental health center: takes referrals by FHIR and HL7 v2, and answers them.

Shares no code with the hub. Standard library only. Start: `python ehr.py --name NAME --dir DIR`.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import hashlib
import hmac
import json
import secrets
import signal
import sys
from collections.abc import Iterator
from datetime import UTC, tzinfo
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, quote, urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import fhir
import message
import mllp
import page
import v2
import web
from answers import answerers
from desk import Desk, check_behaviour
from fhir import Refused
from outbox import Outbox
from store import Store, pretty
from web import Request, Response, as_json


class Ehr:
    """Joins the ways in, the desk and the ways out."""

    def __init__(self, options: argparse.Namespace, behaviour: dict[str, Any], zone: tzinfo) -> None:
        self.name: str = options.name
        self._token: str | None = options.token
        # a browser's session; made anew at each start
        self._session = secrets.token_urlsafe(24)
        self._zone = zone
        self._faults: dict[str, Any] = behaviour.get("faults", {})
        self.store = Store(options.dir)
        self.repository = fhir.Repository(self.store)
        self.desk = Desk(self.store, behaviour, zone)
        self.outbox = Outbox(
            self.store,
            hub=options.hub,
            hub_mllp=options.hub_mllp,
            hub_token=options.hub_token,
            on_sent=lambda entry: self.desk.sent(entry["referral"], entry["id"]),
        )
        self.base = ""
        self.desk.answerers = answerers(
            name=self.name,
            endpoint=lambda: f"{self.base}/$process-message",
            repository=self.repository,
            outbox=self.outbox,
            push=(options.answer_rest or behaviour.get("answer", "poll")) == "push" and bool(options.hub),
        )
        self._http = web.Server(self.handle)
        self._mllp = mllp.Server(self.take_v2)

    async def start(self, http: int, mllp_port: int | None) -> dict[str, Any]:
        """Listen, go on with what was left, and say where."""
        port = await self._http.start(http)
        self.base = f"http://127.0.0.1:{port}/fhir"
        bound = None if mllp_port is None else await self._mllp.start(mllp_port)
        self.outbox.start()
        self.desk.start()
        return {"name": self.name, "http": port, "mllp": bound}

    async def stop(self) -> None:
        """Finish what is in progress and close the folder."""
        await self._mllp.stop()
        await self._http.stop()
        await self.desk.stop()
        await self.outbox.stop()
        self.store.close()

    # ---- HTTP

    async def handle(self, request: Request) -> Response:
        """Every HTTP request."""
        try:
            return await self._route(request)
        except Refused as refused:
            return as_json(refused.outcome, refused.status, fhir=True)
        except Exception as fault:  # noqa: BLE001 - the connection must get an answer, the log no payload
            self.store.log(f"request failed: {type(fault).__name__}")
            return as_json(Refused(500, "exception", "an error here; send it again").outcome, 500, fhir=True)

    async def _route(self, request: Request) -> Response:
        host = request.headers.get("host", "")
        if urlsplit(f"//{host}").hostname not in ("127.0.0.1", "localhost", "::1"):
            raise Refused(421, "security", "this server answers to loopback names only")
        if request.path == "/health":
            return as_json({"status": "ok", "referrals": len(self.desk.referrals)})
        if request.path == "/sign-in" and request.method == "POST":
            return self._sign_in(request)
        if not self._allowed(request):
            if request.wants_html:
                return page.sign_in(self.name, wrong=False)
            refused = Refused(401, "login", "a Bearer token is needed")
            return as_json(refused.outcome, 401, fhir=True, WWW_Authenticate="Bearer")
        match request.method, request.path.strip("/").split("/"):
            case "GET" | "HEAD", [""]:
                return page.desk(self.name, self._list(), self._zone)
            case "GET" | "HEAD", ["desk"]:
                return as_json(self._list())
            case "POST", ["desk", number, do]:
                return self._decide(request, number, do)
            case "GET" | "HEAD", ["fhir", "metadata"]:
                return as_json(fhir.capability(self.name, self.store.now()), fhir=True)
            case "GET" | "HEAD", ["fhir", kind]:
                return as_json(fhir.search(self.repository, kind, request.query, self.base), fhir=True)
            case "GET" | "HEAD", ["fhir", kind, ident]:
                return _resource(self.repository.read(kind, ident))
            case "PUT", ["fhir", kind, ident]:
                return self._put(request, kind, ident)
            case "POST", ["fhir"] | ["fhir", "$process-message"]:
                if (status := self._fault_status()) is not None:
                    raise Refused(status, "transient", "a fault that the behaviour file asks for")
                take = self._take_transaction if request.path.strip("/") == "fhir" else self._take_message
                response = take(request.body)
                await asyncio.sleep(self._faults.get("delay", 0))
                return response
        raise Refused(404, "not-found", "no such page or interaction")

    def _allowed(self, request: Request) -> bool:
        if self._token is None:
            return True
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() == "bearer" and hmac.compare_digest(token.encode(), self._token.encode()):
            return True
        cookie = request.headers.get("cookie", "")
        return any(
            hmac.compare_digest(part.strip().encode(), f"desk={self._session}".encode()) for part in cookie.split(";")
        )

    def _sign_in(self, request: Request) -> Response:
        token = _form(request).get("token", "")
        if self._token is None or not hmac.compare_digest(token.encode(), self._token.encode()):
            return page.sign_in(self.name, wrong=True)
        cookie = f"desk={self._session}; HttpOnly; SameSite=Strict; Path=/"
        return Response(status=303, headers={"Location": "/", "Set-Cookie": cookie})

    def _list(self) -> list[dict[str, Any]]:
        return [
            {**referral, "waiting": self.outbox.waiting(number)}
            for number, referral in sorted(self.desk.referrals.items())
        ]

    def _decide(self, request: Request, number: str, do: str) -> Response:
        origin = request.headers.get("origin")
        if origin is not None and urlsplit(origin).netloc != request.headers["host"]:
            raise Refused(403, "forbidden", "the form comes from another site")
        form = _form(request)
        ident = int(number) if number.isdecimal() else 0
        referral = self.desk.decide(ident, do, by="desk", reason=form.get("reason", ""), when=form.get("when", ""))
        if request.wants_html:
            return Response(status=303, headers={"Location": "/"})
        return as_json({**referral, "waiting": self.outbox.waiting(ident)})

    def _fault_status(self) -> int | None:
        if "http_status" not in self._faults:
            return None
        if self.store.stats.get("faults", 0) >= self._faults.get("times", 1):
            return None
        self.store.count("faults")
        return int(self._faults["http_status"])

    # ---- the ways in

    def _take_message(self, body: bytes) -> Response:
        bundle = fhir.load(body)
        with _fhir_shape():
            header, found = message.read(bundle)
        place = f"{bundle['id']}.json"
        stored = self.store.read(f"messages/{place}")
        if stored is not None:
            if stored != body:
                self.store.count("conflicts")
                raise Refused(409, "duplicate", "another message has this Bundle.id", "Bundle.id")
            self.store.count("resends")
            answer = self.store.read(f"receipts/{place}") or b""
        else:
            endpoint = f"{self.base}/$process-message"
            answer = pretty(message.receipt(header, name=self.name, endpoint=endpoint, at=self.store.now()))
            files: dict[str, bytes | None] = {f"messages/{place}": body, f"receipts/{place}": answer}
            if found:
                self.desk.take("message", bundle["id"], found, files)
            else:
                self.desk.revoked(message.revoked(bundle), bundle["id"], files)
        return Response(body=answer, media_type="application/fhir+json")

    def _take_transaction(self, body: bytes) -> Response:
        bundle = fhir.load(body)
        stage = self.repository.stage()
        with _fhir_shape():
            answer, changed = fhir.transaction(stage, bundle, self.desk.merge_task)
        if changed:
            self._absorb(stage, str(bundle.get("id", answer["id"])))
        else:
            self.store.count("resends")
        return as_json(answer, fhir=True)

    def _put(self, request: Request, kind: str, ident: str) -> Response:
        resource = fhir.load(request.body)
        if resource["resourceType"] != kind or resource.get("id") != ident or not fhir.ID.fullmatch(ident):
            raise Refused(400, "invalid", "the resource's type or id is not that of the address")
        current = self.repository.resources.get((kind, ident))
        if (expected := request.headers.get("if-match")) is not None:
            version = current["meta"]["versionId"] if current else None
            if expected != f'W/"{version}"':
                raise Refused(412, "conflict", "If-Match is not the current version")
        stage = self.repository.stage()
        with _fhir_shape():
            outcome, stored = stage.put(self.desk.merge_task(current, resource) if current else resource)
        if outcome != "same":
            self._absorb(stage, f"{kind}/{ident}")
        return _resource(stored, 201 if outcome == "created" else 200)

    def _absorb(self, stage: fhir.Stage, source: str) -> None:
        """Commit a stage, with the referrals that its Tasks and ServiceRequests are."""

        def follow(reference: Any) -> fhir.Resource | None:
            text = reference.get("reference", "") if isinstance(reference, dict) else ""
            kind, _, ident = text.removeprefix(f"{self.base}/").partition("/")
            return stage.get(kind, ident)

        with _fhir_shape():
            found = fhir.referrals(stage.changed.values(), follow)
            for facts in found:
                reference = facts["hub_ref"]
                local = [f"task:Task/{reference['task']['id']}"] if reference["task"]["id"] else []
                if ident := reference["service_request"]["id"]:
                    local.append(f"order:ServiceRequest/{ident}")
                facts["keys"] = [*local, *facts["keys"]]
        self.desk.take("transaction", source, found, stage.files())
        self.repository.keep(stage)

    async def take_v2(self, raw: bytes) -> bytes | None:
        """One MLLP frame: store, then acknowledge."""
        try:
            answer = self._take_referral(raw)
        except v2.Malformed as malformed:
            digest = hashlib.sha256(raw).hexdigest()[:16]
            self.store.commit({f"quarantine/{digest}.hl7": raw})
            self.store.count("malformed")
            code = v2.wanted_acknowledgement(malformed.message, taken=False)
            answer = self._acknowledge(malformed.message, code, malformed.code)
        except OSError:
            return None  # nothing is on the disk, so nothing may be acknowledged
        await asyncio.sleep(self._faults.get("delay", 0))
        if self.store.stats.get("dropped_acks", 0) < self._faults.get("drop_ack", 0):
            self.store.count("dropped_acks")
            return None
        return answer or None

    def _take_referral(self, raw: bytes) -> bytes:
        referral = v2.parse_referral(raw)
        control_id = referral.value("MSH", 10)
        place = _file_name(control_id) + ".hl7"
        stored = self.store.read(f"messages/{place}")
        if stored == raw:
            self.store.count("resends")
            return self.store.read(f"receipts/{place}") or b""
        if stored is not None:
            self.store.count("conflicts")
            raise v2.Malformed("205", "another message has this MSH-10", referral)
        answer = self._acknowledge(referral, v2.wanted_acknowledgement(referral, taken=True))
        files: dict[str, bytes | None] = {f"messages/{place}": raw, f"receipts/{place}": answer}
        self.desk.take("v2", control_id, v2.referrals(referral), files)
        return answer

    def _acknowledge(self, received: v2.Message | None, code: str | None, error: str = "") -> bytes:
        if code is None:
            return b""
        control_id = secrets.token_hex(8)
        at = self.store.now()
        return v2.acknowledgement(received, code, name=self.name, at=at, control_id=control_id, error=error)


@contextlib.contextmanager
def _fhir_shape() -> Iterator[None]:
    """An object where FHIR has a list, and the like, is the sender's error, not ours."""
    try:
        yield
    except (AttributeError, TypeError, KeyError, IndexError, ValueError):
        raise Refused(400, "structure", "an element does not have the shape that FHIR gives it") from None


def _resource(resource: fhir.Resource, status: int = 200) -> Response:
    return as_json(resource, status, fhir=True, ETag=f'W/"{resource["meta"]["versionId"]}"')


def _form(request: Request) -> dict[str, str]:
    body = request.body.decode("utf-8", "replace")
    return {name: values[0] for name, values in parse_qs(body).items()}


def _file_name(control_id: str) -> str:
    name = quote(control_id, safe="")
    return name if len(name) <= 120 else hashlib.sha256(control_id.encode()).hexdigest()


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    return host or "127.0.0.1", int(port)


def _options(arguments: list[str] | None) -> tuple[argparse.Namespace, dict[str, Any], tzinfo]:
    parser = argparse.ArgumentParser(prog="ehr.py", description="A sample EHR of one mental health center.")
    parser.add_argument("--name", required=True, help="the center's name, also its MSH-3")
    parser.add_argument("--dir", required=True, type=Path, help="where everything is kept")
    parser.add_argument("--http", type=int, default=0, metavar="PORT", help="0 (default): a free one")
    parser.add_argument("--mllp", type=int, metavar="PORT", help="0: a free one; absent: no MLLP")
    parser.add_argument("--hub", metavar="URL", help="where answers to FHIR referrals go")
    parser.add_argument("--hub-mllp", type=_address, metavar="HOST:PORT", help="where answers by v2 go")
    parser.add_argument("--token", help="Bearer token that every HTTP client must show")
    parser.add_argument("--hub-token", metavar="TOKEN", help="Bearer token shown to the hub")
    parser.add_argument("--answer-rest", choices=("poll", "push"), help="default: the behaviour's, or poll")
    parser.add_argument("--zone", default="UTC", help="IANA zone of the desk (default UTC)")
    parser.add_argument("--behaviour", type=Path, metavar="FILE", help="rules and faults, JSON")
    parser.add_argument("--ready-file", type=Path, metavar="FILE", help="the ready line goes here too")
    options = parser.parse_args(arguments)
    behaviour: dict[str, Any] = {}
    try:
        if options.behaviour:
            behaviour = check_behaviour(json.loads(options.behaviour.read_bytes()))
        zone = UTC if options.zone == "UTC" else ZoneInfo(options.zone)
    except (OSError, ValueError, TypeError, AttributeError, ZoneInfoNotFoundError) as wrong:
        parser.error(str(wrong))
    return options, behaviour, zone


async def run(options: argparse.Namespace, behaviour: dict[str, Any], zone: tzinfo) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        try:
            loop.add_signal_handler(number, stopping.set)
        except NotImplementedError:  # Windows
            signal.signal(number, lambda *_: loop.call_soon_threadsafe(stopping.set))
    ehr = Ehr(options, behaviour, zone)
    ready = json.dumps(await ehr.start(options.http, options.mllp))
    if options.ready_file:
        part = options.ready_file.with_name(options.ready_file.name + ".part")
        part.write_text(ready + "\n", encoding="utf-8")
        part.replace(options.ready_file)
    print(ready, flush=True)
    await stopping.wait()
    await ehr.stop()


def main(arguments: list[str] | None = None) -> int:
    """Exit 0 after a signal, 1 when it cannot start, 2 on wrong usage."""
    options, behaviour, zone = _options(arguments)
    try:
        asyncio.run(partial(run, options, behaviour, zone)())
    except OSError as trouble:
        print(f"ehr.py: {type(trouble).__name__}: {trouble.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
