"""The elements of a consent form that R4 has no place for: our extension `part2-consent-elements`.

Sub-extensions are read with hyphens or in camel case. Reads only: whether a form is whole is `consent`, to whom it
applies is `matching`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

Json = dict[str, Any]

ELEMENTS: Final = "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements"

#: A text that is itself a reference or an identifier (`system|value`), and not a name in words.
_REFERENCE: Final = re.compile(r"(\S+/)?[A-Z][A-Za-z]+/[A-Za-z0-9.-]{1,64}|urn:(uuid|oid):\S+")
_IDENTIFIER: Final = re.compile(r"([a-z][a-z0-9+.-]*:\S+)\|(\S+)")


@dataclass(frozen=True, kw_only=True, slots=True)
class Intermediary:
    """A recipient that passes records on, and the participants that the form names (42 CFR 2.31(a)(4)(ii)).

    `organization`, `members`: as References; empty where the form has words only. `participants`: each as text.
    `classes`: designations of participants, to be limited to those with a treating provider relationship.
    """

    organization: Json
    participants: tuple[str, ...] = ()
    members: tuple[Json, ...] = ()
    classes: tuple[str, ...] = ()

    @property
    def names_participants(self) -> bool:
        """Whether it has a participant or a class of them, as the regulation asks. Not whether the class is narrow."""
        return bool(self.participants or self.classes)


@dataclass(frozen=True, kw_only=True, slots=True)
class Elements:
    """The elements of a form that R4 has no place for. None: not on the form."""

    description: str | None = None
    discloser_classes: tuple[str, ...] = ()
    recipient_classes: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    intermediaries: tuple[Intermediary, ...] = ()
    revocation: bool | None = None
    redisclosure: bool | None = None
    refusal: bool | None = None
    hipaa_redisclosure: bool | None = None
    expiry_event: str | None = None
    capacities: tuple[str, ...] = ()
    method: str | None = None
    witnesses: tuple[str, ...] = ()
    counselling_notes: bool = False
    proceedings: bool = False
    known_false: bool = False
    revoked_at: str | None = None


_NONE: Final = Elements()


@lru_cache(maxsize=256)
def _spelled(url: str) -> str:
    """A sub-extension's name, whichever way it is written."""
    return url.replace("-", "").lower()


#: Sub-extensions that say who receives.
_RECIPIENTS: Final = frozenset({"recipientclass", "intermediary", "recipientintermediary", "intermediaryparticipants"})


def says_recipients(consent: Json) -> bool:
    """Whether the extension says anything of who receives, beside the actors of the provisions."""
    return any(
        _spelled(str(sub.get("url", ""))) in _RECIPIENTS
        for extension in _list(consent.get("extension"))
        if extension.get("url") == ELEMENTS
        for sub in _list(extension.get("extension"))
    )


def elements(consent: Json) -> Elements:
    """Our extension's values, by the names above; what is not there is None or empty."""
    if not any(extension.get("url") == ELEMENTS for extension in _list(consent.get("extension"))):
        return _NONE
    single: dict[str, Any] = {}
    many: dict[str, list[str]] = {}
    intermediaries: list[Intermediary] = []
    loose: list[Json] = []
    flat = False
    for extension in _list(consent.get("extension")):
        if extension.get("url") != ELEMENTS:
            continue
        for sub in _list(extension.get("extension")):
            name = _spelled(str(sub.get("url", "")))
            value = None
            for key in sub:
                if key.startswith("value"):
                    value = sub[key]
                    break
            if name in ("intermediary", "recipientintermediary"):
                parts = _list(sub.get("extension"))
                if parts:
                    intermediaries.append(_intermediary(parts))
                else:
                    flat = flat or value is not False
            elif name == "intermediaryparticipants":
                loose.append({**sub, "url": "participant"})
            elif value is not None:
                single.setdefault(name, value)
                if isinstance(value, str):
                    many.setdefault(name, []).append(value)
    if flat:
        intermediaries.append(_intermediary(loose))
    classes = list(many.get("recipientclass", ()))
    # Translation writes an intermediary's class as a recipient's, too: it is of that intermediary's participants alone.
    for one in intermediaries:
        for group in one.classes:
            if group in classes:
                classes.remove(group)
    return Elements(
        description=_text(single.get("description")),
        discloser_classes=tuple(many.get("discloserclass", ())),
        recipient_classes=tuple(classes),
        names=tuple(many.get("disclosername", ())),
        intermediaries=tuple(intermediaries),
        revocation=_flag(single.get("revocationstatement")),
        redisclosure=_flag(single.get("redisclosurestatement")),
        refusal=_flag(single.get("refusalstatement")),
        hipaa_redisclosure=_flag(single.get("hipaaredisclosurestatement")),
        expiry_event=_text(single.get("expiryevent")),
        capacities=(*many.get("signaturecapacity", ()), *many.get("cosignaturecapacity", ())),
        method=_text(single.get("signaturemethod")),
        witnesses=tuple(many.get("witness", ())),
        counselling_notes=single.get("counsellingnotes") is True,
        proceedings=single.get("proceedings") is True,
        known_false=single.get("knownfalse") is True,
        revoked_at=_text(single.get("revokedat")),
    )


def _intermediary(parts: list[Json]) -> Intermediary:
    organization: Json = {}
    participants: list[str] = []
    members: list[Json] = []
    classes: list[str] = []
    for part in parts:
        url = part.get("url")
        value = next((v for k, v in part.items() if k.startswith("value")), None)
        if url == "organization" and isinstance(value, dict):
            organization = value
        elif url == "class" and isinstance(value, str):
            classes.append(value)
        elif url == "participant":
            member = _member(value, identifier="valueIdentifier" in part)
            text = value if isinstance(value, str) else str(member.get("display") or member.get("reference") or "")
            if member:
                members.append(member)
            if member or text.strip():
                participants.append(text)
    return Intermediary(
        organization=organization, participants=tuple(participants), members=tuple(members), classes=tuple(classes)
    )


def _member(value: Any, *, identifier: bool) -> Json:
    """A participant as a Reference; empty for a name in words, which is compared with nothing (S41)."""
    if isinstance(value, dict):
        return {"identifier": value} if identifier else value
    text = value.strip() if isinstance(value, str) else ""
    if _REFERENCE.fullmatch(text):
        return {"reference": text}
    if found := _IDENTIFIER.fullmatch(text):
        return {"identifier": {"system": found[1], "value": found[2]}}
    return {}


def _flag(value: Any) -> bool | None:
    return value if isinstance(value, bool) else None


def _text(value: Any) -> str | None:
    return value if isinstance(value, str) and value.strip() else None


def _list(value: Any) -> list[Json]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []
