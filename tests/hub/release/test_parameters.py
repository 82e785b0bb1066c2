"""The Parameters of `$decide`, in and out: the whole question, each way in which it can be wrong, the whole answer."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release.parameters import answer_of, entries_of, question_of
from hub.release.purpose import canonical
from profiles.check import check
from profiles.issue import stops

Json = dict[str, Any]

PATIENT = {"resourceType": "Patient", "id": "p-1"}
CONDITION = {"resourceType": "Condition", "id": "c-1"}
CONSENT = {"resourceType": "Consent", "id": "k-1"}
CENTER = {"reference": "Organization/mhc", "identifier": {"value": "mhc"}}
BUNDLE = {
    "resourceType": "Bundle",
    "entry": [
        {"fullUrl": "urn:uuid:1", "resource": PATIENT},
        {"fullUrl": 7, "resource": CONDITION},
        {"fullUrl": "urn:uuid:3"},
        {"resource": "none"},
        "none",
    ],
}
RECIPIENT: Json = {"name": "recipient", "valueReference": {**CENTER, "display": "The center"}}
PURPOSE: Json = {"name": "purpose", "valueCoding": {"system": "urn:purposes", "code": "TREAT"}}
WHOLE: list[Json] = [
    {"name": "patient", "valueReference": {"reference": "Patient/p-1"}},
    RECIPIENT,
    {"name": "recipientRole", "valueCode": "covered-entity"},
    {"name": "recipientDuty", "valueCode": "medical-personnel"},
    {"name": "recipientDuty", "valueCode": "crisis-team"},
    PURPOSE,
    {"name": "at", "valueDateTime": "2026-06-01T12:00:00Z"},
    {"name": "birthDate", "valueDate": "2010-06-01"},
    {"name": "law", "valueCode": "part2"},
    {"name": "consent", "resource": CONSENT},
    {"name": "actor", "resource": {"resourceType": "Organization", "id": "mhc"}},
    {"name": "actor", "resource": {"resourceType": "Organization"}},
    {
        "name": "evidence",
        "part": [
            {"name": "type", "valueCode": "emergency"},
            {"name": "reference", "valueReference": {"reference": "DocumentReference/d-1"}},
            {"name": "at", "valueDateTime": "2026-06-01T12:00:00Z"},
            {"name": "by", "valueReference": {"display": "nobody that is named"}},
        ],
    },
    {"name": "evidence", "part": [{"name": "type", "valueCode": "audit"}]},
    {"name": "resource", "resource": CONDITION},
    {"name": "resource", "resource": BUNDLE},
]


def asked(*given: Any) -> Json:
    return question_of({"resourceType": "Parameters", "parameter": list(given)})


def test_the_whole_question() -> None:
    assert asked(*deepcopy(WHOLE)) == {
        "consents": [CONSENT],
        "request": {
            "recipient": {
                **CENTER, "role": "covered-entity", "duties": ["medical-personnel", "crisis-team"],
            },
            "purpose": "urn:purposes|TREAT",
            "patient": "Patient/p-1",
            "entries": [CONDITION, PATIENT, CONDITION],
            "actors": {"Organization/mhc": {"resourceType": "Organization", "id": "mhc"}},
            "evidence": [
                {
                    "type": "emergency", "reference": "DocumentReference/d-1", "at": "2026-06-01T12:00:00Z",
                    "by": None,
                },
                {"type": "audit"},
            ],
            "at": "2026-06-01T12:00:00Z",
            "birthDate": "2010-06-01",
            "law": "part2",
        },
        "urls": [None, "urn:uuid:1", None],
    }  # fmt: skip


def test_the_least_question() -> None:
    assert asked({"name": "recipient", "valueReference": {"reference": "Organization/mhc"}}, PURPOSE) == {
        "consents": [],
        "request": {
            "recipient": {"reference": "Organization/mhc", "role": None, "duties": []},
            "purpose": "urn:purposes|TREAT",
            "patient": None,
            "entries": [],
            "actors": {},
            "evidence": [],
        },
        "urls": [],
    }


@pytest.mark.parametrize(
    ("coding", "purpose"),
    [({"code": "TREAT"}, "TREAT"), ({"system": "urn:purposes", "code": "TREAT"}, "urn:purposes|TREAT")],
)
def test_a_purpose_as_it_is_coded(coding: Json, purpose: str) -> None:
    made = asked(RECIPIENT, {"name": "purpose", "valueCoding": coding})
    assert made["request"]["purpose"] == purpose


@pytest.mark.parametrize("coding", [{"display": "Treatment"}, {"system": "urn:purposes"}, {"code": 7}])
def test_a_purpose_without_a_code_is_no_known_purpose(coding: Json) -> None:
    made = asked(RECIPIENT, {"name": "purpose", "valueCoding": coding})
    assert canonical(made["request"]["purpose"]) is None


def shown(*parts: Any) -> Json:
    return {"name": "evidence", "part": list(parts)}


FIRST = "Parameters.parameter[0]"
TYPED = {"name": "type", "valueCode": "audit"}


@pytest.mark.parametrize(
    ("document", "path", "text"),
    [
        (None, "Parameters", "expected a Parameters"),
        ([], "Parameters", "expected a Parameters"),
        ({"resourceType": "Bundle", "parameter": [RECIPIENT, PURPOSE]}, "Parameters", "expected a Parameters"),
        ({"resourceType": "Parameters"}, "Parameters.parameter", "expected parameters"),
        ({"resourceType": "Parameters", "parameter": {}}, "Parameters.parameter", "expected parameters"),
        ([3], FIRST, "expected a parameter"),
        ([RECIPIENT, PURPOSE, "x"], "Parameters.parameter[2]", "expected a parameter"),
        ([{"name": "discloser", "valueReference": CENTER}], FIRST, "no parameter of this operation"),
        ([RECIPIENT, RECIPIENT, PURPOSE], "Parameters.parameter[1]", "expected once"),
        ([RECIPIENT], "Parameters.parameter", "purpose is required"),
        ([PURPOSE], "Parameters.parameter", "recipient is required"),
        # the value: there, of its type, not empty
        ([{"name": "recipient", "valueString": "x"}], f"{FIRST}.valueReference", "expected a Reference"),
        ([{"name": "recipient", "valueReference": "x"}], f"{FIRST}.valueReference", "expected a Reference"),
        ([{"name": "recipient", "valueReference": {}}], f"{FIRST}.valueReference", "expected a Reference"),
        ([{"name": "purpose", "valueCoding": "TREAT"}], f"{FIRST}.valueCoding", "expected a Coding"),
        ([{"name": "law", "valueCode": {"a": 1}}], f"{FIRST}.valueCode", "expected a Code"),
        ([{"name": "law", "valueCode": ""}], f"{FIRST}.valueCode", "expected a Code"),
        ([{"name": "consent", "resource": "x"}], f"{FIRST}.resource", "expected a resource"),
        ([{"name": "consent", "resource": {"id": "x"}}], f"{FIRST}.resource", "expected a resource"),
        # evidence
        ([shown(3)], f"{FIRST}.part[0]", "no part of evidence"),
        ([shown(TYPED, {"name": "color", "valueCode": "x"})], f"{FIRST}.part[1]", "no part of evidence"),
        ([shown(TYPED, {"name": "at", "valueCode": "x"})], f"{FIRST}.part[1].valueDateTime", "expected a DateTime"),
        ([shown({"name": "at", "valueDateTime": "2026-01-01"})], FIRST, "evidence has a type"),
        ([{"name": "evidence"}], FIRST, "evidence has a type"),
        ([{"name": "evidence", "part": TYPED}], FIRST, "evidence has a type"),
    ],
)
def test_a_question_that_is_wrong_names_the_place(document: Any, path: str, text: str) -> None:
    if isinstance(document, list) and document:
        document = {"resourceType": "Parameters", "parameter": document}
    with pytest.raises(ReleaseError) as refused:
        question_of(document)
    (issue,) = refused.value.issues
    assert (issue.rule, issue.code, issue.path) == ("release.bad-request", "invalid", path)
    assert issue.text.endswith(text)


@pytest.mark.parametrize(
    ("held", "expected"),
    [
        (CONDITION, [(None, CONDITION)]),
        ({**CONDITION, "entry": [{"resource": PATIENT}]}, [(None, {**CONDITION, "entry": [{"resource": PATIENT}]})]),
        (BUNDLE, [("urn:uuid:1", PATIENT), (None, CONDITION)]),
        ({"resourceType": "Bundle"}, []),
        ({"resourceType": "Bundle", "entry": {"resource": PATIENT}}, []),
    ],
)
def test_entries(held: Json, expected: list[Any]) -> None:
    assert list(entries_of(held)) == expected


def test_the_whole_answer() -> None:
    made = answer_of(
        {
            "decision": "redact",
            "entries": [
                {
                    "index": 0, "decision": "permit", "because": ["one", "two"], "consents": ["Consent/k-1"],
                    "obligations": ["notice"],
                },
                {"index": 1, "decision": "deny", "because": ["three"], "consents": [], "obligations": []},
            ],
            "conflicts": [{"permit": ["Consent/k-1"], "deny": ["Consent/k-2"], "entries": [0, 1]}],
        }
    )  # fmt: skip
    assert not stops(check(made))
    assert made == {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "decision", "valueCode": "redact"},
            {
                "name": "entry",
                "part": [
                    {"name": "index", "valueInteger": 0},
                    {"name": "decision", "valueCode": "permit"},
                    {"name": "because", "valueString": "one"},
                    {"name": "because", "valueString": "two"},
                    {"name": "consent", "valueString": "Consent/k-1"},
                    {"name": "obligation", "valueString": "notice"},
                ],
            },
            {
                "name": "entry",
                "part": [
                    {"name": "index", "valueInteger": 1},
                    {"name": "decision", "valueCode": "deny"},
                    {"name": "because", "valueString": "three"},
                ],
            },
            {
                "name": "conflict",
                "part": [
                    {"name": "permit", "valueString": "Consent/k-1"},
                    {"name": "deny", "valueString": "Consent/k-2"},
                    {"name": "index", "valueInteger": 0},
                    {"name": "index", "valueInteger": 1},
                ],
            },
        ],
    }
