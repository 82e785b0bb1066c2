"""`POST /fhir/$label`: another system's records come back labelled, by its posture; nothing of them is kept."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

from hub.api import labelling
from profiles.check import check
from profiles.issue import stops

World = Any
CONDITION = {
    "resourceType": "Condition",
    "subject": {"reference": "Patient/1"},
    "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F11.20"}]},
}


async def ask(world: World, body: Any, source: str | None = "cedar-app") -> httpx2.Response:
    transport = httpx2.ASGITransport(app=Starlette(routes=labelling.routes(world.hub)))
    headers = {} if source is None else {"authorization": f"Bearer token-of-{source}"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.test:8443") as client:
        return await client.post("/fhir/$label", content=content, headers=headers)


def marks(resource: dict[str, Any]) -> set[str]:
    return {coding["code"] for coding in resource["meta"]["security"]}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("cedar-app", {"R", "SUD", "OPIOIDUD"}),
        ("riverton-cad", {"R", "SUD", "OPIOIDUD"}),
        ("sunrise-app", {"R", "SUD", "OPIOIDUD", "42CFRPart2"}),
    ],
)
async def test_the_origin_is_the_caller_s_declared_posture(world: World, source: str, expected: set[str]) -> None:
    answer = await ask(world, CONDITION, source)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    assert answer.headers["cache-control"] == "no-store"
    assert marks(answer.json()) == expected
    assert not stops(check(answer.json()))


async def test_a_bundle_has_its_high_water_mark_and_is_else_as_it_came(world: World) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:uuid:6a7a1c3e-4f43-4c6e-9d0f-2b0a4a1f9c11", "resource": CONDITION}],
    }
    found = (await ask(world, bundle)).json()
    assert marks(found) == {"R", "SUD", "OPIOIDUD"}
    inner = found["entry"][0]["resource"]
    assert {key: value for key, value in inner.items() if key != "meta"} == CONDITION


async def test_a_provenance_adds_the_part_2_origin(world: World) -> None:
    agent = {"who": {"reference": "Organization/sunrise-recovery"}}
    provenance = {"resourceType": "Provenance", "target": [{"reference": "urn:uuid:c"}], "agent": [agent]}
    program = next(o.id for o in world.hub.settings.organization if o.posture == "part2-program")
    agent["who"]["reference"] = f"Organization/{program}"
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:uuid:c", "resource": CONDITION}, {"resource": provenance}],
    }
    assert "42CFRPart2" in marks((await ask(world, bundle)).json()["entry"][0]["resource"])


async def test_in_parameters(world: World) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": CONDITION}]}
    answer = (await ask(world, body)).json()
    assert (answer["resourceType"], marks(answer)) == ("Condition", {"R", "SUD", "OPIOIDUD"})


@pytest.mark.parametrize("source", [None, "nobody", "lakeshore-answers"])
async def test_without_a_source_s_credential_it_is_one_401(world: World, source: str | None) -> None:
    answer = await ask(world, CONDITION, source)
    assert (answer.status_code, answer.json()["resourceType"]) == (401, "OperationOutcome")


@pytest.mark.parametrize(
    ("body", "status", "rule"),
    [
        (b"{", 400, "receive.not-json"),
        (b"", 400, "receive.empty"),
        ([], 422, "receive.not-fhir"),
        ({"resourceType": "Thing"}, 422, "receive.not-fhir"),
        ({"resourceType": "Bundle", "entry": {}}, 422, "receive.not-fhir"),
        ({"resourceType": "Patient", "meta": []}, 422, "receive.not-fhir"),
        ({"resourceType": "Patient", "meta": {"security": {}}}, 422, "receive.not-fhir"),
        ({"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": 7}]}, 422, "receive.not-fhir"),
    ],
)
async def test_what_cannot_be_labelled_is_an_operation_outcome(world: World, body: Any, status: int, rule: str) -> None:
    answer = await ask(world, body)
    assert answer.status_code == status
    assert answer.json()["issue"][0]["details"]["coding"][0]["code"] == rule


async def test_too_large_a_body_is_refused(world: World) -> None:
    answer = await ask(world, b" " * (world.hub.settings.hub.max_body + 1))
    assert answer.status_code == 413


async def test_nothing_of_it_is_kept(world: World) -> None:
    before = world.messages()
    await ask(world, CONDITION)
    assert world.messages() == before
    assert world.referrals() == [] and world.holds() == [] and world.disclosures() == []
