"""One element of a report, with what was read of it: so that nothing vanishes unnoticed.

Names have the prefixes by which NIEM and the FBI write them (`nc:Person`, `j:Offense`), whatever prefixes and whichever
release the sender used. A path is an XPath from the report on, as the NIBRS documents write it, and counts from 1.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import lru_cache

from mappings.found import said

# The release is not part of a prefix: an agency's vendor adds elements of another NIEM release than the FBI's own.
_PREFIXES = tuple(
    (re.compile(pattern), prefix)
    for pattern, prefix in (
        (r"http://fbi\.gov/cjis/nibrs/nibrs-codes/", "nibrscodes"),
        (r"http://fbi\.gov/cjis/nibrs/", "nibrs"),
        (r"http://fbi\.gov/cjis/cjis-codes/", "cjiscodes"),
        (r"http://fbi\.gov/cjis/\d", "cjis"),
        (r".*/niem-core/", "nc"),
        (r".*/domains/(?:jxdm|justice)/", "j"),
        (r".*/domains/emergencyManagement/", "em"),
        (r".*/structures/", "s"),
        (r"http://www\.w3\.org/2001/XMLSchema-instance\Z", "xsi"),
    )
)

#: What holds no fact of its own: the join (`s:id`, `s:ref`) and what XML Schema needs.
_STRUCTURE = frozenset({"s:id", "s:ref", "xsi:nil", "xsi:type", "xsi:schemaLocation"})


@lru_cache(maxsize=2048)
def prefixed(tag: str) -> str:
    """`{uri}Name` as NIEM writes it; `*:Name` of a namespace that is none of theirs; `*` for no plain word."""
    if not tag.startswith("{"):
        return said(tag)
    uri, _, local = tag[1:].rpartition("}")
    name = said(local)
    return next((f"{prefix}:{name}" for pattern, prefix in _PREFIXES if pattern.match(uri)), f"*:{name}")


class Element:
    """An element while its report is read. `read` says that its own text was; children answer for themselves."""

    __slots__ = ("attributes", "children", "line", "name", "parent", "parts", "read")

    def __init__(self, name: str, attributes: dict[str, str], line: int, parent: Element | None) -> None:
        self.name = name
        self.attributes = attributes
        self.line = line
        self.parent = parent
        self.children: list[Element] = []
        self.parts: list[str] = []
        self.read = False

    @property
    def local(self) -> str:
        """The name without its prefix."""
        return self.name.rpartition(":")[2]

    @property
    def id(self) -> str | None:
        """What others refer to it by."""
        return self.attributes.get("s:id")

    @property
    def path(self) -> str:
        """The XPath from the report on; a position only where siblings have the same name."""
        if self.parent is None:
            return self.name
        alike = [one for one in self.parent.children if one.name == self.name]
        here = self.name if len(alike) == 1 else f"{self.name}[{alike.index(self) + 1}]"
        return f"{self.parent.path}/{here}"

    def first(self, *names: str) -> Element | None:
        """The first child of that name, and of it the first of the next name; None when one is not there."""
        here: Element | None = self
        for name in names:
            here = next((one for one in here.children if one.name == name), None) if here is not None else None
        return here

    def all(self, *names: str) -> list[Element]:
        """The children that have one of these names, in order."""
        return [one for one in self.children if one.name in names]

    def walk(self) -> Iterator[Element]:
        """The element and everything below it, in order."""
        yield self
        for child in self.children:
            yield from child.walk()

    @property
    def value(self) -> str | None:
        """Its text, trimmed, which counts as read; None when there is none."""
        self.read = True
        return "".join(self.parts).strip() or None

    def text(self, *names: str) -> str | None:
        """The text of the first such child; it counts as read."""
        found = self.first(*names)
        return None if found is None else found.value

    def flag(self, *names: str) -> bool | None:
        """An xs:boolean; None when it is not there or is none."""
        return {"true": True, "1": True, "false": False, "0": False}.get(self.text(*names) or "")

    def done(self) -> None:
        """Everything from here down counts as read."""
        for one in self.walk():
            one.read = True
            one.attributes = {name: value for name, value in one.attributes.items() if name in _STRUCTURE}

    def leaves(self) -> int:
        """How many values stand in it: texts and attributes."""
        return sum(
            (1 if "".join(one.parts).strip() else 0) + len(one.attributes.keys() - _STRUCTURE) for one in self.walk()
        )


def unused(top: Element) -> list[str]:
    """What nobody has read under `top`: the topmost elements of which nothing was, then texts and attributes.

    Siblings of one name of which none was read are named once, as that XPath selects them all.
    """
    found: dict[str, None] = {}
    _unused(top, top.path, found)
    return list(found)


def _unused(element: Element, path: str, found: dict[str, None]) -> None:
    for name in element.attributes:
        if name not in _STRUCTURE:
            found[f"{path}/@{name}"] = None
    if not element.read and "".join(element.parts).strip():
        found[path if not element.children else f"{path}/text()"] = None
    many: dict[str, list[Element]] = {}
    for child in element.children:
        many.setdefault(child.name, []).append(child)
    for name, alike in many.items():
        whole = [one for one in alike if not _touched(one)]
        if len(whole) == len(alike):
            if any(one.leaves() for one in alike):
                found[f"{path}/{name}"] = None
            continue
        for n, one in enumerate(alike, start=1):
            here = f"{path}/{name}" if len(alike) == 1 else f"{path}/{name}[{n}]"
            if _touched(one):
                _unused(one, here, found)
            elif one.leaves():
                found[here] = None


def _touched(element: Element) -> bool:
    return any(one.read for one in element.walk())
