"""When to try again."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.delivery.retry import delay


@given(
    attempts=st.integers(1, 10_000),
    base=st.floats(0.01, 10),
    cap=st.floats(10, 1000),
    seed=st.integers(0, 1000),
)
def test_full_jitter_under_an_exponential_bound(attempts: int, base: float, cap: float, seed: int) -> None:
    found = delay(attempts, base=base, cap=cap, after=None, random=Random(seed))
    assert base / 10 <= found <= max(base / 10, min(cap, base * 2.0 ** min(attempts - 1, 32)))


def test_the_bound_doubles() -> None:
    class Most(Random):
        def uniform(self, a: float, b: float) -> float:
            return b

    # base 1: 1, 2, 4, 8, then the cap
    found = [delay(n, base=1, cap=10, after=None, random=Most()) for n in range(1, 7)]
    assert found == [1, 2, 4, 8, 10, 10]


@pytest.mark.parametrize(("after", "seconds"), [(0.0, 0.0), (90.0, 90.0), (10_000_000.0, 86_400.0)])
def test_the_destination_says_when_up_to_a_day(after: float, seconds: float) -> None:
    assert delay(5, base=1, cap=10, after=after, random=Random(1)) == seconds
