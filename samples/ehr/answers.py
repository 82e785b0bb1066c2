"""How each decision goes back: by message, by Task, by HL7 v2. The way out is the way in."""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from typing import Any

import message
import v2
from desk import Answer, Answerer, Referral
from fhir import ID, TASK_SYSTEM, Repository
from outbox import Entry, Outbox


def answerers(
    *, name: str, endpoint: Callable[[], str], repository: Repository, outbox: Outbox, push: bool
) -> dict[str, Answerer]:
    """One answerer for each way in."""

    def posted(entry: Entry) -> Answer:
        return Answer(
            files=outbox.files([entry]),
            outgoing=[entry["id"]],
            committed=lambda: outbox.adopt([entry]),
        )

    def by_message(referral: Referral, decision: dict[str, Any]) -> Answer:
        bundle = message.answer(referral["hub_ref"], decision, name=name, endpoint=endpoint())
        return posted(outbox.http(referral["id"], "POST", "/answers/message", json.dumps(bundle)))

    def by_v2(referral: Referral, decision: dict[str, Any]) -> Answer:
        control_id = uuid.uuid4().hex[:20]  # MSH-10 has 20 characters in v2.5.1
        build = v2.appointment_notice if decision["do"] == "schedule" else v2.referral_answer
        number = referral["id"]
        text = build(referral["hub_ref"], decision, name=name, number=number, control_id=control_id)
        return posted(outbox.mllp(number, control_id, text))

    def by_task(referral: Referral, decision: dict[str, Any]) -> Answer:
        hub_ref = referral["hub_ref"]
        stage = repository.stage()
        ident = hub_ref["task"]["id"]
        if ident is None:  # a ServiceRequest came alone: the Task to answer with is this EHR's own
            ident = f"referral-{referral['id']}"
            order = {"reference": f"ServiceRequest/{hub_ref['service_request']['id']}"}
            fresh = {"resourceType": "Task", "id": ident, "intent": "order", "basedOn": [order], "focus": order}
            task = stage.get("Task", ident) or fresh
        else:
            task = stage.get("Task", ident) or message.decision_task(ident, hub_ref, decision)
        task = {k: v for k, v in task.items() if k != "statusReason"} | message.task_changes(decision)
        if decision["do"] == "schedule":
            booked = str(uuid.uuid4())
            stage.put(message.appointment(booked, hub_ref, decision, name))
            task["output"] = message.appointment_output(decision, f"Appointment/{booked}")
        stage.put(task)
        answer = Answer(files=stage.files(), committed=lambda: repository.keep(stage))
        hub_task = next((i["value"] for i in hub_ref["task"]["identifier"] if i.get("system") == TASK_SYSTEM), "")
        if not push or not ID.fullmatch(str(hub_task)):
            return answer
        sent = message.decision_task(hub_task, hub_ref, decision)
        if decision["do"] == "schedule":
            sent["output"] = message.appointment_output(decision)
        entry = outbox.http(referral["id"], "PUT", f"/fhir/Task/{hub_task}", json.dumps(sent))

        def committed() -> None:
            repository.keep(stage)
            outbox.adopt([entry])

        answer.files |= outbox.files([entry])
        answer.outgoing, answer.committed = [entry["id"]], committed
        return answer

    return {"message": by_message, "transaction": by_task, "v2": by_v2}
