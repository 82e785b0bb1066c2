"""How alarms reach a person who is not looking at the hub's page."""

from __future__ import annotations

from pathlib import Path
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from hub.settings.secret import Secret
from hub.settings.section import Strict, is_loopback


class EmailSection(Strict):
    """An SMTP server (RFC 5321) and who is written to. STARTTLS (RFC 3207) away from this machine, or refused.

    `to` is written to about every alarm; `owners` leads from an alarm's owner to more addresses.
    """

    host: str
    port: int = Field(default=587, ge=1, le=65535)
    user: str | None = None
    password: Secret | None = None
    sender: str = Field(pattern=r"^[^@\s]+@[^@\s]+$")
    to: tuple[str, ...] = ()
    owners: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    timeout: float = Field(default=20.0, gt=0)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.user is None) != (self.password is None):
            raise ValueError("a user and the password's place: both or neither")
        if not self.to and not self.owners:
            raise ValueError("nobody is written to: name to or owners")
        if any("@" not in one or any(c.isspace() for c in one) for one in self.addresses()):
            raise ValueError("an address is name@host")
        return self

    def addresses(self) -> set[str]:
        """Everybody who may be written to."""
        return {*self.to, *(one for some in self.owners.values() for one in some)}

    def to_of(self, owner: str) -> tuple[str, ...]:
        """Who is written to about an alarm of that owner."""
        return tuple(dict.fromkeys((*self.to, *self.owners.get(owner, ()))))


class WebhookSection(Strict):
    """An address that each alarm is posted to as JSON; `token` goes as a bearer token."""

    url: str
    token: Secret | None = None
    timeout: float = Field(default=20.0, gt=0)

    @model_validator(mode="after")
    def _secured(self) -> Self:
        parts = urlsplit(self.url)
        if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(parts.hostname or "")):
            raise ValueError("https, or http on this machine")
        return self


class AlarmSection(Strict):
    """Alarms repeat every `every` seconds until a person acknowledges them.

    `page` is the address at which people reach this hub, for the link; it stands in e-mails and webhooks.
    """

    every: float = Field(default=900.0, gt=0)
    page: str | None = None
    email: EmailSection | None = None
    webhook: tuple[WebhookSection, ...] = ()

    def under(self, base: Path) -> AlarmSection:
        """The same, with its files beside the settings."""
        email = self.email
        if email is not None and email.password is not None:
            email = email.model_copy(update={"password": email.password.under(base)})
        hooks = tuple(
            one.model_copy(update={"token": one.token.under(base) if one.token else None}) for one in self.webhook
        )
        return self.model_copy(update={"email": email, "webhook": hooks})
