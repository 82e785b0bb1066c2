"""Somebody's words in a resource: which strings are, and the resource without those that repeat a withheld value.

Words hidden deeper than entities, tags, escapes and attachments are not found here: the seal looks at the final bytes.
"""

from __future__ import annotations

import re
from typing import Any, Final

from hub.release.structure import GONE, Gone, child_type, is_core, put
from hub.release.withheld import Withheld, normal, plainly, present
from mappings.labels.marking import decoded_text

Json = dict[str, Any]

#: Keys whose strings are somebody's words; so are the strings of every choice (valueString, onsetString).
_PROSE: Final = frozenset(
    [
        "text", "div", "display", "description", "comment", "note", "conclusion", "title", "patientInstruction", "name",
        "details", "summary", "detail", "administrationInstruction", "availabilityExceptions", "basis", "citation",
        "diagnostics", "extraDetails", "instruction", "label", "mitigation", "outcomeDesc", "rationale",
        "textEquivalent",
    ]
)  # fmt: skip
_CHOICES: Final = ("String", "Markdown")
#: A part of a resource is these words: without them there is none.
_WHOLE: Final = frozenset(["data", "text", "div"])
#: What may stand between the letters of a value.
_HIDING: Final = re.compile(r"[&<%\\]")


def _is_prose(key: str, node: Json, parent: str) -> bool:
    """Whether the string at this key is somebody's words, not a name, an address or the words of a code."""
    if key not in _PROSE and not key.endswith(_CHOICES):
        return False
    if isinstance(node.get("code"), str):  # of a Coding; the `code` of a resource is a concept
        return False
    if key == "name":
        return "resourceType" not in node
    return not (key == "text" and ("coding" in node or parent in ("name", "address")))


def structured(node: Any, parent: str, known: frozenset[str]) -> Any:
    """The part without its prose. `known`: references to what goes too, whose displays are that entry's own."""
    if isinstance(node, list):
        return [structured(item, parent, known) for item in node]
    if not isinstance(node, dict):
        return node
    kind = node.get("resourceType")
    own = node.get("reference") in known
    out: Json = {}
    for key, value in node.items():
        if isinstance(kind, str) and is_core(kind, key):
            out[key] = value  # decided with the entry itself
        elif isinstance(value, str):
            if key != "data" and (own or not _is_prose(key, node, parent)):
                out[key] = value
        else:
            out[key] = structured(value, key, known)
    return out


def without_prose(node: Json, kind: str, parent: str, needles: Withheld) -> Any:
    out: Json | None = None
    for key, value in node.items():
        left: Any = value
        if isinstance(value, str):
            text: str | None = None
            if key == "data":
                text = decoded_text(node, value)
            elif _is_prose(key, node, parent):
                text = value
            if text is not None and _tells(text, needles):
                left = GONE
        elif isinstance(value, dict) and key != "meta":
            left = without_prose(value, child_type(kind, key, value), key, needles)
        elif isinstance(value, list):
            items = [
                without_prose(item, child_type(kind, key, item), key, needles) if isinstance(item, dict) else item
                for item in value
            ]
            if any(one is not item for one, item in zip(items, value, strict=True)):
                left = [one for one in items if not isinstance(one, Gone)] or GONE
        if left is value:
            continue
        if left is GONE and "resourceType" not in node and (key in _WHOLE or key.startswith("value")):
            return GONE
        made = put(out, node, kind, key, left)
        if isinstance(made, Gone):
            return GONE
        out = made
    return node if out is None else out


def _tells(text: str, needles: Withheld) -> bool:
    """Whether the prose has one of the values: in words, between tags, or under entities, escapes and percent signs.

    What is hidden deeper the seal finds.
    """
    if plainly(needles, normal(text)):
        return True
    return _HIDING.search(text) is not None and bool(present(needles, text))
