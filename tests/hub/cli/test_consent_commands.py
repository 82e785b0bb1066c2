"""The commands about consents: the forms, what is kept, an export, a revocation."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub import pipeline
from hub.app import open_hub
from hub.cli import app
from hub.loop.consent_steps import steps
from hub.loop.context import Hub
from hub.settings import load
from hub.store import documents, referrals

SAMPLE = Path(__file__).parents[3] / "samples" / "incident" / "story-1-contact" / "input.json"
CONFIG = """
operator = { organization = "cedar-coresponse", relation = "self" }
state_policy = { name = "none", reviewer = "counsel", reviewed = 2026-11-01 }
agency = [{ id = "riverton-pd", zone = "America/Denver" }]
source = [{ name = "app", organization = "cedar-coresponse", reads = "incident", token = { sha256 = "%s" } }]
route = [{ organization = "lakeshore-cmhc", destination = "lakeshore" }]
organization = [
  { id = "cedar-coresponse", name = "Cedar Program", kind = "center", posture = "covered-entity" },
  { id = "lakeshore-cmhc", name = "Lakeshore Center", kind = "center", posture = "covered-entity" },
  { id = "riverton-pd", name = "Riverton Police", kind = "agency", posture = "law-enforcement" },
]
[[destination]]
id = "lakeshore"
organization = "lakeshore-cmhc"
adapter = "fhir-message"
url = "http://127.0.0.1:9/fhir"
on_failure = "block-lane"
fallback_telephone = "+1 555 0100 777"
owner = "intake, Lakeshore"
""" % ("11" * 32)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def hub(config: Path) -> Iterator[Hub]:
    """A hub that took in a contact with a consent, open beside the commands."""
    opened = open_hub(load(config, environ={}))
    section = opened.source("app")
    assert section is not None

    async def take() -> None:
        await pipeline.receive(opened, section, SAMPLE.read_bytes(), media_type="application/json", control_id=None)
        await pipeline.read_waiting(opened, "test", 10)

    asyncio.run(take())
    yield opened
    opened.store.close()
    asyncio.run(opened.ways.close())


@pytest.fixture
def handoff(config: Path) -> Callable[..., Any]:
    runner = CliRunner()
    return lambda *words: runner.invoke(app, ["consent", *words, "--config", str(config)])


def test_forms_are_listed_with_their_citations(handoff: Callable[..., Any]) -> None:
    listed = json.loads(handoff("forms", "--json").stdout)
    assert {one["id"] for one in listed} >= {"part2-tpo", "part2-counselling-notes", "hipaa-authorization", "opt-out"}
    sections = json.loads(handoff("forms", "--show", "part2-tpo", "--json").stdout)
    assert "42 CFR 2.31(a)(10)(ii)" in [one["cite"] for one in sections]
    assert handoff("forms", "--show", "none-such").exit_code == 1


def test_a_kept_consent_is_listed_exported_and_taken_back(
    hub: Hub, handoff: Callable[..., Any], tmp_path: Path
) -> None:
    person = hub.store.read(referrals.listed)[0].patient_id
    (made,) = hub.store.read(lambda tx: documents.by_patient(tx, person, "Consent"))
    (listed,) = json.loads(handoff("list", "--person", person, "--json").stdout)
    assert (listed["id"], listed["status"]) == (made.resource_id, "active")
    exported = handoff("export", made.resource_id, "--kept", "--profile", "pcf")
    if exported.exit_code:  # the sample's form has no scan: what the profile asks for is not made up
        assert "consent.export-missing" in exported.stderr
    refused = handoff("revoke", made.resource_id, "--by", "A Person", "--method", "guessed")
    assert refused.exit_code == 2
    paper = tmp_path / "letter.pdf"
    scanned = ("revoke", made.resource_id, "--by", "A Person", "--method", "paper", "--scan", str(paper))
    for wrong in (None, b"MZ no scan"):
        if wrong is not None:
            paper.write_bytes(wrong)
        assert handoff(*scanned).exit_code == 2
    paper.write_bytes(b"%PDF-1.7\nno longer\n%%EOF\n")
    done = handoff(*scanned, "--json")
    assert json.loads(done.stdout) == {"consent": made.resource_id, "status": "inactive"}
    assert handoff("revoke", made.resource_id, "--by", "A Person", "--method", "verbal").exit_code == 1
    (listed,) = json.loads(handoff("list", "--person", person, "--json").stdout)
    assert "consent-revoked" in listed["lacks"]
    (step,) = hub.store.read(lambda tx: steps(tx, made.resource_id, person, made.custody))
    assert step.recorded_by == "A Person"
    assert step.digest.startswith("ni:///sha-256;")


def test_a_file_is_exported_or_refused_with_reasons(tmp_path: Path) -> None:
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "scope": {
            "coding": [{"system": "http://terminology.hl7.org/CodeSystem/consentscope", "code": "patient-privacy"}]
        },
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "patient": {"reference": "Patient/p"},
        "dateTime": "2026-11-21",
        "performer": [{"reference": "Patient/p"}],
        "organization": [{"reference": "Organization/o"}],
        "sourceReference": {"reference": "DocumentReference/d"},
        "policy": [{"uri": "https://www.ecfr.gov/current/title-42/section-2.31"}],
        "provision": {"type": "deny"},
    }
    path = tmp_path / "consent.json"
    path.write_text(json.dumps(consent))
    runner = CliRunner()
    made = runner.invoke(app, ["consent", "export", str(path), "--profile", "pcf"])
    assert made.exit_code == 0, made.output
    assert json.loads(made.stdout)["meta"]["profile"][0].endswith("consentBasic")
    refused = runner.invoke(app, ["consent", "export", str(path), "--profile", "fast"])
    assert refused.exit_code == 1
    assert refused.stdout == ""
    assert "consent.export-identifier" in refused.stderr


@pytest.mark.parametrize(
    ("options", "code"),
    [
        ([], 0),
        (["--at", "2026-12-01"], 0),
        (["--at", "2027-01-02", "--zone", "America/Chicago"], 0),  # still the first of January there (S43)
        (["--at", "2027-01-02T06:00:00Z", "--zone", "America/Chicago"], 1),  # 2.31(a)(7): it has expired
        (["--law", "hipaa"], 0),
        (["--signers", "minor"], 0),
        (["--signers", "both"], 1),  # 2.14(c): a parent signs, too
        (["--at", "soon"], 2),
        (["--zone", "Nowhere"], 2),
    ],
)
def test_a_consent_is_checked_as_of_a_moment_and_an_age(tmp_path: Path, options: list[str], code: int) -> None:
    statements = ("revocationStatement", "redisclosureStatement", "refusalStatement", "hipaaRedisclosureStatement")
    parts = [{"url": one, "valueBoolean": True} for one in statements]
    parts += [{"url": "description", "valueString": "all"}, {"url": "signatureCapacity", "valueCode": "patient"}]
    consent = {
        "resourceType": "Consent",
        "status": "active",
        "extension": [
            {"url": "https://warmhandoff.org/fhir/StructureDefinition/part2-consent-elements", "extension": parts}
        ],
        "patient": {"reference": "Patient/p"},
        "dateTime": "2026-11-21",
        "performer": [{"reference": "Patient/p"}],
        "organization": [{"reference": "Organization/o"}],
        "provision": {
            "type": "permit",
            "period": {"end": "2027-01-01"},
            "purpose": [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "TREAT"}],
            "actor": [{"role": {"coding": [{"code": "IRCP"}]}, "reference": {"reference": "Organization/c"}}],
        },
    }
    path = tmp_path / "consent.json"
    path.write_text(json.dumps(consent))
    result = CliRunner().invoke(app, ["consent", "check", str(path), *options])
    assert result.exit_code == code, result.output
