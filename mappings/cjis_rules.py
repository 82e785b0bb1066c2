"""The patterns of the CJIS gate: what criminal justice information looks like in free text.

Criminal history record information, NCIC and III returns, FBI and state identification numbers, juvenile and sealed
records (CJIS Security Policy 4.1.1, 4.2; 28 CFR 20.3, 20.33). A name such as "Smith III", a mention of the FBI, an
arrest made on this call, a medical record or a sealed envelope is none of it. Patterns err to the side of holding: a
narrative held by mistake waits for a person, one let through cannot be called back.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

#: Words that follow or precede as one alternative each; spaces stand for white space.
_OUTCOME = r"(?:records?|hits?|arrests?|priors?|convictions?|charges?|history|positive|negative|clear)"
_RETURN = r"(?:returns?|responses?|checks?|query|queries|hits?|match|inquiry|results?)"
_PROCESS = r"(?:records?|cases?|files?|convictions?|arrests?|adjudications?|charges?|indictments?)"
_JUVENILE = (
    r"(?:records?|histor(?:y|ies)|hx|adjudicat\w+|arrests?|offen[sc]\w*|offender|probation|petition|convictions?"
    r"|priors?|case|court|detention|referrals?)"
)
#: "Level III response" and the like are not the index.
_NOT_A_GRADE = "".join(
    rf"(?<!\b{word} )"
    for word in (
        "level",
        "tier",
        "type",
        "schedule",
        "class",
        "phase",
        "stage",
        "title",
        "part",
        "grade",
        "unit",
        "axis",
    )
)

_PATTERNS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "cjis.criminal-history",
        (
            r"\bcriminal[ -]+(?:history|histories|hist\b|hx\b|records?)\b",
            r"\bcrim\.? ?(?:hx|hist|history)\b",
            r"\b(?-i:CCH|CHRI|CORI)\b",
            r"\brap[ -]*sheets?\b",
            r"\b(?:arrest|conviction|booking|felony|jail|prison)[ -]+(?:history|records?)\b",
            r"\b(?:history|record) of (?:\w+ ){0,2}?(?:arrests?|convictions?|felon(?:y|ies)|incarcerations?)\b",
            r"\b(?:prior|previous|past|earlier)s? (?:\w+ ){0,3}?(?:arrests?|convictions?|charges?|offens(?:e|es)"
            r"|felon(?:y|ies)|bookings?|incarcerations?|duis?|dwis?)\b",
            r"\b(?:previously|formerly) (?:arrested|convicted|charged|booked|incarcerated)\b",
            r"\b(?:has|have|had) been (?:arrested|convicted|incarcerated)\b",
            r"(?:\b(?:has|had|no|with|multiple|several|numerous|extensive|\d+)|\bw/) ?priors\b",
            r"\bconvicted (?:of|for|in|felon|sex)\b",
            r"\bconvictions? (?:for|of|in|on)\b",
            r"\bregistered (?:sex )?offender\b",
            r"\b(?:on|violated|violation of|violating) (?:\w+ )?(?:probation|parole)\b",
            r"\bsentenced to\b",
        ),
    ),
    (
        "cjis.ncic-return",
        (
            r"\bNCIC\b(?! (?:training|class|certif\w*|recertif\w*|polic(?:y|ies)|terminal|manual|outage)\b)",
            r"\b(?-i:NLETS|CLETS|TCIC|FCIC|GCIC|CCIC|OLETS)\b",
            rf"\b(?-i:LEADS|LEIN|CJIS) {_RETURN}\b",
            rf"\bhot[ -]*files? (?:entry|{_RETURN})\b",
            r"\b(?:wanted[ -]+persons?|warrants?) (?:returns?|hits?|file)\b",
            rf"\b(?:gang|terrorist|violent person|immigration violator) file {_RETURN}\b",
        ),
    ),
    (
        "cjis.iii-return",
        (
            r"\btriple[ -]*I\b",
            r"\binterstate identification index\b",
            rf"{_NOT_A_GRADE}\b(?-i:III) (?:records?|report|{_RETURN})\b",
            r"\b(?-i:III) (?:returned|came back|shows?|showed|reveals?|revealed|indicates?|indicated|reflects?)"
            rf" (?:\w+ ){{0,3}}?{_OUTCOME}\b",
            r"\b(?:ran|run|running|via|thru|through|queried|query|checked|check of) (?:an? |the )?(?-i:III)\b",
        ),
    ),
    (
        "cjis.fbi-number",
        (
            r"\bFBI ?/ ?UCN\b",
            r"\bFBI ?(?:no\b\.?|numbers?\b|num\b\.?|nbr\b\.?|#)",
            r"\b(?:FBI|UCN) ?[:#]? ?(?=[A-Z0-9]*\d)[A-Z0-9]{5,9}\b",
            r"\buniversal control numbers?\b",
        ),
    ),
    ("cjis.state-id", (r"\b(?-i:SID) ?(?:no\.?|numbers?|nbr|#)? ?[:#]? ?[A-Z]{0,2}\d{5,10}\b",)),
    (
        "cjis.juvenile-record",
        (
            rf"\bjuv(?:enile)?\.? (?:\w+ ){{0,2}}?{_JUVENILE}\b",
            r"\badjudicated (?:an? |as an? )?(?:delinquent|juvenile|youthful)\b",
            r"\bdelinquency (?:petition|record|case|adjudication|history)\b",
            r"\byouthful offender\b",
        ),
    ),
    (
        "cjis.sealed-record",
        (
            rf"\b(?:sealed|expunged|set[ -]+aside) (?:\w+ ){{0,2}}?(?:juvenile|criminal|{_PROCESS})\b",
            rf"\b(?:{_PROCESS}|court order) (?:(?:is|are|was|were|has been|have been|now) ){{0,2}}"
            r"(?:sealed|expunged|set aside)\b",
            r"\bexpung(?:ed|ements?|ing)\b",
            r"\bunder seal\b",
        ),
    ),
)

_RULES: Final = tuple((rule, re.compile("|".join(many), re.IGNORECASE)) for rule, many in _PATTERNS)

#: A quick look at short texts: no pattern can hit without one of these.
_CANDIDATE: Final = re.compile(
    r"[cfnltgo](?:ic|ets)\b|lead|lein|cjis|crim|hist|record|arrest|convict|offen|felon|charge|booking|incarcerat|prior"
    r"|dui|dwi|probation|parole|sentenced|cch|chri|cori|rap|ncic|file|wanted|warrant|iii|triple|interstate|fbi|ucn"
    r"|universal|sid|juv|delinquen|youthful|seal|expung|aside",
    re.IGNORECASE,
).search

_SPACES: Final = re.compile(r"\s+")


@lru_cache(maxsize=4096)
def criminal_justice_rules(text: str) -> tuple[tuple[str, int], ...]:
    """The rules that `text` hits, each with how often; empty for a text that may go on. Line breaks are spaces."""
    if _CANDIDATE(text) is None:
        return ()
    plain = _SPACES.sub(" ", text)
    found = ((rule, sum(1 for _ in pattern.finditer(plain))) for rule, pattern in _RULES)
    return tuple((rule, count) for rule, count in found if count)
