"""`handoff translate --source hl7v2`: messages, batches, types without a map, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from hub.cli import app

SAMPLES = Path(__file__).parents[3] / "samples" / "hl7v2"
MSH = b"MSH|^~\\&|A|B|||20260114230211-0600||%s|%s|P|2.5.1\r"


def run(*arguments: str, data: bytes | None = None) -> Any:
    return CliRunner().invoke(app, ["translate", "--source", "hl7v2", *arguments], input=data)


def test_a_batch_is_one_bundle_a_line(tmp_path: Path) -> None:
    inside = [(SAMPLES / name / "input.hl7").read_bytes() for name in ("adt-a04-registration", "adt-a31-update")]
    data = b"FHS|^~\\&|LAB\rBHS|^~\\&|LAB\r" + b"".join(inside) + b"BTS|3\rFTS|1\r"
    account = tmp_path / "found.json"
    result = run("--issues", str(account), "-", data=data)
    assert result.exit_code == 0
    bundles = [json.loads(line) for line in result.stdout.splitlines()]
    assert [bundle["type"] for bundle in bundles] == ["transaction", "transaction"]
    # A31 says that the receiver knows the person: updated by the same number, not created again.
    (request,) = [e["request"] for e in bundles[1]["entry"] if e["resource"]["resourceType"] == "Patient"]
    assert (request["method"], request["url"].partition("?")[0]) == ("PUT", "Patient")
    told = json.loads(account.read_text())
    rules = [issue["details"]["coding"][0]["code"] for issue in told["issues"]]
    assert "read.batch-count" in rules
    assert {"FHS-3", "PID-35"} <= set(told["unused"])


def test_a_type_without_a_map_is_translated_and_named(tmp_path: Path) -> None:
    account = tmp_path / "found.json"
    result = run("--issues", str(account), str(SAMPLES / "dft-p03-no-map" / "input.hl7"))
    assert result.exit_code == 0
    told = json.loads(account.read_text())
    assert {"FT1", "GT1"} <= set(told["unused"])
    (issue,) = told["issues"]
    assert (issue["severity"], issue["details"]["coding"][0]["code"]) == ("information", "translate.message-type")


def test_nothing_known_is_an_empty_bundle(tmp_path: Path) -> None:
    result = run("-", data=MSH % (b"ZZZ^Z01", b"1") + b"ZPD|x\r")
    assert result.exit_code == 0
    assert "entry" not in json.loads(result.stdout) or json.loads(result.stdout)["entry"] == []


def test_a_zone_makes_instants_of_local_times() -> None:
    local = SAMPLES / "local-times" / "input.hl7"
    starts = []
    for zone in ([], ["--zone", "America/Chicago"]):
        bundle = json.loads(run(*zone, str(local)).stdout)
        (visit,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Encounter"]
        starts.append(visit["period"]["start"])
    assert starts == ["2026-01-14", "2026-01-14T22:18:30-06:00"]


def test_a_partner_says_whose_record_it_is_and_in_which_zone(tmp_path: Path) -> None:
    partner = tmp_path / "partner.json"
    partner.write_text(json.dumps({"id": "lakeshore", "zone": "America/Chicago"}))
    bundle = json.loads(run("--partner", str(partner), str(SAMPLES / "local-times" / "input.hl7")).stdout)
    (visit,) = [e["resource"] for e in bundle["entry"] if e["resource"]["resourceType"] == "Encounter"]
    assert visit["period"]["start"].endswith("-06:00")


def test_a_message_that_cannot_be_read_is_rejected_and_the_rest_is_done(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.hl7"
    wrong.write_bytes(b"not a message")
    result = run(str(wrong), str(SAMPLES / "adt-a31-update" / "input.hl7"))
    assert result.exit_code == 1
    assert len(result.stdout.splitlines()) == 1
    assert "read.no-msh" in result.stderr


def test_as_message() -> None:
    result = run("--as", "message", str(SAMPLES / "adt-a04-registration" / "input.hl7"))
    bundle = json.loads(result.stdout)
    assert (bundle["type"], bundle["entry"][0]["resource"]["resourceType"]) == ("message", "MessageHeader")


def test_the_cjis_gate_stands_before_a_police_agencys_messages(tmp_path: Path) -> None:
    agency, account = tmp_path / "agency.json", tmp_path / "found.json"
    data = MSH % (b"ADT^A04", b"1") + b"PID|1||1^^^A^MR||Oxterbrane^Jo\rDG1|1||F32.A^Depression, juvenile record^I10\r"
    for posture, dropped in (("law-enforcement", ["DG1-3"]), ("covered-entity", [])):
        agency.write_text(json.dumps({"id": "town-pd", "posture": posture}))
        result = run("--agency", str(agency), "--issues", str(account), "-", data=data)
        assert result.exit_code == 0
        assert [one["path"] for one in json.loads(account.read_text())["dropped"]] == dropped
        assert ("juvenile" in result.stdout) == (not dropped)
