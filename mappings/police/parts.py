"""One report while it is read: its elements by `s:id`, its dates, its codes, and what the CJIS gate keeps out.

Elements that hold criminal justice information by their name (an SSN, an FBI number, a criminal history, a warrant) are
taken out before anything is read; of them stays the path, the rule and how many values there were. NIBRS itself has
none but a juvenile's disposition; exports that add NIEM elements have.
"""

from __future__ import annotations

import re
from typing import Literal

from mappings.found import BAD_TIME, Found, Rule
from mappings.incident import Coded, DateTime, Place
from mappings.police.element import Element, unused
from mappings.police.rules import DANGLING, OTHER_DATE, SAME_ID, SEVERAL_PLACES, UNKNOWN_CODE
from mappings.police.ucr import ucr

# NIEM's names: Person…Identification of persons, j:Person…FBI…, j:Subject…, nc:…CriminalHistory… and the like.
_GATED = tuple(
    (re.compile(pattern), rule)
    for pattern, rule in (
        (r"FBIIdentification|PersonUCN|FBINumber", "cjis.fbi-number"),
        (r"NCIC(?!Code)|Warrant|Wanted|HotFile", "cjis.ncic"),
        (r"III(?:Record|Return)|InterstateIdentificationIndex", "cjis.iii"),
        (r"Juvenile", "cjis.juvenile"),
        (r"Sealed|Expunge", "cjis.sealed"),
        (
            r"CriminalHistory|RapSheet|Prior(?:Arrest|Conviction|Offense)|Conviction|Sentence|Probation|Parole"
            r"|Supervision|RegisteredOffender|RegisteredSexOffender|SexOffender|Recidivist",
            "cjis.criminal-history",
        ),
        (
            r"(?:Person(?:SSN|State|License|Passport|National|Tax|Other|StateFingerprint|AFIS|Fingerprint\w*)"
            r"|DriverLicense|StateFingerprint\w*)Identification|DriverLicense\Z|Person\w*(?:Biometric|DNA)",
            "cjis.person-identifier",
        ),
    )
)
_ZONED_DATE = re.compile(r"(\d{4}-\d\d-\d\d)(?:Z|[+-]\d\d:\d\d)\Z", re.ASCII)

UcrList = Literal["offense", "location", "officer-activity", "exceptional-clearance"]


class Parts:
    """One report and what was found in it."""

    def __init__(self, top: Element, found: Found) -> None:
        self.top = top
        self.found = found
        self._by_id: dict[str, Element] = {}
        self._gate()
        for one in top.walk():
            if one.id is not None and self._by_id.setdefault(one.id, one) is not one:
                found.issue(SAME_ID, one.path)

    def _gate(self) -> None:
        for one in self.top.walk():
            if one.read:
                continue
            rule = next((rule for pattern, rule in _GATED if pattern.search(one.local)), None)
            if rule is not None:
                count = one.leaves()
                if count:
                    self.found.drop(one.path, rule, count)
                one.done()
                # Out of the tree: nothing below can be read or referred to any more.
                one.children = []
                one.parts = []

    def referred(self, element: Element) -> Element | None:
        """What `s:ref` points to; the element itself where it has content; None, with an issue, where nothing is."""
        ref = element.attributes.get("s:ref")
        if ref is None:
            return element if element.children else None
        target = self._by_id.get(ref)
        if target is None:
            self.found.issue(DANGLING, f"{element.path}/@s:ref")
        element.read = True
        return target

    def date(self, element: Element | None) -> DateTime | None:
        """What an nc:DateType says: its time, else its date, else its month. Another day beside it is an issue."""
        if element is None:
            return None
        taken: DateTime | None = None
        for name in ("nc:DateTime", "nc:Date", "nc:YearMonthDate"):
            for one in element.all(name):
                text = one.value
                if text is None:
                    continue
                value = self.time(text, one.path)
                if taken is None:
                    taken = value
                elif value is not None and taken[: len(value[:10])] != value[:10]:
                    self.found.issue(OTHER_DATE, one.path)
        own = element.value if not element.children else None
        return self.time(own, element.path) if own is not None else taken

    def time(self, text: str, path: str) -> DateTime | None:
        """An xs:dateTime, xs:date or xs:gYearMonth as FHIR dateTime, by the agency's zone where it has none."""
        zoned = _ZONED_DATE.match(text)
        value = self.found.time(zoned[1] if zoned else text, path)
        if value is not None and len(value) < len("2026-01"):
            self.found.issue(BAD_TIME, path)
            return None
        return value

    def code(self, element: Element | None, of: UcrList) -> Coded | None:
        """A code of one of the FBI's lists; one that is not in it is kept as text, with an issue."""
        text = element.value if element is not None else None
        if element is None or text is None:
            return None
        found = ucr(of, text)
        if found is None:
            self.found.issue(UNKNOWN_CODE, element.path)
            return Coded(text=text)
        return found

    def issue(self, rule: Rule, element: Element) -> None:
        """One finding at one element."""
        self.found.issue(rule, element.path)

    def finish(self, *others: Element | None) -> None:
        """Lists what nobody has read of the report and of the metadata that came with it."""
        for top in (*others, self.top):
            if top is not None:
                self.found.unused += unused(top)


def place(parts: Parts) -> Place | None:
    """Where: the location of the first offense, else the only one; its kind, and its address where one is given."""
    locations = parts.top.all("nc:Location")
    offense = parts.top.first("j:Offense")
    joined = []
    for association in parts.top.all("j:OffenseLocationAssociation"):
        which, where = association.first("j:Offense"), association.first("nc:Location")
        if which is None or where is None:
            continue
        target, at = parts.referred(which), parts.referred(where)
        if target is offense and at is not None and at not in joined:
            joined.append(at)
    chosen = joined or locations
    if not chosen:
        return None
    if len(chosen) > 1:
        parts.issue(SEVERAL_PLACES, chosen[1])
        return None
    made = place_of(parts, chosen[0])
    if made is not None:
        parts.found.paths["place"] = chosen[0].path
    return made


def place_of(parts: Parts, location: Element) -> Place | None:
    """An nc:LocationType. Coordinates are not read: NIEM writes them as degrees, minutes and seconds."""
    address = location.first("nc:Address") or location.first("nc:LocationAddress", "nc:StructuredAddress")
    made = Place(
        text=address.text("nc:AddressFullText") if address is not None else location.text("nc:AddressFullText"),
        line=_line(address) if address is not None else None,
        city=address.text("nc:LocationCityName") if address is not None else None,
        state=_either(address, "nc:LocationStateUSPostalServiceCode", "nc:LocationStateName"),
        postal_code=address.text("nc:LocationPostalCode") if address is not None else None,
        kind=parts.code(location.first("nibrs:LocationCategoryCode"), "location"),
    )
    return None if made == Place() else made


def _line(address: Element) -> str | None:
    street = address.first("nc:LocationStreet")
    if street is None:
        return None
    whole = street.text("nc:StreetFullText")
    if whole is not None:
        return whole
    names = ("nc:StreetNumberText", "nc:StreetPredirectionalText", "nc:StreetName", "nc:StreetCategoryText")
    return " ".join(filter(None, (street.text(name) for name in names))) or None


def _either(address: Element | None, *names: str) -> str | None:
    if address is None:
        return None
    return next((text for name in names if (text := address.text(name)) is not None), None)
