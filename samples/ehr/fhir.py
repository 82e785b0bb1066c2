"""The EHR's FHIR R4 server: resources, transaction, search, and what a referral looks like in them.

Checks only what it needs; it is no validator. References in search are not chased, history is not kept.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs

from store import Store, pretty

Resource = dict[str, Any]

TYPE = re.compile(r"[A-Z][A-Za-z]{1,63}")
ID = re.compile(r"[A-Za-z0-9\-.]{1,64}")
TASK_SYSTEM = "https://warmhandoff.org/fhir/sid/task"
CANCELLED = {"cancelled", "entered-in-error", "revoked"}


class Refused(Exception):
    """The request cannot be done; becomes an OperationOutcome. The text is fixed, never payload."""

    def __init__(self, status: int, code: str, text: str, expression: str = "") -> None:
        super().__init__(text)
        self.status = status
        self.outcome: Resource = {
            "resourceType": "OperationOutcome",
            "issue": [{"severity": "error", "code": code, "diagnostics": text}],
        }
        if expression:
            self.outcome["issue"][0]["expression"] = [expression]


def load(body: bytes) -> Resource:
    """A resource from bytes. Raises Refused when it is not a JSON object with a resourceType."""
    try:
        value = json.loads(body.decode("utf-8"), parse_constant=_no_constant)
        if rb"\u" in body:
            json.dumps(value, ensure_ascii=False).encode()  # half a surrogate pair cannot be stored
    except (ValueError, RecursionError):
        raise Refused(400, "structure", "the body is not UTF-8 JSON") from None
    if not isinstance(value, dict) or not TYPE.fullmatch(str(value.get("resourceType"))):
        raise Refused(400, "structure", "the body is not a FHIR resource")
    return value


def _no_constant(_: str) -> None:
    raise ValueError("NaN and Infinity are not JSON")


def tokens(resource: Resource) -> list[str]:
    """The resource's identifiers as `system|value`."""
    identifiers = resource.get("identifier") or []
    if isinstance(identifiers, dict):
        identifiers = [identifiers]
    return [f"{i.get('system', '')}|{i['value']}" for i in identifiers if isinstance(i, dict) and "value" in i]


def _has_token(resource: Resource, token: str) -> bool:
    if "|" in token:
        return token in tokens(resource)
    return any(found.partition("|")[2] == token for found in tokens(resource))


class Repository:
    """The current version of every resource, in memory and under resources/<Type>/<id>.json."""

    def __init__(self, store: Store) -> None:
        self.store = store
        self.resources: dict[tuple[str, str], Resource] = {}
        self._by_token: dict[tuple[str, str], set[str]] = {}
        for path, resource in store.each("resources/*/*.json"):
            self._keep(path.parent.name, path.stem, resource)
            store.seen(resource["meta"]["lastUpdated"])

    def read(self, kind: str, ident: str) -> Resource:
        """Raises Refused 404."""
        found = self.resources.get((kind, ident))
        if found is None:
            raise Refused(404, "not-found", "no such resource")
        return found

    def find(self, kind: str, token: str) -> set[str]:
        """Ids of the resources of a type that bear an identifier (`system|value` or a bare value)."""
        if "|" in token:
            return set(self._by_token.get((kind, token), ()))
        return {i for (k, i), resource in self.resources.items() if k == kind and _has_token(resource, token)}

    def stage(self) -> Stage:
        """Begin a group of changes that happens whole or not at all."""
        return Stage(self)

    def keep(self, stage: Stage) -> None:
        """Make a committed stage the current state."""
        for (kind, ident), resource in stage.changed.items():
            self._keep(kind, ident, resource)

    def _keep(self, kind: str, ident: str, resource: Resource) -> None:
        for token in tokens(self.resources.get((kind, ident), {})):
            self._by_token.get((kind, token), set()).discard(ident)
        self.resources[kind, ident] = resource
        for token in tokens(resource):
            self._by_token.setdefault((kind, token), set()).add(ident)


class Stage:
    """Changes not yet committed, seen together with what is stored."""

    def __init__(self, repository: Repository) -> None:
        self._repository = repository
        self.changed: dict[tuple[str, str], Resource] = {}
        self.at = repository.store.now()

    def get(self, kind: str, ident: str) -> Resource | None:
        """The resource as it will be."""
        return self.changed.get((kind, ident)) or self._repository.resources.get((kind, ident))

    def find(self, kind: str, token: str) -> set[str]:
        """As `Repository.find`, with the changes."""
        found = {i for i in self._repository.find(kind, token) if (kind, i) not in self.changed}
        return found | {i for (k, i), r in self.changed.items() if k == kind and _has_token(r, token)}

    def put(self, resource: Resource) -> tuple[str, Resource]:
        """Store under its own type and id: `created`, `updated`, or `same` when nothing but meta differs."""
        kind, ident = resource["resourceType"], resource["id"]
        current = self.get(kind, ident)
        if current is not None and _content(current) == _content(resource):
            return "same", current
        version = int(current["meta"]["versionId"]) + 1 if current else 1
        meta = {
            **(resource.get("meta") or {}),
            "versionId": str(version),
            "lastUpdated": self.at.isoformat(timespec="milliseconds").replace("+00:00", "Z"),
        }
        stored = {**resource, "meta": meta}
        self.changed[kind, ident] = stored
        return ("updated" if current else "created"), stored

    def files(self) -> dict[str, bytes | None]:
        """What to commit."""
        return {f"resources/{k}/{i}.json": pretty(resource) for (k, i), resource in self.changed.items()}


def _content(resource: Resource) -> Resource:
    content = {k: v for k, v in resource.items() if k not in ("resourceType", "id", "meta")}
    # labels are content: a changed meta.security is a change
    meta = {k: v for k, v in (resource.get("meta") or {}).items() if k not in ("versionId", "lastUpdated")}
    return {**content, "meta": meta} if meta else content


#: lets the owner of a resource's state have a word before a sender's update replaces it
Merge = Callable[[Resource, Resource], Resource]


def transaction(stage: Stage, bundle: Resource, merge: Merge) -> tuple[Resource, bool]:
    """Do every entry on the stage; return the transaction-response and whether anything changed.

    POST (with ifNoneExist on identifier) and PUT (by id, or by `?identifier=`) only (R4 http.html#trules).
    Raises Refused; the caller then throws the stage away.
    """
    entries = bundle.get("entry")
    if bundle.get("type") != "transaction" or not isinstance(entries, list) or not entries:
        raise Refused(422, "structure", "only a Bundle of type transaction with entries", "Bundle.type")
    assigned: dict[str, str] = {}
    plans: list[tuple[str, str, str, str]] = []  # (method, type, id, found or none)
    taken: dict[tuple[str, str], str] = {}  # identifiers that an earlier entry of this bundle creates
    for n, entry in enumerate(entries):
        where = f"Bundle.entry[{n}]"
        request = entry.get("request") if isinstance(entry, dict) else None
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(request, dict) or not isinstance(resource, dict):
            raise Refused(400, "required", "an entry needs request and resource", where)
        method, url = request.get("method"), str(request.get("url", ""))
        path, _, query = url.partition("?")
        kind, _, ident = path.partition("/")
        if kind != resource.get("resourceType") or not TYPE.fullmatch(kind):
            raise Refused(400, "invalid", "request.url does not fit the resource", f"{where}.request.url")
        condition = str(request.get("ifNoneExist", "")) if method == "POST" else query
        found: str | None = None
        if method not in ("POST", "PUT") or (method == "POST" and (ident or query)):
            raise Refused(422, "not-supported", "only POST and PUT are taken", f"{where}.request")
        if condition:
            token = _identifier(condition, f"{where}.request")
            matches = stage.find(kind, token) | ({taken[kind, token]} if (kind, token) in taken else set())
            if len(matches) > 1:
                raise Refused(412, "multiple-matches", "the condition matches more than one", f"{where}.request")
            found = matches.pop() if matches else None
            ident = found or ident or str(uuid.uuid4())
        elif method == "POST":
            ident = str(uuid.uuid4())
        elif not ID.fullmatch(ident) or resource.get("id", ident) != ident:
            raise Refused(400, "invalid", "request.url and id differ", f"{where}.request.url")
        if found is None:
            taken.update({(kind, token): ident for token in tokens(resource)})
        if isinstance(full := entry.get("fullUrl"), str):
            assigned[full] = f"{kind}/{ident}"
        plans.append((method, kind, ident, "found" if found else "none"))
    answers: list[Resource] = []
    for (method, kind, ident, found_before), entry, n in zip(plans, entries, range(len(plans)), strict=True):
        if method == "POST" and found_before == "found":
            # a conditional create leaves what is there as it is; an earlier entry may still have to make it
            current = stage.get(kind, ident)
            if current is not None:
                answers.append(_answer_entry("same", current))
                continue
        resource = _resolved({**entry["resource"], "id": ident}, assigned, stage, f"Bundle.entry[{n}].resource")
        current = stage.get(kind, ident)
        if current is not None:
            resource = merge(current, resource)
        answers.append(_answer_entry(*stage.put(resource)))
    answer = {"resourceType": "Bundle", "id": str(uuid.uuid4()), "type": "transaction-response", "entry": answers}
    return answer, bool(stage.changed)


def _identifier(condition: str, where: str) -> str:
    parameters = parse_qs(condition.removeprefix("?"), keep_blank_values=True)
    values = parameters.get("identifier", [])
    if set(parameters) != {"identifier"} or len(values) != 1 or not values[0].strip("|"):
        raise Refused(412, "not-supported", "a condition is identifier=system|value only", where)
    return values[0]


def _answer_entry(outcome: str, stored: Resource) -> Resource:
    meta = stored["meta"]
    return {
        "response": {
            "status": "201 Created" if outcome == "created" else "200 OK",
            "location": f"{stored['resourceType']}/{stored['id']}/_history/{meta['versionId']}",
            "etag": f'W/"{meta["versionId"]}"',
            "lastModified": meta["lastUpdated"],
        }
    }


def _resolved(value: Any, assigned: dict[str, str], stage: Stage, where: str) -> Any:
    if isinstance(value, list):
        return [_resolved(item, assigned, stage, where) for item in value]
    if not isinstance(value, dict):
        return value
    out = {}
    for key, item in value.items():
        if key == "reference" and isinstance(item, str):
            out[key] = _resolve_reference(item, assigned, stage, where)
        else:
            out[key] = _resolved(item, assigned, stage, where)
    return out


def _resolve_reference(reference: str, assigned: dict[str, str], stage: Stage, where: str) -> str:
    if reference in assigned:
        return assigned[reference]
    if reference.startswith(("urn:uuid:", "urn:oid:")):
        raise Refused(400, "not-found", "a reference points to nothing in the Bundle", where)
    if "?" in reference and not reference.startswith("#"):
        kind, _, query = reference.partition("?")
        matches = stage.find(kind, _identifier(query, where))
        if len(matches) != 1:
            raise Refused(412, "multiple-matches", "a conditional reference does not match exactly one", where)
        return f"{kind}/{matches.pop()}"
    return reference


PREFIXES = ("eq", "gt", "ge", "lt", "le")


def search(repository: Repository, kind: str, query: dict[str, list[str]], base: str) -> Resource:
    """A searchset, oldest change first: _id, identifier, _lastUpdated, status, with _count and _offset.

    Raises Refused 400 for any other parameter: an ignored filter would be a wrong answer.
    """
    allowed = {"_id", "identifier", "_lastUpdated", "status", "_count", "_offset", "_sort", "_format"}
    if set(query) - allowed or query.get("_sort", ["_lastUpdated"]) != ["_lastUpdated"]:
        raise Refused(400, "not-supported", "a search parameter that is not supported")
    found = [resource for (k, _), resource in repository.resources.items() if k == kind]
    for value in query.get("_id", []):
        found = [r for r in found if r["id"] in value.split(",")]
    for value in query.get("status", []):
        found = [r for r in found if r.get("status") in value.split(",")]
    for value in query.get("identifier", []):
        found = [r for r in found if any(_has_token(r, token) for token in value.split(","))]
    for value in query.get("_lastUpdated", []):
        found = _updated(found, value)
    found.sort(key=lambda r: r["meta"]["lastUpdated"])
    try:
        count, offset = int(query.get("_count", ["100"])[0]), int(query.get("_offset", ["0"])[0])
    except ValueError:
        raise Refused(400, "value", "_count and _offset are numbers") from None
    count, offset = max(0, min(count, 1000)), max(0, offset)
    page = found[offset : offset + count]
    entry = [{"fullUrl": f"{base}/{kind}/{r['id']}", "resource": r, "search": {"mode": "match"}} for r in page]
    answer: Resource = {"resourceType": "Bundle", "type": "searchset", "total": len(found)}
    if offset + count < len(found) and count:
        kept = [f"{name}={v}" for name, vs in query.items() if name not in ("_count", "_offset") for v in vs]
        link = "&".join([*kept, f"_count={count}", f"_offset={offset + count}"]).replace("+", "%2B")
        answer["link"] = [{"relation": "next", "url": f"{base}/{kind}?{link}"}]
    if entry:
        answer["entry"] = entry
    return answer


def _updated(resources: list[Resource], value: str) -> list[Resource]:
    prefix, text = (value[:2], value[2:]) if value[:2] in PREFIXES else ("eq", value)
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise Refused(400, "value", "_lastUpdated is not a time") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    tests: dict[str, Callable[[datetime], bool]] = {
        "eq": lambda at: at == moment,
        "gt": lambda at: at > moment,
        "ge": lambda at: at >= moment,
        "lt": lambda at: at < moment,
        "le": lambda at: at <= moment,
    }
    return [r for r in resources if tests[prefix](datetime.fromisoformat(r["meta"]["lastUpdated"]))]


#: follows a Reference of the resource at hand; None when it leads nowhere here
Follow = Callable[[Any], Resource | None]


def referrals(resources: Iterable[Resource], follow: Follow) -> list[dict[str, Any]]:
    """One set of facts for each Task, and for each ServiceRequest that no Task is based on.

    A Task that is part of another is not a referral of its own.
    """
    everything = list(resources)
    out, served = [], []
    for task in everything:
        if task.get("resourceType") != "Task" or task.get("partOf"):
            continue
        candidates = [*(task.get("basedOn") or []), task.get("focus")]
        order = next((r for r in map(follow, candidates) if r and r.get("resourceType") == "ServiceRequest"), None)
        served.append(order)
        out.append(_facts(task, order, follow))
    for order in everything:
        if order.get("resourceType") == "ServiceRequest" and not any(order is seen for seen in served):
            out.append(_facts(None, order, follow))
    return out


def _facts(task: Resource | None, order: Resource | None, follow: Follow) -> dict[str, Any]:
    about, request = order or {}, task or {}
    patient = follow(about.get("subject")) or follow(request.get("for"))
    keys = [f"task:{token}" for token in tokens(request)] + [f"order:{token}" for token in tokens(about)]
    return {
        "patient": _name(patient),
        "service": _text(about.get("code")) or _text(request.get("code")),
        "urgency": str(about.get("priority") or request.get("priority") or ""),
        "reason": ", ".join(filter(None, map(_text, about.get("reasonCode") or []))),
        "cancelled": request.get("status") in CANCELLED or about.get("status") in CANCELLED,
        "keys": keys,
        "hub_ref": {
            "task": {"id": request.get("id"), "identifier": request.get("identifier") or []},
            "service_request": {"id": about.get("id"), "identifier": about.get("identifier") or []},
            "patient": {"identifier": (patient or {}).get("identifier") or []},
        },
    }


def _name(patient: Resource | None) -> str:
    for name in (patient or {}).get("name") or []:
        text = name.get("text") or " ".join([*name.get("given", []), name.get("family", "")]).strip()
        if text:
            return str(text)
    return "Unknown person"


def _text(concept: Any) -> str:
    if not isinstance(concept, dict):
        return ""
    codings = [c.get("display") or c.get("code") or "" for c in concept.get("coding") or []]
    return str(concept.get("text") or next(filter(None, codings), ""))


def capability(name: str, at: datetime) -> Resource:
    """What this server can do (CapabilityStatement)."""
    task = {"type": "Task", "interaction": [{"code": c} for c in ("read", "update", "search-type")]}
    task["conditionalCreate"] = True  # type: ignore[assignment]
    parameters = (("_lastUpdated", "date"), ("identifier", "token"), ("status", "token"))
    task["searchParam"] = [{"name": n, "type": t} for n, t in parameters]
    return {
        "resourceType": "CapabilityStatement",
        "status": "active",
        "date": at.isoformat(timespec="milliseconds"),
        "kind": "instance",
        "implementation": {"description": f"Sample EHR of {name}"},
        "fhirVersion": "4.0.1",
        "format": ["json"],
        "rest": [
            {
                "mode": "server",
                "resource": [task],
                "interaction": [{"code": "transaction"}],
                "operation": [
                    {
                        "name": "process-message",
                        "definition": "http://hl7.org/fhir/OperationDefinition/MessageHeader-process-message",
                    }
                ],
            }
        ],
    }
