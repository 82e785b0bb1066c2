"""Redaction in FHIR, before v2 is written: the bytes are those of a referral in which the withheld never was.

Existence-safe (part2 section 10): no DG1, OBX with its NTE, OBR group, NK1 or PV1 of what is withheld, no gap in set
ids, no label of it, in any form.
"""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.release import Context, Leak, Outcome, Party, release
from mappings.hl7v2.codec import python_codec
from mappings.hl7v2.messages import split
from mappings.labels import Origin
from mappings.partner import Partner
from mappings.render import render
from tests.mappings.hl7v2.referral_bundle import PARTNER, bundle, resources

CENTER = Origin(reference="Organization/center", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="urn:uuid:patient",
    at=datetime(2026, 6, 1, 12, tzinfo=UTC),
)
EVERY = ("pd1-12", "pv1-16", "pv2-22", "orc-28", "txa-18", "dg1-18", "zseg", "msh-8", "arv")
FORMS = [
    replace(PARTNER, form="hl7v2", messages=messages, version=version, labels=EVERY)
    for messages, version in (
        (("REF^I12",), "2.5.1"),
        (("OMG^O19",), "2.5.1"),
        (("ORM^O01",), "2.4"),
        (("ADT^A28", "MDM^T02"), "2.6"),
        (("ADT^A04",), "2.5.1"),
    )
]
#: What a referral can do without; each may be a Part 2 program's, to which nobody consented.
OPTIONAL = ("condition", "panel", "item-1", "item-2", "weapon", "narrative", "flag", "encounter")


def go(kept: list[dict[str, Any]], withheld: frozenset[str], partner: Partner) -> Outcome:
    return release(
        bundle(kept) | {"type": "transaction"},
        [PROGRAM if one["id"] in withheld else CENTER for one in kept],
        WHO,
        [],
        render=lambda made: render(made, partner),
        media_type="x-application/hl7-v2+er7",
        partner=partner,
    )


@pytest.mark.parametrize("partner", FORMS, ids=lambda one: "+".join(one.messages))
@settings(max_examples=5, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(withheld=st.frozensets(st.sampled_from(OPTIONAL), min_size=1))
def test_withheld_and_deleted_are_the_same_bytes(partner: Partner, withheld: frozenset[str]) -> None:
    outcome = go(resources(), withheld, partner)
    deleted = go(_without(withheld), frozenset(), partner)
    assert outcome.release is not None
    assert deleted.release is not None
    assert outcome.release.bytes == deleted.release.bytes
    for message in split(outcome.release.bytes):
        for name in ("NK1", "DG1", "OBR"):
            numbers = [int(found) for found in re.findall(rf"\r{name}\|(\d+)".encode(), message)]
            assert numbers == list(range(1, len(numbers) + 1))


def _without(withheld: frozenset[str]) -> list[dict[str, Any]]:
    """The referral in which those never were, and nothing points at them."""

    def clean(node: Any) -> Any:
        if isinstance(node, list):
            return [made for one in node if (made := clean(one)) not in ({}, [])]
        if isinstance(node, dict):
            if str(node.get("reference", "")).removeprefix("urn:uuid:") in withheld:
                return {}
            return {key: made for key, one in node.items() if (made := clean(one)) not in ({}, [])}
        return node

    return [clean(one) for one in resources() if one["id"] not in withheld]


@pytest.mark.parametrize("charset", ["UNICODE UTF-8", "8859/2", "GB 18030-2000"])
def test_the_seal_reads_the_partners_character_set(charset: str) -> None:
    """A renderer that brings a withheld value back is stopped, whatever bytes its letters are."""
    partner = replace(FORMS[0], charset=charset, labels=())

    def careless(made: dict[str, Any]) -> bytes:
        return render(made, partner) + "NTE|9||Żwindelbrück\r".encode(python_codec(charset) or "")

    secret = next(one for one in resources() if one["id"] == "condition")
    secret = {**secret, "id": "hidden-4471", "code": {"text": "Żwindelbrück"}}
    with pytest.raises(Leak):
        release(
            bundle([*_without(frozenset({"condition"})), secret]) | {"type": "transaction"},
            [*[CENTER] * (len(resources()) - 1), PROGRAM],
            WHO,
            [],
            render=careless,
            media_type="x-application/hl7-v2+er7",
            partner=partner,
        )
