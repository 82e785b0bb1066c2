"""The NIBRS reader on small reports: one thing a test, and what is broken beside what is whole."""

from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.incident import Agency, Identifier, Incident, Organization, Rejected
from mappings.police.nibrs import read_nibrs
from mappings.police.submission import Broken, reports
from mappings.police.ucr import SYSTEMS, ucr_codes

#: A value that must never come back in an issue or a path.
SECRET = "Wolmerstadt"

AGENCY = Agency(id="a-pd", ori="XX0000100", zone="America/Denver")
HEAD = (
    '<?xml version="1.0" encoding="UTF-8"?>\n'
    '<nibrs:Submission xmlns:nibrs="http://fbi.gov/cjis/nibrs/4.2" xmlns:cjis="http://fbi.gov/cjis/1.0" '
    'xmlns:j="http://release.niem.gov/niem/domains/jxdm/5.2/" xmlns:nc="http://release.niem.gov/niem/niem-core/3.0/" '
    'xmlns:s="http://release.niem.gov/niem/structures/3.0/">\n'
    "<cjis:MessageMetadata><cjis:MessageDateTime>2026-11-19T06:00:00</cjis:MessageDateTime>"
    "<cjis:MessageImplementationVersion>4.2</cjis:MessageImplementationVersion></cjis:MessageMetadata>\n"
)
TAIL = "</nibrs:Submission>\n"


def number(text: str) -> str:
    return f"<nc:ActivityIdentification><nc:IdentificationID>{text}</nc:IdentificationID></nc:ActivityIdentification>"


def report(
    inside: str | None = None, action: str = "I", ori: str = "XX0000100", category: str = "GROUP A INCIDENT REPORT"
) -> str:
    inside = f"<nc:Incident>{number('26-1')}</nc:Incident>" if inside is None else inside
    agency = (
        "<j:OrganizationAugmentation><j:OrganizationORIIdentification>"
        f"<nc:IdentificationID>{ori}</nc:IdentificationID>"
        "</j:OrganizationORIIdentification></j:OrganizationAugmentation>"
    )
    return (
        f"<nibrs:Report><nibrs:ReportHeader><nibrs:NIBRSReportCategoryCode>{category}</nibrs:NIBRSReportCategoryCode>"
        f"<nibrs:ReportActionCategoryCode>{action}</nibrs:ReportActionCategoryCode>"
        f"<nibrs:ReportingAgency>{agency}</nibrs:ReportingAgency></nibrs:ReportHeader>{inside}</nibrs:Report>\n"
    )


def submission(*parts: str) -> bytes:
    return (HEAD + "".join(parts) + TAIL).encode()


def read(*parts: str, agency: Agency | None = AGENCY) -> list[Incident | Rejected]:
    return list(read_nibrs(submission(*parts), agency))


def accepted(inside: str, **more: str) -> Incident:
    (one,) = read(report(f"<nc:Incident>{number('26-1')}</nc:Incident>{inside}", **more))
    assert isinstance(one, Incident), one
    return one


def rules(one: Incident | Rejected) -> list[str]:
    return [issue.rule for issue in (one.issues if isinstance(one, Rejected) else one.reading.issues)]


def person(name: str, inside: str = "") -> str:
    return f'<nc:Person s:id="{name}">{inside}<j:PersonSexCode>F</j:PersonSexCode></nc:Person>'


def role(element: str, of: str, inside: str = "", name: str = "") -> str:
    return f'<{element} s:id="{name or element[2:]}"><nc:RoleOfPerson s:ref="{of}"/>{inside}</{element}>'


OFFENSE = "<j:Offense><nibrs:OffenseUCRCode>13B</nibrs:OffenseUCRCode></j:Offense>"
OFFICER = role(
    "j:EnforcementOfficial",
    "P1",
    "<j:EnforcementOfficialActivityCategoryCode>09</j:EnforcementOfficialActivityCategoryCode>",
)
VICTIM = role("j:Victim", "P1", "<j:VictimCategoryCode>L</j:VictimCategoryCode>")
JOINED = '<j:SubjectVictimAssociation><j:Subject s:ref="{}"/><j:Victim s:ref="Victim"/></j:SubjectVictimAssociation>'


# --- who the agency is, which report it is


def test_the_directory_names_the_agency_by_its_ori() -> None:
    other = Organization(id="b-pd", identifiers=(Identifier(value="XX0000200", kind="ori"),))
    directory = Agency(id="a-pd", ori="XX0000100", organizations=(other,))
    found = read(report(), report(ori="XX0000200"), report(ori="XX0000300"), agency=directory)
    assert [one.agency for one in found if isinstance(one, Incident)] == ["a-pd", "b-pd", "XX0000300"]
    assert [rules(one) for one in found] == [
        ["read.no-zone"], ["read.no-zone"], ["nibrs.agency-not-in-directory", "read.no-zone"]
    ]  # fmt: skip


def test_without_a_directory_the_ori_is_the_agency() -> None:
    (one,) = read(report(), agency=None)
    assert isinstance(one, Incident)
    assert (one.agency, one.organizations[0].identifiers[0].value) == ("XX0000100", "XX0000100")


@pytest.mark.parametrize(
    ("text", "agency", "rule"),
    [
        (report(""), AGENCY, "nibrs.no-key"),
        (report("<nc:Incident/>"), AGENCY, "nibrs.no-key"),
        (report(ori=""), None, "nibrs.no-agency"),
    ],
)
def test_what_has_no_key_is_rejected_with_its_line(text: str, agency: Agency | None, rule: str) -> None:
    first, second = read(report(), text, agency=agency)
    assert isinstance(first, Incident) and isinstance(second, Rejected)
    assert (second.index, rules(second), second.line) == (1, [rule], 5)
    assert second.issues[0].path.endswith(", line 5")


def test_a_call_for_service_gives_the_cad_number() -> None:
    one = accepted(f"<j:ServiceCall>{number('RV26-1')}</j:ServiceCall>")
    assert (one.number, one.case_number, one.key) == ("RV26-1", "26-1", "RV26-1")


def test_another_release_of_niem_is_read_and_named() -> None:
    data = submission(report()).replace(b"niem-core/3.0", b"niem-core/4.0").replace(b"nibrs/4.2", b"nibrs/4.1")
    (one,) = read_nibrs(data, AGENCY)
    assert isinstance(one, Incident)
    assert (one.case_number, rules(one)) == ("26-1", ["nibrs.other-version"])


@pytest.mark.parametrize(
    ("date", "occurred", "rule"),
    [
        ("<nc:DateTime>2026-11-01T01:00:00</nc:DateTime>", "2026-11-01T01:00:00-06:00", "read.ambiguous-time"),
        ("<nc:DateTime>2026-03-08T02:00:00</nc:DateTime>", "2026-03-08", "read.missing-hour"),
        ("<nc:DateTime>2026-05-05T05:00:00Z</nc:DateTime>", "2026-05-05T05:00:00Z", None),
        ("<nc:Date>2026-05-05-06:00</nc:Date>", "2026-05-05", None),
        ("<nc:Date>2026-02-30</nc:Date>", None, "read.bad-time"),
        ("<nc:Date>2026</nc:Date>", None, "read.bad-time"),
    ],
)
def test_times_follow_the_rules_of_zones(date: str, occurred: str | None, rule: str | None) -> None:
    (one,) = read(report(f"<nc:Incident>{number('26-1')}<nc:ActivityDate>{date}</nc:ActivityDate></nc:Incident>"))
    assert isinstance(one, Incident)
    assert one.timeline.occurred == occurred
    assert rules(one) == ([] if rule is None else [rule])


# --- persons


@pytest.mark.parametrize(
    ("measure", "years", "said"),
    [
        ("<nc:MeasureIntegerValue>32</nc:MeasureIntegerValue>", 32, None),
        ("<nc:MeasureIntegerValue>00</nc:MeasureIntegerValue>", None, None),
        ("<nc:MeasureIntegerValue>99</nc:MeasureIntegerValue>", None, "age: over 98"),
        ("<nc:MeasureValueText>NEONATAL</nc:MeasureValueText>", 0, "age: NEONATAL"),
        ("<nc:MeasureValueText>NB</nc:MeasureValueText>", 0, "age: NB"),
        ("<nc:MeasureValueText>UNKNOWN</nc:MeasureValueText>", None, None),
        (
            "<nc:MeasureIntegerRange><nc:RangeMaximumIntegerValue>30</nc:RangeMaximumIntegerValue>"
            "<nc:RangeMinimumIntegerValue>25</nc:RangeMinimumIntegerValue></nc:MeasureIntegerRange>",
            None,
            "age: 25 to 30",
        ),
        (
            "<nc:MeasureIntegerValue>7</nc:MeasureIntegerValue><nc:TimeUnitCode>MON</nc:TimeUnitCode>",
            None,
            "age: 7 MON",
        ),
    ],
)
def test_an_age_is_taken_as_it_is_said(measure: str, years: int | None, said: str | None) -> None:
    one = accepted(person("P1", f"<nc:PersonAgeMeasure>{measure}</nc:PersonAgeMeasure>"))
    assert (one.persons[0].age_years, one.persons[0].description) == (years, said)


def test_demographic_codes_are_mapped_only_where_they_mean_the_same() -> None:
    codes = "<j:PersonEthnicityCode>{}</j:PersonEthnicityCode><j:PersonRaceNDExCode>{}</j:PersonRaceNDExCode>"
    one = accepted(person("P1", codes.format("H", "A")) + person("P2", codes.format("U", "U")))
    first, second = one.persons
    assert first.ethnicity is not None and first.ethnicity.mapped[0].code == "2135-2"
    assert first.race[0].mapped[0].code == "2028-9"
    assert (second.ethnicity, second.race, rules(one)) == (None, (), [])
    strange = accepted(person("P1", codes.format("X", "9")))
    assert strange.persons[0].race[0].mapped == () and strange.persons[0].race[0].text == "9"
    assert rules(strange) == ["nibrs.unknown-code"] * 2


def test_people_are_known_by_their_number_in_the_report() -> None:
    one = accepted(
        person("x")
        + person("y")
        + role("j:Subject", "y", "<j:SubjectSequenceNumberText>01</j:SubjectSequenceNumberText>")
        + role("j:Victim", "y", "<j:VictimSequenceNumberText>2</j:VictimSequenceNumberText>")
        + "<j:Subject><j:SubjectSequenceNumberText>00</j:SubjectSequenceNumberText></j:Subject>"
        + "<j:Victim><j:VictimCategoryCode>S</j:VictimCategoryCode></j:Victim>"
    )
    assert [(each.slot, set(each.roles), each.unknown) for each in one.persons] == [
        ("person-1", {"unknown"}, False),
        ("offender-1", {"victim", "suspect"}, False),
        ("offender-0", {"suspect"}, True),
    ]


def test_a_reference_to_nobody_is_an_issue() -> None:
    one = accepted(role("j:Subject", "nowhere"))
    assert rules(one) == ["nibrs.dangling-reference"]
    assert one.persons[0].unknown


# --- whom a mental health contact is with


def subject_of(one: Incident) -> str | None:
    (contact,) = one.contacts
    assert [p.slot for p in one.persons if "subject" in p.roles] == ([contact.person] if contact.person else [])
    return contact.person


def offender(n: int, of: str) -> str:
    inside = f"<j:SubjectSequenceNumberText>{n}</j:SubjectSequenceNumberText>"
    return role("j:Subject", of, inside, name=f"Subject{n}")


def test_activity_09_is_a_contact_with_whom_the_report_joins_to_the_officer() -> None:
    people = person("P1") + person("P2") + person("P3") + OFFICER + VICTIM + offender(1, "P2") + offender(2, "P3")
    one = accepted(OFFENSE + people + JOINED.format("Subject2"))
    assert subject_of(one) == "offender-2"
    assert one.contacts[0].concerns[0].mapped[0].code == "09"
    assert rules(one) == []


@pytest.mark.parametrize(
    ("inside", "rule"),
    [
        (OFFENSE + person("P2") + offender(1, "P2"), "nibrs.contact-person"),
        (person("P2") + person("P3") + offender(1, "P2") + offender(2, "P3"), "nibrs.contact-person"),
        (
            person("P2") + person("P3") + offender(1, "P2") + offender(2, "P3")
            + JOINED.format("Subject1") + JOINED.format("Subject2"),
            "nibrs.contact-person",
        ),
        (offender(0, "P1").replace('<nc:RoleOfPerson s:ref="P1"/>', ""), "nibrs.contact-person"),
        (
            person("P2") + offender(1, "P2") + role("j:Arrestee", "P2") + JOINED.format("Subject1"),
            "nibrs.arrestee-not-subject",
        ),
    ],
)  # fmt: skip
def test_where_it_is_not_plain_nobody_is_taken_for_the_person(inside: str, rule: str) -> None:
    one = accepted(person("P1") + OFFICER + VICTIM + inside)
    assert subject_of(one) is None
    assert rules(one) == [rule]


def test_a_contact_needs_no_offense() -> None:
    one = accepted(person("P1") + OFFICER + VICTIM + person("P2") + offender(1, "P2"))
    assert subject_of(one) == "offender-1"
    assert (one.type_final, rules(one)) == (None, [])


def test_other_activities_are_no_contact() -> None:
    one = accepted(person("P1") + OFFICER.replace("09", "10") + VICTIM + person("P2") + offender(1, "P2"))
    assert one.contacts == ()
    assert "nibrs:Report/j:EnforcementOfficial" in one.reading.unused


# --- the CJIS gate


@pytest.mark.parametrize(
    ("inside", "rule"),
    [
        ("<nc:PersonSSNIdentification>{}</nc:PersonSSNIdentification>", "cjis.person-identifier"),
        ("<j:PersonAugmentation><j:PersonFBIIdentification>{}</j:PersonFBIIdentification></j:PersonAugmentation>",
         "cjis.fbi-number"),
        ("<j:PersonCriminalHistorySummary>{}</j:PersonCriminalHistorySummary>", "cjis.criminal-history"),
        ("<j:Warrant>{}</j:Warrant>", "cjis.ncic"),
        ("<j:PersonAugmentation><j:DriverLicense>{}</j:DriverLicense></j:PersonAugmentation>",
         "cjis.person-identifier"),
    ],
)  # fmt: skip
def test_criminal_justice_information_is_counted_and_never_read(inside: str, rule: str) -> None:
    value = f"<nc:IdentificationID>{SECRET}</nc:IdentificationID><nc:CommentText>{SECRET}</nc:CommentText>"
    one = accepted(person("P1", inside.format(value)))
    assert [(gated.rule, gated.count) for gated in one.reading.dropped] == [(rule, 2)]
    assert SECRET not in repr(one)


# --- broken submissions


GOOD = [report(f"<nc:Incident>{number(f'26-{n}')}</nc:Incident>") for n in range(4)]
BREAKS = {
    "an element without end": lambda text: text.replace("</nc:Incident>", "", 1),
    "no end": lambda text: text.replace("</nibrs:Report>", ""),
    "a comment without end": lambda text: text.replace("<nc:Incident>", "<!-- <nc:Incident>", 1),
    "an entity": lambda text: text.replace("26-", "&x;26-"),
    "a control character": lambda text: text.replace("26-", "\x0126-"),
    "a tag that is none": lambda text: text.replace("<nibrs:Report>", "<nibrs:Report <>"),
    "a prefix of nobody": lambda text: text.replace("<nc:Incident>", "<zz:Incident>", 1),
    "an attribute without end": lambda text: text.replace("<nc:Incident>", '<nc:Incident s:id="x>', 1),
    "endless depth": lambda text: text.replace("</nc:Incident>", "<a>" * 60 + "</a>" * 60 + "</nc:Incident>"),
}


@pytest.mark.parametrize("place", range(4))
@pytest.mark.parametrize("how", BREAKS, ids=lambda how: how.replace(" ", "-"))
def test_a_broken_report_is_rejected_and_the_rest_goes_on(how: str, place: int) -> None:
    parts = [BREAKS[how](text) if n == place else text for n, text in enumerate(GOOD)]
    found = read(*parts)
    assert [type(one) for one in found] == [Rejected if n == place else Incident for n in range(4)]
    for n, one in enumerate(found):
        if isinstance(one, Incident):
            assert one.case_number == f"26-{n}"
        else:
            assert one.index == n
            assert one.line is not None and 4 + n <= one.line <= 9
            assert one.issues[0].path.startswith(f"nibrs:Report[{n + 1}]")


@pytest.mark.parametrize(
    ("data", "rule"),
    [
        (b"", "nibrs.not-xml"),
        (b"{}", "nibrs.not-xml"),
        (b"<a/>", "nibrs.no-report"),
        (HEAD.encode() + TAIL.encode(), "nibrs.no-report"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "nibrs.xml-entities"),
        (b'<?xml version="1.0" encoding="nothing"?><a/>', "nibrs.not-xml"),
        ("<a/>".encode("utf-16"), "nibrs.no-report"),
    ],
)
def test_what_is_no_submission_is_rejected(data: bytes, rule: str) -> None:
    (one,) = read_nibrs(data, AGENCY)
    assert isinstance(one, Rejected)
    assert rules(one) == [rule]


def test_a_submission_in_an_envelope_is_read() -> None:
    inside = submission(*GOOD).decode().partition("\n")[2]
    data = f'<e:Envelope xmlns:e="urn:e"><e:Body>{inside}</e:Body></e:Envelope>'.encode()
    assert [one.case_number for one in read_nibrs(data, AGENCY) if isinstance(one, Incident)] == [
        "26-0", "26-1", "26-2", "26-3"
    ]  # fmt: skip


def test_many_reports_are_read_one_at_a_time() -> None:
    found = reports(submission(*GOOD * 2000))
    assert next(found).index == 0
    assert sum(1 for _ in found) == 7999


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_no_report_is_lost_and_no_payload_told(data: st.DataObject) -> None:
    """Bytes changed inside one report: all others are read as they were, and there is one answer for each."""
    whole = report(
        f"<nc:Incident>{number('26-9')}</nc:Incident>{OFFENSE}"
        + person("P1", f"<nc:PersonName><nc:PersonSurName>{SECRET}</nc:PersonSurName></nc:PersonName>")
        + OFFICER
        + VICTIM
    )
    cut = data.draw(st.integers(len("<nibrs:Report>"), len(whole) - len("</nibrs:Report>\n") - 1))
    width = data.draw(st.integers(0, 40))
    text = data.draw(st.text(st.characters(exclude_categories=["Cs"]), max_size=12))
    end = min(cut + width, len(whole) - len("</nibrs:Report>\n"))
    broken = whole[:cut] + text.replace("Report", "") + whole[end:]
    found = list(read_nibrs((HEAD + GOOD[0] + broken + GOOD[1] + TAIL).encode("utf-8"), AGENCY))
    assert len(found) == 3
    first, middle, last = found
    assert isinstance(first, Incident) and isinstance(last, Incident)
    assert (first.case_number, last.case_number) == ("26-0", "26-1")
    issues = middle.issues if isinstance(middle, Rejected) else middle.reading.issues
    assert SECRET not in "".join(f"{issue.path}{issue.text}" for issue in issues)


@settings(max_examples=60, deadline=None)
@given(st.binary(max_size=200), st.integers(0, 2000), st.integers(0, 2000))
def test_no_bytes_make_it_fall_over(junk: bytes, at: int, width: int) -> None:
    whole = submission(*GOOD)
    for one in reports(whole[:at] + junk + whole[at + width :]):
        assert one.index >= 0
        assert not isinstance(one, Broken) or one.line >= 1


def test_a_junk_beginning_does_not_take_the_reports_along() -> None:
    data = submission(*GOOD).replace(b"<cjis:MessageMetadata>", b"<cjis:MessageMetadata>&", 1)
    assert [type(one) for one in read_nibrs(data, AGENCY)] == [Rejected] * 4


# --- code lists


def test_the_code_lists_are_whole() -> None:
    assert {name for name, _ in ucr_codes()} == set(SYSTEMS)
    count = {name: sum(1 for of, _ in ucr_codes() if of == name) for name in SYSTEMS}
    assert count == {"offense": 62, "location": 46, "officer-activity": 11, "exceptional-clearance": 6}
    assert all(re.fullmatch(r"[0-9A-Z]{1,3}", code) for _, code in ucr_codes())
