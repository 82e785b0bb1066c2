"""Where a referral goes: by its organization through the routing table, or to a person (design, section 5).

No organization, no route, or more than one route is a hold, never a guess.
"""

from __future__ import annotations

from typing import Literal

from hub.settings import DestinationSection, Settings

Trouble = Literal["no-organization", "no-route", "several-routes"]


def route(settings: Settings, organization: str | None, service: str | None = None) -> DestinationSection | Trouble:
    """The one destination for a referral to `organization`, or why there is none.

    A route that names the referral's service code goes before one that names none.
    """
    if organization is None:
        return "no-organization"
    routes = [r for r in settings.route if r.organization == organization]
    matching = [r for r in routes if service is not None and r.service == service] or [
        r for r in routes if r.service is None
    ]
    if not matching:
        return "no-route"
    if len(matching) > 1:
        return "several-routes"
    return settings.destination_of(matching[0].destination)
