"""Provenance of what was done with one consent at this hub: who recorded it, who signed, who was there, and from which
document, known by its digest.

The signature itself stands in the document as it was drawn or scanned; `Provenance.signature` says that it does, by
whom and when, and has no copy of it.
"""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from collections.abc import Sequence
from hashlib import sha256
from typing import Final, Literal

from mappings.fhir.draft import Json
from mappings.fhir.systems import PROVENANCE_ACTIVITY, PROVENANCE_AGENT
from mappings.times import is_instant

#: ASTM E1762: the signature of somebody who consents.
_SIGNATURE: Final = {"system": "urn:iso-astm:E1762-95:2013", "code": "1.2.840.10065.1.12.1.7"}
_PARTICIPATION: Final = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def consent_provenance(
    consent: Json,
    document: Json | None,
    *,
    number: str,
    activity: Literal["CREATE", "UPDATE"],
    recorded: str,
    recorded_by: str,
    custodian: Json,
    occurred: str | None = None,
    witnesses: Sequence[str] = (),
    signed: bool = False,
) -> Json:
    """The Provenance of a Consent's capture (`CREATE`) or of its end (`UPDATE`).

    `document`: the DocumentReference of what was signed, or of the written revocation. `recorded` and `occurred` as
    FHIR has them. `witnesses` are the roles of who was there; their names stand in the document. `signed`: the
    consent's performers signed the document on a screen.
    """
    agents = [
        {**_agent("enterer"), "who": {"display": recorded_by}, "onBehalfOf": custodian},
        {**_agent("custodian"), "who": custodian},
    ]
    signers = [dict(one) for one in consent.get("performer", ())]
    if activity == "CREATE":
        agents += [{**_agent("attester"), "who": one} for one in signers]
    witness = {"type": {"coding": [{"system": _PARTICIPATION, "code": "WIT"}]}}
    agents += [{**witness, "who": {"display": role}} for role in witnesses]
    made: Json = {
        "resourceType": "Provenance",
        "id": number,
        "target": [{"reference": f"Consent/{consent['id']}"}],
        **({"occurredDateTime": occurred} if occurred is not None else {}),
        "recorded": recorded,
        "activity": {"coding": [{"system": PROVENANCE_ACTIVITY, "code": activity}]},
        "agent": agents,
    }
    if document is not None:
        attachment = document["content"][0]["attachment"]
        name = {"system": "urn:ietf:rfc:3986", "value": digest_name(b64decode(attachment["data"]))}
        source = {"reference": f"DocumentReference/{document['id']}", "identifier": name}
        made["entity"] = [{"role": "source", "what": source}]
        if signed and occurred is not None and is_instant(occurred):
            made["signature"] = [
                {"type": [_SIGNATURE], "when": occurred, "who": one, "sigFormat": attachment["contentType"]}
                for one in signers
            ]
    return made


def digest_name(data: bytes) -> str:
    """What a document is known by, whatever it is called: its SHA-256 as a name (RFC 6920)."""
    return f"ni:///sha-256;{urlsafe_b64encode(sha256(data).digest()).rstrip(b'=').decode()}"


def _agent(code: str) -> Json:
    return {"type": {"coding": [{"system": PROVENANCE_AGENT, "code": code}]}}
