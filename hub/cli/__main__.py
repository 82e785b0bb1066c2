"""`python -m hub.cli`: the command `handoff` without its script."""

from hub.cli import main

main()
