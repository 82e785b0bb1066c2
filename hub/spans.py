"""Spans for OpenTelemetry: how long each step took, for a collector; nothing when none is configured.

Attributes are row numbers, names of the configuration, states and codes: never a value of a record, and no text of an
exception. Needs the extra `warmhandoff[otel]`.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from hub.errors import SettingsError


class Spans:
    """Makes spans and sends them to `endpoint` (OTLP over HTTP). Without an endpoint each costs a function call.

    Raises SettingsError `settings.otel` when an endpoint is named and the extra is not installed. `exporter` takes the
    place of the network's, for tests.
    """

    def __init__(self, endpoint: str | None = None, *, name: str = "hub", exporter: Any = None) -> None:
        self._tracer: Any = None
        self._provider: Any = None
        if endpoint is None and exporter is None:
            return
        try:
            from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
            from opentelemetry.sdk.resources import Resource
            from opentelemetry.sdk.trace import TracerProvider
            from opentelemetry.sdk.trace.export import BatchSpanProcessor
        except ImportError:
            raise SettingsError("settings.otel", "traces need the extra warmhandoff[otel]", path="metrics") from None
        self._provider = TracerProvider(resource=Resource.create({"service.name": "warmhandoff", "host.name": name}))
        self._provider.add_span_processor(BatchSpanProcessor(exporter or OTLPSpanExporter(endpoint=endpoint)))
        self._tracer = self._provider.get_tracer("warmhandoff")

    @contextmanager
    def span(self, name: str, **attributes: str | int) -> Iterator[None]:
        """One step. What is raised inside goes on; of it the span has the type and the rule."""
        if self._tracer is None:
            yield
            return
        # not the library's own note of an exception: it has the text, and the stack with it
        with self._tracer.start_as_current_span(
            name, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except BaseException as error:
                span.set_attribute("error.type", type(error).__name__)
                if isinstance(rule := getattr(error, "rule", None), str):
                    span.set_attribute("rule", rule)
                raise

    def close(self) -> None:
        """Sends what is left."""
        if self._provider is not None:
            self._provider.shutdown()
