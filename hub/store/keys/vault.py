"""A root key in HashiCorp Vault or OpenBao, by the transit secrets engine: the key never leaves the server.

Needs the extra `warmhandoff[vault]`. The transit key is of an AEAD type (`aes256-gcm96`, the default), so that the
use of each entry is bound as its associated data.
"""

from __future__ import annotations

import base64
from pathlib import Path

from hub.errors import KeyringError
from hub.store.keys.wrap import refused


class VaultWrap:
    """The transit key `key` of the engine mounted at `mount`. `verify` is the file of the server's CA.

    Raises KeyringError `keys.wrap` when the server cannot be reached or refuses; never with its words.
    """

    def __init__(self, *, url: str, key: str, token: str, mount: str = "transit", verify: Path | None = None) -> None:
        try:
            import hvac
            from hvac.exceptions import VaultError
            from requests import RequestException
        except ImportError:
            raise KeyringError("keys.wrap", "Vault needs the extra warmhandoff[vault]") from None
        self._failures = (VaultError, RequestException, KeyError, ValueError, TypeError)
        self._transit = hvac.Client(url=url, token=token, verify=str(verify) if verify else True).secrets.transit
        self._at = {"name": key, "mount_point": mount}
        self.name = f"vault:{mount}/{key}"

    def wrap(self, key: bytes, context: str) -> bytes:
        """Encrypted by the server. Raises KeyringError `keys.wrap`."""
        try:
            answer = self._transit.encrypt_data(
                plaintext=_text(key), associated_data=_text(context.encode()), **self._at
            )
            return str(answer["data"]["ciphertext"]).encode("ascii")
        except self._failures as error:
            raise refused(type(error).__name__) from None

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """Decrypted by the server. Raises KeyringError `keys.wrap`."""
        try:
            answer = self._transit.decrypt_data(
                ciphertext=wrapped.decode("ascii"), associated_data=_text(context.encode()), **self._at
            )
            return base64.b64decode(answer["data"]["plaintext"], validate=True)
        except self._failures as error:
            raise refused(type(error).__name__) from None


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()
