"""What a decision takes out of a Bundle, from the decision alone: each row says what is left. As `test_redact`."""

from __future__ import annotations

from typing import Any

import pytest

from hub.release.decision import Decision, EntryDecision
from hub.release.law import IDENTITY_ONLY
from hub.release.redact import Redacted, redact

Json = dict[str, Any]

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
LEVEL = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
GOES = EntryDecision(index=0, decision="permit", because=())
STAYS = EntryDecision(index=0, decision="deny", because=())


def made(resources: list[Any], *decisions: EntryDecision, **more: Any) -> Redacted:
    entries = [one if "resource" in one or not isinstance(one, dict) else {"resource": one} for one in resources]
    numbered = tuple(
        EntryDecision(
            index=index, decision=one.decision, because=(), remove=one.remove, only=one.only, redact=one.redact
        )
        for index, one in enumerate(decisions)
    )
    given = {"resourceType": "Bundle", "type": "collection", "entry": entries, **more}
    return redact(given, Decision(decision="permit", entries=numbered, conflicts=(), digest=""))


def taking(*keys: str, labels: tuple[str, ...] = ()) -> EntryDecision:
    return EntryDecision(index=0, decision="redact", because=(), remove=frozenset(keys), redact=frozenset(labels))


def left(one: Redacted) -> list[Json]:
    """What is left, without the labels."""
    found = [entry["resource"] for entry in one.bundle.get("entry", [])]
    return [{key: value for key, value in resource.items() if key != "meta"} for resource in found]


def marks(*codes: str) -> Json:
    return {"security": [{"system": LEVEL if len(code) == 1 else ACT, "code": code} for code in codes]}


def observation(identity: str = "o", **more: Any) -> Json:
    return {"resourceType": "Observation", "id": identity, "status": "final", "code": {"text": "Mood"}, **more}


def test_only_what_was_decided_and_is_a_resource_goes() -> None:
    told = [observation("a"), "x", {"resource": "y"}, {"resource": None}, observation("b"), observation("c")]
    found = made(told, GOES, GOES, GOES, GOES, STAYS)
    assert (found.kept, found.dependents) == ((0,), ())
    assert [one["id"] for one in left(found)] == ["a"]


def test_a_bundle_says_how_many_go_and_has_no_entry_where_none_does() -> None:
    found = made([observation("a"), observation("b")], GOES, STAYS, total=2, signature={"who": {"display": "x"}})
    assert (found.bundle["total"], "signature" in found.bundle) == (1, False)
    none = made([observation("a")], STAYS)
    assert ("entry" in none.bundle, "total" in none.bundle, none.kept) == (False, False, ())
    assert made([], total=0).bundle["total"] == 0


def test_s45_an_element_goes_with_its_own_part_and_what_needs_it() -> None:
    given = observation(valueString="x", _valueString={"id": "v"}, note=[{"text": "y"}])
    assert left(made([given], taking("valueString"))) == [observation(note=[{"text": "y"}])]
    assert left(made([given], taking("absent"))) == [given]
    # What R4 asks for takes the resource along.
    assert made([given], taking("status")).kept == ()


def test_2_12_c_5_who_and_where_alone_also_without_what_r4_asks_for() -> None:
    who = {"resourceType": "Patient", "id": "p", "name": [{"family": "Ostravelle"}], "birthDate": "1988-04-02"}
    limited = EntryDecision(index=0, decision="redact", because=(), only=IDENTITY_ONLY)
    assert left(made([who], limited)) == [{key: who[key] for key in ("resourceType", "id", "name")}]
    kept = EntryDecision(index=0, decision="redact", because=(), only=frozenset({"resourceType", "id"}))
    assert left(made([observation()], kept)) == [{"resourceType": "Observation", "id": "o"}]


@pytest.mark.parametrize(
    ("kind", "more", "expected"),
    [
        ("MedicationStatement", {"status": "active", "medicationReference": {"reference": "#m"}}, None),
        ("CareTeam", {"reasonReference": [{"reference": "#m"}], "status": "active"}, {"status": "active"}),
        ("CareTeam", {"status": "active"}, {"status": "active"}),
    ],
)
def test_s20_what_is_contained_goes_with_what_points_at_it(kind: str, more: Json, expected: Json | None) -> None:
    head = {"resourceType": kind, "id": "k"}
    found = made([{**head, "contained": [{"resourceType": "Medication", "id": "m"}, "x"], **more}], taking("contained"))
    assert left(found) == ([] if expected is None else [{**head, **expected}])
    assert made([{**head, "contained": 1, **more}], taking("contained")).kept == (0,)


def test_a_reference_to_a_fragment_stays_where_nothing_contained_goes() -> None:
    given = observation(focus=[{"reference": "#m"}], contained=[{"resourceType": "Basic", "id": "m"}], issued="2026")
    assert "focus" in left(made([given], taking("issued")))[0]


@pytest.mark.parametrize(
    ("text", "stays"),
    [({"status": "generated", "div": "x"}, False), ({"status": "extensions"}, False), ("x", False),
     ({"status": "additional", "div": "x"}, True)],
)  # fmt: skip
def test_s21_generated_narrative_goes(text: Any, stays: bool) -> None:
    assert ("text" in left(made([observation(text=text)], GOES))[0]) is stays


@pytest.mark.parametrize("key", ["subject", "patient", "for", "beneficiary", "individual"])
def test_without_its_person_an_entry_does_not_go(key: str) -> None:
    who = {"resourceType": "Patient", "id": "p"}
    other = {"resourceType": "Basic", "id": "b", key: {"reference": "Patient/p"}}
    found = made([who, other, {**other, key: {"reference": "Patient/q"}}], STAYS, GOES, GOES)
    assert (found.kept, found.dependents) == ((2,), (1,))


def test_s35_one_that_points_at_what_cannot_stand_cannot_either() -> None:
    first = {"resourceType": "Provenance", "id": "v", "target": [{"reference": "Observation/o"}]}
    second = {"resourceType": "Provenance", "id": "w", "target": [{"reference": "Provenance/v"}]}
    found = made([second, first, observation(), observation("k", focus=[{"reference": "Provenance/w"}])],
                 GOES, GOES, STAYS, GOES)  # fmt: skip
    assert (found.kept, found.dependents) == ((3,), (0, 1))
    assert left(found) == [observation("k")]


def test_s21_prose_that_repeats_it_goes_and_what_the_rest_has_itself_stays() -> None:
    secret = observation("secret-9", note=[{"text": "doses with counselor Marchetti"}])
    other = observation("o", note=[{"text": "saw counselor Marchetti: doses with counselor Marchetti"}])
    assert left(made([secret, other], STAYS, GOES)) == [observation("o")]
    own = {"resourceType": "Practitioner", "id": "m", "name": [{"text": "doses with counselor Marchetti"}]}
    found = made([secret, other, own], STAYS, GOES, GOES)
    assert left(found) == [other, own]
    # Nor is an id or a number that what remains has itself taken for the withheld one's.
    shared = [{"system": "urn:x", "value": "CASE-5512"}]
    found = made([{**secret, "identifier": shared}, observation(identifier=shared, note=[{"text": "CASE-5512"}])],
                 STAYS, GOES)  # fmt: skip
    assert left(found) == [observation(identifier=shared, note=[{"text": "CASE-5512"}])]


def test_s21_what_cannot_stand_without_its_prose_takes_what_points_at_it_along() -> None:
    secret = observation("secret-9", note=[{"text": "doses with counselor Marchetti"}])
    report = {
        "resourceType": "DocumentReference", "id": "d", "status": "current",
        "content": [{"attachment": {"contentType": "text/plain", "data": "ZG9zZXMgd2l0aCBjb3Vuc2Vsb3IgTWFyY2hldHRp"}}],
    }  # fmt: skip
    about = {"resourceType": "Provenance", "id": "v", "target": [{"reference": "DocumentReference/d"}]}
    quoting = observation("q", note=[{"text": "per file-DocumentReference/d"}, {"text": "calm"}])
    found = made([secret, report, about, quoting], STAYS, GOES, GOES, GOES)
    assert (found.kept, found.dependents) == ((3,), (1, 2))
    assert left(found) == [observation("q", note=[{"text": "calm"}])]


@pytest.mark.parametrize(
    ("before", "labels", "after"),
    [
        # what content explained is worked out again; what it does not explain is the source's own, and stays
        (("HIV", "R"), ("HIV",), {"N"}),
        (("42CFRPart2", "R"), ("HIV",), {"42CFRPart2", "R"}),
        (("PSY", "R"), ("HIV",), {"PSY", "R"}),
        (("PSY", "HIV", "R"), ("HIV",), {"PSY", "R"}),
        (("V",), ("HIV",), {"V"}),
        (("HIV", "V"), ("HIV",), {"V"}),
        # nothing says that something was taken out
        (("REDACTED", "MASKED", "N"), ("HIV",), {"N"}),
    ],
)
def test_s22_labels_of_what_remains(before: tuple[str, ...], labels: tuple[str, ...], after: set[str]) -> None:
    given = observation(valueString="x", issued="2026-01-01T00:00:00Z", meta={**marks(*before), "versionId": "3"})
    found = made([given], taking("issued", labels=labels)).bundle["entry"][0]["resource"]
    assert {one["code"] for one in found["meta"]["security"]} == after
    assert found["meta"]["versionId"] == "3"


def test_s31_a_bundle_s_own_marks_of_an_earlier_cut_go() -> None:
    tags = [{"code": "SUBSETTED"}, {"code": "own"}, "x"]
    assert made([observation()], GOES, meta={"tag": tags}).bundle["meta"]["tag"] == [{"code": "own"}, "x"]
    found = made([observation()], GOES, meta={"tag": tags[:1], "versionId": "3"}).bundle["meta"]
    assert ("tag" in found, found["versionId"]) == (False, "3")
    assert made([observation()], GOES, meta={"tag": "x"}).bundle["meta"]["tag"] == "x"


def test_what_nothing_is_taken_from_is_not_touched() -> None:
    given = observation("secret-9-b", meta=marks("REDACTED", "N"))
    found = made([observation("secret-9"), given], STAYS, GOES)
    assert found.bundle["entry"][0]["resource"] is given
