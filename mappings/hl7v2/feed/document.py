"""TXA with its OBX as a DocumentReference, and what an OBX carries as a file (ED, RP) anywhere else."""

from __future__ import annotations

import base64
from typing import Final

from mappings.fhir.systems import DATA_ABSENT, SID_RESOURCE
from mappings.hl7v2.feed import labels
from mappings.hl7v2.feed.attachments import ed_attachment, rp_attachment
from mappings.hl7v2.feed.clinical import OBSERVATION_STATUS
from mappings.hl7v2.feed.coded import cwe_concept
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.identifiers import ei_identifier
from mappings.hl7v2.feed.parties import xcn_practitioner
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.feed.segment_maps import txa_documentreference
from mappings.hl7v2.segment import NULL

#: Table 0271 (TXA-17) to DocumentReference.docStatus.
_COMPLETION: Final = {
    "AU": "final",
    "LA": "final",
    "DI": "preliminary",
    "DO": "preliminary",
    "IN": "preliminary",
    "IP": "preliminary",
    "PA": "preliminary",
}
#: Table 0273 (TXA-19) to DocumentReference.status.
_AVAILABILITY: Final = {"AV": "current", "CA": "entered-in-error", "OB": "superseded", "UN": "current"}
#: What an event makes of the parent document (TXA-13).
_RELATES: Final = {"T05": "appends", "T06": "appends", "T09": "replaces", "T10": "replaces"}
_ABSENT: Final = {"attachment": {"extension": [{"url": DATA_ABSENT, "valueCode": "unknown"}]}}


def document(row: Row, group: Group, d: Draft) -> None:
    """The DocumentReference of a TXA (TXA[DocumentReference]); the group's from here on, content comes after it."""
    subject = group.subject(d, "TXA")
    if subject is None:
        return
    resource: Json = {"resourceType": "DocumentReference", "id": "", "status": "current"}
    txa_documentreference(row, resource, d)
    row.set_id()
    event = d.event.partition("^")[2]
    state = d.first(row.peek(19)) or ""
    if state in _AVAILABILITY:
        d.take(row, 19)
        resource["status"] = _AVAILABILITY[state]
    if event == "T11":
        resource["status"] = "entered-in-error"
    done = d.first(row.peek(17)) or ""
    if done in _COMPLETION:
        d.take(row, 17)
        resource["docStatus"] = (
            "amended" if event in ("T05", "T06", "T07", "T08") and _COMPLETION[done] == "final" else _COMPLETION[done]
        )
    resource["subject"] = subject
    context: Json = {}
    if group.encounter is not None:
        context["encounter"] = [{"reference": group.encounter}]
    if row.peek(4) not in ("", NULL) and (when := d.time(row.peek(4), "TXA-4")):
        d.take(row, 4)
        context["period"] = {"start": when}
    for number in (6, 8, 7):
        if "date" not in resource and row.peek(number) not in ("", NULL):
            when = d.time(row.peek(number).split(d.r)[0], f"TXA-{number}")
            if when and len(when) > 10:
                d.take(row, number)
                resource["date"] = when
    if row.peek(10) not in ("", NULL):
        signed = [made for part in row.peek(10).split(d.r) if part and (made := xcn_practitioner(part, d, "TXA-10"))]
        if signed:
            row.raw(10)
            resource["authenticator"] = signed[0]
            for turn in range(1, len(signed)):
                d.left(f"TXA-10[{turn + 1}]")
    parent = ei_identifier(row.peek(13).split(d.r)[0], d, "TXA-13") if row.peek(13) not in ("", NULL) else None
    if parent is not None and event in _RELATES:
        d.take(row, 13, 99)
        target = {"type": "DocumentReference", "identifier": parent}
        resource["relatesTo"] = [{"code": _RELATES[event], "target": target}]
    if row.peek(14) not in ("", NULL):
        for part in row.peek(14).split(d.r):
            made = ei_identifier(part, d, "TXA-14")
            if made is not None:
                row.raw(14)
                context.setdefault("related", []).append({"type": "ServiceRequest", "identifier": made})
    if context:
        resource["context"] = context
    if (d.first(row.peek(3)) or "") in ("TX", "FT", "TEXT"):
        d.take(row, 3)  # the content is text, and its attachment says so
    unique = resource.get("masterIdentifier")
    if unique is not None and "system" in unique:
        resource["id"] = d.ids.of("document", unique["system"], unique["value"])
        d.add(resource, unique["system"], unique["value"])
    else:
        value = unique["value"] if unique is not None else f"{d.control}|TXA[{group.count('TXA')}]"
        resource["id"] = d.ids.of("document", d.custody, value)
        resource.setdefault("identifier", []).append({"system": SID_RESOURCE, "value": resource["id"]})
        d.add(resource)
    if found := labels.of(row, d):
        labels.label(resource, found)
    resource["content"] = []
    group.document = group.about = resource


def content(row: Row, group: Group, d: Draft) -> None:
    """An OBX after TXA is content (OBX[DocumentReference]): a file, a pointer, or text, its lines together."""
    resource = group.document
    kind = (d.first(row.peek(2)) or "").upper()
    raw = row.peek(5)
    if raw in ("", NULL):
        return
    title = None
    concept = cwe_concept(row.peek(3).split(d.r)[0], d, "OBX-3") if row.peek(3) not in ("", NULL) else None
    if concept is not None:
        coding = (concept.get("coding") or [{}])[0]
        title = concept.get("text") or coding.get("display") or coding.get("code")
    made: list[Json] = []
    if kind in ("ED", "RP"):
        make = ed_attachment if kind == "ED" else rp_attachment
        made = [one for part in raw.split(d.r) if part and (one := make(part, d, "OBX-5", None))]
        if not made:
            return
    else:
        text = d.whole(raw)
        if text is None:
            return
        lines = d.interned.get(("lines", resource["id"], title))
        if lines is not None:
            lines[0].append(text)
            lines[1]["data"] = base64.b64encode("\n".join(lines[0]).encode()).decode()
        else:
            one = {"contentType": "text/plain; charset=utf-8", "data": base64.b64encode(text.encode()).decode()}
            d.interned["lines", resource["id"], title] = ([text], one)
            made = [one]
    for one in made:
        if title and "title" not in one:
            one["title"] = title
        resource["content"].append({"attachment": one})
    _read(row, d)


def file(row: Row, group: Group, d: Draft) -> bool:
    """An OBX with a file (ED, RP) outside a document message as a DocumentReference; whether it was one."""
    if (d.first(row.peek(2)) or "").upper() not in ("ED", "RP") or row.peek(5) in ("", NULL):
        return False
    make = ed_attachment if row.peek(2) == "ED" else rp_attachment
    made = [one for part in row.peek(5).split(d.r) if part and (one := make(part, d, "OBX-5", None))]
    subject = group.subject(d, "OBX") if made else None
    if subject is None:
        return bool(made)
    kind = cwe_concept(row.peek(3).split(d.r)[0], d, "OBX-3") if row.peek(3) not in ("", NULL) else None
    resource: Json = {"resourceType": "DocumentReference", "id": "", "status": "current"}
    if kind is not None:
        resource["type"] = kind
    resource["subject"] = subject
    if row.peek(14) not in ("", NULL) and (when := d.time(row.peek(14), "OBX-14")) and len(when) > 10:
        row.raw(14)
        resource["date"] = when
    resource["content"] = [{"attachment": one} for one in made]
    if group.encounter is not None:
        resource["context"] = {"encounter": [{"reference": group.encounter}]}
    _read(row, d)
    resource["id"] = d.ids.of("document", group.key(d), f"{d.control}|OBX[{group.count('file')}]")
    resource["identifier"] = [{"system": SID_RESOURCE, "value": resource["id"]}]
    url = d.add(resource)
    if group.order is not None:
        group.order.setdefault("supportingInfo", []).append({"reference": url})
    elif group.referral is not None:
        group.referral.setdefault("supportingInfo", []).append({"reference": url})
    group.about = resource
    return True


def _read(row: Row, d: Draft) -> None:
    """Marks what of an OBX its attachment says."""
    row.set_id()
    row.used |= 1 << 5
    if row.peek(2) in ("TX", "FT", "ST", "ED", "RP"):
        row.used |= 1 << 2
    if row.peek(3):
        d.take(row, 3, 99)
    if row.peek(4).replace(".", "").isdigit():
        d.take(row, 4)
    if row.peek(11) in OBSERVATION_STATUS:
        d.take(row, 11)


def finish(d: Draft) -> None:
    """A document without content says that nobody gave it (T01 and its like): R4 wants one."""
    for entry in d.entries:
        resource = entry["resource"]
        if resource["resourceType"] == "DocumentReference" and not resource["content"]:
            resource["content"].append(_ABSENT)
