"""What cannot be tested where OpenSSL's configuration asks for approved algorithms only."""

from __future__ import annotations

import pytest

from hub.store.keys.libcrypto import Libcrypto

_library = Libcrypto.loaded()

#: The wheel of SQLCipher reads that configuration too, with an OpenSSL of its own that has no such provider.
needs_sqlcipher = pytest.mark.skipif(
    _library is not None and _library.fips_by_default(), reason="SQLCipher does not run beside a FIPS provider"
)
