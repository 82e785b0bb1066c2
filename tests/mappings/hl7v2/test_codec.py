"""The codec: the same bytes out, no segment lost, nothing replaced, no payload in what is said about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.errors import ReadError
from mappings.hl7v2.build import escape, segment
from mappings.hl7v2.codec import header, parse
from mappings.hl7v2.delimiters import Delimiters, unescape

MSH = b"MSH|^~\\&|APP|FAC|||20260114||ADT^A04^ADT_A01|C1|P|2.5.1"
UTF8 = MSH + b"||||||UNICODE UTF-8"

names = st.sampled_from(["PID", "OBX", "NTE", "ZSL", "ARV", "ZZ9"])
marks = st.sampled_from(["|", "^", "~", "\\", "&", '""', "\\F\\", "\\X41\\", "\\"])
text = st.text(st.characters(blacklist_categories=["Cs"], blacklist_characters="\r\n"), max_size=12)
lines = st.builds(lambda name, parts: name + "|" + "".join(parts), names, st.lists(st.one_of(marks, text), max_size=8))


@given(st.lists(lines, max_size=12), st.sampled_from(["\r", "\n", "\r\n"]), st.booleans())
def test_no_segment_is_lost_and_the_bytes_stay(body: list[str], end: str, ended: bool) -> None:
    data = end.join([UTF8.decode(), *body]).encode() + (end.encode() if ended else b"")
    message = parse(data)
    assert message.serialize() == data
    assert [one.raw for one in message.segments] == [UTF8.decode(), *body]
    for one in message.segments:
        assert one.name == one.raw[:3]
        again = "|".join([one.name, *(one.field(n) for n in range(2 if one.name == "MSH" else 1, len(one) + 1))])
        assert again == one.raw


@given(st.binary(max_size=400))
def test_any_bytes_are_read_or_refused_with_a_rule(data: bytes) -> None:
    for given_bytes in (data, MSH + b"\r" + data):
        try:
            message = parse(given_bytes)
        except ReadError as error:
            assert error.rule.startswith("read.")
        else:
            assert message.serialize() == given_bytes


delimiters = st.permutations("|^~\\&#!*+$%").map(lambda chosen: Delimiters(*chosen[:6]))


@given(st.text(st.characters(blacklist_categories=["Cs"])), delimiters)
def test_escape_and_unescape_are_inverse(value: str, chosen: Delimiters) -> None:
    written = escape(value, chosen)
    assert unescape(written, chosen) == value
    assert not any(mark in written for mark in (chosen.field, chosen.component, chosen.repetition, chosen.subcomponent))
    assert not any(ord(c) < 32 for c in written)
    assert written != '""'


@given(st.text(st.characters(blacklist_categories=["Cs"]), min_size=1), delimiters)
def test_what_is_built_is_read_back(value: str, chosen: Delimiters) -> None:
    msh = {9: ("ADT", "A04"), 10: "1", 11: "P", 12: "2.7", 18: "UNICODE UTF-8"}
    pid = {3: [("first",), (value, None, (None, value))], 5: value}
    data = "\r".join([segment("MSH", msh, chosen), segment("PID", pid, chosen)]).encode() + b"\r"
    message = parse(data)
    assert message.delimiters == chosen
    assert message.get("PID-5") == value
    assert message.get("PID-3[2].1") == value
    assert message.get("PID-3[2].3.2") == value
    assert message.get("PID-3[2].3.1") is None


def test_addresses() -> None:
    message = parse(
        UTF8 + b"\rPID|1||A1^^^MPD&2.16&ISO^PI~B2||One^Two\rOBX|1|TX|c||a & b^c~d\rOBX|2|NM|k||7\rZPD|x\rNTE|1||l1~l2\r"
    )
    assert message.type == "ADT^A04"
    assert message.control_id == "C1"
    assert message.version == "2.5.1"
    assert message.get("MSH-1") == "|"
    assert message.get("MSH-2") == "^~\\&"
    assert message.get("MSH-9.3") == "ADT_A01"
    assert message.get("PID-3.4.2") == "2.16"
    assert message.get("PID-3[2]") == "B2"
    assert message.get("PID-3[3]") is None
    assert message.get("OBX[2]-5") == "7"
    assert message.get("OBX[3]-5") is None
    assert message.get("PID-99") is None
    assert message.text("OBX-5") == "a & b^c\nd"
    assert message.text("NTE-3") == "l1\nl2"
    assert len(message.all("OBX")) == 2
    assert message.all("ZPD")[0].get(1) == "x"


@pytest.mark.parametrize("address", ["PID", "PID-", "PID.5", "pid-5", "PID-0", "PID-5.0", "OBX[0]-5", "PID-5[0]"])
def test_what_is_no_address(address: str) -> None:
    with pytest.raises(ValueError, match="address"):
        parse(MSH).get(address)


def test_null_is_not_a_value_and_not_empty() -> None:
    message = parse(MSH + b'\rPID|1||""||""^Given|^""\r')
    assert message.get("PID-3") is None
    assert message.null("PID-3")
    assert message.get("PID-5.1") is None
    assert message.null("PID-5.1")
    assert message.get("PID-5.2") == "Given"
    assert not message.null("PID-4")
    assert message.text("PID-3") is None
    assert message.null("PID-6.2")


def test_own_delimiters() -> None:
    message = parse(b"MSH$%*!?$APP$FAC$$$2026$$ADT%A04$7$P$2.3\rPID$1$$X1%%%A?B*Y2$$Na!S!me|^~\\&\r")
    assert message.get("MSH-2") == "%*!?"
    assert message.get("PID-3[1].4.2") == "B"
    assert message.get("PID-3[2]") == "Y2"
    assert message.get("PID-5") == "Na%me|^~\\&"


@pytest.mark.parametrize(
    ("written", "means"),
    [
        (r"\F\\S\\T\\R\\E" + "\\", "|^&~\\"),
        (r"a\.br\b\.sp\c\.sp2\d", "a\nb\nc\n\nd"),
        (r"\H\loud\N\ \.in+4\in\.ti-2\\.sk 2\x", "loud in  x"),
        (r"\X0D0A\\Xc3a9\\XC3A9" + "\\", "\r\néé"),
        (r"\Xzz\ \X4\ \X\ \Q\ \Zloc\ \C2842\ \P" + "\\", r"\Xzz\ \X4\ \X\ \Q\ \Zloc\ \C2842\ \P" + "\\"),
        (r"C:\dir\file", r"C:\dir\file"),
        ("lone \\", "lone \\"),
        (r"\E", r"\E"),
    ],
)
def test_escapes(written: str, means: str) -> None:
    assert unescape(written) == means


@pytest.mark.parametrize(("end", "rule"), [(b"\r", None), (b"\n", "read.segment-end"), (b"\r\n", "read.segment-end")])
def test_segment_ends(end: bytes, rule: str | None) -> None:
    data = end.join([MSH, b"PID|1", b"ZPD|2", b""])
    message = parse(data)
    assert [one.name for one in message.segments] == ["MSH", "PID", "ZPD"]
    assert [issue.rule for issue in message.issues] == ([rule] if rule else [])


def test_a_bare_lf_among_cr_is_part_of_a_value() -> None:
    message = parse(MSH + b"\rNTE|1||one\ntwo\r\nPID|1\r")
    assert [one.name for one in message.segments] == ["MSH", "NTE", "PID"]
    assert message.get("NTE-3") == "one\ntwo"


@pytest.mark.parametrize(
    ("charset", "data", "means"),
    [
        (b"UNICODE UTF-8", "Ärger".encode(), "Ärger"),
        (b"utf-8", "Ärger".encode(), "Ärger"),
        (b"8859/1", "Ärger".encode("latin-1"), "Ärger"),
        (b"8859/15~ISO IR87", "€".encode("iso8859-15"), "€"),
        (b"ASCII", b"plain", "plain"),
        (b'""', b"plain", "plain"),
    ],
)
def test_character_sets(charset: bytes, data: bytes, means: str) -> None:
    message = parse(MSH + b"||||||" + charset + b"\rPID|1||||" + data + b"\r")
    assert message.get("PID-5") == means
    assert message.issues == ()


def test_undeclared_bytes_are_latin_1_with_an_issue_unless_the_source_agreed_on_a_set() -> None:
    data = MSH + b"\rPID|1||||" + "Ä".encode("latin-1") + b"\r"
    message = parse(data)
    assert message.get("PID-5") == "Ä"
    assert [issue.rule for issue in message.issues] == ["read.charset-fallback"]
    assert parse(MSH + b"\rPID|1||||\xc3\x84\r", charset="UNICODE UTF-8").get("PID-5") == "Ä"


@pytest.mark.parametrize(
    ("data", "rule", "path"),
    [
        (b"", "read.no-msh", ""),
        (b"GET / HTTP/1.1\r\n", "read.no-msh", ""),
        (b"PID|1\r", "read.no-msh", ""),
        (b"FHS|^~\\&\rBHS|^~\\&\r", "read.batch", "FHS"),
        (b"BHS|^~\\&\r", "read.batch", "BHS"),
        (b"MSH", "read.delimiters", "MSH-2"),
        (b"MSH||", "read.delimiters", "MSH-2"),
        (b"MSH|^^\\&|", "read.delimiters", "MSH-2"),
        (b"MSH|^~\\&#!|", "read.delimiters", "MSH-2"),
        (b"MSHa^~\\&a", "read.delimiters", "MSH-2"),
        (MSH + b"||||||KLINGON\r", "read.charset", "MSH-18"),
        (UTF8 + b"\rPID|1||||\xc4\r", "read.charset", "MSH-18"),
        (MSH + b"\rPID|1\r" + MSH + b"\r", "read.two-messages", "segment[3]"),
    ],
)
def test_refused(data: bytes, rule: str, path: str) -> None:
    with pytest.raises(ReadError) as caught:
        parse(data)
    assert caught.value.rule == rule
    assert caught.value.issues[0].path == path


def test_a_segment_named_against_the_rules_is_kept_with_an_issue_that_names_its_place_only() -> None:
    message = parse(MSH + b"\rgoes on after a bare CR|x\r")
    assert message.segments[1].raw == "goes on after a bare CR|x"
    assert [(issue.rule, issue.path) for issue in message.issues] == [("read.segment-name", "segment[2]")]
    assert "bare" not in repr(message) + repr(message.issues)


def test_byte_order_mark() -> None:
    message = parse(b"\xef\xbb\xbf" + UTF8 + b"\r")
    assert message.control_id == "C1"
    assert message.serialize().startswith(b"\xef\xbb\xbf")
    assert [issue.rule for issue in message.issues] == ["read.byte-order-mark"]


def test_header_names_what_parse_refuses() -> None:
    found = header(UTF8 + b"\rPID|1||||\xc4\r")
    assert found is not None
    assert found.control_id == "C1"
    assert header(b"hello") is None
    assert header(b"MSH|^^") is None


def test_the_truncation_character_of_2_7() -> None:
    message = parse(b"MSH|^~\\&#|A|B|C|D|2026||ADT^A04|1|P|2.7\rPID|1||||a\\P\\b\r")
    assert message.get("PID-5") == "a#b"
