"""fhirpy against the hub (see clients.py). Runs in the clients' own environment."""

from client_steps import MISSING, PLAN, decided, labelled, promised, refused, step
from fhirpy import SyncFHIRClient
from fhirpy.base.exceptions import AuthorizationError, OperationOutcome, ResourceNotFound

center = SyncFHIRClient(PLAN["base"], authorization=f"Bearer {PLAN['center']}")
source = SyncFHIRClient(PLAN["base"], authorization=f"Bearer {PLAN['source']}")
beside = SyncFHIRClient(PLAN["root"], authorization=f"Bearer {PLAN['center']}")


def task(identity: str, status: str, client: SyncFHIRClient = center):
    return client.resource("Task", id=identity, status=status, intent="order")


def rules(error: OperationOutcome) -> set[str]:
    return {issue["code"] for issue in error.resource["issue"]}


step("reads the CapabilityStatement", lambda: promised(center.execute("metadata", method="get")))
step("updates the Task", lambda: task(PLAN["task"], PLAN["status"]).save().id == PLAN["task"])
step("updates it with the same again", lambda: task(PLAN["task"], PLAN["status"]).update().id == PLAN["task"])
step(
    "sends the answer as a message",
    lambda: beside.execute("answers/message", data=PLAN["message"])["resourceType"] == "OperationOutcome",
)
step("has a record labelled", lambda: labelled(source.execute("$label", data=PLAN["condition"])))
step("has a release decided", lambda: decided(source.execute("$decide", data=PLAN["asked"])))
step(
    "is told that a Task is not there",
    lambda: refused(lambda: task(MISSING, "accepted").save(), lambda error: isinstance(error, ResourceNotFound)),
)
step(
    "is told that a Task cannot go there",
    lambda: refused(
        lambda: task(PLAN["task"], PLAN["impossible"]).save(),
        lambda error: isinstance(error, OperationOutcome) and bool(rules(error) & {"conflict", "business-rule"}),
    ),
)
step(
    "is told that a Task is not read",
    lambda: refused(
        lambda: center.get("Task", PLAN["task"]),
        lambda error: isinstance(error, OperationOutcome) and rules(error) == {"not-supported"},
    ),
)
step(
    "is told that it needs a token",
    lambda: refused(
        lambda: task(PLAN["task"], PLAN["status"], SyncFHIRClient(PLAN["base"])).save(),
        lambda error: isinstance(error, AuthorizationError),
    ),
)
