"""The EIDO reader on small documents: one thing a test, and everything else as a CAD sends it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.cad.eido import read_eido
from mappings.incident import Agency, Identifier, Incident, Organization, Rejected

SAMPLES = Path(__file__).parents[3] / "samples"
CASES = sorted(path.parent for path in (SAMPLES / "eido").glob("*/input.json"))

#: A value that must never come back in an issue.
SECRET = "Wolmerstadt"

DIRECTORY = Agency(
    id="a-pd",
    zone="America/Denver",
    organizations=(Organization(id="a-pd", identifiers=(Identifier(value="pd.a.example"),)),),
)
OWNER = "pd.a.example"
AT = "2026-01-14T10:00:00-07:00"


def part(name: str, at: str = AT, by: str = OWNER, **members: Any) -> dict[str, Any]:
    return {"$id": name, "lastUpdateTimeStamp": at, "updatedByAgencyReference": {"$ref": by}, **members}


def document(**members: Any) -> dict[str, Any]:
    return {
        **part("urn:1"),
        "eidoVersion": "1.0",
        "issuingElementIdentification": "cad.a.example",
        "agencyComponent": [part(OWNER, incidentOwningAgencyIndicator=True)],
        "incidentComponent": part("i", incidentTypeCommonRegistryText="EDP", internalIncidentId="26-1"),
        **members,
    }


def incident(**members: Any) -> dict[str, Any]:
    return part("i", incidentTypeCommonRegistryText="EDP", internalIncidentId="26-1", **members)


def read(value: Any, agency: Agency | None = DIRECTORY) -> list[Incident | Rejected]:
    return list(read_eido(value if isinstance(value, bytes) else orjson.dumps(value), agency))


def accepted(agency: Agency | None = DIRECTORY, **members: Any) -> Incident:
    (one,) = read(document(**members), agency)
    assert isinstance(one, Incident), one
    return one


def found(one: Incident) -> list[tuple[str, str]]:
    return [(issue.rule, issue.path) for issue in one.reading.issues]


@pytest.mark.parametrize(
    ("value", "rule"),
    [
        (b"", "read.not-json"),
        (b"<EmergencyIncident/>", "read.not-json"),
        (b"\xff\xfe", "read.not-utf-8"),
        ([], "read.empty-array"),
        (["x"], "read.not-an-object"),
        ({}, "eido.no-version"),
        ({"resourceType": "Bundle"}, "eido.no-version"),
        ({"eidoVersion": "1.0"}, "eido.no-agency"),
    ],
)
def test_what_is_no_eido_is_rejected(value: Any, rule: str) -> None:
    (one,) = read(value, None)
    assert isinstance(one, Rejected) and one.issues[0].rule == rule


def test_a_document_needs_something_to_be_known_by() -> None:
    body = document(incidentComponent=part("i"))
    del body["$id"]
    (one,) = read(body)
    assert isinstance(one, Rejected) and one.issues[0].rule == "eido.no-key"


def test_several_documents_and_one_bad_one() -> None:
    assert [type(one) for one in read([document(), {}, document()])] == [Incident, Rejected, Incident]
    lines = b"\n".join([orjson.dumps(document()), b"{", orjson.dumps(document())])
    assert [type(one) for one in read(lines)] == [Incident, Rejected, Incident]


def test_the_owner_is_known_by_the_directory() -> None:
    assert accepted().agency == "a-pd"
    assert accepted(agency=None).agency == OWNER
    other = accepted(agency=Agency(id="b-pd"))
    assert other.agency == OWNER and ("eido.agency-not-in-directory", "agencyComponent[0].$id") in found(other)


def test_the_owner_where_nobody_is_marked() -> None:
    two = [part(OWNER), part("ems.a.example")]
    assert accepted(agencyComponent=two).agency == "a-pd"
    assert accepted(agency=None, agencyComponent=two).agency == OWNER  # who updated the document
    assert accepted(agency=None, agencyComponent=[part("ems.a.example")]).agency == "ems.a.example"


def test_several_owners_are_said() -> None:
    owners = [part("x.example", incidentOwningAgencyIndicator=True), part(OWNER, incidentOwningAgencyIndicator=True)]
    one = accepted(agencyComponent=owners)
    assert one.agency == "a-pd"
    assert ("eido.several-owners", "agencyComponent[1].incidentOwningAgencyIndicator") in found(one)


def test_numbers() -> None:
    one = accepted(incidentComponent=incident(documentIdentification=["R1"]))
    assert (one.number, one.case_number, [n.value for n in one.numbers]) == ("26-1", "R1", ["urn:1"])
    two = accepted(incidentComponent=incident(documentIdentification=["R1", "R2"]))
    assert two.case_number is None and [n.value for n in two.numbers] == ["R1", "R2", "urn:1"]
    bare = accepted(incidentComponent=part("i"))
    assert bare.number == "urn:1" and bare.numbers == ()


@pytest.mark.parametrize(
    ("members", "code", "text", "mapped"),
    [
        ({"incidentTypeCommonRegistryText": "SUICTHRT"}, None, None, ["SUICTHRT"]),
        ({"incidentTypeCommonRegistryText": "MNTL", "incidentTypeInternalCode": "M1"}, "M1", None, ["MNTL"]),
        ({"incidentTypeCommonRegistryText": "suicthrt"}, None, "suicthrt", []),
        ({"incidentTypeCommonRegistryText": "ZZZ", "incidentTypeInternalText": "Odd"}, None, "Odd; ZZZ", []),
    ],
)
def test_incident_type(members: dict[str, str], code: str | None, text: str | None, mapped: list[str]) -> None:
    one = accepted(incidentComponent=part("i", internalIncidentId="1", **members))
    assert one.type_initial is None and one.type_final is not None
    assert (one.type_final.code, one.type_final.text) == (code, text)
    assert [c.code for c in one.type_final.mapped] == mapped
    unmapped = ("translate.unmapped-code", "incidentComponent.incidentTypeCommonRegistryText")
    assert (unmapped in found(one)) is (not mapped)


def test_dispositions_the_primary_first_and_no_code_invented() -> None:
    dispositions = [
        part("d1", dispositionCommonRegistryCode="18", dispositionDescriptionText="Settled"),
        part("d2", dispositionCommonRegistryCode="16", dispositionPrimaryIndicator=True),
        part("d3", dispositionCommonRegistryCode="99"),
    ]
    one = accepted(incidentComponent=incident(dispositionComponent=dispositions))
    assert [(d.text, [c.code for c in d.mapped]) for d in one.dispositions] == [
        (None, ["16"]),
        ("Settled", ["18"]),
        ("99", []),
    ]
    assert found(one) == [
        ("translate.unmapped-code", "incidentComponent.dispositionComponent[2].dispositionCommonRegistryCode")
    ]


def test_only_calls_that_came_in_say_when_it_was_received() -> None:
    calls = [
        part("c1", direction="outgoing", callStartTimestamp="2026-01-14T09:00:00-07:00"),
        part("c2", direction="incoming", callStartTimestamp="2026-01-14T10:00:05Z", localCallType="text"),
        part("c3", direction="incoming", callStartTimestamp="2026-01-14T10:00:00Z"),
    ]
    one = accepted(callComponent=calls)
    assert one.timeline.received == "2026-01-14T10:00:00Z"
    assert one.received_by is not None and one.received_by.text == "text"
    assert "callComponent[0]" in one.reading.unused


def unit(name: str, at: str, *statuses: str, **members: Any) -> dict[str, Any]:
    return part(name, at=at, secondaryUnitStatusRegistryText=list(statuses), **members)


@pytest.mark.parametrize(
    ("statuses", "stage"),
    [
        (["Dispatched"], "dispatched"),
        (["EnRoute"], "en_route"),
        (["Arrived"], "on_scene"),
        (["OnScene", "PatientContact"], "on_scene"),
        (["Transporting"], "transporting"),
        (["Cleared"], "cleared"),
        (["EnRoute", "Hospital"], None),
        (["Arrived", "AlternateLocation"], None),
        (["EnRoute", "OnScene"], None),
        (["AssignmentCancelled"], None),
        ([], None),
    ],
)
def test_a_status_has_its_components_time_where_it_names_one_stage(statuses: list[str], stage: str | None) -> None:
    one = accepted(emergencyResourceComponent=[unit("u", AT, *statuses)])
    (made,) = one.units
    assert made.timeline is None if stage is None else getattr(made.timeline, stage) == AT


def test_the_incidents_stages_are_the_first_units_and_cleared_is_the_lasts() -> None:
    early, late = "2026-01-14T10:05:00-07:00", "2026-01-14T18:00:00Z"
    two = [unit("u1", early, "OnScene"), unit("u2", late, "OnScene")]
    assert accepted(emergencyResourceComponent=two).timeline.on_scene == early
    one_left = [unit("u1", early, "Cleared"), unit("u2", late, "OnScene")]
    assert accepted(emergencyResourceComponent=one_left).timeline.cleared is None
    both = [unit("u1", late, "Cleared"), unit("u2", early, "Cleared")]
    assert accepted(emergencyResourceComponent=both).timeline.cleared == late


@pytest.mark.parametrize(
    ("members", "kind"),
    [
        ({"emergencyResourceTypeCommonRegistryText": "CrisisInterventionUnit"}, "co-responder"),
        (
            {
                "emergencyResourceTypeCommonRegistryText": "PatrolUnit",
                "resourceAttributeRegistryText": ["CrisisInterventionSpecialist"],
            },
            "co-responder",
        ),
        ({"emergencyResourceTypeCommonRegistryText": "PatrolUnit"}, "officer"),
        ({"emergencyResourceTypeCommonRegistryText": "GroundALSAmbulance"}, "paramedic"),
        ({"resourceAttributeRegistryText": ["RegisteredNurse"]}, "clinician"),
        ({"emergencyResourceTypeCommonRegistryText": "TowTruck"}, "unknown"),
        ({"emergencyResourceName": "Crisis 1"}, "unknown"),  # a name is not a kind
    ],
)
def test_who_rides_in_a_unit(members: dict[str, Any], kind: str) -> None:
    assert accepted(emergencyResourceComponent=[unit("u", AT, **members)]).units[0].kind == kind


def person(name: str = "p", roles: tuple[str, ...] = ("Patient",), **members: Any) -> dict[str, Any]:
    return part(name, personIncidentRoleRegistryText=list(roles), ncPersonComponent=members)


@pytest.mark.parametrize(
    ("roles", "expected"),
    [
        (("Patient", "Caller"), ("subject", "caller")),
        (("PatientRelative", "VictimRelative"), ("relative",)),
        (("InvolvedPerson",), ("other",)),
        (("PersonOfInterest",), ("other",)),
        ((), ("unknown",)),
        (("patient",), ("unknown",)),
    ],
)
def test_only_a_patient_is_a_subject(roles: tuple[str, ...], expected: tuple[str, ...]) -> None:
    one = accepted(personComponent=[person(roles=roles)])
    assert one.persons[0].roles == expected
    assert (roles == ("patient",)) == (
        ("eido.unknown-role", "personComponent[0].personIncidentRoleRegistryText[0]") in found(one)
    )


@pytest.mark.parametrize(
    ("names", "family", "given", "text"),
    [
        ([{"personGivenName": ["Ada"], "personSurName": ["Byrd"]}], "Byrd", ("Ada",), None),
        ([{"personGivenName": [{"value": "Ada"}], "personMiddleName": [{"value": "K"}]}], None, ("Ada", "K"), None),
        ([{"personFullName": [{"value": "Ada Byrd"}]}], None, (), "Ada Byrd"),
        ([{"personGivenName": ["Ada"], "personSurName": ["UNK"]}], None, ("Ada",), None),
    ],
)
def test_names(names: list[Any], family: str | None, given: tuple[str, ...], text: str | None) -> None:
    made = accepted(personComponent=[person_named(names)]).persons[0]
    assert (made.names[0].family, made.names[0].given, made.names[0].text) == (family, given, text)
    assert not made.unknown


def person_named(names: list[Any]) -> dict[str, Any]:
    return part("p", personIncidentRoleRegistryText=["Patient"], ncPersonComponent={"name": names})


@pytest.mark.parametrize("whole", ["UNKNOWN", "unk", "Unknown, Male", "UNK FEMALE", "REFUSED"])
def test_a_placeholder_is_no_name(whole: str) -> None:
    one = accepted(personComponent=[person_named([{"personFullName": [{"value": whole}]}])])
    assert one.persons[0].unknown and one.persons[0].names == () and one.persons[0].description == whole


def test_a_person_of_whom_nothing_is_said() -> None:
    one = accepted(personComponent=[part("p", personIncidentRoleRegistryText=["Patient"])])
    assert one.persons[0].unknown and one.persons[0].slot == "p"


def test_identifiers_are_dropped_and_counted_never_carried() -> None:
    numbers = [{"identificationId": [{"value": SECRET}]}]
    one = accepted(
        personComponent=[
            person(ssnIdentification=numbers, stateIdentification=numbers * 2, licenseIdentification=numbers)
        ]
    )
    base = "personComponent[0].ncPersonComponent."
    assert [(g.path, g.rule, g.count) for g in one.reading.dropped] == [
        (base + "ssnIdentification", "cjis.person-identifier", 1),
        (base + "stateIdentification", "cjis.person-identifier", 2),
        (base + "licenseIdentification", "cjis.person-identifier", 1),
    ]
    assert SECRET not in repr(one)


def test_what_was_reported_is_a_narrative_of_undeclared_provenance() -> None:
    one = accepted(personComponent=[person(mentalState=["agitated"], medicalCondition=[{"text": ["asthma"]}])])
    assert [(n.title, n.text, n.organization, n.person) for n in one.narratives] == [
        ("Reported mental state", "agitated", None, "p"),
        ("Reported medical condition", "asthma", None, "p"),
    ]
    assert one.reading.paths["narratives[1]"] == "personComponent[0].ncPersonComponent.medicalCondition"


@pytest.mark.parametrize(
    ("measure", "years", "approximate", "description"),
    [
        ({"integerValue": [{"value": 41}], "timeUnitCode": [{"simpleType": "ANN"}]}, 41, False, None),
        ({"value": ["41"], "isEstimated": [{"value": True}]}, 41, True, None),
        ({"value": ["41"], "isEstimated": [False]}, 41, False, None),
        ({"integerValue": [18], "timeUnitCode": ["MON"]}, None, False, "age: 18 MON"),
        ({"value": ["forties"]}, None, False, "age: forties"),
        ({"value": ["00041"]}, None, False, "age: 00041"),
    ],
)
def test_age(measure: dict[str, Any], years: int | None, approximate: bool, description: str | None) -> None:
    made = accepted(personComponent=[person(ageMeasure=[measure])]).persons[0]
    assert (made.age_years, made.approximate_age, made.description) == (years, approximate, description)


def test_callback_numbers_are_dropped_by_rule() -> None:
    one = accepted(callbackComponent=[part("b", callBackInformationUri=["tel:" + SECRET, "sip:x"])])
    assert [(g.path, g.rule, g.count) for g in one.reading.dropped] == [
        ("callbackComponent[0]", "eido.callback-number", 2)
    ]
    assert SECRET not in repr(one)


def test_a_note_belongs_to_the_agency_that_updated_it() -> None:
    notes = [
        part("n1", notesActionComments="a"),
        part("n2", by="fd.a.example", notesActionComments="b"),
        {"$id": "n3", "lastUpdateTimeStamp": AT, "notesActionComments": "c"},
    ]
    one = accepted(notesComponent=notes)
    assert [n.organization for n in one.narratives] == ["a-pd", "fd.a.example", None]
    assert found(one) == [("eido.dangling-reference", "notesComponent[1].updatedByAgencyReference")]


def test_a_caution_in_a_note_about_a_person_is_about_the_person() -> None:
    one = accepted(
        personComponent=[part("p", personIncidentRoleRegistryText=["Patient"], notesReference=[{"$ref": "n"}])],
        notesComponent=[part("n", notesActionComments="x", cautionReference=[{"$ref": "k"}])],
        cautionComponent=[part("k", cautionTypeInternalText="Dog", cautionSeverity="lowest"), part("k2")],
    )
    assert [(c.person, c.severity) for c in one.cautions] == [("p", "low"), (None, None)]
    assert one.narratives[0].person == "p"


def test_merges_and_links() -> None:
    one = accepted(
        mergeComponent=[part("m", incidentTrackingIdentifier="x", incidentMergeDirectionCode="SPLIT")],
        linkComponent=[
            part("l", incidentTrackingIdentifier="y", linkDirectionCode="PARENT"),
            part("l2", incidentTrackingIdentifier="z", linkDirectionCode="COUSIN"),
        ],
    )
    assert [(link.kind, link.number) for link in one.links] == [("split-from", "x"), ("parent", "y")]
    assert found(one) == [("eido.wrong-type", "linkComponent[1].linkDirectionCode")]


def test_everything_that_nobody_reads_is_listed() -> None:
    one = accepted(
        vehicleComponent=[part("v", vehicleRelationshipType=["InvolvedVehicle"])],
        alarmsSensorsComponent=[part("a", alarmUrl="https://x.example")],
        weatherComponent=[part("w"), part("w2")],
        extension={"a": {"b": 1}},
        incidentComponent=incident(mood=1),
        personComponent=[
            part(
                "p",
                personIncidentRoleRegistryText=["Patient"],
                ncPersonComponent={
                    "eyewear": ["glasses"],
                    "name": [{"personSurName": [{"value": "Byrd", "lang": "en"}], "salutation": ["Dr"]}],
                },
            )
        ],
        **{f"{SECRET} Component": [part("s")], f"{SECRET} x": 1},
    )
    assert sorted(one.reading.unused) == sorted(
        [
            "issuingElementIdentification",
            "vehicleComponent[0]",
            "alarmsSensorsComponent[0]",
            "weatherComponent[0]",
            "weatherComponent[1]",
            "extension",
            "incidentComponent.mood",
            "personComponent[0].ncPersonComponent.eyewear",
            "personComponent[0].ncPersonComponent.name[0].personSurName[0].lang",
            "personComponent[0].ncPersonComponent.name[0].salutation",
            "*[0]",
            "*",
        ]
    )


def leaf_paths(value: Any, path: str = "") -> list[str]:
    """Every leaf of a document, by its place."""
    if isinstance(value, dict):
        return [leaf for key, inner in value.items() for leaf in leaf_paths(inner, f"{path}.{key}" if path else key)]
    if isinstance(value, list):
        return [leaf for index, inner in enumerate(value) for leaf in leaf_paths(inner, f"{path}[{index}]")]
    return [path]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_no_leaf_of_a_sample_vanishes(case: Path) -> None:
    """Put a marker in place of each text in turn: it comes out, or its place is named, or it is a known join."""
    body = orjson.loads((case / "input.json").read_bytes())
    joins = ("$id", "$ref", "lastUpdateTimeStamp", "eidoVersion", "Indicator", "direction", "simpleType")
    listing = ("locationTypeDescriptionRegistryText", "RegistryText[0]", "RegistryText[1]", "RegistryText")
    for leaf in leaf_paths(body):
        if any(part in leaf for part in joins) or leaf.endswith(listing):
            continue
        changed = orjson.loads((case / "input.json").read_bytes())
        steps = leaf.replace("[", ".[").split(".")
        *way, last = [int(step[1:-1]) if step.startswith("[") else step for step in steps]
        target: Any = changed
        for step in way:
            target = target[step]
        if not isinstance(target[last], str):
            continue
        target[last] = "Markervalue"
        (one,) = read(changed)
        assert isinstance(one, Incident)
        reading = one.reading
        named = [*reading.unused, *(issue.path for issue in reading.issues), *(gated.path for gated in reading.dropped)]
        assert "Markervalue" in repr(one) or any(leaf.startswith(path) for path in named if path), leaf
        assert "Markervalue" not in repr(reading), leaf


# Any JSON and any bytes.

_NAMES = st.sampled_from(
    [
        "$id", "$ref", "lastUpdateTimeStamp", "updatedByAgencyReference", "agencyReference", "notesReference",
        "personReference", "locationReference", "value", "simpleType", "ncPersonComponent", "name", "personSurName",
        "birthDate", "ageMeasure", "date", "cautionReference", "dispositionComponent", "agencyJcard", "direction",
        "notesActionComments", "locationByValue", "secondaryUnitStatusRegistryText", "medicalCondition", "mentalState",
        "documentIdentification", "internalIncidentId", "emergencyResourceReference", "incidentTypeCommonRegistryText",
        "callStartTimestamp", "personIncidentRoleRegistryText", "ssnIdentification", "unitDestinationReference",
        "organizationReference", "ncOrganizationComponent", "crossStreetByValue", "startDate", "cautionSeverity",
    ]
)  # fmt: skip
_LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.sampled_from(
        [
            "",
            "a",
            "b",
            SECRET,
            AT,
            "2026-01-14T10:00:00",
            "OnScene",
            f'["vcard",[["fn",{{}},"text","{SECRET}"]]]',
            f"<p>{SECRET}<![x",
            "<a/>",
        ]
    )
)
_JSON = st.recursive(
    _LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_NAMES | st.text(max_size=4), inner, max_size=6),
    max_leaves=20,
)
_COMPONENTS = [
    "agencyComponent", "agentComponent", "incidentComponent", "callComponent", "callbackComponent", "dispatchComponent",
    "emergencyResourceComponent", "personComponent", "locationComponent", "notesComponent", "cautionComponent",
    "mergeComponent", "linkComponent", "otherComponent",
]  # fmt: skip
_PARTS = st.lists(st.dictionaries(_NAMES, _JSON, max_size=8), max_size=3) | _JSON


@given(st.fixed_dictionaries({"eidoVersion": st.just("1.0") | _JSON}, optional=dict.fromkeys(_COMPONENTS, _PARTS)))
@settings(max_examples=80, deadline=None)
def test_any_document_is_read_or_rejected(value: Any) -> None:
    body = {**value, "$id": "urn:1"} if "$id" not in value else value
    for one in read_eido(orjson.dumps(body), DIRECTORY):
        if isinstance(one, Incident):
            assert SECRET not in repr(one.reading)
        else:
            assert SECRET not in repr(one)


@given(_JSON)
@settings(max_examples=80, deadline=None)
def test_any_json_is_read_or_rejected(value: Any) -> None:
    for one in read_eido(orjson.dumps(value)):
        assert isinstance(one, Incident | Rejected)


@given(st.binary(max_size=200))
@settings(max_examples=80, deadline=None)
def test_any_bytes_are_read_or_rejected(data: bytes) -> None:
    for one in read_eido(data):
        assert isinstance(one, Incident | Rejected)


@pytest.mark.parametrize("opening", ['{"a":', '{"$id":"x","a":', '{"a":[', "[["])
def test_a_very_deep_document_is_read(opening: str) -> None:
    depth = 450
    closing = "".join({"{": "}", "[": "]"}[c] for c in reversed(opening) if c in "{[")
    data = orjson.dumps(document(extension="DEEP")).replace(
        b'"DEEP"', (opening * depth + "1" + closing * depth).encode()
    )
    (one,) = read(data)
    assert isinstance(one, Incident) and "extension" in one.reading.unused


def test_a_long_circle_of_references_ends() -> None:
    notes = [
        part(f"n{i}", notesActionComments="x", cautionReference=[{"$ref": f"n{(i + 1) % 3000}"}]) for i in range(3000)
    ]
    one = accepted(notesComponent=notes)
    assert [rule for rule, _ in found(one)] == ["eido.circular-reference"]
