"""What every step is given: settings, store, clock, chance and the ways out. Made once in `hub.app`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from random import Random

from hub.delivery.key_sets import KeySets
from hub.delivery.ways import Ways
from hub.loop.callers import Callers
from hub.loop.v2_sender import Alike, Sender
from hub.metrics import Metrics
from hub.settings import Settings, SourceSection
from hub.spans import Spans
from hub.store.store import Store
from mappings.labels import Known


@dataclass(frozen=True, kw_only=True)
class Hub:
    """One running hub. `clock` gives aware times; `random` is for jitter only; `name` says who did what in the audit.

    `zone` is what date-only consent periods are read in when nothing else says.
    """

    settings: Settings
    store: Store
    clock: Callable[[], datetime]
    ways: Ways
    metrics: Metrics = field(default_factory=Metrics)
    spans: Spans = field(default_factory=Spans)
    random: Random = field(default_factory=Random)
    #: When each polled destination, or other regular work, is next due, in epoch seconds.
    due: dict[str, float] = field(default_factory=dict)
    #: By destination and task, the digest of the version that was read last; no more than what is open.
    polled: dict[str, dict[str, bytes]] = field(default_factory=dict)
    #: By destination that is down, the last delivery whose waiting was rung for.
    rung: dict[str, int] = field(default_factory=dict)
    #: By source, how to send more on the MLLP connection that it last used in enhanced mode; of this process only.
    v2_peers: dict[str, Callable[[bytes], bool]] = field(default_factory=dict)
    #: What there is to do with v2 messages by what their MSHs have in common; worked out once for each.
    v2_alike: dict[tuple[object, ...], Alike | None] = field(default_factory=dict)
    #: Who a v2 message is of, by what its MSH and its connection say; what was found once is not looked for again.
    v2_senders: dict[tuple[object, ...], Sender] = field(default_factory=dict)
    name: str = "hub"

    @cached_property
    def callers(self) -> Callers:
        """The sources that come over HTTP, by their tokens."""
        return Callers(self.settings)

    @cached_property
    def key_sets(self) -> KeySets:
        """The public keys of systems that sign their own tokens."""
        return KeySets(self.ways.common, self.clock)

    @cached_property
    def known_labels(self) -> Known:
        """What labelling found in resources that come again: a referral's are labelled at each step."""
        return Known(self.settings.label_text)

    @property
    def namespace_key(self) -> bytes:
        """The key of resource ids."""
        return self.store.keys.namespace_key

    def source(self, name: str) -> SourceSection | None:
        """The configured source of that name."""
        return next((s for s in self.settings.source if s.name == name), None)
