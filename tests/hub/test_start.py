"""The hub's start: what is warmed up for later keeps nobody waiting."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
from starlette.testclient import TestClient

from hub.app import create_app
from hub.loop import foreign
from hub.settings import parse

LAZY = "import sys, hub.app; raise SystemExit(any(name.startswith('fhir.') for name in sys.modules))"


def settings(folder: Path, **more: Any) -> Any:
    document = {
        "hub": {"worker": False},
        "operator": {"organization": "lakeshore-cmhc", "relation": "self"},
        "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-01"},
        "organization": [
            {"id": "lakeshore-cmhc", "name": "Lakeshore", "kind": "center", "posture": "covered-entity"},
        ],
    }
    return parse(document | more, base=folder)


def destination() -> dict[str, Any]:
    return {
        "id": "lakeshore",
        "organization": "lakeshore-cmhc",
        "adapter": "fhir-rest",
        "url": "http://127.0.0.1:8101/fhir",
        "owner": "intake coordinator",
        "fallback_telephone": "+1-555-0100",
        "on_failure": "skip-and-park",
    }


def test_ready_before_the_models_are(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    begun, go_on = threading.Event(), threading.Event()

    def warm() -> None:
        begun.set()
        go_on.wait(10)

    monkeypatch.setattr(foreign, "warm", warm)
    app = create_app(settings(tmp_path, destination=[destination()]))
    with TestClient(app, base_url="http://127.0.0.1") as client:
        try:
            assert begun.wait(10)
            assert client.get("/health").json()["status"] == "ok"
        finally:
            go_on.set()


def test_a_hub_that_no_center_answers_does_without(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    warmed: list[bool] = []
    monkeypatch.setattr(foreign, "warm", lambda: warmed.append(True))
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1") as client:
        assert client.get("/health").json()["status"] == "ok"
    assert warmed == []


@pytest.mark.parametrize(
    ("method", "path"), [("GET", "/fhir/Task/1"), ("POST", "/fhir/metadata"), ("GET", "/fhir/$label")]
)
def test_a_path_by_another_method_is_refused_as_that(tmp_path: Path, method: str, path: str) -> None:
    with TestClient(create_app(settings(tmp_path)), base_url="http://127.0.0.1") as client:
        answer = client.request(method, path)
        assert (answer.status_code, answer.json()["issue"][0]["code"]) == (405, "not-supported")
        assert client.get("/fhir/metadata").status_code == 200
        assert client.get("/fhir/Patient/1").status_code == 404


def test_the_models_are_not_part_of_the_import() -> None:
    assert subprocess.run([sys.executable, "-c", LAZY], check=False).returncode == 0


def test_warming_up_takes_no_answer() -> None:
    foreign.warm()
    foreign.check({"resourceType": "Task", "status": "accepted", "intent": "order"})
