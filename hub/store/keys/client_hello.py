"""What TLS of this process offers: the groups of its key exchange, read from a ClientHello (RFC 8446, 4.1.2).

Python's `ssl` has no way to ask for them. OpenSSL's configuration sets them for clients and servers alike.
"""

from __future__ import annotations

import ssl
from contextlib import suppress

#: RFC 8446, 4.2: the extension `supported_groups`.
_GROUPS = 10


def groups() -> frozenset[int]:
    """The groups by their numbers (RFC 8446, 4.2.7). Nothing is sent, and no file is read."""
    outgoing = ssl.MemoryBIO()
    begun = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT).wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        begun.do_handshake()
    return _read(outgoing.read())


def _read(record: bytes) -> frozenset[int]:
    at = 5 + 4 + 2 + 32  # the record's head, the handshake's, the version, the random
    at += 1 + record[at]  # session id
    at += 2 + _number(record, at)  # cipher suites
    at += 1 + record[at]  # compression
    end = at + 2 + _number(record, at)
    at += 2
    while at < end:
        kind, length = _number(record, at), _number(record, at + 2)
        at += 4
        if kind == _GROUPS:
            return frozenset(_number(record, one) for one in range(at + 2, at + length, 2))
        at += length
    return frozenset()


def _number(record: bytes, at: int) -> int:
    return int.from_bytes(record[at : at + 2])
