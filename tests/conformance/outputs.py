"""What the product makes of every golden sample: the labelled Bundle, and each referral's package in each form.

Labels stand on it as the hub puts them: an agency's own entries by its posture, everybody else's as undeclared.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from mappings import Agency, Partner, Rejected, translate
from mappings.fhir.referral import referral_packages
from mappings.incident_json import agency_from_json
from mappings.labels import Origin, label_bundle
from mappings.packs import load_pack
from tests.samples.cases import is_message, message_translation, records

Json = dict[str, Any]

ROOT = Path(__file__).resolve().parents[2]
SAMPLES = ROOT / "samples"

#: Forms as the demo's partners have them: a receiver of messages, and one of HL7 v2 with all it can carry.
MESSAGES = Partner(id="messages", form="message", destination_endpoint="https://ehr.example/fhir")
V2 = Partner(
    id="v2",
    form="hl7v2",
    version="2.5.1",
    sending_facility="CEDAR",
    receiving_application="northfork",
    receiving_facility="NFCC",
    zone="America/Chicago",
    notice="nte",
    scope="nte",
    labels=("zseg",),
)
#: The same partner with each other message that a referral can become.
V2_FORMS = (
    V2,
    *(
        replace(V2, messages=messages, labels=("pd1-12", "orc-28", "txa-18", "dg1-18", "zseg"))
        for messages in (("OMG^O19",), ("ORM^O01",), ("ADT^A04",), ("ADT^A28", "MDM^T02"))
    ),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Output:
    """One incident of one sample: its name, its labelled Bundle, and the labelled Bundle of each referral."""

    name: str
    bundle: Json
    referrals: tuple[Json, ...]


@cache
def outputs() -> tuple[Output, ...]:
    """Every sample's output, in the order of the tree. What is rejected on purpose makes none."""
    return tuple(made for told in sorted(SAMPLES.glob("*/*/case.json")) for made in _outputs(told.parent))


def _outputs(case: Path) -> list[Output]:
    if all(path.stem != "input" for path in case.iterdir()):
        return []
    told = json.loads((case / "case.json").read_text())
    if is_message(told):
        made_of = message_translation(case, told)
        agency = Agency(id=told.get("partner", "undeclared"), posture="covered-entity")
        return [
            Output(
                name=f"{case.parent.name}/{case.name}#1",
                bundle=_labelled(made_of.bundle, made_of.origins, agency),
                referrals=(),
            )
        ]
    agency = _agency(told)
    made = []
    for number, one in enumerate(records(case, told, agency), 1):
        if isinstance(one, Rejected):
            continue
        translation = translate(one, agency=agency, now=datetime.fromisoformat(told["now"]))
        packages = referral_packages(translation.bundle, translation.origins)
        made.append(
            Output(
                name=f"{case.parent.name}/{case.name}#{number}",
                bundle=_labelled(translation.bundle, translation.origins, agency),
                referrals=tuple(_labelled(package.bundle, package.origins, agency) for package in packages),
            )
        )
    return made


def _agency(told: Json) -> Agency:
    if "agency" in told:
        return agency_from_json((SAMPLES / "agencies" / f"{told['agency']}.json").read_bytes())
    return load_pack(told["source"]).agency


def _labelled(bundle: Json, origins: tuple[str | None, ...], agency: Agency) -> Json:
    known = {agency.id: Origin(reference=agency.id, role=agency.posture)}
    return label_bundle(bundle, [known.get(one) if one else None for one in origins]).resource
