"""RF1, PRD, CTD and CON: a referral between providers as ServiceRequest and Task. The tables have none of these."""

from __future__ import annotations

import base64
from typing import Any, Final

from mappings.fhir.systems import CONSENT_SCOPE, LOINC, SID_RESOURCE, url_part
from mappings.hl7v2.confidentiality import TABLE_0498
from mappings.hl7v2.feed.coded import NPI, cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.identifiers import V2_0203, assigner, ei_identifier, request_id
from mappings.hl7v2.feed.names import xad_address, xpn_name, xtn_contact
from mappings.hl7v2.feed.order import PRIORITY, task
from mappings.hl7v2.feed.parties import organization, xon_organization
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import con_consent, rf1_servicerequest
from mappings.hl7v2.feed.values import dr_period
from mappings.hl7v2.segment import NULL

#: RF1-1 (table 0283) to Task.status. Pending and expired decide nothing.
_STATUS: Final = {"A": "accepted", "R": "rejected", "P": "requested", "E": "requested"}


def referral(row: Row, group: Group, d: Draft) -> None:
    """RF1 as the ServiceRequest of a referral and its Task (REF, RRI I12 to I15). I14 takes the referral back.

    Only RF1-1 `A` or `R` is a decision; everything else leaves the Task requested.
    """
    subject = group.subject(d, "RF1")
    if subject is None:
        return
    resource: Json = {"resourceType": "ServiceRequest", "id": "", "identifier": []}
    rf1_servicerequest(row, resource, d)
    event = d.event.partition("^")[2]
    cancelled = event == "I14"
    resource["status"] = "revoked" if cancelled else "active"
    resource["intent"] = "order"
    if (urgent := d.first(row.peek(2)) or "") in PRIORITY:
        d.take(row, 2, 3)
        resource["priority"] = PRIORITY[urgent]
    resource["subject"] = subject
    resource.setdefault("code", {"coding": [{"system": LOINC, "code": "57133-1"}]})
    if group.encounter is not None:
        resource["encounter"] = {"reference": group.encounter}
    identifiers: list[Json] = resource["identifier"]
    number, key = request_id(identifiers, d)
    resource["id"] = number or d.ids.of("service-request", d.custody, f"{d.control}|RF1")
    if key is None:
        identifiers.append({"system": SID_RESOURCE, "value": resource["id"]})
        key = identifiers[-1]
    url = d.add(resource, key["system"], key["value"])
    state = d.first(row.peek(1)) or ""
    if state in _STATUS:
        d.take(row, 1, 3)
    elif state:
        d.take(row, 1, 3)
        d.issue("translate.code-not-carried", "RF1-1")
    status = "cancelled" if cancelled else _STATUS.get(state, "requested")
    when = d.time(row.peek(9), "RF1-9") if row.peek(9) not in ("", NULL) else None
    if when and when[:10] >= resource.get("authoredOn", when)[:10] and when >= resource.get("authoredOn", ""):
        d.take(row, 9)
    else:
        when = None  # inv-1 of Task: nothing is changed before it is there
    made = task(resource, url, status, when, d)
    if row.peek(8) not in ("", NULL) and (until := d.time(row.peek(8), "RF1-8")):
        d.take(row, 8)
        made["restriction"] = {"period": {"end": until}}
    group.referral = group.order = group.about = resource
    d.interned["referral task"] = made


def provider(row: Row, group: Group, d: Draft) -> None:
    """PRD: who refers (RP), who is asked (RT), who cares for the person (PP). Any other role is listed unused."""
    group.place = ""
    role = d.first(row.peek(1)) or ""
    if role not in ("RP", "RT", "PP", "RH") or (group.referral is None and role != "PP"):
        return
    practitioner: Json = {}
    names = _all(row, 2, xpn_name, d)
    numbers = [made for part in row.peek(7).split(d.r) if part and part != NULL and (made := number(part, d))]
    if numbers:
        row.raw(7)
    place = _place(row, d)
    if row.peek(10) not in ("", NULL) and (made := xon_organization(row.peek(10).split(d.r)[0], d, "PRD-10")):
        d.take(row, 10, 99)
        place = made["reference"]
    reference: Json | None = None
    telecoms, addresses = _all(row, 5, xtn_contact, d), _all(row, 3, xad_address, d)
    if names:
        key = next((one for one in numbers if "system" in one), None)
        word = key["value"] if key else f"{d.control}|PRD[{group.count('PRD')}]"
        practitioner = {
            "resourceType": "Practitioner",
            "id": d.ids.of("practitioner", (key or {}).get("system") or d.custody, word),
            "identifier": numbers,
            "name": names,
        }
        if telecoms:
            practitioner["telecom"] = telecoms
        if addresses:
            practitioner["address"] = addresses
        reference = {"reference": _once(practitioner, key, d)}
        if place is not None:
            made_role = d.ids.of("practitioner-role", place, reference["reference"])
            reference = {"reference": _with_role(made_role, reference["reference"], place, telecoms, d)}
    elif place is not None:
        whole = d.resource(place)
        if telecoms:
            whole.setdefault("telecom", telecoms)
        if addresses:
            whole.setdefault("address", addresses)
        if numbers:
            whole["identifier"] += [one for one in numbers if one not in whole["identifier"]]
        reference = {"reference": place}
    if reference is None:
        row.used = 0
        return
    d.take(row, 1, 3)
    group.place = place or ""
    request = group.referral
    follows = d.interned.get("referral task")
    if role == "RP":
        request["requester"] = reference
        if follows is not None:
            follows["requester"] = reference
    elif role in ("RT", "RH"):
        request.setdefault("performer", []).append(reference)
        if follows is not None and "owner" not in follows:
            follows["owner"] = reference
    elif group.patient is not None:
        group.patient.setdefault("generalPractitioner", []).append(reference)


def number(raw: str, d: Draft) -> Json | None:
    """PLN[Identifier] (2.A.54): the number, its type of table 0338 or the system that stands in its place."""
    parts = raw.split(d.c)
    value = d.first(parts[0], "PRD-7.1")
    if value is None:
        return None
    kind = d.text(parts[1]) if len(parts) > 1 else None
    d.rest(parts, "PRD-7", 3)
    if kind == "NPI":
        return {"type": {"coding": [{"system": V2_0203, "code": "NPI"}]}, "system": NPI, "value": value}
    if kind and ":" in kind and not any(c.isspace() for c in kind):
        return {"system": kind, "value": value}
    if kind:
        return {"system": f"{d.base}/assigner/{url_part(kind)}", "value": value, "assigner": {"display": kind}}
    return {"value": value}


def _all(row: Row, field: int, make: Any, d: Draft) -> list[Json]:
    raw = row.peek(field)
    if raw in ("", NULL):
        return []
    made = [one for part in raw.split(d.r) if part and (one := make(part, d, f"{row.name}-{field}"))]
    if made:
        row.raw(field)
    return made


def _place(row: Row, d: Draft) -> str | None:
    """PRD-4 as the organization it stands for: its facility as number (PL.4), its description as name (PL.9)."""
    raw = row.peek(4)
    if raw in ("", NULL):
        return None
    parts = raw.split(d.r)[0].split(d.c) + [""] * 9
    system, name = assigner(parts[3], d, "PRD-4.4")
    words = d.text(parts[8])
    if system is None and words is None:
        words = d.first(parts[0], "PRD-4.1")
    if system is None and words is None:
        return None
    d.take(row, 4, 99)
    d.rest(parts[:3], "PRD-4", 2)
    if parts[0] and parts[0] != parts[3] and (parts[3] or parts[8]):
        d.left("PRD-4.1")
    d.rest([*[""] * 4, *parts[4:8]], "PRD-4", 5)
    d.rest(parts, "PRD-4", 10)
    if name is not None and d.s not in parts[3]:
        # A namespace alone is the facility's own number in this sender's list.
        return organization(d, words or name, f"{d.base}/assigner/facility", name)
    return organization(d, words or name, system, name)


def _once(resource: Json, key: Json | None, d: Draft) -> str:
    found = d.interned.get(("practitioner", (key or {}).get("system"), (key or {}).get("value"))) if key else None
    if found is not None:
        return str(found[0])
    if key is None:
        resource["identifier"].append({"system": SID_RESOURCE, "value": resource["id"]})
        return d.add(resource)
    url = d.add(resource, key["system"], key["value"])
    d.interned["practitioner", key["system"], key["value"]] = (url, None)
    return url


def _with_role(made: str, practitioner: str, place: str, telecoms: list[Json], d: Draft) -> str:
    known = d.interned.get(("role", practitioner, place))
    if known is not None:
        return str(known)
    resource: Json = {
        "resourceType": "PractitionerRole",
        "id": made,
        "identifier": [{"system": SID_RESOURCE, "value": made}],
        "practitioner": {"reference": practitioner},
        "organization": {"reference": place},
    }
    if telecoms:
        resource["telecom"] = telecoms
    url = d.interned["role", practitioner, place] = d.add(resource)
    return str(url)


def contact(row: Row, group: Group, d: Draft) -> None:
    """CTD: a contact of the organization that the PRD before it names; of anybody else it is listed unused."""
    if not group.place:
        return
    made: Json = {}
    purpose = cwe_concept(row.peek(1).split(d.r)[0], d, "CTD-1") if row.peek(1) not in ("", NULL) else None
    if purpose:
        d.take(row, 1, 99)
        made["purpose"] = purpose
    names = _all(row, 2, xpn_name, d)
    if names:
        made["name"] = names[0]
        for turn in range(1, len(names)):
            d.left(f"CTD-2[{turn + 1}]")
    telecoms, addresses = _all(row, 5, xtn_contact, d), _all(row, 3, xad_address, d)
    if telecoms:
        made["telecom"] = telecoms
    if addresses:
        made["address"] = addresses[0]
        for turn in range(1, len(addresses)):
            d.left(f"CTD-3[{turn + 1}]")
    if not names and not telecoms:
        row.used = 0
        return
    d.resource(group.place).setdefault("contact", []).append(made)


def consent(row: Row, group: Group, d: Draft) -> None:
    """CON as a Consent: that there is a form, how it stands, and its words. It permits nothing by itself: its terms
    are words, and which law it meets is not said."""
    subject = group.subject(d, "CON")
    status = TABLE_0498.get(d.first(row.peek(11)) or "")
    if subject is None or status is None:
        return
    row.set_id()
    d.take(row, 11, 3)
    resource: Json = {"resourceType": "Consent", "id": "", "status": status}
    resource["scope"] = {"coding": [{"system": CONSENT_SCOPE, "code": "patient-privacy"}]}
    resource["category"] = [{"coding": [{"system": LOINC, "code": "59284-0"}]}]
    kind = cwe_concept(row.peek(2).split(d.r)[0], d, "CON-2") if row.peek(2) not in ("", NULL) else None
    if kind is not None:
        d.take(row, 2, 99)
        resource["category"].append(kind)
    con_consent(row, resource, d)
    number_of = ei_identifier(row.peek(4).split(d.r)[0], d, "CON-4") if row.peek(4) not in ("", NULL) else None
    if number_of is not None:
        d.take(row, 4, 99)
    key = number_of if number_of is not None and "system" in number_of else None
    value = number_of["value"] if number_of else f"{d.control}|CON[{group.count('CON')}]"
    resource["id"] = d.ids.of("consent", key["system"] if key else group.key(d), value)
    resource["identifier"] = [number_of] if number_of else []
    resource["patient"] = subject
    words = [
        text for field in (6, 7, 8, 9, 10) if row.peek(field) not in ("", NULL) and (text := d.whole(row.raw(field)))
    ]
    if words:
        data = base64.b64encode("\n".join(words).encode()).decode()
        resource["sourceAttachment"] = {"contentType": "text/plain; charset=utf-8", "data": data}
    resource["policyRule"] = {"text": "as the form says that the sender keeps"}
    period = dr_period(d.c.join((row.peek(14), row.peek(15))), d, "CON-14")
    if period:
        for field in (14, 15):
            if row.peek(field):
                d.take(row, field)
        resource["provision"] = {"period": period}
    if key is not None:
        d.add(resource, key["system"], key["value"])
    else:
        resource["identifier"].append({"system": SID_RESOURCE, "value": resource["id"]})
        d.add(resource)
    group.about = resource
