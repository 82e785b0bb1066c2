"""`POST /fhir/$label`: another system's records come back labelled, by its posture, with the conflicts of the labels
that they came with; who asked is audited, and nothing of the records is kept."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

import profiles
from hub import audit
from hub.api import labelling
from hub.errors import StoreError
from mappings.labels.text import ReaderFailed
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


def given_back(answer: httpx2.Response) -> dict[str, Any]:
    """The one resource `return` of an answer."""
    held = [one["resource"] for one in answer.json()["parameter"] if one["name"] == "return"]
    assert len(held) == 1
    return held[0]  # type: ignore[no-any-return]


def conflicts(answer: httpx2.Response) -> list[tuple[str, str, str | None]]:
    """Type, rule and place of each issue of the answer's `outcome`."""
    issues = next(one["resource"] for one in answer.json()["parameter"] if one["name"] == "outcome")["issue"]
    return [
        (one["code"], one["details"].get("coding", [{}])[0].get("code", ""), one.get("expression", [None])[0])
        for one in issues
    ]


def asked(world: World) -> list[audit.Event]:
    return [event for _, event in world.hub.store.read(audit.events) if event.kind == "label"]


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
    assert marks(given_back(answer)) == expected
    assert not stops(check(given_back(answer)))


async def test_a_bundle_has_its_high_water_mark_and_is_else_as_it_came(world: World) -> None:
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": "urn:uuid:6a7a1c3e-4f43-4c6e-9d0f-2b0a4a1f9c11", "resource": CONDITION}],
    }
    found = given_back(await ask(world, bundle))
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
    assert "42CFRPart2" in marks(given_back(await ask(world, bundle))["entry"][0]["resource"])


async def test_in_parameters(world: World) -> None:
    body = {"resourceType": "Parameters", "parameter": [{"name": "resource", "resource": CONDITION}]}
    answer = given_back(await ask(world, body))
    assert (answer["resourceType"], marks(answer)) == ("Condition", {"R", "SUD", "OPIOIDUD"})


async def test_the_answer_has_the_parameters_of_the_published_operation(world: World) -> None:
    defined = profiles.load("https://warmhandoff.org/fhir/OperationDefinition/label")["parameter"]
    out = {one["name"]: (one["min"], one["max"], one["type"]) for one in defined if one["use"] == "out"}
    answer = (await ask(world, CONDITION)).json()
    assert (answer["resourceType"], [one["name"] for one in answer["parameter"]]) == ("Parameters", list(out))
    assert out == {"return": (1, "1", "Resource"), "outcome": (1, "1", "OperationOutcome")}
    assert not stops(check(answer))


async def test_labels_in_conflict_come_back_with_their_rule_and_place(world: World) -> None:
    """Two levels, one in the wrong system, a retired code and a law that no origin gives; none is taken away."""
    act_code = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
    level = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
    came = [("N", level), ("M", act_code), ("NORDSLCD", act_code), ("42CFRPart2", act_code)]
    security = [{"system": system, "code": code} for code, system in came]
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"resource": {**CONDITION, "meta": {"security": security}}}],
    }
    answer = await ask(world, bundle)
    place = "Bundle.entry[0].resource.meta.security"
    assert conflicts(answer) == [
        ("conflict", "label.two-levels", place),
        ("conflict", "label.raised", place),
        ("conflict", "label.wrong-system", f"{place}[1]"),
        ("conflict", "label.no-code", f"{place}[2]"),
        ("conflict", "label.law-without-origin", place),
    ]
    (entry,) = given_back(answer)["entry"]
    assert marks(entry["resource"]) == {"R", "NORDSLCD", "42CFRPart2", "SUD", "OPIOIDUD"}
    assert asked(world)[-1].detail == tuple(sorted({rule for _, rule, _ in conflicts(answer)}))


async def test_without_a_conflict_the_outcome_says_that_all_is_well(world: World) -> None:
    assert conflicts(await ask(world, CONDITION)) == [("informational", "", None)]


async def test_who_asked_is_audited_and_nothing_of_the_record(world: World) -> None:
    before = asked(world)
    await ask(world, CONDITION, "sunrise-app")
    await ask(world, {"resourceType": "Thing"}, "sunrise-app")
    await ask(world, CONDITION, None)
    section = world.hub.source("sunrise-app")
    done, refused = asked(world)[len(before) :]
    for event in (done, refused):
        assert (event.who, event.action, event.custody) == ("source:sunrise-app", "E", section.organization)
        assert (event.entity_type, event.entity_id) == ("Organization", section.organization)
        assert event.patient_id is None
        assert not stops(check(audit.to_fhir(event)))
    assert (done.outcome, done.detail) == ("0", ())
    assert (refused.outcome, refused.detail) == ("4", ("receive.not-fhir",))


async def test_what_cannot_be_audited_is_not_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def busy(work: Any) -> None:
        raise StoreError("store.busy", "the store has too much waiting", code="throttled")

    monkeypatch.setattr(world.hub.store, "write_async", busy)
    answer = await ask(world, CONDITION)
    assert (answer.status_code, answer.json()["resourceType"]) == (503, "OperationOutcome")


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


async def test_what_breaks_on_the_way_is_audited_too(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Above this, `Guard` answers 500; the sender gets no record without its labels."""

    def broken(*_: Any, **__: Any) -> None:
        raise ReaderFailed

    monkeypatch.setattr("hub.loop.labelling.label", broken)
    with pytest.raises(ReaderFailed):
        await ask(world, CONDITION)
    assert (asked(world)[-1].outcome, asked(world)[-1].detail) == ("4", ("hub.failed",))
