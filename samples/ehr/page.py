"""The desk's page: one card for each referral, with the decisions that are open in its state."""

from __future__ import annotations

import secrets
from datetime import datetime, tzinfo
from html import escape
from typing import Any

from desk import DECISIONS
from web import Response

WAYS = {"message": "FHIR message", "transaction": "FHIR REST", "v2": "HL7 v2 over MLLP"}
LABELS = {
    "pend": "Mark pending",
    "accept": "Accept",
    "schedule": "Schedule",
    "reject": "Reject",
    "complete": "Complete",
}
STYLE = """
:root { color-scheme: light; --ink:#1d2b33; --soft:#5b6b75; --line:#d9e0e4; --paper:#fff; --ground:#f3f6f7;
  --accent:#1f6f78; }
* { box-sizing:border-box; }
body { margin:0; font:16px/1.45 system-ui,sans-serif; color:var(--ink); background:var(--ground); }
header { background:var(--accent); color:#fff; padding:1rem 1.5rem; }
header h1 { margin:0; font-size:1.25rem; } header p { margin:.15rem 0 0; opacity:.9; font-size:.9rem; }
main { max-width:60rem; margin:1.25rem auto; padding:0 1rem; display:grid; gap:1rem; }
article { background:var(--paper); border:1px solid var(--line); border-radius:8px; padding:1rem 1.25rem; }
h2 { margin:0; font-size:1.1rem; display:flex; gap:.6rem; align-items:center; flex-wrap:wrap; }
.facts { color:var(--soft); margin:.25rem 0 .6rem; font-size:.92rem; }
.state { font-size:.78rem; padding:.1rem .6rem; border-radius:1rem; background:#e6ecef; color:var(--ink); }
.received { background:#fff0c9; } .accepted,.scheduled,.completed { background:#d5efdf; }
.rejected,.cancelled { background:#f6dada; } .urgent { background:#b3261e; color:#fff; }
.actions { display:flex; gap:.6rem 1rem; flex-wrap:wrap; align-items:end; margin:.75rem 0 0; }
form { display:flex; gap:.4rem; align-items:end; margin:0; }
label { font-size:.78rem; color:var(--soft); display:grid; }
input { font:inherit; padding:.3rem .5rem; border:1px solid #9fb0b8; border-radius:6px; background:#fff; }
button { font:inherit; padding:.35rem .9rem; border:1px solid var(--accent); border-radius:6px;
  background:#fff; color:var(--accent); cursor:pointer; }
button.first { background:var(--accent); color:#fff; }
button:focus-visible,input:focus-visible { outline:3px solid #f2b84b; outline-offset:1px; }
ol { margin:.5rem 0 0; padding-left:1.2rem; font-size:.85rem; color:var(--soft); }
.empty { text-align:center; color:var(--soft); padding:3rem 1rem; }
"""
#: comes back for news every few seconds, unless somebody is writing in a field
SCRIPT = """
setInterval(() => {
  const busy = [...document.querySelectorAll("input")].some(i => i === document.activeElement || i.value);
  if (!busy) location.reload();
}, 4000);
"""


def desk(name: str, referrals: list[dict[str, Any]], zone: tzinfo) -> Response:
    """All referrals, newest first."""
    cards = "".join(_card(referral, zone) for referral in reversed(referrals))
    waiting = sum(referral["status"] in ("received", "pending") for referral in referrals)
    count = f"{len(referrals)} referral{'' if len(referrals) == 1 else 's'}, {waiting} waiting for a decision"
    body = cards or '<p class="empty">No referral yet. This page looks again every few seconds.</p>'
    return _page(name, f"Referral desk. {count}.", body, script=True)


def sign_in(name: str, *, wrong: bool) -> Response:
    """Asks for the token."""
    told = "<p>That token was not right.</p>" if wrong else ""
    body = f"""<article>{told}<form method="post" action="/sign-in">
<label>Token<input type="password" name="token" required autofocus></label>
<button class="first">Sign in</button></form></article>"""
    return _page(name, "Referral desk. Sign in.", body, status=401)


def _card(referral: dict[str, Any], zone: tzinfo) -> str:
    number, status = referral["id"], referral["status"]
    urgency = referral["urgency"]
    urgent = " urgent" if urgency in ("stat", "asap", "urgent") else ""
    badge = f'<span class="state{urgent}">{escape(urgency)}</span>' if urgency else ""
    facts = [referral["service"], referral["reason"], WAYS[referral["via"]]]
    facts.append("received " + _time(referral["received"], zone))
    waiting = referral["waiting"]
    if waiting["answers"]:
        facts.append(f"answer not yet taken by the hub ({waiting['attempts']} attempts)")
    actions = "".join(_action(number, do) for do, (allowed, _) in DECISIONS.items() if status in allowed)
    return f"""<article><h2>{number}. {escape(referral["patient"])}
<span class="state {escape(status)}">{escape(status)}</span>{badge}</h2>
<p class="facts">{escape(" · ".join(filter(None, facts)))}</p>
<ol>{"".join(_event(event, zone) for event in referral["history"])}</ol>
{f'<div class="actions">{actions}</div>' if actions else ""}</article>"""


def _event(event: dict[str, Any], zone: tzinfo) -> str:
    words = [_time(event["at"], zone), event["did"]]
    if "when" in event:
        words.append("for " + _time(event["when"], zone))
    if "reason" in event:
        words.append(f"({event['reason']})")
    if event.get("answered"):
        words.append("· answer taken by the hub")
    return f"<li>{escape(' '.join(words))}</li>"


def _action(number: int, do: str) -> str:
    extra = {
        "schedule": '<label>When<input type="datetime-local" name="when" required></label>',
        "reject": '<label>Reason<input name="reason" required maxlength="200"></label>',
    }.get(do, "")
    first = ' class="first"' if do == "accept" else ""
    return f'<form method="post" action="/desk/{number}/{do}">{extra}<button{first}>{LABELS[do]}</button></form>'


def _time(stamp: str, zone: tzinfo) -> str:
    return datetime.fromisoformat(stamp).astimezone(zone).strftime("%d %b %Y %H:%M %Z")


def _page(name: str, line: str, body: str, *, status: int = 200, script: bool = False) -> Response:
    nonce = secrets.token_urlsafe(12)
    code = f'<script nonce="{nonce}">{SCRIPT}</script>' if script else ""
    html = f"""<!doctype html><html lang="en"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width,initial-scale=1"><title>{escape(name)}</title>
<style nonce="{nonce}">{STYLE}</style></head>
<body><header><h1>{escape(name)}</h1><p>{escape(line)}</p></header><main>{body}</main>{code}</body></html>"""
    policy = f"default-src 'none'; style-src 'nonce-{nonce}'; script-src 'nonce-{nonce}'; form-action 'self'"
    headers = {"Content-Security-Policy": policy, "X-Content-Type-Options": "nosniff"}
    return Response(status=status, body=html.encode(), media_type="text/html", headers=headers)
