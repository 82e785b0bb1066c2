"""Another system's question whether something may go: its own records, decided as this deployment declares.

The caller's organization discloses, with its declared posture, and all that it asks about is its record; a Provenance
among the entries can add that something came from a Part 2 program, and takes nothing away. A recipient that is
configured has its declared role, whatever the question says; of another the question says it. Beside the consents that
come with the question stand those that the caller's own custody holds of the patient, if the question names the
patient as this hub does. Nothing is sent or kept; that it was asked, for what purpose and how it ended, is in the audit
before the answer leaves.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import orjson

from hub.errors import ReceiveError
from hub.loop import declared, restricted
from hub.loop.context import Hub
from hub.loop.record import audit
from hub.loop.releasing import origin, party, policy_for
from hub.release import decide_json, hook, parameters
from hub.settings import SID_ORGANIZATION, Settings, SourceSection
from hub.store import documents
from hub.store.tx import Tx
from mappings.labels import label
from mappings.times import instant

Json = dict[str, Any]


def by_parameters(hub: Hub, source: SourceSection, body: bytes) -> Json:
    """The answer to `POST /fhir/$decide` (OperationDefinition/decide).

    Raises ReceiveError `receive.not-json`, ReleaseError `release.bad-request` with the place.
    """
    return parameters.answer_of(_decided(hub, source, parameters.question_of(_json(body))))


def by_hook(hub: Hub, source: SourceSection, body: bytes) -> Json:
    """The answer to a request of the CDS hook `patient-consent-consult`. Raises as `by_parameters` does."""
    document = _json(body)
    asked = hook.questions_of(document)
    return hook.answer_of([_decided(hub, source, one) for one in asked], kinds=hook.asks_kinds(document))


def note(tx: Tx, hub: Hub, source: SourceSection, outcome: str, *, refused: bool) -> None:
    """The audit event of one question: by which credential, and the decision; nothing of the records or the patient.

    `refused`: it could not be decided, and `outcome` is the rule that says why.
    """
    audit(
        tx,
        hub,
        who=f"source:{source.name}",
        action="E",
        kind="decision",
        entity=("Organization", source.organization),
        outcome="4" if refused else "0",
        custody=source.organization,
        detail=(outcome,),
    )


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        place = f"{error.lineno}:{error.colno}"
        raise ReceiveError("receive.not-json", "not JSON", path=place, code="structure") from None


def _decided(hub: Hub, source: SourceSection, question: Json) -> Json:
    settings = hub.settings
    asked: Json = question["request"]
    own = party(settings, source.organization)
    recipient, to = _recipient(settings, asked["recipient"])
    policy = policy_for(settings, source.organization, to or "")
    if to is None:
        exchange = declared.exchange_of(settings, source.organization, "", recipient["role"])
        policy = policy if exchange is None else replace(policy, exchange=exchange)
    entries = _labelled(hub, source, asked["entries"], question["urls"])
    document = {
        "consents": [*question["consents"], *restricted.toward(settings, _kept(hub, source, asked.get("patient")), to)],
        "request": {
            "at": instant(hub.clock()),
            "zone": next((a.zone for a in settings.agency if a.id == source.organization), settings.hub.zone),
            **asked,
            "discloser": {
                "reference": own.reference,
                "role": own.role,
                "identifier": [
                    dict(zip(("system", "value"), one.split("|", 1), strict=True)) for one in sorted(own.identifiers)
                ],
            },
            "recipient": recipient,
            "entries": entries,
            "origins": [own.reference] * len(entries),
            "postures": {own.reference: own.role},
            "actors": {**declared.affiliations(settings), **asked.get("actors", {})},
        },
    }
    return decide_json(document, policy=policy)


def _recipient(settings: Settings, given: Json) -> tuple[Json, str | None]:
    """The recipient with its declared role, if it is configured, and its id in the settings."""
    identifiers = given.get("identifier")
    many = identifiers if isinstance(identifiers, list) else [identifiers]
    names = {f"{one.get('system', '')}|{one.get('value', '')}" for one in many if isinstance(one, dict)}
    for section in settings.organization:
        reference = f"Organization/{section.id}"
        if given.get("reference") == reference or names & declared.identifiers_of(settings, section.id):
            ours = {"system": SID_ORGANIZATION, "value": section.id}
            named = [one for one in many if isinstance(one, dict)]
            return {**given, "reference": reference, "identifier": [*named, ours], "role": section.posture}, section.id
    return given, None


def _labelled(hub: Hub, source: SourceSection, entries: list[Json], urls: list[str | None]) -> list[Json]:
    """The entries labelled together, so that what one says of another's origin counts."""
    together = [
        {"resource": one} if url is None else {"fullUrl": url, "resource": one}
        for one, url in zip(entries, urls, strict=True)
    ]
    bundle = {"resourceType": "Bundle", "type": "collection", "entry": together}
    marked = label(
        bundle,
        origin=origin(hub.settings, source.organization),
        policy=hub.settings.label_policy,
        postures=hub.settings.postures(),
        text=hub.settings.label_text,
    )
    return [entry["resource"] for entry in marked.resource["entry"]]


def _kept(hub: Hub, source: SourceSection, patient: str | None) -> list[Json]:
    """The Consents of this patient that the caller's own custody holds, naming the patient as the question does."""
    if patient is None:
        return []
    identity = patient.removeprefix("urn:uuid:").rpartition("/")[2]
    held = hub.store.read(lambda tx: documents.by_patient(tx, identity, "Consent"))
    return [
        {**one.resource, "patient": {"reference": patient}}
        for one in held
        if one.custody == source.organization and one.resource is not None
    ]
