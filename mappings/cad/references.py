"""The components of one EIDO document, joined by `$id`, and what of them nobody reads (NENA-STA-021.1).

`{"$ref": "x"}` is not a JSON pointer: it names the component whose `$id` is `x`, wherever in the document that is.
One walk finds every component and every target of a reference; organizations, items, alternate values and the like
have no list of their own and are found by it. What is dangling, double or circular is said.

The document is taken apart in place: it belongs to the reader. A reference to a component of an earlier document is
dangling here: `versions` joins documents before they are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

from mappings.cad.components import Component, Json, Step, Where, spelled
from mappings.cad.registries import ONLY_CHECKED, OURS, Registries
from mappings.cad.rules import ALTERNATE_VALUE, CIRCULAR, DANGLING, NO_ID, NO_UPDATE, SAME_ID, WRONG_TYPE
from mappings.found import Found, said
from mappings.incident import DateTime
from mappings.times import earlier, is_date_time

# A reference to a component further down this order cannot be part of a circle; only others are followed.
_ORDER = {
    "agencyComponent": 0,
    "callbackComponent": 0,
    "agentComponent": 1,
    "cautionComponent": 2,
    "locationComponent": 2,
    "notesComponent": 3,
    "personComponent": 4,
    "emergencyResourceComponent": 4,
    "callComponent": 5,
    "dispatchComponent": 5,
    "dispositionComponent": 5,
    "incidentComponent": 6,
}


#: What the versions of a component said, by its kind and `$id` (`emergencyResourceComponent=x`): when, and the members
#: that tell a stage or a type.
History: TypeAlias = Mapping[str, tuple[tuple[DateTime, Json], ...]]


class Document:
    """Every component of one document. `top` is the document itself; `by_id` the one index of `$id`s.

    `registries` are those that tokens are checked against. `history` has the versions of units, dispatches and the
    incident, in order of time, where several documents were joined; else it is empty.
    """

    __slots__ = ("_any_superseded", "_in_order", "_lists", "_of", "by_id", "found", "history", "registries", "top")

    def __init__(
        self, members: Json, found: Found, registries: Registries = OURS, history: History | None = None
    ) -> None:
        self.found = found
        self.registries = registries
        self.history: History = history or {}
        self.by_id: dict[str, Component] = {}
        self._any_superseded = False
        self._in_order: list[Component] = []
        self._lists: dict[str, list[Component]] = {}
        # Parts that are not items of a top-level list, by their dict's identity: the document keeps those alive.
        self._of: dict[int, Component] = {}
        self.top = self._component("document", None, members)
        self.top.read = True
        self._walk()
        self._check_references()

    def all(self, name: str, *, read: bool = True) -> list[Component]:
        """The components of a top-level list (or the one object that `incidentComponent` is), superseded ones not.

        They count as read from here on, unless `read` is False.
        """
        current = self._lists.get(name)
        if current is None:
            return []
        if self._any_superseded:
            current = [component for component in current if not component.superseded]
        if read:
            for component in current:
                component.read = True
        return current

    def check_tokens(self) -> None:
        """Check the tokens that nobody reads against the registries that were supplied; before anything is read."""
        asked = {name: key for name, key in ONLY_CHECKED.items() if self.registries[key].complete}
        for component in self._in_order if asked else ():
            for name in asked.keys() & component.members.keys():
                value = component.members[name]
                tokens = [one for one in (value if type(value) is list else [value]) if type(one) is str]
                component.check(tokens, name, asked[name])

    def part(self, members: Json, where: Where) -> Component:
        """The component of this object; one is made for an object without `$id`."""
        component = self._of.get(id(members))
        if component is None:
            component = self._of[id(members)] = Component(self, "", where, members)
            self._in_order.append(component)
        component.read = True
        return component

    def finish(self) -> None:
        """List what nobody read: a component never read by its place, else its members that are left. Done once."""
        unused = self.found.unused
        top = self.top
        for component in self._in_order:
            if component.read and not component.superseded:
                if component is top:
                    # The lists of components are accounted for one by one.
                    unused += [said(name) for name in top.members if name not in self._lists]
                elif component.members:
                    path = component.path
                    unused += [f"{path}.{said(name)}" for name in component.members]
                continue
            if "DataComponentReference" in component.members:
                self.found.issue(ALTERNATE_VALUE, component.path)
            if component in self._lists.get(component.kind, ()):
                unused.append(component.path)
        # Document and components know each other. Parted, they are freed now and not by a garbage collection, which
        # would cost more than much of the reading.
        for held in (self._in_order, self._lists, self._of, self.by_id):
            held.clear()

    # The walk.

    def _component(self, kind: str, where: Where, members: Json) -> Component:
        component = Component(self, kind, where, members)
        self._in_order.append(component)
        take = members.pop
        stamp = take("lastUpdateTimeStamp", None)
        if type(stamp) is str:
            component.updated_text = stamp
            component.updated = (
                stamp if is_date_time(stamp) else self.found.time(stamp, component.path, "lastUpdateTimeStamp")
            )
        elif stamp is not None:
            component.wrong("lastUpdateTimeStamp")
        else:
            self.found.issue(NO_UPDATE, component.path)
        name = take("$id", None)
        if type(name) is str and name:
            component.id = name
            before = self.by_id.setdefault(name, component)
            if before is not component:
                self._same_id(before, component, name)
        elif kind != "document":
            self.found.issue(NO_ID, component.path)
        reference = take("updatedByAgencyReference", None)
        if reference is not None:
            target = reference.get("$ref") if type(reference) is dict else None
            if type(target) is str and target:
                component.agency_id = target
            else:
                component.wrong("updatedByAgencyReference")
        reference = take("updatedByAgentReference", None)
        if reference is not None:
            target = reference.get("$ref") if type(reference) is dict else None
            if type(target) is str and target:
                component.agent_id = target
            else:
                component.wrong("updatedByAgentReference")
        return component

    def _same_id(self, before: Component, component: Component, name: str) -> None:
        self.found.issue(SAME_ID, component.path)
        if before.kind != component.kind:
            return
        self._any_superseded = True
        if before.updated is None or (component.updated is not None and not earlier(component.updated, before.updated)):
            before.superseded = True
            self.by_id[name] = component
        else:
            component.superseded = True

    def _walk(self) -> None:
        make = self._component
        lists = self._lists
        for name, value in self.top.members.items():
            if not name.endswith("Component"):
                continue
            if type(value) is list:
                listed = lists[name] = []
                for index, item in enumerate(value):
                    if type(item) is dict:
                        listed.append(make(name, (None, name, index), item))
                    else:
                        self.found.issue(WRONG_TYPE, spelled((None, name, index)))
            elif type(value) is dict:
                lists[name] = [make(name, (None, name, None), value)]
            else:
                self.found.issue(WRONG_TYPE, said(name))
        # The list grows while it is walked: by the components that stand inside others.
        for component in self._in_order:
            targets, parts, deep = _targets(self._own(component))
            if deep:
                # Members of members: seldom, and with a longer way to their places.
                targets = []
                parts = []
                for where, target, part in self._inside(component):
                    if part is None:
                        targets.append(target)
                    else:
                        self._of[id(part)] = make(where[1], where, part)
            for name, at, part in parts:
                # Dispositions, organizations, items and the like have no list of their own: their kind is the member
                # they stand in.
                self._of[id(part)] = make(name, (component.where, name, at), part)
            if targets:
                component.targets = targets

    def _own(self, component: Component) -> Json:
        """A component's members; of the document those that are no lists of components."""
        if component is not self.top:
            return component.members
        return {name: value for name, value in component.members.items() if name not in self._lists}

    def _inside(self, component: Component) -> Iterator[tuple[Step, str, Json | None]]:
        """Each reference in a component, with its place and what it names, and each component that stands in it.

        Iterative: the depth is the sender's choice.
        """
        # The list grows while it is walked: breadth first, and as deep as the document is.
        queue: list[tuple[Where, Json]] = [(component.where, self._own(component))]
        for inside, container in queue:
            for name, value in container.items():
                if type(value) is dict:
                    items: list[tuple[int | None, Json]] = [(None, value)]
                elif type(value) is list:
                    items = [(index, item) for index, item in enumerate(value) if type(item) is dict]
                    queue += [(inside, {name: item}) for item in value if type(item) is list]
                else:
                    continue
                for index, item in items:
                    where = (inside, name, index)
                    target = item.get("$ref")
                    if type(target) is str:
                        yield where, target, None
                    elif "$id" in item:
                        yield where, "", item
                    elif index is None or len(item) != 1 or ("value" not in item and "simpleType" not in item):
                        queue.append((where, item))

    def _check_references(self) -> None:
        by_id = self.by_id
        again = False
        dangling = False
        for component in self._in_order:
            agency, agent = component.agency_id, component.agent_id
            if (agency is not None and agency not in by_id) or (agent is not None and agent not in by_id):
                dangling = True
            if component.targets is not None:
                # A reference that only goes down cannot lead back: there is seldom more to look at.
                order = _ORDER.get(component.kind, 0)
                for target in component.targets:
                    other = by_id.get(target)
                    if other is None:
                        dangling = True
                    elif other.targets is not None and _ORDER.get(other.kind, 9) >= order:
                        again = True
        if dangling:
            self._say_dangling()
        if again:
            self._check_circles()

    def _say_dangling(self) -> None:
        by_id = self.by_id
        for component in self._in_order:
            if component.targets is not None and not by_id.keys() >= set(component.targets):
                for where, target, part in self._inside(component):
                    if part is None and target not in by_id:
                        self.found.issue(DANGLING, spelled(where))
            if component.agency_id is not None and component.agency_id not in by_id:
                self.found.issue(DANGLING, component.place("updatedByAgencyReference"))
            if component.agent_id is not None and component.agent_id not in by_id:
                self.found.issue(DANGLING, component.place("updatedByAgentReference"))

    def _check_circles(self) -> None:
        """Say where following references would not end. Iterative: the depth is the sender's choice.

        Prologue references are not followed: every agency is updated by an agency, most often by itself.
        """
        done: set[int] = set()
        for start in self._in_order:
            if start.targets is None or id(start) in done:
                continue
            on_way = {id(start)}
            way = [(start, self._inside(start))]
            while way:
                component, references = way[-1]
                for where, target, part in references:
                    # An alternate value names what refers to it: that is no circle worth a word.
                    skipped = part is not None or where[1] == "DataComponentReference"
                    other = None if skipped else self.by_id.get(target)
                    if other is None or other.targets is None or id(other) in done:
                        continue
                    if id(other) in on_way:
                        self.found.issue(CIRCULAR, spelled(where))
                        continue
                    on_way.add(id(other))
                    way.append((other, self._inside(other)))
                    break
                else:
                    way.pop()
                    on_way.discard(id(component))
                    done.add(id(component))


def _targets(members: Json) -> tuple[list[str], list[tuple[str, int | None, Json]], bool]:
    """The `$id`s that members refer to, however deep, and the components that are members themselves or stand in a list
    that is one. Whether there are components deeper inside, too: then neither is whole."""
    found: list[str] = []
    parts: list[tuple[str, int | None, Json]] = []
    todo: list[Any] = []
    for name, value in members.items():
        kind = type(value)
        if kind is list:
            for index, item in enumerate(value):
                if type(item) is dict:
                    if "$ref" in item and type(item["$ref"]) is str:
                        found.append(item["$ref"])
                    elif "$id" in item:
                        parts.append((name, index, item))
                    elif len(item) != 1 or ("value" not in item and "simpleType" not in item):
                        todo.append(item)
                elif type(item) is list:
                    todo.append({"": item})
        elif kind is dict:
            if "$ref" in value and type(value["$ref"]) is str:
                found.append(value["$ref"])
            elif "$id" in value:
                parts.append((name, None, value))
            else:
                todo.append(value)
    # The list grows while it is walked.
    for container in todo:
        for value in container.values():
            kind = type(value)
            if kind is list:
                for item in value:
                    if type(item) is dict:
                        # NIEM wraps each text in an object of its own; there is nothing to find in one.
                        if len(item) == 1 and ("value" in item or "simpleType" in item):
                            continue
                        if "$ref" in item and type(item["$ref"]) is str:
                            found.append(item["$ref"])
                        elif "$id" in item:
                            return found, parts, True
                        else:
                            todo.append(item)
                    elif type(item) is list:
                        todo.append({"": item})
            elif kind is dict:
                if "$ref" in value and type(value["$ref"]) is str:
                    found.append(value["$ref"])
                elif "$id" in value:
                    return found, parts, True
                else:
                    todo.append(value)
    return found, parts, False
