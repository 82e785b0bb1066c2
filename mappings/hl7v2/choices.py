"""A partner's choices of fields, applied to each segment as it is written: left out, its own codes, always the same."""

from __future__ import annotations

from collections.abc import Mapping

from mappings.hl7v2.build import Raw, Value, field
from mappings.partner import Partner


class Choices:
    """What a profile says of segments. `dropped` gathers the places where something was left out by it."""

    def __init__(self, partner: Partner) -> None:
        self._omit = frozenset(partner.omit)
        self._codes: dict[str, dict[int, Mapping[str, str]]] = {}
        for place, codes in partner.codes.items():
            name, _, number = place.partition("-")
            self._codes.setdefault(name, {})[int(number)] = codes
        self._fixed: dict[str, dict[int, str]] = {}
        for place, text in partner.fixed.items():
            name, _, number = place.partition("-")
            self._fixed.setdefault(name, {})[int(number)] = text
        self.dropped: set[str] = set()

    @property
    def constant_segments(self) -> dict[str, dict[int, Value]]:
        """Z segments that hold nothing but fixed fields, by name."""
        return {
            name: {number: Raw(text) for number, text in fields.items()}
            for name, fields in self._fixed.items()
            if name.startswith("Z")
        }

    def apply(self, name: str, fields: Mapping[int, Value]) -> Mapping[int, Value] | None:
        """The fields as the partner takes them; None when it takes no such segment."""
        if name in self._omit:
            self.dropped.add(name)
            return None
        made = dict(fields)
        for number in list(made):
            place = f"{name}-{number}"
            if place in self._omit:
                if field(made[number]):
                    self.dropped.add(place)
                del made[number]
        for number, codes in self._codes.get(name, {}).items():
            if number in made:
                made[number] = _coded(made[number], codes)
        made.update({number: Raw(text) for number, text in self._fixed.get(name, {}).items()})
        return made


def _coded(value: Value, codes: Mapping[str, str]) -> Value:
    """The partner's code where it has one for ours: the first component, as it would be written."""
    if isinstance(value, list):
        return [made for one in value if isinstance(made := _coded(one, codes), str | tuple)]
    first = value[0] if isinstance(value, tuple) and value else value
    if isinstance(first, str) and first in codes:
        return Raw(codes[first])
    return value
