"""A label report that a privacy officer can read: what was labelled, why, how sure, by which rule and policy.

Names places, never values: a span is the numbers of its characters. What is only possible is listed beside what is
certain, as somebody has to look at it.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from mappings.labels.codes import version
from mappings.labels.marking import Label, Labelled
from mappings.labels.origin import Origin
from mappings.labels.policy import DEFAULT, LabelPolicy
from mappings.labels.scan import decoded_text
from mappings.labels.text import SHIPPED, TextLabels
from mappings.labels.vocabulary import RANK, codes, highest

Json = dict[str, Any]

_STEP: Final = re.compile(r"([A-Za-z_]\w*)|\[(\d+)\]")
_ENTRY: Final = re.compile(r"Bundle\.entry\[\d+\]\.resource")
_SURE: Final = {"certain": "certain", "possible": "possible: somebody has to look"}


def report(
    labelled: Labelled, *, origin: Origin | None, policy: LabelPolicy = DEFAULT, text: TextLabels = SHIPPED
) -> Json:
    """The report of one labelled resource or Bundle, as JSON. `origin`, `policy` and `text` as it was labelled by."""
    places: dict[str, list[Label]] = {}
    for row in labelled.labels:
        places.setdefault(record_of(row.path), []).append(row)
    records = [_of_record(place, rows, labelled.resource, policy, text) for place, rows in places.items()]
    found = codes(labelled.resource)
    return {
        "rules": version(),
        "policy": policy.version,
        "origin": origin.role if origin is not None else None,
        "resource": str(labelled.resource.get("resourceType", "")),
        "confidentiality": highest(found),
        "labels": sorted(found - RANK.keys()),
        "possible": sorted({row.code for row in labelled.labels if row.grade == "possible"} - found),
        "records": records,
        "issues": [
            {"severity": issue.severity, "rule": issue.rule, "path": issue.path, "text": issue.text}
            for issue in labelled.issues
        ],
    }


def record_of(path: str) -> str:
    """The record that a place is in: an entry's resource, or the resource itself."""
    found = _ENTRY.match(path)
    return found[0] if found is not None else re.split(r"[.\[]", path, maxsplit=1)[0]


def _of_record(place: str, rows: Sequence[Label], resource: Json, policy: LabelPolicy, text: TextLabels) -> Json:
    held = _at(resource, place)
    held = held if isinstance(held, dict) else {}
    by_code: dict[tuple[str, str], list[Label]] = {}
    for row in rows:
        if row.code not in RANK:
            by_code.setdefault((row.code, row.grade), []).append(row)
    labels: list[Json] = []
    for (code, grade), why in by_code.items():
        meaning = policy.meanings.get(code)
        labels.append(
            {
                "code": code,
                "grade": grade,
                "means": meaning.because if meaning is not None else "",
                "confidentiality": meaning.confidentiality if meaning is not None else policy.default,
                "handling": list(meaning.handling) if meaning is not None else [],
                "cite": meaning.cite if meaning is not None else "",
                "reasons": [_reason(row, resource, text) for row in why],
            }
        )
    return {
        "place": place,
        "type": str(held.get("resourceType", "")),
        "confidentiality": highest(codes(held)),
        "labels": sorted(labels, key=lambda one: (one["grade"], one["code"])),
    }


def _reason(row: Label, resource: Json, text: TextLabels) -> Json:
    made: Json = {"because": row.because, "path": row.path}
    if row.because.startswith("text: "):
        spans = [[start, end] for start, end in _spans(row, resource, text)]
        if spans:
            made["characters"] = spans
    return made


def _spans(row: Label, resource: Json, text: TextLabels) -> Iterator[tuple[int, int]]:
    """Where in the text of a place the words stand that a label is for; of markup and attachments nothing is said."""
    value = _at(resource, row.path)
    if isinstance(value, str) and row.path.endswith(".data"):
        value = decoded_text(_at(resource, row.path.removesuffix(".data")), value)
    if isinstance(value, str) and "<" not in value:
        for span in text.spans(value):
            if row.code in span.labels and (span.tells or "possible") == row.grade:
                yield span.start, span.end


def steps(path: str) -> list[str | int]:
    """The names and numbers of a FHIRPath of ours, after the resource's own type."""
    return [name or int(number) for name, number in _STEP.findall(path)[1:]]


def _at(resource: Json, path: str) -> Any:
    """What stands at a FHIRPath of ours in the resource; None where it is not there."""
    node: Any = resource
    for step in steps(path):
        if isinstance(step, str):
            node = node.get(step) if isinstance(node, dict) else None
        else:
            node = node[step] if isinstance(node, list) and step < len(node) else None
    return node


def as_text(documents: Sequence[Json]) -> str:
    """Reports as plain text."""
    out: list[str] = []
    for document in documents:
        out.append(_headline(document))
        out.append("")
        for record in document["records"]:
            out.append(f"{record['place']} ({record['type'] or 'Bundle'}): confidentiality {record['confidentiality']}")
            if not record["labels"]:
                out.append("  no label")
            for one in record["labels"]:
                out.append(f"  {one['code']} ({_SURE[one['grade']]}): {one['means']}. {one['cite']}")
                out.extend(f"    {_words(reason)}" for reason in one["reasons"])
        if document["issues"]:
            out.append("What came labelled otherwise:")
            out.extend(
                f"  {one['severity']} {one['rule']} at {one['path']}: {one['text']}" for one in document["issues"]
            )
        out.append("")
    return "\n".join(out)


def _headline(document: Json) -> str:
    origin = document["origin"] or "undeclared"
    labels = ", ".join(document["labels"]) or "none"
    possible = ", ".join(document["possible"]) or "none"
    return (
        f"{document['resource']}: confidentiality {document['confidentiality']}; labels: {labels}; "
        f"possible: {possible}. Origin: {origin}. Label rules {document['rules']}, policy {document['policy']}."
    )


def _words(reason: Json) -> str:
    spans = ", ".join(f"{start} to {end}" for start, end in reason.get("characters", ()))
    return f"{reason['because']} at {reason['path']}" + (f", characters {spans}" if spans else "")


_STYLE: Final = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:72rem;margin:2rem auto;padding:0 1rem;color:#1a1a1a}"
    "table{border-collapse:collapse;width:100%;margin:0 0 2rem}th,td{text-align:left;vertical-align:top;"
    "padding:.4rem .6rem;border-bottom:1px solid #bbb}th{border-bottom:2px solid #555}"
    "code{overflow-wrap:anywhere}.possible td{background:#fff6dd}"
)


def as_html(documents: Sequence[Json]) -> str:
    """Reports as one HTML page without scripts or links."""
    parts = [
        '<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Label report</title>',
        f"<style>{_STYLE}</style></head><body><h1>Label report</h1>",
        "<p>Places and reasons, no values. A label that is only possible restricts its element until somebody has "
        "looked.</p>",
    ]
    for document in documents:
        parts.append(f"<h2>{html.escape(_headline(document))}</h2>")
        for record in document["records"]:
            head = f"{record['place']} ({record['type'] or 'Bundle'}): confidentiality {record['confidentiality']}"
            parts.append(f"<h3><code>{html.escape(head)}</code></h3>")
            if record["labels"]:
                parts.append(
                    "<table><thead><tr><th>Label</th><th>How sure</th><th>What it means</th><th>Why, and where</th>"
                    "</tr></thead><tbody>"
                )
                parts.extend(_row(one) for one in record["labels"])
                parts.append("</tbody></table>")
            else:
                parts.append("<p>No label.</p>")
        if document["issues"]:
            parts.append("<h3>What came labelled otherwise</h3><ul>")
            parts.extend(
                f"<li>{html.escape(one['text'])} <code>{html.escape(one['path'])}</code></li>"
                for one in document["issues"]
            )
            parts.append("</ul>")
    parts.append("</body></html>\n")
    return "".join(parts)


def _row(one: Json) -> str:
    reasons = "<br>".join(f"<code>{html.escape(_words(reason))}</code>" for reason in one["reasons"])
    handling = f"; {', '.join(one['handling'])}" if one["handling"] else ""
    means = f"{one['means']} ({one['confidentiality']}{handling}). {one['cite']}"
    return (
        f'<tr class="{one["grade"]}"><td>{html.escape(one["code"])}</td><td>{_SURE[one["grade"]]}</td>'
        f"<td>{html.escape(means)}</td><td>{reasons}</td></tr>"
    )
