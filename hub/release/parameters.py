"""The questions and answers of `decide` as FHIR: the Parameters of OperationDefinition/decide, in and out.

Reads what the question says and no more: who discloses is the caller's affair, and is not a parameter. Raises
ReleaseError `release.bad-request` with the place, never a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, NoReturn

from hub.errors import ReleaseError

Json = dict[str, Any]

#: Parameter: the key of its value, whether it is there once, whether it must be.
_ONE: Final = {
    "patient": ("valueReference", False),
    "recipient": ("valueReference", True),
    "recipientRole": ("valueCode", False),
    "purpose": ("valueCoding", True),
    "at": ("valueDateTime", False),
    "birthDate": ("valueDate", False),
    "law": ("valueCode", False),
}
_MANY: Final = {"recipientDuty": "valueCode", "consent": "resource", "actor": "resource", "resource": "resource"}
_EVIDENCE: Final = {
    "type": "valueCode",
    "reference": "valueReference",
    "at": "valueDateTime",
    "by": "valueReference",
}


def question_of(document: Any) -> Json:
    """The question that these Parameters ask, as `handoff decide` reads it but for its discloser.

    `{"consents", "request", "urls"}`: `request.entries` has the entries of the Bundles among the resources, and the
    other resources, in order; `urls`, parallel, the full URL that each had there, or None.
    """
    if not isinstance(document, dict) or document.get("resourceType") != "Parameters":
        _bad("Parameters", "expected a Parameters")
    one: dict[str, Any] = {}
    many: dict[str, list[Any]] = {name: [] for name in _MANY}
    evidence: list[Json] = []
    for path, given in _parameters(document):
        name = given.get("name")
        if not isinstance(name, str):
            _bad(path, "no parameter of this operation")
        if name in _ONE:
            if name in one:
                _bad(path, "expected once")
            one[name] = _value(given, _ONE[name][0], path)
        elif name in _MANY:
            many[name].append(_value(given, _MANY[name], path))
        elif name == "evidence":
            evidence.append(_shown(given, path))
        else:
            _bad(path, "no parameter of this operation")
    for name, (_, needed) in _ONE.items():
        if needed and name not in one:
            _bad("Parameters.parameter", f"{name} is required")
    entries = [entry for held in many["resource"] for entry in entries_of(held)]
    request: Json = {
        "recipient": {**_party(one["recipient"]), "role": one.get("recipientRole"), "duties": many["recipientDuty"]},
        "purpose": _coded(one["purpose"]),
        "patient": one["patient"].get("reference") if "patient" in one else None,
        "entries": [resource for _, resource in entries],
        "actors": {f"{held['resourceType']}/{held['id']}": held for held in many["actor"] if "id" in held},
        "evidence": evidence,
        **{key: one[key] for key in ("at", "birthDate", "law") if key in one},
    }
    return {"consents": many["consent"], "request": request, "urls": [url for url, _ in entries]}


def _parameters(document: Json) -> Iterator[tuple[str, Json]]:
    given = document.get("parameter")
    if not isinstance(given, list):
        _bad("Parameters.parameter", "expected parameters")
    for index, one in enumerate(given):
        path = f"Parameters.parameter[{index}]"
        if not isinstance(one, dict):
            _bad(path, "expected a parameter")
        yield path, one


def _value(given: Json, key: str, path: str) -> Any:
    value = given.get(key)
    wanted = dict if key in ("resource", "valueReference", "valueCoding") else str
    if not isinstance(value, wanted) or not value or (key == "resource" and "resourceType" not in value):
        _bad(f"{path}.{key}", f"expected a {key.removeprefix('value')}")
    return value


def _shown(given: Json, path: str) -> Json:
    found: Json = {}
    parts = given.get("part")
    for index, part in enumerate(parts if isinstance(parts, list) else ()):
        at = f"{path}.part[{index}]"
        if not isinstance(part, dict) or not isinstance(part.get("name"), str) or part["name"] not in _EVIDENCE:
            _bad(at, "no part of evidence")
        value = _value(part, _EVIDENCE[part["name"]], at)
        found[part["name"]] = value.get("reference") if isinstance(value, dict) else value
    if "type" not in found:
        _bad(path, "evidence has a type")
    return found


def _party(reference: Json) -> Json:
    return {key: reference[key] for key in ("reference", "identifier") if key in reference}


def _coded(coding: Json) -> str:
    system, code = coding.get("system"), coding.get("code")
    return f"{system}|{code}" if system else str(code or "")


def entries_of(held: Json) -> Iterator[tuple[str | None, Json]]:
    """The entries of a Bundle with their full URLs, or the one resource that it is."""
    if held.get("resourceType") != "Bundle":
        yield None, held
        return
    entries = held.get("entry")
    for entry in entries if isinstance(entries, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if isinstance(resource, dict):
            url = entry.get("fullUrl")
            yield url if isinstance(url, str) else None, resource


def _bad(path: str, text: str) -> NoReturn:
    raise ReleaseError("release.bad-request", text, path=path, code="invalid")


def answer_of(decided: Json) -> Json:
    """The Parameters of an answer that `decide_json` gave."""
    return {
        "resourceType": "Parameters",
        "parameter": [
            {"name": "decision", "valueCode": decided["decision"]},
            *({"name": "entry", "part": list(_entry(entry))} for entry in decided["entries"]),
            *({"name": "conflict", "part": list(_conflict(conflict))} for conflict in decided["conflicts"]),
        ],
    }


def _entry(entry: Json) -> Iterator[Json]:
    yield {"name": "index", "valueInteger": entry["index"]}
    yield {"name": "decision", "valueCode": entry["decision"]}
    for name in ("because", "consents", "obligations"):
        for value in entry[name]:
            yield {"name": name.removesuffix("s"), "valueString": value}


def _conflict(conflict: Json) -> Iterator[Json]:
    for name in ("permit", "deny"):
        for value in conflict[name]:
            yield {"name": name, "valueString": value}
    for index in conflict["entries"]:
        yield {"name": "index", "valueInteger": index}
