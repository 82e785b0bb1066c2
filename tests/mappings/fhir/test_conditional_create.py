"""Conditional creates of a transaction: each condition is met by its own entry and by no other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from mappings.fhir.bundle import transaction
from mappings.partner import GENERIC

SAMPLES = Path(__file__).resolve().parents[3] / "samples"
FILES = sorted(SAMPLES.glob("*/*/expected.bundle.json"))


def identifiers(resource: dict[str, Any]) -> list[tuple[str | None, str]]:
    """System and value of each, the value as a search writes it. QuestionnaireResponse has one, not a list."""
    found = resource.get("identifier", [])
    # DocumentReference: the search parameter `identifier` looks at both (R4)
    every = [*(found if isinstance(found, list) else [found]), *filter(None, [resource.get("masterIdentifier")])]
    return [(one.get("system"), one["value"].replace("@", "%40")) for one in every]


@pytest.mark.parametrize("file", FILES, ids=[f"{file.parent.parent.name}/{file.parent.name}" for file in FILES])
def test_a_condition_is_met_by_its_own_entry_alone(file: Path) -> None:
    # Two records with the identifier searched for: a receiver answers 412, and every later referral with it is dead.
    found = json.loads(file.read_text())
    for bundle in found if isinstance(found, list) else [found]:
        entries: list[dict[str, Any]] = bundle["entry"]
        for entry in entries:
            condition = entry["request"].get("ifNoneExist")
            if condition is None:
                continue
            system, _, value = condition.removeprefix("identifier=").partition("|")
            kind = entry["resource"]["resourceType"]
            meet = [
                other["fullUrl"]
                for other in entries
                if other["resource"]["resourceType"] == kind and (system, value) in identifiers(other["resource"])
            ]
            assert meet == [entry["fullUrl"]]


@pytest.mark.parametrize("file", FILES[:6], ids=lambda file: file.parent.name)
def test_a_conditional_update_names_no_id(file: Path) -> None:
    # One match with another id than the body's: the server answers 400 (R4 http, conditional update).
    found = json.loads(file.read_text())
    bundle = found[0] if isinstance(found, list) else found
    for entry in json.loads(transaction(bundle, GENERIC, update=True))["entry"]:
        url = entry["request"]["url"]
        assert ("?" in url) == ("id" not in entry["resource"])
