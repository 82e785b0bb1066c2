"""What a form says where R4 has no place for it (42 CFR 2.31), and what R4 cannot be without, a row each."""

from __future__ import annotations

from typing import Any

import pytest

from hub.release.elements import ELEMENTS, Elements, Intermediary, elements, says_recipients
from hub.release.structure import GONE, child_type, is_core, pointless, put, required

Json = dict[str, Any]


def form(*parts: Json, url: str = ELEMENTS) -> Json:
    return {"resourceType": "Consent", "extension": [{"url": "urn:other", "extension": [sub("description", "x")]},
                                                     {"url": url, "extension": [*parts, "x"]}]}  # fmt: skip


def sub(url: str, value: Any, kind: str = "valueString") -> Json:
    return {"url": url, kind: value}


def parted(*parts: Json, url: str = "intermediary") -> Json:
    return {"url": url, "extension": list(parts)}


HIE = {"reference": "Organization/hie"}
NPI = {"system": "urn:npi", "value": "7"}


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ([], Elements()),
        # hyphens or camel case; the first of what there is once, all of what there may be many of
        ([sub("description", "a"), sub("description", "b")], Elements(description="a")),
        ([sub("recipient-class", "a"), sub("recipientClass", "b")], Elements(recipient_classes=("a", "b"))),
        ([sub("discloserClass", "a"), sub("discloserName", "b")], Elements(discloser_classes=("a",), names=("b",))),
        ([sub("witness", "a"), sub("witness", "b")], Elements(witnesses=("a", "b"))),
        ([sub("signatureCapacity", "a"), sub("cosignatureCapacity", "b")], Elements(capacities=("a", "b"))),
        ([sub("signatureMethod", "pen")], Elements(method="pen")),
        ([sub("expiryEvent", "end of care"), sub("revokedAt", "2026-01-01")],
         Elements(expiry_event="end of care", revoked_at="2026-01-01")),
        ([{"url": "description"}, sub("description", "a")], Elements(description="a")),
        # a statement is there, is not, or is not told of
        ([sub("revocationStatement", True, "valueBoolean"), sub("refusalStatement", False, "valueBoolean")],
         Elements(revocation=True, refusal=False)),
        ([sub("redisclosureStatement", "yes"), sub("hipaaRedisclosureStatement", 1, "valueInteger")], Elements()),
        ([sub("counsellingNotes", True, "valueBoolean"), sub("proceedings", True, "valueBoolean"),
          sub("knownFalse", True, "valueBoolean")],
         Elements(counselling_notes=True, proceedings=True, known_false=True)),
        ([sub("counsellingNotes", "yes"), sub("proceedings", 1, "valueInteger"), sub("knownFalse", "x")], Elements()),
        # text is text, and blanks are none
        ([sub("description", " "), sub("expiryEvent", 7, "valueInteger")], Elements()),
        ([sub("recipientClass", 7, "valueInteger"), {"url": "discloserName"}], Elements()),
        ([{"url": "description", "id": "x", "valueString": "a", "valueInteger": 7}], Elements(description="a")),
        # intermediaries, each with its own participants
        ([parted(sub("organization", HIE, "valueReference"), sub("participant", "a clinic"))],
         Elements(intermediaries=(Intermediary(organization=HIE, participants=("a clinic",)),))),
        ([parted(sub("organization", "in words"), sub("class", "treating"), url="recipient-intermediary")],
         Elements(intermediaries=(Intermediary(organization={}, classes=("treating",)),))),
        ([parted(sub("class", 7, "valueInteger"), sub("other", "x"))],
         Elements(intermediaries=(Intermediary(organization={}),))),
        # a participant as it can be compared, or as a name in words
        ([parted(sub("participant", {"reference": "Organization/x"}, "valueReference"))],
         Elements(intermediaries=(Intermediary(organization={}, participants=("Organization/x",),
                                               members=({"reference": "Organization/x"},)),))),
        ([parted(sub("participant", {"display": "a clinic"}, "valueReference"))],
         Elements(intermediaries=(Intermediary(organization={}, participants=("a clinic",),
                                               members=({"display": "a clinic"},)),))),
        ([parted(sub("participant", NPI, "valueIdentifier"))],
         Elements(intermediaries=(Intermediary(organization={}, participants=("",),
                                               members=({"identifier": NPI},)),))),
        ([parted(sub("participant", " Organization/x "))],
         Elements(intermediaries=(Intermediary(organization={}, participants=(" Organization/x ",),
                                               members=({"reference": "Organization/x"},)),))),
        ([parted(sub("participant", "urn:npi|7"))],
         Elements(intermediaries=(Intermediary(organization={}, participants=("urn:npi|7",),
                                               members=({"identifier": NPI},)),))),
        ([parted(sub("participant", " "), sub("participant", 7, "valueInteger"), sub("participant", {}, "valueX"))],
         Elements(intermediaries=(Intermediary(organization={}),))),
        # the flat way: that there is one, and who takes part
        ([sub("intermediary", True, "valueBoolean"), sub("intermediaryParticipants", "a clinic")],
         Elements(intermediaries=(Intermediary(organization={}, participants=("a clinic",)),))),
        ([sub("intermediary", False, "valueBoolean"), sub("intermediaryParticipants", "a clinic")], Elements()),
        ([sub("intermediary", "the exchange"), sub("intermediary", False, "valueBoolean")],
         Elements(intermediaries=(Intermediary(organization={}),))),
        # an intermediary's class is of its participants alone
        ([parted(sub("class", "treating")), sub("recipientClass", "treating"), sub("recipientClass", "payers")],
         Elements(recipient_classes=("payers",),
                  intermediaries=(Intermediary(organization={}, classes=("treating",)),))),
    ],
)  # fmt: skip
def test_what_a_form_says(parts: list[Json], expected: Elements) -> None:
    assert elements(form(*parts)) == expected
    assert elements(form(*parts, url="urn:own")) == Elements()


@pytest.mark.parametrize(
    ("url", "expected"),
    [("recipientClass", True), ("intermediary", True), ("recipient-intermediary", True), ("description", False),
     ("intermediary-participants", True)],
)  # fmt: skip
def test_whether_it_says_who_receives(url: str, expected: bool) -> None:
    assert says_recipients(form(sub(url, "x"))) is expected
    assert says_recipients(form(sub(url, "x"), url="urn:own")) is False


def test_whether_participants_are_named() -> None:
    assert Intermediary(organization={}, participants=("a",)).names_participants
    assert Intermediary(organization={}, classes=("a",)).names_participants
    assert not Intermediary(organization=HIE, members=(HIE,)).names_participants


# --- what R4 cannot be without


@pytest.mark.parametrize(
    ("kind", "key", "expected"),
    [
        ("Observation", "status", (True, True)),
        ("Observation", "code", (True, True)),
        ("Observation", "valueString", (True, True)),
        ("Observation", "value", (True, True)),
        ("Observation", "valued", (False, False)),
        ("Observation", "note", (False, False)),
        ("Condition", "code", (True, True)),
        ("Condition", "codes", (False, False)),
        # a referral loses its core only to what is certain
        ("ServiceRequest", "code", (True, False)),
        ("Task", "focus", (True, False)),
        ("Encounter", "status", (True, True)),
        ("Location", "name", (False, False)),
        ("Own", "code", (False, False)),
    ],
)
def test_what_a_resource_is_about(kind: str, key: str, expected: tuple[bool, bool]) -> None:
    assert (is_core(kind, key), is_core(kind, key, certain=False)) == expected


def test_what_r4_asks_for_and_of_what_type() -> None:
    assert [required("Observation", key) for key in ("status", "code", "note", "own")] == [True, True, False, False]
    assert not required("Own", "code")
    assert child_type("Observation", "note", {}) == "Annotation"
    assert child_type("Observation", "contained", {"resourceType": "Basic"}) == "Basic"
    assert child_type("Observation", "note", "x") == "Annotation"
    assert child_type("Observation", "own", {"resourceType": 7}) == ""


@pytest.mark.parametrize(
    ("node", "kind", "key", "expected"),
    [
        ({"url": "u", "valueString": "x"}, "Extension", "valueString", True),
        ({"valueString": "x", "code": 1}, "Own", "valueString", False),
        ({"resourceType": "Condition", "code": {}}, "Condition", "code", True),
        ({"resourceType": "Condition", "note": []}, "Condition", "note", False),
        ({"focus": {}, "id": "x"}, "Own", "focus", True),
        ({"focus": {}, "rank": 1}, "Own", "focus", False),
    ],
)
def test_what_is_nothing_without_it(node: Json, kind: str, key: str, expected: bool) -> None:
    assert pointless(node, kind, key) is expected


def test_what_is_put_in_its_place_or_taken_along() -> None:
    node = {"status": "final", "note": [1], "_note": [2], "rank": 3}
    assert put(None, node, "Observation", "note", [4]) == {**node, "note": [4]}
    assert put(None, node, "Observation", "note", GONE) == {"status": "final", "rank": 3}
    begun = {**node, "rank": 5}
    assert put(begun, node, "Observation", "note", GONE) is begun
    assert begun == {"status": "final", "rank": 5}
    assert put(None, node, "Observation", "status", GONE) is GONE
    assert put(None, {"note": [1]}, "Observation", "note", GONE) is GONE
    assert node == {"status": "final", "note": [1], "_note": [2], "rank": 3}
