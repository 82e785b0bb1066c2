"""Scenarios S01 to S24, label layer: the label set of each case, exactly, with the path of each."""

from __future__ import annotations

import base64
from itertools import pairwise
from typing import Any

import pytest

from mappings.labels import Origin, label, label_bundle

ICD = "http://hl7.org/fhir/sid/icd-10-cm"
RX = "http://www.nlm.nih.gov/research/umls/rxnorm"
POLICE = Origin(reference="Organization/pd", role="law-enforcement")
CENTER = Origin(reference="Organization/mhc", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
HOSPITAL = Origin(reference="Organization/hospital", role="covered-entity")


def condition(code: str, system: str | None = ICD, **more: Any) -> dict[str, Any]:
    coding = {"code": code} if system is None else {"system": system, "code": code}
    return {"resourceType": "Condition", "id": "x", "code": {"coding": [coding], **more}}


def medication(code: str, **more: Any) -> dict[str, Any]:
    concept = {"coding": [{"system": RX, "code": code}], **more}
    return {"resourceType": "MedicationRequest", "id": "x", "medicationCodeableConcept": concept}


def narrative(text: str) -> dict[str, Any]:
    data = base64.b64encode(text.encode()).decode()
    return {
        "resourceType": "DocumentReference",
        "id": "x",
        "content": [{"attachment": {"contentType": "text/plain", "data": data}}],
    }


def marks(resource: dict[str, Any]) -> set[str]:
    return {coding["code"] for coding in resource["meta"]["security"]}


def possible(labels: Any) -> set[str]:
    return {row.code for row in labels if row.grade == "possible"}


ADMINISTRATION = {
    "resourceType": "MedicationAdministration",
    "medicationCodeableConcept": {"coding": [{"system": RX, "code": "1191250"}], "text": "Naloxone 4 mg IN"},
}

# resource, origin -> what stands in meta.security, what is only possible
TABLE = {
    "s01_naloxone_drug": (ADMINISTRATION, POLICE, {"N"}, {"SUD"}),
    "s01_naloxone_text": (narrative("Officer administered naloxone 4 mg IN, no response."), POLICE, {"N"}, {"SUD"}),
    "s02_odor_of_alcohol": (
        narrative("Strong odor of alcohol on breath, slurred speech."),
        POLICE,
        {"N"},
        {"SUD"},
    ),
    "s03_blood_alcohol": (
        {"resourceType": "Observation", "code": {"text": "BAC, evidentiary"}, "valueString": "0.16"},
        POLICE,
        {"N"},
        {"SUD"},
    ),
    "s04_program_asthma": (condition("J45.40"), PROGRAM, {"R", "42CFRPart2"}, set()),
    "s05_center_f11": (condition("F11.20"), CENTER, {"R", "SUD", "OPIOIDUD"}, set()),
    "s06_part2_kept_in_copy": (
        {**condition("F11.20"), "meta": {"security": [{"code": "42CFRPart2"}]}},
        CENTER,
        {"R", "SUD", "OPIOIDUD", "42CFRPart2"},
        set(),
    ),
    "s07_origin_unknown": (condition("J45.40"), None, {"R", "origin-unknown"}, set()),
    "s07_role_unknown": (condition("J45.40"), Origin(reference="Organization/x"), {"R", "origin-unknown"}, set()),
    "s09_methadone_tablet": (
        {
            **medication("864706", text="methadone hydrochloride 10 MG Oral Tablet"),
            "reasonCode": [{"text": "cancer pain"}],
        },
        HOSPITAL,
        {"N"},
        {"SUD", "OPIOIDUD"},
    ),
    "s09_methadone_concentrate": (medication("991147"), HOSPITAL, {"R", "SUD", "OPIOIDUD"}, set()),
    "s10_buprenorphine_film": (medication("1010604"), HOSPITAL, {"R", "SUD", "OPIOIDUD"}, set()),
    "s11_f11_11": (condition("F11.11"), CENTER, {"R", "SUD", "OPIOIDUD"}, set()),
    "s12_nicotine": (condition("F17.210", text="Nicotine dependence, cigarettes"), CENTER, {"N"}, set()),
    "s13_family_code": (
        condition("Z81.1", text="Family history of alcohol abuse"),
        CENTER,
        {"N"},
        {"family-sensitive"},
    ),
    "s13_family_text": (narrative("His mother is in recovery."), CENTER, {"N"}, {"family-sensitive"}),
    "s14_oid": (condition("F10.20", "urn:oid:2.16.840.1.113883.6.90"), CENTER, {"R", "SUD", "ETHUD"}, set()),
    "s14_url": (condition("F10.20", ICD), CENTER, {"R", "SUD", "ETHUD"}, set()),
    "s14_name": (condition("F10.20", "ICD10CM"), CENTER, {"R", "SUD", "ETHUD"}, set()),
    "s14_dotless": (condition("F1020", ICD), CENTER, {"R", "SUD", "ETHUD"}, set()),
    "s14_lower": (condition("f10.20", "icd-10-cm"), CENTER, {"R", "SUD", "ETHUD"}, set()),
    "s14_no_system": (condition("F10.20", None), CENTER, {"N"}, {"SUD", "ETHUD"}),
    "s15_text_only": (
        {"resourceType": "Condition", "code": {"text": "OUD on MAT"}},
        CENTER,
        {"R", "SUD", "OPIOIDUD"},
        set(),
    ),
    "s16_negated": (narrative("Denies drug or alcohol use. No needles found."), CENTER, {"N"}, set()),
    "s16_hypothetical": (narrative("Return if he relapses."), CENTER, {"N"}, set()),
    "s17_told_by_clinician": (
        narrative("MHC clinician told me he is on methadone at Sunrise."),
        POLICE,
        {"N"},
        {"SUD", "OPIOIDUD", "origin-unknown"},
    ),
    "s18_unreadable_attachment": (
        {
            "resourceType": "DocumentReference",
            "content": [{"attachment": {"contentType": "application/pdf", "data": "JVBERi0xLjQK"}}],
        },
        PROGRAM,
        {"R", "42CFRPart2"},
        set(),
    ),
    "s20_contained": (
        {
            "resourceType": "MedicationStatement",
            "contained": [
                {"resourceType": "Medication", "id": "m", "code": {"coding": [{"system": RX, "code": "351266"}]}}
            ],
            "medicationReference": {"reference": "#m"},
        },
        CENTER,
        {"R", "SUD", "OPIOIDUD"},
        set(),
    ),
    "s52_local_narrative": (narrative("Subject lives at the shelter and was calm."), POLICE, {"N"}, set()),
    "s52_undeclared_narrative": (
        narrative("Subject lives at the shelter and was calm."),
        None,
        {"R", "origin-unknown"},
        set(),
    ),
    "s53_clinician_on_scene": (narrative("Spoke with client, calm, safety plan made."), CENTER, {"N"}, set()),
}  # fmt: skip


#: The scenarios whose layer is the label; S22 to S24 are about Bundles and inline labels, further down.
LABEL_LAYER = {f"s{number:02}" for number in (*range(1, 8), *range(9, 19), 22, 23, 24, 52, 53)}


def test_every_scenario_of_the_label_layer_is_here() -> None:
    cases = {name[:3] for name in TABLE} | {name[5:8] for name in globals() if name.startswith("test_s")}
    assert cases >= LABEL_LAYER


@pytest.mark.parametrize("name", TABLE)
def test_labels(name: str) -> None:
    resource, origin, certain, maybe = TABLE[name]
    found = label(resource, origin=origin)
    assert marks(found.resource) == certain
    assert possible(found.labels) - certain == maybe


@pytest.mark.parametrize("name", TABLE)
def test_labelling_again_changes_nothing(name: str) -> None:
    resource, origin, _, _ = TABLE[name]
    once = label(resource, origin=origin).resource
    assert label(once, origin=origin).resource == once


@pytest.mark.parametrize("name", [name for name, row in TABLE.items() if row[1] is not PROGRAM and "s06" not in name])
def test_p1_no_content_makes_the_law_label(name: str) -> None:
    resource, origin, _, _ = TABLE[name]
    assert all(row.code != "42CFRPart2" for row in label(resource, origin=origin).labels)


@pytest.mark.parametrize(
    ("role", "code"),
    [
        ("part2-program", "42CFRPart2"),
        ("lawful-holder", "42CFRPart2"),
        ("qso", "42CFRPart2"),
        ("intermediary", "origin-unknown"),
        ("covered-entity", None),
        ("business-associate", None),
        ("law-enforcement", None),
        ("other", None),
    ],
)
def test_origin_labels_by_role(role: Any, code: str | None) -> None:
    found = label({"resourceType": "Patient"}, origin=Origin(reference="Organization/x", role=role))
    assert marks(found.resource) == ({code, "R"} if code else {"N"})


def test_s15_text_label_says_that_words_were_the_reason() -> None:
    found = label({"resourceType": "Condition", "code": {"text": "OUD on MAT"}}, origin=CENTER).resource
    coding = next(one for one in found["meta"]["security"] if one["code"] == "SUD")
    assert coding["extension"][0]["url"].endswith("extension-sec-label-basis")
    assert coding["extension"][0]["valueCoding"]["code"] == "text"


def test_s14_code_text_and_alias_agree() -> None:
    for resource in (condition("F11.20"), {"resourceType": "Condition", "code": {"text": "opioid use disorder"}}):
        assert marks(label(resource, origin=CENTER).resource) == {"R", "SUD", "OPIOIDUD"}


def test_s20_the_contained_resource_gets_no_label_of_its_own() -> None:
    resource = TABLE["s20_contained"][0]
    found = label(resource, origin=CENTER)
    assert "meta" not in found.resource["contained"][0]  # dom-5
    assert any(row.path == "MedicationStatement.contained[0].code.coding[0]" for row in found.labels)


def test_s22_bundle_gets_the_high_water_mark() -> None:
    entries = [{"resource": condition("F10.20")}, *({"resource": condition("J45.40")} for _ in range(9))]
    found = label_bundle({"resourceType": "Bundle", "type": "collection", "entry": entries}, [CENTER] * 10)
    assert marks(found.resource) == {"R", "SUD", "ETHUD"}
    assert [row.path for row in found.labels if row.code == "ETHUD"] == ["Bundle.entry[0].resource.code.coding[0]"]


def test_s22_order_of_confidentiality() -> None:
    levels = ["U", "L", "M", "N", "R", "V"]
    for lower, higher in pairwise(levels):
        entries = [
            {"resource": {"resourceType": "Basic", "meta": {"security": [{"code": level}]}}}
            for level in (lower, higher)
        ]
        found = label_bundle({"resourceType": "Bundle", "type": "collection", "entry": entries}, [CENTER] * 2)
        assert marks(found.resource) == {higher if higher in "NRV" else "N"}


def test_s23_bundle_carries_psythpn() -> None:
    entry = {"resource": {"resourceType": "Basic", "meta": {"security": [{"code": "PSYTHPN"}]}}}
    found = label_bundle({"resourceType": "Bundle", "type": "collection", "entry": [entry]}, [CENTER])
    assert marks(found.resource) == {"R", "PSYTHPN"}


def test_s24_inline_label_marks_the_resource() -> None:
    inline = {
        "url": "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-inline-sec-label",
        "valueCoding": {"system": "http://terminology.hl7.org/CodeSystem/v3-Confidentiality", "code": "V"},
    }
    resource = {
        "resourceType": "Patient",
        "meta": {"security": [{"code": "R"}]},
        "name": [{"family": "Tessivane", "extension": [inline]}],
    }
    assert marks(label(resource, origin=CENTER).resource) == {"V", "PROCESSINLINELABEL"}


def test_existing_labels_are_never_lowered() -> None:
    resource = {"resourceType": "Patient", "meta": {"security": [{"code": "V"}, {"code": "HIV"}, {"code": "local"}]}}
    found = label(resource, origin=CENTER).resource
    assert marks(found) == {"V", "HIV", "local"}


def test_explain_rows_are_one_for_each_code_and_path() -> None:
    resource = condition("F11.20", text="Opioid use disorder")
    rows = label(resource, origin=PROGRAM).labels
    keys = [(row.code, row.path) for row in rows]
    assert len(keys) == len(set(keys))
    assert set(rows[0].to_json()) == {"system", "code", "grade", "because", "path"}
    assert ("SUD", "Condition.code.coding[0]") in keys
    assert ("SUD", "Condition.code.text") in keys


def test_no_label_repeats_a_value() -> None:
    resource = narrative("Tessivane is in methadone treatment at 7714 Larkmere Court.")
    rows = label(resource, origin=PROGRAM).labels
    assert rows
    assert not any(word in str(rows) for word in ("Tessivane", "7714", "Larkmere"))


def test_the_input_is_not_changed() -> None:
    import copy

    for resource, origin, _, _ in TABLE.values():
        before = copy.deepcopy(resource)
        label(resource, origin=origin)
        assert resource == before
