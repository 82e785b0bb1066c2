"""Delivery by FHIR message: `POST [base]/$process-message` with a message Bundle (R4, messaging).

The synchronous answer is a receipt. Its response message says only whether the message was processed
(`MessageHeader.response.code` ok, transient-error, fatal-error); the center's decision comes later by itself.
"""

from __future__ import annotations

from typing import Any

import orjson

from hub.delivery.authorization import Sender
from hub.delivery.receipt import Receipt
from hub.delivery.transport import Answer, refusal, resources
from hub.errors import DeliveryError

MEDIA_TYPE = "application/fhir+json"


async def send(sender: Sender, url: str, payload: bytes, *, timeout: float, now: float) -> Receipt:
    """Posts one sealed message Bundle. `url` is the FHIR base. The same bytes again have the same Bundle.id, by
    which a receiver knows a resend.

    Raises DeliveryError: what `sender` raises; `deliver.refused`, `deliver.busy` by status; and by the response
    message `deliver.transient-error` (retried) or `deliver.fatal-error` (not).
    """
    headers = {"content-type": MEDIA_TYPE, "accept": MEDIA_TYPE}
    answer = await sender.request(
        "POST", f"{url.rstrip('/')}/$process-message", content=payload, headers=headers, timeout=timeout
    )
    if not 200 <= answer.status < 300:
        raise refusal(answer, now)
    _raise_for_response(answer)
    return Receipt(code=str(answer.status))


def _raise_for_response(answer: Answer) -> None:
    """MessageHeader.response.code (R4 response-code) of a response message; anything else is a plain receipt."""
    try:
        body: Any = orjson.loads(answer.body) if answer.body.strip() else None
    except orjson.JSONDecodeError:
        return
    if not isinstance(body, dict) or body.get("resourceType") != "Bundle":
        return
    for resource in resources(body):
        if resource.get("resourceType") == "MessageHeader":
            response = resource.get("response")
            code = response.get("code") if isinstance(response, dict) else None
            if code == "transient-error":
                raise DeliveryError("deliver.transient-error", "the destination could not process it yet")
            if code == "fatal-error":
                raise DeliveryError("deliver.fatal-error", "the destination will not process it", retry=False)
            return
