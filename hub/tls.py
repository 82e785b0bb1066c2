"""TLS for HL7 v2: contexts from the settings, and what a certificate says (IHE ITI-19, TLS 1.2 and later, BCP 195).

A handshake that fails ends in the loop, which tells nobody why. Contexts made here tell: an expired certificate is
the commonest cause of a feed that stands still overnight, and has to be seen.
"""

from __future__ import annotations

import hashlib
import ssl
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cryptography import x509

from hub.errors import SettingsError
from hub.settings import ClientTlsSection, MllpSection
from mappings.record import record

#: Days before its end from which a certificate of ours is said to end soon.
SOON = 30

#: Why a handshake failed. `expired` also means not begun; `untrusted` another authority, name or use.
Why = Literal["expired", "untrusted", "no-certificate", "other"]
#: Told of a handshake that failed.
Refused = Callable[[Why], None]


@record
class Peer:
    """The certificate that the other end has shown and that was verified: subject and SHA-256 of its DER."""

    subject: str
    fingerprint: str


@record
class Certificate:
    """What a certificate file says."""

    subject: str
    begins: datetime
    ends: datetime

    def expired(self, now: datetime) -> bool:
        """Whether it is not valid now: over, or not begun."""
        return not self.begins <= now <= self.ends


def server_context(section: MllpSection, refused: Refused) -> ssl.SSLContext | None:
    """The listener's, or None without TLS. `refused` is told of each handshake that fails, in the loop's thread.

    Raises SettingsError `settings.tls`.
    """
    if section.tls_certificate is None:
        return None
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    _load(context, "mllp", section.tls_certificate, section.tls_key)
    if section.client_ca is not None:
        _trust(context, "mllp.client_ca", section.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    context.sslobject_class = _telling(refused)
    return context


def client_context(section: ClientTlsSection | None, *, where: str) -> ssl.SSLContext:
    """For a partner's `mllps` address; the system's trust without a section.

    With `subjects` the name of the host is not compared; the caller compares the subject, after the handshake and
    before a byte of a message. Raises SettingsError `settings.tls` with `where`.
    """
    given = section or ClientTlsSection()
    context = ssl.create_default_context(ssl.Purpose.SERVER_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    if given.ca is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.minimum_version = ssl.TLSVersion.TLSv1_2
        _trust(context, f"{where}.ca", given.ca)
    if given.subjects:
        context.check_hostname = False
    if given.certificate is not None:
        _load(context, where, given.certificate, given.key)
    return context


def peer_of(secured: ssl.SSLObject | ssl.SSLSocket | None) -> Peer | None:
    """Who the other end of a connection has proved to be, or None where it has shown no verified certificate."""
    if secured is None or not secured.getpeercert():
        return None
    der = secured.getpeercert(binary_form=True)
    assert der is not None
    return Peer(subject=_subject(x509.load_der_x509_certificate(der)), fingerprint=hashlib.sha256(der).hexdigest())


def read_certificate(path: Path) -> Certificate:
    """The first certificate of a PEM file. Raises SettingsError `settings.tls`."""
    try:
        found = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError):
        raise SettingsError("settings.tls", "there is no certificate in this file", path=path.name) from None
    return Certificate(subject=_subject(found), begins=found.not_valid_before_utc, ends=found.not_valid_after_utc)


def why(error: ssl.SSLError) -> Why:
    """A failed handshake in one word; the error's own text may repeat a name."""
    if isinstance(error, ssl.SSLCertVerificationError):
        return "expired" if error.verify_code in _OVER else "untrusted"
    reason = error.reason or ""
    if "EXPIRED" in reason:
        return "expired"
    if reason in ("PEER_DID_NOT_RETURN_A_CERTIFICATE", "TLSV13_ALERT_CERTIFICATE_REQUIRED"):
        return "no-certificate"
    # a decrypt error is how a signature by another authority of the same name is refused
    return "untrusted" if any(word in reason for word in ("CERTIFICATE", "UNKNOWN_CA", "DECRYPT_ERROR")) else "other"


#: OpenSSL's X509_V_ERR_CERT_NOT_YET_VALID and X509_V_ERR_CERT_HAS_EXPIRED.
_OVER = (9, 10)


def ends_soon(certificate: Certificate, now: datetime | None = None) -> int | None:
    """The days that are left when they are few; negative when it is over. None when there is time."""
    left = (certificate.ends - (now or datetime.now(UTC))).total_seconds() / 86400
    return int(left // 1) if left < SOON else None


def _subject(certificate: x509.Certificate) -> str:
    """`CN=name,O=name`, in the certificate's own order."""
    return ",".join(f"{part.rfc4514_attribute_name}={part.value!s}" for part in certificate.subject)


def _load(context: ssl.SSLContext, where: str, certificate: Path, key: Path | None) -> None:
    try:
        context.load_cert_chain(certificate, key)
    except (OSError, ssl.SSLError):
        raise SettingsError(
            "settings.tls", "the certificate and its key cannot be read, or do not belong together", path=where
        ) from None


def _trust(context: ssl.SSLContext, where: str, authorities: Path) -> None:
    try:
        context.load_verify_locations(authorities)
    except (OSError, ssl.SSLError):
        raise SettingsError(
            "settings.tls", "there is no certificate of an authority in this file", path=where
        ) from None


def _telling(refused: Refused) -> type[ssl.SSLObject]:
    class Telling(ssl.SSLObject):
        """Tells why a handshake failed before the loop drops it."""

        def do_handshake(self) -> None:
            try:
                super().do_handshake()
            except (ssl.SSLWantReadError, ssl.SSLWantWriteError):
                raise
            except ssl.SSLError as error:
                refused(why(error))
                raise

    return Telling
