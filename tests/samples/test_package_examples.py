"""The package's examples are what the product makes of every golden sample: made again, and compared."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import profiles
from hub.audit import Event, to_fhir
from hub.loop.reply import from_message
from mappings.fhir.profile import claim
from mappings.partner import GENERIC
from mappings.render import render
from profiles.examples import Example, each_once, examples, pack, single
from tests.conformance.outputs import MESSAGES, SAMPLES, Output, outputs

FILE = Path(profiles.__file__).parent / "generated" / "examples.json.gz"

#: Acts of a hub with the values that it gives its audit: (id, what it shows, the event). `patient`: with the person.
ACTS: tuple[tuple[str, str, dict[str, Any]], ...] = (
    (
        "disclosure-sent",
        "A referral went to a center: the disclosure that accounting counts.",
        {"who": "hub-1", "action": "E", "kind": "disclosure", "entity_type": "delivery", "entity_id": "12"}
        | {"purpose": "TREAT", "detail": ("to:lakeshore-cmhc", "sent"), "patient": True},
    ),
    (
        "answer-taken",
        "A center answered a referral, and the Task moved.",
        {"who": "destination:lakeshore", "action": "U", "kind": "answer", "detail": ("accepted",), "patient": True},
    ),
    (
        "outcome-withheld",
        "An agency asked what became of a referral, and no authorization named it: nothing was told.",
        {"who": "organization:riverton-pd", "action": "R", "kind": "outcome", "outcome": "4"}
        | {"purpose": "outcome-feedback", "detail": ("withheld",), "patient": True},
    ),
    (
        "alarm-unanswered",
        "Nobody answered in time: the alarm of a referral rang.",
        {"who": "hub-1", "action": "E", "kind": "alarm.unanswered", "outcome": "4"},
    ),
    (
        "hold-released",
        "A person settled what the hub had held back.",
        {"who": "privacy-officer", "action": "U", "kind": "hold.released", "entity_type": "hold", "entity_id": "7"}
        | {"detail": ("release.no-origin", "origin-shown")},
    ),
)


def _shows(case: Path) -> str:
    """What the case's note says first."""
    return " ".join((case / "note.md").read_text().strip().split("\n\n")[0].split())


def made() -> Iterator[Example]:
    """Every example: of each sample the Bundle and its referrals' messages, then the audit records of one story."""
    for output in outputs():
        shows = _shows(SAMPLES / output.name.partition("#")[0])
        whole = json.loads(render(output.bundle, GENERIC))
        yield Example(sample=output.name, form="transaction", shows=shows, resource=whole)
        for referral in output.referrals:
            message = json.loads(render(referral, MESSAGES))
            yield Example(sample=output.name, form="message", shows=shows, resource=message)
            update = json.loads(render(referral, MESSAGES, update=True))
            yield Example(sample=output.name, form="update", shows=shows, resource=update)
    yield _answered()
    yield from _audited()


def _story() -> Output:
    return next(output for output in outputs() if output.name == "incident/story-1-contact#1")


def _answered() -> Example:
    """A center's answer as docs/centers.md shows it, to the referral of the first story."""
    whole = json.loads(render(_story().referrals[0], MESSAGES))
    task = next(e["resource"] for e in whole["entry"] if e["resource"]["resourceType"] == "Task")
    header = {
        "resourceType": "MessageHeader",
        "id": "example-answer",
        "eventCoding": {"system": "https://warmhandoff.org/fhir/CodeSystem/message-event", "code": "referral-response"},
        "source": {"endpoint": "https://ehr.example/fhir"},
        "response": {"identifier": whole["entry"][0]["resource"]["id"], "code": "ok"},
        "focus": [{"reference": "urn:uuid:3f0a4f0e-53ab-4d8c-9d0c-5d0f2b6f7a10"}],
    }
    answer = {
        "resourceType": "Task",
        "id": "example-answer",
        "identifier": task["identifier"],
        "status": "accepted",
        "intent": "order",
        "output": [{"type": {"text": "appointment"}, "valueDateTime": "2026-11-24T09:00:00-07:00"}],
    }
    bundle = {
        "resourceType": "Bundle",
        "id": "example-answer",
        "meta": claim("answer-message"),
        "type": "message",
        "timestamp": "2026-11-21T15:30:00-07:00",
        "entry": [
            {"fullUrl": "urn:uuid:c6f1ab4e-9b5f-4c38-8a6e-2a4f3f3b9d11", "resource": header},
            {"fullUrl": "urn:uuid:3f0a4f0e-53ab-4d8c-9d0c-5d0f2b6f7a10", "resource": answer},
        ],
    }
    shows = "A center takes the person of the first story, with a date."
    return Example(sample=_story().name, form="answer", shows=shows, resource=bundle)


def _audited() -> Iterator[Example]:
    story = _story()
    ids = {entry["resource"]["resourceType"]: entry["resource"]["id"] for entry in story.bundle["entry"]}
    for name, shows, told in ACTS:
        values = {"entity_type": "Task", "entity_id": ids["Task"], **told}
        if values.pop("patient", False):
            values["patient_id"] = ids["Patient"]
        at = datetime.fromisoformat("2026-11-21T09:05:00-07:00")
        record = {"resourceType": "AuditEvent", "id": f"example-{name}"}
        record |= to_fhir(Event(**values, at=at, source="hub-1"))
        yield Example(sample=story.name, form="audit", shows=shows, resource=record)


def test_the_examples_are_those_of_the_samples(update_samples: bool) -> None:
    made_now = tuple(made())
    if update_samples:
        FILE.write_bytes(pack(made_now))
        examples.cache_clear()
    assert [(e.sample, e.form) for e in examples()] == [(e.sample, e.form) for e in made_now]
    for shipped, now in zip(examples(), made_now, strict=True):
        assert shipped == now, shipped.sample


def test_every_sample_is_an_example() -> None:
    """Also the golden file itself: its Bundle is an example, with the labels that the hub puts on it."""
    transactions = {e.resource["id"]: e.resource for e in examples() if e.form == "transaction"}
    for file in SAMPLES.glob("*/*/expected.bundle.json"):
        found = json.loads(file.read_text())
        for golden in found if isinstance(found, list) else [found]:
            ours = transactions[golden["id"]]
            assert [e["fullUrl"] for e in ours["entry"]] == [e["fullUrl"] for e in golden["entry"]]
            for entry, expected in zip(ours["entry"], golden["entry"], strict=True):
                assert {k: v for k, v in entry["resource"].items() if k not in ("meta", "resourceType")} == {
                    k: v for k, v in expected["resource"].items() if k not in ("meta", "resourceType")
                }


def test_ids_are_valid_and_name_one_example() -> None:
    names = Counter(example.name for example in examples())
    assert [name for name, times in names.items() if times > 1] == []
    for resource in each_once(examples()).values():
        assert re.fullmatch(r"[A-Za-z0-9\-.]{1,64}", resource["id"])


def _references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        if isinstance(value.get("reference"), str):
            yield value["reference"]
        for item in value.values():
            yield from _references(item)
    elif isinstance(value, list):
        for item in value:
            yield from _references(item)


def test_each_bundle_is_whole() -> None:
    for example in examples():
        if example.resource["resourceType"] == "Bundle":
            inside = {entry["fullUrl"] for entry in example.resource["entry"]}
            assert set(_references(example.resource["entry"])) <= inside, example.sample


def test_each_resource_by_itself_refers_to_another_example() -> None:
    there = {name.replace("-", "/", 1) for name in each_once(examples())}
    for example in examples():
        if example.resource["resourceType"] == "Bundle":
            for resource in single(example.resource):
                assert set(_references(resource)) <= there


def test_every_form_and_what_it_shows_is_there() -> None:
    assert {e.form for e in examples()} == {"transaction", "message", "update", "answer", "audit"}
    assert all(e.shows for e in examples())


def test_the_answer_is_one_that_the_hub_takes() -> None:
    (answer,) = (e.resource for e in examples() if e.form == "answer")
    reply = from_message(answer)
    assert (reply.status, reply.appointment) == ("accepted", "2026-11-24T09:00:00-07:00")
    sent = next(e.resource for e in examples() if e.form == "message" and e.sample == _story().name)
    assert reply.control_id == sent["entry"][0]["resource"]["id"]
