"""The code systems that readers map to, and our closed lists: how a contact ends, what a referral asks for. Incident
types: `mappings.apco`.

APCO has no disposition code for a hold, a detox or a crisis unit; this list has, and maps none of them by guess.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

#: CodeSystem of APCO incident type codes as NIEM publishes them.
APCO = "https://warmhandoff.org/fhir/CodeSystem/apco-incident-type"

#: CodeSystem of how a contact ended: our closed list.
FIELD_DISPOSITION = "https://warmhandoff.org/fhir/CodeSystem/field-disposition"

#: How a contact ended, with a display for people.
FIELD_DISPOSITIONS: Mapping[str, str] = MappingProxyType(
    {
        "resolved-on-scene": "Resolved on scene",
        "voluntary-transport-ed": "Voluntary transport to an emergency department",
        "emergency-hold": "Emergency hold",
        "crisis-stabilization": "Taken to crisis stabilization",
        "respite": "Taken to respite",
        "detox": "Taken to detox",
        "jail": "Taken to jail",
        "declined": "Declined",
        "unable-to-locate": "Unable to locate",
        "gone-on-arrival": "Gone on arrival",
        "referred": "Referred",
        "follow-up-planned": "Follow-up planned",
        "transport-other": "Transported elsewhere",
        "deceased": "Deceased",
        "other": "Other",
    }
)

#: CodeSystem of what a referral asks for: our closed list.
REFERRAL_SERVICE = "https://warmhandoff.org/fhir/CodeSystem/referral-service"

#: What a referral asks for, to its SNOMED CT procedure. Codes only: SNOMED's descriptions need a licence.
REFERRAL_SERVICES: Mapping[str, str] = MappingProxyType(
    {
        "mental-health-team": "390866009",
        "psychiatry": "183524004",
        "mental-health-counselling": "306226009",
        "mental-health-worker": "183583007",
        "emergency-clinic": "183866009",
        "support-group": "711281004",
        "peer-support": "461481000124109",
    }
)
