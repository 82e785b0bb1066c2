"""One component of an EIDO document: members that can each be taken once (NENA-STA-021.1).

Reading a member takes it away, so what is left in the end is what nobody reads: `unused` is computed, not listed by
hand. Places are kept as steps and spelled out only where one is needed: most are needed nowhere.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeAlias

from mappings.cad.rules import UNCHECKED_TOKEN, UNKNOWN_TOKEN, WRONG_KIND, WRONG_TYPE
from mappings.found import said
from mappings.incident import DateTime
from mappings.times import is_date_time

if TYPE_CHECKING:
    from mappings.cad.references import Document

Json = dict[str, Any]

#: A place in the document: where it is inside, the member's name, and the index in a list (None: no list). The
#: document itself is None.
Where: TypeAlias = "tuple[Where, str, int | None] | None"
Step: TypeAlias = tuple[Where, str, int | None]


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
    _path: str | None = None
    #: The `$id`s this component refers to, double ones too (prologue references are not among them).
    targets: list[str] | None = None

    def __init__(self, document: Document, kind: str, where: Where, members: Json) -> None:
        self.document = document
        self.kind = kind
        self.where = where
        self.members = members

    @property
    def path(self) -> str:
        """The component's path in the document; empty for the document itself."""
        path = self._path
        if path is None:
            where = self.where
            if where is not None and where[0] is None and where[2] is not None:
                path = f"{said(where[1])}[{where[2]}]"
            else:
                path = spelled(where)
            self._path = path
        return path

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

    def registry_text(self, name: str, registry: str) -> str | None:
        """A text that is a token of this registry; with an issue where nobody can say that it is one."""
        token = self.text(name)
        if token is not None:
            self.check((token,), name, registry)
        return token

    def registry_texts(self, name: str, registry: str) -> list[str]:
        """The texts of an array of tokens of this registry, as `registry_text`."""
        tokens = self.texts(name)
        if tokens:
            self.check(tokens, name, registry)
        return tokens

    def check(self, tokens: list[str] | tuple[str], name: str, registry: str) -> None:
        """One issue a member: which of its tokens it is, whoever has the registry sees."""
        known = self.document.registries[registry]
        for token in tokens:
            if token not in known.displays:
                self.document.found.issue(UNKNOWN_TOKEN if known.complete else UNCHECKED_TOKEN, self.place(name))
                return

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
