"""The components of one EIDO document, joined by `$id`, and what of them nobody reads (NENA-STA-021.1).

`{"$ref": "x"}` is not a JSON pointer: it names the component whose `$id` is `x`, wherever in the document that is.
One walk finds every component and every reference. Reading a member takes it away, so what is left in the end is what
nobody reads: `unused` is computed, not listed by hand.

The document is taken apart in place: it belongs to the reader. References to components of earlier documents stay
dangling here; a document is one snapshot.

Places are kept as steps and spelled out only where one is needed: most are needed nowhere.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from mappings.cad.rules import CIRCULAR, DANGLING, NO_ID, SAME_ID, WRONG_KIND, WRONG_TYPE
from mappings.found import Found, said
from mappings.incident import DateTime
from mappings.times import earlier, is_date_time

Json = dict[str, Any]

#: A place in the document: where it is inside, the member's name, and the index in a list (None: no list). The
#: document itself is None.
Where: TypeAlias = "tuple[Where, str, int | None] | None"

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


def spelled(where: Where) -> str:
    """The path of a place: `personComponent[0].ncPersonComponent`. Iterative: the depth is the sender's choice."""
    steps: list[str] = []
    while where is not None:
        where, name, index = where
        steps.append(said(name) if index is None else f"{said(name)}[{index}]")
    return ".".join(reversed(steps))


class Component:
    """A component, or another object inside one: its members, each of which can be taken once.

    `id`, `updated` and the ids of the agency and agent that updated it are its prologue, read for each component.
    `read` says that a mapper has been here; whether each member was, its absence from `members` says.
    """

    # What most components keep as it is here costs them nothing: a document has dozens of them.
    read = False
    superseded = False
    id: str | None = None
    #: When the component was modified last: as a FHIR dateTime, and as it was written.
    updated: DateTime | None = None
    updated_text: str | None = None
    agency_id: str | None = None
    agent_id: str | None = None
    #: The components this one refers to: the place inside what, its member and index, and the `$id` (prologue
    #: references are not among them).
    references: list[tuple[Where, str, int | None, str]] | None = None

    def __init__(self, document: Document, kind: str, where: Where, members: Json) -> None:
        self.document = document
        self.kind = kind
        self.where = where
        self.members = members

    @property
    def path(self) -> str:
        """The component's path in the document; empty for the document itself."""
        where = self.where
        if where is not None and where[0] is None and where[2] is not None:
            return f"{said(where[1])}[{where[2]}]"
        return spelled(where)

    def take(self, name: str) -> Any:
        """The member's value, whatever it is; None when it is not there. Taken once."""
        return self.members.pop(name, None)

    def place(self, name: str) -> str:
        """The path of a member."""
        path = self.path
        return f"{path}.{name}" if path else name

    def wrong(self, name: str) -> None:
        """An issue: the member's JSON type is not the standard's."""
        self.document.found.issue(WRONG_TYPE, self.place(name))

    def text(self, name: str) -> str | None:
        """A text that says something, else None."""
        value = self.members.pop(name, None)
        if type(value) is str:
            return value if value and not value.isspace() else None
        if value is None:
            return None
        self.wrong(name)
        # A number where a code belongs: what was written can still be said, but for leading zeros.
        return str(value) if type(value) is int else None

    def texts(self, name: str) -> list[str]:
        """The texts of an array; a single text counts as one."""
        value = self.members.pop(name, None)
        if not value:
            return []
        if type(value) is not list:
            self.wrong(name)
            value = [value]
        elif len(value) == 1 and type(value[0]) is str:
            return [] if value[0].isspace() or not value[0] else [value[0]]
        found: list[str] = []
        for index, item in enumerate(value):
            if type(item) is not str:
                self.wrong(f"{name}[{index}]")
                if type(item) is int:
                    found.append(str(item))
            elif item and not item.isspace():
                found.append(item)
        return found

    def flag(self, name: str) -> bool | None:
        """A boolean, else None."""
        value = self.members.pop(name, None)
        if value is None or type(value) is bool:
            return value
        self.wrong(name)
        return None

    def time(self, name: str) -> DateTime | None:
        """A FHIR dateTime of the member, else None with an issue."""
        value = self.members.pop(name, None)
        if value is None:
            return None
        if type(value) is not str:
            self.wrong(name)
            return None
        return value if is_date_time(value) else self.document.found.time(value, self.path, name)

    def objects(self, name: str) -> list[Component]:
        """The objects of an array member as components, read from here on."""
        value = self.members.pop(name, None)
        if not value:
            return []
        if type(value) is not list:
            self.wrong(name)
            value = [value]
        found = []
        for index, item in enumerate(value):
            if type(item) is dict:
                found.append(self.document.part(item, (self.where, name, index)))
            else:
                self.wrong(f"{name}[{index}]")
        return found

    def object(self, name: str) -> Component | None:
        """The object member as a component, else None."""
        value = self.members.pop(name, None)
        if type(value) is dict:
            return self.document.part(value, (self.where, name, None))
        if value is not None:
            self.wrong(name)
        return None

    def reference_ids(self, name: str) -> list[str]:
        """The `$id`s that the member refers to, dangling ones too."""
        value = self.members.pop(name, None)
        if not value:
            return []
        is_list = type(value) is list
        first = value[0] if is_list and len(value) == 1 else value
        if type(first) is dict:
            target = first.get("$ref")
            if type(target) is str and target:
                return [target]
        found: list[str] = []
        for index, item in enumerate(value if is_list else (value,)):
            target = item.get("$ref") if type(item) is dict else None
            if type(target) is str and target:
                found.append(target)
            else:
                self.wrong(f"{name}[{index}]" if is_list else name)
        return found

    def references_to(self, name: str, kind: str) -> list[Component]:
        """The components of this kind that the member refers to, each once."""
        found: list[Component] = []
        for target in self.reference_ids(name):
            component = self.document.by_id.get(target)
            if component is None:
                continue
            if component.kind != kind:
                self.document.found.issue(WRONG_KIND, self.place(name))
            elif component not in found:
                found.append(component)
        return found


class Document:
    """Every component of one document. `top` is the document itself; `by_id` the one index of `$id`s."""

    __slots__ = ("_any_superseded", "_in_order", "_lists", "_of", "_targets", "by_id", "found", "top")

    def __init__(self, members: Json, found: Found) -> None:
        self.found = found
        self.by_id: dict[str, Component] = {}
        self._any_superseded = False
        self._targets: set[str] = set()
        self._in_order: list[Component] = []
        self._lists: dict[str, list[Component]] = {}
        # Parts that are not items of a top-level list, by their dict's identity: the document keeps those alive.
        self._of: dict[int, Component] = {}
        self.top = self._component("document", None, members)
        self.top.read = True
        self._walk()

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
            elif component in self._lists.get(component.kind, ()):
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
                self._targets.add(target)
            else:
                component.wrong("updatedByAgencyReference")
        reference = take("updatedByAgentReference", None)
        if reference is not None:
            target = reference.get("$ref") if type(reference) is dict else None
            if type(target) is str and target:
                component.agent_id = target
                self._targets.add(target)
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
        targets = self._targets
        # What can hold references or components: whose it is, where it is, and its members.
        queue: list[tuple[Component, Where, Json]] = []
        for name, value in self.top.members.items():
            if not name.endswith("Component"):
                if type(value) is dict or type(value) is list:
                    queue.append((self.top, None, {name: value}))
            elif type(value) is list:
                listed = self._lists[name] = []
                for index, item in enumerate(value):
                    where = (None, name, index)
                    if type(item) is dict:
                        component = make(name, where, item)
                        listed.append(component)
                        if item:
                            queue.append((component, where, item))
                    else:
                        self.found.issue(WRONG_TYPE, spelled(where))
            elif type(value) is dict:
                component = make(name, (None, name, None), value)
                self._lists[name] = [component]
                queue.append((component, component.where, value))
            else:
                self.found.issue(WRONG_TYPE, said(name))
        # The list grows while it is walked: breadth first, and as deep as the document is.
        for owner, inside, container in queue:
            for name, value in container.items():
                if type(value) is list:
                    for index, item in enumerate(value):
                        if type(item) is dict:
                            # NIEM wraps each text in an object of its own; there is nothing to find in one.
                            if len(item) > 1 or ("value" not in item and "simpleType" not in item):
                                target = item.get("$ref")
                                if type(target) is not str:
                                    self._enter(queue, owner, (inside, name, index), item)
                                else:
                                    targets.add(target)
                                    if owner.references is None:
                                        owner.references = []
                                    owner.references.append((inside, name, index, target))
                        elif type(item) is list:
                            queue.append((owner, inside, {name: item}))
                elif type(value) is dict:
                    target = value.get("$ref")
                    if type(target) is not str:
                        self._enter(queue, owner, (inside, name, None), value)
                    else:
                        targets.add(target)
                        if owner.references is None:
                            owner.references = []
                        owner.references.append((inside, name, None, target))
        self._check_references()

    def _enter(
        self,
        queue: list[tuple[Component, Where, Json]],
        owner: Component,
        where: tuple[Where, str, int | None],
        value: Json,
    ) -> None:
        if "$id" in value:
            # Organizations, items and the like have no list of their own: their kind is the member they stand in.
            owner = self._of[id(value)] = self._component(where[1], where, value)
        queue.append((owner, where, value))

    def _check_references(self) -> None:
        by_id = self.by_id
        if not self._targets <= by_id.keys():
            self._say_dangling()
        # References that only go down cannot lead back: there is seldom more to look at.
        for component in self._in_order:
            if component.references is not None:
                order = _ORDER.get(component.kind, 0)
                for reference in component.references:
                    other = by_id.get(reference[3])
                    if other is not None and other.references is not None and _ORDER.get(other.kind, 9) >= order:
                        self._check_circles()
                        return

    def _say_dangling(self) -> None:
        by_id = self.by_id
        for component in self._in_order:
            for inside, name, index, target in component.references or ():
                if target not in by_id:
                    self.found.issue(DANGLING, spelled((inside, name, index)))
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
            if start.references is None or id(start) in done:
                continue
            on_way = {id(start)}
            way = [(start, iter(start.references))]
            while way:
                component, references = way[-1]
                for inside, name, index, target in references:
                    other = self.by_id.get(target)
                    if other is None or other.references is None or id(other) in done:
                        continue
                    if id(other) in on_way:
                        self.found.issue(CIRCULAR, spelled((inside, name, index)))
                        continue
                    on_way.add(id(other))
                    way.append((other, iter(other.references)))
                    break
                else:
                    way.pop()
                    on_way.discard(id(component))
                    done.add(id(component))
