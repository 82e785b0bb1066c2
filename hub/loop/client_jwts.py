"""Which source a signed JWT of a CDS client is of (CDS Hooks 2.0, "Trusting CDS Clients")."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import structlog

from hub.errors import DeliveryError, IdentityError
from hub.identity import client_jwt
from hub.loop.context import Hub
from hub.settings import ClientJwtSection, SourceSection
from hub.store import client_jwts

log = structlog.get_logger("hub.client_jwt")


async def source_of(hub: Hub, token: str) -> SourceSection | None:
    """The source whose client signed the token, which is good once; None for anything else, the reason in the log.

    Raises DeliveryError when a configured client's keys cannot be had now, and StoreError.
    """
    try:
        said = client_jwt.unproven(token)
        source, section = _configured(hub, said)
        keys = client_jwt.keys_named(await _keys(hub, section, said), said)
        claims = client_jwt.proven(
            token,
            said,
            keys,
            audience=section.audience,
            now=hub.clock().timestamp(),
            lifetime=section.lifetime,
            skew=section.skew,
        )
        until = datetime.fromtimestamp(claims.until, UTC)
        if not await hub.store.write_async(lambda tx: client_jwts.first_seen(tx, claims.seen_as, until=until)):
            raise IdentityError("identity.jwt-replayed", "it was shown before")
    except IdentityError as refused:
        log.warning("client-jwt.refused", rule=refused.rule)
        return None
    return source


def _configured(hub: Hub, said: client_jwt.Unproven) -> tuple[SourceSection, ClientJwtSection]:
    for source in hub.settings.source:
        section = source.client_jwt
        if section is None or section.issuer != said.issuer or section.tenant not in (None, said.tenant):
            continue
        if said.keys_at not in (None, section.jku):
            raise IdentityError("identity.jwt-jku", "it names keys elsewhere than the settings do")
        return source, section
    raise IdentityError("identity.jwt-issuer", "nobody who is configured")


async def _keys(hub: Hub, section: ClientJwtSection, said: client_jwt.Unproven) -> list[Any]:
    if section.jwks is not None:
        return await asyncio.to_thread(read_key_set, section.jwks)
    assert section.jku is not None  # the settings have one of the two
    return await hub.key_sets.get(section.jku, said.key)


def read_key_set(path: Path) -> list[Any]:
    """The keys of a JWK Set in a file, read anew each time so that a changed one counts at once.

    Raises DeliveryError `deliver.key-set`.
    """
    try:
        document = orjson.loads(path.read_bytes())
    except (OSError, orjson.JSONDecodeError):
        document = None
    keys = document.get("keys") if isinstance(document, dict) else None
    if not isinstance(keys, list):
        raise DeliveryError("deliver.key-set", "the file of the client's keys is no JWK Set")
    return keys
