"""An audited event as a syslog message for an audit record repository (IHE ITI-20, ATNA).

RFC 5424 around the AuditMessage of DICOM PS3.15, A.5. Like the FHIR form it has keyed ids and codes only.
"""

from __future__ import annotations

import base64
from datetime import UTC
from xml.etree.ElementTree import Element, SubElement, tostring  # written, never read

from hub.records import Event
from hub.release.purpose import ACT_REASON, LOCAL, PURPOSE

#: Facility 10 (security and authorization); severity 5, or 4 where it failed (RFC 5424, 6.2.1).
_FACILITY, _NOTICE, _WARNING = 10, 5, 4
#: The message type of IHE ITI-20.
_MSGID = "IHE+RFC-3881"
_BOM = b"\xef\xbb\xbf"

#: DICOM PS3.16, CID 400, by the family of a kind; what has none is an application's activity.
_EVENT = {
    "disclosure": ("110106", "Export"),
    "message": ("110107", "Import"),
    "answer": ("110107", "Import"),
    "outcome": ("110112", "Query"),
    "console": ("110110", "Patient Record"),
    "sign-in": ("110114", "User Authentication"),
    "sign-out": ("110114", "User Authentication"),
    "account": ("110113", "Security Alert"),
    "credential": ("110113", "Security Alert"),
    "key": ("110113", "Security Alert"),
    "database": ("110113", "Security Alert"),
}
_ACTIVITY = ("110100", "Application Activity")


def syslog(event: Event, number: int) -> bytes:
    """One event, of that number in the chain, as RFC 5424 has it; the transport frames it."""
    severity = _NOTICE if event.outcome == "0" else _WARNING
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    data = f'[handoff@32473 seq="{number}"]'  # 32473 is reserved for documentation (RFC 5612): we have no number
    head = f"<{_FACILITY * 8 + severity}>1 {at} {_name(event.source)} handoff - {_MSGID} {data} "
    return head.encode("ascii") + _BOM + audit_message(event)


def audit_message(event: Event) -> bytes:
    """The AuditMessage (DICOM PS3.15, A.5.1), UTF-8."""
    code, meaning = _EVENT.get(event.kind.partition(".")[0], _ACTIVITY)
    at = event.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    root = Element("AuditMessage")
    what = SubElement(
        root,
        "EventIdentification",
        EventActionCode=event.action,
        EventDateTime=at,
        EventOutcomeIndicator=event.outcome,
    )
    _coded(what, "EventID", code, "DCM", meaning)
    _coded(what, "EventTypeCode", event.kind, "https://warmhandoff.org/fhir/CodeSystem/audit-kind", event.kind)
    if event.purpose is not None:
        system = PURPOSE if event.purpose in LOCAL else ACT_REASON
        _coded(what, "PurposeOfUse", event.purpose, system, event.purpose)
    SubElement(root, "ActiveParticipant", UserID=event.who, UserIsRequestor="true")
    source = SubElement(root, "AuditSourceIdentification", AuditSourceID=event.source)
    SubElement(source, "AuditSourceTypeCode", {"csd-code": "4"})
    subject = _object(root, f"{event.entity_type}/{event.entity_id}", kind="2", role="4", of="audit entity")
    for rule in event.detail:
        SubElement(subject, "ParticipantObjectDetail", type="rule", value=_base64(rule))
    if event.patient_id is not None:
        _object(root, event.patient_id, kind="1", role="1", of="Patient Number")
    return bytes(tostring(root, encoding="utf-8", xml_declaration=True))


def _coded(parent: Element, name: str, code: str, system: str, text: str) -> None:
    SubElement(parent, name, {"csd-code": code, "codeSystemName": system, "originalText": text})


def _object(root: Element, identifier: str, *, kind: str, role: str, of: str) -> Element:
    made = SubElement(
        root,
        "ParticipantObjectIdentification",
        ParticipantObjectID=identifier,
        ParticipantObjectTypeCode=kind,
        ParticipantObjectTypeCodeRole=role,
    )
    _coded(made, "ParticipantObjectIDTypeCode", "2" if kind == "1" else "12", "RFC-3881", of)
    return made


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def _name(host: str) -> str:
    """A host name as the header takes it: printable ASCII without spaces, 255 characters at most."""
    kept = "".join(c for c in host if "!" <= c <= "~")[:255]
    return kept or "-"
