"""The commands about consents that a hub keeps, and about the forms that make them."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from hub.cli.edge import load_json, read_input, say, write
from hub.cli.store import HUB_TOML, By, Config, Json, done, missing, opened, rows

if TYPE_CHECKING:
    from hub.loop.context import Hub
    from mappings.incident import Attachment

_ELEMENT = Annotated[str, typer.Argument(metavar="CONSENT", help="The consent's id.")]
_AT = Annotated[
    str | None, typer.Option("--at", metavar="TIME", help="When, as a FHIR instant, if that was before now.")
]


def register(consents: typer.Typer) -> None:
    """Adds these commands to those of `handoff consent`."""
    consents.command("export")(export)
    consents.command("forms")(forms)
    consents.command("list")(listed)
    consents.command("revoke")(revoke)
    consents.command("end")(end)


def export(
    source: Annotated[str, typer.Argument(metavar="INPUT", help="A Consent or a Bundle with one; a kept one's id.")],
    profile: Annotated[Literal["pcf", "fast"], typer.Option("--profile", help="IHE PCF, or HL7 FAST Consent.")],
    kept: Annotated[bool, typer.Option("--kept", help="INPUT is the id of a consent that this hub keeps.")] = False,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Writes a Consent in another profile's form, or says why it cannot be written so without saying more or less.

    The result stays in the caller's custody: it is not a release to anybody.
    """
    from mappings.errors import ReadError, WarmHandoffError
    from mappings.fhir.consent_export import export_consent

    try:
        if kept:
            with opened(config) as hub:
                consent, beside = _kept(hub, source)
        else:
            document = load_json(read_input(source), source)
            found = _resources(document)
            consents = [one for one in found if one.get("resourceType") == "Consent"]
            if len(consents) != 1:
                raise ReadError("read.not-object", "a Consent, or a Bundle with one Consent, was expected")
            consent, beside = consents[0], found
    except WarmHandoffError as error:
        say(error.issues, as_json=as_json, where=source)
        raise typer.Exit(1) from None
    made = export_consent(consent, profile, beside=beside)
    if made.issues:
        say(made.issues, as_json=as_json, where=source)
    if made.consent is None:
        raise typer.Exit(1)
    write(made.consent)


def forms(
    show: Annotated[str | None, typer.Option("--show", metavar="ID", help="One form's sections.")] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """The forms that may be signed at this hub: the shipped ones, and the state's."""
    from hub.settings import load

    found = load(config).consent_forms
    if show is None:
        rows(
            "Consent forms",
            [
                {"id": one.id, "kind": one.kind, "covers": one.covers, "version": one.version, "title": one.title}
                for one in found
            ],
            as_json,
        )
        return
    form = next((one for one in found if one.id == show), None)
    if form is None:
        missing("form")
    rows(
        form.title,
        [{"element": one.element, "cite": one.cite, "heading": one.heading, "text": one.text} for one in form.sections],
        as_json,
    )


def listed(
    person: Annotated[str, typer.Option("--person", metavar="ID", help="Whose: the Patient's id.")],
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Somebody's consents: ids, kinds, how they stand and what they lack. No name, and nothing of what they say."""
    from hub.loop import consenting
    from hub.store import documents

    with opened(config) as hub:
        found = hub.store.read(
            lambda tx: [
                (one.resource, one.custody) for one in documents.by_patient(tx, person, "Consent") if one.resource
            ]
        )
        made = [
            {"id": one.id, "kind": one.kind, "status": one.status, "custody": custody, "signed": one.signed,
             "lacks": list(one.lacks)}
            for resource, custody in found
            for one in [consenting.standing(hub, resource, birth_date=consenting.birth_date(hub, person))]
        ]  # fmt: skip
    rows("Consents", made, as_json)


def revoke(
    consent: _ELEMENT,
    by: By,
    method: Annotated[Literal["electronic", "paper", "verbal"], typer.Option("--method", help="How it reached you.")],
    capacity: Annotated[
        Literal["patient", "representative", "parent", "guardian"],
        typer.Option("--capacity", help="In what capacity it was revoked."),
    ] = "patient",
    at: _AT = None,
    scan: Annotated[
        Path | None, typer.Option("--scan", metavar="FILE", help="The paper: a PDF, JPEG or PNG, with --method paper.")
    ] = None,
    config: Config = HUB_TOML,
    as_json: Json = False,
) -> None:
    """Takes a consent back, at once for all that still waits. What was said is not kept (42 CFR 2.31(a)(6))."""
    from hub.loop import consenting

    with opened(config) as hub:
        made = consenting.revoke(
            hub,
            consent,
            custody=None,
            by=by,
            method=method,
            capacity=capacity,
            at=_time(at, as_json),
            scan=None if scan is None else _scanned(scan),
        )
    done({"consent": made["id"], "status": made["status"]}, f"consent {consent} is revoked", as_json)


def end(consent: _ELEMENT, by: By, at: _AT = None, config: Config = HUB_TOML, as_json: Json = False) -> None:
    """Notes that the event came with which a consent ends (42 CFR 2.31(a)(7))."""
    from hub.loop import consenting

    with opened(config) as hub:
        made = consenting.end(hub, consent, custody=None, by=by, at=_time(at, as_json))
    done({"consent": made["id"], "status": made["status"]}, f"consent {consent} has ended", as_json)


def _scanned(path: Path) -> Attachment:
    from base64 import b64encode

    from hub.console.upload import SCAN, scan_type
    from mappings.incident import Attachment

    try:
        with path.open("rb") as file:
            data = file.read(SCAN + 1)
    except OSError:
        raise typer.BadParameter("the file cannot be read", param_hint="--scan") from None
    kind = scan_type(data)
    if kind is None or len(data) > SCAN:
        raise typer.BadParameter("a PDF, JPEG or PNG of at most 10 MB, without anything that runs", param_hint="--scan")
    return Attachment(media_type=kind, data=b64encode(data).decode())


def _time(given: str | None, as_json: bool) -> datetime | None:
    from mappings.times import is_instant

    if given is None:
        return None
    if not is_instant(given):
        raise typer.BadParameter("a FHIR instant, with its zone", param_hint="--at")
    return datetime.fromisoformat(given)


def _kept(hub: Hub, consent_id: str) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """A kept consent with all that is kept about its person and every organization that it refers to."""
    from hub.store import documents

    def look(tx: Any) -> tuple[dict[str, Any] | None, list[dict[str, Any]]]:
        found = documents.current(tx, "Consent", consent_id)
        if found is None or found.resource is None:
            return None, []
        beside = [one.resource for one in documents.by_type(tx, "Organization", custody=found.custody) if one.resource]
        if found.patient_id is not None:
            patient = documents.current(tx, "Patient", found.patient_id)
            beside += [patient.resource] if patient is not None and patient.resource else []
        return found.resource, beside

    consent, beside = hub.store.read(look)
    if consent is None:
        missing("consent")
    return consent, beside


def _resources(document: Any) -> list[dict[str, Any]]:
    if isinstance(document, dict) and document.get("resourceType") == "Bundle":
        entries = document.get("entry", [])
        return [one["resource"] for one in entries if isinstance(one, dict) and isinstance(one.get("resource"), dict)]
    return [document] if isinstance(document, dict) else []
