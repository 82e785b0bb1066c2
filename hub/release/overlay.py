"""The state overlay: rules of a state's law that ask for more than the federal layer does. Data, written by counsel.

A rule only ever adds: it asks for a consent, leaves the release to a person, or refuses (45 CFR 160.203(b), 42 CFR
2.20). None lets anything go that the layer under it does not. Each cites its law, and the citation is the reason that
a decision gives. Reads a parsed document; which file it comes from is the caller's business.
"""

from __future__ import annotations

import hashlib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Literal, get_args

from hub.release.purpose import canonical, within
from hub.release.roles import DUTIES, RECIPIENT_ROLES
from mappings.errors import PolicyError
from mappings.incident import Role
from mappings.labels.vocabulary import SENSITIVITIES, expand

Then = Literal["ask-consent", "hold", "deny"]

#: The canonical URL of the schema.
SCHEMA_ID: Final = "https://warmhandoff.org/schemas/state-policy.schema.json"


@dataclass(frozen=True, kw_only=True, slots=True)
class StateRule:
    """One rule. An empty set narrows nothing: anybody's records, any recipient, any purpose, whatever it holds.

    `sensitivities`: what it is about, with everything below in the policy table; elements that tell of it can go
    without the rest of an entry. `custodians`: whose records. `unless_duties`: a recipient with one of these duties
    is not meant. `names_it`: only a consent that names the sensitivity is one (a general one is not). `exceptions`:
    it stands over the federal exceptions and the patient's own access, too.
    """

    id: str
    citation: str
    then: Then
    sensitivities: frozenset[str] = frozenset()
    custodians: frozenset[str] = frozenset()
    recipients: frozenset[str] = frozenset()
    unless_duties: frozenset[str] = frozenset()
    purposes: frozenset[str] = frozenset()
    names_it: bool = False
    exceptions: bool = False

    @property
    def because(self) -> str:
        """What a decision says that rests on it."""
        verb = {"ask-consent": "asks for consent", "hold": "leaves it to a person", "deny": "refuses"}[self.then]
        return f"state policy {verb} ({self.citation})"


@dataclass(frozen=True, kw_only=True, slots=True)
class Met:
    """A rule that an entry meets. `labels`: the codes that made it; empty where the rule is about the whole entry."""

    rule: StateRule
    labels: frozenset[str]


@dataclass(frozen=True, kw_only=True, slots=True)
class StateOverlay:
    """A state's rules, who reviewed them and when. `version` is part of each decision's digest."""

    name: str
    reviewer: str = ""
    reviewed: date | None = None
    jurisdiction: str = ""
    version: str = ""
    rules: tuple[StateRule, ...] = ()

    def met(
        self,
        labels: frozenset[str],
        *,
        custodian: str | None,
        role: str | None,
        duties: frozenset[str],
        purpose: str,
        exception: bool,
    ) -> tuple[Met, ...]:
        """The rules that an entry with these label codes meets on its way to who has that role and those duties.

        A record whose custodian is not known may be anybody's, and meets the rules of each. `exception`: the layer
        lets it go by a named exception, or to the patient.
        """
        found: list[Met] = []
        for rule in self.rules:
            if (
                (exception and not rule.exceptions)
                or (rule.custodians and custodian is not None and custodian not in rule.custodians)
                or (rule.recipients and role not in rule.recipients)
                or rule.unless_duties & duties
                or (rule.purposes and not within(purpose, *rule.purposes))
            ):
                continue
            if not rule.sensitivities:
                found.append(Met(rule=rule, labels=frozenset()))
            elif hit := expand(rule.sensitivities) & labels:
                found.append(Met(rule=rule, labels=hit))
        return tuple(found)


def strictest(met: Sequence[Met]) -> Met:
    """Of rules that are met, the one that asks for most; the first of several."""
    order = get_args(Then)
    return max(met, key=lambda one: order.index(one.rule.then))


#: No state rule is applied. A hub says so with a reviewer and a date.
NONE: Final = StateOverlay(name="none")

#: Each set of a rule: what may stand in it.
_SETS: Final[Mapping[str, Collection[str]]] = {
    "sensitivities": SENSITIVITIES,
    "custodians": get_args(Role),
    "recipients": RECIPIENT_ROLES,
    "unless_duties": DUTIES,
}
_FLAGS: Final = ("names_it", "exceptions")
_RULE_KEYS: Final = ("id", "citation", "then", *_SETS, "purposes", *_FLAGS)
_KEYS: Final = ("name", "reviewer", "reviewed", "jurisdiction", "rule")


def read_overlay(data: bytes, *, file: str) -> StateOverlay:
    """The overlay of a TOML file. Raises PolicyError `release.state-policy` with `file:key`, no value."""
    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise _bad(file, "", "is not TOML") from None
    _only(document, _KEYS, file, "")
    reviewed = document.get("reviewed")
    if not isinstance(reviewed, date):
        raise _bad(file, "reviewed", "expected a date")
    rules = document.get("rule")
    if not isinstance(rules, list) or not rules:
        raise _bad(file, "rule", "expected one rule or more: without any the policy is none")
    made = tuple(_rule(one, file, f"rule[{index}]") for index, one in enumerate(rules))
    names = [one.id for one in made]
    if len(set(names)) != len(names):
        raise _bad(file, "rule", "expected each id once")
    name = _text(document, "name", file, "")
    if name == "none":
        raise _bad(file, "name", "none is the name of having no rules")
    return StateOverlay(
        name=name,
        reviewer=_text(document, "reviewer", file, ""),
        reviewed=reviewed,
        jurisdiction=_text(document, "jurisdiction", file, "") if "jurisdiction" in document else "",
        version=f"{name}/{hashlib.sha256(data).hexdigest()[:12]}",
        rules=made,
    )


def _rule(given: Any, file: str, at: str) -> StateRule:
    if not isinstance(given, dict):
        raise _bad(file, at, "expected a table")
    _only(given, _RULE_KEYS, file, at)
    then: Then | None = next((one for one in get_args(Then) if one == given.get("then")), None)
    if then is None:
        raise _bad(file, f"{at}.then", f"expected one of {', '.join(get_args(Then))}")
    sets: dict[str, frozenset[str]] = {}
    for key, known in _SETS.items():
        sets[key] = frozenset(_texts(given, key, file, at))
        if sets[key] - frozenset(known):
            raise _bad(file, f"{at}.{key}", f"expected any of {', '.join(sorted(known))}")
    purposes = [canonical(one) for one in _texts(given, "purposes", file, at)]
    if None in purposes:
        raise _bad(file, f"{at}.purposes", "expected codes of v3-ActReason or of our purposes of use")
    flags: dict[str, bool] = {}
    for key in _FLAGS:
        flag = given.get(key, False)
        if not isinstance(flag, bool):
            raise _bad(file, f"{at}.{key}", "expected true or false")
        flags[key] = flag
    if flags["names_it"] and not (sets["sensitivities"] and then == "ask-consent"):
        raise _bad(file, f"{at}.names_it", "goes with sensitivities and with ask-consent only")
    if flags["exceptions"] and then == "ask-consent":
        raise _bad(file, f"{at}.exceptions", "goes with hold and deny only: an exception is there where no consent is")
    return StateRule(
        id=_text(given, "id", file, at),
        citation=_text(given, "citation", file, at),
        then=then,
        purposes=frozenset(one for one in purposes if one is not None),
        sensitivities=sets["sensitivities"],
        custodians=sets["custodians"],
        recipients=sets["recipients"],
        unless_duties=sets["unless_duties"],
        names_it=flags["names_it"],
        exceptions=flags["exceptions"],
    )


def _only(given: Mapping[str, Any], known: Collection[str], file: str, at: str) -> None:
    for key in given:
        if key not in known:
            # The key may be a value that was put in the wrong place: it is not repeated.
            raise _bad(file, at, f"expected no keys but {', '.join(known)}")


def _text(given: Mapping[str, Any], key: str, file: str, at: str) -> str:
    value = given.get(key)
    if not isinstance(value, str) or not value.strip():
        raise _bad(file, f"{at}.{key}".lstrip("."), "expected text")
    return value.strip()


def _texts(given: Mapping[str, Any], key: str, file: str, at: str) -> list[str]:
    value = given.get(key, [])
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value) or (key in given and not value):
        raise _bad(file, f"{at}.{key}", "expected a list of texts; leave it out where it narrows nothing")
    return value


def _bad(file: str, at: str, text: str) -> PolicyError:
    return PolicyError("release.state-policy", text, path=f"{file}:{at}" if at else file)


def overlay_schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a state policy's file, as its TOML reads."""

    def many(known: Collection[str] | None, says: str) -> dict[str, Any]:
        items: dict[str, Any] = {"type": "string"} if known is None else {"enum": sorted(known)}
        return {"type": "array", "minItems": 1, "uniqueItems": True, "items": items, "description": says}

    def text(says: str) -> dict[str, Any]:
        return {"type": "string", "minLength": 1, "description": says}

    rule = {
        "type": "object",
        "additionalProperties": False,
        "required": ["id", "citation", "then"],
        "properties": {
            "id": text("Names the rule; once in a file."),
            "citation": text("The law it stands for: the reason that decisions give."),
            "then": {
                "enum": list(get_args(Then)),
                "description": "What it asks for: a consent, a person's decision, or that nothing goes.",
            },
            "sensitivities": many(
                SENSITIVITIES, "What it is about (v3-ActCode), with everything below. All: left out."
            ),
            "custodians": many(get_args(Role), "Whose records, by posture. Anybody's: left out."),
            "recipients": many(RECIPIENT_ROLES, "To whom. Anybody: left out."),
            "unless_duties": many(DUTIES, "A recipient with one of these duties is not meant."),
            "purposes": many(None, "For what (v3-ActReason, or ours), with everything below. Anything: left out."),
            "names_it": {
                "type": "boolean",
                "description": "Only a consent that names the sensitivity is one: with sensitivities and ask-consent.",
            },
            "exceptions": {
                "type": "boolean",
                "description": "It stands over federal exceptions and the patient's own access: with hold and deny.",
            },
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": SCHEMA_ID,
        "title": "State policy",
        "description": "Rules of a state's law that ask for more than 42 CFR Part 2 and HIPAA do.",
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "reviewer", "reviewed", "rule"],
        "properties": {
            "name": text("As `state_policy.name` in the settings says it."),
            "reviewer": text("Who answers for these rules."),
            "reviewed": {"type": "string", "format": "date", "description": "When; a date in TOML."},
            "jurisdiction": text("Whose law: ISO 3166-2, say."),
            "rule": {"type": "array", "minItems": 1, "items": rule},
        },
    }
