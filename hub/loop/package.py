"""A referral's package as the hub keeps it: the labelled, undecided Bundle of one referral, with whose each entry is.

It stays a document of the sender's custody, so that a consent signed later finds it. The hub's own Task, as answers
have moved it, stands in for the one that translation made.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson

from hub.records import Document
from hub.release.consent import moment
from hub.store import documents
from hub.store.tx import Tx
from mappings.fhir.consent import PART2_ELEMENTS

#: Where the origins of a kept package stand: parallel to its entries.
ORIGINS = "https://warmhandoff.org/fhir/StructureDefinition/package-origins"

#: What changes from one translation of the same facts to the next.
_VOLATILE = {
    # From which version of which record the facts are taken is no news while the facts are the same.
    "Provenance": ("id", "recorded", "occurredDateTime", "entity"),
    # What the center itself said, and our note of its receipt, are no news for the center.
    "Task": ("authoredOn", "lastModified", "status", "statusReason", "businessStatus", "output"),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Kept:
    """A package out of the store. `bundle` and `origins` are parallel."""

    task_id: str
    bundle: dict[str, Any]
    origins: tuple[str | None, ...]


def document(task_id: str, bundle: dict[str, Any], origins: Sequence[str | None]) -> dict[str, Any]:
    """The document by which a package is kept, under its Task's id: a new version if anything but `recorded` times
    has changed."""
    return {
        "resourceType": "Bundle",
        "id": task_id,
        "type": "collection",
        # R4's Bundle takes no extension of its own.
        "meta": {"extension": [{"url": ORIGINS, "valueString": orjson.dumps(list(origins)).decode()}]},
        "entry": bundle["entry"],
        "timestamp": bundle["timestamp"],
    }


def load(tx: Tx, task_id: str) -> Kept | None:
    """The package of a Task as kept, with the Task as it stands now; None when there is none."""
    return _load(tx, task_id, documents.current(tx, "Bundle", task_id))()


def ask_load(tx: Tx, task_id: str) -> Callable[[], Callable[[], Kept | None]]:
    """As `load`, in two steps, so that others' questions can be asked with each: the first call opens the package and
    asks for what stands of it, the second reads that."""
    asked = documents.ask_current(tx, "Bundle", task_id)
    return lambda: _load(tx, task_id, asked())


def _load(tx: Tx, task_id: str, found: Document | None) -> Callable[[], Kept | None]:
    if found is None or found.resource is None:
        return lambda: None
    origins = tuple(orjson.loads(found.resource["meta"]["extension"][0]["valueString"]))
    stands = ask_standing(tx, task_id, {key: value for key, value in found.resource.items() if key != "meta"})
    return lambda: Kept(task_id=task_id, bundle=stands(), origins=origins)


def with_task(bundle: dict[str, Any], task: dict[str, Any]) -> dict[str, Any]:
    """The Bundle with this Task in the place of the one with its id."""
    return {
        **bundle,
        "entry": [
            {**entry, "resource": task}
            if entry["resource"]["resourceType"] == "Task" and entry["resource"]["id"] == task["id"]
            else entry
            for entry in bundle["entry"]
        ],
    }


def digest(bundle: dict[str, Any]) -> str:
    """SHA-256 of what the entries say: times of recording, the hub's own bookkeeping and claims of profiles apart."""
    said = []
    for entry in bundle["entry"]:
        resource = entry["resource"]
        volatile = _VOLATILE.get(resource["resourceType"], ())
        own = {key: value for key, value in resource.items() if key not in volatile}
        if "profile" in own.get("meta", ()):
            # A profile that is claimed says nothing new of anybody; a label does.
            meta = {key: value for key, value in own.pop("meta").items() if key != "profile"}
            own |= {"meta": meta} if meta else {}
        said.append(own)
    return hashlib.sha256(orjson.dumps(said, option=orjson.OPT_SORT_KEYS)).hexdigest()


def consents_of(bundle: dict[str, Any], patient_id: str) -> list[dict[str, Any]]:
    """The Consents of one patient in a Bundle."""
    wanted = {f"urn:uuid:{patient_id}", f"Patient/{patient_id}"}
    return [
        entry["resource"]
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Consent"
        and entry["resource"].get("patient", {}).get("reference") in wanted
    ]


def patients_with_consents(bundle: dict[str, Any]) -> list[str]:
    """The ids of the patients whose Consents are in a Bundle, each once."""
    found = [
        entry["resource"]["patient"]["reference"].removeprefix("urn:uuid:").removeprefix("Patient/")
        for entry in bundle["entry"]
        if entry["resource"]["resourceType"] == "Consent" and "patient" in entry["resource"]
    ]
    return list(dict.fromkeys(found))


def about(resource: dict[str, Any]) -> str | None:
    """The id of the patient whom a resource is about, or None."""
    if resource["resourceType"] == "Patient":
        return str(resource["id"])
    for key in ("subject", "patient", "for"):
        reference = resource.get(key)
        if isinstance(reference, dict) and isinstance(reference.get("reference"), str):
            return str(reference["reference"]).removeprefix("urn:uuid:").removeprefix("Patient/")
    return None


def known_consents(tx: Tx, referral_patient: str, fresh: Sequence[dict[str, Any]] = ()) -> list[dict[str, Any]]:
    """The patient's Consents in the store, with those just received in the place of their earlier versions.

    A person whose records were merged (`Patient.link`) is one person: what was decided on one record binds the other.
    """
    return ask_known_consents(tx, referral_patient, fresh)()


def ask_known_consents(
    tx: Tx, referral_patient: str, fresh: Sequence[dict[str, Any]] = ()
) -> Callable[[], list[dict[str, Any]]]:
    """As `known_consents`, asked now and read by the call."""
    patient = documents.ask_current(tx, "Patient", referral_patient)
    their_own = documents.ask_by_patient(tx, referral_patient, "Consent")

    def read() -> list[dict[str, Any]]:
        stored: dict[str, dict[str, Any]] = {}
        for person in _same_person(tx, referral_patient, patient()):
            own = person == referral_patient
            for d in their_own() if own else documents.by_patient(tx, person, "Consent"):
                if d.resource is not None:
                    stored[d.resource_id] = d.resource if own else {**d.resource, "patient": _patient(referral_patient)}
        for consent in fresh:
            if not _stays(stored.get(consent["id"]), consent):
                stored[consent["id"]] = consent
        return [stored[key] for key in sorted(stored)]

    return read


def _patient(number: str) -> dict[str, Any]:
    return {"reference": f"urn:uuid:{number}"}


def same_person(tx: Tx, patient_id: str) -> list[str]:
    """The ids of the records of one person, this one first: those that merges say were replaced by one another."""
    return _same_person(tx, patient_id, documents.current(tx, "Patient", patient_id))


def _same_person(tx: Tx, patient_id: str, patient: Document | None) -> list[str]:
    found = [patient_id]
    for number in found:  # grows while it is read
        kept = patient if number == patient_id else documents.current(tx, "Patient", number)
        if kept is None or kept.resource is None:
            continue
        for link in kept.resource.get("link", ()):
            other = str(link.get("other", {}).get("reference", "")).removeprefix("urn:uuid:").removeprefix("Patient/")
            if link.get("type") in ("replaces", "replaced-by") and other and other not in found:
                found.append(other)
    return found


def stays_ended(tx: Tx, fresh: dict[str, Any]) -> bool:
    """Whether a Consent that comes again is one that was revoked, or whose end was noted, in this hub since it was
    signed: the sender does not know of that, and only a new signature gives it anew."""
    found = documents.current(tx, "Consent", fresh["id"])
    return found is not None and _stays(found.resource, fresh)


def _stays(stored: dict[str, Any] | None, fresh: dict[str, Any]) -> bool:
    ended = taken_back(stored) if stored is not None else None
    if ended is None:
        return False
    signed = fresh.get("dateTime")
    try:
        return not isinstance(signed, str) or moment(signed) <= moment(ended)
    except ValueError:
        return True


def taken_back(consent: dict[str, Any]) -> str | None:
    """When it was revoked, or came to its end, by a note made in this hub; None for any other."""
    for extension in consent.get("extension", ()):
        if extension.get("url") == PART2_ELEMENTS:
            parts = {part["url"]: part for part in extension.get("extension", ()) if "url" in part}
            if "revocationTakenBy" in parts:
                last = parts.get("revokedAt", parts.get("endedAt", {}))
                return str(last["valueDateTime"]) if "valueDateTime" in last else None
    return None


def standing(tx: Tx, task_id: str, bundle: dict[str, Any]) -> dict[str, Any]:
    """A fresh package with the Task as answers have left it, where the hub knows the referral already."""
    return ask_standing(tx, task_id, bundle)()


def ask_standing(tx: Tx, task_id: str, bundle: dict[str, Any]) -> Callable[[], dict[str, Any]]:
    """As `standing`, asked now and read by the call."""
    resources = [entry["resource"] for entry in bundle["entry"]]
    consents = {("Consent", one["id"]) for one in resources if one["resourceType"] == "Consent"}
    asked = documents.ask_current_all(tx, [("Task", task_id), *sorted(consents)])

    def read() -> dict[str, Any]:
        found = asked()
        ended = _with_ended(bundle, found)
        task = found.get(("Task", task_id))
        return ended if task is None or task.resource is None else with_task(ended, task.resource)

    return read


def _with_ended(bundle: dict[str, Any], standing: Mapping[tuple[str, str], Document]) -> dict[str, Any]:
    """The Bundle with its Consents as they stand where they were revoked or ended here: none goes out as active."""

    def now(resource: dict[str, Any]) -> dict[str, Any]:
        if resource["resourceType"] != "Consent":
            return resource
        found = standing.get(("Consent", resource["id"]))
        return found.resource if found is not None and found.resource and _stays(found.resource, resource) else resource

    return {**bundle, "entry": [{**entry, "resource": now(entry["resource"])} for entry in bundle["entry"]]}
