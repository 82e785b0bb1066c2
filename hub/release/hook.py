"""The same questions over CDS Hooks 2.0: requests of the hook `patient-consent-consult`, answered by one card.

The hook's context, as consent decision services take it: `actor` (identifiers of who would receive), `patientId`,
`purposeOfUse`, `class`, `content` (a Bundle), `consent` (Consents to decide by). The card's summary is CONSENT_PERMIT,
CONSENT_DENY or NO_CONSENT; what must be done with what goes is in its extension's obligations. Without content the
question is about kinds of data: one of each class, and one of each sensitivity.

`category` is not used: a refusal refuses whatever form it stands in. What the hook has no place for, the recipient's
role and duties, the law and evidence, is read from the request's extension `org.warmhandoff`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, NoReturn

from hub.errors import ReleaseError
from hub.release.parameters import entries_of
from mappings.labels.vocabulary import ACT_CODE, SENSITIVITIES

Json = dict[str, Any]

HOOK: Final = "patient-consent-consult"
#: Ours, in requests and cards.
EXTENSION: Final = "org.warmhandoff"
#: Obligations that HL7 has no codes for.
OBLIGATION: Final = "https://warmhandoff.org/fhir/CodeSystem/release-obligation"
_OURS: Final = frozenset({"notice", "consent-scope", "emergency-record", "review"})

_REDACT: Final = re.compile(r"REDACT\{([^}]*)\}")
#: A question about kinds of data asks this type where it names no class.
_ANY_TYPE: Final = "Basic"
_MOST_CLASSES: Final = 20

#: What of the answers of several purposes counts: the one that lets the least go.
_STRICTNESS: Final = ("permit", "redact", "hold", "no-consent", "deny")


def service() -> Json:
    """The service as discovery tells it."""
    return {
        "hook": HOOK,
        "id": HOOK,
        "title": "Consent decision",
        "description": "Whether a recipient may have a patient's data for a purpose, under 42 CFR Part 2, HIPAA, the "
        "declared state policy and the patient's consents, and what must be done with what goes.",
        "prefetch": {"consents": "Consent?patient={{context.patientId}}&status=active"},
        "usageRequirements": "The client's credential says who discloses. A patientId that is no single FHIR id "
        "cannot be prefetched by: then the consents go in context.consent.",
    }


def questions_of(document: Any) -> list[Json]:
    """The questions of a hook request, one for each purpose, as `parameters.question_of` gives them.

    Raises ReleaseError `release.bad-request` with the place, never a value.
    """
    asked = _dict(document, "$")
    if asked.get("hook") != HOOK:
        _bad("hook", f"expected {HOOK}")
    if not isinstance(asked.get("hookInstance"), str) or not asked["hookInstance"]:
        _bad("hookInstance", "required")
    context = _dict(asked.get("context"), "context")
    more = asked.get("extension")
    ours = _dict(more.get(EXTENSION, {}), f"extension.{EXTENSION}") if isinstance(more, dict) else {}
    purposes = context.get("purposeOfUse", [])
    purposes = [purposes] if isinstance(purposes, str) else purposes
    if not isinstance(purposes, list) or not all(isinstance(one, str) and one for one in purposes):
        _bad("context.purposeOfUse", "expected codes")
    entries = list(_content(context))
    request: Json = {
        "recipient": {
            **_identified(_many(context.get("actor"), "context.actor")),
            "role": ours.get("role"),
            "duties": ours.get("duties", []),
        },
        "patient": _patient(context.get("patientId")),
        "entries": [resource for _, resource in entries],
        "evidence": ours.get("evidence", []),
        **{key: ours[key] for key in ("law", "at", "birthDate") if key in ours},
    }
    consents = [*_consents(asked, context)]
    # No purpose is none that anything is permitted for: the engine says so of a purpose it does not know.
    shared: Json = {"consents": consents, "urls": [url for url, _ in entries]}
    return [{**shared, "request": {**request, "purpose": purpose}} for purpose in purposes or ["none"]]


def asks_kinds(document: Json) -> bool:
    """Whether the request has no content, so that it asks about kinds of data."""
    return not isinstance(document["context"].get("content"), dict)


def _content(context: Json) -> Iterator[tuple[str | None, Json]]:
    content = context.get("content")
    if content is not None:
        bundle = _dict(content, "context.content")
        for index, entry in enumerate(_many(bundle.get("entry", []), "context.content.entry")):
            _dict(entry.get("resource"), f"context.content.entry[{index}].resource")
        yield from entries_of({**bundle, "resourceType": "Bundle"})
        return
    classes = _many(context.get("class") or [], "context.class")[:_MOST_CLASSES]
    types = [str(one.get("code", "")).rpartition("/")[2] for one in classes] or [_ANY_TYPE]
    for kind in types:
        yield None, {"resourceType": kind}
    for code in sorted(SENSITIVITIES):
        yield None, {"resourceType": types[0], "meta": {"security": [{"system": ACT_CODE, "code": code}]}}


def _identified(actors: Sequence[Json]) -> Json:
    """One recipient by all that names it: a value without a system that looks like a reference is one."""
    found: Json = {"reference": None, "identifier": []}
    for one in actors:
        value = one.get("value")
        if not isinstance(value, str) or not value:
            _bad("context.actor", "expected identifiers with a value")
        if one.get("system"):
            found["identifier"].append({"system": one["system"], "value": value})
        elif found["reference"] is None:
            found["reference"] = value
    return found


def _patient(given: Any) -> str:
    if isinstance(given, str) and given:
        return given if "/" in given else f"Patient/{given}"
    named = [one for one in _many(given, "context.patientId") if isinstance(one.get("value"), str) and one["value"]]
    if not named:
        _bad("context.patientId", "required")
    system, value = named[0].get("system"), named[0]["value"]
    return f"{system}|{value}" if system else str(value)


def _consents(asked: Json, context: Json) -> Iterator[Json]:
    yield from _many(context.get("consent") or [], "context.consent")
    prefetched = asked.get("prefetch")
    bundle = prefetched.get("consents") if isinstance(prefetched, dict) else None
    if isinstance(bundle, dict):
        for entry in _many(bundle.get("entry") or [], "prefetch.consents.entry"):
            resource = entry.get("resource")
            if isinstance(resource, dict) and resource.get("resourceType") == "Consent":
                yield resource


def answer_of(decided: Sequence[Json], *, kinds: bool) -> Json:
    """The answer to a hook request: one card. `decided`: what `decide_json` gave for each purpose.

    `kinds`: the entries were kinds of data, and which sensitivities do not go is an obligation.
    """
    verdicts = [max(column, key=_STRICTNESS.index) for column in zip(*map(_verdicts, decided), strict=True)]
    goes = [verdict in ("permit", "redact") for verdict in verdicts]
    if any(goes):
        summary, indicator = "CONSENT_PERMIT", "info"
    elif verdicts and all(verdict == "no-consent" for verdict in verdicts):
        summary, indicator = "NO_CONSENT", "warning"
    else:
        summary, indicator = "CONSENT_DENY", "warning" if "hold" in verdicts else "critical"
    obligations = [] if not any(goes) else [_obligation(one) for one in _obligations(decided, goes)]
    if kinds and any(goes):
        obligations += _by_kind(goes)
    extension: Json = {
        "decision": summary,
        "obligations": [one for index, one in enumerate(obligations) if one not in obligations[:index]],
        "basedOn": sorted({name for one in decided for entry in one["entries"] for name in entry["consents"]}),
        f"{EXTENSION}.conflicts": [conflict for one in decided for conflict in one["conflicts"]],
    }
    if not kinds:
        extension[f"{EXTENSION}.entries"] = [
            {"index": index, "decision": verdict} for index, verdict in enumerate(verdicts)
        ]
    because = dict.fromkeys(
        why
        for one in decided
        for entry, verdict, sent in zip(one["entries"], verdicts, goes, strict=True)
        if sent == any(goes) and entry["decision"] == verdict
        for why in entry["because"]
    )
    card = {
        "summary": summary,
        "detail": "; ".join(because),
        "indicator": indicator,
        "source": {"label": "Warm Handoff", "url": "https://warmhandoff.org"},
        "extension": extension,
    }
    return {"cards": [card]}


def _verdicts(one: Json) -> list[str]:
    return [entry["decision"] for entry in one["entries"]]


def _obligations(decided: Sequence[Json], goes: Sequence[bool]) -> list[str]:
    found: dict[str, None] = {}
    for one in decided:
        for entry, sent in zip(one["entries"], goes, strict=True):
            if sent:
                found.update(dict.fromkeys(entry["obligations"]))
    return list(found)


def _obligation(name: str) -> Json:
    if found := _REDACT.fullmatch(name):
        return _redact(codes=found[1].split(","))
    return {"id": {"system": OBLIGATION if name in _OURS else ACT_CODE, "code": name}}


def _by_kind(goes: Sequence[bool]) -> list[Json]:
    """Which sensitivities are taken out; where only some sensitivities go and nothing plain does: which are not."""
    sensitive = dict(zip(sorted(SENSITIVITIES), goes[-len(SENSITIVITIES) :], strict=True))
    plain = goes[: -len(SENSITIVITIES)]
    if any(plain):
        kept = [code for code, sent in sensitive.items() if not sent]
        return [_redact(codes=kept)] if kept else []
    return [_redact(exceptAnyOfCodes=[code for code, sent in sensitive.items() if sent])]


def _redact(**codes: Sequence[str]) -> Json:
    parameters = {key: [{"system": ACT_CODE, "code": code} for code in value] for key, value in codes.items()}
    return {"id": {"system": ACT_CODE, "code": "REDACT"}, "parameters": parameters}


def _dict(value: Any, path: str) -> Json:
    if not isinstance(value, Mapping):
        _bad(path, "expected an object")
    return dict(value)


def _many(value: Any, path: str) -> list[Json]:
    if not isinstance(value, list) or not all(isinstance(one, dict) for one in value):
        _bad(path, "expected a list of objects")
    return value


def _bad(path: str, text: str) -> NoReturn:
    raise ReleaseError("release.bad-request", text, path=path, code="invalid")
