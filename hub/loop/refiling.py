"""Records of a person whose record was merged into another (A40) are filed with the survivor.

What a feed tells of the merged-away number later, and what it had told before the merge, refers to the surviving
Patient from then on; earlier versions stay as they were. The merged-away Patient itself, with its link, and the
Provenance of each message say under which number it was told. A Consent is not touched: it was signed so, and binds
the survivor all the same (`package.known_consents`). Nor is what belongs to a referral or an incident of the hub: that
is told anew by its own sources, and its lane is joined (`joining`).
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from hub.loop.package import about
from hub.loop.record import trace
from hub.store import documents, referrals
from hub.store.tx import Tx

Json = dict[str, Any]

#: What stays as it was told.
_AS_TOLD: Final = frozenset({"Consent", "Patient", "Provenance"})


def survivors(tx: Tx, custody: str, patients: Mapping[str, Json]) -> dict[str, str]:
    """Of the Patients kept by these ids those that were merged away, and the one each is part of now."""
    found = {}
    for number, patient in patients.items():
        last = _last(tx, custody, number, patient)
        if last != number:
            found[number] = last
    return found


def _last(tx: Tx, custody: str, number: str, patient: Json | None) -> str:
    """The end of the chain of merges; of one that leads in a circle the record itself."""
    seen = [number]
    while patient is not None:
        after = _replaced_by(patient)
        if after is None:
            return seen[-1]
        if after in seen:
            return number
        seen.append(after)
        kept = documents.current(tx, "Patient", after)
        patient = kept.resource if kept is not None and kept.custody == custody else None
    # what it leads to is not here, or not of this custody
    return seen[-2]


def _replaced_by(patient: Json) -> str | None:
    for link in patient.get("link", ()):
        if link.get("type") == "replaced-by":
            return str(link["other"]["reference"]).removeprefix("urn:uuid:").removeprefix("Patient/")
    return None


def refiled(resource: Json, moved: Mapping[str, str]) -> Json:
    """The resource with its references to merged-away Patients turned to the survivors."""
    if not moved or resource["resourceType"] in _AS_TOLD:
        return resource
    turned = {f"{form}{old}": f"{form}{new}" for old, new in moved.items() for form in ("urn:uuid:", "Patient/")}
    made: Json = _turn(resource, turned)
    return made


def _turn(value: Any, turned: Mapping[str, str]) -> Any:
    if isinstance(value, dict):
        return {
            key: turned.get(one, one) if key == "reference" and isinstance(one, str) else _turn(one, turned)
            for key, one in value.items()
        }
    if isinstance(value, list):
        return [_turn(one, turned) for one in value]
    return value


def follow(tx: Tx, merged: Json, *, custody: str, message_id: int) -> None:
    """Files what was told of a merged-away Patient, and of those merged into it before, with the survivor."""
    number = str(merged["id"])
    last = _last(tx, custody, number, merged)
    if last == number:
        return
    own = {(kind, one) for each in referrals.by_patient(tx, number) for kind, one in _of_referral(each)}
    found: list[documents.New] = []
    for kept in documents.by_patient_alone(tx, number, custody):
        if kept.resource is None or (kept.resource_type, kept.resource_id) in own:
            continue
        resource = refiled(kept.resource, {number: last})
        if resource == kept.resource:
            continue
        found.append(
            documents.New(
                resource=resource,
                custody=custody,
                origin=kept.origin,
                patient_id=about(resource),
                message_id=message_id,
            )
        )
    if found:
        documents.put_all(tx, found)
        trace(tx, message_id, "translate", "refiled", resources=len(found))


def _of_referral(referral: Any) -> tuple[tuple[str, str], ...]:
    return (("Task", referral.task_id), ("ServiceRequest", referral.service_request_id))
