"""Tokens of registries: what the reader knows, what an operator's lists add, and what is said of the rest."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mappings.cad.registries as module
from mappings import cad
from mappings.cad.eido import read_eido
from mappings.cad.registries import OURS, Registries, registries_of, registry_key
from mappings.errors import ReadError
from mappings.incident import Agency, Incident

AT = "2026-01-14T10:00:00-07:00"
SECRET = "Wolmerstadt"


def part(name: str, **members: Any) -> dict[str, Any]:
    return {"$id": name, "lastUpdateTimeStamp": AT, "updatedByAgencyReference": {"$ref": "pd.a.example"}, **members}


def read(registries: Registries | None = None, **members: Any) -> Incident:
    document = {
        **part("urn:1"),
        "eidoVersion": "1.0",
        "agencyComponent": [part("pd.a.example", agencyRoleDescriptionRegistryText=["Assisting"])],
        "incidentComponent": part("i", incidentTypeCommonRegistryText="EDP", internalIncidentId="26-1"),
        **members,
    }
    (one,) = read_eido(orjson.dumps(document), Agency(id="a-pd"), registries)
    assert isinstance(one, Incident)
    return one


def found(one: Incident) -> list[tuple[str, str]]:
    return [(issue.rule, issue.path) for issue in one.reading.issues if "token" in issue.rule or "code" in issue.rule]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("EIDO-IncidentStatus-Common", "incidentstatus"),
        ("Incident Status", "incidentstatus"),
        ("EIDO-CommonDispositionCode", "disposition"),
        ("Person Role registry", "personrole"),
        ("EIDO-EmergencyResourceType-Common", "emergencyresourcetype"),
        ("CallTypes", "calltypes"),
    ],
)
def test_a_registry_is_found_by_any_spelling_of_its_name(name: str, key: str) -> None:
    assert registry_key(name) == key


CSV = "Registry,Token,Display\nPersonRole,Patient,\nEIDO-IncidentStatus-Common,Active,Being worked\n,,\n"


@pytest.mark.parametrize(
    "data",
    [
        CSV.encode(),
        b"\xef\xbb\xbf" + CSV.replace("\n", "\r\n").encode(),
        b'[{"registry": "PersonRole", "token": "Patient"}, {"registry": "IncidentStatus", "token": "Active", '
        b'"display": "Being worked"}]',
        b'{"PersonRole": ["Patient"], "EIDO-IncidentStatus-Common": ['
        b'{"value": "Active", "description": "Being worked"}, {"value": "", "description": ""}]}',
        b' {"PersonRole": {"Patient": null}, "Incident Status": {"Active": "Being worked"}}',
    ],
)
def test_files_of_registries(data: bytes) -> None:
    given = registries_of(data)
    assert given.supplied == ("incidentstatus", "personrole")
    assert given["incidentstatus"].displays.get("Active") == "Being worked"
    assert given["personrole"].complete and given["personrole"].displays.get("Patient") is None
    assert not given["locationtype"].complete and given["locationtype"] is OURS["locationtype"]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        (b"", "line 1"),
        (b"token,display\nx,y\n", "line 1"),
        (b"registry,token\n,x\n", "line 2"),
        (b"registry,token,display\nPersonRole,,y\n", "line 2"),
        (b"registry,token\n", ""),
        (b"[", "line 1, column 2"),
        (b"[1]", "[0]"),
        (b'{"PersonRole": 1}', "registry 0"),
        (b'{"PersonRole": [{"token": 1}]}', "registry 0[0]"),
        (b'{"PersonRole": [{"token": "x", "display": 1}]}', "registry 0[0]"),
        (b"\xff\xfe", ""),
        (b'registry,token\n"x', "after line 1"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(data: bytes, path: str) -> None:
    with pytest.raises(ReadError) as caught:
        registries_of(data)
    assert caught.value.rule == "read.registry" and caught.value.issues[0].path == path


@given(st.binary(max_size=80) | st.text("registry,token\n\"'[]{}:x", max_size=60).map(str.encode))
@settings(max_examples=300, deadline=None)
def test_any_file_is_read_or_refused(data: bytes) -> None:
    try:
        registries_of(data)
    except ReadError as error:
        assert error.rule == "read.registry"


def test_what_is_in_no_list_is_kept_and_said_once_a_member() -> None:
    unit = part(
        "u",
        emergencyResourceTypeCommonRegistryText="TowTruck",
        resourceAttributeRegistryText=["EMT", "Winch", "Crane"],
        secondaryUnitStatusRegistryText=["OnScene"],
    )
    one = read(emergencyResourceComponent=[unit])
    assert found(one) == [
        ("eido.unchecked-token", "emergencyResourceComponent[0].emergencyResourceTypeCommonRegistryText"),
        ("eido.unchecked-token", "emergencyResourceComponent[0].resourceAttributeRegistryText"),
    ]
    made = one.units[0].type
    assert made is not None and (made.code, made.text, made.mapped) == ("TowTruck", "EMT; Winch; Crane", ())


GIVEN = Registries(
    {
        "EmergencyResourceType": {"TowTruck": "Tow truck"},
        "SecondaryUnitStatus": {"OnScene": "On the scene"},
        "IncidentStatus": {"Active": "Being worked"},
        "IncidentType": {"EDP": None, "ZZZ": "Odd thing"},
        "CommonDispositionCode": {"18": "Settled"},
        "AgencyRole": {"Owner": None},
    }
)


def test_a_given_registry_checks_tokens_and_names_them() -> None:
    unit = part(
        "u", emergencyResourceTypeCommonRegistryText="TowTruck", secondaryUnitStatusRegistryText=["OnScene", "Asleep"]
    )
    one = read(GIVEN, emergencyResourceComponent=[unit])
    assert found(one) == [
        ("eido.unknown-token", "agencyComponent[0].agencyRoleDescriptionRegistryText"),
        ("eido.unknown-token", "emergencyResourceComponent[0].secondaryUnitStatusRegistryText"),
    ]
    kind, status = one.units[0].type, one.units[0].status
    assert kind is not None and [code.display for code in kind.mapped] == ["Tow truck"]
    assert status is not None and (status.code, status.text) == ("OnScene", "Asleep")
    assert [code.display for code in status.mapped] == ["On the scene"]


def test_incident_types_and_dispositions_keep_to_the_reviewed_tables() -> None:
    incident = part(
        "i",
        incidentTypeCommonRegistryText="ZZZ",
        internalIncidentId="1",
        incidentStatusCommonRegistryText=["Active"],
        dispositionComponent=[
            part("d", dispositionCommonRegistryCode="18"),
            part("d2", dispositionCommonRegistryCode="17"),
            part("d3", dispositionCommonRegistryCode="99"),
        ],
    )
    one = read(GIVEN, incidentComponent=incident)
    assert one.type_final is not None and (one.type_final.text, one.type_final.mapped) == ("ZZZ; Odd thing", ())
    assert one.status is not None and [code.display for code in one.status.mapped] == ["Being worked"]
    assert [[(code.code, code.display) for code in d.mapped] for d in one.dispositions] == [
        [("18", "Settled")],
        [("17", None)],
        [],
    ]
    assert [rule for rule, path in found(one) if "disposition" in path] == [
        "eido.unknown-token",
        "translate.unmapped-code",
    ]
    assert ("translate.unmapped-code", "incidentComponent.incidentTypeCommonRegistryText") in found(one)


def test_a_misspelt_location_type_is_said() -> None:
    one = read(locationComponent=[part("l", locationTypeDescriptionRegistryText="CurrentIncidnet")])
    assert ("eido.unchecked-token", "locationComponent[0].locationTypeDescriptionRegistryText") in found(one)
    assert one.place is None


def test_a_display_becomes_the_codings() -> None:
    from datetime import UTC, datetime

    from mappings import translate

    incident = part("i", internalIncidentId="1", incidentStatusCommonRegistryText=["Active"])
    one = read(GIVEN, incidentComponent=incident)
    bundle = translate(one, agency=Agency(id="a-pd"), now=datetime(2026, 1, 15, tzinfo=UTC)).bundle
    status = [
        extension["valueCodeableConcept"]
        for entry in bundle["entry"]
        for extension in entry["resource"].get("extension", ())
        if extension["url"].endswith("/call-status")
    ]
    system = "https://warmhandoff.org/fhir/CodeSystem/eido-incident-status"
    assert status == [{"coding": [{"system": system, "code": "Active", "display": "Being worked"}]}]


def test_no_issue_holds_a_token() -> None:
    one = read(GIVEN, callComponent=[part("c", direction="incoming", standardPrimaryCallType=SECRET)])
    assert SECRET in repr(one) and SECRET not in repr(one.reading)
    assert one.received_by is not None and (one.received_by.code, one.received_by.mapped) == (SECRET, ())


def test_what_is_acted_on_is_known() -> None:
    """Each token that stands in a table of a reader is one that the reader knows."""
    folder = Path(cad.__file__).parent
    tables = {
        "_KIND_BY_ATTRIBUTE": ("units.py", "resourceattribute"),
        "_KIND_BY_TYPE": ("units.py", "emergencyresourcetype"),
        "_STAGE": ("units.py", "secondaryunitstatus"),
        "_ELSEWHERE": ("units.py", "secondaryunitstatus"),
    }
    for name, (file, key) in tables.items():
        for node in ast.walk(ast.parse((folder / file).read_text())):
            target = getattr(node, "target", None) or (getattr(node, "targets", None) or [None])[0]
            if isinstance(node, ast.Assign | ast.AnnAssign) and getattr(target, "id", None) == name:
                value = node.value
                listed = value.keys if isinstance(value, ast.Dict) else value.args[0].elts  # type: ignore[union-attr]
                tokens = {one.value for one in listed}  # type: ignore[union-attr]
                assert tokens and tokens <= module.OURS[key].displays.keys(), name
                break
        else:
            pytest.fail(f"{name} is not there any more")
