"""A plugin of pytest: every hub that a test opens runs in `crypto_mode = fips`, unless the test says otherwise.

Left out are the tests of what the standard mode does and this one does not.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

import pytest

from hub.settings import Settings

importlib.import_module("hub.settings.load")  # the package's own `load` is the function


class _Approved:
    """What `parse` reads settings with."""

    @staticmethod
    def model_validate(document: dict[str, Any]) -> Settings:
        return Settings.model_validate(document | {"hub": {"crypto_mode": "fips"} | document.get("hub", {})})


vars(sys.modules["hub.settings.load"])["Settings"] = _Approved

#: A police source's raw bytes are gated by default; `doctor` says that there is no module.
_STANDARD = frozenset(
    (
        "test_the_cjis_gate_stands_before_a_police_feed",
        "test_what_the_gate_drops_does_not_stay_in_the_bytes",
        "test_what_was_dropped_is_not_in_the_store",
        "test_the_same_input_is_known_when_it_comes_again",
        "test_a_gated_message_is_taken_in_again_as_its_records",
        "test_what_is_held_stays_until_a_person_has_looked",
        "test_a_legal_hold_keeps_the_bytes",
        "test_what_eido_documents_said_so_far_is_not_kept_either",
        "test_doctor_says_what_a_standard_module_means",
    )
)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Without those."""
    items[:] = [one for one in items if getattr(one, "originalname", one.name) not in _STANDARD]
