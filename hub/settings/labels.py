"""How records are labelled in this deployment."""

from __future__ import annotations

from functools import lru_cache
from importlib import import_module
from pathlib import Path
from typing import Annotated

from pydantic import Field, field_validator

from hub.errors import SettingsError
from hub.settings.section import Strict
from mappings.errors import PolicyError
from mappings.labels import LabelPolicy, TextLabels, load_policy
from mappings.labels.text import SHIPPED, TextReader
from mappings.labels.vocabulary import SENSITIVITIES


class LabelsSection(Strict):
    """How records are labelled: `policy` files over the shipped policy, in order, and names that tell by themselves.

    `programs` and `street_names` lead from a name to its sensitivity codes (`"Larkrise House" = ["SUD"]`). `readers`
    are functions of this deployment (`module:function`) that read texts beside ours, such as an NLP service's client.
    """

    policy: tuple[Path, ...] = ()
    programs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    street_names: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    readers: tuple[Annotated[str, Field(pattern=r"^[A-Za-z_][\w.]*:[A-Za-z_]\w*$")], ...] = ()

    @field_validator("programs", "street_names")
    @classmethod
    def _codes(cls, value: dict[str, tuple[str, ...]]) -> dict[str, tuple[str, ...]]:
        for name, codes in value.items():
            if not codes or set(codes) - SENSITIVITIES:
                raise ValueError("a name leads to one or more sensitivity codes of v3-ActCode")
            if not any(letter.isalnum() for letter in name):
                raise ValueError("a name has a letter or a digit")
        return value


@lru_cache(maxsize=4)
def policy_of(paths: tuple[Path, ...]) -> LabelPolicy:
    """The shipped label policy with these files over it, read once a start. Raises PolicyError, OSError."""
    return load_policy((path.name, path.read_bytes()) for path in paths)


@lru_cache(maxsize=4)
def text_of(
    programs: tuple[tuple[str, tuple[str, ...]], ...],
    street_names: tuple[tuple[str, tuple[str, ...]], ...],
    readers: tuple[str, ...] = (),
) -> TextLabels:
    """How texts are read for labels, with these names and readers beside the shipped ones."""
    if not (programs or street_names or readers):
        return SHIPPED
    return TextLabels(
        programs=dict(programs), street_names=dict(street_names), readers=[_reader(name) for name in readers]
    )


def loadable(readers: tuple[str, ...]) -> tuple[str, ...]:
    """The readers' names, once each is known to load. Raises SettingsError."""
    for name in readers:
        _reader(name)
    return readers


def _reader(name: str) -> TextReader:
    """The function that `module:function` names. Raises SettingsError: no start without one that was given."""
    module, _, function = name.partition(":")
    try:
        found = getattr(import_module(module), function)
    except Exception:  # noqa: BLE001 - a module of the deployment, which may raise anything as it is imported
        found = None
    if not callable(found):
        raise SettingsError("settings.labels", "a text reader cannot be loaded", path="labels.readers")
    return found  # type: ignore[no-any-return]


def laid_over(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The policy files themselves, once known to make a policy: a hub does not start with one that does not."""
    policy_of.cache_clear()
    try:
        policy_of(paths)
    except PolicyError as error:
        raise SettingsError("settings.labels", error.issues[0].text, path=error.issues[0].path) from None
    except OSError:
        raise SettingsError("settings.labels", "a label policy file cannot be read", path="labels.policy") from None
    return paths
