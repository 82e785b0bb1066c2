"""Agencies, agents and organizations of an EIDO document, under the ids by which the reader's directory knows them.

An EIDO agency id looks like a domain name. The directory (`Agency.organizations`) lists it among an organization's
identifiers; an agency that is not there keeps its EIDO id. Posture comes from the directory only, never from here.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any, TypeAlias

import orjson

from mappings.cad.components import Component
from mappings.cad.references import Document
from mappings.cad.rules import BAD_JCARD
from mappings.found import under
from mappings.incident import Agency, Code, Coded, Identifier, Name, Organization, Staff, Telecom

#: Identifier kind of an EIDO `$id`.
EIDO_ID = "eido-id"

# What tells an organization from another component that has no list of its own.
_ORGANIZATION = frozenset({"ncOrganizationComponent", "organizationIncidentRoleRegistryText"})

Card: TypeAlias = Mapping[str, list[str]]

# Cards are remembered, so what a sender can make of them is bounded.
_LONGEST = 2048


class Agencies:
    """Who is who in one document."""

    __slots__ = ("_aliases", "_document", "_staff")

    def __init__(self, document: Document, agency: Agency | None) -> None:
        self._document = document
        self._staff: dict[str, Staff] = {}
        self._aliases: dict[str, str] = {}
        if agency is not None:
            self._aliases = {
                identifier.value: organization.id
                for organization in agency.organizations
                for identifier in organization.identifiers
            }

    def known(self, eido_id: str) -> bool:
        """Whether the directory has this agency."""
        return eido_id in self._aliases

    def id_of(self, eido_id: str | None) -> str | None:
        """The organization's id in the directory, else its EIDO id as it is."""
        return None if eido_id is None else self._aliases.get(eido_id, eido_id)

    def organizations(self) -> tuple[Organization, ...]:
        """The agencies that the document lists, and the organizations its incident and calls refer to."""
        found: dict[str, Organization] = {}
        paths = self._document.found.paths
        for component in self._document.all("agencyComponent"):
            if component.id is None:
                continue
            card = _jcard(component, "agencyJcard")
            made = Organization(
                id=self._aliases.get(component.id, component.id),
                name=_first(card, "org", "fn"),
                kind="agency",
                identifiers=(Identifier(value=component.id, kind=EIDO_ID),),
                telecoms=_telecoms(card),
            )
            if made.id not in found:
                paths[f"organizations[{len(found)}]"] = component.path
            found.setdefault(made.id, made)
        return tuple(found.values())

    def organization(self, component: Component) -> Organization | None:
        """An organization that is no agency, by its first name; None for a component that is none."""
        if component.id is None or _ORGANIZATION.isdisjoint(component.members):
            return None
        body = component.object("ncOrganizationComponent")
        names = nc_texts(body, "name") if body is not None else []
        return Organization(
            id=self._aliases.get(component.id, component.id),
            name=names[0] if names else None,
            identifiers=(Identifier(value=component.id, kind=EIDO_ID),),
        )

    def staff(self, eido_id: str) -> Staff:
        """The agent with this id as a member of its agency's staff; what is known of a dangling one is its id."""
        made = self._staff.get(eido_id)
        if made is None:
            component = self._document.by_id.get(eido_id)
            if component is None or component.kind != "agentComponent":
                made = Staff(id=eido_id)
            else:
                component.read = True
                card = _jcard(component, "agentJcard")
                employers = component.reference_ids("agencyReference")
                made = _member(eido_id, _first(card, "fn"), self.id_of(employers[0]) if employers else None)
            self._staff[eido_id] = made
        return made


# The same few hundred people are in all the documents of a CAD.
@lru_cache(maxsize=1024)
def _member(eido_id: str, name: str | None, organization: str | None) -> Staff:
    return Staff(id=eido_id, name=Name(text=name) if name else None, organization=organization)


# Registry tokens are few, and their text is the agency's wording for one; never used for what was said of a person.
@lru_cache(maxsize=1024)
def token(code: str | None, system: str | None, text: str | None = None, display: str | None = None) -> Coded:
    """A registry token as `Coded`; with a display where a registry was given that has one."""
    if code is None or system is None or display is None:
        return Coded(code=code, system=system, text=text)
    return Coded(code=code, system=system, text=text, mapped=(Code(system=system, code=code, display=display),))


def nc_texts(part: Component, name: str) -> list[str]:
    """The texts of a NIEM array: plain strings, or objects with `value` (or `simpleType`, for a code).

    Other members of such an object (a language, say) are listed as unused.
    """
    value = part.members.pop(name, None)
    if not value:
        return []
    if type(value) is list and len(value) == 1 and type(value[0]) is dict and len(value[0]) == 1:
        # What nearly every one of them is.
        (text,) = value[0].values()
        if type(text) is str and text and not text.isspace() and ("value" in value[0] or "simpleType" in value[0]):
            return [text]
    found = []
    is_list = type(value) is list
    for index, item in enumerate(value if is_list else (value,)):
        text = item
        if type(item) is dict:
            key = "value" if "value" in item else "simpleType"
            text = item.get(key)
            if len(item) > 1:
                place = f"{part.place(name)}[{index}]" if is_list else part.place(name)
                unused = part.document.found.unused
                unused += [under(place, extra) for extra in item if extra not in (key, "@context")]
        if type(text) is str:
            if text and not text.isspace():
                found.append(text)
        elif type(text) in (int, float):
            found.append(str(text))
        elif text is not None:
            part.wrong(f"{name}[{index}]" if is_list else name)
    return found


def _jcard(component: Component, name: str) -> Card:
    """The text values of a jCard (RFC 7095) by property; properties that nobody reads are listed as unused."""
    text = component.text(name)
    if text is None:
        return {}
    card, unread, is_jcard = (_card if len(text) <= _LONGEST else _card.__wrapped__)(text)
    if unread:
        place = component.place(name)
        component.document.found.unused += [under(place, one) for one in unread]
    if not is_jcard:
        component.document.found.issue(BAD_JCARD, component.place(name))
    return card


# A CAD sends the cards of the same agencies and dispatchers with each incident.
@lru_cache(maxsize=1024)
def _card(text: str) -> tuple[Card, tuple[str, ...], bool]:
    """The properties that are read, the names of those that are not, and whether it was a jCard to its end."""
    card: dict[str, list[str]] = {}
    unread: list[str] = []
    try:
        properties: Any = orjson.loads(text)[1]
        for entry in properties:
            property_name, value = entry[0], entry[3]
            if property_name in ("fn", "org", "tel", "email"):
                if type(value) is list:
                    value = value[0]
                if type(value) is str and value:
                    card.setdefault(property_name, []).append(value.removeprefix("tel:").removeprefix("mailto:"))
            elif property_name != "version":
                unread.append(str(property_name))
    except (orjson.JSONDecodeError, IndexError, KeyError, TypeError):
        return card, tuple(unread), False
    return card, tuple(unread), True


def _first(card: Card, *names: str) -> str | None:
    for name in names:
        if name in card:
            return card[name][0]
    return None


def _telecoms(card: Card) -> tuple[Telecom, ...]:
    return tuple(
        Telecom(value=value, system="phone" if name == "tel" else "email")
        for name in ("tel", "email")
        for value in card.get(name, ())
    )
