"""A claim of a profile is no news for a center; a label is. What an answer leaves claims what it meets."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import orjson

from hub.loop.package import digest
from hub.loop.reply import Reply, moved
from mappings.fhir.profile import claim

SAMPLE = Path(__file__).parents[3] / "samples" / "incident" / "contact-form-referral" / "expected.bundle.json"
TASK: dict[str, Any] = next(
    each["resource"]
    for each in orjson.loads(SAMPLE.read_bytes())["entry"]
    if each["resource"]["resourceType"] == "Task"
)
NOW = "2026-11-21T21:30:00Z"


def of(meta: dict[str, Any] | None) -> str:
    resource = {"resourceType": "Basic", "id": "b", **({} if meta is None else {"meta": meta})}
    return digest({"entry": [{"resource": resource}]})


def test_a_claim_is_no_news_and_a_label_is() -> None:
    security = [{"code": "R"}]
    assert of(None) == of(claim("caution-flag"))
    assert of({"security": security}) == of({"security": security, **claim("caution-flag")})
    assert of({"security": security}) != of(None)


def test_a_moved_task_keeps_its_labels_and_claims() -> None:
    labelled = {**TASK, "meta": {**TASK["meta"], "security": [{"code": "R"}]}}
    found = moved(labelled, Reply(task_ids=("t",), status="accepted", business="on our Tuesday list"), now=NOW)
    assert found is not None
    assert found["businessStatus"] == {"text": "on our Tuesday list"}
    assert found["meta"] == labelled["meta"]


def test_a_task_that_an_answer_brings_out_of_its_profile_does_not_claim_it() -> None:
    found = moved(TASK, Reply(task_ids=("t",), status="accepted", business="delivered"), now=NOW)
    assert found is not None
    ours, gravity = claim("referral-task")["profile"]
    # Accepted, and said to be no more than delivered (wh-delivered).
    assert found["meta"]["profile"] == [gravity]
    assert ours not in found["meta"]["profile"]


def test_a_cancelled_referral_has_the_code_of_it() -> None:
    found = moved(TASK, Reply(task_ids=("t",), status="cancelled"), now=NOW)
    assert found is not None
    assert found["businessStatus"]["coding"][0]["code"] == "cancelled"
