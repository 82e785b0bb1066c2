"""`earlier` by texts, where offsets agree, says what the points in time say."""

from __future__ import annotations

from datetime import datetime

from hypothesis import given
from hypothesis import strategies as st

from mappings.times import earlier

_INSTANT = st.builds(
    "{}T{}{}{}".format,
    st.sampled_from(["2026-01-14", "2026-01-15", "2025-12-31"]),
    st.sampled_from(["00:00:00", "09:59:59", "23:00:01"]),
    st.sampled_from(["", ".5", ".25", ".50"]),
    st.sampled_from(["Z", "+00:00", "-07:00", "+05:30"]),
)


@given(_INSTANT, _INSTANT)
def test_instants_are_ordered_by_time(first: str, second: str) -> None:
    assert earlier(first, second) == (datetime.fromisoformat(first) < datetime.fromisoformat(second))
