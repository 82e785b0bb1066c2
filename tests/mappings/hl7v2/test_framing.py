"""Frames cut from a stream: each byte is in a message, in a broken piece, or counted, however the stream is cut."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.hl7v2.framing import JUNK_LIMIT, Broken, Frame, Frames, frame

SECRET = b"Ostravelle"


def pieces(data: bytes, *cuts: int, limit: int = 100_000) -> list[tuple[str, bytes]]:
    frames = Frames(limit=limit)
    found = []
    for begin, end in zip((0, *cuts), (*cuts, len(data)), strict=True):
        frames.feed(data[begin:end])
        while (piece := frames.take()) is not None:
            found.append(piece)
    left = frames.end()
    return [_told(one) for one in (*found, *([left] if left else []))]


@given(
    st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\x1c\r", b"a", frame(b"b"), frame(b"cc")]), max_size=12),
    st.integers(0, 4),
)
def test_frames_cut_at_once_are_those_cut_one_by_one(parts: list[bytes], most: int) -> None:
    data = b"".join(parts)
    frames = Frames(limit=3)
    frames.feed(data)
    found = [("frame", payload) for payload in frames.take_whole(most)]
    assert len(found) <= most
    while (piece := frames.take()) is not None:
        found.append(_told(piece))
    left = frames.end()
    assert [*found, *([_told(left)] if left else [])] == pieces(data, limit=3)


def test_a_frame_that_may_be_too_large_is_not_cut_at_once() -> None:
    frames = Frames(limit=100, ask_at=3)
    frames.feed(frame(b"abc") + frame(b"abcde"))
    assert frames.take_whole(5) == []


def _told(piece: Frame | Broken) -> tuple[str, bytes]:
    return ("frame", piece.payload) if isinstance(piece, Frame) else (piece.rule, piece.data)


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (frame(b"a") + frame(b"b"), [("frame", b"a"), ("frame", b"b")]),
        (b"junk" + frame(b"a"), [("frame", b"a")]),
        (b"\x0ba\x1c\n" + frame(b"b"), [("receive.truncated", b"a\x1c\n"), ("frame", b"b")]),
        (b"\x0ba\x1cb\x1c\r", [("frame", b"a\x1cb")]),
        (b"\x0b\x0b" + frame(b"a"), [("frame", b"a")]),
        (frame(b""), []),
        (b"\x0ba", [("receive.truncated", b"a")]),
        (b"a\x1c\r", []),
    ],
)
def test_pieces(data: bytes, expected: list[tuple[str, bytes]]) -> None:
    assert pieces(data) == expected
    for cut in range(len(data)):
        assert pieces(data, cut) == expected


def test_a_frame_over_its_limit_is_the_last_piece() -> None:
    assert pieces(frame(b"a") + frame(b"b" * 11) + frame(b"c"), limit=10) == [
        ("frame", b"a"),
        ("receive.too-large", b"b" * 10),
    ]
    assert pieces(b"\x0b" + b"b" * 11, limit=10) == [("receive.too-large", b"b" * 10)]


def test_after_64_kib_of_junk_the_stream_is_lost() -> None:
    frames = Frames(limit=10)
    for _ in range(JUNK_LIMIT // 1024 + 1):
        assert not frames.lost
        frames.feed(b"x" * 1024)
        assert frames.take() is None
    assert frames.lost
    frames.feed(frame(b"a"))
    assert frames.take() is None
    assert len(frames) == 0


def test_no_payload_in_what_is_printed() -> None:
    frames = Frames(limit=100)
    frames.feed(frame(SECRET) + b"\x0b" + SECRET)
    assert SECRET.decode() not in repr((frames.take(), frames.end()))


@given(st.lists(st.sampled_from([b"\x0b", b"\x1c", b"\r", b"\n", b"ab", b"\x1c\r"]), max_size=20), st.data())
def test_any_cut_gives_the_same_and_no_byte_is_lost(parts: list[bytes], chance: st.DataObject) -> None:
    data = b"".join(parts)
    whole = pieces(data)
    cuts = sorted(chance.draw(st.lists(st.integers(0, len(data)), max_size=5)))
    assert pieces(data, *cuts) == whole
    at = 0
    for _, held in whole:  # in order, and each as it stood in the stream
        at = data.index(held, at) + len(held)
        assert b"\x0b" not in held
