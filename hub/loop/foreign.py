"""FHIR that somebody else wrote: fhir.resources reads it before anything in it is believed.

What the models do not know (which status an answer may have, whose referral it is) is `loop.reply`'s and
`loop.answer`'s.
"""

from __future__ import annotations

from typing import Any

from hub.errors import NotFhir
from profiles import r4b


def check(document: dict[str, Any]) -> None:
    """Raises NotFhir with every place at which a resource, or an entry of a Bundle, is not FHIR R4."""
    found = r4b.parse(document)
    if found:
        raise NotFhir(found)


def warm() -> None:
    """Imports and builds the models of an answer, which takes about half a second, before one is waited for."""
    for kind in ("MessageHeader", "Task", "Appointment"):
        r4b.parse({"resourceType": "Bundle", "type": "message", "entry": [{"resource": {"resourceType": kind}}]})
