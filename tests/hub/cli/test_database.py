"""`handoff db`: a backup beside an open hub, put back with every destination paused."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.app import open_hub
from hub.audit import chain
from hub.cli import app
from hub.errors import StoreError
from hub.settings import load
from hub.store import gates, inputs, messages

CONFIG = """
[hub]
database = "sqlite:///hub.db"
keys = "keys.json"

[operator]
organization = "cedar-coresponse"
relation = "self"

[state_policy]
name = "none"
reviewer = "counsel"
reviewed = 2026-11-01

[[organization]]
id = "cedar-coresponse"
name = "Cedar Program"
kind = "center"
posture = "covered-entity"

[[destination]]
id = "lakeshore"
organization = "cedar-coresponse"
adapter = "fhir-message"
url = "http://127.0.0.1:9/fhir"
on_failure = "block-lane"
fallback_telephone = "+1 555 0100 778"
owner = "intake"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def handoff(config: Path) -> Callable[..., Any]:
    def call(*words: str) -> Any:
        result = CliRunner().invoke(app, [*words, "--config", str(config), "--json"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout)

    return call


def test_back_and_forth(config: Path, handoff: Callable[..., Any], tmp_path: Path) -> None:
    hub = open_hub(load(config, environ={}))
    hub.store.write(
        lambda tx: inputs.receive(
            tx, source="app", custody="cedar-coresponse", organization="cedar-coresponse", control_id=None,
            media_type="text/plain", body=b"what was said",
        )
    )  # fmt: skip
    made = handoff("db", "backup", str(tmp_path / "kept"), "--by", "A. Person")
    hub.store.close()
    assert handoff("db", "verify", made["manifest"])["custodies"] == ["cedar-coresponse"]
    with pytest.raises(StoreError, match="there is a database"):
        handoff("db", "restore", made["manifest"], "--by", "A. Person")
    for file in tmp_path.glob("hub.db*"):
        file.unlink()
    found = handoff("db", "restore", made["manifest"], "--by", "A. Person")
    assert (found["custodies"], found["paused"]) == (1, ["lakeshore"])

    again = open_hub(load(config, environ={}))
    assert again.store.read(lambda tx: messages.body(tx, 1)) == b"what was said"
    assert again.store.read(lambda tx: gates.get(tx, "lakeshore").paused_by) == "A. Person"
    assert [event.kind for _, event in again.store.read(chain.events)] == ["database.restored"]
    again.store.close()
