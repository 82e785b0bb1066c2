"""What came from elsewhere and is no FHIR: a form whose parts are of another type frees nothing and breaks nothing, and
a question that cannot be read is refused with its place."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release import check_consent, decide_json, release_json
from hub.release.parameters import question_of

Json = dict[str, Any]

ODD: tuple[Any, ...] = ([], {}, 7, None)
DENIED = "Part 2 asks for consent (42 CFR 2.13(a))"


def with_odd(value: Any) -> dict[str, Json]:
    """Parts of a consent, each with this value where a string or a list belongs, at the base or in its provision."""
    coding = [{"code": value}]
    return {
        "scope": {"scope": {"coding": coding}},
        "patient": {"patient": {"reference": value}},
        "category": {"category": [{"coding": [{"system": value, "code": "42CFRPart2CD"}]}]},
        "policyRule": {"policyRule": {"coding": coding}},
        "organization": {"organization": value},
        "action": {"provision": {"action": [{"coding": coding}]}},
        "actor": {"provision": {"actor": value}},
        "purpose": {"provision": {"purpose": value}},
        "securityLabel": {"provision": {"securityLabel": value}},
        "period": {"provision": {"period": {"end": value}}},
    }


@pytest.mark.parametrize("part", sorted(with_odd("x")))
@pytest.mark.parametrize("value", ODD)
def test_a_form_that_is_odd_is_read_to_its_end(build: Any, part: str, value: Any) -> None:
    whole = build.consent()
    change = with_odd(value)[part]
    odd = {**whole, **change, "provision": {**whole["provision"], **change.get("provision", {})}}
    document = build.ask([build.condition()], [odd], origin="part2-program")
    check_consent(odd)
    release_json(document)
    (entry,) = decide_json(document)["entries"]
    # whose, to whom, for what and until when: none of these goes missing
    if part in ("scope", "patient", "action", "actor", "purpose", "period"):
        assert entry["decision"] != "permit"


@pytest.mark.parametrize("part", ["scope", "action"])
def test_a_code_that_is_no_string_is_not_the_code_that_is_asked_for(build: Any, part: str) -> None:
    odd = {**build.consent(), "scope": {"coding": [{"code": ["patient-privacy"]}]}}
    if part == "action":
        odd = build.consent(provision={"action": [{"coding": [{"code": {"disclose": True}}]}]})
    (entry,) = decide_json(build.ask([build.condition()], [odd], origin="part2-program"))["entries"]
    assert (entry["decision"], entry["because"]) == ("no-consent", [DENIED])


@pytest.mark.parametrize(
    ("change", "path"),
    [
        ({"law": []}, "request.law"),
        ({"law": {"part2": 1}}, "request.law"),
        ({"minors": {"alone_from": True, "majority": 18}}, "request.minors"),
        ({"at": "9999-12-31T23:59:59-14:00"}, "request.at"),
        ({"at": "9999-12-31"}, "request.at"),
        ({"at": "9999-12-30T00:00:00Z"}, "request.at"),
    ],
)
def test_a_question_that_is_odd_is_refused_with_its_place(build: Any, change: Json, path: str) -> None:
    document = build.ask([build.condition()])
    document["request"] |= change
    with pytest.raises(ReleaseError) as refused:
        decide_json(document)
    assert (refused.value.rule, refused.value.issues[0].path) == ("release.bad-request", path)


@pytest.mark.parametrize("posture", [[], {}, 7, "landlord"])
def test_a_posture_that_is_none_is_not_declared(build: Any, posture: Any) -> None:
    document = build.ask([build.condition()])
    document["request"] |= {"origins": ["Organization/otp"], "postures": {"Organization/otp": posture}}
    assert decide_json(document)["entries"][0]["decision"] == "hold"


@pytest.mark.parametrize("name", ODD)
def test_a_parameter_without_a_name_is_refused(name: Any) -> None:
    for given in ({"name": name}, {"name": "evidence", "part": [{"name": name, "valueCode": "audit"}]}):
        with pytest.raises(ReleaseError) as refused:
            question_of({"resourceType": "Parameters", "parameter": [given]})
        assert refused.value.rule == "release.bad-request"
        assert refused.value.issues[0].path.startswith("Parameters.parameter[0]")
