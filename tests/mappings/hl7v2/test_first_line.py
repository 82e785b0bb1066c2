"""A message that is only cut is one that `glance` reads alike, and its acknowledgement by stencil is the same bytes."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.hl7v2.acknowledgement import acknowledge, code_for, stencil
from mappings.hl7v2.codec import glance
from mappings.hl7v2.first_line import first_line

NOW = datetime(2026, 1, 14, 23, 2, 11, 7, tzinfo=timezone(timedelta(hours=-6)))
REST = b"\rPID|1||X1^^^CITY||Vessenbrock\r"


def msh(*, marks: str = "^~\\&", time: str = "20260114", control: str = "C1", sequence: str = "",
        version: str = "2.5.1", charset: str = "", modes: str = "|") -> bytes:  # fmt: skip
    return (
        f"MSH|{marks}|CAD|CITY|HUB^1.2^ISO|HUB|{time}||ADT^A04^ADT_A01|{control}|P|{version}|{sequence}||{modes}||{charset}"
    ).encode()


def test_time_control_id_and_sequence_are_each_messages_own() -> None:
    one, two = first_line(msh() + REST), first_line(msh(time="20270101", control="Z-9", sequence="4") + REST)
    assert one is not None
    assert two is not None
    assert one[0] == two[0]
    assert (one[1], two[1]) == ("C1", "Z-9")
    for other in (msh(version="2.3"), msh(modes="AL|"), msh(charset="8859/1"), msh(marks="^~\\&#")):
        found = first_line(other + REST)
        assert found is not None
        assert found[0] != one[0]


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"MSH",
        b"hello",
        b"\xef\xbb\xbf" + msh() + REST,
        msh(control="") + REST,
        msh(control='""') + REST,
        msh(control="C\\T\\1") + REST,
        msh(control="C^1") + REST,
        msh(control="C-1", marks="^~\\-") + REST,
        msh(control="C" * 1000) + REST,
        msh() + REST + msh() + REST,
        (msh() + REST).replace(b"\r", b"\n"),
        msh() + b"\rNTE|1||\xe9\r",
        msh(charset="UNICODE UTF-8") + b"\rNTE|1||\xe9\r",
        msh(charset="8859/1") + b"\rNTE|1||\xe9\r",
    ],
)
def test_what_needs_reading_is_not_cut(data: bytes) -> None:
    assert first_line(data) is None


def test_letters_beyond_ascii_are_no_reason_to_look_again_where_utf_8_is_declared() -> None:
    assert first_line(msh(charset="UNICODE UTF-8") + "\rNTE|1||Zoë\r".encode()) is not None


_FIELD = st.text(st.sampled_from('AC1^~\\&#|-+" \r\n\x0bé'), max_size=6)


@settings(max_examples=60)
@given(st.lists(_FIELD, min_size=10, max_size=18), st.sampled_from(["", "UNICODE UTF-8", "8859/1", "odd"]), _FIELD)
def test_glance_reads_what_is_cut_alike(fields: list[str], charset: str, rest: str) -> None:
    line = ["MSH", "^~\\&", *fields]
    line += [""] * (17 - len(line)) + [charset]
    data = f"{'|'.join(line)}\rNTE|1||{rest}\r".encode()
    cut = first_line(data)
    if cut is None:
        return
    try:
        first = glance(data)
    except Exception:  # noqa: BLE001 - then no message with this beginning is read at all
        return
    assert first.control_id == cut[1]
    other = data.split(b"|")
    other[6], other[9] = b"20260101", b"Q7"
    second = first_line(b"|".join(other))
    assert second == (cut[0], "Q7")
    again = glance(b"|".join(other))
    for number in (3, 4, 5, 6, 8, 9, 11, 12, 15, 16, 18):
        assert again.segments[0].field(number) == first.segments[0].field(number)
    code = code_for(first, "accept")
    made = stencil(first, code) if code is not None else None
    if made is not None and code is not None:
        for at in (NOW, datetime(2026, 7, 1, tzinfo=UTC)):
            assert made.fill(b"Q7", control_id="a1b2", now=at) == acknowledge(again, code, control_id="a1b2", now=at)


def test_a_stencil_writes_what_acknowledge_writes() -> None:
    for data in (msh(), msh(version="2.3"), msh(modes="AL|"), msh(charset="UNICODE UTF-8"), msh(marks="$~\\&")):
        message = glance(data + REST)
        code = code_for(message, "accept")
        assert code is not None
        made = stencil(message, code)
        assert made is not None
        assert made.fill(b"C1", control_id="a1", now=NOW) == acknowledge(message, code, control_id="a1", now=NOW)


def test_a_mark_that_a_time_is_written_with_has_no_stencil() -> None:
    assert stencil(glance(msh(marks="^~\\+") + REST), "AA") is None
