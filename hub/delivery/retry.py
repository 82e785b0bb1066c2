"""When to try again: full jitter on an exponential bound, the destination's own Retry-After before it."""

from __future__ import annotations

from random import Random


def delay(attempts: int, *, base: float, cap: float, after: float | None, random: Random) -> float:
    """Seconds until the next try after `attempts` failed ones (1 or more). `after` is what the destination asked.

    random(0, min(cap, base * 2^(attempts-1))), never less than a tenth of base, so that a dead destination is not
    hammered and a crowd does not come back at once.
    """
    if after is not None:
        return min(after, 24 * 3600.0)
    bound = min(cap, base * 2.0 ** min(attempts - 1, 32))
    return max(base / 10, random.uniform(0, bound))
