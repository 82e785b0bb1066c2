"""One profile element by element: what may stand there, what it means, and where it comes from."""

from __future__ import annotations

from typing import Any, Final

from profiles.pages.frame import Library, first_sentence
from profiles.pages.markup import Markup, breaking, code, join, prose, tag

Json = dict[str, Any]

#: Where an element comes from: the identity of its ElementDefinition.mapping, and the column.
SOURCES: Final = (("incident", "Contact form"), ("cad", "CAD or RMS"), ("eido", "EIDO"), ("hl7v2", "HL7 v2"))

_HEAD: Final = ("Element", "Count", "Type", "Meaning")
_WIDTHS: Final = ("e", "n", "t", "m", "s", "s", "s", "s")
_SYSTEM: Final = "http://hl7.org/fhirpath/System."
_OURS: Final = "wh-"
#: The value of an extension that may be of any of R4's types says nothing.
_ANY: Final = 20
#: What FHIR says of every extension that says nothing else of itself.
_SAYS_NOTHING: Final = "Additional content defined by implementations"


def elements(library: Library, definition: Json) -> Markup:
    """The table of a StructureDefinition's snapshot, with a switch for what must be supported."""
    rows = definition["snapshot"]["element"]
    kept = _with_ancestors(rows)
    head = (*_HEAD, *(label for _, label in SOURCES))
    by_id = {element["id"]: element for element in rows}
    body = [_row(library, element, _carried(library, element, by_id), element["id"] in kept, head) for element in rows]
    caption = "What may stand where, and where it comes from. An empty place under a source: not from there."
    made = tag(
        "table",
        tag("caption", caption),
        tag("colgroup", *(tag("col", class_=width) for width in _WIDTHS)),
        tag("thead", tag("tr", *(tag("th", name, scope="col") for name in head))),
        tag("tbody", *body),
    )
    if not kept:
        return tag("div", made, class_="elements")
    must = sum(bool(element.get("mustSupport")) for element in rows)
    switch = join(
        tag("input", type="checkbox", id="must-only", checked=True),
        tag(
            "label",
            "Must support only ",
            tag("span", f"({must} of {len(rows)} elements)", class_="count"),
            for_="must-only",
            class_="filter",
        ),
    )
    return tag("div", switch, made, class_="elements")


def depth_of(element: Json) -> int:
    """How deep in the tree an element stands; the resource itself is 0."""
    return int(element["id"].count("."))


def _with_ancestors(rows: list[Json]) -> frozenset[str]:
    """The ids of the must-support elements, and of those that they stand in."""
    found: set[str] = set()
    for element in rows:
        if element.get("mustSupport"):
            parts = element["id"].split(".")
            found.update(".".join(parts[:length]) for length in range(1, len(parts) + 1))
    return frozenset(found)


def _carried(library: Library, element: Json, by_id: dict[str, Json]) -> Json | None:
    """The `value[x]` of an element that is an extension: in the same definition, or in the one of ours it names."""
    inside = by_id.get(f"{element['id']}.value[x]")
    for kind in element.get("type", ()):
        if kind["code"] != "Extension":
            return None
        for url in kind.get("profile", ()):
            rows = library.by_url.get(url, {}).get("snapshot", {}).get("element", ())
            inside = next((row for row in rows if row["id"] == "Extension.value[x]"), inside)
    return inside if inside is not None and inside["max"] != "0" and len(inside["type"]) < _ANY else None


def _row(library: Library, element: Json, carried: Json | None, kept: bool, head: tuple[str, ...]) -> Markup:
    must = bool(element.get("mustSupport"))
    label = join(
        tag("span", breaking(element["id"].rpartition(".")[2]), title=element["id"]),
        tag("span", "MS", class_="badge", title="must support") if must else "",
    )
    cells: list[str] = [
        f"{element['min']}..{element['max']}",
        _types(library, element) if carried is None else join(_types(library, element), ": ", _types(library, carried)),
        _meaning(library, element, carried),
        *(_source(element, identity) for identity, _ in SOURCES),
    ]
    classes = " ".join(
        name for name, on in (("must", must), ("other", not kept), ("never", element["max"] == "0")) if on
    )
    return tag(
        "tr",
        tag("th", label, scope="row", style=f"--d:{depth_of(element)}"),
        *(
            tag("td", cell, data_label=name, class_=None if cell else "none")
            for name, cell in zip(head[1:], cells, strict=True)
        ),
        class_=classes or None,
    )


def _types(library: Library, element: Json) -> Markup:
    if "contentReference" in element:
        return join("as ", code(element["contentReference"].rpartition("#")[2]))
    return join(*(_type(library, each) for each in element.get("type", ())), by=" or ")


def _type(library: Library, declared: Json) -> Markup:
    name = declared["code"].removeprefix(_SYSTEM)
    made: list[str] = [name if name == declared["code"] else name.lower()]
    if profiles := declared.get("profile"):
        made += [" ", join(*(library.to(url) for url in profiles), by=", ")]
    if targets := declared.get("targetProfile"):
        made += [" to ", join(*(library.to(url) for url in targets), by=", ")]
    return join(*made)


def _meaning(library: Library, element: Json, carried: Json | None) -> Markup:
    told: list[str] = [prose(_short(library, element))]
    rules = []
    if (value := _value(element, "fixed")) is not None or (value := _value(element, "pattern")) is not None:
        rules.append(join("Always ", value))
    binding = element.get("binding") or (carried or {}).get("binding")
    if binding and "valueSet" in binding:
        rules.append(join("Codes: ", library.to(binding["valueSet"]), f" ({binding['strength']})"))
    if slicing := element.get("slicing"):
        by = ", ".join(f"{each['type']} of {each['path']}" for each in slicing.get("discriminator", ()))
        rules.append(join(f"Slices by {by or 'order'}, {slicing['rules']}"))
    for constraint in element.get("constraint", ()):
        if constraint["key"].startswith(_OURS):
            rules.append(join(code(constraint["key"]), ": ", prose(constraint["human"])))
    return join(*told, *(tag("div", rule, class_="rule") for rule in rules))


def _short(library: Library, element: Json) -> str:
    """The element's short text; of an extension of ours, what it is."""
    short = str(element.get("short", ""))
    if short == _SAYS_NOTHING:
        for kind in element.get("type", ()):
            for url in kind.get("profile", ()):
                if url in library.by_url:
                    return first_sentence(library.by_url[url])
    return short


def _value(element: Json, kind: str) -> Markup | None:
    """A fixed or pattern value in words: codes with their system, else the value."""
    for key, value in element.items():
        if key.startswith(kind):
            return _worded(value)
    return None


def _worded(value: Any) -> Markup:
    if isinstance(value, dict):
        if "coding" in value:
            return join(*(_worded(each) for each in value["coding"]), by=", ")
        if "code" in value:
            return join(code(str(value["code"])), f" of {value['system']}" if "system" in value else "")
        return join(*(join(f"{key} ", _worded(item)) for key, item in value.items()), by=", ")
    if isinstance(value, list):
        return join(*(_worded(each) for each in value), by=", ")
    return code(str(value).lower() if isinstance(value, bool) else str(value))


def _source(element: Json, identity: str) -> Markup:
    return join(*(tag("div", *_from(each)) for each in element.get("mapping", ()) if each["identity"] == identity))


def _from(mapping: Json) -> tuple[str, ...]:
    """Where it comes from, and the comment. `none` and what is in brackets are words, not places."""
    word = mapping["map"] == "none" or mapping["map"].startswith("(")
    place = tag("span", mapping["map"], class_="nothing") if word else code(mapping["map"])
    return (place, " ", prose(mapping["comment"])) if mapping.get("comment") else (place,)
