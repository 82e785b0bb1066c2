"""The commands about what left: reports, restrictions, an emergency; no value of a record on a terminal."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import stat
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub import pipeline
from hub.app import open_hub
from hub.cli import app
from hub.loop.context import Hub
from hub.settings import load
from hub.store import disclosures, holds, referrals

SAMPLES = Path(__file__).parents[3] / "samples" / "incident"
CONFIG = """
[hub]
database = "sqlite:///hub.db"
keys = "keys.json"
[operator]
organization = "cedar-coresponse"
relation = "intermediary"
agreement = "A-1"
[state_policy]
name = "none"
reviewer = "counsel"
reviewed = 2026-11-01
[[organization]]
id = "cedar-coresponse"
name = "Cedar Program"
kind = "center"
posture = "covered-entity"
[[organization]]
id = "lakeshore-cmhc"
name = "Lakeshore Center"
kind = "center"
posture = "covered-entity"
address = "1 Shore Road, Lakemont"
[[organization]]
id = "riverton-pd"
name = "Riverton Police"
kind = "agency"
posture = "law-enforcement"
[[agency]]
id = "riverton-pd"
zone = "America/Denver"
[[source]]
name = "cedar-app"
organization = "cedar-coresponse"
reads = "incident"
token = { sha256 = "1111111111111111111111111111111111111111111111111111111111111111" }
[[destination]]
id = "lakeshore"
organization = "lakeshore-cmhc"
adapter = "fhir-message"
url = "http://127.0.0.1:9/fhir"
on_failure = "block-lane"
fallback_telephone = "+1 555 0100 777"
owner = "intake, Lakeshore"
[[route]]
organization = "lakeshore-cmhc"
destination = "lakeshore"
"""


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "hub.toml"
    path.write_text(CONFIG)
    return path


@pytest.fixture
def hub(config: Path) -> Iterator[Hub]:
    """A hub with one referral, whose disclosure is on record."""
    opened = open_hub(load(config, environ={}))
    section = opened.source("cedar-app")
    assert section is not None
    body = (SAMPLES / "story-1-contact" / "input.json").read_bytes()

    async def take() -> None:
        await pipeline.receive(opened, section, body, media_type="application/json", control_id=None)
        await pipeline.read_waiting(opened, "test", 10)

    asyncio.run(take())
    (referral,) = opened.store.read(lambda tx: referrals.listed(tx))

    def disclosed(tx: Any) -> None:
        made = disclosures.intend(
            tx,
            delivery_id=None,
            discloser="cedar-coresponse",
            recipient="lakeshore-cmhc",
            purpose="TREAT",
            patient_id=referral.patient_id,
            what=[("Patient", referral.patient_id), ("Task", referral.task_id)],
            consents=["Consent/c-1"],
            digest="d",
            basis=["a consent permits (42 CFR 2.31, 2.33(a))"],
            part2=True,
        )
        disclosures.settle(tx, made.id, "sent")

    opened.store.write(disclosed)
    yield opened
    opened.store.close()
    asyncio.run(opened.ways.close())


@pytest.fixture
def handoff(config: Path) -> Callable[..., Any]:
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [*words, "--config", str(config)])


def referral_of(hub: Hub) -> Any:
    (found,) = hub.store.read(lambda tx: referrals.listed(tx))
    return found


def names() -> set[str]:
    persons = json.loads((SAMPLES / "story-1-contact" / "input.json").read_bytes())["persons"]
    return {name["family"] for person in persons for name in person.get("names", ())}


def test_a_report_in_each_form(hub: Hub, handoff: Callable[..., Any], tmp_path: Path) -> None:
    who = ("--custody", "cedar-coresponse", "--person", referral_of(hub).patient_id, "--by", "Robin Examiner")
    bundle = json.loads(handoff("disclosures", "accounting", *who, "--as", "fhir").stdout)
    (event,) = (entry["resource"] for entry in bundle["entry"])
    assert event["agent"][1]["who"]["display"] == "Lakeshore Center"
    (line,) = csv.DictReader(io.StringIO(handoff("disclosures", "intermediary", *who, "--as", "csv").stdout))
    assert (line["recipient_address"], line["consents"]) == ("1 Shore Road, Lakemont", "Consent/c-1")
    for verb, due in (("accounting", "2026-12-31"), ("intermediary", "2026-12-01")):
        page = tmp_path / f"{verb}.html"
        told = handoff("disclosures", verb, *who, "--asked", "2026-11-01", "--out", str(page))
        assert told.exit_code == 0, told.output
        text = page.read_text()
        assert "Lakeshore Center" in text
        assert due in text, "the day on which the answer is due"
        assert stat.S_IMODE(page.stat().st_mode) == 0o600
        assert not any(name in text for name in names())


def test_nobody_by_that_number_and_an_official_s_statement(hub: Hub, handoff: Callable[..., Any]) -> None:
    stranger = ("--custody", "cedar-coresponse", "--person", "MRN-NOBODY", "--by", "Robin Examiner")
    result = handoff("disclosures", "accounting", *stranger)
    assert result.exception.rule == "accounting.person"
    assert "MRN-NOBODY" not in str(result.exception)
    who = ("--custody", "cedar-coresponse", "--person", referral_of(hub).patient_id, "--by", "Robin Examiner")
    given = (*who, "--official", "lakeshore-cmhc", "--until", "2199-01-01")
    assert handoff("disclosures", "suspend", *given).exit_code == 2
    assert handoff("disclosures", "suspend", *given, "--oral", "an agent").exception.rule == "accounting.suspension"
    assert handoff("disclosures", "suspend", *given, "--written", "letter 4").exit_code == 0
    assert "entry" not in json.loads(handoff("disclosures", "accounting", *who, "--as", "fhir").stdout)


def test_a_restriction_from_asked_to_ended(hub: Hub, handoff: Callable[..., Any]) -> None:
    by = ("--by", "Robin Examiner")
    asked = handoff(
        "restrictions", "ask", "--custody", "cedar-coresponse", "--person", referral_of(hub).patient_id, *by,
        "--health-plan", "--self-paid", "--json",
    )  # fmt: skip
    assert json.loads(asked.stdout) == {"restriction": 1, "state": "asked", "must_agree": True}
    denied = handoff("restrictions", "deny", "1", *by, "--reason", "needed-for-treatment")
    assert denied.exception.rule == "restricting.must-agree"
    assert handoff("restrictions", "agree", "1", *by, "--reason", "must-agree").exit_code == 0
    assert handoff("restrictions", "end", "1", *by, "--reason", "patient-asked").exit_code == 0
    (listed,) = json.loads(handoff("restrictions", "list", "--json").stdout)
    assert (listed["state"], listed["purposes"], listed["reason"]) == ("ended", ["HPAYMT", "HOPERAT"], "patient-asked")
    handoff("restrictions", "ask", "--custody", "cedar-coresponse", "--person", referral_of(hub).patient_id, *by)
    assert handoff("restrictions", "agree", "2", *by).exit_code == 0
    assert handoff("restrictions", "notice", "2", *by, "--informed", "2026-11-20T09:00-07:00").exit_code == 0
    noticed = json.loads(handoff("restrictions", "list", "--json").stdout)[1]
    assert (noticed["state"], noticed["informed_at"]) == ("noticed", "2026-11-20T16:00:00Z")


def test_an_emergency_writes_the_page_and_opens_a_review(hub: Hub, handoff: Callable[..., Any], tmp_path: Path) -> None:
    page = tmp_path / "page.html"
    given = (
        "referrals", "emergency", referral_of(hub).task_id, "--custody", "cedar-coresponse", "--by", "Robin Examiner",
        "--to", "Dr. Ilva Tarn", "--affiliation", "Mercy Ambulance", "--nature", "Unconscious", "--out", str(page),
    )  # fmt: skip
    assert handoff(*given).exception.rule == "emergency.documentation"
    result = handoff(*given, "--consent-cannot-be-obtained")
    assert result.exit_code == 0, result.output
    assert any(name in page.read_text() for name in names())
    assert not any(name in result.output for name in names())
    (review,) = [h for h in hub.store.read(lambda tx: holds.listed(tx)) if h.kind == "review"]
    shown = json.loads(handoff("holds", "show", str(review.id), "--json").stdout)
    assert shown["reject_reasons"] == ["emergency-not-confirmed"]
    assert (shown["alarm"], shown["owner"]) == ("rings", "privacy officer")
    settled = handoff("holds", "release", str(review.id), "--by", "Robin Examiner", "--reason", "emergency-confirmed")
    assert settled.exit_code == 0
