"""A form built, read and checked: each element of 42 CFR 2.31 survives, and each one missing is one issue."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.release import check_consent
from hub.release.elements import elements
from hub.release.kind import kind_of
from mappings.fhir.captured_consent import captured_consent
from mappings.ids import PUBLISHED
from mappings.incident import Agency, Attachment, ConsentForm, Organization, Recipient, Signature
from profiles.check import check

NOW = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)
AGENCY = Agency(
    id="otp",
    name="Program",
    organizations=tuple(Organization(id=one, name=one.upper(), kind="center") for one in ("mhc", "hie")),
)
WHOLE = ConsentForm(
    number="7",
    disclosers=(Recipient(organization="otp"),),
    description="all records about my treatment",
    recipients=(Recipient(organization="mhc"),),
    purposes=("TPO",),
    revocation_statement=True,
    redisclosure_statement=True,
    refusal_statement=True,
    hipaa_redisclosure_statement=True,
    expires="2027-11-21",
    signature=Signature(by="M. Example", at="2026-11-21T12:00:00Z", method="electronic"),
)


def built(form: ConsentForm, *, claims: bool = True) -> dict[str, Any]:
    made = captured_consent(
        form,
        agency=AGENCY,
        organization="otp",
        patient_id="a" * 8,
        patient_claims=claims,
        encounter_id=None,
        now=NOW,
        namespace_key=PUBLISHED,
    )
    return next(e["resource"] for e in made.bundle["entry"] if e["resource"]["id"] == made.consent_id)


def rules(form: ConsentForm, law: str = "part2") -> list[str]:
    return [issue.rule for issue in check_consent(built(form), at=NOW, law=law)]


def test_the_whole_form_is_whole() -> None:
    made = built(WHOLE)
    assert check_consent(made, at=NOW) == []
    assert [issue for issue in check(made) if issue.severity == "error"] == []
    assert made["meta"]["profile"] == ["https://warmhandoff.org/fhir/StructureDefinition/part2-consent"]
    assert "profile" not in built(WHOLE, claims=False).get("meta", {})  # its patient is asked to meet one, too


NAMED: dict[str, Any] = {"purposes": ("custody-care",)}
HIE = Recipient(organization="hie", intermediary=True)


@pytest.mark.parametrize(
    ("cite", "changes", "rule"),
    [
        ("2.31(a)(2)", {"disclosers": ()}, "missing-discloser"),
        ("2.31(a)(3)", {"description": None}, "missing-description"),
        ("2.31(a)(4)", {"recipients": ()}, "missing-recipient"),
        ("2.31(a)(4)(ii)", {"recipients": (HIE,)}, "intermediary-participants-missing"),
        (
            "2.31(a)(4)(ii)(B)",
            {"recipients": (replace(HIE, class_="everybody who takes part"),)},
            "intermediary-class-too-wide",
        ),
        ("2.31(a)(4)(iii)", {"hipaa_redisclosure_statement": None}, "missing-hipaa-redisclosure-statement"),
        ("2.31(a)(5)", {"purposes": ()}, "missing-purpose"),
        ("2.31(a)(6)", {"revocation_statement": None}, "missing-revocation-statement"),
        ("2.31(a)(7)", {"expires": None}, "missing-expiry"),
        ("2.31(a)(7)", {**NAMED, "expires": None, "expiry_event": "none"}, "open-expiry-not-tpo"),
        ("2.31(a)(7)", {**NAMED, "expires": None, "expiry_event": "End of the treatment"}, "open-expiry-not-tpo"),
        ("2.31(a)(8)", {"signature": replace(WHOLE.signature, by=None)}, "missing-signature"),
        ("2.31(a)(9)", {"signature": replace(WHOLE.signature, at=None)}, "missing-date"),
        ("2.31(a)(10)(i)", {"redisclosure_statement": None}, "missing-redisclosure-risk"),
        ("2.31(a)(10)(ii)", {"refusal_statement": None}, "missing-refusal-consequence"),
        ("2.31(b)", {"counselling_notes": True}, "counselling-notes-combined"),
        ("2.31(b)", {"counselling_notes": True, "sensitivities": ("PSYTHPN", "SUD")}, "counselling-notes-combined"),
        ("2.31(d)", {"proceedings": True}, "proceedings-combined"),
        ("2.31(d)", {"purposes": ("TPO", "proceedings")}, "proceedings-combined"),
        ("2.31(a)(7)", {"expires": "2026-11-20"}, "consent-expired"),
        ("2.31(a)(6)", {"status": "revoked"}, "consent-revoked"),
        ("2.31(a)(6)", {"revoked_at": "2026-11-21T11:00:00Z"}, "consent-revoked"),
        ("P20", {"witnesses": ("officer",)}, "officer-only-witness"),
        ("2.32(a)(1)", {"kind": "hipaa-authorization"}, "wrong-consent-kind"),
        ("164.522", {"kind": "opt-out"}, "wrong-consent-kind"),
    ],
)
def test_s48_each_element_is_one_issue(cite: str, changes: dict[str, Any], rule: str) -> None:
    assert rules(replace(WHOLE, **changes)) == [rule], cite


@pytest.mark.parametrize(
    ("cite", "changes"),
    [
        ("2.31(a)(7), TPO", {"expires": None, "expiry_event": "none"}),
        ("2.31(a)(7), TPO", {"expires": None, "expiry_event": "end of the treatment"}),
        ("2.31(a)(7), event", {**NAMED, "expires": None, "expiry_event": "when I leave the house in Elm Street"}),
        ("2.31(a)(4)(i), class", {"recipients": (Recipient(class_="my treating providers"),)}),
        ("2.31(a)(4)(ii)", {"recipients": (replace(HIE, participants=("mhc",)),)}),
        ("2.31(a)(4)(ii)(B)", {"recipients": (replace(HIE, class_="my treating providers"),)}),
        ("2.31(a)(8), representative", {"signature": replace(WHOLE.signature, capacity="representative")}),
        ("2.31(b), apart", {"counselling_notes": True, "sensitivities": ("PSYTHPN",)}),
        ("2.31(d), apart", {"proceedings": True, "purposes": ("proceedings",)}),
        ("P20", {"witnesses": ("officer", "clinician")}),
    ],
)
def test_what_the_regulation_lets_a_form_say(cite: str, changes: dict[str, Any]) -> None:
    assert rules(replace(WHOLE, **changes)) == [], cite


@pytest.mark.parametrize(
    ("cite", "changes", "rule"),
    [
        ("164.508(c)(1)(i)", {"description": None}, "missing-description"),
        ("164.508(c)(1)(ii)", {"disclosers": ()}, "missing-discloser"),
        ("164.508(c)(1)(iii)", {"recipients": ()}, "missing-recipient"),
        ("164.508(c)(1)(iv)", {"purposes": ()}, "missing-purpose"),
        ("164.508(c)(1)(v)", {"expires": None}, "missing-expiry"),
        ("164.508(c)(1)(vi)", {"signature": None}, "missing-signature"),
        ("164.508(c)(2)(i)", {"revocation_statement": None}, "missing-revocation-statement"),
        ("164.508(c)(2)(ii)", {"refusal_statement": None}, "missing-refusal-consequence"),
        ("164.508(c)(2)(iii)", {"redisclosure_statement": None}, "missing-redisclosure-risk"),
    ],
)
def test_each_element_of_an_authorization(cite: str, changes: dict[str, Any], rule: str) -> None:
    form = replace(WHOLE, kind="hipaa-authorization", hipaa_redisclosure_statement=None)
    assert rules(form, law="hipaa") == [], cite
    found = rules(replace(form, **changes), law="hipaa")
    assert rule in found, cite
    assert set(found) <= {rule, "missing-date"}, cite  # a signature that is not there has no date either


def test_a_participant_of_the_directory_is_a_reference() -> None:
    """2.31(a)(4)(ii): what can be compared is compared; a name in words is for people to read (S41, S42)."""
    one = elements(built(replace(WHOLE, recipients=(replace(HIE, participants=("mhc", "Dr. Lee")),)))).intermediaries
    assert [set(member) >= {"reference", "identifier"} for member in one[0].members] == [True]
    assert len(one[0].participants) == 2


words = st.text(alphabet="abcdefgh ijkl", min_size=1, max_size=20).map(str.strip).filter(bool)
flags = st.sampled_from([True, None])
capacities = st.sampled_from(["patient", "representative", "parent", "guardian"])
signatures = st.builds(
    Signature,
    by=words,
    capacity=capacities,
    at=st.just("2026-11-21T12:00:00Z"),
    method=st.sampled_from(["electronic", "paper", "verbal"]),
)
forms = st.builds(
    ConsentForm,
    number=st.just("7"),
    kind=st.sampled_from(["part2", "hipaa-authorization", "opt-out"]),
    status=st.sampled_from(["active", "draft"]),
    disclosers=st.lists(st.builds(Recipient, class_=words) | st.builds(Recipient, name=words), max_size=2).map(tuple),
    description=words | st.none(),
    recipients=st.lists(st.builds(Recipient, class_=words), max_size=2).map(tuple),
    revocation_statement=flags,
    redisclosure_statement=flags,
    refusal_statement=flags,
    hipaa_redisclosure_statement=flags,
    counselling_notes=st.booleans(),
    proceedings=st.booleans(),
    expiry_event=words | st.none(),
    signature=signatures | st.none(),
    cosignature=signatures | st.none(),
    witnesses=st.lists(st.sampled_from(["officer", "clinician", "peer"]), max_size=3).map(tuple),
    revoked_at=st.sampled_from([None, "2026-11-21T11:00:00Z"]),
    scan=st.sampled_from([None, Attachment(media_type="application/pdf", data="JVBERi0=")]),
)


@settings(max_examples=60, deadline=None)
@given(forms)
def test_what_is_built_is_read_as_it_was_said(form: ConsentForm) -> None:
    made = built(form)
    read = elements(made)
    assert read.description == form.description
    assert sorted(read.discloser_classes) == sorted(one.class_ for one in form.disclosers if one.class_)
    assert sorted(read.names) == sorted(one.name for one in form.disclosers if one.name)
    assert sorted(read.recipient_classes) == sorted(one.class_ for one in form.recipients if one.class_)
    assert (read.revocation, read.redisclosure) == (form.revocation_statement, form.redisclosure_statement)
    assert (read.refusal, read.hipaa_redisclosure) == (form.refusal_statement, form.hipaa_redisclosure_statement)
    assert (read.counselling_notes, read.proceedings) == (form.counselling_notes, form.proceedings)
    assert (read.expiry_event, read.revoked_at) == (form.expiry_event, form.revoked_at)
    assert read.witnesses == form.witnesses
    assert read.capacities == tuple(one.capacity for one in (form.signature, form.cosignature) if one is not None)
    assert kind_of(made) == {"part2": "part2", "hipaa-authorization": "hipaa", "opt-out": "opt-out"}[form.kind]
    assert ("sourceReference" in made) == (form.scan is not None)
    assert made == built(form)
