"""Starts hub processes by forking one that has imported everything: a start costs what a hub does, not its imports.

A line on standard input is a start (JSON: `role` run or worker, `settings` a document, `base`, `log`, `ready`); the
answer on standard output is the process's id. What dies is reaped. At the end of input all are told to stop.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
from pathlib import Path
from traceback import extract_tb
from typing import Any

from hub.cli import serving
from hub.loop import foreign
from hub.settings import parse


def child(order: dict[str, Any]) -> None:
    """Runs a hub or a worker in this process, to its end."""
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    log = os.open(order["log"], os.O_CREAT | os.O_APPEND | os.O_WRONLY, 0o600)
    nothing = os.open(os.devnull, os.O_RDONLY)
    for number, target in ((0, nothing), (1, log), (2, log)):
        os.dup2(number if number == target else target, number)
    settings = parse(order["settings"], base=Path(order["base"]))
    start = serving.work if order["role"] == "worker" else serving.serve
    start(settings, say=lambda line: None, ready_file=Path(order["ready"]))


def main() -> None:
    """Forks until there is no more input."""
    foreign.warm()
    alive: set[int] = set()

    def reap(number: int, frame: object) -> None:
        for pid in tuple(alive):
            with contextlib.suppress(ChildProcessError):
                if os.waitpid(pid, os.WNOHANG)[0]:
                    alive.discard(pid)

    signal.signal(signal.SIGCHLD, reap)
    sys.stdout.write("ready\n")
    sys.stdout.flush()
    for line in sys.stdin:
        pid = os.fork()
        if not pid:
            try:
                child(json.loads(line))
            except BaseException as error:  # noqa: BLE001 - whatever it is, this process must not go on as the nursery
                sys.stderr.write(f"{type(error).__name__} at {extract_tb(error.__traceback__)[-1]}\n")
                os._exit(1)
            os._exit(0)
        alive.add(pid)
        sys.stdout.write(f"{pid}\n")
        sys.stdout.flush()
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    for pid in alive:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGTERM)
    for pid in alive:
        with contextlib.suppress(ChildProcessError):
            os.waitpid(pid, 0)


if __name__ == "__main__":
    main()
