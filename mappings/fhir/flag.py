"""Flag: a safety caution. It never carries clinical text: a code, how grave, and from when until when.

What the caution says in words stays with who wrote it, and an issue says so. A Flag always ends: where the source
gave no end, a year after its start.
"""

from __future__ import annotations

from datetime import datetime

from mappings.fhir.datatypes import extension
from mappings.fhir.draft import Draft, Json, clean, ref
from mappings.fhir.organization import organization_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import FLAG_CATEGORY, SID_RESOURCE
from mappings.incident import Caution, DateTime
from mappings.times import earlier


def flag(
    draft: Draft,
    caution: Caution,
    *,
    subject: Json | None,
    encounter: str | None,
    origin: str | None,
    key: str,
    path: str,
) -> None:
    """Adds the Flag of `caution` about `subject` (a Patient, or the Location it warns of)."""
    if subject is None:
        draft.issue("translate.caution-without-subject", path)
        return
    if clean(caution.text) or clean(caution.source):
        draft.issue("translate.caution-text-kept", f"{path}.text")
    concept = draft.concept(caution.type, "caution", f"{path}.type") or {}
    if "coding" in concept:
        code: Json = {"coding": concept["coding"]}
    else:
        if concept:
            draft.issue("translate.caution-text-kept", f"{path}.type")
        code = {"text": "Safety caution"}
    made = draft.id_of("flag", key, origin=origin)
    start = caution.start or draft.incident.timeline.received or draft.now
    end = caution.end
    if end is None:
        draft.issue("translate.caution-end-set", f"{path}.end")
        end = _year_after(start)
    lasts = {"start": start, "end": end}
    if earlier(end, start):
        draft.issue("translate.period-without-end", f"{path}.end")
        lasts = {"end": end}
    resource: Json = {"resourceType": "Flag", "id": made, "meta": claim("caution-flag")}
    if caution.severity is not None:
        resource["extension"] = [extension("caution-severity", "Code", caution.severity)]
    resource["identifier"] = [{"system": SID_RESOURCE, "value": made}]
    resource["status"] = "inactive" if earlier(end, draft.now) else "active"
    resource["category"] = [{"coding": [{"system": FLAG_CATEGORY, "code": "safety", "display": "Safety"}]}]
    resource["code"] = code
    resource["subject"] = subject
    resource["period"] = lasts
    if encounter is not None:
        resource["encounter"] = ref(encounter)
    if origin is not None:
        resource["author"] = organization_reference(draft, origin)
    draft.add(resource, origin)


def _year_after(start: DateTime) -> DateTime:
    """The date a year later (29 February: the 28th)."""
    day = datetime.fromisoformat((start[:10] + "-01-01")[:10] if len(start) < 10 else start[:10]).date()
    try:
        return day.replace(year=day.year + 1).isoformat()
    except ValueError:
        return day.replace(year=day.year + 1, day=28).isoformat()
