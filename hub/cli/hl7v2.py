"""The commands for HL7 v2: explain a message, send one, listen for some. Tools of an interface analyst.

`explain` shows what is in a message to whoever has its file; `send` sends what its user has; `listen` is a test
partner: it keeps what it gets in a folder, durably, before it acknowledges. None of them touches a hub's database.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from hub.cli.edge import read_input, say, write

if TYPE_CHECKING:
    from hub.settings import ClientTlsSection

Json = Annotated[bool, typer.Option("--json", help="JSON on standard output; errors as an OperationOutcome.")]
Certificate = Annotated[Path | None, typer.Option("--certificate", help="PEM: the certificate that is shown.")]
Key = Annotated[Path | None, typer.Option("--key", help="PEM: its key.")]
Authorities = Annotated[Path | None, typer.Option("--ca", help="PEM: the authorities that are believed.")]
Subjects = Annotated[
    list[str] | None, typer.Option("--subject", help="A subject that is believed (CN=name,O=name); may be repeated.")
]


def register(app: typer.Typer) -> None:
    """Adds the group to the command line."""
    group = typer.Typer(help="HL7 v2 messages: explain, send, listen.", no_args_is_help=True)
    group.command()(explain)
    group.command()(send)
    group.command()(listen)
    app.add_typer(group, name="hl7v2")


def explain(
    file: Annotated[str, typer.Argument(metavar="FILE", help="A message or a batch, or - for standard input.")],
    mask: Annotated[bool, typer.Option("--mask", help="Show how long values are, in place of them.")] = False,
    charset: Annotated[str, typer.Option("--charset", help="As MSH-18 writes it, where a message has none.")] = "",
    as_json: Json = False,
) -> None:
    """Every field of a message by its name in the standard, what is odd, and what it becomes in FHIR.

    Frames are taken off. Exit 1 when a message cannot be read: the others are told.
    """
    from mappings.errors import ReadError
    from mappings.hl7v2.codec import parse
    from mappings.hl7v2.explain import targets

    bad = False
    for number, data in enumerate(_messages(read_input(file)), 1):
        try:
            message = parse(data, charset=charset)
        except ReadError as error:
            bad = True
            say(error.issues, as_json=as_json, where=f"message {number}")
            continue
        if as_json:
            write(_as_json(message, mask=mask, targets=targets()))
        else:
            _show(message, mask=mask, targets=targets())
    if bad:
        raise typer.Exit(1)


def send(
    address: Annotated[str, typer.Argument(metavar="ADDRESS", help="mllp://host:port, or mllps://host:port.")],
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help="Messages, or - for standard input.")],
    enhanced: Annotated[bool, typer.Option("--enhanced", help="A commit acknowledgement (CA) is enough.")] = False,
    timeout: Annotated[float, typer.Option("--timeout", min=0.1, help="Seconds for each message.")] = 20.0,
    retries: Annotated[int, typer.Option("--retries", min=0, help="Tries again after what may pass.")] = 0,
    certificate: Certificate = None,
    key: Key = None,
    ca: Authorities = None,
    subject: Subjects = None,
    as_json: Json = False,
) -> None:
    """Sends messages over MLLP as they are, one after the other, and says how each was acknowledged.

    The next is sent only when the one before is acknowledged, and a retry sends the same bytes. Exit 1 when one was
    not taken: those behind it are not sent. It is not a release: nothing is decided about what is in the file.
    """
    import asyncio

    from hub.delivery import hl7v2
    from hub.errors import DeliveryError
    from hub.tls import client_context

    section = _tls(certificate, key, ca, subject)
    context = client_context(section, where="--certificate, --key, --ca") if address.startswith("mllps:") else None
    if context is None and section is not None:
        raise typer.BadParameter("TLS options need an mllps:// address", param_hint="ADDRESS")

    async def go() -> bool:
        for name in files:
            for data in _messages(read_input(name)):
                for attempt in range(retries + 1):
                    try:
                        got = await hl7v2.send(
                            address,
                            data,
                            tls=context,
                            subjects=subject or (),
                            timeout=timeout,
                            mode="enhanced" if enhanced else "original",
                        )
                    except DeliveryError as error:
                        if error.retry and attempt < retries:
                            await asyncio.sleep(min(2.0**attempt, 30.0))
                            continue
                        say(error.issues, as_json=as_json, where=name)
                        return False
                    line = {"file": name, "control_id": got.control_id, "code": got.code, "attempts": attempt + 1}
                    if as_json:
                        write(line)
                    else:
                        typer.echo(f"{got.code}  {got.control_id}")
                    break
        return True

    if not asyncio.run(go()):
        raise typer.Exit(1)


def listen(
    port: Annotated[int, typer.Argument(metavar="PORT", min=0, max=65535, help="0 takes a free one.")],
    keep: Annotated[Path, typer.Option("--keep", metavar="DIR", help="Where messages are written, one a file.")],
    host: Annotated[str, typer.Option("--host", help="The address.")] = "127.0.0.1",
    answer: Annotated[
        str, typer.Option("--answer", help="accept, error or reject: what every message gets.")
    ] = "accept",
    count: Annotated[int | None, typer.Option("--count", min=1, help="Ends after so many messages.")] = None,
    max_message: Annotated[int, typer.Option("--max", min=1024, help="Largest message, in bytes.")] = 16 * 1024 * 1024,
    certificate: Certificate = None,
    key: Key = None,
    ca: Authorities = None,
    subject: Subjects = None,
    as_json: Json = False,
) -> None:
    """Listens for messages over MLLP, writes each to a file, and then acknowledges it as its MSH-15 wants.

    A message is on the disk before its acknowledgement leaves. With --ca only certificates of these authorities are
    let in, and with --subject only these subjects. Without TLS it listens on this machine only. Ctrl-C ends it.
    """
    import asyncio

    from hub.cli.listening import Listener
    from hub.errors import SettingsError
    from hub.settings import MllpSection, is_loopback

    if answer not in ("accept", "error", "reject"):
        raise typer.BadParameter("accept, error or reject", param_hint="--answer")
    if certificate is None and not is_loopback(host):
        raise typer.BadParameter("without --certificate it listens on this machine only", param_hint="--host")
    if subject and ca is None:
        raise typer.BadParameter("subjects are of certificates: name their authorities by --ca", param_hint="--subject")
    try:
        section = MllpSection(tls_certificate=certificate, tls_key=key, client_ca=ca, max_message=max_message)
    except ValueError:
        raise SettingsError(
            "settings.tls", "TLS takes a certificate and its key", path="--certificate, --key"
        ) from None
    keep.mkdir(parents=True, exist_ok=True)

    def tell(line: dict[str, Any]) -> None:
        if as_json:
            write(line)
            sys.stdout.flush()
        else:
            typer.echo("  ".join(str(value) for value in line.values()))

    listener = Listener(folder=keep, outcome=answer, subjects=frozenset(subject or ()), tell=tell)  # type: ignore[arg-type]
    try:
        asyncio.run(listener.run(host, port, section, count=count))
    except KeyboardInterrupt:
        pass
    except OSError as error:
        sys.stderr.write(f"cannot listen on {host}:{port}: {error.strerror}\n")
        raise typer.Exit(2) from None


def _tls(
    certificate: Path | None, key: Path | None, ca: Path | None, subjects: list[str] | None
) -> ClientTlsSection | None:
    from hub.errors import SettingsError
    from hub.settings import ClientTlsSection

    if certificate is None and key is None and ca is None and not subjects:
        return None
    try:
        return ClientTlsSection(certificate=certificate, key=key, ca=ca, subjects=tuple(subjects or ()))
    except ValueError:
        raise SettingsError(
            "settings.tls",
            "a certificate takes its key, and a subject its authorities",
            path="--certificate, --subject",
        ) from None


def _messages(data: bytes) -> list[bytes]:
    """The messages of a file: framed, in a batch, one after the other, or one alone.

    A file that an editor ended with LF, or wrote with CRLF, is sent with CR: on the wire nothing else is a segment end.
    """
    from mappings.errors import ReadError
    from mappings.hl7v2 import batch
    from mappings.hl7v2.framing import Broken, Frames

    if b"\x0b" in data:
        frames = Frames(limit=len(data))
        frames.feed(data)
        found = []
        while (piece := frames.take()) is not None:
            if not isinstance(piece, Broken):
                found.append(piece.payload)
        if found:
            return found
    data = data.removeprefix(b"\xef\xbb\xbf")
    if b"\r" not in data.replace(b"\r\n", b"\n"):
        data = data.replace(b"\r\n", b"\n").strip(b"\n").replace(b"\n", b"\r") + b"\r"
    try:
        return list(batch.messages(data).messages)
    except ReadError:
        return [data]  # for its reader to refuse


def _as_json(message: Any, *, mask: bool, targets: Any) -> dict[str, Any]:
    from mappings.hl7v2.explain import explain as told_of
    from mappings.hl7v2.explain import oddities

    return {
        "type": message.type,
        "version": message.version,
        "odd": list(oddities(message)),
        "segments": [
            {
                "segment": one.segment,
                "occurrence": one.occurrence,
                "name": one.name,
                "odd": list(one.odd),
                "fields": [
                    {
                        "place": each.place,
                        "name": each.name,
                        "datatype": each.datatype,
                        "value": each.value,
                        "components": [
                            {"number": part.number, "name": part.name, "value": part.value} for part in each.parts
                        ],
                        "odd": list(each.odd),
                        "becomes": list(each.becomes),
                    }
                    for each in one.fields
                ],
            }
            for one in told_of(message, mask=mask, targets=targets)
        ],
    }


def _show(message: Any, *, mask: bool, targets: Any) -> None:
    from mappings.hl7v2.explain import explain as told_of
    from mappings.hl7v2.explain import oddities

    typer.echo(f"{message.type or '(no type)'}, version {message.version or '(none)'}")
    for text in oddities(message):
        typer.echo(f"  ! {text}")
    for one in told_of(message, mask=mask, targets=targets):
        count = f"[{one.occurrence}]" if one.occurrence > 1 else ""
        typer.echo(f"\n{one.segment}{count}  {one.name or ''}".rstrip())
        for text in one.odd:
            typer.echo(f"  ! {text}")
        for each in one.fields:
            what = f"{each.name or '?'} ({each.datatype})" if each.datatype else each.name or "?"
            becomes = f"  → {', '.join(each.becomes)}" if each.becomes else ""
            value = "" if each.value is None else f": {_line(each.value)}"
            typer.echo(f"  {each.place:<10} {what}{value}{becomes}")
            for part in each.parts:
                typer.echo(f"    .{part.number:<8} {part.name or '?'}: {_line(part.value)}")
            for text in each.odd:
                typer.echo(f"    ! {text}")


def _line(value: str) -> str:
    """A value on one line of a terminal: what could move its cursor is shown as it is written in Python."""
    return "".join(sign if sign.isprintable() else sign.encode("unicode_escape").decode("ascii") for sign in value)
