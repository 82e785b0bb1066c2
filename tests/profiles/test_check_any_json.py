"""`check` answers with issues and never raises, on any JSON: pure noise, and right resources with noise planted."""

from __future__ import annotations

import copy
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from benchmarks.bench_check import referral_bundle
from profiles.check import check
from profiles.definitions import r4, resource_types
from profiles.issue import Issue

NAMES = sorted({e["name"] for t in r4()["types"].values() for e in t["elements"]})
KEYS = st.one_of(st.sampled_from(NAMES), st.sampled_from(NAMES).map(lambda n: f"_{n}"), st.text(max_size=8))
SCALARS = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=12),
    st.sampled_from(
        ["#", "#a", "Patient/1", "urn:uuid:x", "2024-02-30", "2024-01-01T00:00:00Z", "9999", "<div/>", "%"]
    ),
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.one_of(st.lists(inner, max_size=4), st.dictionaries(KEYS, inner, max_size=5)),
    max_leaves=25,
)
RESOURCES = st.builds(
    lambda kind, rest: {**rest, "resourceType": kind},
    st.sampled_from(sorted(resource_types())),
    st.dictionaries(KEYS, ANY, max_size=6),
)
BUNDLE = referral_bundle()


@given(ANY)
def test_any_json(value: Any) -> None:
    assert all(isinstance(issue, Issue) for issue in check(value))


@given(RESOURCES)
def test_any_content_of_a_resource(resource: dict[str, Any]) -> None:
    assert all(issue.path.startswith(resource["resourceType"]) for issue in check(resource))


def places(value: Any, way: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    items = list(value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ())
    return [(*way, key) for key, _ in items] + [p for key, item in items for p in places(item, (*way, key))]


PLACES = places(BUNDLE)


@settings(max_examples=300)
@given(st.sampled_from(PLACES), ANY)
def test_noise_in_a_right_bundle(place: tuple[Any, ...], noise: Any) -> None:
    bundle: Any = copy.deepcopy(BUNDLE)
    holder = bundle
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = noise
    assert all(isinstance(issue, Issue) for issue in check(bundle))


def test_the_bundle_is_right() -> None:
    assert check(BUNDLE) == []
