"""Discriminators, slices and the compiling of a profile's table, on small tables of their own."""

# ruff: noqa: E501 - the table keeps one case a row

from __future__ import annotations

from typing import Any

import pytest

from profiles.profile_check import _Compiling
from profiles.references import Context
from profiles.slicing import fits_pattern, matches, slice_of

Json = dict[str, Any]

NOWHERE = Context({}, None)
BUNDLE = Context({}, {"urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000001": "Patient"})
TASK_STATUS = "http://hl7.org/fhir/ValueSet/task-status"

CASES: list[tuple[Json, Any, Any]] = [
    # condition, a value in the slice, one that is not
    ({"path": [], "pattern": {"coding": [{"code": "a"}]}}, {"coding": [{"code": "b"}, {"code": "a", "display": "A"}]}, {"coding": [{"code": "b"}]}),
    ({"path": [], "pattern": {"coding": [{"code": "a"}]}}, {"coding": [{"code": "a"}], "text": "A"}, {"text": "a"}),
    ({"path": [["url"]], "pattern": "u"}, {"url": "u"}, {"url": "v"}),
    ({"path": [["coding"], ["code"]], "pattern": "a"}, {"coding": [{"code": "b"}, {"code": "a"}]}, {"coding": [{"system": "a"}]}),
    ({"path": [["valueCode", "valueString"]], "pattern": "a"}, {"valueString": "a"}, {"valueUri": "a"}),
    ({"path": [], "binding": TASK_STATUS}, "requested", "banana"),
    ({"path": [["coding"]], "binding": TASK_STATUS}, {"coding": [{"system": "http://hl7.org/fhir/task-status", "code": "requested"}]}, {"coding": [{"code": "requested"}]}),
    ({"path": [], "binding": TASK_STATUS}, "draft", None),
    ({"path": [], "binding": TASK_STATUS}, "draft", {"extension": []}),
    ({"path": [], "binding": "http://hl7.org/fhir/ValueSet/timezones"}, None, "America/Denver"),
    ({"path": [["period"]], "exists": True}, {"period": {}}, {"start": "2025"}),
    ({"path": [["period"]], "exists": False}, {"start": "2025"}, {"period": {}}),
    ({"path": [["period"], ["end"]], "exists": False}, {"period": {"start": "2025"}}, {"period": {"end": "2025"}}),
    ({"path": [], "present": ["valueQuantity"]}, {"valueQuantity": {}}, {"valueString": "a"}),
    ({"path": [["resource"]], "resources": ["Task"]}, {"resource": {"resourceType": "Task"}}, {"resource": {"resourceType": "Flag"}}),
    ({"path": [["resource"]], "claims": ["u"]}, {"resource": {"meta": {"profile": ["u|1"]}}}, {"resource": {"meta": {"profile": ["v"]}}}),
    ({"path": [], "resolves": ["Patient"]}, {"reference": "Patient/1"}, {"reference": "Group/1"}),
    ({"path": [], "resolves": ["Patient"]}, {"reference": "urn:uuid:0192f0c1-7a3e-8c51-9d00-000000000001"}, {"display": "A"}),
    ({"path": [["extension"]], "pattern": {"url": "u"}}, {"extension": [{"url": "v"}, {"url": "u"}]}, {"extension": []}),
]  # fmt: skip


@pytest.mark.parametrize(("condition", "inside", "outside"), CASES, ids=lambda v: ascii(v)[:50])
def test_a_condition_holds_of_what_is_in_the_slice(condition: Json, inside: Any, outside: Any) -> None:
    holds = matches([condition])
    if inside is not None:
        assert holds(inside, BUNDLE)
    assert not holds(outside, BUNDLE)


@pytest.mark.parametrize("value", [None, 1, "a", [], {}, [{}], {"coding": 1}, {"reference": 1}, {"resource": 1}])
def test_a_value_of_any_shape_is_in_no_slice_or_in_one(value: Any) -> None:
    for condition, _, _ in CASES:
        assert matches([condition])(value, NOWHERE) in (True, False)
    assert slice_of([[c] for c, _, _ in CASES])(value, NOWHERE) in (None, *range(len(CASES)))


def test_all_conditions_of_a_slice_must_hold() -> None:
    both = [{"path": [["system"]], "pattern": "s"}, {"path": [["code"]], "pattern": "a"}]
    assert matches(both)({"system": "s", "code": "a"}, NOWHERE)
    assert not matches(both)({"system": "s", "code": "b"}, NOWHERE)


@pytest.mark.parametrize(
    ("pattern", "value", "fits"),
    [
        ({"a": 1}, {"a": 1, "b": 2}, True),
        ({"a": 1}, {"b": 2}, False),
        ([{"a": 1}], [{"b": 1}, {"a": 1}], True),
        ([{"a": 1}, {"b": 1}], [{"a": 1}], False),
        (True, 1, False),
        (1, True, False),
        ("a", "a", True),
        ("a", ["a"], False),
    ],
)
def test_patterns(pattern: Any, value: Any, fits: bool) -> None:
    assert fits_pattern(pattern)(value) is fits


def found(root: Json, value: Json) -> list[tuple[str, str]]:
    asks = _Compiling(root).value(root)
    assert asks is not None
    return [(rule.rule, place) for place, rule in asks(value, NOWHERE) or ()]


SLICED = {
    "elements": [
        {
            "name": "code",
            "many": True,
            "max": 3,
            "closed": True,
            "slices": [
                {"name": "a", "min": 1, "max": 1, "match": [{"path": [["id"]], "pattern": "a"}]},
                {"name": "b", "match": [{"path": [["id"]], "pattern": "b"}], "value": {"elements": [{"name": "text", "primitive": True, "min": 1}]}},
            ],
        }
    ]
}  # fmt: skip


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        (["a"], []),
        (["b"], [("check.profile-missing", ".code[0].text"), ("check.slice-missing", ".code")]),
        (["a", "a"], [("check.slice-too-many", ".code[1]")]),
        (["a", "c"], [("check.slice-closed", ".code[1]")]),
        (["a", "c", "c", "c"], [("check.profile-too-many", ".code[3]")] + [("check.slice-closed", f".code[{i}]") for i in (1, 2, 3)]),
        ([], [("check.slice-missing", ".code")]),
    ],
)  # fmt: skip
def test_slices_are_counted_and_their_values_checked(ids: list[str], expected: list[tuple[str, str]]) -> None:
    assert found(SLICED, {"code": [{"id": i} for i in ids]} if ids else {}) == expected


def test_what_is_asked_of_the_extensions_of_a_primitive() -> None:
    absent = {"name": "extension", "many": True, "min": 1, "value": {"elements": [{"name": "url", "primitive": True, "value": {"fixed": "u"}}]}}  # fmt: skip
    one = {"elements": [{"name": "gender", "primitive": True, "min": 1, "value": {"elements": [absent]}}]}
    assert found(one, {"_gender": {"extension": [{"url": "u"}]}}) == []
    assert found(one, {"gender": "female"}) == [("check.profile-missing", ".gender.extension")]
    assert found(one, {"_gender": {"extension": [{"url": "v"}]}}) == [
        ("check.profile-value", ".gender.extension[0].url")
    ]
    many = {"elements": [{"name": "given", "primitive": True, "many": True, "value": {"elements": [absent]}}]}
    assert found(many, {"given": ["A", "B"], "_given": [{"extension": [{"url": "u"}]}, None]}) == [
        ("check.profile-missing", ".given[1].extension")
    ]


def test_what_a_content_reference_points_to_is_asked_at_every_depth() -> None:
    item = {
        "name": "item",
        "many": True,
        "value": {
            "elements": [{"name": "text", "primitive": True, "min": 1}, {"name": "item", "many": True, "same": "item"}]
        },
    }
    value = {"item": [{"text": "A", "item": [{"text": "B", "item": [{"text": "C"}, {}]}]}]}
    assert found({"elements": [item]}, value) == [("check.profile-missing", ".item[0].item[0].item[1].text")]


def test_a_resource_in_a_slice_must_meet_its_profile() -> None:
    patient = "http://hl7.org/fhir/us/core/StructureDefinition/us-core-patient"
    entry = {
        "name": "entry",
        "many": True,
        "value": {
            "elements": [{"name": "resource", "value": {"resources": ["Patient"], "profiles": [patient]}}]
        },
    }  # fmt: skip
    root = {"elements": [entry]}
    assert found(root, {"entry": [{"resource": {"resourceType": "Flag"}}]}) == [
        ("check.profile-type", ".entry[0].resource")
    ]
    missing = found(root, {"entry": [{"resource": {"resourceType": "Patient"}}]})
    assert ("check.profile-missing", ".entry[0].resource.name") in missing
    # one that claims the profile is checked with its claim, not twice
    assert found(root, {"entry": [{"resource": {"resourceType": "Patient", "meta": {"profile": [patient]}}}]}) == []
