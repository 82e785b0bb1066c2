"""Where the root key is under which the key file's entries are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from hub.settings.secret import Secret
from hub.settings.section import Strict


class Pkcs11Section(Strict):
    """An AES key on a token of a hardware security module. `module` is its maker's PKCS#11 library."""

    module: Path
    token: str
    key: str
    pin: Secret


class VaultSection(Strict):
    """A transit key of HashiCorp Vault or OpenBao. `ca` is the file of the server's own CA."""

    url: str
    mount: str = "transit"
    key: str
    token: Secret
    ca: Path | None = None


class AwsKmsSection(Strict):
    """A symmetric key of AWS KMS; boto3 finds the credentials. `endpoint` is another address, as a FIPS one is."""

    key: str
    region: str
    endpoint: str | None = None


class KeysSection(Strict):
    """The root key that wraps each key of the key file. `none`: the file's mode alone guards it."""

    root: Literal["none", "pkcs11", "vault", "aws-kms"] = "none"
    pkcs11: Pkcs11Section | None = None
    vault: VaultSection | None = None
    aws_kms: AwsKmsSection | None = None

    @model_validator(mode="after")
    def _named(self) -> Self:
        there = {"pkcs11": self.pkcs11, "vault": self.vault, "aws-kms": self.aws_kms}
        if {name for name, section in there.items() if section is not None} != ({self.root} - {"none"}):
            raise ValueError("the section of the named root is there, and no other")
        return self

    def under(self, base: Path) -> KeysSection:
        """The same, with its files beside the settings."""
        if self.pkcs11 is not None:
            moved = self.pkcs11.model_copy(
                update={"module": base / self.pkcs11.module, "pin": self.pkcs11.pin.under(base)}
            )
            return self.model_copy(update={"pkcs11": moved})
        if self.vault is not None:
            ca = None if self.vault.ca is None else base / self.vault.ca
            return self.model_copy(
                update={"vault": self.vault.model_copy(update={"ca": ca, "token": self.vault.token.under(base)})}
            )
        return self
