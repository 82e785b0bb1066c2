"""HTTP out: the only module that knows httpx, so that another client is a change of one file.

A request is one attempt. What went wrong comes back as a DeliveryError that says whether trying again can help and
whether bytes may have arrived. httpx logs whole URLs at INFO; its logger is raised to WARNING here.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC
from email.utils import parsedate_to_datetime
from types import TracebackType
from typing import Any, Self

import anyio
import httpx
import orjson

from hub.errors import DeliveryError

logging.getLogger("httpx").setLevel(logging.WARNING)
logging.getLogger("httpcore").setLevel(logging.WARNING)

#: A synchronous answer is a receipt; nothing larger than this is read of it.
MAX_ANSWER = 8 * 1024 * 1024


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a server said: status, headers (lower case), body bytes."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """One pooled HTTP client. `verify` may be an SSLContext that carries a client certificate (mutual TLS)."""

    def __init__(self, client: httpx.AsyncClient | None = None, *, verify: ssl.SSLContext | bool = True) -> None:
        self._client = client or httpx.AsyncClient(verify=verify, follow_redirects=False, trust_env=False)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def close(self) -> None:
        """Ends all connections."""
        await self._client.aclose()

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,
    ) -> Answer:
        """One request, one answer of any status.

        `timeout` is for everything together, in seconds. Raises DeliveryError: `deliver.url`, `deliver.unreachable`
        and `deliver.certificate` (nothing was sent), `deliver.timeout` and `deliver.cut` (bytes may have arrived:
        `unknown`), `deliver.answer-too-large`.
        """
        try:
            # httpx bounds each read; a server that trickles would keep a lane beyond its lease.
            async with (
                asyncio.timeout(timeout),
                self._client.stream(
                    method,
                    url,
                    content=content,
                    headers=dict(headers or {}),
                    # half of it to connect, so that "never connected" is told from "did not answer"
                    timeout=httpx.Timeout(timeout, connect=timeout / 2),
                ) as response,
            ):
                body = bytearray()
                async for chunk in response.aiter_bytes():
                    body += chunk
                    if len(body) > MAX_ANSWER:
                        raise DeliveryError("deliver.answer-too-large", "the answer is too large", unknown=True)
                return Answer(status=response.status_code, headers=dict(response.headers), body=bytes(body))
        except (httpx.InvalidURL, httpx.UnsupportedProtocol):
            raise DeliveryError("deliver.url", "the destination's URL is not usable", retry=False) from None
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout) as error:
            if _not_believed(error):
                raise DeliveryError(
                    "deliver.certificate", "the destination's certificate is not believed, or has expired"
                ) from None
            raise DeliveryError("deliver.unreachable", "no connection to the destination") from None
        except (httpx.TimeoutException, TimeoutError):
            raise DeliveryError("deliver.timeout", "the destination did not answer in time", unknown=True) from None
        except (httpx.TransportError, httpx.StreamError):
            raise DeliveryError("deliver.cut", "the connection was cut", unknown=True) from None


async def warm() -> None:
    """Loads what a first request would load: it takes the event loop's thread half a second, and nobody waits yet."""
    await anyio.sleep(0)


def _not_believed(error: BaseException | None) -> bool:
    """Whether a connection ended over the other side's certificate."""
    while error is not None:
        if isinstance(error, ssl.SSLCertVerificationError):
            return True
        error = error.__cause__ or error.__context__
    return False


def resources(bundle: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The resources of a Bundle that a server sent; whatever in it is none is passed over."""
    entries = bundle.get("entry")
    found = [e.get("resource") for e in (entries if isinstance(entries, list) else ()) if isinstance(e, dict)]
    return [resource for resource in found if isinstance(resource, dict)]


def refusal(answer: Answer, now: float) -> DeliveryError:
    """What an HTTP status that is not 2xx means for the delivery.

    408, 425, 429 and 5xx may pass (Retry-After is honoured), as may a 409, 412 or 423 of which the server's
    OperationOutcome says that it is for now; every other 3xx and 4xx will not by itself. A 5xx other than 501 and 503
    leaves open whether the bytes were stored. The outcome's issue codes are said, never its words.
    """
    status = answer.status
    said = issue_codes(answer.body)
    retry = status in (408, 425, 429) or (status >= 500 and status != 501)
    retry = retry or (status in (409, 412, 423) and bool(said) and set(said) <= _FOR_NOW)
    return DeliveryError(
        "deliver.refused" if not retry else "deliver.busy",
        f"the destination answered {' '.join((str(status), *said))}",
        code="transient" if retry else "processing",
        retry=retry,
        after=_retry_after(answer.headers.get("retry-after"), now),
        unknown=status >= 500 and status not in (501, 503),
        # a 500 may be of this message alone
        down=status in (408, 425, 429, 502, 503, 504),
    )


#: OperationOutcome.issue.code (R4 issue-type) of what may pass by itself.
_FOR_NOW = frozenset(("transient", "lock-error", "no-store", "exception", "timeout", "incomplete", "throttled"))
_ISSUE_TYPES = _FOR_NOW | frozenset(
    (
        *("invalid", "structure", "required", "value", "invariant", "security", "login", "unknown", "expired"),
        *(
            "forbidden",
            "suppressed",
            "processing",
            "not-supported",
            "conflict",
            "duplicate",
            "multiple-matches",
            "not-found",
        ),
        *("deleted", "too-long", "code-invalid", "extension", "too-costly", "business-rule", "informational"),
    )
)


def issue_codes(body: bytes) -> tuple[str, ...]:
    """The codes of an OperationOutcome's errors (R4 issue-type), each once; nothing of any other body."""
    try:
        outcome = orjson.loads(body)
    except orjson.JSONDecodeError:
        return ()
    issues = outcome.get("issue") if isinstance(outcome, dict) else None
    if not isinstance(issues, list) or outcome.get("resourceType") != "OperationOutcome":
        return ()
    errors = [one for one in issues if isinstance(one, dict) and one.get("severity") in ("fatal", "error")]
    return tuple(
        dict.fromkeys(code for one in errors if isinstance(code := one.get("code"), str) and code in _ISSUE_TYPES)
    )


def _retry_after(value: str | None, now: float) -> float | None:
    """Retry-After (RFC 9110, 10.2.3) in seconds from `now` (epoch seconds); None when absent or unreadable."""
    if not value:
        return None
    if value.isascii() and value.isdigit():
        return float(value[:9])
    try:
        at = parsedate_to_datetime(value)
    except ValueError:
        return None
    # An HTTP date is in GMT; the parser leaves a zone of -0000 off.
    return max(0.0, (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() - now)
