"""The CJIS gate at a v2 message: what hits is not in it any more, what does not is the same bytes."""

from __future__ import annotations

from base64 import b64encode

import pytest

from mappings.hl7v2.codec import parse
from mappings.hl7v2.criminal_justice import gate

MSH = "MSH|^~\\&|CAD|CITY|HUB|HUB|20260114230211-0600||ADT^A04^ADT_A01|C1|P|2.5.1||||||UNICODE UTF-8"
PID = "PID|1||X1^^^CITY^MR||Trenmallow^Ola||19900101|F"
RETURN = "NCIC return shows two prior felony arrests"


def said(*lines: str, end: str = "\r") -> bytes:
    return (end.join((MSH, PID, *lines)) + end).encode()


def kept_back(*lines: str) -> tuple[list[str], list[str], str]:
    """Paths dropped, paths held, and what is left behind the PID."""
    passed = gate(parse(said(*lines)))
    assert parse(passed.message.data).lines == passed.message.lines
    dropped, held = ([one.path for one in found] for found in (passed.dropped, passed.held))
    return list(dict.fromkeys(dropped)), list(dict.fromkeys(held)), "\r".join(passed.message.lines[2:])


@pytest.mark.parametrize("end", ["\r", "\n", "\r\n"])
def test_a_message_without_any_is_the_same_message(end: str) -> None:
    message = parse(said("NTE|1||Caller asked for a clinician. Arrested on this call.", "DG1|1||F32.A", end=end))
    assert gate(message).message is message


@pytest.mark.parametrize(
    ("lines", "dropped", "held", "left"),
    [
        ([f"NTE|1||{RETURN}"], [], ["NTE-3"], "NTE|1||"),
        ([f"NTE|1||{RETURN}~again"], [], ["NTE-3"], "NTE|1||"),
        # lines of one text go together, and so does what only both together say
        (["NTE|1||Calm.", f"NTE|2||{RETURN}", "NTE|3||Home."], [], ["NTE-3"], "NTE|1||\rNTE|2||\rNTE|3||"),
        (["OBX|1|TX|N||had a criminal", "OBX|2|TX|N||history"], [], ["OBX-5"], "OBX|1|TX|N||\rOBX|2|TX|N||"),
        (["OBX|1|TX|A||fine", f"OBX|2|TX|B||{RETURN}"], [], ["OBX[2]-5"], "OBX|1|TX|A||fine\rOBX|2|TX|B||"),
        # a result that is called so goes whole
        (["OBX|1|ST|^Criminal history||two"], [], ["OBX-5"], ""),
        (
            [f"OBX|1|ED|D||^TEXT^PLAIN^Base64^{b64encode(RETURN.encode()).decode()}||"],
            [],
            ["OBX-5"],
            "OBX|1|ED|D||||",
        ),
        ([f"OBX|1|ED|D||^AP^PDF^Base64^{b64encode(b'%PDF').decode()}||"], [], [], None),
        # any other text is short and goes; a Z segment's too
        (["DG1|1||Z^juvenile record^L||"], ["DG1-3"], [], "DG1|1||||"),
        (["PV2|||^NCIC hit"], ["PV2-3"], [], "PV2|||"),
        ([f"ZCO|1|{RETURN}|ok"], ["ZCO-2"], [], "ZCO|1||ok"),
        (["NTE|1||criminal\\.br\\history"], [], ["NTE-3"], "NTE|1||"),
        # names are no text
        (["NK1|1|Warrant^Juvenile Record||"], [], [], None),
    ],
)
def test_what_is_kept_back(lines: list[str], dropped: list[str], held: list[str], left: str | None) -> None:
    assert kept_back(*lines) == (dropped, held, "\r".join(lines) if left is None else left)


def test_a_criminal_justice_number_goes_and_the_others_stay() -> None:
    message = parse(said().replace(b"X1^^^CITY^MR", b"X1^^^CITY^MR~9^^^FBI^PI~8^^^CITY^UCN"))
    passed = gate(message)
    assert passed.message.get("PID-3") == "X1"
    assert passed.message.lines[1].split("|")[3] == "X1^^^CITY^MR"
    assert [(one.path, one.rule, one.count) for one in passed.dropped] == [("PID-3", "cjis.field-class", 2)]


def test_reports_have_no_content_and_the_rest_is_as_it_was() -> None:
    passed = gate(parse(said(f"NTE|1||{RETURN} Zoë", "ZZZ|1|Zoë^a&b~c")))
    assert "felony" not in repr((passed.dropped, passed.held))
    assert passed.message.data == said("NTE|1||", "ZZZ|1|Zoë^a&b~c")
