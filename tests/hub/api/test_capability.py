"""What the hub promises over FHIR is what it does: each promised interaction works, each FHIR route is promised."""

from __future__ import annotations

import json
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import httpx2
import pytest
from pytest_httpx import HTTPXMock
from starlette.applications import Starlette
from starlette.routing import Route

from hub.api import answers, capability, deciding, health, labelling, outcomes
from hub.delivery import fhir_message, fhir_rest
from hub.delivery.transport import Transport
from hub.ingest import http
from mappings.partner import GENERIC
from mappings.render import render
from profiles import CANONICAL, load
from profiles.check import check
from profiles.issue import stops
from tests.conformance.outputs import MESSAGES, outputs

World = Any
TASK = f"{CANONICAL}/sid/task"
HEADERS = {"authorization": "Bearer token-of-lakeshore-answers"}
STRUCTURE = f"{CANONICAL}/StructureDefinition/"


def routes(hub: Any) -> list[Route]:
    return [
        route
        for module in (http, answers, outcomes, labelling, deciding, health, capability)
        for route in module.routes(hub)
    ]


def client(world: World) -> httpx2.AsyncClient:
    transport = httpx2.ASGITransport(app=Starlette(routes=routes(world.hub)))
    return httpx2.AsyncClient(transport=transport, base_url="https://hub.test:8443")


async def served(world: World) -> dict[str, Any]:
    async with client(world) as hub:
        answer = await hub.get("/fhir/metadata")
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    said: dict[str, Any] = answer.json()
    return said


async def test_it_is_the_published_statement_of_this_installation(world: World) -> None:
    said = await served(world)
    assert not stops(check(said))
    assert said["kind"] == "instance"
    assert said["instantiates"] == [f"{CANONICAL}/CapabilityStatement/hub-server"]
    assert said["implementation"]["url"] == "https://hub.test:8443/fhir"
    assert said["messaging"][0]["endpoint"][0]["address"] == "https://hub.test:8443/answers/message"
    published = load(f"{CANONICAL}/CapabilityStatement/hub-server")
    for key in ("rest", "fhirVersion", "format", "software", "version"):
        assert said[key] == published[key]
    assert "token" not in json.dumps({k: v for k, v in said.items() if k != "rest"})


def promised(said: dict[str, Any]) -> set[str]:
    """The routes that a statement promises, as the application names them; a KeyError for an interaction unheard of."""
    paths = {"update": "PUT /fhir/{}/{{{}}}"}
    (rest,) = said["rest"]
    assert "interaction" not in rest
    found = {"GET /fhir/metadata"} | {f"POST /fhir/${operation['name']}" for operation in rest["operation"]}
    for resource in rest["resource"]:
        for interaction in resource["interaction"]:
            found.add(paths[interaction["code"]].format(resource["type"], resource["type"].lower()))
    return found


async def test_every_fhir_route_is_promised_and_no_other(world: World) -> None:
    there = {
        f"{method} {route.path}"
        for route in routes(SimpleNamespace(settings=world.hub.settings))
        for method in (route.methods or ())
        if route.path.startswith("/fhir") and method != "HEAD"
    }
    assert there == promised(await served(world))


async def test_a_task_can_be_updated(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    task = {"resourceType": "Task", "id": "their-1", "status": "accepted", "intent": "order"}
    async with client(world) as hub:
        answer = await hub.put(f"/fhir/Task/{referral.task_id}", content=json.dumps(task), headers=HEADERS)
        assert (answer.status_code, answer.content) == (200, b"")  # a client would take a body for the Task
        told = await hub.put(
            f"/fhir/Task/{referral.task_id}",
            content=json.dumps(task),
            headers={**HEADERS, "prefer": "respond-async, return=OperationOutcome"},
        )
        assert (told.status_code, told.json()["resourceType"]) == (200, "OperationOutcome")
        # what is not promised is not there: no read, no create by update
        assert (await hub.get(f"/fhir/Task/{referral.task_id}", headers=HEADERS)).status_code == 405
        nobody = "00000000-0000-8000-8000-000000000000"
        assert (await hub.put(f"/fhir/Task/{nobody}", content=json.dumps(task), headers=HEADERS)).status_code == 404
    assert world.referral(referral.task_id).status == "accepted"


async def test_the_promised_message_is_received_where_the_statement_says(world: World, httpx_mock: HTTPXMock) -> None:
    referral = await world.delivered(httpx_mock)
    said = await served(world)
    (messaging,) = said["messaging"]
    (supported,) = messaging["supportedMessage"]
    assert supported["mode"] == "receiver"
    event = load(supported["definition"])["eventCoding"]
    header = {"resourceType": "MessageHeader", "eventCoding": event, "source": {"endpoint": "https://ehr.example.org"}}
    task = {
        "resourceType": "Task",
        "identifier": [{"system": TASK, "value": referral.task_id}],
        "status": "accepted",
        "intent": "order",
    }
    message = {
        "resourceType": "Bundle",
        "id": "m",
        "type": "message",
        "entry": [{"resource": header}, {"resource": task}],
    }
    async with client(world) as hub:
        address = messaging["endpoint"][0]["address"]
        answer = await hub.post(address, content=json.dumps(message), headers=HEADERS)
    assert answer.status_code == 200
    assert world.referral(referral.task_id).status == "accepted"


# ── the hub as a client ───────────────────────────────────────────────────────────────────────────────────────────


def as_client() -> dict[str, Any]:
    (rest,) = load(f"{CANONICAL}/CapabilityStatement/hub-client")["rest"]
    found: dict[str, Any] = rest
    return found


def entries() -> Iterator[tuple[dict[str, Any], bool]]:
    """Each entry of each transaction that goes to a center, first and later versions: (entry, whether later)."""
    for output in outputs():
        for referral in output.referrals:
            for update in (False, True):
                for entry in json.loads(render(referral, GENERIC, update=update))["entry"]:
                    yield entry, update


def test_the_transaction_is_as_the_client_statement_says() -> None:
    told = {resource["type"]: resource for resource in as_client()["resource"]}
    sent: dict[str, set[str]] = {}
    for entry, _ in entries():
        kind, request = entry["resource"]["resourceType"], entry["request"]
        known = told[kind]
        if request["method"] == "POST":
            assert known["conditionalCreate"] and "ifNoneExist" in request
        else:
            conditional = "?" in request["url"]
            assert known.get("conditionalUpdate", False) == conditional
            assert conditional or known["updateCreate"]
        sent.setdefault(kind, set()).add({"POST": "create", "PUT": "update"}[request["method"]])
        claims = {url for url in entry["resource"].get("meta", {}).get("profile", ()) if url.startswith(STRUCTURE)}
        assert claims <= set(known["supportedProfile"]), (kind, claims)
    by_itself = {"read", "search-type"}  # of the Task only, beside the transaction
    assert {kind: {i["code"] for i in told[kind]["interaction"]} - by_itself for kind in told} == sent


async def test_what_is_asked_of_a_server_is_in_the_client_statement(httpx_mock: HTTPXMock) -> None:
    base, task = "http://127.0.0.1:8103/fhir", "3f0a4f0e-53ab-4d8c-9d0c-5d0f2b6f7a10"
    httpx_mock.add_response(json={"resourceType": "Bundle", "type": "transaction-response"}, method="POST", url=base)
    found = {"resourceType": "Task", "id": "t-1"}
    httpx_mock.add_response(
        json={"resourceType": "Bundle", "type": "searchset", "entry": [{"resource": found}]}, method="GET"
    )
    httpx_mock.add_response(json=found, method="GET", url=f"{base}/Task/t-1")
    httpx_mock.add_response(method="POST", url=f"{base}/$process-message")
    transport = Transport()
    try:
        given: dict[str, Any] = {"timeout": 5.0, "now": 0.0}
        sent = await fhir_rest.send(transport, base, b'{"entry": []}', task_id=task, **given)
        assert sent.remote_task == "t-1"
        assert await fhir_rest.read_task(transport, base, remote_task="t-1", **given)
        await fhir_message.send(transport, base, b"{}", **given)
    finally:
        await transport.close()
    said = as_client()
    told = next(resource for resource in said["resource"] if resource["type"] == "Task")
    did = set()
    for request in httpx_mock.get_requests():
        path = request.url.path.removeprefix("/fhir")
        if (request.method, path) == ("POST", ""):
            did.add("transaction")
        elif request.method == "POST":
            did.add(path.removeprefix("/"))
        else:
            did.add("search-type" if path == "/Task" else "read")
            parameters = {one["name"] for one in told["searchParam"]}
            assert set(request.url.params) <= parameters
    assert did == {
        *(one["code"] for one in said["interaction"]),
        *(f"${one['name']}" for one in said["operation"]),
        *({one["code"] for one in told["interaction"]} - {"create"}),
    }


@pytest.mark.parametrize("name", ["referral-submit", "referral-update"])
def test_the_message_definitions_are_what_is_sent(name: str) -> None:
    definition = load(f"{CANONICAL}/MessageDefinition/{name}")
    for output in outputs():
        for referral in output.referrals:
            message = json.loads(render(referral, MESSAGES, update=name == "referral-update"))
            header = message["entry"][0]["resource"]
            assert header["eventCoding"] == definition["eventCoding"]
            kinds = {entry["fullUrl"]: entry["resource"]["resourceType"] for entry in message["entry"]}
            focus = [kinds[one["reference"]] for one in header["focus"]]
            for each in definition["focus"]:
                assert each["min"] <= focus.count(each["code"]) <= int(each["max"])
            assert set(focus) <= {each["code"] for each in definition["focus"]}
