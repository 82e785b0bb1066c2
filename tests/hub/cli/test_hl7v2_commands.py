"""`handoff hl7v2`: explain, send and listen, as a user runs them."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from hub.cli import app
from hub.cli.listening import Listener
from hub.settings import MllpSection
from tests.hub.certificates import Authority

FAMILY = "Fernwhittle"
HEAD = "MSH|^~\\&|CAD|CITY|EHR|CMHC|20261121150000-0600||ADT^A04^ADT_A01|{0}|P|2.5.1||||||UNICODE UTF-8"


def message(number: str = "C1", end: str = "\r") -> bytes:
    return end.join((HEAD.format(number), f"PID|1||X1||{FAMILY}^Ann||19890231|F", "ZPD|x", "")).encode()


def run(*arguments: str, given: bytes | None = None) -> Any:
    return CliRunner().invoke(app, ["hl7v2", *arguments], input=given)


def test_explain_names_fields_and_says_what_is_odd(tmp_path: Path) -> None:
    (tmp_path / "a.hl7").write_bytes(message(end="\n"))
    told = run("explain", str(tmp_path / "a.hl7"))
    assert told.exit_code == 0
    for part in ("PID-5      Patient Name (XPN)  → Patient.name", f"Family Name: {FAMILY}", "not a time", "ZPD-1"):
        assert part in told.output
    masked = run("explain", "--mask", "-", given=b"\x0b" + message() + b"\x1c\r\x0b" + message("C2") + b"\x1c\r")
    assert FAMILY not in masked.output
    assert masked.output.count("PID-5 ") == 2


def test_explain_as_json_and_what_cannot_be_read() -> None:
    told = run("explain", "--json", "-", given=message() + b"hello\r")
    assert told.exit_code == 0  # a line of no segment's name is odd, and told
    found = json.loads(told.stdout.splitlines()[0])
    assert found["segments"][1]["fields"][2]["components"][0] == {"number": 1, "name": "Family Name", "value": FAMILY}
    refused = run("explain", "-", given=b"hello")
    assert refused.exit_code == 1
    assert "read.no-msh" in refused.output


def test_nothing_moves_the_terminals_cursor() -> None:
    told = run("explain", "-", given=message().replace(b"|x\r", b"|\\X1B\\[2J\r"))
    assert "\x1b" not in told.output


async def listening(folder: Path, said: list[dict[str, Any]], count: int, **section: Any) -> asyncio.Task[None]:
    listener = Listener(
        folder=folder, outcome="accept", subjects=frozenset({"CN=city,O=City"} if section else ()), tell=said.append
    )
    task = asyncio.create_task(listener.run("127.0.0.1", 0, MllpSection.model_validate(section), count=count))
    async with asyncio.timeout(60):
        while not said:
            await asyncio.sleep(0.01)
    return task


async def test_what_is_sent_is_kept_and_then_acknowledged(tmp_path: Path) -> None:
    said: list[dict[str, Any]] = []
    task = await listening(tmp_path, said, 2)
    file = tmp_path / "two.txt"
    file.write_bytes(message("C1", "\n") + message("C2", "\n"))
    told = await asyncio.to_thread(run, "send", f"mllp://{said[0]['listening']}", str(file), "--json")
    await task
    assert told.exit_code == 0
    assert [json.loads(line)["control_id"] for line in told.stdout.splitlines()] == ["C1", "C2"]
    assert [(tmp_path / f"0000{n}.hl7").read_bytes() for n in (1, 2)] == [message("C1"), message("C2")]
    assert [one["control_id"] for one in said[1:]] == ["C1", "C2"]
    gone = await asyncio.to_thread(run, "send", f"mllp://{said[0]['listening']}", str(file))
    assert gone.exit_code == 1
    assert "deliver.unreachable" in gone.output


async def test_over_mutual_tls_only_a_named_subject_is_taken(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    certificate, key = authority.issue("hub")
    keep = tmp_path / "kept"
    keep.mkdir()
    said: list[dict[str, Any]] = []
    task = await listening(keep, said, 2, tls_certificate=certificate, tls_key=key, client_ca=authority.ca)
    file = tmp_path / "one.hl7"
    file.write_bytes(message())
    results = []
    for name in ("other", "city"):
        shown, private = authority.issue(name)
        tls = [
            "--certificate",
            str(shown),
            "--key",
            str(private),
            "--ca",
            str(authority.ca),
            "--subject",
            "CN=hub,O=City",
        ]
        results.append(
            await asyncio.to_thread(run, "send", f"mllps://{said[0]['listening']}", str(file), *tls, "--timeout", "60")
        )
    await task
    assert [one.exit_code for one in results] == [1, 0]
    assert "deliver.application-reject" in results[0].output
    assert [path.name for path in keep.iterdir()] == ["00001.hl7"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("send", "mllp://127.0.0.1:1", "-", "--ca", "x.pem"),
        ("listen", "0", "--keep", "x", "--host", "0.0.0.0"),
        ("listen", "0", "--keep", "x", "--answer", "maybe"),
        ("listen", "0", "--keep", "x", "--subject", "CN=a"),
    ],
)
def test_usage(arguments: tuple[str, ...], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "x.pem").write_text("")
    assert run(*arguments, given=message()).exit_code != 0
    assert not (tmp_path / "x").exists()
