"""NIBRS submissions (FBI, NIBRS XML 4.2, on NIEM 3.2) as incidents: each report of a submission is one.

The incident number is the agency's case number, the ORI its id; where an export has the CAD event beside it, that is
the incident's number and the two are one incident. A report is a new version by the submission's time; one that
replaces another says so, and one that deletes another has the standing `withdrawn`. A Group B arrest report has no
incident number, so its arrest transaction number stands for it. A zero report has the standing `nothing` and becomes
no encounter.

A report without an offense is as good as any: a mental health contact is no crime. Not read: property, substances,
weapons, relationships and other facts of the crime, which are listed as unused. Not checked: the FBI's schemas and
edits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from mappings.found import Found, Rule
from mappings.incident import Agency, Coded, DateTime, Incident, Narrative, Organization, Rejected, Timeline
from mappings.incident import Identifier as Number
from mappings.police.call import call
from mappings.police.contact import contact
from mappings.police.element import Element
from mappings.police.parts import Parts, place
from mappings.police.persons import known, persons
from mappings.police.rules import (
    ARREST_NUMBER,
    DELETED,
    NO_AGENCY,
    NO_KEY,
    NOT_IN_DIRECTORY,
    NOTHING,
    OTHER_VERSION,
    REPLACED,
    SEVERAL_OFFENSES,
    UNKNOWN_CODE,
)
from mappings.police.submission import REPORT, Broken, Report, reports
from mappings.times import zone
from profiles.issue import Issue

#: The release that is read.
RELEASE = "4.2"

#: Identifier kind of an ORI.
ORI = "ori"

_ZERO, _GROUP_B = "ZERO REPORT", "GROUP B ARREST REPORT"
_CATEGORIES = frozenset({"GROUP A INCIDENT REPORT", _GROUP_B, _ZERO})
_ACTIONS = frozenset({"I", "A", "R", "D"})
_ORI = ("j:OrganizationAugmentation", "j:OrganizationORIIdentification", "nc:IdentificationID")


def read_nibrs(data: bytes, agency: Agency | None = None) -> Iterator[Incident | Rejected]:
    """The reports of a NIBRS submission in order, each an Incident, or Rejected with its place and line.

    `agency` is the directory: it names organizations by their ORI (`Agency.ori`, or an identifier of kind `ori`), and
    gives the zone of times that have none. Without it the ORI is the agency's id. Raises nothing.
    """
    at = zone(agency.zone) if agency is not None and agency.zone else None
    for one in reports(data):
        if isinstance(one, Broken):
            yield _rejected(one.index, one.rule, "", one.line)
        else:
            yield _incident(one, agency, Found(at))


def _rejected(index: int, rule: Rule, path: str, line: int) -> Rejected:
    where = f"{REPORT}[{index + 1}]{path.removeprefix(REPORT)}, line {line}"
    issue = Issue(severity=rule.severity, code=rule.code, rule=rule.rule, path=where, text=rule.text)
    return Rejected(index=index, issues=(issue,), line=line)


def _incident(report: Report, agency: Agency | None, found: Found) -> Incident | Rejected:
    parts = Parts(report.element, found)
    top = parts.top
    owner, ori = _owner(parts, agency)
    if owner is None:
        return _rejected(report.index, NO_AGENCY, "/nibrs:ReportHeader/nibrs:ReportingAgency", report.line)
    category = top.text("nibrs:ReportHeader", "nibrs:NIBRSReportCategoryCode")
    action = top.text("nibrs:ReportHeader", "nibrs:ReportActionCategoryCode")
    for name, code, codes in (
        ("nibrs:NIBRSReportCategoryCode", category, _CATEGORIES),
        ("nibrs:ReportActionCategoryCode", action, _ACTIONS),
    ):
        if code not in codes:
            found.issue(UNKNOWN_CODE, f"{REPORT}/nibrs:ReportHeader/{name}")
    version, updated = _version(parts, report)
    made = Incident(
        agency=owner,
        # a replacement or deletion may carry the time of the report it is about: it is another version all the same
        version=f"{version} {action}" if version and action in ("R", "D") else version,
        updated=updated,
        organizations=_organizations(agency, owner, ori),
    )
    if category == _ZERO:
        found.issue(NOTHING, f"{REPORT}/nibrs:ReportHeader/nibrs:NIBRSReportCategoryCode")
        made = replace(made, standing="nothing")
    else:
        case = _case_number(parts)
        told = call(parts)
        if case is None and told.number is None:
            return _rejected(
                report.index, NO_KEY, "/nc:Incident/nc:ActivityIdentification/nc:IdentificationID", report.line
            )
        made = replace(made, number=told.number, case_number=case)
        occurred, received = _when(parts)
        if action == "D":
            found.issue(DELETED, f"{REPORT}/nibrs:ReportHeader/nibrs:ReportActionCategoryCode")
            made = replace(made, standing="withdrawn", timeline=Timeline(occurred=occurred))
        else:
            if action == "R":
                found.issue(REPLACED, f"{REPORT}/nibrs:ReportHeader/nibrs:ReportActionCategoryCode")
            timeline = replace(told.timeline, occurred=occurred, received=told.timeline.received or received)
            found.order(timeline, "timeline")
            people = known(parts)
            # Exact to the hour only: where the call's own stages are known, they say it better.
            met = contact(parts, people, owner, occurred if told.timeline == Timeline() else None)
            subjects = frozenset({met.person}) if met is not None and met.person is not None else frozenset[str]()
            everybody, reported = persons(parts, people, subjects, owner)
            cleared = _cleared(parts)
            made = replace(
                made,
                timeline=timeline,
                type_initial=told.type,
                type_final=_offense(parts),
                priority=told.priority,
                received_by=told.received_by,
                place=told.place or place(parts),
                units=told.units,
                persons=tuple(everybody),
                contacts=(met,) if met is not None else (),
                dispositions=tuple(one for one in (told.disposition, cleared) if one is not None),
                narratives=(*reported, *_narratives(parts, owner, updated, len(reported))),
            )
    parts.finish(report.metadata)
    found.unused += [path for path in report.beside if path not in found.unused]
    return replace(made, reading=found.reading("nibrs"))


def _owner(parts: Parts, agency: Agency | None) -> tuple[str | None, str | None]:
    """The agency's id in the directory and its ORI (data element 1). An ORI that nobody there has is its own id."""
    path = f"{REPORT}/nibrs:ReportHeader/nibrs:ReportingAgency"
    ori = parts.top.text("nibrs:ReportHeader", "nibrs:ReportingAgency", *_ORI)
    if ori is None:
        return (None, None) if agency is None else (agency.id, None)
    parts.found.paths["agency"] = "/".join((path, *_ORI))
    if agency is None:
        return ori, ori
    if agency.ori == ori or agency.id == ori:
        return agency.id, ori
    for organization in agency.organizations:
        if any(one.kind == ORI and one.value == ori for one in organization.identifiers):
            return organization.id, ori
    parts.found.issue(NOT_IN_DIRECTORY, "/".join((path, *_ORI)))
    return ori, ori


def _organizations(agency: Agency | None, owner: str, ori: str | None) -> tuple[Organization, ...]:
    """The reporting agency by its ORI, where the directory does not have it."""
    if ori is None or (agency is not None and owner != ori):
        return ()
    return (Organization(id=owner, kind="agency", identifiers=(Number(value=ori, kind=ORI),)),)


def _version(parts: Parts, report: Report) -> tuple[str | None, DateTime | None]:
    """The submission's time, by which versions follow each other, as written and as a time."""
    found, metadata = parts.found, report.metadata
    release = metadata.text("cjis:MessageImplementationVersion") if metadata is not None else None
    if report.release != RELEASE or release not in (None, RELEASE):
        found.issue(OTHER_VERSION, "cjis:MessageMetadata/cjis:MessageImplementationVersion")
    sent = metadata.first("cjis:MessageDateTime") if metadata is not None else None
    text = sent.value if sent is not None else None
    if sent is None or text is None:
        return None, None
    found.paths["version"] = found.paths["updated"] = sent.path
    return text, parts.time(text, sent.path)


def _case_number(parts: Parts) -> str | None:
    """The incident number (data element 2), else the arrest transaction number (41) of an arrest report."""
    for name in ("nc:Incident", "j:Arrest"):
        number = parts.top.text(name, "nc:ActivityIdentification", "nc:IdentificationID")
        if number is None:
            continue
        path = f"{REPORT}/{name}/nc:ActivityIdentification/nc:IdentificationID"
        parts.found.paths["case_number"] = path
        if name == "j:Arrest":
            parts.found.issue(ARREST_NUMBER, path)
        return number
    return None


def _when(parts: Parts) -> tuple[DateTime | None, DateTime | None]:
    """When it happened, and when it was reported: the incident's date is the one or the other (data element 3)."""
    incident = parts.top.first("nc:Incident")
    if incident is None:
        date = parts.top.first("j:Arrest", "nc:ActivityDate")
        if date is not None:
            parts.found.paths["timeline.occurred"] = date.path
        return parts.date(date), None
    date = incident.first("nc:ActivityDate")
    value = parts.date(date)
    is_report = incident.flag("cjis:IncidentAugmentation", "cjis:IncidentReportDateIndicator")
    if date is None or value is None:
        return None, None
    if is_report:
        parts.found.paths["timeline.received"] = date.path
        return None, value
    parts.found.paths["timeline.occurred"] = date.path
    return value, None


def _offense(parts: Parts) -> Coded | None:
    """The first offense, or what a Group B arrest was for, as the report's type."""
    offenses = parts.top.all("j:Offense")
    if len(offenses) > 1:
        parts.issue(SEVERAL_OFFENSES, offenses[1])
    code = offenses[0].first("nibrs:OffenseUCRCode") if offenses else None
    if not offenses and parts.top.first("nc:Incident") is None:
        charge = parts.top.first("j:Arrest", "j:ArrestCharge")
        code = charge.first("nibrs:ChargeUCRCode") if charge is not None else None
    coded = parts.code(code, "offense")
    if code is not None and coded is not None:
        parts.found.paths["type_final"] = code.path
    return coded


def _cleared(parts: Parts) -> Coded | None:
    """Why the case was cleared without an arrest (data element 4); `N` is that it was not."""
    code = parts.top.first("nc:Incident", "j:IncidentAugmentation", "j:IncidentExceptionalClearanceCode")
    if code is None or "".join(code.parts).strip() == "N":
        if code is not None:
            code.read = True
        return None
    parts.found.paths["dispositions"] = code.path
    return parts.code(code, "exceptional-clearance")


def _narratives(parts: Parts, owner: str, updated: DateTime | None, before: int) -> list[Narrative]:
    """What the agency writes of the incident, where an export has it: NIBRS itself has no narrative."""
    incident: Element | None = parts.top.first("nc:Incident")
    made: list[Narrative] = []
    for one in incident.all("nc:ActivityDescriptionText", "nc:ActivityNarrativeText") if incident is not None else ():
        text = one.value
        if text is not None:
            parts.found.paths[f"narratives[{before + len(made)}]"] = one.path
            made.append(
                Narrative(text=text, kind="police-report", title="Police report", organization=owner, time=updated)
            )
    return made
