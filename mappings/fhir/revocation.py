"""The notice that a consent is revoked, for a center that holds copies under it: what goes is the Consent's own
number and that it ended.

Nothing of a person's record, and no person: a center finds the copies by the consent's number, which came with them
(42 CFR 2.32(b)).
"""

from __future__ import annotations

from typing import Final

import orjson

from mappings.errors import RenderError
from mappings.fhir.bundle import derived_id
from mappings.fhir.draft import Json
from mappings.fhir.systems import SID_RESOURCE
from mappings.partner import Partner

#: MessageHeader.event of the notice.
CONSENT_REVOKED: Final = "https://warmhandoff.org/fhir/CodeSystem/message-event|consent-revoked"
_KEPT: Final[tuple[str, ...]] = ("status", "scope", "category", "policy", "policyRule")


def withdrawn(consent: Json) -> Json:
    """The Consent with nothing but its number, its kind and that it is inactive.

    R4 asks for a policy or its rule (ppc-1): where the form has none, the rule says what it was in words.
    """
    number = {"system": SID_RESOURCE, "value": str(consent["id"])}
    kept: Json = {key: consent[key] for key in _KEPT if key in consent} | {"status": "inactive"}
    if "policy" not in kept and "policyRule" not in kept:
        kept["policyRule"] = {"text": "written consent of the patient"}
    return {"resourceType": "Consent", "id": str(consent["id"]), "identifier": [number], **kept}


def revocation(consent: Json, partner: Partner, *, bundle_id: str, at: str) -> bytes:
    """The notice in a partner's FHIR form; the same arguments give the same bytes.

    A message of the event `consent-revoked` with the Consent in focus, or a transaction that updates the Consent of
    that number (conditional update, R4 http). Raises RenderError `render.no-notice` for a form that has none (HL7 v2).
    """
    ended = withdrawn(consent)
    url = f"urn:uuid:{ended['id']}"
    head: Json = {"resourceType": "Bundle", "id": bundle_id, "timestamp": at}
    if partner.form == "message":
        number = revocation_id(bundle_id)
        system, _, code = CONSENT_REVOKED.rpartition("|")
        header: Json = {
            "resourceType": "MessageHeader",
            "id": number,
            "eventCoding": {"system": system, "code": code},
            **({"destination": [{"endpoint": partner.destination_endpoint}]} if partner.destination_endpoint else {}),
            "source": {"endpoint": partner.source_endpoint},
            "focus": [{"reference": url}],
        }
        sent = [{"fullUrl": f"urn:uuid:{number}", "resource": header}, {"fullUrl": url, "resource": ended}]
        return orjson.dumps({**head, "type": "message", "entry": sent})
    if partner.form == "transaction":
        # Without our id: a server that gave the resource another one answers 400 to it (R4 http, conditional update).
        resource = {key: value for key, value in ended.items() if key != "id"}
        request = {"method": "PUT", "url": f"Consent?identifier={SID_RESOURCE}|{ended['id']}"}
        return orjson.dumps(
            {**head, "type": "transaction", "entry": [{"fullUrl": url, "resource": resource, "request": request}]}
        )
    raise RenderError("render.no-notice", "this form has no notice of a revocation", path="Partner.form")


def revocation_id(bundle_id: str) -> str:
    """MessageHeader.id of the notice that is made of that Bundle id."""
    return derived_id(bundle_id, "message-header|consent-revoked")
