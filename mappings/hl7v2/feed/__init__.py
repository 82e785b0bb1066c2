"""HL7 v2 feeds as FHIR R4: `translate_v2`. How a message is read stands in `translate`, the tables in `maps`."""

from __future__ import annotations

from mappings.hl7v2.feed.translate import KNOWN, translate_message, translate_v2

__all__ = ["KNOWN", "translate_message", "translate_v2"]
