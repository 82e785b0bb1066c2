"""Root keys: a real PKCS#11 module (SoftHSM), and servers that answer as Vault's transit engine and AWS KMS do."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from hub.errors import KeyringError, SettingsError
from hub.settings import KeysSection
from hub.store.keys import FileKeys, KeyRing, KeyWrap, Plain
from hub.store.keys.aws_kms import AwsKmsWrap
from hub.store.keys.opened import root_key
from hub.store.keys.vault import VaultWrap

VAULT = {"url": "https://v", "key": "k", "token": {"env": "T"}}
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
_MODULES = ("/usr/lib/softhsm", "/usr/lib64", "/usr/local/lib/softhsm")
SOFTHSM = next((file for folder in _MODULES if (file := Path(folder, "libsofthsm2.so")).exists()), None)
needs_module = pytest.mark.skipif(SOFTHSM is None, reason="no PKCS#11 module on this machine: install softhsm2")


class _Sealing:
    """One AES key that a service holds; what it wrapped opens under the same use only."""

    def __init__(self) -> None:
        self.key = AESGCM(bytes(range(32)))
        self.count = 0

    def seal(self, plain: bytes, use: bytes) -> bytes:
        self.count += 1
        nonce = self.count.to_bytes(12)
        return nonce + self.key.encrypt(nonce, plain, use)

    def open(self, sealed: bytes, use: bytes) -> bytes:
        return self.key.decrypt(sealed[:12], sealed[12:], use)


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Answering(BaseHTTPRequestHandler):
    sealing: ClassVar[_Sealing]

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def body(self) -> dict[str, Any]:
        return dict(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))

    def answer(self, status: int, value: dict[str, Any]) -> None:
        data = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


class Transit(_Answering):
    """Vault's transit engine as its HTTP API describes it (encrypt, decrypt, associated_data)."""

    sealing = _Sealing()

    def do_PUT(self) -> None:
        given = self.body()
        if self.headers.get("X-Vault-Token") != "the token":
            return self.answer(403, {"errors": ["permission denied for the secret thing"]})
        use = base64.b64decode(given["associated_data"])
        try:
            if self.path == "/v1/transit/encrypt/hub":
                made = self.sealing.seal(base64.b64decode(given["plaintext"]), use)
                return self.answer(200, {"data": {"ciphertext": "vault:v1:" + base64.b64encode(made).decode()}})
            if self.path == "/v1/transit/decrypt/hub":
                sealed = base64.b64decode(given["ciphertext"].removeprefix("vault:v1:"))
                return self.answer(
                    200, {"data": {"plaintext": base64.b64encode(self.sealing.open(sealed, use)).decode()}}
                )
        except InvalidTag:
            return self.answer(400, {"errors": ["cipher: message authentication failed"]})
        return self.answer(404, {"errors": []})

    do_POST = do_PUT


class Kms(_Answering):
    """AWS KMS's JSON 1.1 protocol, Encrypt and Decrypt."""

    sealing = _Sealing()

    def do_POST(self) -> None:
        given = self.body()
        use = json.dumps(given["EncryptionContext"]).encode()
        try:
            if self.headers["X-Amz-Target"] == "TrentService.Encrypt":
                made = self.sealing.seal(base64.b64decode(given["Plaintext"]), use)
                return self.answer(200, {"CiphertextBlob": base64.b64encode(made).decode()})
            sealed = base64.b64decode(given["CiphertextBlob"])
            return self.answer(200, {"Plaintext": base64.b64encode(self.sealing.open(sealed, use)).decode()})
        except InvalidTag:
            return self.answer(400, {"__type": "InvalidCiphertextException"})


@pytest.fixture
def token_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """The settings of a fresh SoftHSM token. The module reads where its tokens are once in a process."""
    settings = Path(os.environ.get("SOFTHSM2_CONF", tmp_path / "softhsm2.conf"))
    tokens = settings.with_name("tokens")
    tokens.mkdir(exist_ok=True)
    settings.write_text(f"directories.tokendir = {tokens}\nobjectstore.backend = file\n")
    os.environ["SOFTHSM2_CONF"] = str(settings)
    label = f"handoff-{tmp_path.name}"[-32:]
    command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", "1234", "--so-pin", "12345678"]
    subprocess.run(command, check=True, capture_output=True)
    monkeypatch.setenv("HANDOFF_TEST_PIN", "1234")
    return {"module": SOFTHSM, "token": label, "key": "root", "pin": {"env": "HANDOFF_TEST_PIN"}}


def section(**pkcs11: Any) -> KeysSection:
    return KeysSection.model_validate({"root": "pkcs11", "pkcs11": pkcs11})


def holds(root: KeyWrap, path: Path) -> None:
    """A key file under this root: nothing of the keys is in it, it opens again, and entries cannot be exchanged."""
    keys = FileKeys(path, root)
    _, key = keys.active("pd")
    text = path.read_text()
    assert base64.b64encode(key).decode() not in text
    assert base64.b64encode(keys.secret("signing")).decode() not in text
    again = FileKeys(path, root)
    assert again.active("pd")[1] == key
    content = json.loads(text)
    content["secrets"]["index"], content["secrets"]["namespace"] = (
        content["secrets"]["namespace"],
        content["secrets"]["index"],
    )
    path.write_text(json.dumps(content))
    with pytest.raises(KeyringError, match=r"keys\.wrap"):
        FileKeys(path, root).secret("index")
    path.write_text(text)
    with pytest.raises(KeyringError, match=r"keys\.file"):
        FileKeys(path)


@needs_module
def test_a_root_key_in_a_module(token_of: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(KeyringError, match=r"keys\.wrap"):
        root_key(section(**token_of))  # the key is not made by chance
    root_key(section(**token_of), make=True)
    root = root_key(section(**token_of))
    assert root.name == f"pkcs11:{token_of['token']}/root"
    holds(root, tmp_path / "keys.json")
    monkeypatch.setenv("HANDOFF_TEST_PIN", "9999")
    with pytest.raises(KeyringError) as refused:
        root_key(section(**(token_of | {"token": "another"})))
    assert "9999" not in str(refused.value)


def test_a_root_key_in_vault(tmp_path: Path) -> None:
    with serving(Transit) as url:
        holds(VaultWrap(url=url, key="hub", token="the token"), tmp_path / "keys.json")
        for wrong in (VaultWrap(url=url, key="hub", token="no"), VaultWrap(url=url, key="other", token="the token")):
            with pytest.raises(KeyringError) as refused:
                wrong.wrap(bytes(32), "use")
            assert "secret thing" not in str(refused.value)
    with pytest.raises(KeyringError, match=r"keys\.wrap"):
        VaultWrap(url=url, key="hub", token="the token").wrap(bytes(32), "use")


def test_a_root_key_in_kms(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "invented")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    with serving(Kms) as url:
        holds(AwsKmsWrap(key_id="alias/hub", region="us-gov-west-1", endpoint=url), tmp_path / "keys.json")
    with pytest.raises(KeyringError, match=r"keys\.wrap"):
        AwsKmsWrap(key_id="alias/hub", region="us-gov-west-1", endpoint=url).wrap(bytes(32), "use")


def test_moving_to_another_root_keeps_every_key(tmp_path: Path) -> None:
    with serving(Transit) as url:
        root = VaultWrap(url=url, key="hub", token="the token")
        path = tmp_path / "keys.json"
        keys = FileKeys(path)
        _, blob = KeyRing(keys).seal("pd", b"plain", b"aad")
        namespace = keys.secret("namespace")
        assert keys.move(root) == 5  # a custody's key and four secrets
        moved = KeyRing(FileKeys(path, root))
        assert moved.unseal("pd", blob, b"aad") == b"plain"
        assert moved.namespace_key == namespace
        assert base64.b64encode(namespace).decode() not in path.read_text()
        FileKeys(path, root).move(Plain())
        assert KeyRing(FileKeys(path)).unseal("pd", blob, b"aad") == b"plain"


def test_a_failed_move_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "keys.json"
    keys = FileKeys(path)
    before = path.read_bytes()
    with pytest.raises(KeyringError):
        keys.move(VaultWrap(url="http://127.0.0.1:9", key="hub", token="the token"))
    assert path.read_bytes() == before
    assert FileKeys(path).secret("index") == keys.secret("index")


def test_a_key_is_retired_only_when_nobody_can_use_it(tmp_path: Path) -> None:
    keys = FileKeys(tmp_path / "keys.json")
    first, _ = keys.active("pd")
    with pytest.raises(KeyringError, match=r"keys\.in-use"):
        keys.retire("pd", first, NOW)  # it seals now
    second = keys.rotate("pd", NOW)
    with pytest.raises(KeyringError, match=r"keys\.in-use"):
        keys.retire("pd", first, NOW + timedelta(minutes=59))  # another process may not have seen the new one
    keys.retire("pd", first, NOW + timedelta(hours=1))
    assert keys.names() == {"pd": (second, (second,))}
    with pytest.raises(KeyringError, match=r"keys\.unknown"):
        keys.key("pd", first)
    assert keys.rotate("pd", NOW).split("-")[0] == "k3"  # a name is not given twice


def test_another_process_takes_up_a_new_key(tmp_path: Path) -> None:
    one, two = (KeyRing(FileKeys(tmp_path / "keys.json")) for _ in range(2))
    two.seal("pd", b"", b"")
    kid = one.rotate("pd", NOW)
    assert two.active("pd")[0] != kid
    two.refresh()
    assert two.active("pd")[0] == kid


@pytest.mark.parametrize(
    "wrong",
    [
        {"root": "pkcs11"},
        {"root": "none", "vault": VAULT},
        {"root": "aws-kms", "aws_kms": {"key": "k", "region": "r"}, "vault": VAULT},
        {"root": "usb-stick"},
    ],
)  # fmt: skip
def test_a_root_is_named_with_its_section_and_no_other(wrong: dict[str, Any]) -> None:
    with pytest.raises(ValueError):
        KeysSection.model_validate(wrong)


def test_a_secret_that_is_not_there_says_so() -> None:
    with pytest.raises(SettingsError, match=r"settings\.secret"):
        root_key(KeysSection.model_validate(
            {"root": "vault", "vault": {"url": "http://127.0.0.1:9", "key": "k", "token": {"env": "HANDOFF_NOT_THERE"}}}
        ))  # fmt: skip
