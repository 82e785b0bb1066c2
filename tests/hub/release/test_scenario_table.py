"""The scenarios S01 to S62 as one table: each that is not of the API or the console alone is a row, with its citation.

A row of labels says exactly what stands in `meta.security` and what is only possible. A row of decisions says each
entry's decision, and what must not be in what goes. A row of the gate, of start-up or of HL7 v2 says what its step
does.
The API's and the console's own scenarios (S25 to S30, S54) are theirs; more cases of each scenario stand in the tests
named after it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from hub.errors import SettingsError
from hub.release import Context, Outcome, Party, ReleasePolicy, decide_json, release, release_json
from hub.release.policy import DEFAULT
from hub.settings import parse
from mappings.fhir.translate import translate
from mappings.incident import Agency, Incident, Narrative
from mappings.labels import Origin, label
from mappings.partner import Partner
from mappings.render import render

Json = dict[str, Any]

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
ICD = "http://hl7.org/fhir/sid/icd-10-cm"
RX = "http://www.nlm.nih.gov/research/umls/rxnorm"
POLICE = Origin(reference="Organization/pd", role="law-enforcement")
CENTER = Origin(reference="Organization/mhc", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")

#: Scenarios whose only layers are the API and the console.
ELSEWHERE = {"S25", "S26", "S27", "S28", "S29", "S30", "S54"}


def coded(code: str, system: str = ICD, **more: Any) -> Json:
    return {"resourceType": "Condition", "id": "x", "code": {"coding": [{"system": system, "code": code}], **more}}


def drug(code: str, **more: Any) -> Json:
    concept = {"coding": [{"system": RX, "code": code}], **more}
    return {"resourceType": "MedicationRequest", "id": "x", "medicationCodeableConcept": concept}


def told(text: str, kind: str = "text/plain") -> Json:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": "x",
        "content": [{"attachment": {"contentType": kind, "data": data}}],
    }


def bundled(*resources: Json) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources]}


def marked(resource: Json, *codes: str) -> Json:
    return {**resource, "meta": {"security": [{"system": ACT, "code": code} for code in codes]}}


# --- labels

INLINE = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label"
VERY = {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"}
NALOXONE = {
    "resourceType": "MedicationAdministration",
    "medicationCodeableConcept": {"coding": [{"system": RX, "code": "1191250"}], "text": "Naloxone 4 mg IN"},
}
LEVEL = {"resourceType": "Observation", "code": {"text": "BAC, evidentiary"}, "valueString": "0.16"}
ODOR = told("Strong odor of alcohol on breath, slurred speech.")
CLAIMED = told("MHC clinician told me he is on methadone at Sunrise.")
LOCAL = told("Subject lives at the shelter and was calm.")
NOTED = {"text": "kept apart", "extension": [{"url": INLINE, "valueCoding": VERY}]}

#: scenario, citation, record, whose, what stands in meta.security, what is only possible
LABELS: list[tuple[str, str, Json, Origin | None, set[str], set[str]]] = [
    ("S01", "42 CFR 2.11, 2.12(a)(1)(ii)", NALOXONE, POLICE, {"N"}, {"SUD"}),
    ("S02", "42 CFR 2.12(e)(4)(ii)", ODOR, POLICE, {"N"}, {"SUD"}),
    ("S03", "42 CFR 2.12(e)(4)(i)", LEVEL, POLICE, {"N"}, {"SUD"}),
    ("S04", "42 CFR 2.11, 2.12(a)(1)", coded("J45.40"), PROGRAM, {"R", "42CFRPart2"}, set()),
    ("S05", "42 CFR 2.12(d)(2)(ii)", coded("F11.20"), CENTER, {"R", "SUD", "OPIOIDUD"}, set()),
    ("S06", "42 CFR 2.12(d)(2)(i)(C)", marked(coded("J45.40"), "42CFRPart2"), CENTER, {"R", "42CFRPart2"}, set()),
    ("S07", "42 CFR 2.11", coded("J45.40"), None, {"R", "origin-unknown"}, set()),
    ("S09", "RxNorm: a drug of two indications",
     drug("864706", text="methadone hydrochloride 10 MG Oral Tablet"), CENTER, {"N"}, {"SUD", "OPIOIDUD"}),
    ("S09", "RxNorm: dispensed by a program only", drug("991147"), CENTER, {"R", "SUD", "OPIOIDUD"}, set()),
    ("S10", "RxNorm: the product, not the ingredient", drug("1010604"), CENTER, {"R", "SUD", "OPIOIDUD"}, set()),
    ("S11", "ICD-10-CM F11: the hierarchy, not a list", coded("F11.11"), CENTER, {"R", "SUD", "OPIOIDUD"}, set()),
    ("S12", "42 CFR 2.11, substance use disorder", coded("F17.210"), CENTER, {"N"}, set()),
    ("S13", "42 CFR 2.11, patient", coded("Z81.1"), CENTER, {"N"}, {"family-sensitive"}),
    ("S14", "ICD-10-CM by OID", coded("F10.20", "urn:oid:2.16.840.1.113883.6.90"), CENTER,
     {"R", "SUD", "ETHUD"}, set()),
    ("S14", "ICD-10-CM by alias, dotless, lower case", coded("f1020", "ICD10CM"), CENTER,
     {"R", "SUD", "ETHUD"}, set()),
    ("S15", "42 CFR 2.12(a)(1)(i)", {"resourceType": "Condition", "code": {"text": "OUD on MAT"}}, CENTER,
     {"R", "SUD", "OPIOIDUD"}, set()),
    ("S16", "NegEx, ConText", told("Denies drug or alcohol use. No needles found. Return if he relapses."), CENTER,
     {"N"}, set()),
    ("S17", "42 CFR 2.12(d)(2)", CLAIMED, POLICE, {"N"}, {"SUD", "OPIOIDUD", "origin-unknown"}),
    ("S18", "42 CFR 2.11, records", told("%PDF-1.4", "application/pdf"), PROGRAM, {"R", "42CFRPart2"}, set()),
    ("S22", "DS4P 1.0.0, high-water mark", bundled(coded("J45.40"), coded("F11.20")), CENTER,
     {"R", "SUD", "OPIOIDUD"}, set()),
    ("S23", "DS4P 1.0.0, high-water mark", bundled(coded("J45.40"), marked(coded("F32.1"), "PSYTHPN")), CENTER,
     {"R", "PSY", "PSYTHPN"}, set()),
    ("S24", "DS4P 1.0.0, inline labels", {**marked(coded("J45.40"), "R"), "note": [NOTED]}, CENTER,
     {"V", "PROCESSINLINELABEL"}, set()),
    ("S52", "42 CFR 2.12(d)(2)(ii)", LOCAL, POLICE, {"N"}, set()),
    ("S52", "CJISSECPOL 4.1: provenance decides", LOCAL, None, {"R", "origin-unknown"}, set()),
    ("S53", "42 CFR 2.12(d)(2)(ii)", told("Spoke with client, calm, safety plan made."), CENTER, {"N"}, set()),
]  # fmt: skip


def named(row: Any) -> str:
    return f"{row[0]}-{row[1]}"


@pytest.mark.parametrize(("scenario", "cite", "record", "whose", "certain", "maybe"), LABELS, ids=map(named, LABELS))
def test_labels(
    scenario: str, cite: str, record: Json, whose: Origin | None, certain: set[str], maybe: set[str]
) -> None:
    found = label(record, origin=whose)
    assert {coding["code"] for coding in found.resource["meta"]["security"]} == certain, cite
    assert {row.code for row in found.labels if row.grade == "possible"} - certain == maybe, cite


# --- decisions: what each entry gets, and what is not in what goes


@dataclass(frozen=True, kw_only=True)
class Row:
    """One question. `asks`: the document of design section 9, of a builder."""

    scenario: str
    cite: str
    asks: Callable[[Any], Json]
    expected: list[str]
    absent: tuple[str, ...] = ()
    policy: ReleasePolicy = DEFAULT


P2 = "part2-program"
CE = "covered-entity"
HIDES_SUD = {"provision": [{"type": "deny", "securityLabel": [{"code": "SUD"}]}], "securityLabel": None}


def shown(*kinds: str, **more: str) -> list[Json]:
    return [{"type": kind, "reference": f"DocumentReference/{kind}", **more} for kind in kinds]


def doctor(b: Any, **more: Any) -> Json:
    return {"reference": b.MHC, "role": CE, "duties": ["medical-personnel"], **more}


def encounter(**more: Any) -> Json:
    return {
        "resourceType": "Encounter", "id": "enc", "status": "finished", "class": {"code": "FLD"},
        "subject": {"reference": "Patient/p-1"}, **more,
    }  # fmt: skip


EMERGENCY = shown("emergency", at="2026-06-01T11:58:00Z", by="Practitioner/er")
PROXY = {"reference": "RelatedPerson/parent", "role": "representative"}
CONTAINED = {
    "resourceType": "MedicationStatement", "id": "ms", "status": "active", "subject": {"reference": "Patient/p-1"},
    "contained": [{"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": RX, "code": "351266"}]}}],
    "medicationReference": {"reference": "#m"},
}  # fmt: skip
DISPLAYED = encounter(serviceProvider={"reference": "Organization/clinic", "display": "Sunrise Opioid Treatment"})
TASK = {"resourceType": "Task", "id": "t", "status": "accepted", "for": {"reference": "Patient/p-1"}}

ROWS = [
    Row(scenario="S07", cite="42 CFR 2.11, 2.12(d)(2)", asks=lambda b: b.ask([b.condition("J45.40")]),
        expected=["hold"], absent=("J45.40",)),
    Row(scenario="S16", cite="42 CFR 2.31; R4 Consent.provision.securityLabel",
        asks=lambda b: b.ask(
            [b.patient(), encounter(text={"status": "additional", "div": "<div>Denies drug use, no relapse.</div>"})],
            [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "redact"], absent=("Denies drug use",)),
    Row(scenario="S19", cite="42 CFR 2.12(a)(1)(i)",
        asks=lambda b: b.ask([b.patient(), DISPLAYED], [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "redact"], absent=("Sunrise Opioid", "serviceProvider")),
    Row(scenario="S20", cite="DS4P 1.0.0, high-water mark",
        asks=lambda b: b.ask([b.patient(), CONTAINED], [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "redact"], absent=("351266", "#m", '"ms"')),
    Row(scenario="S21", cite="42 CFR 2.13(a): the narrative tells what the code did",
        asks=lambda b: b.ask(
            [b.patient(), b.condition(), encounter(text={"status": "generated", "div": "<div>F11.20</div>"})],
            [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "deny", "redact"], absent=("F11.20", '"div"')),
    Row(scenario="S22", cite="DS4P 1.0.0, high-water mark of what remains",
        asks=lambda b: b.ask([b.patient(), b.condition()], [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "deny"], absent=("OPIOIDUD", '"R"')),
    Row(scenario="S31", cite="42 CFR 2.13(c)(2)",
        asks=lambda b: b.ask([b.patient(), b.condition()], [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "deny"], absent=("REDACTED", "MASKED", "SUBSETTED", "42CFRPart2", "total")),
    Row(scenario="S33", cite="42 CFR 2.13; 45 CFR 164.528",
        asks=lambda b: b.ask(
            [b.patient(), b.condition(),
             {"resourceType": "Provenance", "id": "pr", "target": [{"reference": "Condition/cond-1"}]}],
            [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "deny", "permit"], absent=("cond-1", '"pr"')),
    Row(scenario="S34", cite="42 CFR 2.25; 45 CFR 164.502(g)",
        asks=lambda b: b.ask([b.condition()], origin=P2, recipient=PROXY, purpose="PATRQT"),
        expected=["no-consent"], absent=("F11.20",)),
    Row(scenario="S35", cite="42 CFR 2.13(a): a pointer tells, too",
        asks=lambda b: b.ask(
            [b.patient(), b.condition(),
             encounter(diagnosis=[{"condition": {"reference": "Condition/cond-1", "display": "what it is"}}])],
            [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "deny", "permit"], absent=("cond-1", "what it is", "diagnosis")),
    Row(scenario="S37", cite="42 CFR 2.13(a)", asks=lambda b: b.ask([b.condition()], origin=P2),
        expected=["no-consent"], absent=("F11.20",)),
    Row(scenario="S37", cite="45 CFR 164.506(c)", asks=lambda b: b.ask([b.condition("F32.1")], origin=CE),
        expected=["permit"]),
    Row(scenario="S38", cite="42 CFR 2.31(a)(4), 2.32, 2.33(a)",
        asks=lambda b: b.ask([b.condition()], [b.consent()], origin=P2), expected=["permit"]),
    Row(scenario="S39", cite="42 CFR 2.31(a)(4)(i), 2.33",
        asks=lambda b: b.ask([b.condition()], [b.consent(provision={"actor": b.to(b.PD)})], origin=P2,
                             recipient=b.police()),
        expected=["deny"], absent=("F11.20",)),
    Row(scenario="S40", cite="42 CFR 2.61 to 2.65: a program's own",
        asks=lambda b: b.ask([b.condition()], origin=P2, recipient=b.police(), purpose="THREAT"),
        expected=["no-consent"], absent=("F11.20",)),
    Row(scenario="S40", cite="45 CFR 164.512(j): policy, a person decides",
        asks=lambda b: b.ask([b.condition("F32.1")], origin=CE, recipient=b.police(), purpose="THREAT"),
        expected=["hold"], absent=("F32.1",)),
    Row(scenario="S41", cite="42 CFR 2.31(a)(4)(i)",
        asks=lambda b: b.ask([b.condition()], [b.consent(provision={"actor": b.to("Practitioner/lee")})], origin=P2,
                             recipient={"reference": "Practitioner/kim", "role": CE}),
        expected=["no-consent"]),
    Row(scenario="S42", cite="42 CFR 2.31(a)(4)(ii)",
        asks=lambda b: b.ask([b.condition()], [b.consent(provision={"actor": b.to("Organization/hie")})], origin=P2,
                             recipient={"reference": "Organization/hie", "role": "intermediary"}),
        expected=["deny"]),
    Row(scenario="S43", cite="42 CFR 2.31(a)(7): one second after",
        asks=lambda b: b.ask([b.condition()], [b.consent(provision={"period": {"end": "2026-06-01T11:59:59Z"}})],
                             origin=P2), expected=["no-consent"]),
    Row(scenario="S43", cite="42 CFR 2.31(a)(7): a date lasts to its end in the zone",
        asks=lambda b: b.ask([b.condition()], [b.consent(provision={"period": {"end": "2026-06-01"}})], origin=P2,
                             at="2026-06-02T04:59:59Z", zone="America/Chicago"), expected=["permit"]),
    Row(scenario="S44", cite="42 CFR 2.31(a)(6), 2.33(a)(2)",
        asks=lambda b: b.ask([b.condition()], [b.consent(status="inactive")], origin=P2), expected=["no-consent"]),
    Row(scenario="S45", cite="R4 Consent.provision.provision",
        asks=lambda b: b.ask(
            [b.patient(), b.condition()],
            [b.consent(provision={**HIDES_SUD, "securityLabel": None})], origin=P2),
        expected=["permit", "deny"], absent=("F11.20", "OPIOIDUD")),
    Row(scenario="S46", cite="45 CFR 164.522; deny overrides",
        asks=lambda b: b.ask(
            [b.patient(), b.condition()],
            [b.consent("new", dateTime="2026-05-01"),
             b.consent("old", provision={"type": "deny", "securityLabel": b.labels("SUD"), "purpose": None})],
            origin=P2),
        expected=["permit", "deny"], absent=("F11.20",)),
    Row(scenario="S47", cite="42 CFR 2.31(b), (d)",
        asks=lambda b: b.ask(
            [b.condition()],
            [b.consent(provision={"purpose": b.purposes("TREAT", "proceedings")}, elements={"proceedings": True})],
            origin=P2, purpose="proceedings"),
        expected=["deny"]),
    Row(scenario="S48", cite="42 CFR 2.31(a)(8) to (10), (c)",
        asks=lambda b: b.ask([b.condition()], [b.consent(performer=None)], origin=P2), expected=["deny"]),
    Row(scenario="S49", cite="42 CFR 2.51(a), (c)",
        asks=lambda b: b.ask([b.condition()], origin=P2, recipient=doctor(b), purpose="BTG", evidence=EMERGENCY),
        expected=["permit"]),
    Row(scenario="S49", cite="42 CFR 2.51(a): an officer is not medical personnel",
        asks=lambda b: b.ask([b.condition()], origin=P2, recipient=b.police(duties=["medical-personnel"]),
                             purpose="BTG", evidence=EMERGENCY),
        expected=["deny"]),
    Row(scenario="S50", cite="42 CFR 2.14(b)",
        asks=lambda b: b.ask([b.patient(birthDate="2011-03-01"), b.condition()],
                             [b.consent(elements={"signatureCapacity": "parent"})], origin=P2),
        expected=["deny", "deny"], policy=ReleasePolicy(minor_alone_from=14, majority=18)),
    Row(scenario="S51", cite="28 CFR 20.33; CJISSECPOL 4.1, 4.2: not by the exchange policy either",
        asks=lambda b: b.ask([b.condition("J45.40")], origin="law-enforcement", purpose="HMARKT"),
        expected=["deny"]),
    Row(scenario="S52", cite="CJISSECPOL 4.1: provenance decides",
        asks=lambda b: b.ask([LOCAL, LOCAL], origins=[b.PD, None], postures={b.PD: "law-enforcement"}),
        expected=["permit", "hold"]),
    Row(scenario="S53", cite="45 CFR 164.508, 164.512(f)",
        asks=lambda b: b.ask([told("Safety plan made.")], origin=CE, recipient=b.police(), purpose="investigation"),
        expected=["no-consent"]),
    Row(scenario="S55", cite="42 CFR 2.61(a), (b)",
        asks=lambda b: b.ask([b.condition()], origin=P2, recipient=b.police(), purpose="investigation",
                             evidence=shown("subpoena")),
        expected=["deny"]),
    Row(scenario="S55", cite="42 CFR 2.64, 2.65: a person releases",
        asks=lambda b: b.ask([b.condition()], origin=P2, recipient=b.police(), purpose="investigation",
                             evidence=shown("subpoena", "court-order")),
        expected=["hold"], absent=("F11.20",)),
    Row(scenario="S56", cite="42 CFR 2.12(c)(5)",
        asks=lambda b: b.ask([b.patient(), b.condition()], origin=P2, recipient=b.police(), purpose="investigation",
                             evidence=shown("crime-on-premises")),
        expected=["redact", "deny"], absent=("F11.20", "birthDate", "telecom")),
    Row(scenario="S57", cite="42 CFR 2.35",
        asks=lambda b: b.ask(
            [b.condition()],
            [b.consent(provision={"actor": b.to(b.PD), "purpose": b.purposes("justice-monitoring")})],
            origin=P2, recipient=b.police(), purpose="justice-monitoring"),
        expected=["deny"]),
    Row(scenario="S57", cite="42 CFR 2.35: the duty to monitor",
        asks=lambda b: b.ask(
            [b.condition()],
            [b.consent(provision={"actor": b.to(b.PD), "purpose": b.purposes("justice-monitoring")})],
            origin=P2, recipient=b.police(duties=["monitoring"]), purpose="justice-monitoring"),
        expected=["permit"]),
    Row(scenario="S58", cite="42 CFR 2.3(b), 2.68: use stops",
        asks=lambda b: b.ask([marked(b.condition("J45.40"), "42CFRPart2")], origin="law-enforcement"),
        expected=["no-consent"], absent=("J45.40",)),
    Row(scenario="S58", cite="42 CFR 2.3(b): no consent and no exchange policy lets it go",
        asks=lambda b: b.ask([b.condition("J45.40"), b.condition()], [b.consent()], origin="law-enforcement"),
        expected=["hold", "hold"], absent=("J45.40", "F11.20"), policy=ReleasePolicy(stopped=True)),
    Row(scenario="S59", cite="P21; 42 CFR 2.13, 2.33",
        asks=lambda b: b.ask([TASK], [b.consent()], origin=P2, recipient=b.police(), purpose="outcome-feedback"),
        expected=["no-consent"], absent=("accepted",)),
    Row(scenario="S60", cite="42 CFR 2.15; P20",
        asks=lambda b: b.ask([b.condition()], [b.consent(elements={"witness": "officer"})], origin=P2),
        expected=["deny"]),
    Row(scenario="S61", cite="42 CFR 2.33(a)(2): revoked between two attempts",
        asks=lambda b: b.ask([b.condition()], [b.consent(elements={"revokedAt": "2026-06-01T11:00:00Z"})], origin=P2),
        expected=["no-consent"], absent=("F11.20",)),
    Row(scenario="S62", cite="42 CFR 2.13(c)(2)",
        asks=lambda b: b.ask([b.patient(), b.condition()], [b.consent(provision=HIDES_SUD)], origin=CE),
        expected=["permit", "deny"], absent=("F11.20", "cond-1")),
]  # fmt: skip


@pytest.mark.parametrize("row", ROWS, ids=[f"{row.scenario}-{row.cite}" for row in ROWS])
def test_decisions(build: Any, row: Row) -> None:
    document = row.asks(build)
    found = decide_json(document, policy=row.policy)["entries"]
    assert [entry["decision"] for entry in found] == row.expected, row.cite
    assert all(entry["because"] for entry in found)
    text = json.dumps(release_json(document, policy=row.policy))
    assert [value for value in row.absent if value in text] == [], row.cite


# --- the gate, the start, HL7 v2

NOW = datetime(2026, 6, 1, tzinfo=UTC)


def test_s51_criminal_history_never_enters_a_health_bound_bundle() -> None:
    """28 CFR 20.33; CJISSECPOL 4.1, 4.2: in free text it is held, and the Bundle has none of it."""
    incident = Incident(
        agency=Agency(id="pd", name="The police", posture="law-enforcement", zone="UTC"),
        narratives=(Narrative(text="NCIC return was negative. FBI number on file."),),
    )
    made = translate(incident, agency=incident.agency, now=NOW)
    assert made.held
    assert "NCIC" not in json.dumps(made.bundle)


@pytest.mark.parametrize("setting", ["posture", "state_policy"])
def test_s08_without_a_declared_posture_or_state_policy_there_is_no_start(setting: str) -> None:
    """42 CFR 2.11, 2.12(b): what is not declared is not guessed."""
    document: Json = {
        "operator": {"organization": "a", "relation": "self"},
        "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-01"},
        "organization": [{"id": "a", "name": "A", "kind": "center", "posture": "covered-entity"}],
    }
    parse(document, base=Path())
    del (document["organization"][0] if setting == "posture" else document)[setting]
    with pytest.raises(SettingsError):
        parse(document, base=Path())


def test_s32_a_settings_error_names_the_place_and_no_value() -> None:
    """42 CFR 2.13; 45 CFR 164.312: an error repeats nothing."""
    with pytest.raises(SettingsError) as caught:
        parse({"organization": [{"id": "a", "posture": "Quellmarken"}]}, base=Path())
    assert "Quellmarken" not in f"{caught.value} {caught.value.issues}"


V2 = Partner(form="hl7v2")
WHO = Context(
    discloser=Party(reference="Organization/mhc", role="covered-entity"),
    recipient=Party(reference="Organization/other", role="covered-entity"),
    purpose="TREAT",
    patient="urn:uuid:6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c01",
    at=NOW,
)


def sent(*more: Json) -> Outcome:
    """A referral to an EHR that takes HL7 v2, with these Conditions."""
    patient = {"reference": WHO.patient}
    request = "urn:uuid:6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c02"
    center = {"reference": "urn:uuid:6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c04"}
    resources = [
        {"resourceType": "Patient", "id": "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c01", "name": [{"family": "Torvanneth"}]},
        {
            "resourceType": "ServiceRequest", "id": request[9:], "status": "active", "intent": "order",
            "subject": patient, "code": {"text": "Follow-up"}, "requester": center, "performer": [center],
        },
        {
            "resourceType": "Task", "id": "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c03", "status": "requested",
            "intent": "order", "for": patient, "focus": {"reference": request}, "authoredOn": "2026-06-01T00:00:00Z",
            "identifier": [{"system": "https://warmhandoff.org/fhir/sid/task", "value": "t-1"}],
        },
        {"resourceType": "Organization", "id": "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c04", "name": "The center"},
        *more,
    ]  # fmt: skip
    bundle = {
        "resourceType": "Bundle",
        "type": "transaction",
        "id": "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c00",
        "timestamp": "2026-06-01T00:00:00Z",
        "entry": [
            {
                "fullUrl": f"urn:uuid:{one['id']}",
                "resource": one,
                "request": {"method": "PUT", "url": f"{one['resourceType']}/{one['id']}"},
            }
            for one in resources
        ],
    }
    refusal = {
        "resourceType": "Consent",
        "id": "no",
        "status": "active",
        "patient": patient,
        "provision": {"type": "deny", "securityLabel": [{"code": "SUD"}]},
    }
    return release(
        bundle, [CENTER] * len(resources), replace(WHO), [refusal], render=lambda made: render(made, V2),
        media_type="x-application/hl7-v2+er7", partner=V2,
    )  # fmt: skip


def diagnosis(code: str, number: int) -> Json:
    identity = f"6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c1{number}"
    return {**coded(code), "id": identity, "subject": {"reference": WHO.patient}}


def test_s36_s62_hl7_v2_is_as_if_the_withheld_had_never_been(build: Any) -> None:
    """42 CFR 2.13(c)(2): no DG1, no gap in its set ids, byte for byte the message without it."""
    whole = sent(diagnosis("F32.1", 1), diagnosis("F11.20", 2), diagnosis("J45.40", 3)).release
    without = sent(diagnosis("F32.1", 1), diagnosis("J45.40", 3)).release
    assert whole is not None
    assert without is not None
    assert whole.bytes == without.bytes
    assert b"F11" not in whole.bytes
    assert [line[:5] for line in whole.bytes.split(b"\r") if line.startswith(b"DG1")] == [b"DG1|1", b"DG1|2"]


def test_every_scenario_is_a_row_with_its_citation() -> None:
    others = {name[5:8].upper() for name in globals() if name.startswith("test_s") and name[6:8].isdigit()} | {"S62"}
    there = {row[0] for row in LABELS} | {row.scenario for row in ROWS} | others
    assert there == {f"S{number:02}" for number in range(1, 63)} - ELSEWHERE
    assert all(row[1].strip() for row in LABELS)
    assert all(row.cite.strip() for row in ROWS)
