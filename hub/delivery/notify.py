"""An alarm's notice to a person: by e-mail, or by a webhook of the system that pages people.

It says kind, number, age, destination and where to look; nothing of whom it is about. A notice is no disclosure.
"""

from __future__ import annotations

import asyncio
import smtplib
import ssl
from dataclasses import dataclass
from datetime import datetime
from email.message import EmailMessage

import orjson

from hub.delivery.transport import Transport, refusal
from hub.errors import DeliveryError, SettingsError
from hub.settings import EmailSection, WebhookSection, is_loopback


@dataclass(frozen=True, kw_only=True, slots=True)
class Notice:
    """What is told of one alarm."""

    number: int
    kind: str
    owner: str
    raised_at: datetime
    times: int
    page: str | None

    def text(self) -> str:
        """As a person reads it."""
        lines = [
            f"Alarm {self.number}: {self.kind}.",
            f"For: {self.owner}. Since {self.raised_at:%Y-%m-%d %H:%M} UTC; rung {self.times} times.",
            "It rings until somebody takes it: on the hub's page, or `handoff alarms ack`.",
        ]
        if self.page is not None:
            lines += ["What it is about and what to do instead (telephone, print):", f"{self.page}/console/alarms"]
        return "\n".join(lines) + "\n"

    def json(self) -> bytes:
        """As a system reads it."""
        plain = {name: getattr(self, name) for name in self.__slots__ if name != "page"}
        link = None if self.page is None else f"{self.page}/console/alarms"
        return orjson.dumps(plain | {"text": self.text(), "link": link}, option=orjson.OPT_UTC_Z)


async def by_email(section: EmailSection, notice: Notice) -> None:
    """Sends one message to everybody who is to know. Raises DeliveryError `notify.email`; a person is told all the
    same by the page and the next ring."""
    await asyncio.to_thread(_send, section, notice)


async def by_webhook(transport: Transport, section: WebhookSection, notice: Notice, now: float) -> None:
    """Posts one notice. Raises DeliveryError as the transport does, and for any status but 2xx."""
    headers = {"content-type": "application/json"}
    if section.token is not None:
        try:
            headers["authorization"] = f"Bearer {section.token.reveal()}"
        except SettingsError:
            raise DeliveryError("notify.webhook", "the webhook's token cannot be read") from None
    answer = await transport.request(
        "POST", section.url, content=notice.json(), headers=headers, timeout=section.timeout
    )
    if not 200 <= answer.status < 300:
        raise refusal(answer, now)


def _send(section: EmailSection, notice: Notice) -> None:
    to = section.to_of(notice.owner)
    if not to:
        return
    message = EmailMessage()
    message["From"] = section.sender
    message["To"] = ", ".join(to)
    message["Subject"] = f"[Warm Handoff] alarm {notice.number}: {notice.kind}"
    message["Auto-Submitted"] = "auto-generated"  # RFC 3834: no answering machine answers it
    message.set_content(notice.text())
    try:
        with smtplib.SMTP(section.host, section.port, timeout=section.timeout) as server:
            if not is_loopback(section.host) or server.has_extn("starttls"):
                server.starttls(context=ssl.create_default_context())
            if section.user is not None and section.password is not None:
                server.login(section.user, section.password.reveal())
            server.send_message(message)
    except (OSError, smtplib.SMTPException, SettingsError) as error:
        # its own text may repeat an address
        raise DeliveryError("notify.email", f"the e-mail did not go: {type(error).__name__}") from None
