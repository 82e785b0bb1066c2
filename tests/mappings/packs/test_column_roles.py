"""What columns' names say: forty spellings of the time received, and names that only look like it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mappings.packs.column_roles import is_private, role_of, role_of_path, words

# As public exports spell it, letter case, underscores at the end and a trailing space included.
RECEIVED = (
    "timecreate", "Call_Time", "callDateTime", "CALL_RECEIVED", "incident_date ", "START_DATE", "ACTDATETIME", "DATE_",
    "createddateutc", "ResponseDateTimeUTC", "received_datetime", "cad_event_original_time_queued", "called_at",
    "Call_Date", "calldate", "CallReceivedTime", "EventDateTime", "event_date", "incident_datetime", "IncidentDate",
    "Create_Date", "CreateDateTime", "CreatedDate", "date_time", "DateTime", "datetime_received", "Received",
    "RECEIVED_DATE", "TimeReceived", "entry_time", "EntryDate", "reported_date", "Report_Date_Time", "DateReported",
    "OPEN_DATE", "open_time", "call_dttm", "CallTimestamp", "time_of_call", "Call Date/Time", "Original_Date_Time_Call",
)  # fmt: skip


@pytest.mark.parametrize("name", RECEIVED)
def test_the_time_received_is_known_in_forty_spellings(name: str) -> None:
    role = role_of(name)
    assert role is not None
    assert role.field == "received"


def test_there_are_forty() -> None:
    assert len(set(RECEIVED)) >= 40


@pytest.mark.parametrize(
    ("name", "field", "part"),
    [
        ("dispatch_date", "dispatched", "date"),
        ("timedispatch", "dispatched", "time"),
        ("TimeArrival", "on_scene", "time"),
        ("at_scene_time", "on_scene", "time"),
        ("On Scene", "on_scene", "datetime"),
        ("En Route Time", "en_route", "time"),
        ("event_clearance_date", "cleared", "date"),
        ("timeclosed", "closed", "time"),
        ("travelTime", "derived", "value"),
        ("response_minutes", "derived", "value"),
        ("type_", "type_final", "code"),
        ("initialtypetext", "type_initial", "text"),
        ("Initial Call Type", "type_initial", "code"),
        ("Final Call Type", "type_final", "code"),
        ("Close Text", "disposition", "text"),
        ("Pri", "priority", "code"),
        ("unit_id", "units", "code"),
        ("nopd_item", "event_number", "value"),
        ("CFS Number", "event_number", "value"),
        ("general_offense_number", "case_number", "value"),
        ("block_address", "place.text", "value"),
        ("NCIC_RETURN", "cjis.ncic", "value"),
        ("Juvenile File", "cjis.juvenile", "value"),
        ("Dispatch Remarks", "narrative", "value"),
        ("RP Phone", "person", "value"),
    ],
)
def test_other_names(name: str, field: str, part: str) -> None:
    role = role_of(name)
    assert role is not None
    assert (role.field, role.part) == (field, part)


@pytest.mark.parametrize("name", ["County", "census_tract", "Unit Type", "type_group", "x", "", "  "])
def test_a_name_that_says_nothing_known(name: str) -> None:
    assert role_of(name) is None


@pytest.mark.parametrize(
    ("name", "field"), [("Reproted Date", "received"), ("Dispositon", "disposition"), ("Dipatched", "dispatched")]
)
def test_a_misspelt_name_is_known_and_less_sure(name: str, field: str) -> None:
    role = role_of(name)
    assert role is not None
    assert role.field == field
    assert role.confidence < 0.6


def test_a_misspelt_private_name_is_private() -> None:
    assert is_private("Narative")
    assert is_private("Complainent")


def test_utc_in_a_name_is_marked_for_confirmation() -> None:
    assert [role is not None and role.utc for role in map(role_of, ("createddateutc", "Call_Time"))] == [True, False]


@pytest.mark.parametrize(
    "name", ["Caller Name", "DOB", "Date of Birth", "RP Phone", "Address", "Remarks", "Officer", "last_name", "name"]
)
def test_columns_of_persons_and_texts_are_private(name: str) -> None:
    assert is_private(name)


@pytest.mark.parametrize("name", ["Call Type", "type_name", "Unit IDs", "Close Code", "Pri"])
def test_columns_of_codes_are_not(name: str) -> None:
    assert not is_private(name)


def test_a_members_own_name_comes_before_the_names_above_it() -> None:
    paths = (
        "incident.times.closed",
        "incident.number",
        "nature.initial.code",
        "r:Contact.r:Outcome",
        "incident.status",
    )
    roles = [role_of_path(path) for path in paths]
    assert [role and role.field for role in roles] == ["closed", "event_number", "type_initial", "disposition", None]


@given(st.text(max_size=60))
def test_any_name_has_words_and_perhaps_a_role(name: str) -> None:
    assert all(word for word in words(name))
    role = role_of(name)
    assert role is None or 0 < role.confidence <= 1
