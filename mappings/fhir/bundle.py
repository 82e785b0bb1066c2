"""A Bundle in a partner's FHIR form: transaction, or message with a MessageHeader first (R4 messaging).

What a partner does not list stays in the hub and is reported as not sent (`not_sent`). Ids that are made here come
from the Bundle's own id, so that a retry has the same bytes and a receiver can deduplicate.
"""

from __future__ import annotations

from typing import Any, Final
from uuid import NAMESPACE_URL, UUID, uuid5

import orjson

from mappings.errors import RenderError
from mappings.fhir.draft import Json
from mappings.fhir.profile import claim, claiming, still_claiming
from mappings.fhir.references import addresses, lost, references, rewritten
from mappings.partner import Partner


def derived_id(bundle_id: str, name: str) -> str:
    """The id of something made of a Bundle: UUIDv5 (RFC 9562, section 5.5) in the Bundle's own id."""
    try:
        space = UUID(bundle_id)
    except ValueError:
        space = uuid5(NAMESPACE_URL, bundle_id)
    return str(uuid5(space, name))


def not_sent(bundle: dict[str, Any], partner: Partner) -> tuple[str, ...]:
    """The resource types of which something in `bundle` does not go to this partner, sorted: those that it does not
    take, and those of what hung on nothing else."""
    entries: list[Json] = bundle.get("entry", [])
    sent = {id(entry) for entry in _sent(entries, partner)}
    return tuple(sorted({entry["resource"]["resourceType"] for entry in entries if id(entry) not in sent}))


def transaction(bundle: dict[str, Any], partner: Partner, *, update: bool = False) -> bytes:
    """`bundle` as the bytes of a transaction, with only what the partner takes.

    `update`: the partner has an earlier form of it, so what was created is updated by the same identifier
    (conditional update, R4 http). The Task is not: since it was taken it is the center's to change.

    Raises RenderError `render.required-reference` when a resource the partner takes cannot be without one it does
    not take, and `render.not-a-transaction` when an entry has no request.
    """
    entries = _taken(bundle, partner)
    if any("request" not in entry for entry in entries):
        raise RenderError("render.not-a-transaction", "an entry has no request", path="Bundle.entry.request")
    if update:
        entries = [_updating(entry) for entry in entries]
    whole = entries and bundle.keys() >= {"id", "timestamp"}
    return orjson.dumps(_as("transaction", bundle, "contact-transaction" if whole else None, entries))


def _as(kind: str, bundle: Json, profile: str | None, entries: list[Json], **ids: str) -> Json:
    """The Bundle in another form, claiming that form's profile if any."""
    made: Json = {key: value for key, value in bundle.items() if key not in ("meta", "entry")}
    made.update(ids, type=kind)
    if meta := claiming(bundle, profile):
        made["meta"] = meta
    made["entry"] = entries
    return made


def _updating(entry: Json) -> Json:
    request, kind = entry["request"], entry["resource"]["resourceType"]
    if "ifNoneExist" not in request or kind == "Task":
        return entry
    # Without our id: a server that gave the resource another one answers 400 to it (R4 http, conditional update).
    resource = {key: value for key, value in entry["resource"].items() if key != "id"}
    return {**entry, "resource": resource, "request": {"method": "PUT", "url": f"{kind}?{request['ifNoneExist']}"}}


#: The event of a contact that refers nobody.
FIELD_CONTACT: Final = "https://warmhandoff.org/fhir/CodeSystem/message-event|field-contact"


def message(bundle: dict[str, Any], partner: Partner, *, update: bool = False) -> bytes:
    """`bundle` as the bytes of a message, its MessageHeader first, focus on ServiceRequest and Task.

    A contact that refers nobody is a message of the event `field-contact` with its Encounters in focus. `update`: the
    partner's update event. The same Bundle gives the same bytes. Raises RenderError `render.no-bundle-id`,
    `render.no-focus` (neither a ServiceRequest nor an Encounter), `render.event` (the partner's event is not
    `system|code`), `render.required-reference`.
    """
    made = bundle.get("id")
    if not made:
        raise RenderError("render.no-bundle-id", "a message's ids come from the Bundle's id", path="Bundle.id")
    entries = [{"fullUrl": entry["fullUrl"], "resource": entry["resource"]} for entry in _taken(bundle, partner)]
    referral = any(entry["resource"]["resourceType"] == "ServiceRequest" for entry in entries)
    focus = [
        {"reference": entry["fullUrl"]}
        for kind in (("ServiceRequest", "Task") if referral else ("Encounter",))
        for entry in entries
        if entry["resource"]["resourceType"] == kind
    ]
    if not focus:
        raise RenderError(
            "render.no-focus", "there is nothing that a message could be about", path="MessageHeader.focus"
        )
    event = (partner.update_event if update else partner.event) if referral else FIELD_CONTACT
    system, bar, code = event.rpartition("|")
    if not (system and bar and code):
        raise RenderError("render.event", "the partner's event is not system|code", path="Partner.event")
    kind = "update" if update else "submit"
    number = message_id(made, update=update)
    header: Json = {
        "resourceType": "MessageHeader",
        "id": number,
        "meta": claim("referral-message-header"),
        "eventCoding": {"system": system, "code": code},
    }
    if partner.destination_endpoint:
        header["destination"] = [{"endpoint": partner.destination_endpoint}]
    header["source"] = {"endpoint": partner.source_endpoint}
    header["focus"] = focus
    whole = referral and "timestamp" in bundle and any(e["resource"]["resourceType"] == "Patient" for e in entries)
    sent = [{"fullUrl": f"urn:uuid:{number}", "resource": header}, *entries]
    made_of = _as(
        "message", bundle, "referral-message" if whole else None, sent, id=derived_id(made, f"message|{kind}")
    )
    return orjson.dumps(made_of)


def message_id(bundle_id: str, *, update: bool = False) -> str:
    """MessageHeader.id of the message made of the Bundle with that id: what MessageHeader.response.identifier of a
    response says (R4, messaging)."""
    return derived_id(bundle_id, f"message-header|{'update' if update else 'submit'}")


def _taken(bundle: dict[str, Any], partner: Partner) -> list[Json]:
    """The entries a partner takes, referring to each other by fullUrl, and to nothing that is left out."""
    entries: list[Json] = bundle.get("entry", [])
    kept = _sent(entries, partner)
    sent = {id(entry) for entry in kept}
    gone = frozenset(addresses([entry for entry in entries if id(entry) not in sent]))
    to = addresses(kept)
    made = []
    for entry in kept:
        resource = rewritten(entry["resource"], to, gone)
        missing = lost(entry["resource"], resource)
        if missing is not None or resource is None:
            raise RenderError(
                "render.required-reference",
                "a resource type that the partner does not take is required here",
                path=missing or entry["resource"]["resourceType"],
            )
        if gone and any(name in gone for name in references(entry["resource"])):
            resource = still_claiming(resource)
        made.append({**entry, "fullUrl": _url(entry), "resource": resource})
    return made


#: What a message is about, and what everything in it has to hang on.
_ABOUT: Final = frozenset({"ServiceRequest", "Task", "Encounter"})


def _sent(entries: list[Json], partner: Partner) -> list[Json]:
    """The entries of the types that a partner takes, without those that hung on what is left out alone.

    R4, messaging: what is in a message is reached from its header by references, whichever way they point. An officer
    who was only named by the Encounter has no place in a message without the Encounter.
    """
    takes = partner.resource_types
    if not takes:
        return entries
    kept = [entry for entry in entries if entry["resource"]["resourceType"] in takes]
    to = addresses(kept)
    beside: dict[str, set[str]] = {url: set() for url in to.values()}
    for entry in kept:
        own = _url(entry)
        for name in references(entry["resource"]):
            if name in to:
                beside[own].add(to[name])
                beside[to[name]].add(own)
    found: set[str] = set()
    following = [_url(entry) for entry in kept if entry["resource"]["resourceType"] in _ABOUT]
    if not following:
        return kept
    while following:
        url = following.pop()
        if url not in found:
            found.add(url)
            following += beside[url]
    return [entry for entry in kept if _url(entry) in found]


def _url(entry: Json) -> str:
    return str(entry.get("fullUrl") or f"urn:uuid:{entry['resource'].get('id')}")
