"""One message of a referral while it is written: segments by the partner's choices, and what each resource became."""

from __future__ import annotations

from mappings.hl7v2 import confidentiality
from mappings.hl7v2.build import Draft
from mappings.hl7v2.case import Case
from mappings.hl7v2.choices import Choices
from mappings.hl7v2.datatypes import Json, Version
from mappings.hl7v2.header import msh
from mappings.hl7v2.people import Fields
from mappings.labels.vocabulary import security
from mappings.partner import Partner

#: What names the 2.32 notice and the consent's scope where they stand in an OBX.
NOTICE = ("NOTICE", "Notice of redisclosure and scope of consent", "L")


class Writing:
    """Begins with MSH. Raises as `header.msh` and `Draft` do."""

    def __init__(self, case: Case, partner: Partner, version: Version, message: str, number: int) -> None:
        self.case = case
        self.partner = partner
        self.version = version
        self.choices = Choices(partner)
        self._draft = Draft(partner.charset)
        self._where: dict[int, list[str]] = {}
        self.add("MSH", msh(case, partner, message, number))

    def add(self, name: str, fields: Fields, *resources: Json | None, set_id: bool = False) -> None:
        """Writes a segment, as far as the partner takes it, and remembers which resources it is of."""
        chosen = self.choices.apply(name, fields)
        if chosen is None:
            return
        address = self._draft.add(name, chosen, set_id=set_id)
        for resource in resources:
            if resource is not None:
                self._where.setdefault(id(resource), []).append(address)

    def restart(self, *names: str) -> None:
        """Begins a new group: the next segment of these names has set id 1."""
        self._draft.restart(*names)

    def notes(self, texts: list[str], *resources: Json | None) -> None:
        """NTE, one for each text."""
        for text in texts:
            self.add("NTE", {3: text}, *resources, set_id=True)

    def notices(self, texts: list[str]) -> None:
        """The texts that must go with a disclosure as OBX, in a structure that has no NTE."""
        for number, text in enumerate(texts, 1):
            self.add("OBX", {2: "FT", 3: NOTICE, 4: str(number), 5: text, 11: "F"}, set_id=True)

    def protection(self) -> None:
        """PD1-12 and the ARV of the person (2.6), where the partner takes them and the labels ask for it."""
        labels = self.partner.labels
        protected = confidentiality.indicator(self.case.codes)
        if "pd1-12" in labels and protected:
            self.add("PD1", {12: protected}, self.case.patient)
        self.restrictions()

    def restrictions(self) -> None:
        """ARV, one for each thing that is restricted, where the partner takes them."""
        if "arv" in self.partner.labels:
            for fields in confidentiality.arv(self.case.codes, tags=self.version >= (2, 9)):
                self.add("ARV", fields, set_id=True)

    def vip(self, visit: Fields) -> Fields:
        """PV1 with PV1-16, where the partner takes it."""
        mark = confidentiality.vip(self.case.codes)
        return {**visit, 16: mark} if mark and "pv1-16" in self.partner.labels else visit

    def bytes(self) -> bytes:
        """The message, its agreed Z segments last."""
        for name, fields in self.choices.constant_segments.items():
            self.add(name, fields)
        if "zseg" in self.partner.labels:
            self._labels()
        return self._draft.bytes()

    def _labels(self) -> None:
        """The agreed segment: field 2 a label as system^code, 3 the segments it is on (none: the whole message).

        Addresses count the segments of a name in the message: `OBX[3]` is the third OBX.
        """
        labels: dict[tuple[str, str], list[str] | None] = {}
        for resource in (self.case.bundle, *self.case.resources):
            for label in security(resource):
                key = (label.get("system", ""), label["code"])
                if resource is self.case.bundle:
                    labels[key] = None
                    continue
                written = self._where.get(id(resource))
                if written is None and key not in labels:
                    # Of something that this message does not hold.
                    continue
                on = labels.setdefault(key, [])
                if on is not None:
                    on += [address for address in written or () if address not in on]
        for (system, code), addresses in labels.items():
            self.add(self.partner.label_segment, {2: (system, code), 3: list(addresses or ())}, set_id=True)
