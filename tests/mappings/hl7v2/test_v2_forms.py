"""The other messages of a referral: each conformant, each value of the Bundle in one of them or listed, by profile."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest
from hl7apy.exceptions import ValidationError
from hl7apy.parser import parse_message, parse_segment

from mappings.errors import RenderError
from mappings.hl7v2.codec import Message, parse
from mappings.hl7v2.forms import is_supported, version_of
from mappings.hl7v2.messages import control_ids, not_carried, split, v2_messages
from mappings.partner import Partner
from mappings.render import render as rendered
from tests.mappings.hl7v2.referral_bundle import (
    ACT,
    NARRATIVE,
    NOTICE,
    PARTNER,
    assert_conformant,
    bundle,
    changed,
    coded,
    consented,
    ref,
    resources,
)

FORMS = [
    ("REF^I12",),
    ("RRI^I12",),
    ("OMG^O19",),
    ("ORM^O01",),
    ("ADT^A04",),
    ("ADT^A08",),
    ("ADT^A28", "MDM^T02"),
    ("ADT^A31",),
    ("MDM^T02",),
]
CONFIDENTIALITY = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
EVERYWHERE = ("pd1-12", "pv1-16", "pv2-22", "orc-28", "txa-18", "dg1-18")


def form(*messages: str, **partner: Any) -> Partner:
    return replace(PARTNER, messages=messages, **partner)


def render(partner: Partner, given: dict[str, Any] | None = None, **options: Any) -> list[Message]:
    return [parse(one) for one in v2_messages(given or bundle(), partner, **options)]


def labelled(code: str, *, system: str = CONFIDENTIALITY, kind: str | None = None) -> dict[str, Any]:
    """The Bundle, or the first resource of a type in it, with one more label."""
    made = consented()
    holder = made if kind is None else next(
        one["resource"] for one in made["entry"] if one["resource"]["resourceType"] == kind
    )  # fmt: skip
    meta = dict(holder.get("meta") or {})
    holder["meta"] = {**meta, "security": [*meta.get("security", ()), {"system": system, "code": code}]}
    return made


#: hl7apy 1.3.5 reads ORM_O01's choice of order details as if each of them were required; of 2.7 it cannot build an ORC.
def _hl7apy_cannot(kind: str, version: str) -> bool:
    return kind == "ORM^O01" or (kind == "OMG^O19" and version == "2.7")


@pytest.mark.parametrize("messages", FORMS, ids="+".join)
@pytest.mark.parametrize(
    "version",
    ["2.3.1", "2.5.1", "2.7", *(pytest.param(one, marks=pytest.mark.proof) for one in ("2.4", "2.5", "2.6", "2.8.2"))],
)
def test_each_message_is_valid_in_each_version_that_has_it(messages: tuple[str, ...], version: str) -> None:
    partner = form(*messages, version=version, labels=EVERYWHERE)
    if not all(is_supported(one, version_of(partner)) for one in messages):
        with pytest.raises(RenderError) as caught:
            render(partner)
        assert (caught.value.rule, caught.value.issues[0].path) == ("render.message", "messages")
        return
    for message in render(partner, labelled("VIP", system=ACT)):
        if not _hl7apy_cannot(message.type, version):
            assert_conformant(message)
            continue
        with pytest.raises((ValidationError, TypeError), match=r"RQD|NoneType"):
            parse_message(message.data.decode()).validate()
        for segment in message.segments[1:] if version != "2.7" else ():
            assert parse_segment(segment.raw, version=version).validate()


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for one in node:
            yield from leaves(one, path)
    elif isinstance(node, dict):
        for key, one in node.items():
            yield from leaves(one, f"{path}.{key}" if path else key)
    elif isinstance(node, str):
        yield path, node


@pytest.mark.parametrize("messages", FORMS, ids="+".join)
def test_what_is_not_listed_as_left_behind_is_in_a_message(messages: tuple[str, ...]) -> None:
    partner = form(*messages)
    listed = not_carried(bundle(), partner)
    values: set[str | None] = set()
    lines: list[str] = []
    for message in render(partner):
        for segment in message.segments:
            for number in range(1, len(segment) + 1):
                for repetition in segment.repetitions(number):
                    values |= {repetition.get(n, m) for n in range(1, 14) for m in range(1, 5)}
                    values.add(repetition.text)
                    lines.append(repetition.text or "")
    text = "\n".join(lines)
    told_otherwise = ("status", "intent", "priority", "gender", "birthDate", "use", "system", "reference", "id")
    for one in resources():
        for path, value in leaves({key: one[key] for key in one if key not in ("resourceType", "meta", "extension")}):
            full = f"{one['resourceType']}.{path}"
            if any(full == left or full.startswith(left + ".") or left == one["resourceType"] for left in listed):
                continue
            if path.split(".")[-1] in told_otherwise or value[:3] == "202" or "attachment" in path:
                continue
            if full == "Patient.identifier.type.coding.display":  # CX.5 has the code alone
                continue
            # a letter says it in a line, where a field would hold it alone
            assert value in values or ("MDM^T02" in messages and value in text), full


@pytest.mark.parametrize("messages", FORMS, ids="+".join)
def test_a_listed_path_never_holds_a_value(messages: tuple[str, ...]) -> None:
    listed = not_carried(consented(), form(*messages, omit=("PV1-3",) if messages[0] != "RRI^I12" else ()))
    assert not any("Zwindelmark" in path or "MPI-77" in path for path in listed)
    if messages[0] != "RRI^I12":
        assert "PV1-3" in listed


def test_a_registration_and_its_documents_each_with_a_number_of_its_own() -> None:
    partner = form("ADT^A28", "MDM^T02")
    given = bundle()
    made = render(partner, given)
    assert [message.type for message in made] == ["ADT^A28", "MDM^T02", "MDM^T02"]
    payload = rendered(given, replace(partner, form="hl7v2"))
    assert split(payload) == tuple(message.data for message in made)
    numbers = control_ids(payload)
    assert len(set(numbers)) == 3
    assert v2_messages(given, partner) == split(payload)  # a resend has the same numbers
    letter, narrative = made[1:]
    assert letter.get("TXA-14") == narrative.get("TXA-14") == "REF-1"
    assert letter.text("OBX[1]-5") == (
        "Referral: REF-1\nService: Crisis follow-up\nUrgency: stat\nReason: Suicidal ideations (R45.851)\n"
        "Asked on: 2026-01-14T23:02:11-06:00\nUntil: 2026-01-15T23:00:00-06:00\n"
        "Referred by: Casey Hollenbrisk, LCSW, City Police\nReferred to: Lakeshore Center, +1 555 0101 900\n"
        "Note: Do not contact at home\nNote: Ring the front door.\n"
        "Results: Screener\nResult: Risk: moderate\nNote: Asked twice.\nResult: Score: 7 points\nResult: Weapon: No\n"
        "Result: Safety: Dog on the premises"
    )
    assert narrative.text("OBX[1]-5") == NARRATIVE
    assert (narrative.get("TXA-12"), narrative.get("TXA-3"), narrative.get("TXA-17")) == ("narrative", "FT", "DO")
    # coded, the results stand in the registration
    assert [one.get(3) for one in made[0].all("OBX")] == ["93373-9", "93374-7", "score", "weapon", "safety"]


def test_an_update_is_told_as_one() -> None:
    assert render(form("ADT^A04", "MDM^T02"), update=True)[0].type == "ADT^A08"
    assert [one.type for one in render(form("ADT^A28"), update=True)] == ["ADT^A31"]
    assert render(form("OMG^O19"))[0].get("ORC-1") == "NW"
    assert render(form("OMG^O19"), update=True)[0].get("ORC-1") == "XO"
    assert render(form("ORM^O01"), changed("ServiceRequest", status="revoked"), update=True)[0].get("ORC-1") == "CA"


def test_an_order_says_when_and_how_urgent() -> None:
    omg, orm = render(form("OMG^O19"))[0], render(form("ORM^O01"))[0]
    assert (omg.get("TQ1-8"), omg.get("TQ1-9"), omg.get("TQ1-9.3")) == ("20260115230000-0600", "S", "HL70485")
    assert (orm.get("OBR-27.5"), orm.get("OBR-27.6")) == ("20260115230000-0600", "S")
    assert omg.get("OBR-31") == "R45.851"
    nobody = render(form("OMG^O19"), changed("ServiceRequest", code=None))[0]
    assert nobody.get("OBR-4") == "57133-1"


def test_without_an_encounter_a_registration_says_not_applicable() -> None:
    made = bundle([one for one in resources() if one["resourceType"] != "Encounter"])
    (message,) = render(form("ADT^A28"), made)
    assert_conformant(message)
    assert message.first("PV1").raw.startswith("PV1|1|N")  # type: ignore[union-attr]


def answered(**task: Any) -> dict[str, Any]:
    made = changed("Task", **{"lastModified": "2026-01-15T09:00:00-06:00", **task})
    for entry in made["entry"]:
        if entry["resource"]["resourceType"] == "ServiceRequest":
            entry["resource"]["identifier"] = [{"system": "urn:oid:1.2.9", "value": "THEIRS-5"}]
    header = {"resourceType": "MessageHeader", "id": "h", "response": {"identifier": "CID-77", "code": "ok"}}
    return {**made, "entry": [*made["entry"], {"fullUrl": "urn:uuid:h", "resource": header}]}


@pytest.mark.parametrize(
    ("status", "code"),
    [("accepted", "A"), ("in-progress", "A"), ("rejected", "R"), ("requested", "P"), ("failed", "P")],
)
def test_our_answer_to_somebodys_referral(status: str, code: str) -> None:
    (message,) = render(form("RRI^I12"), answered(status=status, statusReason={"text": "Outside our county"}))
    assert_conformant(message)
    assert (message.get("MSA-1"), message.get("MSA-2")) == ("AA", "CID-77")
    assert (message.get("RF1-1"), message.get("RF1-6"), message.get("RF1-11")) == (code, "THEIRS-5", "REF-1")
    assert message.text("NTE[1]-3") == "Outside our county"
    # an answer tells nothing clinical
    assert not any(message.first(name) for name in ("DG1", "OBX", "OBR", "PV1", "NK1"))


@pytest.mark.parametrize("messages", [one for one in FORMS if one != ("RRI^I12",)], ids="+".join)
def test_the_notice_and_scope_go_with_every_message(messages: tuple[str, ...]) -> None:
    # 42 CFR 2.32: a message by itself may be all that a reader sees
    for message in render(form(*messages), consented()):
        notes = [one.text(3) for one in message.all("NTE")] + [
            one.text(5) for one in message.all("OBX") if one.get(3) == "NOTICE"
        ]
        assert NOTICE in notes
        assert any(note and note.startswith("Scope of the consent CF-9") for note in notes)


def test_the_scope_in_con() -> None:
    made = render(form("ADT^A28", "MDM^T02", version="2.7", scope="con"), consented())
    for message in made[1:]:
        assert_conformant(message)
        assert (message.get("CON-4"), message.get("CON-11"), message.get("CON-15")) == ("CF-9", "A", "20270114")
        assert (message.text("CON-9") or "").startswith("Scope of the consent CF-9: permit")
    assert "Consent.status" not in not_carried(consented(), form("MDM^T02", version="2.7", scope="con"))


def test_the_coarse_carriers_of_labels() -> None:
    given = labelled("R")
    (order,) = render(form("OMG^O19", labels=EVERYWHERE), given)
    assert (order.get("ORC-28"), order.get("PD1-12"), order.get("DG1-18")) == ("R", "Y", "Y")
    narrative = render(form("MDM^T02", labels=("txa-18",)), given)[1]
    assert narrative.get("TXA-18") == "R"  # the document's own: SUD
    assert render(form("OMG^O19", labels=()), given)[0].first("PD1") is None
    (very,) = render(form("ORM^O01", labels=("orc-28",)), labelled("V"))
    assert very.get("ORC-28") == "V"


def test_nothing_restricted_has_no_mark_at_all() -> None:
    made = [{key: value for key, value in one.items() if key != "meta"} for one in resources()]
    for messages in FORMS:
        for message in render(form(*messages, labels=(*EVERYWHERE, "arv", "msh-8", "msh-26", "zseg")), bundle(made)):
            assert not any(message.first(name) for name in ("PD1", "ARV", "ZSL"))
            assert not any(message.get(place) for place in ("MSH-8", "MSH-26", "ORC-28", "TXA-18", "DG1-18", "PV2-22"))


def test_access_restrictions() -> None:
    (message,) = render(form("ADT^A28", version="2.6", labels=("arv",)), labelled("42CFRPart2", system=ACT))
    assert_conformant(message)
    assert [(one.get(1), one.get(2), one.get(3), one.get(4), one.text(5)) for one in message.all("ARV")] == [
        ("1", "A", "SMD", "REG", "42CFRPart2"),
        ("2", "A", "DRG", "REG", "42CFRPart2"),
    ]


def test_the_header_of_2_9() -> None:
    partner = form("REF^I12", version="2.9", labels=("msh-8", "msh-26", "arv"), notice="msh-28")
    (message,) = render(partner, labelled("R"))
    assert (message.get("MSH-8"), message.get("MSH-26"), message.text("MSH-28")) == ("R", "R", NOTICE)
    assert message.segments[1].name == "ARV"
    assert message.get("ARV-7") == "R"
    assert "meta.extension" not in not_carried(labelled("R"), partner)


def test_the_agreed_segment_has_the_agreed_name() -> None:
    (message,) = render(form("OMG^O19", labels=("zseg",), label_segment="ZLB"))
    assert [one.raw for one in message.all("ZLB")] == [
        f"ZLB|1|{ACT}^MH|PID[1]~NK1[1]~DG1[1]",
        f"ZLB|2|{ACT}^SUD|OBX[6]",
    ]


def test_what_a_partner_leaves_out_fixes_and_codes_its_own_way() -> None:
    partner = form(
        "REF^I12",
        omit=("NK1", "PID-10"),
        codes={"RF1-2": {"S": "EMERG^Emergency^99BHE"}, "PV1-2": {"U": "O"}},
        fixed={"PV1-18": "CRISIS", "ZBH-1": "CORESPONSE", "ZBH-3": "1^Adult"},
    )
    (message,) = render(partner)
    assert message.first("NK1") is None
    assert (message.get("PID-10"), message.get("PV1-2"), message.get("PV1-18")) == (None, "O", "CRISIS")
    assert message.first("RF1").field(2) == "EMERG^Emergency^99BHE"  # type: ignore[union-attr]
    assert message.segments[-1].raw == "ZBH|CORESPONSE||1^Adult"
    assert {"NK1", "PID-10"} <= set(not_carried(bundle(), partner))


@pytest.mark.parametrize(
    ("profile", "place"),
    [
        ({"messages": ()}, "messages"),
        ({"messages": ("ORU^R01",)}, "messages"),
        ({"messages": ("REF^I12", "MDM^T02")}, "messages"),
        ({"messages": ("MDM^T02", "MDM^T02")}, "messages"),
        ({"messages": ("REF^I12^REF_I13",)}, "messages"),
        ({"version": "2.2"}, "version"),
        ({"omit": ("RF1",)}, "omit"),
        ({"omit": ("MSH-10",)}, "omit"),
        ({"omit": ("IN1",)}, "omit"),
        ({"omit": ("DG1-1",)}, "omit"),
        ({"codes": {"PV1": {"U": "O"}}}, "codes"),
        ({"codes": {"MSH-9": {"REF": "ORU"}}}, "codes"),
        ({"fixed": {"PV1-2": "O|P"}}, "fixed"),
        ({"fixed": {"PV1-2": "O\rZZZ"}}, "fixed"),
        ({"fixed": {"ORC-1": "NW"}}, "fixed"),
        ({"label_segment": "LAB"}, "label_segment"),
    ],
)
def test_a_profile_that_cannot_be_written(profile: dict[str, Any], place: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(replace(PARTNER, **profile))
    assert (caught.value.rule, caught.value.issues[0].path) == ("render.message", place)


def test_a_value_that_begins_a_message_begins_none() -> None:
    made = changed("Task", note=[{"text": "Line\rMSH|^~\\&|X"}])
    payload = rendered(made, form("OMG^O19", form="hl7v2"))
    assert len(split(payload)) == 1


def test_related_people_and_repeats_in_an_order() -> None:
    made = resources()
    made.append(
        {
            "resourceType": "RelatedPerson",
            "id": "kin",
            "patient": ref("patient"),
            "relationship": [coded("http://terminology.hl7.org/CodeSystem/v3-RoleCode", "SIB", "Sibling")],
            "name": [{"family": "Obertrand"}],
        }
    )
    (omg,) = render(form("OMG^O19"), bundle(made))
    assert [one.get(1) for one in omg.all("NK1")] == ["1", "2"]
    assert "RelatedPerson" in not_carried(bundle(made), form("ORM^O01"))
