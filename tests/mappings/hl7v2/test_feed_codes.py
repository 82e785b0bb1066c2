"""What a feed's codes become: a code of FHIR, the sender's own in the sender's own system, or a claim less."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from mappings import Translation, translate_v2

NOW = datetime(2026, 1, 15, tzinfo=UTC)
OWN = "https://warmhandoff.org/fhir/agency/LAKE/CodeSystem/PV1-16"
COURTESY = "http://terminology.hl7.org/CodeSystem/v3-EncounterSpecialCourtesy"
PARTICIPATION = "http://terminology.hl7.org/CodeSystem/v3-ParticipationType"


def _read(event: str, *segments: str) -> Translation:
    head = f"MSH|^~\\&|ADT|LAKE|HUB|METRO|20260114||{event}|1|P|2.5.1"
    person = "PID|1||1^^^LAKE&2.16.840.1.113883.3.9999.5&ISO^MR||Undrowmere^Kit^^^^^L||19770707|F"
    return translate_v2("\r".join([head, *segments[:1], person, *segments[1:], ""]).encode(), now=NOW)


def _visit(**fields: str) -> tuple[dict[str, Any], Translation]:
    values = {2: "I", 19: "V1^^^LAKE&2.16.840.1.113883.3.9999.5&ISO^VN"} | {
        int(name[1:]): value for name, value in fields.items()
    }
    segment = "PV1|" + "|".join(values.get(number, "") for number in range(1, 51))
    read = _read("ADT^A08^ADT_A01", "EVN|A08|20260114", segment)
    (encounter,) = (e["resource"] for e in read.bundle["entry"] if e["resource"]["resourceType"] == "Encounter")
    return encounter, read


@pytest.mark.parametrize(
    ("courtesy", "codes", "rules"),
    [
        ("VIP", [(COURTESY, "VIP")], []),
        ("Y", [(COURTESY, "VIP")], []),
        ("VIP^A guest^HL70099", [(COURTESY, "VIP")], []),
        ("N", [(OWN, "N")], ["translate.unmapped-code"]),
        ("GOLD^Gold card^HL70099", [(OWN, "GOLD")], ["translate.label-not-read", "translate.unmapped-code"]),
    ],
)
def test_a_courtesy_is_hl7s_or_the_senders_own(courtesy: str, codes: list[tuple[str, str]], rules: list[str]) -> None:
    encounter, read = _visit(_16=courtesy)
    (said,) = encounter["hospitalization"]["specialCourtesy"]
    assert [(one["system"], one["code"]) for one in said["coding"]] == codes
    assert sorted(issue.rule for issue in read.issues if issue.path == "PV1-16") == rules
    assert not [place for place in read.unused if place.startswith("PV1-16")]


@pytest.mark.parametrize(
    ("kind", "claims"),
    [
        ("", False),
        ("E^Emergency^HL70007", False),
        ("WALK^Walked in^L", False),
        ("4525004^^SCT", True),
        ("99281^^C4", True),
    ],
)
def test_a_visit_claims_us_core_by_a_type_of_its_value_set(kind: str, claims: bool) -> None:
    encounter, _ = _visit(_4=kind)
    assert bool(encounter["meta"]["profile"] if "meta" in encounter else []) is claims


@pytest.mark.parametrize(
    ("role", "codes"),
    [
        ("AT^Attending^HL70443", [(PARTICIPATION, "ATND"), ("http://terminology.hl7.org/CodeSystem/v2-0443", "AT")]),
        ("CP", [(PARTICIPATION, "CON")]),
        ("SW^Social worker^L", [("https://warmhandoff.org/fhir/agency/LAKE/CodeSystem/AIP-4", "SW")]),
    ],
)
def test_who_takes_part_in_an_appointment_is_a_role_of_fhirs(role: str, codes: list[tuple[str, str]]) -> None:
    read = _read(
        "SIU^S12^SIU_S12",
        "SCH|1|2^LAKE|||||CHECKUP|NORMAL|||^^^20260116090000-0600^20260116094500-0600|||||||||||||||Booked",
        "RGS|1|A",
        f"AIP|1|A|7781^Oblarrow^Ines|{role}|",
    )
    (booked,) = (e["resource"] for e in read.bundle["entry"] if e["resource"]["resourceType"] == "Appointment")
    found = [one for participant in booked["participant"] for one in participant.get("type", ())]
    assert [(one["system"], one["code"]) for concept in found for one in concept["coding"]] == codes


def test_an_order_control_code_that_no_table_has_is_an_issue_of_a_report_too() -> None:
    report = "OBR|1|1^LAKE||44249-1^PHQ-9^LN|||20260114|||||||||||||||||F"
    for control, rules in (("RE", []), ("R0E", ["translate.code-not-carried"])):
        read = _read("ORU^R01^ORU_R01", "EVN||20260114", f"ORC|{control}|1^LAKE", report)
        assert [issue.rule for issue in read.issues if issue.path == "ORC-1"] == rules
