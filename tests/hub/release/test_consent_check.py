"""Each element of 42 CFR 2.31 has its issue code, and the issue says where and never what."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from hub.release import check_consent
from hub.release.consent import deficient
from profiles.issue import Issue

AT = datetime(2026, 6, 1, 12, tzinfo=UTC)


def rules(consent: dict[str, Any], **more: Any) -> list[str]:
    return [issue.rule for issue in check_consent(consent, **more)]


def test_a_whole_consent_has_no_issue(build: Any) -> None:
    assert rules(build.consent(), at=AT) == []


NOT_TPO = {"purpose": [{"code": "outcome-feedback"}]}
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
OPT_IN = {"coding": [{"code": "OPTIN"}]}
#: Actors: who discloses, without a name and with one; who receives.
CST = {"role": {"coding": [{"code": "CST"}]}}
CST_A = {**CST, "reference": {"reference": "Organization/otp"}}
TO = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/mhc"}}

# what is changed -> the codes that must come of it
CASES: dict[str, tuple[dict[str, Any], list[str]]] = {
    "patient": ({"patient": None}, ["missing-patient"]),
    "discloser": ({"organization": None}, ["missing-discloser"]),
    "discloser-of-an-exception": (
        {
            "organization": None,
            "provision": {
                "provision": [
                    {
                        "type": "permit",
                        "actor": [{"role": {"coding": [{"code": "CST"}]}, "reference": {"reference": "a/b"}}],
                    }
                ]
            },
        },
        ["missing-discloser"],
    ),
    "purpose-of-all": ({"provision": {"purpose": [{"code": "PurposeOfUse"}]}}, ["missing-purpose"]),
    "purpose-of-all-around-a-permit": (
        {"provision": {"type": "deny", "purpose": [{"code": "PurposeOfUse"}], "provision": [{"type": "permit"}]}},
        ["missing-purpose"],
    ),
    "purpose-of-all-beside-one-around-a-permit": (
        {
            "provision": {
                "type": "deny",
                "purpose": [{"code": "COC"}, {"code": "PurposeOfUse"}],
                "provision": [{"type": "permit"}],
            }
        },
        ["missing-purpose"],
    ),
    "purpose-around-a-permit": (
        {"provision": {"type": "deny", "purpose": [{"code": "TREAT"}], "provision": [{"type": "permit"}]}},
        [],
    ),
    "discloser-by-class": ({"organization": None, "elements": {"discloser-class": "part2-program"}}, []),
    "description": ({"provision": {"securityLabel": None}}, ["missing-description"]),
    "description-in-words": ({"provision": {"securityLabel": None}, "elements": {"description": "all of it"}}, []),
    "recipient": ({"provision": {"actor": None}}, ["missing-recipient"]),
    "recipient-by-class": ({"provision": {"actor": None}, "elements": {"recipientClass": "tpo"}}, []),
    "intermediary": ({"elements": {"recipient-intermediary": True}}, ["intermediary-participants-missing"]),
    "intermediary-wide": (
        {"elements": {"recipient-intermediary": True, "intermediary-participants": "all members"}},
        ["intermediary-class-too-wide"],
    ),
    "intermediary-treating": (
        {"elements": {"recipient-intermediary": True, "intermediary-participants": "all my treating providers"}},
        [],
    ),
    "hipaa-redisclosure": (
        {"elements": {"hipaa-redisclosure-statement": None, "hipaaRedisclosureStatement": None}},
        ["missing-hipaa-redisclosure-statement"],
    ),
    "purpose": ({"provision": {"purpose": None}}, ["missing-purpose"]),
    "revocation": ({"elements": {"revocationStatement": None}}, ["missing-revocation-statement"]),
    "expiry": ({"provision": {"period": None}}, ["missing-expiry"]),
    "expiry-event": ({"provision": {"period": None}, "elements": {"expiryEvent": "end of treatment"}}, []),
    "open-expiry": (
        {"provision": {"period": None, **NOT_TPO}, "elements": {"expiry-event": "none"}},
        ["open-expiry-not-tpo"],
    ),
    "signature": ({"performer": None}, ["missing-signature"]),
    "date": ({"dateTime": None}, ["missing-date"]),
    "redisclosure-risk": ({"elements": {"redisclosureStatement": False}}, ["missing-redisclosure-risk"]),
    "refusal": ({"elements": {"refusalStatement": None}}, ["missing-refusal-consequence"]),
    "not-tpo-needs-fewer-statements": (
        {
            "provision": NOT_TPO,
            "elements": {"refusalStatement": None, "redisclosureStatement": None, "hipaaRedisclosureStatement": None},
        },
        [],
    ),
    "counselling-notes": ({"elements": {"counsellingNotes": True}}, ["counselling-notes-combined"]),
    "proceedings": ({"elements": {"proceedings": True}}, ["proceedings-combined"]),
    "expired": ({"provision": {"period": {"end": "2026-05-31"}}}, ["consent-expired"]),
    "revoked": ({"status": "inactive"}, ["consent-revoked"]),
    "revoked-at": ({"elements": {"revoked-at": "2026-05-01"}}, ["consent-revoked"]),
    "known-false": ({"elements": {"known-false": True}}, ["consent-known-false"]),
    "officer-alone": ({"elements": {"witness": "officer"}}, ["officer-only-witness"]),
    "discloser-in-words": ({"organization": None, "elements": {"discloserName": "the program"}}, []),
    "discloser-without-a-name-around-one": (
        {"organization": None, "provision": {"actor": [CST, TO], "provision": [{"type": "permit", "actor": [CST_A]}]}},
        ["missing-discloser"],
    ),
    # what permits nothing says of itself what a permission would have to
    "refusal-with-names": ({"organization": None, "provision": {"type": "deny", "actor": [CST_A, TO]}}, []),
    "refusal-without-discloser": (
        {"organization": None, "provision": {"type": "deny", "actor": [CST, TO]}},
        ["missing-discloser"],
    ),
    "refusal-without-recipient": (
        {"provision": {"type": "deny", "actor": [CST_A, {"role": TO["role"]}]}},
        ["missing-recipient"],
    ),
    "refusal-without-purpose": ({"provision": {"type": "deny", "purpose": None}}, ["missing-purpose"]),
    # a permission is for whom it names itself, not for whom an exception in it does
    "recipient-of-an-exception": (
        {"provision": {"actor": [CST_A], "provision": [{"type": "permit", "actor": [TO]}]}},
        ["missing-recipient"],
    ),
    "recipient-without-a-name-around-one": (
        {"provision": {"actor": [{"role": TO["role"]}], "provision": [{"type": "permit", "actor": [TO]}]}},
        ["missing-recipient"],
    ),
    "recipient-of-an-exception-of-an-opt-in": (
        {"policyRule": OPT_IN, "provision": {"type": None, "actor": None, "provision": [{"actor": [TO]}]}},
        ["missing-recipient"],
    ),
    "recipient-of-an-exception-of-an-opt-in-with-restrictions": (
        {
            "policyRule": {"coding": [{"code": "OPTINR"}]},
            "provision": {"type": None, "actor": None, "provision": [{"actor": [TO]}]},
        },
        ["missing-recipient"],
    ),
    "recipient-of-an-exception-of-a-refusal": (
        {
            "policyRule": OPT_IN,
            "provision": {"type": "deny", "actor": None, "provision": [{"type": "permit", "actor": [TO]}]},
        },
        [],
    ),
    "role-by-its-first-code": (
        {
            "organization": None,
            "provision": {"actor": [{**CST_A, "role": {"coding": [{"display": "x"}, {"code": "CST"}]}}, TO]},
        },
        [],
    ),
    "purpose-of-all-beside-one": (
        {"provision": {"purpose": [{"code": "TREAT"}, {"code": "PurposeOfUse"}]}},
        ["missing-purpose"],
    ),
    "purpose-of-all-refused": (
        {"provision": {"provision": [{"type": "deny", "purpose": [{"code": "PurposeOfUse"}]}]}},
        [],
    ),
    "purpose-of-all-of-an-exception": (
        {"provision": {"provision": [{"type": "permit", "purpose": [{"code": "PurposeOfUse"}]}]}},
        ["missing-purpose"],
    ),
    "purpose-in-words-beside-one": ({"provision": {"purpose": [{"display": "care"}, {"code": "TREAT"}]}}, []),
    "open-expiry-beside-an-end": ({"provision": NOT_TPO, "elements": {"expiryEvent": "none"}}, []),
    "counselling-notes-alone": (
        {
            "provision": {**NOT_TPO, "securityLabel": None},
            "elements": {"counsellingNotes": True, "description": "the notes"},
        },
        [],
    ),
    "counselling-notes-and-care": (
        {"provision": {"securityLabel": None}, "elements": {"counsellingNotes": True, "description": "the notes"}},
        ["counselling-notes-combined"],
    ),
    "proceedings-by-its-code": (
        {"provision": {"purpose": [{"code": "TREAT"}, {"code": "proceedings"}]}},
        ["proceedings-combined"],
    ),
    "proceedings-of-another-system": (
        {"provision": {"purpose": [{"code": "TREAT"}, {"system": REASON, "code": "proceedings"}]}},
        [],
    ),
    "proceedings-of-no-system": (
        {"provision": {"purpose": [{"code": "TREAT"}, {"system": "", "code": "proceedings"}]}},
        [],
    ),
    "date-without-a-zone": ({"dateTime": "2026-01-02T10:00:00"}, ["missing-expiry"]),
}

#: As CASES, for a form that is relied on as an authorization (45 CFR 164.508(c)).
AUTHORIZATIONS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "participants-are-not-asked-for": ({"elements": {"recipient-intermediary": True}}, []),
    "an-expiry-may-be-open": ({"provision": {"period": None, **NOT_TPO}, "elements": {"expiryEvent": "none"}}, []),
    "the-risk-whatever-the-purpose": (
        {"provision": NOT_TPO, "elements": {"redisclosureStatement": None}},
        ["missing-redisclosure-risk"],
    ),
    "the-consequence-whatever-the-purpose": (
        {"provision": NOT_TPO, "elements": {"refusalStatement": None}},
        ["missing-refusal-consequence"],
    ),
    "notes-are-part-2-s": ({"elements": {"counsellingNotes": True}}, []),
}

ECFR = "https://www.ecfr.gov/current/"
WRONG = "wrong-consent-kind"


def category(*codes: str) -> dict[str, Any]:
    return {"category": [{"coding": [{"code": "59284-0"}]}, *({"coding": [{"code": code}]} for code in codes)]}


def policy(*sections: str) -> dict[str, Any]:
    return {"category": None, "policy": [{"uri": ECFR + section} for section in sections]}


# how the form is declared -> its issues as a Part 2 consent and as an authorization; every element is on it
KINDS: list[tuple[dict[str, Any], list[str], list[str]]] = [
    (category("42CFRPart2CD"), [], []),
    (category("MDHHS-5515Part2"), [], []),
    (category("HIPAAAuthCD"), [WRONG], []),
    (category("HIPAAConsentCD"), [WRONG], []),
    (category("OPTOUT"), [WRONG], [WRONG]),
    (category("42CFRPart2CD", "HIPAAAuthCD"), [], []),
    (category("42CFRPart2CD", "OPTOUT"), [WRONG], [WRONG]),
    (category("something-else"), [], []),
    ({"category": None}, [], []),
    ({"category": [{"coding": [{"system": "urn:oid:1.2.3", "code": "42CFRPart2CD"}, {"code": "HIPAAAuthCD"}]}]},
     [WRONG], []),
    *(
        ({"category": [{"coding": [{"system": system, "code": "42CFRPart2CD"}, {"code": "HIPAAAuthCD"}]}]}, [], [])
        for system in ("http://terminology.hl7.org/CodeSystem/v3-ActCode", "urn:oid:2.16.840.1.113883.5.4")
    ),
    (policy("title-42/section-2.31"), [], []),
    (policy("title-45/section-164.508"), [WRONG], []),
    (policy("title-45/section-164.522"), [WRONG], [WRONG]),
    (policy("title-42/section-9.9"), [], []),
    (policy("title-45/section-164.508", "title-42/section-2.31"), [], []),
    ({**policy("title-42/section-2.31"), **category("HIPAAAuthCD")}, [WRONG], []),
    ({"category": None, "policyRule": {"coding": [{"code": "hipaa-auth"}]}}, [WRONG], []),
    ({"category": None, "policyRule": {"coding": [{"code": "OPTIN"}]}}, [], []),
    ({"category": [1, {"coding": "x"}, {"coding": [{"code": 2}]}], "policy": {}, "policyRule": []}, [], []),
]  # fmt: skip


@pytest.mark.parametrize(("change", "part2", "hipaa"), KINDS)
def test_the_kind_of_form_says_under_which_law_it_may_permit(
    build: Any, change: dict[str, Any], part2: list[str], hipaa: list[str]
) -> None:
    consent = build.consent(**change)
    assert rules(consent, at=AT) == part2
    assert rules(consent, at=AT, law="hipaa") == hipaa


@pytest.mark.parametrize("name", CASES)
def test_element(build: Any, name: str) -> None:
    change, expected = CASES[name]
    found = check_consent(build.consent(**change), at=AT)
    assert [issue.rule for issue in found] == expected
    assert all(issue.path.startswith("Consent.") for issue in found)


@pytest.mark.parametrize("name", AUTHORIZATIONS)
def test_element_of_an_authorization(build: Any, name: str) -> None:
    change, expected = AUTHORIZATIONS[name]
    assert rules(build.consent(**change), at=AT, law="hipaa") == expected


@pytest.mark.parametrize(("signers", "capacity"), [("minor", "parent"), ("both", "patient"), ("unknown", "parent")])
def test_2_14_who_signs_for_a_minor_is_asked_under_part_2_alone(build: Any, signers: Any, capacity: str) -> None:
    consent = build.consent(elements={"signatureCapacity": capacity})
    assert len(rules(consent, signers=signers)) == 1
    assert rules(consent, signers=signers, law="hipaa") == []


def test_s44_a_revoked_form_is_that_whenever_it_is_asked(build: Any) -> None:
    assert rules(build.consent(status="inactive")) == ["consent-revoked"]
    assert rules(build.consent(status="proposed")) == []


def test_2_31_c_only_an_error_makes_a_form_deficient() -> None:
    def issue(severity: Any) -> Issue:
        return Issue(severity=severity, code="required", rule="missing-date", path="Consent.dateTime", text="x")

    assert deficient([issue("warning"), issue("information")]) == ()
    assert deficient([issue("warning"), issue("error")]) == ("missing-date",)


HIE = ("organization", {"reference": "Organization/hie"})

# the parts of one intermediary, where the form has no other recipient -> the issues
INTERMEDIARIES: list[tuple[list[tuple[str, Any]], list[str]]] = [
    ([HIE], ["intermediary-participants-missing"]),
    ([HIE, ("participant", " ")], ["intermediary-participants-missing"]),
    ([HIE, ("participant", {})], ["intermediary-participants-missing"]),
    ([HIE, ("participant", "A clinic in words")], []),
    ([HIE, ("participant", {"reference": "Organization/mhc"})], []),
    ([HIE, ("participant", {"system": "urn:npi", "value": "1234567893"})], []),
    ([HIE, ("class", "my treating providers")], []),
    ([HIE, ("class", "members")], ["intermediary-class-too-wide"]),
    ([HIE, ("class", "my treating providers, health plans, third-party payers")], ["intermediary-class-too-wide"]),
    ([("name", "words only"), ("participant", "A clinic in words")], []),
]


@pytest.mark.parametrize(("parts", "expected"), INTERMEDIARIES)
def test_s42_an_intermediary_and_its_participants_are_recipients(
    build: Any, parts: list[tuple[str, Any]], expected: list[str]
) -> None:
    consent = build.consent(provision={"actor": None})
    consent["extension"][0]["extension"].append(build.intermediary(*parts))
    assert rules(consent, at=AT) == expected


def test_each_intermediary_needs_participants_of_its_own(build: Any) -> None:
    consent = build.consent()
    consent["extension"][0]["extension"] += [build.intermediary(HIE, ("participant", "a")), build.intermediary(HIE)]
    assert rules(consent, at=AT) == ["intermediary-participants-missing"]


def test_minor_who_alone_may_consent(build: Any) -> None:
    consent = build.consent(elements={"signatureCapacity": "parent"})
    assert rules(consent, signers="minor") == ["minor-signature-required"]
    assert rules(consent) == []


@pytest.mark.parametrize("name", ["counselling-notes", "proceedings"])
def test_s47_some_issues_limit_and_do_not_void(build: Any, name: str) -> None:
    assert deficient(check_consent(build.consent(**CASES[name][0]), at=AT)) == ()


def test_no_issue_has_a_value(build: Any) -> None:
    consent = build.consent(
        dateTime="last Tuesday", provision={"period": {"end": "Marigoldine"}}, elements={"expiryEvent": "Marigoldine"}
    )
    found = check_consent(consent, at=AT)
    assert found
    assert "Marigoldine" not in str(found)
    assert "Tuesday" not in str(found)


@pytest.mark.parametrize("consent", [{}, {"provision": []}, {"extension": "x", "organization": {}}, {"status": 3}])
def test_any_json_object_is_checked(consent: dict[str, Any]) -> None:
    assert "missing-patient" in rules(consent, at=AT)


def test_the_consent_that_translation_builds_is_read(build: Any) -> None:
    """Names of sub-extensions as mappings.fhir.consent writes them."""
    from hub.release.elements import ELEMENTS, elements
    from mappings.fhir.consent import PART2_ELEMENTS

    assert ELEMENTS == PART2_ELEMENTS
    nested = {
        "url": "intermediary",
        "extension": [{"url": "participant", "valueString": "a"}, {"url": "class", "valueString": "treating"}],
    }
    consent = build.consent()
    consent["extension"][0]["extension"].append(nested)
    found = elements(consent)
    assert [(one.participants, one.classes, one.members) for one in found.intermediaries] == [
        (("a",), ("treating",), ())
    ]
    assert found.revocation is True
    assert found.hipaa_redisclosure is True
