"""Feeds, whatever is in them: nothing is lost, nothing breaks, what comes out is FHIR, and no value is in an issue."""

from __future__ import annotations

import base64
import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import ReadError, Translation, translate_v2
from profiles.check import check, meets

NOW = datetime(2026, 1, 15, tzinfo=UTC)
SAMPLES = sorted((Path(__file__).parents[3] / "samples" / "hl7v2").glob("*/input.hl7"))


def words(text: str) -> list[str]:
    """The words of a text."""
    return text.split()


SEGMENTS = words(
    """
    PID PD1 NK1 PV1 PV2 MRG DG1 AL1 PR1 IN1 RF1 PRD CTD AUT ORC OBR OBX NTE TQ1 TXA SCH RGS AIS AIG AIL AIP ROL CON
    ARV EVN MSA ERR GT1 ZPD ZSL
    """
)
TYPES = words(
    """
    ADT^A04 ADT^A08 ADT^A40 REF^I12 RRI^I14 ORM^O01 OSU^O51 SIU^S12 SIU^S15 MDM^T02 MDM^T06 ORU^R01 DFT^P03
    """
)
#: What stands in real fields, so that rules with conditions are reached.
REAL = words(
    """
    20260114 202601142230-0600 1990 Y N E I A F NM ST TX CE CWE ED SN R S 14 PRN PH MR NPI L HL70063 LN W
    """
)
#: Coded fields whose code a table maps: what stands beside a code is its name and its system.
NAMED = frozenset(
    words(
        """
    PID-8 PID-16 PID-17 PV1-2 CON-11 OBX-11 ORC-1 ORC-5 RF1-1 RF1-2 PRD-1 AL1-2 AL1-4 ARV-3 ARV-4 ARV-7 ARV-8 DG1-6
    SCH-25 TQ1-9 OBR-5 OBR-11 NK1-15
    """
    )
)


@st.composite
def messages(draw: st.DrawFn) -> tuple[bytes, dict[str, str]]:
    """A message of arbitrary segments, and where each of its words stands: word to `PID-5`."""
    places: dict[str, str] = {}
    lines = [f"MSH|^~\\&|APP|FAC|||20260114230211-0600||{draw(st.sampled_from(TYPES))}|C1|P|2.5.1"]
    for name in draw(st.lists(st.sampled_from(SEGMENTS), max_size=12)):
        fields = []
        for number in range(1, draw(st.integers(1, 40)) + 1):
            kind = draw(st.integers(0, 5))
            if kind < 2:
                fields.append("")
                continue
            if kind == 2:
                fields.append(draw(st.sampled_from(REAL)))
                continue
            parts: list[str] = []
            for _ in range(draw(st.integers(1, 14)) if kind > 3 else 1):
                if draw(st.booleans()):
                    word = f"q{number}x{len(lines)}x{len(parts)}z"
                    if not (len(parts) in (1, 2) and parts[0] and f"{name}-{number}" in NAMED):
                        places[word] = f"{name}-{number}"
                    parts.append(word)
                else:
                    parts.append(draw(st.sampled_from(("", "", *REAL))))
            between = "~" if kind == 5 and len(parts) < 4 else "^"
            fields.append(between.join(parts))
        lines.append("|".join((name, *fields)))
    return ("\r".join(lines) + "\r").encode(), places


def _texts(value: Any) -> str:
    """All that a Bundle says, attachments unpacked."""
    packed = []

    def walk(node: Any) -> None:
        if isinstance(node, dict):
            if isinstance(node.get("data"), str):
                packed.append(base64.b64decode(node["data"]).decode(errors="replace"))
            for one in node.values():
                walk(one)
        elif isinstance(node, list):
            for one in node:
                walk(one)

    walk(value)
    return orjson.dumps(value).decode() + "\n".join(packed)


def _nothing_lost(made: Translation, places: dict[str, str]) -> None:
    said = set(re.findall(r"q[\dx]+z", _texts(made.bundle)))
    accounted = {one.split(".")[0].split("[")[0] for one in (*made.unused, *(issue.path for issue in made.issues))}
    lost = {
        word: place
        for word, place in places.items()
        if word not in said and place not in accounted and place[:3] not in accounted
    }
    assert lost == {}


@given(messages())
@settings(max_examples=25, deadline=None)
def test_every_value_is_in_the_bundle_or_accounted_for(made: tuple[bytes, dict[str, str]]) -> None:
    message, places = made
    translation = translate_v2(message, now=NOW)
    _nothing_lost(translation, places)
    _right(translation)
    assert not re.search(r"q[\dx]+z", json.dumps([issue.to_fhir() for issue in translation.issues]))
    assert not re.search(r"q[\dx]+z", " ".join(translation.unused))


def _right(made: Translation) -> None:
    assert [issue for issue in check(made.bundle) if issue.severity in ("error", "fatal")] == []
    for entry in made.bundle.get("entry", ()):
        for canonical in entry["resource"].get("meta", {}).get("profile", ()):
            assert meets(entry["resource"], canonical)
    urls = {entry["fullUrl"] for entry in made.bundle.get("entry", ())}
    assert len(urls) == len(made.bundle.get("entry", ()))
    assert len(made.origins) == len(urls)


@given(st.sampled_from(SAMPLES), st.data())
@settings(max_examples=25, deadline=None)
def test_a_damaged_message_is_read_or_refused(sample: Path, data: st.DataObject) -> None:
    message = bytearray(sample.read_bytes())
    for _ in range(data.draw(st.integers(1, 6))):
        at = data.draw(st.integers(0, len(message) - 1))
        match data.draw(st.integers(0, 3)):
            case 0:
                message[at] = data.draw(st.integers(0, 255))
            case 1:
                del message[at : at + data.draw(st.integers(1, 60))]
            case 2:
                message[at:at] = data.draw(
                    st.sampled_from((b"|", b"^", b"~", b"&", b"\r", b'""', b"\\T\\", b"\\X41\\"))
                )
            case _:
                lines = bytes(message).split(b"\r")
                turn = data.draw(st.randoms(use_true_random=False))
                turn.shuffle(lines)
                message = bytearray(b"\r".join(lines))
        if not message:
            return
    try:
        made = translate_v2(bytes(message), now=NOW)
    except ReadError:
        return
    _right(made)


@pytest.mark.proof
@given(messages())
@settings(max_examples=4000, deadline=None)
def test_every_value_is_in_the_bundle_or_accounted_for_in_thousands(made: tuple[bytes, dict[str, str]]) -> None:
    message, places = made
    translation = translate_v2(message, now=NOW)
    _nothing_lost(translation, places)
    _right(translation)
