"""HL7 v2 messages of any type as FHIR R4: the segments known here become resources, everything else is accounted for.

The maps of segments are compiled from the HL7 v2-to-FHIR tables (`maps`); how segments stand together is here: those
of one PID are a group, an NTE is about what stands before it, an OBX belongs to the OBR, ORC or TXA before it. The
order of a message structure is not enforced: a segment is read where its sender put it.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

from mappings.hl7v2.codec import Message, parse
from mappings.hl7v2.feed import clinical, document, labels, order, person, referral, schedule, visit
from mappings.hl7v2.feed.claims import claim
from mappings.hl7v2.feed.draft import Draft, Json
from mappings.hl7v2.feed.group import Group
from mappings.hl7v2.feed.notes import note
from mappings.hl7v2.feed.provenance import acknowledged, provenance
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.segment import NULL
from mappings.ids import PUBLISHED
from mappings.labels.vocabulary import DS4P
from mappings.partner import GENERIC, Partner
from mappings.translation import Translation

#: Message types and events with a map of their own. Any other is translated too, and says so.
KNOWN: Final = frozenset(
    [
        *(f"ADT^A{n:02}" for n in (1, 2, 3, 4, 5, 6, 7, 8, 11, 12, 13, 28, 31, 40)),
        *(f"{code}^I{n}" for code in ("REF", "RRI") for n in (12, 13, 14, 15)),
        "ORM^O01",
        "OMG^O19",
        "OSU^O51",
        *(f"SIU^S{n}" for n in (12, 13, 14, 15, 26)),
        *(f"MDM^T{n:02}" for n in range(1, 12)),
        "ORU^R01",
    ]
)
#: MSH-1, 2, 7, 9, 10, 12 and 18 as bits: what every message is read by.
_HEAD: Final = sum(1 << number for number in (1, 2, 7, 9, 10, 12, 18))
#: Events that say that the receiver knows an earlier form of what they tell.
_UPDATES: Final = frozenset(
    [
        *(f"ADT^A{n:02}" for n in (2, 3, 6, 7, 8, 11, 12, 13, 31)),
        *(f"{code}^I{n}" for code in ("REF", "RRI") for n in (13, 14)),
        "OSU^O51",
        *(f"SIU^S{n}" for n in (13, 14, 15, 26)),
        *(f"MDM^T{n:02}" for n in (3, 4, 7, 8, 11)),
    ]
)
#: Order messages, whose OBR asks; in any other message an OBR reports.
_ORDERS: Final = ("ORM", "OMG", "OSU", "OML", "ORG", "ORR", "ORL", "OMI", "OMP", "OMS", "OMN", "OMD")


def translate_v2(
    message: bytes,
    *,
    partner: Partner = GENERIC,
    zone: ZoneInfo | None = None,
    now: datetime,
    namespace_key: bytes = PUBLISHED,
) -> Translation:
    """One v2 message as a FHIR R4 transaction Bundle, with an account of every field.

    `partner.id` is whose record it is: the custody of its ids and its origin; without a partner it is the sending
    facility's, undeclared. A local time takes MSH-7's offset, else `zone`; without either it becomes its date, with
    an issue. `now` must be aware. Does not check the message's structure and does not decide anything.

    Raises ReadError as `mappings.hl7v2.codec.parse` does. A message type without a map of its own raises nothing:
    its known segments are translated and an information issue names it.
    """
    return translate_message(parse(message), partner=partner, zone=zone, now=now, namespace_key=namespace_key)


def translate_message(
    message: Message,
    *,
    partner: Partner = GENERIC,
    zone: ZoneInfo | None = None,
    now: datetime,
    namespace_key: bytes = PUBLISHED,
) -> Translation:
    """As `translate_v2`, of a message that is already parsed."""
    declared = partner.id != GENERIC.id
    custody = partner.id if declared else _sender(message)
    d = Draft(message, custody=custody, now=now, zone=zone, namespace_key=namespace_key)
    d.found(message.issues)
    msh = d.rows[0]
    msh.used |= _HEAD & (1 << len(msh.fields)) - 1
    code = d.event.partition("^")[0]
    if code == "ACK" or (code != "RRI" and len(d.rows) > 1 and d.rows[1].name == "MSA" and len(d.rows) <= 3):
        acknowledged(d)
    else:
        if d.event not in KNOWN:
            d.issue("translate.message-type", "MSH-9")
        groups = _groups(d.rows)
        for group in groups:
            _people(group, d)
        for group in groups:
            _read(group, code, d)
            schedule.finish(group, d)
        document.finish(d)
    provenance(d, update=d.event in _UPDATES)
    claim(d.entries)
    marked = labels.of(msh, d)
    for group_labels in d.interned.get("labels", ()):
        marked = (*marked, *(one for one in group_labels if one not in marked))
    if marked:
        labels.label_all(d, marked, 0, len(d.entries))
    made = d.ids.of("bundle", d.custody, d.control or message.data.hex()[:400])
    bundle: Json = {
        "resourceType": "Bundle",
        "id": made,
        "type": "transaction",
        "timestamp": d.now,
    }
    if d.entries:
        bundle["entry"] = d.entries
    meta: Json = {}
    processing = d.first(msh.peek(11))
    msh.raw(11)
    if processing in ("T", "D"):
        meta["tag"] = [{"system": "http://terminology.hl7.org/CodeSystem/v3-ActReason", "code": "HTEST"}]
    if marked:
        meta["security"] = list(marked)
    if msh.peek(28) not in ("", NULL) and (words := d.whole(msh.peek(28))):
        msh.raw(28)
        shown = {"url": DS4P + "extension-display", "valueAnnotation": {"text": words}}
        meta["extension"] = [shown]
        for entry in d.entries:
            if entry["resource"]["resourceType"] == "Patient":
                entry["resource"].setdefault("meta", {})["extension"] = [shown]
    if meta:
        bundle["meta"] = meta
    return Translation(
        bundle=bundle,
        origins=(partner.id if declared else None,) * len(d.entries),
        issues=d.issues,
        unused=d.unused(),
        update=d.event in _UPDATES,
        deleted=tuple(
            [(f"urn:uuid:{resource['id']}", element) for resource, element in d.deleted if resource.get("id")]
        ),
    )


def _sender(message: Message) -> str:
    """MSH-4, else MSH-3."""
    head = message.segments[0]
    return head.get(4) or head.get(3) or "unknown-sender"


def _groups(rows: list[Row]) -> list[Group]:
    """The segments of each PID; what stands before the first goes with it."""
    made: list[Group] = []
    current: list[Row] = []
    started = False
    for row in rows[1:]:
        if row.name == "PID":
            if started:
                made.append(Group(current, len(made) + 1))
                current = []
            started = True
        current.append(row)
    made.append(Group(current, len(made) + 1))
    return made


def _first(name: str, rows: list[Row]) -> Row | None:
    for row in rows:
        if row.name == name:
            return row
    return None


def _people(group: Group, d: Draft) -> None:
    """The patient and the visits of a group, which everything else refers to, wherever it stands."""
    rows = group.rows
    for at, row in enumerate(rows):
        if row.name == "PID":
            person.patient(row, _first("PD1", rows[at:]), group, d)
            row.set_id()
        elif row.name == "MRG":
            person.merge(row, group, d)
    for at, row in enumerate(rows):
        if row.name == "PV1":
            follows = rows[at + 1] if at + 1 < len(rows) else None
            visit.visit(row, follows if follows is not None and follows.name == "PV2" else None, group, d)


def _nothing(row: Row, group: Group, d: Draft) -> None:
    """EVN and PD1 are read with what they belong to."""


def _visited(row: Row, group: Group, d: Draft) -> None:
    if group.referral is not None:
        group.about = group.referral
    elif group.visit is not None:
        group.about = group.visit


def _person(row: Row, group: Group, d: Draft) -> None:
    # A comment on the person has no place; in a referral or appointment it is the request's.
    group.about = group.referral or group.appointment


#: What is read of a segment whatever stands around it.
_ALONE: Final[dict[str, Callable[[Row, Group, Draft], None]]] = {
    "AL1": clinical.allergy,
    "AUT": clinical.authorization,
    "EVN": _nothing,
    "IN1": clinical.coverage,
    "NK1": person.next_of_kin,
    "PD1": _nothing,
    "PID": _person,
    "PR1": clinical.procedure,
    "PV1": _visited,
    "PV2": _visited,
}


def _read(group: Group, code: str, d: Draft) -> None:
    rows = group.rows
    encounter = group.visit
    group.about = None
    later: list[Row] = []
    # A referral's own segment stands before the patient's: what refers to it waits for it.
    request = _first("RF1", rows)
    if request is not None:
        referral.referral(request, group, d)
    after_order = False
    orc: Row | None = None
    for at, row in enumerate(rows):
        alone = _ALONE.get(row.name)
        if alone is not None:
            alone(row, group, d)
            continue
        match row.name:
            case "OBX":
                if orc is not None:
                    _ordered(orc, None, group, code, d)
                    orc = None
                if group.document is not None:
                    document.content(row, group, d)
                elif not document.file(row, group, d):
                    clinical.observation(row, group, d)
            case "NTE":
                if orc is not None:
                    _ordered(orc, None, group, code, d)
                    orc = None
                note(row, group.about, d)
                if row.used:
                    row.set_id()
            case "DG1":
                url = clinical.condition(row, group, encounter, d)
                asked = group.order if after_order else group.referral
                if asked is not None and url is not None:
                    asked.setdefault("reasonReference", []).append({"reference": url})
            case "ORC":
                if orc is not None:
                    _ordered(orc, None, group, code, d)
                orc, after_order = row, True
                following = rows[at + 1].name if at + 1 < len(rows) else ""
                if following not in ("OBR", "TQ1"):
                    _ordered(row, None, group, code, d)
                    orc = None
            case "OBR":
                _ordered(orc, row, group, code, d)
                orc, after_order = None, True
                for one in later:
                    order.timing(one, group.order, d)
                later = []
            case "TQ1":
                if orc is not None:
                    later.append(row)
                else:
                    order.timing(row, group.order, d)
            case "SCH":
                schedule.appointment(row, group, d)
            case "AIS":
                schedule.service(row, group, d)
                group.about = group.appointment
            case "AIG" | "AIL" | "AIP":
                schedule.resource(row, group, d)
                group.about = group.appointment
            case "TXA":
                document.document(row, group, d)
            case "PRD":
                referral.provider(row, group, d)
            case "CTD":
                referral.contact(row, group, d)
            case "CON":
                referral.consent(row, group, d)
            case "ROL":
                visit.role(row, encounter, d)
            case "ARV":
                group.labels.extend(labels.of(row, d))
                if row.used:
                    row.set_id()
            case "ZSL":
                if found := labels.of(row, d):
                    # What ZSL-3 names is narrower than the message; the whole message is the safe reading.
                    row.set_id()
                    group.labels.extend(found)
            case "RF1":
                group.about = group.referral
            case "RGS":
                row.set_id()
                if d.first(row.peek(2)) in ("A", "U"):
                    d.take(row, 2)
    if orc is not None:
        _ordered(orc, None, group, code, d)
        for one in later:
            order.timing(one, group.order, d)
    if group.labels:
        d.interned.setdefault("labels", []).append(tuple(group.labels))


def _ordered(orc: Row | None, obr: Row | None, group: Group, code: str, d: Draft) -> None:
    """An ORC with its OBR: an order where the message orders or answers an order, else a report."""
    if code in _ORDERS:
        order.order(orc, obr, group, d)
    elif obr is not None and group.document is None and code != "MDM":
        order.report(orc, obr, group, d)
        if group.referral is not None and group.report is not None:
            group.referral.setdefault("supportingInfo", []).append({"reference": f"urn:uuid:{group.report['id']}"})
