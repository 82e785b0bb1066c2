"""`medplum-server`: our transactions against an independent FHIR implementation, Medplum's router in memory.

It is not an EHR, checks nothing on write and does not roll back. What it shows: that another's server takes the
transaction, resolves what its entries say of each other, and that sending it again makes nothing twice.
"""

from __future__ import annotations

import copy
import http.client
import json
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote

from mappings.fhir.references import references, rewritten
from mappings.partner import GENERIC
from mappings.render import render
from tests.conformance.node import MEDPLUM, Node, node
from tests.conformance.outcome import Outcome, judged
from tests.conformance.outputs import MESSAGES, Json, outputs

#: What this server takes in one serializable transaction (its documentation of transaction bundles).
_STRICT_ENTRIES = 8
_LOCATION = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/.*)?\Z")


class Server:
    """The program as a child process, and one connection to it."""

    def __init__(self, engine: Node) -> None:
        self._process = subprocess.Popen(
            engine.command("server.mjs"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the server did not start")
        self._connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=30)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Json]:
        """One request: status and JSON."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request(method, path, data, {"Content-Type": "application/fhir+json"})
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read())

    def close(self) -> None:
        """Ends the program."""
        self._connection.close()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=20)
        self._process.stdout.close()


@contextmanager
def _running() -> Iterator[Server]:
    server = Server(node())
    try:
        yield server
    finally:
        server.close()


def check() -> Outcome:
    """Each transaction: accepted, read back equal, references resolved, found by search, not doubled by a resend."""
    problems: list[str] = []
    sent = resources = found = 0
    message: bytes | None = None
    with _running() as server:
        for output in outputs():
            forms = [("transaction", output.bundle)]
            forms += [(f"referral {number}", package) for number, package in enumerate(output.referrals, 1)]
            for form, bundle in forms:
                store = f"/store-{sent}"
                wrong, searched = _stored(server, store, render(bundle, GENERIC))
                if form != "transaction":
                    wrong += _updated(server, store, render(bundle, GENERIC, update=True))
                problems += [f"{output.name} {form}: {one}" for one in wrong]
                sent, resources, found = sent + 1, resources + len(bundle["entry"]), found + searched
            for package in output.referrals:
                message = message or render(package, MESSAGES)
        problems += _controls(server)
        problems += _strict(server)
        takes_messages = message is not None and server.call("POST", "/messages/$process-message", message)[0] < 300
    larger = sum(len(package["entry"]) > _STRICT_ENTRIES for output in outputs() for package in output.referrals)
    referrals = sum(len(output.referrals) for output in outputs())
    detail = (
        f"@medplum/fhir-router {MEDPLUM}, transactions feature off: {sent} transactions of {resources} resources "
        f"accepted, read back equal, references resolved, {found} found by identifier and by patient; a resend and an "
        f"update made none anew. With it on, {larger} of {referrals} referrals exceed {_STRICT_ENTRIES} entries"
    )
    facts = (
        f"Server: @medplum/fhir-router {MEDPLUM} over its in-memory repository, on loopback.",
        "It checks nothing on write and does not roll back: it is evidence of form and references, not of validity.",
        "Its transactions feature is off unless asked for: a transaction is then carried out entry by entry.",
        f"With the feature on it takes at most {_STRICT_ENTRIES} entries where one is a conditional create, and "
        f"{larger} of {referrals} referrals have more: it refuses them. What is within the limit, it accepts. A "
        "destination of this kind must have the feature off.",
        "$process-message: answered." if takes_messages else "$process-message: this server has none; not tried.",
        "Controls: without ifNoneExist a resend does double; a reference to a missing entry is noticed.",
    )
    return judged("medplum-server", detail, problems, facts)


def _strict(server: Server) -> list[str]:
    """With the transactions feature on: what is refused though it is within that feature's documented size."""
    return [
        f"{output.name}: refused with the transactions feature on"
        for number, output in enumerate(outputs())
        if len(output.bundle["entry"]) <= _STRICT_ENTRIES
        and server.call("POST", f"/strict-{number}/", render(output.bundle, GENERIC))[0] != 200
    ]


def _stored(server: Server, store: str, sent: bytes) -> tuple[list[str], int]:
    """Sends one transaction twice; what is wrong, and how many searches found exactly what they should."""
    entries: list[Json] = json.loads(sent)["entry"]
    status, answer = server.call("POST", f"{store}/", sent)
    if status != 200 or answer.get("resourceType") != "Bundle":
        return [f"the transaction was answered {status}"], 0
    places = _places(answer)
    if None in places or len(places) != len(entries):
        return ["an entry was not created"], 0
    to = {entry["fullUrl"]: str(place) for entry, place in zip(entries, places, strict=True)}
    wrong = []
    for entry, place in zip(entries, places, strict=True):
        kind = entry["resource"]["resourceType"]
        status, stored = server.call("GET", f"{store}/{place}")
        if status != 200:
            wrong.append(f"{kind} was answered {status} on reading it back")
            continue
        if _comparable(stored) != _comparable(rewritten(entry["resource"], to, frozenset())):
            wrong.append(f"{kind} came back different")
        wrong += [
            f"{kind} refers to what is not there"
            for reference in references(stored)
            if not _is_there(server, store, reference)
        ]
    searches, searched = _searched(server, store, entries, to)
    wrong += searches
    before = _count(server, store, entries)
    status, again = server.call("POST", f"{store}/", sent)
    if status != 200 or _places(again) != places:
        wrong.append("sent again, it was not answered with the same resources")
    if _count(server, store, entries) != before or before != len(set(to.values())):
        wrong.append("sent again, it made something twice")
    return wrong, searched


def _updated(server: Server, store: str, update: bytes) -> list[str]:
    """Sends the update form over what is there: it changes the same resources and makes none."""
    entries: list[Json] = json.loads(update)["entry"]
    if any("?" in entry["request"]["url"] and "id" in entry["resource"] for entry in entries):
        # A server that validates refuses it once it has given the resource an id of its own; this one does not look.
        return ["a conditional update names an id (R4 http, conditional update: 400)"]
    before = _count(server, store, entries)
    status, answer = server.call("POST", f"{store}/", update)
    if status != 200 or None in _places(answer):
        return ["the update was not taken"]
    return [] if _count(server, store, entries) == before else ["the update made something twice"]


def _is_there(server: Server, store: str, reference: str) -> bool:
    """Whether a stored reference is `Type/id` of what is there; this server answers 200 to any path."""
    if not re.fullmatch(r"[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}", reference):
        return False
    status, found = server.call("GET", f"{store}/{reference}")
    return status == 200 and f"{found.get('resourceType')}/{found.get('id')}" == reference


def _places(answer: Json) -> list[str | None]:
    """`Type/id` of each entry that a transaction's answer says was created or was there; None for another."""
    made: list[str | None] = []
    for entry in answer.get("entry", []):
        response = entry.get("response", {})
        match = _LOCATION.match(response.get("location", ""))
        fine = str(response.get("status", "")).startswith(("200", "201"))
        made.append(match[1] if match and fine else None)
    return made


def _comparable(resource: Json) -> Json:
    """A resource without what a server gives it: id, version and time of its own."""
    kept = {key: value for key, value in resource.items() if key != "id"}
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in _SERVERS_OWN}
    return {**kept, "meta": meta}


_SERVERS_OWN = {"versionId", "lastUpdated", "author", "project", "compartment"}


def _count(server: Server, store: str, entries: list[Json]) -> int:
    kinds = {entry["resource"]["resourceType"] for entry in entries}
    return sum(len(server.call("GET", f"{store}/{kind}?_count=1000")[1].get("entry", ())) for kind in kinds)


def _searched(server: Server, store: str, entries: list[Json], to: dict[str, str]) -> tuple[list[str], int]:
    """Each Task and ServiceRequest is the only one that its identifier finds, and its patient's search finds it."""
    wrong, fine = [], 0
    for entry in entries:
        resource = entry["resource"]
        kind = resource["resourceType"]
        if kind not in ("Task", "ServiceRequest"):
            continue
        queries = [f"identifier={quote(one['system'] + '|' + one['value'])}" for one in resource.get("identifier", ())]
        person = resource.get("for") or resource.get("subject")
        queries.append(f"{'patient' if kind == 'Task' else 'subject'}={quote(to[person['reference']])}")
        for query in queries:
            hits = server.call("GET", f"{store}/{kind}?{query}")[1].get("entry", [])
            ids = [f"{kind}/{hit['resource']['id']}" for hit in hits]
            exact = query.startswith("identifier")
            if ids == [to[entry["fullUrl"]]] if exact else to[entry["fullUrl"]] in ids:
                fine += 1
            else:
                wrong.append(f"{kind} was not found by its {'identifier' if exact else 'patient'}")
    return wrong, fine


def _controls(server: Server) -> list[str]:
    """This check can fail: plain creates double on resend, and a reference to nothing is noticed."""
    bundle: Json = json.loads(render(next(one for one in outputs() if one.referrals).bundle, GENERIC))
    plain = copy.deepcopy(bundle)
    for entry in plain["entry"]:
        entry["request"].pop("ifNoneExist", None)
    wrong = []
    if not any("twice" in one for one in _stored(server, "/control-plain", json.dumps(plain).encode())[0]):
        wrong.append("control: plain creates sent twice were not noticed")
    broken = copy.deepcopy(bundle)
    broken["entry"] = [entry for entry in broken["entry"] if entry["resource"]["resourceType"] != "Organization"]
    if not any("not there" in one for one in _stored(server, "/control-broken", json.dumps(broken).encode())[0]):
        wrong.append("control: a reference to a missing entry was not noticed")
    return wrong
