"""The 2.32 statements to the letter, and where they are carried."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release import STATEMENT_1, STATEMENT_2, carry_notice, release_json, scope_text
from mappings.partner import GENERIC, Partner

#: Of the statement as the regulation prints it, kept apart from the constant.
SHA256 = "d82205a18044f9f45776343d91e26d8ddb44bf13e136af169ec73d755facd9a8"
LENGTH = 1325

PART2 = {"resourceType": "Basic", "meta": {"security": [{"code": "42CFRPart2"}]}}
PLAIN = {"resourceType": "Basic", "meta": {"security": [{"code": "N"}]}}
BUNDLE: dict[str, Any] = {
    "resourceType": "Bundle",
    "type": "collection",
    "entry": [{"resource": PART2}, {"resource": PLAIN}],
}


def test_statements_are_byte_for_byte_the_regulations() -> None:
    assert len(STATEMENT_1.encode()) == LENGTH
    assert hashlib.sha256(STATEMENT_1.encode()).hexdigest() == SHA256
    assert STATEMENT_2 == "42 CFR part 2 prohibits unauthorized use or disclosure of these records."
    assert STATEMENT_1.startswith("This record which has been disclosed to you is protected by Federal confidentiality")
    assert STATEMENT_1.endswith("consent to further use or redisclose the record (see 42 CFR 2.31).")
    assert "(ii) You are a covered entity or business associate and have received" in STATEMENT_1


def test_notice_on_the_bundle_and_on_each_part2_entry() -> None:
    made = carry_notice(BUNDLE, ["notice", "AOD"], GENERIC)
    url = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-display"
    assert {"url": url, "valueAnnotation": {"text": STATEMENT_1}} in made["meta"]["extension"]
    first, second = (entry["resource"] for entry in made["entry"])
    assert {"url": url, "valueAnnotation": {"text": STATEMENT_2}} in first["meta"]["extension"]
    assert {coding["code"] for coding in first["meta"]["security"]} >= {"RedisclosureProhibitionMark", "NORDSCLCD"}
    assert second == PLAIN
    assert "extension" not in BUNDLE.get("meta", {})


def test_without_the_obligation_nothing_is_added() -> None:
    assert carry_notice(BUNDLE, ["AOD"], GENERIC) is BUNDLE


def test_a_partner_that_carries_neither_is_refused() -> None:
    with pytest.raises(ReleaseError) as caught:
        carry_notice(BUNDLE, ["notice"], Partner(notice="none"))
    assert caught.value.rule == "release.no-carrier"


def test_scope_says_who_what_why_until_and_not_whose(build: Any) -> None:
    text = scope_text(build.consent())
    for part in ("Organization/mhc", "Organization/otp", "treatment, payment, health care operations", "2026-12-31"):
        assert part in text
    assert "Patient" not in text


def test_scope_does_not_name_what_the_patient_left_out(build: Any) -> None:
    consent = build.consent(provision={"provision": [{"type": "deny", "securityLabel": build.labels("HIV")}]})
    assert "HIV" not in scope_text(consent)


@pytest.mark.parametrize("period", [{}, {"end": 7}, {"end": None}])
def test_a_form_without_a_last_day_says_the_event_it_ends_with(build: Any, period: dict[str, Any]) -> None:
    consent = build.consent(elements={"expiryEvent": "end of the program"}, provision={"period": period})
    assert "Until: end of the program;" in scope_text(consent)


def test_s45_a_refusal_beside_the_permit_is_not_told_with_the_notice(build: Any) -> None:
    """A second consent takes out an element: its number and what it refuses are nobody's to know (P15)."""
    refusal = build.consent(
        "refusal-7", provision={"type": "deny", "securityLabel": build.labels("HIV"), "purpose": None}
    )
    seen = {"resourceType": "Observation", "id": "o1", "status": "final", "code": {"text": "Mood"}}
    seen |= {"subject": {"reference": "Patient/p-1"}, "note": [{"text": "HIV positive since spring"}]}
    permit = build.consent("permit-3")
    both = release_json(build.ask([build.patient(), seen], [permit, refusal], origin="part2-program"))
    del seen["note"]
    alone = release_json(build.ask([build.patient(), seen], [permit], origin="part2-program"))
    assert both == alone
    assert "permit-3" in str(both)


def test_the_scope_of_a_base_refusal_is_that_of_its_exception(build: Any) -> None:
    inside = {"type": "permit", "securityLabel": build.labels("MH"), "purpose": build.purposes("TREAT")}
    made = build.consent(provision={"type": "deny", "securityLabel": build.labels("SUD"), "provision": [inside]})
    assert "mental health information" in scope_text(made)
    assert "substance" not in scope_text(made)


def test_a_refusal_that_names_the_same_organizations_is_no_leak_of_itself(build: Any) -> None:
    """The refusal is withheld; the notice names who discloses to whom, as the permit does, and goes."""
    refusal = build.consent(
        "refusal-7", provision={"type": "deny", "securityLabel": build.labels("SUD"), "purpose": None}
    )
    made = release_json(build.ask([build.patient(), refusal], [build.consent("c1"), refusal], origin="part2-program"))
    assert [entry["resource"]["resourceType"] for entry in made["entry"]] == ["Patient"]
    assert "refusal-7" not in str(made)
