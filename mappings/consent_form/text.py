"""The exact text of a form as it is shown, and the document that is kept of it once it is signed.

What is shown and what is kept come of one function: `paragraphs`. The document is HTML by itself (no script, no
outside resource), with the drawn signature as lines of an SVG.
"""

from __future__ import annotations

import hashlib
import html
import re
from dataclasses import replace
from typing import Final

from mappings.consent_form.template import Template
from mappings.record import record

#: A drawn signature: strokes of whole coordinates in a field of 1000 by 300.
STROKES: Final = re.compile(r"(?:M\d{1,4} \d{1,4}(?:L\d{1,4} \d{1,4}){1,4000}){1,400}\Z")

#: Nobody signs with fewer points than this; a slip of the finger is no signature.
FEWEST_POINTS: Final = 8


@record
class Filled:
    """What stands in the form's places, as words. `ticked`: the names of the state's boxes that are ticked."""

    patient: str
    birth_date: str
    disclosers: str
    recipients: str
    description: str
    purposes: str
    expiry: str
    ticked: frozenset[str] = frozenset()


@record
class Paragraph:
    """One section with its places filled. `box`: its name if it is a checkbox; `ticked` None: it is none."""

    element: str
    heading: str
    text: str
    cite: str
    box: str = ""
    required: bool = False
    ticked: bool | None = None


def paragraphs(template: Template, filled: Filled) -> tuple[Paragraph, ...]:
    """The sections of a form with its places filled, in the template's order."""
    words = {
        "patient": filled.patient,
        "birth_date": filled.birth_date,
        "disclosers": filled.disclosers,
        "recipients": filled.recipients,
        "description": filled.description,
        "purposes": filled.purposes,
        "expiry": filled.expiry,
    }
    return tuple(
        Paragraph(
            element=section.element,
            heading=section.heading,
            # Only the template's braces are places: a brace in what somebody typed is a brace.
            text=section.text.format_map(words),
            cite=section.cite,
            box=section.name,
            required=section.required,
            ticked=section.name in filled.ticked if section.name else None,
        )
        for section in template.sections
    )


def plain_text(template: Template, filled: Filled) -> str:
    """The whole text of the form, section by section."""
    lines = [f"{template.title} ({template.id}, {template.version})"]
    for one in paragraphs(template, filled):
        mark = "" if one.ticked is None else "[x] " if one.ticked else "[ ] "
        lines.append(": ".join(part for part in (one.heading, mark + one.text) if part))
    return "\n".join(lines)


def text_digest(template: Template, filled: Filled) -> str:
    """SHA-256 of the text without the boxes' ticks, in hex: what was shown is what is signed."""
    bare = replace(filled, ticked=frozenset())
    return hashlib.sha256(plain_text(template, bare).encode()).hexdigest()


def is_drawn(strokes: str) -> bool:
    """Whether it is a signature as drawn on the page: strokes within the field, and more than a dot."""
    return len(strokes) <= 60_000 and STROKES.match(strokes) is not None and strokes.count("L") >= FEWEST_POINTS


def signed_document(
    template: Template,
    filled: Filled,
    *,
    signatures: tuple[tuple[str, str, str], ...],
    witness: str,
    at: str,
) -> str:
    """The signed form as one HTML document. `signatures`: (name, capacity, strokes) of who signed; `witness` in
    words; `at` as it is to be read, with its zone."""
    made = [
        f'<!doctype html><html lang="{html.escape(template.language)}"><head><meta charset="utf-8">',
        f"<title>{html.escape(template.title)}</title></head><body><h1>{html.escape(template.title)}</h1>",
    ]
    for one in paragraphs(template, filled):
        if one.heading:
            made.append(f"<h2>{html.escape(one.heading)}</h2>")
        mark = "" if one.ticked is None else "\N{BALLOT BOX WITH X} " if one.ticked else "\N{BALLOT BOX} "
        cite = f" <small>({html.escape(one.cite)})</small>" if one.cite else ""
        made.append(f"<p>{mark}{html.escape(one.text)}{cite}</p>")
    for name, capacity, strokes in signatures:
        if strokes and not is_drawn(strokes):
            raise ValueError("not a drawn signature")
        drawn = (
            '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 1000 300" width="500" height="150" role="img" '
            f'aria-label="Signature"><path d="{strokes}" fill="none" stroke="#000" stroke-width="5" '
            'stroke-linecap="round" stroke-linejoin="round"/></svg>'
            if strokes
            else ""
        )
        made.append(f"<section>{drawn}<p>{html.escape(name)}, {html.escape(capacity)}</p></section>")
    made.append(f"<p>Signed {html.escape(at)}</p>")
    if witness:
        made.append(f"<p>Present: {html.escape(witness)}</p>")
    made.append(f"<footer><small>{html.escape(template.id)} {html.escape(template.version)}</small></footer>")
    made.append("</body></html>")
    return "".join(made)
