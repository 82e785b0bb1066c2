"""Purposes: the tree of v3-ActReason as its source has it, the local codes as published."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from hub.release.purpose import ACT_REASON, LOCAL, PURPOSE, canonical, subsumes
from profiles import load

ROOT = Path(__file__).parents[3]


def test_every_purpose_of_the_source_stands_where_it_says() -> None:
    path = ROOT / "mappings" / "labels" / "sources" / "hl7_security_codes.json.gz"
    codes = json.loads(gzip.decompress(path.read_bytes()))["codes"]
    purposes = [one for one in codes if one["system"] == ACT_REASON and one["status"] == "active"]
    assert len(purposes) > 60
    for one in purposes:
        assert canonical(one["code"]) == one["code"]
        assert all(subsumes(parent, one["code"]) for parent in one["parents"])
        assert not any(subsumes(one["code"], parent) for parent in one["parents"])


def test_local_codes_are_the_published_ones() -> None:
    assert {one["code"] for one in load(PURPOSE)["concept"]} == LOCAL


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("TREAT", "TREAT"),
        (f"{ACT_REASON}|TREAT", "TREAT"),
        (f"{PURPOSE}|outcome-feedback", "outcome-feedback"),
        ("urn:oid:2.16.840.1.113883.5.8|TREAT", "TREAT"),
        ("treat", None),
        ("http://example.org|TREAT", None),
        (f"{ACT_REASON}|outcome-feedback", None),
        ("", None),
    ],
)
def test_how_a_purpose_is_written(written: str, code: str | None) -> None:
    assert canonical(written) == code


def test_no_purpose_of_care_covers_law_enforcement() -> None:
    assert not any(subsumes(root, code) for root in ("TREAT", "HPAYMT", "HOPERAT", "PurposeOfUse") for code in LOCAL)
