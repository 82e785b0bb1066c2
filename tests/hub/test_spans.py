"""Spans of each step, without a value of a record; nothing when no collector is configured."""

from __future__ import annotations

from typing import Any

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from pytest_httpx import HTTPXMock

from hub.errors import DeliveryError
from hub.spans import Spans

World = Any
MESSAGE = "http://127.0.0.1:8101/fhir/$process-message"


async def test_a_referral_is_three_spans(world: World, httpx_mock: HTTPXMock) -> None:
    exporter = InMemorySpanExporter()
    object.__setattr__(world.hub, "spans", Spans(exporter=exporter))
    httpx_mock.add_response(method="POST", url=MESSAGE, status_code=503)
    await world.take_in("cedar-app", world.sample("incident/story-1-contact"))
    await world.deliver()
    world.hub.spans._provider.force_flush()
    found = {span.name: dict(span.attributes or {}) for span in exporter.get_finished_spans()}
    assert found.keys() == {"receive", "process", "deliver"}
    assert found["receive"]["source"] == found["process"]["source"] == "cedar-app"
    assert found["deliver"] | {"delivery": 0} == {
        "destination": "lakeshore", "delivery": 0, "attempt": 1, "error.type": "DeliveryError", "rule": "deliver.busy",
    }  # fmt: skip
    assert [event for span in exporter.get_finished_spans() for event in span.events] == []
    world.hub.spans.close()


def test_what_is_raised_goes_on_without_its_text() -> None:
    exporter = InMemorySpanExporter()
    spans = Spans(exporter=exporter)
    with pytest.raises(DeliveryError), spans.span("deliver"):
        raise DeliveryError("deliver.cut", "what she said")
    spans._provider.force_flush()
    (span,) = exporter.get_finished_spans()
    assert "what she said" not in span.to_json()
    spans.close()


def test_without_a_collector_there_is_nothing() -> None:
    spans = Spans()
    with spans.span("receive", source="x"):
        pass
    with pytest.raises(KeyError), spans.span("receive"):
        raise KeyError
    spans.close()
