"""The command that makes a key for SMART Backend Services."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from hub.cli.edge import write


def new_key(
    out: Annotated[Path, typer.Option("--out", metavar="FILE", help="Where the private key goes; must not be there.")],
) -> None:
    """Makes an EC P-384 key (mode 0600) and prints its public half as a JWKS, for the center to register.

    To renew: make one, add it as the second of `smart.keys`, wait until the center has read
    `/.well-known/jwks.json` again, and put it first.
    """
    from hub.delivery import client_keys

    write({"keys": [client_keys.make(out).public()]})
