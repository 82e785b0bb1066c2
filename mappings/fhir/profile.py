"""The profiles that our resources claim: our own, and the published one that it is derived from.

A resource claims a profile only when it meets it (design, section 5); who builds the resource knows. The receiver that
has only US Core or Gravity loaded still learns what it may rely on.
"""

from __future__ import annotations

from typing import Any, Final

_OURS = "https://warmhandoff.org/fhir/StructureDefinition/"
_US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
_SDOHCC = "http://hl7.org/fhir/us/sdoh-clinicalcare/StructureDefinition/SDOHCC-"

#: Our profile, by its id, to the published parent that is claimed beside it; None where the parent is R4's own type.
PARENT: Final[dict[str, str | None]] = {
    "coresponse-patient": f"{_US_CORE}patient",
    "coresponse-related-person": f"{_US_CORE}relatedperson",
    "field-contact-encounter": f"{_US_CORE}encounter",
    "incident-encounter": None,
    "coresponse-location": f"{_US_CORE}location",
    "agency-organization": f"{_US_CORE}organization",
    "center-organization": f"{_US_CORE}organization",
    "coresponse-practitioner": f"{_US_CORE}practitioner",
    "officer-role": f"{_US_CORE}practitionerrole",
    "clinician-role": f"{_US_CORE}practitionerrole",
    "referral-service-request": f"{_SDOHCC}ServiceRequest",
    "referral-task": f"{_SDOHCC}TaskForReferralManagement",
    "part2-consent": None,
    "authorization-consent": None,
    "opt-out-consent": None,
    "contact-provenance": f"{_US_CORE}provenance",
    "disclosure-audit-event": None,
    "hub-audit-event": None,
    "contact-transaction": None,
    "referral-message": None,
    "answer-message": None,
    "referral-message-header": None,
    "screening-observation": f"{_US_CORE}observation-screening-assessment",
    "field-observation": f"{_US_CORE}simple-observation",
    "de-escalation-observation": f"{_US_CORE}simple-observation",
    "force-observation": f"{_US_CORE}simple-observation",
    "hold-grounds-observation": f"{_US_CORE}simple-observation",
    "legal-status-observation": f"{_US_CORE}simple-observation",
    "weapon-observation": f"{_US_CORE}simple-observation",
    "field-questionnaire-response": f"{_US_CORE}questionnaireresponse",
    "field-condition": f"{_US_CORE}condition-encounter-diagnosis",
    "caution-flag": None,
    "narrative-document": f"{_US_CORE}documentreference",
    "call-narrative": None,
    "signed-form-document": f"{_US_CORE}documentreference",
}


_CLAIMED: Final = {name: [_OURS + name] + ([parent] if parent else []) for name, parent in PARENT.items()}


def claim(profile: str) -> dict[str, list[str]]:
    """`Resource.meta` claiming our profile and its published parent; a new one each time. KeyError for no profile."""
    return {"profile": _CLAIMED[profile].copy()}


def still_claiming(resource: dict[str, Any]) -> dict[str, Any]:
    """The resource, claiming only those of its profiles that it meets as it now is.

    For one that something was taken from; who builds a resource knows by construction. A claim of a profile that the
    check does not know is not kept. The same object where nothing changes.
    """
    meta = resource.get("meta")
    claimed = meta.get("profile") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(claimed, list):
        return resource
    kept = [url for url in claimed if isinstance(url, str) and _meets(resource, url)]
    if kept == claimed:
        return resource
    # Where it stood: that it was put in last would tell that something was taken.
    left = {key: kept if key == "profile" else value for key, value in meta.items() if kept or key != "profile"}
    if left:
        return {**resource, "meta": left}
    return {key: value for key, value in resource.items() if key != "meta"}


def _meets(resource: dict[str, Any], url: str) -> bool:
    # Here alone: a translation claims by construction and does not wait for the check to be loaded.
    from profiles.check import meets

    try:
        return meets(resource, url)
    except LookupError:
        return False


def claiming(bundle: dict[str, Any], profile: str | None) -> dict[str, Any]:
    """`Bundle.meta` of another form of a Bundle: what it has, with the claim of that form; None claims nothing."""
    meta = {key: value for key, value in bundle.get("meta", {}).items() if key != "profile"}
    return meta if profile is None else {**meta, **claim(profile)}
