"""`hl7v2`: each referral as REF^I12, read by python-hl7, @medplum/core and HAPI, checked by hl7apy and HAPI.

What each reader finds is compared with what the FHIR held, not with our own reader. hl7apy drops segments silently,
so that its word counts only while it has kept every one of them. HAPI's parser, its validation on, refuses a segment
that the structure of REF^I12 does not have. Our label segment (ZSL) is left out before these two look.
"""

from __future__ import annotations

import importlib.metadata
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import hl7
from hl7apy.exceptions import HL7apyException
from hl7apy.parser import parse_message

from mappings.hl7v2.codec import parse
from mappings.hl7v2.header import control_id
from mappings.render import render
from tests.conformance.java import program
from tests.conformance.node import MEDPLUM, node
from tests.conformance.outcome import NotRun, Outcome, judged
from tests.conformance.outputs import V2, Json, outputs


def check() -> Outcome:
    """Every referral of every sample. Without Node, @medplum/core's part is said to be not run, and so is the row."""
    packages = [
        (f"{output.name} referral {number}", package)
        for output in outputs()
        for number, package in enumerate(output.referrals, 1)
    ]
    texts = [render(package, V2).decode() for _, package in packages]
    problems: list[str] = []
    for (name, package), text in zip(packages, texts, strict=True):
        problems += [f"{name}: hl7apy: {one}" for one in _hl7apy(text)]
        problems += [f"{name}: python-hl7: {one}" for one in _differences(_python_hl7(text), package, text)]
    problems += _controls(packages[0][1], texts[0])
    try:
        readings = node().run("hl7v2.mjs", texts)
    except NotRun as reason:
        if problems:
            return judged("hl7v2", "", problems)
        raise NotRun(f"python-hl7 and hl7apy found nothing wrong, @medplum/core could not read: {reason}") from None
    for (name, package), text, reading in zip(packages, texts, readings, strict=True):
        problems += [f"{name}: @medplum/core: {one}" for one in _differences(reading, package, text)]
    hapi = _hapi(packages, texts, problems)
    kept = {one: importlib.metadata.version(one) for one in ("hl7", "hl7apy")}
    labels = sum(line.startswith("ZSL|") for text in texts for line in text.split("\r"))
    detail = (
        f"{len(texts)} REF^I12: hl7apy {kept['hl7apy']} finds them valid with every segment kept; python-hl7 "
        f"{kept['hl7']} and @medplum/core {MEDPLUM} read what the FHIR held; their ACKs are understood; {hapi}"
    )
    facts = (
        "Compared with the FHIR: MSH-10, PID-3, PID-5, PID-7, RF1-6, and the segments' names and order.",
        f"hl7apy looks at the messages without their {labels} ZSL segments (labels), which it would drop silently.",
        "ACKs: the readers build one for each message; our reader finds MSA-1 AA and the control id in MSA-2.",
        "Controls: a lost PID, a dropped segment, another birth date, another name are noticed.",
        f"{hapi}. It looks at the messages without ZSL, which the structure of REF^I12 does not have.",
    )
    return judged("hl7v2", detail, problems, facts)


def _hapi(packages: list[tuple[str, Json]], texts: list[str], problems: list[str]) -> str:
    """What HAPI's parser makes of the messages, in words. Without Java or Maven it is said to be not run."""
    try:
        reader = program("hapi-hl7v2")
    except NotRun as reason:
        return f"HAPI's HL7 v2 parser: not run, {reason}"
    standard = [_standard(text) for text in texts]
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
    for (name, package), text, reading in zip(packages, standard, readings[: len(texts)], strict=True):
        if "refused" in reading:
            problems.append(f"{name}: HAPI: refuses: {reading['refused']}")
            continue
        problems += [f"{name}: HAPI: {one}" for one in _differences(reading, package, text)]
        if not reading["same"]:
            problems.append(f"{name}: HAPI: writes it otherwise than it was")
    for reading in readings[len(texts) :]:
        if "refused" not in reading:
            problems.append("control: HAPI takes a message that is wrong")
    return (
        f"HAPI's HL7 v2 parser {reader.library('hapi-base')}, its validation on, reads the same from all {len(texts)} "
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

    def components(number: int, component: int) -> list[str]:
        count = len(person(number)) if str(person(number)) else 0
        return [
            message.unescape(str(message.extract_field("PID", 1, number, one, component) or ""))
            for one in range(1, count + 1)
        ]

    return {
        "segments": [str(segment[0]) for segment in message],
        "control": str(message.segment("MSH")(10)),
        "families": components(5, 1),
        "givens": components(5, 2),
        "birth": str(person(7)),
        "identifiers": components(3, 1),
        "referral": message.unescape(str(message.extract_field("RF1", 1, 6, 1, 1) or "")),
        "ack": str(message.create_ack("AA")),
    }


def _held(package: Json) -> Json:
    """What the FHIR holds of the fields that are compared, by FHIR's own rules and not by our v2 code."""
    resources = [entry["resource"] for entry in package["entry"]]
    patient, task = (next(one for one in resources if one["resourceType"] == kind) for kind in ("Patient", "Task"))
    names = patient.get("name", [])
    return {
        "control": control_id(package["id"]),
        # A name that is text alone stands whole as a display name (table 0200: D).
        "families": [name.get("family") or ("" if name.get("given") else name.get("text", "")) for name in names],
        "givens": [next(iter(name.get("given", ())), "") for name in names],
        "birth": patient.get("birthDate", "").replace("-", ""),
        "identifiers": [one["value"] for one in patient.get("identifier", ())] or [patient["id"]],
        "referral": [one["value"] for one in task["identifier"]],
    }


def _differences(reading: Json, package: Json, text: str) -> list[str]:
    """Which fields a reader found other than the FHIR holds them, and whether we understand its ACK. No values."""
    held = _held(package)
    wrong = []
    # @medplum/core takes the CR that ends the last segment for the start of an empty one.
    if [one for one in reading["segments"] if one] != [line[:3] for line in text.strip("\r").split("\r")]:
        wrong.append("other segments than were written")
    if reading["control"] != held["control"]:
        wrong.append("MSH-10 differs")
    for field, what in (("PID-5.1", "families"), ("PID-5.2", "givens"), ("PID-3.1", "identifiers")):
        if [one for one in reading[what] if one] != [one for one in held[what] if one]:
            wrong.append(f"{field} differs")
    if reading["birth"] != held["birth"]:
        wrong.append("PID-7 differs")
    if reading["referral"] not in held["referral"]:
        wrong.append("RF1-6.1 differs")
    ack = parse(reading["ack"].encode())
    if (ack.get("MSA-1"), ack.get("MSA-2")) != ("AA", held["control"]):
        wrong.append("its ACK is not understood")
    return wrong


def _controls(package: Json, text: str) -> list[str]:
    """This check can fail."""
    lines = text.strip("\r").split("\r")
    today = datetime.now(UTC).strftime("%Y%m%d")
    wrong: list[str] = []
    planted: list[tuple[str, Any]] = [
        ("without its PID, hl7apy", _hl7apy("\r".join(line for line in lines if not line.startswith("PID|")) + "\r")),
        ("with a segment that is not of REF^I12, hl7apy", _hl7apy(text + "ZZZ|1\r")),
        (
            "with another birth date, the comparison",
            _differences(_python_hl7(_with_person(text, 7, today)), package, text),
        ),
        ("with another name, the comparison", _differences(_python_hl7(_with_person(text, 5, "X^Y")), package, text)),
    ]
    wrong += [f"control: {name} found nothing wrong" for name, found in planted if not found]
    return wrong
