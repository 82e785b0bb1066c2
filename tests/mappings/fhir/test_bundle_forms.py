"""A Bundle in a partner's form, and the package of one referral."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
from fhir.resources.R4B import get_fhir_model_class

from mappings.errors import RenderError
from mappings.fhir.bundle import message, not_sent, transaction
from mappings.fhir.references import references
from mappings.fhir.referral import referral_packages
from mappings.fhir.translate import translate
from mappings.incident import (
    Agency,
    Caution,
    Coded,
    Contact,
    Incident,
    Name,
    Narrative,
    Observed,
    Organization,
    Person,
    Place,
    Referral,
    Staff,
)
from mappings.partner import Partner
from mappings.translation import Translation
from profiles.check import check

AGENCY = Agency(
    id="example-pd",
    posture="law-enforcement",
    organizations=(Organization(id="center-a", kind="center"), Organization(id="center-b", kind="center")),
)
CLINICIAN = Staff(id="c-1", role="clinician", organization="center-a")
INCIDENT = Incident(
    agency="example-pd",
    number="26-002",
    place=Place(text="Example Park"),
    persons=(
        Person(slot="p1", roles=("subject",), names=(Name(family="Fernhollow"),)),
        Person(slot="p2", roles=("subject",), names=(Name(family="Gorsefield"),)),
    ),
    contacts=(
        Contact(
            person="p1",
            organization="center-a",
            clinician=CLINICIAN,
            injuries=(Observed(what=Coded(text="bruise")),),
            cautions=(Caution(type=Coded(code="D")),),
            referrals=(
                Referral(organization="center-a", urgency="urgent", respond_by="2026-01-15T20:00:00Z"),
                Referral(organization="center-b"),
            ),
        ),
        Contact(
            person="p2",
            organization="center-a",
            clinician=CLINICIAN,
            weapons=(Coded(text="none"),),
            narratives=(Narrative(text="About the second person.", organization="center-a"),),
            referrals=(Referral(organization="center-b"),),
        ),
    ),
    narratives=(Narrative(text="About the evening, and so about both.", organization="example-pd"),),
)
NOW = datetime(2026, 1, 15, tzinfo=UTC)
NETSMART_LIKE = Partner(
    id="ehr",
    form="message",
    resource_types=("ServiceRequest", "Patient", "Condition", "Observation", "Practitioner", "PractitionerRole"),
    event="http://example.org/message-events|submit-service-request",
    update_event="http://example.org/message-events|update-service-request",
    destination_endpoint="https://ehr.example.org/fhir",
)


def made() -> Translation:
    return translate(INCIDENT, agency=AGENCY, now=NOW)


def kinds(bundle: dict[str, Any]) -> list[str]:
    return [entry["resource"]["resourceType"] for entry in bundle["entry"]]


def right(bundle: dict[str, Any]) -> None:
    assert [issue for issue in check(bundle) if issue.severity in ("error", "fatal")] == []
    for entry in bundle["entry"]:
        get_fhir_model_class(entry["resource"]["resourceType"]).model_validate(entry["resource"])
    assert set(references(bundle["entry"])) <= {entry["fullUrl"] for entry in bundle["entry"]}


def test_a_package_is_one_referral_of_one_person() -> None:
    translation = made()
    packages = referral_packages(translation.bundle, translation.origins)
    assert [(p.organization, p.urgency, p.respond_by) for p in packages] == [
        ("center-a", "urgent", "2026-01-15T20:00:00Z"),
        ("center-b", "routine", None),
        ("center-b", "routine", None),
    ]
    for package, name, other in zip(
        packages,
        ("Fernhollow", "Fernhollow", "Gorsefield"),
        ("Gorsefield", "Gorsefield", "Fernhollow"),
        strict=True,
    ):
        right(package.bundle)
        said = repr(package.bundle)
        assert name in said
        assert other not in said
        found = kinds(package.bundle)
        assert [found.count(kind) for kind in ("Patient", "Task", "ServiceRequest", "Encounter")] == [1, 1, 1, 1]
        assert {"Location", "Organization", "Practitioner", "PractitionerRole", "Provenance"} <= set(found)
        assert len(package.origins) == len(found)
        # The note about both stays: it would tell each center of the other person.
        assert found.count("DocumentReference") == (1 if name == "Gorsefield" else 0)
        ids = {entry["resource"]["id"] for entry in package.bundle["entry"]}
        assert {package.task_id, package.service_request_id, package.patient_id} <= ids
    assert len({package.bundle["id"] for package in packages}) == 3


def test_packages_know_origins_from_provenance_too() -> None:
    translation = made()
    told = referral_packages(translation.bundle, translation.origins)
    found = referral_packages(translation.bundle)
    assert [package.origins for package in told] == [package.origins for package in found]


def test_a_cancelled_task_makes_no_package() -> None:
    translation = made()
    for entry in translation.bundle["entry"]:
        if entry["resource"]["resourceType"] == "Task":
            entry["resource"]["status"] = "cancelled"
    assert referral_packages(translation.bundle) == []


def test_a_trimmed_provenance_is_its_own() -> None:
    translation = made()
    whole = {entry["resource"]["id"] for entry in translation.bundle["entry"]}
    for package in referral_packages(translation.bundle, translation.origins):
        for entry in package.bundle["entry"]:
            if entry["resource"]["resourceType"] == "Provenance":
                assert entry["resource"]["id"] not in whole
                assert entry["request"]["url"] == f"Provenance/{entry['resource']['id']}"


def test_a_transaction_is_the_bundle() -> None:
    translation = made()
    assert orjson.loads(transaction(translation.bundle, Partner())) == translation.bundle
    assert not_sent(translation.bundle, Partner()) == ()


def test_a_message_has_its_header_first_and_its_focus_on_the_referral() -> None:
    package = referral_packages(made().bundle)[0]
    sent = orjson.loads(message(package.bundle, Partner(form="message")))
    right(sent)
    header = sent["entry"][0]["resource"]
    assert sent["type"] == "message"
    assert header["resourceType"] == "MessageHeader"
    assert header["eventCoding"]["code"] == "referral-submit"
    assert header["source"]["endpoint"] == "urn:warmhandoff:hub"
    focus = [each["reference"] for each in header["focus"]]
    assert focus == [f"urn:uuid:{package.service_request_id}", f"urn:uuid:{package.task_id}"]
    assert all("request" not in entry for entry in sent["entry"])
    assert sent["timestamp"] == package.bundle["timestamp"]


def test_a_retry_has_the_same_bytes_and_an_update_its_own_ids() -> None:
    package = referral_packages(made().bundle)[0]
    first, again = (message(package.bundle, NETSMART_LIKE) for _ in range(2))
    assert first == again
    update = orjson.loads(message(package.bundle, NETSMART_LIKE, update=True))
    assert update["id"] != orjson.loads(first)["id"]
    assert update["entry"][0]["resource"]["eventCoding"]["code"] == "update-service-request"


def test_what_a_partner_does_not_take_is_left_out_and_reported() -> None:
    package = referral_packages(made().bundle)[0]
    sent = orjson.loads(message(package.bundle, NETSMART_LIKE))
    right(sent)
    assert set(kinds(sent)) == {
        "MessageHeader",
        "ServiceRequest",
        "Patient",
        "Observation",
        "Practitioner",
        "PractitionerRole",
    }
    request = next(e["resource"] for e in sent["entry"] if e["resource"]["resourceType"] == "ServiceRequest")
    assert "encounter" not in request
    assert "performer" not in request  # the Organization is not taken
    assert sent["entry"][0]["resource"]["destination"] == [{"endpoint": "https://ehr.example.org/fhir"}]
    assert not_sent(package.bundle, NETSMART_LIKE) == (
        "Encounter", "Flag", "Location", "Organization", "Provenance", "Task",
    )  # fmt: skip


def test_who_was_only_named_by_what_is_left_out_is_left_out_too() -> None:
    package = referral_packages(made().bundle)[0]
    officer = {"resourceType": "Practitioner", "id": "officer", "name": [{"text": "An officer"}]}
    role = {"resourceType": "PractitionerRole", "id": "role", "practitioner": {"reference": "urn:uuid:officer"}}
    entries = [orjson.loads(orjson.dumps(entry)) for entry in package.bundle["entry"]]
    encounter = next(entry["resource"] for entry in entries if entry["resource"]["resourceType"] == "Encounter")
    encounter.setdefault("participant", []).append({"individual": {"reference": "PractitionerRole/role"}})
    entries += [{"fullUrl": f"urn:uuid:{one['id']}", "resource": one} for one in (officer, role)]
    whole = {**package.bundle, "entry": entries}
    assert {"officer", "role"} <= {
        entry["resource"]["id"] for entry in orjson.loads(message(whole, Partner()))["entry"]
    }
    sent = orjson.loads(message(whole, NETSMART_LIKE))
    right(sent)
    assert not {"officer", "role"} & {entry["resource"]["id"] for entry in sent["entry"]}
    assert {"Practitioner", "PractitionerRole"} <= set(not_sent(whole, NETSMART_LIKE))


def test_a_partner_that_takes_no_patient_cannot_have_a_referral() -> None:
    package = referral_packages(made().bundle)[0]
    with pytest.raises(RenderError) as caught:
        message(package.bundle, replace(NETSMART_LIKE, resource_types=("ServiceRequest",)))
    assert caught.value.rule == "render.required-reference"
    assert caught.value.issues[0].path == "ServiceRequest.subject"


@pytest.mark.parametrize(
    ("change", "partner", "rule"),
    [
        ({"id": ""}, NETSMART_LIKE, "render.no-bundle-id"),
        ({}, replace(NETSMART_LIKE, resource_types=("Patient",)), "render.no-focus"),
        ({}, replace(NETSMART_LIKE, event="submit"), "render.event"),
    ],
)
def test_what_cannot_be_a_message(change: dict[str, Any], partner: Partner, rule: str) -> None:
    package = referral_packages(made().bundle)[0]
    with pytest.raises(RenderError) as caught:
        message({**package.bundle, **change}, partner)
    assert caught.value.rule == rule


def test_references_by_type_and_id_are_rewritten_to_the_fullurl() -> None:
    package = referral_packages(made().bundle)[0]
    by_url = {entry["fullUrl"]: entry["resource"] for entry in package.bundle["entry"]}
    text = orjson.dumps([entry["resource"] for entry in package.bundle["entry"]]).decode()
    for url, resource in by_url.items():
        text = text.replace(f'"reference":"{url}"', f'"reference":"{resource["resourceType"]}/{resource["id"]}"')
    stored = {
        **package.bundle,
        "entry": [
            {**entry, "resource": resource}
            for entry, resource in zip(package.bundle["entry"], orjson.loads(text), strict=True)
        ],
    }
    assert message(stored, NETSMART_LIKE) == message(package.bundle, NETSMART_LIKE)
