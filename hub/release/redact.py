"""Take out what a decision withholds, so that what remains is what a source without it would have given.

Whole entries; references to them; elements under a REDACT set; free text that repeats a withheld value; generated
narrative always (it repeats the data, and keeping it only where nothing was taken would tell). If an element that R4
requires goes, the part that needs it goes, up to the resource, and then what depends on that: to a fixpoint. What is
left is labelled again from what it is now, and claims the profiles that it still meets. Nothing says that something was
taken out: no mark, no tag, no count.

Works on FHIR, before rendering. The input is not changed.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import orjson

from hub.release.decision import Decision, EntryDecision
from hub.release.pointers import Names, cut
from hub.release.prose import structured, without_prose
from hub.release.structure import GONE, Gone, required
from hub.release.withheld import Withheld, normal, plainly, union, values
from mappings.fhir.profile import still_claiming
from mappings.labels.marking import content_of, high_water, label_again, without_labels
from mappings.labels.origin import Origin
from mappings.labels.policy import DEFAULT as LABELS
from mappings.labels.policy import LabelPolicy
from mappings.labels.scan import Reader
from mappings.labels.text import SHIPPED, TextLabels
from mappings.labels.vocabulary import RANK, codes, expand, highest, security

Json = dict[str, Any]

#: Relabelling after redaction: the origin's label is on the entry already, and no other is added.
_SAME_ORIGIN: Final = Origin(reference="", role="other")

#: Whose absence leaves the rest without a person: their entries do not go without the patient's.
_SUBJECTS: Final = frozenset({"subject", "patient", "for", "beneficiary", "individual"})

#: In an entry's JSON: words may be written otherwise than they are read.
_HIDING: Final = re.compile(r'[\\&<%]|"data"')

#: Obligations of an earlier release and marks that tell something was withheld.
_TELLING: Final = frozenset({"REDACTED", "MASKED", "SUBSETTED", "REDACT", "MASK"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Redacted:
    """The Bundle that may be rendered, the values that must not be in the rendering, and what became of each entry.

    `kept` are the indexes (in the input) of the entries of `bundle`, in order; `dependents` those that a decision let
    go and that could not stand without what was withheld. `bundle` without entries has no `entry`.
    """

    bundle: Json
    withheld: Withheld
    kept: tuple[int, ...]
    dependents: tuple[int, ...]


def redact(bundle: Json, decision: Decision, *, policy: LabelPolicy = LABELS, text: TextLabels = SHIPPED) -> Redacted:
    """Redact a Bundle whose entries the decision is about, in their order. Entries without a resource go unasked."""
    found = bundle.get("entry")
    entries: list[Any] = found if isinstance(found, list) else []
    made = {one.index: one for one in decision.entries}
    withheld: list[Withheld] = []
    kept: dict[int, Json] = {}
    gone: list[int] = []
    changed: set[int] = set()
    for index, entry in enumerate(entries):
        one = made.get(index)
        if not isinstance(entry, dict) or one is None or not one.goes or not isinstance(entry.get("resource"), dict):
            gone.append(index)
            continue
        resource, taken = _elements(entry["resource"], one)
        if resource is None:
            gone.append(index)
            continue
        if taken:
            changed.add(index)
            withheld.extend(values({key: entry["resource"][key]}) for key in taken)
        plain = _without_generated_text(resource)
        if plain is not resource:
            changed.add(index)
        kept[index] = entry if plain is entry["resource"] else {**entry, "resource": plain}
    dependents: list[int] = []
    removed = Names()
    for index in gone:
        removed.add(entries[index])
        withheld.append(values(entries[index]))
    _to_fixpoint(entries, kept, removed, withheld, dependents, changed)
    gone_values = _free_text(entries, kept, removed, withheld, dependents, changed)
    released = [
        {
            **kept[index],
            # By what it is now, not by what was done to it: an input that never had the thing would claim the same.
            "resource": still_claiming(
                _relabelled(entries[index]["resource"], kept[index]["resource"], made[index], policy, text)
            ),
        }
        if index in changed
        else kept[index]
        for index in sorted(kept)
    ]
    out = {key: value for key, value in bundle.items() if key not in ("entry", "total", "signature")}
    if released:
        out["entry"] = released
    if "total" in bundle:
        out["total"] = len(released)
    out = high_water(_without_telling(out), policy=policy, keep=False)
    return Redacted(
        bundle=out,
        withheld=Withheld(gone_values.words, gone_values.texts, remains=out),
        kept=tuple(sorted(kept)),
        dependents=tuple(sorted(dependents)),
    )


def _elements(resource: Json, one: EntryDecision) -> tuple[Json | None, list[str]]:
    """The resource without the elements that the decision takes; None if it cannot be without them."""
    kind = str(resource.get("resourceType", ""))
    taken = [key for key in resource if key in one.remove or (one.only is not None and key not in one.only)]
    if one.only is None and any(required(kind, key) for key in taken):
        return None, taken
    if not taken:
        return resource, taken
    names = {*taken, *(f"_{key}" for key in taken)}
    left = {key: value for key, value in resource.items() if key not in names}
    if "contained" in taken:
        rest = cut(left, kind, Names(contained=frozenset(_contained_ids(resource))))
        if isinstance(rest, Gone):
            return None, taken
        left = rest
    return left, taken


def _contained_ids(resource: Json) -> list[str]:
    found = resource.get("contained")
    return [str(one.get("id")) for one in found if isinstance(one, dict)] if isinstance(found, list) else []


def _to_fixpoint(
    entries: Sequence[Any],
    kept: dict[int, Json],
    removed: Names,
    withheld: list[Withheld],
    dependents: list[int],
    changed: set[int],
) -> None:
    """Remove references to what was withheld; what cannot stand without one is withheld too, and so on."""
    settled = -1
    while settled != len(removed.references) + len(removed.identifiers):
        settled = len(removed.references) + len(removed.identifiers)
        if not settled:
            return
        names = removed.all()
        for index in sorted(kept):
            resource = kept[index]["resource"]
            text = orjson.dumps(resource).decode()
            if not any(name in text for name in names):
                continue
            kind = str(resource.get("resourceType", ""))
            left: Any = GONE
            if not any(removed.patient(resource.get(key)) for key in _SUBJECTS):
                left = cut(resource, kind, removed)
            if isinstance(left, Gone):
                del kept[index]
                dependents.append(index)
                removed.add(entries[index])
                withheld.append(values(entries[index]))
            elif left is not resource:
                kept[index] = {**kept[index], "resource": left}
                changed.add(index)


def _without_generated_text(resource: Json) -> Json:
    """Generated narrative repeats the data: it goes from every entry, whether or not anything was withheld (S21)."""
    text = resource.get("text")
    if text is None or (isinstance(text, dict) and text.get("status") == "additional"):
        return resource
    return {key: value for key, value in resource.items() if key != "text"}


def _free_text(
    entries: Sequence[Any],
    kept: dict[int, Json],
    removed: Names,
    withheld: list[Withheld],
    dependents: list[int],
    changed: set[int],
) -> Withheld:
    """Remove prose and displays that repeat a withheld value which no structured element of what remains has.

    Returns the values withheld, without those that what remains has as its own.
    """
    gone = union(withheld)
    if not gone or not kept:
        return gone
    names = Names()
    for entry in kept.values():
        names.add(entry)
    own = {normal(name) for name in names.references}
    own |= {name.rpartition("/")[2].rpartition(":")[2] for name in own}
    own |= {normal(value) for _, value in names.identifiers}
    gone = gone.without(own)
    # One quick look at each entry as text: most have nothing of it.
    plain = {index: orjson.dumps(entry["resource"]).decode() for index, entry in kept.items()}
    hits = {index: plainly(gone, normal(text)) for index, text in plain.items()}
    known = frozenset(names.references)
    have: set[str] = set()
    for index, found in hits.items():
        if found:
            plainly_there = values(structured(kept[index]["resource"], "", known))
            have |= found & (plainly_there.words | plainly_there.texts)
    gone = gone.without(have)
    settled = len(dependents)
    for index in sorted(kept):
        text = plain[index]
        # Escapes, entities and attachments are undone on the way through.
        if not (hits[index] - have or _HIDING.search(text)):
            continue
        resource = kept[index]["resource"]
        left = without_prose(resource, str(resource.get("resourceType", "")), "", gone)
        if isinstance(left, Gone):
            del kept[index]
            dependents.append(index)
            removed.add(entries[index])
            withheld.append(values(entries[index]))
        elif left is not resource:
            kept[index] = {**kept[index], "resource": left}
            changed.add(index)
    if len(dependents) > settled:
        _to_fixpoint(entries, kept, removed, withheld, dependents, changed)
        # More is withheld now than was looked for; each round withholds at least one entry more.
        return _free_text(entries, kept, removed, withheld, dependents, changed)
    return gone


def _relabelled(before: Json, after: Json, one: EntryDecision, policy: LabelPolicy, text: TextLabels) -> Json:
    """Labels of what remains (DS4P HWM): those that content explained are worked out again; the rest stays.

    What no content explains is the source's own or the origin's: a label, or a confidentiality beyond what the labels
    ask for.
    """
    had = codes(before)
    reader = Reader(text, once=True)
    taken = (content_of(without_labels(before), reader, policy=policy) - RANK.keys()) | expand(one.redact) | _TELLING
    level = highest(had, default="U")
    own = RANK[level] > RANK[policy.of(had - RANK.keys())]
    left = [
        coding
        for coding in security(before)
        if (coding.get("code") == level and own) or not (coding.get("code") in RANK or coding.get("code") in taken)
    ]
    bare = without_labels(after)
    if left:
        meta = bare.get("meta")
        bare = {**bare, "meta": {**(meta if isinstance(meta, dict) else {}), "security": left}}
    return label_again(bare, _SAME_ORIGIN, reader, policy=policy)


def _without_telling(bundle: Json) -> Json:
    """A Bundle's own tags of an earlier cut say that there was one."""
    meta = bundle.get("meta")
    tags = meta.get("tag") if isinstance(meta, dict) else None
    if not isinstance(meta, dict) or not isinstance(tags, list):
        return bundle
    left = [tag for tag in tags if not (isinstance(tag, dict) and tag.get("code") in _TELLING)]
    rest = {key: value for key, value in meta.items() if key != "tag"}
    return {**bundle, "meta": {**rest, "tag": left} if left else rest}
