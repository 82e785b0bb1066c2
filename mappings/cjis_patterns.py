"""The patterns of the CJIS gate: what criminal justice information looks like in free text.

Criminal history record information, NCIC and III returns, FBI and state identification numbers, juvenile and sealed
records (CJIS Security Policy 4.1.1, 4.2; 28 CFR 20.3, 20.33). What a query of those files gave is one of their
returns whatever it said: "no wants or warrants" too. A name such as "Smith III", a mention of the FBI, an arrest made
on this call, a driver's license return, a search warrant, a protection order that a person tells of, a medical record
or a sealed envelope is none of it. Patterns err to the side of holding: a narrative held by mistake waits for a
person, one let through cannot be called back.
"""

from __future__ import annotations

from typing import Final

_OUTCOME = r"(?:records?|hits?|arrests?|priors?|convictions?|charges?|history|positive|negative|clear)"
_RETURN = r"(?:returns?|responses?|checks?|query|queries|hits?|match|inquiry|results?)"
_PROCESS = r"(?:records?|cases?|files?|convictions?|arrests?|adjudications?|charges?|indictments?|pleas?|judgments?)"
_OFFENSE = (
    r"(?:theft|assault|dui|dwi|burglary|robbery|trespass|menacing|drug|felony|misdemeanor|harassment|criminal|dv"
    r"|domestic violence|strangulation|arson|homicide|weapons?)"
)
_EVENT = (
    r"(?:cited|ticketed|arrested|convicted|charged|booked|jailed|incarcerated|imprisoned|indicted|locked up|sentenced)"
)
_TIMES = r"(?:twice|once before|repeatedly|(?:\w+|\d+) times)"
#: Another time than that of this call.
_PAST = (
    r"(?:(?:in|since|back in|during|from) (?:\w+ )?(?:19|20)\d\d"
    r"|last (?:week|month|year|spring|summer|fall|autumn|winter|time|january|february|march|april|may|june|july|august"
    r"|september|october|november|december)"
    r"|(?:\w+ ){1,2}(?:years?|months?|weeks?) (?:ago|earlier|before|prior|back)"
    r"|(?:before|previously|in the past|prior to (?:this|today))(?= ?[,.;]|$)"
    r"|(?:once|years?) before|as an? (?:juvenile|minor|kid|teen\w*|youth|adult)|(?:on|in|during) \w+ of (?:those|them))"
)
_JUVENILE = (
    r"(?:records?|histor(?:y|ies)|hx|adjudicat\w+|arrests?|arr|offen[sc]\w*|offender|prob(?:ation)?|petition"
    r"|convictions?|priors?|cases?|courts?|judge|detention|hall|justice|referrals?|delinquents?|files?|charges?"
    r"|unit|wards?)"
)
#: What may stand between a juvenile and the record, and makes no sentence of its own.
_NO_CLAUSE = (
    r"(?:(?!(?:in|of|on|at|was|were|is|are|and|to|from|the|this|that|who|with|has|had|said|says|gave|for|by) )\w+ )"
)
_ORDER = r"(?:protection|protective|restraining|no[ -]?contact)[ -]orders?"
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
#: A warrant that is no entry about a person: for a search, or the verb.
_NO_WANT_BEFORE = "".join(
    rf"(?<!\b{word} )"
    for word in (
        "search",
        "need a",
        "needed a",
        "without a",
        "get a",
        "not",
        "may",
        "might",
        "would",
        "could",
        "symptoms",
        "that",
        "seem to",
        "seems to",
        "appear to",
        "appears to",
        "enough to",
    )
)
_NO_WANT_AFTER = (
    r"(?! (?:was |is |were )?(?:not )?(?:needed|required|necessary)\b)"
    r"(?! (?:further|additional|an? (?:hold|evaluation|assessment|visit|admission|call|response|transport|report"
    r"|referral"
    r"|change)|more|close\w*|hospital\w*|inpatient|admission|immediate|continued|emergency|medical|attention|concern"
    r"|review|evaluation|assessment|follow)\b)"
)

#: By rule: words of which the text must have one (four letters or more: the beginning of one of its words; fewer: one
#: of its words), and the patterns that are then tried.
PATTERNS: Final[tuple[tuple[str, tuple[tuple[str, tuple[str, ...]], ...]], ...]] = (
    (
        "cjis.criminal-history",
        (
            (
                "crim",
                (
                    r"\bcriminal[ -]+(?:history|histories|hist\b|hx\b|records?|background|past"
                    r"|justice (?:involve\w*|agency"
                    r"|histor\w+|records?|system|contacts?))\b",
                    r"\bcrim\.? ?(?:hx|hist|history|record)\b",
                ),
            ),
            ("cch|chri|cori", (r"\b(?-i:CCH|CHRI|CORI)\b",)),
            ("justice", (r"\bjustice[ -]involved\b",)),
            ("photo|mug", (r"\b(?:arrest|booking|jail) photos?\b", r"\bmug ?shots?\b")),
            ("acquit", (r"\bacquitted\b",)),
            ("guilty", (r"\b(?:found|plea of|verdict(?: of)?|disp\w*:?|adjudged) (?:not )?guilty\b",)),
            (
                "known",
                (
                    r"\bknown to (?:\w+ ){1,3}for (?:\w+ ){0,2}(?:theft|assault|burglar|fight|drug|dealing"
                    r"|violen)\w*",
                ),
            ),
            ("rap", (r"\brap[ -]*sheets?\b",)),
            (
                "histor|record",
                (
                    r"\b(?:arrest|conviction|booking|felony|jail|prison|inmate|court|probation|parole|offense|offender)"
                    r"[ -]+(?:history|histories|records?)\b",
                    r"\b(?:history|record) of (?:\w+ ){0,2}?(?:arrests?|convictions?|felon(?:y|ies)|incarcerations?"
                    r"|imprisonment|resisting)\b",
                    r"\bhistory of assaults? (?:on|against|toward) (?:\w+ )?(?:po|police|officers?|le|leo|deputies)\b",
                ),
            ),
            (
                "hx|h|history",
                (
                    r"\b(?:hx|h/o|history) (?:of )?(?:\w+ ){0,2}?(?:arrests?|felon(?:y|ies)|incarcerations?|resisting"
                    r"|felony|misdemeanor|burglar(?:y|ies)|robber(?:y|ies)|thefts?|eluding|menacing|duis?|dwis?"
                    r"|trespass\w*|arson"
                    r"|homicide|weapons? charges|domestic violence arrests|charges|jail|prison|bookings?"
                    r"|(?:assaults?|violence|fighting) (?:on|against|toward|towards|to|with) (?:\w+ )?"
                    r"(?:po|pd|police|officers?|le|leo|leos|deputies))\b",
                ),
            ),
            (
                "prior|prev|past|earlier|formerly",
                (
                    r"\b(?:prior|previous|prev|past|earlier)s?\b\.? (?:\w+ ){0,3}?(?:arrests?|arrestee|arr|convictions?"
                    r"|charges?|offens(?:e|es)|felon(?:y|ies)|bookings?|incarcerations?|duis?|dwis?|sentences?)\b",
                    r"\b(?:previously|formerly) (?:been )?(?:arrested|convicted|charged|booked|incarcerated|jailed)\b",
                    r"\bpriors\b",
                    r"\bprior (?:incidents?|calls?|contacts?) (?:\w+ ){0,9}?(?:arrested|charged|convicted|booked)\b",
                ),
            ),
            (
                "cited|ticketed|arr|arrest|convict|charg|book|jail|incarcerat|imprison|indict|lock|sentenc|out",
                (
                    r"\b(?:has|have|had)(?: \w+)? been (?:arrested|convicted|incarcerated|jailed|imprisoned|indicted"
                    r"|booked|locked up)\b",
                    rf"\b{_EVENT} (?:[\w']+ ){{0,6}}?(?:{_PAST}|{_TIMES})",
                    r"\bconvicted (?:of|for|in|felon|sex|burglar|violent)\b",
                    r"\bconvictions? (?:for|of|in|on|from)\b",
                    rf"\b(?:{_OFFENSE}|because of an?|due to an?) convictions?\b",
                    r"\bsentenced\b",
                    r"\b(?:year|yr|month|mo|day|prison|jail|suspended|county|probation)s?[ -]sentences?\b",
                    r"\bsentences? for\b",
                    r"\bincarcerat\w+",
                    r"\bconviction\b(?! that)",
                    r"\bconvictions\b(?! (?:would|do|did|are|about|as|on|regarding))",
                    r"\barr(?:ested|ests?)?\.? (?:x ?\d|\d+ ?x|\d+ times)\b",
                    r"\bin and out of (?:jail|prison|county|custody)\b",
                    r"\b(?:19|20)\d\d (?:\w+ )?(?:arrest|booking|conviction|charge|felony|indictment)s?\b",
                    r"\b(?:arrestee|defendant) in (?:an? )?(?:\w+ ){0,2}?(?:(?:19|20)\d\d|earlier|prior)\b",
                    r"\b(?:been|was|spent time|sat) (?:in|to|at) (?:the |county |city )*jail\b(?! by| to (?:visit"
                    r"|see))",
                    r"\b(?:released from|out of|got out of) (?:the |county |city )*jail\b",
                    r"\bunder indictment\b",
                ),
            ),
            (
                "felon|offender|rso|ex|excon",
                (
                    r"\b(?:convicted|known|registered|ex)[ -](?:violent )?felon\b",
                    r"\bex-?con\b",
                    r"\bregistered offender\b",
                    r"\bsex(?:ual)? offenders?\b",
                    r"\b(?:known|convicted|repeat|habitual) (?:sex(?:ual)? |violent )?offender\b",
                    r"\b(?-i:RSO)\b",
                ),
            ),
            ("regist", (r"\bregister(?:ed|s|ing)? as an? (?:sex|offender|violent)\b",)),
            (
                "prob|parole",
                (
                    r"\b(?:on|violated|violation of|violating|off|completed|finished|revoked) (?:\w+ ){0,2}?"
                    r"(?:probation|parole)\b",
                    r"\bon (?-i:PROB)\b",
                    r"(?<!former )\bparole\b(?! board)",
                    r"\b(?:felony|misdemeanor|county|state|adult|dui|formal|informal|unsupervised"
                    r"|deferred) probation\b",
                    r"\b(?:probation|parole) (?:officers?|agents?|id\b|supervisor|hold|violations?|terms?|conditions?"
                    r"|check-?ins?|revo\w+|status|warrant)\b",
                    r"\b(?:probationer|parolee)\b",
                ),
            ),
            (
                "release|bond|bail|monitor",
                (
                    r"\b(?:supervised|pre-?trial|conditional|work|mandatory) release\b",
                    r"\b(?:out|released|free|is|was|currently) on (?:an? )?(?:\w+ )?(?:bond|bail|recognizance)\b",
                    r"\b(?:pr|cash|surety|appearance|bail) bond\b",
                    r"\bankle monitor\b",
                ),
            ),
            (
                "prison|penitentiary|doc|corrections",
                (
                    r"\b(?:in|to|from|out of|left|did|served) (?:(?:a|the|state|federal|county) )*"
                    r"(?:prison|penitentiary)\b(?! (?:bus|van|movie|show|nurse|chaplain))",
                    r"\b(?:released|paroled|discharged|out|inmate|time) (?:from|of|in|at) (?:the )?(?:(?-i:DOC)"
                    r"|department"
                    r" of corrections|corrections)\b",
                ),
            ),
            (
                "time|years|months",
                (
                    r"\b(?:did|doing|done) (?:\w+ )?time (?:for|in|at)\b",
                    r"\bserv(?:ed|ing) (?:\w+ ){1,3}(?:in|at) (?:(?:a|the|state|federal|county) )*(?:jail|prison"
                    r"|custody)\b",
                    r"\b(?:did|served|serving|spent|finished|completed|doing) (?:[\w-]+ ){1,4}(?:in|at) (?:the )?"
                    r"(?:jail|prison|county(?! (?:hospital|clinic))|corrections|(?-i:DOC))\b",
                    r"\bserv(?:ed|ing) (?:\w+ ){0,3}(?:sentence|time (?:for|in|at))\b",
                ),
            ),
            ("plea|plead|pled", (r"\b(?:plead|pleaded|pled|pleads) (?:guilty|no contest|nolo)\b",)),
            ("sent", (r"\bsent: ?\d+ ?(?:y|m|d)",)),
            (
                "resist|assault|fought|attacked|stabbed|spat",
                (
                    r"\bresists arrest\b",
                    r"\b(?:assaulted|fought|attacked|stabbed|spat on) (?:\w+ ){0,3}?"
                    r"(?:officers?|deputy|deputies|police|po) (?:in )?(?:19|20)\d\d\b",
                ),
            ),
            ("deferred", (r"\bdeferred (?:sentence|judge?ment|prosecution|adjudication)\b",)),
            (
                "pending|open|case",
                (
                    r"\b(?:pending|open) (?:\w+ )?(?:charges?|court cases?|cases?|felon(?:y|ies))\b(?! (?:number"
                    r"|review))",
                    rf"\b(?:his|her|their|\w+'s) (?:\w+ )?{_OFFENSE} case\b",
                ),
            ),
            ("before", (r"\b(?:trespassed|cited|ticketed) (?:and \w+ )?(?:\w+ ){0,2}before\b(?= ?[,.;]|$)",)),
            (
                "possess",
                (r"\b(?:prohibited (?:person|possessor)|may not possess (?:\w+ )?(?:weapons?|firearms?|guns?))\b",),
            ),
            ("trouble", (r"\btrouble with the law\b",)),
            ("gang", (r"\b(?:documented|known|validated|confirmed) gang (?:member|associate)\b",)),
            # what a rap sheet is made of
            ("cycle", (r"\bcycle \d{3}\b",)),
            (
                "disp",
                (
                    r"\b(?:court )?disp(?:o|osition)?s?[: -]+(?:convicted|guilty|dismissed|nolle|acquitted"
                    r"|prob\b)",
                ),
            ),
            ("arr", (r"\barr/det/cite\b",)),
            ("cnt", (r"\bcnt: ?\d",)),
            ("arrest", (r"\barrest \d+ \d\d/\d\d/\d{4}", r"\barrest(?:ing)? agency\b", r"\bnumber of arrests\b")),
            ("agency", (r"\bagency-[a-z]+",)),
            ("probation", (r"(?<!former )\bprobation\b(?! (?:period|at\b|department|clerk))",)),
            ("felon", (r"\bfelon(?:y|ies|s)?\b",)),
            (
                "asslt|assault|battery",
                (
                    r"\b(?:asslts?|assaults?|battery) on (?:an? |the )?(?:po|le|leo|peace"
                    r"|police|officers?|deput\w+)\b",
                ),
            ),
            ("known", (r"\bknown (?:fighter|thief|burglar|dealer|shoplifter)\b",)),
            ("abscond", (r"\babscond\w*",)),
            (
                "prohibit|firearm|weapon|gun",
                (r"\b(?:firearms?|weapons?|gun) prohibition\b", r"\bprohibited from (?:possess|own|hav|carry)\w*"),
            ),
            ("trial", (r"\b(?:awaiting|stood|standing|stands|on) trial\b(?! of)",)),
            ("jail|prison", (r"\b(?:jail|prison) (?:terms?|time|stays?|stints?)\b",)),
            ("custody", (r"\bin custody (?:\w+ )?(?:\w+ times|before)\b",)),
            ("suspect", (r"\bsuspect in (?:\w+ ){1,5}(?:in )?(?:19|20)\d\d\b",)),
            (
                "record",
                (
                    r"\b(?:has|have|had|having) an? (?:\w+ )?record\b(?! (?:of|player|deal|store|label"
                    r"|collection))",
                ),
            ),
            (
                "days|months|years",
                (
                    r"\b(?:did|doing|served|serving) (?:about |almost |only )?[\w-]+ (?:days"
                    r"|months|years)\b"
                    r"(?! (?:(?:in|of|at|with) (?:(?:the|a|an) )?)?(?:army|navy|air|marines?|military|service"
                    r"|guard|treatment|rehab|detox"
                    r"|sober|sobriety|hospital|program|residential|inpatient|school|college))",
                ),
            ),
            ("arrests", (r"(?<!made )(?<!no )\barrests\b(?! (?:were|was) made)",)),
            ("registered", (r"\bregistered (?-i:SO)\b",)),
            ("legal", (r"\blegal (?:hx|history)\b",)),
            ("ankle|gps", (r"\bankle bracelet\b", r"\bgps (?:monitor|bracelet)\b")),
            ("po", (r"\b(?:his|her|their|client's|has a) (?-i:PO)\b",)),
            ("plea", (r"\b(?:guilty plea|plea (?:deal|bargain|agreement))\b",)),
            ("dispo", (r"\bdispo date\b",)),
            (
                "prior|prev|previous|past|known",
                (
                    r"\b(?:prior|prev|previous|past|known) (?:\w+ )?(?:resisting"
                    r"|eluding|fleeing|trespass(?:ing|es)?"
                    r"|thefts?|burglar(?:y|ies)|robber(?:y|ies)|menacing|harassment|disorderly"
                    r"|weapons? (?:charges?|offenses?))\b",
                ),
            ),
            ("sentencing", (r"\bsentencing\b",)),
            (
                "face|faces|facing|faced",
                (
                    r"\bfac(?:e|es|ed|ing) (?:\w+ ){0,3}?(?:charges?|counts?|prison|jail"
                    r"|time|trial)\b",
                ),
            ),
            (
                "jail",
                (
                    r"\b(?:went|go|goes|sent|gone|back) (?:back )?to jail (?:for|in|last|when|twice|again"
                    r"|before|over|because)\b",
                ),
            ),
            ("record", (r"\b(?:extensive|lengthy|long|violent|clean|adult|police) record\b",)),
            ("charge", (r"\bcharges (?:(?:were|was|are|got|have been|had been) )?(?:dropped|dismissed)\b",)),
            ("case", (r"\bcase (?:was|got|is|had been) (?:dismissed|dropped|continued|bound over)\b",)),
            ("nolle", (r"\bnolle\b",)),
            (
                "inmate|booking|doc|prisoner",
                (
                    r"\b(?:inmate|booking|(?-i:DOC)|prisoner) (?:numbers?|no\b\.?|id\b|#)",
                    r"\b(?:former|ex)[ -]inmate\b",
                ),
            ),
            ("community", (r"\bcommunity corrections\b",)),
            ("restitution", (r"\brestitution\b",)),
            ("deport", (r"\bdeported\b",)),
            ("failure|failed|fta", (r"\bfail(?:ure|ed) to (?:appear|comply|register)\b", r"\b(?-i:FTA)\b")),
        ),
    ),
    (
        "cjis.ncic-return",
        (
            (
                "ncic",
                (r"\bNCIC\b(?! (?:training|class|certif\w*|recertif\w*|polic(?:y|ies)|terminal|manual|outage)\b)",),
            ),
            (
                "nlets|clets|olets|tlets|ilets|tcic|fcic|gcic|ccic|acic|wacic|vcin|acjis|kcjis|deljis",
                (r"\b(?-i:NLETS|CLETS|OLETS|TLETS|ILETS|TCIC|FCIC|GCIC|CCIC|ACIC|WACIC|VCIN|ACJIS|KCJIS|DELJIS)\b",),
            ),
            ("leads|lein|cjis", (rf"\b(?-i:LEADS|LEIN|CJIS) {_RETURN}\b",)),
            (
                "file",
                (
                    rf"\bhot[ -]*files? (?:entry|{_RETURN})\b",
                    r"\b(?:wanted|missing|violent|unidentified)[ -]+persons? files?\b",
                    r"\b(?:gang|terrorist|immigration violator|supervised release|sex offender|protection order"
                    r"|restraining order|identity theft|stolen (?:vehicle|property|gun)|foreign fugitive|warrant"
                    r"|threat screening cent(?:er|re)) files?\b",
                ),
            ),
            (
                "warrant",
                (rf"{_NO_WANT_BEFORE}\bwarrants?\b{_NO_WANT_AFTER}",),
            ),
            (
                "warr|wts",
                (
                    r"\bwarrs?\b",
                    r"\b(?:no|neg|any|has|local|clear) wts\b",
                ),
            ),
            (
                "want",
                (
                    r"\b(?:no|neg|negative|any|local|verified|confirmed|active|outstanding|poss|possible|clear|for|of)"
                    r" (?:\w+ )?wants\b(?! (?:to|her|him|his|the|a|an|help|out|someone|nothing|only|them|more|it)\b)",
                    r"\bwants ?(?:and|or|check\w*|&|/)",
                    r"(?<!feels )(?<!felt )\b(?:is|was|are|were) not wanted\b(?! (?:at|by|here|in|there|any))",
                    r"\bno (?:ncic |state |local )?want\b",
                    r"\b(?:to be|is|was|are|were|as|shows?|showed|currently|still) wanted (?:by|out of|from|on"
                    r"|in (?:the )?\w+"
                    r" (?:county|state)|for (?:questioning|\w+ing\b|assault|theft|robbery|failure|fta|probation|parole"
                    r"|burglary|murder|homicide|absconding|escape))",
                    r"\bwanted (?:persons?|subject|party|check|felon|fugitive|status|out of)\b",
                ),
            ),
            (
                "10",
                (
                    r"\b10-(?:28/29|29|99)\b,? (?:clear|neg\w*|hit|on|return\w*|check\w*|poss\w*|confirmed"
                    r"|positive|subject)\b",
                ),
            ),
            (
                "hit|hits",
                (
                    r"\bhits? on (?:(?:the|his|her|their) )?(?:name|dob|date of birth|plate|registration|vin|ncic"
                    r"|warrant|file)\b",
                    r"\b(?:no|positive|confirmed|confirm|near|possible|poss)(?: the)? hits?\b(?! (?:to|from|by))",
                    r"\bstolen (?:\w+ ){0,2}(?:hit|return)\b",
                    rf"\b{_ORDER} (?:\w+ ){{0,2}}?hits?\b",
                ),
            ),
            ("caution", (r"\bcaution indicators?\b",)),
            (
                "terrorist|kst",
                (r"\b(?:known or suspected terrorist|(?-i:KST))\b", r"\bterrorist (?:alert|hit|match|return)\b"),
            ),
            ("stolen", (r"\b(?:returned|returns|came back|comes back) (?:\w+ ){0,2}?stolen\b",)),
            (
                "order",
                (
                    rf"\b{_ORDER} (?:\w+ ){{0,3}}?(?:returned|on file|in (?:the )?system|confirmed|active|served"
                    rf"|entered)\b",
                    rf"\b(?:active|valid|confirmed|unserved|respondent in an?|respondent of an?) (?:\w+ )?{_ORDER}\b",
                ),
            ),
            (
                "cpo|tpo|tro|pfa|epo|dvro|mro",
                (
                    r"\b(?-i:CPO|TPO|TRO|PFA|EPO|DVRO|MRO) (?:is |was )?(?:returned|returns|hit|on file|active"
                    r"|served|confirmed"
                    r"|valid|unserved)\b",
                ),
            ),
            ("entered", (r"\bentered (?:as|in|into) (?:an? |the )?(?:missing|wanted|endangered|state files?)\b",)),
            (
                "ran|run|running",
                (
                    r"\b(?:ran|run|running) (?:(?:both|all|the|these) )*names?\b",
                    r"\bran (?:him|them)\b(?! (?:over|off|out|down|away|into|a bath|home))",
                    r"\b(?:ran|run|running) (?:his|her|their|(?:the )?(?:client|subject|male|female|suspect|driver"
                    r"|passenger)'?s?) (?:name|dob|date of birth|info|information|id|license)\b",
                    r"\bran (?:her|(?:the|this) (?:subject|male|female|suspect|driver|passenger|man|woman)|both"
                    r"(?: \w+)?) (?:through|thru|via|by dispatch|in the|for|and|on the)\b",
                ),
            ),
            (
                "clear",
                (
                    r"\b(?:came|comes|coming) back clear\b(?!-)(?! (?:head|mind))",
                    r"\breturn(?:s|ed) clear\b(?! \w+s\b)",
                ),
            ),
            (
                "check",
                (
                    r"(?<!medical )(?<!health )\brecords? checks? (?:revealed|showed|shows|was|were|returned|came"
                    r"|on|of|for"
                    r"|indicated|by)\b",
                    r"\b(?:computer|name|clearance|background|mdt|mdc) checks? (?:revealed|showed|shows|was|were"
                    r"|returned|came"
                    r"|on|indicated|clear|neg\w*)\b",
                ),
            ),
            # what the messages of the system are made of
            (
                "mke|nic|oca|pno|dow|mis|cmc|nam|ori|dte",
                (r"\b(?-i:MKE|NIC|OCA|PNO|DOW|MIS|CMC|NAM|ORI|DTE)/(?=\w)",),
            ),
            ("neg", (r"\b(?:rtns?|returns|resp|response)\b:? (?:neg|negative)\b",)),
            ("response", (r"\bq\w{1,3} response\b",)),
            (
                "database|terminal|computer|mdt|mdc",
                (
                    r"\b(?:state|national|federal|police|law enforcement|criminal"
                    r"|warrant) databases?\b",
                    r"\b(?:mobile|patrol|in-car) (?:data )?(?:terminal|computer) (?:and|show\w*|said|indicat\w*)",
                    r"\b(?-i:MDT|MDC) (?:shows?|showed|return\w*|indicat\w*|said|says)\b",
                ),
            ),
            ("looked", (r"\blooked (?:him|her|them) up (?:on|in|through|by)\b",)),
            ("name", (r"\bnames? came (?:up|back)\b",)),
            ("immed", (r"\bimmed(?:iately)? confirm\b",)),
            ("message", (r"\bmessage key\b",)),
            ("qa|qg|qm|qp|qv|qw|qh|qr", (r"(?-i:\bQ[AGMPVW]\b[./])",)),
            ("armed", (r"\barmed and dangerous\b",)),
            ("28|29", (r"\b(?:10-)?28/29\b", r"\b29 (?:hit|clear|neg)\b")),
            ("wnts|w", (r"\bwnts\b", r"\bw ?& ?w\b")),
            ("process", (r"\boutstanding process\b",)),
            (
                "query|queries|queried",
                (
                    r"\bquer(?:y|ied|ies) (?:\w+ ){0,6}?(?:came back|returned|show\w*"
                    r"|negative|nothing)\b",
                ),
            ),
            ("teletype|originating", (r"\bteletype\b", r"\boriginating agency\b")),
            ("order", (r"\bpick-?up order\b",)),
            (
                "capias|detainer|fugitive|extradit",
                (r"\b(?:capias|fugitive|extradit\w+)\b", r"\b(?:ice|immigration|federal) detainer\b"),
            ),
            ("wants", (r"\b(?:state|county|agency|department|city|jurisdiction) wants (?:him|her|them)\b",)),
            ("hit", (r"\bhit confirmation\b",)),
            ("wanted", (r"\bwanted in (?:\w+ ){1,2}?(?:co|county|so|pd|state)\b",)),
            ("name|names", (r"\bnames? (?:was|were|is|had been) run\b",)),
            ("run", (r"\b(?:was|were|been) run (?:through|thru|for|by)\b",)),
            (
                "clearance|records",
                (
                    r"\bclearance (?:from|by|through|with) (?:records|dispatch)\b",
                    r"\border through records\b",
                    r"\b(?:cleared|ran|run|queried|checked) (?:him|her|them|(?:the |both )?(?:subjects?|males?"
                    r"|females?|names?|clients?"
                    r"|suspects?|part(?:y|ies)|drivers?)) (?:\w+ ){0,2}?(?:through|via|by|with) (?:records"
                    r"|dispatch|comm\w*)\b",
                ),
            ),
            (
                "cleared|queried|checked",
                (
                    r"\b(?:cleared|queried|checked) (?:him|her|them|(?:the "
                    r"|both )?(?:subjects?|males?|females?|names?"
                    r"|clients?|suspects?|part(?:y|ies)|drivers?)) (?:\w+ ){0,2}?(?:through|via|by"
                    r"|with) (?:records|dispatch|comm\w*)\b",
                ),
            ),
            ("hit", (r"\b(?-i:PO|RO|CPO|TRO|PPO) (?-i:HIT|hit)\b",)),
            ("petitioner", (r"\bpetitioner\b",)),
            ("immigration|ice", (r"\b(?:(?-i:ICE)|immigration) (?:hold|warrant|violator)\b",)),
            ("flagged", (r"\bflagged (?:in|by) (?:the )?(?:system|computer|dispatch|state)\b",)),
            ("violent|officer", (r"\bviolent tendencies\b", r"\bofficer safety (?:alert|bulletin)\b")),
            ("non|nonextra", (r"\bnon-? ?extra\w*",)),
            ("mnp|vin|lic", (r"\b(?-i:MNP)/\w",)),
        ),
    ),
    (
        "cjis.iii-return",
        (
            ("triple", (r"\btriple[ -]*(?:I|III|I's|eye)\b",)),
            ("interstate", (r"\binterstate identification index\b",)),
            (
                "iii",
                (
                    rf"{_NOT_A_GRADE}\b(?-i:III) (?:records?|report|{_RETURN})\b",
                    r"\b(?-i:III) (?:returned|came back|shows?|showed|reveals?|revealed|indicates?|indicated|reflects?)"
                    rf" (?:\w+ ){{0,3}}?{_OUTCOME}\b",
                    r"\b(?:ran|run|running|via|thru|through|queried|query|checked|check of|per) (?:an? |the |his "
                    r"|her )?"
                    r"(?-i:III)\b",
                    r"\((?-i:III)\)",
                    r"\bcheck (?-i:III)\b",
                ),
            ),
            ("purpose|pur", (r"\bpurpose code\b", r"\b(?-i:PUR)/\w")),
            (
                "qa|qg|qm|qp|qv|qw|qh|qr",
                (r"(?-i:\bQ[HR]\b)[./]", r"(?-i:\bQ[HR]\b) (?:and|was|were|run|ran|response|inquiry|return\w*|on)\b"),
            ),
            ("source", (r"\b(?:single|multiple|multi)[ -]source record\b",)),
            ("identification", (r"\bidentification data updated\b",)),
            ("identifiable", (r"\bno identifiable record\b",)),
            ("maintained", (r"\bcriminal history record is maintained\b", r"\brecord is maintained and available\b")),
            ("iii", (r"\b(?-i:The|the|THE) (?-i:III)\b", r"\b(?:rpt|reports?|records?|rap) ?- ?(?-i:III)\b")),
            ("iii", (r"\b(?:in|IN|on|ON) (?-i:III)\b",)),
        ),
    ),
    (
        "cjis.fbi-number",
        (
            (
                "fbi|ucn",
                (
                    r"\bFBI ?/ ?UCN\b",
                    r"\bSID ?/ ?FBI\b",
                    r"\bFBI (?:identification|identity|record|file|control) (?:numbers?|no\b|#)",
                    r"\bFBI ?(?:no\b\.?|numbers?\b|num\b\.?|nbr\b\.?|#)",
                    r"\b(?:FBI|UCN) ?[:#/]? ?(?=[A-Z0-9]*\d)[A-Z0-9]{5,10}\b",
                ),
            ),
            ("universal", (r"\buniversal control numbers?\b",)),
            ("fingerprint", (r"\bfingerprint (?:numbers?|class\w*)\b",)),
        ),
    ),
    (
        "cjis.state-id",
        (
            ("sid", (r"\b(?-i:SID)\b\)? ?(?:no\.?|numbers?|nbr|is|of)? ?[:#/]? ?(?-i:[A-Z]{0,2})\d{5,10}\b",)),
            ("state", (r"\bstate identification (?:numbers?|no\.)\b",)),
        ),
    ),
    (
        "cjis.juvenile-record",
        (
            (
                "juv|juvs|juvenile|juvie",
                (
                    rf"\bjuv(?:enile)?s?\.? {_NO_CLAUSE}{{0,2}}?{_JUVENILE}\b",
                    r"\b(?:in|to|from) juvie\b",
                    rf"\b{_EVENT} (?:\w+ ){{0,4}}?as a juvenile\b",
                ),
            ),
            ("adjudicat", (r"\badjudicated (?:an? |as an? )?(?:delinquent|juvenile|youthful|child in need)\b",)),
            ("delinquen", (r"\bdelinquency\b", r"\bdelinquent (?:act|child|minor|youth)s?\b")),
            (
                "youth",
                (r"\byouthful offender\b", r"\byouth (?:corrections?|correctional|detention|probation|parole)\b"),
            ),
            ("ward", (r"\bward of the (?:juvenile )?court\b",)),
            ("reform", (r"\breform school\b",)),
            (
                "committed",
                (
                    r"\bcommitted to (?:the )?(?:(?-i:DYS|DYC|OYA|DJJ|CYA)|division of youth|youth (?:services"
                    r"|authority))",
                ),
            ),
            (
                "juv|juvs|juvenile|juvie",
                (r"\bjuv(?:enile)? (?:district attorney|da\b|diversion|prosecutor|intake|parole|warrant)",),
            ),
        ),
    ),
    (
        "cjis.sealed-record",
        (
            (
                "seal|aside|vacat",
                (
                    rf"\b(?:sealed|set[ -]+aside|vacated) (?:(?!the |of )\w+ ){{0,2}}?(?:juvenile|criminal"
                    rf"|{_PROCESS})\b",
                    rf"\b(?:{_PROCESS}|court order) (?:of (?:\w+ ){{1,3}})?"
                    r"(?:(?:is|are|was|were|has|had|have|been|now|later|dismissed|and) ){0,4}(?:sealed|set aside"
                    r"|vacated)\b",
                    r"\bsealed (?:by|pursuant to|per|under) (?:an? |the )?(?:\w+ )?(?:court|judge|order|statute)\b",
                    r"\bunder seal\b",
                    r"\bseal(?:ing)? (?:of )?(?:(?:his|her|their|the|my|a) )?(?:\w+ )?(?:records?|cases?|files?"
                    r"|convictions?)\b",
                ),
            ),
            ("expung", (r"\bexpung(?:e|ed|ements?|ing)\b",)),
            ("pardon", (r"\b(?:was|were|been|got|is) pardoned\b", r"\b(?:granted|received|given) an? pardon\b")),
            ("confidential", (r"\b(?:records?|case|file) (?:is|are|was|were) confidential by (?:\w+ )?order\b",)),
        ),
    ),
)
