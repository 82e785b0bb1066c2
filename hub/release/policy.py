"""What the deployment declares: the agencies' exchange policy and the state overlay. Data, with documented defaults."""

from __future__ import annotations

from dataclasses import dataclass, field

from hub.release.overlay import NONE, StateOverlay
from hub.release.purpose import within
from mappings.incident import Role
from mappings.labels.policy import DEFAULT as LABELS
from mappings.labels.policy import LabelPolicy
from mappings.labels.text import SHIPPED, TextLabels


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeRule:
    """One line of an agency's exchange policy: what (resource types; empty is all), to whom, for what purposes."""

    types: frozenset[str] = frozenset()
    roles: frozenset[Role]
    purposes: frozenset[str]


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

    def permits(self, *, kind: str, role: str | None, purpose: str) -> bool:
        """Whether a resource of this type may go to that role for that purpose."""
        return any(
            (not rule.types or kind in rule.types) and role in rule.roles and within(purpose, *rule.purposes)
            for rule in self.rules
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class ReleasePolicy:
    """The deployment's release policy.

    `state`: what the state's law asks for beyond the federal layer. `mentions`: whether a REDACT set also takes out
    elements where a thing is only mentioned ("denies drug use"), as well as what tells something (S16). `labels` and
    `text` are how what remains is labelled again. `version` is part of each decision's digest.

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


DEFAULT = ReleasePolicy()
