"""`hl7v2`: each referral in each form (REF, OMG, ORM, ADT, MDM), read by python-hl7, @medplum/core and HAPI, checked by
hl7apy and HAPI.

What each reader finds is compared with what the FHIR held, not with our own reader. hl7apy drops segments silently,
so that its word counts only while it has kept every one of them. HAPI's parser, its validation on, refuses a segment
that the structure does not have. Our label segment (ZSL) is left out before these two look.
"""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hl7
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from mappings.hl7v2.codec import parse
from mappings.hl7v2.header import control_id
from mappings.hl7v2.messages import split
from mappings.render import render
from tests.conformance.java import program
from tests.conformance.node import MEDPLUM, node
from tests.conformance.outcome import NotRun, Outcome, judged
from tests.conformance.outputs import V2_FORMS, Json, outputs


@dataclass(frozen=True, kw_only=True, slots=True)
class Sent:
    """One message of a referral: of which package, the how manieth of its release, its text."""

    name: str
    package: Json
    number: int
    text: str

    @property
    def kind(self) -> str:
        """MSH-9.1."""
        return self.text.split("|")[8].partition("^")[0]


def _sent() -> list[Sent]:
    """Every message of every referral of every sample, in each form, new and as an update."""
    return [
        Sent(name=f"{output.name} referral {number} {'+'.join(form.messages)}", package=package, number=at, text=text)
        for form in V2_FORMS
        for output in outputs()
        for number, package in enumerate(output.referrals, 1)
        for update in (False, True)
        for at, text in enumerate(part.decode() for part in split(render(package, form, update=update)))
    ]


def check() -> Outcome:
    """Every message. Without Node, @medplum/core's part is said to be not run, and so is the row."""
    sent = _sent()
    problems: list[str] = []
    for one in sent:
        # hl7apy reads the choice in ORM_O01 as if each of its segments were required: HAPI looks at that one.
        problems += [f"{one.name}: hl7apy: {wrong}" for wrong in (_hl7apy(one.text) if one.kind != "ORM" else ())]
        problems += [f"{one.name}: python-hl7: {wrong}" for wrong in _differences(_python_hl7(one.text), one)]
    problems += _controls(sent[0])
    try:
        readings = node().run("hl7v2.mjs", [one.text for one in sent])
    except NotRun as reason:
        if problems:
            return judged("hl7v2", "", problems)
        raise NotRun(f"python-hl7 and hl7apy found nothing wrong, @medplum/core could not read: {reason}") from None
    for one, reading in zip(sent, readings, strict=True):
        problems += [f"{one.name}: @medplum/core: {wrong}" for wrong in _differences(reading, one)]
    hapi = _hapi(sent, problems)
    kept = {one: importlib.metadata.version(one) for one in ("hl7", "hl7apy")}
    labels = sum(line.startswith("ZSL|") for one in sent for line in one.text.split("\r"))
    counts = ", ".join(f"{number} {kind}" for kind, number in Counter(one.kind for one in sent).items())
    detail = (
        f"{counts}: hl7apy {kept['hl7apy']} finds them valid with every segment kept (but ORM, whose structure it "
        f"cannot read); python-hl7 {kept['hl7']} and @medplum/core {MEDPLUM} read what the FHIR held; their ACKs are "
        f"understood; {hapi}"
    )
    facts = (
        "Compared with the FHIR: MSH-10, PID-3, PID-5, PID-7, PID-8, the cities and postal codes of PID-11, the codes "
        "of DG1-3, the referral's number (RF1-6, ORC-2, TXA-14), and the segments' names and order.",
        f"hl7apy looks at the messages without their {labels} ZSL segments (labels), which it would drop silently.",
        "ACKs: the readers build one for each message; our reader finds MSA-1 AA and the control id in MSA-2.",
        "Controls: a lost PID, a dropped segment, another birth date, another name are noticed.",
        f"{hapi}. It looks at the messages without ZSL, which the structures do not have.",
    )
    return judged("hl7v2", detail, problems, facts)


def _hapi(sent: list[Sent], problems: list[str]) -> str:
    """What HAPI's parser makes of the messages, in words. Without Java or Maven it is said to be not run."""
    try:
        reader = program("hapi-hl7v2")
    except NotRun as reason:
        return f"HAPI's HL7 v2 parser: not run, {reason}"
    standard = [_standard(one.text) for one in sent]
    planted = [
        standard[0] + "FT1|1\r",
        "\r".join(line for line in standard[0].split("\r") if not line.startswith("MSH|")),
        _with_person(standard[0], 7, "1980-01-03"),
    ]
    with tempfile.TemporaryDirectory() as name:
        asked, answered = Path(name) / "in.json", Path(name) / "out.json"
        asked.write_text(json.dumps([*standard, *planted]))
        reader.run("Read", str(asked), str(answered), seconds=120)
        readings = json.loads(answered.read_text())
    for one, text, reading in zip(sent, standard, readings[: len(sent)], strict=True):
        if "refused" in reading:
            problems.append(f"{one.name}: HAPI: refuses: {reading['refused']}")
            continue
        problems += [f"{one.name}: HAPI: {wrong}" for wrong in _differences(reading, replace(one, text=text))]
        if not reading["same"]:
            problems.append(f"{one.name}: HAPI: writes it otherwise than it was")
    for reading in readings[len(sent) :]:
        if "refused" not in reading:
            problems.append("control: HAPI takes a message that is wrong")
    return (
        f"HAPI's HL7 v2 parser {reader.library('hapi-base')}, its validation on, reads the same from all {len(sent)} "
        "and writes each as it was, byte for byte"
    )


def _standard(text: str) -> str:
    """The message without our label segments."""
    return "".join(f"{line}\r" for line in text.strip("\r").split("\r") if not line.startswith("ZSL|"))


def _with_person(text: str, number: int, value: str) -> str:
    """The message with another value in a field of PID."""
    lines = text.strip("\r").split("\r")
    person = next(line for line in lines if line.startswith("PID|")).split("|")
    changed = "|".join([*person[:number], value, *person[number + 1 :]])
    return "".join(f"{changed if line.startswith('PID|') else line}\r" for line in lines)


def _hl7apy(text: str) -> list[str]:
    standard = _standard(text)
    try:
        read = parse_message(standard)
        if len(read.to_er7().strip("\r").split("\r")) != standard.count("\r"):
            return ["did not keep every segment, so that it checked none"]
        return [] if read.validate() else ["finds the structure wrong"]
    except HL7apyException as error:
        return [f"refuses: {type(error).__name__}"]


def _python_hl7(text: str) -> Json:
    message = hl7.parse(text)
    person = message.segment("PID")

    def whole(number: int) -> str:
        return str(person(number)) if number < len(person) else ""

    def components(number: int, component: int) -> list[str]:
        count = len(person(number)) if whole(number) else 0
        return [part(number, one, component) for one in range(1, count + 1)]

    def part(number: int, repetition: int, component: int) -> str:
        try:
            return message.unescape(str(message.extract_field("PID", 1, number, repetition, component) or ""))
        except IndexError:  # of a field that has its first component only
            return ""

    return {
        "segments": [str(segment[0]) for segment in message],
        "control": str(message.segment("MSH")(10)),
        "families": components(5, 1),
        "givens": components(5, 2),
        "birth": whole(7),
        "sex": whole(8),
        "identifiers": components(3, 1),
        "cities": components(11, 3),
        "postcodes": components(11, 5),
        "diagnoses": _diagnoses(message),
        "referral": _number(message),
        "ack": str(message.create_ack("AA")),
    }


#: Where each message has the referral's number; a registration has none.
_NUMBERS = {"RF1": 6, "ORC": 2, "TXA": 14}


def _number(message: Any) -> str:
    names = {str(segment[0]) for segment in message}
    name = next((one for one in _NUMBERS if one in names), None)
    return message.unescape(str(message.extract_field(name, 1, _NUMBERS[name], 1, 1) or "")) if name else ""


def _diagnoses(message: Any) -> list[str]:
    count = sum(str(segment[0]) == "DG1" for segment in message)
    return [message.unescape(str(message.extract_field("DG1", one, 3, 1, 1) or "")) for one in range(1, count + 1)]


#: FHIR's administrative-gender in table 0001.
_SEX = {"male": "M", "female": "F", "other": "O", "unknown": "U"}


def _held(sent: Sent) -> Json:
    """What the FHIR holds of the fields that are compared, by FHIR's own rules and not by our v2 code."""
    resources = [entry["resource"] for entry in sent.package["entry"]]
    patient, task = (next(one for one in resources if one["resourceType"] == kind) for kind in ("Patient", "Task"))
    names, addresses = patient.get("name", []), patient.get("address", [])
    return {
        "control": control_id(sent.package["id"], sent.number),
        # A name that is text alone stands whole as a display name (table 0200: D).
        "families": [name.get("family") or ("" if name.get("given") else name.get("text", "")) for name in names],
        "givens": [next(iter(name.get("given", ())), "") for name in names],
        "birth": patient.get("birthDate", "").replace("-", ""),
        "sex": _SEX.get(patient.get("gender", ""), ""),
        "cities": [one.get("city", "") for one in addresses],
        "postcodes": [one.get("postalCode", "") for one in addresses],
        "diagnoses": [
            [coding["code"] for coding in one["code"].get("coding", ())]
            for one in resources
            if one["resourceType"] == "Condition"
        ],
        "identifiers": [one["value"] for one in patient.get("identifier", ())] or [patient["id"]],
        "referral": [one["value"] for one in task["identifier"]] if sent.kind != "ADT" else [""],
    }


_REPEATED = (
    ("PID-5.1", "families"),
    ("PID-5.2", "givens"),
    ("PID-3.1", "identifiers"),
    ("PID-11.3", "cities"),
    ("PID-11.5", "postcodes"),
)


def _differences(reading: Json, sent: Sent) -> list[str]:
    """Which fields a reader found other than the FHIR holds them, and whether we understand its ACK. No values."""
    held = _held(sent)
    wrong = []
    # @medplum/core takes the CR that ends the last segment for the start of an empty one.
    if [one for one in reading["segments"] if one] != [line[:3] for line in sent.text.strip("\r").split("\r")]:
        wrong.append("other segments than were written")
    if reading["control"] != held["control"]:
        wrong.append("MSH-10 differs")
    for field, what in _REPEATED:
        if [one for one in reading[what] if one] != [one for one in held[what] if one]:
            wrong.append(f"{field} differs")
    for field, what in (("PID-7", "birth"), ("PID-8", "sex")):
        if reading[what] != held[what]:
            wrong.append(f"{field} differs")
    stated = held["diagnoses"] if "DG1" in reading["segments"] else []
    if len(reading["diagnoses"]) != len(stated) or not all(
        code in codes for code, codes in zip(reading["diagnoses"], stated, strict=True)
    ):
        wrong.append("DG1-3.1 differs")
    if reading["referral"] not in held["referral"]:
        wrong.append("the referral's number differs")
    ack = parse(reading["ack"].encode())
    if (ack.get("MSA-1"), ack.get("MSA-2")) != ("AA", held["control"]):
        wrong.append("its ACK is not understood")
    return wrong


def _controls(sent: Sent) -> list[str]:
    """This check can fail."""
    text = sent.text
    lines = text.strip("\r").split("\r")
    today = datetime.now(UTC).strftime("%Y%m%d")
    wrong: list[str] = []
    planted: list[tuple[str, Any]] = [
        ("without its PID, hl7apy", _hl7apy("\r".join(line for line in lines if not line.startswith("PID|")) + "\r")),
        ("with a segment that is not of REF^I12, hl7apy", _hl7apy(text + "ZZZ|1\r")),
        (
            "with another birth date, the comparison",
            _differences(_python_hl7(_with_person(text, 7, today)), sent),
        ),
        ("with another name, the comparison", _differences(_python_hl7(_with_person(text, 5, "X^Y")), sent)),
    ]
    wrong += [f"control: {name} found nothing wrong" for name, found in planted if not found]
    return wrong
