"""`kill -9` of a hub between the v2 messages of one delivery: it goes on with the same bytes, in order, none left out.

The center is here and kills the hub's own process at a message: once it has it, before its acknowledgement leaves, or
right after. `test_v2_feeds` has the short form, in one process.
"""

from __future__ import annotations

import socket
import threading
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from benchmarks.hubs import APP, SAMPLES, Hubs, Sender, free_port, settings
from hub.store import deliveries
from hub.store.keys import FileKeys, KeyRing
from hub.store.migrate import migrate
from hub.store.store import Store
from mappings.hl7v2.codec import parse
from mappings.hl7v2.framing import Frame, Frames, frame
from mappings.hl7v2.messages import split


@dataclass
class Center:
    """An MLLP receiver that acknowledges each message; `kill` is called at the messages of `moments` (place, whether
    the acknowledgement has left), each once."""

    moments: list[tuple[int, bool]]
    kill: Any
    got: list[bytes] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.listening = socket.create_server(("127.0.0.1", 0))
        self.port = self.listening.getsockname()[1]
        self.thread = threading.Thread(target=self._serve, daemon=True)
        self.thread.start()

    def close(self) -> None:
        """Listens no more."""
        self.listening.shutdown(socket.SHUT_RDWR)
        self.thread.join(60)
        self.listening.close()

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self.listening.accept()
            except OSError:
                return
            with connection:
                frames = Frames(limit=1_000_000)
                try:
                    while data := connection.recv(65536):
                        frames.feed(data)
                        while isinstance(piece := frames.take(), Frame):
                            self._answer(connection, piece.payload)
                except OSError:
                    continue

    def _answer(self, connection: socket.socket, data: bytes) -> None:
        self.got.append(data)
        place = len(dict.fromkeys(self.got))
        if (place, False) in self.moments:
            self.moments.remove((place, False))
            self.kill()
            return
        head = f"MSH|^~\\&|northfork|NFCC|H|C|20260101||ACK|A{len(self.got)}|P|2.5.1"
        connection.sendall(frame(f"{head}\rMSA|AA|{parse(data).control_id}\r".encode()))
        if (place, True) in self.moments:
            self.moments.remove((place, True))
            self.kill()


@pytest.mark.proof
def test_a_killed_hub_goes_on_where_the_center_is(tmp_path: Path) -> None:
    restart = threading.Event()  # the hub was killed
    with Hubs(tmp_path) as hubs:
        center = Center([(1, False), (2, False), (2, True), (3, False)], lambda: (hubs.kill("hub"), restart.set()))
        database, port = f"sqlite:///{tmp_path}/hub.db", free_port()
        document = settings(tmp_path, database, center=9, port=port)
        (northfork,) = (one for one in document["destination"] if one["id"] == "northfork")
        northfork |= {"url": f"mllp://127.0.0.1:{center.port}", "timeout": 5.0}
        northfork["partner"] |= {"messages": ["ADT^A28", "MDM^T02"]}
        migrate(database)
        hubs.start("hub", "run", document)
        hubs.wait_ready("hub")
        sender = Sender((port,), APP)
        sender.send((SAMPLES / "incident/story-2-contact/input.json").read_bytes())
        sender.close()
        store = Store(database, KeyRing(FileKeys(tmp_path / "keys.json")), _clock)
        until = time.monotonic() + 120
        while time.monotonic() < until:
            if restart.is_set():
                restart.clear()
                hubs.start("hub", "run", document)
            found = store.read(lambda tx: deliveries.listed(tx, destination="northfork"))
            if found and found[0].state == "done" and not restart.is_set():
                break
            time.sleep(0.02)
        (delivery,) = found
        wanted = split(store.read(lambda tx: deliveries.release(tx, delivery.id)))
        store.close()
    center.close()  # its last peer has ended with the hub
    assert delivery.state == "done"
    assert center.moments == []
    assert len(wanted) > 2
    # each of them, in their order, the same bytes whenever it came again
    assert tuple(dict.fromkeys(center.got)) == wanted
    places = [wanted.index(one) for one in center.got]
    assert places == sorted(places)
    assert len(places) > len(wanted)


def _clock() -> datetime:
    return datetime.now(UTC)
