"""The page of unmapped codes: counts for everybody, the codes for their own custody, each look audited."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import orjson
from starlette.testclient import TestClient

from hub.audit import chain
from hub.loop.context import Hub

SAMPLE = Path(__file__).parents[3] / "samples/incident/story-1-contact/input.json"


def form() -> bytes:
    made = orjson.loads(SAMPLE.read_bytes())
    made["type_final"] = {
        "code": "XQ7",
        "text": "a <b>kind</b> of call",
        "system": "https://pd.riverton.example/nature",
    }
    return orjson.dumps(made)


def test_codes_are_shown_to_their_own_custody(
    hub: Hub, feed: Callable[..., int], sign_in: Callable[..., TestClient]
) -> None:
    assert "in a table" in sign_in("cedar-coresponse").get("/console/codes").text
    feed("cedar-app", form())
    page = sign_in("cedar-coresponse").get("/console/codes").text
    assert "XQ7" in page
    assert "a &lt;b&gt;kind&lt;/b&gt; of call" in page
    events: list[Any] = [event for _, event in hub.store.read(lambda tx: chain.events(tx))]
    assert [(e.kind, e.custody) for e in events if e.kind == "console.codes"] == [("console.codes", "cedar-coresponse")]


def test_others_see_that_there_are_codes_and_not_which(
    hub: Hub, feed: Callable[..., int], sign_in: Callable[..., TestClient]
) -> None:
    feed("cedar-app", form())
    page = sign_in("lakeshore-cmhc").get("/console/codes").text
    assert "cedar-app" in page
    assert "XQ7" not in page
    assert "kind of call" not in page
