"""`handoff keys` beside an open hub: rotate, rewrap, retire, move to a root key; what was sealed still opens."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.app import clock, open_hub
from hub.audit import chain
from hub.cli import app
from hub.errors import KeyringError
from hub.settings import load
from hub.store import inputs, messages
from tests.hub.approved import needs_sqlcipher

CONFIG = """
[hub]
database = "sqlite:///hub.db"
keys = "keys.json"
{more}

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
"""

VAULT = """
[keys]
root = "vault"

[keys.vault]
url = "http://127.0.0.1:9"
key = "hub"
token = { env = "HANDOFF_TEST_TOKEN" }
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(CONFIG.format(more=""))
    return path


@pytest.fixture
def handoff(config: Path) -> Callable[..., Any]:
    runner = CliRunner()

    def call(*words: str) -> Any:
        result = runner.invoke(app, ["keys", *words, "--config", str(config), "--json"])
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return json.loads(result.stdout)

    return call


def keep(config: Path, count: int) -> None:
    hub = open_hub(load(config, environ={}))
    for _ in range(count):
        hub.store.write(
            lambda tx: inputs.receive(
                tx, source="app", custody="cedar-coresponse", organization="cedar-coresponse", control_id=None,
                media_type="text/plain", body=b"what was said",
            )
        )  # fmt: skip
    hub.store.close()


def test_a_rotation_moves_every_document_and_is_audited(config: Path, handoff: Callable[..., Any]) -> None:
    keep(config, 3)
    (first,) = handoff("list")
    assert (first["state"], first["documents"]) == ("active", 3)
    assert handoff("rotate", "--by", "A. Person") == {"custodies": ["cedar-coresponse"], "documents": 3}
    old, new = handoff("list")
    assert (old["key"], old["state"], old["documents"]) == (first["key"], "old", 0)
    assert (new["state"], new["documents"]) == ("active", 3)
    with pytest.raises(KeyringError, match=r"keys\.in-use"):  # a running hub may not have seen the new key
        handoff("retire", old["key"], "--custody", "cedar-coresponse", "--by", "A. Person")
    content = json.loads((config.parent / "keys.json").read_text())
    content["custodies"]["cedar-coresponse"]["since"] = (clock() - timedelta(hours=2)).isoformat()
    (config.parent / "keys.json").write_text(json.dumps(content))
    handoff("retire", old["key"], "--custody", "cedar-coresponse", "--by", "A. Person")
    assert [one["key"] for one in handoff("list")] == [new["key"]]

    hub = open_hub(load(config, environ={}))
    assert hub.store.read(lambda tx: {messages.body(tx, number) for number in (1, 2, 3)}) == {b"what was said"}
    done = [(event.kind, event.who) for _, event in hub.store.read(chain.events) if event.kind.startswith("key.")]
    assert done == [("key.rotated", "A. Person"), ("key.retired", "A. Person")]
    hub.store.close()


def test_what_is_under_a_key_keeps_it(config: Path, handoff: Callable[..., Any]) -> None:
    keep(config, 1)
    hub = open_hub(load(config, environ={}))
    hub.store.keys.rotate("cedar-coresponse", clock() - timedelta(days=1))
    hub.store.close()
    old, _ = handoff("list")
    with pytest.raises(KeyringError, match="rewrap first"):
        handoff("retire", old["key"], "--custody", "cedar-coresponse", "--by", "A. Person")
    assert handoff("rewrap", "--by", "A. Person") == {"documents": 1}
    handoff("retire", old["key"], "--custody", "cedar-coresponse", "--by", "A. Person")


def test_a_custody_that_is_not_there(config: Path, handoff: Callable[..., Any]) -> None:
    with pytest.raises(KeyringError, match=r"keys\.unknown"):
        handoff("rotate", "--custody", "elsewhere", "--by", "A. Person")
    with pytest.raises(KeyringError, match=r"keys\.unknown"):
        handoff("retire", "k1-none", "--custody", "elsewhere", "--by", "A. Person")


def test_a_file_of_another_root_does_not_open(config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    keep(config, 1)
    monkeypatch.setenv("HANDOFF_TEST_TOKEN", "t")
    config.write_text(CONFIG.format(more=VAULT))
    found = CliRunner().invoke(app, ["doctor", "--config", str(config), "--json"])
    keys = next(one for one in json.loads(found.stdout) if one["name"] == "keys")
    assert (found.exit_code, keys["ok"]) == (1, False)
    assert "another root key" in keys["detail"]
    assert "handoff keys root" in keys["todo"]


def test_doctor_says_what_a_standard_module_means(config: Path) -> None:
    found = CliRunner().invoke(app, ["doctor", "--config", str(config), "--json"])
    module = next(one for one in json.loads(found.stdout) if one["name"] == "cryptographic module")
    assert module["ok"]
    assert "should not hold CJI" in module["detail"]


@needs_sqlcipher
def test_an_encrypted_database_file_runs_and_is_checked(config: Path, handoff: Callable[..., Any]) -> None:
    config.write_text(CONFIG.format(more="sqlcipher = true"))
    keep(config, 1)
    assert b"SQLite format 3" not in (config.parent / "hub.db").read_bytes()[:64]
    assert handoff("list")[0]["documents"] == 1
    found = CliRunner().invoke(app, ["doctor", "--config", str(config), "--json"])
    assert found.exit_code == 0, found.stdout
