"""Hubs and workers as processes of their own, and contacts to send them: for proofs and benches of the whole way."""

from __future__ import annotations

import contextlib
import copy
import hashlib
import http.client
import json
import os
import signal
import socket
import subprocess
import sys
import time
import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from random import randrange
from string import Template
from typing import Any

CHECKOUT = Path(__file__).resolve().parent.parent
SAMPLES = CHECKOUT / "samples"
Document = dict[str, Any]

#: Who sends, with its token.
APP, CAD = "cedar-app", "riverton-cad"


def token(name: str) -> str:
    """The token of a source of these hubs."""
    return f"token-of-{name}"


def free_port() -> int:
    """A port that nobody has at this moment, and none that the system gives to whoever connects: a hub that was killed
    must find it free when it starts again, and a sender that knocks meanwhile must not be given it for itself."""
    while True:
        port = randrange(10_000, 32_000)
        with socket.socket() as held, contextlib.suppress(OSError):
            held.bind(("127.0.0.1", port))
            return port


def settings(folder: Path, database: str, *, center: int, port: int, mllp: int | None = None) -> Document:
    """The demo's settings with one center at `center`, which takes messages for one organization and transactions
    for another."""
    names: dict[str, Any] = {"HUB_PORT": port, "HUB_MLLP": mllp or 0, "NORTHFORK_MLLP": 9}
    names |= {"LAKESHORE_HTTP": center, "SUNRISE_HTTP": center}
    for name in ("riverton-cad", "lakemont-cad", "cedar-app", "sunrise-app", "lakeshore-answers"):
        names[name.upper().replace("-", "_")] = hashlib.sha256(token(name).encode()).hexdigest()
    document = tomllib.loads(Template((SAMPLES / "demo/hub.toml").read_text()).safe_substitute(names))
    document["hub"] |= {"database": database, "keys": str(folder / "keys.json"), "poll": 0.05, "lease": 2.0}
    document["hub"] |= {"retry_base": 0.05, "retry_cap": 0.5}
    document["state_policy"]["reviewed"] = str(document["state_policy"]["reviewed"])
    if mllp is None:
        document["hub"].pop("mllp_port")
    for one in document["destination"]:
        one.pop("poll_every", None)
    secrets = folder / "secrets"
    secrets.mkdir(exist_ok=True)
    for name in ("lakeshore", "sunrise"):
        (secrets / name).write_text(token(name))
    return document


_FORMS: dict[str, Document] = {}


def contact(case: int, note: int = 1) -> bytes:
    """A contact form of one person, which a referral comes of: of an even case to the center that takes messages, of
    an odd one to the other. Every version says which it is."""
    name = "story-1-contact" if case % 2 == 0 else "story-3-contact"
    if name not in _FORMS:
        _FORMS[name] = json.loads((SAMPLES / "incident" / name / "input.json").read_text())
    form = copy.copy(_FORMS[name])
    first, *rest = form["contacts"]
    form["number"] = f"RV26-9{case:06}"
    form["version"] = str(note)
    form["contacts"] = [{**first, "follow_up": f"Case {case} note {note}."}, *rest]
    return json.dumps(form).encode()


def call(case: int) -> bytes:
    """A CAD event of another system about the same incident."""
    event = json.loads((SAMPLES / "riverton-webhook/story-1-call/input.json").read_text())
    return json.dumps(event).replace("RV26-004417", f"RV26-9{case:06}").encode()


@dataclass
class Sender:
    """One keep-alive connection to one of the hubs; the next of them, and this one again, when it was killed."""

    ports: tuple[int, ...]
    source: str
    connection: http.client.HTTPConnection | None = None

    def send(self, body: bytes, *, seconds: float = 240.0) -> int:
        """Sends until it is acknowledged; the message's number. Raises TimeoutError, RuntimeError for a refusal."""
        until = time.monotonic() + seconds
        headers = {"authorization": f"Bearer {token(self.source)}", "content-type": "application/json"}
        while time.monotonic() < until:
            try:
                if self.connection is None:
                    self.connection = http.client.HTTPConnection("127.0.0.1", self.ports[0], timeout=10)
                self.connection.request("POST", f"/ingest/{self.source}", body, headers)
                answer = self.connection.getresponse()
                said = answer.read()
            except (OSError, http.client.HTTPException):
                self._next()
                time.sleep(0.01)
                continue
            if answer.status in (200, 202):
                return int(json.loads(said)["message"])
            if answer.status not in (429, 503):
                raise RuntimeError(f"{answer.status} {said[:300]!r}")
            self._next()
            time.sleep(0.02)
        raise TimeoutError("not acknowledged")

    def _next(self) -> None:
        self.close()
        self.ports = (*self.ports[1:], self.ports[0])

    def close(self) -> None:
        """Ends the connection."""
        if self.connection is not None:
            self.connection.close()
            self.connection = None


@dataclass
class Hubs:
    """Processes of hubs in one folder. Use as a context manager: it stops what it started."""

    folder: Path
    alive: dict[str, int] = field(default_factory=dict)
    starts: int = 0

    def __enter__(self) -> Hubs:
        self._nursery = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.nursery"],
            cwd=CHECKOUT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": str(CHECKOUT)},
            text=True,
        )
        self._line()
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._nursery.stdin is not None
        assert self._nursery.stdout is not None
        self._nursery.stdin.close()
        self._nursery.wait(60)
        self._nursery.stdout.close()

    def start(self, name: str, role: str, document: Document) -> int:
        """Starts one; its process id. It may not be ready yet."""
        assert self._nursery.stdin is not None
        self.ready(name).unlink(missing_ok=True)
        order = {
            "role": role,
            "settings": document,
            "base": str(self.folder),
            "log": str(self.folder / f"{name}.log"),
            "ready": str(self.ready(name)),
        }
        self._nursery.stdin.write(json.dumps(order) + "\n")
        self._nursery.stdin.flush()
        self.alive[name] = int(self._line())
        self.starts += 1
        return self.alive[name]

    def ready(self, name: str) -> Path:
        """The file that is there once it listens or works."""
        return self.folder / f"{name}.ready"

    def wait_ready(self, *names: str, seconds: float = 60.0) -> None:
        """Waits until these are. Raises TimeoutError with what they said."""
        until = time.monotonic() + seconds
        while not all(self.ready(name).exists() for name in names):
            if time.monotonic() > until:
                said = [(self.folder / f"{name}.log").read_text()[-2000:] for name in names]
                raise TimeoutError("\n".join(said))
            time.sleep(0.005)

    def kill(self, name: str) -> None:
        """`kill -9` of a process that was started here; waits until nothing of it is left."""
        pid = self.alive.pop(name)
        os.kill(pid, signal.SIGKILL)
        until = time.monotonic() + 60
        with contextlib.suppress(ProcessLookupError):
            while time.monotonic() < until:
                os.kill(pid, 0)
                time.sleep(0.001)

    def _line(self) -> str:
        assert self._nursery.stdout is not None
        line = self._nursery.stdout.readline()
        if not line:
            raise RuntimeError("the nursery has ended")
        return line.strip()


def processor(pid: int) -> float:
    """The processor's seconds that a process has had so far, all its threads."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
