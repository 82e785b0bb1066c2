"""Delivery by FHIR REST: a transaction Bundle with conditional creates, and the Task read back (R4, http).

A resend finds what is there (`ifNoneExist`), so a timeout may be tried again. Not every server rolls a failed
transaction back: the Task is looked up by its identifier before it is called delivered, when the answer does not
name it.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import orjson

from hub.delivery.authorization import Sender
from hub.delivery.receipt import Receipt
from hub.delivery.transport import refusal, resources
from hub.errors import DeliveryError

MEDIA_TYPE = "application/fhir+json"
_ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
TASK_IDENTIFIER = "https://warmhandoff.org/fhir/sid/task"


async def send(sender: Sender, url: str, payload: bytes, *, task_id: str, timeout: float, now: float) -> Receipt:
    """Posts one sealed transaction Bundle to the FHIR base `url` and finds the Task the server made of it.

    Raises DeliveryError: what `sender` raises; `deliver.refused`, `deliver.busy` by status;
    `deliver.not-stored` when the server says yes but has no such Task.
    """
    answer = await sender.request(
        "POST", url.rstrip("/"), content=payload, headers=_headers(body=True), timeout=timeout
    )
    if not 200 <= answer.status < 300:
        raise refusal(answer, now)
    remote = _location(answer.body, payload, task_id)
    if remote is None:
        found = await find_task(sender, url, task_id=task_id, timeout=timeout, now=now)
        remote = _id(found.get("id")) if found else None
    if remote is None:
        raise DeliveryError("deliver.not-stored", "the destination said yes but has no such Task", unknown=True)
    return Receipt(code=str(answer.status), remote_task=remote)


async def find_task(sender: Sender, url: str, *, task_id: str, timeout: float, now: float) -> dict[str, Any] | None:
    """The center's copy of our Task, by its identifier; None when it has none. Raises DeliveryError as `send`."""
    query = quote(f"{TASK_IDENTIFIER}|{task_id}", safe="")
    found = await _get(sender, f"{url.rstrip('/')}/Task?identifier={query}", timeout, now)
    return found[0] if found else None


async def read_task(
    sender: Sender, url: str, *, remote_task: str, timeout: float, now: float
) -> tuple[dict[str, Any], bytes] | None:
    """The center's Task as it stands now (polling), unchecked, and the bytes in which it came. None when it is gone.

    Raises DeliveryError as `send`.
    """
    return await _get(sender, f"{url.rstrip('/')}/Task/{quote(remote_task, safe='')}", timeout, now)


async def _get(sender: Sender, url: str, timeout: float, now: float) -> tuple[dict[str, Any], bytes] | None:
    answer = await sender.request("GET", url, headers=_headers(body=False), timeout=timeout)
    if answer.status in (404, 410):
        return None
    if not 200 <= answer.status < 300:
        raise refusal(answer, now)
    try:
        body: Any = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        raise DeliveryError("deliver.not-json", "the destination's answer is not JSON") from None
    if isinstance(body, dict) and body.get("resourceType") == "Task":
        return body, answer.body
    if isinstance(body, dict) and body.get("resourceType") == "Bundle":
        return next(((r, answer.body) for r in resources(body) if r.get("resourceType") == "Task"), None)
    return None


def _headers(*, body: bool) -> dict[str, str]:
    headers = {"accept": MEDIA_TYPE}
    if body:
        headers["content-type"] = MEDIA_TYPE
    return headers


def _location(answer: bytes, request: bytes, task_id: str) -> str | None:
    """The id in the response entry that answers our Task's (transaction-response keeps the order, R4 http)."""
    try:
        made, sent = orjson.loads(answer), orjson.loads(request)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(made, dict) or not isinstance(made.get("entry"), list):
        return None
    if len(made["entry"]) != len(sent["entry"]):
        return None
    for asked, given in zip(sent["entry"], made["entry"], strict=True):
        if asked["resource"]["resourceType"] == "Task" and asked.get("fullUrl") == f"urn:uuid:{task_id}":
            response = given.get("response") if isinstance(given, dict) else None
            location = response.get("location") if isinstance(response, dict) else None
            parts = str(location or "").split("/")
            if "Task" in parts and parts.index("Task") + 1 < len(parts):
                return _id(parts[parts.index("Task") + 1])
    return None


def _id(value: object) -> str | None:
    """An id as R4 allows it; by no other can the Task be read again."""
    return value if isinstance(value, str) and _ID.fullmatch(value) else None
