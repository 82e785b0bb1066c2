"""Who may read the hub's measures."""

from __future__ import annotations

from pydantic import Field

from hub.settings.secret import Secret
from hub.settings.section import Strict


class MetricsSection(Strict):
    """`/metrics` in Prometheus's format. With `token` whoever presents it as bearer; without, this machine only.

    `traces` is the address of an OpenTelemetry collector (OTLP over HTTP, `http://127.0.0.1:4318/v1/traces`).
    `worker_port`: where a worker process of its own (`handoff worker`) shows its measures, on loopback; None: nowhere.
    """

    token: Secret | None = None
    traces: str | None = None
    worker_port: int | None = Field(default=None, ge=0, le=65535)
