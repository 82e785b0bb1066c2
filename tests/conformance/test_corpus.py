"""The fault corpus against our own check: it finds each fault at its element, and nothing in what is right."""

from __future__ import annotations

from collections import Counter

import pytest

from profiles.check import check
from profiles.package_file import artefacts
from profiles.r4b import parse
from tests.conformance.corpus import KINDS, CannotApply, faults, patched
from tests.conformance.validators import related


def test_the_corpus_is_large_enough_and_over_all_profiles_and_kinds() -> None:
    assert len(faults()) >= 60
    assert {fault.kind for fault in faults()} == set(KINDS)
    ours = {
        one["id"]
        for one in artefacts().values()
        if one["resourceType"] == "StructureDefinition" and one["type"] != "Extension"
    }
    assert {fault.profile for fault in faults()} == ours
    assert [label for label, times in Counter(fault.label for fault in faults()).items() if times > 1] == []


def test_what_is_changed_was_right() -> None:
    """Else it would not be one planted fault."""
    wrong = {}
    for fault in faults():
        if errors := [(issue.rule, issue.path) for issue in check(fault.right) if issue.severity == "error"]:
            wrong[fault.label] = errors
        assert parse(fault.right) == [], fault.label
    assert wrong == {}


def test_our_check_finds_every_fault_at_its_element() -> None:
    missed = {}
    for fault in faults():
        errors = [issue for issue in check(fault.wrong) if issue.severity == "error"]
        places = {issue.path for issue in errors}
        # what follows from it stands above or below it: an invariant that needed the element
        if fault.at not in places or not all(related(place, fault.at) for place in places):
            missed[fault.label] = (fault.at, [(issue.rule, issue.path) for issue in errors])
    assert missed == {}


def test_a_patch_changes_a_copy() -> None:
    given = {"a": [{"b": 1}], "c": 2}
    made = patched(
        given,
        [
            {"op": "test", "path": "/a/0/b", "value": 1},
            {"op": "copy", "from": "/a/0", "path": "/a/-"},
            {"op": "replace", "path": "/a/1/b", "value": 2},
            {"op": "add", "path": "/a/0", "value": {"b": 0}},
            {"op": "remove", "path": "/c"},
        ],
    )
    assert made == {"a": [{"b": 0}, {"b": 1}, {"b": 2}]}
    assert given == {"a": [{"b": 1}], "c": 2}


@pytest.mark.parametrize(
    "operation",
    [
        {"op": "test", "path": "/c", "value": 3},
        {"op": "remove", "path": "/d"},
        {"op": "replace", "path": "/a/1", "value": 1},
        {"op": "add", "path": "/d/e", "value": 1},
        {"op": "add", "path": "/a/7", "value": 1},
        {"op": "copy", "from": "/d", "path": "/e"},
    ],
)
def test_a_patch_that_does_not_fit(operation: dict[str, object]) -> None:
    with pytest.raises(CannotApply):
        patched({"a": [1], "c": 2}, [operation])
