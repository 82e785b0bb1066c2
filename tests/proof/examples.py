"""How many examples a property is tried on: few in `make test`, as many as are asked for in `make proof`.

`tests.proof.properties` asks by the environment, for the same functions that `make test` runs.
"""

from __future__ import annotations

import os

from hypothesis import HealthCheck, settings

#: The environment variable that says how many, in place of what a test says.
ASKED = "WARMHANDOFF_EXAMPLES"


def examples(few: int) -> settings:
    """The settings of a property: `few` examples, or as many as are asked for, and no deadline."""
    asked = os.environ.get(ASKED)
    return settings(
        max_examples=int(asked) if asked else few,
        # the few are the same each time: what is rare is looked for by the long form
        derandomize=not asked,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow],
    )
