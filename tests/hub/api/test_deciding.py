"""`POST /fhir/$decide` and the CDS hook `patient-consent-consult`: `handoff decide` for other systems."""

from __future__ import annotations

import json
from typing import Any

import httpx2
import pytest
from starlette.applications import Starlette

import profiles
from hub import audit
from hub.api import deciding
from hub.errors import StoreError
from hub.store import documents
from profiles.check import check
from profiles.issue import stops

World = Any
ACT = "http://terminology.hl7.org/CodeSystem/v3-ActCode"
REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
ELEMENTS = "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements"
SUNRISE = "Organization/sunrise-recovery"
LAKESHORE = "Organization/lakeshore-cmhc"
SID = "https://warmhandoff.org/fhir/sid/organization"


def condition(code: str = "F11.20") -> dict[str, Any]:
    return {
        "resourceType": "Condition",
        "subject": {"reference": "Patient/p-1"},
        "code": {"coding": [{"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": code}]},
    }


def consent(identity: str = "c1", *, to: str = LAKESHORE, **provision: Any) -> dict[str, Any]:
    statements = ("revocationStatement", "redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement")
    return {
        "resourceType": "Consent",
        "id": identity,
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": ACT, "code": "42CFRPart2CD"}]}],
        "patient": {"reference": "Patient/p-1"},
        "dateTime": "2026-01-02",
        "performer": [{"reference": "Patient/p-1"}],
        "organization": [{"reference": SUNRISE}],
        "extension": [{"url": ELEMENTS, "extension": [{"url": url, "valueBoolean": True} for url in statements]}],
        "provision": {
            "type": "permit",
            "period": {"start": "2026-01-02", "end": "2030-12-31"},
            "actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": to}}],
            "securityLabel": [{"system": ACT, "code": "42CFRPart2"}],
            "purpose": [{"system": REASON, "code": "TREAT"}],
            **provision,
        },
    }


def question(*resources: dict[str, Any], consents: Any = (), **more: Any) -> dict[str, Any]:
    named = {
        "patient": {"valueReference": {"reference": "Patient/p-1"}},
        "recipient": {"valueReference": {"reference": LAKESHORE}},
        "purpose": {"valueCoding": {"system": REASON, "code": "TREAT"}},
        **more,
    }
    given = [{"name": name, **value} for name, value in named.items() if value is not None]
    given += [{"name": "consent", "resource": one} for one in consents]
    given += [{"name": "resource", "resource": one} for one in resources]
    return {"resourceType": "Parameters", "parameter": given}


async def ask(world: World, path: str, body: Any, source: str | None = "sunrise-app") -> httpx2.Response:
    transport = httpx2.ASGITransport(app=Starlette(routes=deciding.routes(world.hub)))
    headers = {} if source is None else {"authorization": f"Bearer token-of-{source}"}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.test:8443") as client:
        return await client.post(path, content=content, headers=headers)


async def decided(world: World, body: Any, source: str = "sunrise-app") -> list[dict[str, list[Any]]]:
    """The entries of an answer: each the values of its parts, by name."""
    answer = await ask(world, "/fhir/$decide", body, source)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/fhir+json")
    assert answer.headers["cache-control"] == "no-store"
    made = answer.json()
    assert not stops(check(made))
    entries = []
    for one in made["parameter"]:
        if one["name"] == "entry":
            parts: dict[str, list[Any]] = {}
            for part in one["part"]:
                (value,) = (part[key] for key in part if key.startswith("value"))
                parts.setdefault(part["name"], []).append(value)
            entries.append(parts)
    return entries


def events(world: World) -> list[audit.Event]:
    return [event for _, event in world.hub.store.read(audit.events) if event.kind == "decision"]


@pytest.mark.parametrize(
    ("source", "consents", "expected"),
    [
        ("sunrise-app", [], "no-consent"),
        ("sunrise-app", [consent()], "permit"),
        ("sunrise-app", [consent(to="Organization/elsewhere")], "no-consent"),
        ("cedar-app", [], "permit"),
        ("cedar-app", [{**consent("no", type="deny", securityLabel=None), "organization": []}], "deny"),
    ],
)
async def test_s37_s38_who_discloses_is_the_caller(world: World, source: str, consents: Any, expected: str) -> None:
    (found,) = await decided(world, question(condition(), consents=consents), source)
    assert found["decision"] == [expected]
    assert found["because"]
    if expected == "permit" and consents:
        assert found["consent"] == ["Consent/c1"]
        assert {"notice", "consent-scope", "NORDSCLCD"} <= set(found["obligation"])
    (event,) = events(world)
    assert (event.who, event.outcome, event.entity_type) == (f"source:{source}", "0", "Organization")
    assert event.patient_id is None


async def test_a_bundle_is_decided_entry_by_entry_and_a_provenance_adds_part_2(world: World) -> None:
    url = "urn:uuid:6a7a1c3e-4f43-4c6e-9d0f-2b0a4a1f9c11"
    came = {
        "resourceType": "Provenance",
        "target": [{"reference": url}],
        "agent": [{"who": {"reference": SUNRISE}}],
    }
    bundle = {
        "resourceType": "Bundle",
        "type": "collection",
        "entry": [{"fullUrl": url, "resource": condition()}, {"resource": condition("J45.40")}, {"resource": came}],
    }
    found = await decided(world, question(bundle), "cedar-app")
    assert [one["index"] for one in found] == [[0], [1], [2]]
    assert [one["decision"] for one in found][:2] == [["no-consent"], ["permit"]]


@pytest.mark.parametrize(
    ("recipient", "role", "expected"),
    [
        ({"reference": LAKESHORE}, "law-enforcement", "permit"),
        ({"identifier": {"system": SID, "value": "lakeshore-cmhc"}}, None, "permit"),
        ({"reference": "Organization/riverton-pd"}, "covered-entity", "deny"),
        ({"reference": "Organization/unheard-of"}, None, "deny"),
        ({"reference": "Organization/unheard-of"}, "covered-entity", "permit"),
    ],
)  # fmt: skip
async def test_s39_a_configured_recipient_has_its_declared_role(
    world: World, recipient: Any, role: str | None, expected: str
) -> None:
    more = {"recipient": {"valueReference": recipient}, "recipientRole": {"valueCode": role} if role else None}
    (found,) = await decided(world, question(condition(), **more), "cedar-app")
    assert found["decision"] == [expected]


async def test_s49_evidence_is_asked_for_and_told(world: World) -> None:
    shown = [
        {"name": "type", "valueCode": "emergency"},
        {"name": "reference", "valueReference": {"reference": "DocumentReference/e"}},
        {"name": "at", "valueDateTime": "2026-06-01T11:58:00Z"},
        {"name": "by", "valueReference": {"reference": "Practitioner/er"}},
    ]
    more = {
        "purpose": {"valueCoding": {"system": REASON, "code": "BTG"}},
        "recipientDuty": {"valueCode": "medical-personnel"},
    }
    (without,) = await decided(world, question(condition(), **more))
    (with_it,) = await decided(world, question(condition(), evidence={"part": shown}, **more))
    assert (without["decision"], with_it["decision"]) == (["no-consent"], ["permit"])
    assert "emergency-record" in with_it["obligation"]


async def test_the_consents_of_the_caller_s_own_custody_count_and_no_others(world: World) -> None:
    identity = "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c11"
    held = {**consent(), "patient": {"reference": f"urn:uuid:{identity}"}}

    def keep(custody: str, name: str) -> None:
        world.hub.store.write(
            lambda tx: documents.put(
                tx, {**held, "id": name}, custody=custody, origin=custody, patient_id=identity, incident=None,
                message_id=None,
            )
        )  # fmt: skip

    patient = {"patient": {"valueReference": {"reference": f"Patient/{identity}"}}}
    keep("cedar-coresponse", "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c12")
    (found,) = await decided(world, question(condition(), **patient))
    assert found["decision"] == ["no-consent"]
    keep("sunrise-recovery", "6a7a1c3e-4f43-8c6e-9d0f-2b0a4a1f9c13")
    (found,) = await decided(world, question(condition(), **patient))
    assert found["decision"] == ["permit"]


@pytest.mark.parametrize(
    ("body", "status", "rule", "path"),
    [
        (b"{", 400, "receive.not-json", "1:2"),
        (b"", 400, "receive.empty", None),
        ({"resourceType": "Bundle"}, 422, "release.bad-request", "Parameters"),
        ({"resourceType": "Parameters", "parameter": [3]}, 422, "release.bad-request", "Parameters.parameter[0]"),
        (question(condition(), recipient=None), 422, "release.bad-request", "Parameters.parameter"),
        (question(condition(), odd={"valueCode": "x"}), 422, "release.bad-request", "Parameters.parameter[3]"),
        (question(condition(), at={"valueDateTime": "Quellmarken"}), 422, "release.bad-request", "request.at"),
        (question(condition(), law={"valueCode": "Quellmarken"}), 422, "release.bad-request", "request.law"),
    ],
)  # fmt: skip
async def test_s32_what_cannot_be_read_is_said_by_place(
    world: World, body: Any, status: int, rule: str, path: str | None
) -> None:
    answer = await ask(world, "/fhir/$decide", body)
    assert answer.status_code == status
    (issue,) = answer.json()["issue"]
    assert issue["details"]["coding"][0]["code"] == rule
    assert issue.get("expression") == ([path] if path else None)
    assert "Quellmarken" not in answer.text
    assert [event.outcome for event in events(world)] == ([] if rule == "receive.empty" else ["4"])


@pytest.mark.parametrize("path", ["/fhir/$decide", "/cds-services/patient-consent-consult"])
@pytest.mark.parametrize("source", [None, "nobody"])
async def test_without_a_credential_nothing_is_decided(world: World, path: str, source: str | None) -> None:
    answer = await ask(world, path, question(condition()), source)
    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")
    assert events(world) == []


async def test_what_cannot_be_audited_is_not_answered(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def refuse(work: Any) -> Any:
        raise StoreError("store.busy", "busy")

    monkeypatch.setattr(world.hub.store, "write_async", refuse)
    assert (await ask(world, "/fhir/$decide", question(condition()))).status_code == 503


async def test_the_published_operation_has_the_parameters_that_are_read(world: World) -> None:
    from hub.release import parameters

    definition = profiles.load(f"{profiles.CANONICAL}/OperationDefinition/decide")
    into = {one["name"] for one in definition["parameter"] if one["use"] == "in"}
    assert into == {*parameters._ONE, *parameters._MANY, "evidence"}
    (evidence,) = (one for one in definition["parameter"] if one["name"] == "evidence")
    assert {part["name"] for part in evidence["part"]} == set(parameters._EVIDENCE)
    must = {one["name"] for one in definition["parameter"] if one["use"] == "in" and one["min"]}
    assert must - {"resource"} == {name for name, (_, needed) in parameters._ONE.items() if needed}


# --- CDS Hooks


def hooked(content: Any = None, **context: Any) -> dict[str, Any]:
    made: dict[str, Any] = {
        "actor": [{"value": LAKESHORE}],
        "purposeOfUse": "TREAT",
        "patientId": [{"value": "Patient/p-1"}],
        **context,
    }
    if content is not None:
        made["content"] = {"resourceType": "Bundle", "entry": [{"resource": one} for one in content]}
    return {
        "hook": "patient-consent-consult",
        "hookInstance": "d1577c69-dfbe-44ad-ba6d-3e05e953b2ea",
        "context": {key: value for key, value in made.items() if value is not None},
    }


async def card(world: World, body: Any, source: str = "sunrise-app") -> dict[str, Any]:
    answer = await ask(world, "/cds-services/patient-consent-consult", body, source)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "application/json")
    (one,) = answer.json()["cards"]
    assert len(one["summary"]) < 140
    assert one["indicator"] in ("info", "warning", "critical")
    assert one["source"]["label"]
    assert one["extension"]["decision"] == one["summary"]
    return one  # type: ignore[no-any-return]


async def test_discovery_tells_the_service(world: World) -> None:
    transport = httpx2.ASGITransport(app=Starlette(routes=deciding.routes(world.hub)))
    async with httpx2.AsyncClient(transport=transport, base_url="https://hub.test:8443") as client:
        (service,) = (await client.get("/cds-services")).json()["services"]
    assert {"hook", "description", "id"} <= service.keys()
    assert service["id"] == service["hook"] == "patient-consent-consult"


@pytest.mark.parametrize(
    ("content", "context", "expected"),
    [
        ([condition()], {}, "NO_CONSENT"),
        ([condition()], {"consent": [consent()]}, "CONSENT_PERMIT"),
        ([condition()], {"consent": [consent(), consent("no", type="deny", securityLabel=None)]}, "CONSENT_DENY"),
        ([condition()], {"consent": [consent()], "purposeOfUse": ["TREAT", "HMARKT"]}, "NO_CONSENT"),
        ([condition()], {"consent": [consent()], "purposeOfUse": ["TREAT", "COC"]}, "CONSENT_PERMIT"),
        ([condition()], {"consent": [consent()], "purposeOfUse": []}, "CONSENT_DENY"),
        ([condition()], {"consent": [consent()], "actor": [{"value": "Organization/riverton-pd"}]}, "CONSENT_DENY"),
        ([condition()], {"consent": [consent()], "patientId": "p-1"}, "CONSENT_PERMIT"),
        ([condition()], {"consent": [consent()], "patientId": [{"value": "Patient/p-2"}]}, "NO_CONSENT"),
        (None, {}, "NO_CONSENT"),
        (None, {"consent": [consent()]}, "CONSENT_PERMIT"),
    ],
)
async def test_a_consult_is_one_card_with_its_decision(world: World, content: Any, context: Any, expected: str) -> None:
    found = await card(world, hooked(content, **context))
    assert found["summary"] == expected
    assert found["detail"]
    assert [event.detail for event in events(world)] == [(expected,)]
    obligations = {one["id"]["code"] for one in found["extension"]["obligations"]}
    if expected == "CONSENT_PERMIT":
        assert {"notice", "NORDSCLCD", "AOD"} <= obligations
        assert found["extension"]["basedOn"] == ["Consent/c1"]
    else:
        assert obligations == set()


async def test_s45_kinds_of_data_that_do_not_go_are_an_obligation(world: World) -> None:
    refuses = consent(provision=[{"type": "deny", "securityLabel": [{"system": ACT, "code": "SUD"}]}])
    found = await card(world, hooked(consent=[refuses]))
    (redact,) = (one for one in found["extension"]["obligations"] if one["id"]["code"] == "REDACT")
    named = {one["code"] for one in redact["parameters"]["codes"]}
    assert {"SUD", "ETHUD", "OPIOIDUD"} <= named
    assert "PSY" not in named


async def test_s46_a_conflict_is_in_the_card(world: World) -> None:
    no = consent("no", type="deny", securityLabel=[{"system": ACT, "code": "SUD"}])
    found = await card(world, hooked([condition()], consent=[consent(), no]))
    (conflict,) = found["extension"]["org.warmhandoff.conflicts"]
    assert (conflict["permit"], conflict["deny"]) == (["Consent/c1"], ["Consent/no"])
    assert found["extension"]["org.warmhandoff.entries"] == [{"index": 0, "decision": "deny"}]


async def test_prefetched_consents_count(world: World) -> None:
    body = hooked([condition()], patientId="p-1")
    body["prefetch"] = {"consents": {"resourceType": "Bundle", "entry": [{"resource": consent()}]}}
    assert (await card(world, body))["summary"] == "CONSENT_PERMIT"


async def test_what_the_hook_has_no_place_for_stands_in_our_extension(world: World) -> None:
    body = hooked([condition()], actor=[{"system": "urn:npi", "value": "1234567893"}])
    assert (await card(world, body, "cedar-app"))["summary"] == "CONSENT_DENY"
    body["extension"] = {"org.warmhandoff": {"role": "covered-entity"}}
    assert (await card(world, body, "cedar-app"))["summary"] == "CONSENT_PERMIT"


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ([], "$"),
        ({}, "hook"),
        ({**hooked(), "hook": "patient-view"}, "hook"),
        ({**hooked(), "hookInstance": ""}, "hookInstance"),
        ({**hooked(), "context": 1}, "context"),
        (hooked(actor=None), "context.actor"),
        (hooked(actor=[{"value": 3}]), "context.actor"),
        (hooked(patientId=[]), "context.patientId"),
        (hooked(purposeOfUse=[3]), "context.purposeOfUse"),
        (hooked([3]), "context.content.entry[0].resource"),
    ],
)
async def test_s32_a_hook_request_that_cannot_be_read_is_said_by_place(world: World, body: Any, path: str) -> None:
    answer = await ask(world, "/cds-services/patient-consent-consult", body)
    assert answer.status_code == 422
    (issue,) = answer.json()["issue"]
    assert (issue["details"]["coding"][0]["code"], issue["expression"]) == ("release.bad-request", [path])
