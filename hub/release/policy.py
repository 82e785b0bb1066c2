"""What the deployment declares: the agencies' exchange policy and the state overlay. Data, with documented defaults."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from hub.release.overlay import NONE, StateOverlay
from hub.release.purpose import within
from mappings.labels.policy import DEFAULT as LABELS
from mappings.labels.policy import LabelPolicy
from mappings.labels.text import SHIPPED, TextLabels


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeRule:
    """One line of an agency's exchange policy: what, to whom, for what purposes.

    `types`: resource types; empty is all. `classes`: `Type|system|code`; of a type that is named here only what has
    such a code goes. `without`: sensitivities that the line does not give, with all below them. `reference`: the
    agreement it rests on.
    """

    types: frozenset[str] = frozenset()
    classes: frozenset[str] = frozenset()
    without: frozenset[str] = frozenset()
    roles: frozenset[str]
    purposes: frozenset[str]
    reference: str = ""

    def covers(self, resource: Mapping[str, Any]) -> bool:
        """Whether the line is about a resource of this type and class."""
        kind = str(resource.get("resourceType", ""))
        if self.types and kind not in self.types:
            return False
        wanted = {one for one in self.classes if one.startswith(f"{kind}|")}
        return not wanted or bool(wanted & _classes(kind, resource))


def _classes(kind: str, resource: Mapping[str, Any]) -> set[str]:
    found: set[str] = set()
    for key in ("category", "type", "class", "code"):
        held = resource.get(key)
        for concept in held if isinstance(held, list) else [held]:
            if isinstance(concept, dict):
                codings = concept.get("coding", [concept])
                for coding in codings if isinstance(codings, list) else ():
                    if isinstance(coding, dict):
                        found.add(f"{kind}|{coding.get('system', '')}|{coding.get('code', '')}")
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangePolicy:
    """What a law-enforcement agency gives to whom for what. Nothing that no rule names leaves.

    The default: everything that passed the CJIS gate, for treatment, to who treats or works for who treats.
    """

    rules: tuple[ExchangeRule, ...] = (
        ExchangeRule(
            roles=frozenset({"covered-entity", "part2-program", "business-associate", "qso"}),
            purposes=frozenset({"TREAT"}),
        ),
    )

    def lines(self, resource: Mapping[str, Any], *, role: str | None, purpose: str) -> tuple[ExchangeRule, ...]:
        """The lines that give this resource to that role for that purpose, but for what they are `without`."""
        return tuple(
            rule
            for rule in self.rules
            if role in rule.roles and within(purpose, *rule.purposes) and rule.covers(resource)
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleasePolicy:
    """The deployment's release policy.

    `state`: what the state's law asks for beyond the federal layer. `mentions`: whether a REDACT set also takes out
    elements where a thing is only mentioned ("denies drug use"), as well as what tells something (S16). `labels` and
    `text` are how what remains is labelled again. `version` is part of each decision's digest.

    `stopped`: the custody learned that it holds Part 2 records of this person, received in an investigation: it uses
    and discloses none of what it has of them until a person has settled it (42 CFR 2.3(b), S58).

    `minor_alone_from`, `majority`: ages in years, as the state's law has them: from which age a minor may alone apply
    for substance use treatment (42 CFR 2.14(b)), and from which nobody is a minor. None: not declared, and then
    whose signature counts is not asked by age.
    """

    version: str = "2026.1"
    exchange: ExchangePolicy = field(default_factory=ExchangePolicy)
    state: StateOverlay = NONE
    mentions: bool = True
    labels: LabelPolicy = LABELS
    text: TextLabels = SHIPPED
    minor_alone_from: int | None = None
    majority: int | None = None
    stopped: bool = False


DEFAULT = ReleasePolicy()
