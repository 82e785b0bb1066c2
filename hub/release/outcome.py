"""The step `release`, whole: label, decide per entry, redact, label what remains, notice, render, seal.

Pure: the renderer is given, the moment is in the context. The outcome's account of what was withheld and why is for
the disclosing side's own record; nothing of it goes to the recipient.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from hub.release.decide import decide
from hub.release.decision import Decision
from hub.release.law import Law
from hub.release.notice import artifacts, can_carry, carry_notice, refuses
from hub.release.policy import DEFAULT, ReleasePolicy
from hub.release.redact import Redacted, redact
from hub.release.request import Context, Entry, Request
from hub.release.seal import Release, seal
from hub.release.withheld import Withheld, beside
from mappings.labels.marking import Label, Labelled, label_bundle
from mappings.labels.origin import Origin
from mappings.labels.vocabulary import PART2, codes
from mappings.partner import GENERIC, Partner

Json = dict[str, Any]

#: Without these a referral is none: if one of them may not go, nothing goes.
REFERRAL_CORE: Final = frozenset({"Task", "ServiceRequest", "Patient"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Withholding:
    """One entry that does not go, for the internal record: its index in the Bundle, the decision, why."""

    index: int
    decision: Literal["deny", "no-consent", "hold", "dependent"]
    because: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """What came of a release. `release` is there exactly when `state` is `released`.

    `held`: a person has to settle something first. `withheld`: nothing may go as things are. `kept` are the indexes
    of the entries that go; `withheld` says of each other one why. `decision` with its digest tells whether a later
    attempt is still the same (then the same sealed bytes), or supersedes.
    """

    state: Literal["released", "withheld", "held"]
    decision: Decision
    kept: tuple[int, ...]
    withheld: tuple[Withholding, ...]
    release: Release | None = None
    bundle: Json | None = None
    #: What must not be in any bytes made of `bundle`: in memory only, for sealing more of them.
    hidden: Withheld | None = field(default=None, repr=False)


def release(
    bundle: Json,
    origins: Sequence[Origin | None],
    context: Context,
    consents: Sequence[Json],
    *,
    render: Callable[[Json], bytes],
    media_type: str,
    policy: ReleasePolicy = DEFAULT,
    partner: Partner = GENERIC,
    core: frozenset[str] = REFERRAL_CORE,
    labelled: Labelled | None = None,
) -> Outcome:
    """Release what may go of a Bundle. `origins` parallel to its entries; `labelled` if it was labelled already.

    `render` gets the redacted, relabelled Bundle with its notice and gives the final bytes; for a retry of an
    unchanged decision it may give the bytes that were sealed before, which are scanned again. Raises Leak if the
    bytes hold a withheld value, and what `render` raises.
    """
    marked = labelled or label_bundle(bundle, origins, policy=policy.labels, text=policy.text)
    asked = _request(marked, origins, context, can_carry(partner))
    decision = decide(asked, consents, policy=policy)
    redacted = redact(marked.resource, decision, policy=policy.labels, text=policy.text)
    account = _account(decision, redacted)
    lost = _lost_core(marked.resource, redacted, core)
    if lost or not redacted.kept:
        held = any(one.decision == "hold" and (not lost or one.index in lost) for one in decision.entries)
        return Outcome(state="held" if held else "withheld", decision=decision, kept=(), withheld=account)
    used = [one for one in decision.scope(redacted.kept) if not refuses(one)]
    carried = carry_notice(
        redacted.bundle,
        {o for index in redacted.kept for o in decision.entries[index].obligations},
        partner,
        consents=used,
    )
    hidden = redacted.withheld if carried is redacted.bundle else beside(redacted.withheld, artifacts(used))
    sealed = seal(
        render(carried),
        recipient=context.recipient.reference or "",
        purpose=context.purpose,
        media_type=media_type,
        withheld=hidden,
        decision=decision,
    )
    return Outcome(
        state="released",
        decision=decision,
        kept=redacted.kept,
        withheld=account,
        release=sealed,
        bundle=carried,
        hidden=hidden,
    )


def _request(marked: Labelled, origins: Sequence[Origin | None], context: Context, carries_notice: bool) -> Request:
    rows: dict[int, list[Label]] = {}
    for row in marked.labels:
        if row.path.startswith("Bundle.entry["):
            rows.setdefault(int(row.path[13 : row.path.index("]")]), []).append(row)
    found = marked.resource.get("entry")
    entries: list[Entry] = []
    part2 = False
    for index, entry in enumerate(found if isinstance(found, list) else ()):
        resource = entry.get("resource") if isinstance(entry, dict) else None
        origin = origins[index] if index < len(origins) else None
        resource = resource if isinstance(resource, dict) else {}
        part2 = part2 or PART2 in codes(resource)
        entries.append(
            Entry(
                resource=resource,
                role=origin.role if origin is not None else None,
                labels=tuple(rows.get(index, ())),
                root=f"Bundle.entry[{index}].resource",
            )
        )
    # A Bundle that came labelled as Part 2 with no label on any entry says it of all of them.
    law: Law | None = "part2" if PART2 in codes(marked.resource) and not part2 else context.law
    return Request(
        discloser=context.discloser,
        recipient=context.recipient,
        purpose=context.purpose,
        patient=context.patient,
        at=context.at,
        zone=context.zone,
        law=law,
        entries=tuple(entries),
        actors=context.actors,
        evidence=context.evidence,
        carries_notice=carries_notice,
        birth_date=context.birth_date or born(marked.resource, context.patient),
    )


def born(bundle: Json, patient: str | None) -> str | None:
    """The birth date of the patient of that reference, if their Patient is in the Bundle and has one."""
    found = bundle.get("entry")
    for entry in found if isinstance(found, list) else ():
        resource = entry.get("resource") if isinstance(entry, dict) else None
        if not isinstance(resource, dict) or resource.get("resourceType") != "Patient":
            continue
        if patient is not None and patient in (
            entry.get("fullUrl"),
            f"Patient/{resource.get('id')}",
            f"urn:uuid:{resource.get('id')}",
        ):
            value = resource.get("birthDate")
            return value if isinstance(value, str) else None
    return None


def _account(decision: Decision, redacted: Redacted) -> tuple[Withholding, ...]:
    kept, dependents = set(redacted.kept), set(redacted.dependents)
    found: list[Withholding] = []
    for one in decision.entries:
        if one.index in kept:
            continue
        if one.index in dependents or one.goes:
            because = ("it cannot stand without what is withheld",)
            found.append(Withholding(index=one.index, decision="dependent", because=because))
        else:
            found.append(Withholding(index=one.index, decision=one.decision, because=one.because))  # type: ignore[arg-type]
    return tuple(found)


def _lost_core(bundle: Json, redacted: Redacted, core: frozenset[str]) -> set[int]:
    kept = set(redacted.kept)
    found = bundle.get("entry")
    return {
        index
        for index, entry in enumerate(found if isinstance(found, list) else ())
        if isinstance(entry, dict)
        and isinstance(entry.get("resource"), dict)
        and entry["resource"].get("resourceType") in core
        and index not in kept
    }
