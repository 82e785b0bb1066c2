"""What one incident becomes (design, section 5): each branch by hand-made records. Invented people only."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

import orjson
import pytest

from mappings.fhir.encounter import DISCHARGE
from mappings.fhir.translate import translate
from mappings.incident import (
    Agency,
    Answer,
    Attachment,
    Caution,
    Code,
    Coded,
    ConsentForm,
    Contact,
    Diagnosis,
    Hold,
    Identifier,
    Incident,
    Link,
    Name,
    Narrative,
    Observed,
    Organization,
    Person,
    Place,
    Reading,
    Recipient,
    Referral,
    Screening,
    Signature,
    Staff,
    Timeline,
    Transport,
    Unit,
)
from mappings.translation import Translation
from profiles.check import check
from profiles.issue import Issue

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
AGENCY = Agency(
    id="example-pd",
    name="Example Police",
    ori="XX0000000",
    posture="law-enforcement",
    organizations=(
        Organization(id="center-a", name="Center A", kind="center", posture="covered-entity"),
        Organization(id="program-b", name="Program B", kind="center", posture="part2-program"),
    ),
)
OURS = "https://warmhandoff.org/fhir"
DISPOSITION = f"{OURS}/CodeSystem/field-disposition"
CLINICIAN = Staff(id="c-1", name=Name(family="Asterwood", given=("Ines",)), role="clinician", organization="center-a")
OFFICER = Staff(id="771", role="officer", organization="example-pd")
PERSON = Person(slot="p1", roles=("subject",), names=(Name(family="Brindlemoor", given=("Tarn",)),))
BASE = Incident(
    agency="example-pd",
    number="26-001",
    case_number="R-9",
    timeline=Timeline(
        received="2026-01-14T20:00:00-07:00",
        dispatched="2026-01-14T20:01:00-07:00",
        on_scene="2026-01-14T20:10:00-07:00",
        cleared="2026-01-14T21:00:00-07:00",
    ),
)


def made(incident: Incident, agency: Agency = AGENCY) -> Translation:
    translation = translate(incident, agency=agency, now=NOW)
    assert [issue for issue in check(translation.bundle) if issue.severity in ("error", "fatal")] == []
    translation.models()
    return translation


def of(translation: Translation, kind: str) -> list[dict[str, Any]]:
    found = [entry["resource"] for entry in translation.bundle["entry"]]
    return [resource for resource in found if resource["resourceType"] == kind]


def one(translation: Translation, kind: str) -> dict[str, Any]:
    (found,) = of(translation, kind)
    return found


def url(resource: dict[str, Any]) -> str:
    return f"urn:uuid:{resource['id']}"


def rules(translation: Translation) -> set[str]:
    return {issue.rule for issue in translation.issues}


def contact(**more: Any) -> Incident:
    given: dict[str, Any] = {"person": "p1", "organization": "center-a", "clinician": CLINICIAN, **more}
    return replace(BASE, persons=(PERSON,), contacts=(Contact(**given),))


def ended(code: str) -> Coded:
    return Coded(text="as it ended", mapped=(Code(system=DISPOSITION, code=code),))


def test_a_cad_row_alone_is_hub_held_records_only() -> None:
    translation = made(replace(BASE, place=Place(text="2100 block of Example Street", city="Riverton")))
    kinds = [entry["resource"]["resourceType"] for entry in translation.bundle["entry"]]
    assert sorted(kinds) == ["Encounter", "Location", "Organization", "Provenance"]
    encounter = one(translation, "Encounter")
    assert "subject" not in encounter
    assert encounter["class"]["code"] == "FLD"
    assert encounter["status"] == "finished"
    assert encounter["identifier"][1:] == [
        {"system": f"{OURS}/agency/example-pd/cad-event", "value": "26-001"},
        {"system": f"{OURS}/agency/example-pd/case-number", "value": "R-9"},
    ]
    assert [stage["status"] for stage in encounter["statusHistory"]] == ["planned", "in-progress", "finished"]
    assert set(translation.origins) == {"example-pd"}


def test_the_agencys_own_base_names_its_systems() -> None:
    translation = made(
        replace(BASE, type_final=Coded(code="X", text="Welfare")), replace(AGENCY, system="https://pd.example.org/")
    )
    encounter = one(translation, "Encounter")
    assert encounter["identifier"][1]["system"] == "https://pd.example.org/cad-event"
    assert encounter["reasonCode"][0]["coding"] == [
        {"system": "https://pd.example.org/CodeSystem/call-type", "code": "X"}
    ]


def test_initial_and_final_call_type_stand_apart() -> None:
    apco = Code(system=f"{OURS}/CodeSystem/apco-incident-type", code="WELFARE", display="WELFARE CHECK")
    translation = made(
        replace(BASE, type_initial=Coded(code="NOI", text="Noise"), type_final=Coded(code="WC", mapped=(apco,)))
    )
    first, last = one(translation, "Encounter")["reasonCode"]
    assert [each["extension"][0]["valueCode"] for each in (first, last)] == ["initial", "final"]
    assert last["coding"][0] == {"system": apco.system, "code": "WELFARE", "display": "WELFARE CHECK"}
    assert last["coding"][1]["code"] == "WC"
    assert [(i.rule, i.path, i.severity, i.code) for i in translation.issues] == [
        ("translate.unmapped-code", "type_initial", "warning", "not-found")
    ]


def test_an_unmapped_code_that_reading_reported_is_not_reported_again() -> None:
    told = Issue(severity="warning", code="not-found", rule="read.unmapped-code", path="NATURE", text="no such code")
    reading = Reading(paths=MappingProxyType({"type_final": "NATURE", "priority": "PRI"}), issues=(told,))
    translation = made(replace(BASE, type_final=Coded(code="Q"), priority=Coded(code="1"), reading=reading))
    assert [(issue.rule, issue.path) for issue in translation.issues] == [
        ("read.unmapped-code", "NATURE"),
        ("translate.unmapped-code", "PRI"),
    ]


def test_a_published_code_is_no_unmapped_code_and_snomed_has_no_display() -> None:
    translation = made(
        contact(
            concerns=(
                Coded(system="http://snomed.info/sct", code="6471006"),
                Coded(
                    code="SI",
                    mapped=(Code(system="http://snomed.info/sct", code="6471006", display="words of theirs"),),
                ),
            )
        )
    )
    assert rules(translation) == set()
    assert "words of theirs" not in repr(translation.bundle)


def test_same_input_same_bytes_and_another_key_other_ids() -> None:
    incident = contact(referrals=(Referral(organization="center-a"),))
    first, second = (orjson.dumps(translate(incident, agency=AGENCY, now=NOW).bundle) for _ in range(2))
    assert first == second
    other = translate(incident, agency=AGENCY, now=NOW, namespace_key=b"another key of thirty-two bytes!!")
    assert {e["fullUrl"] for e in other.bundle["entry"]}.isdisjoint(
        e["fullUrl"] for e in translate(incident, agency=AGENCY, now=NOW).bundle["entry"]
    )


def test_the_same_person_in_two_custodies_has_unrelated_ids() -> None:
    police = one(made(contact()), "Patient")["id"]
    center = one(made(replace(contact(), organization="center-a")), "Patient")["id"]
    assert police != center


def test_now_needs_a_zone() -> None:
    with pytest.raises(ValueError, match="zone"):
        translate(BASE, agency=AGENCY, now=datetime(2026, 1, 1))  # noqa: DTZ001


def test_each_person_contacted_has_an_encounter_and_shares_the_call() -> None:
    second = Person(slot="p2", roles=("other",), names=(Name(family="Cindergate"),))
    incident = replace(
        BASE,
        persons=(PERSON, second),
        place=Place(text="Example Park"),
        contacts=(
            Contact(person="p1", organization="center-a"),
            Contact(person="p2", organization="center-a"),
            Contact(person="p1", organization="center-a", mode="phone"),
        ),
    )
    translation = made(incident)
    encounters = of(translation, "Encounter")
    patients = of(translation, "Patient")
    assert len({e["id"] for e in encounters}) == 3
    assert [e["subject"]["reference"] for e in encounters] == [url(patients[0]), url(patients[1]), url(patients[0])]
    assert [e["class"]["code"] for e in encounters] == ["FLD", "FLD", "VR"]
    assert len(of(translation, "Location")) == 1
    assert len({str(e["location"]) for e in encounters}) == 1


@pytest.mark.parametrize(("mode", "code"), [("in-person", "FLD"), ("home", "HH"), ("phone", "VR"), ("video", "VR")])
def test_class_by_mode(mode: Any, code: str) -> None:
    assert one(made(contact(mode=mode)), "Encounter")["class"]["code"] == code


def test_the_unknown_person_has_no_name_and_keeps_what_was_seen() -> None:
    unknown = Person(
        slot="p1", roles=("subject",), unknown=True, age_years=40, approximate_age=True, description="grey coat"
    )
    patient = one(made(replace(BASE, persons=(unknown,))), "Patient")
    assert patient["name"] == [
        {"extension": [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]}
    ]
    values = {each["url"].rsplit("/", 1)[1]: each for each in patient["extension"]}
    assert values["person-description"]["valueString"] == "grey coat"
    assert values["reported-age"]["valueAge"]["value"] == 40
    assert values["reported-age-approximate"]["valueBoolean"] is True


def test_others_are_named_in_issues_or_related_where_the_source_says_how() -> None:
    caller = Person(slot="c", roles=("caller",), relationship="sister", names=(Name(family="Dellavane"),))
    witness = Person(slot="w", roles=("witness",), names=(Name(family="Elmsparrow"),))
    translation = made(replace(BASE, persons=(PERSON, caller, witness)))
    related = one(translation, "RelatedPerson")
    assert related["patient"]["reference"] == url(one(translation, "Patient"))
    assert one(translation, "Encounter")["participant"][0]["type"][0]["coding"][0]["code"] == "INF"
    assert [i.path for i in translation.issues if i.rule == "translate.other-person-not-carried"] == ["persons[2]"]
    assert "Elmsparrow" not in repr(translation.bundle)


def test_a_relative_of_nobody_in_particular_is_not_guessed() -> None:
    second = replace(PERSON, slot="p2")
    caller = Person(slot="c", roles=("caller",), relationship="sister")
    translation = made(replace(BASE, persons=(PERSON, second, caller)))
    assert of(translation, "RelatedPerson") == []
    assert "translate.other-person-not-carried" in rules(translation)


def test_one_identifier_on_two_people_merges_nobody() -> None:
    number = Identifier(value="D-1", assigner="urn:oid:2.16.840.1.113883.4.3.8", kind="driver-license")
    people = tuple(Person(slot=slot, roles=("subject",), identifiers=(number,)) for slot in ("a", "b"))
    translation = made(replace(BASE, persons=people))
    assert len({patient["id"] for patient in of(translation, "Patient")}) == 2
    assert "translate.same-identifier" in rules(translation)


def test_an_ssn_is_never_searched_for() -> None:
    person = replace(PERSON, identifiers=(Identifier(value="999-00-1234", assigner="urn:x", kind="SSN"),))
    translation = made(replace(BASE, persons=(person,)))
    entry = next(e for e in translation.bundle["entry"] if e["resource"]["resourceType"] == "Patient")
    assert entry["resource"]["identifier"][0]["system"] == "http://hl7.org/fhir/sid/us-ssn"
    assert "999" not in entry["request"]["ifNoneExist"]


def test_nobody_found_is_a_cancelled_encounter_without_patient() -> None:
    translation = made(contact(disposition=ended("unable-to-locate")))
    assert of(translation, "Patient") == []
    encounter = one(translation, "Encounter")
    assert encounter["status"] == "cancelled"
    assert "subject" not in encounter
    assert "translate.person-not-met" in rules(translation)
    by_cad = made(replace(BASE, persons=(PERSON,), dispositions=(ended("gone-on-arrival"),)))
    assert of(by_cad, "Patient") == []
    assert one(by_cad, "Encounter")["status"] == "cancelled"


@pytest.mark.parametrize(("code", "expected"), sorted(DISCHARGE.items()))
def test_discharge_disposition(code: str, expected: str) -> None:
    stay = one(made(contact(disposition=ended(code))), "Encounter")["hospitalization"]
    assert stay["dischargeDisposition"]["coding"][0]["code"] == expected
    assert stay["dischargeDisposition"]["coding"][1] == {"system": DISPOSITION, "code": code}


def test_a_referral_is_a_service_request_and_a_task_that_asks() -> None:
    translation = made(
        contact(
            start="2026-01-14T20:10:00-07:00",
            officer=OFFICER,
            weapons=(Coded(text="kitchen knife"),),
            consents=(ConsentForm(),),
            narratives=(Narrative(text="Calm.", organization="center-a", kind="clinical-note"),),
            referrals=(
                Referral(
                    organization="center-a",
                    number="REF-7",
                    service=Coded(code="FU", mapped=(Code(system="http://snomed.info/sct", code="306226009"),)),
                    urgency="urgent",
                    reasons=(Coded(text="low mood"),),
                    note="after noon",
                    decided_by=CLINICIAN,
                    decided_at="2026-01-14T20:50:00-07:00",
                    respond_by="2026-01-15T20:50:00-07:00",
                    follow_up_by="2026-01-20",
                ),
            ),
        )
    )
    request, task, patient = (one(translation, kind) for kind in ("ServiceRequest", "Task", "Patient"))
    assert (task["status"], task["intent"], task["priority"]) == ("requested", "order", "urgent")
    assert task["code"]["coding"] == [{"system": "http://hl7.org/fhir/CodeSystem/task-code", "code": "fulfill"}]
    assert task["focus"]["reference"] == url(request)
    assert task["for"]["reference"] == request["subject"]["reference"] == url(patient)
    assert task["authoredOn"] == "2026-01-14T20:50:00-07:00"
    assert task["restriction"]["period"] == {"end": "2026-01-15T20:50:00-07:00"}
    assert task["identifier"] == [{"system": f"{OURS}/sid/task", "value": task["id"]}]
    center = next(o for o in of(translation, "Organization") if o["name"] == "Center A")
    assert task["owner"]["reference"] == url(center)
    assert center["identifier"][0] == {"system": f"{OURS}/sid/organization", "value": "center-a"}
    assert request["identifier"][0] == {"system": f"{OURS}/sid/referral", "value": "REF-7"}
    assert request["code"]["coding"][0] == {"system": "http://snomed.info/sct", "code": "306226009"}
    assert request["occurrencePeriod"] == {"end": "2026-01-20"}
    assert request["note"] == [{"text": "after noon"}]
    role = next(r for r in of(translation, "PractitionerRole") if r["code"][0]["coding"][0]["code"] == "clinician")
    assert task["requester"]["reference"] == url(role)
    support = {each["reference"] for each in request["supportingInfo"]}
    assert support == {url(one(translation, kind)) for kind in ("Consent", "Observation", "DocumentReference")}


def test_no_number_and_no_service_guess_nothing() -> None:
    request = one(made(contact(referrals=(Referral(organization="center-a"),))), "ServiceRequest")
    assert request["identifier"] == [{"system": f"{OURS}/sid/referral", "value": request["id"]}]
    assert request["code"] == {"text": "Referral"}


def test_a_referral_without_organization_has_no_owner() -> None:
    assert "owner" not in one(made(contact(referrals=(Referral(),))), "Task")


def test_a_referral_of_nobody_is_an_error_not_an_invented_person() -> None:
    translation = made(replace(BASE, contacts=(Contact(organization="center-a", referrals=(Referral(),)),)))
    assert of(translation, "ServiceRequest") == []
    assert [i.severity for i in translation.issues if i.rule == "translate.referral-without-person"] == ["error"]


def test_who_declined_is_not_asked_for() -> None:
    translation = made(contact(disposition=ended("declined"), referrals=(Referral(organization="center-a"),)))
    assert one(translation, "ServiceRequest")["status"] == "revoked"
    assert one(translation, "Task")["status"] == "cancelled"


def test_a_consent_has_what_the_form_has() -> None:
    form = ConsentForm(
        number="K-1",
        disclosers=(Recipient(organization="program-b"), Recipient(class_="my treating programs")),
        description="visits and medication",
        sensitivities=("SUD",),
        excluded=("HIV",),
        recipients=(
            Recipient(organization="center-a"),
            Recipient(name="Dr. Example"),
            Recipient(class_="my treating providers", intermediary=True, participants=("Center C",)),
        ),
        purposes=("TPO", "outcome-feedback"),
        revocation_statement=True,
        redisclosure_statement=False,
        valid_from="2026-01-14",
        expires="2027-01-14",
        expiry_event="end of care",
        signature=Signature(by="p1", at="2026-01-14", method="electronic"),
        witnesses=("clinician", "officer"),
        scan=Attachment(media_type="application/pdf", data="JVBERi0=", created="2026-01-14"),
    )
    translation = made(contact(organization="program-b", consents=(form,)))
    consent = one(translation, "Consent")
    assert consent["category"][0]["coding"][0] == {"system": "http://loinc.org", "code": "59284-0"}
    assert consent["category"][1]["coding"][0]["code"] == "42CFRPart2CD"
    assert consent["policy"] == [{"uri": "https://www.ecfr.gov/current/title-42/section-2.31"}]
    assert consent["dateTime"] == "2026-01-14"
    assert consent["performer"] == [{"reference": url(one(translation, "Patient"))}]
    provision = consent["provision"]
    assert provision["type"] == "permit"
    assert provision["period"] == {"start": "2026-01-14", "end": "2027-01-14"}
    assert [each["code"] for each in provision["purpose"]] == ["TREAT", "HPAYMT", "HOPERAT", "outcome-feedback"]
    assert provision["purpose"][3]["system"] == f"{OURS}/CodeSystem/police-purpose-of-use"
    assert [each["code"] for each in provision["securityLabel"]] == ["SUD"]
    assert provision["provision"] == [
        {
            "type": "deny",
            "securityLabel": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActCode", "code": "HIV"}],
        }
    ]
    assert [actor["role"]["coding"][0]["code"] for actor in provision["actor"]] == ["IRCP", "IRCP"]
    assert provision["actor"][1]["reference"] == {"display": "Dr. Example"}
    scan = one(translation, "DocumentReference")
    assert consent["sourceReference"]["reference"] == url(scan)
    assert scan["type"]["coding"][0]["code"] == "64292-6"
    extension = consent["extension"][0]
    assert extension["url"] == f"{OURS}/StructureDefinition/part2-consent-elements"
    said = [
        (part["url"], next((v for k, v in part.items() if k.startswith("value")), None))
        for part in extension["extension"]
    ]
    assert said == [
        ("description", "visits and medication"),
        ("discloserClass", "my treating programs"),
        ("recipientName", "Dr. Example"),
        ("recipientClass", "my treating providers"),
        ("intermediary", None),
        ("revocationStatement", True),
        ("expiryEvent", "end of care"),
        ("redisclosureStatement", False),
        ("signatureCapacity", "patient"),
        ("signatureMethod", "electronic"),
        ("witness", "clinician"),
        ("witness", "officer"),
        ("tpo", True),
    ]


@pytest.mark.parametrize(("status", "expected"), [("active", "active"), ("revoked", "inactive"), ("draft", "draft")])
def test_consent_status(status: Any, expected: str) -> None:
    assert one(made(contact(consents=(ConsentForm(status=status),))), "Consent")["status"] == expected


def test_an_empty_form_makes_up_no_element() -> None:
    consent = one(made(contact(consents=(ConsentForm(),))), "Consent")
    assert consent["provision"] == {"type": "permit"}
    assert {"extension", "performer", "dateTime", "organization", "sourceReference"}.isdisjoint(consent)


def test_observations_keep_who_when_and_the_words() -> None:
    seen = Observed(
        what=Coded(text="smell of alcohol"), by=OFFICER, reported_by="caller", time="2026-01-14T20:15:00-07:00"
    )
    translation = made(
        contact(
            substances=(seen,),
            injuries=(Observed(what=Coded(text="cut on hand")),),
            force=(Coded(text="handcuffs"),),
            weapons=(Coded(text="none seen"),),
            de_escalation=(Coded(text="time and distance"),),
            interventions=(Coded(text="safety plan"),),
            capacity=Observed(what=Coded(text="oriented")),
            hold=Hold(
                legal_status=Coded(text="72 hours"),
                statute="27-65-106",
                grounds=(Coded(text="danger to self"),),
                started="2026-01-14T20:30:00-07:00",
                until="2026-01-17T20:30:00-07:00",
            ),
            follow_up="call tomorrow",
        )
    )
    found = {o["code"]["coding"][0]["code"]: o for o in of(translation, "Observation")}
    assert set(found) == {
        "substance", "injury", "force", "weapon", "de-escalation", "intervention", "capacity",
        "legal-status", "hold-statute", "hold-grounds", "follow-up-plan",
    }  # fmt: skip
    substance = found["substance"]
    assert substance["valueCodeableConcept"] == {"text": "smell of alcohol"}
    assert substance["effectiveDateTime"] == "2026-01-14T20:15:00-07:00"
    assert substance["extension"][0]["valueString"] == "caller"
    assert found["legal-status"]["effectivePeriod"]["end"] == "2026-01-17T20:30:00-07:00"
    assert found["hold-statute"]["valueString"] == "27-65-106"
    assert "Condition" not in {entry["resource"]["resourceType"] for entry in translation.bundle["entry"]}


def test_a_screening_has_answers_score_and_risk_without_wording() -> None:
    screening = Screening(
        instrument=Coded(text="screener", mapped=(Code(system="http://loinc.org", code="93373-9"),)),
        items=(
            Answer(item=Coded(system="http://loinc.org", code="93246-7", text="wording under licence"), value=True),
            Answer(item=Coded(text="another wording"), value="sometimes"),
            Answer(item=Coded(code="q3"), value=3),
            Answer(item=Coded(code="q4"), value=Coded(system="http://loinc.org", code="LA33-6")),
            Answer(item=Coded(code="q5")),
        ),
        score=4,
        risk=Coded(text="moderate"),
        by=CLINICIAN,
        time="2026-01-14T20:20:00-07:00",
    )
    translation = made(contact(screenings=(screening,)))
    answers = one(translation, "QuestionnaireResponse")
    assert answers["item"] == [
        {"linkId": "93246-7", "answer": [{"valueBoolean": True}]},
        {"linkId": "2", "answer": [{"valueString": "sometimes"}]},
        {"linkId": "q3", "answer": [{"valueInteger": 3}]},
        {"linkId": "q4", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": "LA33-6"}}]},
        {"linkId": "q5"},
    ]
    assert "wording" not in repr(translation.bundle)
    assert "translate.item-wording-not-carried" in rules(translation)
    score, risk = of(translation, "Observation")
    assert (score["valueInteger"], risk["valueCodeableConcept"]) == (4, {"text": "moderate"})
    assert risk["code"]["coding"][0] == {"system": "http://loinc.org", "code": "93374-7"}
    assert risk["derivedFrom"] == [{"reference": url(answers)}]


def test_a_condition_only_from_a_clinician() -> None:
    depression = Coded(text="depressive episode")
    translation = made(
        contact(diagnoses=(Diagnosis(condition=depression, by=CLINICIAN), Diagnosis(condition=depression, by=OFFICER)))
    )
    condition = one(translation, "Condition")
    assert condition["category"][0]["coding"][0]["code"] == "encounter-diagnosis"
    assert one(translation, "Observation")["code"]["coding"][0]["code"] == "reported-condition"
    assert "translate.diagnosis-not-by-clinician" in rules(translation)


def test_a_flag_never_carries_text_and_always_ends() -> None:
    caution = Caution(
        type=Coded(code="V1", text="violent when psychotic"), severity="high", text="clinical words", start="2024-02-29"
    )
    translation = made(replace(contact(cautions=(caution,)), place=Place(text="Example Street"), cautions=(caution,)))
    about_person, about_place = of(translation, "Flag")
    assert about_person["subject"]["reference"] == url(one(translation, "Patient"))
    assert about_place["subject"]["reference"] == url(one(translation, "Location"))
    for flag in (about_person, about_place):
        assert flag["category"][0]["coding"][0]["code"] == "safety"
        assert flag["period"] == {"start": "2024-02-29", "end": "2025-02-28"}
        assert flag["status"] == "inactive"
        assert "psychotic" not in repr(flag)
        assert "clinical words" not in repr(flag)
    assert {"translate.caution-text-kept", "translate.caution-end-set"} <= rules(translation)


def test_narratives_keep_their_own_origin() -> None:
    incident = replace(
        contact(narratives=(Narrative(text="Clinical.", organization="program-b", kind="clinical-note"),)),
        narratives=(
            Narrative(text="Report. Ünïcode.", organization="example-pd", kind="police-report", time="2026-01-14"),
            Narrative(text="Who wrote this?"),
        ),
    )
    translation = made(incident)
    origins = {
        b64decode(entry["resource"]["content"][0]["attachment"]["data"]).decode(): origin
        for entry, origin in zip(translation.bundle["entry"], translation.origins, strict=True)
        if entry["resource"]["resourceType"] == "DocumentReference"
    }
    assert origins == {"Clinical.": "program-b", "Report. Ünïcode.": "example-pd", "Who wrote this?": None}
    report = next(d for d in of(translation, "DocumentReference") if d["type"]["coding"][0]["code"] == "police-report")
    assert "date" not in report  # an instant in R4, and only the day is known
    assert report["content"][0]["attachment"]["creation"] == "2026-01-14"


def test_origin_of_each_entry_is_what_its_provenance_says() -> None:
    incident = replace(
        contact(organization="program-b", weapons=(Coded(text="none"),)), narratives=(Narrative(text="x"),)
    )
    translation = made(incident)
    who: dict[str, str | None] = {}
    names = {url(o): o["identifier"][0]["value"] for o in of(translation, "Organization")}
    for provenance in of(translation, "Provenance"):
        author = names.get(provenance["agent"][0]["who"].get("reference", ""))
        who |= {target["reference"]: author for target in provenance["target"]}
        assert provenance["recorded"] == "2026-01-15T09:30:00Z"
        assert provenance["entity"][0]["what"]["identifier"]["value"] == "26-001"
    for entry, origin in zip(translation.bundle["entry"], translation.origins, strict=True):
        if entry["resource"]["resourceType"] != "Provenance":
            assert who[entry["fullUrl"]] == origin
    assert set(translation.origins) == {"example-pd", "program-b", None}


def test_requests_create_once() -> None:
    translation = made(contact(referrals=(Referral(organization="center-a", number="1"),)))
    for entry in translation.bundle["entry"]:
        resource, request = entry["resource"], entry["request"]
        if resource["resourceType"] == "Provenance":
            assert request == {"method": "PUT", "url": f"Provenance/{resource['id']}"}
            continue
        assert (request["method"], request["url"]) == ("POST", resource["resourceType"])
        system, value = request["ifNoneExist"].removeprefix("identifier=").split("|")
        assert {"system": system, "value": value} in resource["identifier"]


def test_units_and_links_are_kept() -> None:
    incident = replace(
        BASE,
        units=(
            Unit(
                id="3C12",
                kind="co-responder",
                employer="center-a",
                crew=(Staff(id="c-1", role="clinician", organization="center-a"),),
                timeline=Timeline(on_scene="2026-01-14T20:12:00-07:00"),
            ),
        ),
        links=(Link(kind="related", number="26-000"),),
        persons=(PERSON,),
        contacts=(Contact(person="p1", organization="center-a", clinician=CLINICIAN, transport=Transport(unit="M4")),),
    )
    translation = made(incident)
    extensions = {e["url"].rsplit("/", 1)[1]: e for e in one(translation, "Encounter")["extension"]}
    assert set(extensions) == {"call-times", "unit-times", "linked-incident", "transport"}
    unit = {part["url"]: part for part in extensions["unit-times"]["extension"]}
    assert unit["unit"]["valueString"] == "3C12"
    assert unit["onScene"]["valueDateTime"] == "2026-01-14T20:12:00-07:00"
    assert "valueReference" in unit["crew"]


def test_what_a_later_mention_knows_of_a_clinician_is_added() -> None:
    by_number = Staff(id="c-1", role="clinician", organization="center-a")
    incident = replace(contact(), organization="center-a", units=(Unit(id="3C12", crew=(by_number,)),))
    practitioner = one(made(incident), "Practitioner")
    assert practitioner["name"] == [{"family": "Asterwood", "given": ["Ines"]}]


def test_times_out_of_order_make_no_period() -> None:
    late = Timeline(
        received="2026-01-14T21:00:00-07:00", on_scene="2026-01-14T20:00:00-07:00", cleared="2026-01-14T20:30:00-07:00"
    )
    translation = made(replace(BASE, timeline=late))
    encounter = one(translation, "Encounter")
    assert encounter["period"] == {"start": "2026-01-14T21:00:00-07:00"}
    times = {part["url"]: part["valueDateTime"] for part in encounter["extension"][0]["extension"]}
    assert times["onScene"] == "2026-01-14T20:00:00-07:00"
    assert "translate.period-without-end" in rules(translation)


def test_of_a_day_and_a_time_in_it_a_period_has_the_day() -> None:
    known = Timeline(received="2026-01-14", on_scene="2026-01-14T16:20:00-07:00", cleared="2026-01-15T00:05:00-07:00")
    encounter = one(made(replace(BASE, timeline=known)), "Encounter")
    assert encounter["period"] == {"start": "2026-01-14", "end": "2026-01-15T00:05:00-07:00"}
    assert encounter["statusHistory"][0]["period"] == {"start": "2026-01-14", "end": "2026-01-14"}
    times = {part["url"]: part["valueDateTime"] for part in encounter["extension"][0]["extension"]}
    assert times["onScene"] == "2026-01-14T16:20:00-07:00"


def test_a_record_without_number_gets_ids_of_its_content() -> None:
    first = made(replace(BASE, number=None, case_number=None))
    second = made(replace(BASE, number=None, case_number=None, type_final=Coded(text="other")))
    assert one(first, "Encounter")["id"] != one(second, "Encounter")["id"]
    assert "translate.no-key" in rules(first)
