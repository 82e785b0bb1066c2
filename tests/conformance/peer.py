"""What another's FHIR server makes of our transactions: accepted, read back equal, resolved, found, not doubled.

The checks are the same for each server. A server is a child process on loopback; a store in it is a base path that
holds nothing yet.
"""

from __future__ import annotations

import copy
import http.client
import json
import re
import subprocess
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

from mappings.fhir.references import references, rewritten
from mappings.partner import GENERIC
from mappings.render import render
from tests.conformance.outputs import Json, outputs

#: The first write that is validated compiles every definition.
_SECONDS = 300
#: `source` is of the server that first stored it (R4 Meta); nothing of ours has one.
_SERVERS_OWN = {"versionId", "lastUpdated", "source", "author", "project", "compartment"}
_LOCATION = re.compile(r"(?:.*/)?([A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64})(?:/_history/.*)?\Z")


class Server:
    """A server as a child process that prints its port and ends with its standard input; one connection to it."""

    def __init__(self, command: list[str]) -> None:
        self._process = subprocess.Popen(
            command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self._process.stdout is not None
        port = self._process.stdout.readline().strip()
        if not port:
            raise RuntimeError("the server did not start")
        self._connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=_SECONDS)

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Json]:
        """One request: status and JSON."""
        data = None if body is None else body if isinstance(body, bytes) else json.dumps(body).encode()
        self._connection.request(method, path, data, {"Content-Type": "application/fhir+json"})
        answer = self._connection.getresponse()
        return answer.status, json.loads(answer.read() or b"{}")

    def close(self) -> None:
        """Ends the program."""
        self._connection.close()
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.close()
        self._process.wait(timeout=60)
        self._process.stdout.close()


def stored(server: Server, store: str, sent: bytes) -> tuple[list[str], int]:
    """Sends one transaction twice; what is wrong, and how many searches found exactly what they should."""
    entries: list[Json] = json.loads(sent)["entry"]
    status, answer = server.call("POST", f"{store}/", sent)
    if status != 200 or answer.get("resourceType") != "Bundle":
        return [f"the transaction was answered {status}{why(answer)}"], 0
    places = _places(answer)
    if None in places or len(places) != len(entries):
        return ["an entry was not created"], 0
    to = {entry["fullUrl"]: str(place) for entry, place in zip(entries, places, strict=True)}
    wrong = []
    for entry, place in zip(entries, places, strict=True):
        kind = entry["resource"]["resourceType"]
        status, held = server.call("GET", f"{store}/{place}")
        if status != 200:
            wrong.append(f"{kind} was answered {status} on reading it back")
            continue
        there, ours = _comparable(held), _comparable(rewritten(entry["resource"], to, frozenset()))
        if there != ours:
            named = sorted(key for key in {*there, *ours} if there.get(key) != ours.get(key))
            wrong.append(f"{kind} came back different in {', '.join(named)}")
        wrong += [
            f"{kind} refers to what is not there"
            for reference in references(held)
            if not _is_there(server, store, reference)
        ]
    searches, found = _searched(server, store, entries, to)
    wrong += searches
    before = count(server, store, entries)
    status, again = server.call("POST", f"{store}/", sent)
    if status != 200 or _places(again) != places:
        wrong.append("sent again, it was not answered with the same resources")
    if count(server, store, entries) != before or before != len(set(to.values())):
        wrong.append("sent again, it made something twice")
    return wrong, found


def updated(server: Server, store: str, update: bytes) -> list[str]:
    """Sends the update form over what is there: it changes the same resources and makes none."""
    entries: list[Json] = json.loads(update)["entry"]
    if any("?" in entry["request"]["url"] and "id" in entry["resource"] for entry in entries):
        # A server that validates refuses it once it has given the resource an id of its own; this one does not look.
        return ["a conditional update names an id (R4 http, conditional update: 400)"]
    before = count(server, store, entries)
    status, answer = server.call("POST", f"{store}/", update)
    if status != 200 or None in _places(answer):
        return [f"the update was not taken{why(answer)}"]
    return [] if count(server, store, entries) == before else ["the update made something twice"]


def why(answer: Json) -> str:
    """The first error of an OperationOutcome, to be said after a status."""
    said = [one.get("diagnostics", "") for one in answer.get("issue", ()) if one["severity"] in ("error", "fatal")]
    return f": {said[0]}" if said else ""


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
    """A resource without what a server gives it: id, version and time of its own. Claims and labels have no order."""
    kept = {key: value for key, value in resource.items() if key != "id"}
    meta = {key: value for key, value in resource.get("meta", {}).items() if key not in _SERVERS_OWN}
    for key in ("profile", "security"):
        if key in meta:
            meta[key] = sorted(meta[key], key=json.dumps)
    return {**kept, "meta": meta}


def count(server: Server, store: str, entries: list[Json]) -> int:
    """How many resources of the entries' types the store holds."""
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


def controls(server: Server, empty: Callable[[], str]) -> list[str]:
    """This check can fail: plain creates double on resend, and a reference to nothing is noticed, here or there.

    `empty` gives a store with nothing in it.
    """
    bundle: Json = json.loads(render(next(one for one in outputs() if one.referrals).bundle, GENERIC))
    plain = copy.deepcopy(bundle)
    for entry in plain["entry"]:
        entry["request"].pop("ifNoneExist", None)
    wrong = []
    if not any("twice" in one for one in stored(server, empty(), json.dumps(plain).encode())[0]):
        wrong.append("control: plain creates sent twice were not noticed")
    broken = copy.deepcopy(bundle)
    broken["entry"] = [entry for entry in broken["entry"] if entry["resource"]["resourceType"] != "Organization"]
    found = stored(server, empty(), json.dumps(broken).encode())[0]
    if not any("not there" in one or "answered 4" in one for one in found):
        wrong.append("control: a reference to a missing entry was not noticed")
    return wrong
