"""The findings of the EIDO reader, with their fixed words."""

from __future__ import annotations

from mappings.found import Rule

NOT_EIDO = Rule("eido.no-version", "error", "required", "an EIDO document has `eidoVersion`")
NO_KEY = Rule("eido.no-key", "error", "required", "the document has neither its `$id` nor an internal incident id")
NO_AGENCY = Rule("eido.no-agency", "error", "required", "no agency is named as the owner, and none was given")
OTHER_VERSION = Rule(
    "eido.other-version", "warning", "not-supported", "not version 1.0 of EIDO: read as far as it is the same"
)
SEVERAL_OWNERS = Rule(
    "eido.several-owners", "warning", "multiple-matches", "more than one agency is marked as the owner: one is taken"
)
NOT_IN_DIRECTORY = Rule(
    "eido.agency-not-in-directory", "information", "not-found",
    "the owning agency is not in the directory it was read with: it keeps its EIDO id",
)  # fmt: skip
NO_INCIDENT = Rule("eido.no-incident", "information", "not-found", "the document has no incident component")

NO_ID = Rule("eido.no-id", "warning", "required", "a component without `$id`: nothing can refer to it")
SAME_ID = Rule(
    "eido.duplicate-id", "warning", "duplicate",
    "another component has the same `$id`: of the same kind, the one updated last is taken",
)  # fmt: skip
DANGLING = Rule("eido.dangling-reference", "warning", "not-found", "no component of this document has this `$id`")
CIRCULAR = Rule(
    "eido.circular-reference", "information", "informational",
    "this reference leads back to where it comes from: it is followed once",
)  # fmt: skip
WRONG_KIND = Rule(
    "eido.wrong-kind", "warning", "value", "the reference names a component of another kind than the member is for"
)
WRONG_TYPE = Rule(
    "eido.wrong-type", "warning", "structure",
    "the member has another JSON type than the standard gives it: taken only where that is clear",
)  # fmt: skip

NO_UPDATE = Rule(
    "eido.no-update-time", "information", "required",
    "a component without `lastUpdateTimeStamp`: which of two versions of it is the later cannot be told",
)  # fmt: skip
ALTERNATE_VALUE = Rule(
    "eido.alternate-value", "information", "multiple-matches",
    "other values are given for an element of a component: the component's own value is taken",
)  # fmt: skip
UNCHECKED_TOKEN = Rule(
    "eido.unchecked-token", "information", "not-found",
    "a registry's token that this reader does not act on: it is kept as it is, and whether it exists is not known",
)  # fmt: skip
UNKNOWN_TOKEN = Rule(
    "eido.unknown-token",
    "warning",
    "code-invalid",
    "a token that the given registry does not have: it is kept as it is",
)

UNMAPPED_TYPE = Rule(
    "translate.unmapped-code", "warning", "not-found", "the code is in no reviewed table: it is kept as text"
)
UNKNOWN_ROLE = Rule("eido.unknown-role", "warning", "not-found", "not a person role of the registry: kept as unknown")
PLACEHOLDER_NAME = Rule(
    "eido.placeholder-name", "information", "informational", "a word that stands for an unknown name is not a name"
)
SEVERAL_REPORTS = Rule(
    "eido.several-report-numbers", "information", "multiple-matches",
    "more than one report number: none of them is the case number, all are kept",
)  # fmt: skip
AGE_UNIT = Rule("eido.age-unit", "warning", "not-supported", "an age in another unit than years is kept as text")

ACTIVE_CONTENT = Rule(
    "eido.active-content", "information", "informational", "scripts, styles or embedded objects in a note are left out"
)
EMPTY_NOTE = Rule("eido.empty-note", "information", "informational", "a note without text")

BAD_PIDF = Rule("pidf.not-read", "warning", "structure", "not a PIDF-LO that can be read safely: the place is unknown")
AS_CIRCLE = Rule(
    "pidf.shape-as-circle", "information", "informational", "an area is carried as the circle around it, no smaller"
)
BAD_SHAPE = Rule("pidf.bad-shape", "warning", "value", "no circle around the shape can be read from its numbers")
SEVERAL_SHAPES = Rule(
    "pidf.several-shapes",
    "information",
    "multiple-matches",
    "more than one position: the first that can be read is taken",
)
OTHER_CRS = Rule(
    "pidf.other-crs", "warning", "not-supported", "coordinates in another system than WGS 84 are not carried"
)
BAD_POSITION = Rule("pidf.bad-position", "warning", "value", "no latitude and longitude can be read from the position")
BAD_RADIUS = Rule("pidf.bad-radius", "warning", "value", "no radius in metres can be read: the uncertainty is unknown")
NO_PLACE = Rule("pidf.no-place", "information", "incomplete", "the PIDF-LO holds no place that is carried")
EXPIRES = Rule(
    "pidf.retention-expiry",
    "information",
    "informational",
    "the place says until when it may be kept (RFC 4119): it is not translated after that",
)
BY_REFERENCE = Rule(
    "eido.location-by-reference", "information", "not-supported", "a place given only by URL is not fetched"
)
SEVERAL_PLACES = Rule(
    "eido.several-locations", "information", "multiple-matches",
    "more than one place of the incident: the one updated last is taken",
)  # fmt: skip
BAD_JCARD = Rule("eido.bad-jcard", "information", "structure", "not a jCard (RFC 7095) that can be read")
