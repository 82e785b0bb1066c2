"""Records of one incident become one, in any order; who is believed; who is one person; whose ids stay."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.fhir.translate import translate
from mappings.incident import (
    Agency,
    Caution,
    Coded,
    Contact,
    Identifier,
    Incident,
    Name,
    Narrative,
    Person,
    Place,
    Reading,
    Referral,
    Timeline,
    Unit,
)
from mappings.incident_json import from_json, to_json
from mappings.merge import RULES, merge, sort_out
from mappings.telling import Kind, Telling
from profiles.check import check

NOW = datetime(2026, 11, 21, tzinfo=UTC)
AGENCY = Agency(id="example-pd", zone="America/Denver", posture="law-enforcement")
OUTSIDE = {"reading": Reading()}

ANY_PERSON = Person(
    slot="p1", roles=("subject",), names=(Name(family="Brackenvell", given=("Isolde",)),), birth_date="1990-02-03"
)


def tell(kind: Kind, source: str | None = None, *, arrived: int = 0, **facts: Any) -> Telling:
    values = {"agency": "example-pd", "number": "E-1"} | facts
    return Telling(incident=Incident(**values), kind=kind, source=source or kind, arrived=(arrived,))


def rules(found: Any) -> list[str]:
    return [issue.rule for issue in found.issues]


def resources(incident: Incident, kind: str | None = None) -> dict[str, Any]:
    bundle = translate(incident, agency=AGENCY, now=NOW).bundle
    found = [entry["resource"] for entry in bundle["entry"]]
    assert len({r["id"] for r in found}) == len(found)
    return {r["id"]: r for r in found if kind is None or r["resourceType"] == kind}


# ── which belong together ─────────────────────────────────────────────────────────────────────────────────────────


def test_a_report_with_the_case_alone_joins_the_event_that_has_the_case() -> None:
    cad, report = tell("cad", case_number="C-1"), tell("report", number=None, case_number="C-1")
    form = tell("contact")
    found = sort_out([report, form, cad])
    assert [{t.kind for t in each} for each in found.sets] == [{"report", "contact", "cad"}]
    assert found.doubts == ()


def test_two_events_are_not_joined_through_a_case_and_a_report_of_both_stays_by_itself() -> None:
    one, other = tell("cad", case_number="C-1"), tell("cad", "cad-b", number="E-2", case_number="C-1")
    report = tell("report", number=None, case_number="C-1")
    found = sort_out([one, report, other])
    assert sorted(len(each) for each in found.sets) == [1, 1, 1]
    assert [(t.kind, issue.rule) for t, issue in found.doubts] == [("report", "merge.several-incidents")]


def test_records_of_different_owners_are_never_joined() -> None:
    cad, form = tell("cad"), tell("contact", organization="example-program")
    assert len(sort_out([cad, form]).sets) == 2
    with pytest.raises(ValueError, match="owners"):
        merge([cad, form])


def test_one_record_alone_is_itself() -> None:
    cad = tell("cad", persons=(ANY_PERSON,))
    assert merge([cad]).incident is cad.incident
    with pytest.raises(ValueError, match="nothing"):
        merge([])


# ── who is believed ───────────────────────────────────────────────────────────────────────────────────────────────


def test_times_and_units_are_the_cads_the_case_number_the_reports() -> None:
    cad = tell(
        "cad",
        case_number="C-0",
        timeline=Timeline(received="2026-11-20T21:12:40-07:00", cleared="2026-11-20T22:20:00-07:00"),
        units=(Unit(id="3C12", kind="co-responder"),),
    )
    report = tell(
        "report",
        case_number="C-1",
        timeline=Timeline(received="2026-11-20", on_scene="2026-11-20T21:30:00-07:00", cleared="2026-11-20T23:00:00Z"),
        units=(Unit(id="3c12", employer="example-program"), Unit(id="2A14")),
    )
    found = merge([report, cad])
    assert found.incident.timeline == Timeline(
        received="2026-11-20T21:12:40-07:00",
        on_scene="2026-11-20T21:30:00-07:00",
        cleared="2026-11-20T22:20:00-07:00",
    )
    assert found.incident.units == (
        Unit(id="3C12", kind="co-responder", employer="example-program"),
        Unit(id="2A14"),
    )
    assert found.incident.case_number == "C-1"
    conflicts = [issue.path for issue in found.issues if issue.rule == "merge.conflict"]
    # the date of the report agrees with the CAD's instant
    assert sorted(conflicts) == [
        "cad: timeline.cleared / report: timeline.cleared",
        "report: case_number / cad: case_number",
    ]


def test_the_more_exact_of_two_times_that_agree_is_taken() -> None:
    cad = tell("cad", timeline=Timeline(received="2026-11-20"))
    form = tell("contact", timeline=Timeline(received="2026-11-20T21:12:40-07:00"))
    found = merge([cad, form])
    assert found.incident.timeline.received == "2026-11-20T21:12:40-07:00"
    assert found.issues == ()


def test_a_place_is_never_made_of_two_that_differ() -> None:
    cad = tell("cad", place=Place(line="2100 Alder", city="Riverton", latitude=40.0, longitude=-105.0))
    report = tell("report", place=Place(line="9 Elm", city="Riverton", postal_code="80000"))
    found = merge([cad, report])
    assert found.incident.place == cad.incident.place
    assert rules(found) == ["merge.conflict"]
    agreeing = tell("report", place=Place(line="2100  ALDER", postal_code="80000", latitude=None))
    filled = merge([cad, agreeing])
    assert filled.incident.place == replace(cad.incident.place or Place(), postal_code="80000")
    assert filled.issues == ()


def test_unknown_never_overwrites_known() -> None:
    cad = tell("cad", type_final=Coded(code="EDP"), priority=Coded(code="2"))
    form = tell("contact", type_initial=Coded(text="Welfare check"))
    made = merge([cad, form]).incident
    assert (made.type_final, made.priority, made.type_initial) == (
        Coded(code="EDP"),
        Coded(code="2"),
        Coded(text="Welfare check"),
    )


# ── versions ──────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_later_version_replaces_whole_and_a_late_earlier_one_does_not() -> None:
    first = tell("cad", updated="2026-11-20T21:00:00Z", units=(Unit(id="A"),), arrived=9)
    second = tell("cad", updated="2026-11-20T22:00:00Z", units=(Unit(id="B"),), arrived=1)
    found = merge([first, second])
    assert found.incident is second.incident
    assert found.stood == (second,)


def test_versions_without_times_go_by_number_then_by_arrival() -> None:
    tenth, ninth = tell("cad", version="10", arrived=1), tell("cad", version="9", arrived=2)
    assert merge([tenth, ninth]).stood == (tenth,)
    early, late = tell("cad", arrived=1), tell("cad", arrived=2, status=Coded(code="C"))
    assert merge([late, early]).stood == (late,)


def test_a_form_about_a_second_person_takes_nothing_away() -> None:
    one = tell("contact", arrived=1, persons=(Person(slot="a"),), contacts=(Contact(person="a"),))
    other = tell("contact", arrived=2, persons=(Person(slot="b"),), contacts=(Contact(person="b"),))
    assert {c.person for c in merge([one, other]).incident.contacts} == {"a", "b"}
    both = tell(
        "contact",
        arrived=3,
        persons=(Person(slot="a"), Person(slot="b")),
        contacts=(Contact(person="a", follow_up="Call."), Contact(person="b")),
    )
    assert merge([one, other, both]).stood == (both,)


def test_a_supplement_with_narratives_of_its_own_stands_beside_the_report() -> None:
    first = tell("report", arrived=1, narratives=(Narrative(text="First.", id="1"),))
    second = tell("report", arrived=2, narratives=(Narrative(text="Second.", id="2"),))
    assert {n.text for n in merge([first, second]).incident.narratives} == {"First.", "Second."}
    corrected = tell("report", arrived=3, narratives=(Narrative(text="First, mended.", id="1"),))
    assert {n.text for n in merge([first, second, corrected]).incident.narratives} == {"First, mended.", "Second."}


def test_a_withdrawn_report_is_gone_with_what_it_said() -> None:
    cad = tell("cad")
    report = tell("report", arrived=1, narratives=(Narrative(text="Wrong person."),))
    withdrawn = tell("report", arrived=2, standing="withdrawn")
    assert merge([cad, report, withdrawn]).incident is cad.incident
    assert merge([report, withdrawn]).stood == (withdrawn,)


# ── persons and contacts ──────────────────────────────────────────────────────────────────────────────────────────


def person(slot: str, **facts: Any) -> Person:
    return replace(ANY_PERSON, slot=slot, **facts)


def test_the_same_name_and_birth_date_are_one_person_as_the_team_has_them() -> None:
    form = tell("contact", persons=(person("p1", telecoms=()),), contacts=(Contact(person="p1"),))
    report = tell("report", persons=(person("S-1", sex=Coded(code="F")),))
    found = merge([report, form])
    (made,) = found.incident.persons
    assert (made.slot, made.sex) == ("p1", Coded(code="F"))
    assert found.issues == ()


@pytest.mark.parametrize(
    "other",
    [
        person("S-1", birth_date=None),
        person("S-1", birth_date="1990-02"),
        person("S-1", birth_date="1991-02-03"),
        person("S-1", names=(Name(family="Brackenvell"),)),
        person("p1", birth_date=None),
    ],
)
def test_likeness_is_no_evidence(other: Person) -> None:
    form = tell("contact", persons=(ANY_PERSON,), contacts=(Contact(person="p1"),))
    found = merge([form, tell("report", persons=(other,))])
    assert len(found.incident.persons) == 2
    assert len({p.slot for p in found.incident.persons}) == 2
    assert rules(found) == ["merge.persons-apart"]
    assert len(resources(found.incident, "Patient")) == 2


def test_an_identifier_of_one_assigner_is_evidence_and_without_an_assigner_none() -> None:
    known = Identifier(value="778", assigner="example-pd", kind="person")
    form = tell("contact", persons=(person("p1", identifiers=(known,)),))
    report = tell("report", persons=(Person(slot="7", identifiers=(known,)),))
    assert len(merge([form, report]).incident.persons) == 1
    nobody = replace(known, assigner=None)
    form = tell("contact", persons=(person("p1", identifiers=(nobody,)),))
    report = tell("report", persons=(Person(slot="7", identifiers=(nobody,)),))
    assert len(merge([form, report]).incident.persons) == 2


def test_evidence_that_fits_two_joins_none() -> None:
    form = tell("contact", persons=(ANY_PERSON,))
    report = tell("report", persons=(person("1"), person("2")))
    found = merge([form, report])
    assert len(found.incident.persons) == 3
    assert "merge.person-ambiguous" in rules(found)


def test_two_contacts_with_one_person_are_one_and_those_of_two_organizations_two() -> None:
    form = tell("contact", persons=(ANY_PERSON,), contacts=(Contact(person="p1", follow_up="Call."),))
    said = Contact(person="S-1", force=(Coded(code="none"),))
    report = tell("report", persons=(person("S-1"),), contacts=(said,))
    (contact,) = merge([form, report]).incident.contacts
    assert (contact.person, contact.follow_up, contact.force) == ("p1", "Call.", (Coded(code="none"),))
    theirs = tell("report", persons=(person("S-1"),), contacts=(replace(said, organization="other-program"),))
    assert len(merge([form, theirs]).incident.contacts) == 2


def test_what_names_a_person_names_the_same_person_after_the_merge() -> None:
    form = tell("contact", persons=(ANY_PERSON,), contacts=(Contact(person="p1"),))
    report = tell(
        "report",
        persons=(person("S-1"), Person(slot="p1", roles=("witness",))),
        narratives=(Narrative(text="Of the subject.", person="S-1"), Narrative(text="Of the witness.", person="p1")),
        cautions=(Caution(type=Coded(text="Dog"), person="S-1"),),
    )
    made = merge([form, report]).incident
    witness = next(p for p in made.persons if "witness" in p.roles)
    assert {n.text: n.person for n in made.narratives} == {"Of the subject.": "p1", "Of the witness.": witness.slot}
    assert made.cautions[0].person == "p1"
    assert witness.slot != "p1"


# ── ids ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_what_was_referred_keeps_its_ids_whatever_comes_later() -> None:
    form = tell(
        "contact",
        organization="example-pd",
        persons=(ANY_PERSON,),
        contacts=(
            Contact(
                person="p1",
                referrals=(Referral(organization="center"),),
                concerns=(Coded(text="Sleep"),),
                narratives=(Narrative(text="Met at home.", organization="example-pd"),),
            ),
        ),
    )
    report = tell(
        "report",
        number=None,
        case_number="C-1",
        persons=(person("S-1", identifiers=(Identifier(value="9", assigner="example-pd"),)),),
        contacts=(Contact(person="S-1", force=(Coded(code="none"),)),),
        narratives=(Narrative(text="On arrival.", organization="example-pd"),),
    )
    cad = tell("cad", case_number="C-1", units=(Unit(id="2A14"),), persons=(Person(slot="p1", roles=("caller",)),))
    alone = resources(form.incident)
    made = resources(merge([cad, report, form]).incident)
    stays = {i for i, r in alone.items() if r["resourceType"] not in ("Provenance",)}
    assert stays <= made.keys()
    alone_report = resources(report.incident, "DocumentReference")
    assert alone_report.keys() <= made.keys()
    (provenance,) = [r for r in made.values() if r["resourceType"] == "Provenance"]
    assert len(provenance["entity"]) == 3


def test_a_patient_whose_id_is_made_of_an_identifier_keeps_it() -> None:
    held = Identifier(value="M-1", assigner="example-pd", kind="medical-record")
    form = tell(
        "contact",
        persons=(person("p1", identifiers=(held,)),),
        contacts=(Contact(person="p1", referrals=(Referral(organization="center"),)),),
    )
    other = replace(held, value="R-2", kind="report-person")
    report = tell("report", persons=(person("S-1", identifiers=(other,)),))
    assert resources(merge([report, form]).incident, "Patient").keys() == resources(form.incident, "Patient").keys()


def test_two_sources_with_the_same_slot_for_two_persons_have_two_ids() -> None:
    form = tell("contact", persons=(ANY_PERSON,), contacts=(Contact(person="p1"),))
    report = tell("report", persons=(Person(slot="p1", roles=("subject",)),), contacts=(Contact(person="p1"),))
    alone = resources(form.incident, "Patient")
    made = merge([report, form]).incident
    assert len(resources(made, "Patient")) == len(resources(made, "Encounter")) == 2
    assert alone.keys() < resources(made, "Patient").keys()


# ── any records ───────────────────────────────────────────────────────────────────────────────────────────────────

_TIMES = st.none() | st.sampled_from(["2026-11-20", "2026-11-20T21:12:40-07:00", "2026-11-20T22:12:40-07:00"])
_CODED = st.none() | st.builds(Coded, code=st.sampled_from(["A", "B"]), text=st.sampled_from([None, "x", "y"]))
_PEOPLE = st.lists(
    st.builds(
        Person,
        slot=st.sampled_from(["p1", "p2"]),
        roles=st.sampled_from([("subject",), ("caller",), ("unknown",)]),
        names=st.sampled_from([(), (Name(family="Brackenvell", given=("Isolde",)),), (Name(family="Brackenvell"),)]),
        birth_date=st.sampled_from([None, "1990-02-03", "1991-01-01"]),
        identifiers=st.sampled_from([(), (Identifier(value="1", assigner="a"),)]),
        age_years=st.sampled_from([None, 30, 40]),
        approximate_age=st.booleans(),
    ),
    max_size=2,
    unique_by=lambda p: p.slot,
).map(tuple)
_CONTACTS = st.lists(
    st.builds(
        Contact,
        person=st.sampled_from(["p1", "p2", None]),
        organization=st.sampled_from([None, "example-pd", "center"]),
        start=_TIMES,
        disposition=_CODED,
        follow_up=st.sampled_from([None, "Call.", "Visit."]),
        referrals=st.sampled_from([(), (Referral(organization="center"),), (Referral(number="7"),)]),
        narratives=st.sampled_from([(), (Narrative(text="one", id="1"),), (Narrative(text="two"),)]),
    ),
    max_size=2,
).map(tuple)
_RECORDS = st.builds(
    Incident,
    agency=st.just("example-pd"),
    number=st.sampled_from(["E-1", "E-2", None]),
    case_number=st.sampled_from(["C-1", "C-2"]),
    version=st.sampled_from([None, "1", "2", "x"]),
    updated=_TIMES,
    type_final=_CODED,
    place=st.none() | st.builds(Place, line=st.sampled_from([None, "1 Elm", "2 Elm"]), city=st.just("R")),
    timeline=st.builds(Timeline, received=_TIMES, cleared=_TIMES),
    units=st.lists(st.builds(Unit, id=st.sampled_from(["A", "B"]), status=_CODED), max_size=2).map(tuple),
    persons=_PEOPLE,
    contacts=_CONTACTS,
    dispositions=st.lists(_CODED.filter(bool), max_size=1).map(tuple),
    narratives=st.lists(
        st.builds(Narrative, text=st.sampled_from(["one", "two"]), id=st.sampled_from([None, "1"])), max_size=2
    ).map(tuple),
    cautions=st.lists(st.builds(Caution, type=st.just(Coded(text="Dog"))), max_size=1).map(tuple),
)
_SOURCES: list[tuple[Kind, str]] = [("cad", "cad"), ("report", "rms"), ("report", "aux"), ("contact", "app")]


@st.composite
def _tellings(draw: st.DrawFn) -> list[Telling]:
    drawn = draw(st.lists(st.tuples(st.sampled_from(_SOURCES), _RECORDS), min_size=1, max_size=5))
    return [Telling(incident=i, kind=k, source=s, arrived=(n,)) for n, ((k, s), i) in enumerate(drawn)]


def _merged(given: Sequence[Telling]) -> Iterator[tuple[Any, ...]]:
    found = [merge(each) for each in sort_out(given).sets]
    for one in sorted(found, key=lambda m: repr(m.incident)):
        reading = one.incident.reading
        yield one.incident, dict(reading.ids), dict(reading.paths), reading.told, one.issues, one.stood


@settings(max_examples=120)
@given(tellings=_tellings(), data=st.data())
def test_any_order_of_arrival_gives_the_same(tellings: list[Telling], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(tellings))
    assert list(_merged(shuffled)) == list(_merged(tellings))


@settings(max_examples=60)
@given(tellings=_tellings())
def test_any_merge_becomes_a_right_bundle_and_loses_nobody(tellings: list[Telling]) -> None:
    for each in sort_out(tellings).sets:
        found = merge(each)
        assert {issue.rule for issue in found.issues} <= RULES.keys()
        bundle = translate(found.incident, agency=AGENCY, now=NOW).bundle
        urls = [entry["fullUrl"] for entry in bundle["entry"]]
        assert len(set(urls)) == len(urls)
        assert [issue for issue in check(bundle) if issue.severity in ("error", "fatal")] == []
        slots = {p.slot for p in found.incident.persons}
        assert len(slots) == len(found.incident.persons)
        replaced: set[str] = set()  # a later record of the source tells of its contact with nobody named: latest first
        for told in found.stood:
            nobody = [c for c in told.incident.contacts if c.person is None]
            for contact in nobody if told.source not in replaced else ():
                assert any(c.person is None and c.organization == contact.organization for c in found.incident.contacts)
            replaced |= {told.source} if nobody else set()
        for narrative in (n for t in found.stood for n in t.incident.narratives if n.id is None):
            assert narrative.text in {n.text for n in found.incident.narratives}
        for unit in (u for t in found.stood for u in t.incident.units):
            assert unit.id in {u.id for u in found.incident.units}
        # a value that a record has and the merge has not is named as a conflict
        for one in found.stood:
            said, kept = one.incident.timeline.cleared, found.incident.timeline.cleared
            if said and kept and said != kept and not kept.startswith(said):
                assert any(
                    i.rule == "merge.conflict" and f"{one.source}: timeline.cleared" in i.path for i in found.issues
                )


@given(incident=_RECORDS)
def test_a_record_comes_back_out_of_its_own_json(incident: Incident) -> None:
    assert from_json(to_json(incident)) == incident
