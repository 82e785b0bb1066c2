"""Which label means which confidentiality. Data, so that a deployment's or a state's overlay can replace it.

The default: whatever HL7 lists as a sensitivity is afforded heightened confidentiality (v3-ActCode definitions), as
is what Part 2 protects or may protect; the rest is N. An overlay only ever says more than one code, by code.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

from mappings.labels.vocabulary import FAMILY_SENSITIVE, ORDER, ORIGIN_UNKNOWN, PART2, RANK, SENSITIVITIES


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelPolicy:
    """Confidentiality by label code; `default` where no label says more. `version` names the policy in reports."""

    version: str = "2026.1"
    default: str = "N"
    confidentiality: Mapping[str, str] = field(
        default_factory=lambda: MappingProxyType(
            dict.fromkeys(SENSITIVITIES | {PART2, ORIGIN_UNKNOWN, FAMILY_SENSITIVE}, "R")
        )
    )

    def of(self, codes: Iterable[str]) -> str:
        """The confidentiality of something with these label codes. Its own confidentiality codes count too."""
        rank = RANK[self.default]
        for code in codes:
            level = code if code in RANK else self.confidentiality.get(code)
            if level is not None and RANK[level] > rank:
                rank = RANK[level]
        return ORDER[rank]


DEFAULT = LabelPolicy()
