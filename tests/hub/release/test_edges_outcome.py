"""The edges of the whole step and of the notice that goes along, a row each. As `test_edges`."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from hub.release import Context, Outcome, Party, ReleasePolicy, carry_notice, release, scope_text
from hub.release.decision import Decision, EntryDecision
from hub.release.notice import ARTIFACT, DISPLAY, STATEMENT_1, artifacts, can_carry, refuses, scopes
from hub.release.outcome import _account, born
from hub.release.redact import Redacted
from hub.release.withheld import Withheld
from mappings.labels import Origin
from mappings.labels.marking import Label, label_bundle
from mappings.partner import GENERIC, Partner

Json = dict[str, Any]

PROGRAM = Origin(reference="Organization/otp", role="part2-program")
CENTER = Origin(reference="Organization/center", role="covered-entity")
WHO = Context(
    discloser=Party(reference="Organization/otp", role="part2-program"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="Patient/p-1",
    at=datetime(2026, 6, 1, 12, tzinfo=UTC),
)
MARK = "RedisclosureProhibitionMark"


def bundle(*resources: Json, **more: Any) -> Json:
    return {"resourceType": "Bundle", "type": "collection", "entry": [{"resource": one} for one in resources], **more}


def go(given: Json, origins: list[Origin | None], consents: list[Json] | None = None, **more: Any) -> Outcome:
    options: Json = {"core": frozenset(), "render": lambda made: json.dumps(made).encode(), "media_type": "x", **more}
    return release(given, origins, WHO, consents or [], **options)


def observation(identity: str, **more: Any) -> Json:
    mood = {"text": "Mood"}
    return {"resourceType": "Observation", "id": identity, "status": "final", "code": mood, **more}


# --- what came of it


@pytest.mark.parametrize(
    ("origins", "core", "state"),
    [
        # a hold is for a person; a denial is not; of a core that is lost only its own entries count
        (["part2-program"], set(), "withheld"),
        ([None], set(), "held"),
        (["part2-program", None], set(), "held"),
        (["covered-entity", None], set(), "released"),
        (["covered-entity", None], {"Observation"}, "released"),
        (["part2-program", None], {"Condition"}, "held"),
        ([None, "part2-program"], {"Condition"}, "withheld"),
        (["covered-entity", "part2-program"], {"Task"}, "released"),
    ],
)
def test_whether_a_person_has_to_settle_it(build: Any, origins: list[Any], core: set[str], state: str) -> None:
    every = [observation("o"), build.condition("J45.40", meta={})]
    given = bundle(*every[: len(origins)])
    whose = [None if role is None else Origin(reference="Organization/x", role=role) for role in origins]
    made = go(given, whose, core=frozenset(core))
    assert made.state == state
    assert (made.release is not None, bool(made.kept)) == (state == "released", state == "released")


def test_why_each_entry_does_not_go(build: Any) -> None:
    secret = build.condition("F11.20", "secret")
    written = {
        "resourceType": "Provenance", "id": "v", "recorded": "2026-06-01T00:00:00Z",
        "target": [{"reference": "Condition/secret"}], "agent": [{"who": {"display": "a clerk"}}],
    }  # fmt: skip
    given = bundle(observation("o"), secret, written, observation("n"))
    made = go(given, [CENTER, PROGRAM, CENTER, None])
    assert made.kept == (0,)
    assert [(one.index, one.decision) for one in made.withheld] == [(1, "no-consent"), (2, "dependent"), (3, "hold")]
    assert made.withheld[1].because == ("it cannot stand without what is withheld",)
    assert [entry["resource"]["id"] for entry in json.loads(made.release.bytes)["entry"]] == ["o"]  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("of", "entries", "expected"),
    [
        # 42 CFR 2.12(d)(2)(i)(C): a Bundle that came as Part 2 with no label on any entry says it of all of them
        (["42CFRPart2"], [[], []], "withheld"),
        (["42CFRPart2"], [["42CFRPart2"], []], "released"),
        ([], [[], []], "released"),
    ],
)
def test_a_bundle_s_own_label_stands_for_its_entries_where_none_has_it(
    build: Any, of: list[str], entries: list[list[str]], expected: str
) -> None:
    labelled = [{"meta": {"security": build.labels(*codes)}} if codes else {} for codes in entries]
    given = bundle(observation("o", **labelled[0]), observation("n", **labelled[1]))
    if of:
        given["meta"] = {"security": build.labels(*of)}
    made = go(given, [CENTER, CENTER])
    assert made.state == expected
    if expected == "released":
        assert made.kept == ((1,) if entries[0] else (0, 1))


def test_the_labels_of_an_entry_are_those_found_in_it(build: Any) -> None:
    """What tells in the eleventh entry is taken out there, and not in the first or second."""
    refusal = build.consent("no", provision={"type": "deny", "securityLabel": build.labels("HIV"), "actor": None})
    told = {"note": [{"text": "HIV positive since spring"}]}
    plain = [observation(f"o{index}", note=[{"text": "walked in"}]) for index in range(10)]
    made = go(bundle(*plain, observation("o10", **told)), [CENTER] * 11, [refusal])
    assert made.release is not None
    notes = ["note" in entry["resource"] for entry in json.loads(made.release.bytes)["entry"]]
    assert notes == [True] * 10 + [False]


def test_an_entry_without_a_resource_or_an_origin_does_not_go() -> None:
    given = bundle(observation("o"), observation("n"))
    given["entry"] += ["x", {"fullUrl": "urn:uuid:7"}]
    made = go(given, [CENTER])
    assert made.kept == (0,)
    assert go({"resourceType": "Bundle", "type": "collection"}, []).state == "withheld"


@pytest.mark.parametrize(
    ("entry", "patient", "expected"),
    [
        ({}, "Patient/p", "2009-04-01"),
        ({}, "urn:uuid:p", "2009-04-01"),
        ({"fullUrl": "https://a.example.org/Patient/p"}, "https://a.example.org/Patient/p", "2009-04-01"),
        ({}, "Patient/other", None),
        ({}, None, None),
        ({"resource": {"resourceType": "Person", "id": "p", "birthDate": "2009"}}, "Patient/p", None),
        ({"resource": {"resourceType": "Patient", "id": "p", "birthDate": 2009}}, "Patient/p", None),
        ({"resource": "x"}, "Patient/p", None),
    ],
)
def test_2_14_whose_birth_date_counts(entry: Json, patient: str | None, expected: str | None) -> None:
    resource = {"resourceType": "Patient", "id": "p", "birthDate": "2009-04-01"}
    given = {"resourceType": "Bundle", "entry": ["x", {"resource": resource, **entry}]}
    assert born(given, patient) == expected
    assert born({"resourceType": "Bundle", "entry": {}}, patient) is None


@pytest.mark.parametrize(
    ("told", "of_patient", "state"),
    [
        (None, "2013-04-01", "withheld"),
        (None, "1988-04-02", "released"),
        ("2013-04-01", "1988-04-02", "withheld"),
        ("1988-04-02", "2013-04-01", "released"),
        ("2013-04-01", None, "withheld"),
    ],
)
def test_2_14_who_is_a_minor_by_what_is_told_or_by_the_patient_in_the_bundle(
    build: Any, told: str | None, of_patient: str | None, state: str
) -> None:
    """Below the age of the state's law a minor does not sign alone (42 CFR 2.14(c))."""
    who = build.patient()
    who["birthDate"] = of_patient
    given = bundle({key: value for key, value in who.items() if value is not None}, observation("o"))
    options: Json = {"core": frozenset(), "render": lambda made: json.dumps(made).encode(), "media_type": "x"}
    policy = ReleasePolicy(minor_alone_from=14, majority=18)
    context = replace(WHO, birth_date=told)
    made = release(given, [PROGRAM, PROGRAM], context, [build.consent()], policy=policy, **options)
    assert made.state == state


def test_what_was_labelled_before_is_not_labelled_again() -> None:
    labelled = label_bundle(bundle(observation("n")), [CENTER])
    row = Label(system="s", code="HIV", grade="possible", because="x", path="Bundle.meta.security[0]")
    made = go(bundle(observation("o")), [CENTER], labelled=replace(labelled, labels=(*labelled.labels, row)))
    assert made.release is not None
    assert [entry["resource"]["id"] for entry in json.loads(made.release.bytes)["entry"]] == ["n"]


def test_whose_it_is_and_what_is_not_shown() -> None:
    made = go(bundle(observation("o")), [CENTER])
    assert made.release is not None
    assert made.release.recipient == "Organization/mhc"
    assert "hidden" not in repr(made)
    options: Json = {"core": frozenset(), "render": lambda one: json.dumps(one).encode(), "media_type": "x"}
    nobody = replace(WHO, recipient=Party(reference=None, role="covered-entity"))
    nameless = release(bundle(observation("o")), [CENTER], nobody, [], **options)
    assert nameless.release is not None
    assert nameless.release.recipient == ""


def test_what_may_go_and_cannot_stand_is_a_dependent() -> None:
    one = EntryDecision(index=0, decision="redact", because=("x",))
    decision = Decision(decision="permit", entries=(one,), conflicts=(), digest="")
    (found,) = _account(decision, Redacted(bundle={}, withheld=Withheld(), kept=(), dependents=()))
    assert (found.index, found.decision) == (0, "dependent")


# --- what goes along (2.32)


def test_what_else_may_be_seen_is_the_scope_that_is_told(build: Any) -> None:
    refusal = build.consent("c1", provision={"type": "deny", "securityLabel": build.labels("HIV")})
    told = go(bundle(observation("o")), [PROGRAM], [build.consent("c1"), refusal])
    assert told.hidden is not None
    assert told.hidden.remains[1:] == artifacts([build.consent("c1")])
    # Without a notice no scope is told, whatever lets it go.
    given = build.consent("c1", category=[{"coding": build.labels("HIPAAAuthCD")}], provision={"securityLabel": None},
                          elements={"description": "all"})  # fmt: skip
    options: Json = {"core": frozenset(), "render": lambda one: json.dumps(one).encode(), "media_type": "x"}
    other = replace(WHO, recipient=Party(reference="Organization/mhc", role="other"))
    made = release(bundle(observation("o")), [CENTER], other, [given], **options)
    assert made.state == "released"
    assert made.hidden is not None
    assert isinstance(made.hidden.remains, dict)


def test_2_32_b_the_scope_that_goes_along_is_of_what_permits_and_is_no_leak(build: Any) -> None:
    refusal = build.consent("refusal-7", provision={"type": "deny", "securityLabel": build.labels("HIV")})
    given = bundle(observation("o"), refusal)
    unused = build.consent("unused-1", provision={"purpose": build.purposes("HPAYMT")})
    made = go(given, [PROGRAM, PROGRAM], [refusal, unused, build.consent("c1")])
    assert made.release is not None
    assert made.bundle is not None
    text = made.release.bytes.decode()
    assert scopes(made.bundle) == [scope_text(build.consent("c1"))]
    assert "refusal-7" not in text
    assert "unused-1" not in text
    assert made.hidden is not None
    alone = go(bundle(observation("o"), observation("p")), [CENTER, PROGRAM])
    assert (alone.bundle is not None, alone.state) == (True, "released")
    assert DISPLAY not in alone.release.bytes.decode()  # type: ignore[union-attr]


@pytest.mark.parametrize(("partner", "expected"), [
    (GENERIC, True), (Partner(notice="none"), False), (Partner(scope="none"), False),
])  # fmt: skip
def test_2_32_what_cannot_be_carried_is_held(build: Any, partner: Partner, expected: bool) -> None:
    assert can_carry(partner) is expected
    made = go(bundle(observation("o")), [PROGRAM], [build.consent()], partner=partner)
    assert made.state == ("released" if expected else "held")


PERMIT, DENY = {"type": "permit"}, {"type": "deny"}


@pytest.mark.parametrize(
    ("provision", "expected"),
    [
        (PERMIT, False),
        ({}, False),
        (None, False),
        (DENY, True),
        ({**DENY, "provision": [PERMIT]}, False),
        ({**DENY, "provision": [DENY, 1]}, True),
        ({**DENY, "provision": PERMIT}, True),
        ({**PERMIT, "provision": [DENY]}, False),
    ],
)
def test_which_forms_only_refuse(provision: Any, expected: bool) -> None:
    assert refuses({"resourceType": "Consent", "provision": provision}) is expected


def test_2_32_b_a_consent_is_told_by_its_number() -> None:
    uuid = "8c6f3a0e-0f6b-4c1f-9a52-0d7c11f0a001"
    (by_uuid,) = artifacts([{"id": uuid}])
    assert by_uuid["valueRelatedArtifact"]["resource"] == f"urn:uuid:{uuid}"
    (by_id,) = artifacts([{"id": "c1"}])
    assert (by_id["valueRelatedArtifact"]["resource"], by_id["valueRelatedArtifact"]["label"]) == ("Consent/c1", "c1")
    (nameless,) = artifacts([{}])
    assert set(nameless["valueRelatedArtifact"]) == {"type", "display"}


def test_an_earlier_release_s_notice_and_scopes_are_replaced_and_all_else_stays(build: Any) -> None:
    own = {"url": "http://example.org/own", "valueString": "x"}
    earlier = {"url": ARTIFACT, "valueRelatedArtifact": {"type": "justification", "display": "earlier"}}
    mark = {**build.labels(MARK)[0], "extension": [own, earlier]}
    other = {**build.labels("42CFRPart2")[0], "extension": [earlier]}
    meta = {
        "versionId": "3", "security": [mark, other],
        "extension": [own, {"url": DISPLAY, "valueAnnotation": {"text": "earlier"}}],
    }  # fmt: skip
    given = bundle(observation("o"), "x", meta=meta)  # type: ignore[arg-type]
    given["entry"] = [given["entry"][0], "x", {"fullUrl": "urn:uuid:7"}]
    made = carry_notice(given, ["notice"], GENERIC, consents=[build.consent(), build.consent("no", provision=DENY)])
    assert made["entry"] == given["entry"]
    assert made["meta"]["versionId"] == "3"
    assert [one["url"] for one in made["meta"]["extension"]] == [own["url"], DISPLAY]
    assert made["meta"]["extension"][1]["valueAnnotation"]["text"] == STATEMENT_1
    first, second, third = made["meta"]["security"]
    assert [one["url"] for one in first["extension"]] == [own["url"], ARTIFACT]
    assert second == other
    assert (third["code"], "extension" in third) == ("NORDSCLCD", False)
    assert scopes(made) == [scope_text(build.consent())]
    # Without consents what an earlier release said stays with its mark.
    assert carry_notice(given, ["notice"], GENERIC)["meta"]["security"][0] == mark


def test_a_notice_goes_where_there_was_no_meta_and_no_entry() -> None:
    empty = {"resourceType": "Bundle", "id": "b", "type": "collection"}
    made = carry_notice(empty, ["notice"], GENERIC)
    assert list(made) == ["resourceType", "id", "meta", "type"]
    assert {one["code"] for one in made["meta"]["security"]} == {MARK, "NORDSCLCD"}
    assert scopes(empty) == []
    assert scopes({"meta": {"security": [{"code": "N", "extension": [{"url": ARTIFACT}]}, {"code": MARK}]}}) == []
    bare = [{"url": ARTIFACT}, {"url": "urn:own", "valueRelatedArtifact": {"display": "x"}}]
    assert scopes({"meta": {"security": [{"code": MARK, "extension": bare}]}}) == []


@pytest.mark.parametrize(
    ("change", "part"),
    [
        ({"organization": [{"display": "the clinic"}]}, "Disclosed by: the clinic;"),
        ({"organization": [{"identifier": {"value": "7"}}]}, "Disclosed by: an organization by identifier;"),
        ({"organization": ["x"]}, "Disclosed by: unnamed;"),
        ({"organization": None, "elements": {"discloserClass": "any program"}}, "Disclosed by: any program;"),
        ({"provision": {"actor": None}, "elements": {"recipientClass": "tpo"}}, "to: tpo;"),
        ({"provision": {"actor": [{"role": {}}]}}, "to: an organization by identifier;"),
        ({"provision": {"securityLabel": [{"code": "SDV", "display": "violence"}]}}, "Information: violence;"),
        ({"provision": {"securityLabel": [{"code": "SDV"}, "x"]}}, "Information: SDV, unknown;"),
        ({"elements": {"description": "the intake"}}, "Information: the intake, records of a Part 2 program;"),
        ({"provision": {"purpose": None}}, "Information: records of a Part 2 program; Until: 2026-12-31;"),
        ({"provision": {"period": None}, "elements": {"expiryEvent": "end of care"}}, "Until: end of care;"),
        ({"provision": {"period": None}}, "operations; Signed: 2026-01-02T10:00:00-06:00."),
        ({"dateTime": None}, "Until: 2026-12-31."),
    ],
)
def test_2_32_b_what_a_scope_says(build: Any, change: Json, part: str) -> None:
    assert part in scope_text(build.consent(**change))


def test_s42_a_scope_says_who_receives_through_whom(build: Any) -> None:
    made = build.consent(provision={"actor": None})
    made["extension"][0]["extension"].append(build.intermediary(("participant", "Organization/x"), ("class", "all")))
    assert "to: an intermediary, and of its participants: Organization/x, all;" in scope_text(made)


@pytest.mark.parametrize("named", ["c1", None])
@pytest.mark.parametrize(("first", "second"), [("A one", "Z other"), ("Z one", "A other")])
def test_s46_the_scope_of_the_form_that_permits_goes_along_whatever_else_has_its_id(
    build: Any, named: str | None, first: str, second: str
) -> None:
    permits = build.consent(elements={"description": first}, id=named)
    # in force, and about something else
    silent = build.consent(elements={"description": second}, id=named, provision={"securityLabel": build.labels("HIV")})
    for consents in ([permits, silent], [silent, permits]):
        done = go(bundle(build.condition()), [PROGRAM], consents)
        assert done.release is not None
        assert first.encode() in done.release.bytes
        assert second.encode() not in done.release.bytes
