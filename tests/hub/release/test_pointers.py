"""Every way to point at what was withheld, and what is left without it, a row each (S35)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.release.pointers import Names, cut
from hub.release.prose import structured, without_prose
from hub.release.structure import GONE
from hub.release.withheld import Withheld

Json = dict[str, Any]

SECRET: Json = {
    "fullUrl": "https://a.example.org/fhir/Condition/s",
    "resource": {
        "resourceType": "Condition",
        "id": "s",
        "identifier": [{"system": "urn:case", "value": "C-1"}, {"value": "C-2"}, {"system": "urn:x"}, "C-3"],
    },
}
WHO: Json = {"fullUrl": "urn:uuid:p", "resource": {"resourceType": "Patient", "id": "p", "identifier": {"value": "m"}}}


def removed(*entries: Any, contained: tuple[str, ...] = ()) -> Names:
    made = Names(contained=frozenset(contained))
    for one in entries:
        made.add(one)
    return made


def test_what_it_goes_by() -> None:
    made = removed(SECRET, "x", {"fullUrl": 1}, {"resource": {"resourceType": "Basic", "identifier": "x"}})
    assert made.references == {"https://a.example.org/fhir/Condition/s", "Condition/s", "urn:uuid:s"}
    assert made.identifiers == {("urn:case", "C-1"), ("", "C-2")}
    assert made.patients == set()
    assert removed(WHO).patients == {"urn:uuid:p", "Patient/p"}
    assert removed(WHO).identifiers == {("", "m")}
    assert set(made.all()) == {"s", "urn:uuid:s", "C-1", "C-2"}
    assert removed({"resource": {"identifier": {"value": 'a"b'}}}).all() == ['a\\"b']


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"reference": "Condition/s"}, True),
        ({"reference": "urn:uuid:s"}, True),
        ({"reference": "https://a.example.org/fhir/Condition/s"}, True),
        ({"reference": "https://other.example.org/Condition/s"}, True),
        ({"reference": "Condition/s/_history/4"}, True),
        ({"reference": "https://a.example.org/fhir/Condition/s/_history/4"}, True),
        ({"reference": "Condition/s2"}, False),
        ({"reference": "Observation/s"}, False),
        # a conditional reference, by the identifier that it looks for
        ({"reference": "Condition?identifier=urn:case|C-1"}, True),
        ({"reference": "Condition?identifier=C-2"}, True),
        ({"reference": "Condition?identifier=urn:case|C-9"}, False),
        ({"reference": "Condition/x|C-1"}, False),
        # what is contained, by its fragment alone
        ({"reference": "#k"}, True),
        ({"reference": "#s"}, False),
        ({"reference": "k"}, False),
        # a logical reference
        ({"identifier": {"system": "urn:case", "value": "C-1"}}, True),
        ({"identifier": {"system": "urn:case", "value": "C-1"}, "display": "x", "type": "Condition"}, True),
        ({"identifier": {"value": "C-2"}}, True),
        ({"identifier": {"system": "urn:other", "value": "C-1"}}, False),
        ({"identifier": {"system": "urn:case", "value": 1}}, False),
        ({"identifier": {"system": "urn:case", "value": ["C-1"]}}, False),
        ({"reference": "Condition/other", "identifier": {"system": "urn:case", "value": "C-1"}}, True),
        # what has an identifier and is no Reference
        ({"identifier": {"system": "urn:case", "value": "C-1"}, "status": "x"}, False),
        ({"resourceType": "Basic", "id": "b", "identifier": {"system": "urn:case", "value": "C-1"}}, False),
        ({"identifier": [{"system": "urn:case", "value": "C-1"}]}, False),
        ({}, False),
    ],
)
def test_s35_what_points_at_it(node: Json, expected: bool) -> None:
    assert removed(SECRET, contained=("k",)).points(node) is expected


def test_what_has_an_address_and_no_id_goes_by_it() -> None:
    url = "https://a.example.org/x/y"
    made = removed({"fullUrl": url, "resource": {"resourceType": "Patient"}})
    assert made.points({"reference": url})
    assert made.patient({"reference": url})
    assert not made.points({"reference": "x/y"})


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"reference": "Patient/p"}, True),
        ({"reference": "urn:uuid:p"}, True),
        ({"reference": "https://a.example.org/fhir/Patient/p"}, True),
        ({"reference": "Condition/s"}, False),
        ({"reference": "Patient/q"}, False),
        ({"reference": 1}, False),
        ("Patient/p", False),
        (None, False),
    ],
)
def test_whether_a_reference_is_to_a_withheld_patient(node: Any, expected: bool) -> None:
    assert removed(SECRET, WHO).patient(node) is expected


TO = {"reference": "Condition/s"}
OTHER = {"reference": "Condition/t"}


@pytest.mark.parametrize(
    ("kind", "node", "expected"),
    [
        # the element where R4 lets it be absent
        ("Observation", {"status": "final", "specimen": TO}, {"status": "final"}),
        ("Observation", {"status": "final", "specimen": OTHER}, None),
        ("Observation", {"focus": [TO, OTHER], "_focus": [None, {"id": "x"}]}, {"focus": [OTHER],
                                                                                  "_focus": [None, {"id": "x"}]}),
        ("Observation", {"status": "final", "focus": [TO], "_focus": [{"id": "x"}]}, {"status": "final"}),
        # what stands beside one in a list and is no object stays
        ("Observation", {"status": "final", "focus": ["x", TO]}, {"status": "final", "focus": ["x"]}),
        # the part that needs it, up to the resource
        ("Encounter", {"status": "x", "diagnosis": [{"condition": TO, "rank": 1}]}, {"status": "x"}),
        ("Encounter", {"status": "x", "diagnosis": [{"condition": TO}, {"condition": OTHER}]},
         {"status": "x", "diagnosis": [{"condition": OTHER}]}),
        ("Provenance", {"target": [TO]}, GONE),
        ("Provenance", {"target": [TO], "location": TO}, GONE),
        ("Observation", {"valueInteger": 7, "specimen": TO}, {"valueInteger": 7}),
        ("Provenance", {"target": [TO, OTHER]}, {"target": [OTHER]}),
        # an extension is its value, and an element that was only a pointer is nothing
        ("Observation", {"status": "final", "extension": [{"url": "u", "valueReference": TO}]}, {"status": "final"}),
        ("Observation", {"status": "final", "component": [{"extension": [{"url": "u", "valueReference": TO}]}]},
         {"status": "final"}),
        ("Observation", {"status": "final", "contained": [{"resourceType": "Provenance", "target": [TO]}]},
         {"status": "final"}),
    ],
)  # fmt: skip
def test_s35_what_is_left_without_it(kind: str, node: Json, expected: Any) -> None:
    left = cut(node, kind, removed(SECRET))
    if expected is None:
        assert left is node
    else:
        assert left == expected


# --- words that repeat it (S21)

HIDDEN = Withheld(frozenset(), frozenset({"the quarry road pills"}))
TOLD = "told of the Quarry  Road pills"


@pytest.mark.parametrize(
    ("kind", "node", "expected"),
    [
        ("Observation", {"status": "final", "note": [{"text": TOLD}]}, {"status": "final"}),
        ("Observation", {"note": [{"text": TOLD}, {"text": "calm"}], "status": "final"},
         {"note": [{"text": "calm"}], "status": "final"}),
        ("Observation", {"note": [{"text": "calm"}]}, None),
        ("Observation", {"resourceType": "Observation", "id": "o", "interpretation": [{"text": TOLD}]},
         {"resourceType": "Observation", "id": "o"}),
        ("Observation", {"resourceType": "Observation", "valueString": TOLD}, GONE),
        ("Observation", {"status": "final", "subject": {"reference": "Patient/p", "display": TOLD}},
         {"status": "final", "subject": {"reference": "Patient/p"}}),
        # beside a code, too, and in each form of a choice
        ("Task", {"resourceType": "Task", "status": "x", "code": {"text": "refer"}, "description": TOLD},
         {"resourceType": "Task", "status": "x", "code": {"text": "refer"}}),
        ("DiagnosticReport", {"resourceType": "DiagnosticReport", "code": {"text": "lab"}, "conclusion": TOLD},
         {"resourceType": "DiagnosticReport", "code": {"text": "lab"}}),
        ("ServiceRequest", {"status": "x", "code": {"text": "visit"}, "patientInstruction": TOLD},
         {"status": "x", "code": {"text": "visit"}}),
        ("Observation", {"resourceType": "Observation", "code": {"text": "m"}, "valueString": TOLD}, GONE),
        ("Observation", {"status": "final", "component": [{"code": {"text": "m"}, "valueString": TOLD}]},
         {"status": "final"}),
        ("Condition", {"code": {"text": "m"}, "onsetString": TOLD}, {"code": {"text": "m"}}),
        ("Communication", {"status": "x", "payload": [{"contentString": TOLD}]}, {"status": "x"}),
        ("RiskAssessment", {"status": "x", "code": {"text": "m"}, "mitigation": TOLD},
         {"status": "x", "code": {"text": "m"}}),
        # the words of a code and a name are not somebody's words about something else
        ("Observation", {"code": {"coding": [{"code": "x", "display": TOLD}]}}, None),
        ("Observation", {"code": {"text": TOLD, "coding": [{"code": "x"}]}}, None),
        ("Observation", {"status": "final", "method": {"text": TOLD}}, {"status": "final"}),
        ("Patient", {"name": [{"text": TOLD}]}, None),
        ("Patient", {"address": [{"text": TOLD}]}, None),
        ("Organization", {"resourceType": "Organization", "name": TOLD}, None),
        ("Patient", {"id": "p", "contact": [{"name": {"text": TOLD}}]}, None),
        ("Questionnaire", {"status": "x", "item": [{"name": TOLD, "linkId": "1"}]},
         {"status": "x", "item": [{"linkId": "1"}]}),
        ("Observation", {"status": "final", "component": [{"coding": [{"code": "x"}], "comment": TOLD}]},
         {"status": "final", "component": [{"coding": [{"code": "x"}]}]}),
        ("Observation", {"rank": 7, "tags": ["a"], "note": [{"text": TOLD}]}, {"rank": 7, "tags": ["a"]}),
        # a part that is these words goes with them; one that has more than them stays without
        ("Observation", {"status": "final", "component": [{"rank": 1, "valueString": TOLD}]},
         {"status": "final"}),
        ("Observation", {"extension": [{"url": "u", "valueReference": {"reference": "Basic/q", "display": TOLD}}]},
         {"extension": [{"url": "u", "valueReference": {"reference": "Basic/q"}}]}),
        ("DocumentReference", {"status": "x", "content": [{"attachment": {"title": TOLD, "url": "u"}}]},
         {"status": "x", "content": [{"attachment": {"url": "u"}}]}),
        ("DocumentReference", {"status": "x", "content": [{"attachment": {
            "contentType": "text/plain", "data": "dG9sZCBvZiB0aGUgcXVhcnJ5IHJvYWQgcGlsbHM="}}]}, GONE),
        ("DocumentReference", {"content": [{"attachment": {
            "contentType": "text/plain", "data": "dG9sZCBvZiB0aGUgcXVhcnJ5IHJvYWQgcGlsbHM="}}], "description": TOLD},
         GONE),
        ("DocumentReference", {"status": "x", "description": TOLD}, {"status": "x"}),
        ("Observation", {"status": "final", "extension": [{"url": "u", "valueString": TOLD}]}, {"status": "final"}),
        # under entities and tags, too; labels are not read
        ("Observation", {"status": "final", "note": [{"text": "the quarry <b>road</b> pills"}]}, {"status": "final"}),
        ("Observation", {"status": "final", "note": [{"text": "the quarry road&#32;pills"}]}, {"status": "final"}),
        # what is hidden deeper is the seal's to find
        ("Observation", {"note": [{"text": "see dG9sZCBvZiB0aGUgcXVhcnJ5IHJvYWQgcGlsbHM"}]}, None),
        ("Observation", {"meta": {"security": [{"display": TOLD}]}, "status": TOLD}, None),
    ],
)  # fmt: skip
def test_s21_what_is_left_without_the_words(kind: str, node: Json, expected: Any) -> None:
    left = without_prose(node, kind, "", HIDDEN)
    if expected is None:
        assert left is node
    else:
        assert left == expected


@pytest.mark.parametrize(
    ("node", "expected"),
    [
        ({"note": [{"text": "x", "time": "2026"}]}, {"note": [{"time": "2026"}]}),
        ({"status": "final", "valueString": "x", "valueCode": "y"}, {"status": "final", "valueCode": "y"}),
        # what the resource is about was decided with it
        ({"resourceType": "Condition", "code": {"text": "x"}}, {"resourceType": "Condition", "code": {"text": "x"}}),
        ({"resourceType": "Condition", "note": [{"text": "x"}]}, {"resourceType": "Condition", "note": [{}]}),
        ({"code": {"text": "x"}}, {"code": {}}),
        ({"contentType": "text/plain", "data": "eA=="}, {"contentType": "text/plain"}),
        # the display of a reference to what goes too is that entry's own
        ({"reference": "Patient/p", "display": "x"}, {"reference": "Patient/p"}),
        ({"reference": "Patient/k", "display": "x"}, {"reference": "Patient/k", "display": "x"}),
        ({"reference": "Patient/k", "data": "eA=="}, {"reference": "Patient/k"}),
        (["x", {"text": "y"}], ["x", {}]),
    ],
)
def test_what_stands_there_by_itself(node: Any, expected: Any) -> None:
    assert structured(node, "", frozenset({"Patient/k"})) == expected
