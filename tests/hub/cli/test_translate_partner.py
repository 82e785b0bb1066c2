"""`handoff translate --partner`: a v2 profile as JSON, and what is wrong with one."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app

FORM = Path(__file__).parents[3] / "samples/incident/story-2-contact/input.json"
PROFILE = {"form": "hl7v2", "messages": ["ADT^A28", "MDM^T02"], "labels": ["txa-18"], "omit": ["PID-10"]}


def translate(folder: Path, profile: Any) -> Any:
    path = folder / "partner.json"
    path.write_text(json.dumps(profile))
    return CliRunner().invoke(app, ["translate", "--source", "incident", "--partner", str(path), str(FORM)])


def test_a_registration_and_its_documents(tmp_path: Path) -> None:
    result = translate(tmp_path, PROFILE)
    assert result.exit_code == 0
    types = [line.split(b"|")[8] for line in result.stdout_bytes.split(b"\r") if line.startswith(b"MSH|")]
    assert types == [b"ADT^A28^ADT_A05", b"MDM^T02^MDM_T02", b"MDM^T02^MDM_T02"]


@pytest.mark.parametrize(
    ("profile", "rule"),
    [
        ({**PROFILE, "codes": ["PV1-2"]}, "read.partner"),
        ({**PROFILE, "unheard": 1}, "read.partner"),
        ({**PROFILE, "version": "9"}, "render.message"),
    ],
)
def test_what_is_wrong_with_a_profile(tmp_path: Path, profile: Any, rule: str) -> None:
    result = translate(tmp_path, profile)
    assert result.exit_code != 0
    assert rule in f"{result.exception}{result.stderr}"
