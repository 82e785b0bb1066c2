"""Where a referral goes: by its organization through the routing table, or to a person (design, section 5).

No organization, no route, or more than one route is a hold, never a guess.
"""

from __future__ import annotations

from typing import Literal

from hub.settings import DestinationSection, Settings

Trouble = Literal["no-organization", "no-route", "several-routes", "other-destination"]


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


def stays(settings: Settings, known: str, routed: DestinationSection | Trouble) -> DestinationSection | Trouble:
    """Where an update goes of a referral that already has the destination `known`: there, or to a person.

    A person may have turned it there by hand; and a second center must not learn of it by a changed route.
    """
    if isinstance(routed, DestinationSection):
        return routed if routed.id == known else "other-destination"
    try:
        return settings.destination_of(known)
    except KeyError:
        return routed
