"""The components of one EIDO document, joined by `$id`, and what of them nobody reads (NENA-STA-021.1).

`{"$ref": "x"}` is not a JSON pointer: it names the component whose `$id` is `x`, wherever in the document that is.
One walk finds every component and every reference. Reading a member takes it away, so what is left in the end is what
nobody reads: `unused` is computed, not listed by hand.

The document is taken apart in place: it belongs to the reader. References to components of earlier documents stay
dangling here; a document is one snapshot.
"""

from __future__ import annotations

from typing import Any

from mappings.cad.rules import CIRCULAR, DANGLING, NO_ID, SAME_ID, WRONG_KIND, WRONG_TYPE
from mappings.found import Found, under
from mappings.incident import DateTime
from mappings.times import earlier, is_date_time

Json = dict[str, Any]


class Component:
    """A component, or another object inside one: its members, each of which can be taken once.

    `id`, `updated` and the ids of the agency and agent that updated it are its prologue, read for each component.
    `read` says that a mapper has been here; whether each member was, its absence from `members` says.
    """

    __slots__ = (
        "agency_id",
        "agent_id",
        "document",
        "id",
        "kind",
        "members",
        "path",
        "read",
        "references",
        "superseded",
        "updated",
        "updated_text",
    )

    def __init__(self, document: Document, kind: str, path: str, members: Json) -> None:
        self.document = document
        self.kind = kind
        self.path = path
        self.members = members
        self.read = False
        self.superseded = False
        self.id: str | None = None
        #: When the component was modified last: as a FHIR dateTime, and as it was written.
        self.updated: DateTime | None = None
        self.updated_text: str | None = None
        self.agency_id: str | None = None
        self.agent_id: str | None = None
        #: The components this one refers to: the place, and the `$id` (prologue references are not among them).
        self.references: list[tuple[str, str]] | None = None

    def take(self, name: str) -> Any:
        """The member's value, whatever it is; None when it is not there. Taken once."""
        return self.members.pop(name, None)

    def place(self, name: str) -> str:
        """The path of a member."""
        return f"{self.path}.{name}" if self.path else name

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
        found = []
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
        return self.document.found.time(value, self.path, name)

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
                found.append(self.document.part(item, f"{self.place(name)}[{index}]"))
            else:
                self.wrong(f"{name}[{index}]")
        return found

    def object(self, name: str) -> Component | None:
        """The object member as a component, else None."""
        value = self.members.pop(name, None)
        if type(value) is dict:
            return self.document.part(value, self.place(name))
        if value is not None:
            self.wrong(name)
        return None

    def reference_ids(self, name: str) -> list[str]:
        """The `$id`s that the member refers to, dangling ones too."""
        value = self.members.pop(name, None)
        if not value:
            return []
        is_list = type(value) is list
        found = []
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

    __slots__ = ("_in_order", "_lists", "_of", "by_id", "found", "top")

    def __init__(self, members: Json, found: Found) -> None:
        self.found = found
        self.by_id: dict[str, Component] = {}
        self._in_order: list[Component] = []
        self._lists: dict[str, list[Component]] = {}
        # Parts that are not items of a top-level list, by their dict's identity: the document keeps those alive.
        self._of: dict[int, Component] = {}
        self.top = self._component("document", "", members)
        self.top.read = True
        self._walk()

    def all(self, name: str, *, read: bool = True) -> list[Component]:
        """The components of a top-level list (or the one object that `incidentComponent` is), superseded ones not.

        They count as read from here on, unless `read` is False.
        """
        listed = self._lists.get(name)
        if listed is None:
            return []
        current = [component for component in listed if not component.superseded]
        if read:
            for component in current:
                component.read = True
        return current

    def part(self, members: Json, path: str) -> Component:
        """The component of this object; one is made for an object without `$id`."""
        component = self._of.get(id(members))
        if component is None:
            component = self._of[id(members)] = Component(self, "", path, members)
            self._in_order.append(component)
        component.read = True
        return component

    def finish(self) -> None:
        """List what nobody read: a component never read by its place, else its members that are left."""
        unused = self.found.unused
        top = self.top
        for component in self._in_order:
            if component.read and not component.superseded:
                for name in component.members:
                    # The lists of components are accounted for one by one.
                    if component is not top or name not in self._lists:
                        unused.append(under(component.path, name))
            elif component in self._lists.get(component.kind, ()):
                unused.append(component.path)

    # The walk.

    def _component(self, kind: str, path: str, members: Json) -> Component:
        component = Component(self, kind, path, members)
        self._in_order.append(component)
        stamp = members.pop("lastUpdateTimeStamp", None)
        if type(stamp) is str:
            component.updated_text = stamp
            component.updated = stamp if is_date_time(stamp) else self.found.time(stamp, path, "lastUpdateTimeStamp")
        elif stamp is not None:
            component.wrong("lastUpdateTimeStamp")
        name = members.pop("$id", None)
        if type(name) is str and name:
            component.id = name
            before = self.by_id.setdefault(name, component)
            if before is not component:
                self._same_id(before, component, name)
        elif kind != "document":
            self.found.issue(NO_ID, path)
        reference = members.pop("updatedByAgencyReference", None)
        if reference is not None:
            component.agency_id = self._target(component, reference, "updatedByAgencyReference")
        reference = members.pop("updatedByAgentReference", None)
        if reference is not None:
            component.agent_id = self._target(component, reference, "updatedByAgentReference")
        return component

    @staticmethod
    def _target(component: Component, reference: Any, member: str) -> str | None:
        target = reference.get("$ref") if type(reference) is dict else None
        if type(target) is str and target:
            return target
        component.wrong(member)
        return None

    def _same_id(self, before: Component, component: Component, name: str) -> None:
        self.found.issue(SAME_ID, component.path)
        if before.kind != component.kind:
            return
        if before.updated is None or (component.updated is not None and not earlier(component.updated, before.updated)):
            before.superseded = True
            self.by_id[name] = component
        else:
            component.superseded = True

    def _walk(self) -> None:
        queue: list[tuple[Component, str, Json]] = []
        for name, value in self.top.members.items():
            if not name.endswith("Component"):
                if type(value) is dict or type(value) is list:
                    queue.append((self.top, "", {name: value}))
                continue
            place = under("", name)
            if type(value) is dict:
                component = self._component(name, place, value)
                self._lists[name] = [component]
                queue.append((component, place, value))
            elif type(value) is list:
                listed = self._lists[name] = []
                for index, item in enumerate(value):
                    path = f"{place}[{index}]"
                    if type(item) is dict:
                        component = self._component(name, path, item)
                        listed.append(component)
                        queue.append((component, path, item))
                    else:
                        self.found.issue(WRONG_TYPE, path)
            else:
                self.found.issue(WRONG_TYPE, place)
        # The list grows while it is walked: breadth first, and as deep as the document is.
        for owner, path, container in queue:
            for name, value in container.items():
                if type(value) is list:
                    for index, item in enumerate(value):
                        if type(item) is dict:
                            # NIEM wraps each text in an object of its own; there is nothing to find in one.
                            if len(item) > 1 or ("value" not in item and "simpleType" not in item):
                                self._visit(queue, owner, f"{under(path, name)}[{index}]", name, item)
                        elif type(item) is list:
                            queue.append((owner, path, {name: item}))
                elif type(value) is dict:
                    self._visit(queue, owner, under(path, name), name, value)
        self._check_references()

    def _visit(
        self, queue: list[tuple[Component, str, Json]], owner: Component, path: str, name: str, value: Json
    ) -> None:
        target = value.get("$ref")
        if type(target) is str:
            if owner.references is None:
                owner.references = [(path, target)]
            else:
                owner.references.append((path, target))
        elif "$id" in value:
            # Organizations, items and the like have no list of their own: their kind is the member they stand in.
            component = self._component(name, path, value)
            self._of[id(value)] = component
            queue.append((component, path, value))
        else:
            queue.append((owner, path, value))

    def _check_references(self) -> None:
        by_id = self.by_id
        further = False
        for component in self._in_order:
            if component.references is not None:
                for path, target in component.references:
                    other = by_id.get(target)
                    if other is None:
                        self.found.issue(DANGLING, path)
                    elif other.references is not None:
                        further = True
            if component.agency_id is not None and component.agency_id not in by_id:
                self.found.issue(DANGLING, component.place("updatedByAgencyReference"))
            if component.agent_id is not None and component.agent_id not in by_id:
                self.found.issue(DANGLING, component.place("updatedByAgentReference"))
        if further:
            self._check_circles()

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
                for path, target in references:
                    other = self.by_id.get(target)
                    if other is None or other.references is None or id(other) in done:
                        continue
                    if id(other) in on_way:
                        self.found.issue(CIRCULAR, path)
                        continue
                    on_way.add(id(other))
                    way.append((other, iter(other.references)))
                    break
                else:
                    way.pop()
                    on_way.discard(id(component))
                    done.add(id(component))
