"""The library's commands: translate, validate, schema. They work inside the caller's custody.

What they write is not a release: it has not been decided for any recipient. They say so in their help.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import orjson
import typer

from hub.cli.edge import lines, load_json, read_input, say, write
from mappings.errors import ReadError, WarmHandoffError
from profiles.issue import Issue, operation_outcome, stops

Json = Annotated[bool, typer.Option("--json", help="Errors as an OperationOutcome on standard error.")]
Ndjson = Annotated[bool, typer.Option("--ndjson", help="One JSON value a line, in and out.")]


def register(app: typer.Typer) -> None:
    """Adds these commands to the command line."""
    app.command()(translate)
    app.command()(validate)
    app.command()(schema)


def translate(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, or - for standard input.")],
    source: Annotated[str, typer.Option("--source", help="eido, hl7v2, incident, nibrs, a pack's id or folder.")],
    agency: Annotated[Path | None, typer.Option("--agency", help="The agency: JSON.")] = None,
    partner: Annotated[Path | None, typer.Option("--partner", help="The partner's form: JSON.")] = None,
    zone: Annotated[str | None, typer.Option("--zone", help="IANA zone of local times; over the agency's.")] = None,
    registry: Annotated[
        Path | None, typer.Option("--registry", help="EIDO registries, to check tokens against: JSON or CSV.")
    ] = None,
    join: Annotated[
        bool, typer.Option("--join", help="EIDO: join the documents of one incident, in any order, before reading.")
    ] = False,
    now: Annotated[str | None, typer.Option("--now", help="The time to record, as FHIR instant.")] = None,
    form: Annotated[str, typer.Option("--as", help="transaction or message.")] = "transaction",
    issues: Annotated[Path | None, typer.Option("--issues", help="Where to write what was found.")] = None,
    ndjson: Ndjson = False,
    as_json: Json = False,
) -> None:
    """Turns a source's bytes into FHIR R4 Bundles. One incident gives one Bundle, more always one a line.

    The result stays in the caller's custody: it is not a release to anybody.
    """
    from dataclasses import replace

    from mappings import translate as to_fhir
    from mappings.incident import Agency, Rejected
    from mappings.partner import GENERIC
    from mappings.render import render
    from mappings.times import is_date_time, is_instant
    from mappings.times import zone as zone_of

    forms: dict[str, Literal["transaction", "message"]] = {"transaction": "transaction", "message": "message"}
    if form not in forms:
        raise typer.BadParameter("transaction or message", param_hint="--as")
    if zone is not None and zone_of(zone) is None:
        raise typer.BadParameter("not an IANA zone", param_hint="--zone")
    if now is not None and not (is_date_time(now) and is_instant(now)):
        raise typer.BadParameter("not an instant with its zone", param_hint="--now")
    for given_for_eido, name in ((registry, "--registry"), (join or None, "--join")):
        if given_for_eido is not None and source != "eido":
            raise typer.BadParameter("only with --source eido", param_hint=name)
    at = datetime.fromisoformat(now) if now else datetime.now(UTC)
    to = _partner(partner) if partner else replace(GENERIC, form=forms[form])
    given = _agency(agency)

    if source == "hl7v2":
        police = given is not None and given.posture == "law-enforcement"
        local = zone_of(zone) if zone else None
        _messages(inputs, to, partner is not None, at, local, issues, gated=police, as_json=as_json)
        return
    account: dict[str, list[Any]] = {"issues": [], "unused": [], "dropped": [], "held": []}
    rejected = False
    reading = _agency_for(source, given, zone)
    for name, record in _records(inputs, source, reading, _registries(registry), join=join):
        if isinstance(record, Rejected):
            rejected = True
            account["issues"].extend(issue.to_fhir() for issue in record.issues)
            say(record.issues, as_json=as_json, where=f"{name}[{record.index}]")
            continue
        owner = reading or _pack_agency(source) or Agency(id=record.agency, zone=zone)
        try:
            result = to_fhir(record, agency=owner, now=at)
            _emit(render(result.bundle, to))
        except WarmHandoffError as error:
            rejected = True
            account["issues"].extend(issue.to_fhir() for issue in error.issues)
            say(error.issues, as_json=as_json, where=name)
            continue
        for key, rows in result.account().items():
            account[key].extend(rows)
    _close(account, issues, rejected=rejected)


def _messages(
    inputs: list[str],
    to: Any,
    named: bool,
    now: datetime,
    zone: Any,
    issues: Path | None,
    *,
    gated: bool,
    as_json: bool,
) -> None:
    """HL7 v2: each message of each input, one Bundle a line; a batch is its messages. `named`: the partner is the
    sender, whose record it is and whose zone its local times have. `gated`: the CJIS gate stands before it."""
    from dataclasses import replace

    from mappings.hl7v2.batch import messages
    from mappings.hl7v2.codec import parse
    from mappings.hl7v2.criminal_justice import Through, gate
    from mappings.hl7v2.feed import translate_message
    from mappings.partner import GENERIC
    from mappings.render import render
    from mappings.times import zone as zone_of

    sender = to if named else GENERIC
    # Whatever form the partner takes, a feed of its own is read; what is written is FHIR.
    form = to if to.form != "hl7v2" else replace(to, form="transaction")
    account: dict[str, list[Any]] = {"issues": [], "unused": [], "dropped": [], "held": []}
    rejected = False
    if zone is None and sender.zone:
        zone = zone_of(sender.zone)
    for name in inputs:
        try:
            batch = messages(read_input(name))
        except WarmHandoffError as error:
            rejected = True
            account["issues"].extend(issue.to_fhir() for issue in error.issues)
            say(error.issues, as_json=as_json, where=name)
            continue
        account["issues"].extend(issue.to_fhir() for issue in batch.issues)
        account["unused"].extend(batch.unused)
        for number, message in enumerate(batch.messages, start=1):
            try:
                passed = gate(parse(message)) if gated else Through(message=parse(message))
                result = translate_message(passed.message, partner=sender, zone=zone, now=now)
                result = replace(result, dropped=passed.dropped, held=passed.held)
                _emit(render(result.bundle, form, update=result.update))
            except WarmHandoffError as error:
                rejected = True
                account["issues"].extend(issue.to_fhir() for issue in error.issues)
                say(error.issues, as_json=as_json, where=f"{name}[{number}]" if len(batch.messages) > 1 else name)
                continue
            for key, rows in result.account().items():
                account[key].extend(rows)
    _close(account, issues, rejected=rejected)


def _close(account: dict[str, Any], issues: Path | None, *, rejected: bool) -> None:
    """Writes the account where it was asked for, and ends with 1 when some input was rejected."""
    if issues is not None:
        issues.write_bytes(orjson.dumps(account, option=orjson.OPT_INDENT_2) + b"\n")
    if rejected:
        raise typer.Exit(1)


def _records(inputs: list[str], source: str, agency: Any, registries: Any, *, join: bool) -> Iterator[tuple[str, Any]]:
    """Each record of the inputs with the input's name; joined ones are of all inputs."""
    if join:
        from mappings.cad.versions import read_joined

        for record in read_joined(map(read_input, inputs), agency, registries):
            yield " ".join(inputs), record
        return
    from mappings import read

    for name in inputs:
        for record in read(read_input(name), source, agency, registries=registries):
            yield name, record


def _registries(path: Path | None) -> Any:
    """The registries of a file, or None."""
    if path is None:
        return None
    from mappings.cad.registries import registries_of

    return registries_of(read_input(str(path)))


def _emit(line: bytes) -> None:
    typer.get_binary_stream("stdout").write(line + b"\n")


def _agency(path: Path | None) -> Any:
    """The agency of a file, or None."""
    if path is None:
        return None
    from mappings.incident_json import agency_from_json

    return agency_from_json(read_input(str(path)))


def _pack_agency(source: str) -> Any:
    """The agency a pack names, or None for the other sources."""
    if source in ("eido", "incident", "nibrs"):
        return None
    from mappings.packs import load_pack

    return load_pack(source).agency


def _agency_for(source: str, given: Any, zone: str | None) -> Any:
    """The agency to read with: the one given, else the pack's, with `--zone` over its own."""
    from dataclasses import replace

    found = given or _pack_agency(source)
    if found is not None and zone is not None:
        return replace(found, zone=zone)
    return found


def _partner(path: Path) -> Any:
    """The partner of a JSON file. Raises ReadError `read.partner` for a field there is none of."""
    from dataclasses import fields

    from mappings.hl7v2.forms import faults
    from mappings.partner import Partner

    document = load_json(read_input(str(path)), path.name)
    known = {field.name for field in fields(Partner)}
    if not isinstance(document, dict) or not set(document) <= known:
        raise ReadError("read.partner", "not the fields of a partner", path=path.name)
    given: dict[str, Any] = {key: tuple(one) if isinstance(one, list) else one for key, one in document.items()}
    made = Partner(**given)
    try:
        # Whatever is wrong with a v2 profile is said when something is written; what is of another shape is said here.
        tuple(faults(made))
    except (AttributeError, TypeError):
        raise ReadError("read.partner", "not the fields of a partner", path=path.name) from None
    return made


def each(source: str, one: Any, *, ndjson: bool, as_json: bool) -> None:
    """Applies `one` to the input, or with --ndjson to each line: output line n answers input line n.

    A line that is rejected gives its OperationOutcome in that place; exit 1 at the end.
    """
    if not ndjson:
        try:
            write(one(load_json(read_input(source), source)))
        except WarmHandoffError as error:
            say(error.issues, as_json=as_json, where=source)
            raise typer.Exit(1) from None
        return
    rejected = False
    for number, line in enumerate(lines(source), start=1):
        try:
            write(one(load_json(line, f"line {number}")))
        except WarmHandoffError as error:
            rejected = True
            write(error.outcome())
    if rejected:
        raise typer.Exit(1)


def validate(
    inputs: Annotated[list[str], typer.Argument(metavar="INPUT...", help="Files, or - for standard input.")],
    profile: Annotated[
        str | None, typer.Option("--profile", help="A profile's canonical url, beside the claimed.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Checks a resource, a Bundle or NDJSON: FHIR R4, the profiles that resources claim, and fhir.resources R4B.

    Writes an OperationOutcome an input, naming the profiles used; absent must-support elements are warnings. With
    --profile also against that one, claimed or not: of a Bundle the entries that it is about. Exit 1 on an error or
    fatal issue, 0 on warnings.
    """
    from profiles.profile_check import known

    if profile is not None and known(profile) is None:
        raise typer.BadParameter("not a profile that is known here", param_hint="--profile")
    failed = False
    for name in inputs:
        for resource in _resources(name):
            found = list(dict.fromkeys([*_profiles_used(resource, profile), *_validate(resource, profile)]))
            failed = failed or stops(found)
            write(operation_outcome(found))
    if failed:
        raise typer.Exit(1)


def _resources(name: str) -> Iterator[Any]:
    """The resources of an input: one JSON value, or one a line; a ReadError in the place of one that is no JSON."""
    data = read_input(name)
    try:
        yield orjson.loads(data)
        return
    except orjson.JSONDecodeError as error:
        several = data.strip().count(b"\n") > 0 and data.lstrip().startswith(b"{")
        if not several:
            yield ReadError("read.not-json", "not JSON", path=f"{name}:{error.lineno}:{error.colno}")
            return
    for number, line in enumerate(data.splitlines(), start=1):
        if line.strip():
            try:
                yield orjson.loads(line)
            except orjson.JSONDecodeError as error:
                yield ReadError("read.not-json", "not JSON", path=f"{name}:{number}:{error.colno}")


def _profiles_used(resource: Any, asked: str | None) -> Iterator[Issue]:
    """Information issues that name what the resource and its entries are checked against, by canonical and version."""
    if not isinstance(resource, dict):
        return
    from profiles.profile_check import known, used

    yield _used(_place(resource), "FHIR R4 4.0.1 (base definition), by profiles.check and fhir.resources R4B")
    for place, one in _with_entries(resource):
        for canonical in used(one):
            yield _used(place, canonical)
    for place, _ in _about(resource, asked):
        yield _used(place, (asked and known(asked)) or "")


def _used(place: str, what: str) -> Issue:
    text = f"checked against {what}"
    return Issue(severity="information", code="informational", rule="validate.profile", path=place, text=text)


def _place(resource: Any) -> str:
    from profiles.definitions import resource_types

    kind = resource.get("resourceType")
    return kind if isinstance(kind, str) and kind in resource_types() else ""


def _with_entries(resource: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    """The resource and, of a Bundle, its entries' resources, with their places."""
    yield _place(resource), resource
    entries = resource.get("entry") if resource.get("resourceType") == "Bundle" else None
    for index, entry in enumerate(entries if isinstance(entries, list) else ()):
        if isinstance(entry, dict) and isinstance(entry.get("resource"), dict):
            yield f"Bundle.entry[{index}].resource", entry["resource"]


def _about(resource: dict[str, Any], asked: str | None) -> Iterator[tuple[str, Any]]:
    """What the profile asked for is tried on: the resource, or of a Bundle the entries of its type."""
    from profiles.profile_check import known, profile

    key = None if asked is None else known(asked)
    if key is None:
        return
    kind = profile(key).type
    if resource.get("resourceType") != "Bundle" or kind == "Bundle":
        yield _place(resource), resource
        return
    yield from ((place, one) for place, one in _with_entries(resource) if one.get("resourceType") == kind)


def _validate(resource: Any, asked: str | None) -> Iterator[Issue]:
    """What our checks and fhir.resources R4B find."""
    from dataclasses import replace

    from profiles.check import check, profile_issues
    from profiles.r4b import parse

    if isinstance(resource, WarmHandoffError):
        yield from resource.issues
        return
    yield from check(resource, must_support=True)
    if asked is not None and isinstance(resource, dict):
        for place, one in _about(resource, asked):
            for issue in profile_issues(one, asked, must_support=True):
                yield replace(issue, path=place + issue.path.removeprefix(_place(one)))
    yield from parse(resource)


def schema(
    of: Annotated[str, typer.Argument(help="What to describe: incident, pack, settings or state-policy.")],
    markdown: Annotated[bool, typer.Option("--markdown", help="Of settings: the page of every key.")] = False,
    as_json: Json = False,
) -> None:
    """Prints a JSON Schema (2020-12): of the canonical record, which any system may post, of a pack's pack.yaml, of
    hub.toml (a partner's profile is in it), or of the file of a state's rules of release."""
    if of == "state-policy":
        from hub.release import overlay_schema

        write(overlay_schema(), pretty=True)
        return
    if of == "pack":
        from mappings.packs.schema import pack_schema

        write(pack_schema(), pretty=True)
        return
    if of == "settings":
        from hub.settings import Settings
        from hub.settings.reference import page

        if markdown:
            typer.echo(page(), nl=False)
            return
        write({"$schema": "https://json-schema.org/draft/2020-12/schema", **Settings.model_json_schema()}, pretty=True)
        return
    if of != "incident":
        raise typer.BadParameter("incident, pack, settings or state-policy", param_hint="OF")
    from mappings.schema import incident_schema

    write(incident_schema(), pretty=True)
