"""Every component that the standard has, at once: read, or listed as unused with its place. And mutated documents."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import Translation, translate
from mappings.cad.eido import read_eido
from mappings.cad.versions import read_joined
from mappings.incident import Agency, Incident, Rejected

SAMPLES = Path(__file__).parents[3] / "samples"
AT = "2026-01-14T10:00:00-07:00"
OWNER = "pd.a.example"
AGENCY = Agency(id=OWNER, zone="America/Denver")
SECRET = "Wolmerstadt"


def part(name: str, **members: Any) -> dict[str, Any]:
    return {"$id": name, "lastUpdateTimeStamp": AT, "updatedByAgencyReference": {"$ref": OWNER}, **members}


def ref(name: str) -> dict[str, str]:
    return {"$ref": name}


#: The members of the document by the standard; those of the prologue are read for each component.
WHOLE: dict[str, Any] = {
    **part("urn:1"),
    "@context": {},
    "eidoVersion": "1.0",
    "eidoExtensionId": ["x"],
    "issuingElementIdentification": "cad.a.example",
    "mergeComponent": [part("m", incidentTrackingIdentifier="urn:2", incidentMergeDirectionCode="SPLIT")],
    "linkComponent": [
        part(
            "l",
            incidentTrackingIdentifier="urn:3",
            linkDirectionCode="CHILD",
            transactionReasonText="same place",
            involvedAgencyReference=ref(OWNER),
        )
    ],
    "incidentComponent": part(
        "i",
        incidentTypeCommonRegistryText="EDP",
        internalIncidentId="26-1",
        organizationReference=[ref("o")],
        vehicleReference=[ref("v")],
    ),
    "callComponent": [
        part(
            "c",
            direction="incoming",
            callStartTimestamp=AT,
            standardPrimaryCallType="emergency",
            callStateRegistryText="callEnd",
            callBackReference=ref("b"),
            organizationReference=[ref("o2")],
            sipIdentity="tel:+15550100123",
        )
    ],
    "callbackComponent": [part("b", callBackInformationUri=["tel:+15550100123"])],
    "dispatchComponent": [part("d", emergencyResourceReference=[ref("u")])],
    "notesComponent": [part("n", notesActionComments="came", agentReference=ref("a"), cautionReference=[ref("k")])],
    "emergencyResourceComponent": [part("u", agentReference=[ref("a")], vehicleReference=[ref("v")])],
    "alarmsSensorsComponent": [part("al", alarmUrl="https://alarms.example")],
    "agencyComponent": [part(OWNER, incidentOwningAgencyIndicator=True), part("ems.a.example")],
    "agentComponent": [part("a", agencyReference=ref(OWNER))],
    "additionalDataComponent": [part("ad", additionalDataByReferenceUrl="https://data.example", urlPurpose="x")],
    "locationComponent": [
        part("lo", locationTypeDescriptionRegistryText="CurrentIncident", locationDescriptionText="y")
    ],
    "personComponent": [
        part(
            "p",
            personIncidentRoleRegistryText=["Patient"],
            callBackReference=ref("b"),
            itemReference=[ref("it")],
            AlternateValueReferences=[ref("av")],
            mediaReferences=[ref("me")],
        )
    ],
    "vehicleComponent": [part("v", vehicleRelationshipType=["InvolvedVehicle"])],
    "cautionComponent": [part("k", cautionTypeInternalText="Dog", cautionSeverity="low")],
    "mediaComponent": [part("me", uri="https://media.example", contentType="image/png")],
    "sharedCommunicationResourceComponent": [
        part("s", connectedSharedCommunicationResources=[ref("s2")]),
        part("s2", connectedSharedCommunicationResources=[ref("s")]),
    ],
    "externalInformationSourceComponent": [part("e", externalSourceRegistryText="x")],
    # Kinds that have no list of the standard: they stand wherever a sender puts them.
    "extension": {
        "organizations": [
            part("o", ncOrganizationComponent={"name": [{"value": "Alder Shelter"}]}),
            part("o2", organizationIncidentRoleRegistryText=["x"]),
        ],
        "items": [part("it", ncItemType={})],
        "alternates": [part("av", DataComponentReference=ref("p"), Element="x", Alternate=[{"OtherValue": SECRET}])],
    },
}


def read(value: Any) -> Incident:
    (one,) = read_eido(orjson.dumps(value), AGENCY)
    assert isinstance(one, Incident), one
    return one


def test_the_whole_standard() -> None:
    one = read(WHOLE)
    assert [(link.kind, link.number) for link in one.links] == [("split-from", "urn:2"), ("child", "urn:3")]
    assert [(o.id, o.name) for o in one.organizations] == [
        (OWNER, None), ("ems.a.example", None), ("o", "Alder Shelter"), ("o2", None)
    ]  # fmt: skip
    assert [(g.path, g.rule) for g in one.reading.dropped] == [("callbackComponent[0]", "eido.callback-number")]
    assert sorted(one.reading.unused) == sorted(
        [
            "additionalDataComponent[0]",
            "alarmsSensorsComponent[0]",
            "callComponent[0].callBackReference",
            "callComponent[0].callStateRegistryText",
            "callComponent[0].sipIdentity",
            "eidoExtensionId",
            "emergencyResourceComponent[0].vehicleReference",
            "extension",
            "extension.organizations[1].organizationIncidentRoleRegistryText",
            "externalInformationSourceComponent[0]",
            "incidentComponent.vehicleReference",
            "issuingElementIdentification",
            "linkComponent[0].involvedAgencyReference",
            "linkComponent[0].transactionReasonText",
            "mediaComponent[0]",
            "notesComponent[0].cautionReference",
            "personComponent[0].AlternateValueReferences",
            "personComponent[0].callBackReference",
            "personComponent[0].itemReference",
            "personComponent[0].mediaReferences",
            "sharedCommunicationResourceComponent[0]",
            "sharedCommunicationResourceComponent[1]",
            "vehicleComponent[0]",
        ]
    )
    assert sorted((issue.rule, issue.path) for issue in one.reading.issues) == [
        ("eido.alternate-value", "extension.alternates[0]"),
        ("eido.circular-reference", "sharedCommunicationResourceComponent[1].connectedSharedCommunicationResources[0]"),
        ("eido.unchecked-token", "callComponent[0].standardPrimaryCallType"),
    ]


def test_no_telephone_gets_into_fhir() -> None:
    from datetime import UTC, datetime

    result = translate(read(WHOLE), agency=AGENCY, now=datetime(2026, 1, 15, tzinfo=UTC))
    assert "5550100123" not in repr(result) and SECRET not in repr(result)


@pytest.mark.parametrize("name", sorted(name for name in WHOLE if name.endswith("Component")))
def test_each_component_alone_is_accounted_for(name: str) -> None:
    """A member that no version of the standard has, in each component in turn, is listed by its place."""
    changed = copy.deepcopy(WHOLE)
    listed = changed[name]
    (listed[0] if isinstance(listed, list) else listed)["madeUp"] = SECRET
    place = f"{name}[0]" if isinstance(listed, list) else name
    unused = read(changed).reading.unused
    assert f"{place}.madeUp" in unused or place in unused


def test_a_component_without_the_time_of_its_update_is_said() -> None:
    changed = copy.deepcopy(WHOLE)
    del changed["notesComponent"][0]["lastUpdateTimeStamp"]
    assert ("eido.no-update-time", "notesComponent[0]") in [
        (issue.rule, issue.path) for issue in read(changed).reading.issues
    ]


def test_an_organization_reference_to_something_else_is_said() -> None:
    changed = copy.deepcopy(WHOLE)
    changed["incidentComponent"]["organizationReference"] = [ref("it")]
    one = read(changed)
    assert ("eido.wrong-kind", "incidentComponent.organizationReference") in [
        (issue.rule, issue.path) for issue in one.reading.issues
    ]
    assert [o.id for o in one.organizations] == [OWNER, "ems.a.example", "o2"]


# Mutated documents: each node of a whole one may be gone, doubled, put elsewhere or be of another type.

_SEEDS = [WHOLE, *(orjson.loads((SAMPLES / "eido" / name / "input.json").read_bytes()) for name in (
    "welfare-check-one-person", "several-agencies", "dangling-and-circular-refs", "bad-times"
))]  # fmt: skip
_JUNK: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, 0, -1, 1.5, "", " ", SECRET, "\u0000", AT, "<a", [], {}, [[]], [None], {"$ref": "p"}, {"$ref": 1},
     {"$id": "p"}, {"$id": "p", "value": "x"}, {"value": {"value": 1}}, [{"$ref": "urn:1"}], "urn:1", OWNER]
)  # fmt: skip


def nodes(value: Any) -> list[tuple[Any, Any]]:
    """Every container with each of its keys."""
    found: list[tuple[Any, Any]] = []
    todo = [value]
    for container in todo:
        for key, inner in container.items() if isinstance(container, dict) else enumerate(container):
            found.append((container, key))
            if isinstance(inner, dict | list):
                todo.append(inner)
    return found


@st.composite
def mutated(draw: Any) -> Any:
    body = copy.deepcopy(draw(st.sampled_from(_SEEDS)))
    for _ in range(draw(st.integers(1, 4))):
        every = nodes(body)
        container, key = every[draw(st.integers(0, len(every) - 1))]
        other, name = every[draw(st.integers(0, len(every) - 1))]
        match draw(st.sampled_from(["gone", "junk", "other", "twice", "renamed"])):
            case "gone":
                del container[key]
            case "junk":
                container[key] = copy.deepcopy(draw(_JUNK))
            case "other":
                container[key] = copy.deepcopy(other[name])
            case "twice" if isinstance(container, list):
                container.append(copy.deepcopy(container[key]))
            case "renamed" if isinstance(container, dict):
                container[draw(st.text(max_size=4))] = container.pop(key)
    return body


@given(mutated())
@settings(max_examples=150, deadline=None)
def test_a_mutated_document_is_read_or_rejected_and_translates(body: Any) -> None:
    from datetime import UTC, datetime

    data = orjson.dumps(body)
    for one in (*read_eido(data, AGENCY), *read_joined([data, data], AGENCY)):
        assert isinstance(one, Incident | Rejected)
        issues = one.issues if isinstance(one, Rejected) else one.reading.issues
        assert SECRET not in repr(issues)
        if isinstance(one, Incident):
            assert SECRET not in repr(one.reading)
            made = translate(one, agency=AGENCY, now=datetime(2026, 1, 15, tzinfo=UTC))
            assert isinstance(made, Translation)
            orjson.dumps(made.bundle)
