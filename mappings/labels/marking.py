"""Put labels on a resource or a Bundle: by origin, by code and by text, wherever it stands; then the high-water mark.

Never changes its input, never lowers what is there, and labelling twice gives the same resource. What is certain goes
to `meta.security`; what is possible only to `Labelled.labels`, for a person to look at and for release to restrict
that one element. Does not decide anything: that is release.
"""

from __future__ import annotations

import base64
import binascii
import html
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Literal

from mappings.labels.codes import Finding, by_code, known_system
from mappings.labels.origin import Origin, by_origin
from mappings.labels.policy import DEFAULT, LabelPolicy
from mappings.labels.text import FIRST_WORDS, by_mention, by_text
from mappings.labels.vocabulary import (
    ACT_CODE,
    BASIS,
    CONFIDENTIALITY,
    DS4P,
    INLINE,
    LABEL,
    LAWS,
    ORIGIN_UNKNOWN,
    PART2,
    RANK,
    SENSITIVITIES,
    codes,
    highest,
    security,
    system_of,
)

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Label:
    """One label at one place: why it is there, never the value that it is there for. `path` is a FHIRPath."""

    system: str
    code: str
    grade: Literal["certain", "possible"]
    because: str
    path: str

    def to_json(self) -> dict[str, str]:
        """A row of `handoff label --explain`."""
        return {
            "system": self.system,
            "code": self.code,
            "grade": self.grade,
            "because": self.because,
            "path": self.path,
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Labelled:
    """The labelled resource and a row for each (code, path)."""

    resource: Json
    labels: tuple[Label, ...]

    def to_json(self) -> Json:
        """What `handoff label --explain` writes."""
        return {"resource": self.resource, "labels": [label.to_json() for label in self.labels]}


#: Keys whose strings are never prose: addresses, ids and codes of FHIR itself. Everything else is read as text.
_NOT_TEXT: Final = frozenset(
    [
        "resourceType",
        "id",
        "url",
        "system",
        "reference",
        "fullUrl",
        "versionId",
        "lastUpdated",
        "profile",
        "contentType",
        "data",
        "intent",
        "status",
        "priority",
        "mode",
        "use",
        "type",
        "ifNoneExist",
        "method",
        "hash",
        "language",
        "source",
        "implicitRules",
        "birthDate",
        "gender",
        "family",
        "given",
    ]
)
_WORDS = re.compile(r"[a-z0-9]+").findall
_TAGS = re.compile(r"<[^>]*>")
_TEXT_TYPES = ("text/", "application/xhtml", "application/xml", "application/json")
_INLINE_URL: Final = DS4P + "extension-inline-sec-label"

#: A place as (parent, key) pairs, written out only when something is found there.
_Place = Any
_Report = Callable[[str, str, str, str, _Place], None]
#: What a text tells.
_Tell = Callable[[str], tuple[Finding, ...]]


def label(resource: Json, *, origin: Origin | None, policy: LabelPolicy = DEFAULT) -> Labelled:
    """Label one resource, or a Bundle whose entries all have this origin. None is an undeclared origin.

    The input is not changed. No value of the resource is in any label.
    """
    if resource.get("resourceType") == "Bundle":
        entries = resource.get("entry")
        return label_bundle(resource, [origin] * (len(entries) if isinstance(entries, list) else 0), policy=policy)
    return _resource(resource, origin, policy, (None, str(resource.get("resourceType", "Resource"))))


def label_bundle(bundle: Json, origins: Sequence[Origin | None], *, policy: LabelPolicy = DEFAULT) -> Labelled:
    """Label each entry by its own origin (parallel to `entry`; missing ones are undeclared), then the Bundle.

    The Bundle gets the high-water mark of its entries: the highest confidentiality and the union of the rest.
    """
    entries = bundle.get("entry")
    if not isinstance(entries, list):
        return Labelled(resource=high_water(bundle, policy=policy), labels=())
    rows: list[Label] = []
    labelled: list[Any] = []
    for index, entry in enumerate(entries):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict):
            labelled.append(entry)
            continue
        origin = origins[index] if index < len(origins) else None
        if resource.get("resourceType") == "Bundle":
            found = label(resource, origin=origin, policy=policy)
            prefix = f"Bundle.entry[{index}].resource"
            rows.extend(
                Label(
                    system=row.system,
                    code=row.code,
                    grade=row.grade,
                    because=row.because,
                    path=prefix + row.path[len("Bundle") :],
                )
                for row in found.labels
            )
        else:
            found = _resource(resource, origin, policy, ((None, f"Bundle.entry[{index}]"), "resource"))
            rows.extend(found.labels)
        labelled.append(entry if found.resource is resource else {**entry, "resource": found.resource})
    return Labelled(resource=high_water({**bundle, "entry": labelled}, policy=policy), labels=tuple(rows))


def mentions(resource: Json, *, root: str = "") -> tuple[Label, ...]:
    """Where a sensitive thing is mentioned without being told ("denies drug use", "if he relapses"): never a label.

    For a release policy that withholds mentions too (S16). Rows of grade possible, paths from `root`.
    """
    rows: dict[tuple[str, str], Label] = {}

    def report(code: str, grade: str, because: str, basis: str, at: _Place) -> None:
        if basis == "text":
            path = _path(at)
            rows[(code, path)] = Label(system=system_of(code), code=code, grade="possible", because=because, path=path)

    _walk(resource, (None, root or str(resource.get("resourceType", "Resource"))), report, by_mention)
    return tuple(rows.values())


def high_water(bundle: Json, *, policy: LabelPolicy = DEFAULT, keep: bool = True) -> Json:
    """The Bundle with the high-water mark of its entries (DS4P 1.0.0): max confidentiality, union of the others.

    `keep` False forgets the labels that the Bundle itself had, as after entries were taken out of it.
    """
    entries = bundle.get("entry")
    union: dict[str, None] = {}
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            for coding in security(resource):
                code = coding.get("code")
                if code in RANK or code in SENSITIVITIES or code in LAWS or code in (ORIGIN_UNKNOWN, INLINE):
                    union[code] = None
    if not keep:
        bundle = without_labels(bundle)
    return _with_security(bundle, [(code, None) for code in union], policy)


def without_labels(resource: Json) -> Json:
    """The resource without `meta.security` (and without `meta` if nothing else is in it)."""
    meta = resource.get("meta")
    if not isinstance(meta, dict) or "security" not in meta:
        return resource
    kept = {key: value for key, value in meta.items() if key != "security"}
    if kept:
        return {**resource, "meta": kept}
    return {key: value for key, value in resource.items() if key != "meta"}


def _resource(resource: Json, origin: Origin | None, policy: LabelPolicy, place: _Place) -> Labelled:
    rows: dict[tuple[str, str], Label] = {}
    marks: dict[str, str | None] = {}

    def report(code: str, grade: str, because: str, basis: str, at: _Place) -> None:
        path = _path(at)
        key = (code, path)
        before = rows.get(key)
        if before is None or (before.grade == "possible" and grade == "certain"):
            rows[key] = Label(
                system=system_of(code),
                code=code,
                grade=grade,  # type: ignore[arg-type]
                because=because,
                path=path,
            )
        if grade == "certain" and (code not in marks or marks[code] == "text"):
            marks[code] = basis

    existing = codes(resource)
    given = by_origin(origin, existing)
    if given is not None:
        report(given[0], "certain", given[1], "origin", place)
    _walk(resource, place, report, by_text)
    for code in sorted(existing - marks.keys()):
        if code in SENSITIVITIES or code in LAWS or code == ORIGIN_UNKNOWN:
            rows[(code, "meta")] = Label(
                system=system_of(code),
                code=code,
                grade="certain",
                because="kept: labelled before",
                path=_path(((place, "meta"), "security")),
            )
    marked = _with_security(resource, list(marks.items()), policy)
    level = highest(codes(marked))
    if level != policy.default:
        report(level, "certain", f"confidentiality by policy {policy.version}", "policy", place)
    return Labelled(resource=marked, labels=tuple(rows.values()))


def _walk(node: Json, place: _Place, report: _Report, tell: _Tell) -> None:
    """Every string, coding, attachment, inline label and contained resource below this node."""
    code = node.get("code")
    if code.__class__ is str:
        system = node.get("system")
        if system is None or system.__class__ is str:
            found = by_code(system, code)
            if found is not None:
                for name in found.labels:
                    report(name, found.grade, found.because, "code", place)
            if (system is None or not known_system(system)) and not FIRST_WORDS.isdisjoint(_WORDS(code.lower())):
                _read(code, (place, "code"), report, tell)
    if node.get("url") == _INLINE_URL:
        inline = node.get("valueCoding")
        if isinstance(inline, dict) and isinstance(inline.get("code"), str):
            report(inline["code"], "certain", "inline label", "inline", place)
        report(INLINE, "certain", "inline label", "inline", place)
    data = node.get("data")
    if data.__class__ is str:
        _attachment(node, data, place, report, tell)
    for key, value in node.items():
        kind = value.__class__
        if kind is str:
            if key in _NOT_TEXT or key == "code":
                continue
            if not FIRST_WORDS.isdisjoint(_WORDS(value.lower())):
                _read(value, (place, key), report, tell)
        elif kind is dict:
            if key == "meta":
                _meta(value, (place, key), report, tell)
            else:
                _walk(value, (place, key), report, tell)
        elif kind is list:
            for index, item in enumerate(value):
                if item.__class__ is dict:
                    at = ((place, key), index)
                    _walk(item, at, report, tell)
                    if key == "contained":
                        for name in codes(item):
                            report(name, "certain", "label of a contained resource", "contained", at)
                elif (
                    item.__class__ is str and key not in _NOT_TEXT and not FIRST_WORDS.isdisjoint(_WORDS(item.lower()))
                ):
                    _read(item, ((place, key), index), report, tell)


def _meta(meta: Json, place: _Place, report: _Report, tell: _Tell) -> None:
    """Meta holds labels, whose displays would be read as what they name; its extensions are read."""
    extensions = meta.get("extension")
    for index, extension in enumerate(extensions if isinstance(extensions, list) else ()):
        # What DS4P says about labels (the notice, the consent) is not about the patient's condition.
        if isinstance(extension, dict) and not str(extension.get("url", "")).startswith(DS4P):
            _walk(extension, ((place, "extension"), index), report, tell)


def _read(value: str, place: _Place, report: _Report, tell: _Tell) -> None:
    if "<" in value:
        value = html.unescape(_TAGS.sub(" ", value)) if "&" in value else _TAGS.sub(" ", value)
    for found in tell(value):
        for name in found.labels:
            report(name, found.grade, found.because, "text", place)


def _attachment(node: Json, data: str, place: _Place, report: _Report, tell: _Tell) -> None:
    """The text of a base64 attachment of a text type. Others are labelled by origin alone (S18)."""
    text = decoded_text(node, data)
    if text is not None and not FIRST_WORDS.isdisjoint(_WORDS(text.lower())):
        _read(text, (place, "data"), report, tell)


def decoded_text(attachment: Json, data: str) -> str | None:
    """The text of a base64 attachment whose media type is a text, else None. UTF-8, else Latin-1."""
    media_type = attachment.get("contentType")
    if not isinstance(media_type, str) or not media_type.lower().startswith(_TEXT_TYPES):
        return None
    try:
        raw = base64.b64decode(data, validate=False)
    except (binascii.Error, ValueError):
        return None
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _path(place: _Place) -> str:
    parts: list[str] = []
    while place is not None:
        place, key = place
        parts.append(f"[{key}]" if isinstance(key, int) else f".{key}")
    return "".join(reversed(parts))[1:]


def _with_security(resource: Json, marks: Iterable[tuple[str, str | None]], policy: LabelPolicy) -> Json:
    """The resource with these label codes added and its confidentiality raised to what they ask for."""
    present = security(resource)
    have = {coding.get("code") for coding in present}
    added: list[Json] = []
    levels: list[str] = []
    for code, basis in marks:
        levels.append(code)
        if code in RANK or code in have:
            continue
        have.add(code)
        coding: Json = {"system": system_of(code), "code": code}
        if basis == "text":
            # Lower confidence than a code: who reads the label can see that words were the reason (S15).
            coding = {"extension": [_basis({"system": BASIS, "code": "text"})], **coding}
        added.append(coding)
    before = highest((coding["code"] for coding in present if coding.get("code") in RANK), default="U")
    level = policy.of([*levels, *(code for code in have if isinstance(code, str))])
    if RANK[before] > RANK[level]:
        level = before
    current = [coding for coding in present if coding.get("code") in RANK]
    if not added and len(current) == 1 and current[0].get("code") == level:
        return resource
    if len(current) == 1 and current[0].get("code") == level:
        confidentiality = current[0]
    else:
        confidentiality = {"system": CONFIDENTIALITY, "code": level}
        if PART2 in have and level == "R":
            confidentiality = {"extension": [_basis({"system": ACT_CODE, "code": PART2})], **confidentiality}
    rest = [coding for coding in present if coding.get("code") not in RANK]
    meta = resource.get("meta")
    meta = {**(meta if isinstance(meta, dict) else {}), "security": [confidentiality, *rest, *added]}
    if "meta" in resource:
        return {**resource, "meta": meta}
    head: Json = {key: resource[key] for key in ("resourceType", "id") if key in resource}
    return {**head, "meta": meta, **{key: value for key, value in resource.items() if key not in head}}


def _basis(coding: Json) -> Json:
    return {"url": DS4P + "extension-sec-label-basis", "valueCoding": coding}


__all__ = [
    "LABEL",
    "Label",
    "Labelled",
    "decoded_text",
    "high_water",
    "label",
    "label_bundle",
    "mentions",
    "without_labels",
]
