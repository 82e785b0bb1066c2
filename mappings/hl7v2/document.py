"""A referral's documents as MDM^T02, one message each: the referral itself as a letter, then each narrative or form.

MSH EVN PID PV1 TXA [{CON}] {OBX} (HL7 v2.5.1, 9.5; CON from 2.7). What must go with a disclosure stands in the first
OBX, before the document. The OBX of a document are its text and nothing else: results are lines of the letter, and
coded in the registration that goes before it.
"""

from __future__ import annotations

from collections.abc import Iterator

from mappings.hl7v2 import confidentiality
from mappings.hl7v2.build import Component, Raw
from mappings.hl7v2.case import Case
from mappings.hl7v2.clinical import attachment, document_date, document_type, flattened, is_document, pieces
from mappings.hl7v2.datatypes import Json, ei, xcn, xpns
from mappings.hl7v2.forms import version_of
from mappings.hl7v2.header import made_at
from mappings.hl7v2.letter import letter
from mappings.hl7v2.notes import consents_of, required_notes, scope_text
from mappings.hl7v2.people import Fields, pid
from mappings.hl7v2.person import visit
from mappings.hl7v2.registration import evn
from mappings.hl7v2.request import authored_on, identifier_of
from mappings.hl7v2.times import ts
from mappings.hl7v2.writing import Writing
from mappings.labels.vocabulary import codes
from mappings.partner import Partner

#: LOINC's code of a referral note, for OBX-3. TXA-2 is a code alone to 2.6, and table 0270 has none: our own word.
_LETTER = ("57133-1", "Referral note", "LN")
_LETTER_TYPE = "REFERRAL"
_DOCUMENT_TYPE = "NARRATIVE"
#: From then on TXA-2 is a coded element, with room for LOINC's code.
_CODED_TYPE = (2, 7)
#: FHIR composition-status to table 0271; a document that does not say is documented and no more.
_COMPLETION = {"final": "AU", "amended": "AU", "preliminary": "IP"}


def documents(case: Case, partner: Partner, first: int = 0) -> Iterator[Writing]:
    """The messages. `first` is the number of the first among the messages of one release.

    Raises RenderError `render.no-referral-id`, and what `Writing` and `required_notes` raise.
    """
    yield _letter(case, partner, first)
    number = first
    for document in case.of("DocumentReference"):
        if is_document(document, case):
            contents = [
                fields
                for content in document.get("content") or ()
                for fields in attachment(content.get("attachment") or {})
            ]
            if contents:
                number += 1
                yield _document(case, partner, number, document, contents)


def _letter(case: Case, partner: Partner, number: int) -> Writing:
    out, notes = _begin(case, partner, number)
    identifier = ei(identifier_of(case))
    sender = case.sender
    author = xcn(sender.practitioner) if sender and sender.practitioner else None
    fields: Fields = {
        2: _LETTER if out.version >= _CODED_TYPE else _LETTER_TYPE,
        3: "FT",
        4: ts(authored_on(case)),
        5: author,
        6: made_at(case.bundle),
        9: author,
        12: identifier,
        14: identifier,
        17: "DO",
        18: confidentiality.document_code(case.codes) if "txa-18" in partner.labels else None,
        19: "AV",
    }
    people = () if sender is None else (sender.practitioner, sender.role, sender.organization)
    _txa(out, fields, case.request, case.task, *people)
    out.notices(notes)
    results = list(flattened(case, out.version, documents=False))
    for place, piece in enumerate(pieces(letter(case, results)), 1):
        text: Fields = {2: "FT", 3: _LETTER, 4: str(place), 5: piece, 11: "F", 14: ts(authored_on(case))}
        out.add("OBX", text, case.request, case.task, *(result.resource for result in results), set_id=True)
    return out


def _document(case: Case, partner: Partner, number: int, document: Json, contents: list[Fields]) -> Writing:
    out, notes = _begin(case, partner, number)
    kind, when = document_type(document), ts(document_date(document))
    people = [one for one in (case.party(author) for author in document.get("author") or ()) if one]
    authors: list[str | tuple[Component, ...]] = [
        made for made in (xcn(one.practitioner) for one in people if one.practitioner) if made
    ]
    label = confidentiality.document_code(codes(document))
    fields: Fields = {
        2: kind if out.version >= _CODED_TYPE else _DOCUMENT_TYPE,
        3: {"FT": "FT", "TX": "TX"}.get(str(contents[0].get(2)), "AP"),
        4: when,
        6: when,
        9: authors,
        12: _unique(document, partner),
        14: ei(identifier_of(case)),
        17: _COMPLETION.get(document.get("docStatus", ""), "DO"),
        18: label if "txa-18" in partner.labels else None,
        19: "AV",
    }
    if authors:
        fields[5] = authors[0]
    _txa(out, fields, document, *(one.practitioner for one in people))
    out.notices(notes)
    for place, made in enumerate(contents, 1):
        obx: Fields = {3: kind, 11: "F", 14: when, 16: authors, **made, 4: made.get(4) or str(place)}
        out.add("OBX", obx, document, set_id=True)
    return out


def _begin(case: Case, partner: Partner, number: int) -> tuple[Writing, list[str]]:
    """MSH, EVN, PID and PV1, and the notes that must go with it."""
    notes = required_notes(case, partner)
    out = Writing(case, partner, version_of(partner), "MDM^T02", number)
    out.add("EVN", evn(case, "MDM^T02", partner))
    out.add("PID", pid(case.patient, partner, out.version), case.patient)
    visit(out, required=True, extra=False)
    return out, notes


def _txa(out: Writing, fields: Fields, *resources: Json | None) -> None:
    """TXA, and CON where the partner takes the consent's scope in it."""
    out.add("TXA", {1: "1", **fields}, *resources)
    if out.partner.scope == "con":
        for consent in consents_of(out.case):
            out.add("CON", _con(consent, out.case), consent, set_id=True)


def _con(consent: Json, case: Case) -> Fields:
    """CON (9.6.2): what sort, its number, its limits in words, how it stands, when, and whose it is.

    CON-24 and CON-25 are required: without a signer in the Consent the patient's own name stands there, relationship
    `1` (table 0548, self), as the consent is theirs by its `patient`.
    """
    period = (consent.get("provision") or {}).get("period") or {}
    identifier: Json = next((one for one in consent.get("identifier") or () if one.get("value")), {})
    return {
        2: ("001", "Release of patient information", "HL70496"),
        4: ei(identifier) if identifier else None,
        9: scope_text(consent, case),
        11: (confidentiality.CONSENT_STATUS.get(consent.get("status", ""), "P"), None, "HL70498"),
        13: ts(consent.get("dateTime")),
        14: ts(period.get("start")),
        15: ts(period.get("end")),
        24: xpns(case.patient.get("name")) or [(None, None, None, None, None, None, "U")],
        25: ("1", "Self", "HL70548"),
    }


def _unique(document: Json, partner: Partner) -> tuple[Component, ...]:
    """TXA-12: the document's own identifier, else its id as the sending facility or application assigns it."""
    given = [document["masterIdentifier"]] if document.get("masterIdentifier") else document.get("identifier") or ()
    found = next((one for one in given if one.get("value")), None)
    if found is not None:
        return ei(found)
    sender = partner.sending_facility or partner.sending_application
    return (document.get("id"), *(Raw(part) for part in sender.split("^")))
