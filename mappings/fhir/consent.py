"""Consent: the form as it was signed, element by element (42 CFR 2.31, IHE PCF).

What the form has is emitted; what it lacks is left out, and whether it is then valid is decided at release, not
here. A form with every element that its law asks for claims the profile of its kind. Elements of 2.31 without a home
in R4 stand in the extension `part2-consent-elements`, one sub-extension each:

    description               string   what may be shared, (a)(3)
    discloserName, -Class     string   who may disclose, where it is no Organization of the directory, (a)(2)
    recipientName, -Class     string   who may receive, likewise, (a)(4)
    intermediary              nested   organization (Reference), name, class, participant* (string, Reference or
                                       Identifier; of the directory's organizations a Reference), (a)(4)(ii)
    revocationStatement       boolean  right to revoke, (a)(6)
    expiryEvent               string   event or condition, (a)(7)
    redisclosureStatement     boolean  risk of redisclosure, (a)(10)
    hipaaRedisclosureStatement boolean (a)(4)(iii)
    refusalStatement          boolean  consequence of refusal, (a)(10)
    signedBy, signatureCapacity, signatureMethod   string, code, code   (a)(8)
    cosignedBy, cosignatureCapacity   string, code   who signed beside them, 2.14(c)
    witness                   code*    roles of who was present
    counsellingNotes, proceedings, tpo   boolean   what the consent is about or is combined with
    revokedAt, revokedAs, revocationMethod, revocationTakenBy   dateTime, code, code, string   (a)(6)
    endedAt                   dateTime   when the event of `expiryEvent` came
"""

from __future__ import annotations

from typing import Any, Final

from mappings.fhir.datatypes import period
from mappings.fhir.document_reference import form_document
from mappings.fhir.draft import Draft, Json, clean, ref, token
from mappings.fhir.encounter import Visit
from mappings.fhir.organization import known, organization_reference
from mappings.fhir.profile import claim
from mappings.fhir.systems import (
    ACT_CODE,
    ACT_REASON,
    CONSENT_SCOPE,
    EXTENSION,
    LOINC,
    PARTICIPATION,
    POLICE_PURPOSE,
    SID_CONSENT,
    SID_RESOURCE,
)
from mappings.incident import ConsentForm, Recipient, Signature

#: Extension holding the elements of 42 CFR 2.31 that R4 has no place for.
PART2_ELEMENTS: Final = EXTENSION + "part2-consent-elements"

#: What the single consent to treatment, payment and health care operations is made of.
TPO: Final = ("TREAT", "HPAYMT", "HOPERAT")

_POLICY = {
    # HL7's consent policy codes have none for Part 2, so the regulation itself is named.
    "part2": "https://www.ecfr.gov/current/title-42/section-2.31",
    "hipaa-authorization": "https://www.ecfr.gov/current/title-45/section-164.508",
    "opt-out": "https://www.ecfr.gov/current/title-45/section-164.522",
}
_DIRECTIVE = {"part2": "42CFRPart2CD", "hipaa-authorization": "HIPAAAuthCD", "opt-out": "OPTOUT"}
_PROFILE: Final = {
    "part2": "part2-consent",
    "hipaa-authorization": "authorization-consent",
    "opt-out": "opt-out-consent",
}
#: Statements that a form makes: the single consent to TPO, 42 CFR 2.31(a)(4)(iii) and (10); 45 CFR 164.508(c)(2).
_TPO_STATEMENTS: Final = frozenset({"hipaaRedisclosureStatement", "redisclosureStatement", "refusalStatement"})
_AUTHORIZATION_STATEMENTS: Final = frozenset({"redisclosureStatement", "refusalStatement"})
_STATUS = {"active": "active", "revoked": "inactive", "draft": "draft"}


def consent(draft: Draft, visit: Visit, turn: int, form: ConsentForm) -> None:
    """Adds the Consent of `form` (and its scan) and remembers it on `visit`."""
    path = f"{visit.path}.consents[{turn}]"
    origin = visit.origin
    key = draft.unique(f"{visit.key}|consent|{clean(form.number) or turn}")
    made = draft.id_of("consent", key, origin=origin)
    scan = None
    if form.scan is not None:
        scan = form_document(
            draft, form.scan, patient=visit.patient, encounter=visit.url or None, origin=origin, key=f"{key}|scan"
        )
        visit.documents.append(scan)
    resource: Json = {"resourceType": "Consent", "id": made}
    elements = _elements(draft, form)
    if elements:
        resource["extension"] = [{"url": PART2_ELEMENTS, "extension": elements}]
    identifiers: list[Json] = [{"system": SID_RESOURCE, "value": made}]
    if number := clean(form.number):
        identifiers.append({"system": SID_CONSENT, "value": number})
    resource["identifier"] = identifiers
    resource["status"] = _STATUS[form.status]
    resource["scope"] = {"coding": [{"system": CONSENT_SCOPE, "code": "patient-privacy"}]}
    resource["category"] = [
        {"coding": [{"system": LOINC, "code": "59284-0"}]},
        {"coding": [{"system": ACT_CODE, "code": _DIRECTIVE[form.kind]}]},
    ]
    if visit.patient is not None:
        resource["patient"] = ref(visit.patient)
    signature = form.signature
    if signature is not None:
        if signature.at is not None:
            resource["dateTime"] = signature.at
        performers = [_signer(draft, visit, one) for one in (signature, form.cosignature) if one is not None]
        if signers := [one for one in performers if one is not None]:
            resource["performer"] = signers
    if disclosers := [
        organization_reference(draft, one.organization) for one in form.disclosers if one.organization is not None
    ]:
        resource["organization"] = disclosers
    if scan is not None:
        resource["sourceReference"] = ref(scan)
    resource["policy"] = [{"uri": _POLICY[form.kind]}]
    resource["provision"] = _provision(draft, form, path)
    if visit.patient not in draft.unclaimed and _complete(resource, elements, form.kind):
        resource["meta"] = claim(_PROFILE[form.kind])
    visit.consents.append(draft.add(resource, origin))


def _signer(draft: Draft, visit: Visit, signature: Signature) -> Json | None:
    signer = clean(signature.by)
    if signer is None:
        return None
    if signature.capacity == "patient":
        return ref(visit.patient) if visit.patient is not None else None
    related = draft.interned.get(("related-person", signer))
    return ref(related) if related else {"type": "RelatedPerson", "display": signer}


def _complete(resource: Json, elements: list[Json], kind: str) -> bool:
    """Whether the form has every element that the profile of its kind asks for. Not whether it is valid: that is asked
    at release, of a moment and a recipient."""
    if not resource.keys() >= {"patient", "dateTime", "performer"}:
        return False
    provision = resource["provision"]
    if kind == "opt-out":
        return provision["type"] == "deny" and "provision" not in provision
    there = {part["url"] for part in elements}
    stated = {part["url"] for part in elements if part.get("valueBoolean") is True}
    statements = _AUTHORIZATION_STATEMENTS
    if kind == "part2":
        statements = _TPO_STATEMENTS if "tpo" in stated else frozenset()
    return (
        "purpose" in provision
        and ("organization" in resource or bool(there & {"discloserName", "discloserClass"}))
        and ("actor" in provision or bool(there & {"recipientName", "recipientClass", "intermediary"}))
        and ("securityLabel" in provision or "description" in there)
        and ("end" in provision.get("period", {}) or "expiryEvent" in there)
        and "revocationStatement" in stated
        and statements <= stated
    )


def _provision(draft: Draft, form: ConsentForm, path: str) -> Json:
    made: Json = {"type": form.decision}
    if lasts := period(draft, form.valid_from, form.expires, f"{path}.expires"):
        made["period"] = lasts
    actors = []
    for one in form.recipients:
        if one.organization is not None:
            who: Json = organization_reference(draft, one.organization)
        elif name := clean(one.name):
            who = {"display": name}
        else:
            continue
        actors.append({"role": {"coding": [{"system": PARTICIPATION, "code": "IRCP"}]}, "reference": who})
    if actors:
        made["actor"] = actors
    if labels := _labels(form.sensitivities):
        made["securityLabel"] = labels
    if purposes := _purposes(form.purposes):
        made["purpose"] = purposes
    if excluded := _labels(form.excluded):
        if form.decision == "permit":
            made["provision"] = [{"type": "deny", "securityLabel": excluded}]
        else:
            draft.issue("translate.excluded-in-deny", f"{path}.excluded")
    return made


def _labels(codes: tuple[str, ...]) -> list[Json]:
    return [{"system": ACT_CODE, "code": code} for given in codes if (code := token(given))]


def _purposes(codes: tuple[str, ...]) -> list[Json]:
    """Codes of v3-ActReason, our own in lower case, or `system|code`; TPO becomes its three."""
    found: list[Json] = []
    for given in codes:
        for code in TPO if given == "TPO" else (given,):
            system, bar, name = code.rpartition("|")
            # HL7 has no purpose for police: ours are the ones in lower case.
            standard = ACT_REASON if name.isupper() else POLICE_PURPOSE
            made = {"system": system if bar and system else standard, "code": token(name)}
            if made["code"] and made not in found:
                found.append(made)
    return found


def _elements(draft: Draft, form: ConsentForm) -> list[Json]:
    found: list[Json] = []
    slots = {person.slot for person in draft.incident.persons}

    def put(url: str, kind: str, value: Any) -> None:
        if value is not None:
            found.append({"url": url, "value" + kind: value})

    put("description", "String", clean(form.description))
    for prefix, parties in (("discloser", form.disclosers), ("recipient", form.recipients)):
        for one in parties:
            if one.organization is None:
                put(prefix + "Name", "String", clean(one.name))
            put(prefix + "Class", "String", clean(one.class_))
            if one.intermediary:
                found.append({"url": "intermediary", "extension": _intermediary(draft, one)})
    put("revocationStatement", "Boolean", form.revocation_statement)
    put("expiryEvent", "String", clean(form.expiry_event))
    put("redisclosureStatement", "Boolean", form.redisclosure_statement)
    put("hipaaRedisclosureStatement", "Boolean", form.hipaa_redisclosure_statement)
    put("refusalStatement", "Boolean", form.refusal_statement)
    if form.signature is not None:
        if form.signature.by not in slots:
            put("signedBy", "String", clean(form.signature.by))
        put("signatureCapacity", "Code", form.signature.capacity)
        put("signatureMethod", "Code", form.signature.method)
    if form.cosignature is not None:
        if form.cosignature.by not in slots:
            put("cosignedBy", "String", clean(form.cosignature.by))
        put("cosignatureCapacity", "Code", form.cosignature.capacity)
    for role in form.witnesses:
        put("witness", "Code", role)
    if form.counselling_notes:
        put("counsellingNotes", "Boolean", True)
    if form.proceedings:
        put("proceedings", "Boolean", True)
    if "TPO" in form.purposes:
        put("tpo", "Boolean", True)
    put("revokedAt", "DateTime", form.revoked_at)
    return found


def _intermediary(draft: Draft, one: Recipient) -> list[Json]:
    found: list[Json] = []
    if one.organization is not None:
        found.append({"url": "organization", "valueReference": organization_reference(draft, one.organization)})
    if name := clean(one.name):
        found.append({"url": "name", "valueString": name})
    if group := clean(one.class_):
        found.append({"url": "class", "valueString": group})
    for text in map(clean, one.participants):
        if text and known(draft, text):
            found.append({"url": "participant", "valueReference": organization_reference(draft, text)})
        elif text:
            found.append({"url": "participant", "valueString": text})
    return found or [{"url": "name", "valueString": "unknown"}]
