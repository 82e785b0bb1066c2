"""The stage: one folder, one hub, three sample EHRs, each a process of its own, restarted when it falls.

Everything lies under the folder: `hub.toml`, `hub.db`, keys, tokens, `ehr/<name>`, logs. Started again on the same
folder it goes on where it was.
"""

from __future__ import annotations

import hashlib
import json
import os
import random
import secrets
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPException
from pathlib import Path
from string import Template
from types import TracebackType
from typing import Any, Self
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

#: In an installed wheel the samples lie beside this package; in a checkout, at its top.
_PACKED = Path(__file__).resolve().parents[1] / "_demo"
_CHECKOUT = Path(__file__).resolve().parents[2] / "samples"

TOKENS = ("riverton-cad", "lakemont-cad", "cedar-app", "sunrise-app", "lakeshore-answers", "lakeshore", "sunrise")
PORTS = ("hub-port", "hub-mllp", "lakeshore-http", "northfork-http", "northfork-mllp", "sunrise-http")

#: Ports to choose from: systems give outgoing connections ports from 32768 up, which would take ours by chance.
FREE = range(20_000, 32_000)
#: How often the stage is set, and how often a process is started for that.
TRIES, STARTS = 3, 4


@contextmanager
def _held_back() -> Iterator[None]:
    """Signals that end us come after the block: a child that has begun is known, and one that ends is waited for."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    late: list[int] = []
    # A handler and not a mask: a child would inherit the mask, and could not be asked to end.
    before = {n: signal.signal(n, lambda number, _: late.append(number)) for n in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    for missed in late:
        signal.raise_signal(missed)


def _bound(port: int) -> socket.socket | None:
    """A socket that holds the port, or None when somebody has it."""
    held = socket.socket()
    held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        held.bind(("127.0.0.1", port))
    except OSError:
        held.close()
        return None
    return held


def sample(path: str) -> Path:
    """A sample's file: packed in the wheel, else of the checkout. Raises FileNotFoundError."""
    for base in (_PACKED, _CHECKOUT):
        if (base / path).exists():
            return base / path
    raise FileNotFoundError(path)


@dataclass
class Process:
    """One child process: how to start it, and how to know that it is there."""

    name: str
    command: list[str]
    health: str
    log: Path
    running: subprocess.Popen[bytes] | None = None
    starts: int = 0

    def start(self) -> None:
        """Starts it; output goes to its log, never to a pipe that nobody reads."""
        self.starts += 1
        with self.log.open("ab") as log, _held_back():
            self.running = subprocess.Popen(  # noqa: S603 - our own interpreter and arguments
                self.command, stdout=log, stderr=log, stdin=subprocess.DEVNULL, start_new_session=True
            )

    def alive(self) -> bool:
        """Whether the process runs."""
        return self.running is not None and self.running.poll() is None

    def ask(self) -> None:
        """Asks it to end."""
        if self.running is not None and self.alive():
            self.running.send_signal(signal.SIGTERM)

    def stop(self) -> None:
        """Waits until it has ended after `ask`, and insists after a while."""
        if self.running is None:
            return
        try:
            self.running.wait(8)
        except subprocess.TimeoutExpired:
            self.running.kill()
            self.running.wait()


@dataclass
class Stage:
    """The demo's folder with its processes. Use as a context manager: it stops what it started."""

    folder: Path
    once: bool
    tokens: dict[str, str] = field(default_factory=dict)
    ports: dict[str, int] = field(default_factory=dict)
    processes: dict[str, Process] = field(default_factory=dict)

    def __enter__(self) -> Self:
        self.folder.mkdir(parents=True, exist_ok=True)
        self._tokens()
        for tries_left in reversed(range(TRIES)):
            self._ports()
            self._settings()
            self._processes()
            try:
                for process in self.processes.values():
                    process.start()
                self.settle()
                break
            except TimeoutError:
                # Between our look and its start somebody else may have taken a port: once more, with others.
                self._clear()
                (self.folder / "ports.json").unlink()
                if not tries_left:
                    raise
            except BaseException:  # also an interrupt: nobody would call __exit__ for what already runs
                self._clear()
                raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._clear()

    def _clear(self) -> None:
        with _held_back():
            for process in reversed(self.processes.values()):
                process.ask()
            for process in self.processes.values():
                process.stop()

    @property
    def hub_url(self) -> str:
        """Where the hub listens."""
        return f"http://127.0.0.1:{self.ports['hub-port']}"

    @property
    def console_token(self) -> str:
        """The one-time token by which the console is signed in to, as the hub said it when it last started."""
        ready = self.folder / "hub-ready.json"
        return str(json.loads(ready.read_text())["token"]) if ready.exists() else ""

    def settle(self, timeout: float = 30.0) -> None:
        """Waits until everybody answers, starting again whoever has fallen. Raises TimeoutError."""
        end = time.monotonic() + timeout
        for process in self.processes.values():
            while not self._healthy(process):
                if time.monotonic() > end:
                    raise TimeoutError(f"{process.name} did not start; see {process.log}")
                time.sleep(0.05)

    def watch(self) -> list[str]:
        """Starts again whoever has fallen since; their names."""
        fallen = [process for process in self.processes.values() if not process.alive()]
        for process in fallen:
            process.start()
        return [process.name for process in fallen]

    def _healthy(self, process: Process) -> bool:
        if not process.alive():
            if process.starts >= STARTS:
                raise TimeoutError(f"{process.name} does not start; see {process.log}")
            process.start()
            time.sleep(0.1)
        try:
            status, _ = call("GET", process.health)
        except ConnectionError:
            return False
        return status == 200

    def _tokens(self) -> None:
        where = self.folder / "secrets"
        where.mkdir(mode=0o700, exist_ok=True)
        for name in TOKENS:
            path = where / name
            if not path.exists():
                descriptor = os.open(path, os.O_CREAT | os.O_WRONLY | os.O_EXCL, 0o600)
                with os.fdopen(descriptor, "w") as file:
                    file.write(secrets.token_hex(24))
            self.tokens[name] = path.read_text()

    def _ports(self) -> None:
        """The ports of last time where they are free, else free ones below those of outgoing connections."""
        kept = self.folder / "ports.json"
        last: dict[str, int] = json.loads(kept.read_text()) if kept.exists() else {}
        chance = random.SystemRandom()
        with ExitStack() as held:
            for name in PORTS:
                wanted = last.get(name) or chance.choice(FREE)
                while (taken := _bound(wanted)) is None:
                    wanted = chance.choice(FREE)
                held.enter_context(taken)
                self.ports[name] = wanted
        kept.write_text(json.dumps(self.ports))

    def _settings(self) -> None:
        names: dict[str, Any] = {name.upper().replace("-", "_"): port for name, port in self.ports.items()}
        for name, token in self.tokens.items():
            names[name.upper().replace("-", "_")] = hashlib.sha256(token.encode()).hexdigest()
        template = Template(sample("demo/hub.toml").read_text())
        (self.folder / "hub.toml").write_text(template.safe_substitute(names))

    def _processes(self) -> None:
        ehr = str(sample("ehr/ehr.py"))
        hub = self.hub_url
        logs = self.folder / "logs"
        logs.mkdir(exist_ok=True)

        def center(name: str, *more: str) -> None:
            port = self.ports[f"{name}-http"]
            folder = self.folder / "ehr" / name
            command = [sys.executable, ehr, "--name", name, "--dir", str(folder), "--http", str(port), *more]
            self.processes[name] = Process(
                name=name,
                command=command,
                health=f"http://127.0.0.1:{port}/health",
                log=logs / f"{name}.log",
            )

        center(
            "lakeshore", "--token", self.tokens["lakeshore"], "--hub", hub, "--hub-token",
            self.tokens["lakeshore-answers"], "--behaviour", str(sample("demo/lakeshore.json")), "--zone",
            "America/Denver",
        )  # fmt: skip
        center(
            "northfork", "--mllp", str(self.ports["northfork-mllp"]), "--hub-mllp",
            f"127.0.0.1:{self.ports['hub-mllp']}", "--behaviour", str(sample("demo/northfork.json")), "--zone",
            "America/Chicago",
        )  # fmt: skip
        center("sunrise", "--token", self.tokens["sunrise"], "--zone", "America/Denver")
        self.processes["hub"] = Process(
            name="hub",
            command=[
                sys.executable, "-m", "hub.cli", "run", "--config", str(self.folder / "hub.toml"),
                "--ready-file", str(self.folder / "hub-ready.json"),
            ],
            health=f"{hub}/health",
            log=logs / "hub.log",
        )  # fmt: skip


def call(
    method: str, url: str, *, body: bytes | None = None, token: str | None = None, media_type: str = "application/json"
) -> tuple[int, bytes]:
    """One HTTP request to loopback. Raises ConnectionError when nobody is there."""
    request = Request(url, data=body, method=method)  # noqa: S310 - loopback URLs of our own
    if body is not None:
        request.add_header("content-type", media_type)
    request.add_header("accept", "application/json")
    if token:
        request.add_header("authorization", f"Bearer {token}")
    try:
        with urlopen(request, timeout=10) as answer:  # noqa: S310
            return int(answer.status), bytes(answer.read())
    except HTTPError as error:
        return error.code, error.read()
    except (URLError, TimeoutError, ConnectionError, OSError, HTTPException) as error:
        raise ConnectionError(str(type(error).__name__)) from None
