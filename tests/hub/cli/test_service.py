"""The service's commands on a real hub's store: what they show, what they change, and that no value is shown."""

from __future__ import annotations

import asyncio
import json
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.request import urlopen

import pytest
from typer.testing import CliRunner

from hub import pipeline
from hub.app import open_hub
from hub.audit import chain
from hub.audit.tables import audit_event
from hub.cli import app
from hub.errors import StoreError
from hub.loop.alarm import sound_referral
from hub.loop.context import Hub
from hub.records import Tried
from hub.settings import load
from hub.store import alarms, claims, deliveries, disclosures, holds, messages, referrals
from mappings.errors import WarmHandoffError

SAMPLES = Path(__file__).parents[3] / "samples" / "incident"
CONFIG = """
[hub]
port = {port}
database = "sqlite:///hub.db"
keys = "keys.json"
poll = 0.05

[operator]
organization = "cedar-coresponse"
relation = "self"

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
token = {{ sha256 = "{digest}" }}

[[destination]]
id = "lakeshore"
organization = "lakeshore-cmhc"
adapter = "fhir-message"
url = "http://127.0.0.1:{destination}/fhir"
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
    path.write_text(CONFIG.format(port=0, digest="11" * 32, destination=9))
    return path


@pytest.fixture
def hub(config: Path) -> Iterator[Hub]:
    """The hub's store, open beside the commands as a running hub has it."""
    opened = open_hub(load(config, environ={}))
    yield opened
    opened.store.close()
    asyncio.run(opened.ways.close())


@pytest.fixture
def fed(hub: Hub) -> Hub:
    """With one referral to Lakeshore queued and one that names no center held."""
    section = hub.source("cedar-app")
    assert section is not None
    there = json.loads((SAMPLES / "story-1-contact" / "input.json").read_text())
    nowhere = json.loads((SAMPLES / "story-3-contact" / "input.json").read_text())

    async def take() -> None:
        for body in (there, nowhere):
            data = json.dumps(body).encode()
            await pipeline.receive(hub, section, data, media_type="application/json", control_id=None)
            await pipeline.read_waiting(hub, "test", 10)

    asyncio.run(take())
    return hub


@pytest.fixture
def handoff(config: Path) -> Callable[..., Any]:
    """Runs a command; its result."""
    runner = CliRunner()
    return lambda *words: runner.invoke(app, [*words, "--config", str(config)])


def said(result: Any) -> Any:
    """The JSON that a command wrote."""
    assert result.exit_code == 0, result.output
    return json.loads(result.stdout)


def values_of_samples() -> set[str]:
    """Names and birth dates of the people in what was fed."""
    found = set()
    for case in ("story-1-contact", "story-3-contact"):
        for person in json.loads((SAMPLES / case / "input.json").read_text())["persons"]:
            found |= {each for name in person.get("names", ()) for each in (name["family"], *name.get("given", ()))}
            found |= {person[key] for key in ("birth_date",) if person.get(key)}
    assert found
    return found


# ── looking ───────────────────────────────────────────────────────────────────────────────────────────────────────

LISTS = [
    ("messages", "list"),
    ("messages", "show", "1"),
    ("holds", "list"),
    ("holds", "show", "1"),
    ("alarms", "list"),
    ("codes", "list"),
    ("referrals", "list"),
    ("lanes", "list"),
    ("lanes", "show", "1"),
    ("lanes", "destinations"),
    ("deliveries", "list"),
    ("deliveries", "show", "1"),
    ("disclosures", "list"),
    ("audit", "verify"),
    ("audit", "export"),
]


@pytest.mark.parametrize("words", LISTS, ids=" ".join)
@pytest.mark.parametrize("as_json", [True, False])
def test_no_command_shows_a_value(fed: Hub, handoff: Callable[..., Any], words: tuple[str, ...], as_json: bool) -> None:
    result = handoff(*words, *(["--json"] if as_json else []))
    assert result.exit_code == 0, result.output
    for value in values_of_samples():
        assert value not in result.output


@pytest.mark.parametrize("words", [w for w in LISTS if w[1] == "list"], ids=" ".join)
def test_an_empty_hub_has_empty_lists(hub: Hub, handoff: Callable[..., Any], words: tuple[str, ...]) -> None:
    assert said(handoff(*words, "--json")) == []
    assert "none" in handoff(*words).stdout


def test_messages_are_listed_and_shown_step_by_step(fed: Hub, handoff: Callable[..., Any]) -> None:
    listed = said(handoff("messages", "list", "--json"))
    assert [(m["id"], m["source"], m["state"]) for m in listed] == [
        (2, "cedar-app", "translated"),
        (1, "cedar-app", "translated"),
    ]
    assert listed[0]["received_at"].endswith("Z")
    shown = said(handoff("messages", "show", "1", "--json"))
    assert [s["step"] for s in shown["trace"]][:5] == ["receive", "read", "translate", "label", "release"]
    assert said(handoff("messages", "list", "--state", "rejected", "--json")) == []
    assert handoff("messages", "list", "--state", "nowhere").exit_code == 2
    assert "receive\treceived" in handoff("messages", "show", "1").stdout


def test_what_is_not_there_is_said(hub: Hub, handoff: Callable[..., Any]) -> None:
    for words in (("messages", "show", "7"), ("holds", "show", "7")):
        result = handoff(*words)
        assert isinstance(result.exception, StoreError)
        assert result.exception.rule == "store.not-found"


def test_referrals_tell_the_delivery_and_not_the_answer(fed: Hub, handoff: Callable[..., Any]) -> None:
    (task,) = [r.task_id for r in fed.store.read(lambda tx: referrals.listed(tx))]
    fed.store.write(lambda tx: referrals.change(tx, task, status="rejected", business_status="rejected"))
    result = handoff("referrals", "list", "--json")
    (listed,) = said(result)
    assert (listed["task"], listed["to"], listed["delivery"]) == (task, "lakeshore", "ready")
    assert "rejected" not in result.stdout


def test_lanes_and_disclosures(fed: Hub, handoff: Callable[..., Any]) -> None:
    (delivery,) = fed.store.read(lambda tx: deliveries.listed(tx))
    fed.store.write(
        lambda tx: disclosures.intend(
            tx,
            delivery_id=delivery.id,
            discloser="cedar-coresponse",
            recipient="lakeshore-cmhc",
            purpose="TREAT",
            patient_id="p",
            what=[("Task", "t")],
            digest="d",
        )
    )
    (lane,) = said(handoff("lanes", "list", "--json"))
    assert (lane["destination"], lane["depth"], lane["blocked"]) == ("lakeshore", 1, None)
    (disclosure,) = said(handoff("disclosures", "list", "--json"))
    assert (disclosure["recipient"], disclosure["purpose"], disclosure["state"]) == (
        "lakeshore-cmhc",
        "TREAT",
        "intended",
    )


# ── acting ────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_a_hold_is_released_to_a_destination(fed: Hub, handoff: Callable[..., Any]) -> None:
    (hold,) = said(handoff("holds", "list", "--json"))
    assert (hold["kind"], hold["state"]) == ("routing", "open")
    result = handoff(
        "holds", "release", str(hold["id"]), "--by", "Robin Examiner", "--reason", "called-the-center",
        "--destination", "lakeshore", "--evidence", "File 2026-17", "--json",
    )  # fmt: skip
    assert said(result) == {"hold": hold["id"], "state": "released"}
    assert [d.destination for d in fed.store.read(lambda tx: deliveries.listed(tx))] == ["lakeshore", "lakeshore"]
    shown = said(handoff("holds", "show", str(hold["id"]), "--json"))
    assert shown["resolved_by"] == "Robin Examiner"
    assert shown["evidence"] == {"reference": "File 2026-17", "destination": "lakeshore"}
    assert said(handoff("holds", "list", "--json")) == []
    assert [h["state"] for h in said(handoff("holds", "list", "--all", "--json"))] == ["released"]


def test_a_hold_is_rejected_once(fed: Hub, handoff: Callable[..., Any]) -> None:
    words = ("holds", "reject", "1", "--by", "Robin Examiner", "--reason", "not-ours")
    assert "rejected" in handoff(*words).stdout
    assert handoff(*words).exception.rule == "store.state"


@pytest.mark.parametrize("leave_out", ["--by", "--reason"])
def test_settling_needs_a_person_and_a_reason(fed: Hub, handoff: Callable[..., Any], leave_out: str) -> None:
    given = {"--by": "Robin Examiner", "--reason": "not-ours"}
    del given[leave_out]
    assert handoff("holds", "reject", "1", *(word for pair in given.items() for word in pair)).exit_code == 2
    assert len(fed.store.read(lambda tx: holds.listed(tx))) == 1


def test_an_alarm_is_taken_by_a_person(fed: Hub, handoff: Callable[..., Any]) -> None:
    (referral,) = fed.store.read(lambda tx: referrals.listed(tx))
    sounded = fed.store.write(lambda tx: sound_referral(tx, fed, "unanswered", referral))
    assert sounded is not None
    assert "unanswered" in [a["kind"] for a in said(handoff("alarms", "list", "--json"))]
    handoff("alarms", "ack", str(sounded.id), "--by", "Kim Onduty")
    taken = fed.store.read(lambda tx: alarms.get(tx, sounded.id))
    assert taken is not None
    assert taken.acknowledged_by == "Kim Onduty"
    assert "unanswered" not in [a["kind"] for a in said(handoff("alarms", "list", "--json"))]
    assert ("taken", "Kim Onduty") in [
        (a["state"], a["by"]) for a in said(handoff("alarms", "list", "--all", "--json"))
    ]


def test_a_message_is_taken_in_again(fed: Hub, handoff: Callable[..., Any]) -> None:
    made = said(handoff("messages", "replay", "1", "--by", "Robin Examiner", "--json"))
    assert made == {"message": 3, "replays": 1}
    assert fed.store.read(lambda tx: [m.id for m in messages.listed(tx, state="received")]) == [3]
    events = [e for _, e in fed.store.read(lambda tx: chain.events(tx)) if e.kind == "message.replayed"]
    assert [e.who for e in events] == ["Robin Examiner"]


def test_a_blocked_lane_goes_on(fed: Hub, handoff: Callable[..., Any]) -> None:
    (claim,) = fed.store.write(lambda tx: claims.take(tx, owner="w", lease_seconds=30, limit=1))
    fed.store.write(lambda tx: claims.block(tx, claim, None, "deliver.refused"))
    (lane,) = said(handoff("lanes", "list", "--json"))
    assert lane["blocked"] == "deliver.refused"
    words = ("lanes", "unblock", str(lane["id"]), "--by", "Robin Examiner")
    assert handoff(*words).exit_code == 0
    assert said(handoff("lanes", "list", "--json"))[0]["blocked"] is None
    assert handoff(*words).exception.rule == "store.state"


def test_a_token_is_another_one_each_time(hub: Hub, handoff: Callable[..., Any]) -> None:
    from hub.console import signing_in

    first, second = (handoff("token").stdout.strip() for _ in range(2))
    assert first != second
    assert min(len(first), len(second)) >= 40
    assert hub.store.write(lambda tx: signing_in.spend(tx, first))
    assert hub.store.write(lambda tx: signing_in.spend(tx, second))


# ── audit ─────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_audit_is_exported_whole_as_audit_events(fed: Hub, handoff: Callable[..., Any]) -> None:
    lines = handoff("audit", "export").stdout.splitlines()
    assert len(lines) == len(fed.store.read(lambda tx: chain.events(tx)))
    assert {json.loads(line)["resourceType"] for line in lines} == {"AuditEvent"}
    assert len(handoff("audit", "export", "--after", "1").stdout.splitlines()) == len(lines) - 1


def test_a_changed_event_shows(fed: Hub, handoff: Callable[..., Any]) -> None:
    assert said(handoff("audit", "verify", "--json"))["holds"] is True
    fed.store.write(
        lambda tx: tx.connection.execute(
            audit_event.update().where(audit_event.c.seq == 1).values(event=b'{"who":"nobody"}')
        )
    )
    result = handoff("audit", "verify", "--json")
    assert result.exit_code == 1
    assert {"seq": 1, "why": "changed"} in json.loads(result.stdout)["broken"]


# ── doctor ────────────────────────────────────────────────────────────────────────────────────────────────────────


def checks(result: Any) -> dict[str, dict[str, Any]]:
    return {one["name"]: one for one in json.loads(result.stdout)}


def test_doctor_finds_a_destination_that_is_not_there(config: Path, handoff: Callable[..., Any]) -> None:
    result = handoff("doctor", "--json")
    assert result.exit_code == 1
    found = checks(result)
    assert [name for name, one in found.items() if not one["ok"]] == ["destination lakeshore"]
    assert found["destination lakeshore"]["todo"]
    assert not (config.parent / "hub.db").exists()  # it looks, and makes nothing
    assert not (config.parent / "keys.json").exists()
    plain = handoff("doctor").stdout
    assert "problem  destination lakeshore" in plain
    assert "ok       settings" in plain


def test_doctor_is_content_with_a_hub_that_can_run(hub: Hub, config: Path, handoff: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as center:
        config.write_text(CONFIG.format(port=0, digest="11" * 32, destination=center.getsockname()[1]))
        result = handoff("doctor", "--json")
    assert result.exit_code == 0, result.stdout
    assert checks(result)["database"]["detail"] == "the tables are those of this release"


def test_doctor_finds_open_keys_and_wrong_settings(hub: Hub, config: Path, handoff: Callable[..., Any]) -> None:
    (config.parent / "keys.json").chmod(0o644)
    keys = checks(handoff("doctor", "--json"))["keys"]
    assert (keys["ok"], keys["todo"]) == (False, "chmod 600 keys.json")
    config.write_text(config.read_text().replace('posture = "covered-entity"', "", 1))
    result = handoff("doctor", "--json")
    assert result.exit_code == 1
    assert "posture" in checks(result)["settings"]["detail"]


# ── run ───────────────────────────────────────────────────────────────────────────────────────────────────────────


def test_the_hub_runs_says_where_and_stops_when_told(config: Path) -> None:
    ready = config.parent / "ready.json"
    config.write_text(config.read_text().replace("port = 0", "port = 0\nmllp_port = 0", 1))
    process = subprocess.Popen(
        [sys.executable, "-m", "hub.cli", "run", "--config", str(config), "--ready-file", str(ready)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        end = time.monotonic() + 60
        while not ready.exists():
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < end
            time.sleep(0.02)
        told = json.loads(ready.read_text())
        assert ready.stat().st_mode & 0o777 == 0o600
        assert told["pid"] == process.pid
        with urlopen(f"http://127.0.0.1:{told['http']}/health", timeout=10) as answer:
            assert json.loads(answer.read())["status"] == "ok"
        with urlopen(f"http://127.0.0.1:{told['http']}/console", timeout=10) as answer:
            assert b"one-time token" in answer.read()
        socket.create_connection(("127.0.0.1", told["mllp"]), timeout=5).close()
        process.send_signal(signal.SIGTERM)
        out, err = process.communicate(timeout=60)
    finally:
        process.kill()
        process.wait()
    assert process.returncode == 0
    assert f"http://127.0.0.1:{told['http']}/console" in out
    assert told["token"] in out
    assert told["token"] not in err
    assert all(isinstance(json.loads(line), dict) for line in err.splitlines())
    assert not ready.exists()


def test_a_taken_port_is_said(config: Path, handoff: Callable[..., Any]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        result = handoff("run", "--port", str(other.getsockname()[1]))
    assert isinstance(result.exception, WarmHandoffError)
    assert result.exception.rule == "settings.port"


def test_without_tls_the_hub_is_for_this_machine_alone(config: Path, handoff: Callable[..., Any]) -> None:
    result = handoff("run", "--host", "0.0.0.0")
    assert isinstance(result.exception, WarmHandoffError)
    assert result.exception.rule == "settings.invalid"


def test_the_log_has_no_text_of_an_exception() -> None:
    import logging

    from hub.cli.log_lines import Lines, without_exception_text

    try:
        raise ValueError("Ostravelle")
    except ValueError:
        raised = sys.exc_info()
    record = logging.LogRecord("uvicorn.error", logging.ERROR, "x", 1, "Exception in ASGI application\n", (), raised)
    foreign = logging.LogRecord("asyncio", logging.ERROR, "x", 1, "never retrieved %s", ("Ostravelle",), None)
    lines = [Lines().format(each) for each in (record, foreign)]
    lines.append(json.dumps(dict(without_exception_text(None, "error", {"event": "x", "exc_info": raised}))))
    for line in lines:
        assert "Ostravelle" not in line
    assert json.loads(lines[0])["error"] == json.loads(lines[2])["error"] == "ValueError"


# ── codes and incidents ───────────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def unmapped(hub: Hub) -> Hub:
    """With one form that has a code nobody mapped."""
    section = hub.source("cedar-app")
    assert section is not None
    form = json.loads((SAMPLES / "story-1-contact" / "input.json").read_text())
    form["type_final"] = {"code": "XQ7", "system": "https://pd.riverton.example/nature"}

    async def take() -> None:
        data = json.dumps(form).encode()
        await pipeline.receive(hub, section, data, media_type="application/json", control_id=None)
        await pipeline.read_waiting(hub, "test", 10)

    asyncio.run(take())
    return hub


def test_unmapped_codes_are_listed_shown_and_replayed(unmapped: Hub, handoff: Callable[..., Any]) -> None:
    (listed,) = [c for c in said(handoff("codes", "list", "--json")) if c["field"] == "type_final"]
    assert (listed["source"], listed["code"], listed["number"], listed["messages"]) == ("cedar-app", "XQ7", 1, 1)
    number = str(listed["id"])
    assert "XQ7" in handoff("codes", "list", "--source", "cedar-app").stdout
    assert said(handoff("codes", "list", "--source", "elsewhere", "--json")) == []
    assert said(handoff("codes", "show", number, "--json"))["in"] == [1]
    assert "in messages 1" in handoff("codes", "show", number).stdout
    made = said(handoff("codes", "replay", number, "--by", "A Reviewer", "--json"))
    assert made == {"replayed": [{"message": 2, "replays": 1}]}
    assert unmapped.store.read(lambda tx: messages.get(tx, 1)).state == "replayed"  # type: ignore[union-attr]
    assert handoff("codes", "replay", "--by", "A Reviewer").exit_code == 2
    assert isinstance(handoff("codes", "show", "99").exception, StoreError)


def test_an_incident_is_expunged_and_the_recipients_are_told(fed: Hub, handoff: Callable[..., Any]) -> None:
    words = ("incidents", "expunge", "RV26-004417", "--custody", "cedar-coresponse", "--order", "24-CV-1")
    made = said(handoff(*words, "--by", "A Records Officer", "--json"))
    assert (made["messages"], made["recipients"], made["elsewhere"]) == ([1], [], [])
    assert made["documents"] > 5
    again = handoff(*words, "--by", "A Records Officer")
    assert again.exception.rule == "incident.not-found"
    other = handoff("incidents", "expunge", "RV26-004431", *words[3:], "--by", "A Records Officer")
    assert other.exit_code == 0
    assert "Expunged: 1 messages" in other.stdout


# ── lanes, deliveries, replays ────────────────────────────────────────────────────────────────────────────────────


def test_messages_are_chosen_by_source_and_time_and_taken_in_again_in_order(
    fed: Hub, handoff: Callable[..., Any]
) -> None:
    listed = said(handoff("messages", "list", "--json"))
    first = min(one["received_at"] for one in listed)
    chosen = ("--since", first, "--until", "2100-01-01", "--by", "Robin Examiner", "--json")
    would = said(handoff("messages", "replay", "--dry-run", *chosen))
    assert sorted(one["replays"] for one in would) == sorted(one["id"] for one in listed if one["state"] != "replayed")
    assert said(handoff("messages", "list", "--json")) == listed
    made = said(handoff("messages", "replay", *chosen))
    assert [one["replays"] for one in made] == sorted(one["replays"] for one in would)
    assert said(handoff("messages", "list", "--source", "nobody", "--json")) == []
    assert handoff("messages", "list", "--since", "2026-01-01T10:00").exit_code == 2  # no zone
    assert handoff("messages", "list", "--until", "soon").exit_code == 2
    assert handoff("messages", "replay", "--by", "Robin Examiner").exit_code == 2


def test_a_destination_is_paused_drained_and_resumed(fed: Hub, handoff: Callable[..., Any]) -> None:
    def state() -> str:
        found = said(handoff("lanes", "destinations", "--json"))
        return next(str(one["state"]) for one in found if one["destination"] == "lakeshore")

    by = ("--by", "Robin Examiner", "--json")
    assert state() == "taking"
    assert said(handoff("lanes", "pause", "lakeshore", *by))["state"] == "paused"
    assert state() == "paused"
    assert handoff("lanes", "pause", "lakeshore", *by).exception.rule == "store.state"
    handoff("lanes", "resume", "lakeshore", *by)
    assert state() == "taking"
    assert handoff("lanes", "drain", "lakeshore", "--wait", "0", *by).exit_code == 1  # no worker runs
    assert state() == "draining"
    assert handoff("lanes", "pause", "elsewhere", *by).exception.rule == "store.not-found"


def test_a_parked_delivery_is_a_dead_letter_that_can_go_again(fed: Hub, handoff: Callable[..., Any]) -> None:
    (lane,) = said(handoff("lanes", "list", "--json"))
    (claim,) = fed.store.write(lambda tx: claims.take(tx, owner="w", lease_seconds=30, limit=1))
    tried = Tried(started_at=fed.clock(), code="400", error="deliver.refused")
    assert fed.store.write(lambda tx: claims.settle(tx, claim, "parked", tried))
    (dead,) = said(handoff("deliveries", "list", "--state", "parked", "--json"))
    shown = said(handoff("deliveries", "show", str(dead["id"]), "--json"))
    assert [(one["outcome"], one["error"]) for one in shown["tried"]] == [("parked", "deliver.refused")]
    by = ("--by", "Robin Examiner", "--json")
    chosen = ("deliveries", "replay", "--state", "parked", "--destination", "lakeshore", *by)
    (would,) = said(handoff(*chosen, "--dry-run"))
    assert would["replays"] == dead["id"]
    (made,) = said(handoff(*chosen))
    again = said(handoff("lanes", "show", str(lane["id"]), "--json"))
    assert [(one["id"], one["state"], one["replay_of"]) for one in again] == [
        (dead["id"], "parked", None),
        (made["delivery"], "ready", dead["id"]),
    ]
    assert said(handoff(*chosen)) == []  # once is enough
    assert handoff("deliveries", "replay", str(made["delivery"]), *by).exception.rule == "store.state"  # it waits
    assert said(handoff("deliveries", "give-up", str(made["delivery"]), *by))["state"] == "dead"
    assert handoff("deliveries", "give-up", str(made["delivery"]), *by).exception.rule == "store.state"
    assert said(handoff("lanes", "list", "--json")) == []


def test_two_order_keys_are_joined(fed: Hub, handoff: Callable[..., Any]) -> None:
    (lane,) = said(handoff("lanes", "list", "--json"))
    words = ("lanes", "join", lane["order_key"], "another", "--by", "Robin Examiner", "--json")
    assert said(handoff(*words))["moved"] == 1
    (joined,) = said(handoff("lanes", "list", "--json"))
    assert (joined["order_key"], joined["depth"]) == ("another", 1)
    assert handoff(*words).exception.rule == "store.state"


def test_an_account_has_the_roles_that_it_is_given(hub: Hub, handoff: Callable[..., Any], tmp_path: Path) -> None:
    phrase = tmp_path / "phrase"
    phrase.write_text("seven lanterns over the weir")
    name, by = "Ada Quillfeather", ("--by", "An Operator")
    two = ("--organization", "cedar-coresponse", "--organization", "lakeshore-cmhc")
    made = handoff("user", "add", name, *two, *by, "--passphrase-file", str(phrase), "--json")
    assert said(made)["name"] == name
    roles = ("--role", "hold-owner", "--role", "clinician")
    given = said(handoff("user", "role", name, "--organization", "cedar-coresponse", *roles, *by, "--json"))
    assert given["roles"] == ["clinician", "hold-owner"]
    (listed,) = said(handoff("user", "list", "--json"))
    assert listed["roles"] == "cedar-coresponse: clinician hold-owner; lakeshore-cmhc: read-only"
    wrong = handoff("user", "role", name, "--organization", "cedar-coresponse", "--role", "root", *by)
    assert wrong.exception.rule == "identity.role"
    elsewhere = handoff("user", "role", name, "--organization", "sunrise-recovery", "--role", "read-only", *by)
    assert elsewhere.exception.rule == "store.not-found"
