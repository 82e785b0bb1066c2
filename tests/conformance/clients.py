"""`clients`: FHIR client libraries of others against a running hub, for what its CapabilityStatement promises.

The hub is the demo's, as `handoff run` starts it, with a referral that it has delivered to a sample EHR. Each library
reads the statement, answers the referral as the center that holds it, sends the same answer as a message, and asks
for labels and a decision as a source. What is refused must reach the library as an error.
"""

from __future__ import annotations

import json
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Any

from hub.demo.stage import Stage, call, sample
from hub.demo.tally import desk
from tests.conformance.node import KIT, node
from tests.conformance.outcome import Outcome, judged
from tests.conformance.python_clients import PACKAGES, scripts

Json = dict[str, Any]

#: What each library says of the referral, in order, and where the referral cannot go from there. The last repeats it.
_SAYS = (
    ("fhirpy", "in-progress", "accepted"),
    ("fhirclient", "completed", "accepted"),
    ("kit", "completed", "accepted"),
)
STEPS = (
    "reads the CapabilityStatement",
    "updates the Task",
    "updates it with the same again",
    "sends the answer as a message",
    "has a record labelled",
    "has a release decided",
    "is told that a Task is not there",
    "is told that a Task cannot go there",
    "is told that a Task is not read",
    "is told that it needs a token",
)
_REASON = "http://terminology.hl7.org/CodeSystem/v3-ActReason"
_CENTER, _TOKEN = "sunrise", "answers-of-sunrise"
_PATIENCE = 90.0
_SECONDS = 120


@dataclass
class _Answerable(Stage):
    """The demo's stage, where Sunrise may write its answers to the hub too."""

    def _settings(self) -> None:
        super()._settings()
        file = self.folder / "hub.toml"
        own = 'token = { file = "secrets/sunrise" }\n'
        digest = sha256(_TOKEN.encode()).hexdigest()
        text = file.read_text()
        assert text.count(own) == 1
        file.write_text(text.replace(own, f'{own}answer_token = {{ sha256 = "{digest}" }}\n'))


@contextmanager
def _delivered() -> Iterator[tuple[Stage, str]]:
    """A hub at work, and the number of a referral that Sunrise holds. Raises RuntimeError when it does not arrive."""
    with tempfile.TemporaryDirectory() as name, _Answerable(folder=Path(name), once=True) as stage:
        for source, case in (
            ("riverton-cad", "riverton-webhook/story-3-call"),
            ("cedar-app", "incident/story-3-contact"),
        ):
            body = next(sample(case).glob("input.*")).read_bytes()
            status, _ = call("POST", f"{stage.hub_url}/ingest/{source}", body=body, token=stage.tokens[source])
            if status not in (200, 202):
                raise RuntimeError(f"the hub answered {status} to {source}")
        end = time.monotonic() + _PATIENCE
        while not (held := desk(stage, _CENTER)):
            if time.monotonic() > end:
                raise RuntimeError("the referral was not delivered")
            time.sleep(0.1)
        yield stage, _number(held[0])


def _number(referral: dict[str, Any]) -> str:
    (number,) = referral["hub_ref"]["task"]["identifier"]
    return str(number["value"])


def _plan(stage: Stage, name: str, task: str, status: str, impossible: str) -> Json:
    """What a library is told: addresses, tokens, and what it is to send."""
    coded = {"system": "http://hl7.org/fhir/sid/icd-10-cm", "code": "F10.20"}
    condition = {
        "resourceType": "Condition",
        "id": "c",
        "subject": {"reference": "Patient/p"},
        "code": {"coding": [coded]},
    }
    asked = [
        {"name": "resource", "resource": condition},
        {"name": "recipient", "valueReference": {"reference": "Organization/lakeshore-cmhc"}},
        {"name": "purpose", "valueCoding": {"system": _REASON, "code": "TREAT"}},
    ]
    return {
        "base": f"{stage.hub_url}/fhir",
        "root": stage.hub_url,
        "center": _TOKEN,
        "source": stage.tokens["cedar-app"],
        "task": task,
        "status": status,
        "impossible": impossible,
        "condition": condition,
        "asked": {"resourceType": "Parameters", "parameter": asked},
        "message": _message(name, task, status),
    }


def _message(name: str, task: str, status: str) -> Json:
    event = {"system": "https://warmhandoff.org/fhir/CodeSystem/message-event", "code": "referral-response"}
    header = {"resourceType": "MessageHeader", "eventCoding": event, "source": {"endpoint": "https://ehr.example/fhir"}}
    said = {
        "resourceType": "Task",
        "identifier": [{"system": "https://warmhandoff.org/fhir/sid/task", "value": task}],
        "status": status,
        "intent": "order",
    }
    entry = [{"resource": header}, {"resource": said}]
    return {"resourceType": "Bundle", "id": f"{name}-{status}", "type": "message", "entry": entry}


def check() -> Outcome:
    """Every step of every library."""
    engine = node()
    programs = {name: [str(scripts() / "bin" / "python"), str(_script(f"client_{name}.py"))] for name in PACKAGES}
    problems: list[str] = []
    with _delivered() as (stage, task):
        for name, status, impossible in _SAYS:
            command = programs.get(name) or engine.command("client_kit.mjs")
            problems += [
                f"{_named(name)}: {wrong}" for wrong in _steps(command, _plan(stage, name, task, status, impossible))
            ]
    named = ", ".join(_named(name) for name, *_ in _SAYS)
    detail = (
        f"{named} against `handoff run`: each reads the CapabilityStatement, answers a Task (update, the same again, "
        f"message), $label, $decide, and gets every refusal as its own error; {len(_SAYS) * len(STEPS)} steps"
    )
    facts = (
        "The hub: the demo's settings, a process of its own, with one referral delivered to a sample EHR.",
        "Each library: " + "; ".join(STEPS) + ".",
        "Not asked for: read and search, which the hub does not promise; a read is refused with 405.",
    )
    return judged("clients", detail, problems, facts)


def _script(name: str) -> Path:
    return Path(__file__).with_name(name)


def _named(name: str) -> str:
    return f"fhir-kit-client {KIT}" if name == "kit" else PACKAGES[name].replace("==", " ")


def _steps(command: list[str], plan: Json) -> list[str]:
    """What went wrong, step by step; a library that stops has not done the rest."""
    with tempfile.TemporaryDirectory() as name:
        file = Path(name) / "plan.json"
        file.write_text(json.dumps(plan))
        done = subprocess.run([*command, str(file)], capture_output=True, text=True, timeout=_SECONDS, check=False)
    made = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    wrong = [f"{one['step']}: {one['said']}" for one in made if not one["ok"]]
    wrong += [f"{step}: not done" for step in STEPS if step not in {one["step"] for one in made}]
    return wrong
