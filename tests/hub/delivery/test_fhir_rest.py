"""Delivery by FHIR REST: the Task the server made, named in the answer or read back, or not there."""

from __future__ import annotations

from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.delivery import fhir_rest
from hub.delivery.receipt import Receipt
from hub.delivery.transport import Transport
from hub.errors import DeliveryError

BASE = "http://center.example/fhir"
TASK = "6aa2017c-d757-8873-af0f-35bcda30e73b"
FIND = f"{BASE}/Task?identifier=https%3A%2F%2Fwarmhandoff.org%2Ffhir%2Fsid%2Ftask%7C{TASK}"
NOW = 1795296600.0

SEALED = orjson.dumps(
    {
        "resourceType": "Bundle",
        "type": "transaction",
        "entry": [
            {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "p"}},
            {"fullUrl": f"urn:uuid:{TASK}", "resource": {"resourceType": "Task", "id": TASK}},
        ],
    }
)


def made(*locations: object) -> dict[str, Any]:
    return {
        "resourceType": "Bundle",
        "type": "transaction-response",
        "entry": [{"response": {"status": "201", "location": location}} for location in locations],
    }


async def send(transport: Transport) -> Receipt:
    return await fhir_rest.send(transport, BASE + "/", SEALED, task_id=TASK, timeout=2, now=NOW)


async def refused(transport: Transport) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await send(transport)
    assert "center.example" not in str(raised.value)
    assert TASK not in str(raised.value)
    return raised.value


@pytest.mark.parametrize(
    "location",
    ["Task/77", "Task/77/_history/1", f"{BASE}/Task/77/_history/1", "/Task/77"],
)
async def test_the_answer_names_the_task(transport: Transport, httpx_mock: HTTPXMock, location: str) -> None:
    httpx_mock.add_response(method="POST", url=BASE, json=made("Patient/5", location))
    assert await send(transport) == Receipt(code="200", remote_task="77")
    (request,) = httpx_mock.get_requests()
    assert request.content == SEALED


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"<html/>",
        b"5",
        b'{"resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","entry":7}',
        orjson.dumps(made("Task/1")),  # fewer entries than were sent
        orjson.dumps(made("Patient/5", None)),
        orjson.dumps(made("Patient/5", "Task")),
        orjson.dumps(made("Patient/5", "Task/")),
        orjson.dumps(made("Task/5", {"a": 1})),
        b'{"entry":[5,{"response":[]}]}',
        b'{"entry":[{},{}]}',
    ],
)
async def test_an_answer_that_does_not_name_it_is_read_back(
    transport: Transport, httpx_mock: HTTPXMock, answer: bytes
) -> None:
    httpx_mock.add_response(method="POST", url=BASE, content=answer)
    found = {"resourceType": "Bundle", "entry": [5, {"resource": {"resourceType": "Task", "id": "88"}}]}
    httpx_mock.add_response(method="GET", url=FIND, json=found)
    assert (await send(transport)).remote_task == "88"
    assert "content-type" not in httpx_mock.get_requests()[1].headers


@pytest.mark.parametrize(
    "found",
    [
        {"resourceType": "Bundle", "total": 0},
        {"resourceType": "Bundle", "entry": 5},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task"}}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task", "id": 5}}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task", "id": "x" * 65}}]},
        {"resourceType": "Bundle", "entry": [{"resource": {"resourceType": "Task", "id": "a b"}}]},
        {"resourceType": "OperationOutcome"},
        [],
    ],
)
async def test_a_yes_without_a_task_is_not_stored(transport: Transport, httpx_mock: HTTPXMock, found: object) -> None:
    httpx_mock.add_response(method="POST", url=BASE, content=b"")
    httpx_mock.add_response(method="GET", url=FIND, json=found)
    error = await refused(transport)
    assert (error.rule, error.unknown, error.retry) == ("deliver.not-stored", True, True)


@pytest.mark.parametrize(
    ("status", "rule"), [(404, "deliver.not-stored"), (500, "deliver.busy"), (403, "deliver.refused")]
)
async def test_reading_back_fails(transport: Transport, httpx_mock: HTTPXMock, status: int, rule: str) -> None:
    httpx_mock.add_response(method="POST", url=BASE, content=b"")
    httpx_mock.add_response(method="GET", url=FIND, status_code=status)
    assert (await refused(transport)).rule == rule


async def test_reading_back_is_not_json(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=BASE, content=b"")
    httpx_mock.add_response(method="GET", url=FIND, content=b"<html/>")
    assert (await refused(transport)).rule == "deliver.not-json"


async def test_a_refused_transaction_is_not_read_back(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=BASE, status_code=412)
    error = await refused(transport)
    assert (error.rule, error.retry) == ("deliver.refused", False)
    assert len(httpx_mock.get_requests()) == 1


async def test_a_timeout_of_the_transaction(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("x"))
    assert (await refused(transport)).unknown


async def read(transport: Transport, remote: str = "77") -> tuple[dict[str, Any], bytes] | None:
    return await fhir_rest.read_task(transport, BASE, remote_task=remote, timeout=2, now=NOW)


async def test_polling_reads_the_task(transport: Transport, httpx_mock: HTTPXMock) -> None:
    raw = b'{"status": "accepted", "resourceType": "Task"}'
    httpx_mock.add_response(method="GET", url=f"{BASE}/Task/77", content=raw)
    assert await read(transport) == ({"resourceType": "Task", "status": "accepted"}, raw)
    assert "authorization" not in httpx_mock.get_requests()[0].headers


@pytest.mark.parametrize("status", [404, 410])
async def test_a_task_that_is_gone(transport: Transport, httpx_mock: HTTPXMock, status: int) -> None:
    httpx_mock.add_response(method="GET", url=f"{BASE}/Task/77", status_code=status)
    assert await read(transport) is None


async def test_an_id_cannot_change_the_path(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="GET", url=f"{BASE}/Task/..%2FPatient%2F1%3Fa", status_code=404)
    assert await read(transport, "../Patient/1?a") is None
