"""The CJIS gate's second look: what a police agency's record says, read by the gate's own rules before it is released.

The first look is inside `translate`, at the Incident. Text can come into a document another way (a correction by
hand, a signed form, a message that was FHIR or HL7 v2 from the start), so every entry of law-enforcement origin is
read again here. Part 2 guide, section 10; CJIS Security Policy 4.2; 28 CFR 20.33.
"""

from __future__ import annotations

import html
import re
from typing import Any, Final

from mappings.cjis import IDENTIFIER_KINDS
from mappings.cjis_rules import criminal_justice_passages
from mappings.labels.marking import decoded_text

Json = dict[str, Any]

#: Why such an entry waits for a person.
BECAUSE: Final = "it looks like criminal justice information (CJIS Security Policy 4.2; 28 CFR 20.33)"
#: FHIR's own words, addresses of definitions, ids and times: nobody's text.
_NOT_TEXT: Final = frozenset(
    [
        "resourceType", "id", "fullUrl", "url", "system", "reference", "code", "profile", "status", "use", "type",
        "contentType", "lastUpdated", "versionId", "version", "gender", "birthDate", "unit", "intent", "priority",
        "mode", "language", "start", "end", "authoredOn", "recorded", "date", "issued", "created", "effectiveDateTime",
        "valueDateTime", "valueUri", "valueCode", "linkId", "hash", "size", "family", "given", "city", "state",
        "postalCode", "country",
    ]
)  # fmt: skip
_TAGS: Final = re.compile(r"<[^<>]*>")
#: Between two texts: a sentence's end, over which no rule reads on.
_APART: Final = ".\x00 "


def criminal_justice(resource: Json) -> bool:
    """Whether a text of the resource looks like criminal justice information, or an identifier is one by its kind.

    Text attachments are read decoded; an image or a PDF is not read. Codes are not: only their displays and texts.
    """
    said: list[str] = []
    return _read(resource, said) or bool(criminal_justice_passages(_APART.join(said)))


def _read(node: Json, said: list[str]) -> bool:
    """Adds the texts of a node to `said`; True, and no more is read, when an identifier is of such a kind."""
    for name, value in node.items():
        if value.__class__ is str:
            if name == "data":
                decoded = decoded_text(node, value)
                if decoded is not None:
                    said.append(decoded)
            elif name not in _NOT_TEXT:
                said.append(html.unescape(_TAGS.sub(" ", value)) if name == "div" else value)
        elif value.__class__ is dict:
            if name == "type" and "value" in node and _of_such_a_kind(value):
                return True
            if name != "meta" and _read(value, said):
                return True
        elif value.__class__ is list:
            for item in value:
                if item.__class__ is dict:
                    if _read(item, said):
                        return True
                elif item.__class__ is str and name not in _NOT_TEXT:
                    said.append(item)
    return False


def _of_such_a_kind(kind: Json) -> bool:
    """Whether an identifier's type is that of a criminal justice number."""
    coded = kind.get("coding")
    said = [kind.get("text"), *(one.get("code") for one in coded or () if isinstance(one, dict))]
    return any(isinstance(one, str) and one.lower() in IDENTIFIER_KINDS for one in said)
