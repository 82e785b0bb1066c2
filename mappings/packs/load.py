"""pack.yaml as values that know their place, so that every error names file, line, key and what was expected.

Every scalar is text: YAML 1.1 would make `000000` the number 0, `NO` false and `12:30` a count of minutes, and each
of those is a code somewhere. Anchors, tags and duplicate keys are refused. Nothing is executed (yaml.safe_load's
own loader composes the nodes).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import NoReturn, TypeAlias

import yaml

from mappings.errors import PackError

#: Where a pack's files are: a folder, or package data.
Folder: TypeAlias = Path | Traversable

#: A pack's text file larger than this is not one (16 MB).
MOST = 16 * 1024 * 1024

_PLAIN_TAG = "tag:yaml.org,2002:"


def fail(rule: str, expected: str, *, file: str, line: int, key: str = "") -> NoReturn:
    """Raise PackError with the place `file:line:key` and what was expected."""
    raise PackError(rule, expected, path=f"{file}:{line}:{key}" if key else f"{file}:{line}")


@dataclass(frozen=True, slots=True)
class Spec:
    """One value of pack.yaml: text, a mapping or a list, with its file, line and dotted key."""

    value: str | dict[str, Spec] | list[Spec]
    file: str
    line: int
    key: str

    def fail(self, expected: str, rule: str = "pack.value") -> NoReturn:
        """Raise PackError at this place."""
        fail(rule, expected, file=self.file, line=self.line, key=self.key)

    @property
    def is_text(self) -> bool:
        """Whether this is a scalar."""
        return isinstance(self.value, str)

    @property
    def is_list(self) -> bool:
        """Whether this is a list."""
        return isinstance(self.value, list)

    @property
    def is_mapping(self) -> bool:
        """Whether this is a mapping."""
        return isinstance(self.value, dict)

    def text(self) -> str:
        """The scalar, not empty. PackError `pack.value` otherwise."""
        if not isinstance(self.value, str) or not self.value:
            self.fail("expected a text")
        return self.value

    def scalar(self) -> str:
        """The scalar, perhaps empty. PackError `pack.value` otherwise."""
        if not isinstance(self.value, str):
            self.fail("expected a text")
        return self.value

    def one_of(self, choices: Iterable[str]) -> str:
        """The scalar, one of these. PackError `pack.value` otherwise."""
        listed = list(choices)
        if self.value not in listed:
            self.fail("expected one of: " + ", ".join(listed))
        return self.text()

    def count(self, least: int, most: int) -> int:
        """The scalar as a whole number within bounds. PackError `pack.value` otherwise."""
        if not isinstance(self.value, str) or not self.value.isascii() or not self.value.isdigit():
            self.fail(f"expected a number from {least} to {most}")
        if len(self.value) > 9 or not least <= int(self.value) <= most:
            self.fail(f"expected a number from {least} to {most}")
        return int(self.value)

    def flag(self) -> bool:
        """The scalar as true or false. PackError `pack.value` otherwise."""
        return self.one_of(("true", "false")) == "true"

    def items(self) -> list[Spec]:
        """The list's items; a single value is a list of one."""
        if isinstance(self.value, list):
            return self.value
        return [self]

    def texts(self) -> tuple[str, ...]:
        """The list's items as texts; a single text is a list of one. PackError `pack.value` otherwise."""
        return tuple(item.text() for item in self.items())

    def mapping(self, allowed: Iterable[str] | None = None, required: Iterable[str] = ()) -> dict[str, Spec]:
        """The mapping, holding no key but `allowed` and each of `required`. PackError otherwise."""
        if not isinstance(self.value, dict):
            self.fail("expected a mapping (key: value)")
        if allowed is not None:
            listed = list(allowed)
            for key, spec in self.value.items():
                if key not in listed:
                    spec.fail("unknown key; expected one of: " + ", ".join(listed), "pack.unknown-key")
        for key in required:
            if key not in self.value:
                self.fail(f"expected the key `{key}`", "pack.missing-key")
        return self.value

    def __iter__(self) -> Iterator[Spec]:
        return iter(self.items())


def read_text(folder: Folder, name: str, *, at: Spec | None = None) -> str:
    """A file of the pack as UTF-8 text. PackError `pack.file` names what is missing or not readable."""

    def stop(expected: str) -> NoReturn:
        if at is not None:
            at.fail(expected, "pack.file")
        fail("pack.file", expected, file=name, line=1)

    # A pack names files of its own folder only: it may come from outside.
    parts = name.split("/")
    if "\\" in name or ":" in name or any(part in ("", ".", "..") for part in parts):
        stop("expected a file inside the pack's folder, written with /")
    file = folder
    for part in parts:
        file = file / part
    if not file.is_file():
        stop("expected a file of this name in the pack's folder")
    raw = file.read_bytes()
    if len(raw) > MOST:
        stop("expected a file of less than 16 MB")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        stop("expected a file in UTF-8")


def load_yaml(text: str, file: str) -> Spec:
    """The YAML document as Specs. PackError `pack.yaml` on syntax, anchors, tags and duplicate keys."""
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line + 1 if error.problem_mark is not None else 1
        fail("pack.yaml", "expected YAML; the indentation or a quote is wrong here", file=file, line=line)
    except (yaml.YAMLError, RecursionError):
        fail("pack.yaml", "expected YAML", file=file, line=1)
    if node is None:
        fail("pack.yaml", "expected a mapping with pack, source and incident", file=file, line=1)
    return _spec(node, file, "", set())


def _spec(node: yaml.Node, file: str, key: str, seen: set[int]) -> Spec:
    line = node.start_mark.line + 1
    if id(node) in seen:
        fail("pack.yaml", "anchors and aliases are not used in packs: write the value again", file=file, line=line)
    seen.add(id(node))
    if not (node.tag or "").startswith(_PLAIN_TAG) or ":python/" in node.tag:
        fail("pack.yaml", "tags (!…) are not used in packs", file=file, line=line, key=key)
    if isinstance(node, yaml.ScalarNode):
        # An empty plain scalar (`key:`) is YAML's null; so is ~.
        text = "" if node.tag == f"{_PLAIN_TAG}null" and node.style is None else node.value
        return Spec(text, file, line, key)
    if isinstance(node, yaml.SequenceNode):
        return Spec([_spec(item, file, f"{key}[{i}]", seen) for i, item in enumerate(node.value)], file, line, key)
    made: dict[str, Spec] = {}
    for name_node, value_node in node.value:
        at = name_node.start_mark.line + 1
        if not isinstance(name_node, yaml.ScalarNode):
            fail("pack.yaml", "expected a text as key", file=file, line=at, key=key)
        name = name_node.value
        path = f"{key}.{name}" if key else name
        if name in made:
            fail("pack.yaml", "this key is written twice", file=file, line=at, key=path)
        value = _spec(value_node, file, path, seen)
        # A key's own line, not that of a block value that starts below it.
        made[name] = Spec(value.value, file, at, path)
    return Spec(made, file, line, key)
