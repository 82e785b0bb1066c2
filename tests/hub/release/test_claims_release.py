"""What a released resource claims is what it meets as released: never a trace of what was taken."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from hub.release import Context, Outcome, Party, release
from hub.release.notice import ARTIFACT, carry_notice, scopes
from mappings.fhir.profile import claim
from mappings.labels import Origin
from mappings.partner import GENERIC
from profiles.check import check

PROGRAM = Origin(reference="Organization/otp", role="part2-program")
CENTER = Origin(reference="Organization/center", role="covered-entity")
SAMPLE = Path(__file__).parents[3] / "samples" / "incident" / "contact-form-referral" / "expected.bundle.json"
BUNDLE: dict[str, Any] = orjson.loads(SAMPLE.read_bytes())
PATIENT = next(each["fullUrl"] for each in BUNDLE["entry"] if each["resource"]["resourceType"] == "Patient")
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient=PATIENT,
    at=datetime(2026, 6, 1, tzinfo=UTC),
)


def released(bundle: dict[str, Any], secret: str | None = None) -> Outcome:
    """The release of a Bundle of a center's, in which one resource is a Part 2 program's, without a consent."""
    origins = [PROGRAM if each["fullUrl"] == secret else CENTER for each in bundle["entry"]]
    return release(bundle, origins, WHO, [], render=orjson.dumps, media_type="application/fhir+json")


def without(url: str) -> dict[str, Any]:
    """The Bundle as it is where a source never had that resource."""

    def cut(node: Any) -> Any:
        if isinstance(node, list):
            return [cut(each) for each in node if not (isinstance(each, dict) and each.get("reference") == url)]
        if isinstance(node, dict):
            made = {key: cut(value) for key, value in node.items()}
            return {key: value for key, value in made.items() if value != [] or node[key] == []}
        return node

    kept = [each for each in BUNDLE["entry"] if each["fullUrl"] != url]
    return {**BUNDLE, "entry": [cut(each) for each in kept]}


def supporting() -> list[str]:
    (request,) = [each["resource"] for each in BUNDLE["entry"] if each["resource"]["resourceType"] == "ServiceRequest"]
    kinds = {each["fullUrl"]: each["resource"]["resourceType"] for each in BUNDLE["entry"]}
    found = [one["reference"] for one in request["supportingInfo"]]
    return [url for url in found if kinds[url] in ("Observation", "DocumentReference")]


@pytest.mark.parametrize("secret", supporting())
def test_claims_are_those_of_an_input_that_never_had_it(secret: str) -> None:
    outcome = released(BUNDLE, secret)
    assert outcome.bundle is not None
    assert secret not in orjson.dumps(outcome.bundle).decode()
    never = released(without(secret))
    assert never.bundle is not None
    unaware = {each["fullUrl"]: each["resource"]["meta"] for each in never.bundle["entry"]}
    assert outcome.bundle["meta"] == never.bundle["meta"]
    for each in outcome.bundle["entry"]:
        assert each["resource"]["meta"] == unaware[each["fullUrl"]]
    assert [issue for issue in check(outcome.bundle) if issue.severity in ("error", "fatal")] == []


def test_the_request_that_lost_a_reference_still_claims_its_profile() -> None:
    outcome = released(BUNDLE, supporting()[0])
    assert outcome.bundle is not None
    by_type = {each["resource"]["resourceType"]: each["resource"] for each in outcome.bundle["entry"]}
    for kind, profile in (
        ("ServiceRequest", "referral-service-request"),
        ("Task", "referral-task"),
        ("Provenance", "contact-provenance"),
    ):
        assert by_type[kind]["meta"]["profile"] == claim(profile)["profile"]
        assert by_type[kind]["meta"]["security"]


def test_a_claim_that_redaction_broke_is_gone_and_its_labels_are_not() -> None:
    location = next(each for each in BUNDLE["entry"] if each["resource"]["resourceType"] == "Location")
    made = {**location["resource"], "meta": claim("referral-task")}
    bundle = {
        **BUNDLE,
        "entry": [each if each is not location else {**each, "resource": made} for each in BUNDLE["entry"]],
    }
    # A wrong claim is the sender's fault and stays while nothing is taken from the resource.
    outcome = released(bundle)
    assert outcome.bundle is not None
    kept = next(each["resource"] for each in outcome.bundle["entry"] if each["fullUrl"] == location["fullUrl"])
    assert kept["meta"]["profile"] == claim("referral-task")["profile"]
    told = {**made, "text": {"status": "generated", "div": '<div xmlns="http://www.w3.org/1999/xhtml">x</div>'}}
    bundle["entry"] = [each if each["resource"] is not made else {**each, "resource": told} for each in bundle["entry"]]
    outcome = released(bundle)
    assert outcome.bundle is not None
    kept = next(each["resource"] for each in outcome.bundle["entry"] if each["fullUrl"] == location["fullUrl"])
    assert "profile" not in kept["meta"]
    assert kept["meta"]["security"]


def test_the_scope_stands_on_the_mark_it_explains(build: Any) -> None:
    consent = build.consent("0b0e5f64-6f6c-8f00-9b8e-000000000001")
    plain = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Basic"}}]}
    made = carry_notice(plain, ["notice"], GENERIC, consents=[consent])
    # DS4P has the extension on `meta.security`, not on `meta`, and wants a resource, url or document in it (ext-2).
    assert [each["url"].rpartition("/")[2] for each in made["meta"]["extension"]] == ["extension-display"]
    (mark,) = [each for each in made["meta"]["security"] if "extension" in each]
    assert mark["code"] == "RedisclosureProhibitionMark"
    (artifact,) = mark["extension"]
    assert artifact["url"] == ARTIFACT
    assert artifact["valueRelatedArtifact"]["resource"] == f"urn:uuid:{consent['id']}"
    assert [text.startswith("Scope of the patient's consent.") for text in scopes(made)] == [True]
    # A later disclosure has its own consents in the place of the earlier ones.
    other = build.consent("c2")
    again = carry_notice(made, ["notice"], GENERIC, consents=[other])
    (mark,) = [each for each in again["meta"]["security"] if "extension" in each]
    assert [each["valueRelatedArtifact"]["resource"] for each in mark["extension"]] == ["Consent/c2"]
    assert scopes(plain) == []
