"""What else the hub sends, serves or exports than what is made of the samples: real outputs of each kind.

Made by the product's own functions from the samples' records, as the hub makes them: referrals as they are released
(`released`), what refers nobody as a message, answers to readers (`served`), notices of revocations in both forms, the
Parameters of `$label` and `$decide`, what `handoff release` writes, the accounting of disclosures, audited events of
every kind, refusals of a restriction, a captured consent and what is kept of its signing and revocation, the served
CapabilityStatement, OperationOutcomes of every rule, and the consent exports.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import cache
from itertools import product
from typing import Literal

from hub.api import capability
from hub.audit import to_fhir as audit_event
from hub.loop import labelling
from hub.loop.restricting import refusal
from hub.records import Disclosure, Event, Restriction
from hub.release import accounting, accounting_forms, contract, decide_json, parameters
from mappings.fhir.captured_consent import captured_consent
from mappings.fhir.consent_export import Profile, export_consent
from mappings.fhir.consent_provenance import consent_provenance
from mappings.fhir.profile import claim
from mappings.fhir.revocation import revocation
from mappings.ids import PUBLISHED
from mappings.incident import Agency, ConsentForm, Organization, Recipient, Signature
from mappings.labels import Origin, label_bundle
from mappings.labels import label as label_one
from mappings.partner import GENERIC
from profiles import CANONICAL, load
from tests.conformance.outputs import MESSAGES, Json, outputs
from tests.conformance.released import released, unreferred
from tests.conformance.served import outcomes, served

_AT = "2026-01-20T12:00:00Z"
_NOW = datetime(2026, 1, 20, 12, tzinfo=UTC)
_PERSON = "6a0b2f7e-5d1c-8b3a-9e4f-2c7d8e9f0a1b"
_CENTER = Origin(reference="lakeshore-cmhc", role="covered-entity")
_R5 = "http://hl7.org/fhir/5.0/"
_EXPORTS: tuple[Profile, ...] = ("pcf", "fast")
_STEPS: tuple[Literal["CREATE", "UPDATE"], ...] = ("CREATE", "UPDATE")
_CAPTURED: tuple[Literal["part2", "hipaa-authorization", "opt-out"], ...] = ("part2", "hipaa-authorization", "opt-out")


@cache
def kinds() -> tuple[tuple[str, Json], ...]:
    """(name, resource) of each, as it is sent."""
    made = (
        *released(_NOW),
        *unreferred(),
        *served(_NOW),
        *outcomes(),
        *_revocations(),
        *_captured(),
        *_labelled(),
        *_decided(),
        *_accounted(),
        *_audited(),
        *_restricted(),
        *_said(),
        *_exported(),
    )
    # as bytes and back: what is validated is what JSON has of it
    return tuple((f"kind {name}", json.loads(json.dumps(resource))) for name, resource in made)


def _consents() -> Iterator[tuple[str, Json, tuple[Json, ...]]]:
    """Each Consent of the samples, with what stands beside it."""
    for output in outputs():
        beside = tuple(entry["resource"] for entry in output.bundle["entry"])
        for resource in beside:
            if resource["resourceType"] == "Consent":
                yield f"{output.name} {resource['id'][:8]}", resource, beside


def _revocations() -> Iterator[tuple[str, Json]]:
    for name, consent, _ in _consents():
        for partner in (MESSAGES, GENERIC):
            number = f"notice-{consent['id']}"[:64]
            sent: Json = json.loads(revocation(consent, partner, bundle_id=number, at=_AT))
            yield f"revocation {partner.form} {name}", sent


def _captured() -> Iterator[tuple[str, Json]]:
    """What a form becomes that is signed by itself: under Part 2, under HIPAA, and an objection to an exchange.

    Beside the person whom it is about, who is known already, and who claims US Core's profile or does not.
    """
    organizations = tuple(Organization(id=one, name=one.upper(), kind="center") for one in ("cedar", "mhc", "hie"))
    number = {"system": "urn:oid:2.16.840.1.113883.3.9999.1", "value": "1"}
    plain = {"resourceType": "Patient", "id": _PERSON, "identifier": [number], "gender": "unknown"}
    named = {**plain, "meta": claim("coresponse-patient"), "name": [{"text": "M. Example", "family": "Example"}]}
    for kind, person in product(_CAPTURED, (named, plain)):
        form = ConsentForm(
            number="7",
            kind=kind,
            disclosers=(Recipient(organization="cedar"),),
            recipients=(Recipient(organization="mhc"),),
            description="all records about my treatment",
            purposes=("TPO",),
            revocation_statement=True,
            redisclosure_statement=True,
            refusal_statement=True,
            hipaa_redisclosure_statement=True,
            expires="2027-01-15",
            signature=Signature(by="M. Example", at=_AT, method="electronic"),
        )
        made = captured_consent(
            form,
            agency=Agency(id="cedar", posture="part2-program", organizations=organizations),
            organization="cedar",
            patient_id=_PERSON,
            patient_claims="meta" in person,
            encounter_id=None,
            now=_NOW,
            namespace_key=PUBLISHED,
        )
        request = {"method": "PUT", "url": f"Patient/{_PERSON}"}
        beside: Json = {"fullUrl": f"urn:uuid:{_PERSON}", "resource": person, "request": request}
        claims = "claims" if "meta" in person else "claims nothing"
        yield f"captured {kind} of who {claims}", {**made.bundle, "entry": [*made.bundle["entry"], beside]}
        signed = next(one["resource"] for one in made.bundle["entry"] if one["resource"]["id"] == made.consent_id)
        yield from _done(f"{kind} of who {claims}", signed)


def _done(name: str, consent: Json) -> Iterator[tuple[str, Json]]:
    """What is kept of a form's signing and of its revocation beside it, from the paper and without one."""
    scan = {"attachment": {"contentType": "image/png", "data": "iVBORw0KGgo="}}
    paper = {"resourceType": "DocumentReference", "id": _PERSON, "status": "current", "content": [scan]}
    center = {
        "reference": "Organization/cedar",
        "identifier": {"system": "https://warmhandoff.org/fhir/sid/organization", "value": "cedar"},
    }
    for activity, document in product(_STEPS, (paper, None)):
        yield (
            f"provenance {activity} {'from paper' if document else 'as said'} {name}",
            consent_provenance(
                consent,
                document,
                number=_PERSON,
                activity=activity,
                recorded=_AT,
                recorded_by="M. Example",
                custodian=center,
                occurred=_AT,
                witnesses=("clinician",),
                signed=activity == "CREATE",
            ),
        )


def _labelled() -> Iterator[tuple[str, Json]]:
    """The answer of `$label`: a whole Bundle, and a resource by itself."""
    for output in outputs():
        if output.referrals:
            bundle = output.bundle
            found = label_bundle(bundle, [_CENTER] * len(bundle["entry"]))
            yield f"$label {output.name}", labelling.answer(found)
            one = bundle["entry"][0]["resource"]
            yield f"$label {output.name} {one['resourceType']}", labelling.answer(label_one(one, origin=_CENTER))


def _decided() -> Iterator[tuple[str, Json]]:
    """The answer of `$decide`, and what `handoff release` writes of the same question."""
    for output in outputs():
        if not output.referrals:
            continue
        entries = [entry["resource"] for entry in output.bundle["entry"]]
        people = [entry for entry in output.bundle["entry"] if entry["resource"]["resourceType"] == "Patient"]
        question = {
            "consents": [one for one in entries if one["resourceType"] == "Consent"],
            "request": {
                "discloser": {"reference": "Organization/cedar-coresponse", "role": "covered-entity"},
                "recipient": {"reference": "Organization/lakeshore-cmhc", "role": "covered-entity"},
                "purpose": "TREAT",
                "patient": people[0]["fullUrl"] if people else "Patient/nobody",
                "at": _AT,
                "entries": entries,
                "origins": ["Organization/cedar-coresponse"] * len(entries),
                "postures": {"Organization/cedar-coresponse": "covered-entity"},
            },
        }
        yield f"$decide {output.name}", parameters.answer_of(decide_json(question))
        yield f"release {output.name}", contract.release_json(question)


def _disclosure(number: int, **more: object) -> Disclosure:
    given: dict[str, object] = {
        "delivery_id": None,
        "discloser": "cedar-coresponse",
        "recipient": "lakeshore-cmhc",
        "purpose": "TREAT",
        "what": (("Patient", "p-1"), ("Condition", "c-1"), ("ServiceRequest", "s-1")),
        "consents": (),
        "manner": "delivery",
        "basis": ("treatment, payment, health care operations (45 CFR 164.506(c))",),
        "part2": False,
        "digest": "d",
        "state": "sent",
        "intended_at": _NOW - timedelta(days=number),
        "settled_at": None,
    }
    return Disclosure(id=number, **{**given, **more})  # type: ignore[arg-type]


def _accounted() -> Iterator[tuple[str, Json]]:
    """An accounting of every manner and purpose, of a recipient with an address and one without; and an empty one."""
    rows = (
        _disclosure(1),
        _disclosure(2, manner="answer", state="unknown"),
        _disclosure(3, manner="paper", recipient="riverton-pd", purpose="outcome-feedback"),
        _disclosure(4, manner="emergency", purpose="ETREAT", basis=("medical emergency (42 CFR 2.51)",), part2=True),
        _disclosure(5, manner="notice", consents=("Consent/c-9",), basis=("notice of revocation (42 CFR 2.32(b))",)),
        _disclosure(6, basis=("a consent permits (42 CFR 2.31, 2.33(a))",), consents=("Consent/c-9",), part2=True),
    )
    known = {"lakeshore-cmhc": "12 Lake Street, Riverton", "riverton-pd": None}
    told = {name: accounting.Recipient(id=name, name=name, address=where) for name, where in known.items()}
    cedar = accounting.Recipient(id="cedar-coresponse", name="Cedar Co-Response Program")
    for name, given in (("all", rows), ("none", ())):
        report = accounting.account(
            {"p-1": given},
            discloser=cedar,
            role="part2-program",
            recipients=told,
            since=_NOW - timedelta(days=365),
            until=_NOW,
            now=_NOW,
            every=True,
        )
        yield f"accounting {name}", accounting_forms.to_fhir(report)


def _audited() -> Iterator[tuple[str, Json]]:
    """An event of each audited kind, with each action and outcome somewhere."""
    coded = load(f"{CANONICAL}/CodeSystem/audit-kind")["concept"]
    for number, concept in enumerate(coded):
        event = Event(
            who="source:cedar-app",
            action="CRUDE"[number % 5],  # type: ignore[arg-type]
            kind=concept["code"],
            entity_type="Task" if number % 2 else "message",
            entity_id=f"e-{number}",
            outcome=("0", "4", "8", "12")[number % 4],  # type: ignore[arg-type]
            at=_NOW,
            source="hub-1",
            custody="cedar-coresponse",
            purpose="TREAT" if number % 3 else "outcome-feedback",
            patient_id="p-1" if number % 2 else None,
            detail=("label.conflict",) if number % 2 else (),
        )
        yield f"audit {concept['code']}", audit_event(event)


def _restricted() -> Iterator[tuple[str, Json]]:
    plain = {"id": 1, "custody": "cedar-coresponse", "consent_id": "0f3f8a58-9f2e-8f10-9d3e-1c5b7a2d4e60"}
    plain |= {"health_plan": False, "self_paid": False, "state": "agreed", "asked_at": _NOW, "taken_by": "privacy"}
    plain |= {"decided_at": _NOW, "decided_by": "privacy", "reason_code": None}
    wide = Restriction(**plain, recipient=None, purposes=(), sensitivities=())  # type: ignore[arg-type]
    narrow = Restriction(  # type: ignore[arg-type]
        **plain, recipient="lakeshore-cmhc", purposes=("TREAT", "outcome-feedback"), sensitivities=("MH", "SUD")
    )
    yield "restriction wide", refusal(wide, _PERSON, status="active", at=_AT)
    yield "restriction narrow", refusal(narrow, _PERSON, status="inactive", at=_AT)


def _said() -> Iterator[tuple[str, Json]]:
    yield "metadata", capability.statement("https://hub.example:8443/")


def _exported() -> Iterator[tuple[str, Json]]:
    """Each export that a Consent allows. The profiles claimed are another's, and are not here: see `claimed`."""
    for name, consent, beside in _consents():
        for profile in _EXPORTS:
            made = export_consent(consent, profile, beside=beside)
            if made.consent is not None:
                yield f"export {profile} {name}", claimed(made.consent)


def claimed(consent: Json) -> Json:
    """An export without what no definition is here for: its claim of another's profile, and elements of R5 in FAST's.

    What is left is validated as R4's Consent.
    """
    made = {key: value for key, value in consent.items() if key not in ("meta", "extension")}
    kept = {key: value for key, value in consent["meta"].items() if key != "profile"}
    extensions = [one for one in consent.get("extension", ()) if not str(one["url"]).startswith(_R5)]
    return {**made, **({"meta": kept} if kept else {}), **({"extension": extensions} if extensions else {})}
