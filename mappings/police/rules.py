"""The findings of the NIBRS reader, with their fixed words."""

from __future__ import annotations

from mappings.found import Rule

NOT_XML = Rule("nibrs.not-xml", "error", "structure", "the text is not well-formed XML from here on")
UNSAFE = Rule("nibrs.xml-entities", "error", "security", "document types and entities are not read")
TOO_DEEP = Rule("nibrs.too-deep", "error", "structure", "the report is nested deeper than a report is")
NESTED = Rule("nibrs.report-not-ended", "error", "structure", "another report begins before this one has ended")
NO_REPORT = Rule("nibrs.no-report", "error", "required", "a NIBRS submission has at least one `nibrs:Report`")
NO_KEY = Rule(
    "nibrs.no-key", "error", "required", "the report has neither an incident number nor an arrest transaction number"
)
NO_AGENCY = Rule("nibrs.no-agency", "error", "required", "the report names no agency by its ORI, and none was given")

OTHER_VERSION = Rule(
    "nibrs.other-version", "warning", "not-supported", "not version 4.2 of NIBRS XML: read as far as it is the same"
)
NOT_IN_DIRECTORY = Rule(
    "nibrs.agency-not-in-directory", "information", "not-found",
    "the reporting agency is not in the directory it was read with: its ORI is its id",
)  # fmt: skip
UNKNOWN_CODE = Rule("nibrs.unknown-code", "warning", "code-invalid", "not a code that NIBRS 4.2 has here")
UNMAPPED = Rule(
    "translate.unmapped-code", "warning", "not-found", "the code is in no reviewed table: it is kept as text"
)
DANGLING = Rule("nibrs.dangling-reference", "warning", "not-found", "no element of this report has this `s:id`")
SAME_ID = Rule(
    "nibrs.duplicate-id",
    "warning",
    "duplicate",
    "another element has the same `s:id`: the first is meant",
)
SAME_SEQUENCE = Rule(
    "nibrs.same-sequence", "warning", "duplicate",
    "another person of the report has the same role and number: this one is known by its place in the report",
)  # fmt: skip
OTHER_DATE = Rule("nibrs.other-date", "warning", "conflict", "another day than the one beside it, which is taken")

REPLACED = Rule(
    "nibrs.replaced", "information", "informational", "this report replaces the one sent before: it is a new version"
)
DELETED = Rule(
    "nibrs.deleted", "warning", "informational",
    "the agency deletes this report: what was made of it does not stand any more",
)  # fmt: skip
NOTHING = Rule(
    "nibrs.zero-report", "information", "informational", "the agency reports that it has nothing to report: no incident"
)
ARREST_NUMBER = Rule(
    "nibrs.arrest-number", "information", "informational",
    "an arrest report has no incident number: its transaction number stands as the case number",
)  # fmt: skip
SEVERAL_OFFENSES = Rule(
    "nibrs.several-offenses", "information", "multiple-matches",
    "more than one offense: the first is the type, the others are not carried",
)  # fmt: skip
SEVERAL_PLACES = Rule(
    "nibrs.several-locations", "information", "multiple-matches",
    "more than one location of the offense: none of them is taken for the place",
)  # fmt: skip
AGE_UNIT = Rule("nibrs.age-unit", "warning", "not-supported", "an age in another unit than years is kept as text")
WHOM = Rule(
    "nibrs.contact-person", "information", "incomplete",
    "a mental health contact whose person the report does not name beyond doubt: nobody is taken for them",
)  # fmt: skip
ARRESTEE = Rule(
    "nibrs.arrestee-not-subject", "information", "business-rule",
    "who was arrested is not taken for the person of a mental health contact: the report alone does not make a patient",
)  # fmt: skip
