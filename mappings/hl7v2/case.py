"""A referral Bundle as a v2 referral sees it: one referral, its patient, who sends, who is asked, what is enclosed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from mappings.errors import RenderError
from mappings.hl7v2.datatypes import Json
from mappings.labels.vocabulary import codes

#: DS4P's text to be shown with a resource: the 2.32 notice, and where release puts it the consent's scope.
DISPLAY = "http://hl7.org/fhir/uv/security-label-ds4p/StructureDefinition/extension-display"


@dataclass(frozen=True, kw_only=True, slots=True)
class Party:
    """Who a reference names: a practitioner, their organization, or both. `role` is the PractitionerRole between."""

    practitioner: Json | None = None
    role: Json | None = None
    organization: Json | None = None
    display: str | None = None


class Case:
    """An index of one Bundle. References are `urn:uuid:` full URLs or `Type/id`.

    Raises RenderError: `render.no-referral` and `render.several-referrals` (there must be one ServiceRequest),
    `render.no-patient` (its subject must be a Patient in the Bundle).
    """

    def __init__(self, bundle: Json) -> None:
        self.bundle = bundle
        self.resources: list[Json] = []
        self._by_reference: dict[str, Json] = {}
        for entry in bundle.get("entry") or ():
            resource = entry.get("resource")
            if not resource:
                continue
            self.resources.append(resource)
            if entry.get("fullUrl"):
                self._by_reference[entry["fullUrl"]] = resource
            if resource.get("id"):
                self._by_reference[f"{resource['resourceType']}/{resource['id']}"] = resource
                self._by_reference.setdefault(f"urn:uuid:{resource['id']}", resource)
        requests = self.of("ServiceRequest")
        if not requests:
            raise RenderError("render.no-referral", "the Bundle holds no ServiceRequest", path="ServiceRequest")
        if len(requests) > 1:
            raise RenderError("render.several-referrals", "one v2 message carries one referral", path="ServiceRequest")
        self.request = requests[0]
        patient = self.resolve(self.request.get("subject"))
        if patient is None or patient["resourceType"] != "Patient":
            raise RenderError("render.no-patient", "the referral's patient is not in the Bundle", path="Patient")
        self.patient = patient
        self.task: Json | None = next(
            (task for task in self.of("Task") if self.resolve(task.get("focus")) is self.request), None
        )
        encounters = self.of("Encounter")
        named = self.resolve(self.request.get("encounter"))
        self.encounter: Json | None = named or (encounters[0] if len(encounters) == 1 else None)

    def of(self, kind: str) -> list[Json]:
        """The resources of one type, in the Bundle's order."""
        return [resource for resource in self.resources if resource["resourceType"] == kind]

    def resolve(self, reference: Any) -> Json | None:
        """The resource that a Reference names, if the Bundle holds it."""
        target = (reference or {}).get("reference") if isinstance(reference, dict) else None
        return self._by_reference.get(target) if target else None

    def about_patient(self, resource: Json) -> bool:
        """Whether a resource is about the referral's patient: it says so, or it names nobody and only Encounters of
        theirs. Another person's must never be written as theirs."""
        said = resource.get("subject") or resource.get("patient")
        if said:
            return self.resolve(said) is self.patient
        context = (resource.get("context") or {}).get("encounter") or ()
        named = [*context, *([resource["encounter"]] if resource.get("encounter") else [])]
        met = [self.resolve(one) for one in named]
        return bool(met) and all(one is not None and self.resolve(one.get("subject")) is self.patient for one in met)

    def party(self, reference: Json | None) -> Party | None:
        """Who a Reference names; None when it names nobody that can be written."""
        if not reference:
            return None
        found, display = self.resolve(reference), reference.get("display")
        if found is None:
            return Party(display=display) if display else None
        if found["resourceType"] == "PractitionerRole":
            return Party(
                practitioner=self.resolve(found.get("practitioner")),
                role=found,
                organization=self.resolve(found.get("organization")),
                display=(found.get("practitioner") or {}).get("display") or display,
            )
        if found["resourceType"] == "Practitioner":
            roles = [one for one in self.of("PractitionerRole") if self.resolve(one.get("practitioner")) is found]
            # One role says for whom they act; several do not say which of them it was here.
            role = roles[0] if len(roles) == 1 else None
            organization = self.resolve(role.get("organization")) if role else None
            return Party(practitioner=found, role=role, organization=organization, display=display)
        if found["resourceType"] == "Organization":
            return Party(organization=found)
        return None

    @property
    def receivers(self) -> list[Party]:
        """Whom the referral asks: ServiceRequest.performer, else Task.owner."""
        performers = self.request.get("performer") or ()
        owner = (self.task or {}).get("owner")
        named = [self.party(one) for one in performers] or [self.party(owner)]
        return [one for one in named if one]

    @property
    def sender(self) -> Party | None:
        """Who refers: ServiceRequest.requester, else Task.requester."""
        return self.party(self.request.get("requester")) or self.party((self.task or {}).get("requester"))

    @property
    def referral_identifier(self) -> Json | None:
        """The referral's identifier: the Task's first, else the ServiceRequest's."""
        for resource in (self.task, self.request):
            for identifier in (resource or {}).get("identifier") or ():
                if identifier.get("value"):
                    return dict(identifier)
        return None

    @property
    def codes(self) -> frozenset[str]:
        """The label codes of the Bundle and everything in it: what the release asks for as a whole."""
        return frozenset().union(*(codes(one) for one in (self.bundle, *self.resources)))

    def displays(self) -> list[str]:
        """The texts that `extension-display` on the Bundle's or a resource's `meta` says to show, each once."""
        texts: dict[str, None] = {}
        for resource in (self.bundle, *self.resources):
            for extension in (resource.get("meta") or {}).get("extension") or ():
                if extension.get("url") == DISPLAY:
                    text = (extension.get("valueAnnotation") or {}).get("text")
                    if text:
                        texts[text] = None
        return list(texts)
