"""A stored Consent in the form of another profile: IHE PCF 1.1.0, or HL7 FAST Consent 1.0.0 (Scalable Consent
Management).

What the hub stores is more than either takes, and they contradict: PCF asks for `organization`, FAST forbids it and
has its controller as an extension of R5. An export leaves out what a profile forbids and never makes up what it asks
for; and where leaving out would let more go than the form does, there is no export. Our extension stays: both
profiles are open to it. Not a release: nothing is decided here.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final, Literal

from mappings.fhir.consent import PART2_ELEMENTS, TPO
from mappings.fhir.systems import ACT_CODE, ACT_REASON, CONSENT_SCOPE, PARTICIPATION, SID_RESOURCE
from mappings.record import record
from profiles.issue import Issue, stops

Json = dict[str, Any]
Profile = Literal["pcf", "fast"]

_CONFIDENTIALITY: Final = "http://terminology.hl7.org/CodeSystem/v3-Confidentiality"
_PCF: Final = "https://profiles.ihe.net/ITI/PCF/StructureDefinition/IHE.PCF.consent"
_FAST: Final = "http://hl7.org/fhir/us/consent-management/StructureDefinition/FASTConsent"
_R5: Final = "http://hl7.org/fhir/5.0/StructureDefinition/extension-Consent."
_NPI: Final = "http://hl7.org/fhir/sid/us-npi"

#: Labels that PCF's advanced consents may carry (AdvancedSecurityTagVS, required).
PCF_LABELS: Final = frozenset(
    {(_CONFIDENTIALITY, code) for code in ("N", "R")}
    | {(ACT_CODE, code) for code in ("ETH", "ETHUD", "OPIOIDUD", "PSY", "SDV", "HIV")}
)
#: Ours that PCF writes otherwise: its ETH is substance abuse with alcohol, its PSY mental health.
_PCF_SAME: Final = {"SUD": "ETH", "MH": "PSY"}
#: Purposes of its basic consents (BasicPurposeVS, required).
PCF_BASIC: Final = frozenset({*TPO, "BTG"})

_RULES: Final[dict[str, tuple[Literal["error", "warning"], str, str]]] = {
    "consent.export-missing": ("error", "required", "the profile asks for this, and the form does not have it"),
    "consent.export-recipient": (
        "error",
        "business-rule",
        "whom it names only in words or as a class cannot be said in this profile: it would let anybody receive",
    ),
    "consent.export-discloser": (
        "error",
        "business-rule",
        "a part of it is for one discloser alone, which this profile cannot say",
    ),
    "consent.export-label": (
        "error",
        "code-invalid",
        "the profile has no such label: without it more would go than the form lets go",
    ),
    "consent.export-less": (
        "warning",
        "business-rule",
        "the profile has no place for a part of this: the export lets less go than the form does",
    ),
    "consent.export-limit": (
        "error",
        "business-rule",
        "the profile forbids this element: without it more would go than the form lets go",
    ),
    "consent.export-depth": ("error", "structure", "the profile takes one level of exceptions"),
    "consent.export-event": (
        "warning",
        "business-rule",
        "it ends with an event: who gets it has to be told when the event comes",
    ),
    "consent.export-identifier": (
        "error",
        "required",
        "the profile takes references with an identifier of their own, and none is known",
    ),
}


@record
class Exported:
    """An export with what was found. `consent` is None exactly when an issue is an error."""

    consent: dict[str, Any] | None
    issues: tuple[Issue, ...]


class _Account:
    def __init__(self) -> None:
        self.found: list[Issue] = []

    def say(self, rule: str, path: str) -> None:
        severity, code, text = _RULES[rule]
        issue = Issue(severity=severity, code=code, rule=rule, path=path, text=text)
        if issue not in self.found:
            self.found.append(issue)


def export_consent(
    consent: Mapping[str, Any], profile: Profile, *, beside: Iterable[Mapping[str, Any]] = ()
) -> Exported:
    """The Consent as `pcf` or `fast` has it. `beside`: resources that it refers to, for their identifiers.

    Says by path what the profile lacks or forbids; no value. The same input gives the same bytes.
    """
    account = _Account()
    made: Json = {key: value for key, value in consent.items() if key not in ("text", "contained", "verification")}
    provision = made.get("provision")
    _asked_for(made, profile, account)
    if isinstance(provision, dict):
        made["provision"] = _provision(provision, "Consent.provision", account, profile, outer=None, deep=0)
        _recipients(made, account)
    if profile == "pcf":
        _pcf(made)
    else:
        made = _fast(made, {_key(one): one for one in beside}, account)
    issues = tuple(account.found)
    return Exported(consent=None if stops(issues) else made, issues=issues)


def _asked_for(consent: Json, profile: Profile, account: _Account) -> None:
    """What both ask for, and the organization, which they ask for at different places."""
    for name in ("status", "category", "patient", "dateTime", "performer", "organization", "provision"):
        if not consent.get(name):
            account.say("consent.export-missing", f"Consent.{name}")
    if not consent.get("sourceReference") and (profile == "fast" or not consent.get("sourceAttachment")):
        account.say("consent.export-missing", "Consent.source")
    scope = {(one.get("system"), one.get("code")) for one in consent.get("scope", {}).get("coding", ())}
    if (CONSENT_SCOPE, "patient-privacy") not in scope:
        account.say("consent.export-missing", "Consent.scope")
    if not any(one.get("uri") for one in consent.get("policy", ())):
        account.say("consent.export-missing", "Consent.policy.uri")


def _provision(node: Json, path: str, account: _Account, profile: Profile, *, outer: str | None, deep: int) -> Json:
    made = {key: value for key, value in node.items() if key not in ("class", "code", "action", "provision")}
    kind = node.get("type") or outer
    if deep == 0 and not node.get("type"):
        account.say("consent.export-missing", f"{path}.type")
    # What a permit is limited to, and what a deny is about: without the one more goes, without the other it denies all.
    for name in ("class", "code", "action"):
        if not node.get(name):
            continue
        if profile == "fast":
            made[name] = node[name]
        else:
            rule = "consent.export-less" if kind == "deny" else "consent.export-limit"
            account.say(rule, f"{path}.{name}")
    for actor in node.get("actor", ()):
        roles = {(one.get("system"), one.get("code")) for one in actor.get("role", {}).get("coding", ())}
        if (PARTICIPATION, "IRCP") not in roles:
            account.say("consent.export-discloser", f"{path}.actor.role")
    if profile == "pcf" and node.get("securityLabel"):
        labels = _labels(node["securityLabel"], f"{path}.securityLabel", account, kind)
        made.pop("securityLabel")
        if labels:
            made["securityLabel"] = labels
    if inner := node.get("provision"):
        if deep:
            account.say("consent.export-depth", f"{path}.provision")
        made["provision"] = [
            _provision(one, f"{path}.provision[{turn}]", account, profile, outer=kind, deep=deep + 1)
            for turn, one in enumerate(inner)
        ]
    return made


def _labels(labels: list[Json], path: str, account: _Account, kind: str | None) -> list[Json]:
    """Those labels that PCF has. A permit with fewer lets less go; a deny with fewer would let more."""
    kept: list[Json] = []
    lost = False
    for label in labels:
        code = label.get("code")
        if label.get("system") == ACT_CODE:
            code = _PCF_SAME.get(str(code), code)
        if (label.get("system"), code) in PCF_LABELS:
            made = {"system": label["system"], "code": code}
            if made not in kept:
                kept.append(made)
        else:
            lost = True
    if lost:
        # A permit that had labels and has none any more would be about everything.
        narrower = kind == "permit" and bool(kept)
        account.say("consent.export-less" if narrower else "consent.export-label", path)
    return kept


def _recipients(consent: Json, account: _Account) -> None:
    """A permit without an actor lets anybody in the community receive (PCF): no form that names somebody says that."""
    parts = _parts(consent)
    provision: Json = consent["provision"]
    if provision.get("type") == "permit":
        in_words = parts & {"recipientName", "recipientClass", "intermediary"}
        actors = provision.get("actor", [])
        if not actors or any(not _named(one.get("reference", {})) for one in actors):
            account.say("consent.export-recipient", "Consent.provision.actor")
        elif in_words:
            # Who is named in words beside them does not receive by this export: it lets less go.
            account.say("consent.export-less", "Consent.extension")
        if not provision.get("period", {}).get("end") and "expiryEvent" in parts:
            account.say("consent.export-event", "Consent.provision.period.end")


def _named(reference: Json) -> bool:
    return bool(reference.get("reference") or reference.get("identifier"))


def _parts(consent: Json) -> set[str]:
    return {
        str(part.get("url"))
        for extension in consent.get("extension", ())
        if extension.get("url") == PART2_ELEMENTS
        for part in extension.get("extension", ())
    }


def _pcf(consent: Json) -> None:
    """IHE PCF: the least of its three profiles that has room; no policyRule, no policy.authority."""
    consent.pop("policyRule", None)
    consent["policy"] = [{"uri": one["uri"]} for one in consent.get("policy", ()) if one.get("uri")]
    provision: Json = consent.get("provision", {})
    nodes = [provision, *provision.get("provision", ())]
    purposes = {(one.get("system"), one.get("code")) for one in provision.get("purpose", ())}
    if any(node.get("securityLabel") for node in nodes):
        level = "Advanced"
    elif len(nodes) > 1 or any(provision.get(key) for key in ("data", "dataPeriod")):
        level = "Intermediate"
    elif purposes <= {(ACT_REASON, code) for code in PCF_BASIC}:
        level = "Basic"
    else:
        level = "Intermediate"
    consent["meta"] = _meta(consent, _PCF + level)


def _fast(consent: Json, known: Mapping[str, Mapping[str, Any]], account: _Account) -> Json:
    """FAST: no organization, who enforces as R5's controller, who receives as its grantee; identifiers throughout."""

    def with_identifier(reference: Json, path: str) -> Json:
        found = reference.get("identifier") or _identifier(known.get(_target(reference)))
        if not found:
            account.say("consent.export-identifier", path)
            return reference
        # Ids of one server are of no use on another: the identifier is what travels.
        made = {key: value for key, value in reference.items() if key in ("type", "display")}
        return {**made, "identifier": found}

    made = dict(consent)
    disclosers = [with_identifier(one, "Consent.organization") for one in made.pop("organization", ())]
    if isinstance(made.get("patient"), dict):
        made["patient"] = with_identifier(made["patient"], "Consent.patient")
    if made.get("performer"):
        made["performer"] = [with_identifier(one, "Consent.performer") for one in made["performer"]]

    def actors(node: Json) -> Json:
        changed = dict(node)
        if node.get("actor"):
            changed["actor"] = [
                {**one, "reference": with_identifier(one.get("reference", {}), "Consent.provision.actor.reference")}
                for one in node["actor"]
            ]
        if node.get("provision"):
            changed["provision"] = [actors(one) for one in node["provision"]]
        return changed

    if isinstance(made.get("provision"), dict):
        made["provision"] = actors(made["provision"])
    grantees = [one["reference"] for one in made.get("provision", {}).get("actor", ())]
    made["extension"] = [
        *({"url": f"{_R5}grantee", "valueReference": one} for one in grantees),
        *({"url": f"{_R5}manager", "valueReference": one} for one in disclosers),
        *({"url": f"{_R5}controller", "valueReference": one} for one in disclosers),
        *(one for one in made.get("extension", ()) if not str(one.get("url")).startswith(_R5)),
    ]
    # One identifier of the consent, the same wherever it goes: its ballot takes no more.
    identifiers = made.get("identifier", [])
    own = [one for one in identifiers if one.get("system") == SID_RESOURCE] or identifiers
    if own:
        made["identifier"] = own[:1]
    else:
        account.say("consent.export-missing", "Consent.identifier")
    made["meta"] = _meta(made, _FAST)
    return made


def _meta(consent: Json, profile: str) -> Json:
    """The labels stay; what is claimed is the profile of the export, and no version of ours."""
    kept = {key: value for key, value in consent.get("meta", {}).items() if key == "security"}
    return {**kept, "profile": [profile]}


def _identifier(resource: Mapping[str, Any] | None) -> Json | None:
    """The identifier by which others may know it: an NPI before any other, and never the social security number."""
    found = [
        one
        for one in (resource or {}).get("identifier", ())
        if one.get("system") and one.get("value") and not str(one["system"]).endswith("/us-ssn")
    ]
    best = next((one for one in found if one["system"] == _NPI), None) or (found[0] if found else None)
    return None if best is None else {"system": best["system"], "value": best["value"]}


def _target(reference: Mapping[str, Any]) -> str:
    return str(reference.get("reference", "")).removeprefix("urn:uuid:").rpartition("/")[2]


def _key(resource: Mapping[str, Any]) -> str:
    return str(resource.get("id", ""))
