"""The code tables of the shipped packs: what they must not take for behavioral health, and what they must see."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime
from importlib import resources
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import translate
from mappings.codes import APCO, FIELD_DISPOSITION
from mappings.incident import Incident, Rejected
from mappings.packs import load_pack, shipped_packs
from mappings.packs.tables import Entry, Table, UnitTable

SAMPLES = Path(__file__).parents[3] / "samples"
#: APCO types that say that a call is about a person's mind, and our two additions.
BEHAVIORAL = {"EDP", "MNTL", "MTLV", "SUICTHRT", "SUICIDE"}

TABLES = [(pack, name) for pack in shipped_packs() for name in load_pack(pack).tables]
CODES = [(pack, name) for pack, name in TABLES if isinstance(load_pack(pack).tables[name], Table)]


def table(pack: str, name: str) -> Table:
    found = load_pack(pack).tables[name]
    assert isinstance(found, Table)
    return found


def mapped(pack: str, name: str, code: str, day: str | None = "2026-01-15") -> list[str]:
    """The codes that a cell is mapped to; a cell that the table does not have is mapped to `?`."""
    found = table(pack, name).find(code, day)
    return [one.code for one in found.mapped] if isinstance(found, Entry) else ["?"]


def incidents(case: str) -> list[Incident]:
    pack = load_pack(case.partition("/")[0])
    (given,) = (SAMPLES / case).glob("input.*")
    return [one for one in pack.read(given.read_bytes()) if isinstance(one, Incident)]


@pytest.mark.parametrize(("pack", "name"), CODES)
def test_letters_inside_a_word_map_nothing(pack: str, name: str) -> None:
    """Not one line maps by its letters what SUPPLEMENTAL and its kin only seem to say."""
    for entry in table(pack, name).entries:
        words = f"{entry.code} {entry.text}".upper()
        codes = {one.code for one in entry.mapped if one.system == APCO}
        if any(
            trap in words for trap in ("SUPP", "ENVIRONMENT", "ENVR", "INDECENT", "SUDDEN", "COMMITTED", "NO WELFARE")
        ):
            assert not codes & BEHAVIORAL, entry.code
            assert entry.group != "behavioral-health", entry.code
            assert "WELFARE" not in codes, entry.code
        if "NON SUICIDAL" in words or "NON-SUICIDAL" in words or "NOT SUICIDAL" in words:
            assert not codes & {"SUICTHRT", "SUICIDE"}, entry.code


@pytest.mark.parametrize(("pack", "name"), CODES)
def test_a_whole_code_alone_is_looked_up(pack: str, name: str) -> None:
    found = table(pack, name)
    for entry in found.entries:
        for longer in (f"x{entry.code}", f"{entry.code}x", f"NOT {entry.code} AT ALL"):
            assert found.find(longer, "2026-01-15") == "unmapped"


@pytest.mark.parametrize(("pack", "name"), CODES)
def test_a_line_that_maps_to_nothing_though_it_could_says_why(pack: str, name: str) -> None:
    found = table(pack, name)
    column = next((one for one in ("apco", "field_disposition") if one in found.columns), None)
    if column is None:
        return
    text = (resources.files("mappings.packs") / pack / found.file).read_text("utf-8-sig")
    unsaid = [row["code"] for row in csv.DictReader(io.StringIO(text)) if not row[column] and not row.get("note")]
    assert unsaid == []


def test_every_table_of_dispositions_and_types_maps_to_the_published_lists() -> None:
    systems = {
        one.system
        for pack, name in CODES
        for entry in table(pack, name).entries
        for one in entry.mapped
        if not one.system.startswith("http://hl7.org/fhir/")
    }
    assert systems == {APCO, FIELD_DISPOSITION}


@pytest.mark.parametrize(
    "spelling",
    ["EDP", "E.D.P.", "E D P", "EDP.", "Emotionally  Disturbed Person", "EMOT. DIST. PERSON", "e.d.p"],
)
def test_six_spellings_of_one_type(spelling: str) -> None:
    assert mapped("eastmere-cad", "type", spelling) == ["EDP"]


@pytest.mark.parametrize(
    ("pack", "name", "code", "codes"),
    [
        ("eastmere-cad", "type", "EMOTIONALY DISTURBED PERSON", ["?"]),
        ("eastmere-cad", "type", "MENTAL", ["?"]),
        ("eastmere-cad", "type", "Mental - Non-Suicidal", ["EDP"]),
        ("eastmere-cad", "type", "SUPPLEMENTAL", []),
        ("eastmere-cad", "type", "NO WELFARE CHECK - CALLBACK", []),
        ("eastmere-cad", "disposition", "unable to locate client", ["unable-to-locate"]),
        ("eastmere-cad", "disposition", "Unable to  locate.", ["unable-to-locate"]),
        ("eastmere-cad", "disposition", "Refused or declined service", ["declined"]),
        ("eastmere-cad", "disposition", "Refused / Declined service", ["declined"]),
        ("eastmere-cad", "disposition", "Transport", []),
        ("alderton-cad", "nature", "09", ["EDP"]),
        ("alderton-cad", "nature", "9", ["?"]),
        ("ferncliff-cards", "type", "065", ["SUICTHRT"]),
        ("ferncliff-cards", "type", "65", ["LARCENY"]),
        ("harwick-units", "disposition", "Code 2 Transport", []),
        ("lindale-cit", "disposition", "Voluntary Committal", []),
        ("stonebridge-crisis", "event", "Overdose", ["?"]),  # waits for review
        ("stonebridge-crisis", "source", "2001-09-01", ["?"]),  # what Excel makes of 9-1-1
        ("new-orleans-cad", "disposition", "NAT", []),
        ("new-orleans-cad", "type", "103", ["DISORD"]),
        ("seattle-cad", "clearance", "220", ["EDP"]),
        ("seattle-cad", "clearance", "250", ["?"]),
    ],
)
def test_code(pack: str, name: str, code: str, codes: list[str]) -> None:
    assert mapped(pack, name, code) == codes


@pytest.mark.parametrize(
    ("pack", "name", "code", "before", "then"),
    [
        ("alderton-cad", "nature", "C9", ("2025-02-28", "Alarm test"), ("2025-03-01", "Crisis team request")),
        ("northvale-push", "type", "CIT", ("2022-12-31", "Citation work"), ("2023-01-01", "Crisis team call")),
        ("millbrook-events", "type", "44", ("2025-12-31", "Escort"), ("2026-01-01", "Crisis transport")),
        ("lindale-cit", "type", "CIT", ("2023-12-31", "Citation"), ("2024-01-01", "Crisis intervention")),
        ("ferncliff-cards", "type", "77", ("2024-06-30", "Livestock"), ("2024-07-01", "Crisis team wanted")),
    ],
)
def test_a_code_means_another_thing_from_a_day_on(
    pack: str, name: str, code: str, before: tuple[str, str], then: tuple[str, str]
) -> None:
    for day, text in (before, then):
        found = table(pack, name).find(code, day)
        assert isinstance(found, Entry)
        assert found.text == text
    assert table(pack, name).find(code, None) == "undated"


@pytest.mark.parametrize(
    ("pack", "unit", "day", "kind"),
    [
        ("alderton-cad", "2B14", "2026-01-15", "co-responder"),
        ("alderton-cad", "2B14", "2025-01-15", "undated"),
        ("alderton-cad", "Comet", "2026-01-15", "co-responder"),
        ("alderton-cad", "2A11", "2026-01-15", "officer"),
        ("harwick-units", "CR2", "2026-01-15", "co-responder"),
        ("harwick-units", "Otter 4", "2026-01-15", "co-responder"),
        ("northvale-push", "S12M", "2026-01-15", "co-responder"),
        ("northvale-push", "S12", "2026-01-15", "officer"),
        ("millbrook-events", "070", "2026-01-15", "co-responder"),
        ("millbrook-events", "070", "2025-08-31", "officer"),
        ("eastmere-cad", "2-C1", "2026-01-15", "co-responder"),
        ("eastmere-cad", "2-14", "2026-01-15", "officer"),
        ("ferncliff-cards", "412C", "2026-01-15", "co-responder"),
        ("stonebridge-crisis", "MCIT", "2026-01-15", "co-responder"),
        ("lindale-cit", "CIT", "2026-01-15", "officer"),  # an officer with training is no clinician
        ("lindale-cit", "MCIT", "2026-01-15", "unmapped"),
    ],
)
def test_who_rides_in_a_unit_is_known_by_its_id_alone(pack: str, unit: str, day: str, kind: str) -> None:
    units = load_pack(pack).tables["unit"]
    assert isinstance(units, UnitTable)
    found = units.find(unit, day)
    assert (found if isinstance(found, str) else found.kind) == kind


def test_whose_record_a_crew_writes_is_an_organization_of_the_pack() -> None:
    for pack in shipped_packs():
        made = load_pack(pack)
        known = {made.agency.id, *(one.id for one in made.agency.organizations)}
        for one in made.tables.values():
            if isinstance(one, UnitTable):
                assert {entry.employer for entry in one.entries} - {None} <= known | {"riverton-ems"}, pack
            else:
                assert {entry.refers_to for entry in one.entries} - {None} <= known, pack


def test_the_call_and_the_report_of_one_agency_have_one_report_number() -> None:
    calls = incidents("alderton-cad/night-of-the-crisis-call")
    reports = incidents("alderton-rms/report-of-the-crisis-call")
    call = next(one for one in calls if one.case_number == reports[0].case_number)
    assert (call.number, call.agency) == ("26-000411", reports[0].agency)
    assert reports[0].number is None
    assert [code.code for code in reports[0].type_final.mapped if reports[0].type_final] == ["EDP"]  # type: ignore[union-attr]


def test_an_event_that_is_exported_again_is_the_same_one_and_later() -> None:
    (first,) = incidents("millbrook-events/closed")
    (again,) = incidents("millbrook-events/exported-again")
    assert first.number == again.number == "00261987"
    assert (first.version, again.version) == ("1", "2")
    assert first.updated is not None
    assert again.updated is not None
    assert first.updated < again.updated


def test_rows_of_a_call_are_one_incident_with_each_unit_once() -> None:
    first, second, *_ = incidents("harwick-units/crisis-team-after-midnight")
    assert [unit.id for unit in first.units] == ["M07", "CR2", "BC4"]
    assert [unit.id for unit in second.units] == ["E11", "Otter 4"]


def test_a_time_is_utc_unless_the_call_says_that_it_is_not() -> None:
    utc, local, doubtful, *_ = incidents("northvale-push/utc-and-local")
    assert utc.timeline.received == "2026-03-08T05:30:00Z"
    assert local.timeline.received == "2026-03-08T01:40:00-06:00"
    assert doubtful.timeline.received is None


def test_the_initial_type_and_the_final_one_are_both_told() -> None:
    first = incidents("eastmere-cad/spellings-and-minutes")[0]
    assert first.type_initial is not None
    assert first.type_final is not None
    assert [code.code for code in first.type_initial.mapped] == ["SUICTHRT"]
    assert [code.code for code in first.type_final.mapped] == ["EDP"]
    now = datetime(2026, 1, 15, 12, tzinfo=UTC)
    bundle = translate(first, agency=load_pack("eastmere-cad").agency, now=now).bundle
    encounter = next(one["resource"] for one in bundle["entry"] if one["resource"]["resourceType"] == "Encounter")
    told = [code["code"] for reason in encounter["reasonCode"] for code in reason["coding"] if code["system"] == APCO]
    assert sorted(told) == ["EDP", "SUICTHRT"]


@pytest.mark.parametrize("pack", shipped_packs())
@given(st.data())
@settings(max_examples=25)
def test_any_damage_to_a_sample_is_rejected_or_read(pack: str, data: st.DataObject) -> None:
    (given_, *_) = sorted(SAMPLES.glob(f"{pack}/*/input.*"))
    content = given_.read_bytes()
    at = data.draw(st.integers(0, len(content) - 1))
    cut = data.draw(st.integers(0, 40))
    noise = data.draw(
        st.one_of(st.binary(max_size=6), st.sampled_from([b"\n", b'"', b",", b"\x00", b"|", b"\t", b"<"]))
    )
    for made in load_pack(pack).read(content[:at] + noise + content[at + cut :]):
        assert isinstance(made, Incident | Rejected)
        assert isinstance(made, Incident) or made.issues


def test_an_error_is_no_empty_day() -> None:
    (made,) = load_pack("northvale-push").read(b'{"success": false, "data": {"calls": []}, "error": {"code": 503}}')
    assert isinstance(made, Rejected)
    assert [issue.rule for issue in made.issues] == ["read.no-success"]


def test_minutes_are_counted_over_the_change_of_the_clocks() -> None:
    made = next(one for one in incidents("eastmere-cad/spellings-and-minutes") if one.number == "202509001001")
    assert made.timeline.on_scene == "2025-11-02T01:15:00-04:00"
    assert made.timeline.cleared == "2025-11-02T01:45:00-05:00"


def test_no_place_is_made_of_state_plane_feet() -> None:
    for pack in shipped_packs():
        for case in SAMPLES.glob(f"{pack}/*/case.json"):
            for made in incidents(f"{pack}/{case.parent.name}"):
                if made.place is not None and made.place.latitude is not None:
                    assert -90 <= made.place.latitude <= 90
        dropped = (resources.files("mappings.packs") / pack / "pack.yaml").read_text("utf-8")
        if "feet" in dropped:
            assert "state-plane feet, not degrees" in dropped
