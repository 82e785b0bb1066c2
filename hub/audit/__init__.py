"""Who did what to which record: a hash chain with signed checkpoints, and its export as FHIR AuditEvents."""

from hub.audit.chain import Broken, append, checkpoint, checkpoints, events, verify
from hub.audit.fhir import to_fhir
from hub.records import Event

__all__ = ["Broken", "Event", "append", "checkpoint", "checkpoints", "events", "to_fhir", "verify"]
