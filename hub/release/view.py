"""What one reader may see of a set of records: reads, searches, counts, includes, history, links, ETags, changes.

Everything is answered from what may go to this reader now, and from nothing else, so that a withheld thing is byte for
byte as if it were not there: not in a total, an include, a page, a link, a version's number, a time of change, a
notification. Absent, deleted before the reader could see it, and withheld are one answer. The view is made before it
is known what will be asked, and looking in it takes the same steps for what is absent and what is withheld.

A version's number counts the versions that differ to this reader, and its time is that of the first of them: a change
of what is withheld changes neither. Where the current version is withheld the whole resource is, with its history.

Pure. Does not search by FHIR's parameters, page by cursor or check who the reader is; the API does. Each answer with
content is a Release.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

import orjson

from hub.records import Event
from hub.release.decision import Decision
from hub.release.holding import MEDIA_TYPE, Holding, Key, Version, decided
from hub.release.policy import DEFAULT, ReleasePolicy
from hub.release.request import Context
from hub.release.seal import Release, seal
from hub.release.withheld import Withheld, beside
from mappings.times import instant
from profiles.issue import Issue, operation_outcome

Json = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Reply:
    """An answer: HTTP status, body, ETag and time of change. `release` is there exactly when it holds anything."""

    status: int
    body: bytes
    etag: str | None = None
    last_modified: datetime | None = None
    release: Release | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One version as the reader has it; None: gone."""

    resource: Json | None
    number: int
    at: datetime


#: The one answer to what is absent and to what is withheld.
NOTHING: Final = Reply(
    status=404,
    body=orjson.dumps(
        operation_outcome(
            [
                Issue(
                    severity="error", code="not-found", rule="view.not-found", path="", text="there is no such resource"
                )
            ]
        )
    ),
)
GONE: Final = Reply(
    status=410,
    body=orjson.dumps(
        operation_outcome(
            [Issue(severity="error", code="deleted", rule="view.deleted", path="", text="the resource was deleted")]
        )
    ),
)


@dataclass(kw_only=True)
class View:
    """What a reader may see of some holdings; made by `look`. `base`: the address that the records are served under,
    without a slash at its end (R4 bundle: the fullUrl of what a server holds is where it holds it)."""

    holdings: Mapping[Key, Holding]
    context: Context
    consents: Sequence[Json]
    policy: ReleasePolicy
    base: str
    _resources: dict[Key, Json]
    _decision: Decision | None
    _hidden: Withheld
    _histories: dict[Key, tuple[Seen, ...]] = field(default_factory=dict)

    # ── one resource ──────────────────────────────────────────────────────────────────────────────────────────────

    def read(self, kind: str, identity: str) -> Reply:
        """The resource as it stands."""
        seen = self.versions(kind, identity)
        return self._one(seen[-1]) if seen else NOTHING

    def version(self, kind: str, identity: str, number: str) -> Reply:
        """The version of that number (vread)."""
        for seen in self.versions(kind, identity):
            if str(seen.number) == number:
                return self._one(seen)
        return NOTHING

    def history(self, kind: str, identity: str) -> Reply:
        """Its versions, newest first."""
        seen = self.versions(kind, identity)
        if not seen:
            return NOTHING
        entries: list[Json] = []
        for one in reversed(seen):
            entry: Json = {"fullUrl": f"{self.base}/{kind}/{identity}"}
            if one.resource is not None:
                entry["resource"] = _stamped(one.resource, one)
            method = "DELETE" if one.resource is None else "POST" if one.number == 1 else "PUT"
            entry["request"] = {"method": method, "url": f"{kind}/{identity}"}
            entry["response"] = {
                "status": "204" if one.resource is None else "201" if one.number == 1 else "200",
                "etag": f'W/"{one.number}"',
                "lastModified": instant(one.at),
            }
            entries.append(entry)
        made: Json = {"resourceType": "Bundle", "type": "history", "total": len(entries), "entry": entries}
        return self._sealed(made, seen)

    def versions(self, kind: str, identity: str) -> tuple[Seen, ...]:
        """The versions that differ to this reader, oldest first; none where the resource is absent or withheld."""
        key = (kind, identity)
        if key not in self._resources:
            return ()
        if key not in self._histories:
            self._histories[key] = self._walk(key)
        return self._histories[key]

    def _walk(self, key: Key) -> tuple[Seen, ...]:
        found: list[Seen] = []
        versions = self.holdings[key].versions
        last = next(index for index in reversed(range(len(versions))) if versions[index].resource is not None)
        for index, version in enumerate(versions):
            if version.resource is None:
                if found and found[-1].resource is not None:
                    found.append(Seen(resource=None, number=found[-1].number + 1, at=version.at))
                continue
            resource = self._resources[key] if index == last else self._at(key, version)
            if resource is None or (found and found[-1].resource == resource):
                continue
            found.append(Seen(resource=resource, number=found[-1].number + 1 if found else 1, at=version.at))
        return tuple(found)

    def _at(self, key: Key, version: Version) -> Json | None:
        """An earlier version as the reader would have it beside what there is now."""
        made = decided(self.holdings, self.context, self.consents, self.policy, instead={key: version})
        return made[0].get(key)

    def _one(self, seen: Seen) -> Reply:
        if seen.resource is None:
            return GONE
        made = self._sealed(_stamped(seen.resource, seen), [seen])
        return Reply(status=200, body=made.body, etag=f'W/"{seen.number}"', last_modified=seen.at, release=made.release)

    # ── many ──────────────────────────────────────────────────────────────────────────────────────────────────────

    def search(
        self,
        kind: str,
        matches: Callable[[Json], bool],
        *,
        include: Sequence[str] = (),
        revinclude: Sequence[tuple[str, str]] = (),
        count: int | None = None,
        offset: int = 0,
        query: str = "",
    ) -> Reply:
        """A searchset of the resources of a type that match, by id.

        `matches` gets a resource as the reader may see it. `include`: elements of the matches whose references are
        followed; `revinclude`: (type, element) of resources that refer to a match. `count` and `offset` make a page;
        `count` 0 gives the total alone. `query` is what stood after the `?`, for the links, without paging.
        """
        found = [self._present(key) for key in sorted(self._resources) if key[0] == kind]
        hits = [one for one in found if one is not None and matches(one)]
        page = hits[offset:] if count is None else hits[offset : offset + count]
        entries = [self._entry(one, "match") for one in page]
        have = {(str(one["resourceType"]), str(one["id"])) for one in page}
        for one in self._included(page, include, revinclude):
            key = (str(one["resourceType"]), str(one["id"]))
            if key not in have:
                have.add(key)
                entries.append(self._entry(one, "include"))
        made: Json = {"resourceType": "Bundle", "type": "searchset", "total": len(hits)}
        made["link"] = [{"relation": "self", "url": self._url(kind, query, count, offset)}]
        if count and offset + count < len(hits):
            made["link"].append({"relation": "next", "url": self._url(kind, query, count, offset + count)})
        if entries:
            made["entry"] = entries
        return self._sealed(made, asked=True)

    def _included(
        self, page: Sequence[Json], include: Sequence[str], revinclude: Sequence[tuple[str, str]]
    ) -> Iterable[Json]:
        for one in page:
            for element in include:
                for key in _targets(one.get(element)):
                    found = self._present(key)
                    if found is not None:
                        yield found
        wanted = {(str(one["resourceType"]), str(one["id"])) for one in page}
        for kind, element in revinclude:
            for key in sorted(self._resources):
                found = self._present(key) if key[0] == kind else None
                if found is not None and wanted & set(_targets(found.get(element))):
                    yield found

    def _present(self, key: Key) -> Json | None:
        seen = self.versions(*key)
        if not seen or seen[-1].resource is None:
            return None
        return _stamped(seen[-1].resource, seen[-1])

    def _entry(self, resource: Json, mode: str) -> Json:
        url = f"{self.base}/{resource['resourceType']}/{resource['id']}"
        return {"fullUrl": url, "resource": resource, "search": {"mode": mode}}

    def _url(self, kind: str, query: str, count: int | None, offset: int) -> str:
        parts = [query] if query else []
        parts += [f"_count={count}"] if count is not None else []
        parts += [f"_offset={offset}"] if offset else []
        return f"{self.base}/{kind}?{'&'.join(parts)}" if parts else f"{self.base}/{kind}"

    def etags(self) -> dict[Key, str]:
        """What the reader may see, each with its ETag; what was deleted is not in it."""
        return {
            key: f'W/"{seen[-1].number}"'
            for key in sorted(self._resources)
            if (seen := self.versions(*key)) and seen[-1].resource is not None
        }

    def contains(self, kind: str, identity: str) -> bool:
        """Whether the reader may know of it: it is there, or was and the reader may know that."""
        return (kind, identity) in self._resources

    def _sealed(self, body: Json, versions: Sequence[Seen] = (), *, asked: bool = False) -> Reply:
        """The answer as a Release; one that holds no resource is none, and is always the same.

        `versions` in it were scanned when they were decided, each beside what is withheld from it: what an earlier one
        has is not found again as withheld from the last. `asked`: its links repeat what the reader asked. Those are
        the reader's own words, and whether they are like something withheld must not show: the rest is scanned.
        """
        if "entry" not in body and body["resourceType"] == "Bundle":
            return Reply(status=200, body=orjson.dumps(body))
        withheld = beside(self._hidden, [one.resource for one in versions if one.resource is not None])
        if asked:
            self._seal({key: value for key, value in body.items() if key != "link"}, withheld)
            withheld = Withheld()
        made = self._seal(body, withheld)
        return Reply(status=200, body=made.bytes, release=made)

    def _seal(self, body: Json, withheld: Withheld) -> Release:
        assert self._decision is not None
        return seal(
            orjson.dumps(body),
            recipient=self.context.recipient.reference or "",
            purpose=self.context.purpose,
            media_type=MEDIA_TYPE,
            withheld=withheld,
            decision=self._decision,
        )


def look(
    holdings: Iterable[Holding],
    context: Context,
    consents: Sequence[Json],
    *,
    base: str,
    policy: ReleasePolicy = DEFAULT,
) -> View:
    """The view of a reader: `context.recipient`, for its purpose, at its moment. Holdings without a version are none.

    `base`: the address that the records are served under.

    Raises Leak if a withheld value were in what is left, and ReleaseError `release.no-carrier`.
    """
    held = {(one.kind, one.id): one for one in holdings if any(v.resource is not None for v in one.versions)}
    resources, decision, hidden = decided(held, context, consents, policy, instead={})
    return View(
        holdings=held,
        context=context,
        consents=consents,
        policy=policy,
        base=base,
        _resources=resources,
        _decision=decision,
        _hidden=hidden,
    )


def changes(before: View, after: View) -> list[tuple[str, Key]]:
    """What a subscriber is told between two of their views: (created, updated or deleted; type and id), by id.

    A change of what is withheld is none. What a new consent or a revocation shows or hides is one, as it is to the
    reader: created, deleted.
    """
    was, now = _contents(before), _contents(after)
    found: list[tuple[str, Key]] = []
    for key in sorted(was.keys() | now.keys()):
        if key not in was:
            found.append(("created", key))
        elif key not in now:
            found.append(("deleted", key))
        elif was[key] != now[key]:
            found.append(("updated", key))
    return found


def audited(events: Iterable[Event], view: View) -> list[Event]:
    """The audit as a reader may see it: the events about resources that the view has, without rule codes, which may
    tell of others. Events that name a patient need the patient, too. No numbers of the chain, whose gaps would tell.
    """
    found = []
    for one in events:
        if not view.contains(one.entity_type, one.entity_id):
            continue
        if one.patient_id is not None and not view.contains("Patient", one.patient_id):
            continue
        found.append(
            Event(
                who=one.who,
                action=one.action,
                kind=one.kind,
                entity_type=one.entity_type,
                entity_id=one.entity_id,
                outcome=one.outcome,
                at=one.at,
                source=one.source,
                custody=one.custody,
                purpose=one.purpose,
                patient_id=one.patient_id,
            )
        )
    return found


def _contents(view: View) -> dict[Key, Json]:
    found = {}
    for key in view.etags():
        resource = view.versions(*key)[-1].resource
        assert resource is not None
        found[key] = resource
    return found


def _stamped(resource: Json, seen: Seen) -> Json:
    meta = {**resource.get("meta", {}), "versionId": str(seen.number), "lastUpdated": instant(seen.at)}
    return {**resource, "meta": meta}


def _targets(value: Any) -> list[Key]:
    """The resources that a reference, or a list of them, points at: `Type/id`."""
    found: list[Key] = []
    for one in value if isinstance(value, list) else [value]:
        text = one.get("reference") if isinstance(one, dict) else None
        if isinstance(text, str) and text.count("/") == 1:
            kind, _, identity = text.partition("/")
            found.append((kind, identity))
    return found
