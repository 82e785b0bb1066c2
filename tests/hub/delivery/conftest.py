"""One HTTP client out, closed again; sockets are pytest-httpx's."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from hub.delivery.transport import Transport


@pytest.fixture
async def transport() -> AsyncIterator[Transport]:
    async with Transport() as opened:
        yield opened
