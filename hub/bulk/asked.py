"""`--request`: one release request, applied to each translated Bundle before anything of it is written.

The file is a document of `handoff release` without entries. Each Bundle is asked about person by person: what is of
several persons at once goes to nobody. Without `request.patient` each person is the patient of their own part, and
consents are matched to them; with it only that patient's part goes.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import orjson

from hub.errors import ReleaseError
from hub.release.contract import decide_json, release_json
from hub.release.naming import same_reference
from mappings.fhir.references import references
from mappings.incident import Agency
from mappings.translation import Translation

Json = dict[str, Any]

_URN = re.compile(rb'"reference":"urn:uuid:([0-9a-f-]{36})"')


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A release request without entries: `document` is `{"consents", "request"}` of design section 9."""

    document: Json

    def release(self, translation: Translation, agency: Agency) -> Iterator[Json]:
        """What the recipient would get of this Bundle. Raises Leak if a withheld value were in it."""
        request = self.document["request"]
        postures = {f"Organization/{one.id}": one.posture for one in agency.organizations if one.posture}
        if agency.posture is not None:
            postures[f"Organization/{agency.id}"] = agency.posture
        postures |= request.get("postures", {})
        origins = [None if one is None else f"Organization/{one}" for one in translation.origins]
        resources = _relative(translation.bundle)
        given: set[tuple[str, str]] = set()
        for patient, part in _parts(resources):
            named = request.get("patient")
            if isinstance(named, dict):
                named = named.get("reference")
            if patient is not None:
                names = _names(patient)
                if named is None:
                    named = next(filter(self._is_consenting, names), names[0])
                elif not any(same_reference(named, name) for name in names):
                    continue
            document = {
                **self.document,
                "request": {
                    **request,
                    "patient": named,
                    "postures": postures,
                    "entries": [resources[n] for n in part],
                    "origins": [origins[n] for n in part],
                },
            }
            for entry in release_json(document).get("entry", ()):
                resource = entry["resource"]
                key = (resource["resourceType"], resource.get("id", ""))
                if key not in given:
                    given.add(key)
                    yield resource

    def _is_consenting(self, name: str) -> bool:
        """Whether a consent names its patient so."""
        for consent in self.document.get("consents", ()):
            patient = consent.get("patient")
            if isinstance(patient, dict):
                identifier = patient.get("identifier")
                known = identifier if isinstance(identifier, dict) else {}
                if same_reference(patient.get("reference"), name) or (
                    known.get("value") and f"{known.get('system', '')}|{known['value']}" == name
                ):
                    return True
        return False


def asked(data: bytes) -> Asked:
    """The request of a file. Raises ReleaseError `release.bad-request` with the place, and no value."""
    try:
        document = orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise ReleaseError(
            "release.bad-request", "not JSON", path=f"line {error.lineno}, column {error.colno}", code="structure"
        ) from None
    decide_json(document)
    for name in ("entries", "origins"):
        if document["request"].get(name):
            raise ReleaseError(
                "release.bad-request", "each record's resources are the entries", path=f"request.{name}", code="invalid"
            )
    return Asked(document={"consents": document.get("consents", []), "request": document["request"]})


def release_of(request: Asked | None) -> Callable[[Translation, Agency], Iterator[Json]] | None:
    """What applies the request; None without one."""
    return None if request is None else request.release


def _relative(bundle: Json) -> list[Json]:
    """A Bundle's resources, referring to each other by type and id."""
    kinds = {entry["fullUrl"][9:].encode(): entry["resource"]["resourceType"].encode() for entry in bundle["entry"]}

    def relative(match: re.Match[bytes]) -> bytes:
        kind = kinds.get(match[1])
        return match[0] if kind is None else b'"reference":"%b/%b"' % (kind, match[1])

    made: list[Json] = orjson.loads(_URN.sub(relative, orjson.dumps([entry["resource"] for entry in bundle["entry"]])))
    return made


def _parts(resources: list[Json]) -> list[tuple[Json | None, list[int]]]:
    """The Patients with the places of what is theirs or nobody's; (None, all) where there is no Patient."""
    at = {f"{one['resourceType']}/{one['id']}": n for n, one in enumerate(resources)}
    patients = [n for n, one in enumerate(resources) if one["resourceType"] == "Patient"]
    if not patients:
        return [(None, list(range(len(resources))))]
    if len(patients) == 1:
        return [(resources[patients[0]], list(range(len(resources))))]
    points = [{at[name] for name in references(one) if name in at} for one in resources]
    about = [{n} if n in patients else set() for n in range(len(resources))]
    # Whom a resource is about it says itself, or what it points to says.
    changed = True
    while changed:
        changed = False
        for n, targets in enumerate(points):
            found = about[n].union(*(about[m] for m in targets))
            if found != about[n]:
                about[n], changed = found, True
    return [(resources[p], [n for n in range(len(resources)) if about[n] <= {p}]) for p in patients]


def _names(patient: Json) -> list[str]:
    """How requests and consents may name a patient."""
    identifiers = [f"{one.get('system', '')}|{one['value']}" for one in patient.get("identifier", ()) if "value" in one]
    return [f"Patient/{patient['id']}", *identifiers]
