"""Bad input through the whole application: a clear OperationOutcome with the place, raw bytes kept, others go on."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson
import pytest
from starlette.testclient import TestClient

from hub.app import create_app
from hub.settings import parse
from hub.store import messages

SAMPLES = Path(__file__).parents[3] / "samples"
TOKENS = {name: f"token-of-{name}" for name in ("cedar-app", "lakemont-cad", "riverton-cad", "extract", "reports")}
NOBODY = "http://127.0.0.1:9/fhir"


def form() -> dict[str, Any]:
    return dict(orjson.loads((SAMPLES / "incident/story-1-contact/input.json").read_bytes()))


def without_referral() -> bytes:
    found = form()
    found["contacts"][0]["referrals"] = []
    return orjson.dumps(found)


CSV = (SAMPLES / "seattle-cad/july-2010/input.csv").read_bytes()
LINES = CSV.splitlines(keepends=True)
XML = (SAMPLES / "riverton-rms/story-1-report/input.xml").read_bytes()
HOOK = (SAMPLES / "riverton-webhook/story-1-call/input.json").read_bytes()
EIDO = (SAMPLES / "eido/story-2-call/input.json").read_bytes()


@dataclass(frozen=True, kw_only=True)
class App:
    """The application, running with its worker, and its store."""

    client: TestClient
    store: Any

    def post(self, source: str, body: bytes) -> Any:
        headers = {"authorization": f"Bearer {TOKENS[source]}"}
        return self.client.post(f"/ingest/{source}", content=body, headers=headers)

    def settled(self, source: str, location: str) -> dict[str, Any]:
        """The message's status once the worker has read it."""
        headers = {"authorization": f"Bearer {TOKENS[source]}"}
        seen = self.store.changed.count("messages")
        for _ in range(400):
            found: dict[str, Any] = self.client.get(location, headers=headers).json()
            if found["state"] != "received":
                return found
            seen = self.store.changed.wait("messages", seen, 0.05)
        raise AssertionError("the worker does not read it")


@pytest.fixture(scope="module")
def app(tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    folder = tmp_path_factory.mktemp("app")
    sources = [
        ("cedar-app", "cedar-coresponse", "incident"),
        ("lakemont-cad", "lakemont-911", "eido"),
        ("riverton-cad", "riverton-pd", "riverton-webhook"),
        ("reports", "riverton-pd", "riverton-rms"),
        ("extract", "riverton-pd", "seattle-cad"),
    ]
    organizations = [
        ("riverton-pd", "agency", "law-enforcement"),
        ("lakemont-911", "agency", "law-enforcement"),
        ("cedar-coresponse", "center", "covered-entity"),
    ]
    settings = parse(
        {
            "hub": {"max_body": 64 * 1024 * 1024, "poll": 0.05},
            "operator": {"organization": "cedar-coresponse", "relation": "self"},
            "state_policy": {"name": "none", "reviewer": "counsel", "reviewed": "2026-11-01"},
            "organization": [{"id": i, "name": i, "kind": k, "posture": p} for i, k, p in organizations],
            "agency": [
                {"id": "riverton-pd", "zone": "America/Denver"},
                {"id": "lakemont-911", "zone": "America/Chicago"},
            ],
            "source": [
                {
                    "name": name,
                    "organization": organization,
                    "reads": reads,
                    "raw": "kept",
                    "token": {"sha256": hashlib.sha256(TOKENS[name].encode()).hexdigest()},
                }
                for name, organization, reads in sources
            ],
        },
        base=folder,
    )
    made = create_app(settings)
    with TestClient(made, base_url="http://127.0.0.1") as client:
        yield App(client=client, store=made.state.hub.store)


def places(outcome: dict[str, Any]) -> list[tuple[str, str, str]]:
    assert outcome["resourceType"] == "OperationOutcome"
    return [
        (issue["severity"], issue["details"]["coding"][0]["code"], (issue.get("expression") or [""])[0])
        for issue in outcome["issue"]
    ]


#: source, body, state in the end, and one (severity, rule, place) that must be among its issues
CASES: dict[str, tuple[str, bytes, str, tuple[str, str, str]]] = {
    "form: another shape": ("cedar-app", b'"text"', "rejected", ("error", "read.not-an-object", "")),
    "form: a wrong type": ("cedar-app", b'{"agency": 5}', "rejected", ("error", "read.wrong-type", "agency")),
    "form: persons are none": (
        "cedar-app",
        orjson.dumps(form() | {"persons": "x"}),
        "rejected",
        ("error", "read.wrong-type", "persons"),
    ),
    "form: 30 February": (
        "cedar-app",
        orjson.dumps(orjson.loads(without_referral()) | {"timeline": {"received": "2026-02-30T10:00:00Z"}}),
        "translated",
        ("warning", "read.bad-time", "timeline.received"),
    ),
    "eido: nothing in it": ("lakemont-cad", b"{}", "rejected", ("error", "eido.no-version", "eidoVersion")),
    "eido: an empty list": ("lakemont-cad", b"[]", "rejected", ("error", "read.empty-array", "")),
    "eido: a component of another type": (
        "lakemont-cad",
        orjson.dumps(orjson.loads(EIDO) | {"incidentComponent": 5}),
        "translated",
        ("warning", "eido.wrong-type", "incidentComponent"),
    ),
    "webhook: not JSON": ("riverton-cad", b"not json", "rejected", ("error", "read.not-json", "line 1, column 1")),
    "webhook: no incident": ("riverton-cad", b"{}", "rejected", ("error", "read.no-rows", "data.incident")),
    "webhook: 31 November at 25 h": (
        "riverton-cad",
        HOOK.replace(b"2026-11-20T21:12:40-07:00", b"2026-11-31T25:12:40-07:00"),
        "translated",
        ("warning", "read.bad-time", "times.received"),
    ),
    "csv: a row short of columns": (
        "extract",
        LINES[0] + LINES[1].rsplit(b",", 6)[0] + b"\n" + LINES[2],
        "translated",
        ("error", "read.row-short", "line 2"),
    ),
    "csv: UTF-16": ("extract", CSV.decode().encode("utf-16"), "rejected", ("error", "read.no-header", "line 1")),
    "csv: other columns": ("extract", b"a,b,c\n1,2,3\n", "rejected", ("error", "read.no-header", "line 1")),
    "csv: only a header": ("extract", LINES[0], "rejected", ("error", "read.nothing", "")),
    "xml: cut off": ("reports", XML[:-20], "rejected", ("error", "read.not-xml", "line 30, column 3")),
    "xml: another document": ("reports", b"<Other/>", "rejected", ("error", "read.no-rows", "rms:Export.rms:Report")),
    "xml: month 13": (
        "reports",
        XML.replace(b"2026-11", b"2026-13"),
        "translated",
        ("warning", "read.bad-time", "rms:Approved"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_input(app: App, case: str) -> None:
    source, body, state, wanted = CASES[case]
    answer = app.post(source, body)
    assert answer.status_code == 202
    found = app.settled(source, answer.headers["location"])
    assert found["state"] == state
    assert wanted in places(found["outcome"])
    number = found["message"]
    assert app.store.read(lambda tx: messages.body(tx, number)) == body


@pytest.mark.parametrize(
    ("body", "rule", "place"),
    [
        (b'{"agency": "riverton-pd",}', "read.not-json", "line 1, column 25"),
        (b'{"agency":\n "riverton-pd"', "read.not-json", "line 2, column 15"),
        (b'{"agency": "\xff"}', "read.not-utf-8", "line 1, column 13"),
        (b'{"agency": "a",\n"number": "1\xe9"}', "read.not-utf-8", "line 2, column 13"),
        (without_referral().decode().encode("utf-16"), "read.not-utf-8", "line 1, column 1"),
        (b"agency;number\n1;2", "read.not-json", "line 1, column 1"),
    ],
    ids=["a comma too many", "cut off", "not UTF-8", "Latin-1", "UTF-16", "CSV"],
)
def test_not_json_where_json_was_agreed(app: App, body: bytes, rule: str, place: str) -> None:
    answer = app.post("cedar-app", body)
    assert answer.status_code == 422
    assert places(answer.json()) == [("error", rule, place)]
    found = app.settled("cedar-app", answer.headers["location"])
    assert found["state"] == "rejected"
    assert any(severity == "error" for severity, _, _ in places(found["outcome"]))
    number = found["message"]
    assert app.store.read(lambda tx: messages.body(tx, number)) == body


def test_50_megabytes_are_accepted_kept_and_rejected_with_the_place(app: App) -> None:
    body = b'{"agency": "riverton-pd", "number": "1", "persons": "' + b"x" * (50 * 1024 * 1024) + b'"}'
    answer = app.post("cedar-app", body)
    assert answer.status_code == 202
    beside = app.post("riverton-cad", HOOK)
    assert app.settled("riverton-cad", beside.headers["location"])["state"] == "translated"
    found = app.settled("cedar-app", answer.headers["location"])
    assert found["state"] == "rejected"
    assert places(found["outcome"]) == [("error", "read.wrong-type", "persons")]
    number = found["message"]
    assert app.store.read(lambda tx: messages.body(tx, number)) == body


def test_over_the_limit(app: App) -> None:
    answer = app.post("cedar-app", b"[" + b" " * (64 * 1024 * 1024))
    assert answer.status_code == 413
    assert places(answer.json()) == [("error", "receive.too-large", "")]


def test_after_all_that_a_good_one_goes_through(app: App) -> None:
    answer = app.post("cedar-app", without_referral())
    assert app.settled("cedar-app", answer.headers["location"])["state"] == "translated"
    assert app.client.get("/health").json()["status"] == "ok"


@pytest.mark.parametrize(
    ("method", "path", "status", "rule"),
    [
        ("GET", "/nowhere", 404, "receive.unknown"),
        ("POST", "/ingest/cedar-app", 401, "receive.unauthorized"),
        ("GET", "/outcomes/RV26-1", 401, "receive.unauthorized"),
        ("PUT", "/fhir/Task/x", 401, "receive.unauthorized"),
        ("GET", "/docs", 404, "receive.unknown"),
        ("GET", "/openapi.json", 404, "receive.unknown"),
    ],
)
def test_every_error_is_an_operation_outcome(app: App, method: str, path: str, status: int, rule: str) -> None:
    answer = app.client.request(method, path)
    assert answer.status_code == status
    assert [found for _, found, _ in places(answer.json())] == [rule]
