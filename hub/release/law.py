"""The law layer: which law governs an entry, and what it says before any consent is asked (part2 guide, section 10).

Each ruling names its rule and citation. A role, a purpose or a kind of evidence that is not known here: deny.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from hub.release.content import Facts
from hub.release.naming import Party
from hub.release.policy import ReleasePolicy
from hub.release.purpose import TPO, within
from hub.release.roles import RECIPIENT_ROLES
from mappings.labels.vocabulary import ORIGIN_UNKNOWN, PART2, expand

Law = Literal["part2", "hipaa", "consent"]
#: The layer that governs an entry. `unknown`: enforced as Part 2, held where no consent settles it.
Layer = Literal["part2", "hipaa", "police", "unknown", "consent"]
Outcome = Literal["permit", "ask-consent", "deny", "hold", "limited"]

#: A custodian's declared role and the law over its records.
_LAYER_OF_ROLE: Final[Mapping[str, Layer]] = {
    "part2-program": "part2",
    "lawful-holder": "part2",
    "qso": "part2",
    "intermediary": "unknown",
    "covered-entity": "hipaa",
    "business-associate": "hipaa",
    # Neither law binds it; what a covered entity may do without asking is the most we do for it.
    "other": "hipaa",
    "law-enforcement": "police",
}
EVIDENCE: Final = frozenset(
    ["emergency", "audit", "court-order", "subpoena", "crime-on-premises", "child-abuse", "monitoring-duty"]
)

#: What may be said of a person to police about a crime on the premises (42 CFR 2.12(c)(5)) and in a report of child
#: abuse (2.12(c)(6)): who and where, nothing else of the record.
IDENTITY_ONLY: Final = frozenset({"resourceType", "id", "meta", "name", "address"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Evidence:
    """What supports a named exception: its kind, where it is kept, when and by whom it was given."""

    type: str
    reference: str | None = None
    at: str | None = None
    by: str | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Ruling:
    """What the law says of an entry. `limited`: only the elements of IDENTITY_ONLY goes.

    `exception`: it does not depend on consents. `without`: sensitivities that do not go with it.
    """

    outcome: Outcome
    because: str
    obligations: tuple[str, ...] = ()
    exception: bool = False
    without: frozenset[str] = frozenset()


def layer(law: Law | None, facts: Facts, role: str | None) -> Layer:
    """The law over an entry: the strictest of what is asked for and what its labels say."""
    if law == "consent":
        return "consent"
    # 42 CFR 2.12(d)(2)(i)(C): the restriction follows the record, whoever holds it and whatever is claimed.
    if PART2 in facts.certain or law == "part2":
        return "part2"
    if law == "hipaa":
        return "hipaa"
    if ORIGIN_UNKNOWN in facts.certain:
        return "unknown"
    return _LAYER_OF_ROLE.get(role or "", "unknown")


def rule(
    over: Layer,
    facts: Facts,
    *,
    discloser: Party,
    recipient: Party,
    purpose: str,
    patient: str | None,
    evidence: tuple[Evidence, ...],
    policy: ReleasePolicy,
) -> Ruling:
    """What the layer says. Raises nothing; what it does not know it denies."""
    if over == "consent":
        return Ruling(outcome="ask-consent", because="consent alone decides")
    if recipient.role not in RECIPIENT_ROLES:
        return Ruling(outcome="deny", because="recipient's role is unknown")
    if any(one.type not in EVIDENCE for one in evidence):
        return Ruling(outcome="deny", because="evidence of an unknown kind")
    if policy.stopped:
        return Ruling(outcome="hold", because="found to be Part 2 in an investigation: use stops (42 CFR 2.3(b))")
    kinds = {one.type for one in evidence if one.reference}
    part2 = over in ("part2", "unknown")
    if (named := _exception(part2, facts, discloser, recipient, purpose, evidence, kinds)) is not None:
        return named
    if recipient.role == "patient":
        return _patient(part2, facts, recipient, purpose, patient)
    exchanged = _exchanged(facts, recipient, purpose, policy) if over == "police" else None
    if recipient.role == "law-enforcement":
        # An agency may give its own records to another; that one claims to treat changes nothing.
        own = None if within(purpose, *TPO) else exchanged
        return own or _to_police(part2, recipient, purpose, kinds)
    if part2:
        return Ruling(outcome="ask-consent", because="Part 2 asks for consent (42 CFR 2.13(a))")
    if over == "police":
        return exchanged or Ruling(outcome="deny", because="the agency's exchange policy does not name it")
    return _hipaa(facts, recipient, purpose)


def _exchanged(facts: Facts, recipient: Party, purpose: str, policy: ReleasePolicy) -> Ruling | None:
    """What the agency's declared exchange policy gives. What one line leaves out, another may give."""
    lines = policy.exchange.lines(facts.resource, role=recipient.role, purpose=purpose)
    if not lines:
        return None
    without = frozenset.intersection(*(expand(line.without) for line in lines))
    named = "; ".join(dict.fromkeys(line.reference for line in lines if line.reference))
    because = f"the agency's exchange policy ({named})" if named else "the agency's exchange policy"
    return Ruling(outcome="permit", because=because, without=without)


def _exception(
    part2: bool,
    facts: Facts,
    discloser: Party,
    recipient: Party,
    purpose: str,
    evidence: tuple[Evidence, ...],
    kinds: set[str],
) -> Ruling | None:
    """The named exceptions, each with its own evidence. None: no exception applies."""
    police = recipient.role == "law-enforcement"
    if within(purpose, "ETREAT"):
        # 42 CFR 2.51: to medical personnel only, and documented at once; an officer is not medical personnel (P17).
        documented = any(one.type == "emergency" and one.reference and one.at and one.by for one in evidence)
        if "medical-personnel" in recipient.duties and not police and documented:
            return Ruling(
                outcome="permit",
                because="medical emergency (42 CFR 2.51)" if part2 else "treatment (45 CFR 164.506(c))",
                obligations=("emergency-record", "AOD", "review"),
                exception=True,
            )
        if police:
            return Ruling(outcome="deny", because="an officer is not medical personnel (42 CFR 2.51)")
    if "crime-on-premises" in kinds and police:
        if part2 and discloser.role not in ("part2-program", None):
            return None
        # 42 CFR 2.12(c)(5), 45 CFR 164.512(f)(5): circumstances, status, name, address, last known whereabouts.
        return _identity(facts, "crime on the premises or against staff (42 CFR 2.12(c)(5))")
    if "child-abuse" in kinds and recipient.role in ("law-enforcement", "other"):
        return _identity(facts, "report of suspected child abuse or neglect (42 CFR 2.12(c)(6))")
    if "audit" in kinds and not police and within(purpose, "HOPERAT"):
        return Ruling(
            outcome="permit",
            because="audit or evaluation (42 CFR 2.53)",
            obligations=("AOD", "NORDSCLCD"),
            exception=True,
        )
    return None


def _identity(facts: Facts, because: str) -> Ruling:
    if facts.resource.get("resourceType") == "Patient":
        return Ruling(outcome="limited", because=because, obligations=("AOD",), exception=True)
    return Ruling(outcome="deny", because=f"beyond what may be said: {because}")


def _patient(part2: bool, facts: Facts, recipient: Party, purpose: str, patient: str | None) -> Ruling:
    if patient is None or patient not in recipient.known_as or not within(purpose, "PATRQT"):
        return Ruling(outcome="deny", because="the recipient is not the patient, or did not ask as one")
    if "PSYTHPN" in facts.certain:
        return Ruling(outcome="deny", because="psychotherapy notes (45 CFR 164.524(a)(1)(i))")
    because = "the patient's own access (42 CFR 2.23)" if part2 else "the patient's own access (45 CFR 164.524)"
    return Ruling(outcome="permit", because=because, exception=True)


def _to_police(part2: bool, recipient: Party, purpose: str, kinds: set[str]) -> Ruling:
    if within(purpose, *TPO):
        # 42 CFR 2.31(a)(4)(i), 2.33: police neither treat, pay nor operate, whatever purpose is claimed (S39).
        return Ruling(
            outcome="deny", because="police are no recipient for treatment, payment or operations (42 CFR 2.33)"
        )
    if part2:
        if {"court-order", "subpoena"} <= kinds:
            # 42 CFR 2.61, 2.64, 2.65: the order authorises, the subpoena compels, a person releases.
            return Ruling(outcome="hold", because="court order with subpoena: a person releases (42 CFR 2.61, 2.65)")
        if "subpoena" in kinds or "court-order" in kinds:
            return Ruling(outcome="deny", because="a subpoena or an order alone is not enough (42 CFR 2.61)")
        if purpose == "justice-monitoring" and not ("monitoring" in recipient.duties or "monitoring-duty" in kinds):
            return Ruling(outcome="deny", because="only those with a duty to monitor (42 CFR 2.35)")
        return Ruling(outcome="ask-consent", because="consent naming the agency (42 CFR 2.31, 2.35)")
    if kinds & {"court-order", "subpoena"} or purpose in ("THREAT", "imminent-threat"):
        return Ruling(outcome="hold", because="policy: the privacy officer decides (45 CFR 164.512)")
    return Ruling(outcome="ask-consent", because="authorization naming the agency (45 CFR 164.508)")


def _hipaa(facts: Facts, recipient: Party, purpose: str) -> Ruling:
    if "PSYTHPN" in facts.certain:
        return Ruling(outcome="ask-consent", because="psychotherapy notes need an authorization (45 CFR 164.508(a)(2))")
    if within(purpose, *TPO) and recipient.role in ("covered-entity", "part2-program", "business-associate"):
        return Ruling(outcome="permit", because="treatment, payment, health care operations (45 CFR 164.506(c))")
    return Ruling(outcome="ask-consent", because="authorization (45 CFR 164.508)")
