"""The key ring and where its keys are kept.

KeyRing     what the store uses: seal, open, blind, sign
FileKeys    a key file, each entry under a root key where one is configured (PKCS#11, Vault, AWS KMS)
EnvKeys     one environment variable
"""

from hub.store.keys.environment import EnvKeys
from hub.store.keys.file import FileKeys
from hub.store.keys.provider import SECRETS, KeyProvider
from hub.store.keys.ring import KeyRing
from hub.store.keys.wrap import KeyWrap, Plain

__all__ = ["SECRETS", "EnvKeys", "FileKeys", "KeyProvider", "KeyRing", "KeyWrap", "Plain"]
