"""`medplum-server`: our transactions against an independent FHIR implementation, Medplum's router in memory.

It is not an EHR, checks nothing on write and does not roll back. What it shows: that another's server takes the
transaction, resolves what its entries say of each other, and that sending it again makes nothing twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

from mappings.partner import GENERIC
from mappings.render import render
from tests.conformance.node import MEDPLUM, node
from tests.conformance.outcome import Outcome, judged
from tests.conformance.outputs import MESSAGES, outputs
from tests.conformance.peer import Server, controls, stored, updated

#: What this server takes in one serializable transaction (its documentation of transaction bundles).
_STRICT_ENTRIES = 8


@contextmanager
def _running() -> Iterator[Server]:
    server = Server(node().command("server.mjs"))
    try:
        yield server
    finally:
        server.close()


def check() -> Outcome:
    """Each transaction: accepted, read back equal, references resolved, found by search, not doubled by a resend."""
    problems: list[str] = []
    sent = resources = found = 0
    message: bytes | None = None
    with _running() as server:
        for output in outputs():
            forms = [("transaction", output.bundle)]
            forms += [(f"referral {number}", package) for number, package in enumerate(output.referrals, 1)]
            for form, bundle in forms:
                store = f"/store-{sent}"
                wrong, searched = stored(server, store, render(bundle, GENERIC))
                if form != "transaction":
                    wrong += updated(server, store, render(bundle, GENERIC, update=True))
                problems += [f"{output.name} {form}: {one}" for one in wrong]
                sent, resources, found = sent + 1, resources + len(bundle["entry"]), found + searched
            for package in output.referrals:
                message = message or render(package, MESSAGES)
        problems += controls(server, (f"/control-{number}" for number in count()).__next__)
        problems += _strict(server)
        answered, _ = server.call("POST", "/messages/$process-message", message)
    larger = sum(len(package["entry"]) > _STRICT_ENTRIES for output in outputs() for package in output.referrals)
    referrals = sum(len(output.referrals) for output in outputs())
    detail = (
        f"@medplum/fhir-router {MEDPLUM}, transactions feature off: {sent} transactions of {resources} resources "
        f"accepted, read back equal, references resolved, {found} found by identifier and by patient; a resend and an "
        f"update made none anew. With it on, {larger} of {referrals} referrals exceed {_STRICT_ENTRIES} entries"
    )
    facts = (
        f"Server: @medplum/fhir-router {MEDPLUM} over its in-memory repository, on loopback.",
        "It checks nothing on write and does not roll back: it is evidence of form and references, not of validity.",
        "Its transactions feature is off unless asked for: a transaction is then carried out entry by entry.",
        f"With the feature on it takes at most {_STRICT_ENTRIES} entries where one is a conditional create, and "
        f"{larger} of {referrals} referrals have more: it refuses them. What is within the limit, it accepts. A "
        "destination of this kind must have the feature off.",
        "Controls: without ifNoneExist a resend does double; a reference to a missing entry is noticed.",
    )
    if answered < 300:
        problems.append("$process-message was taken: look at what it makes of it")
    not_run = (f"$process-message: this server answers {answered}, as it has none",)
    return judged("medplum-server", detail, problems, facts, not_run=not_run)


def _strict(server: Server) -> list[str]:
    """With the transactions feature on: what is refused though it is within that feature's documented size."""
    return [
        f"{output.name}: refused with the transactions feature on"
        for number, output in enumerate(outputs())
        if len(output.bundle["entry"]) <= _STRICT_ENTRIES
        and server.call("POST", f"/strict-{number}/", render(output.bundle, GENERIC))[0] != 200
    ]
