"""The label policy: shipped defaults with their reasons, overlays laid over it, and where a fault is said to be."""

from __future__ import annotations

import pytest

from mappings.errors import PolicyError
from mappings.labels import Origin, label, load_policy
from mappings.labels.policy import DEFAULT
from mappings.labels.vocabulary import FAMILY_SENSITIVE, ORIGIN_UNKNOWN, PART2, RANK, SENSITIVITIES

CENTER = Origin(reference="Organization/mhc", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
HEAD = "name: co\nreviewed: {by: counsel, on: 2026-11-01}\n"
HIV = {
    "resourceType": "Condition",
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "B20"}]},
}


def over(text: str, name: str = "co.yaml") -> object:
    return load_policy([(name, (HEAD + text).encode())])


def marks(resource: dict[str, object], **more: object) -> set[str]:
    found = label(resource, origin=CENTER, **more).resource  # type: ignore[arg-type]
    return {coding["code"] for coding in found["meta"]["security"]}


def test_every_sensitivity_has_a_meaning_with_its_reason_and_citation() -> None:
    assert SENSITIVITIES | {PART2, ORIGIN_UNKNOWN, FAMILY_SENSITIVE} <= DEFAULT.meanings.keys()
    for code, meaning in DEFAULT.meanings.items():
        assert meaning.because and meaning.cite, code
        assert meaning.confidentiality == "R", code
    assert (DEFAULT.default, DEFAULT.handling) == ("N", False)


def test_an_overlay_raises_and_is_named_in_version_and_label() -> None:
    policy = load_policy(
        [("co.yaml", (HEAD + "labels: {HIV: {confidentiality: V, because: state law, cite: statute}}").encode())]
    )
    assert policy.version == f"{DEFAULT.version}+co"
    found = label(HIV, origin=CENTER, policy=policy)
    assert {coding["code"] for coding in found.resource["meta"]["security"]} == {"V", "HIV"}
    coding = next(one for one in found.resource["meta"]["security"] if one["code"] == "HIV")
    artifact = coding["extension"][-1]["valueRelatedArtifact"]
    assert policy.version in artifact["display"]
    assert policy.meanings["HIV"].file == "co.yaml"
    assert policy.meanings["SUD"].file == "policy.yaml"


def test_overlays_are_laid_one_over_the_other() -> None:
    two = "name: site\nreviewed: {by: counsel, on: 2026-11-02}\ndefault: R\n"
    policy = load_policy([("co.yaml", HEAD.encode()), ("site.yaml", two.encode())])
    assert (policy.version, policy.default) == (f"{DEFAULT.version}+co+site", "R")
    assert marks({"resourceType": "Patient"}, policy=policy) == {"R"}


def test_what_is_lowered_must_be_said_and_the_law_cannot_be() -> None:
    line = "labels: {{{code}: {{confidentiality: N, because: x, cite: y{more}}}}}"
    assert refused(line.format(code="PREGNANT", more="")) == "co.yaml:3:PREGNANT.confidentiality"
    policy = load_policy([("co.yaml", (HEAD + line.format(code="PREGNANT", more=", lowers: true")).encode())])
    assert policy.confidentiality["PREGNANT"] == "N"
    for code in (PART2, ORIGIN_UNKNOWN):
        assert refused(line.format(code=code, more=", lowers: true")) == f"co.yaml:3:{code}.confidentiality"


def refused(text: str) -> str:
    with pytest.raises(PolicyError) as raised:
        over(text)
    assert raised.value.rule == "label.policy"
    return raised.value.issues[0].path.replace(":labels.", ":")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("labels: {SUDD: {confidentiality: R, because: x, cite: y}}", "co.yaml:3:SUDD"),
        ("labels:\n  SUD: {confidentiality: Q, because: x, cite: y}", "co.yaml:4:SUD.confidentiality"),
        ("labels:\n  SUD: {because: x}", "co.yaml:4:SUD"),
        ("labels:\n  SUD: {because: x, cite: y, refrain: [NORDSLCD]}", "co.yaml:4:SUD.refrain[0]"),
        ("labels:\n  SUD: {because: x, cite: y, refrain: NORDSCLCD}", "co.yaml:4:SUD.refrain"),
        ("labels:\n  SUD: {because: x, cite: y, purpose: [LE]}", "co.yaml:4:SUD.purpose[0]"),
        ("labels:\n  SUD: {because: x, cite: y}\n  SUD: {because: x, cite: y}", "co.yaml:5:labels"),
        ("labels:\n  SUD: 7", "co.yaml:4:SUD"),
        ("default: X", "co.yaml:3:default"),
        ("handling: perhaps", "co.yaml:3:handling"),
        ("colour: red", "co.yaml:3"),
        ("labels: {", "co.yaml:"),
        ("labels: [\t", "co.yaml:"),
    ],
)
def test_a_fault_is_said_with_file_line_and_key(text: str, place: str) -> None:
    assert refused(text).startswith(place)


@pytest.mark.parametrize(
    "text", [b"", b"[]", b"\xff\xfe\x00", b"name: x\n", b"name: x\nreviewed: {by: y}\n", b"- 1", b"a" * 2_000_000]
)
def test_what_is_no_overlay_is_refused(text: bytes) -> None:
    with pytest.raises(PolicyError):
        load_policy([("x.yaml", text)])


def test_handling_is_put_on_records_only_where_the_policy_says_so() -> None:
    plain = label({"resourceType": "Patient"}, origin=PROGRAM).resource
    assert {coding["code"] for coding in plain["meta"]["security"]} == {"R", PART2}
    policy = load_policy([("co.yaml", (HEAD + "handling: true").encode())])
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": {"resourceType": "Patient"}}]}
    found = label(bundle, origin=PROGRAM, policy=policy).resource
    for one in (found, found["entry"][0]["resource"]):
        assert {coding["code"] for coding in one["meta"]["security"]} == {"R", PART2, "NORDSCLCD", "PERSISTLABEL"}
    assert label(found, origin=PROGRAM, policy=policy).resource == found


def test_purposes_have_their_own_code_system() -> None:
    text = HEAD + "handling: true\nlabels: {HIV: {because: x, cite: y, purpose: [TREAT]}}"
    found = label(HIV, origin=CENTER, policy=load_policy([("co.yaml", text.encode())])).resource
    (coding,) = [one for one in found["meta"]["security"] if one["code"] == "TREAT"]
    assert coding["system"].endswith("v3-ActReason")


def test_a_policy_never_lowers_what_a_record_came_with() -> None:
    for level in RANK:
        resource = {"resourceType": "Patient", "meta": {"security": [{"code": level}]}}
        (found,) = marks(resource)
        assert RANK[found] >= RANK[level]
