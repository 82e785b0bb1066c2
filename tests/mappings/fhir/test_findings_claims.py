"""What was found claims its profile when it meets it, and nothing otherwise. Invented people only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

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
    Incident,
    Name,
    Narrative,
    Observed,
    Person,
    Place,
    Screening,
    Staff,
)

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
AGENCY = Agency(id="example-pd", posture="law-enforcement")
OURS = "https://warmhandoff.org/fhir/StructureDefinition/"
US_CORE = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-"
START = "2026-01-14T20:12:00-07:00"
CLINICIAN = Staff(id="c-9", role="clinician", organization="center-a")
PANEL = Coded(text="screener", mapped=(Code(system="http://loinc.org", code="44249-1"),))
SCREENING = Screening(instrument=PANEL, items=(Answer(item=Coded(code="q1"), value=2),), score=11)


def found(
    kind: str, *, person: bool = True, incident: dict[str, Any] | None = None, **more: Any
) -> list[dict[str, Any]]:
    """The resources of a type that a contact becomes, with the person or with nobody identified."""
    contact: dict[str, Any] = {"start": START, "person": "p1" if person else None, **more}
    record = Incident(
        agency="example-pd",
        number="26-077",
        persons=(Person(slot="p1", roles=("subject",), names=(Name(family="Quellhaven"),)),) if person else (),
        contacts=(Contact(**contact),),
        **(incident or {}),
    )
    bundle = translate(record, agency=AGENCY, now=NOW).bundle
    return [entry["resource"] for entry in bundle["entry"] if entry["resource"]["resourceType"] == kind]


def claims(resource: dict[str, Any]) -> list[str]:
    claimed: list[str] = resource.get("meta", {}).get("profile", [])
    return [url.removeprefix(OURS).replace(US_CORE, "us-core-") for url in claimed]


@pytest.mark.parametrize(
    ("said", "profile"),
    [
        ({"weapons": (Coded(text="knife"),)}, "weapon-observation"),
        ({"force": (Coded(text="handcuffs"),)}, "force-observation"),
        ({"de_escalation": (Coded(text="distance"),)}, "de-escalation-observation"),
        ({"interventions": (Coded(text="safety plan"),)}, "field-observation"),
        ({"injuries": (Observed(what=Coded(text="cut")),)}, "field-observation"),
        ({"substances": (Observed(what=Coded(text="smell of alcohol")),)}, "field-observation"),
        ({"capacity": Observed(what=Coded(text="oriented"))}, "field-observation"),
        ({"hold": Hold(grounds=(Coded(text="danger to self"),))}, "hold-grounds-observation"),
        ({"hold": Hold(statute="27-65-106")}, "field-observation"),
        ({"hold": Hold(legal_status=Coded(text="72 hours"))}, "legal-status-observation"),
        ({"hold": Hold()}, "legal-status-observation"),
        ({"follow_up": "call tomorrow"}, "field-observation"),
        ({"diagnoses": (Diagnosis(condition=Coded(text="told"), by=Staff(role="officer")),)}, "field-observation"),
    ],
)
def test_an_observation_of_a_person_claims_the_profile_of_its_code(said: dict[str, Any], profile: str) -> None:
    (observation,) = found("Observation", **said)
    assert claims(observation) == [profile, "us-core-simple-observation"]
    # The same of nobody identified: US Core requires a subject.
    (observation,) = found("Observation", person=False, **said)
    assert "subject" not in observation
    assert claims(observation) == []


@pytest.mark.parametrize(
    ("screening", "answers", "result"),
    [
        (SCREENING, True, True),
        (replace(SCREENING, items=()), None, True),
        (replace(SCREENING, items=(), score=None), None, True),  # asked, no result: dataAbsentReason
        (replace(SCREENING, instrument=Coded(text="our own sheet")), False, False),  # no canonical
        (replace(SCREENING, instrument=Coded(text="our own sheet"), items=()), None, True),
        (replace(SCREENING, time="2026-01"), True, False),  # us-core-1: to the day
        (replace(SCREENING, time="2026-01-14"), True, True),
    ],
)
def test_a_screening_claims_what_it_meets(screening: Screening, answers: bool | None, result: bool) -> None:
    responses = found("QuestionnaireResponse", screenings=(screening,))
    whole = ["field-questionnaire-response", "us-core-questionnaireresponse"]
    assert [claims(one) for one in responses] == ([] if answers is None else [whole if answers else []])
    (score,) = found("Observation", screenings=(screening,))
    whole = ["screening-observation", "us-core-observation-screening-assessment"]
    assert claims(score) == (whole if result else [])


def test_a_screening_without_time_or_person_claims_nothing() -> None:
    for more in ({"person": False}, {"start": None}):
        for kind in ("QuestionnaireResponse", "Observation"):
            (made,) = found(kind, screenings=(SCREENING,), **more)
            assert claims(made) == []
    # Without answers to derive it from, a result without time still meets the profile.
    (score,) = found("Observation", screenings=(replace(SCREENING, items=()),), start=None)
    assert claims(score)[0] == "screening-observation"


def test_a_link_id_stands_once() -> None:
    codes = ("q.4", "q", "other", "q")
    screening = replace(SCREENING, items=tuple(Answer(item=Coded(code=code), value=True) for code in codes))
    (response,) = found("QuestionnaireResponse", screenings=(screening,))
    links = [item["linkId"] for item in response["item"]]
    assert links == ["q.4", "q", "other", "q.4.4"]  # sdcqr-2


def test_a_clinicians_diagnosis_claims_the_encounter_diagnosis() -> None:
    (condition,) = found("Condition", diagnoses=(Diagnosis(condition=Coded(text="panic"), by=CLINICIAN),))
    assert claims(condition) == ["field-condition", "us-core-condition-encounter-diagnosis"]
    assert "verificationStatus" not in condition  # nobody said how sure


def test_a_caution_claims_its_profile_about_a_person_and_about_a_place() -> None:
    caution = Caution(type=Coded(text="dog"), start="2026-01-01")
    about = {"incident": {"place": Place(text="Example Street"), "cautions": (caution,)}, "cautions": (caution,)}
    for flag in found("Flag", **about):
        assert claims(flag) == ["caution-flag"]
        assert flag["code"] == {"text": "Safety caution"}  # wh-caution-no-words


@pytest.mark.parametrize("kind", ["cad-note", "police-report", "contact-note", "other"])
def test_what_is_no_clinical_note_has_our_kind_and_no_loinc_type(kind: Any) -> None:
    (document,) = found("DocumentReference", narratives=(Narrative(text="Seen.", kind=kind),))
    assert claims(document) == ["narrative-document", "us-core-documentreference"]
    ours, beside = document["type"]["coding"]
    assert ours["code"] == kind
    assert beside == {"system": "http://terminology.hl7.org/CodeSystem/v3-NullFlavor", "code": "UNK"}
    assert document["category"] == [{"coding": [ours]}]


def test_a_clinical_note_has_its_loinc_type_and_the_category_of_us_core() -> None:
    (document,) = found("DocumentReference", narratives=(Narrative(text="Seen.", kind="clinical-note"),))
    assert document["type"]["coding"][1] == {"system": "http://loinc.org", "code": "34109-9"}
    (category,) = document["category"]
    assert category["coding"][0]["code"] == "clinical-note"


def test_a_narrative_of_nobody_in_particular_is_a_call_narrative() -> None:
    (document,) = found("DocumentReference", incident={"narratives": (Narrative(text="Caller hung up."),)})
    assert "subject" not in document
    assert claims(document) == ["call-narrative"]


def test_a_signed_form_claims_its_profile_with_its_person() -> None:
    form = ConsentForm(scan=Attachment(media_type="application/pdf", data="JVBERi0="))
    (document,) = found("DocumentReference", consents=(form,))
    assert claims(document) == ["signed-form-document", "us-core-documentreference"]
    (document,) = found("DocumentReference", person=False, consents=(form,))
    assert claims(document) == []
