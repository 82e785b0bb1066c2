"""`handoff schema pack`: the schema of pack.yaml as the library makes it."""

from __future__ import annotations

import json

from typer.testing import CliRunner

from hub.cli import app
from mappings.packs.schema import pack_schema


def test_schema_pack_prints_the_schema() -> None:
    result = CliRunner().invoke(app, ["schema", "pack"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == json.loads(json.dumps(pack_schema()))
    assert CliRunner().invoke(app, ["schema", "bundle"]).exit_code == 2
