"""The referral loop claims its profiles when it meets them, and nothing otherwise. Invented people only."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest

from mappings.codes import REFERRAL_SERVICE, REFERRAL_SERVICES
from mappings.fhir.bundle import message, transaction
from mappings.fhir.profile import PARENT, claim, claiming, still_claiming
from mappings.fhir.referral import referral_packages
from mappings.fhir.translate import translate
from mappings.incident import (
    Agency,
    Code,
    Coded,
    ConsentForm,
    Contact,
    Identifier,
    Incident,
    Name,
    Narrative,
    Observed,
    Organization,
    Person,
    Recipient,
    Referral,
    Signature,
    Staff,
    Telecom,
)
from mappings.partner import Partner
from profiles.check import check

NOW = datetime(2026, 1, 15, 9, 30, tzinfo=UTC)
SNOMED = "http://snomed.info/sct"
PHONE = (Telecom(system="phone", value="555-0142"),)
AGENCY = Agency(
    id="example-pd",
    name="Example Police",
    posture="law-enforcement",
    organizations=(
        Organization(id="center-a", name="Center A", kind="center", telecoms=PHONE),
        Organization(id="center-b", name="Center B", kind="center"),
    ),
)
CLINICIAN = Staff(id="c-9", name=Name(family="Brackenhurl"), role="clinician", organization="center-a")
TEAM = Coded(code="mental-health-team", system=REFERRAL_SERVICE, text="Follow-up visit")
REFERRAL = Referral(organization="center-b", number="R-1", service=TEAM, decided_by=CLINICIAN)
FORM = ConsentForm(
    number="F-1",
    disclosers=(Recipient(organization="center-a"),),
    description="What the team saw",
    recipients=(Recipient(organization="center-b"),),
    purposes=("TREAT",),
    revocation_statement=True,
    expires="2027-01-14",
    signature=Signature(by="p1", at="2026-01-14T20:40:00-07:00"),
)
AUTHORIZATION = replace(FORM, kind="hipaa-authorization", redisclosure_statement=True, refusal_statement=True)
OPT_OUT = replace(FORM, kind="opt-out", decision="deny")


def bundle(person: Person | None = None, agency: Agency = AGENCY, **more: Any) -> dict[str, Any]:
    """What a contact becomes. Whatever it claims, it meets."""
    known = person or Person(slot="p1", roles=("subject",), names=(Name(family="Quennerby"),))
    record = Incident(
        agency="example-pd",
        number="26-078",
        persons=(known,),
        contacts=(Contact(**{"person": "p1", "start": "2026-01-14T20:12:00-07:00", "clinician": CLINICIAN} | more),),
    )
    made = translate(record, agency=agency, now=NOW).bundle
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []
    return made


def of(made: dict[str, Any], kind: str) -> dict[str, Any]:
    (found,) = [entry["resource"] for entry in made["entry"] if entry["resource"]["resourceType"] == kind]
    return dict(found)


def claims(resource: dict[str, Any]) -> list[str]:
    return list(resource.get("meta", {}).get("profile", []))


def test_a_referral_for_a_coded_service_claims_ours_and_gravitys() -> None:
    made = bundle(referrals=(REFERRAL,))
    request, task = of(made, "ServiceRequest"), of(made, "Task")
    assert claims(request) == claim("referral-service-request")["profile"]
    assert claims(task) == claim("referral-task")["profile"]
    assert [url.rpartition("/")[2] for url in (*claims(request), *claims(task))] == [
        "referral-service-request",
        "SDOHCC-ServiceRequest",
        "referral-task",
        "SDOHCC-TaskForReferralManagement",
    ]
    assert request["code"] == {
        "coding": [
            {"system": SNOMED, "code": "390866009"},
            {"system": REFERRAL_SERVICE, "code": "mental-health-team"},
        ],
        "text": "Follow-up visit",
    }


@pytest.mark.parametrize("code", REFERRAL_SERVICES)
def test_each_service_of_our_list_is_a_procedure_of_snomed(code: str) -> None:
    service = Coded(code=code, system=REFERRAL_SERVICE)
    request = of(bundle(referrals=(replace(REFERRAL, service=service),)), "ServiceRequest")
    assert request["code"]["coding"][0] == {"system": SNOMED, "code": REFERRAL_SERVICES[code]}
    assert claims(request)


@pytest.mark.parametrize(
    ("service", "met"),
    [
        (Coded(code="183524004", system=SNOMED), True),
        (Coded(code="H0030", system="https://www.cms.gov/Medicare/Coding/HCPCSReleaseCodeSets"), True),
        (Coded(text="Seen by a psychiatrist", mapped=(Code(system=SNOMED, code="183524004"),)), True),
        # A concept of SNOMED that is not known to be a procedure; words; a code of the agency's own; none.
        (Coded(code="73211009", system=SNOMED), False),
        (Coded(text="Psychiatry"), False),
        (Coded(code="PSY", text="Psychiatry"), False),
        (Coded(code="not-of-the-list", system=REFERRAL_SERVICE), False),
        (None, False),
    ],
)
def test_no_code_is_read_out_of_words(service: Coded | None, met: bool) -> None:
    made = bundle(referrals=(replace(REFERRAL, service=service),))
    assert bool(claims(of(made, "ServiceRequest"))) is met
    assert bool(claims(of(made, "Task"))) is met
    if not met and service is not None and service.text:
        assert SNOMED not in orjson.dumps(of(made, "ServiceRequest")["code"]).decode()


def test_what_it_refers_to_must_meet_its_own_profile() -> None:
    unreachable = replace(AGENCY, organizations=(Organization(id="center-a", name="Center A", kind="center"),))
    # US Core wants a role to be reachable (pd-1), and an organization to have a name.
    for made in (
        bundle(agency=unreachable, referrals=(replace(REFERRAL, organization=None),)),
        bundle(referrals=(replace(REFERRAL, organization="nobody-knows"),)),
        bundle(
            Person(slot="p1", roles=("subject",), identifiers=(Identifier(value="7"),)), referrals=(REFERRAL,)
        ),  # an identifier of nobody's
    ):
        assert claims(of(made, "ServiceRequest")) == []
        assert claims(of(made, "Task")) == []


def test_gravitys_task_has_no_practitioner_alone_for_its_requester() -> None:
    alone = Staff(id="77", name=Name(family="Brackenhurl"))
    made = bundle(clinician=alone, referrals=(replace(REFERRAL, decided_by=alone),))
    assert of(made, "Task")["requester"] == of(made, "ServiceRequest")["requester"]
    assert claims(of(made, "ServiceRequest"))
    assert claims(of(made, "Task")) == []


def test_a_referral_that_the_person_declined_claims_too() -> None:
    declined = Coded(
        mapped=(Code(system="https://warmhandoff.org/fhir/CodeSystem/field-disposition", code="declined"),)
    )
    made = bundle(disposition=declined, referrals=(REFERRAL,))
    task = of(made, "Task")
    assert (task["status"], task["businessStatus"]["coding"][0]["code"]) == ("cancelled", "cancelled")
    assert claims(task)


@pytest.mark.parametrize(
    ("form", "profile"),
    [(FORM, "part2-consent"), (AUTHORIZATION, "authorization-consent"), (OPT_OUT, "opt-out-consent")],
)
def test_a_form_with_every_element_claims_the_profile_of_its_kind(form: ConsentForm, profile: str) -> None:
    assert claims(of(bundle(consents=(form,)), "Consent")) == claim(profile)["profile"]


@pytest.mark.parametrize("form", [FORM, AUTHORIZATION])
@pytest.mark.parametrize(
    "without",
    [
        {"disclosers": ()},
        {"description": None},
        {"recipients": ()},
        {"purposes": ()},
        {"revocation_statement": None},
        {"revocation_statement": False},
        {"expires": None},
        {"signature": None},
        {"signature": Signature(by=None, at="2026-01-14")},
        {"signature": Signature(by="p1")},
    ],
    ids=lambda each: "+".join(each),
)
def test_a_form_that_lacks_an_element_travels_without_the_claim(form: ConsentForm, without: dict[str, Any]) -> None:
    assert claims(of(bundle(consents=(replace(form, **without),)), "Consent")) == []


@pytest.mark.parametrize(
    "instead",
    [
        {"disclosers": (Recipient(class_="any program that has treated me"),)},
        {"recipients": (Recipient(name="Whoever helps me"),)},
        {"recipients": (Recipient(intermediary=True, organization="center-b"),)},
        {"description": None, "sensitivities": ("SUD",)},
        {"expires": None, "expiry_event": "when the case is closed"},
    ],
    ids=lambda each: "+".join(each),
)
def test_an_element_in_its_other_form_is_there(instead: dict[str, Any]) -> None:
    assert claims(of(bundle(consents=(replace(FORM, **instead),)), "Consent"))


def test_the_statements_of_a_single_consent_and_of_an_authorization() -> None:
    tpo = replace(FORM, purposes=("TPO",))
    stated = {"hipaa_redisclosure_statement": True, "redisclosure_statement": True, "refusal_statement": True}
    assert claims(of(bundle(consents=(replace(tpo, **stated),)), "Consent"))
    for lacking in stated:
        assert claims(of(bundle(consents=(replace(tpo, **{**stated, lacking: None}),)), "Consent")) == []
    for lacking in ("redisclosure_statement", "refusal_statement"):
        assert claims(of(bundle(consents=(replace(AUTHORIZATION, **{lacking: None}),)), "Consent")) == []


def test_an_opt_out_refuses() -> None:
    assert claims(of(bundle(consents=(replace(OPT_OUT, decision="permit"),)), "Consent")) == []
    # It needs none of what a permission does.
    bare = replace(OPT_OUT, disclosers=(), recipients=(), purposes=(), description=None, expires=None)
    assert claims(of(bundle(consents=(bare,)), "Consent"))


def test_provenance_claims_also_where_the_origin_is_unknown() -> None:
    claimed = claim("contact-provenance")["profile"]
    note = Narrative(text="Who wrote this?")
    record = Incident(agency="example-pd", number="26-079", narratives=(note,))
    made = translate(record, agency=AGENCY, now=NOW).bundle
    assert [issue for issue in check(made) if issue.severity in ("error", "fatal")] == []
    found = [each["resource"] for each in made["entry"] if each["resource"]["resourceType"] == "Provenance"]
    assert [claims(each) for each in found] == [claimed, claimed]
    assert any("extension" in each["agent"][0]["who"] for each in found)


def test_provenance_of_an_organization_that_is_only_an_id_claims_nothing() -> None:
    record = Incident(agency="example-pd", number="26-079", organization="nobody-knows")
    found = of(translate(record, agency=AGENCY, now=NOW).bundle, "Provenance")
    assert claims(found) == []


def test_bundles_claim_the_form_that_they_have() -> None:
    made = bundle(referrals=(REFERRAL,), consents=(FORM,))
    assert claims(made) == claim("contact-transaction")["profile"]
    (package,) = referral_packages(made)
    for given in (made, package.bundle):
        for update in (False, True):
            sent = orjson.loads(transaction(given, Partner(), update=update))
            assert claims(sent) == claim("contact-transaction")["profile"]
            said = orjson.loads(message(given, Partner(form="message"), update=update))
            assert claims(said) == claim("referral-message")["profile"]
            header = said["entry"][0]["resource"]
            assert claims(header) == claim("referral-message-header")["profile"]
            for each in (sent, said):
                assert [issue for issue in check(each) if issue.severity in ("error", "fatal")] == []


def test_a_message_of_a_contact_that_refers_nobody_claims_no_referral() -> None:
    said = orjson.loads(message(bundle(), Partner(form="message")))
    assert claims(said) == []
    assert claims(said["entry"][0]["resource"]) == claim("referral-message-header")["profile"]


def test_what_a_partner_does_not_take_takes_only_broken_claims_with_it() -> None:
    made = bundle(referrals=(REFERRAL,), weapons=(Coded(text="knife"),))
    # Without Organization the request names no center and the Task nobody it is with: neither has to.
    takes = ("ServiceRequest", "Patient", "Task", "Practitioner", "PractitionerRole", "Observation")
    said = orjson.loads(message(made, Partner(form="message", resource_types=takes)))
    assert [issue for issue in check(said) if issue.severity in ("error", "fatal")] == []
    assert claims(said) == claim("referral-message")["profile"]
    assert claims(of(said, "ServiceRequest")) == claim("referral-service-request")["profile"]
    assert "performer" not in of(said, "ServiceRequest")
    without_patient = orjson.loads(message(made, Partner(form="message", resource_types=("Encounter", "Location"))))
    assert claims(without_patient) == []


def test_labels_stay_beside_a_claim() -> None:
    labelled = {"meta": {"security": [{"code": "R"}], "profile": ["http://example.org/other"]}}
    assert claiming(labelled, "contact-transaction") == {
        "security": [{"code": "R"}],
        "profile": claim("contact-transaction")["profile"],
    }
    assert claiming(labelled, None) == {"security": [{"code": "R"}]}
    assert claiming({}, None) == {}


def test_only_what_is_met_is_still_claimed() -> None:
    task = of(bundle(referrals=(REFERRAL,)), "Task")
    ours, gravity = claim("referral-task")["profile"]
    assert still_claiming(task) is task
    without = {key: value for key, value in task.items() if key != "businessStatus"}
    assert still_claiming(without)["meta"] == {"profile": [gravity]}
    less = {key: value for key, value in without.items() if key != "authoredOn"}
    assert "meta" not in still_claiming(less)
    labelled = {**less, "meta": {"profile": [ours, gravity], "security": [{"code": "R"}]}}
    assert still_claiming(labelled)["meta"] == {"security": [{"code": "R"}]}
    # Nobody can say that it is met.
    foreign = {**task, "meta": {"profile": ["http://example.org/StructureDefinition/theirs", gravity]}}
    assert still_claiming(foreign)["meta"] == {"profile": [gravity]}
    assert still_claiming({"resourceType": "Basic", "meta": {"profile": "x"}})["meta"] == {"profile": "x"}


def test_every_profile_of_the_loop_is_known_by_its_id() -> None:
    assert {"hub-audit-event", "disclosure-audit-event", "answer-message", "referral-message"} <= PARENT.keys()
    assert claim("referral-task") is not claim("referral-task")


def test_an_observation_refers_to_what_supports_it() -> None:
    seen = Observed(what=Coded(text="smell of alcohol"))
    request = of(bundle(referrals=(REFERRAL,), substances=(seen,)), "ServiceRequest")
    assert request["supportingInfo"]
    assert claims(request)
