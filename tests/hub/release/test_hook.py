"""The CDS hook's questions and its card, a row each: what is read of a request, and what an answer becomes."""

from __future__ import annotations

from typing import Any

import pytest

from hub.errors import ReleaseError
from hub.release import hook
from mappings.labels.vocabulary import SENSITIVITIES

Json = dict[str, Any]

ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
OURS = "https://warmhandoff.org/fhir/CodeSystem/release-obligation"
MHC = {"value": "Organization/mhc"}
FORM = {"resourceType": "Consent", "id": "c1"}


def asked(changes: Json | None = None, /, **more: Any) -> Json:
    """A request of the hook; what is given as `...` is left out."""
    made = {"actor": [MHC], "patientId": "p-1", "purposeOfUse": "TREAT", **(changes or {})}
    whole = {
        "hook": "patient-consent-consult",
        "hookInstance": "d1577c69",
        "context": {key: value for key, value in made.items() if value is not ...},
        **more,
    }
    return {key: value for key, value in whole.items() if value is not ...}


def question(changes: Json | None = None, /, **more: Any) -> Json:
    (found,) = hook.questions_of(asked(changes, **more))
    return found


# --- what cannot be read is said by its place


@pytest.mark.parametrize(
    ("document", "path"),
    [
        ([], "$"),
        ("x", "$"),
        (asked(hook=...), "hook"),
        (asked(hook="order-sign"), "hook"),
        (asked(hookInstance=...), "hookInstance"),
        (asked(hookInstance=""), "hookInstance"),
        (asked(hookInstance=7), "hookInstance"),
        (asked(context=...), "context"),
        (asked(context=[]), "context"),
        (asked(extension={"org.warmhandoff": []}), "extension.org.warmhandoff"),
        (asked({"purposeOfUse": 7}), "context.purposeOfUse"),
        (asked({"purposeOfUse": {"code": "TREAT"}}), "context.purposeOfUse"),
        (asked({"purposeOfUse": ["TREAT", ""]}), "context.purposeOfUse"),
        (asked({"purposeOfUse": ["TREAT", 7]}), "context.purposeOfUse"),
        (asked({"purposeOfUse": ""}), "context.purposeOfUse"),
        (asked({"actor": ...}), "context.actor"),
        (asked({"actor": MHC}), "context.actor"),
        (asked({"actor": [MHC, "x"]}), "context.actor"),
        (asked({"actor": [{"system": "urn:npi"}]}), "context.actor"),
        (asked({"actor": [{"value": ""}]}), "context.actor"),
        (asked({"actor": [{"value": 7}]}), "context.actor"),
        (asked({"patientId": ...}), "context.patientId"),
        (asked({"patientId": ""}), "context.patientId"),
        (asked({"patientId": []}), "context.patientId"),
        (asked({"patientId": [{"value": ""}, {"value": 7}, {"system": "urn:mrn"}]}), "context.patientId"),
        (asked({"content": []}), "context.content"),
        (asked({"content": "x"}), "context.content"),
        (asked({"content": {"entry": {}}}), "context.content.entry"),
        (asked({"content": {"entry": [{"resource": FORM}, "x"]}}), "context.content.entry"),
        (asked({"content": {"entry": [{"resource": FORM}, {}]}}), "context.content.entry[1].resource"),
        (asked({"class": {"code": "Condition"}}), "context.class"),
        (asked({"class": ["Condition"]}), "context.class"),
        (asked({"consent": FORM}), "context.consent"),
        (asked({"consent": [FORM, "x"]}), "context.consent"),
        (asked(prefetch={"consents": {"entry": {"resource": FORM}}}), "prefetch.consents.entry"),
        (asked(prefetch={"consents": {"entry": ["x"]}}), "prefetch.consents.entry"),
    ],
)
def test_s32_what_cannot_be_read_is_said_by_its_place(document: Any, path: str) -> None:
    with pytest.raises(ReleaseError) as caught:
        hook.questions_of(document)
    assert (caught.value.rule, caught.value.issues[0].path) == ("release.bad-request", path)


# --- what is read


def test_a_request_is_one_question_for_each_purpose() -> None:
    for purposes, expected in (
        ("TREAT", ["TREAT"]),
        (["TREAT", "HPAYMT"], ["TREAT", "HPAYMT"]),
        # None is none that anything is permitted for.
        ([], ["none"]),
        (..., ["none"]),
    ):
        found = hook.questions_of(asked({"purposeOfUse": purposes}))
        assert [one["request"]["purpose"] for one in found] == expected
        assert len({str({**one["request"], "purpose": ""}) for one in found}) == 1


@pytest.mark.parametrize(
    ("actors", "reference", "identifiers"),
    [
        ([MHC], "Organization/mhc", []),
        ([{"system": "urn:npi", "value": "7"}], None, [{"system": "urn:npi", "value": "7"}]),
        # of several references the first, of several identifiers each
        (
            [{"system": "urn:npi", "value": "7", "use": "official"}, MHC, {"value": "Organization/other"},
             {"system": "urn:x", "value": "8"}],
            "Organization/mhc",
            [{"system": "urn:npi", "value": "7"}, {"system": "urn:x", "value": "8"}],
        ),
        ([{"system": "", "value": "Organization/mhc"}], "Organization/mhc", []),
        ([], None, []),
    ],
)  # fmt: skip
def test_one_recipient_by_all_that_names_it(actors: list[Json], reference: str | None, identifiers: Any) -> None:
    found = question({"actor": actors})["request"]["recipient"]
    assert found == {"reference": reference, "identifier": identifiers, "role": None, "duties": []}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("p-1", "Patient/p-1"),
        ("Patient/p-1", "Patient/p-1"),
        ([{"value": "Patient/p-1"}], "Patient/p-1"),
        ([{"system": "urn:mrn", "value": "44"}], "urn:mrn|44"),
        # the first that says one
        ([{"value": ""}, {"system": "urn:mrn", "value": "44"}, {"value": "Patient/p-1"}], "urn:mrn|44"),
    ],
)
def test_how_a_patient_is_given(given: Any, expected: str) -> None:
    assert question({"patientId": given})["request"]["patient"] == expected


def test_what_the_hook_has_no_place_for_is_read_from_our_extension() -> None:
    shown = [{"type": "audit", "reference": "DocumentReference/x"}]
    ours = {"role": "covered-entity", "duties": ["treating"], "evidence": shown, "other": "x"}
    timed = {"law": "part2", "at": "2026-06-01", "birthDate": "1988"}
    made = question(extension={"org.warmhandoff": {**ours, **timed}, "com.example": {"law": "hipaa"}})["request"]
    assert (made["recipient"]["role"], made["recipient"]["duties"]) == ("covered-entity", ["treating"])
    assert made["evidence"] == shown
    assert {key: made[key] for key in timed} == timed
    assert "other" not in made
    silent: tuple[Any, ...] = (..., {}, [], "x", {"com.example": {"law": "hipaa"}}, {"org.warmhandoff": {}})
    for extension in silent:
        made = question(extension=extension)["request"]
        assert (made["recipient"]["role"], made["recipient"]["duties"], made["evidence"]) == (None, [], [])
        assert not made.keys() & timed.keys()


def test_the_consents_are_those_given_and_those_prefetched() -> None:
    def of(prefetch: Any, given: Any = ...) -> list[str]:
        return [one["id"] for one in question({"consent": given}, prefetch=prefetch)["consents"]]

    held = [
        {"resource": {**FORM, "id": "c2"}},
        {"resource": {"resourceType": "Patient", "id": "p"}},
        {},
        {"resource": 7},
    ]
    assert of({"consents": {"entry": held}}, [FORM]) == ["c1", "c2"]
    assert of({"consents": {"entry": held}}) == ["c2"]
    assert of({"consents": {"entry": None}}, [FORM]) == ["c1"]
    without: tuple[Any, ...] = (..., [], "x", {}, {"consents": None}, {"consents": {}}, {"other": {"entry": held}})
    for nothing in without:
        assert of(nothing, [FORM]) == ["c1"]
        assert of(nothing, None) == []


def test_the_content_is_asked_about_entry_by_entry() -> None:
    entries = [
        {"fullUrl": "urn:uuid:1", "resource": {"resourceType": "Condition"}},
        {"resource": {"resourceType": "Flag"}},
    ]
    made = question({"content": {"resourceType": "Bundle", "entry": entries}, "class": [{"code": "Task"}]})
    assert made["request"]["entries"] == [{"resourceType": "Condition"}, {"resourceType": "Flag"}]
    assert made["urls"] == ["urn:uuid:1", None]
    # whatever it says it is, it is read as a Bundle
    assert question({"content": {"entry": entries}})["urls"] == ["urn:uuid:1", None]
    assert question({"content": {}})["request"]["entries"] == []


@pytest.mark.parametrize(
    ("classes", "types"),
    [
        (..., ["Basic"]),
        (None, ["Basic"]),
        ([], ["Basic"]),
        ([{"code": "Condition"}, {"code": "Observation"}], ["Condition", "Observation"]),
        ([{"code": "http://hl7.org/fhir/StructureDefinition/Condition"}], ["Condition"]),
        ([{"code": f"Own{number}"} for number in range(30)], [f"Own{number}" for number in range(20)]),
    ],
)
def test_without_content_the_question_is_about_kinds_of_data(classes: Any, types: list[str]) -> None:
    document = asked({"class": classes})
    made = question({"class": classes})
    plain, labelled = made["request"]["entries"][: len(types)], made["request"]["entries"][len(types) :]
    assert plain == [{"resourceType": one} for one in types]
    assert [one["resourceType"] for one in labelled] == [types[0]] * len(SENSITIVITIES)
    found = [coding for one in labelled for coding in one["meta"]["security"]]
    assert found == [{"system": ACT, "code": code} for code in sorted(SENSITIVITIES)]
    assert made["urls"] == [None] * len(made["request"]["entries"])
    assert hook.asks_kinds(document)
    assert not hook.asks_kinds(asked({"content": {}, "class": classes}))


def test_no_content_is_asked_for_kinds() -> None:
    assert hook.asks_kinds(asked({"content": None}))
    assert len(question({"content": None})["request"]["entries"]) == 1 + len(SENSITIVITIES)


# --- the card


def entry(decision: str, because: str = "", *, obligations: Any = (), consents: Any = ()) -> Json:
    return {
        "decision": decision,
        "because": [because] if because else [],
        "obligations": list(obligations),
        "consents": list(consents),
    }


def decided(*entries: Json, conflicts: Any = ()) -> Json:
    return {"entries": list(entries), "conflicts": list(conflicts)}


def card(*answers: Json, kinds: bool = False) -> Json:
    (found,) = hook.answer_of(answers, kinds=kinds)["cards"]
    return dict(found)


def redact(**codes: list[str]) -> Json:
    said = {key: [{"system": ACT, "code": code} for code in value] for key, value in codes.items()}
    return {"id": {"system": ACT, "code": "REDACT"}, "parameters": said}


@pytest.mark.parametrize(
    ("verdicts", "summary", "indicator"),
    [
        (["permit"], "CONSENT_PERMIT", "info"),
        (["redact"], "CONSENT_PERMIT", "info"),
        (["deny", "redact", "hold"], "CONSENT_PERMIT", "info"),
        (["no-consent", "no-consent"], "NO_CONSENT", "warning"),
        (["no-consent", "deny"], "CONSENT_DENY", "critical"),
        (["hold", "deny"], "CONSENT_DENY", "warning"),
        (["no-consent", "hold"], "CONSENT_DENY", "warning"),
        (["deny"], "CONSENT_DENY", "critical"),
        ([], "CONSENT_DENY", "critical"),
    ],
)
def test_one_card_over_all_entries(verdicts: list[str], summary: str, indicator: str) -> None:
    found = card(decided(*map(entry, verdicts)))
    assert (found["summary"], found["indicator"]) == (summary, indicator)
    assert found["source"] == {"label": "Warm Handoff", "url": "https://warmhandoff.org"}
    assert found["extension"]["decision"] == summary
    assert found["extension"]["org.warmhandoff.entries"] == [
        {"index": index, "decision": verdict} for index, verdict in enumerate(verdicts)
    ]


@pytest.mark.parametrize(
    ("first", "second", "expected"),
    [
        ("permit", "redact", "redact"),
        ("redact", "hold", "hold"),
        ("hold", "no-consent", "no-consent"),
        ("no-consent", "deny", "deny"),
        ("permit", "permit", "permit"),
    ],
)
def test_of_several_purposes_the_answer_that_lets_the_least_go_counts(first: str, second: str, expected: str) -> None:
    for pair in ((first, second), (second, first)):
        found = card(*(decided(entry(one)) for one in pair))
        assert found["extension"]["org.warmhandoff.entries"] == [{"index": 0, "decision": expected}]


def test_why_it_goes_is_said_of_what_goes_and_why_not_where_nothing_does() -> None:
    goes, asks, refused = entry("permit", "law"), entry("redact", "form"), entry("deny", "refused")
    assert card(decided(goes, refused, asks, goes))["detail"] == "law; form"
    assert card(decided(refused, entry("no-consent", "asks")))["detail"] == "refused; asks"
    # of several purposes the reasons of the one that counts
    assert card(decided(goes), decided(refused))["detail"] == "refused"
    assert card(decided(entry("permit", "law")), decided(entry("redact", "form")))["detail"] == "form"


def test_what_must_be_done_is_of_what_goes_each_once() -> None:
    first = entry("permit", obligations=["notice", "NORDSCLCD"], consents=["Consent/b"])
    second = entry("redact", obligations=["REDACT{HIV,SUD}", "notice"], consents=["Consent/a", "Consent/b"])
    kept = entry("deny", obligations=["AOD"], consents=["Consent/c"])
    extension = card(decided(first, second, kept))["extension"]
    assert extension["obligations"] == [
        {"id": {"system": OURS, "code": "notice"}},
        {"id": {"system": ACT, "code": "NORDSCLCD"}},
        redact(codes=["HIV", "SUD"]),
    ]
    assert extension["basedOn"] == ["Consent/a", "Consent/b", "Consent/c"]
    # of each purpose
    both = card(decided(entry("permit", obligations=["AOD"])), decided(entry("permit", obligations=["review"])))
    assert both["extension"]["obligations"] == [
        {"id": {"system": ACT, "code": "AOD"}}, {"id": {"system": OURS, "code": "review"}},
    ]  # fmt: skip
    # where nothing goes there is nothing to do
    assert card(decided(kept))["extension"]["obligations"] == []
    assert card(decided(first), decided(kept))["extension"]["obligations"] == []


def test_s46_the_conflicts_of_each_purpose_are_in_the_card() -> None:
    conflict = {"permit": ["Consent/a"], "deny": ["Consent/b"], "entries": [0]}
    other = {**conflict, "permit": ["Consent/c"]}
    found = card(decided(entry("deny"), conflicts=[conflict]), decided(entry("deny"), conflicts=[other]))
    assert found["extension"]["org.warmhandoff.conflicts"] == [conflict, other]


@pytest.mark.parametrize(
    ("plain", "sent", "expected"),
    [
        # all that is plain and all that is sensitive goes: nothing is taken out
        (["permit"], None, []),
        # some of what is plain goes: what of the sensitive does not, is named
        (["permit", "deny"], {"PSY"}, [redact(codes=sorted(SENSITIVITIES - {"PSY"}))]),
        (["redact"], set(), [redact(codes=sorted(SENSITIVITIES))]),
        # nothing plain goes: only what is named does
        (["deny"], {"PSY", "HIV"}, [redact(exceptAnyOfCodes=["HIV", "PSY"])]),
        (["deny", "no-consent"], None, [redact(exceptAnyOfCodes=sorted(SENSITIVITIES))]),
        # nothing at all goes
        (["deny"], set(), []),
    ],
)
def test_s45_of_kinds_of_data_those_that_do_not_go_are_an_obligation(
    plain: list[str], sent: set[str] | None, expected: list[Json]
) -> None:
    goes = SENSITIVITIES if sent is None else sent
    entries = [*plain, *("permit" if code in goes else "no-consent" for code in sorted(SENSITIVITIES))]
    found = card(decided(*map(entry, entries)), kinds=True)
    assert found["extension"]["obligations"] == expected
    assert "org.warmhandoff.entries" not in found["extension"]
    # of content, which does not go is said entry by entry
    assert card(decided(*map(entry, entries)))["extension"]["obligations"] == []


def test_discovery_tells_the_hook_and_what_it_prefetches() -> None:
    told = hook.service()
    assert told["hook"] == told["id"] == "patient-consent-consult"
    assert told["prefetch"] == {"consents": "Consent?patient={{context.patientId}}&status=active"}
