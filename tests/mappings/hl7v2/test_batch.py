"""Batches taken apart."""

from __future__ import annotations

import pytest

from mappings.errors import ReadError
from mappings.hl7v2.batch import is_batch, messages_of, split

ONE, TWO = b"MSH|^~\\&|A\rPID|1\r", b"MSH|^~\\&|B\rNTE|1||FHS\r"


@pytest.mark.parametrize(
    "data",
    [
        b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + TWO + b"BTS|2\rFTS|1\r",
        b"BHS|^~\\&\r" + ONE + TWO + b"BTS\r",
        b"BHS|^~\\&\r" + ONE + TWO,
        b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + b"BTS|1\rBHS|^~\\&\r" + TWO + b"BTS|1\rFTS|2\r",
    ],
)
def test_the_messages_in_their_order_and_bytes(data: bytes) -> None:
    assert is_batch(data)
    assert split(data) == (ONE, TWO)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"FHS|^~\\&\rBHS|^~\\&\rBTS|0\rFTS|1\r", "no message"),
        (b"BHS|^~\\&\rPID|1\r" + ONE, "of no message"),
        (b"BHS|^~\\&\r" + ONE + b"BTS|1\rPID|1\r", "of no message"),
        (b"BHS|^~\\&\r" + ONE + b"BTS|2\r", "counts other"),
        (b"BHS|^~\\&\r" + ONE + b"BTS|x\r", "counts other"),
    ],
)
def test_what_is_no_whole_batch(data: bytes, why: str) -> None:
    with pytest.raises(ReadError, match=why) as caught:
        split(data)
    assert caught.value.rule == "read.batch"


def test_messages_one_after_the_other() -> None:
    assert messages_of(ONE + TWO) == [ONE, TWO]
    assert messages_of(b"hello\r" + ONE) == [b"hello\r", ONE]
    assert messages_of(b"") == []
