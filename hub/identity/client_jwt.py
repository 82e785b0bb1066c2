"""The JWT that a CDS client signs to say who it is (CDS Hooks 2.0, "Trusting CDS Clients"; RFC 7515, 7519).

What is checked here needs nothing but the token, the client's keys and the time. Whether a token was shown before is
asked of the store, by `Claims.seen_as`.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NoReturn

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, RSAKey

from hub.errors import IdentityError

#: CDS Hooks 2.0: these two are recommended; no shared secret and no `none` is taken.
ALGORITHMS: Final = {"ES384": "EC", "RS384": "RSA"}
#: Nothing longer is looked at, in characters.
LONGEST: Final = 8192


@dataclass(frozen=True, kw_only=True, slots=True)
class Unproven:
    """What a token says before its signature is checked: whose keys to look for, and no more."""

    issuer: str
    tenant: str | None
    key: str
    algorithm: str
    keys_at: str | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Claims:
    """A token that was checked. `seen_as`: what it is known by, so that it is good once; `until`: epoch seconds."""

    issuer: str
    seen_as: bytes
    until: float


def unproven(token: str) -> Unproven:
    """What the token says of its issuer and its key. Nothing may rest on it but the choice of the keys.

    Raises IdentityError `identity.jwt-form`, `identity.jwt-algorithm`.
    """
    parts = token.split(".")
    if len(parts) != 3 or len(token) > LONGEST:
        _refuse("form", "not a signed JWT")
    head, claims = _part(parts[0]), _part(parts[1])
    algorithm, key, at = head.get("alg"), head.get("kid"), head.get("jku")
    if algorithm not in ALGORITHMS:
        _refuse("algorithm", "signed by another algorithm than ES384 and RS384")
    issuer, tenant = claims.get("iss"), claims.get("tenant")
    if not isinstance(issuer, str) or not isinstance(key, str) or not key:
        _refuse("form", "iss and kid are required")
    if not isinstance(at, str | None) or not isinstance(tenant, str | None):
        _refuse("form", "jku and tenant are text")
    return Unproven(issuer=issuer, tenant=tenant, key=key, algorithm=algorithm, keys_at=at)


def keys_named(keys: Iterable[Any], said: Unproven) -> list[ECKey | RSAKey]:
    """The keys of a JWK Set that the token may be signed by: of that name, public, and of the algorithm's kind."""
    kind = ALGORITHMS[said.algorithm]
    found: list[ECKey | RSAKey] = []
    for one in keys:
        if not isinstance(one, dict) or one.get("kid") != said.key or one.get("kty") != kind:
            continue
        if one.get("use", "sig") != "sig" or one.get("alg", said.algorithm) != said.algorithm or "d" in one:
            continue
        try:
            key = ECKey.import_key(one) if kind == "EC" else RSAKey.import_key(one)
        except (JoseError, ValueError, TypeError):
            continue
        if key.curve_name == "P-384" if isinstance(key, ECKey) else key.raw_value.key_size >= 2048:
            found.append(key)
    return found


def proven(
    token: str,
    said: Unproven,
    keys: Sequence[ECKey | RSAKey],
    *,
    audience: Sequence[str],
    now: float,
    lifetime: float,
    skew: float,
) -> Claims:
    """The token's claims, its signature checked with one of `keys` and its times against `now` (epoch seconds).

    Raises IdentityError `identity.jwt-key`, `identity.jwt-signature`, `identity.jwt-audience`, `identity.jwt-id`,
    `identity.jwt-times`, `identity.jwt-expired`, `identity.jwt-early`, `identity.jwt-lifetime`.
    """
    if not keys:
        _refuse("key", "no such key of the issuer")
    for key in keys:
        try:
            claims = jwt.decode(token, key, algorithms=[said.algorithm]).claims
            break
        except (JoseError, ValueError, TypeError, binascii.Error):
            continue
    else:
        _refuse("signature", "the signature is not the issuer's")
    to = claims.get("aud")
    if not set([to] if isinstance(to, str) else _texts(to)) & set(audience):
        _refuse("audience", "made for another service")
    identity = claims.get("jti")
    if not isinstance(identity, str) or not identity:
        _refuse("id", "jti is required")
    made, ends, begins = _time(claims.get("iat")), _time(claims.get("exp")), _time(claims.get("nbf", 0))
    if made is None or ends is None or begins is None:
        _refuse("times", "iat and exp are required, in seconds")
    if now >= ends + skew:
        _refuse("expired", "it has ended")
    if max(made, begins) > now + skew:
        _refuse("early", "made in the future")
    if ends - made > lifetime:
        _refuse("lifetime", "good for longer than is taken")
    name = orjson.dumps([said.issuer, said.tenant, identity])
    return Claims(issuer=said.issuer, seen_as=hashlib.sha256(name).digest(), until=ends + skew)


def _part(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
    except (binascii.Error, ValueError):
        _refuse("form", "not a signed JWT")
    if not isinstance(found, dict):
        _refuse("form", "not a signed JWT")
    return found


def _texts(value: Any) -> list[str]:
    return [one for one in value if isinstance(one, str)] if isinstance(value, list) else []


def _time(value: Any) -> float | None:
    """A NumericDate (RFC 7519, 2), or None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        return None
    return float(value)


def _refuse(why: str, text: str) -> NoReturn:
    raise IdentityError(f"identity.jwt-{why}", text)
