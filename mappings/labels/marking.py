"""Put labels on a resource or a Bundle: by origin, by code and by text, wherever it stands; then the high-water mark.

Never changes its input, never lowers what is there, and labelling twice gives the same resource. What is certain goes
to `meta.security`, with the reason as DS4P 1.0.0 has it (basis, classifier, related artifact); what is possible only
to `Labelled.labels`, for a person to look at and for release to restrict that one element. What came labelled
otherwise than we would label it is reported in `Labelled.issues`. Does not decide anything: that is release.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Final, Literal

from mappings.incident import Role
from mappings.labels.codes import Finding, version
from mappings.labels.conflicts import conflicts
from mappings.labels.known import Known
from mappings.labels.lineage import inherited, names
from mappings.labels.origin import Origin, by_origin
from mappings.labels.policy import DEFAULT, LabelPolicy
from mappings.labels.scan import Place, Reader, Telling, decoded_text, path_of, scan
from mappings.labels.text import SHIPPED, TextLabels
from mappings.labels.vocabulary import (
    ACT_CODE,
    BASIS,
    CONFIDENTIALITY,
    DS4P,
    FAMILY_SENSITIVE,
    LABEL,
    LAWS,
    ORIGIN_UNKNOWN,
    PART2,
    RANK,
    REFLECTED,
    SENSITIVITIES,
    security,
    system_of,
)
from profiles.issue import Issue

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
    """The labelled resource, a row for each (code, path), and what came labelled otherwise than we would label it."""

    resource: Json
    labels: tuple[Label, ...]
    issues: tuple[Issue, ...] = ()

    def to_json(self) -> Json:
        """What `handoff label --explain` writes."""
        return {"resource": self.resource, "labels": [label.to_json() for label in self.labels]}


#: Directories and catalogues: whoever has a reference to one can look it up, so a reference tells what it tells.
#: In this order, each refers to those before it.
_DIRECTORY: Final = {
    kind: place
    for place, kind in enumerate(
        ["Substance", "Medication", "Practitioner", "Organization", "Location", "HealthcareService", "PractitionerRole"]
    )
}
_NOBODY: Final[Mapping[str, Role]] = MappingProxyType({})
#: Why a label is put on a record: by which means, and the rule.
_Why = tuple[str, str]
_CLASSIFIER: Final = {
    "url": DS4P + "extension-sec-label-classifier",
    "valueReference": {"type": "Device", "display": "Warm Handoff label rules"},
}


def label(
    resource: Json,
    *,
    origin: Origin | None,
    policy: LabelPolicy = DEFAULT,
    postures: Mapping[str, Role] = _NOBODY,
    text: TextLabels = SHIPPED,
) -> Labelled:
    """Label one resource, or a Bundle whose entries all have this origin. None is an undeclared origin.

    The input is not changed. No value of the resource is in any label. `postures` and `text` as in `label_bundle`.
    """
    if resource.get("resourceType") == "Bundle":
        entries = resource.get("entry")
        origins = [origin] * (len(entries) if isinstance(entries, list) else 0)
        return label_bundle(resource, origins, policy=policy, postures=postures, text=text)
    return _resource(resource, origin, policy, Reader(text), (None, str(resource.get("resourceType", "Resource"))))


def label_bundle(
    bundle: Json,
    origins: Sequence[Origin | None],
    *,
    policy: LabelPolicy = DEFAULT,
    postures: Mapping[str, Role] = _NOBODY,
    text: TextLabels = SHIPPED,
    known: Known | None = None,
) -> Labelled:
    """Label each entry by its own origin (parallel to `entry`; missing ones are undeclared), then the Bundle.

    A record takes the label of origin of what its Provenance in the Bundle names as its source; `postures` says who
    organizations are in law, by reference or `system|value`. A reference to a directory or catalogue entry of the
    Bundle takes that entry's labels of content. `text` reads the words, with a deployment's own names; `known`, made of
    that `text`, remembers what it found, and changes nothing else. The Bundle gets the high-water mark of its entries
    and of its own elements: the highest confidentiality and the union of the rest.
    """
    entries = bundle.get("entry")
    if not isinstance(entries, list):
        own = _own(bundle, (), Reader(text))
        return Labelled(resource=high_water(bundle, policy=policy, own=own.marks), labels=tuple(own.rows.values()))
    reader = Reader(text)
    carried = inherited(entries, origins, postures)
    found: dict[int, Labelled] = {}
    telling: dict[str, list[tuple[str, Finding]]] = {}

    def one(index: int, resource: Json) -> Labelled:
        origin = origins[index] if index < len(origins) else None
        if resource.get("resourceType") == "Bundle":
            inner = label(resource, origin=origin, policy=policy, postures=postures, text=text)
            return _moved(inner, f"Bundle.entry[{index}].resource")
        place = ((None, f"Bundle.entry[{index}]"), "resource")
        remembers = known if known is not None and known.text is text and not telling else None
        return _resource(resource, origin, policy, reader, place, carried.get(index), telling, remembers)

    resources = {
        index: entry["resource"]
        for index, entry in enumerate(entries)
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict)
    }
    directory = [index for index, resource in resources.items() if resource.get("resourceType") in _DIRECTORY]
    # A role in an organization tells what the organization tells, a part of an organization what the whole does.
    for index in sorted(
        directory, key=lambda at: (_DIRECTORY[resources[at]["resourceType"]], "partOf" in resources[at])
    ):
        found[index] = one(index, resources[index])
        _tells(entries[index], found[index], telling)
    labelled: list[Any] = []
    rows: list[Label] = []
    issues: list[Issue] = []
    for index, entry in enumerate(entries):
        if index not in resources:
            labelled.append(entry)
            continue
        made = found.get(index) or one(index, resources[index])
        rows.extend(made.labels)
        issues.extend(made.issues)
        labelled.append(entry if made.resource is resources[index] else {**entry, "resource": made.resource})
    own = _own(bundle, entries, reader)
    rows.extend(own.rows.values())
    marked = high_water({**bundle, "entry": labelled}, policy=policy, own=own.marks)
    return Labelled(resource=marked, labels=tuple(rows), issues=tuple(issues))


def mentions(resource: Json, *, root: str = "", text: TextLabels = SHIPPED) -> tuple[Label, ...]:
    """Where a sensitive thing is mentioned without being told ("denies drug use", "if he relapses"): never a label.

    For a release policy that withholds mentions too (S16). Rows of grade possible, paths from `root`.
    """
    rows: dict[tuple[str, str], Label] = {}

    def report(code: str, found: Finding, basis: str, at: Place) -> None:
        if basis == "text":
            path = path_of(at)
            rows[(code, path)] = _row(code, found._replace(grade="possible"), path)

    scan(resource, (None, root or str(resource.get("resourceType", "Resource"))), report, Reader(text, mentions=True))
    return tuple(rows.values())


def high_water(
    bundle: Json, *, policy: LabelPolicy = DEFAULT, keep: bool = True, own: Mapping[str, _Why] = MappingProxyType({})
) -> Json:
    """The Bundle with the high-water mark of its entries (DS4P 1.0.0): max confidentiality, union of the others.

    `keep` False forgets the labels that the Bundle itself had, as after entries were taken out of it. `own` are labels
    of the Bundle's own elements.
    """
    entries = bundle.get("entry")
    union: dict[str, _Why | None] = dict.fromkeys(own)
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            for coding in security(resource):
                if (code := coding.get("code")) in REFLECTED:
                    union[code] = None
    if not keep:
        bundle = without_labels(bundle)
    return _marked(bundle, security(bundle), union, policy)[0]


def marked_with(resource: Json, marks: Mapping[str, tuple[str, str]], policy: LabelPolicy = DEFAULT) -> Json:
    """The resource with these label codes too, each with its basis and its rule, and its confidentiality raised."""
    return _marked(resource, security(resource), dict(marks), policy)[0]


def content_of(resource: Json, reader: Reader, *, policy: LabelPolicy = DEFAULT) -> frozenset[str]:
    """The codes that a resource's content gives for certain, with the handling that the policy puts beside them."""
    found = _Found()
    scan(resource, (None, str(resource.get("resourceType", "Resource"))), found.report, reader)
    return frozenset(found.marks) | frozenset(policy.handling_of(found.marks))


def label_again(resource: Json, origin: Origin, reader: Reader, *, policy: LabelPolicy = DEFAULT) -> Json:
    """One resource labelled as `label` does, with a reader that may have read its texts before."""
    return _resource(resource, origin, policy, reader, (None, str(resource.get("resourceType", "Resource")))).resource


def without_labels(resource: Json) -> Json:
    """The resource without `meta.security` (and without `meta` if nothing else is in it)."""
    meta = resource.get("meta")
    if not isinstance(meta, dict) or "security" not in meta:
        return resource
    kept = {key: value for key, value in meta.items() if key != "security"}
    if kept:
        return {**resource, "meta": kept}
    return {key: value for key, value in resource.items() if key != "meta"}


class _Found:
    """What a scan reported: a row for each (code, path), and why each certain code is to be put on the record."""

    __slots__ = ("marks", "rows")

    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Label] = {}
        self.marks: dict[str, _Why] = {}

    def report(self, code: str, found: Finding, basis: str, at: Place) -> None:
        self.add(code, found, basis, path_of(at))

    def add(self, code: str, found: Finding, basis: str, path: str) -> None:
        before = self.rows.get((code, path))
        if before is None or (before.grade == "possible" and found.grade == "certain"):
            self.rows[(code, path)] = _row(code, found, path)
        if found.grade == "certain" and (code not in self.marks or self.marks[code][0] == "text" != basis):
            self.marks[code] = (basis, found.rule or found.because)


def _row(code: str, found: Finding, path: str) -> Label:
    return Label(system=system_of(code), code=code, grade=found.grade, because=found.because, path=path)


def _resource(
    resource: Json,
    origin: Origin | None,
    policy: LabelPolicy,
    reader: Reader,
    place: Place,
    carried: Finding | None = None,
    telling: Telling | None = None,
    known: Known | None = None,
) -> Labelled:
    found = _Found()
    present = security(resource)
    existing = frozenset([code for coding in present if (code := coding.get("code")).__class__ is str])
    if carried is not None:
        found.report(PART2, carried, "origin", place)
    given = by_origin(origin, existing if carried is None else existing | {PART2})
    if given is not None:
        found.report(given[0], Finding((), "certain", given[1]), "origin", place)
    if known is None:
        scan(resource, place, found.report, reader, telling)
    elif told := known.told(resource):
        root = path_of(place)
        for code, what, basis, under in told:
            found.add(code, what, basis, root + under)
    marks: dict[str, _Why | None] = dict(found.marks)
    issues: tuple[Issue, ...] = ()
    if existing:
        for code in sorted(existing - marks.keys()):
            if code in SENSITIVITIES or code in LAWS or code in (ORIGIN_UNKNOWN, FAMILY_SENSITIVE):
                path = path_of(((place, "meta"), "security"))
                found.rows[(code, "meta")] = _row(code, Finding((), "certain", "kept: labelled before"), path)
        issues = conflicts(present, existing, marks.keys(), origin, policy, place)
    if policy.handling:
        for code in policy.handling_of((*marks, *existing)):
            marks.setdefault(code, ("policy", f"policy {policy.version}"))
    marked, level = _marked(resource, present, marks, policy)
    if level != policy.default:
        found.report(level, Finding((), "certain", f"confidentiality by policy {policy.version}"), "policy", place)
    return Labelled(resource=marked, labels=tuple(found.rows.values()), issues=issues)


def _moved(made: Labelled, prefix: str) -> Labelled:
    """What was found in a Bundle that is an entry of another, with its places seen from the outer one."""
    rows = tuple(replace(row, path=prefix + row.path.removeprefix("Bundle")) for row in made.labels)
    issues = tuple(replace(issue, path=prefix + issue.path.removeprefix("Bundle")) for issue in made.issues)
    return Labelled(resource=made.resource, labels=rows, issues=issues)


def _tells(entry: Json, made: Labelled, telling: dict[str, list[tuple[str, Finding]]]) -> None:
    """Notes under every name of a directory entry what its content tells for certain."""
    said = {
        row.code: Finding((), "certain", f"reference: {row.because.removeprefix('reference: ')}")
        for row in made.labels
        if row.grade == "certain" and row.code in SENSITIVITIES and not row.because.startswith("kept")
    }
    if said:
        for name in names(entry):
            telling[name] = list(said.items())


def _own(bundle: Json, entries: Sequence[Any], reader: Reader) -> _Found:
    """What the Bundle's own elements tell: identifiers, links, requests of its entries."""
    found = _Found()
    rest = {key: value for key, value in bundle.items() if key not in ("entry", "resourceType", "type", "id")}
    if rest:
        scan(rest, (None, "Bundle"), found.report, reader)
    for index, entry in enumerate(entries):
        if isinstance(entry, dict):
            for key, value in entry.items():
                if key != "resource" and value.__class__ is dict:
                    scan(value, ((None, f"Bundle.entry[{index}]"), key), found.report, reader)
                elif value.__class__ is list:
                    scan({key: value}, (None, f"Bundle.entry[{index}]"), found.report, reader)
    return found


def _marked(
    resource: Json, present: list[Json], marks: Mapping[str, _Why | None], policy: LabelPolicy
) -> tuple[Json, str]:
    """The resource with these label codes added and its confidentiality raised to what they ask for; and that."""
    current = [coding for coding in present if coding.get("code") in RANK] if present else []
    have = {code for coding in present if (code := coding.get("code")).__class__ is str}
    added: list[Json] = []
    for code, why in marks.items():
        if code in RANK or code in have:
            continue
        have.add(code)
        coding: Json = {"system": system_of(code), "code": code}
        if why is not None:
            coding = {"extension": _explained(code, why, policy), **coding}
        added.append(coding)
    # What the record came with counts too: it is never lowered.
    have.update(marks)
    level = policy.of(have)
    same = len(current) == 1 and current[0].get("code") == level
    if not added and same:
        return resource, level
    if same:
        confidentiality = current[0]
    else:
        confidentiality = {"system": CONFIDENTIALITY, "code": level}
        if PART2 in have and level == "R":
            confidentiality = {"extension": [_basis(ACT_CODE, PART2)], **confidentiality}
    rest = [coding for coding in present if coding.get("code") not in RANK]
    meta = resource.get("meta")
    meta = {**(meta if isinstance(meta, dict) else {}), "security": [confidentiality, *rest, *added]}
    if "meta" in resource:
        return {**resource, "meta": meta}, level
    head: Json = {key: resource[key] for key in ("resourceType", "id") if key in resource}
    return {**head, "meta": meta, **resource}, level  # a key that is there keeps its place


def _explained(code: str, why: _Why, policy: LabelPolicy) -> list[Json]:
    """Why a label is there, as DS4P says it: on what basis, who put it there, by which rule of which version.

    A label by words has a basis that says so: it is less sure than one by a code (S15).
    """
    basis, rule = why
    # DS4P takes these two types only, and asks for a resource or a url (its ext-1 and ext-2): the list of bases.
    artifact = {
        "type": "documentation" if rule == "Provenance" else "justification",
        "label": rule,
        "display": f"label rules {version()}, policy {policy.version}",
        "resource": BASIS,
    }
    return [
        _basis(ACT_CODE, PART2) if code == PART2 else _basis(BASIS, basis),
        _CLASSIFIER,
        {"url": DS4P + "extension-sec-label-related-artifact", "valueRelatedArtifact": artifact},
    ]


def _basis(system: str, code: str) -> Json:
    return {"url": DS4P + "extension-sec-label-basis", "valueCoding": {"system": system, "code": code}}


__all__ = [
    "LABEL",
    "Label",
    "Labelled",
    "content_of",
    "decoded_text",
    "high_water",
    "label",
    "label_again",
    "label_bundle",
    "marked_with",
    "mentions",
    "without_labels",
]
