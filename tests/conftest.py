"""Options and fixtures for every test."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings

# How fast a shared machine is today says nothing of the code.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--update-samples",
        action="store_true",
        default=False,
        help="rewrite the expected files under samples/ instead of comparing with them; the diff is the review",
    )


@pytest.fixture
def update_samples(request: pytest.FixtureRequest) -> bool:
    """Whether expected files are rewritten."""
    return bool(request.config.getoption("--update-samples"))
