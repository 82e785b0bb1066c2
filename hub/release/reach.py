"""Which elements of a resource carry a label, so that they can go without the rest. `redact` takes them out."""

from __future__ import annotations

from hub.release.content import Facts
from hub.release.request import Entry
from hub.release.structure import is_core
from mappings.labels.vocabulary import expand


def reach(entry: Entry, facts: Facts, labels: frozenset[str]) -> frozenset[str] | None:
    """The keys of the resource that carry any of these labels; None when it cannot go without them.

    A label that no place in it explains is the whole resource's own.
    """
    kind = str(entry.resource.get("resourceType", ""))
    wanted = expand(labels)
    explained: set[str] = set()
    keys: set[str] = set()
    for row in entry.labels:
        if row.code not in wanted:
            continue
        key = _top_key(row.path, entry.root, kind)
        if key is None or key == "meta":
            continue
        if is_core(kind, key, certain=row.grade == "certain"):
            return None
        keys.add(key)
        if row.grade == "certain":
            explained.add(row.code)
    if (facts.certain & wanted) - explained:
        return None
    return frozenset(keys)


def _top_key(path: str, root: str, kind: str) -> str | None:
    """The element of the resource that a label's path goes through: `note` of `Condition.note[0].text`."""
    prefix = root or kind
    if not path.startswith(prefix):
        return None
    rest = path[len(prefix) :]
    if not rest.startswith("."):
        return None
    return rest[1:].split(".", 1)[0].split("[", 1)[0]
