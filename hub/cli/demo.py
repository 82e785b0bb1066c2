"""`handoff demo`: the story in the terminal, then the hub keeps running."""

from __future__ import annotations

import signal
import sys
import threading
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import typer


def register(app: typer.Typer) -> None:
    """Adds the command."""
    app.command()(demo)


def demo(
    folder: Annotated[Path, typer.Option("--dir", help="Where everything lies.")] = Path("handoff-demo"),
    once: Annotated[bool, typer.Option("--once", help="End after the story.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Print the tally as JSON, no timeline.")] = False,
) -> None:
    """Plays the whole story with real processes on this machine: calls, contacts, referrals, answers, an alarm.

    Everybody in it is invented. Without --once the hub and the three sample EHRs keep running. Exit 1 unless all of
    the story happened.
    """
    from rich.console import Console
    from rich.table import Table

    from hub.demo.stage import Stage
    from hub.demo.story import tell

    console = Console(stderr=as_json, quiet=as_json, highlight=False)
    tones = {"good": "green", "warn": "yellow", "bad": "bold red", "": "default"}

    def say(at: float, who: str, what: str, tone: str) -> None:
        line = Table.grid(padding=(0, 1))
        line.add_column(width=8, justify="right", style="dim")
        line.add_column(width=13, style="cyan")
        line.add_column(style=tones[tone])
        line.add_row(f"{at:.1f} s", who, what)
        console.print(line)

    with ExitStack() as stack:
        where = folder.resolve()
        # A plain kill must end the children too, or their ports stay taken.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
        console.print("[bold]Warm Handoff demo[/bold]: everybody in it is invented. Starting a hub and three EHRs …")
        stage = stack.enter_context(Stage(where, once))
        tally = tell(stage, say)
        console.print()
        if as_json:
            sys.stdout.buffer.write(tally.to_json() + b"\n")
            sys.stdout.flush()
        else:
            _summary(console, tally)
        if not once:
            _stay(console, stage)
        if not tally.complete():
            raise typer.Exit(1)


def _summary(console: object, tally: object) -> None:
    from dataclasses import asdict

    from rich.console import Console
    from rich.table import Table

    from hub.demo.tally import Tally

    assert isinstance(console, Console)
    assert isinstance(tally, Tally)
    table = Table(title="What happened", title_justify="left", show_header=False)
    for name, value in asdict(tally).items():
        table.add_row(name.replace("_", " "), str(value))
    console.print(table)


def _stay(console: object, stage: object) -> None:
    """Says where to look, and waits until somebody ends it."""
    from rich.console import Console

    from hub.demo.stage import Stage

    assert isinstance(console, Console)
    assert isinstance(stage, Stage)
    console.print("[bold]The hub keeps running.[/bold] Where to look:")
    console.print(f"  the hub's page   {stage.hub_url}/console   one-time token: {stage.console_token}", soft_wrap=True)
    for name in ("lakeshore", "northfork", "sunrise"):
        token = f"   token: {stage.tokens[name]}" if name in stage.tokens else ""
        console.print(f"  {name:<16} http://127.0.0.1:{stage.ports[f'{name}-http']}/{token}", soft_wrap=True)
    console.print(f"  everything else  {stage.folder}", soft_wrap=True)
    console.print("Ctrl-C ends it.")
    stop = threading.Event()
    try:
        while not stop.wait(1.0):
            for name in stage.watch():
                console.print(f"[yellow]{name} had fallen and is started again[/yellow]")
    except KeyboardInterrupt:
        console.print("Stopping.")
