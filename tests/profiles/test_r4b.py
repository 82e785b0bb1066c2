"""fhir.resources over what anybody may send: it answers with places, never with an exception or a value."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from profiles.r4b import parse

TASK: dict[str, Any] = {"resourceType": "Task", "status": "requested", "intent": "order"}

_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5) | st.sampled_from(["Task", "Bundle"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["resourceType", "resource", "entry", "contained", "extension", "url", "type", "_status"])
            | st.text(max_size=3),
            inner,
            max_size=3,
        )
    ),
    max_leaves=12,
)


@settings(deadline=None)
@given(
    st.sampled_from(["Task", "Bundle", "MessageHeader", "Appointment"]),
    st.dictionaries(
        st.sampled_from(["status", "entry", "type", "contained", "identifier", "extension", "meta", "text", "output"]),
        _JSON,
    ),
)
def test_whatever_it_is_it_does_not_raise(kind: str, odd: dict[str, Any]) -> None:
    assert all(issue.path.startswith(kind) for issue in parse({"resourceType": kind, **odd}))


@given(_JSON)
def test_nor_for_what_is_no_resource(odd: Any) -> None:
    parse(odd)


@pytest.mark.parametrize(
    ("entry", "place"),
    [
        (5, "Bundle.entry"),
        ([5], "Bundle.entry[0].root"),
        ([{"resource": TASK, "fullUrl": 5}], "Bundle.entry[0].fullUrl"),
        ([{"resource": TASK, "quorrimex": 5}], "Bundle.entry[0]"),
        ([{"resource": TASK, "request": {"method": "POST"}}], "Bundle.entry[0].request.url"),
        ([{}, {"resource": 5}], "Bundle.entry[1].resource"),
        ([{"resource": {**TASK, "status": 5}}], "Bundle.entry[0].resource.status"),
    ],
)
def test_what_stands_around_a_resource_is_checked(entry: Any, place: str) -> None:
    found = parse({"resourceType": "Bundle", "type": "transaction", "entry": entry})
    assert [issue.path for issue in found] == [place]


def test_a_whole_bundle_has_no_issue() -> None:
    entry = {"fullUrl": "urn:uuid:0", "resource": TASK, "request": {"method": "POST", "url": "Task"}}
    assert parse({"resourceType": "Bundle", "type": "transaction", "entry": [entry]}) == []


def test_what_is_nested_too_deep_is_said() -> None:
    deep: dict[str, Any] = {"url": "u", "valueString": "x"}
    for _ in range(400):
        deep = {"url": "u", "extension": [deep]}
    (issue,) = parse({**TASK, "extension": [deep]})
    assert (issue.path, issue.text) == ("Task", "nested deeper than can be read")
