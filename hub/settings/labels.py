"""How records are labelled in this deployment."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydantic import Field, field_validator

from hub.errors import SettingsError
from hub.settings.section import Strict
from mappings.errors import PolicyError
from mappings.labels import LabelPolicy, TextLabels, load_policy
from mappings.labels.text import SHIPPED
from mappings.labels.vocabulary import SENSITIVITIES


class LabelsSection(Strict):
    """How records are labelled: `policy` files over the shipped policy, in order, and names that tell by themselves.

    `programs` and `street_names` lead from a name to its sensitivity codes (`"Larkrise House" = ["SUD"]`).
    """

    policy: tuple[Path, ...] = ()
    programs: dict[str, tuple[str, ...]] = Field(default_factory=dict)
    street_names: dict[str, tuple[str, ...]] = Field(default_factory=dict)

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
    programs: tuple[tuple[str, tuple[str, ...]], ...], street_names: tuple[tuple[str, tuple[str, ...]], ...]
) -> TextLabels:
    """How texts are read for labels, with these names beside the shipped ones."""
    return TextLabels(programs=dict(programs), street_names=dict(street_names)) if programs or street_names else SHIPPED


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
