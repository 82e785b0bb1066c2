"""The document of `handoff decide`, read: what each part may be, and what is refused by its place (section 9)."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release import ReleasePolicy, decide_json, read_overlay, release_json
from hub.release.contract import _read
from hub.release.request import Request

Json = dict[str, Any]


def request(build: Any, **changes: Any) -> Request:
    document = build.ask([build.condition("J45.40")], origin="covered-entity")
    document["request"] |= changes
    return _read(document).request


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"law": "mosaic"}, "request.law"),
        ({"postures": []}, "request.postures"),
        ({"origins": "Organization/otp"}, "request.origins"),
        ({"origins": []}, "request.origins"),
        ({"origins": "x"}, "request.origins"),
        ({"origins": [7]}, "request.origins[0]"),
        ({"zone": 7}, "request.zone"),
        ({"zone": "Mars/Base"}, "request.zone"),
        ({"actors": []}, "request.actors"),
        ({"entries": {}}, "request.entries"),
        ({"purpose": ""}, "request.purpose"),
        ({"purpose": 7}, "request.purpose"),
        ({"at": 7}, "request.at"),
        ({"at": "2026-02-30"}, "request.at"),
        ({"patient": 7}, "request.patient"),
        ({"patient": {"reference": 7}}, "request.patient"),
        ({"discloser": "x"}, "request.discloser"),
        ({"evidence": {}}, "request.evidence"),
        ({"evidence": [{"type": ""}]}, "request.evidence[0].type"),
        ({"minors": {"alone_from": 12}}, "request.minors"),
        ({"minors": {"alone_from": 12, "majority": 22}}, "request.minors"),
        ({"minors": {"alone_from": -1, "majority": 18}}, "request.minors"),
        ({"minors": 12}, "request.minors"),
    ],
)
def test_what_is_wrong_is_named_by_its_place(build: Any, change: Json, path: str) -> None:
    document = build.ask([build.condition()])
    document["request"] |= change
    with pytest.raises(ReleaseError) as caught:
        decide_json(document)
    assert (caught.value.rule, caught.value.issues[0].path) == ("release.bad-request", path)


@pytest.mark.parametrize(
    ("document", "path"), [([], "$"), ({}, "request"), ({"request": {}, "consents": {}}, "consents")]
)
def test_a_document_is_an_object_with_a_request(document: Any, path: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        decide_json(document)
    assert caught.value.issues[0].path == path


def test_what_may_be_left_out(build: Any) -> None:
    made = _read({"request": {"recipient": {}, "purpose": "TREAT", "at": "2026-06-01"}})
    asked = made.request
    assert (made.consents, asked.entries, asked.law, asked.zone, asked.patient, asked.actors) == (
        [], (), None, "UTC", None, {},
    )  # fmt: skip
    assert (asked.recipient.reference, asked.recipient.role, asked.evidence, asked.birth_date) == (None, None, (), None)


def test_how_a_party_is_given(build: Any) -> None:
    npi, other = {"system": "urn:npi", "value": "7"}, {"value": "8"}
    for given, expected in (
        (npi, {"urn:npi|7"}),
        ([npi, other, {"system": "x"}, "y"], {"urn:npi|7", "|8"}),
        ("x", set()),
    ):
        assert request(build, recipient={"identifier": given}).recipient.identifiers == expected
    for duties, expected in ((["treating", 7], {"treating", "7"}), ("treating", set())):
        assert request(build, recipient={"duties": duties}).recipient.duties == expected
    who = request(build, recipient={"reference": 7, "role": ""}).recipient
    assert (who.reference, who.role) == (None, None)


def test_how_a_patient_and_the_birth_date_are_given(build: Any) -> None:
    assert request(build, patient={"reference": "Patient/p-1"}).patient == "Patient/p-1"
    born = [build.patient()]
    assert request(build, entries=born).birth_date == "1988-04-02"
    assert request(build, entries=born, birthDate="2011-01-01").birth_date == "2011-01-01"
    assert request(build, entries=born, birthDate="").birth_date == "1988-04-02"
    assert request(build, entries=born, patient="Patient/other").birth_date is None


@pytest.mark.parametrize(
    ("origins", "postures", "law", "expected"),
    [
        (["Organization/x"], {"Organization/x": "covered-entity"}, None, "permit"),
        (["Organization/x"], {"Organization/x": "part2-program"}, None, "no-consent"),
        # a posture that is none, or of somebody else, declares nobody
        (["Organization/x"], {"Organization/x": "king"}, None, "hold"),
        (["Organization/x"], {"Organization/y": "covered-entity"}, None, "hold"),
        ([None], {"Organization/x": "covered-entity"}, None, "hold"),
        (None, {}, None, "hold"),
        # with the law given, an undeclared origin is no question any more; a declared one still labels
        (None, {}, "hipaa", "permit"),
        (["Organization/x"], {"Organization/x": "part2-program"}, "hipaa", "no-consent"),
        (["Organization/x"], {"Organization/x": "covered-entity"}, "part2", "no-consent"),
    ],
)
def test_whose_each_entry_is(build: Any, origins: Any, postures: Json, law: str | None, expected: str) -> None:
    document = build.ask([build.condition("J45.40")], origins=origins, postures=postures, law=law)
    assert decide_json(document)["entries"][0]["decision"] == expected


@pytest.mark.parametrize(
    ("law", "posture", "unknown", "expected"),
    [
        # with the law given, an origin that nobody declared is no label
        (None, None, True, "hold"),
        ("hipaa", None, False, "permit"),
        ("part2", None, False, "no-consent"),
        (None, "intermediary", True, "hold"),
        ("hipaa", "intermediary", True, "permit"),
        (None, "covered-entity", False, "permit"),
    ],
)
def test_what_goes_says_that_its_origin_is_unknown_where_that_is_a_question(
    build: Any, law: str | None, posture: str | None, unknown: bool, expected: str
) -> None:
    postures = {"Organization/x": posture} if posture else {}
    more = {"origins": ["Organization/x"], "postures": postures, "law": law}
    document = build.ask([build.condition("J45.40")], **more)
    assert decide_json(document)["entries"][0]["decision"] == expected
    document["consents"] = [build.consent(provision={"securityLabel": None}, elements={"description": "all of it"})]
    (found,) = [one for one in release_json(document)["entry"] if one["resource"]["resourceType"] == "Condition"]
    codes = {one["code"] for one in found["resource"].get("meta", {}).get("security", ())}
    assert ("origin-unknown" in codes) is unknown


@pytest.mark.parametrize(("posture", "expected"), [("covered-entity", "hold"), ("other", "permit"), ("king", "hold")])
def test_a_posture_that_is_none_meets_the_rules_of_each_custodian(build: Any, posture: str, expected: str) -> None:
    text = (
        'name = "s"\nreviewer = "c"\nreviewed = 2026-11-02\n'
        '[[rule]]\nid = "r"\ncitation = "c"\nthen = "hold"\ncustodians = ["covered-entity"]\n'
    )
    policy = ReleasePolicy(state=read_overlay(text.encode(), file="x"))
    more = {"origins": ["Organization/x"], "postures": {"Organization/x": posture}, "law": "hipaa"}
    document = build.ask([build.condition("J45.40")], **more)
    assert decide_json(document, policy=policy)["entries"][0]["decision"] == expected


def test_ages_are_of_the_request(build: Any) -> None:
    document = build.ask([build.patient(birthDate="2013-04-01")], [build.consent()], origin="part2-program")
    policy = ReleasePolicy(minor_alone_from=14, majority=18)
    assert decide_json(document, policy=policy)["decision"] == "deny"
    document["request"]["minors"] = {"alone_from": 0, "majority": 21}
    assert decide_json(document, policy=policy)["decision"] == "permit"


def test_what_would_go_is_a_collection_with_an_address_for_each(build: Any) -> None:
    uuid = "8C6F3A0E-0F6B-4C1F-9A52-0D7C11F0A001"
    nameless = {"resourceType": "Basic", "code": {"text": "x"}}
    entries = [build.condition("J45.40"), build.condition("J45.40", uuid), nameless]
    made = release_json(build.ask(entries, origin="covered-entity"))
    first, second, third = made["entry"]
    assert next(iter(first)) == "fullUrl"
    assert len(first["fullUrl"]) == len("urn:uuid:") + 36
    assert second["fullUrl"] == f"urn:uuid:{uuid.lower()}"
    assert "fullUrl" not in third
    nothing = {"resourceType": "Bundle", "type": "collection"}
    assert release_json(build.ask([], origin="covered-entity")) == nothing
    assert release_json(build.ask([build.condition()], origin="part2-program")) == nothing


def test_2_32_the_scopes_are_of_the_consents_that_are_used(build: Any) -> None:
    nameless = {key: value for key, value in build.consent().items() if key != "id"}
    unused = build.consent("unused-1", provision={"purpose": build.purposes("HPAYMT")})
    text = str(release_json(build.ask([build.condition()], [unused, nameless], origin="part2-program")))
    assert "Scope of the patient's consent" in text
    assert "unused-1" not in text
