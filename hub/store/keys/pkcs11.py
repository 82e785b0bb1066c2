"""A root key in a hardware security module, by PKCS#11 (OASIS, 2.40): AES-256-GCM inside the module.

Needs the extra `warmhandoff[pkcs11]`. The key must be there already, a secret key that the module does not give out;
`make` generates one. wrapped = nonce (12, the module's own random bytes) | ciphertext and tag.
"""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

from hub.errors import KeyringError
from hub.store.keys.wrap import refused

_NONCE = 12


class Pkcs11Wrap:
    """The AES key `key_label` on the token `token_label` of the module (a shared library of the HSM's maker).

    Raises KeyringError `keys.wrap` where the module, the token, the PIN or the key is not as named.
    """

    def __init__(self, *, module: Path, token_label: str, key_label: str, pin: str, make: bool = False) -> None:
        try:
            import pkcs11
        except ImportError:
            raise KeyringError("keys.wrap", "PKCS#11 needs the extra warmhandoff[pkcs11]") from None
        self._pkcs11 = pkcs11
        self._lock = threading.Lock()
        self.name = f"pkcs11:{token_label}/{key_label}"
        try:
            token = pkcs11.lib(str(module)).get_token(token_label=token_label)
            try:
                self._session: Any = token.open(rw=make, user_pin=pin)
            except pkcs11.UserAlreadyLoggedIn:  # a process signs in to a token once, for all its sessions
                self._session = token.open(rw=make)
            try:
                self._key: Any = self._session.get_key(
                    object_class=pkcs11.ObjectClass.SECRET_KEY, key_type=pkcs11.KeyType.AES, label=key_label
                )
            except pkcs11.NoSuchKey:
                if not make:
                    raise
                attributes = {pkcs11.Attribute.EXTRACTABLE: False, pkcs11.Attribute.SENSITIVE: True}
                self._key = self._session.generate_key(
                    pkcs11.KeyType.AES, 256, label=key_label, store=True, template=attributes
                )
        except (pkcs11.PKCS11Error, RuntimeError) as error:
            raise refused(type(error).__name__) from None

    def wrap(self, key: bytes, context: str) -> bytes:
        """Encrypted inside the module. Raises KeyringError `keys.wrap`."""
        with self._lock:  # a session takes one operation at a time
            try:
                nonce = bytes(self._session.generate_random(8 * _NONCE))
                return nonce + bytes(self._key.encrypt(key, **self._gcm(nonce, context)))
            except self._pkcs11.PKCS11Error as error:
                raise refused(type(error).__name__) from None

    def unwrap(self, wrapped: bytes, context: str) -> bytes:
        """Decrypted inside the module. Raises KeyringError `keys.wrap`."""
        nonce, sealed = wrapped[:_NONCE], wrapped[_NONCE:]
        with self._lock:
            try:
                return bytes(self._key.decrypt(sealed, **self._gcm(nonce, context)))
            except self._pkcs11.PKCS11Error as error:
                raise refused(type(error).__name__) from None

    def _gcm(self, nonce: bytes, context: str) -> dict[str, Any]:
        parameters = self._pkcs11.GCMParams(nonce=nonce, aad=context.encode(), tag_bits=128)
        return {"mechanism": self._pkcs11.Mechanism.AES_GCM, "mechanism_param": parameters}
