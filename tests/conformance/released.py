"""Referrals as they leave: decided, redacted, with the notice and the scope where a law asks for them, and rendered.

`outputs` has what is made of the samples; here it goes through the release, as the hub sends it, from a covered entity
and from a Part 2 program, to each kind of destination: a transaction, its update, a message, its update, and the
messages of a receiver that takes few resource types.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime
from functools import partial

from hub.loop.releasing import actors_of, named
from hub.release import STATEMENT_1, STATEMENT_2, Context, Party, release
from mappings.incident import Role
from mappings.labels import Origin
from mappings.partner import GENERIC, Partner
from mappings.render import render
from tests.conformance.outputs import MESSAGES, Json, Output, outputs

#: A receiver of messages that lists what it takes, and has names of its own for the events, as EHRs document theirs.
FEW = replace(
    MESSAGES,
    id="few",
    event="http://receiver.example/fhir/message-events|submit-service-request",
    update_event="http://receiver.example/fhir/message-events|update-service-request",
    resource_types=frozenset(
        {"ServiceRequest", "Patient", "Condition", "Observation", "Coverage", "Practitioner", "PractitionerRole",
         "Organization", "QuestionnaireResponse"}
    ),
)  # fmt: skip
_FORMS: tuple[tuple[str, Partner], ...] = (("transaction", GENERIC), ("message", MESSAGES), ("few", FEW))
_POSTURES: tuple[Role, ...] = ("covered-entity", "part2-program")


def released(at: datetime) -> Iterator[tuple[str, Json]]:
    """(name, Bundle) of each referral as it goes in each form, from each posture; what is held or withheld is none.

    Raises LookupError when none goes with a notice: then the notice was not tried.
    """
    noticed = False
    for output in outputs():
        for number, package in enumerate(output.referrals, 1):
            for posture in _POSTURES:
                for form, to in _FORMS:
                    for update in (False, True):
                        sent = _sent(package, posture, to, at, update=update)
                        if sent is not None:
                            said = "update" if update else "new"
                            yield f"released {posture} {form} {said} {output.name} {number}", json.loads(sent)
                            noticed = noticed or STATEMENT_1.encode() in sent or STATEMENT_2.encode() in sent
    if not noticed:
        raise LookupError("no referral goes with a notice")


def unreferred() -> Iterator[tuple[str, Json]]:
    """What refers nobody, as a message: contacts, and the feeds of HL7 v2 (`handoff translate --as message`)."""
    for output in outputs():
        if not output.referrals and _is_about(output, "Encounter", "ServiceRequest"):
            yield f"message {output.name}", json.loads(render(output.bundle, MESSAGES))


def _is_about(output: Output, *kinds: str) -> bool:
    return "id" in output.bundle and any(entry["resource"]["resourceType"] in kinds for entry in output.bundle["entry"])


def _sent(package: Json, posture: Role, to: Partner, at: datetime, *, update: bool) -> bytes | None:
    entries = [entry["resource"] for entry in package["entry"]]
    task = next(one for one in entries if one["resourceType"] == "Task")
    actors = actors_of(package)
    reference = task.get("owner", {}).get("reference", "Organization/lakeshore-cmhc")
    owner = actors.get(reference, {"identifier": []})
    outcome = release(
        package,
        [Origin(reference="cedar-coresponse", role=posture)] * len(entries),
        Context(
            discloser=Party(reference="Organization/cedar-coresponse", role=posture, identifiers=_all(entries, owner)),
            recipient=Party(
                reference=reference,
                role="covered-entity",
                identifiers=frozenset(f"{one.get('system', '')}|{one['value']}" for one in owner["identifier"]),
                duties=frozenset({"treating"}),
            ),
            purpose="TREAT",
            patient=task["for"]["reference"],
            at=at,
            actors=actors,
        ),
        named([one for one in entries if one["resourceType"] == "Consent"], package),
        render=partial(render, partner=to, update=update),
        media_type="application/fhir+json",
        partner=to,
    )
    return outcome.release.bytes if outcome.release is not None else None


def _all(entries: list[Json], owner: Json) -> frozenset[str]:
    """The numbers of every organization in it but the recipient: whoever a consent lets disclose."""
    return frozenset(
        f"{one.get('system', '')}|{one['value']}"
        for resource in entries
        if resource["resourceType"] == "Organization" and resource != owner
        for one in resource["identifier"]
    )
