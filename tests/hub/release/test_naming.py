"""Whom a consent names, a row each: by references, identifiers and declared classes, never by likeness (S41)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.release.elements import Elements, Intermediary
from hub.release.naming import (
    Party,
    aliases,
    class_covers,
    class_known,
    discloser_is,
    named_by,
    names,
    participants_named,
    same_reference,
    through,
)

Json = dict[str, Any]

MHC = "Organization/mhc"
NPI = {"system": "urn:npi", "value": "7"}


def party(*known_as: str, role: str | None = None, duties: tuple[str, ...] = ()) -> Party:
    return Party(reference=MHC, role=role, known_as=frozenset(known_as or (MHC,)), duties=frozenset(duties))


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        (MHC, MHC, True),
        ("https://a.example.org/fhir/Organization/mhc", MHC, True),
        (MHC, "https://a.example.org/fhir/Organization/mhc/_history/3", True),
        ("urn:uuid:7", "urn:uuid:7", True),
        ("urn:uuid:7", "urn:uuid:8", False),
        (MHC, "Organization/mhc2", False),
        (MHC, "mhc", False),
        (MHC, "mhc/_history/2", False),
        ("mhc/_history/2", "mhc", False),
        ("mhc", "mhc/_history/2", False),
        ("mhc", MHC, False),
        (MHC, "Practitioner/mhc", False),
        (None, None, False),
        ("", "", False),
        (MHC, None, False),
        (None, MHC, False),
        (MHC, 7, False),
        (7, MHC, False),
        ({}, {}, False),
    ],
)
def test_what_names_the_same(first: Any, second: Any, expected: bool) -> None:
    assert same_reference(first, second) is expected


@pytest.mark.parametrize(
    ("reference", "expected"),
    [
        ({"reference": "https://a.example.org/fhir/Organization/mhc"}, {MHC}),
        ({"reference": "urn:uuid:7"}, {"urn:uuid:7"}),
        ({"identifier": NPI}, {"urn:npi|7"}),
        ({"identifier": {"value": "7"}}, {"|7"}),
        ({"identifier": {"system": "urn:npi"}}, set()),
        ({"identifier": "7", "reference": 7, "display": MHC}, set()),
        ({"reference": MHC, "identifier": NPI}, {MHC, "urn:npi|7"}),
    ],
)
def test_what_a_reference_names(reference: Json, expected: set[str]) -> None:
    assert named_by(reference) == expected


KIM: Json = {
    "resourceType": "PractitionerRole",
    "identifier": {"system": "urn:role", "value": "r"},
    "practitioner": {"reference": "Practitioner/kim"},
    "organization": {"reference": MHC},
}
CLINIC: Json = {
    "resourceType": "Organization",
    "identifier": [NPI, {"system": "urn:x"}, "7"],
    "partOf": {"reference": "Organization/county"},
}
TEAM: Json = {"resourceType": "CareTeam", "participant": [{"member": {"reference": MHC}}, {"member": "x"}, {}]}


@pytest.mark.parametrize(
    ("reference", "identifiers", "actors", "expected"),
    [
        (MHC, set(), {}, {MHC}),
        ("https://a.example.org/Organization/mhc", set(), {}, {MHC}),
        ("urn:uuid:7", set(), {}, {"urn:uuid:7"}),
        (None, {"urn:npi|7"}, {}, {"urn:npi|7"}),
        # its resource's identifiers, and no organization above it
        (MHC, set(), {MHC: CLINIC}, {MHC, "urn:npi|7"}),
        (MHC, set(), {"Organization/other": CLINIC}, {MHC}),
        # a role is its person and its organization, with their identifiers
        ("PractitionerRole/k", set(), {"PractitionerRole/k": KIM, MHC: CLINIC},
         {"PractitionerRole/k", "urn:role|r", "Practitioner/kim", MHC, "urn:npi|7"}),
        ("PractitionerRole/k", set(), {"PractitionerRole/k": {**KIM, "practitioner": "x"}},
         {"PractitionerRole/k", "urn:role|r", MHC}),
        # only a role is: another resource that refers to an organization is not that organization
        ("Practitioner/k", set(), {"Practitioner/k": {**KIM, "resourceType": "Practitioner"}, MHC: CLINIC},
         {"Practitioner/k", "urn:role|r"}),
        # the teams it is in, also through its role's organization or an identifier
        (MHC, set(), {"CareTeam/t": TEAM}, {MHC, "CareTeam/t"}),
        (MHC, set(), {"https://a.example.org/CareTeam/t": TEAM}, {MHC, "CareTeam/t"}),
        (MHC, set(), {"urn:uuid:t": TEAM}, {MHC, "urn:uuid:t"}),
        ("PractitionerRole/k", set(), {"PractitionerRole/k": KIM, "CareTeam/t": TEAM},
         {"PractitionerRole/k", "urn:role|r", "Practitioner/kim", MHC, "CareTeam/t"}),
        ("Organization/other", set(), {"CareTeam/t": TEAM}, {"Organization/other"}),
        (MHC, set(), {"Group/t": {**TEAM, "resourceType": "Group"}}, {MHC}),
    ],
)  # fmt: skip
def test_what_a_party_is_known_as(
    reference: str | None, identifiers: set[str], actors: dict[str, Json], expected: set[str]
) -> None:
    assert aliases(reference, frozenset(identifiers), actors) == expected


def test_s41_by_the_identifier_of_the_resource_that_a_reference_leads_to() -> None:
    reference = {"reference": "Organization/alt"}
    assert names(reference, party("urn:npi|7"), {"Organization/alt": CLINIC})
    assert not names(reference, party("urn:npi|7"), {"Organization/other": CLINIC})
    assert not names({"display": "Organization/alt"}, party("urn:npi|7"), {"Organization/alt": CLINIC})


FORM: Json = {"organization": [{"reference": MHC}]}
WORDS: Json = {"organization": [{"display": "in words"}]}
BOTH: Json = {"organization": [{"reference": "Organization/other"}, {"display": "in words"}]}
CLASS = Elements(discloser_classes=("covered entity",))


@pytest.mark.parametrize(
    ("form", "extra", "who", "permit", "deny"),
    [
        # nobody named: each
        ({}, Elements(), party(), True, True),
        (FORM, Elements(), party(), True, True),
        (FORM, Elements(), party("Organization/other"), False, False),
        # in words: nobody for a permit, anybody for a deny
        (WORDS, Elements(), party(), False, True),
        (BOTH, Elements(), party(), False, True),
        ({}, Elements(names=("in words",)), party(), False, True),
        ({}, CLASS, party(role="covered-entity"), True, True),
        ({}, CLASS, party(role="other"), False, False),
        ({}, Elements(discloser_classes=("whoever",)), party(role="other"), False, True),
        (FORM, CLASS, party("Organization/other", role="covered-entity"), True, True),
        (FORM, Elements(names=("in words",)), party("Organization/other"), False, True),
    ],
)
def test_2_31_a_2_who_may_disclose(form: Json, extra: Elements, who: Party, permit: bool, deny: bool) -> None:
    assert discloser_is(form, extra, who, {}, kind="permit") is permit
    assert discloser_is(form, extra, who, {}, kind="deny") is deny
    assert discloser_is(form, extra, who, {}, kind=None) is permit


TPO = "My treating providers, health plans, third-party payers, and people helping to operate this program"


@pytest.mark.parametrize(
    ("group", "role", "duties", "treatment", "payment"),
    [
        # 2.31(a)(4)(i): for treatment who treats, for the rest who pays or operates
        (TPO, "covered-entity", ("treating",), True, True),
        (TPO, "covered-entity", (), False, True),
        (TPO, "part2-program", ("treating",), True, True),
        (TPO, "business-associate", ("treating",), False, True),
        (TPO, "other", ("treating",), False, False),
        ("TPO", "covered-entity", ("treating",), True, True),
        ("tpo", "law-enforcement", ("treating",), False, False),
        ("my treating providers", "other", ("treating",), True, True),
        ("treating_provider", None, ("treating",), True, True),
        ("treating providers", "covered-entity", (), False, False),
        # a declared role, however it is spelt
        ("Covered Entity", "covered-entity", (), True, True),
        ("law-enforcement", "law-enforcement", (), True, True),
        ("covered entity", "other", (), False, False),
        ("covered entity", None, (), False, False),
        ("anybody", "covered-entity", ("treating",), False, False),
    ],
)
def test_2_31_a_4_whom_a_class_covers(
    group: str, role: str | None, duties: tuple[str, ...], treatment: bool, payment: bool
) -> None:
    who = party(role=role, duties=duties)
    assert class_covers(group, who, "TREAT") is treatment
    assert class_covers(group, who, "HPAYMT") is payment
    assert class_known(group) is (group != "anybody")


HIE = "Organization/hie"
MEMBER: Json = {
    "resourceType": "OrganizationAffiliation",
    "organization": {"reference": HIE},
    "participatingOrganization": {"reference": MHC},
}
NAMED = Intermediary(organization={"reference": HIE}, members=({"reference": MHC},), participants=("x",))
BY_ROLE = Intermediary(organization={"reference": HIE}, classes=("covered entity",))
BY_CLASS = Intermediary(organization={"reference": HIE}, classes=("my treating providers",))


@pytest.mark.parametrize(
    ("one", "who", "actors", "expected"),
    [
        (NAMED, party(HIE), {}, True),
        (NAMED, party(), {}, True),
        (NAMED, party("Organization/other", duties=("treating",)), {"m": MEMBER}, False),
        (BY_CLASS, party(duties=("treating",)), {"m": MEMBER}, True),
        (BY_CLASS, party(), {"m": MEMBER}, False),
        (BY_CLASS, party(duties=("treating",)), {}, False),
        (BY_CLASS, party(duties=("treating",)), {"m": {**MEMBER, "active": False}}, False),
        (BY_CLASS, party(duties=("treating",)), {"m": {**MEMBER, "active": "yes"}}, False),
        (BY_CLASS, party(duties=("treating",)), {"m": {**MEMBER, "active": True}}, True),
        (BY_CLASS, party(duties=("treating",)), {"m": {**MEMBER, "resourceType": "Organization"}}, False),
        # 2.31(a)(4)(ii): of a class, who has a treating provider relationship
        (BY_ROLE, party(role="covered-entity"), {"m": MEMBER}, False),
        (BY_ROLE, party(role="covered-entity", duties=("treating",)), {"m": MEMBER}, True),
        # takes part in another, or another takes part
        (BY_CLASS, party(duties=("treating",)), {"m": {**MEMBER, "organization": {"reference": MHC}}}, False),
        (BY_CLASS, party("Organization/other", duties=("treating",)), {"m": MEMBER}, False),
        (BY_CLASS, party(duties=("treating",)), {"m": {**MEMBER, "participatingOrganization": "x"}}, False),
        (Intermediary(organization={"reference": HIE}, classes=("payers",)), party(duties=("treating",)),
         {"m": MEMBER}, False),
    ],
)  # fmt: skip
def test_s42_whom_an_intermediary_s_designation_names(
    one: Intermediary, who: Party, actors: dict[str, Json], expected: bool
) -> None:
    assert through(one, who, "TREAT", actors) is expected


@pytest.mark.parametrize(
    ("one", "expected"),
    [
        (NAMED, True),
        (BY_CLASS, True),
        (Intermediary(organization={"reference": HIE}), False),
        (Intermediary(organization={"reference": "Organization/hie2"}, participants=("x",)), False),
        # one in words is taken to be the one that the form's actors name
        (Intermediary(organization={}, participants=("x",)), True),
        (Intermediary(organization={}), False),
    ],
)
def test_2_31_a_4_ii_whether_its_participants_are_named(one: Intermediary, expected: bool) -> None:
    assert participants_named(Elements(intermediaries=(one,)), party(HIE), {}) is expected
