"""Documents of one incident joined: any order, any of them twice, parts alone; and what only versions can tell."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.cad.eido import read_eido
from mappings.cad.versions import EidoState, eido_update, read_joined, read_state
from mappings.errors import ReadError
from mappings.incident import Agency, Incident, Rejected
from mappings.incident_json import to_json

SAMPLES = Path(__file__).parents[3] / "samples"
AGENCY = Agency(id="pd.a.example", zone="America/Denver")
SECRET = "Wolmerstadt"


def at(minute: int, second: int = 0) -> str:
    return f"2026-01-14T10:{minute:02}:{second:02}-07:00"


def part(name: str, minute: int, **members: Any) -> dict[str, Any]:
    return {
        "$id": name,
        "lastUpdateTimeStamp": at(minute),
        "updatedByAgencyReference": {"$ref": "pd.a.example"},
        **members,
    }


def document(minute: int, name: str = "urn:1", **members: Any) -> dict[str, Any]:
    return {
        **part(name, minute),
        "eidoVersion": "1.0",
        "issuingElementIdentification": "cad.a.example",
        "agencyComponent": [part("pd.a.example", 0, incidentOwningAgencyIndicator=True)],
        **members,
    }


def incident(minute: int, kind: str, *statuses: str) -> dict[str, Any]:
    return part(
        "i",
        minute,
        incidentTypeCommonRegistryText=kind,
        internalIncidentId="26-1",
        incidentStatusCommonRegistryText=list(statuses),
    )


def unit(minute: int, *statuses: str, name: str = "u") -> dict[str, Any]:
    return part(name, minute, secondaryUnitStatusRegistryText=list(statuses))


def joined(*documents: dict[str, Any]) -> Incident:
    state = None
    for one in documents:
        state = eido_update(state, one, AGENCY)
    assert state is not None
    made = read_state(state, AGENCY)
    assert isinstance(made, Incident), made
    return made


def test_the_later_version_of_a_component_is_kept_and_parts_may_come_alone() -> None:
    first = document(1, incidentComponent=incident(1, "EDP"), notesComponent=[part("n", 1, notesActionComments="one")])
    second = document(
        3,
        notesComponent=[part("n", 3, notesActionComments="two"), part("m", 3, notesActionComments="more")],
        personComponent=[part("p", 3, personIncidentRoleRegistryText=["Patient"], notesReference=[{"$ref": "n"}])],
    )
    late = document(2, notesComponent=[part("n", 2, notesActionComments="between")])
    one = joined(first, second, late)
    assert [(note.id, note.text, note.person) for note in one.narratives] == [("n", "two", "p"), ("m", "more", None)]
    assert (one.number, one.version) == ("26-1", at(3))


def test_a_reference_reaches_what_was_sent_before() -> None:
    before = document(
        1, incidentComponent=incident(1, "EDP"), agentComponent=[part("a", 1, agencyReference={"$ref": "pd.a.example"})]
    )
    after = document(2, notesComponent=[{**part("n", 2, notesActionComments="x"), "agentReference": {"$ref": "a"}}])
    assert [issue.rule for issue in joined(after, before).reading.issues] == []
    (alone,) = read_eido(orjson.dumps(after), AGENCY)
    assert isinstance(alone, Incident)
    assert "eido.dangling-reference" in [issue.rule for issue in alone.reading.issues]


def test_a_units_stages_have_the_times_of_the_versions_that_first_show_them() -> None:
    told = [
        document(minute, incidentComponent=incident(1, "EDP"), emergencyResourceComponent=[unit(stamp, *statuses)])
        for minute, stamp, statuses in [
            (2, 2, ["Dispatched"]),
            (3, 3, ["EnRoute"]),
            (9, 9, ["OnScene"]),
            (11, 11, ["OnScene", "PatientContact"]),
            (12, 12, ["OnScene", "Cleared"]),  # two stages: neither is known by this
            (20, 20, ["Cleared"]),
            (21, 21, ["Cleared"]),
        ]
    ]
    for order in (told, told[::-1], told[3:] + told[:3]):
        timeline = joined(*order).units[0].timeline
        assert timeline is not None
        assert (timeline.dispatched, timeline.en_route, timeline.on_scene, timeline.cleared) == (
            at(2), at(3), at(9), at(20)
        )  # fmt: skip


def test_a_unit_that_is_sent_again_is_not_cleared() -> None:
    told = [
        document(minute, incidentComponent=incident(1, "EDP"), emergencyResourceComponent=[unit(minute, status)])
        for minute, status in [(2, "OnScene"), (5, "Cleared"), (6, "Station"), (9, "Dispatched")]
    ]
    timeline = joined(*told).units[0].timeline
    assert timeline is not None and (timeline.on_scene, timeline.cleared) == (at(2), None)
    again = document(15, emergencyResourceComponent=[unit(15, "Cleared")])
    timeline = joined(*told, again).units[0].timeline
    assert timeline is not None and (timeline.cleared, timeline.dispatched) == (at(15), at(9))


def test_a_dispatch_has_the_time_of_its_first_version_that_names_the_unit() -> None:
    def sent(minute: int, *units: str) -> dict[str, Any]:
        named = [{"$ref": name} for name in units]
        return document(minute, dispatchComponent=[part("d", minute, emergencyResourceReference=named)])

    start = document(
        1, incidentComponent=incident(1, "EDP"), emergencyResourceComponent=[unit(1, name="u"), unit(1, name="v")]
    )
    one = joined(start, sent(4, "u", "v"), sent(2, "u"))
    assert [u.timeline and u.timeline.dispatched for u in one.units] == [at(2), at(4)]
    assert one.timeline.dispatched == at(2)


def test_the_first_type_and_the_time_of_closing() -> None:
    told = [
        document(minute, incidentComponent=incident(minute, kind, status))
        for minute, kind, status in [
            (1, "WELFARE", "Active"),
            (5, "EDP", "Closed"),
            (6, "EDP", "ReOpened"),
            (8, "SUICTHRT", "Closed"),
            (9, "SUICTHRT", "Closed"),
        ]
    ]
    one = joined(*told[::-1])
    assert one.type_initial is not None and [code.code for code in one.type_initial.mapped] == ["WELFARE"]
    assert one.type_final is not None and [code.code for code in one.type_final.mapped] == ["SUICTHRT"]
    assert one.timeline.closed == at(8)
    assert one.reading.paths["type_initial"] == "incidentComponent.incidentTypeCommonRegistryText"
    assert joined(*told[1:3]).type_initial is None and joined(*told[1:3]).timeline.closed is None


def test_a_later_link_takes_the_place_of_an_earlier_one() -> None:
    def linked(minute: int, direction: str) -> dict[str, Any]:
        link = part("l", minute, incidentTrackingIdentifier="urn:2", linkDirectionCode=direction)
        return document(minute, incidentComponent=incident(1, "EDP"), linkComponent=[link])

    assert [link.kind for link in joined(linked(3, "UNLINK"), linked(2, "RELATED")).links] == ["unlink"]


def test_what_one_document_has_twice_is_said_and_a_component_without_id_is_kept() -> None:
    twice = [part("n", 1, notesActionComments="a"), part("n", 2, notesActionComments="b")]
    nameless = {"lastUpdateTimeStamp": at(1), "notesActionComments": "c"}
    body = document(2, incidentComponent=incident(1, "EDP"), notesComponent=[*twice, nameless, "junk"])
    one = joined(body, body)
    assert [note.text for note in one.narratives] == ["b", "c"]
    assert [(i.rule, i.path) for i in one.reading.issues if i.rule != "eido.unchecked-token"] == [
        ("eido.duplicate-id", "notesComponent[0]"),
        ("eido.no-id", "notesComponent[1]"),
        ("eido.wrong-type", "notesComponent[2]"),
    ]


def test_two_incident_components_are_one_incident_with_the_rest_listed() -> None:
    other = {**incident(4, "SUICIDE"), "$id": "i2", "odd": 1}
    one = joined(document(4, incidentComponent=other), document(1, incidentComponent={**incident(1, "EDP"), "odd": 1}))
    assert one.type_final is not None and one.type_final.mapped[0].code == "SUICIDE"
    assert "incidentComponent[0].odd" in one.reading.unused
    assert "incidentComponent[1].incidentTypeCommonRegistryText" in one.reading.unused


@pytest.mark.parametrize(
    ("body", "rule"),
    [
        ({}, "eido.no-version"),
        ({"eidoVersion": "1.0"}, "eido.no-tracking-id"),
        ({"eidoVersion": "1.0", "$id": SECRET}, "eido.other-incident"),
    ],
)
def test_what_cannot_be_joined_is_refused(body: dict[str, Any], rule: str) -> None:
    with pytest.raises(ReadError) as caught:
        eido_update(eido_update(None, document(1)), body)
    assert caught.value.rule == rule and SECRET not in str(caught.value)


def test_too_deep_to_be_kept_is_refused() -> None:
    deep: Any = 1
    for _ in range(400):
        deep = [deep]
    with pytest.raises(ReadError) as caught:
        eido_update(None, document(1, extension=deep))
    assert caught.value.rule == "eido.cannot-be-kept"


@pytest.mark.parametrize(
    "data", [b"", b"{}", b"[]", b'{"eido-state": 2}', b'{"eido-state": 1, "id": "x", "top": []}', b'"x"', b"\xff"]
)
def test_what_is_no_state_is_refused(data: bytes) -> None:
    with pytest.raises(ReadError) as caught:
        EidoState.from_json(data)
    assert caught.value.rule == "eido.state"


@pytest.mark.parametrize("case", sorted((SAMPLES / "eido").glob("*/input.json")), ids=lambda path: path.parent.name)
def test_one_document_joined_is_that_document(case: Path) -> None:
    data = case.read_bytes()
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return  # several documents
    before = copy.deepcopy(value)
    (alone,) = read_eido(data, AGENCY)
    state = eido_update(None, value, AGENCY)
    assert value == before
    again = EidoState.from_json(state.to_json())
    assert again == state and again.to_json() == state.to_json()
    for one in (read_state(state, AGENCY), *read_joined([data, data], AGENCY)):
        assert isinstance(one, Incident) and isinstance(alone, Incident)
        assert one == alone
        if "eido.duplicate-id" not in {i.rule for i in alone.reading.issues}:  # of two the other one is gone
            assert sorted(one.reading.unused) == sorted(alone.reading.unused)
        assert {i.rule for i in one.reading.issues} == {i.rule for i in alone.reading.issues}


def test_joined_inputs() -> None:
    one = document(2, incidentComponent=incident(2, "EDP"))
    other = document(1, name="urn:2", incidentComponent=incident(1, "WELFARE"))
    later = document(3, incidentComponent=incident(3, "SUICIDE"))
    nameless = {key: value for key, value in one.items() if key != "$id"}
    data = [orjson.dumps([one, 1]), orjson.dumps(other), orjson.dumps(later) + b"\n" + orjson.dumps(nameless), b"{}"]
    made = list(read_joined(data, AGENCY))
    assert [type(each) for each in made] == [Incident, Rejected, Incident, Incident, Rejected]
    assert [each.index for each in made if isinstance(each, Rejected)] == [1, 5]
    first = made[0]
    assert isinstance(first, Incident) and first.type_final is not None
    assert first.type_final.mapped[0].code == "SUICIDE"


# Any documents, in any order.

_STATUS = st.sampled_from(["Dispatched", "EnRoute", "OnScene", "Cleared", "Hospital", "Active", "Closed", ""])
_STAMP = st.sampled_from(
    [at(1), at(1, 30), at(2), "2026-01-14T17:01:00Z", "2026-01-14", "2026-01-14T10:01:00", "x", None]
)
_ID = st.sampled_from(["a", "b", "c", None, 1])
_MEMBERS = st.fixed_dictionaries(
    {},
    optional={
        "secondaryUnitStatusRegistryText": st.lists(_STATUS, max_size=2) | _STATUS,
        "incidentStatusCommonRegistryText": st.lists(_STATUS, max_size=2),
        "incidentTypeCommonRegistryText": st.sampled_from(["EDP", "WELFARE", "?"]),
        "emergencyResourceReference": st.lists(st.fixed_dictionaries({"$ref": _ID}), max_size=2),
        "notesActionComments": st.sampled_from(["one", "two", ""]),
        "odd": st.integers(0, 2),
    },
)


@st.composite
def _component(draw: Any) -> dict[str, Any]:
    made: dict[str, Any] = draw(_MEMBERS)
    for name, strategy in (("$id", _ID), ("lastUpdateTimeStamp", _STAMP)):
        value = draw(strategy)
        if value is not None:
            made[name] = value
    return made


_DOCUMENT = st.fixed_dictionaries(
    {"$id": st.just("urn:1"), "eidoVersion": st.just("1.0"), "agencyComponent": st.just([part("pd.a.example", 0)])},
    optional={
        "lastUpdateTimeStamp": _STAMP,
        "extra": st.integers(0, 2),
        "incidentComponent": _component(),
        "emergencyResourceComponent": st.lists(_component() | st.integers(0, 1), max_size=3),
        "dispatchComponent": st.lists(_component(), max_size=2) | _component(),
        "notesComponent": st.lists(_component(), max_size=3),
        "oddComponent": st.lists(_component(), max_size=1) | st.integers(0, 1),
    },
)


@given(st.lists(_DOCUMENT, min_size=1, max_size=5), st.data())
@settings(max_examples=100, deadline=None)
def test_any_order_and_any_repetition_give_the_same(documents: list[dict[str, Any]], data: Any) -> None:
    def state_of(told: list[dict[str, Any]]) -> EidoState:
        state = None
        for one in told:
            state = eido_update(state, one, AGENCY)
            state = EidoState.from_json(state.to_json())  # what a store would give back
        assert state is not None
        return state

    other = data.draw(st.permutations([*documents, *data.draw(st.lists(st.sampled_from(documents), max_size=2))]))
    one, two = state_of(documents), state_of(other)
    assert one == two and one.to_json() == two.to_json()
    first, second = read_state(one, AGENCY), read_state(two, AGENCY)
    assert isinstance(first, Incident) and isinstance(second, Incident)
    assert to_json(first) == to_json(second) and first.reading == second.reading
