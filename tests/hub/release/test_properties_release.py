"""Properties over generated Bundles, consents and requests. `make proof` runs more of the same."""

from __future__ import annotations

import base64
import copy
import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from hub.release import Context, Entry, Outcome, Party, Request, decide, release
from hub.release.consent import check_consent
from mappings.labels import Origin, label
from profiles.check import check
from tests.proof.examples import examples

CENTER = Origin(reference="Organization/center", role="covered-entity")
PROGRAM = Origin(reference="Organization/otp", role="part2-program")
POLICE = Origin(reference="Organization/pd", role="law-enforcement")

#: Values that occur nowhere but in withheld things.
SECRETS = ["Vantrisse", "Quorlan Ünit", "kept & <close>", "ZX-90417", 'says "never"', "a\\b|c^d"]
WHO = Context(
    discloser=Party(reference="Organization/center", role="covered-entity"),
    recipient=Party(reference="Organization/mhc", role="covered-entity"),
    purpose="TREAT",
    patient="urn:uuid:p",
    at=datetime(2026, 6, 1, tzinfo=UTC),
)
PATIENT = {"resourceType": "Patient", "id": "p", "name": [{"family": "Hollowmere"}]}


def dump(made: dict[str, Any]) -> bytes:
    return json.dumps(made).encode()


def entry(resource: dict[str, Any]) -> dict[str, Any]:
    url = f"{resource['resourceType']}/{resource['id']}"
    return {
        "fullUrl": f"urn:uuid:{resource['id']}",
        "resource": resource,
        "request": {"method": "PUT", "url": url},
    }


def go(resources: list[dict[str, Any]], origins: list[Origin | None], consents: Any = ()) -> Outcome:
    made = {"resourceType": "Bundle", "type": "transaction", "entry": [entry(one) for one in resources]}
    return release(made, origins, WHO, list(consents), render=dump, media_type="x", core=frozenset())


secret = st.sampled_from(SECRETS)
pointer = st.one_of(
    st.just({"reference": "urn:uuid:hidden-7731"}),
    st.just({"reference": "Condition/hidden-7731"}),
    st.just({"identifier": {"system": "urn:x", "value": "ZX-90417"}}),
    secret.map(lambda text: {"reference": "urn:uuid:hidden-7731", "display": text}),
)


@st.composite
def hidden(draw: st.DrawFn) -> dict[str, Any]:
    """A Condition of a Part 2 program that nobody consented to."""
    return {
        "resourceType": "Condition",
        "id": "hidden-7731",
        "identifier": [{"system": "urn:x", "value": "ZX-90417"}],
        "subject": {"reference": "urn:uuid:p"},
        "code": {"text": draw(secret), "coding": [{"system": "urn:own", "code": "QX1.88", "display": draw(secret)}]},
        "note": [{"text": text} for text in draw(st.lists(secret, min_size=1, max_size=3))],
    }


@st.composite
def plain(draw: st.DrawFn, number: int) -> dict[str, Any]:
    """A resource that has nothing to hide."""
    words = draw(st.sampled_from(["walked in", "calm", "asked for water", "seen with sister"]))
    kind = draw(st.sampled_from(["Observation", "Encounter", "DocumentReference", "CareTeam"]))
    made: dict[str, Any] = {"resourceType": kind, "id": f"plain-{number}", "subject": {"reference": "urn:uuid:p"}}
    if kind == "Observation":
        made |= {"status": "final", "code": {"text": "Mood"}, "note": [{"text": words}]}
    elif kind == "Encounter":
        made |= {"status": "finished", "class": {"code": "FLD"}}
    elif kind == "DocumentReference":
        attachment = {"contentType": "text/plain", "data": base64.b64encode(words.encode()).decode()}
        made |= {"status": "current", "content": [{"attachment": attachment}]}
    return made


def place(resource: dict[str, Any], pointers: list[dict[str, Any]], words: list[str]) -> dict[str, Any]:
    """The resource with optional elements that point at the hidden one or repeat it."""
    made = copy.deepcopy(resource)
    kind = made["resourceType"]
    if pointers:
        extension = [{"url": "http://example.org/see", "valueReference": one} for one in pointers]
        if kind == "Observation":
            made["focus"] = pointers
        elif kind == "Encounter":
            made["diagnosis"] = [{"condition": one} for one in pointers]
        elif kind == "CareTeam":
            made["reasonReference"] = pointers
        else:
            made["extension"] = extension
    for word in words:
        if kind in ("Observation", "CareTeam"):
            made.setdefault("note", []).append({"text": f"it said: {word} again"})
        elif kind == "DocumentReference":
            made["description"] = f"about {word}"
    return made


@examples(120)
@given(data=st.data())
def test_released_is_what_an_input_without_the_withheld_thing_gives(data: st.DataObject) -> None:
    secret_one = data.draw(hidden())
    texts = [secret_one["code"]["text"], *(note["text"] for note in secret_one["note"])]
    base = [data.draw(plain(number)) for number in range(data.draw(st.integers(0, 4)))]
    marked = [
        place(
            one,
            data.draw(st.lists(pointer, max_size=2)),
            data.draw(st.lists(st.sampled_from(texts), max_size=2)),
        )
        for one in base
    ]
    origins: list[Origin | None] = [CENTER, *(CENTER for _ in base)]
    at = data.draw(st.integers(0, len(base)))
    with_it = go([PATIENT, *marked[:at], secret_one, *marked[at:]], [*origins[: at + 1], PROGRAM, *origins[at + 1 :]])
    without = go([PATIENT, *base], origins)
    assert with_it.release is not None
    assert without.release is not None
    assert with_it.release.bytes == without.release.bytes
    text = json.dumps(json.loads(with_it.release.bytes), ensure_ascii=False)
    for value in ("hidden-7731", "ZX-90417", "QX1.88", "42CFRPart2", *texts):
        assert json.dumps(value, ensure_ascii=False)[1:-1] not in text
    made = json.loads(with_it.release.bytes)
    assert [issue for issue in check(made) if issue.severity in ("fatal", "error")] == []


CODES = ["F11.20", "F10.20", "F32.1", "J45.40", "B20", "F17.210"]
conditions = st.builds(
    lambda code, number: {
        "resourceType": "Condition",
        "id": f"c{number}",
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
    },
    st.sampled_from(CODES),
    st.integers(0, 9),
)
roles = st.sampled_from(["part2-program", "covered-entity", "law-enforcement", "intermediary", None])
sensitivities = st.lists(st.sampled_from(["SUD", "ETH", "OPIOIDUD", "PSY", "HIV", "42CFRPart2"]), max_size=2)


@st.composite
def provisions(draw: st.DrawFn, kind: str, depth: int = 1) -> dict[str, Any]:
    made: dict[str, Any] = {"type": kind}
    if labels := draw(sensitivities):
        made["securityLabel"] = [{"code": code} for code in labels]
    if purposes := draw(st.lists(st.sampled_from(["TREAT", "HPAYMT", "HOPERAT", "ETREAT", "PATRQT"]), max_size=3)):
        made["purpose"] = [{"code": code} for code in purposes]
    if draw(st.booleans()):
        who = draw(st.sampled_from(["Organization/mhc", "Organization/pd"]))
        made["actor"] = [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": who}}]
    if depth and draw(st.booleans()):
        other = draw(st.sampled_from(["permit", "deny"]))
        made["provision"] = draw(st.lists(provisions(other, 0), max_size=2))
    return made


def form(provision: dict[str, Any], *, identity: str = "k", status: str = "active") -> dict[str, Any]:
    """A consent with every element of 2.31 but those that stand in its provisions."""
    statements = ["revocationStatement", "redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement"]
    return {
        "resourceType": "Consent",
        "id": identity,
        "status": status,
        "patient": {"reference": "Patient/p"},
        "dateTime": "2026-01-01",
        "performer": [{"reference": "Patient/p"}],
        "organization": [{"reference": "Organization/center"}],
        "extension": [
            {
                "url": "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements",
                "extension": [
                    {"url": "description", "valueString": "all"},
                    *({"url": one, "valueBoolean": True} for one in statements),
                ],
            }
        ],
        "provision": provision,
    }


@st.composite
def consents(draw: st.DrawFn, kind: str | None = None) -> dict[str, Any]:
    provision = draw(provisions(kind or draw(st.sampled_from(["permit", "deny"]))))
    provision["period"] = {"end": draw(st.sampled_from(["2026-12-31", "2026-12-31", "2020-01-01"]))}
    status = draw(st.sampled_from(["active", "active", "active", "inactive"]))
    return form(provision, identity=f"k{draw(st.integers(0, 10**6))}", status=status)


entries = st.builds(
    lambda resource, role: Entry(
        resource=(found := label(resource, origin=Origin(reference="x", role=role))).resource,
        role=role,
        labels=found.labels,
    ),
    conditions,
    roles,
)


@st.composite
def requests(draw: st.DrawFn) -> Request:
    role = draw(st.sampled_from(["covered-entity", "law-enforcement", "part2-program", "other"]))
    return Request(
        discloser=Party(reference="Organization/center", role="covered-entity"),
        recipient=Party(reference="Organization/pd" if role == "law-enforcement" else "Organization/mhc", role=role),
        purpose=draw(st.sampled_from(["TREAT", "HPAYMT", "COC", "PATRQT", "outcome-feedback"])),
        patient="Patient/p",
        at=datetime(2026, 6, 1, tzinfo=UTC),
        law=draw(st.sampled_from([None, None, "part2", "hipaa", "consent"])),
        entries=tuple(draw(st.lists(entries, min_size=1, max_size=4))),
    )


@examples(120)
@given(request=requests(), held=st.lists(consents(), max_size=4), more=consents("deny"))
def test_permits_never_grow_when_a_deny_is_added(request: Request, held: list[Any], more: dict[str, Any]) -> None:
    more["provision"].pop("provision", None)  # a deny with a permit inside is more than a deny
    before = decide(request, held)
    after = decide(request, [*held, more])
    for was, now in zip(before.entries, after.entries, strict=True):
        assert was.goes or not now.goes
        if now.decision == "permit":
            assert was.decision == "permit"


def test_what_an_exception_names_does_not_name_it_for_a_bare_permit_around_it() -> None:
    actor = {"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/mhc"}}
    inside = {"type": "permit", "purpose": [{"code": "TREAT"}], "actor": [actor]}
    consent = form({"type": "permit", "period": {"end": "2026-12-31"}, "provision": [inside]})
    assert {i.rule for i in check_consent(consent)} == {"missing-recipient", "missing-purpose"}
    narrowed = {**consent, "provision": {"period": {"end": "2026-12-31"}, "type": "deny", "provision": [inside]}}
    assert check_consent(narrowed) == []
    around = {**consent, "provision": {**inside, "period": {"end": "2026-12-31"}, "provision": [{"type": "permit"}]}}
    assert check_consent(around) == []


def test_a_refusal_is_not_hidden_by_another_consent_under_its_id() -> None:
    refused = {"resourceType": "Consent", "id": "k1", "status": "active", "patient": {"reference": "Patient/p"}}
    condition = {"resourceType": "Condition", "id": "c", "subject": {"reference": "Patient/p"}, "code": {"text": "x"}}
    request = Request(
        discloser=Party(reference="Organization/center", role="covered-entity"),
        recipient=Party(reference="Organization/mhc", role="covered-entity"),
        purpose="TREAT",
        patient="Patient/p",
        at=datetime(2026, 6, 1, tzinfo=UTC),
        law="consent",
        entries=(Entry(resource=condition, role="covered-entity"),),
    )
    here = {**refused, "provision": {"type": "deny"}}
    elsewhere = {**refused, "provision": {"type": "permit", "period": {"start": "2026-01-01"}}}
    for held in ([here, elsewhere], [elsewhere, here]):
        decision = decide(request, held)
        assert [one.decision for one in decision.entries] == ["deny"]
        assert decision.conflicts
    assert decide(request, [here, here]).to_json() == decide(request, [here]).to_json()


@examples(120)
@given(request=requests(), held=st.lists(consents(), max_size=5, unique_by=lambda one: one["id"]), data=st.data())
def test_order_of_consents_does_not_matter(request: Request, held: list[Any], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(held))
    assert decide(request, held).to_json() == decide(request, shuffled).to_json()
    assert decide(request, held).digest == decide(request, shuffled).digest


@examples(120)
@given(request=requests(), held=st.lists(consents(), max_size=4))
def test_the_decision_for_an_entry_does_not_depend_on_others(request: Request, held: list[Any]) -> None:
    from dataclasses import replace

    together = decide(request, held)
    for index, one in enumerate(request.entries):
        alone = decide(replace(request, entries=(one,)), held).entries[0]
        found = together.entries[index]
        assert (alone.decision, alone.because, alone.consents, alone.obligations) == (
            found.decision,
            found.because,
            found.consents,
            found.obligations,
        )


@examples(120)
@given(request=requests(), held=st.lists(consents(), max_size=4))
def test_part2_goes_by_consent_alone_and_with_its_notice(request: Request, held: list[Any]) -> None:
    for one, entry_of in zip(decide(request, held).entries, request.entries, strict=True):
        part2 = entry_of.role == "part2-program" and request.law != "consent"
        if one.goes and part2:
            assert one.consents
            assert "notice" in one.obligations
            # never for care, whatever a form says; what the patient asks for and names the agency for is not care
            assert request.recipient.role != "law-enforcement" or request.purpose in ("outcome-feedback", "PATRQT")


NAMES = "type provision actor reference purpose period end code securityLabel coding class data".split()  # noqa: SIM905
anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=4),
    max_leaves=12,
)


@examples(120)
@given(junk=anything)
def test_any_provision_is_decided(junk: Any) -> None:
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "patient": {"reference": "Patient/p"},
        "provision": junk,
    }
    asked = Request(
        discloser=Party(reference="Organization/center", role="part2-program"),
        recipient=Party(reference="Organization/mhc", role="covered-entity"),
        purpose="TREAT",
        patient="Patient/p",
        at=datetime(2026, 6, 1, tzinfo=UTC),
        entries=(Entry(resource={"resourceType": "Basic"}, role="part2-program"),),
    )
    assert not decide(asked, [consent]).entries[0].goes
