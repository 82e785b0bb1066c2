"""What a provision says it is about (R4 Consent.provision), a row each: whether an entry is inside it.

A permit is inside only what it surely names (42 CFR 2.31(a)(3): how much and what kind of information); a deny is read
with its doubts.
"""

from __future__ import annotations

from typing import Any

import pytest

from hub.release.content import Facts, beyond_labels, covers, named_in

Json = dict[str, Any]

COND: Json = {"resourceType": "Condition", "id": "c", "code": {"coding": [{"system": "s", "code": "F32.1"}]}}
PATIENT: Json = {"resourceType": "Patient", "id": "p"}


def labels(*codes: str) -> Json:
    return {"securityLabel": [{"code": code} for code in codes]}


def facts(resource: Json, certain: str = "", possible: str = "", level: str = "N") -> Facts:
    split = frozenset(certain.split()), frozenset(possible.split())
    return Facts(resource=resource, certain=split[0], possible=split[1], confidentiality=level)


@pytest.mark.parametrize(
    ("node", "entry", "permit", "deny"),
    [
        # a level is a ceiling in a permit and a floor in a deny
        (labels("R"), facts(COND, level="N"), True, False),
        (labels("R"), facts(COND, level="R"), True, True),
        (labels("R"), facts(COND, level="V"), False, True),
        (labels("N", "V"), facts(COND, level="R"), True, True),
        # a sensitivity: what is only possible is inside a deny and outside a permit
        (labels("HIV"), facts(COND, "HIV"), True, True),
        (labels("HIV"), facts(COND, "", "HIV"), False, True),
        (labels("HIV"), facts(COND, "PSY", "SDV"), False, False),
        (labels("R", "HIV"), facts(COND, "HIV", level="V"), False, True),
        (labels("R", "HIV"), facts(COND, "HIV", level="N"), True, False),
        # who, where and what was asked go along with what is described, unless they tell of something else themselves
        (labels("HIV"), facts(PATIENT), True, False),
        (labels("HIV"), facts(PATIENT, "42CFRPart2"), True, False),
        (labels("HIV"), facts(PATIENT, "PSY"), False, False),
        (labels("HIV"), facts(COND, "42CFRPart2"), False, False),
        # nothing said of labels
        ({}, facts(COND, "HIV", level="V"), True, True),
        ({"securityLabel": []}, facts(COND, "HIV", level="V"), True, True),
        # class: a resource type, written as code or as the address of a profile; a type of documents may be this one
        ({"class": [{"code": "Condition"}]}, facts(COND), True, True),
        ({"class": [{"code": "http://hl7.org/fhir/StructureDefinition/Condition"}]}, facts(COND), True, True),
        ({"class": [{"code": "Observation"}]}, facts(COND), False, False),
        ({"class": [{"code": "34133-9"}]}, facts(COND), False, True),
        ({"class": [{"code": "Observation"}, {"code": "34133-9"}]}, facts(COND), False, True),
        # code: that of the entry, in each place where R4 has it
        ({"code": [{"coding": [{"system": "s", "code": "F32.1"}]}]}, facts(COND), True, True),
        ({"code": [{"coding": [{"system": "s", "code": "F11.20"}]}]}, facts(COND), False, False),
        ({"code": [{"coding": [{"system": "t", "code": "F32.1"}]}]}, facts(COND), False, False),
        ({"code": [{"text": "depression"}]}, facts(COND), False, False),
        (
            {"code": [{"coding": [{"system": "s", "code": "x"}]}]},
            facts({"resourceType": "Encounter", "type": [{"coding": [{"system": "s", "code": "x"}]}]}),
            True, True,
        ),
        (
            {"code": [{"coding": [{"system": "s", "code": "x"}]}]},
            facts({"resourceType": "Encounter", "type": [{"coding": [{"system": "s", "code": "y"}]}]}),
            False, False,
        ),
    ],
)  # fmt: skip
def test_what_a_provision_is_about(node: Json, entry: Facts, permit: bool, deny: bool) -> None:
    assert covers(node, entry, deny=False, doubts=False)[0] is permit
    assert covers(node, entry, deny=True, doubts=True)[0] is deny


SPRING = {"dataPeriod": {"start": "2026-03-01", "end": "2026-05-31"}}


@pytest.mark.parametrize(
    ("dates", "permit", "deny"),
    [
        ({"onsetDateTime": "2026-04-01"}, True, True),
        ({"onsetDateTime": "2026-07-01"}, False, False),
        # of several dates a permit asks for all, a deny for any
        ({"onsetDateTime": "2026-04-01", "recordedDate": "2026-07-01"}, False, True),
        ({"onsetPeriod": {"start": "2026-04-01", "end": "2026-04-02"}}, True, True),
        ({"onsetPeriod": {"start": "2026-04-01", "end": "2026-07-02"}}, False, True),
        ({"onsetPeriod": {"start": "2026-06-01"}}, False, False),
        ({"onsetPeriod": "2026-04-01", "recordedDate": "2026-04-01"}, True, True),
        # no date, or none that can be read: may be of that time
        ({}, False, True),
        ({"recordedDate": "in spring"}, False, True),
    ],
)
def test_the_time_that_the_data_is_of(dates: Json, permit: bool, deny: bool) -> None:
    entry = facts({**COND, **dates})
    assert covers(SPRING, entry, deny=False, doubts=False)[0] is permit
    assert covers(SPRING, entry, deny=True, doubts=True)[0] is deny


def test_who_is_meant_has_no_time_of_data() -> None:
    assert covers(SPRING, facts(PATIENT), deny=False, doubts=False)[0]


def about(meaning: str | None, reference: str) -> Json:
    return {"data": [{"meaning": meaning, "reference": {"reference": reference}}]}


NOTE: Json = {
    "resourceType": "Observation",
    "id": "n",
    "focus": [{"reference": "https://ehr.example.org/fhir/Condition/c"}],
    "performer": [{"reference": "Practitioner/d"}],
    "hasMember": [{"reference": "urn:uuid:7"}],
}


@pytest.mark.parametrize(
    ("node", "permit", "deny"),
    [
        # consent-data-meaning of R4: the instance itself; with what refers to it; by whom it was written
        (about("instance", "Observation/n"), True, True),
        (about("instance", "https://ehr.example.org/fhir/Observation/n"), True, True),
        (about("instance", "urn:uuid:n"), True, True),
        (about("instance", "Condition/c"), False, False),
        (about("related", "Condition/c"), True, True),
        (about("dependents", "https://other.example.org/Condition/c/_history/2"), True, True),
        (about("dependents", "urn:uuid:7"), True, True),
        (about("dependents", "Observation/n"), True, True),
        (about("related", "Condition/other"), False, False),
        (about("authoredby", "Practitioner/d"), True, True),
        (about("authoredby", "Practitioner/e"), False, False),
        # neither what an entry is about nor itself is who wrote it
        (about("authoredby", "Condition/c"), False, False),
        (about("authoredby", "Observation/n"), False, False),
        # a meaning that is not known is not in a permit, and may be this one in a deny
        (about("nearby", "Observation/n"), False, True),
        (about(None, "Practitioner/d"), False, True),
        ({"data": [*about("instance", "Condition/c")["data"], *about("instance", "Observation/n")["data"]]},
         True, True),
    ],
)  # fmt: skip
def test_which_instances_are_meant(node: Json, permit: bool, deny: bool) -> None:
    assert covers(node, facts(NOTE), deny=False, doubts=False)[0] is permit
    assert covers(node, facts(NOTE), deny=True, doubts=True)[0] is deny


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        (labels("HIV"), {"HIV"}),
        # By its labels alone, else what it refuses cannot be taken out of an entry and the rest left.
        (labels("R", "HIV"), set()),
        ({**labels("HIV"), "class": [{"code": "Condition"}]}, set()),
        ({"class": [{"code": "Condition"}]}, set()),
        # All that it refuses, not only what is found here: what is mentioned goes, too (S16).
        (labels("HIV", "SDV"), {"HIV", "SDV"}),
    ],
)
def test_s45_what_a_refusal_takes_out_and_when_all(node: Json, expected: set[str]) -> None:
    assert covers(node, facts(COND, "HIV", level="R"), deny=True, doubts=True) == (True, expected)


def test_a_permit_tells_which_labels_let_it_be() -> None:
    assert covers(labels("HIV", "SDV"), facts(COND, "HIV"), deny=False, doubts=False) == (True, {"HIV"})


def test_2_13_c_2_only_a_consent_tells_by_what_it_permits() -> None:
    form = {"resourceType": "Consent", "provision": labels("HIV", "42CFRPart2")}
    assert named_in(form) == {"HIV"}
    assert named_in({**form, "resourceType": "Condition"}) == set()
    form["provision"]["type"] = "deny"
    assert named_in(form) == {"HIV", "42CFRPart2"}


def test_what_is_beyond_labels() -> None:
    assert not beyond_labels({**labels("HIV"), "class": [], "purpose": [{"code": "TREAT"}]})
    for key in ("class", "code", "dataPeriod", "data"):
        assert beyond_labels({key: [{}]})
