"""The key ring that the settings and the environment name."""

from __future__ import annotations

from collections.abc import Mapping

from hub.settings import KeysSection, Settings
from hub.store.keys import fips
from hub.store.keys.environment import EnvKeys
from hub.store.keys.file import FileKeys
from hub.store.keys.provider import KeyProvider
from hub.store.keys.ring import KeyRing
from hub.store.keys.wrap import KeyWrap, Plain

#: The variable that gives all keys, in place of the key file.
VARIABLE = "HANDOFF_KEYS"


def key_ring(settings: Settings, environ: Mapping[str, str]) -> KeyRing:
    """The ring of the variable HANDOFF_KEYS where it is set, else of the key file under its root key.

    Raises KeyringError: `keys.fips` where the mode is `fips` and the module is not there, `keys.environment`,
    `keys.file`, `keys.wrap`; SettingsError `settings.secret` when a named PIN or token is not there.
    """
    check_module(settings)
    provider: KeyProvider = EnvKeys(environ, VARIABLE) if VARIABLE in environ else key_file(settings)
    return KeyRing(provider)


def check_module(settings: Settings) -> None:
    """Raises KeyringError `keys.fips` where the mode is `fips` and the module is not there. Asked before all else."""
    if settings.hub.crypto_mode == "fips":
        fips.require(settings)


def key_file(settings: Settings) -> FileKeys:
    """The key file under the root key of the settings. Raises KeyringError `keys.file`, `keys.wrap`."""
    return FileKeys(settings.hub.keys, root_key(settings.keys))


def root_key(section: KeysSection, *, make: bool = False) -> KeyWrap:
    """The root key of a section. `make` generates the key in an HSM that has none of that name yet.

    Raises KeyringError `keys.wrap`, SettingsError `settings.secret`.
    """
    if section.pkcs11 is not None:
        from hub.store.keys.pkcs11 import Pkcs11Wrap

        hsm = section.pkcs11
        return Pkcs11Wrap(module=hsm.module, token_label=hsm.token, key_label=hsm.key, pin=hsm.pin.reveal(), make=make)
    if section.vault is not None:
        from hub.store.keys.vault import VaultWrap

        vault = section.vault
        return VaultWrap(url=vault.url, key=vault.key, token=vault.token.reveal(), mount=vault.mount, verify=vault.ca)
    if section.aws_kms is not None:
        from hub.store.keys.aws_kms import AwsKmsWrap

        kms = section.aws_kms
        return AwsKmsWrap(key_id=kms.key, region=kms.region, endpoint=kms.endpoint)
    return Plain()
