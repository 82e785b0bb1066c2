"""SMART's fhirclient against the hub (see clients.py). Runs in the clients' own environment.

Its models are strict: what they do not know in a CapabilityStatement or a Parameters is an error.
"""

from typing import Any

from client_steps import MISSING, PLAN, decided, labelled, promised, refused, step
from fhirclient import server
from fhirclient.models import bundle, parameters, task
from fhirclient.server import FHIRNotFoundException, FHIRUnauthorizedException
from requests import HTTPError, Session


def server_of(base: str, token: str | None) -> server.FHIRServer:
    made = server.FHIRServer(None, base_uri=base)
    made.session = Session()
    if token is not None:
        made.session.headers["Authorization"] = f"Bearer {token}"
    return made


center, source = server_of(PLAN["base"], PLAN["center"]), server_of(PLAN["base"], PLAN["source"])
beside = server_of(PLAN["root"], PLAN["center"])


def put(identity: str, status: str, at: server.FHIRServer = center) -> Any:
    return task.Task({"id": identity, "status": status, "intent": "order"}).update(at)


def asked(path: str, body: dict[str, Any]) -> dict[str, Any]:
    answer = source.post_json(path, body)
    return dict(parameters.Parameters(answer.json()).as_json())


def status_is(number: int) -> Any:
    return lambda error: isinstance(error, HTTPError) and error.response.status_code == number


step("reads the CapabilityStatement", lambda: promised(center.capabilityStatement.as_json()))
step("updates the Task", lambda: put(PLAN["task"], PLAN["status"]) is None)
step("updates it with the same again", lambda: put(PLAN["task"], PLAN["status"]) is None)
step(
    "sends the answer as a message",
    lambda: beside.post_json("answers/message", bundle.Bundle(PLAN["message"]).as_json()).status_code == 200,
)
step("has a record labelled", lambda: labelled(asked("$label", PLAN["condition"])))
step("has a release decided", lambda: decided(asked("$decide", parameters.Parameters(PLAN["asked"]).as_json())))
step(
    "is told that a Task is not there",
    lambda: refused(lambda: put(MISSING, "accepted"), lambda error: isinstance(error, FHIRNotFoundException)),
)
step(
    "is told that a Task cannot go there",
    lambda: refused(lambda: put(PLAN["task"], PLAN["impossible"]), status_is(409)),
)
step("is told that a Task is not read", lambda: refused(lambda: task.Task.read(PLAN["task"], center), status_is(405)))
step(
    "is told that it needs a token",
    lambda: refused(
        lambda: put(PLAN["task"], PLAN["status"], server_of(PLAN["base"], None)),
        lambda error: isinstance(error, FHIRUnauthorizedException),
    ),
)
