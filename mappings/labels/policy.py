"""Which label means which confidentiality and handling. Data: `data/policy.yaml`, and files laid over it.

The default: whatever HL7 lists as a sensitivity is afforded heightened confidentiality (v3-ActCode definitions), as
is what Part 2 protects or may protect; the rest is N. A deployment's or a state's overlay says more or other, by label
and with a reason; it cannot lower what the law or an unknown origin asks for, and what it lowers else it must say.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from types import MappingProxyType
from typing import Final, NoReturn

import yaml

from mappings.errors import PolicyError
from mappings.labels.vocabulary import (
    FAMILY_SENSITIVE,
    LAWS,
    OBLIGATIONS,
    ORDER,
    ORIGIN_UNKNOWN,
    PART2,
    PURPOSES,
    RANK,
    REFRAINS,
    SENSITIVITIES,
)

_LABELS: Final = SENSITIVITIES | LAWS | {ORIGIN_UNKNOWN, FAMILY_SENSITIVE}
#: Below R an overlay cannot put these: what they ask for is law, or keeps until somebody knows the law.
_FLOOR: Final = frozenset([PART2, ORIGIN_UNKNOWN])
_HANDLING: Final = {"refrain": REFRAINS, "obligation": OBLIGATIONS, "purpose": PURPOSES}
#: A policy file larger than this is none (1 MB).
_MOST: Final = 1024 * 1024
_LOADER: Final = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, kw_only=True, slots=True)
class Meaning:
    """What one label means: confidentiality, handling codes, why, where that is said, and by whose `file`."""

    confidentiality: str
    refrain: tuple[str, ...] = ()
    obligation: tuple[str, ...] = ()
    purpose: tuple[str, ...] = ()
    because: str = ""
    cite: str = ""
    file: str = ""

    @property
    def handling(self) -> tuple[str, ...]:
        """Refrain, obligation and purpose codes together."""
        return (*self.refrain, *self.obligation, *self.purpose)


@dataclass(frozen=True, kw_only=True, slots=True)
class LabelPolicy:
    """Meaning by label code; `default` where no label says more. `version` names the policy in labels and reports.

    `handling`: whether handling codes are put on the records.
    """

    version: str
    default: str
    meanings: Mapping[str, Meaning]
    handling: bool = False
    confidentiality: Mapping[str, str] = field(init=False)

    def __post_init__(self) -> None:
        found = {code: meaning.confidentiality for code, meaning in self.meanings.items()}
        object.__setattr__(self, "confidentiality", MappingProxyType(found))

    def of(self, codes: Iterable[str]) -> str:
        """The confidentiality of something with these label codes. Its own confidentiality codes count too."""
        rank = RANK[self.default]
        for code in codes:
            level = code if code in RANK else self.confidentiality.get(code)
            if level is not None and RANK[level] > rank:
                rank = RANK[level]
        return ORDER[rank]

    def handling_of(self, codes: Iterable[str]) -> tuple[str, ...]:
        """The handling codes that these labels ask for, where the policy puts them on records; else none."""
        if not self.handling:
            return ()
        meanings = (self.meanings.get(code) for code in codes)
        return tuple(dict.fromkeys(one for meaning in meanings if meaning is not None for one in meaning.handling))


@cache
def shipped() -> LabelPolicy:
    """The policy that is shipped."""
    data = (files("mappings.labels") / "data" / "policy.yaml").read_bytes()
    return _read("policy.yaml", data, None)


def load_policy(overlays: Iterable[tuple[str, bytes]]) -> LabelPolicy:
    """The shipped policy with these files (name, content) laid over it, in order.

    An overlay has `name`, `reviewed` (`by`, `on`), and any of `default`, `handling`, `labels`. Its name is added to
    the version. Raises PolicyError `label.policy` with `file:line:key` of what is wrong; no value is repeated.
    """
    policy = shipped()
    for name, data in overlays:
        policy = _read(name, data, policy)
    return policy


class _Place:
    """One node of a policy file, with where it stands."""

    def __init__(self, file: str, node: yaml.Node, key: str = "") -> None:
        self.file, self.node, self.key = file, node, key

    def fail(self, expected: str) -> NoReturn:
        place = f"{self.file}:{self.node.start_mark.line + 1}"
        raise PolicyError("label.policy", expected, path=f"{place}:{self.key}" if self.key else place)

    def fields(self, known: Iterable[str] | None = None) -> dict[str, _Place]:
        """The entries of a mapping; its keys are among `known`, where that is given, and each is there once."""
        if not isinstance(self.node, yaml.MappingNode):
            self.fail("expected a mapping")
        allowed = None if known is None else tuple(known)
        found: dict[str, _Place] = {}
        for name, value in self.node.value:
            here = _Place(self.file, name, self.key)
            if not isinstance(name, yaml.ScalarNode):
                here.fail("expected a name")
            if allowed is not None and name.value not in allowed:
                here.fail(f"expected one of {', '.join(allowed)}")
            if name.value in found:
                here.fail("expected each key once")
            found[name.value] = _Place(self.file, value, f"{self.key}.{name.value}".lstrip("."))
        return found

    def text(self) -> str:
        if not isinstance(self.node, yaml.ScalarNode) or not self.node.value.strip():
            self.fail("expected text")
        return str(self.node.value).strip()

    def one_of(self, known: Iterable[str]) -> str:
        found = self.text()
        if found not in (allowed := tuple(known)):
            self.fail(f"expected one of {', '.join(allowed)}")
        return found

    def codes(self, known: frozenset[str], what: str) -> tuple[str, ...]:
        if not isinstance(self.node, yaml.SequenceNode):
            self.fail("expected a list")
        found = [_Place(self.file, node, f"{self.key}[{i}]") for i, node in enumerate(self.node.value)]
        for one in found:
            if one.text() not in known:
                one.fail(f"expected an active {what} code of HL7 Terminology")
        return tuple(one.text() for one in found)


def _read(file: str, data: bytes, under: LabelPolicy | None) -> LabelPolicy:
    root = _Place(file, _composed(file, data))
    known = ("default", "handling", "labels")
    given = root.fields(("version", *known) if under is None else ("name", "reviewed", *known))
    if under is None:
        version, default, handling = given["version"].text(), "N", False
    else:
        for needed in ("name", "reviewed"):
            if needed not in given:
                root.fail(f"expected {needed}: an overlay says what it is and who reviewed it when")
        reviewed = given["reviewed"].fields(("by", "on"))
        if set(reviewed) != {"by", "on"}:
            given["reviewed"].fail("expected by and on")
        version = f"{under.version}+{given['name'].text()}"
        default, handling = under.default, under.handling
    if "default" in given:
        default = given["default"].one_of(ORDER)
    if "handling" in given:
        handling = given["handling"].one_of(("true", "false")) == "true"
    meanings = dict(under.meanings) if under is not None else {}
    for code, place in given["labels"].fields().items() if "labels" in given else ():
        if code not in _LABELS:
            place.fail("expected a sensitivity or law code of v3-ActCode, origin-unknown or family-sensitive")
        meanings[code] = _meaning(code, place, meanings.get(code))
    return LabelPolicy(version=version, default=default, handling=handling, meanings=MappingProxyType(meanings))


def _composed(file: str, data: bytes) -> yaml.Node:
    def stop(line: int, expected: str) -> NoReturn:
        raise PolicyError("label.policy", expected, path=f"{file}:{line}")

    if len(data) > _MOST:
        stop(1, "expected a file of less than 1 MB")
    try:
        node = yaml.compose(data.decode("utf-8-sig"), Loader=_LOADER)
    except UnicodeDecodeError:
        stop(1, "expected a file in UTF-8")
    except yaml.MarkedYAMLError as error:
        stop(
            error.problem_mark.line + 1 if error.problem_mark else 1,
            "expected YAML; the indentation or a quote is wrong",
        )
    except (yaml.YAMLError, RecursionError):
        stop(1, "expected YAML")
    if node is None:
        stop(1, "expected a policy")
    return node


def _meaning(code: str, place: _Place, before: Meaning | None) -> Meaning:
    """What a file says of a label over what was said before; a list replaces the list before it."""
    given = place.fields(("confidentiality", *_HANDLING, "because", "cite", "lowers"))
    if "because" not in given or "cite" not in given:
        place.fail("expected because and cite: a label's meaning has its reason and where that is said")
    level = before.confidentiality if before is not None else None
    if "confidentiality" in given:
        asked = given["confidentiality"].one_of(ORDER)
        if code in _FLOOR and RANK[asked] < RANK["R"]:
            given["confidentiality"].fail("expected R or V: this label cannot mean less (42 CFR 2.12(d)(2))")
        lowers = "lowers" in given and given["lowers"].one_of(("true", "false")) == "true"
        if level is not None and RANK[asked] < RANK[level] and not lowers:
            given["confidentiality"].fail("expected no lower level than before, or lowers: true")
        level = asked
    if level is None:
        place.fail("expected confidentiality")
    handling = {
        kind: given[kind].codes(known, kind) if kind in given else (getattr(before, kind) if before else ())
        for kind, known in _HANDLING.items()
    }
    because, cite = given["because"].text(), given["cite"].text()
    return Meaning(confidentiality=level, because=because, cite=cite, file=place.file, **handling)


DEFAULT: Final = shipped()
