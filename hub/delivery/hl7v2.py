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
from collections.abc import AsyncGenerator, AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field
from typing import Literal
from urllib.parse import urlsplit

from hub.delivery.receipt import Receipt
from hub.errors import DeliveryError
from hub.tls import Why, peer_of, why
from mappings.errors import ReadError
from mappings.hl7v2.codec import header, parse
from mappings.hl7v2.framing import Broken, Frames, frame

Mode = Literal["original", "enhanced"]

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
    subjects: Collection[str] = (),
    timeout: float = 20.0,
    mode: Mode = "original",
) -> Acknowledged:
    """Sends one sealed message on a connection of its own. `address` is `mllp://host:port`, or `mllps://host:port`
    with TLS (`tls`, else the system's trust). With `subjects` the partner's certificate must have one of them, before
    anything is sent. `timeout` is for everything together, in seconds.

    In `original` mode an AA is the receipt, and a CA only says that it will come. In `enhanced` mode a CA is the
    receipt; an AA, which is more, is one too.

    Raises DeliveryError: `deliver.url`, `deliver.no-control-id` (never retried); `deliver.unreachable`,
    `deliver.certificate`, `deliver.tls` (nothing was sent); `deliver.timeout`, `deliver.cut` (bytes may have arrived:
    `unknown`); `deliver.answer-too-large`; `deliver.application-error` (AE, CE: retried), `deliver.application-reject`
    (AR, CR: not).
    """
    sent = header(payload)
    control_id = sent.control_id if sent else None
    if control_id is None:
        raise DeliveryError("deliver.no-control-id", "the message has no control id", path="MSH-10", retry=False)
    async with _connected(address, tls, subjects, timeout) as (reader, writer):
        writer.write(frame(payload))
        await writer.drain()
        async with contextlib.aclosing(_frames(reader)) as frames:
            async for answer in frames:
                found = receipt_of(answer, control_id, mode)
                if found is not None:
                    return found
    raise DeliveryError("deliver.cut", "the connection was closed without an acknowledgement", unknown=True)


@contextlib.asynccontextmanager
async def _connected(
    address: str, tls: ssl.SSLContext | None, subjects: Collection[str], timeout: float
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection to write to. What fails before the body runs has sent nothing; in the body, bytes may have arrived.

    Raises DeliveryError as `send` does.
    """
    host, port, context = _target(address, tls)
    written = False
    try:
        async with asyncio.timeout(timeout):
            reader, writer = await asyncio.open_connection(
                host, port, ssl=context, server_hostname=host if context else None
            )
            try:
                if subjects:
                    _known(writer, subjects)
                written = True
                yield reader, writer
            finally:
                # At once: a polite goodbye could let a late answer in, and TLS's can hang on a dead peer.
                writer.transport.abort()
                with contextlib.suppress(OSError):
                    await writer.wait_closed()
    except TimeoutError:
        if not written:
            raise DeliveryError("deliver.unreachable", "no connection to the destination") from None
        raise DeliveryError("deliver.timeout", "the destination did not answer in time", unknown=True) from None
    except OSError as error:
        # Under TLS 1.3 a server refuses our certificate only after the handshake: then nothing of it was read.
        refused = why(error) if isinstance(error, ssl.SSLError) else None
        if refused is not None and (not written or refused != "other"):
            raise DeliveryError(*_TLS[refused, written]) from None
        if not written:
            raise DeliveryError("deliver.unreachable", "no connection to the destination") from None
        raise DeliveryError("deliver.cut", "the connection was cut", unknown=True) from None


async def tell(
    address: str,
    payload: bytes,
    *,
    tls: ssl.SSLContext | None = None,
    subjects: Collection[str] = (),
    timeout: float = 20.0,
) -> None:
    """Sends one message that is not acknowledged: an application's acknowledgement whose MSH-15 is NE.

    Done when the other end has closed, or has been sent all and stays silent. Raises DeliveryError as `send` does.
    """
    async with _connected(address, tls, subjects, timeout) as (reader, writer):
        writer.write(frame(payload))
        await writer.drain()
        if writer.can_write_eof():
            writer.write_eof()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_SILENT):
                    while await reader.read(64 * 1024):
                        pass


#: Seconds in which a partner that closes its side shows that it has read what it was told.
_SILENT = 2.0


#: What is said of a handshake that failed, by whose certificate it was: theirs while nothing was written, then ours.
_TLS: Mapping[tuple[Why, bool], tuple[str, str]] = {
    ("expired", False): ("deliver.certificate", "the destination's certificate has expired"),
    ("untrusted", False): ("deliver.certificate", "the destination's certificate is not one that is trusted"),
    ("no-certificate", False): ("deliver.tls", "the destination asks for a certificate"),
    ("other", False): ("deliver.tls", "TLS with the destination could not be agreed"),
    ("expired", True): ("deliver.certificate", "the destination says that our certificate has expired"),
    ("untrusted", True): ("deliver.certificate", "the destination does not take our certificate"),
    ("no-certificate", True): ("deliver.tls", "the destination asks for a certificate"),
}


def _known(writer: asyncio.StreamWriter, subjects: Collection[str]) -> None:
    peer = peer_of(writer.get_extra_info("ssl_object"))
    if peer is None or peer.subject not in subjects:
        raise DeliveryError("deliver.certificate", "the destination's certificate has another subject")


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
    frames = Frames(limit=MAX_ANSWER)
    while not frames.lost and (chunk := await reader.read(64 * 1024)):
        frames.feed(chunk)
        while (piece := frames.take()) is not None:
            if not isinstance(piece, Broken):
                yield piece.payload
            elif piece.rule == "receive.too-large":
                raise DeliveryError("deliver.answer-too-large", "the answer is too large", unknown=True)


def receipt_of(answer: bytes, control_id: str, mode: Mode) -> Acknowledged | None:
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
