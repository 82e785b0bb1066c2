"""What is asked of the consents once and not for each entry. Says nothing of the law: that is `law`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hub.release.age import signers
from hub.release.consent import check_consent, deficient
from hub.release.content import CARRIERS, Facts
from hub.release.law import Layer
from hub.release.matching import Directive, Rule, Said, says
from hub.release.naming import participants_named
from hub.release.policy import ReleasePolicy
from hub.release.request import Request


class Usable:
    """What is asked of a consent once and not for each entry: why it cannot be relied on to permit under a law, and
    what it says of entries that are labelled alike.
    """

    def __init__(self, request: Request, policy: ReleasePolicy, *, any_in_force: bool) -> None:
        self._request = request
        #: Whether any consent of this patient is in force, also one that does not speak about the request.
        self.any_in_force = any_in_force
        self._said: dict[tuple[frozenset[str], frozenset[str], str, bool], dict[tuple[Any, ...], Said]] = {}
        self._signers = signers(request.birth_date, at=request.at, zone=request.zone, policy=policy)
        self._found: dict[tuple[str, str], tuple[str, ...]] = {}
        self._denies: bool | None = None

    def says(self, directives: Sequence[Directive], facts: Facts) -> dict[str, Said]:
        """What each consent that speaks about the request says of an entry."""
        carrier = facts.resource.get("resourceType") in CARRIERS
        alike = self._said.setdefault((facts.certain, facts.possible, facts.confidentiality, carrier), {})
        found: dict[str, Said] = {}
        for one in directives:
            if one.rule is None:
                continue
            said = alike.get(one.asks) if one.asks is not None else None
            if said is None:
                said = says(one.rule, facts)
                if one.asks is not None:
                    alike[one.asks] = said
            found[one.reference] = said
        return found

    def denies_by_label(self, directives: Sequence[Directive]) -> bool:
        """Whether any consent here refuses a sensitivity, so that mentions of it matter."""
        if self._denies is None:
            self._denies = any(_refuses_label(one.rule) for one in directives if one.rule is not None)
        return self._denies

    def faults(self, one: Directive, over: Layer, purpose: str) -> tuple[str, ...]:
        if over == "consent":
            return ()
        law = "part2" if over in ("part2", "unknown") else "hipaa"
        key = (one.reference, law)
        if key not in self._found:
            issues = check_consent(
                one.consent, at=self._request.at, zone=self._request.zone, law=law, signers=self._signers
            )
            rules = deficient(issues)
            if purpose == "proceedings" and any(issue.rule == "proceedings-combined" for issue in issues):
                rules = (*rules, "proceedings-combined")
            if law == "part2" and self._lacks_participants(one):
                rules = tuple(dict.fromkeys((*rules, "intermediary-participants-missing")))
            self._found[key] = rules
        return self._found[key]

    def _lacks_participants(self, one: Directive) -> bool:
        """Whether the recipient passes records on and the form does not say to whom (42 CFR 2.31(a)(4)(ii))."""
        who = self._request.recipient
        return who.role == "intermediary" and not participants_named(one.extra, who, self._request.actors)


def _refuses_label(given: Rule) -> bool:
    if given.kind == "deny" and given.node.get("securityLabel"):
        return True
    return any(_refuses_label(child) for child in given.exceptions)
