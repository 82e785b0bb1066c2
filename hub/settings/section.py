"""What every section of the settings is built of."""

from __future__ import annotations

import ipaddress
from zoneinfo import available_timezones

from pydantic import BaseModel, ConfigDict


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine's own."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def iana(zone: str) -> str:
    """The zone itself. Raises ValueError when it is not one of the IANA database."""
    if zone not in available_timezones():
        raise ValueError("not an IANA zone")
    return zone


class Strict(BaseModel):
    """A section in which an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
