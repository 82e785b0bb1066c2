"""The narrative of a resource: the XHTML that FHIR R4 allows (narrative.html, txt-1 and txt-2).

Parses with defusedxml: a document type, and so every entity of one, is refused before it can expand.
Does not judge what the text says.
"""

from __future__ import annotations

from xml.etree.ElementTree import Element, ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

_NAMESPACE = "{http://www.w3.org/1999/xhtml}"

#: HTML 4.0 chapters 7 to 11 (except 9.4) and 15, `a`, and images: what txt-1 lists.
_ELEMENT_NAMES = """
    div p br h1 h2 h3 h4 h5 h6 hr address span bdo em strong dfn code samp kbd var cite abbr acronym blockquote
    q sub sup pre ins del ul ol li dl dt dd table caption thead tfoot tbody colgroup col tr th td tt i b big
    small u s strike center font a img map area
"""
_ATTRIBUTE_NAMES = """
    id class style title lang dir accesskey tabindex href name rel rev hreflang charset type src alt longdesc
    height width usemap ismap border hspace vspace align valign char charoff span rowspan colspan headers scope
    abbr axis summary cellpadding cellspacing frame rules bgcolor nowrap noshade size color face clear compact
    start value cite datetime shape coords nohref
    {http://www.w3.org/XML/1998/namespace}lang {http://www.w3.org/XML/1998/namespace}space
    {http://www.w3.org/XML/1998/namespace}base
"""
_ELEMENTS = frozenset(_NAMESPACE + name for name in _ELEMENT_NAMES.split())
_ATTRIBUTES = frozenset(_ATTRIBUTE_NAMES.split())
_LINKS = ("href", "src", "longdesc", "cite", "usemap")
_ACTIVE = ("javascript:", "vbscript:")


def is_narrative(text: str) -> bool:
    """Whether the text is a `div` in the XHTML namespace with allowed elements and attributes, and has content.

    False also for scripts, forms, frames, event attributes and script links.
    """
    try:
        root: Element = fromstring(text, forbid_dtd=True)
    except (ParseError, DefusedXmlException, ValueError, LookupError):
        return False  # not well-formed, a document type, or an encoding it does not have
    if root.tag != _NAMESPACE + "div":
        return False
    content = False
    for element in root.iter():
        if element.tag not in _ELEMENTS:
            return False
        for name in element.attrib:
            if name not in _ATTRIBUTES:
                return False
            if name in _LINKS and _active(element.attrib[name]):
                return False
        if not content:
            content = bool(
                element.tag == _NAMESPACE + "img"
                or (element.text and not element.text.isspace())
                or (element.tail and not element.tail.isspace())
            )
    return content


def _active(link: str) -> bool:
    """A link that runs a script. Browsers skip spaces and control characters inside the scheme."""
    return "".join(c for c in link if c > " ").lower().startswith(_ACTIVE)
