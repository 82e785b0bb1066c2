"""FHIR to v2 and back: what the messages can carry comes back, and what they cannot was listed before they left."""

from __future__ import annotations

import base64
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from mappings.hl7v2.feed.translate import translate_v2
from mappings.hl7v2.messages import not_carried, v2_messages
from tests.mappings.hl7v2.referral_bundle import PARTNER, bundle, consented, resources
from tests.mappings.hl7v2.test_v2_forms import leaves

NOW = datetime(2026, 1, 15, tzinfo=UTC)
FORMS = [
    (("REF^I12",), "2.5.1"),
    (("OMG^O19",), "2.5.1"),
    (("ORM^O01",), "2.5.1"),
    (("ADT^A28", "MDM^T02"), "2.7"),
    (("ADT^A04",), "2.5.1"),
]
each_form = pytest.mark.parametrize(("messages", "version"), FORMS, ids=["ref", "omg", "orm", "adt+mdm", "adt"])
#: Said by the message type itself, or by the type that holds the value.
IMPLIED = ("status", "intent", "reference", "id", "contentType", "data")


def back(given: dict[str, Any], messages: tuple[str, ...], version: str) -> list[dict[str, Any]]:
    partner = replace(PARTNER, messages=messages, version=version, labels=("pd1-12", "orc-28", "txa-18", "zseg"))
    return [
        entry["resource"]
        for message in v2_messages(given, partner)
        for entry in translate_v2(message, now=NOW).bundle["entry"]
    ]


def values(found: list[dict[str, Any]]) -> str:
    told: list[str] = []
    for path, value in leaves(found):
        told.append(base64.b64decode(value).decode() if path.endswith("attachment.data") else value)
    return "\n".join(told)


@each_form
def test_what_is_not_listed_comes_back(messages: tuple[str, ...], version: str) -> None:
    listed = not_carried(bundle(), replace(PARTNER, messages=messages, version=version, labels=("zseg",)))
    text = values(back(bundle(), messages, version))
    for one in resources():
        for path, value in leaves({key: one[key] for key in one if key not in ("resourceType", "meta")}):
            full = f"{one['resourceType']}.{path}"
            if any(full == left or full.startswith(left + ".") or left == one["resourceType"] for left in listed):
                continue
            if path.split(".")[-1] in IMPLIED or full == "Patient.identifier.type.coding.display":
                continue
            assert value in text, full


@each_form
def test_narrative_and_notice_come_back_whole(messages: tuple[str, ...], version: str) -> None:
    text = values(back(consented(), messages, version))
    assert "Line one | with ^ & ~ \\ marks.\nLine two." in text
    assert "42 CFR part 2 prohibits unauthorized use or disclosure of these records." in text
    assert "Scope of the consent CF-9" in text


@each_form
def test_labels_come_back_and_none_is_lower(messages: tuple[str, ...], version: str) -> None:
    found = back(bundle(), messages, version)

    def codes(kind: str) -> set[str]:
        return {
            label["code"]
            for one in found
            if one["resourceType"] == kind
            for label in (one.get("meta") or {}).get("security", ())
        }

    assert "MH" in codes("Patient")
    if "ADT" in messages[0]:
        assert "R" in codes("Patient")  # PD1-12
    holder = "DocumentReference" if "MDM^T02" in messages else "Observation"
    assert "SUD" in codes(holder)
