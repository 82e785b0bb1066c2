"""A referral's verdict: what of its package may go to its destination now, rendered and sealed, or why nothing may.

`hub.release` decides; this gives it what the deployment declares (postures, exchange policies, the partner's form)
and turns its outcome into one of three: Cleared, Withheld, Held.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

import orjson

from hub.errors import ReleaseError
from hub.loop import declared, package, restricted
from hub.loop.context import Hub
from hub.records import EntryDecision, HoldKind, Referral
from hub.release import Context, Outcome, Party, ReleasePolicy, release
from hub.release.criminal_justice import BECAUSE
from hub.release.notice import refuses
from hub.settings import DestinationSection, Settings
from mappings.errors import RenderError
from mappings.fhir.bundle import message_id
from mappings.hl7v2.header import control_id as v2_control_id
from mappings.ids import keyed_uuid
from mappings.labels import Origin, label_bundle
from mappings.partner import Partner
from mappings.render import left_out, media_type, render
from mappings.times import instant

#: What a referral is for (v3-ActReason).
PURPOSE = "TREAT"
#: Why a person looks at what the CJIS gate found when it read an entry again.
CRIMINAL_JUSTICE = "release.criminal-justice"


@dataclass(frozen=True, kw_only=True, slots=True)
class _Decided:
    """What every verdict says. `entries` is the internal record; nothing of it goes to the recipient."""

    purpose: str
    digest: str
    overall: str
    entries: tuple[EntryDecision, ...]
    obligations: tuple[str, ...] = ()
    left_out: tuple[str, ...] = ()

    @property
    def criminal_justice(self) -> bool:
        """Whether an entry was kept back because it looks like criminal justice information."""
        return any(BECAUSE in entry.because for entry in self.entries)

    @property
    def counts(self) -> dict[str, int]:
        """How many entries have each decision."""
        found: dict[str, int] = {}
        for entry in self.entries:
            found[entry.decision] = found.get(entry.decision, 0) + 1
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Cleared(_Decided):
    """It may go: the sealed bytes of a Release, and what they hold for the accounting."""

    payload: bytes
    media_type: str
    control_id: str
    what: tuple[tuple[str, str], ...]
    consents: tuple[str, ...]
    basis: tuple[str, ...]
    update: bool

    state: Literal["released"] = "released"


@dataclass(frozen=True, kw_only=True, slots=True)
class Withheld(_Decided):
    """Nothing may go as things are."""

    state: Literal["withheld"] = "withheld"


@dataclass(frozen=True, kw_only=True, slots=True)
class Held(_Decided):
    """A person must settle something first."""

    kind: HoldKind
    reason: str
    state: Literal["held"] = "held"


Verdict = Cleared | Withheld | Held


def policy_for(settings: Settings, organization: str, recipient: str) -> ReleasePolicy:
    """The release policy for what an organization discloses to another, as the deployment declares it.

    An agency that declares no exchange policy has the documented default of `hub.release.policy`.
    """
    state = settings.state_policy
    whole = ReleasePolicy(
        version=f"2026.1+{state.name}",
        state=declared.overlay_of(settings),
        labels=settings.label_policy,
        text=settings.label_text,
        minor_alone_from=state.minor_alone_from,
        majority=state.majority,
    )
    exchange = declared.exchange_of(settings, organization, recipient)
    return whole if exchange is None else replace(whole, exchange=exchange)


def party(settings: Settings, organization: str, *, duties: frozenset[str] = frozenset()) -> Party:
    """An organization as the decision knows it: its reference, posture, and the identifiers consents name it by."""
    return Party(
        reference=f"Organization/{organization}",
        role=settings.posture(organization),
        identifiers=declared.identifiers_of(settings, organization),
        duties=duties,
    )


def origin(settings: Settings, organization: str | None) -> Origin | None:
    """Whose record an entry is, with the declared posture."""
    if organization is None:
        return None
    return Origin(reference=f"Organization/{organization}", role=settings.posture(organization))


#: What says who somebody is, whom they act for, and who takes part in an exchange (S42).
_ACTORS = ("Organization", "OrganizationAffiliation", "Practitioner", "PractitionerRole", "CareTeam")


def actors_of(bundle: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The Organizations, teams and people at work in a Bundle, by every reference a Consent may name them with."""
    found: dict[str, dict[str, Any]] = {}
    for entry in bundle["entry"]:
        resource = entry["resource"]
        if resource["resourceType"] in _ACTORS and "id" in resource:
            found[f"urn:uuid:{resource['id']}"] = resource
            found[f"{resource['resourceType']}/{resource['id']}"] = resource
    return found


def named(consents: Sequence[dict[str, Any]], bundle: dict[str, Any]) -> list[dict[str, Any]]:
    """The consents with the names of the organizations they refer to, for the words of their scope (2.32(b)).

    A reference alone explains nothing to who reads it. Nothing else of a consent is changed.
    """
    names = {url: actor["name"] for url, actor in actors_of(bundle).items() if isinstance(actor.get("name"), str)}

    def with_name(node: Any) -> Any:
        if isinstance(node, list):
            return [with_name(each) for each in node]
        if not isinstance(node, dict):
            return node
        made = {key: with_name(value) for key, value in node.items()}
        target = made.get("reference")
        if isinstance(target, str) and target in names and "display" not in made:
            made["display"] = names[target]
        return made

    return [{**consent, **{k: with_name(consent[k]) for k in ("organization", "provision") if k in consent}}
            for consent in consents]  # fmt: skip


def decide_kept(
    hub: Hub,
    referral: Referral,
    kept: package.Kept,
    destination: DestinationSection,
    *,
    consents: Sequence[dict[str, Any]],
    now: datetime,
    update: bool,
    stopped: bool,
) -> Verdict:
    """As `decide`, of a referral whose package is kept."""
    return decide(
        hub,
        task_id=referral.task_id,
        patient_id=referral.patient_id,
        bundle=kept.bundle,
        origins=kept.origins,
        organization=referral.organization,
        destination=destination,
        consents=consents,
        now=now,
        update=update,
        stopped=stopped,
    )


def decide(
    hub: Hub,
    *,
    task_id: str,
    patient_id: str,
    bundle: dict[str, Any],
    origins: Sequence[str | None],
    organization: str,
    destination: DestinationSection,
    consents: Sequence[dict[str, Any]],
    now: datetime,
    update: bool,
    stopped: bool,
) -> Verdict:
    """The verdict for one package now. The same facts, consents and policy have the same digest at any time.

    `stopped`: whether the organization must not use what it has of this person (`investigation_finds.stands`).
    """
    settings = hub.settings
    partner = destination.form()
    said = package.digest(bundle)
    center = party(settings, destination.organization, duties=frozenset({"treating"}))
    identity = keyed_uuid(
        hub.namespace_key, organization, "release", destination.id, f"{task_id}\x1f{said}\x1f{instant(now)}"
    )
    resources = [entry["resource"] for entry in bundle["entry"]]
    consents = restricted.bearing(hub, consents, resources, recipient=destination.organization, now=now)
    own = {**bundle, "resourceType": "Bundle", "type": "transaction", "id": identity, "timestamp": instant(now)}
    context = Context(
        discloser=party(settings, organization),
        recipient=center,
        purpose=PURPOSE,
        patient=f"urn:uuid:{patient_id}",
        at=now,
        zone=_zone(settings, organization),
        actors={**actors_of(bundle), **declared.affiliations(settings)},
    )
    policy = replace(policy_for(settings, organization, destination.organization), stopped=stopped)
    whose = [origin(settings, o) for o in origins]
    try:
        outcome = release(
            own,
            whose,
            context,
            named(consents, bundle),
            render=lambda made: render(made, partner, update=update),
            media_type=media_type(partner),
            policy=policy,
            partner=partner,
            # as it would be labelled there
            labelled=label_bundle(own, whose, policy=policy.labels, text=policy.text, known=hub.known_labels),
        )
    except (ReleaseError, RenderError) as error:
        # A leak, or a form that cannot carry what must go with it: nothing leaves, and a person looks.
        return Held(
            purpose=PURPOSE,
            digest=_digest(error.rule, said, destination.id),
            overall="hold",
            entries=(),
            kind="law" if isinstance(error, ReleaseError) else "routing",
            reason=error.rule,
        )
    rests_on = _rests_on(outcome, own, context, policy, consents)
    # News is what the center would get: what is withheld from it may change unseen, and no message says that it did.
    sent = package.digest(outcome.bundle) if outcome.bundle is not None else said
    return _verdict(outcome, own, consents, _digest(rests_on, sent, destination.id), destination, update=update)


def _verdict(
    outcome: Outcome,
    bundle: dict[str, Any],
    consents: Sequence[dict[str, Any]],
    digest: str,
    destination: DestinationSection,
    *,
    update: bool,
) -> Verdict:
    decision = outcome.decision
    entries = entries_of(outcome, bundle)
    if outcome.state == "held":
        if any(BECAUSE in e.because for e in entries):
            return Held(
                purpose=PURPOSE, digest=digest, overall="hold", entries=entries, kind="cjis", reason=CRIMINAL_JUSTICE
            )
        unknown = any("origin is unknown" in reason for e in entries if e.decision == "hold" for reason in e.because)
        return Held(
            purpose=PURPOSE,
            digest=digest,
            overall="hold",
            entries=entries,
            kind="provenance" if unknown else "law",
            reason="release.origin-unknown" if unknown else "release.held",
        )
    if outcome.release is None or outcome.bundle is None:
        return Withheld(purpose=PURPOSE, digest=digest, overall="deny", entries=entries)
    partner = destination.form()
    identity = str(bundle["id"])
    return Cleared(
        purpose=PURPOSE,
        digest=digest,
        overall=decision.decision,
        entries=entries,
        obligations=outcome.release.obligations,
        left_out=left_out(outcome.bundle, partner, update=update),
        payload=outcome.release.bytes,
        media_type=outcome.release.media_type,
        control_id=_control_id(identity, partner, update=update),
        what=tuple((e["resource"]["resourceType"], e["resource"]["id"]) for e in outcome.bundle["entry"]),
        consents=permitting(outcome, consents),
        basis=basis(outcome),
        update=update,
    )


def basis(outcome: Outcome) -> tuple[str, ...]:
    """The rules under which what goes goes, each once: for the accounting."""
    kept = set(outcome.kept)
    return tuple(sorted({reason for one in outcome.decision.entries if one.index in kept for reason in one.because}))


def permitting(outcome: Outcome, consents: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """The consents that what goes rests on (`Consent/id`): none of an entry that stayed, and no refusal."""
    kept = set(outcome.kept)
    cited = {name for one in outcome.decision.entries if one.index in kept for name in one.consents}
    return tuple(sorted(cited - {f"Consent/{one['id']}" for one in consents if refuses(one)}))


def entries_of(outcome: Outcome, bundle: dict[str, Any]) -> tuple[EntryDecision, ...]:
    """The decision of each entry with its reference; what fell with another entry says so."""
    fallen = {w.index: w for w in outcome.withheld}
    found = []
    for one in outcome.decision.entries:
        resource = bundle["entry"][one.index]["resource"]
        lost = fallen.get(one.index)
        dependent = lost is not None and lost.decision == "dependent"
        found.append(
            EntryDecision(
                entry=f"{resource['resourceType']}/{resource['id']}",
                decision="dependent" if dependent else one.decision,
                because=lost.because if dependent and lost is not None else one.because,
                consents=one.consents,
                obligations=one.obligations,
            )
        )
    return tuple(found)


def _control_id(identity: str, partner: Partner, *, update: bool) -> str:
    """What the destination will answer to: MSH-10, or MessageHeader.id; of a transaction only our own number."""
    if partner.form == "hl7v2":
        return v2_control_id(identity)
    return message_id(identity, update=update) if partner.form == "message" else identity


def _rests_on(
    outcome: Outcome,
    bundle: dict[str, Any],
    context: Context,
    policy: ReleasePolicy,
    consents: Sequence[dict[str, Any]],
) -> str:
    """SHA-256 of a decision and what it rests on beside the content, whose digest leaves out the hub's own notes:
    the decision's own digest covers those too, and would make each receipt a reason to send again.

    Of what goes, only the entries that go count, each by its reference and not by its place.
    """
    going = [one for one in outcome.decision.entries if one.decision in ("permit", "redact")]
    entries = going if outcome.release is not None else outcome.decision.entries
    cited = {name for entry in entries for name in entry.consents}
    document = {
        "policy": policy.version,
        "discloser": [context.discloser.reference, context.discloser.role],
        "recipient": [context.recipient.reference, context.recipient.role],
        "purpose": context.purpose,
        "entries": [
            [
                _reference(bundle, one.index),
                {key: value for key, value in one.to_json().items() if key != "index"},
                sorted(one.redact),
                sorted(one.remove),
                None if one.only is None else sorted(one.only),
            ]
            for one in entries
        ],
        "consents": [consent for consent in consents if f"Consent/{consent['id']}" in cited],
    }
    return hashlib.sha256(orjson.dumps(document, option=orjson.OPT_SORT_KEYS)).hexdigest()


def _reference(bundle: dict[str, Any], index: int) -> str:
    """An entry by type and id; a Provenance by type alone, since each version of a record has one of its own."""
    resource = bundle["entry"][index]["resource"]
    kind = str(resource["resourceType"])
    return kind if kind == "Provenance" else f"{kind}/{resource['id']}"


def _digest(decision: str, said: str, destination: str) -> str:
    return hashlib.sha256(f"{decision}\x1f{said}\x1f{destination}".encode()).hexdigest()


def _zone(settings: Settings, organization: str) -> str:
    """The zone in which date-only consent periods are read: the discloser's agency's, else UTC."""
    return next((a.zone for a in settings.agency if a.id == organization), settings.hub.zone)
