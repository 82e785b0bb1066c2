"""Delivery by FHIR message: a receipt by status, and what a response message adds to it."""

from __future__ import annotations

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock

from hub.delivery import fhir_message
from hub.delivery.transport import Transport
from hub.errors import DeliveryError

BASE = "http://center.example/fhir"
URL = f"{BASE}/$process-message"
NOW = 1795296600.0


def response(code: object) -> bytes:
    header = {"resourceType": "MessageHeader", "response": {"identifier": "1", "code": code}}
    return orjson.dumps({"resourceType": "Bundle", "type": "message", "entry": [{"resource": header}]})


async def send(transport: Transport, base: str = BASE) -> str:
    receipt = await fhir_message.send(transport, base, b'{"sealed":1}', timeout=2, now=NOW)
    assert receipt.remote_task is None
    return receipt.code


async def refused(transport: Transport) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await send(transport)
    assert "center.example" not in str(raised.value)
    return raised.value


async def test_sealed_bytes_go_as_they_are(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=URL, status_code=200)
    assert await send(transport, BASE + "/") == "200"
    (request,) = httpx_mock.get_requests()
    assert request.content == b'{"sealed":1}'
    assert request.headers["content-type"] == "application/fhir+json"


@pytest.mark.parametrize(
    "body",
    [
        response("ok"),
        b"",
        b"  \n",
        b"<html>thank you</html>",
        b"\xff\xfe",
        b"5",
        b"null",
        b'{"resourceType":"OperationOutcome"}',
        b'{"resourceType":"Bundle"}',
        b'{"resourceType":"Bundle","entry":5}',
        b'{"resourceType":"Bundle","entry":[5,{"resource":7},{"resource":{"resourceType":"Task"}}]}',
        b'{"resourceType":"Bundle","entry":[{"resource":{"resourceType":"MessageHeader","response":"fatal-error"}}]}',
        response(["fatal-error"]),
    ],
)
async def test_a_2xx_is_a_receipt_whatever_is_in_it(transport: Transport, httpx_mock: HTTPXMock, body: bytes) -> None:
    httpx_mock.add_response(method="POST", url=URL, content=body)
    assert await send(transport) == "200"


async def test_transient_error_is_tried_again(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=URL, content=response("transient-error"))
    error = await refused(transport)
    assert (error.rule, error.retry) == ("deliver.transient-error", True)


async def test_fatal_error_is_not(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=URL, content=response("fatal-error"))
    error = await refused(transport)
    assert (error.rule, error.retry) == ("deliver.fatal-error", False)


async def test_retry_after_reaches_the_delivery(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=URL, status_code=429, headers={"retry-after": "7"})
    error = await refused(transport)
    assert (error.rule, error.after, error.retry) == ("deliver.busy", 7.0, True)


async def test_400_is_for_good(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(method="POST", url=URL, status_code=400, content=response("transient-error"))
    error = await refused(transport)
    assert (error.rule, error.retry) == ("deliver.refused", False)


async def test_timeout_may_have_arrived(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ReadTimeout("x"))
    error = await refused(transport)
    assert (error.rule, error.unknown) == ("deliver.timeout", True)


async def test_no_connection_has_not(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_exception(httpx.ConnectError("x"))
    error = await refused(transport)
    assert (error.rule, error.unknown) == ("deliver.unreachable", False)
