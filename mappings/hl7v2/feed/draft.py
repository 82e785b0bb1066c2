"""One v2 message while it becomes a Bundle: its entries, keyed ids, times, and the account of every field.

A segment is split once. Whatever reads a field marks it; what is marked by nobody at the end is `unused`. Nothing here
outlives one message.
"""

from __future__ import annotations

import re
from datetime import datetime
from functools import lru_cache, partial
from itertools import count
from typing import Any, Final, TypeAlias
from zoneinfo import ZoneInfo

from mappings.fhir.draft import agency_base, criteria
from mappings.fhir.systems import SID_RESOURCE
from mappings.hl7v2.codec import Message, message_type
from mappings.hl7v2.delimiters import Delimiters, unescape
from mappings.hl7v2.feed.common_times import common_time
from mappings.hl7v2.feed.row import Row
from mappings.hl7v2.segment import NULL
from mappings.hl7v2.times import date_time
from mappings.ids import Ids
from mappings.times import instant
from profiles.issue import Issue, Severity

#: One FHIR resource or element as JSON.
Json: TypeAlias = dict[str, Any]

#: Severity, FHIR issue type and fixed words of each rule that reading a feed reports.
RULES: Final[dict[str, tuple[Severity, str, str]]] = {
    "translate.code-not-carried": (
        "warning",
        "code-invalid",
        "no code that FHIR takes here stands for this one; it is not carried",
    ),
    "translate.label-not-read": (
        "warning",
        "security",
        "a mark that none of the tables has; where it may restrict, its record is restricted",
    ),
    "translate.message-type": (
        "information",
        "not-supported",
        "this message type has no map of its own; its known segments are translated",
    ),
    "translate.no-merge": ("error", "required", "a merge needs the identifiers of both records"),
    "translate.no-patient": ("warning", "required", "the message identifies no patient; what needs one is not made"),
    "translate.null": ("information", "deleted", "the sender deletes the value that stood here"),
    "translate.unmapped-code": ("warning", "not-found", "no mapping for this code; it travels as the source wrote it"),
    "translate.value": ("warning", "value", "not a value of its data type; it is not carried"),
    "translate.visit-without-number": (
        "information",
        "informational",
        "the visit has no number; its id comes from this message",
    ),
}

#: The search of a conditional create by our own identifier.
_OWN: Final = criteria(SID_RESOURCE, "")
#: The same by an identifier of somebody's system, up to its value.
_by_system = lru_cache(maxsize=1024)(partial(criteria, value=""))

_CONTROL = re.compile(r"[^\S \r\n\t]|[\x00-\x08\x0e-\x1f]+")
_OFFSET = re.compile(r"\d{12}(?:\d\d(?:\.\d+)?)?([+-]\d{4})\Z", re.ASCII)


@lru_cache(maxsize=512)
def _finding(rule: str, path: str) -> Issue:
    severity, code, text = RULES[rule]
    return Issue(severity=severity, code=code, rule=rule, path=path, text=text)


#: One clock reading stands for all messages of a batch.
_instant = lru_cache(maxsize=64)(instant)

_SCOPES = count()


@lru_cache(maxsize=256)
def _scope(custody: str, namespace_key: bytes, marks: Delimiters, encoding: str) -> int:
    """A number for all messages whose fields mean the same by the same text, and get the same ids; never given
    twice."""
    return next(_SCOPES)


#: Of the directory: resource, system and value of what a receiver creates it once by, fullUrl, and that search.
Listed: TypeAlias = "tuple[Json, str | None, str, str, str]"


def sought(made: str, system: str | None, value: str) -> str:
    """The search of a conditional create: by an identifier of somebody's, else by our own id."""
    if system is None:
        return _OWN + made
    if value.isalnum() and value.isascii():
        return _by_system(system) + value
    return criteria(system, value)


class Draft:
    """The Bundle in the making. `custody` is in whose name its ids are made; `base` that of its local systems."""

    __slots__ = (
        "_issues",
        "_made",
        "_marks",
        "_seen",
        "_unused",
        "base",
        "c",
        "control",
        "custody",
        "deleted",
        "delimiters",
        "encoding",
        "entries",
        "esc",
        "event",
        "ids",
        "interned",
        "message",
        "now",
        "offset",
        "r",
        "rows",
        "s",
        "said",
        "scope",
        "zone",
    )

    def __init__(
        self, message: Message, *, custody: str, now: datetime, zone: ZoneInfo | None, namespace_key: bytes
    ) -> None:
        marks: Delimiters = message.delimiters
        self.delimiters = marks
        # A message without a mark has nothing to split by it: a control character never stands in a field.
        self.c = marks.component or "\0"
        self.s = marks.subcomponent or "\0"
        self.r = marks.repetition or "\0"
        self.esc = marks.escape or "\0"
        self._marks = self.r + self.c + self.s
        self.encoding = message.encoding
        self.message = message
        self.rows = [Row(line.split(marks.field)) for line in message.lines]
        self.rows[0].fields.insert(1, marks.field)
        self.custody = custody
        self.base = agency_base(None, custody)
        #: What the meaning of a field depends on beside its text: whose it is, the key of its ids, the delimiters.
        self.scope = _scope(custody, namespace_key, marks, message.encoding)
        self.now = _instant(now)
        self.zone = zone
        head = self.rows[0].peek(7)
        found = _OFFSET.match(head)
        #: MSH-7's offset is that of every time of the message without one (2.5.1, 2.15.9.7).
        self.offset = found[1] if found else ""
        self.control = self.text(self.rows[0].peek(10)) or ""
        self.event = message_type(self.rows[0].peek(9), marks, message.encoding)
        #: The keyed ids of (kind, assigner, value) in this message's custody.
        self.ids = Ids(namespace_key, custody)
        self.entries: list[Json] = []
        self.interned: dict[Any, Any] = {}
        #: (fullUrl, element) of every value that the sender deletes.
        self.deleted: list[tuple[Json, str]] = []
        self._issues: list[Issue] = []
        self._made: set[str] = set()
        self._seen: set[tuple[str, str]] = set()
        self._unused: dict[str, None] = {}
        #: Each report as it was made, (rule, place) or ("", place) of what nothing reads, however often: a field's own
        #: are what was added while it was read.
        self.said: list[tuple[str, str]] = []

    # --- values

    def text(self, raw: str) -> str | None:
        """One value, unescaped and trimmed, without control characters; None when nothing is left."""
        if raw.isalnum():
            return raw  # most values: nothing in them can be anything else
        if self.esc in raw:
            raw = unescape(raw, self.delimiters, encoding=self.encoding)
        if not raw.isprintable():
            raw = _CONTROL.sub(" ", raw)
        raw = raw.strip()
        return None if not raw or raw == NULL else raw

    def whole(self, raw: str) -> str | None:
        """A whole field as text, repetitions as lines: for ST, TX and FT."""
        if self.r in raw:
            return "\n".join(self.text(part) or "" for part in raw.split(self.r)).strip() or None
        return self.text(raw)

    def first(self, raw: str, place: str = "") -> str | None:
        """The first subcomponent of the first component of the first repetition. With `place`, what stands behind it
        is named there."""
        if raw.isalnum():
            return raw
        for mark in self._marks:
            if mark in raw:
                raw, rest = raw.split(mark, 1)
                if place and rest.strip(self._marks):
                    self.left(place)
        return self.text(raw)

    def time(self, raw: str, place: str) -> str | None:
        """A TS or DTM as FHIR dateTime; what is wrong with it is an issue at `place`."""
        if self.c in raw:
            raw = raw.split(self.c, 1)[0]
        if not raw or raw == NULL:
            return None
        if made := common_time(raw, self.offset):
            return made
        raw = raw.strip()
        if not raw or raw == NULL:
            return None
        if self.offset and len(raw) >= 12 and raw[-5] not in "+-":
            raw += self.offset
        found, issues = date_time(raw, place, self.zone)
        for issue in issues:
            self.said.append((issue.rule, issue.path))
            if (issue.rule, issue.path) not in self._seen:
                self._seen.add((issue.rule, issue.path))
                self._issues.append(issue)
        return found

    def take(self, row: Row, number: int, keep: int = 1, *, repeats: bool = False) -> None:
        """Marks a field of which the first `keep` components of the first repetition were read, and names what else it
        holds: further repetitions, further components, subcomponents of a single value. Of a coded field `keep` is 3:
        the name and the system of a code that a table maps say what the code says. `repeats`: all repetitions were."""
        row.used |= 1 << number
        raw = row.fields[number]
        if self.r not in raw and (raw.count(self.c) < keep if keep > 3 else self.c not in raw and self.s not in raw):
            return
        place = f"{row.name}-{number}"
        if self.r in raw:
            first, *more = raw.split(self.r)
            if repeats:
                for part in more:
                    self.rest(part.split(self.c), place, keep + 1)
                more = []
            for turn, part in enumerate(more, 2):
                if part and part != NULL:
                    self.left(f"{place}[{turn}]")
            raw = first
        parts = raw.split(self.c)
        if len(parts) > keep:
            self.rest(parts, place, keep + 1)
        if keep < 4 and self.s in parts[0] and any(parts[0].split(self.s)[1:]):
            self.left(f"{place}.1")

    # --- ids and entries

    def add(self, resource: Json, system: str | None = None, value: str = "") -> str:
        """Adds a resource that has an id; its fullUrl. `system`, `value`: what a receiver creates it once by."""
        made: str = resource["id"]
        if made in self._made:
            made = self._another(resource)
            system = None
        self._made.add(made)
        url = "urn:uuid:" + made
        search = sought(made, system, value)
        self.entries.append(
            {
                "fullUrl": url,
                "resource": resource,
                "request": {"method": "POST", "url": resource["resourceType"], "ifNoneExist": search},
            }
        )
        return url

    def enter(self, known: Listed) -> str:
        """Adds somebody or something of the directory (staff, a place, an organization) as an earlier message of this
        scope made it; its fullUrl. The resource and its lists are this message's own, what is inside them is shared."""
        resource, system, value, url, search = known
        made: str = resource["id"]
        own = {**resource, "identifier": [*resource["identifier"]]}
        if type(name := own.get("name")) is list:
            own["name"] = [*name]
        if made in self._made:
            return self.add(own, system, value)
        self._made.add(made)
        request = {"method": "POST", "url": own["resourceType"], "ifNoneExist": search}
        self.entries.append({"fullUrl": url, "resource": own, "request": request})
        return url

    def _another(self, resource: Json) -> str:
        """Another id for a second resource of one number in the message: neither may take the other's place."""
        first: str = resource["id"]
        made = self.ids.of(resource["resourceType"], first, f"{self.control}|{len(self.entries)}")
        resource["id"] = made
        own = {"system": SID_RESOURCE, "value": made}
        resource["identifier"] = [
            *(one for one in resource.get("identifier", ()) if one.get("system") != SID_RESOURCE),
            own,
        ]
        return made

    def put(self, resource: Json) -> str:
        """Adds a resource whose type has no identifier, under its own id; its fullUrl."""
        made: str = resource["id"]
        url = "urn:uuid:" + made
        request = {"method": "PUT", "url": f"{resource['resourceType']}/{made}"}
        self.entries.append({"fullUrl": url, "resource": resource, "request": request})
        return url

    def row(self, name: str) -> Row | None:
        """The first segment of that name."""
        for row in self.rows:
            if row.name == name:
                return row
        return None

    def resource(self, url: str) -> Json:
        """The resource of the entry with that fullUrl, looked for from the last."""
        for entry in reversed(self.entries):
            if entry["fullUrl"] == url:
                found: Json = entry["resource"]
                return found
        raise LookupError("no entry has this fullUrl")

    # --- the account

    def issue(self, rule: str, path: str) -> None:
        """Reports `rule` at a place of the message, once."""
        self.said.append((rule, path))
        if (rule, path) not in self._seen:
            self._seen.add((rule, path))
            self._issues.append(_finding(rule, path))

    def again(self, said: list[tuple[str, str]]) -> None:
        """Says of this message what was said of another with the same field."""
        for rule, path in said:
            if rule:
                self.issue(rule, path)
            else:
                self.left(path)

    def found(self, issues: tuple[Issue, ...]) -> None:
        """Issues that reading found."""
        self._issues.extend(issues)

    def rest(self, parts: list[str], place: str, first: int, last: int = 1 << 20) -> None:
        """Names the components from number `first` to `last` that hold something: the type has them and FHIR has
        not."""
        for number in range(first - 1, min(last, len(parts))):
            if parts[number] and parts[number] != NULL:
                self.left(f"{place}.{number + 1}")

    def left(self, place: str) -> None:
        """Names a component that holds something that nothing reads."""
        self.said.append(("", place))
        self._unused[place] = None

    @property
    def issues(self) -> tuple[Issue, ...]:
        """What was found."""
        return tuple(self._issues)

    def unused(self) -> tuple[str, ...]:
        """Every field that holds something and that nothing read: `PID-32`, `ZPD` for a segment of which nothing was
        read, `PID-3.9` for a component; in the order of the message, each once."""
        found: dict[str, None] = {}
        for row in self.rows:
            row.unread(found)
        found.update(self._unused)
        return tuple(found)
