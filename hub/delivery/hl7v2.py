"""Delivery by HL7 v2 over MLLP: one message out, its acknowledgement back (HL7 v2.5.1, 2.9; MLLP release 1).

One message is outstanding on a connection, and its acknowledgement is the one whose MSA-2 is its MSH-10: late and
foreign ones are passed over. After any doubt the connection is closed, so that no late answer can meet a later
message; a retry sends the same bytes with the same control id. A receipt is not an acceptance: AA and CA say that
the bytes are there. An answer to the referral that a center writes on the same connection (RRI) is handed on.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from hub.delivery.receipt import Receipt
from hub.errors import DeliveryError
from mappings.errors import ReadError
from mappings.hl7v2.codec import header, parse

Mode = Literal["original", "enhanced"]

_VT = b"\x0b"
_END = b"\x1c\x0d"
#: An acknowledgement is small; an RRI is a message. Nothing larger is read.
MAX_ANSWER = 8 * 1024 * 1024
_CODES = ("AA", "AE", "AR", "CA", "CE", "CR")


@dataclass(frozen=True, kw_only=True, slots=True)
class Acknowledged(Receipt):
    """The destination has it: `code` AA or CA (MSA-1) for our `control_id` (MSH-10).

    `reply` are the bytes of the acknowledging message when it is more than an ACK (an RRI carries the center's
    decision): the caller stores and reads it. Else None.
    """

    control_id: str
    reply: bytes | None = field(default=None, repr=False)


async def send(
    address: str,
    payload: bytes,
    *,
    tls: ssl.SSLContext | None = None,
    timeout: float = 20.0,
    mode: Mode = "original",
) -> Acknowledged:
    """Sends one sealed message on a connection of its own. `address` is `mllp://host:port`, or `mllps://host:port`
    with TLS (`tls`, else the system's trust). `timeout` is for everything together, in seconds.

    In `original` mode an AA is the receipt, and a CA only says that it will come. In `enhanced` mode a CA is the
    receipt; an AA, which is more, is one too.

    Raises DeliveryError: `deliver.url`, `deliver.no-control-id` (never retried); `deliver.unreachable` (nothing was
    sent); `deliver.timeout`, `deliver.cut` (bytes may have arrived: `unknown`); `deliver.answer-too-large`;
    `deliver.application-error` (AE, CE: retried), `deliver.application-reject` (AR, CR: not).
    """
    host, port, context = _target(address, tls)
    sent = header(payload)
    control_id = sent.control_id if sent else None
    if control_id is None:
        raise DeliveryError("deliver.no-control-id", "the message has no control id", path="MSH-10", retry=False)
    written = False
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=host if context else None
            )
            try:
                written = True
                writer.write(_VT + payload + _END)
                await writer.drain()
                async with contextlib.aclosing(_frames(reader)) as frames:
                    async for answer in frames:
                        found = _acknowledged(answer, control_id, mode)
                        if found is not None:
                            return found
            finally:
                # At once: a polite goodbye could let a late answer in, and TLS's can hang on a dead peer.
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        if not written:
            raise DeliveryError("deliver.unreachable", "no connection to the destination") from None
        raise DeliveryError("deliver.timeout", "the destination did not answer in time", unknown=True) from None
    except OSError:
        if not written:
            raise DeliveryError("deliver.unreachable", "no connection to the destination") from None
        raise DeliveryError("deliver.cut", "the connection was cut", unknown=True) from None
    raise DeliveryError("deliver.cut", "the connection was closed without an acknowledgement", unknown=True)


def _target(address: str, tls: ssl.SSLContext | None) -> tuple[str, int, ssl.SSLContext | None]:
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port = None, None
    if not host or not port or parts.scheme not in ("mllp", "mllps"):
        raise DeliveryError("deliver.url", "the destination's address is not mllp://host:port", retry=False)
    # A context given for a plain address would be a wish for TLS that is not met.
    if parts.scheme == "mllp" and tls is not None:
        raise DeliveryError("deliver.url", "TLS is set for an address without it", retry=False)
    return host, port, (tls or ssl.create_default_context()) if parts.scheme == "mllps" else None


async def _frames(reader: asyncio.StreamReader) -> AsyncGenerator[bytes, None]:
    """The payloads of whole frames; a start of block inside a frame begins again, as its first part was broken off.

    Raises DeliveryError `deliver.answer-too-large`.
    """
    buffer = bytearray()
    while chunk := await reader.read(64 * 1024):
        buffer += chunk
        while (end := buffer.find(_END)) >= 0:
            start = buffer.rfind(_VT, 0, end)
            payload = bytes(buffer[start + 1 : end]) if start >= 0 else b""
            del buffer[: end + 2]
            if payload:
                yield payload
        if len(buffer) > MAX_ANSWER:
            raise DeliveryError("deliver.answer-too-large", "the answer is too large", unknown=True)


def _acknowledged(answer: bytes, control_id: str, mode: Mode) -> Acknowledged | None:
    """The receipt in a frame; None when it does not settle our message. Raises DeliveryError for AE, AR, CE, CR."""
    try:
        message = parse(answer)
    except ReadError:
        return None
    code = message.get("MSA-1")
    if message.get("MSA-2") != control_id or code not in _CODES:
        return None
    if code in ("AE", "CE"):
        raise DeliveryError("deliver.application-error", f"the destination answered {code}", path="MSA-1")
    if code in ("AR", "CR"):
        raise DeliveryError(
            "deliver.application-reject",
            f"the destination answered {code}",
            path="MSA-1",
            code="processing",
            retry=False,
        )
    if code == "CA" and mode == "original":
        return None
    more = message.get("MSH-9.1") != "ACK"
    return Acknowledged(code=code, control_id=control_id, reply=answer if more else None)
