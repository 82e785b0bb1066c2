"""Running the service: listen, say where, serve until told to stop."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import socket
from collections.abc import Callable, Iterator
from pathlib import Path

import uvicorn
from prometheus_client import start_http_server
from starlette.applications import Starlette

from hub import drbg
from hub.app import create_app, open_hub, running
from hub.cli import log_lines
from hub.errors import SettingsError
from hub.loop.context import Hub
from hub.settings import HubSection, Settings, is_loopback
from hub.store import accounts
from hub.store.keys.opened import check_module

#: Seconds that open requests have to end in when the hub is told to stop.
PATIENCE = 5


def serve(settings: Settings, *, say: Callable[[str], None], ready_file: Path | None) -> None:
    """Runs the hub until SIGINT or SIGTERM. `say` gets where it listens and the console's one-time token.

    The ready file appears whole, and only when everything listens. Raises SettingsError `settings.port` when the
    address is taken, and what the store and the settings raise.
    """
    check_module(settings)
    listening = _listen(settings.hub)
    log_lines.configure()
    token = drbg.token()
    app = create_app(settings, local_token=token)
    if not is_loopback(settings.hub.bind) and not app.state.hub.store.read(accounts.listed):
        app.state.hub.store.close()
        listening.close()
        text = "away from loopback people sign in with accounts, and there is none: handoff user add"
        raise SettingsError("settings.accounts", text, path="hub.bind")
    server = _Server(
        uvicorn.Config(
            app,
            log_config=None,
            access_log=False,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=PATIENCE,
            limit_concurrency=settings.hub.connections,
            ssl_certfile=settings.hub.tls_certificate,
            ssl_keyfile=settings.hub.tls_key,
        )
    )
    try:
        # uvicorn's own choice of loop: uvloop where it is installed
        with asyncio.Runner(loop_factory=server.config.get_loop_factory()) as runner:
            runner.run(_run(server, app, listening, settings, token, say, ready_file))
    finally:
        listening.close()
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


def work(settings: Settings, *, say: Callable[[str], None], ready_file: Path | None) -> None:
    """Reads and sends what other processes of this hub receive, until SIGINT or SIGTERM; it listens nowhere.

    Raises what the store and the settings raise.
    """
    log_lines.configure()
    hub = open_hub(settings)
    try:
        # the loop that the service has: uvloop where it is installed
        with asyncio.Runner(loop_factory=uvicorn.Config("").get_loop_factory()) as runner:
            runner.run(_work(hub, say, ready_file))
    finally:
        if ready_file is not None:
            ready_file.unlink(missing_ok=True)


async def _work(hub: Hub, say: Callable[[str], None], ready_file: Path | None) -> None:
    told = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, told.set)
    if (port := hub.settings.metrics.worker_port) is not None:
        # nobody else asks for them here: this process listens nowhere but for its measures
        start_http_server(port, "127.0.0.1", hub.metrics.registry)
    async with running(hub, worker=True):
        _settled_in()
        say("Working    it reads and sends; `handoff run` receives")
        if ready_file is not None:
            await asyncio.to_thread(_write, ready_file, {"pid": os.getpid()})
        await told.wait()


class _Server(uvicorn.Server):
    """uvicorn, but a signal that stops it is the normal end of the command and not a death by that signal."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Stops gracefully on the first SIGINT or SIGTERM, at once on a second."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.add_signal_handler(number, self.handle_exit, number, None)
        try:
            yield
        finally:
            for number in (signal.SIGINT, signal.SIGTERM):
                loop.remove_signal_handler(number)


def _listen(section: HubSection) -> socket.socket:
    family = socket.AF_INET6 if ":" in section.bind else socket.AF_INET
    made = socket.socket(family, socket.SOCK_STREAM)
    made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        made.bind((section.bind, section.port))
        made.listen(2048)
    except OSError as error:
        made.close()
        raise SettingsError(
            "settings.port", f"cannot listen there: {os.strerror(error.errno or 0)}", path="hub.bind, hub.port"
        ) from None
    return made


async def _run(
    server: _Server,
    app: Starlette,
    listening: socket.socket,
    settings: Settings,
    token: str,
    say: Callable[[str], None],
    ready_file: Path | None,
) -> None:
    serving = asyncio.create_task(server.serve(sockets=[listening]))
    while not server.started and not serving.done():
        await asyncio.sleep(0.01)
    if server.started:
        _settled_in()
        port = listening.getsockname()[1]
        mllp = getattr(app.state, "mllp_port", None)
        for line in announcement(settings.hub, port, mllp, token):
            say(line)
        if ready_file is not None:
            await asyncio.to_thread(
                _write, ready_file, {"pid": os.getpid(), "http": port, "mllp": mllp, "token": token}
            )
    await serving
    if not server.started:
        raise SettingsError("settings.start", "the hub did not start; its log says why", path="hub")


def _settled_in() -> None:
    """What the start has made stays for good; looking through it again and again costs the way in a fifteenth."""
    gc.collect()
    gc.freeze()


def announcement(section: HubSection, port: int, mllp: int | None, token: str) -> list[str]:
    """Where the hub listens and how to sign in, for whoever started it."""
    scheme = "http" if section.tls_certificate is None else "https"
    host = f"[{section.bind}]" if ":" in section.bind else section.bind
    lines = [f"Listening  {scheme}://{host}:{port}"]
    if mllp is not None:
        lines.append(f"MLLP       {host}:{mllp}")
    lines += [
        f"Console    {scheme}://{host}:{port}/console",
        f"Token      {token}   (signs one person in, once; `handoff token` makes another)",
    ]
    return lines


def _write(path: Path, content: dict[str, object]) -> None:
    """The file with its whole content, or none: it holds the token, so it is the owner's alone."""
    path.parent.mkdir(parents=True, exist_ok=True)
    new = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(new, os.O_CREAT | os.O_WRONLY | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "w") as file:
        json.dump(content, file)
        file.flush()
        os.fsync(file.fileno())
    new.replace(path)
