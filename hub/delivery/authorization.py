"""How a request to a destination is authorized: a bearer token, HTTP Basic, a key in a header, or SMART Backend
Services.

Secrets are read anew for each request, so that a rotated one counts at once, and stand in no error.
"""

from __future__ import annotations

import asyncio
import base64
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Protocol
from urllib.parse import urlencode

import orjson

from hub import drbg
from hub.delivery.client_keys import ClientKey
from hub.delivery.transport import Answer
from hub.errors import DeliveryError, SettingsError
from hub.settings import DestinationSection, Secret

#: A token is renewed so many seconds before it ends.
EARLY = 30.0
#: RFC 6749, 5.2: what a token endpoint may answer; said in errors, as no word of it is of a record.
_OAUTH = frozenset(
    {
        "invalid_request",
        "invalid_client",
        "invalid_grant",
        "unauthorized_client",
        "unsupported_grant_type",
        "invalid_scope",
    }
)
_ASSERTION = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


class Sender(Protocol):
    """What sends one request and gives its answer, whatever its status; `hub.delivery.transport.Transport` is one."""

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,
    ) -> Answer:
        """Raises DeliveryError when there is no answer."""


class Authorization(Protocol):
    """What goes into the header of a request."""

    async def headers(self, sender: Sender, timeout: float) -> dict[str, str]:
        """The headers that authorize a request now. Raises DeliveryError `deliver.credential`, `deliver.token`."""

    def refused(self) -> bool:
        """Told of a 401; whether another request with what `headers` gives then may fare better."""


class Authorized:
    """A sender that authorizes each request, and asks once more when a token has ended before its time."""

    def __init__(self, sender: Sender, authorization: Authorization) -> None:
        self._sender = sender
        self._authorization = authorization

    async def request(
        self,
        method: str,
        url: str,
        *,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        timeout: float,
    ) -> Answer:
        """As `Transport.request`, and DeliveryError `deliver.credential`, `deliver.token` when it cannot be asked."""
        while True:
            mine = await self._authorization.headers(self._sender, timeout)
            answer = await self._sender.request(
                method, url, content=content, headers={**(headers or {}), **mine}, timeout=timeout
            )
            if answer.status != 401 or not self._authorization.refused():
                return answer


class Fixed:
    """A header made of secrets that do not change from request to request; nothing when there is none."""

    def __init__(self, make: Callable[[], dict[str, str]]) -> None:
        self._make = make

    async def headers(self, sender: Sender, timeout: float) -> dict[str, str]:
        """Raises DeliveryError `deliver.credential` when the secret named in the settings is not there."""
        try:
            return self._make()
        except SettingsError:
            raise missing() from None

    def refused(self) -> bool:
        """False: the same again would be refused again."""
        return False


class Smart:
    """SMART Backend Services: a signed assertion is exchanged for an access token, which is kept until it ends."""

    def __init__(self, destination: DestinationSection, clock: Callable[[], datetime]) -> None:
        assert destination.smart is not None
        self._section = destination.smart
        self._base = destination.url.rstrip("/")
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: str | None = None
        self._ends = 0.0
        self._fresh = False
        self._endpoint = self._section.token_url

    async def headers(self, sender: Sender, timeout: float) -> dict[str, str]:
        """The access token, asked for when there is none that still holds.

        Raises DeliveryError `deliver.credential` (our key cannot be read), `deliver.token` (the server gives none).
        """
        async with self._lock:  # many lanes ask at once, and one token is enough
            if self._token is None or self._clock().timestamp() > self._ends - EARLY:
                await self._ask(sender, timeout)
            else:
                self._fresh = False
            return {"authorization": f"Bearer {self._token}"}

    def refused(self) -> bool:
        """Forgets the token; False when it was made for this very request."""
        again = not self._fresh
        self._token = None
        return again

    async def _ask(self, sender: Sender, timeout: float) -> None:
        endpoint = self._endpoint = self._endpoint or await self._discover(sender, timeout)
        try:
            key = ClientKey.read(self._section.keys[0])
        except SettingsError:
            raise missing() from None
        now = self._clock().timestamp()
        claims = {
            "iss": self._section.client_id,
            "sub": self._section.client_id,
            "aud": endpoint,
            "exp": int(now + self._section.lifetime),
            "jti": drbg.token(),
        }
        form = {
            "grant_type": "client_credentials",
            "scope": self._section.scope,
            "client_assertion_type": _ASSERTION,
            "client_assertion": key.sign(claims),
        }
        answer = await sender.request(
            "POST",
            endpoint,
            content=urlencode(form).encode("ascii"),
            headers={"content-type": "application/x-www-form-urlencoded", "accept": "application/json"},
            timeout=timeout,
        )
        given = _json(answer)
        token, kind = given.get("access_token"), given.get("token_type")
        usable = isinstance(token, str) and token.isascii() and token.isprintable() and bool(token)
        if answer.status != 200 or not usable or str(kind).lower() != "bearer":
            error = given.get("error")
            raise _no_token(f"{answer.status}{f' {error}' if error in _OAUTH else ''}")
        life = given.get("expires_in")
        self._token = str(token)
        self._ends = now + (float(life) if isinstance(life, int | float) and not isinstance(life, bool) else 300.0)
        self._fresh = True

    async def _discover(self, sender: Sender, timeout: float) -> str:
        answer = await sender.request(
            "GET",
            f"{self._base}/.well-known/smart-configuration",
            headers={"accept": "application/json"},
            timeout=timeout,
        )
        endpoint = _json(answer).get("token_endpoint") if answer.status == 200 else None
        if not isinstance(endpoint, str):
            raise _no_token("the server does not say where")
        if not endpoint.startswith("https://") and not self._base.startswith("http://"):
            # a server reached over TLS does not send our assertion into the clear
            raise _no_token("the server names an address without TLS")
        return endpoint


def of(destination: DestinationSection, clock: Callable[[], datetime]) -> Authorization:
    """How a destination's section says that requests to it are authorized."""
    if destination.smart is not None:
        return Smart(destination, clock)
    if (basic := destination.basic) is not None:
        return Fixed(lambda: {"authorization": f"Basic {_basic(basic.user, basic.password)}"})
    if (api_key := destination.api_key) is not None:
        return Fixed(lambda: {api_key.header.lower(): api_key.value.reveal()})
    if (token := destination.token) is not None:
        return Fixed(lambda: {"authorization": f"Bearer {token.reveal()}"})
    return Fixed(dict)


def missing() -> DeliveryError:
    """Our own credential cannot be read: nothing can be sent there until a person mends it."""
    return DeliveryError("deliver.credential", "our credential for the destination cannot be read", down=True)


def _no_token(why: str) -> DeliveryError:
    return DeliveryError("deliver.token", f"the destination gave no access token: {why}", down=True)


def _basic(user: str, password: Secret) -> str:
    return base64.b64encode(f"{user}:{password.reveal()}".encode()).decode("ascii")


def _json(answer: Answer) -> dict[str, Any]:
    try:
        found = orjson.loads(answer.body)
    except orjson.JSONDecodeError:
        return {}
    return found if isinstance(found, dict) else {}
