"""The step `release`: whether each entry may go, what goes with it, and the seal that alone makes a Release.

Pure: no clock, no network, no store. What crosses from one organization to another is a Release.
"""

from __future__ import annotations

from hub.release.consent import check_consent
from hub.release.contract import decide_json, release_json
from hub.release.decide import decide
from hub.release.decision import Decision, EntryDecision
from hub.release.law import Evidence
from hub.release.naming import Party
from hub.release.notice import STATEMENT_1, STATEMENT_2, carry_notice, scope_text
from hub.release.outcome import Outcome, Withholding, born, release
from hub.release.overlay import StateOverlay, StateRule, overlay_schema, read_overlay
from hub.release.policy import ExchangePolicy, ExchangeRule, ReleasePolicy
from hub.release.redact import Redacted, redact
from hub.release.request import Context, Entry, Request
from hub.release.seal import Leak, Release, seal
from hub.release.withheld import Withheld

__all__ = [
    "STATEMENT_1",
    "STATEMENT_2",
    "Context",
    "Decision",
    "Entry",
    "EntryDecision",
    "Evidence",
    "ExchangePolicy",
    "ExchangeRule",
    "Leak",
    "Outcome",
    "Party",
    "Redacted",
    "Release",
    "ReleasePolicy",
    "Request",
    "StateOverlay",
    "StateRule",
    "Withheld",
    "Withholding",
    "born",
    "carry_notice",
    "check_consent",
    "decide",
    "decide_json",
    "overlay_schema",
    "read_overlay",
    "redact",
    "release",
    "release_json",
    "scope_text",
    "seal",
]
