"""What was done with a consent at this hub, as Provenance beside it: who took it, who was there, from which paper.

Each step is written in the commit that does it, in the consent's own custody, and is shown to its people. A Provenance
of a step is no part of a referral's package: it does not leave.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from hub.loop.context import Hub
from hub.records import Document
from hub.settings import SID_ORGANIZATION
from hub.store import documents
from hub.store.tx import Tx
from mappings.fhir.consent_provenance import consent_provenance
from mappings.fhir.systems import LOINC, SID_RESOURCE
from mappings.ids import keyed_uuid
from mappings.incident import Attachment, ConsentForm
from mappings.times import instant

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Step:
    """One thing that was done with a consent at this hub, out of its Provenance: when, by whom, who was there (roles).

    `document` is the id of what was signed or written then, `digest` its SHA-256 as a name (RFC 6920); or empty.
    """

    recorded: str
    recorded_by: str
    witnesses: tuple[str, ...]
    document: str
    digest: str


def steps(tx: Tx, consent_id: str, patient_id: str, custody: str) -> tuple[Step, ...]:
    """What was done with a consent of this custody here, the first first."""
    found = []
    for one in documents.by_patient(tx, patient_id, "Provenance"):
        made = one.resource
        if one.custody != custody or made is None:
            continue
        if {"reference": f"Consent/{consent_id}"} in made["target"]:
            found.append(_step(made))
    return tuple(sorted(found, key=lambda one: one.recorded))


def _step(made: Json) -> Step:
    def who(code: str) -> tuple[str, ...]:
        agents = [a for a in made["agent"] if a["type"]["coding"][0]["code"] == code]
        return tuple(str(agent["who"].get("display", "")) for agent in agents)

    what: Json = next((entity["what"] for entity in made.get("entity", ())), {})
    return Step(
        recorded=str(made["recorded"]),
        recorded_by="".join(who("enterer")),
        witnesses=who("WIT"),
        document=str(what.get("reference", "")).rpartition("/")[2],
        digest=str(what.get("identifier", {}).get("value", "")),
    )


def captured(
    tx: Tx,
    hub: Hub,
    consent: Json,
    document: Json | None,
    form: ConsentForm,
    *,
    custody: str,
    patient_id: str,
    by: str,
) -> None:
    """Notes that a form was taken: `document` is what was signed, on a screen or on paper."""
    made = consent_provenance(
        consent,
        document,
        number=_number(hub, custody, str(consent["id"]), instant(tx.now)),
        activity="CREATE",
        recorded=instant(tx.now),
        recorded_by=by,
        custodian=_custodian(custody),
        occurred=consent.get("dateTime"),
        witnesses=form.witnesses,
        signed=form.signature is not None and form.signature.method == "electronic",
    )
    documents.put(tx, made, custody=custody, origin=custody, patient_id=patient_id)


def ended(
    tx: Tx, hub: Hub, consent: Document, made: Json, *, what: str, by: str, when: datetime, scan: Attachment | None
) -> None:
    """Notes that a consent was revoked or came to its end at `when`, and keeps the paper that says so."""
    number = _number(hub, consent.custody, consent.resource_id, f"{what}\x1f{instant(when)}")
    paper = None if scan is None else _paper(hub, consent, scan, number, instant(tx.now))
    step = consent_provenance(
        made,
        paper,
        number=number,
        activity="UPDATE",
        recorded=instant(tx.now),
        recorded_by=by,
        custodian=_custodian(consent.custody),
        occurred=instant(when),
    )
    for one in (step, *(() if paper is None else (paper,))):
        documents.put(tx, one, custody=consent.custody, origin=consent.origin, patient_id=consent.patient_id)


def _paper(hub: Hub, consent: Document, scan: Attachment, number: str, at: str) -> Json:
    """The scan of a written revocation, filed as the form is that it ends."""
    made = keyed_uuid(hub.namespace_key, consent.custody, "document", "", number)
    return {
        "resourceType": "DocumentReference",
        "id": made,
        "identifier": [{"system": SID_RESOURCE, "value": made}],
        "status": "current",
        "type": {"coding": [{"system": LOINC, "code": "64292-6"}], "text": "Written revocation of a consent"},
        "category": [{"coding": [{"system": LOINC, "code": "57016-8"}]}],
        "subject": {"reference": f"urn:uuid:{consent.patient_id}"},
        "date": at,
        "custodian": _custodian(consent.custody),
        "content": [{"attachment": {"contentType": scan.media_type, "data": scan.data, "creation": at}}],
    }


def _number(hub: Hub, custody: str, consent_id: str, what: str) -> str:
    return keyed_uuid(hub.namespace_key, custody, "provenance", "", f"{consent_id}\x1f{what}")


def _custodian(custody: str) -> Json:
    return {
        "reference": f"Organization/{custody}",
        "identifier": {"system": SID_ORGANIZATION, "value": custody},
    }
