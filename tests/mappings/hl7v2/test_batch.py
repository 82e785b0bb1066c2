"""Batches taken apart."""

from __future__ import annotations

import pytest

from mappings.errors import ReadError
from mappings.hl7v2.batch import is_batch, messages

ONE, TWO = b"MSH|^~\\&|A\rPID|1\r", b"MSH|^~\\&|B\rNTE|1||FHS\r"


@pytest.mark.parametrize(
    "data",
    [
        b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + TWO + b"BTS|2\rFTS|1\r",
        b"BHS|^~\\&\r" + ONE + TWO + b"BTS|\r",
        b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + b"BTS|1\rBHS|^~\\&\r" + TWO + b"BTS|1\rFTS|2\r",
        ONE + TWO,
    ],
)
def test_the_messages_in_their_order_and_bytes(data: bytes) -> None:
    found = messages(data)
    assert is_batch(data) == (not data.startswith(b"MSH"))
    assert (found.messages, found.issues) == ((ONE, TWO), ())


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"BHS|^~\\&\r" + ONE, "read.batch-trailer"),
        (b"BHS|^~\\&\r" + ONE + b"BTS|2\r", "read.batch-count"),
        (b"FHS|^~\\&\rBHS|^~\\&\r" + ONE + b"BTS|1\rFTS|2\r", "read.batch-count"),
    ],
)
def test_what_its_trailers_count_otherwise(data: bytes, rule: str) -> None:
    found = messages(data)
    assert found.messages == (ONE,)
    assert [issue.rule for issue in found.issues] == [rule]


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"BHS|^~\\&\rPID|1\r" + ONE, "read.batch"),
        (b"BHS|^~\\&\r" + ONE + b"BTS|1\rPID|1\r", "read.batch"),
        (b"hello\r" + ONE + TWO, "read.no-msh"),
        (b"", "read.no-msh"),
    ],
)
def test_what_is_no_batch(data: bytes, rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        messages(data)
    assert caught.value.rule == rule
