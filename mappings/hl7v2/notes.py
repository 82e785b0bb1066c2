"""The texts that must go with a disclosure, as NTE: the 2.32 notice and the consent's scope (42 CFR 2.32(a), (b))."""

from __future__ import annotations

from mappings.errors import RenderError
from mappings.hl7v2.case import Case
from mappings.hl7v2.datatypes import Json
from mappings.partner import Partner

PART2_ELEMENTS = "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements"
_ELEMENTS = {
    "description": "information:",
    "discloserName": "disclosed by",
    "discloserClass": "disclosed by",
    "recipientName": "disclosed to",
    "recipientClass": "disclosed to",
    "expiryEvent": "until",
}


def required_notes(case: Case, partner: Partner) -> list[str]:
    """The notice texts and, for each Consent, its scope in words, where the partner takes them as notes: NTE, or OBX
    in a structure without NTE.

    A Bundle with a notice is a disclosure under Part 2: raises RenderError `render.notice` or `render.consent-scope`
    when this v2 message has no way to carry what 2.32 wants beside it. `document` (a document in the message, or
    paper by the partner's agreement) is a way, and so are MSH-28 and CON. Release has decided before; this is the
    second lock.
    """
    notices = case.displays()
    if notices and partner.notice not in ("nte", "msh-28", "document"):
        raise RenderError("render.notice", "the partner's v2 form cannot carry the 2.32 notice", path="meta.extension")
    consents = consents_of(case)
    if notices and consents and partner.scope not in ("nte", "con", "document"):
        raise RenderError(
            "render.consent-scope", "the partner's v2 form cannot carry the consent's scope", path="Consent"
        )
    notes = notices if partner.notice == "nte" else []
    if partner.scope == "nte":
        notes = notes + [scope_text(consent, case) for consent in consents]
    return notes


def consents_of(case: Case) -> list[Json]:
    """The Consents about the referral's patient."""
    return [consent for consent in case.of("Consent") if case.about_patient(consent)]


def scope_text(consent: Json, case: Case) -> str:
    """A Consent's scope in words (2.32(b): "a clear explanation of the scope of the consent").

    Every value in it stands in the Consent or in a resource it names; actors that it only references are left out.
    """
    provision = consent.get("provision") or {}
    lines = [f"Scope of the consent{_identifier(consent)}: {_provision(provision, case)}"]
    words = _elements(consent)
    if words:
        lines.append("; ".join(words))
    lines += [f"Except: {_provision(nested, case)}" for nested in provision.get("provision") or ()]
    if consent.get("dateTime"):
        lines.append(f"Given: {consent['dateTime']}")
    lines += [f"Under: {policy['uri']}" for policy in consent.get("policy") or () if policy.get("uri")]
    return "\n".join(lines)


def _elements(consent: Json) -> list[str]:
    """The elements of 2.31 that R4 has no place for and that say how far the consent goes."""
    return [
        f"{_ELEMENTS[part['url']]} {part['valueString']}"
        for extension in consent.get("extension") or ()
        if extension.get("url") == PART2_ELEMENTS
        for part in extension.get("extension") or ()
        if part.get("url") in _ELEMENTS and part.get("valueString")
    ]


def _identifier(consent: Json) -> str:
    value = next((one["value"] for one in consent.get("identifier") or () if one.get("value")), None)
    return f" {value}" if value else ""


def _provision(provision: Json, case: Case) -> str:
    parts = [provision.get("type") or "type not stated"]
    actors = [
        f"{_words(actor.get('role')) or 'actor'} {name}"
        for actor in provision.get("actor") or ()
        if (name := _name(actor.get("reference"), case))
    ]
    if actors:
        parts.append("actors " + ", ".join(actors))
    for label, codings in (
        ("purposes", provision.get("purpose")),
        ("content", provision.get("securityLabel")),
        ("classes", provision.get("class")),
    ):
        if codings:
            parts.append(f"{label} " + ", ".join(one.get("display") or one.get("code", "") for one in codings))
    if provision.get("action"):
        parts.append("actions " + ", ".join(filter(None, map(_words, provision["action"]))))
    for label, period in (("valid", provision.get("period")), ("records dated", provision.get("dataPeriod"))):
        if period:
            parts.append(f"{label} {period.get('start', 'open')} to {period.get('end', 'open')}")
    return "; ".join(parts)


def _words(concept: Json | None) -> str:
    codings = (concept or {}).get("coding") or ()
    return (concept or {}).get("text") or next((one.get("display") or one.get("code", "") for one in codings), "")


def _name(reference: Json | None, case: Case) -> str | None:
    if not reference:
        return None
    found = case.resolve(reference)
    if found is not None and isinstance(found.get("name"), str):
        return str(found["name"])
    if found is not None and found.get("name"):
        name = found["name"][0]
        return name.get("text") or " ".join([*(name.get("given") or ()), name.get("family", "")]).strip() or None
    return reference.get("display")
