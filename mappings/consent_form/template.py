"""A consent form's template: its sections in order, each an element that the law asks for, or the state's own words.

A template is TOML: `id`, `title`, `kind`, `covers`, `language`, `version`, and `[[section]]` tables with `element`,
`cite`, `heading`, `text`. Elements that the law asks for must each be there once; `statement` and `checkbox` sections
are the state's, as many as it has, in any place. A checkbox has a `name`; `required` ones must be ticked to sign, and
those with `sensitivities` (v3-ActCode) leave these out of the permit unless they are ticked.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files
from string import Formatter
from typing import Any, Final, Literal

from mappings.errors import PolicyError
from mappings.labels.vocabulary import SENSITIVITIES
from mappings.record import record

FormKind = Literal["part2", "hipaa-authorization", "opt-out"]
#: What a Part 2 form is about. Counselling notes (42 CFR 2.31(b)) and proceedings (2.31(d)) are never combined with
#: anything else, so each has forms of its own; another kind of form is always `named`.
Covers = Literal["tpo", "named", "counselling-notes", "proceedings"]

#: Each element that a form may have, and the placeholders that its text must have.
PLACEHOLDERS: Final[dict[str, tuple[str, ...]]] = {
    "patient": ("patient",),
    "discloser": ("disclosers",),
    "description": ("description",),
    "recipient": ("recipients",),
    "purpose": ("purposes",),
    "expiry": ("expiry",),
    "revocation": ("disclosers",),
    "hipaa-redisclosure": (),
    "redisclosure": (),
    "refusal": (),
    "signature": (),
}
#: What a text may name beside its own.
ALSO: Final = frozenset({"patient", "birth_date", "disclosers", "recipients", "description", "purposes", "expiry"})

_COMMON: Final = ("patient", "discloser", "description", "recipient", "purpose", "expiry", "revocation", "signature")
_TPO: Final = (*_COMMON, "hipaa-redisclosure", "redisclosure", "refusal")  # 42 CFR 2.31(a)(4)(iii), (a)(10)
_AUTHORIZATION: Final = (*_COMMON, "redisclosure", "refusal")  # 45 CFR 164.508(c)(1), (2)
_OPT_OUT: Final = ("patient", "description", "recipient", "signature")

_NAME: Final = re.compile(r"[a-z0-9][a-z0-9-]{0,39}\Z")
_KINDS: Final = ("part2", "hipaa-authorization", "opt-out")
_COVERS: Final = ("tpo", "named", "counselling-notes", "proceedings")


@record
class Section:
    """One section of a form. `cite` is what asks for it; `name` is a checkbox's, empty for all others."""

    element: str
    text: str
    heading: str = ""
    cite: str = ""
    name: str = ""
    required: bool = False
    sensitivities: tuple[str, ...] = ()


@record
class Template:
    """A form that can be signed: every element that its kind asks for is in it, each once."""

    id: str
    title: str
    kind: FormKind
    covers: Covers
    version: str
    language: str
    sections: tuple[Section, ...]

    def has(self, element: str) -> bool:
        """Whether a section states that element."""
        return any(section.element == element for section in self.sections)

    @property
    def checkboxes(self) -> tuple[Section, ...]:
        """The state's own boxes, in order."""
        return tuple(section for section in self.sections if section.element == "checkbox")


def asked_for(kind: str, covers: str) -> tuple[str, ...]:
    """The elements without which a form of that kind is deficient (42 CFR 2.31(a); 45 CFR 164.508(c))."""
    if kind == "opt-out":
        return _OPT_OUT
    if kind == "hipaa-authorization":
        return _AUTHORIZATION
    return _TPO if covers == "tpo" else _COMMON


def read_template(data: bytes, name: str) -> Template:
    """A template from TOML. `name` stands in errors. Raises PolicyError `consent.form-*` with the place."""
    try:
        document = tomllib.loads(data.decode())
    except (tomllib.TOMLDecodeError, UnicodeDecodeError):
        raise PolicyError("consent.form-not-toml", "the file is not TOML", path=name) from None

    def wrong(place: str, text: str) -> PolicyError:
        return PolicyError("consent.form-invalid", text, path=f"{name}: {place}")

    known = {"id", "title", "kind", "covers", "version", "language", "section"}
    if extra := sorted(set(document) - known):
        raise wrong(extra[0], "there is no such key")
    texts = {key: _text(document.get(key)) for key in ("id", "title", "kind", "version", "language")}
    for key, value in texts.items():
        if value is None:
            raise wrong(key, "a text is needed")
    kind, covers = str(texts["kind"]), document.get("covers", "named")
    if not _NAME.match(str(texts["id"])):
        raise wrong("id", "lower-case letters, digits and hyphens")
    if kind not in _KINDS:
        raise wrong("kind", f"one of {', '.join(_KINDS)}")
    if covers not in _COVERS or (kind != "part2" and covers != "named"):
        raise wrong("covers", f"one of {', '.join(_COVERS)}; of another kind than part2: named")
    given = document.get("section")
    if not isinstance(given, list) or not given:
        raise wrong("section", "a form has sections")
    sections = tuple(_section(one, f"section[{turn}]", wrong) for turn, one in enumerate(given))
    asked, allowed = asked_for(kind, covers), _TPO if kind == "part2" else asked_for(kind, covers)
    elements = [section.element for section in sections]
    for element in asked:
        if elements.count(element) != 1:
            raise wrong("section", f"the element {element} is asked for, once")
    for turn, element in enumerate(elements):
        if element not in (*allowed, "statement", "checkbox") or (element in allowed and elements.count(element) > 1):
            raise wrong(f"section[{turn}].element", "this kind of form has no such element, or has it already")
    boxes = [section.name for section in sections if section.element == "checkbox"]
    if len(set(boxes)) != len(boxes):
        raise wrong("section", "two checkboxes have one name")
    return Template(
        id=str(texts["id"]),
        title=str(texts["title"]),
        kind=kind,  # type: ignore[arg-type]
        covers=covers,
        version=str(texts["version"]),
        language=str(texts["language"]),
        sections=sections,
    )


def _section(given: Any, place: str, wrong: Any) -> Section:
    if not isinstance(given, dict):
        raise wrong(place, "a table is needed")
    element = given.get("element")
    allowed = {"element", "text", "heading", "cite"} | (
        {"name", "required", "sensitivities"} if element == "checkbox" else set()
    )
    if extra := sorted(set(given) - allowed):
        raise wrong(f"{place}.{extra[0]}", "there is no such key here")
    if element not in PLACEHOLDERS and element not in ("statement", "checkbox"):
        raise wrong(f"{place}.element", f"one of {', '.join(PLACEHOLDERS)}, statement, checkbox")
    text = _text(given.get("text"))
    if text is None:
        raise wrong(f"{place}.text", "a text is needed")
    try:
        parts = list(Formatter().parse(text))
    except ValueError:
        raise wrong(f"{place}.text", "a brace stands alone") from None
    named = {name for _, name, _, _ in parts if name is not None}
    if any(spec or conversion for _, _, spec, conversion in parts) or named - ALSO:
        raise wrong(f"{place}.text", f"only {', '.join(sorted(ALSO))} stand in braces")
    if missing := [name for name in PLACEHOLDERS.get(element, ()) if name not in named]:
        raise wrong(f"{place}.text", f"{{{missing[0]}}} is not in it")
    name = _text(given.get("name")) or ""
    if element == "checkbox" and not _NAME.match(name):
        raise wrong(f"{place}.name", "a checkbox has a name of lower-case letters, digits and hyphens")
    required, codes = given.get("required", False), given.get("sensitivities", [])
    if not isinstance(required, bool):
        raise wrong(f"{place}.required", "true or false")
    if not isinstance(codes, list) or set(map(str, codes)) - SENSITIVITIES:
        raise wrong(f"{place}.sensitivities", "sensitivity codes of v3-ActCode")
    return Section(
        element=element,
        text=" ".join(text.split()),
        heading=_text(given.get("heading")) or "",
        cite=_text(given.get("cite")) or "",
        name=name,
        required=required,
        sensitivities=tuple(codes),
    )


def _text(value: Any) -> str | None:
    return value.strip() if isinstance(value, str) and value.strip() else None


@cache
def shipped() -> tuple[Template, ...]:
    """The forms that come with this release, in order of their file names. Counsel reads them before they are used."""
    folder = files("mappings.consent_form").joinpath("data")
    found = sorted((one for one in folder.iterdir() if one.name.endswith(".toml")), key=lambda one: one.name)
    return tuple(read_template(one.read_bytes(), one.name) for one in found)
