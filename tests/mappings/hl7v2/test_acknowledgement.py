"""Acknowledgements: the right code in either mode, everything echoed in the sender's own terms, no payload."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest

from mappings.errors import ReadError
from mappings.hl7v2.acknowledgement import Code, Outcome, acknowledge, code_for, refuse
from mappings.hl7v2.codec import Message, parse

NOW = datetime(2026, 1, 14, 23, 2, 11, tzinfo=timezone(timedelta(hours=-6)))
SECRET = "Quenbrauth"


def message(msh15: str = "", msh16: str = "", version: str = "2.5.1", kind: str = "ADT^A04^ADT_A01") -> Message:
    msh = f"MSH|^~\\&|APP^1.2^ISO|FAC|HUB|CITY|20260114||{kind}|C\\T\\1|P|{version}|||{msh15}|{msh16}||UNICODE UTF-8"
    return parse(f"{msh}\rPID|1||||{SECRET}\r".encode())


def test_an_accept_in_original_mode() -> None:
    assert acknowledge(message(), "AA", control_id="A1", now=NOW) == (
        b"MSH|^~\\&|HUB|CITY|APP^1.2^ISO|FAC|20260114230211-0600||ACK^A04^ACK|A1|P|2.5.1||||||UNICODE UTF-8\r"
        b"MSA|AA|C\\T\\1\r"
    )


def test_an_error_has_its_condition_and_place_and_no_payload() -> None:
    made = acknowledge(message(), "AR", control_id="A1", now=NOW, error="103", location="PID[2]-8.1")
    assert made.endswith(b"MSA|AR|C\\T\\1\rERR||PID^1^8|103^Table value not found^HL70357|E\r")
    assert SECRET.encode() not in made


def test_before_2_5_the_condition_stands_in_msa() -> None:
    made = acknowledge(message(version="2.3", kind="ADT^A04"), "AE", control_id="A1", now=NOW, error="207")
    assert b"ACK^A04|" in made
    assert made.endswith(b"MSA|AE|C\\T\\1||||207^Application internal error^HL70357\r")


def test_bytes_that_are_no_message() -> None:
    made = parse(acknowledge(None, "AR", control_id="A1", now=NOW, facility="CITY", error="100"))
    assert (made.get("MSH-3"), made.get("MSH-4"), made.type) == ("WARMHANDOFF", "CITY", "ACK")
    assert (made.get("MSA-1"), made.get("MSA-2"), made.get("ERR-3")) == ("AR", None, "100")


def test_own_delimiters_and_character_set_are_kept() -> None:
    data = "MSH$%*!?$Äpp$F%1$$$2026$$ADT%A04$7$P$2.5$$$$$$8859/1\r".encode("latin-1")
    made = acknowledge(parse(data), "AA", control_id="x%y", now=NOW)
    assert made.decode("latin-1").startswith("MSH$%*!?$WARMHANDOFF$$Äpp$F%1$")
    assert parse(made).get("MSH-10") == "x%y"
    assert parse(made).get("MSA-2") == "7"


@pytest.mark.parametrize(
    ("msh15", "msh16", "outcome", "code"),
    [
        ("", "", "accept", "AA"),
        ("", "", "error", "AE"),
        ("", "", "reject", "AR"),
        ("AL", "", "accept", "CA"),
        ("AL", "AL", "error", "CE"),
        ("AL", "NE", "reject", "CR"),
        ("NE", "NE", "accept", None),
        ("NE", "AL", "reject", None),
        ("", "AL", "accept", None),
        ("ER", "", "accept", None),
        ("ER", "", "error", "CE"),
        ("ER", "", "reject", "CR"),
        ("SU", "", "accept", "CA"),
        ("SU", "", "error", None),
        ("XX", "", "accept", "CA"),
    ],
)
def test_which_code(msh15: str, msh16: str, outcome: Outcome, code: Code | None) -> None:
    assert code_for(message(msh15, msh16), outcome) == code


def test_no_message_is_answered_in_original_mode() -> None:
    assert code_for(None, "reject") == "AR"


def test_an_acknowledgement_in_enhanced_mode_wants_none_itself() -> None:
    made = parse(acknowledge(message("AL", "AL"), "CA", control_id="A1", now=NOW))
    assert (made.get("MSH-15"), made.get("MSH-16")) == ("NE", "NE")


# The rows of the bad-frame table that are about what is in the frame.
MSH = b"MSH|^~\\&|APP|FAC|||2026||ADT^A04|C1|P|2.5.1||||||UNICODE UTF-8\r"


@pytest.mark.parametrize(
    ("data", "control_id", "condition"),
    [
        pytest.param(MSH + b"PID|1\r" + MSH, "C1", "100", id="two messages in one frame: never half accepted"),
        pytest.param(MSH + b"PID|1||||\xc4\r", "C1", "102", id="a latin-1 byte where UTF-8 is declared"),
        pytest.param(b"hello", None, "100", id="not HL7: refused without a control id"),
        pytest.param(b"FHS|^~\\&\rBHS|^~\\&\r" + MSH + b"BTS\rFTS\r", None, "200", id="a batch"),
    ],
)
def test_refused_content_is_answered_ar(data: bytes, control_id: str | None, condition: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse(data)
    refused = refuse(data, caught.value, control_id="A1", now=NOW)
    assert refused is not None
    made = parse(refused)
    assert (made.get("MSA-1"), made.get("MSA-2"), made.get("ERR-3")) == ("AR", control_id, condition)


def test_who_wants_no_answer_gets_none() -> None:
    data = b"MSH|^~\\&|A|F|||2026||ADT^A04|C1|P|2.5.1|||NE|NE||UNICODE UTF-8\rPID|\xc4\r"
    with pytest.raises(ReadError) as caught:
        parse(data)
    assert refuse(data, caught.value, control_id="A1", now=NOW) is None


def test_only_conditions_of_the_table() -> None:
    with pytest.raises(ValueError, match="0357"):
        acknowledge(None, "AR", control_id="A1", now=NOW, error="999")
