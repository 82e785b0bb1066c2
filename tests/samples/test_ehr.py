"""The sample EHR from outside: a process, real sockets, files on disk. A stub hub receives its answers."""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import uuid
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from queue import Empty, Queue
from typing import Any

import pytest

from mappings.fhir.revocation import revocation
from mappings.partner import Partner
from profiles.r4b import parse

EHR = Path(__file__).parents[2] / "samples" / "ehr"
EVENTS = "https://warmhandoff.org/fhir/CodeSystem/message-event"
TASK_SID = "https://warmhandoff.org/fhir/sid/task"
ORDER_SID = "https://warmhandoff.org/fhir/sid/referral"
WHEN = "2026-01-16T15:00:00-06:00"
WAIT = 30.0  # seconds; a loaded machine starts programs slowly


class Ehr:
    """The program as a child process."""

    def __init__(self, directory: Path, *options: str, program: Path = EHR / "ehr.py") -> None:
        self.directory = directory
        command = [sys.executable, str(program), "--name", "Alder Center", "--dir", str(directory)]
        self.process = subprocess.Popen(
            [*command, "--mllp", "0", *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            # only what the interpreter needs: not the checkout on the path, no virtual environment
            env={"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1", "PYTHONWARNINGS": "error"},
        )
        assert self.process.stdout is not None
        self.ready = json.loads(self.process.stdout.readline())
        self.port = self.ready["http"]

    def call(self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None) -> tuple[int, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WAIT)
        data = body if isinstance(body, bytes | str) or body is None else json.dumps(body)
        connection.request(method, path, data, headers or {})
        answer = connection.getresponse()
        raw = answer.read()
        connection.close()
        is_json = "json" in (answer.getheader("Content-Type") or "")
        found = json.loads(raw) if is_json else raw.decode()
        if isinstance(found, dict) and "resourceType" in found:  # a hub takes whole R4 only
            assert parse(found) == []
        return answer.status, found

    def mllp(self, *messages: bytes, frames: int = 1) -> list[bytes]:
        with socket.create_connection(("127.0.0.1", self.ready["mllp"]), timeout=WAIT) as connection:
            connection.sendall(b"".join(b"\x0b" + m + b"\x1c\r" for m in messages))
            return [read_frame(connection) for _ in range(frames)]

    def files(self, pattern: str) -> list[Any]:
        return [json.loads(path.read_bytes()) for path in sorted(self.directory.glob(pattern))]

    def referral(self, number: int = 1) -> dict[str, Any]:
        return next(r for r in self.call("GET", "/desk")[1] if r["id"] == number)

    def kill(self) -> None:
        self.process.kill()
        self.process.communicate()

    def end(self) -> tuple[int, str]:
        self.process.send_signal(signal.SIGTERM)
        _, errors = self.process.communicate(timeout=WAIT)
        return self.process.returncode, errors


def read_frame(connection: socket.socket) -> bytes:
    data = b""
    while not data.endswith(b"\x1c\r"):
        chunk = connection.recv(1)  # not more: two answers may come in one packet, the second is for the next call
        assert chunk, "closed without an answer"
        data += chunk
    return data[1:-2]


def until(check: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + WAIT
    while not (found := check()):
        assert time.monotonic() < deadline, "did not happen in time"
        time.sleep(0.02)
    return found


class Hub:
    """Takes answers by HTTP and MLLP. `plan` holds statuses or codes to answer with first."""

    def __init__(self) -> None:
        self.answers: Queue[tuple[str, str, str | None, Any]] = Queue()
        self.plan: list[int] = []
        self.messages: Queue[bytes] = Queue()
        self.codes: list[str] = []
        hub = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                hub.answers.put((self.command, self.path, self.headers["Authorization"], body))
                self.send_response(hub.plan.pop(0) if hub.plan else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

            do_PUT = do_POST

            def log_message(self, format: str, *args: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.threads = [
            threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.05}),
            threading.Thread(target=self._listen),
        ]
        for thread in self.threads:
            thread.start()

    @property
    def options(self) -> list[str]:
        url = f"http://127.0.0.1:{self.http.server_port}"
        mllp = f"127.0.0.1:{self.listener.getsockname()[1]}"
        return ["--hub", url, "--hub-mllp", mllp, "--hub-token", "hub-secret"]

    def _listen(self) -> None:
        while True:
            connection, _ = self.listener.accept()
            with connection:
                connection.settimeout(WAIT)
                if connection.recv(1, socket.MSG_PEEK) == b"":
                    return
                raw = read_frame(connection)
                self.messages.put(raw)
                code = self.codes.pop(0) if self.codes else "AA"
                control_id = raw.split(b"\r")[0].split(b"|")[9].decode()
                stale = b"\x0bMSH|^~\\&|||||||ACK|x|P|2.5.1\rMSA|AA|some-other-id\r\x1c\r"
                ack = f"\x0bMSH|^~\\&|||||||ACK|x|P|2.5.1\rMSA|{code}|{control_id}\r\x1c\r"
                connection.sendall(stale + ack.encode())

    def answer(self) -> tuple[str, str, str | None, dict[str, Any]]:
        method, path, token, body = self.answers.get(timeout=WAIT)
        assert parse(json.loads(body)) == []
        return method, path, token, json.loads(body)

    def stop(self) -> None:
        socket.create_connection(self.listener.getsockname()).close()
        self.http.shutdown()
        for thread in self.threads:
            thread.join(WAIT)
        self.http.server_close()
        self.listener.close()


@pytest.fixture
def hub() -> Iterator[Hub]:
    stub = Hub()
    yield stub
    stub.stop()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Ehr]]:
    started: list[Ehr] = []

    def begin(*options: str, behaviour: dict[str, Any] | None = None, folder: str = "center") -> Ehr:
        if behaviour is not None:
            path = tmp_path / f"behaviour-{len(started)}.json"
            path.write_text(json.dumps(behaviour))
            options = (*options, "--behaviour", str(path))
        started.append(Ehr(tmp_path / folder, *options))
        return started[-1]

    yield begin
    for ehr in started:
        if ehr.process.poll() is None:
            code, errors = ehr.end()
            assert code == 0, errors
            assert errors == ""
            log = ehr.directory / "ehr.log"
            assert not log.exists() or "Quillonbe" not in log.read_text()


def rules(*actions: dict[str, Any], **match: Any) -> dict[str, Any]:
    return {"rules": [{"match": match or {"any": True}, "actions": list(actions)}]}


def resources(number: int = 1) -> dict[str, dict[str, Any]]:
    """Patient, ServiceRequest, Task as a hub sends them; references inside by urn:uuid."""
    ids = {k: str(uuid.UUID(int=number * 10 + n)) for n, k in enumerate(("patient", "order", "task"))}
    return {
        ids["patient"]: {
            "resourceType": "Patient",
            "id": ids["patient"],
            "identifier": [{"system": "https://warmhandoff.org/fhir/sid/person", "value": f"p{number}"}],
            "name": [{"family": "Quillonbe", "given": ["Ada"]}],
        },
        ids["order"]: {
            "resourceType": "ServiceRequest",
            "id": ids["order"],
            "identifier": [{"system": ORDER_SID, "value": f"r{number}"}],
            "status": "active",
            "intent": "order",
            "priority": "urgent",
            "code": {"text": "Crisis follow-up"},
            "subject": {"reference": f"urn:uuid:{ids['patient']}"},
        },
        ids["task"]: {
            "resourceType": "Task",
            "id": ids["task"],
            "identifier": [{"system": TASK_SID, "value": f"t{number}"}],
            "status": "requested",
            "intent": "order",
            "focus": {"reference": f"urn:uuid:{ids['order']}"},
            "for": {"reference": f"urn:uuid:{ids['patient']}"},
        },
    }


def message(number: int = 1, *, ident: str = "", event: str = "referral-submit") -> dict[str, Any]:
    header = {
        "resourceType": "MessageHeader",
        "id": f"header-{number}",
        "eventCoding": {"system": EVENTS, "code": event},
        "source": {"endpoint": "http://127.0.0.1/hub"},
    }
    entries = [{"fullUrl": "urn:uuid:00000000-0000-4000-8000-000000000000", "resource": header}]
    entries += [{"fullUrl": f"urn:uuid:{i}", "resource": r} for i, r in resources(number).items()]
    return {
        "resourceType": "Bundle",
        "id": ident or f"bundle-{number}",
        "type": "message",
        "timestamp": "2026-01-15T02:00:00Z",
        "entry": entries,
    }


def transaction(number: int = 1) -> dict[str, Any]:
    entries = []
    for ident, resource in resources(number).items():
        token = f"{resource['identifier'][0]['system']}|{resource['identifier'][0]['value']}"
        request = {"method": "POST", "url": resource["resourceType"], "ifNoneExist": f"identifier={token}"}
        entries.append({"fullUrl": f"urn:uuid:{ident}", "resource": resource, "request": request})
    return {"resourceType": "Bundle", "type": "transaction", "entry": entries}


def referral(control_id: str = "CID1", *, number: str = "REF-1", **fields: str) -> bytes:
    header = dict.fromkeys(range(3, 19), "") | {
        3: "HANDOFF^1.2.3^ISO", 4: "METRO", 5: "BHEHR", 6: "ALDER", 7: "20260114230211-0600",
        9: "REF^I12^REF_I12", 10: control_id, 11: "P", 12: "2.5.1", 18: "UNICODE UTF-8",
    }  # fmt: skip
    header |= {int(name.removeprefix("msh")): value for name, value in fields.items()}
    lines = [
        "|".join(["MSH", "^~\\&", *(header[n] for n in sorted(header))]),
        f"RF1|P^Pending^HL70283|S^STAT^HL70280|MED^Medical^HL70281|||{number}^METRO^1.2.4^ISO|20260114230211-0600",
        "PRD|RP^Referring Provider^HL70286|TEAM^CO",
        "PRD|RT^Referred to Provider^HL70286|INTAKE",
        "PID|1||77^^^METRO^PI||Quillonbe\\T\\Söhne^Ada||19890417|F",
        "NTE|1||note",
    ]
    return ("\r".join(lines) + "\r").encode()


def fields(raw: bytes, name: str) -> list[str]:
    """The fields of the first such segment; for MSH shifted so that [n] is MSH-n."""
    line = next(li for li in raw.decode().split("\r") if li.split("|")[0] == name)
    parts = line.split("|")
    return [parts[0], "|", *parts[1:]] if name == "MSH" else parts


def by_type(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    return {e["resource"]["resourceType"]: e["resource"] for e in bundle["entry"]}


# ---- FHIR messages


def test_a_message_gets_a_receipt_and_waits_at_the_desk(start: Callable[..., Ehr]) -> None:
    ehr = start()
    status, answer = ehr.call("POST", "/fhir/$process-message", message())
    assert status == 200
    header = answer["entry"][0]["resource"]
    assert answer["type"] == "message"
    assert header["response"] == {"identifier": "header-1", "code": "ok"}
    (one,) = ehr.call("GET", "/desk")[1]
    assert (one["id"], one["via"], one["status"]) == (1, "message", "received")
    assert (one["patient"], one["service"], one["urgency"]) == ("Ada Quillonbe", "Crisis follow-up", "urgent")
    assert ehr.files("messages/*.json") == [message()]
    assert ehr.files("referrals/*.json")[0]["hub_ref"]["task"]["identifier"][0]["value"] == "t1"


def test_a_resend_gets_the_same_receipt_and_is_stored_once(start: Callable[..., Ehr]) -> None:
    ehr = start()
    first = ehr.call("POST", "/fhir/$process-message", message())
    assert ehr.call("POST", "/fhir/%24process-message", message()) == first
    assert len(ehr.call("GET", "/desk")[1]) == 1
    assert ehr.files("stats.json") == [{"resends": 1}]
    other = {**message(), "timestamp": "2026-01-15T03:00:00Z"}
    status, outcome = ehr.call("POST", "/fhir/$process-message", other)
    assert (status, outcome["issue"][0]["code"]) == (409, "duplicate")
    assert ehr.files("messages/*.json") == [message()]


def test_a_new_message_about_a_known_referral_updates_it(start: Callable[..., Ehr]) -> None:
    ehr = start()
    ehr.call("POST", "/fhir/$process-message", message())
    ehr.call("POST", "/desk/1/accept", "")
    update = message(ident="second", event="referral-update")
    update["entry"][2]["resource"]["priority"] = "stat"
    del update["entry"][3]  # an update need not repeat the Task
    assert ehr.call("POST", "/fhir/$process-message", update)[0] == 200
    (one,) = ehr.call("GET", "/desk")[1]
    assert (one["urgency"], one["status"]) == ("stat", "accepted")
    assert one["hub_ref"]["task"]["identifier"][0]["value"] == "t1"
    cancel = message(ident="third", event="referral-update")
    cancel["entry"][3]["resource"]["status"] = "cancelled"
    ehr.call("POST", "/fhir/$process-message", cancel)
    assert ehr.referral()["status"] == "cancelled"
    assert ehr.call("POST", "/desk/1/complete", "")[0] == 409


def test_a_revoked_consents_notice_is_noted_where_copies_came_with_it(start: Callable[..., Ehr]) -> None:
    """As the hub writes it: the consent's number and that it ended, nobody's name."""
    ehr = start()
    with_consent = message()
    consent = {
        "resourceType": "Consent",
        "id": "6b1c0c2e-7f0e-4f6e-8a53-3f2f7a0f3a11",
        "status": "active",
        "scope": {"coding": [{"code": "patient-privacy"}]},
        "category": [{"coding": [{"system": "http://loinc.org", "code": "59284-0"}]}],
        "policyRule": {"text": "written consent"},
    }
    number = {"system": "https://warmhandoff.org/fhir/sid/resource", "value": consent["id"]}
    with_consent["entry"].append(
        {"fullUrl": f"urn:uuid:{consent['id']}", "resource": {**consent, "identifier": [number]}}
    )
    assert ehr.call("POST", "/fhir/$process-message", with_consent)[0] == 200
    assert ehr.call("POST", "/fhir/$process-message", message(2))[0] == 200
    partner = Partner(id="p", form="message", source_endpoint="http://127.0.0.1/hub")
    notice = revocation(consent, partner, bundle_id="6b1c0c2e-0000-4f6e-8a53-3f2f7a0f3a11", at="2026-01-16T02:00:00Z")
    status, answer = ehr.call("POST", "/fhir/$process-message", notice)
    assert (status, answer["entry"][0]["resource"]["response"]["code"]) == (200, "ok")
    assert ehr.call("POST", "/fhir/$process-message", notice) == (status, answer)
    first, second = ehr.call("GET", "/desk")[1]
    assert [event["did"] for event in first["history"]] == ["received", "consent revoked"]
    assert (first["status"], first["history"][1]["consents"]) == ("received", [consent["id"]])
    assert [event["did"] for event in second["history"]] == ["received"]
    nameless = json.loads(notice)
    nameless |= {"id": "another"}
    del nameless["entry"][1]
    assert ehr.call("POST", "/fhir/$process-message", nameless)[0] == 422


def test_an_order_referred_again_under_a_new_task_is_a_new_referral(start: Callable[..., Ehr]) -> None:
    ehr = start()
    ehr.call("POST", "/fhir/$process-message", message())
    again = message(ident="second")
    again["entry"][3]["resource"]["identifier"][0]["value"] = "t1-again"
    ehr.call("POST", "/fhir/$process-message", again)
    assert len(ehr.call("GET", "/desk")[1]) == 2


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda b: b.update(type="collection"), 400),
        (lambda b: b.pop("id"), 400),
        (lambda b: b.update(id="../escape"), 400),
        (lambda b: b["entry"].pop(0), 400),
        (lambda b: b["entry"][0]["resource"].pop("id"), 400),
        (lambda b: b["entry"][0]["resource"]["eventCoding"].update(code="admin-notify"), 422),
        (lambda b: b["entry"].__delitem__(slice(1, None)), 422),
        (lambda b: b["entry"][1]["resource"].update(name="Quillonbe"), 400),
        (lambda b: b["entry"].append("Quillonbe"), 400),
    ],
)
def test_a_bad_message_is_refused_without_its_text(
    start: Callable[..., Ehr], change: Callable[[dict[str, Any]], Any], status: int
) -> None:
    ehr = start()
    bundle = message()
    change(bundle)
    got, outcome = ehr.call("POST", "/fhir/$process-message", bundle)
    assert (got, outcome["resourceType"]) == (status, "OperationOutcome")
    assert "Quillonbe" not in json.dumps(outcome)
    assert ehr.call("GET", "/desk")[1] == []
    assert ehr.files("messages/*.json") == []


@pytest.mark.parametrize("body", [b"", b"{", b"\xff\xfe", b"[1]", b'{"resourceType": "Bundle", "x": NaN}',
                                  b"[" * 100_000, b'{"resourceType": "Bundle", "x": "\\ud800"}'])  # fmt: skip
def test_a_body_that_is_not_a_resource_is_400(start: Callable[..., Ehr], body: bytes) -> None:
    assert start().call("POST", "/fhir/$process-message", body)[0] == 400


def test_decisions_on_a_message_go_back_as_messages(start: Callable[..., Ehr], hub: Hub) -> None:
    ehr = start(
        *hub.options,
        behaviour=rules({"after": 0, "do": "accept"}, {"after": 0.1, "do": "schedule", "when": WHEN}),
    )
    hub.plan = [503]
    ehr.call("POST", "/fhir/$process-message", message())
    refused, accepted, scheduled = hub.answer(), hub.answer(), hub.answer()
    assert refused == accepted  # a retry sends the same bytes
    method, path, token, bundle = accepted
    assert (method, path, token) == ("POST", "/answers/message", "Bearer hub-secret")
    header, task = bundle["entry"][0]["resource"], by_type(bundle)["Task"]
    assert header["eventCoding"] == {"system": EVENTS, "code": "referral-response"}
    assert "response" not in header
    assert header["focus"][0]["reference"] == bundle["entry"][1]["fullUrl"]
    assert task["identifier"] == [{"system": TASK_SID, "value": "t1"}]
    assert task["basedOn"][0]["identifier"] == {"system": ORDER_SID, "value": "r1"}
    assert (task["status"], task["businessStatus"]) == ("accepted", {"text": "accepted"})
    later = by_type(scheduled[3])
    assert (later["Task"]["status"], later["Task"]["businessStatus"]["text"]) == ("in-progress", "scheduled")
    assert later["Task"]["output"][0]["valueDateTime"] == WHEN
    assert (later["Appointment"]["status"], later["Appointment"]["start"]) == ("booked", WHEN)
    assert scheduled[3]["id"] != bundle["id"]
    until(lambda: all("answered" in e for e in ehr.referral()["history"] if "answers" in e))
    assert ehr.files("outbox/*.json") == []
    assert len(ehr.files("sent/*.json")) == 2


def test_a_referral_without_a_rule_is_never_answered(start: Callable[..., Ehr], hub: Hub) -> None:
    ehr = start(*hub.options, behaviour=rules({"after": 0, "do": "accept"}, via="v2"))
    ehr.call("POST", "/fhir/$process-message", message())
    assert ehr.referral()["plan"] == []
    with pytest.raises(Empty):
        hub.answers.get(timeout=0.2)


# ---- FHIR REST


def test_a_transaction_is_stored_with_its_references_resolved(start: Callable[..., Ehr]) -> None:
    ehr = start()
    status, answer = ehr.call("POST", "/fhir", transaction())
    assert (status, answer["type"]) == (200, "transaction-response")
    places = [e["response"]["location"].split("/_history/")[0] for e in answer["entry"]]
    assert [e["response"]["status"] for e in answer["entry"]] == ["201 Created"] * 3
    task = ehr.call("GET", f"/fhir/{places[2]}")[1]
    assert task["for"]["reference"] == places[0]
    assert task["focus"]["reference"] == places[1]
    assert task["meta"]["versionId"] == "1"
    assert ehr.files(f"resources/{places[2]}.json") == [task]
    one = ehr.referral()
    assert (one["via"], one["patient"]) == ("transaction", "Ada Quillonbe")
    # conditional create: sent again, nothing is made twice
    _, again = ehr.call("POST", "/fhir", transaction())
    assert [e["response"]["location"] for e in again["entry"]] == [e["response"]["location"] for e in answer["entry"]]
    assert [e["response"]["status"] for e in again["entry"]] == ["200 OK"] * 3
    assert len(ehr.files("resources/*/*.json")) == 3
    assert len(ehr.call("GET", "/desk")[1]) == 1
    assert ehr.files("stats.json") == [{"resends": 1}]


@pytest.mark.parametrize(
    ("change", "status"),
    [
        (lambda e: e[2]["resource"]["focus"].update(reference="urn:uuid:nowhere"), 400),
        (lambda e: e[2]["request"].update(method="DELETE"), 422),
        (lambda e: e[2]["request"].update(url="Patient"), 400),
        (lambda e: e[2]["request"].update(ifNoneExist="name=x"), 412),
        (lambda e: e[2].pop("resource"), 400),
        (lambda e: e[2]["request"].update(method="PUT", url="Task/a/b"), 400),
        (lambda e: e[2]["request"].update(method="PUT", url="Task/../../x"), 400),
    ],
)
def test_a_transaction_is_all_or_nothing(
    start: Callable[..., Ehr], change: Callable[[list[Any]], Any], status: int
) -> None:
    ehr = start()
    bundle = transaction()
    change(bundle["entry"])
    assert ehr.call("POST", "/fhir", bundle)[0] == status
    assert ehr.files("resources/*/*.json") == []
    assert ehr.call("GET", "/desk")[1] == []


def test_put_and_conditional_references_in_a_transaction(start: Callable[..., Ehr]) -> None:
    ehr = start()
    ehr.call("POST", "/fhir", transaction())
    patient = ehr.files("resources/Patient/*.json")[0]
    token = "https://warmhandoff.org/fhir/sid/person|p1"
    flag = {
        "resourceType": "Flag",
        "id": "f1",
        "status": "active",
        "code": {"text": "dog"},
        "subject": {"reference": f"Patient?identifier={token}"},
    }
    fresh = {**patient, "active": True}
    entries = [
        {"resource": flag, "request": {"method": "PUT", "url": "Flag/f1"}},
        {"resource": fresh, "request": {"method": "PUT", "url": f"Patient?identifier={token}"}},
    ]
    bundle = {"resourceType": "Bundle", "type": "transaction", "entry": entries}
    _, answer = ehr.call("POST", "/fhir", bundle)
    assert [e["response"]["status"] for e in answer["entry"]] == ["201 Created", "200 OK"]
    assert ehr.call("GET", "/fhir/Flag/f1")[1]["subject"]["reference"] == f"Patient/{patient['id']}"
    assert ehr.call("GET", f"/fhir/Patient/{patient['id']}")[1]["meta"]["versionId"] == "2"


def test_a_decision_shows_in_the_task_that_the_hub_polls(start: Callable[..., Ehr], hub: Hub) -> None:
    ehr = start(*hub.options)
    ehr.call("POST", "/fhir", transaction(1))
    ehr.call("POST", "/fhir", transaction(2))
    found = ehr.call("GET", "/fhir/Task")[1]
    assert found["total"] == 2
    seen = found["entry"][-1]["resource"]["meta"]["lastUpdated"]
    assert ehr.call("GET", f"/fhir/Task?_lastUpdated=gt{seen}")[1]["total"] == 0
    status, one = ehr.call("POST", "/desk/1/schedule", f"when={WHEN}", {"Accept": "application/json"})
    assert (status, one["status"]) == (200, "scheduled")
    changed = ehr.call("GET", f"/fhir/Task?_lastUpdated=gt{seen.replace('Z', '+00:00')}")[1]
    assert changed["total"] == 1
    task = changed["entry"][0]["resource"]
    assert (task["status"], task["businessStatus"]["text"]) == ("in-progress", "scheduled")
    assert task["output"][0] == {"type": {"text": "appointment"}, "valueDateTime": WHEN}
    booked = ehr.call("GET", f"/fhir/{task['output'][1]['valueReference']['reference']}")[1]
    assert (booked["resourceType"], booked["start"]) == ("Appointment", WHEN)
    same = ehr.call("GET", f"/fhir/Task?identifier={TASK_SID}|t1")[1]
    assert [e["resource"]["id"] for e in same["entry"]] == [task["id"]]
    with pytest.raises(Empty):  # poll is the default: nothing is pushed
        hub.answers.get(timeout=0.2)


def test_a_decision_is_pushed_to_the_hubs_own_task(start: Callable[..., Ehr], hub: Hub) -> None:
    ehr = start(*hub.options, "--answer-rest", "push")
    ehr.call("POST", "/fhir", transaction())
    ehr.call("POST", "/desk/1/reject", "reason=No+bed+%26+no+team")
    method, path, token, task = hub.answer()
    assert (method, path, token) == ("PUT", "/fhir/Task/t1", "Bearer hub-secret")
    assert (task["id"], task["status"], task["statusReason"]) == ("t1", "rejected", {"text": "No bed & no team"})
    assert ehr.files("resources/Task/*.json")[0]["status"] == "rejected"


def test_a_sender_that_repeats_its_put_does_not_undo_a_decision(start: Callable[..., Ehr]) -> None:
    ehr = start()
    task = {"resourceType": "Task", "id": "abc", "status": "requested", "intent": "order"}
    assert ehr.call("PUT", "/fhir/Task/abc", task)[0] == 201
    ehr.call("POST", "/desk/1/accept", "")
    status, now = ehr.call("PUT", "/fhir/Task/abc", {**task, "priority": "stat"})
    assert (status, now["status"], now["priority"]) == (200, "accepted", "stat")
    assert ehr.call("PUT", "/fhir/Task/abc", {**task, "priority": "stat"})[1]["meta"] == now["meta"]
    ehr.call("PUT", "/fhir/Task/abc", {**task, "status": "cancelled"})
    assert ehr.referral()["status"] == "cancelled"
    assert ehr.call("PUT", "/fhir/Task/abc", task, {"If-Match": 'W/"1"'})[0] == 412
    assert ehr.call("PUT", "/fhir/Task/other", task)[0] == 400


def test_search_pages_and_refuses_what_it_does_not_know(start: Callable[..., Ehr]) -> None:
    ehr = start()
    for number in range(1, 4):
        ehr.call("POST", "/fhir", transaction(number))
    first = ehr.call("GET", "/fhir/Task?_count=2&status=requested")[1]
    assert (first["total"], len(first["entry"])) == (3, 2)
    rest = ehr.call("GET", first["link"][0]["url"])[1]
    assert len(rest["entry"]) == 1
    assert "link" not in rest
    assert ehr.call("GET", "/fhir/Task?owner=x")[0] == 400
    assert ehr.call("GET", "/fhir/Task?_lastUpdated=gtyesterday")[0] == 400
    assert ehr.call("GET", "/fhir/Task/none")[0] == 404
    assert ehr.call("GET", "/fhir/metadata")[1]["fhirVersion"] == "4.0.1"


# ---- HL7 v2


def test_a_ref_gets_aa_after_it_is_stored_and_a_resend_the_same_ack(start: Callable[..., Ehr]) -> None:
    ehr = start()
    raw = referral()
    (ack,) = ehr.mllp(raw)
    assert fields(ack, "MSH")[9] == "ACK^I12^ACK"
    assert fields(ack, "MSA")[1:] == ["AA", "CID1"]
    assert (ehr.directory / "messages" / "CID1.hl7").read_bytes() == raw
    one = ehr.referral()
    assert (one["via"], one["patient"], one["urgency"]) == ("v2", "Ada Quillonbe&Söhne", "stat")
    assert ehr.mllp(raw, raw, frames=2) == [ack, ack]
    assert len(ehr.call("GET", "/desk")[1]) == 1
    assert ehr.files("stats.json") == [{"resends": 2}]
    (conflict,) = ehr.mllp(raw.replace(b"|note", b"|other"))
    assert fields(conflict, "MSA")[1] == "AR"
    assert fields(conflict, "ERR")[3] == "205"
    (other,) = ehr.mllp(referral("../../CID/2"))  # same RF1-6: the same referral, a new message
    assert fields(other, "MSA")[1] == "AA"
    assert len(ehr.call("GET", "/desk")[1]) == 1
    assert len(list((ehr.directory / "messages").iterdir())) == 2


@pytest.mark.parametrize(
    ("asked", "code"),
    [(("", ""), "AA"), (("AL", ""), "CA"), (("AL", "AL"), "CA"), (("NE", "AL"), "AA"), (("SU", "NE"), "CA")],
)
def test_the_acknowledgement_asked_for(start: Callable[..., Ehr], asked: tuple[str, str], code: str) -> None:
    (ack,) = start().mllp(referral(msh15=asked[0], msh16=asked[1]))
    assert fields(ack, "MSA")[1] == code


def test_no_acknowledgement_when_none_is_wanted(start: Callable[..., Ehr]) -> None:
    ehr = start()
    (ack,) = ehr.mllp(referral("quiet", msh15="NE", msh16="NE"), referral("loud"), frames=1)
    assert fields(ack, "MSA")[2] == "loud"
    assert (ehr.directory / "messages" / "quiet.hl7").exists()


@pytest.mark.parametrize(
    ("raw", "code"),
    [
        (b"hello", "100"),
        (b"MSH|^~\\&|", "101"),
        (b"MSH|||||||||||||", "100"),
        (referral(msh9="ORU^R01^ORU_R01"), "200"),
        (referral(msh9="ADT^A40^ADT_A39"), "201"),
        (referral(msh9="OMG^O19^OMG_O19"), "100"),
        (referral(msh9="REF^I14^REF_I12"), "201"),
        (referral(msh12="3.0"), "203"),
        (referral(msh10=""), "101"),
        (referral(msh18="KLINGON"), "103"),
        (referral(msh18=""), "103"),
        (referral().replace("ö".encode(), b"\xf6"), "103"),
        (referral().replace(b"\r", b"\n"), "100"),
        (referral() + referral(), "100"),
        (referral().replace(b"PID|", b"ZPI|"), "100"),
        (referral(number=""), "101"),
    ],
)
def test_malformed_hl7_is_rejected_kept_and_stops_nothing(start: Callable[..., Ehr], raw: bytes, code: str) -> None:
    ehr = start()
    if raw == referral(number=""):
        raw = raw.replace(b"^METRO^1.2.4^ISO", b"")
    rejected, taken = ehr.mllp(raw, referral("NEXT"), frames=2)
    assert fields(rejected, "MSA")[1] == "AR"
    assert fields(rejected, "ERR")[3] == code
    assert b"Quillonbe" not in rejected
    assert fields(taken, "MSA")[1:] == ["AA", "NEXT"]
    assert [p.read_bytes() for p in (ehr.directory / "quarantine").iterdir()] == [raw]


def test_junk_split_frames_and_a_cut_off_frame(start: Callable[..., Ehr]) -> None:
    ehr = start()
    with socket.create_connection(("127.0.0.1", ehr.ready["mllp"]), timeout=WAIT) as connection:
        connection.sendall(b"junk\x0b\x1c\r\x0bMSH|^~\\&|cut\x0b" + referral("A") + b"\x1c")
        time.sleep(0.05)
        connection.sendall(b"\r\x0b" + referral("B")[:40])
        assert fields(read_frame(connection), "MSA")[2] == "A"
        connection.sendall(referral("B")[40:] + b"\x1c\r")
        assert fields(read_frame(connection), "MSA")[2] == "B"


def test_decisions_on_a_ref_go_back_as_rri_and_siu(start: Callable[..., Ehr], hub: Hub) -> None:
    hub.codes = ["AE", "CA"]
    ehr = start(
        *hub.options,
        behaviour=rules({"after": 0, "do": "accept"}, {"after": 0.1, "do": "schedule", "when": WHEN}),
    )
    ehr.mllp(referral())
    first, again, siu = (hub.messages.get(timeout=WAIT) for _ in range(3))
    assert first == again  # AE: the same bytes
    header, rf1 = fields(again, "MSH"), fields(again, "RF1")
    assert header[9] == "RRI^I12^RRI_I12"
    assert header[3:7] == ["Alder Center", "ALDER", "HANDOFF^1.2.3^ISO", "METRO"]
    assert fields(again, "MSA")[1:] == ["AA", "CID1"]
    assert rf1[1] == "A^Accepted^HL70283"
    assert (rf1[6], rf1[7]) == ("REF-1^METRO^1.2.4^ISO", "20260114230211-0600")
    assert rf1[11] == "EHR-1^Alder Center"
    assert again.count(b"\rPRD|") == 2
    assert fields(again, "PID") == fields(referral(), "PID")
    sch = fields(siu, "SCH")
    assert fields(siu, "MSH")[9] == "SIU^S12^SIU_S12"
    assert (sch[1], sch[2]) == ("REF-1^METRO^1.2.4^ISO", "EHR-1^Alder Center")
    assert sch[11].split("^")[3] == "20260116150000-0600"
    assert sch[25].startswith("Booked")
    assert fields(siu, "PID")[5] == "Quillonbe\\T\\Söhne^Ada"


def test_a_rejection_by_v2_carries_its_reason_escaped(start: Callable[..., Ehr], hub: Hub) -> None:
    ehr = start(*hub.options)
    ehr.mllp(referral())
    assert ehr.call("POST", "/desk/1/reject", "")[0] == 400
    assert ehr.call("POST", "/desk/1/reject", "reason=full%7Cclosed+%5E+%26%0Anext")[0] == 200
    rri = hub.messages.get(timeout=WAIT)
    assert fields(rri, "RF1")[1] == "R^Rejected^HL70283"
    assert fields(rri, "NTE")[3] == "full\\F\\closed \\S\\ \\T\\\\.br\\next"
    assert ehr.call("POST", "/desk/1/accept", "")[0] == 409


def test_rri_and_siu_are_valid_by_an_independent_reader(start: Callable[..., Ehr], hub: Hub) -> None:
    from hl7apy.parser import parse_message

    ehr = start(*hub.options)
    raw = referral().replace("Söhne".encode(), b"Sohn")
    (ack,) = ehr.mllp(raw)
    ehr.call("POST", "/desk/1/pend", "")
    ehr.call("POST", "/desk/1/accept", "")
    ehr.call("POST", "/desk/1/schedule", f"when={WHEN}&reason=bring+papers")
    for made in (ack, *(hub.messages.get(timeout=WAIT) for _ in range(3))):
        assert parse_message(made.decode(), find_groups=True).validate()


# ---- the desk and the door


def test_the_page_lists_referrals_and_its_forms_work(start: Callable[..., Ehr]) -> None:
    ehr = start("--zone", "America/Chicago")
    bundle = message()
    bundle["entry"][1]["resource"]["name"][0]["given"] = ["<script>alert(1)</script>"]
    ehr.call("POST", "/fhir/$process-message", bundle)
    browser = {"Accept": "text/html", "Origin": f"http://127.0.0.1:{ehr.port}"}
    status, html = ehr.call("GET", "/", headers=browser)
    assert status == 200
    assert "&lt;script&gt;alert(1)&lt;/script&gt; Quillonbe" in html
    assert "<script>alert" not in html
    assert 'action="/desk/1/accept"' in html
    assert 'action="/desk/1/complete"' not in html
    assert ehr.call("POST", "/desk/1/schedule", "when=2026-01-16T15:00", browser)[0] == 303
    assert ehr.referral()["history"][-1]["when"] == WHEN
    assert "completed" not in ehr.call("GET", "/", headers=browser)[1].split("</style>")[1]
    assert ehr.call("POST", "/desk/1/complete", "", {"Origin": "http://elsewhere.example"})[0] == 403
    assert ehr.call("POST", "/desk/1/schedule", "when=soon")[0] == 400
    assert ehr.call("POST", "/desk/9/accept", "")[0] == 404
    assert ehr.call("POST", "/desk/1/explode", "")[0] == 404


def test_without_the_token_nothing_opens(start: Callable[..., Ehr]) -> None:
    ehr = start("--token", "s3cret")
    for method, path in [("GET", "/desk"), ("GET", "/fhir/Task"), ("POST", "/fhir"), ("POST", "/desk/1/accept")]:
        assert ehr.call(method, path, "{}" if method == "POST" else None)[0] == 401
        assert ehr.call(method, path, None, {"Authorization": "Bearer wrong"})[0] == 401
    assert ehr.call("GET", "/desk", headers={"Authorization": "Bearer s3cret"})[0] == 200
    assert ehr.call("GET", "/health")[0] == 200
    status, html = ehr.call("GET", "/", headers={"Accept": "text/html"})
    assert (status, 'name="token"' in html) == (401, True)
    assert ehr.call("POST", "/sign-in", "token=wrong")[0] == 401
    connection = http.client.HTTPConnection("127.0.0.1", ehr.port, timeout=WAIT)
    connection.request("POST", "/sign-in", "token=s3cret")
    answer = connection.getresponse()
    cookie = (answer.getheader("Set-Cookie") or "").split(";")[0]
    answer.read()
    connection.request("GET", "/desk", headers={"Cookie": cookie})
    assert connection.getresponse().status == 200
    connection.close()


def test_only_loopback_names_are_served(start: Callable[..., Ehr]) -> None:
    assert start().call("GET", "/desk", headers={"Host": "ehr.example"})[0] == 421


def test_http_framing(start: Callable[..., Ehr]) -> None:
    ehr = start()

    def talk(data: bytes) -> bytes:
        with socket.create_connection(("127.0.0.1", ehr.port), timeout=WAIT) as connection:
            connection.sendall(data)
            out = b""
            while chunk := connection.recv(65536):
                out += chunk
            return out

    close = b"Host: localhost\r\nConnection: close\r\n"
    body = json.dumps(message()).encode()
    chunked = b"%x\r\n%b\r\n5;x=y\r\n%b\r\n0\r\n\r\n" % (len(body) - 5, body[:-5], body[-5:])
    head = b"POST /fhir/$process-message HTTP/1.1\r\n" + close
    assert talk(head + b"Transfer-Encoding: chunked\r\n\r\n" + chunked).startswith(b"HTTP/1.1 200")
    assert talk(head + b"Content-Length: 999999999\r\n\r\n").startswith(b"HTTP/1.1 413")
    assert talk(head + b"Content-Length: x\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert talk(b"what\r\n\r\n").startswith(b"HTTP/1.1 400")
    assert talk(b"GET / HTTP/1.1\r\nX: " + b"a" * 70_000 + b"\r\n\r\n").startswith(b"HTTP/1.1 431")
    waits = head + b"Expect: 100-continue\r\nContent-Length: %d\r\n\r\n" % len(body)
    assert talk(waits + body).startswith(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200")
    two = b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\nGET /health HTTP/1.1\r\n" + close + b"\r\n"
    assert talk(two).count(b"HTTP/1.1 200") == 2


# ---- faults


def test_an_http_fault_stores_nothing_and_ends(start: Callable[..., Ehr]) -> None:
    ehr = start(behaviour={"faults": {"http_status": 503, "times": 2}})
    statuses = [ehr.call("POST", "/fhir/$process-message", message())[0] for _ in range(3)]
    assert statuses == [503, 503, 200]
    assert "resends" not in ehr.files("stats.json")[0]


def test_a_dropped_ack_is_stored_and_the_resend_acknowledged(start: Callable[..., Ehr]) -> None:
    ehr = start(behaviour={"faults": {"drop_ack": 1, "delay": 0.01}})
    (ack,) = ehr.mllp(referral("DROP"), referral("SECOND"))
    assert fields(ack, "MSA")[2] == "SECOND"
    assert (ehr.directory / "messages" / "DROP.hl7").exists()
    (again,) = ehr.mllp(referral("DROP"))
    assert fields(again, "MSA")[1:] == ["AA", "DROP"]


@pytest.mark.parametrize(
    "behaviour",
    [
        [],
        {"rules": [{"actions": []}]},
        {"rules": ["x"]},
        rules({"after": 0, "do": "explode"}),
        rules({"after": 0, "do": "reject"}),
        rules({"after": 0, "do": "schedule", "when": "2026-01-16T15:00"}),
        {"answer": "never"},
        {"faults": {"typo": 1}},
    ],
)
def test_a_wrong_behaviour_file_is_a_usage_error(tmp_path: Path, behaviour: Any) -> None:
    path = tmp_path / "behaviour.json"
    path.write_text(json.dumps(behaviour))
    command = [sys.executable, str(EHR / "ehr.py"), "--name", "x", "--dir", str(tmp_path / "d")]
    done = subprocess.run([*command, "--behaviour", str(path)], capture_output=True, timeout=WAIT, check=False)
    assert done.returncode == 2
    assert not (tmp_path / "d").exists()


# ---- restart


def test_kill_and_restart_keeps_everything_and_goes_on(start: Callable[..., Ehr], hub: Hub) -> None:
    # the first run has no hub to send to, and a plan that is not due yet
    behaviour = rules({"after": 0, "do": "accept"}, {"after": 0.6, "do": "schedule", "when": WHEN})
    ehr = start(behaviour=behaviour)
    receipt = ehr.call("POST", "/fhir/$process-message", message())
    ehr.call("POST", "/fhir", transaction(2))
    ehr.mllp(referral())
    until(lambda: len(list((ehr.directory / "outbox").glob("*.json"))) == 2)
    waiting = ehr.files("outbox/*.json")
    ehr.kill()
    again = start(*hub.options, behaviour=behaviour)
    answers = [hub.answer(), hub.answer()]
    assert answers[0][3] == json.loads(next(e["body"] for e in waiting if e["kind"] == "http"))
    assert [by_type(a[3])["Task"]["status"] for a in answers] == ["accepted", "in-progress"]
    kinds = [fields(hub.messages.get(timeout=WAIT), "MSH")[9][:3] for _ in range(2)]
    assert kinds == ["RRI", "SIU"]
    assert again.call("POST", "/fhir/$process-message", message()) == receipt
    until(lambda: [r["status"] for r in again.call("GET", "/desk")[1]] == ["scheduled"] * 3)
    again.call("POST", "/fhir", transaction(2))
    assert len(again.call("GET", "/desk")[1]) == 3
    assert (
        again.call("GET", f"/fhir/Task?identifier={TASK_SID}|t2")[1]["entry"][0]["resource"]["status"] == "in-progress"
    )
    until(lambda: not again.files("outbox/*.json"))
    assert hub.answers.empty()
    assert hub.messages.empty()


def test_a_commit_cut_off_in_the_journal_is_whole_or_absent(start: Callable[..., Ehr]) -> None:
    ehr = start()
    ehr.call("POST", "/fhir/$process-message", message(1))
    ehr.call("POST", "/fhir", transaction(2))
    ehr.kill()
    journal = ehr.directory / "journal.ndjson"
    lines = journal.read_bytes().splitlines(keepends=True)
    assert len(lines) == 2
    # as after a power cut: the files did not reach the disk, the journal's last line only in part
    for folder in ("messages", "receipts", "referrals", "resources"):
        shutil.rmtree(ehr.directory / folder)
    journal.write_bytes(lines[0] + lines[1][:-20])
    again = start()
    assert [r["via"] for r in again.call("GET", "/desk")[1]] == ["message"]
    assert again.files("messages/*.json") == [message(1)]
    assert again.files("resources/*/*.json") == []
    again.call("POST", "/fhir", transaction(2))
    assert [r["id"] for r in again.call("GET", "/desk")[1]] == [1, 2]


def test_sigterm_ends_it_cleanly_with_connections_open(start: Callable[..., Ehr], tmp_path: Path) -> None:
    ready = tmp_path / "ready.json"
    ehr = start("--ready-file", str(ready))
    assert json.loads(ready.read_text()) == ehr.ready
    with (
        socket.create_connection(("127.0.0.1", ehr.port), timeout=WAIT),
        socket.create_connection(("127.0.0.1", ehr.ready["mllp"]), timeout=WAIT),
    ):
        ehr.call("POST", "/fhir/$process-message", message())
        code, errors = ehr.end()
    assert code == 0
    assert errors == ""
    log = (ehr.directory / "ehr.log").read_text().splitlines()
    assert [line.split(" ", 1)[1] for line in log] == ["referral 1 received via message"]
    assert (ehr.directory / "journal.ndjson").read_bytes() == b""
    assert len(ehr.files("messages/*.json")) == 1


def test_it_runs_when_copied_elsewhere_and_imports_only_the_standard_library(tmp_path: Path) -> None:
    copy = tmp_path / "elsewhere"
    shutil.copytree(EHR, copy, ignore=shutil.ignore_patterns("__pycache__"))
    ehr = Ehr(tmp_path / "d", program=copy / "ehr.py")
    try:
        assert ehr.call("GET", "/health")[0] == 200
    finally:
        assert ehr.end()[0] == 0
    own = {path.stem for path in EHR.glob("*.py")}
    for path in EHR.glob("*.py"):
        for line in path.read_text().splitlines():
            if line.startswith(("import ", "from ")):
                assert line.split()[1].split(".")[0] in own | sys.stdlib_module_names, line
