"""The CJIS gate: criminal justice information never enters a health-bound Bundle.

Criminal history record information, returns of NCIC and the Interstate Identification Index (III), and what is kept
of juveniles or under seal are not given to health care (CJIS Security Policy 4.1.1, 4.2; 28 CFR 20.33). The gate
stands inside `translate` and looks at every free text of the Incident by pattern, and at identifiers by kind; what a
source's own field classes dropped is carried along (`Reading.dropped`). A narrative that hits is kept back whole, for
a person to look at (`held`): what is left after cutting a sentence may still say it. A short text is removed
(`dropped`). Reports say path, rule and count, never content.

It does not judge the present event: an arrest made on this call is the police's own fact, and a local narrative is
not CJI by its content; whose record it is, release decides. Patterns err to the side of holding.
"""

from __future__ import annotations

import re
from base64 import b64decode
from collections.abc import Callable
from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any, Final

from mappings.incident import (
    Answer,
    Attachment,
    Caution,
    Coded,
    ConsentForm,
    Contact,
    Gated,
    Hold,
    Identifier,
    Incident,
    Name,
    Narrative,
    Observed,
    Person,
    Place,
    Recipient,
    Referral,
    Staff,
    Transport,
    Unit,
)

_RULES: Final[tuple[tuple[str, re.Pattern[str]], ...]] = tuple(
    (rule, re.compile(pattern, re.IGNORECASE | re.VERBOSE))
    for rule, pattern in (
        (
            "cjis.criminal-history",
            r"""
            \b criminal [\s-]+ (?: history | histories | hist\b | hx\b | records? ) \b
            | \b crim [\s.]* (?: hx | hist | history ) \b
            | \b (?-i:CCH | CHRI | CORI) \b
            | \b rap [\s-]* sheets? \b
            | \b (?: arrest | conviction | booking | felony | jail | prison ) [\s-]+ (?: history | records? ) \b
            | \b (?: history | record ) \s+ of \s+ (?: \w+ \s+ ){0,2}? (?: arrests? | convictions? | felon(?:y|ies) | incarcerations? ) \b
            | \b (?: prior | previous | past | earlier ) s? \s+ (?: \w+ \s+ ){0,3}?
              (?: arrests? | convictions? | charges? | offens(?:e|es) | felon(?:y|ies) | bookings? | incarcerations? | dui s? | dwi s? ) \b
            | \b (?: previously | formerly ) \s+ (?: arrested | convicted | charged | booked | incarcerated ) \b
            | \b (?: has | have | had ) \s+ been \s+ (?: arrested | convicted | incarcerated ) \b
            | \b (?: has | had | no | with | w/ | multiple | several | numerous | extensive | \d+ ) \s* priors \b
            | \b convicted \s+ (?: of | for | in | felon | sex ) \b
            | \b convictions? \s+ (?: for | of | in | on ) \b
            | \b convicted \s+ felon \b
            | \b registered \s+ (?: sex \s+ )? offender \b
            | \b (?: on | violated | violation \s+ of | violating ) \s+ (?: \w+ \s+ )? (?: probation | parole ) \b
            | \b sentenced \s+ to \b
            """,
        ),
        (
            "cjis.ncic-return",
            r"""
            \b NCIC \b (?! \s+ (?: training | class | certif\w* | recertif\w* | polic(?:y|ies) | terminal | manual | outage ) \b )
            | \b (?-i:NLETS | CLETS | TCIC | FCIC | GCIC | CCIC | OLETS) \b
            | \b (?-i:LEADS | LEIN | CJIS) \s+ (?: returns? | checks? | hits? | query | queries | inquiry | response ) \b
            | \b hot [\s-]* files? \s+ (?: returns? | checks? | hits? | entry | match ) \b
            | \b (?: wanted [\s-]+ persons? | warrants? ) \s+ (?: returns? | hits? | file ) \b
            | \b (?: gang | terrorist | violent \s+ person | immigration \s+ violator ) \s+ file \s+ (?: returns? | hits? | match ) \b
            """,
        ),
        (
            "cjis.iii-return",
            r"""
            \b triple [\s-]* I \b
            | \b interstate \s+ identification \s+ index \b
            | (?<! [Ll]evel\s ) (?<! [Tt]ier\s ) (?<! [Tt]ype\s ) (?<! [Ss]chedule\s ) (?<! [Cc]lass\s ) (?<! [Pp]hase\s )
              (?<! [Ss]tage\s ) (?<! [Tt]itle\s ) (?<! [Pp]art\s ) (?<! [Gg]rade\s ) (?<! [Uu]nit\s )
              \b (?-i:III) \s+ (?: returns? | responses? | checks? | query | queries | hits? | records? | report | inquiry | results? ) \b
            | \b (?-i:III) \s+ (?: returned | came \s+ back | shows? | showed | reveals? | revealed | indicates? | indicated | reflects? )
              \s+ (?: \w+ \s+ ){0,3}? (?: records? | hits? | arrests? | priors? | convictions? | charges? | history | positive | negative | clear ) \b
            | \b (?: ran | run | running | via | thru | through | queried | query | checked | check \s+ of ) \s+ (?: a \s+ | an \s+ | the \s+ )?
              (?-i:III) \b
            """,
        ),
        (
            "cjis.fbi-number",
            r"""
            \b FBI \s* / \s* UCN \b
            | \b FBI \s* (?: no\b\.? | numbers?\b | num\b\.? | nbr\b\.? | \# )
            | \b (?: FBI | UCN ) \s* [:\#]? \s* (?= [A-Z0-9]* \d ) [A-Z0-9]{5,9} \b
            | \b universal \s+ control \s+ numbers? \b
            """,
        ),
        (
            "cjis.state-id",
            r"""\b (?-i:SID) \s* (?: no\.? | numbers? | nbr | \# )? \s* [:\#]? \s* [A-Z]{0,2} \d{5,10} \b""",
        ),
        (
            "cjis.juvenile-record",
            r"""
            \b juv (?: enile )? \.? \s+ (?: \w+ \s+ ){0,2}?
              (?: records? | histor(?:y|ies) | hx | adjudicat\w+ | arrests? | offen[sc]\w* | offender | probation | petition | convictions? | priors? | case | court | detention | referrals? ) \b
            | \b adjudicated \s+ (?: a \s+ | as \s+ a \s+ )? (?: delinquent | juvenile | youthful ) \b
            | \b delinquency \s+ (?: petition | record | case | adjudication | history ) \b
            | \b youthful \s+ offender \b
            """,
        ),
        (
            "cjis.sealed-record",
            r"""
            \b (?: sealed | expunged | set [\s-]+ aside ) \s+ (?: \w+ \s+ ){0,2}?
              (?: records? | cases? | files? | convictions? | arrests? | adjudications? | charges? | indictments? | juvenile | criminal ) \b
            | \b (?: records? | cases? | file | convictions? | arrests? | adjudications? | charges? | court \s+ order ) \s+
              (?: (?: is | are | was | were | has \s+ been | have \s+ been | now ) \s+ ){0,2} (?: sealed | expunged | set \s+ aside ) \b
            | \b expung (?: ed | ement | ements | ing ) \b
            | \b under \s+ seal \b
            """,
        ),
    )
)

#: A quick look: no rule can hit a text without one of these.
_CANDIDATE = re.compile(
    r"crim|histor|record|arrest|convict|offen[sc]|felon|charge|booking|incarcerat|prior|\bdui|\bdwi|probation|parole|sentenced"
    r"|\bc(?:ch|hri|ori)\b|rap|n?cic\b|l?ets\b|\blead?s\b|\blein\b|\bcjis\b|hot.?file|wanted|warrant|\bfile\b|\biii\b|triple|interstate"
    r"|\bfbi\b|\bucn|universal\s+control|\bsid\b|\bsid|juv|delinquen|youthful|seal|expung|set[\s-]+aside",
    re.IGNORECASE,
).search

#: Identifiers that are criminal justice numbers by kind.
IDENTIFIER_KINDS: Final = frozenset(
    {"fbi", "fbi-number", "fbi number", "ucn", "sid", "state-identification-number", "ncic", "nic"}
)

#: The free texts of each record: what a person typed. Codes, ids, times and numbers are not text.
FREE_TEXT: Final[dict[type, tuple[str, ...]]] = {
    Coded: ("text",),
    Name: ("text",),
    Place: ("text", "line", "cross_street"),
    Person: ("relationship", "description"),
    Staff: (),
    Unit: ("name",),
    Narrative: ("title",),
    Attachment: ("title",),
    Caution: ("source", "text"),
    Observed: ("reported_by",),
    Answer: ("value",),
    Hold: ("statute",),
    Transport: ("destination_text",),
    Referral: ("note",),
    Recipient: ("name", "class_"),
    ConsentForm: ("description", "expiry_event"),
    Contact: ("follow_up",),
}


@lru_cache(maxsize=4096)
def criminal_justice_rules(text: str) -> tuple[tuple[str, int], ...]:
    """The rules that `text` hits, each with how often; empty for a text that may go on."""
    if _CANDIDATE(text) is None:
        return ()
    found = ((rule, sum(1 for _ in pattern.finditer(text))) for rule, pattern in _RULES)
    return tuple((rule, count) for rule, count in found if count)


def gate(incident: Incident) -> tuple[Incident, tuple[Gated, ...], tuple[Gated, ...]]:
    """`incident` without criminal justice information, what was dropped, and what is held for a person.

    `dropped` begins with what reading dropped by field class. Paths are the source's where reading knows them.
    """
    sweep = _Sweep(incident)
    changed: dict[str, Any] = {}
    for name in _INCIDENT:
        value = getattr(incident, name)
        if value:
            kept = sweep.kept(value, name)
            if kept is not value:
                changed[name] = kept
    return (
        replace(incident, **changed) if changed else incident,
        (*incident.reading.dropped, *sweep.dropped) if sweep.dropped else incident.reading.dropped,
        tuple(sweep.held),
    )


_INCIDENT: Final = (
    "numbers",
    "status",
    "type_initial",
    "type_final",
    "priority",
    "received_by",
    "place",
    "units",
    "persons",
    "contacts",
    "dispositions",
    "narratives",
    "cautions",
)


class _Removed:
    """Stands for a value that has to go where the record cannot hold None (a member of a tuple)."""


_REMOVED: Final = _Removed()


class _Sweep:
    """One pass over an Incident."""

    __slots__ = ("_paths", "dropped", "held")

    def __init__(self, incident: Incident) -> None:
        self._paths = incident.reading.paths
        self.dropped: list[Gated] = []
        self.held: list[Gated] = []

    def kept(self, value: Any, path: str) -> Any:
        """`value` without what hits: the same object when nothing did."""
        kind = type(value)
        if kind is tuple:
            kept = [self.kept(item, f"{path}[{n}]") for n, item in enumerate(value)]
            if all(a is b for a, b in zip(kept, value, strict=True)):
                return value
            return tuple(item for item in kept if item is not _REMOVED)
        if kind is Coded:  # by far the most frequent
            if value.text is None or not criminal_justice_rules(value.text):
                return value
            self._report(self.dropped, path, criminal_justice_rules(value.text))
            return replace(value, text=None)
        if kind is Narrative and (hits := criminal_justice_rules(value.text)):
            self._report(self.held, path, hits)
            return _REMOVED
        if kind is Identifier:
            if value.kind is not None and value.kind.lower() in IDENTIFIER_KINDS:
                self._report(self.dropped, path, (("cjis.field-class", 1),))
                return _REMOVED
            return value
        if kind is Attachment and (hits := criminal_justice_rules(_attached(value))):
            self._report(self.held, path, hits)
            return None
        plan = _PLANS.get(kind)
        return value if plan is None else self._fields(value, plan, path)

    def _fields(self, value: Any, plan: _Plan, path: str) -> Any:
        changed: dict[str, Any] = {}
        for name in plan[0]:
            text = getattr(value, name)
            if type(text) is str and (hits := criminal_justice_rules(text)):
                self._report(self.dropped, f"{path}.{name}", hits)
                changed[name] = None
        for name in plan[1]:
            part = getattr(value, name)
            if part is None or part == ():
                continue
            kept = self.kept(part, f"{path}.{name}")
            if kept is not part:
                changed[name] = kept
        return replace(value, **changed) if changed else value

    def _report(self, where: list[Gated], path: str, hits: tuple[tuple[str, int], ...]) -> None:
        at = self._source(path)
        where.extend(Gated(path=at, rule=rule, count=count) for rule, count in hits)

    def _source(self, path: str) -> str:
        above = path
        while above:
            if above in self._paths:
                return self._paths[above]
            cut = max(above.rfind("."), above.rfind("["))
            above = above[:cut] if cut > 0 else ""
        return path


def _attached(attachment: Attachment) -> str:
    """The text of a text attachment; an image or a PDF is not read here (a person signed it)."""
    if not attachment.media_type.startswith("text/"):
        return ""
    try:
        return b64decode(attachment.data).decode(errors="replace")
    except ValueError:
        return ""


_Plan = tuple[tuple[str, ...], tuple[str, ...]]


def _plans() -> dict[type, _Plan]:
    """For each record: its free texts, and the fields in which other records stand."""
    found: dict[type, _Plan] = {}
    todo: list[type] = [Incident]
    import mappings.incident as module

    nested: Callable[[Any], bool] = lambda t: isinstance(t, type) and is_dataclass(t)
    records = {name: cls for name, cls in vars(module).items() if nested(cls)}
    while todo:
        cls = todo.pop()
        if cls in found:
            continue
        parts = []
        for each in fields(cls):
            inside = [records[name] for name in re.findall(r"\w+", str(each.type)) if name in records]
            if inside:
                parts.append(each.name)
                todo.extend(inside)
        found[cls] = (FREE_TEXT.get(cls, ()), tuple(parts))
    return found


_PLANS: Final = _plans()
