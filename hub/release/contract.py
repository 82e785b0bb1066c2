"""`handoff decide` and `handoff release` as JSON (design, section 9): one document in, one value out.

Entries are labelled here as they are, not validated. A document that is not what the contract says raises ReleaseError
`release.bad-request` with the place and no value. `release_json` writes what that recipient would get and nothing
about the rest: the same Bundle without entries whether a thing was withheld, held or was never there.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, get_args
from uuid import UUID

from hub.errors import ReleaseError
from hub.release.consent import moment
from hub.release.decide import decide
from hub.release.decision import Decision
from hub.release.law import Evidence
from hub.release.naming import Party
from hub.release.notice import artifacts, carry_notice, refuses
from hub.release.outcome import born
from hub.release.policy import DEFAULT, ReleasePolicy
from hub.release.redact import redact
from hub.release.request import Entry, Request
from hub.release.seal import seal
from hub.release.withheld import beside
from mappings.fhir.bundle import derived_id
from mappings.incident import Role
from mappings.labels.marking import Labelled, high_water, label
from mappings.labels.origin import Origin
from mappings.partner import GENERIC
from mappings.times import zone as iana

Json = dict[str, Any]

_ROLES = get_args(Role)
_LAWS = ("part2", "hipaa", "consent")
#: For an entry whose law is given: its origin adds no label of its own.
_NO_ORIGIN = Origin(reference="", role="other")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    request: Request
    consents: list[Json]
    labelled: list[Labelled]


def decide_json(document: Json, *, policy: ReleasePolicy = DEFAULT) -> Json:
    """The decision about each entry of a document of design section 9. Raises ReleaseError `release.bad-request`."""
    asked = _read(document, policy)
    return decide(asked.request, asked.consents, policy=_with_ages(policy, document)).to_json()


def release_json(document: Json, *, policy: ReleasePolicy = DEFAULT) -> Json:
    """What that recipient would get: a collection Bundle of what may go, redacted and labelled, with its notice.

    Raises ReleaseError `release.bad-request`, and Leak if a withheld value were in it.
    """
    asked = _read(document, policy)
    decision = decide(asked.request, asked.consents, policy=_with_ages(policy, document))
    nothing: Json = {"resourceType": "Bundle", "type": "collection"}
    bundle: Json = {**nothing, "entry": [_entry(one) for one in asked.labelled]} if asked.labelled else nothing
    redacted = redact(high_water(bundle), decision)
    if not redacted.kept:
        return nothing
    used = [one for one in decision.scope(redacted.kept) if not refuses(one)]
    carried = carry_notice(redacted.bundle, _obligations(decision, redacted.kept), GENERIC, consents=used)
    addressed = {**carried, "entry": [_addressed(entry) for entry in carried["entry"]]}
    seal(
        json.dumps(addressed, ensure_ascii=False).encode(),
        recipient=asked.request.recipient.reference or "",
        purpose=asked.request.purpose,
        media_type="application/fhir+json",
        withheld=redacted.withheld if carried is redacted.bundle else beside(redacted.withheld, artifacts(used)),
        decision=decision,
    )
    return addressed


def _addressed(entry: Json) -> Json:
    """The entry with the fullUrl that each of a collection has (R4 bundle). No server is known: it is no address."""
    if "fullUrl" in entry or "id" not in entry["resource"]:
        return entry
    identity = str(entry["resource"]["id"])
    try:
        number = str(UUID(identity))
    except ValueError:
        number = derived_id(identity, str(entry["resource"]["resourceType"]))
    return {"fullUrl": f"urn:uuid:{number}", **entry}


def _entry(one: Labelled) -> Json:
    return {"resource": one.resource}


def _obligations(decision: Decision, kept: tuple[int, ...]) -> set[str]:
    return {obligation for index in kept for obligation in decision.entries[index].obligations}


def _bad(path: str, text: str) -> ReleaseError:
    return ReleaseError("release.bad-request", text, path=path, code="invalid")


def _read(document: Any, policy: ReleasePolicy = DEFAULT) -> _Asked:
    if not isinstance(document, dict):
        raise _bad("$", "not a JSON object")
    asked = _object(document.get("request"), "request")
    consents = _objects(document.get("consents", []), "consents")
    entries = _objects(asked.get("entries", []), "request.entries")
    law = asked.get("law")
    if law is not None and law not in _LAWS:
        raise _bad("request.law", "not part2, hipaa or consent")
    postures = _object(asked.get("postures", {}), "request.postures")
    origins = asked.get("origins")
    if origins is not None and (not isinstance(origins, list) or len(origins) != len(entries)):
        raise _bad("request.origins", "not one origin for each entry")
    roles: list[Role | None] = []
    labelled: list[Labelled] = []
    for index, resource in enumerate(entries):
        reference = origins[index] if origins is not None else None
        if reference is not None and not isinstance(reference, str):
            raise _bad(f"request.origins[{index}]", "neither a reference nor null")
        posture = postures.get(reference) if reference is not None else None
        role: Role | None = posture if posture in _ROLES else None
        origin = Origin(reference=reference or "", role=role)
        roles.append(role)
        # With the law given, an undeclared origin is not a question any more; a declared one still labels.
        whose = _NO_ORIGIN if law is not None and role is None else origin
        labelled.append(label(resource, origin=whose, policy=policy.labels, text=policy.text))
    zone = asked.get("zone", "UTC")
    if not isinstance(zone, str) or iana(zone) is None:
        raise _bad("request.zone", "not an IANA zone")
    actors = _object(asked.get("actors", {}), "request.actors")
    request = Request(
        discloser=_party(asked.get("discloser", {}), "request.discloser"),
        recipient=_party(asked.get("recipient"), "request.recipient"),
        purpose=_text(asked.get("purpose"), "request.purpose"),
        patient=_patient(asked.get("patient")),
        at=_at(asked.get("at")),
        zone=zone,
        law=law,
        entries=tuple(
            Entry(resource=one.resource, role=role, labels=one.labels)
            for one, role in zip(labelled, roles, strict=True)
        ),
        actors={key: value for key, value in actors.items() if isinstance(value, dict)},
        birth_date=_maybe(asked.get("birthDate")) or _born(entries, _patient(asked.get("patient"))),
        evidence=tuple(
            Evidence(
                type=_text(one.get("type"), f"request.evidence[{index}].type"),
                reference=_maybe(one.get("reference")),
                at=_maybe(one.get("at")),
                by=_maybe(one.get("by")),
            )
            for index, one in enumerate(_objects(asked.get("evidence", []), "request.evidence"))
        ),
    )
    return _Asked(request=request, consents=consents, labelled=labelled)


def _with_ages(policy: ReleasePolicy, document: Json) -> ReleasePolicy:
    """The policy with the ages of `request.minors`, `{"alone_from", "majority"}` in years (42 CFR 2.14)."""
    given = document["request"].get("minors")
    if given is None:
        return policy
    ages = [_object(given, "request.minors").get(key) for key in ("alone_from", "majority")]
    if not all(type(age) is int and 0 <= age <= 21 for age in ages):
        raise _bad("request.minors", "not alone_from and majority in years")
    return replace(policy, minor_alone_from=ages[0], majority=ages[1])


def _born(entries: list[Json], patient: str | None) -> str | None:
    return born({"entry": [{"resource": one} for one in entries]}, patient)


def _party(given: Any, path: str) -> Party:
    found = _object(given, path)
    identifiers = found.get("identifier")
    many = identifiers if isinstance(identifiers, list) else [identifiers]
    duties = found.get("duties")
    return Party(
        reference=_maybe(found.get("reference")),
        role=_maybe(found.get("role")),
        identifiers=frozenset(
            f"{one.get('system', '')}|{one['value']}" for one in many if isinstance(one, Mapping) and one.get("value")
        ),
        duties=frozenset(str(duty) for duty in duties) if isinstance(duties, list) else frozenset(),
    )


def _patient(given: Any) -> str | None:
    """A reference as a string, or a Reference."""
    if isinstance(given, dict):
        given = given.get("reference")
    if given is not None and not isinstance(given, str):
        raise _bad("request.patient", "not a reference")
    return given


def _at(given: Any) -> datetime:
    try:
        at = moment(_text(given, "request.at"))
        at.astimezone(UTC) + timedelta(days=2)  # the calendar has a tomorrow in every zone
        return at
    except (ValueError, OverflowError):
        raise _bad("request.at", "not a FHIR date or dateTime") from None


def _object(given: Any, path: str) -> Json:
    if not isinstance(given, dict):
        raise _bad(path, "not a JSON object")
    return given


def _objects(given: Any, path: str) -> list[Json]:
    if not isinstance(given, list) or not all(isinstance(one, dict) for one in given):
        raise _bad(path, "not a list of JSON objects")
    return given


def _text(given: Any, path: str) -> str:
    if not isinstance(given, str) or not given:
        raise _bad(path, "not a text")
    return given


def _maybe(given: Any) -> str | None:
    return given if isinstance(given, str) and given else None
