"""What one referral takes along: its Task and ServiceRequest, its person, and what was recorded of that person.

Never another person's data, and never another referral: a center learns nothing of who else was met that night, nor
of who else was asked. Consents and labels are not read here; release decides entry by entry.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

from mappings.fhir.bundle import derived_id
from mappings.fhir.draft import Json
from mappings.fhir.profile import still_claiming
from mappings.fhir.references import addresses, references, rewritten
from mappings.fhir.systems import SID_ORGANIZATION

#: Types that are about one person through `subject`, `patient`, or else their Encounter.
_ABOUT: Final = frozenset(
    {
        "Observation",
        "QuestionnaireResponse",
        "Condition",
        "Flag",
        "DocumentReference",
        "Consent",
        "RelatedPerson",
    }
)
#: Types that come along when something in the package refers to them.
_REACHED: Final = frozenset({"Organization", "Practitioner", "PractitionerRole", "Location"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Package:
    """One referral on its way: what it is, where to, by when, and its Bundle.

    `organization` is the destination's id in the directory (None: no center was named, which is a routing hold).
    `respond_by` is a FHIR dateTime or None. `origins` is parallel to `bundle["entry"]`. Resources are shared with
    the Bundle they come from, save those whose references had to be trimmed.
    """

    task_id: str
    service_request_id: str
    patient_id: str
    organization: str | None
    urgency: str
    respond_by: str | None
    bundle: dict[str, Any]
    origins: tuple[str | None, ...]


def referral_packages(bundle: dict[str, Any], origins: Sequence[str | None] = ()) -> list[Package]:
    """A Package for each Task of `bundle` that asks a center (`requested`), in order.

    `origins`: those of the Translation, parallel to the entries; without them each is what Provenance says. A
    Task whose ServiceRequest or person is not in the Bundle makes none.
    """
    entries: list[Json] = bundle.get("entry", [])
    known = tuple(origins) if origins else _origins(entries)
    to = addresses(entries)
    by_url = {to[entry["fullUrl"]]: entry for entry in entries}
    found = []
    for entry in entries:
        task = entry["resource"]
        if task["resourceType"] == "Task" and task.get("status") == "requested":
            package = _package(bundle, entries, known, to, by_url, task)
            if package is not None:
                found.append(package)
    return found


def _package(
    bundle: Json,
    entries: list[Json],
    origins: tuple[str | None, ...],
    to: dict[str, str],
    by_url: dict[str, Json],
    task: Json,
) -> Package | None:
    request = by_url.get(_target(task.get("focus"), to))
    person = by_url.get(_target(task.get("for"), to))
    if request is None or person is None:
        return None
    patient = person["fullUrl"]
    kept = {to["Task/" + task["id"]], request["fullUrl"], patient}
    met = {
        entry["fullUrl"]
        for entry in entries
        if entry["resource"]["resourceType"] == "Encounter" and _target(entry["resource"].get("subject"), to) == patient
    }
    kept |= met
    for entry in entries:
        if entry["resource"]["resourceType"] in _ABOUT and _is_about(entry["resource"], patient, met, to):
            kept.add(entry["fullUrl"])
    _reach(kept, by_url, to)
    _reach_authors(kept, by_url, to)
    gone = frozenset(name for name, url in to.items() if url not in kept)
    package: list[Json] = []
    owners: list[str | None] = []
    for entry, origin in zip(entries, origins, strict=True):
        resource = entry["resource"]
        if resource["resourceType"] == "Provenance":
            trimmed = _trimmed(entry, kept, to, task["id"])
            if trimmed is None:
                continue
            entry = trimmed
        elif entry["fullUrl"] not in kept:
            continue
        elif any(to.get(name) not in kept for name in references(resource) if name in to):
            entry = {**entry, "resource": still_claiming(rewritten(resource, {}, gone))}
        package.append(entry)
        owners.append(origin)
    made: Json = {key: value for key, value in bundle.items() if key != "entry"}
    if "id" in bundle:
        made["id"] = derived_id(bundle["id"], f"referral|{task['id']}")
    made["entry"] = package
    return Package(
        task_id=task["id"],
        service_request_id=request["resource"]["id"],
        patient_id=person["resource"]["id"],
        organization=_organization(by_url.get(_target(task.get("owner"), to))),
        urgency=task.get("priority", "routine"),
        respond_by=task.get("restriction", {}).get("period", {}).get("end"),
        bundle=made,
        origins=tuple(owners),
    )


def _target(reference: Json | None, to: dict[str, str]) -> str:
    return to.get(reference.get("reference", ""), "") if reference else ""


def _is_about(resource: Json, patient: str, met: set[str], to: dict[str, str]) -> bool:
    """Whether a resource is of this person: it says so; or it names nobody, and only Encounters of theirs."""
    subject = _target(resource.get("subject") or resource.get("patient"), to)
    if subject == patient:
        return True
    if subject and resource["resourceType"] != "Flag":
        return False
    encounters = [_target(resource.get("encounter"), to)] if "encounter" in resource else []
    encounters += [_target(each, to) for each in resource.get("context", {}).get("encounter", ())]
    if subject and "Patient" in (name.partition("/")[0] for name, url in to.items() if url == subject):
        return False  # another person's Flag
    return bool(encounters) and all(encounter in met for encounter in encounters)


def _reach(kept: set[str], by_url: dict[str, Json], to: dict[str, str]) -> None:
    """Adds the organizations, people at work and places that what is kept refers to."""
    todo = list(kept)
    while todo:
        for name in references(by_url[todo.pop()]["resource"]):
            url = to.get(name)
            if url is not None and url not in kept and by_url[url]["resource"]["resourceType"] in _REACHED:
                kept.add(url)
                todo.append(url)


def _reach_authors(kept: set[str], by_url: dict[str, Json], to: dict[str, str]) -> None:
    """Adds whose records the kept ones are: the organizations that their Provenance names."""
    before = 0
    while before != len(kept):
        before = len(kept)
        for entry in by_url.values():
            resource = entry["resource"]
            if resource["resourceType"] == "Provenance" and any(_target(t, to) in kept for t in resource["target"]):
                kept.update(url for agent in resource["agent"] if (url := _target(agent.get("who"), to)))


def _trimmed(entry: Json, kept: set[str], to: dict[str, str], task: str) -> Json | None:
    """The Provenance of what is kept, under an id of its own: the whole one belongs to the whole Bundle."""
    resource = entry["resource"]
    targets = [target for target in resource["target"] if _target(target, to) in kept]
    if not targets:
        return None
    number = derived_id(resource["id"], f"referral|{task}")
    made = {"fullUrl": f"urn:uuid:{number}", "resource": {**resource, "id": number, "target": targets}}
    if "request" in entry:
        made["request"] = {**entry["request"], "url": f"Provenance/{number}"}
    return made


def _organization(entry: Json | None) -> str | None:
    if entry is None:
        return None
    for identifier in entry["resource"].get("identifier", ()):
        if identifier.get("system") == SID_ORGANIZATION:
            value: str = identifier["value"]
            return value
    return None


def _origins(entries: list[Json]) -> tuple[str | None, ...]:
    """Whose record each entry is, as its Provenance's author says."""
    to = addresses(entries)
    by_url = {entry["fullUrl"]: entry for entry in entries}
    said: dict[str, str | None] = {}
    for entry in entries:
        resource = entry["resource"]
        if resource["resourceType"] == "Provenance":
            who = _organization(by_url.get(_target(resource["agent"][0].get("who"), to)))
            said[entry["fullUrl"]] = who
            for target in resource["target"]:
                said[_target(target, to)] = who
    return tuple(said.get(entry["fullUrl"]) for entry in entries)
