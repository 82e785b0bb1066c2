"""References to what was withheld: found by every name it goes by, and cut out where R4 lets them be absent."""

from __future__ import annotations

from typing import Any

import orjson

from hub.release.structure import GONE, Gone, child_type, put

Json = dict[str, Any]


class Names:
    """Every way to point at what was withheld: fullUrl, Type/id, urn, id, business identifier, contained `#id`."""

    __slots__ = ("contained", "identifiers", "patients", "references")

    def __init__(self, contained: frozenset[str] = frozenset()) -> None:
        self.references: set[str] = set()
        self.identifiers: set[tuple[str, str]] = set()
        self.patients: set[str] = set()
        self.contained = contained

    def add(self, entry: Any) -> None:
        if not isinstance(entry, dict):
            return
        names: set[str] = set()
        if isinstance(url := entry.get("fullUrl"), str):
            names.add(url)
        resource = entry.get("resource")
        if isinstance(resource, dict):
            kind, identity = resource.get("resourceType"), resource.get("id")
            if isinstance(identity, str):
                names |= {f"{kind}/{identity}", f"urn:uuid:{identity}"}
            held = resource.get("identifier")
            for one in held if isinstance(held, list) else [held]:
                if isinstance(one, dict) and isinstance(one.get("value"), str):
                    self.identifiers.add((str(one.get("system", "")), one["value"]))
            if kind == "Patient":
                self.patients |= names
        self.references |= names

    def all(self) -> list[str]:
        """What must be in an entry's JSON for it to point here: an escaped value is found by its first plain part."""
        plain = {name.rpartition("/")[2] for name in self.references} | {value for _, value in self.identifiers}
        return [orjson.dumps(name).decode()[1:-1] for name in plain if name]

    def points(self, node: Json) -> bool:
        """Whether this is a Reference to something withheld."""
        target = node.get("reference")
        if isinstance(target, str):
            if target.startswith("#"):
                return target[1:] in self.contained
            bare = target.split("/_history/")[0]
            if bare in self.references or "/".join(bare.split("/")[-2:]) in self.references:
                return True
            if "?" in bare and self._conditional(bare):
                return True
        identifier = node.get("identifier")
        if isinstance(identifier, dict) and "resourceType" not in node and isinstance(identifier.get("value"), str):
            return (str(identifier.get("system", "")), identifier["value"]) in self.identifiers and _is_reference(node)
        return False

    def _conditional(self, target: str) -> bool:
        return any(target.endswith((f"|{value}", f"={value}")) for _, value in self.identifiers)

    def patient(self, node: Any) -> bool:
        """Whether this is a Reference to a withheld Patient."""
        target = node.get("reference") if isinstance(node, dict) else None
        return isinstance(target, str) and (
            target in self.patients or "/".join(target.split("/")[-2:]) in self.patients
        )


def _is_reference(node: Json) -> bool:
    return not set(node) - {"reference", "identifier", "display", "type", "id", "extension"}


def cut(node: Json, kind: str, removed: Names) -> Any:
    """The node without references to what was withheld; the same object if there were none; `GONE` if it must go."""
    out: Json | None = None
    for key, value in node.items():
        if value.__class__ is not dict and value.__class__ is not list:
            continue
        left: Any
        if isinstance(value, dict):
            left = GONE if removed.points(value) else cut(value, child_type(kind, key, value), removed)
        else:
            items: list[Any] = []
            same = True
            for item in value:
                if isinstance(item, dict):
                    one = GONE if removed.points(item) else cut(item, child_type(kind, key, item), removed)
                    same = same and one is item
                    if not isinstance(one, Gone):
                        items.append(one)
                else:
                    items.append(item)
            left = value if same else items or GONE
        if left is value:
            continue
        made = put(out, node, kind, key, left)
        if isinstance(made, Gone):
            return GONE
        out = made
    return node if out is None else out
