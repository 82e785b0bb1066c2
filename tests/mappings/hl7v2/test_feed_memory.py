"""What is remembered or read by a shorter way in a feed changes nothing of what a message becomes."""

from __future__ import annotations

from datetime import UTC, datetime
from itertools import product
from pathlib import Path

import orjson
import pytest

from mappings import Partner, translate_v2
from mappings.hl7v2.codec import parse
from mappings.hl7v2.feed.draft import Draft
from mappings.hl7v2.times import date_time

NOW = datetime(2026, 1, 15, tzinfo=UTC)
SAMPLES = Path(__file__).parents[3] / "samples" / "hl7v2"


def _answers(number: int, system: str) -> bytes:
    """Two answers under one local code, so that the second has nothing new to say of it."""
    head = f"MSH|^~\\&|APP|FAC|||20260114||ORU^R01|M{number}|P|2.5.1\rPID|1||{number}^^^FAC^MR\rOBR|1|||panel^Panel^L\r"
    return (head + "".join(f"OBX|{turn}|ST|item^Item^{system}||words||||||F\r" for turn in (1, 2))).encode()


def test_a_local_code_is_reported_of_every_message_that_has_it() -> None:
    partner = Partner(id="memory-test")
    for number in range(3):
        found = translate_v2(_answers(number, "99LOCAL"), partner=partner, now=NOW)
        assert [(issue.rule, issue.path) for issue in found.issues] == [
            ("translate.unmapped-code", "OBR-4"),
            ("translate.unmapped-code", "OBX-3"),
        ]


@pytest.mark.parametrize("case", sorted(one.name for one in SAMPLES.iterdir()))
def test_a_message_becomes_the_same_whatever_was_done_with_the_last(case: str) -> None:
    message = (SAMPLES / case / "input.hl7").read_bytes()
    first = translate_v2(message, partner=Partner(id="lakeshore"), now=NOW)
    told = orjson.dumps([first.bundle, first.account()])
    for entry in first.bundle.get("entry", ()):
        # What labelling, releasing and storing do: elements of the resource and of its lists come and go.
        resource = entry["resource"]
        resource.setdefault("meta", {})["security"] = [{"code": "R"}]
        for element in resource.values():
            if isinstance(element, list):
                element.append({})
        resource.pop("name", None)
    again = translate_v2(message, partner=Partner(id="lakeshore"), now=NOW)
    assert orjson.dumps([again.bundle, again.account()]) == told


@pytest.mark.parametrize("offset", ["", "-0500"])
def test_a_common_time_is_what_the_grammar_makes_of_it(offset: str) -> None:
    head = f"MSH|^~\\&|APP|FAC|||20260114120000{offset}||ADT^A04|M1|P|2.5.1\r"
    draft = Draft(parse(head.encode()), custody="memory-test", now=NOW, zone=None, namespace_key=b"key")
    days = ("20260228", "20260229", "20240229", "20261301", "20260100", "00000101", "2026011")
    clocks = ("", "0000", "2359", "2400", "1260", "235959", "235960", "12", "120000.25", "1٢30")
    zones = ("", "-0600", "+0000", "-0000", "+1459", "+1500", "+0560", "0600")
    for raw in ("".join(parts) for parts in product(days, clocks, zones)):
        told = raw + offset if len(raw) >= 12 and raw[-5] not in "+-" else raw
        assert draft.time(raw, "EVN-2") == date_time(told, "EVN-2", None)[0], raw


def test_words_beside_no_unit_are_accounted_for() -> None:
    head = "MSH|^~\\&|APP|FAC|||20260114||SIU^S12|M1|P|2.5.1\r"
    for segment, field in (("SCH|||||||||45|^Wordsalone", "SCH-10"), ("SCH|1\rAIS|1||svc||||45|^Wordsalone", "AIS-8")):
        found = translate_v2(f"{head}{segment}\rPID|1||7^^^FAC^MR\r".encode(), partner=Partner(id="p"), now=NOW)
        assert any(one.startswith(field) for one in found.unused), field
