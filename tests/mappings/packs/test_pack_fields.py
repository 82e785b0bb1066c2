"""The verbs and the parts of the record that a pack fills, and the account of every source field."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from mappings.incident import Agency, Gated, Incident, Organization, Rejected
from mappings.packs import Pack, functions, load_pack, register

HEAD = "source: {format: csv, header: [event, a, b, c, d]}\nincident:\n  event_number: {from: event}\n"


def made_of(pack: Pack, row: str, agency: Agency | None = None) -> Incident:
    (made,) = pack.read(row.encode(), agency)
    assert isinstance(made, Incident), made
    return made


def priority(make_pack: Callable[..., Pack], verbs: str, row: str) -> str | None:
    made = made_of(make_pack(HEAD + f"  priority: {{{verbs}}}\n"), row)
    return made.priority.code if made.priority else None


@register
def shout(text: str) -> str | None:
    if text == "boom":
        raise RuntimeError(text)
    return text.upper() + "!"


@pytest.mark.parametrize(
    ("verbs", "row", "expected"),
    [
        ("from: a", "1, x ,,,", "x"),
        ("from: a", "1,,,,", None),
        ("from: [a, b]", "1,x,y,,", "x y"),
        ("from: [a, b], join: /", "1,x,y,,", "x/y"),
        ("from: [a, b], join: ''", "1,x,,,", "x"),
        ("from: a, strip: '*#'", "1,**x*y# ,,,", "x*y"),
        ("from: a, normalise: [spaces, upper]", "1,x   y,,,", "X Y"),
        ("from: a, normalise: digits", "1,+1 (555) 0100,,,", "15550100"),
        ("from: a, regex: '^(?P<code>[A-Z]+)-'", "1,AB-9,,,", "AB"),
        ("from: a, regex: '^(?P<code>[A-Z]+)-'", "1,9,,,", None),
        (f"from: a, fn: '{__name__}:shout'", "1,x,,,", "X!"),
        (f"from: a, fn: '{__name__}:shout'", "1,boom,,,", None),
        ("from: a, when: {b: {equals: Y}}", "1,x,Y,,", "x"),
        ("from: a, when: {b: {equals: Y}}", "1,x,y,,", None),
        ("from: a, when: {b: {in: [Y, Z]}, c: {not_empty: true}}", "1,x,Z,1,", "x"),
        ("from: a, when: {b: {in: [Y, Z]}, c: {not_empty: true}}", "1,x,Z,,", None),
        ("from: a, when: {b: {not_empty: false}}", "1,x, ,,", "x"),
        ("from: a, when: {b: {not_in: [Y, Z]}}", "1,x,A,,", "x"),
        ("from: a, when: {b: {not_in: [Y, Z]}}", "1,x,Z,,", None),
        ("from: a, when: {b: {not_in: [Y, Z]}}", "1,x,,,", None),
        ("from: a, when: {b: {matches: 'Y[0-9]'}}", "1,x,Y7,,", "x"),
        ("from: a, when: {b: {matches: 'Y[0-9]'}}", "1,x,Y77,,", None),
        ("from: [a, b], join: '', zero_pad: {b: 3}", "1,x,7,,", "x007"),
        ("from: a, zero_pad: 3", "1,7x,,,", "7x"),
        ("const: P9", "1,,,,", "P9"),
    ],
)
def test_text_verbs(make_pack: Callable[..., Pack], verbs: str, row: str, expected: str | None) -> None:
    assert priority(make_pack, verbs, row) == expected


def test_what_a_verb_cannot_read_is_an_issue_of_its_column(make_pack: Callable[..., Pack]) -> None:
    text = (
        HEAD
        + "  priority: {from: a, regex: '^(?P<code>[A-Z]+)-'}\n"
        + f"  status: {{from: b, fn: '{__name__}:shout'}}\n"
        "  place: {latitude: {from: c}, longitude: {from: d}}\n"
    )
    pack = make_pack(text)
    made = made_of(pack, "1,9,boom,3671800,north\n")
    assert {(issue.rule, issue.path) for issue in made.reading.issues} == {
        ("read.no-match", "a"),
        ("read.function-failed", "b"),
        ("read.out-of-range", "c"),
        ("read.bad-number", "d"),
    }
    assert made.place is None
    assert pack.functions == (f"{__name__}:shout",)


def test_one_name_is_one_function() -> None:
    def other(text: str) -> str | None:
        return text

    other.__module__, other.__qualname__ = shout.__module__, shout.__qualname__
    with pytest.raises(ValueError, match="another function"):
        register(other)


@pytest.mark.parametrize(
    ("address", "block"),
    [
        ("1423 8th St", "1400 block of 8th St"),
        ("99 Mill", "0 block of Mill"),
        ("Mill & 3rd", "Mill & 3rd"),
        ("12", "12"),
    ],
)
def test_block_level(address: str, block: str) -> None:
    assert functions.block_level(address) == block


@pytest.mark.parametrize(
    ("text", "time"),
    [
        ("2026-03-08T01:40:00", "2026-03-08T01:40:00Z"),
        ("|2026-03-08T01:40", "2026-03-08T01:40Z"),
        ("True|2026-03-08T01:40:00.5", "2026-03-08T01:40:00.5Z"),
        ("true|2026-03-08T01:40:00-06:00", "2026-03-08T01:40:00-06:00"),
        ("false|2026-03-08T01:40:00", "2026-03-08T01:40:00"),
        ("0|2026-03-08", "2026-03-08"),
        ("true|2026-03-08", "2026-03-08"),
    ],
)
def test_a_time_in_utc_unless_told(text: str, time: str) -> None:
    assert functions.utc_unless_told(text) == time


def test_a_word_that_nobody_knows_makes_no_time() -> None:
    with pytest.raises(ValueError, match="yes or no"):
        functions.utc_unless_told("maybe|2026-03-08T01:40:00")


def test_markers_for_empty(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(HEAD.replace("header:", "empty: ['NULL', 'N/A'], header:") + "  priority: {from: a}\n")
    assert made_of(pack, "1,NULL,,,\n").priority is None
    assert made_of(pack, "1, N/A ,,,\n").priority is None
    assert made_of(pack, "1,NULLS,,,\n").priority is not None


PERSONS = (
    HEAD
    + """  persons:
    - {roles: [subject], names: [{family: {from: a}, given: [{from: b}]}]}
    - {roles: [caller], names: [{text: {from: c}}]}
  narratives:
    - {from: d, kind: cad-note, organization: test-pd, origin: dispatcher, person: person-1}
"""
)


def test_persons_keep_their_slot_in_the_source(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(PERSONS)
    both = made_of(pack, "1,Fam,Giv,Call,said\n")
    assert [(p.slot, p.roles) for p in both.persons] == [("person-1", ("subject",)), ("person-2", ("caller",))]
    assert both.narratives[0].person == "person-1"
    assert both.narratives[0].author is not None
    assert both.narratives[0].author.role == "dispatcher"
    caller = made_of(pack, "1,,,Call,said\n")
    assert [(p.slot, p.roles) for p in caller.persons] == [("person-2", ("caller",))]
    assert caller.reading.paths["persons[0].names[0].text"] == "c"
    # who is not there is not named
    assert caller.narratives[0].person is None
    assert [issue.rule for issue in caller.reading.issues] == ["read.no-such-person"]
    nobody = made_of(pack, "1,,,,\n")
    assert (nobody.persons, nobody.narratives, nobody.reading.issues) == ((), (), ())


def test_a_narrative_belongs_to_the_agency_that_is_read_for(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(HEAD + "  narratives:\n    - {from: a, organization: test-pd}\n    - {from: b}\n")
    made = made_of(pack, "1,x,y,,\n", Agency(id="other-pd", zone="America/Denver"))
    assert [one.organization for one in made.narratives] == ["other-pd", None]  # undeclared stays undeclared


def test_each_column_is_mapped_unused_dropped_or_gated(make_pack: Callable[..., Pack]) -> None:
    pack = make_pack(HEAD + "  priority: {from: a}\ndrop: {b: always the same}\ncjis: {fbi-number: [c], sealed: [d]}\n")
    made = made_of(pack, "1,x,y,never read,  \n")
    assert dict(made.reading.paths) == {"number": "event", "priority": "a"}
    assert made.reading.unused == ()
    assert made.reading.dropped == (Gated(path="b", rule="pack.drop"), Gated(path="c", rule="cjis.fbi-number"))
    assert "never read" not in repr(made)
    assert made.reading.source == "test-cad@1"


def test_gated_fields_of_documents_are_counted_never_read() -> None:
    pack = load_pack("riverton-webhook")
    made = pack(
        {"number": "1", "persons": [{"ref": "a", "priors": ["Qzx", "Qzy"]}, {"ref": "b", "queryReturn": "Qzz"}]}
    )
    assert isinstance(made, Incident)
    assert made.reading.dropped == (
        Gated(path="persons[].queryReturn", rule="cjis.ncic"),
        Gated(path="persons[].priors", rule="cjis.criminal-history"),
    )
    assert "Qz" not in repr(made)
    assert made.reading.unused == ()


def test_a_pack_is_called_on_a_row() -> None:
    pack = load_pack("seattle-cad")
    row = {"cad_event_number": 10000246436, "event_clearance_code": "220", "longitude": float("nan"), "extra": "x"}
    made = pack(row)
    assert isinstance(made, Incident)
    assert made.number == "10000246436"
    assert made.type_final is not None
    assert made.type_final.mapped[0].code == "EDP"
    assert "extra" in made.reading.unused
    assert isinstance(pack({"event_clearance_code": "220"}), Rejected)


def test_paths_name_the_place_of_each_field() -> None:
    pack = load_pack("riverton-webhook")
    made = pack(
        {
            "number": "1",
            "units": [{"status": "x"}, {"id": "3C12", "history": [{"status": "ONS", "at": "2026-01-08T01:00:00Z"}]}],
            "persons": [{"ref": "s", "role": "SUBJ", "name": {"alias": "Al"}}],
        }
    )
    assert isinstance(made, Incident)
    paths = made.reading.paths
    assert paths["units[0].id"] == "units[1].id"  # the first in the source has no id
    assert paths["units[0].timeline.on_scene"] == "units[1].history[].at"
    assert paths["persons[0].roles[0]"] == "persons[0].role"
    assert "persons[0].birth_date" not in paths
    assert [(issue.rule, issue.path) for issue in made.reading.issues] == [("read.incomplete", "units[].id")]


def test_the_pack_knows_its_agency_and_organizations() -> None:
    agency = load_pack("riverton-rms").agency
    assert (agency.id, agency.ori, agency.zone, agency.posture) == (
        "riverton-pd", "XX0000100", "America/Denver", "law-enforcement",
    )  # fmt: skip
    assert (
        Organization(id="sunrise-recovery", name="Sunrise Recovery", kind="center", posture="part2-program")
        in agency.organizations
    )


REFERRALS = (
    HEAD
    + """  persons: [{roles: [subject], names: [{family: {from: a}}]}]
  contacts:
    - person: person-1
      referrals:
        - organization: {from: b, table: center}
          urgency: {from: c}
          when: {d: {equals: Y}}
"""
)


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("1,x,Lakeshore,stat,Y", [("center-a", "stat", None)]),
        ("1,x,Elsewhere,stat,Y", [(None, "stat", "Elsewhere")]),
        ("1,x,Elsewhere,,Y", [(None, "routine", "Elsewhere")]),
        ("1,x,None,stat,Y", []),  # the table has the word and no center for it
        ("1,x,,stat,Y", [(None, "stat", None)]),
        ("1,x,Lakeshore,stat,N", []),
        ("1,x,Elsewhere,stat,N", []),  # an unmapped word does not get around the condition
        ("1,x,,,Y", [(None, "routine", None)]),  # referred, nobody wrote where
    ],
)
def test_a_referral_is_what_the_report_decided(
    make_pack: Callable[..., Pack], row: str, expected: list[tuple[str | None, str, str | None]]
) -> None:
    text = REFERRALS.replace("incident:", "tables: {center: {file: center.csv}}\nincident:")
    made = made_of(make_pack(text, center="code,value\nLAKESHORE,center-a\nNONE,\n"), row)
    found = [(one.organization, one.urgency, one.note) for contact in made.contacts for one in contact.referrals]
    assert found == expected
