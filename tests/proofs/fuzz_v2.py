"""What any bytes may do to the HL7 v2 door: the splitter, the codec, acknowledgements both ways, `explain`.

`look` is one input. As a script it runs many, guided by coverage where Atheris is installed, and prints one JSON line:
`python -m tests.proofs.fuzz_v2 RUNS SEED [plain]`. An input that breaks a promise ends it with an error.
"""

from __future__ import annotations

import itertools
import json
import os
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

NOW = datetime(2026, 1, 14, 23, 2, 11, tzinfo=UTC)
#: Stands in the messages that inputs are made of, outside of what an acknowledgement echoes.
SECRET = "Harquistelle"

_MSH = "MSH|^~\\&|CAD^1.2.3^ISO|CITY|HUB|HUB|20260114230211-0600||REF^I12^REF_I12|C1|P|2.5.1|||AL|AL||UNICODE UTF-8"
_BODY = f"PID|1||X1^^^CITY&1.2&ISO^PI~X2||{SECRET}^A\\T\\B||19890417|F\rNTE|1||{SECRET}\\.br\\two\rZPD|x\r"
SEEDS: tuple[bytes, ...] = tuple(
    one if isinstance(one, bytes) else one.encode()
    for one in (
        f"\x0b{_MSH}\r{_BODY}\x1c\r",
        f"junk\x0b{_MSH.replace('|AL|AL', '||')}\r{_BODY}\x1c\r\x0b{_MSH}\r\x1c\r",
        f"\x0b{_MSH}\rPID|1\x0b{_MSH}\r{_BODY}\x1c\r",
        f"\x0bFHS|^~\\&|CAD\rBHS|^~\\&\r{_MSH}\r{_BODY}{_MSH.replace('|C1|', '|C2|')}\rBTS|2\rFTS|1\r\x1c\r",
        f"\x0b{_MSH}\n{_BODY}".replace("\r", "\n") + "\x1c\r",
        f"\x0b{_MSH}\r{_BODY}\xe9\x1c\n",
        "\x0bMSH|^~\\&|EHR|CMHC|HUB|CITY|20260114||ACK^I12^ACK|E1|P|2.5.1\rMSA|AA|C1\rERR||PID^1^5|101^x^HL70357|E\r\x1c\r",
        "\x0bMSH|^~\\&|EHR|CMHC|HUB|CITY|20260114||RRI^I12|E1|P|2.5.1||||||8859/1\rMSA|AA|C1\rRF1|A|||||R1\r\x1c\r".encode(
            "latin-1"
        ),
        f"\x0bMSH#*@!%#CAD#CITY#####ADT*A04#C9#P#2.3\rPID#1##X##{SECRET}\r\x1c\r",
    )
)
#: What an input is changed with.
WORDS = (
    b"\x0b", b"\x1c\r", b"\x1c", b"\r", b"\n", b"MSH|^~\\&|", b"FHS", b"BHS|", b"BTS|2", b"|", b"^", b"~", b"\\", b"&",
    b'""', b"\\X41\\", b"UNICODE UTF-8", b"8859/1", b"\xff", b"\xef\xbb\xbf", b"AL", b"NE", b"MSA|AA|C1", b"2.9",
)  # fmt: skip


def look(data: bytes) -> None:
    """One input: as a stream that is cut somewhere, and as one message. Raises AssertionError for a promise broken."""
    pieces = _stream(data)
    for one in pieces:
        _message(one)
    _message(data)


def _stream(data: bytes) -> list[bytes]:
    from mappings.hl7v2.framing import Broken, Frames

    frames = Frames(limit=100_000, limit_of=lambda head: 50_000, ask_at=1000)
    cut = data[0] if data else 0
    taken, kept = [], 0
    for part in (data[:cut], data[cut:]):
        frames.feed(part)
        while (piece := frames.take()) is not None:
            if isinstance(piece, Broken):
                kept += len(piece.data)
            else:
                taken.append(piece.payload)
    assert taken == _at_once(data, cut, kept), "cut at once it is otherwise"
    end = frames.end()
    kept += len(end.data) if end is not None else 0
    # Marks and empty frames apart, each byte is in a message, kept, or counted; a stream that is lost says so.
    assert sum(map(len, taken)) + kept + frames.junk <= len(data), "a byte was made up"
    assert all(b"\x0b" not in one for one in taken), "a start of block in a message"
    assert len(frames) == 0, "something is held after the end"
    return taken


def _at_once(data: bytes, cut: int, kept: int) -> list[bytes]:
    """The same payloads, where whole frames are cut as the listener does, all at once."""
    from mappings.hl7v2.framing import Broken, Frames

    frames = Frames(limit=100_000, limit_of=lambda head: 50_000, ask_at=1000)
    taken = []
    for part in (data[:cut], data[cut:]):
        frames.feed(part)
        while True:
            whole = frames.take_whole(3)
            taken += whole
            piece = None if whole else frames.take()
            if isinstance(piece, Broken):
                kept -= len(piece.data)
            elif piece is not None:
                taken.append(piece.payload)
            elif not whole:
                break
    assert kept == 0, "another broken piece"
    return taken


def _message(data: bytes) -> None:
    from hub.delivery import hl7v2
    from hub.errors import DeliveryError
    from mappings.errors import ReadError
    from mappings.hl7v2 import batch
    from mappings.hl7v2.acknowledgement import acknowledge, code_for, refuse, stencil
    from mappings.hl7v2.codec import glance, header, parse
    from mappings.hl7v2.explain import explain, oddities
    from mappings.hl7v2.first_line import first_line

    answers: list[bytes] = []
    refused = None
    try:
        message = parse(data)
    except ReadError as error:
        refused = error
        assert SECRET not in f"{error} {error.issues!r}", "a value in an error"
        made = refuse(data, error, control_id="A1", now=NOW)
        if made is not None:
            answers.append(made)
            assert parse(made).get("MSA-1") in ("AR", "CR"), "a positive answer to what was not read"
    else:
        assert message.serialize() == data
        code = code_for(message, "accept")
        if code is not None:
            answers.append(acknowledge(message, code, control_id="A1", now=NOW))
        if len(data) % 8 == 0:  # it is slow, and looks at one segment after the other
            for mask in (False, True):
                told = list(explain(message, mask=mask))
                assert len(told) == len(message.segments), "a segment was left out"
            oddities(message)
    try:
        assert glance(data).control_id == (header(data) or message).control_id or refused is None
        assert refused is None or refused.rule in ("read.charset",), "taken at the door, and not readable"
    except ReadError as error:
        assert refused is not None, "refused at the door, and readable"
        assert error.rule == refused.rule
    if refused is None and (line := first_line(data)) is not None:
        # looked at no further than that, it is the same message with the same answer
        assert line[1] == message.control_id
        code = code_for(message, "accept")
        made_once = stencil(message, code) if code is not None else None
        if made_once is not None:
            assert made_once.fill(line[1].encode(), control_id="A1", now=NOW) == answers[0]
    for answer in answers:
        read = parse(answer)
        assert [one.name for one in read.segments][:2] == ["MSH", "MSA"]
        if SECRET.encode() in answer:
            # it stood in the MSH itself, in a field that an acknowledgement echoes
            first = message if refused is None else header(data)
            assert first is not None, "a value in the answer to no message"
            assert SECRET in first.segments[0].raw, "a value of another segment in an answer"
    try:
        receipt = hl7v2.receipt_of(data, "C1", "original")
    except DeliveryError as error:
        assert SECRET not in f"{error} {error.issues!r}"
    else:
        if receipt is not None:
            assert refused is None
            assert (message.get("MSA-1"), message.get("MSA-2")) == (receipt.code, "C1")
    try:
        inside = batch.messages(data)
    except ReadError:
        pass
    else:
        assert sum(map(len, inside.messages)) <= len(data)


def mutated(seed: int) -> Iterator[bytes]:
    """Inputs without end, made of the seeds: for a machine without Atheris, and for the short form."""
    chance = Random(seed)
    for _ in itertools.count():
        data = bytearray(chance.choice(SEEDS))
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data) + 1)
            way = chance.randrange(5)
            if way == 0:
                data[at:at] = chance.choice(WORDS)
            elif way == 1:
                del data[at : at + chance.randrange(1, 20)]
            elif way == 2 and data:
                data[min(at, len(data) - 1)] = chance.randrange(256)
            elif way == 3:
                data[at:at] = chance.choice(SEEDS)[: chance.randrange(60)]
            else:
                end = at + chance.randrange(40)
                data[at:at] = data[at:end]
        yield bytes(data)


def _rss() -> int:
    """Bytes that this process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def main(runs: int, seed: int, *, plain: bool = False) -> None:
    """Runs that many inputs and prints what was seen; `plain` without Atheris. Raises what an input breaks."""
    done = 0
    early = 0
    longest = 0.0
    began = time.monotonic()
    by = "mutation"

    def one(data: bytes) -> None:
        nonlocal done, early, longest
        at = time.perf_counter()
        look(data)
        longest = max(longest, time.perf_counter() - at)
        done += 1
        if done == runs // 4:
            early = _rss()
        if done == runs:
            report()

    def report() -> None:
        grown = _rss() - early
        line: dict[str, Any] = {
            "inputs": done,
            "by": by,
            "seconds": round(time.monotonic() - began, 1),
            "longest_input_seconds": round(longest, 3),
            "grown_bytes_after_first_quarter": grown,
            "peak_bytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()

    try:
        if plain:
            raise ImportError
        import atheris
    except ImportError:
        for data in itertools.islice(mutated(seed), runs):
            one(data)
        return
    by = f"atheris {atheris.__version__}" if hasattr(atheris, "__version__") else "atheris"
    with atheris.instrument_imports(include=["mappings.hl7v2", "mappings.errors", "hub.delivery"]):
        import mappings.hl7v2.batch
        import mappings.hl7v2.explain  # noqa: F401
    inputs = mutated(seed)
    turn = 0

    def guided(data: bytes) -> None:
        # Half of them its own, half made of messages: bytes alone seldom come past the header.
        nonlocal turn
        turn += 1
        one(data if turn % 2 else next(inputs))

    options = (f"-runs={runs + 10}", f"-seed={seed}", "-max_len=4096", "-verbosity=0")
    atheris.Setup([sys.argv[0], *options, f"-artifact_prefix={tempfile.mkdtemp(prefix='fuzz-v2-')}/"], guided)
    atheris.Fuzz()


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]) if len(sys.argv) > 2 else 1, plain="plain" in sys.argv[3:])
