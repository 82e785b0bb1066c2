"""Patients' requests to restrict disclosures: asked, agreed or denied, ended (45 CFR 164.522(a), 42 CFR 2.26).

An agreed one is kept as a Consent that refuses, among the patient's Consents, so that every decision of the custody
that agreed meets it; a refusal overrides any permit. It binds that custody's disclosures and nobody else's. It does
not stop care in an emergency (164.522(a)(1)(iii)) nor the patient's own access: the law layer asks no consent for them.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final, Literal

from hub.errors import HubError
from hub.loop.accounting import patients_of
from hub.loop.context import Hub
from hub.loop.hold import name_of
from hub.loop.record import audit
from hub.loop.restricted import HEALTH_PLANS, POLICY
from hub.loop.revoking import consents_changed
from hub.records import Restriction
from hub.release.purpose import ACT_REASON, LOCAL, PURPOSE, canonical, within
from hub.settings import SID_ORGANIZATION
from hub.store import documents, restrictions
from hub.store.tx import Tx
from mappings.fhir.consent import PART2_ELEMENTS
from mappings.fhir.systems import CONSENT_SCOPE, SID_RESOURCE
from mappings.ids import keyed_uuid
from mappings.labels.vocabulary import ACT_CODE, LAWS, SENSITIVITIES
from mappings.times import instant

#: Why it was decided so, by what was decided.
REASONS: Final[dict[str, dict[str, str]]] = {
    "agreed": {
        "agreed": "the custody agrees",
        "must-agree": "paid for in full by somebody else: 45 CFR 164.522(a)(1)(vi)",
    },
    "denied": {
        "needed-for-treatment": "care could not be given with it",
        "required-by-law": "the disclosure is required by law",
        "cannot-be-kept-apart": "what it is about cannot be told apart in the records",
        "not-a-restriction": "it asks for something else, and was passed on",
    },
    "noticed": {
        "informed": "the custody told the patient that it ends it: 45 CFR 164.522(a)(2)(iii)",
    },
    "ended": {
        "patient-asked": "the patient asked for its end in writing",
        "patient-agreed": "the patient agreed to its end, and that is documented",
    },
}


def ask(
    tx: Tx,
    hub: Hub,
    *,
    custody: str,
    person: str,
    by: str,
    recipient: str | None = None,
    purposes: tuple[str, ...] = (),
    sensitivities: tuple[str, ...] = (),
    health_plan: bool = False,
    self_paid: bool = False,
    paper: str | None = None,
) -> Restriction:
    """Records what a patient asks. Nothing changes until it is agreed.

    `recipient` an organization, or None for anybody, or any health plan for a `health_plan`; one that is declared to be
    a health plan makes it a request about one. `purposes` v3-ActReason or police purposes, none for any, and
    payment and operations for a `health_plan`; `sensitivities` ActCode labels, none for everything. Raises HubError
    `restricting.value`, `accounting.custody`, `accounting.person`, `hold.person`.
    """
    who = name_of(by)
    if recipient is not None and recipient not in {one.id for one in hub.settings.organization}:
        raise _value("there is no such organization", "recipient")
    declared = next((one.health_plan for one in hub.settings.organization if one.id == recipient), None)
    if health_plan and declared is False:
        raise _value("that organization is declared to be no health plan", "recipient")
    health_plan = health_plan or declared is True
    given = purposes or (("HPAYMT", "HOPERAT") if health_plan else ())
    if any(canonical(one) is None for one in given):
        raise _value("not a known purpose", "purposes")
    if not set(sensitivities) <= SENSITIVITIES | LAWS:
        raise _value("not a known label", "sensitivities")
    patients = patients_of(tx, hub, custody, person)
    if len(patients) > 1:
        raise _value("more than one record has that number: name the person by keyed id", "person")
    made = restrictions.ask(
        tx,
        custody=custody,
        patient_id=patients[0],
        consent_id=keyed_uuid(
            hub.namespace_key, custody, "restriction", recipient or "", f"{patients[0]}\x1f{instant(tx.now)}"
        ),
        recipient=recipient,
        purposes=given,
        sensitivities=sensitivities,
        health_plan=health_plan,
        self_paid=self_paid,
        by=who,
        paper=paper,
    )
    _audit(tx, hub, made, patients[0], who)
    return made


def must_agree(one: Restriction) -> bool:
    """Whether the custody has no choice: a disclosure to a health plan for payment or operations about what somebody
    else paid for in full (45 CFR 164.522(a)(1)(vi), 42 CFR 2.26(a)(6))."""
    return (
        one.health_plan
        and one.self_paid
        and bool(one.purposes)
        and all(within(purpose, "HPAYMT", "HOPERAT") for purpose in one.purposes)
    )


def agree(tx: Tx, hub: Hub, restriction_id: int, *, by: str, reason_code: str = "agreed") -> Restriction:
    """Agrees: from this commit on each decision of the custody refuses, and what waits is decided again.

    Raises HubError `restricting.reason`, `restricting.not-found`, `hold.person`, and StoreError `store.state`.
    """
    who = _reason(by, "agreed", reason_code)
    patient = _patient(tx, restriction_id)
    made = restrictions.change(tx, restriction_id, "agreed", by=who, reason_code=reason_code)
    _put(tx, made, patient, "active", instant(tx.now))
    _audit(tx, hub, made, patient, who, reason_code)
    consents_changed(tx, hub, patient)
    return made


def deny(tx: Tx, hub: Hub, restriction_id: int, *, by: str, reason_code: str) -> Restriction:
    """Denies, with a reason. Raises as `agree`, and HubError `restricting.must-agree`."""
    who = _reason(by, "denied", reason_code)
    patient = _patient(tx, restriction_id)
    known = restrictions.get(tx, restriction_id)
    if known is not None and must_agree(known):
        raise HubError(
            "restricting.must-agree",
            "paid for in full by somebody else and asked of a health plan: it must be agreed to",
            code="business-rule",
        )
    made = restrictions.change(tx, restriction_id, "denied", by=who, reason_code=reason_code)
    _audit(tx, hub, made, patient, who, reason_code)
    return made


def end(tx: Tx, hub: Hub, restriction_id: int, *, by: str, reason_code: str) -> Restriction:
    """Ends an agreed one whole, at the patient's word (164.522(a)(2)(i), (ii)), and decides what waits again. Raises
    as `agree`."""
    who = _reason(by, "ended", reason_code)
    patient = _patient(tx, restriction_id)
    made = restrictions.change(tx, restriction_id, "ended", by=who, reason_code=reason_code)
    _put(tx, made, patient, "inactive", instant(made.asked_at))
    _audit(tx, hub, made, patient, who, reason_code)
    consents_changed(tx, hub, patient)
    return made


def notice(
    tx: Tx,
    hub: Hub,
    restriction_id: int,
    *,
    by: str,
    reason_code: str = "informed",
    informed_at: datetime | None = None,
) -> Restriction:
    """Ends an agreed one by the custody's own word to the patient, for what is created or received after
    `informed_at`, now if not given (164.522(a)(2)(iii)(B)); for what was here by then it stands, until `end`.

    What must be agreed to cannot be ended so ((A)). Raises as `agree`, and HubError `restricting.must-agree`,
    `restricting.value`.
    """
    who = _reason(by, "noticed", reason_code)
    patient = _patient(tx, restriction_id)
    known = restrictions.get(tx, restriction_id)
    if known is not None and must_agree(known):
        raise HubError(
            "restricting.must-agree",
            "paid for in full by somebody else and asked of a health plan: only the patient ends it",
            code="business-rule",
        )
    told = informed_at or tx.now
    if told > tx.now:
        raise _value("the patient is told before it is noted", "informed_at")
    made = restrictions.change(tx, restriction_id, "noticed", by=who, reason_code=reason_code, informed_at=told)
    _put(tx, made, patient, "active", instant(tx.now))
    _audit(tx, hub, made, patient, who, reason_code)
    consents_changed(tx, hub, patient)
    return made


def refusal(one: Restriction, patient: str, *, status: Literal["active", "inactive"], at: str) -> dict[str, Any]:
    """The Consent by which an agreed restriction refuses (R4; category OPTOUT, 45 CFR 164.522)."""
    provision: dict[str, Any] = {"type": "deny"}
    if one.recipient is not None:
        provision["actor"] = [
            {
                "role": {
                    "coding": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ParticipationType", "code": "IRCP"}]
                },
                "reference": _organization(one.recipient),
            }
        ]
    if one.purposes:
        provision["purpose"] = [
            {"system": PURPOSE if purpose in LOCAL else ACT_REASON, "code": purpose} for purpose in one.purposes
        ]
    if one.informed_at is not None:
        provision["dataPeriod"] = {"end": instant(one.informed_at)}
    if one.sensitivities:
        provision["securityLabel"] = [{"system": ACT_CODE, "code": code} for code in one.sensitivities]
    to_plans = one.health_plan and one.recipient is None
    named = {"url": PART2_ELEMENTS, "extension": [{"url": "recipientClass", "valueString": HEALTH_PLANS}]}
    return {
        "resourceType": "Consent",
        "id": one.consent_id,
        **({"extension": [named]} if to_plans else {}),
        "identifier": [{"system": SID_RESOURCE, "value": one.consent_id}],
        "status": status,
        "scope": {"coding": [{"system": CONSENT_SCOPE, "code": "patient-privacy"}]},
        "category": [
            {"coding": [{"system": "http://loinc.org", "code": "59284-0"}]},
            {"coding": [{"system": ACT_CODE, "code": "OPTOUT"}]},
        ],
        "patient": {"reference": f"urn:uuid:{patient}"},
        "dateTime": at,
        "performer": [{"reference": f"urn:uuid:{patient}"}],
        "organization": [_organization(one.custody)],
        "policy": [{"uri": POLICY}],
        "provision": provision,
    }


def _organization(name: str) -> dict[str, Any]:
    return {"reference": f"Organization/{name}", "identifier": {"system": SID_ORGANIZATION, "value": name}}


def _put(tx: Tx, one: Restriction, patient: str, status: Literal["active", "inactive"], at: str) -> None:
    documents.put(
        tx,
        refusal(one, patient, status=status, at=at),
        custody=one.custody,
        origin=one.custody,
        patient_id=patient,
    )


def _patient(tx: Tx, restriction_id: int) -> str:
    if restrictions.get(tx, restriction_id) is None:
        raise HubError("restricting.not-found", "there is no such request", code="not-found")
    return restrictions.patient_of(tx, restriction_id)


def _reason(by: str, state: str, reason_code: str) -> str:
    if reason_code not in REASONS[state]:
        raise HubError("restricting.reason", "not one of the reasons for that", path="reason", code="value")
    return name_of(by)


def _value(text: str, path: str) -> HubError:
    return HubError("restricting.value", text, path=path, code="value")


def _audit(tx: Tx, hub: Hub, one: Restriction, patient: str, who: str, reason_code: str | None = None) -> None:
    audit(
        tx,
        hub,
        who=who,
        action="C" if one.state == "asked" else "U",
        kind=f"restrictions.{one.state}",
        entity=("restriction", one.id),
        custody=one.custody,
        patient_id=patient,
        detail=(reason_code,) if reason_code else (),
    )
