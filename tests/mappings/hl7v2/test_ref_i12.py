"""REF^I12 out of a referral Bundle: legal structure, every value from the Bundle, what is left behind is named."""

from __future__ import annotations

import base64
import copy
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from mappings.errors import RenderError
from mappings.hl7v2.codec import Message, parse
from mappings.hl7v2.header import control_id
from mappings.hl7v2.messages import not_carried, v2_messages
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
    without,
)


def render(given: dict[str, Any] | None = None, **partner: Any) -> Message:
    (message,) = v2_messages(given or bundle(), replace(PARTNER, **partner))
    return parse(message)


def test_the_whole_message() -> None:
    message = render()
    assert_conformant(message)
    assert message.data.decode().split("\r") == [
        r"MSH|^~\&|HUB^1.2.3^ISO|CITY|EHR|CMHC|20260114230212-0600||REF^I12^REF_I12|"
        + control_id(bundle()["id"])
        + "|P|2.5.1||||||UNICODE UTF-8",
        "RF1|P^Pending^HL70283|S^STAT^HL70280|^Crisis follow-up|||REF-1^CITY^1.2.3.9^ISO|20260114230211-0600|"
        "20260115230000-0600|20260114230211-0600|R45.851^Suicidal ideations^I10C",
        "PRD|RP^Referring Provider^HL70286|Hollenbrisk^Casey^^LCSW||^^^^^^^^City Police|||1234567893^NPI",
        "PRD|RT^Referred to Provider^HL70286|||^^^1992799992^^^^^Lakeshore Center|"
        "+1 555 0101 900^WPN^PH^^^^^^^^^+1 555 0101 900||1992799992^NPI",
        "CTD|ADMIN^Admin^L|Intake desk^^^^^^D",
        "PID|1||MPI-77^^^CITYPD&1.2.3.4&ISO^PI||Zwindelmark^Jo^Ann^^^^L~^Jojo^^^^^N||198904|F||2106-3^White^CDCREC|"
        "1 Sample St^Apt 3^Millbrook^WI^53000^^H||+1 555 0101 222^^CP^^^^^^^^^+1 555 0101 222"
        "~^NET^Internet^jo@example.org"
        "|+1 555 0101 223^WPN^PH^^^^^^^^^+1 555 0101 223|es^Spanish^BCP47|S^Never Married^L",
        "NK1|1|Zwindelmark^Mo|N^Next-of-Kin^HL70131||+1 555 0101 224^PRN^PH^^^^^^^^^+1 555 0101 224",
        "DG1|1||F32.A^Depression, unspecified^I10C||20260114|W||||||||||"
        "1234567893^Hollenbrisk^Casey^^LCSW^^^^&http://hl7.org/fhir/sid/us-npi&URI^^^^NPI",
        "OBR|1|||93373-9^Screener^LN|||20260114222900-0600||||||||||||||||||F",
        "OBX|1|CWE|93374-7^Risk^LN||^moderate||||||F|||||"
        "1234567893^Hollenbrisk^Casey^^LCSW^^^^&http://hl7.org/fhir/sid/us-npi&URI^^^^NPI",
        "NTE|1||Asked twice.",
        "OBX|2|NM|score^Score^L||7|^points|||||F",
        "OBR|2|||weapon^Weapon^L|||||||||||||||||||||F",
        "OBX|1|CWE|weapon^Weapon^L||N^No^HL70136||||||F",
        "OBR|3|||safety^Safety^L",
        "OBX|1|CWE|safety^Safety^L||^Dog on the premises||||||F",
        "OBR|4|||34109-9^Note^LN|||20260114223000-0600",
        "OBX|1|FT|34109-9^Note^LN||"
        r"Line one \F\ with \S\ \T\ \R\ \E\ marks.\.br\Line two.||||||F|||20260114223000-0600|"
        "|1234567893^Hollenbrisk^Casey^^LCSW^^^^&http://hl7.org/fhir/sid/us-npi&URI^^^^NPI",
        "PV1|1|U|^^^City Police^^^^^Riverside park||||||||||||||||CAD-417^^^&1.2.3.5&ISO^VN|||||||||||||||||||||||||"
        "20260114221830-0600",
        "PV2|||^Welfare check",
        "NTE|1||Do not contact at home",
        "NTE|2||Ring the front door.",
        "",
    ]


def test_the_narrative_reads_back() -> None:
    assert render().text("OBX[5]-5") == NARRATIVE


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(node, list):
        for one in node:
            yield from leaves(one, path)
    elif isinstance(node, dict):
        for key, one in node.items():
            yield from leaves(one, f"{path}.{key}" if path else key)
    elif isinstance(node, str):
        yield path, node


def test_what_is_not_listed_as_left_behind_is_in_the_message() -> None:
    message, listed = render(), not_carried(bundle(), PARTNER)
    values = set()
    for segment in message.segments:
        for number in range(1, len(segment) + 1):
            for repetition in segment.repetitions(number):
                values |= {repetition.get(n, m) for n in range(1, 14) for m in range(1, 5)}
                values.add(repetition.text)
    #: written as codes of v2's own tables, dates and encodings, or the Bundle's construction
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
            assert value in values, full


def test_left_behind_names_paths_never_values() -> None:
    listed = not_carried(bundle(), PARTNER)
    assert {
        "Encounter.class",
        "Encounter.status",
        "meta.security",
        "Observation.code.coding.system",
    } <= set(listed)
    assert "Patient.name.family" not in listed
    assert not any("Zwindelmark" in path for path in listed)


@pytest.mark.parametrize("version", ["2.3.1", "2.4", "2.5", "2.5.1", "2.6", "2.7", "2.8"])
def test_versions(version: str) -> None:
    message = render(version=version)
    assert message.version == version
    assert_conformant(message)
    assert message.get("OBX[1]-2") == ("CWE" if version >= "2.5" else "CE")


def test_the_same_bundle_gives_the_same_bytes_and_another_another_control_id() -> None:
    assert render().data == render(copy.deepcopy(bundle())).data
    assert len(control_id(bundle()["id"])) == 20
    assert control_id("another") != control_id(bundle()["id"])


def test_enhanced_acknowledgement_is_asked_for() -> None:
    message = render(acknowledgement="enhanced")
    assert (message.get("MSH-15"), message.get("MSH-16")) == ("AL", "AL")


@pytest.mark.parametrize(
    ("priority", "code"), [("routine", "R"), ("urgent", "U"), ("asap", "A"), ("stat", "S"), (None, "S")]
)
def test_priority(priority: str | None, code: str) -> None:
    assert render(changed("ServiceRequest", priority=priority)).get("RF1-2") == code


def test_a_person_without_name_gets_none() -> None:
    absent = [{"url": "http://hl7.org/fhir/StructureDefinition/data-absent-reason", "valueCode": "unknown"}]
    ours = "https://warmhandoff.org/fhir/StructureDefinition/"
    made = changed(
        "Patient",
        name=[{"extension": absent}],
        identifier=None,
        birthDate=None,
        extension=[
            {"url": ours + "person-description", "valueString": "Tall, red coat"},
            {"url": ours + "reported-age", "valueAge": {"value": 40, "unit": "years", "code": "a"}},
        ],
    )
    message = render(made)
    assert_conformant(message)
    assert message.segments[5].raw.startswith("PID|1||patient^^^CITY^PI||^^^^^^U|||F")
    assert message.get("PID-31") == "Y"
    assert message.get("OBX[1]-5") == "Tall, red coat"
    assert (message.get("OBX[2]-5"), message.get("OBX[2]-6.2")) == ("40", "years")
    assert "Patient.extension(person-description)" not in not_carried(made, PARTNER)


def test_a_name_that_is_only_missing_does_not_say_that_the_identity_is_unknown() -> None:
    message = render(changed("Patient", name=None))
    assert message.get("PID-5.7") == "U"
    assert message.get("PID-31") is None


def test_what_is_withheld_leaves_no_gap() -> None:
    message = render(without("condition", "panel", "item-1"))
    assert_conformant(message)
    assert message.first("DG1") is None
    assert [one.get(1) for one in message.all("OBR")] == ["1", "2", "3", "4"]
    full = [one.raw for one in render(without("item-1")).all("OBX")]
    assert [raw.split("|")[1] for raw in full] == ["1", "1", "1", "1"]


def test_another_persons_record_is_not_written_as_the_patients() -> None:
    made = resources()
    made.append({"resourceType": "Patient", "id": "other", "name": [{"family": "Klompertix"}]})
    made.append({**next(one for one in made if one["id"] == "weapon"), "id": "theirs", "subject": ref("other")})
    made.append({**next(one for one in made if one["id"] == "condition"), "id": "theirs-2", "subject": ref("other")})
    message = render(bundle(made))
    assert message.data == render().data
    assert {"Patient", "Observation", "Condition"} <= set(not_carried(bundle(made), PARTNER))


def test_a_refuted_condition_is_no_diagnosis() -> None:
    status = coded("http://terminology.hl7.org/CodeSystem/condition-ver-status", "refuted", "Refuted")
    made = changed("Condition", verificationStatus=status)
    assert render(made).first("DG1") is None
    assert "Condition" in not_carried(made, PARTNER)


def test_members_in_a_circle_are_not_lost() -> None:
    made = resources()
    for one in made:
        if one["id"] == "item-1":
            one["hasMember"] = [ref("panel")]
    codes = [one.get(3) for one in render(bundle(made)).all("OBX")]
    assert {"93374-7", "score", "weapon"} <= set(codes)
    assert len(codes) == len(render().all("OBX"))


def test_components_and_a_value_that_is_missing() -> None:
    pressure = {
        "valueCodeableConcept": None,
        "code": coded("http://loinc.org", "85354-9", "Blood pressure"),
        "hasMember": None,
        "component": [
            {
                "code": coded("http://loinc.org", "8480-6", "Systolic"),
                "valueQuantity": {"value": 120, "comparator": "<"},
            },
            {"code": coded("http://loinc.org", "8462-4", "Diastolic")},
        ],
    }
    made = resources()
    panel = next(one for one in made if one["id"] == "panel")
    panel.update(pressure)
    message = render(bundle([one for one in made if not one["id"].startswith("item")]))
    assert message.all("OBX")[0].raw.startswith("OBX|1|SN|8480-6^Systolic^LN|1|<^120||||||F")
    assert message.all("OBX")[1].raw.startswith("OBX|2||8462-4^Diastolic^LN|2|||||||X")
    assert_conformant(message)


def test_a_long_narrative_is_continued_not_cut() -> None:
    text = "word " * 30_000
    data = base64.b64encode(text.encode()).decode()
    made = changed("DocumentReference", content=[{"attachment": {"contentType": "text/plain", "data": data}}])
    pieces = [one for one in render(made).all("OBX") if one.get(3) == "34109-9"]
    assert [one.get(4) for one in pieces] == ["1", "2", "3"]
    assert "".join(one.text(5) or "" for one in pieces) == text


def test_other_documents_are_encapsulated_and_a_missing_one_is_listed() -> None:
    made = changed(
        "DocumentReference",
        content=[
            {"attachment": {"contentType": "application/pdf", "data": "JVBERi0="}},
            {"attachment": {"contentType": "application/pdf", "url": "https://example.org/x.pdf"}},
        ],
    )
    message = render(made)
    assert_conformant(message)
    assert message.text("OBX[5]-5") == "^application^pdf^Base64^JVBERi0="
    assert "DocumentReference.content.attachment" in not_carried(made, PARTNER)


def test_a_questionnaire() -> None:
    made = resources()
    made.append(
        {
            "resourceType": "QuestionnaireResponse",
            "id": "answers",
            "status": "completed",
            "questionnaire": "http://loinc.org/q/93373-9",
            "subject": ref("patient"),
            "item": [
                {
                    "linkId": "1",
                    "answer": [{"valueBoolean": True}],
                    "item": [{"linkId": "1.1", "answer": [{"valueDecimal": 2.5}]}],
                },
                {"linkId": "2", "answer": [{"valueCoding": {"system": "http://loinc.org", "code": "LA33-6"}}]},
            ],
        }
    )
    message = render(bundle(made))
    assert_conformant(message)
    found = [(one.get(2), one.get(3), one.get(5)) for one in message.all("OBX")]
    assert ("CWE", "1", "Y") in found
    assert ("NM", "1.1", "2.5") in found
    assert ("CWE", "2", "LA33-6") in found


def test_the_notice_and_the_consents_scope_stand_in_nte() -> None:
    # 42 CFR 2.32(a) and (b)
    message = render(consented())
    assert_conformant(message)
    notes = [one.text(3) for one in message.all("NTE")][-2:]
    assert notes[0] == NOTICE
    assert notes[1] == (
        "Scope of the consent CF-9: permit; actors recipient Lakeshore Center; purposes TREAT; "
        "valid open to 2027-01-14\nExcept: deny; content HIV\nGiven: 2026-01-14\nUnder: https://www.ecfr.gov/current/title-42/section-2.31"
    )
    assert [one.get(1) for one in message.all("NTE")] == ["1", "1", "2", "3", "4"]
    assert "meta.extension" not in not_carried(consented(), PARTNER)


@pytest.mark.parametrize(
    ("partner", "rule"),
    [
        ({"notice": "meta"}, "render.notice"),
        ({"notice": "none"}, "render.notice"),
        ({"scope": "consent"}, "render.consent-scope"),
        ({"scope": "none"}, "render.consent-scope"),
    ],
)
def test_a_partner_that_cannot_carry_them_gets_no_part_2_content(partner: dict[str, Any], rule: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(consented(), **partner)
    assert caught.value.rule == rule


def test_on_paper_by_agreement_the_message_goes_without_and_says_so() -> None:
    partner = replace(PARTNER, notice="document", scope="document")
    assert NOTICE.encode() not in v2_messages(consented(), partner)[0]
    assert {"meta.extension", "Consent"} <= set(not_carried(consented(), partner))


def test_labels_in_the_agreed_segment() -> None:
    given = bundle()
    given["meta"] = {"security": [{"system": ACT, "code": "42CFRPart2"}]}
    message = render(given, labels=("zseg",))
    assert [one.raw for one in message.all("ZSL")] == [
        f"ZSL|1|{ACT}^42CFRPart2",
        f"ZSL|2|{ACT}^MH|PID[1]~NK1[1]~DG1[1]",
        f"ZSL|3|{ACT}^SUD|OBR[4]~OBX[5]",
    ]
    assert message.get("OBX[5]-3") == "34109-9"
    assert "meta.security" not in not_carried(given, replace(PARTNER, labels=("zseg",)))
    # hl7apy cannot check a message with a Z segment without dropping it: what it can check is the rest.
    assert_conformant(parse(message.data.partition(b"ZSL|")[0]))


def test_the_partners_character_set() -> None:
    made = changed("Patient", name=[{"family": "Żwindelmark"}])
    assert render(made).get("PID-5") == "Żwindelmark"
    assert render(made, charset="8859/2").get("PID-5") == "Żwindelmark"
    with pytest.raises(RenderError) as caught:
        render(made, charset="8859/1")
    assert (caught.value.rule, caught.value.issues[0].path) == ("render.charset", "PID-5")


@pytest.mark.parametrize(
    ("given", "partner", "rule"),
    [
        (without("request"), {}, "render.no-referral"),
        (without("patient"), {}, "render.no-patient"),
        (changed("Task", identifier=None), {}, "render.no-referral-id"),
        ({**bundle(), "timestamp": None}, {}, "render.bundle"),
        ({**bundle(), "timestamp": "2026-01-14"}, {}, "render.bundle"),
        ({**bundle(), "id": None}, {}, "render.bundle"),
        (bundle([*resources(), {**resources()[1], "id": "two"}]), {}, "render.several-referrals"),
        (bundle(), {"messages": ("ORU^R01^ORU_R01",)}, "render.message"),
        (bundle(), {"version": "2.3"}, "render.message"),
        (bundle(), {"version": "three"}, "render.message"),
        (bundle(), {"charset": "UNICODE UTF-16"}, "render.charset"),
    ],
)
def test_refused(given: dict[str, Any], partner: dict[str, Any], rule: str) -> None:
    with pytest.raises(RenderError) as caught:
        render(given, **partner)
    assert caught.value.rule == rule
    assert "Zwindelmark" not in str(caught.value)
