"""What `handoff doctor` says of TLS for HL7 v2: our certificates' ends, and whether a destination lets us in."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Iterator
from datetime import UTC, datetime
from urllib.parse import urlsplit

from hub.cli.finding import Finding
from hub.errors import HubError
from hub.loop.certificates import of_settings
from hub.settings import DestinationSection, Settings
from hub.tls import client_context, ends_soon, peer_of, read_certificate, server_context, why

_WORDS = {
    "expired": "its certificate has expired, or it says that ours has",
    "untrusted": "a certificate is not trusted: its authority, or the name in it",
    "no-certificate": "it asks for a certificate of ours",
    "other": "TLS cannot be agreed",
}


def certificates(settings: Settings) -> Iterator[Finding]:
    """One finding for each certificate of ours, and one where the listener's files do not go together."""
    for name, path in of_settings(settings):
        try:
            found = read_certificate(path)
        except HubError as error:
            yield Finding(name=f"certificate {name}", ok=False, detail=error.issues[0].text, todo="Correct the file")
            continue
        now = datetime.now(UTC)
        over, few = found.expired(now), ends_soon(found, now) is not None
        day, left = found.ends.date().isoformat(), (found.ends - now).days
        yield Finding(
            name=f"certificate {name}",
            ok=not (few or over),
            detail=f"it ended or has not begun: {day}" if over else f"it ends in {left} days, on {day}",
            todo="Renew it: partners will refuse the connection" if few or over else "",
        )
    try:
        server_context(settings.mllp, lambda why: None)
    except HubError as error:
        yield Finding(name="mllp", ok=False, detail=error.issues[0].text, todo="Correct the files of [mllp]")


def handshake(destination: DestinationSection, *, seconds: float) -> Finding:
    """Whether TLS with an `mllps` destination comes about. Sends nothing of a message."""
    name = f"destination {destination.id}"
    parts = urlsplit(destination.url)
    assert parts.hostname is not None
    try:
        context = client_context(destination.tls, where=name)
        with (
            socket.create_connection((parts.hostname, parts.port or 0), timeout=seconds) as plain,
            context.wrap_socket(plain, server_hostname=parts.hostname) as secured,
        ):
            peer = peer_of(secured)
    except HubError as error:
        return Finding(name=name, ok=False, detail=error.issues[0].text, todo="Correct the files of its tls section")
    except ssl.SSLError as error:
        return Finding(name=name, ok=False, detail=_WORDS[why(error)], todo="Ask the partner, or renew the certificate")
    except OSError:
        return Finding(name=name, ok=False, detail="the TLS handshake came to no end", todo="See that it speaks TLS")
    believed = destination.tls.subjects if destination.tls is not None else ()
    if believed and (peer is None or peer.subject not in believed):
        return Finding(
            name=name, ok=False, detail="its certificate has another subject", todo="Correct destination.tls.subjects"
        )
    return Finding(name=name, ok=True, detail="TLS comes about")
