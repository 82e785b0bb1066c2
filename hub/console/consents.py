"""The consent pages: somebody's consents, a form shown and signed on a tablet, a signed form scanned, a revocation.

The text that is shown is made anew from the choices when it is signed, and must be the same; the time is the hub's.
What is signed becomes a consent like any other (`hub.loop.consenting`). The page with the form is the only one that
needs a script: a signature is drawn.
"""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime
from typing import Any, Final
from zoneinfo import ZoneInfo

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from hub.console import consent_fields as fields
from hub.console.door import WITH_SCRIPT, Door, Form, Visitor
from hub.console.upload import SCAN, scan_type
from hub.loop import consent_steps, consenting, package
from hub.loop.record import audit
from hub.store import documents
from hub.store.tx import Tx
from mappings.consent_form import (
    Choices,
    Template,
    consent_form,
    faults,
    filled,
    is_drawn,
    paragraphs,
    signed_document,
    text_digest,
)
from mappings.consent_form.form import PURPOSES
from mappings.incident import Attachment, Signature
from mappings.times import instant

#: Largest form with two drawn signatures, in bytes; most fields of one.
SIGNED: Final = 256 * 1024
FIELDS: Final = 200

#: Of a kept document: its own drawing and nothing else; no script runs, whatever it holds.
_DOCUMENT = {"content-security-policy": "default-src 'none'; sandbox"}

#: What stands on the page for a code of 2.31's elements.
WORDS: Final[dict[str, str]] = {
    "missing-discloser": "Choose who may share.",
    "missing-recipient": "Choose who may receive.",
    "missing-description": "Say what may be shared.",
    "missing-purpose": "Choose what for.",
    "missing-expiry": "Say when it ends: a date, or an event.",
    "consent-expired": "It would have ended already: choose a later date.",
    "open-expiry-not-tpo": "Only a form for treatment, payment and operations may have no end.",
    "missing-signature": "Somebody who may sign signs, by hand and by name.",
    "minor-signature-required": "A person of this age signs themselves.",
    "parent-signature-required": "A person of this age signs together with a parent or guardian.",
    "missing-patient": "The person has no name here: a form cannot be made for them.",
    "officer-only-witness": "The officer cannot be the only witness.",
    "checkbox-required": "A box that the form asks for is not ticked.",
    "text-differs": "The form has changed since it was shown. Show it again.",
    "missing-date": "Say when it was signed: a date that is not ahead.",
    "scan-type": "The scan is to be a PDF, JPEG or PNG of at most 10 MB, without anything that runs.",
}


def add(routes: APIRouter, door: Door) -> None:
    """The consent pages of one console."""
    pages = Consents(door)
    for path, look in (
        ("/console/people/{id}/consents", pages.listed),
        ("/console/people/{id}/consents/new", pages.choose),
        ("/console/consents/{id}/document", pages.document),
    ):
        routes.add_route(path, door.page(look, "consents" if look == pages.choose else "content"), methods=["GET"])
    for path, act, limit in (
        ("/console/people/{id}/consents/show", pages.show, 64 * 1024),
        ("/console/people/{id}/consents/sign", pages.sign, SIGNED),
        ("/console/people/{id}/consents/scan", pages.scan, SCAN + 64 * 1024),
        ("/console/consents/{id}/revoke", pages.revoke, SCAN + 64 * 1024),
        ("/console/consents/{id}/end", pages.end, 4096),
    ):
        routes.add_route(path, door.action(act, "consents", limit=limit, fields=FIELDS), methods=["POST"])
    routes.add_route("/console/sign.js", door.script, methods=["GET"])


class Consents:
    """The pages, behind the console's door."""

    def __init__(self, door: Door) -> None:
        self._door = door
        self._hub = door.hub

    # ── what there is ─────────────────────────────────────────────────────────────────────────────────────────────

    def listed(self, request: Request, visitor: Visitor) -> Response:
        """The consents of somebody of one's own custody, each with what it lacks; the look is audited first."""
        subject = self._subject(request, visitor)
        if subject is None:
            return self._nobody(visitor)
        self._looked(visitor, subject.id)
        found = self._hub.store.read(lambda tx: consenting.held(tx, subject.id, visitor.custody))
        done = self._hub.store.read(
            lambda tx: [consent_steps.steps(tx, str(one["id"]), subject.id, visitor.custody) for one in found]
        )
        born = subject.birth_date or None
        rows = [
            consenting.standing(self._hub, one, birth_date=born, steps=steps)
            for one, steps in zip(found, done, strict=True)
        ]
        return self._door.show(
            "consents.html",
            visitor,
            person=subject,
            consents=rows,
            forms=self._door.settings.consent_forms,
            capacities=fields.CAPACITIES,
            methods=fields.METHODS,
        )

    def document(self, request: Request, visitor: Visitor) -> Response:
        """The signed form itself as it is kept; with `?of=ID` another paper of the consent, a written revocation."""
        wanted = request.query_params.get("of")

        def look(tx: Tx) -> tuple[Any, Any]:
            consent = documents.current(tx, "Consent", request.path_params["id"])
            if consent is None or consent.resource is None or consent.custody != visitor.custody:
                return None, None
            source = str(consent.resource.get("sourceReference", {}).get("reference", ""))
            name = source.rpartition(":")[2].rpartition("/")[2]
            if wanted is not None:
                done = consent_steps.steps(tx, consent.resource_id, str(consent.patient_id), visitor.custody)
                name = wanted if wanted in {one.document for one in done} else ""
            scan = documents.current(tx, "DocumentReference", name)
            return consent, scan if scan is not None and scan.custody == visitor.custody else None

        consent, scan = self._hub.store.read(look)
        if scan is None or scan.resource is None:
            return self._door.problem(404, "There is no signed form of yours to show.", visitor)
        self._looked(visitor, consent.patient_id)
        attachment = scan.resource["content"][0]["attachment"]
        return self._door.data(b64decode(attachment["data"]), attachment["contentType"], _DOCUMENT)

    # ── a form: chosen, shown, signed ─────────────────────────────────────────────────────────────────────────────

    def choose(self, request: Request, visitor: Visitor) -> Response:
        """What the form is to say, before it is shown."""
        subject = self._subject(request, visitor)
        template = fields.template_of(self._door.settings, request.query_params.get("form", ""))
        if subject is None or template is None:
            return self._nobody(visitor)
        return self._chosen(visitor, subject, template, {}, ())

    def _chosen(
        self, visitor: Visitor, subject: consenting.Person, template: Template, form: Form, wrong: tuple[str, ...]
    ) -> Response:
        sharing, receiving = fields.organizations(self._door.settings, template, visitor.custody)
        return self._door.show(
            "consent_choose.html",
            visitor,
            status=400 if wrong else 200,
            person=subject,
            blank=template,
            form=form,
            sharing=sharing,
            receiving=receiving,
            own=visitor.custody,
            sensitive=fields.SENSITIVE,
            purposes=PURPOSES,
            capacities=fields.CAPACITIES,
            witnesses=fields.WITNESSES,
            signs=consenting.who_signs(self._hub, subject.birth_date or None, self._hub.clock()),
            wrong=[WORDS[code] for code in wrong if code in WORDS],
        )

    def show(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The exact text of the form, to be read and signed here, or to be compared with the paper that was signed."""
        subject = self._subject(request, visitor)
        template = fields.template_of(self._door.settings, form.get("template", ""))
        if subject is None or template is None:
            return self._nobody(visitor)
        chosen = fields.choices(self._door.settings, template, visitor.custody, form)
        wrong = self._wrong(visitor.custody, subject, template, chosen, form)
        if wrong:
            return self._chosen(visitor, subject, template, form, wrong)
        return self._shown(visitor, subject, template, chosen, form, ())

    def _shown(
        self,
        visitor: Visitor,
        subject: consenting.Person,
        template: Template,
        chosen: Choices,
        form: Form,
        wrong: tuple[str, ...],
    ) -> Response:
        words = filled(
            template,
            chosen,
            patient=subject.name,
            birth_date=subject.birth_date or "a date not known here",
            ticked=fields.ticked(template, form),
        )
        capacity, beside = fields.capacity(form, "capacity"), fields.capacity(form, "cocapacity")
        return self._door.show(
            "consent_form.html",
            visitor,
            status=400 if wrong else 200,
            headers=WITH_SCRIPT,
            person=subject,
            blank=template,
            paragraphs=paragraphs(template, words),
            digest=text_digest(template, words),
            kept=fields.kept_fields(form),
            signers=[
                (field, fields.CAPACITIES[one])
                for field, one in (("signed_by", capacity), ("cosigned_by", beside))
                if one is not None
            ],
            names={"signed_by": subject.name if capacity == "patient" else "", "cosigned_by": ""},
            there=fields.present(form),
            roles=fields.WITNESSES,
            paper=form.get("way") == "scan",
            form=form,
            now=self._said(self._hub.clock()),
            wrong=[WORDS[code] for code in wrong if code in WORDS],
        )

    def sign(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """What was shown is signed: by hand, by name, now."""
        return self._sign(request, visitor, form, None)

    def scan(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """A form of this text was signed on paper: its scan is the source, and the date is the paper's."""
        return self._sign(request, visitor, form, form.pop("scan", "").encode("latin-1"))

    def _sign(self, request: Request, visitor: Visitor, form: Form, scan: bytes | None) -> Response:
        subject = self._subject(request, visitor)
        template = fields.template_of(self._door.settings, form.get("template", ""))
        if subject is None or template is None:
            return self._nobody(visitor)
        chosen = fields.choices(self._door.settings, template, visitor.custody, form)
        ticked = fields.ticked(template, form)
        words = filled(
            template,
            chosen,
            patient=subject.name,
            birth_date=subject.birth_date or "a date not known here",
            ticked=ticked,
        )
        wrong = list(self._wrong(visitor.custody, subject, template, chosen, form))
        if form.get("text") != text_digest(template, words):
            wrong.append("text-differs")
        if any(box.required and box.name not in ticked for box in template.checkboxes):
            wrong.append("checkbox-required")
        signer = fields.signer(form, "capacity", "signed_by")
        beside = fields.signer(form, "cocapacity", "cosigned_by")
        if signer is None or (form.get("cocapacity") and beside is None):
            wrong.append("missing-signature")
        drawn = [form.get("signature", ""), form.get("cosignature", "") if beside is not None else ""]
        now = self._hub.clock()
        signed_at, kind = instant(now), None
        if scan is None:
            if not is_drawn(drawn[0]) or (beside is not None and not is_drawn(drawn[1])):
                wrong.append("missing-signature")
        else:
            signed_at, kind = form.get("signed_on", "")[:10], scan_type(scan)
            if not _is_past_date(signed_at, now.astimezone(self._zone())):
                wrong.append("missing-date")
            if kind is None:
                wrong.append("scan-type")
        if wrong or signer is None:
            return self._shown(visitor, subject, template, chosen, form, tuple(dict.fromkeys(wrong)))
        there = fields.present(form)
        if kind is None or scan is None:
            document = signed_document(
                template,
                words,
                signatures=tuple(
                    (one.name, fields.CAPACITIES[one.capacity], strokes)
                    for one, strokes in zip((signer, beside), drawn, strict=True)
                    if one is not None
                ),
                witness=", ".join(f"{one.name} ({fields.WITNESSES[one.role]})" for one in there),
                at=self._said(now),
            ).encode()
            kind = "text/html"
        else:
            document = scan
        method: Any = "paper" if scan is not None else "electronic"
        made = consent_form(
            template,
            chosen,
            ticked=ticked,
            number=consenting.new_number(),
            signature=Signature(by=signer.name, capacity=signer.capacity, at=signed_at, method=method),
            cosignature=None
            if beside is None
            else Signature(by=beside.name, capacity=beside.capacity, at=signed_at, method=method),
            witnesses=tuple(one.role for one in there),
            scan=Attachment(
                media_type=kind, data=b64encode(document).decode(), title=template.title, created=instant(now)
            ),
            capacity_doubtful=bool(form.get("doubtful")),
        )
        consenting.keep(self._hub, made, custody=visitor.custody, patient_id=subject.id, by=visitor.person)
        return self._door.to(f"/console/people/{subject.id}/consents")

    def _wrong(
        self, custody: str, subject: consenting.Person, template: Template, chosen: Choices, form: Form
    ) -> tuple[str, ...]:
        """What stands in the way of this form, as codes: nobody signs one that would be deficient."""
        now = self._hub.clock()
        wrong = list(faults(template, chosen, today=now.astimezone(self._zone()).date()))
        if not subject.name:
            wrong.append("missing-patient")
        if fields.officer_alone(fields.present(form)):
            wrong.append("officer-only-witness")
        first, second = fields.capacity(form, "capacity"), fields.capacity(form, "cocapacity")
        if first is None or first == second:
            wrong.append("missing-signature")
        if wrong or first is None:
            return tuple(dict.fromkeys(wrong))
        trial = consent_form(
            template,
            chosen,
            ticked=frozenset(),
            number="0",
            signature=Signature(by=subject.name, capacity=first, at=instant(now), method="electronic"),
            cosignature=None
            if second is None
            else Signature(by=subject.name, capacity=second, at=instant(now), method="electronic"),
            witnesses=tuple(one.role for one in fields.present(form)),
        )
        lacks = consenting.form_faults(self._hub, trial, custody=custody, subject=subject, now=now)
        return tuple(issue.rule for issue in lacks)

    # ── taken back ────────────────────────────────────────────────────────────────────────────────────────────────

    def revoke(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """A revocation, written or said; what was said is not asked for, and of what was written the paper is kept."""
        data = form.get("scan", "").encode("latin-1")
        kind = scan_type(data) if data else None
        if data and (kind is None or len(data) > SCAN):
            return self._door.problem(400, WORDS["scan-type"], visitor)
        made = consenting.revoke(
            self._hub,
            request.path_params["id"],
            custody=visitor.custody,
            by=visitor.person,
            method=form.get("method", ""),
            capacity=form.get("capacity", ""),
            scan=None if kind is None else Attachment(media_type=kind, data=b64encode(data).decode()),
        )
        return self._door.to(f"/console/people/{package.about(made)}/consents")

    def end(self, request: Request, visitor: Visitor, form: Form) -> Response:
        """The event came with which the consent ends."""
        made = consenting.end(self._hub, request.path_params["id"], custody=visitor.custody, by=visitor.person)
        return self._door.to(f"/console/people/{package.about(made)}/consents")

    # ── all of them ───────────────────────────────────────────────────────────────────────────────────────────────

    def _subject(self, request: Request, visitor: Visitor) -> consenting.Person | None:
        return self._hub.store.read(lambda tx: consenting.person(tx, request.path_params["id"], visitor.custody))

    def _nobody(self, visitor: Visitor) -> Response:
        return self._door.problem(404, "There is no such person or form of yours.", visitor)

    def _looked(self, visitor: Visitor, patient_id: str) -> None:
        self._hub.store.write(
            lambda tx: audit(
                tx,
                self._hub,
                who=visitor.person,
                action="R",
                kind="console.consents",
                entity=("Patient", patient_id),
                custody=visitor.custody,
                patient_id=patient_id,
            )
        )

    def _zone(self) -> ZoneInfo:
        return ZoneInfo(self._door.settings.hub.zone)

    def _said(self, at: datetime) -> str:
        return f"{at.astimezone(self._zone()):%Y-%m-%d %H:%M %Z}"


def _is_past_date(value: str, now: datetime) -> bool:
    try:
        return datetime.strptime(value, "%Y-%m-%d").date() <= now.date()  # noqa: DTZ007 - a date alone
    except ValueError:
        return False
