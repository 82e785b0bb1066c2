"""What the deployment declares for release, from its settings: the state's rules, the agencies' exchange policies.

`check` reads it before the hub starts: one that cannot be read or understood is no start, and nothing is released under
half of it.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

from hub.errors import SettingsError
from hub.release import ExchangePolicy, ExchangeRule, StateOverlay, read_overlay
from hub.release.overlay import NONE
from hub.release.purpose import canonical
from hub.settings import SID_ORGANIZATION, Settings
from mappings.errors import PolicyError


def check(settings: Settings) -> None:
    """Raises SettingsError `settings.state-policy` or `settings.exchange` with the place, never a value."""
    for index, section in enumerate(settings.exchange):
        if not section.purposes or any(canonical(purpose) is None for purpose in section.purposes):
            text = "expected codes of v3-ActReason or of our purposes of use"
            raise SettingsError("settings.exchange", text, path=f"exchange.{index}.purposes")
    if settings.state_policy.file is None:
        return
    _read.cache_clear()
    try:
        overlay = overlay_of(settings)
    except PolicyError as error:
        raise SettingsError("settings.state-policy", error.issues[0].text, path=error.issues[0].path) from None
    except OSError:
        raise SettingsError("settings.state-policy", "the file cannot be read", path="state_policy.file") from None
    if overlay.name != settings.state_policy.name:
        raise SettingsError("settings.state-policy", "the file is another policy's", path="state_policy.name")


def overlay_of(settings: Settings) -> StateOverlay:
    """The state's rules, read once a start. Raises PolicyError, OSError."""
    file = settings.state_policy.file
    return NONE if file is None else _read(file)


@lru_cache(maxsize=4)
def _read(path: Path) -> StateOverlay:
    return read_overlay(path.read_bytes(), file=path.name)


def exchange_of(
    settings: Settings, organization: str, recipient: str, role: str | None = None
) -> ExchangePolicy | None:
    """The lines of an agency's declared policy that name the recipient or its role; None where it declares none.

    A line that names one center names no other. A recipient whose posture is not declared is named by none, but by
    `role`, where the one who asks says who it is.
    """
    declared = [section for section in settings.exchange if section.agency == organization]
    if not declared:
        return None
    role = settings.posture(recipient) or role
    return ExchangePolicy(
        rules=tuple(
            ExchangeRule(
                types=frozenset(section.types),
                classes=frozenset(section.classes),
                without=frozenset(section.without),
                roles=frozenset({role}),
                purposes=frozenset(section.purposes),
                reference=section.reference,
            )
            for section in declared
            if role is not None and (recipient in section.to or role in section.to)
        )
    )


def identifiers_of(settings: Settings, organization: str) -> frozenset[str]:
    """What a consent may name an organization by, beside its reference: our id, and each identifier with a system."""
    own = next((section for section in settings.organization if section.id == organization), None)
    given = () if own is None else own.identifiers
    return frozenset(
        {
            f"{SID_ORGANIZATION}|{organization}",
            *(f"{one['system']}|{one['value']}" for one in given if one.get("system")),
        }
    )


def affiliations(settings: Settings) -> dict[str, dict[str, Any]]:
    """Who takes part in which exchange, as OrganizationAffiliations, and the Organizations these name (S42)."""
    found: dict[str, dict[str, Any]] = {}
    for index, section in enumerate(settings.affiliation):
        for name in (section.intermediary, *section.participants):
            found[f"Organization/{name}"] = {
                "resourceType": "Organization",
                "id": name,
                "identifier": [
                    dict(zip(("system", "value"), one.split("|", 1), strict=True))
                    for one in sorted(identifiers_of(settings, name))
                ],
            }
        for name in section.participants:
            found[f"OrganizationAffiliation/{index}-{name}"] = {
                "resourceType": "OrganizationAffiliation",
                "active": True,
                "organization": {"reference": f"Organization/{section.intermediary}"},
                "participatingOrganization": {"reference": f"Organization/{name}"},
            }
    return found
