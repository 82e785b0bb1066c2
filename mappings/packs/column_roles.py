"""What a column's name says that it holds: a first guess for a draft, which a person confirms.

Public exports name one thing in dozens of ways (`timecreate`, `Call_Time`, `cad_event_original_time_queued`). A name is
cut into words of the field; the words decide. Nothing here looks at a cell, and no name is proof: a `utc` in it is not.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from difflib import get_close_matches
from functools import lru_cache

from mappings.found import STAGES


def _several(text: str) -> frozenset[str]:
    return frozenset(text.split())


#: Words that names are made of, for those written without a gap (`timecreate`). The longest that fits is taken.
_VOCABULARY = _several("""
    act action add added addr address age agency alias answer answered area arrest arrests arrival arrive arrived assign
    assigned at available badge beat birth block by cad call called caller calls car case category center cfs clear
    clearance cleared client clinician close closed closing code comment comments complainant complaint complete
    completed consumer county create created criminal date datetime day death desc descr description detail details
    disp dispatch dispatched dispatcher dispo disposition district dob dt dttm duration elapsed email en end ended
    enroute entered entry ethnicity event fbi final first from full gender general given go grid group how hundred id
    identifier inc incident initial initiated intake intersection item juvenile key last lat latitude level license
    line lng loc location log logged lon long longitude map mapx mapy master middle min mins minutes mobile name
    narrative nature nbr ncic neighborhood no note notes num number occurred of offense officer on open opened orig
    original originator outcome patient person phone pickup place plate police postal precinct pri primary prio
    priority prior problem queue queued race rcvd receive received recvd reference remarks report reported reporting
    request requested resolution responding response result rms route scene seconds sector self sent sequence severity
    sex social source ssn stamp start started state status street sub subgroup subject subtype suspect sysid tel
    telephone text time timestamp title tm total transport transporting travel type unit units update updated utc
    victim witness zip zipcode zone
    """)
_LONGEST = max(map(len, _VOCABULARY))
_SPELLED = sorted(_VOCABULARY)
_CAMEL = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])|(?<=\d)(?=[A-Za-z])|(?<=[A-Za-z])(?=\d)")
_GAP = re.compile(r"[^A-Za-z0-9#]+")

_CLOCK = _several("date datetime dt dttm time timestamp tm stamp")
_NUMBER = _several("# id identifier item key nbr no num number reference sysid")
_WORDED = _several("desc descr description name text title")
_FIRST = _several("initial orig original first reported")

#: Words of a name whose column is a person's, or free text: its cells are never listed.
PRIVATE = _several("""
    addr address age alias badge birth block caller client clinician comment comments complainant consumer detail
    details dispatcher dob email ethnicity gender intersection lat latitude license lng loc location lon longitude
    mobile narrative note notes officer patient person phone place plate race remarks sex social ssn street
    subject suspect tel telephone victim witness
    """)

# Words of a stage of the timeline, in the order in which they decide.
_STAGE_WORDS: tuple[tuple[str, frozenset[str]], ...] = (
    ("en_route", _several("enroute responding route")),
    ("on_scene", _several("arrival arrive arrived scene")),
    ("transporting", _several("transport transporting")),
    ("cleared", _several("available clear clearance cleared complete completed end ended")),
    ("closed", _several("close closed closing")),
    ("dispatched", _several("assign assigned dispatch dispatched disp sent")),
    (
        "received",
        _several("""
            act answer answered call called cad calls create created entered entry event inc incident initiated intake
            log logged open opened occurred phone pickup queue queued rcvd receive received recvd report reported
            reporting request requested response start started
            """),
    ),
)

#: Words of criminal justice information, which no health record holds (28 CFR 20.33), with the pack's class.
_CJIS: tuple[tuple[frozenset[str], str], ...] = (
    (frozenset(["ncic"]), "ncic"),
    (frozenset(["iii"]), "iii"),
    (frozenset(["fbi"]), "fbi-number"),
    (frozenset(["criminal"]), "criminal-history"),
    (frozenset(["prior", "arrests"]), "criminal-history"),
    (frozenset(["juvenile"]), "juvenile"),
    (frozenset(["sealed"]), "sealed"),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Role:
    """What a column may be: a field of `incident:` (`type_final`, `received`, `place.text`), or `cjis.<class>`,
    `derived`, `narrative` or `person`.

    `part` is what of it the column holds: `code`, `text`, `date`, `time`, `datetime` or `value`; content decides
    between the three of time. `confidence` is 0 to 1. `utc`: the name says UTC, which is to be confirmed.
    """

    field: str
    part: str = "value"
    confidence: float
    utc: bool = False


def words(name: str) -> tuple[str, ...]:
    """The words of a column's name, lower case: `ResponseDateTimeUTC` is response, date, time, utc."""
    found: list[str] = []
    for gap in _GAP.split(name.strip()):
        for part in _CAMEL.split(gap):
            if part:
                found += _cut(part.casefold())
    return tuple(found)


@lru_cache(maxsize=4096)
def _cut(part: str) -> tuple[str, ...]:
    """The fewest words of the vocabulary that this is made of; itself where it is not made of them."""
    best: dict[int, tuple[str, ...]] = {0: ()}
    for end in range(1, len(part) + 1):
        for start in range(max(0, end - _LONGEST), end):
            if start in best and part[start:end] in _VOCABULARY:
                made = (*best[start], part[start:end])
                if end not in best or len(made) < len(best[end]):
                    best[end] = made
    return best.get(len(part), (part,))


@lru_cache(maxsize=4096)
def _mended(word: str) -> str:
    """The word of the vocabulary that this is a misspelling of (`reproted`); itself where it is none."""
    if word in _VOCABULARY or len(word) < 6:
        return word
    return next(iter(get_close_matches(word, _SPELLED, 1, 0.85)), word)


def is_private(name: str) -> bool:
    """Whether the name is that of a person's data, a place or free text, whose cells are never listed."""
    said = tuple(map(_mended, words(name)))
    # The name of a type or a unit is nobody's; a bare `name`, or one with a person's part, is.
    personal = {"first", "full", "given", "last", "middle"}
    return not PRIVATE.isdisjoint(said) or said == ("name",) or ("name" in said and not personal.isdisjoint(said))


def role_of(name: str) -> Role | None:
    """What the name says, or None when it says nothing that this knows."""
    found = _role(words(name))
    if found is not None:
        return found
    mended = tuple(map(_mended, words(name)))
    found = _role(mended)
    return None if found is None else replace(found, confidence=round(found.confidence * 0.6, 2))


def _role(said: tuple[str, ...]) -> Role | None:
    has = frozenset(said)
    if not has:
        return None
    for needed, cls in _CJIS:
        if needed <= has:
            return Role(field=f"cjis.{cls}", confidence=0.9)
    return _derived(has) or _timed(said, has) or _coded(has) or _numbered(has) or _placed(has) or _told(has)


def role_of_path(path: str) -> Role | None:
    """The same of a member of a document (`times.closed`): its own name first, then with the names that it is under."""
    parent, _, last = path.rpartition(".")
    if last == "#text":
        # The text of an element that has attributes: the words beside its code.
        found = role_of_path(parent)
        return replace(found, part="text") if found is not None and found.part == "code" else found
    steps = [step.rpartition(":")[2] for step in path.split(".")]
    for size in range(1, min(3, len(steps)) + 1):
        found = role_of(" ".join(steps[-size:]))
        if found is not None:
            return found
    return None


def _derived(has: frozenset[str]) -> Role | None:
    if has & {"duration", "elapsed", "min", "mins", "minutes", "seconds", "total"} or {"travel", "time"} <= has:
        return Role(field="derived", confidence=0.8)
    return None


def _timed(said: tuple[str, ...], has: frozenset[str]) -> Role | None:
    """A time: which stage, and by its name date, time or both. A participle alone (`Arrived`) may be one."""
    clock = has & _CLOCK or ({"day"} & has)
    if has & {"birth", "dob"}:
        return None
    participle = said[-1] in (
        "received",
        "rcvd",
        "recvd",
        "arrived",
        "dispatched",
        "cleared",
        "closed",
        "enroute",
        "updated",
    )
    at = said[-1] == "at" or has >= {"en", "route"} or has >= {"on", "scene"}
    if not clock and not participle and not at:
        return None
    if has & {"update", "updated", "changed", "modified"}:
        return Role(field="updated", part="datetime", confidence=0.7)
    part = "datetime"
    if clock <= {"time", "tm"} and clock:
        part = "time"
    elif clock <= {"date", "dt", "day"} and clock:
        part = "date"
    for stage, stage_words in _STAGE_WORDS:
        if has & stage_words or (stage == "on_scene" and has >= {"on", "scene"}):
            weak = stage == "received" and has & {"act", "response", "occurred", "start", "started", "incident"}
            sure = 0.6 if weak else 0.9
            if stage == "received" and "first" in has and "unit" in has:
                continue
            return Role(field=stage, part=part, confidence=sure, utc="utc" in has)
    if has <= {*_CLOCK, "day", "utc", "of", "the"}:
        return Role(field="received", part=part, confidence=0.5, utc="utc" in has)
    return None


def _coded(has: frozenset[str]) -> Role | None:
    part = "text" if has & _WORDED else "code"
    if has & {"group", "subgroup", "category", "subtype"}:
        return None
    if has & {"unit", "units", "car"} and not has & {"type", "status", "sequence", "count"}:
        return Role(field="units", part="code", confidence=0.8)
    if has & {"disposition", "dispo", "outcome", "result", "resolution", "clearance", "disp"}:
        return Role(field="disposition", part=part, confidence=0.7 if "clearance" in has else 0.9)
    if has & {"closing", "close", "clear", "cleared"} and (part == "text" or "code" in has):
        return Role(field="disposition", part=part, confidence=0.8)
    if has & {"priority", "pri", "prio", "severity"}:
        # The priority that was given first is kept beside nothing: one field holds the one in force.
        return Role(field="priority", part=part, confidence=0.5 if has & _FIRST else 0.9)
    if has & {"type", "nature", "problem", "complaint"} and not has & {
        *("address", "agency", "location", "person", "place", "unit", "weapon")
    }:
        field = "type_initial" if has & _FIRST else "type_final"
        return Role(field=field, part=part, confidence=0.9 if has & {"nature", "type", "problem"} else 0.6)
    if has >= {"self", "initiated"} or "originator" in has or has >= {"call", "source"} or has >= {"how", "received"}:
        return Role(field="received_by", part=part, confidence=0.7)
    return None


def _numbered(has: frozenset[str]) -> Role | None:
    if not has & _NUMBER or has & PRIVATE or has & {"beat", "district", "zone", "sector", "area", "agency", "sequence"}:
        return None
    if has & {"case", "report", "offense", "go", "rms"}:
        return Role(field="case_number", confidence=0.8)
    if has & {"event", "call", "calls", "incident", "inc", "cfs", "item", "sysid"}:
        return Role(field="event_number", confidence=0.9 if has & {"number", "num", "no", "nbr", "#", "id"} else 0.6)
    if has & {"cad", "master", "dispatch"} or has >= {"sys", "id"}:
        return Role(field="event_number", confidence=0.5)
    return None


def _placed(has: frozenset[str]) -> Role | None:
    if has & {"officer", "caller", "patient", "person", "client", "complainant"}:
        return None
    for field, some in (
        ("place.latitude", {"lat", "latitude"}),
        ("place.longitude", {"lon", "lng", "long", "longitude"}),
        ("place.postal_code", {"zip", "zipcode", "postal"}),
        ("place.city", {"city", "municipality", "town"}),
        ("place.state", {"state"}),
        ("place.cross_street", {"intersection"}),
        ("place.beat", {"beat", "sector", "grid"}),
        ("place.text", {"location", "address", "addr", "block", "street", "loc", "place"}),
    ):
        if has & some and not (field == "place.text" and has & {"type", "name"}):
            return Role(field=field, confidence=0.9 if "beat" in has else 0.8)
    if has & {"mapx", "mapy", "map"}:
        return Role(field="derived", confidence=0.6)
    return None


def _told(has: frozenset[str]) -> Role | None:
    if has & {"narrative", "remarks", "comment", "comments", "note", "notes", "synopsis", "details"}:
        return Role(field="narrative", confidence=0.8)
    person = {"birth", "dob", "phone", "telephone", "tel", "mobile", "email", "ssn", "sex", "gender", "race", "age"}
    if has & person or has & {"caller", "complainant", "patient", "client", "consumer", "subject", "suspect", "victim"}:
        return Role(field="person", confidence=0.7)
    if "name" in has and has & {"first", "last", "full", "middle", "given", "person", "officer"}:
        return Role(field="person", confidence=0.7)
    return None


#: Fields of a draft that are times.
TIMES = (*STAGES, "updated")
