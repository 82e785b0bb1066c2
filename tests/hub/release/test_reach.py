"""Which elements go with a label, a row each: what tells of it and no more, or the whole where that is not enough.

42 CFR 2.13(a): a disclosure is limited to what its purpose needs; (c)(2): what goes tells of nothing that does not.
"""

from __future__ import annotations

import pytest

from hub.release.content import Facts
from hub.release.reach import reach
from hub.release.request import Entry
from mappings.labels.marking import Label

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"

#: code, where it was found; a path that ends in `?` is of what is only possible
Rows = list[tuple[str, str]]


def asked(rows: Rows, certain: set[str], *, kind: str = "Condition", root: str = "") -> frozenset[str] | None:
    found = tuple(
        Label(
            system=ACT,
            code=code,
            grade="possible" if at.endswith("?") else "certain",
            because="x",
            path=at.removesuffix("?"),
        )
        for code, at in rows
    )
    resource = {"resourceType": kind, "id": "x"}
    facts = Facts(resource=resource, certain=frozenset(certain))
    return reach(Entry(resource=resource, role=None, labels=found, root=root), facts, frozenset({"HIV"}))


@pytest.mark.parametrize(
    ("rows", "certain", "expected"),
    [
        # what tells goes, and what tells of something else stays
        ([("HIV", "Condition.note[0].text")], {"HIV"}, {"note"}),
        ([("HIV", "Condition.note[0].text"), ("PSY", "Condition.stage[0].summary")], {"HIV", "PSY"}, {"note"}),
        ([("HIV", "Condition.note[0].text"), ("HIV", "Condition.stage[0]?")], {"HIV"}, {"note", "stage"}),
        ([("HIV", "Condition.note[0].text?")], set(), {"note"}),
        # what the resource is about cannot go alone
        ([("HIV", "Condition.code.coding[0]")], {"HIV"}, None),
        # a label of the whole that no place explains is the whole's own, also where a place may tell of it
        ([], {"HIV"}, None),
        ([("HIV", "Condition.note[0].text?")], {"HIV"}, None),
        # where a label stands in meta is no element that tells it
        ([("HIV", "Condition.meta.security[0]")], {"HIV"}, None),
        ([("HIV", "Condition.meta.security[0]"), ("HIV", "Condition.note[0]")], {"HIV"}, {"note"}),
        # the place is another resource's, or no element at all
        ([("HIV", "Observation.note[0].text")], {"HIV"}, None),
        ([("HIV", "Encounter.note[0].text")], {"HIV"}, None),
        ([("HIV", "ConditionNote.note[0].text")], {"HIV"}, None),
        ([("HIV", "Condition")], {"HIV"}, None),
        ([], set(), set()),
    ],
)
def test_which_elements_go(rows: Rows, certain: set[str], expected: set[str] | None) -> None:
    assert asked(rows, certain) == expected


def test_a_place_in_a_bundle_is_read_from_the_entry_s_own() -> None:
    rows = [("HIV", "Bundle.entry[1].resource.note[0].text"), ("HIV", "Bundle.entry[10].resource.stage[0]")]
    assert asked(rows, {"HIV"}, root="Bundle.entry[1].resource") == {"note"}


@pytest.mark.parametrize(("at", "expected"), [("ServiceRequest.code?", {"code"}), ("ServiceRequest.code", None)])
def test_a_referral_loses_its_core_only_to_what_is_certain(at: str, expected: set[str] | None) -> None:
    assert asked([("HIV", at)], set(), kind="ServiceRequest") == expected
