"""HTTP out: what each way of failing means for the delivery, and that nothing of URL or token is in an error or log."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest
from pytest_httpx import HTTPXMock, IteratorStream

from hub.delivery import transport as module
from hub.delivery.transport import Answer, Transport, refusal, resources
from hub.errors import DeliveryError

URL = "http://center.example/fhir/secret-path?code=secret-query"
TOKEN = "secret-token"

#: 2026-11-21T21:30:00Z
NOW = 1795296600.0


async def ask(transport: Transport, url: str = URL, timeout: float = 5.0) -> Answer:
    headers = {"authorization": f"Bearer {TOKEN}"}
    return await transport.request("POST", url, content=b"sealed", headers=headers, timeout=timeout)


async def failed(transport: Transport, url: str = URL, timeout: float = 5.0) -> DeliveryError:
    with pytest.raises(DeliveryError) as raised:
        await ask(transport, url, timeout)
    error = raised.value
    said = f"{error!s}{error!r}{error.issues}"
    assert "secret" not in said
    assert "center.example" not in said
    # `raise ... from None`: a logged traceback must not show the client's own error, which holds the URL
    assert error.__suppress_context__ or error.__context__ is None
    return error


async def test_an_answer_of_any_status_is_an_answer(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, status_code=418, headers={"X-One": "1"}, content=b"body")
    answer = await ask(transport)
    assert (answer.status, answer.body) == (418, b"body")
    assert answer.headers["x-one"] == "1"
    (request,) = httpx_mock.get_requests()
    assert request.content == b"sealed"


async def test_a_redirect_is_not_followed(transport: Transport, httpx_mock: HTTPXMock) -> None:
    httpx_mock.add_response(url=URL, status_code=307, headers={"location": "http://other.example/"})
    assert (await ask(transport)).status == 307
    assert len(httpx_mock.get_requests()) == 1


@pytest.mark.parametrize(
    ("raised", "rule", "unknown", "retry"),
    [
        (httpx.ConnectError("secret"), "deliver.unreachable", False, True),
        (httpx.ConnectTimeout("secret"), "deliver.unreachable", False, True),
        (httpx.PoolTimeout("secret"), "deliver.unreachable", False, True),
        (httpx.ReadTimeout("secret"), "deliver.timeout", True, True),
        (httpx.WriteTimeout("secret"), "deliver.timeout", True, True),
        (httpx.ReadError("secret"), "deliver.cut", True, True),
        (httpx.WriteError("secret"), "deliver.cut", True, True),
        (httpx.RemoteProtocolError("secret"), "deliver.cut", True, True),
        (httpx.UnsupportedProtocol("secret"), "deliver.url", False, False),
        (httpx.InvalidURL("secret"), "deliver.url", False, False),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, Exception) else None,
)
async def test_failures(
    transport: Transport, httpx_mock: HTTPXMock, raised: Exception, rule: str, unknown: bool, retry: bool
) -> None:
    httpx_mock.add_exception(raised)
    error = await failed(transport)
    assert (error.rule, error.unknown, error.retry) == (rule, unknown, retry)


@pytest.mark.parametrize("url", ["ftp://center.example/secret", "no scheme secret", "http://center.example:bad/secret"])
async def test_a_url_that_cannot_be_used_is_no_disclosure(transport: Transport, url: str) -> None:
    error = await failed(transport, url)
    assert (error.rule, error.unknown, error.retry) == ("deliver.url", False, False)


async def test_an_answer_cut_off_in_its_body(transport: Transport, httpx_mock: HTTPXMock) -> None:
    class Cut(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b'{"resource'
            raise httpx.ReadError("secret")

    httpx_mock.add_response(url=URL, stream=Cut())
    error = await failed(transport)
    assert (error.rule, error.unknown) == ("deliver.cut", True)


async def test_an_answer_over_the_limit(
    transport: Transport, httpx_mock: HTTPXMock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "MAX_ANSWER", 100)
    httpx_mock.add_response(url=URL, stream=IteratorStream([b"x" * 60, b"x" * 41]))
    error = await failed(transport)
    assert (error.rule, error.unknown) == ("deliver.answer-too-large", True)


async def test_a_server_that_trickles_is_bounded_as_a_whole(transport: Transport, httpx_mock: HTTPXMock) -> None:
    class Endless(httpx.AsyncByteStream):
        async def __aiter__(self) -> AsyncIterator[bytes]:
            yield b"{"
            await asyncio.Event().wait()

    httpx_mock.add_response(url=URL, stream=Endless())
    error = await failed(transport, timeout=0.02)
    assert (error.rule, error.unknown) == ("deliver.timeout", True)


async def test_nothing_of_a_request_is_logged(
    transport: Transport, httpx_mock: HTTPXMock, caplog: pytest.LogCaptureFixture
) -> None:
    httpx_mock.add_response(url=URL, content=b"secret-body")
    httpx_mock.add_exception(httpx.ReadTimeout("secret"))
    with caplog.at_level(logging.INFO):
        await ask(transport)
        await failed(transport)
    assert "secret" not in caplog.text


@pytest.mark.parametrize(
    ("status", "rule", "retry", "unknown"),
    [
        (301, "deliver.refused", False, False),
        (400, "deliver.refused", False, False),
        (401, "deliver.refused", False, False),
        (404, "deliver.refused", False, False),
        (409, "deliver.refused", False, False),
        (422, "deliver.refused", False, False),
        (408, "deliver.busy", True, False),
        (425, "deliver.busy", True, False),
        (429, "deliver.busy", True, False),
        (500, "deliver.busy", True, True),
        (501, "deliver.refused", False, False),
        (502, "deliver.busy", True, True),
        (503, "deliver.busy", True, False),
        (504, "deliver.busy", True, True),
    ],
)
def test_what_a_status_means(status: int, rule: str, retry: bool, unknown: bool) -> None:
    error = refusal(Answer(status=status, headers={}, body=b"secret"), NOW)
    assert (error.rule, error.retry, error.unknown, error.after) == (rule, retry, unknown, None)
    assert "secret" not in str(error)


@pytest.mark.parametrize(
    ("header", "after"),
    [
        ("120", 120.0),
        ("0", 0.0),
        ("Sat, 21 Nov 2026 21:31:00 GMT", 60.0),
        ("Sat, 21 Nov 2026 21:31:00 -0000", 60.0),
        ("Sat, 21 Nov 2026 21:29:00 GMT", 0.0),
        ("soon", None),
        ("²", None),
        ("", None),
    ],
)
def test_retry_after(header: str, after: float | None) -> None:
    assert refusal(Answer(status=429, headers={"retry-after": header}, body=b""), NOW).after == after


@pytest.mark.parametrize(
    "bundle",
    [{}, {"entry": None}, {"entry": 5}, {"entry": [5, None, {}, {"resource": 5}]}, {"entry": {"resource": {}}}],
)
def test_junk_has_no_resources(bundle: dict[str, Any]) -> None:
    assert resources(bundle) == []


def outcome(*codes: object, severity: str = "error") -> bytes:
    issues = [{"severity": severity, "code": code, "diagnostics": "what she said"} for code in codes]
    return orjson.dumps({"resourceType": "OperationOutcome", "issue": issues})


@pytest.mark.parametrize(
    ("status", "body", "retry", "says"),
    [
        (409, outcome("lock-error"), True, "409 lock-error"),
        (412, outcome("transient", "throttled"), True, "412 transient throttled"),
        (423, outcome("incomplete"), True, "423 incomplete"),
        (409, outcome("conflict"), False, "409 conflict"),
        (412, outcome("multiple-matches"), False, "412 multiple-matches"),
        (409, outcome("lock-error", "invalid"), False, "409 lock-error invalid"),
        (409, outcome("lock-error", severity="warning"), False, "409"),
        (422, outcome("transient"), False, "422 transient"),  # what is not valid now will not be later
        (400, outcome("invalid", "invalid"), False, "400 invalid"),
        (400, outcome("what she said", 7, ["x"], None), False, "400"),
        (409, b"", False, "409"),
        (409, b'{"issue": 3, "resourceType": "OperationOutcome"}', False, "409"),
        (409, b'[{"code": "transient"}]', False, "409"),
        (503, outcome("not-supported"), True, "503 not-supported"),
    ],
)
def test_what_a_server_s_outcome_adds(status: int, body: bytes, retry: bool, says: str) -> None:
    error = refusal(Answer(status=status, headers={}, body=body), NOW)
    assert error.retry is retry
    assert str(error).endswith(f"the destination answered {says}")
