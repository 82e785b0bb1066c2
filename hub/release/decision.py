"""What `decide` answers: for each entry, over all of them, and which consents contradict each other."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Json = dict[str, Any]
Verdict = Literal["permit", "redact", "deny", "no-consent", "hold"]


@dataclass(frozen=True, kw_only=True, slots=True)
class EntryDecision:
    """The decision for one entry. `remove`: keys of its resource to take out; `only`: keys that may stay."""

    index: int
    decision: Verdict
    because: tuple[str, ...]
    consents: tuple[str, ...] = ()
    #: The consents that go along with the entry (42 CFR 2.32(b)): the same whether or not anything was refused.
    grounds: tuple[str, ...] = ()
    obligations: tuple[str, ...] = ()
    redact: frozenset[str] = frozenset()
    remove: frozenset[str] = frozenset()
    only: frozenset[str] | None = None

    @property
    def goes(self) -> bool:
        """Whether anything of the entry goes."""
        return self.decision in ("permit", "redact")

    def to_json(self) -> Json:
        """As `handoff decide` writes it."""
        return {
            "index": self.index,
            "decision": self.decision,
            "because": list(self.because),
            "consents": list(self.consents),
            "obligations": list(self.obligations),
        }


@dataclass(frozen=True, kw_only=True, slots=True)
class Conflict:
    """Two consents in force that say permit and deny of the same entries: for a person to look at (S46)."""

    permit: tuple[str, ...]
    deny: tuple[str, ...]
    entries: tuple[int, ...]

    def to_json(self) -> Json:
        """As `handoff decide` writes it."""
        return {"permit": list(self.permit), "deny": list(self.deny), "entries": list(self.entries)}


@dataclass(frozen=True, kw_only=True, slots=True)
class Decision:
    """All entries' decisions. `digest`: the same as long as inputs that matter and results are the same."""

    decision: Literal["permit", "hold", "deny"]
    entries: tuple[EntryDecision, ...]
    conflicts: tuple[Conflict, ...]
    digest: str
    #: Each form by the name that `consents` and `grounds` have for it; several under one id have a name each.
    forms: Mapping[str, Json] = field(default_factory=dict, compare=False, repr=False)

    @property
    def obligations(self) -> tuple[str, ...]:
        """What is asked for with anything that goes, each once."""
        return tuple(dict.fromkeys(o for entry in self.entries if entry.goes for o in entry.obligations))

    def scope(self, kept: Iterable[int]) -> list[Json]:
        """The forms that go along with these entries, by their names: what 42 CFR 2.32(b) asks the scope of."""
        names = {name for index in kept for name in self.entries[index].grounds}
        return [self.forms[name] for name in sorted(names)]

    def to_json(self) -> Json:
        """As `handoff decide` writes it."""
        return {
            "decision": self.decision,
            "entries": [entry.to_json() for entry in self.entries],
            "conflicts": [conflict.to_json() for conflict in self.conflicts],
        }
