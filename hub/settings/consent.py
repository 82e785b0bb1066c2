"""The consent forms that people of this deployment sign at the hub."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from hub.errors import SettingsError
from hub.settings.section import Strict
from mappings.consent_form import Template, read_template, shipped
from mappings.errors import PolicyError


class ConsentSection(Strict):
    """The state's own forms: files beside the shipped ones, or in the place of the one with the same `id`."""

    forms: tuple[Path, ...] = ()


@lru_cache(maxsize=4)
def forms_of(paths: tuple[Path, ...]) -> tuple[Template, ...]:
    """The shipped forms with these over them, read once a start. Raises PolicyError, OSError."""
    found = {template.id: template for template in shipped()}
    own = [read_template(path.read_bytes(), path.name) for path in paths]
    if len({template.id for template in own}) != len(own):
        raise PolicyError("consent.form-twice", "two form files have one id", path="consent.forms")
    found |= {template.id: template for template in own}
    return tuple(found.values())


def forms_read(paths: tuple[Path, ...]) -> tuple[Path, ...]:
    """The form files themselves, once known to be forms: a hub does not start with one that is deficient."""
    forms_of.cache_clear()
    try:
        forms_of(paths)
    except PolicyError as error:
        raise SettingsError("settings.consent-form", error.issues[0].text, path=error.issues[0].path) from None
    except OSError:
        raise SettingsError("settings.consent-form", "a form file cannot be read", path="consent.forms") from None
    return paths
