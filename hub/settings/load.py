"""Settings read from a TOML file and the environment."""

from __future__ import annotations

import os
import tomllib
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from hub.errors import SettingsError
from hub.settings.audit import AuditSection
from hub.settings.consent import forms_read
from hub.settings.labels import laid_over, loadable
from hub.settings.settings import Settings
from hub.settings.source import SqlSection
from mappings.cad.registries import registries_of
from mappings.errors import ReadError

ENVIRONMENT = "HANDOFF_"


def load(path: Path | None, *, environ: dict[str, str] | None = None) -> Settings:
    """Settings of a TOML file under the environment. Relative paths are relative to the file.

    Raises SettingsError: `settings.missing`, `settings.not-toml`, `settings.environment`, or `settings.invalid` with
    the place of each fault; never a value.
    """
    document: dict[str, Any] = {}
    if path is not None:
        try:
            document = tomllib.loads(path.read_text())
        except FileNotFoundError:
            raise SettingsError("settings.missing", "there is no such file", path="--config") from None
        except (tomllib.TOMLDecodeError, UnicodeDecodeError):
            raise SettingsError("settings.not-toml", "the file is not TOML", path=path.name) from None
    for name, value in (os.environ if environ is None else environ).items():
        if name.startswith(ENVIRONMENT) and "__" in name:
            section = document
            *parents, leaf = name.removeprefix(ENVIRONMENT).lower().split("__")
            for parent in parents:
                section = section.setdefault(parent, {})
                if not isinstance(section, dict):
                    # what is listed in the file (sources, say) has no names to reach it by
                    raise SettingsError("settings.environment", "this cannot be set from the environment", path=name)
            section[leaf] = value
    return parse(document, base=path.parent if path else Path())


def parse(document: dict[str, Any], *, base: Path) -> Settings:
    """Settings of a document; paths in it are relative to `base`. Raises SettingsError `settings.invalid`."""
    try:
        settings = Settings.model_validate(document)
    except ValidationError as invalid:
        found = invalid.errors(include_input=False, include_url=False, include_context=False)
        places = "; ".join(f"{'.'.join(str(part) for part in e['loc']) or 'settings'}: {e['msg']}" for e in found)
        raise SettingsError("settings.invalid", places, path="hub.toml") from None
    return settings.model_copy(
        update={
            "hub": settings.hub.model_copy(
                update={
                    "keys": base / settings.hub.keys,
                    "database": _beside(settings.hub.database, base),
                    "tls_certificate": _under(base, settings.hub.tls_certificate),
                    "tls_key": _under(base, settings.hub.tls_key),
                }
            ),
            "mllp": settings.mllp.under(base),
            "alarm": settings.alarm.under(base),
            "audit": _audit_under(settings.audit, base),
            "keys": settings.keys.under(base),
            "metrics": settings.metrics.model_copy(
                update={"token": settings.metrics.token.under(base) if settings.metrics.token else None}
            ),
            "state_policy": settings.state_policy.under(base),
            "labels": settings.labels.model_copy(
                update={
                    "policy": laid_over(tuple(base / path for path in settings.labels.policy)),
                    "readers": loadable(settings.labels.readers),
                }
            ),
            "consent": settings.consent.model_copy(
                update={"forms": forms_read(tuple(base / path for path in settings.consent.forms))}
            ),
            "source": tuple(
                s.model_copy(
                    update={
                        "folder": _under(base, s.folder),
                        "registry": _readable(_under(base, s.registry), s.name),
                        "sql": _of_database(s.sql, base),
                        "reads": str(base / s.reads) if _is_folder(s.reads) else s.reads,
                        "token": s.token.under(base) if s.token else None,
                        "mllp": s.mllp.under(base) if s.mllp else None,
                        "client_jwt": s.client_jwt.under(base) if s.client_jwt else None,
                    }
                )
                for s in settings.source
            ),
            "destination": tuple(
                d.model_copy(
                    update={
                        **d.credentials_under(base),
                        "answer_token": d.answer_token.under(base) if d.answer_token else None,
                        "tls": d.tls.under(base) if d.tls else None,
                    }
                )
                for d in settings.destination
            ),
        }
    )


def _audit_under(section: AuditSection, base: Path) -> AuditSection:
    if section.syslog is None or section.syslog.tls is None:
        return section
    moved = section.syslog.model_copy(update={"tls": section.syslog.tls.under(base)})
    return section.model_copy(update={"syslog": moved})


def _of_database(sql: SqlSection | None, base: Path) -> SqlSection | None:
    if sql is None:
        return None
    password = sql.password.under(base) if sql.password else None
    return sql.model_copy(update={"url": _beside(sql.url, base), "password": password})


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else base / path


def _readable(registry: Path | None, source: str) -> Path | None:
    """The file itself, once it is known to be one of registries: a hub does not start with one that is not."""
    if registry is not None:
        try:
            registries_of(registry.read_bytes())
        except (OSError, ReadError) as error:
            why = error.issues[0].text if isinstance(error, ReadError) else "it cannot be read"
            raise SettingsError("settings.registry", f"not a file of EIDO registries: {why}", path=source) from None
    return registry


def _is_folder(reads: str) -> bool:
    """Whether a source's `reads` is a pack's folder: it has a separator or begins with a dot."""
    return "/" in reads or reads.startswith(".")


def _beside(url: str, base: Path) -> str:
    """A relative SQLite path beside the file; any other URL as it is."""
    prefix = "sqlite:///"
    if url.startswith(prefix) and not url.startswith(prefix + "/"):
        return f"{prefix}{(base / url.removeprefix(prefix)).resolve()}"
    return url
