"""Redaction by scenario: what must not be in what remains, and that nothing says it was there."""

from __future__ import annotations

import base64
import copy
import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.release import Context, Leak, Outcome, Party, release
from mappings.labels import Origin
from mappings.partner import GENERIC, Partner
from profiles.check import check

PROGRAM = Origin(reference="Organization/otp", role="part2-program")
CENTER = Origin(reference="Organization/center", role="covered-entity")
POLICE = Origin(reference="Organization/pd", role="law-enforcement")

WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="urn:uuid:p",
    at=datetime(2026, 6, 1, 12, tzinfo=UTC),
)


def dump(bundle: dict[str, Any]) -> bytes:
    return json.dumps(bundle, ensure_ascii=False).encode()


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    kind = resource["resourceType"]
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": resource,
        "request": {"method": "PUT", "url": f"{kind}/{resource['id']}"},
    }


def bundle(*resources: dict[str, Any]) -> dict[str, Any]:
    return {"resourceType": "Bundle", "type": "transaction", "entry": [entry(one) for one in resources]}


PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Calderwinne", "text": "Odo Calderwinne"}]}
SUBJECT = {"reference": "urn:uuid:p", "display": "Odo Calderwinne"}
SECRET = {
    "resourceType": "Condition",
    "id": "secret-condition-1",
    "identifier": [{"system": "urn:otp", "value": "CASE-88213"}],
    "subject": SUBJECT,
    "code": {
        "coding": [
            {
                "system": "http://hl7.org/fhir/sid/icd-10-cm",
                "code": "F11.20",
                "display": "Opioid dependence, uncomplicated",
            }
        ],
        "text": "dependence on pills from the quarry road",
    },
    "note": [{"text": "Doses on Tuesdays with counselor Marchetti."}],
}
ORGANIZATION = {"resourceType": "Organization", "id": "otp-org", "name": "Sunrise Ridge"}


def go(
    given: dict[str, Any], origins: list[Origin | None], consents: list[dict[str, Any]] | None = None, **more: Any
) -> Outcome:
    options = {"core": frozenset(), "render": dump, **more}
    return release(given, origins, WHO, consents or [], media_type="application/fhir+json", **options)


#: A refusal of substance use information, of a patient whose records are a center's.
REFUSES = {
    "resourceType": "Consent",
    "id": "c",
    "status": "active",
    "patient": {"reference": "urn:uuid:p"},
    "provision": {"type": "deny", "securityLabel": [{"code": "SUD"}]},
}


def released(outcome: Outcome) -> dict[str, Any]:
    assert outcome.release is not None
    made = json.loads(outcome.release.bytes)
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []
    return made


def of_kind(made: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [one["resource"] for one in made["entry"] if one["resource"]["resourceType"] == kind]


def observation(**more: Any) -> dict[str, Any]:
    return {
        "resourceType": "Observation",
        "id": "obs",
        "status": "final",
        "code": {"text": "Mood"},
        "subject": SUBJECT,
        "valueString": "calm",
        **more,
    }


POINTS_AT_SECRET = {"reference": "urn:uuid:secret-condition-1", "display": "Opioid dependence, uncomplicated"}

# what stands beside the withheld condition -> what that resource must become (None: it goes too)
BESIDE: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "s35_optional_list": (observation(focus=[POINTS_AT_SECRET]), observation()),
    "s35_one_of_a_list": (
        observation(focus=[POINTS_AT_SECRET, {"reference": "urn:uuid:p"}]),
        observation(focus=[{"reference": "urn:uuid:p"}]),
    ),
    "s35_by_type_and_id": (observation(focus=[{"reference": "Condition/secret-condition-1"}]), observation()),
    "s35_by_version": (observation(focus=[{"reference": "Condition/secret-condition-1/_history/3"}]), observation()),
    "s35_by_identifier": (
        observation(focus=[{"identifier": {"system": "urn:otp", "value": "CASE-88213"}}]),
        observation(),
    ),
    "s35_required_backbone": (
        {
            "resourceType": "Encounter",
            "id": "enc",
            "status": "finished",
            "class": {"code": "FLD"},
            "subject": SUBJECT,
            "diagnosis": [{"condition": POINTS_AT_SECRET, "rank": 1}],
        },
        {
            "resourceType": "Encounter",
            "id": "enc",
            "status": "finished",
            "class": {"code": "FLD"},
            "subject": SUBJECT,
        },
    ),
    "s35_required_reference": (
        {
            "resourceType": "Provenance",
            "id": "prov",
            "target": [POINTS_AT_SECRET],
            "recorded": "2026-06-01T00:00:00Z",
            "agent": [{"who": {"reference": "urn:uuid:p"}}],
        },
        None,
    ),
    "s35_one_of_two_targets": (
        {
            "resourceType": "Provenance",
            "id": "prov",
            "target": [POINTS_AT_SECRET, {"reference": "urn:uuid:p"}],
            "recorded": "2026-06-01T00:00:00Z",
            "agent": [{"who": {"reference": "urn:uuid:p"}}],
        },
        {
            "resourceType": "Provenance",
            "id": "prov",
            "target": [{"reference": "urn:uuid:p"}],
            "recorded": "2026-06-01T00:00:00Z",
            "agent": [{"who": {"reference": "urn:uuid:p"}}],
        },
    ),
    "s35_extension": (
        observation(extension=[{"url": "http://example.org/about", "valueReference": POINTS_AT_SECRET}]),
        observation(),
    ),
    "s21_generated_narrative": (
        observation(
            text={
                "status": "generated",
                "div": '<div xmlns="http://www.w3.org/1999/xhtml">Opioid dependence, uncomplicated</div>',
            }
        ),
        observation(),
    ),
    "s21_note_repeats_the_id": (observation(note=[{"text": "see CASE-88213"}]), observation()),
    "s21_note_quotes_the_note": (
        observation(note=[{"text": "It says: doses on tuesdays with counselor MARCHETTI."}]),
        observation(),
    ),
    "s21_note_repeats_the_name": (
        observation(note=[{"text": "dependence on pills from the quarry road, per family"}]),
        observation(),
    ),
    "s21_other_notes_stay": (
        observation(note=[{"text": "walked in alone"}]),
        observation(note=[{"text": "walked in alone"}]),
    ),
}


@pytest.mark.parametrize("name", BESIDE)
def test_beside_a_withheld_condition(name: str) -> None:
    resource, expected = BESIDE[name]
    made = released(go(bundle(PATIENT, SECRET, resource), [CENTER, PROGRAM, CENTER]))
    found = [{k: v for k, v in r.items() if k != "meta"} for r in of_kind(made, resource["resourceType"])]
    assert found == ([expected] if expected else [])
    text = json.dumps(made).casefold()
    for value in ("F11.20", "Opioid", "secret-condition-1", "CASE-88213", "quarry", "Marchetti", "42CFRPart2", "SUD"):
        assert value.casefold() not in text
    assert {c["code"] for c in made["meta"]["security"]} == {"N"}


@pytest.mark.parametrize("name", [name for name in BESIDE if "notes_stay" not in name])
def test_s62_s31_the_output_is_that_of_the_same_input_without_it(name: str) -> None:
    resource, expected = BESIDE[name]
    rest = [expected] if expected else []
    with_it = go(bundle(PATIENT, SECRET, resource), [CENTER, PROGRAM, CENTER])
    without = go(bundle(PATIENT, *rest), [CENTER] * (1 + len(rest)))
    assert with_it.release is not None
    assert without.release is not None
    assert with_it.release.bytes == without.release.bytes


def test_s35_to_a_fixpoint() -> None:
    chain = [
        {"resourceType": "Provenance", "id": f"prov-{n}", "recorded": "2026-06-01T00:00:00Z",
         "target": [{"reference": f"urn:uuid:prov-{n - 1}" if n else "urn:uuid:secret-condition-1"}],
         "agent": [{"who": {"reference": "urn:uuid:p"}}]}
        for n in range(5)
    ]  # fmt: skip
    outcome = go(bundle(PATIENT, *reversed(chain), SECRET), [CENTER] * 6 + [PROGRAM])
    assert outcome.kept == (0,)
    assert {one.decision for one in outcome.withheld} == {"dependent", "no-consent"}


def test_s19_a_display_that_names_the_program_goes() -> None:
    encounter = {
        "resourceType": "Encounter",
        "id": "enc",
        "status": "finished",
        "class": {"code": "FLD"},
        "subject": SUBJECT,
        "serviceProvider": {"display": "Sunrise Opioid Treatment"},
    }
    made = released(go(bundle(PATIENT, encounter), [CENTER, CENTER], [REFUSES]))
    assert "serviceProvider" not in of_kind(made, "Encounter")[0]
    assert b"Sunrise" not in dump(made)


def test_s20_contained_goes_with_what_needs_it() -> None:
    contained = {
        "resourceType": "Medication",
        "id": "m",
        "code": {"coding": [{"system": "http://www.nlm.nih.gov/research/umls/rxnorm", "code": "351266"}]},
    }
    statement = {
        "resourceType": "MedicationStatement",
        "id": "ms",
        "status": "active",
        "contained": [contained],
        "medicationReference": {"reference": "#m"},
        "subject": SUBJECT,
    }
    team = {
        "resourceType": "CareTeam",
        "id": "ct",
        "contained": [{**contained, "resourceType": "Medication"}],
        "subject": SUBJECT,
        "reasonReference": [{"reference": "#m"}],
    }
    made = released(go(bundle(PATIENT, statement, team), [CENTER] * 3, [REFUSES]))
    assert of_kind(made, "MedicationStatement") == []
    assert set(of_kind(made, "CareTeam")[0]) == {"resourceType", "id", "meta", "subject"}


def test_s16_mentions_are_withheld_where_the_consent_refuses_the_sensitivity() -> None:
    refuses = {
        "resourceType": "Consent",
        "id": "c",
        "status": "active",
        "patient": {"reference": "urn:uuid:p"},
        "provision": {"type": "permit", "provision": [{"type": "deny", "securityLabel": [{"code": "SUD"}]}]},
    }
    noted = observation(note=[{"text": "Denies heroin use."}, {"text": "Slept well."}])
    assert b"heroin" not in dump(released(go(bundle(PATIENT, noted), [CENTER] * 2, [refuses])))
    assert b"heroin" in dump(released(go(bundle(PATIENT, noted), [CENTER] * 2)))


def test_s17_relayed_treatment_is_held_in_a_narrative_and_redacted_in_a_note() -> None:
    told = "MHC clinician told me he is on methadone at Sunrise."
    data = base64.b64encode(told.encode()).decode()
    report = {
        "resourceType": "DocumentReference",
        "id": "doc",
        "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }
    outcome = go(bundle(PATIENT, report, observation(note=[{"text": told}])), [POLICE] * 3)
    assert [entry.decision for entry in outcome.decision.entries] == ["permit", "hold", "redact"]
    assert b"methadone" not in dump(released(outcome))


def test_s22_labels_are_worked_out_again_from_what_remains() -> None:
    made = released(go(bundle(PATIENT, SECRET), [CENTER, PROGRAM]))
    assert {c["code"] for c in made["meta"]["security"]} == {"N"}


def test_s35_without_the_patient_nothing_of_the_patient_goes() -> None:
    outcome = go(bundle(PATIENT, observation(), ORGANIZATION), [PROGRAM, CENTER, CENTER])
    assert outcome.kept == (2,)


@pytest.mark.parametrize("kind", ["Task", "ServiceRequest", "Patient"])
def test_a_referral_without_its_core_is_not_released(kind: str) -> None:
    resources = [
        PATIENT,
        {"resourceType": "ServiceRequest", "id": "sr", "status": "active", "intent": "order", "subject": SUBJECT},
        {"resourceType": "Task", "id": "t", "status": "requested", "intent": "order", "for": SUBJECT},
        observation(),
    ]
    origins: list[Origin | None] = [PROGRAM if one["resourceType"] == kind else CENTER for one in resources]
    outcome = release(bundle(*resources), origins, WHO, [], render=dump, media_type="x")
    assert outcome.release is None
    assert outcome.state == "withheld"
    whole = release(bundle(*resources), [CENTER] * 4, WHO, [], render=dump, media_type="x")
    assert whole.state == "released"
    origins = [None if one["resourceType"] == kind else CENTER for one in resources]
    assert release(bundle(*resources), origins, WHO, [], render=dump, media_type="x").state == "held"


def test_a_renderer_that_brings_it_back_is_stopped() -> None:
    def careless(made: dict[str, Any]) -> bytes:
        return dump(made) + b"\nDG1|1||F11.20^Opioid dependence"

    with pytest.raises(Leak) as caught:
        go(bundle(PATIENT, SECRET), [CENTER, PROGRAM], render=careless)
    assert "F11" not in str(caught.value)


def test_part2_does_not_go_where_its_notice_cannot(build: Any) -> None:
    consent = build.consent(
        patient={"reference": "urn:uuid:p"}, organization=None, elements={"discloserClass": "covered-entity"}
    )
    assert go(bundle(PATIENT), [PROGRAM], [consent]).state == "released"
    outcome = go(bundle(PATIENT), [PROGRAM], [consent], partner=Partner(id="fax", notice="none"))
    assert outcome.state == "held"
    assert GENERIC.notice != "none"


def test_the_input_is_not_changed() -> None:
    given = bundle(PATIENT, SECRET, observation(focus=[POINTS_AT_SECRET]))
    before = copy.deepcopy(given)
    go(given, [CENTER, PROGRAM, CENTER])
    assert given == before


def test_digest_is_of_what_matters() -> None:
    given = bundle(PATIENT, SECRET)
    first = go(given, [CENTER, PROGRAM]).decision.digest
    july = replace(WHO, at=datetime(2026, 7, 1, tzinfo=UTC))
    options: Any = {"render": dump, "media_type": "x", "core": frozenset()}
    later = release(given, [CENTER, PROGRAM], july, [], **options).decision.digest
    assert first == later
    other = bundle({**PATIENT, "gender": "male"}, SECRET)
    assert go(other, [CENTER, PROGRAM]).decision.digest != first
    assert go(given, [CENTER, CENTER]).decision.digest != first


def test_s35_an_optional_subject_that_is_the_withheld_patient_takes_the_entry_along() -> None:
    team = {"resourceType": "CareTeam", "id": "ct", "subject": {"reference": "urn:uuid:p"}, "status": "active"}
    assert go(bundle(PATIENT, team, ORGANIZATION), [PROGRAM, CENTER, CENTER]).kept == (2,)


def narrated(words: str) -> dict[str, Any]:
    return observation(text={"status": "additional", "div": f'<div xmlns="http://www.w3.org/1999/xhtml">{words}</div>'})


def test_s21_a_persons_own_narrative_stays_unless_it_repeats_what_is_withheld() -> None:
    kept = released(go(bundle(PATIENT, SECRET, narrated("walked in alone")), [CENTER, PROGRAM, CENTER]))
    assert of_kind(kept, "Observation")[0]["text"]["status"] == "additional"
    telling = narrated("has <b>dependence</b> on pills from the &quot;quarry&quot; road; file CASE-88213")
    made = released(go(bundle(PATIENT, SECRET, telling), [CENTER, PROGRAM, CENTER]))
    assert "text" not in of_kind(made, "Observation")[0]


def test_s21_generated_narrative_goes_from_every_entry_so_that_its_absence_tells_nothing() -> None:
    div = '<div xmlns="http://www.w3.org/1999/xhtml">calm</div>'
    plain = observation(text={"status": "generated", "div": div})
    assert "text" not in of_kind(released(go(bundle(PATIENT, plain), [CENTER, CENTER])), "Observation")[0]
