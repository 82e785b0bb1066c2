"""Notes of plain elements are read without the HTML parser: they have to say what the parser says."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings import html_text as module
from mappings.html_text import html_text

_PIECES = st.sampled_from(
    [
        *("<p>", "</p>", "<br>", "<br/>", "<br />", "</br>", "<li>", "</li>", "<td>", "</td>", "<th>", "<tr>", "</tr>"),
        *(
            "<b>",
            "</b>",
            "<P>",
            "<p class='x'>",
            "<unk male>",
            "<script>",
            "</script>",
            "<style>",
            "<!-- x -->",
            "<!x>",
        ),
        *(
            "<![x",
            "<?x>",
            "<",
            ">",
            "&",
            "&amp;",
            "&lt",
            " ",
            "  ",
            "\n",
            "\t",
            "\u00a0",
            "\x00",
            "a",
            "b c",
            "| ",
            "- ",
        ),
        *("<textarea>", "<title>", "<svg/>", "</unk>", "<3", "a < b", "\u2028", "\x1f", "<p/>", "< p>", "<p >", "<hr>"),
    ]
)


@given(st.lists(_PIECES | st.text(max_size=3), max_size=12).map("".join))
@settings(max_examples=800, deadline=None)
def test_plain_elements_are_read_as_the_parser_reads_them(html: str) -> None:
    with pytest.MonkeyPatch.context() as patched:
        fast = html_text(html)
        patched.setattr(module, "_plain", lambda html: None)
        assert fast == html_text(html)


@pytest.mark.parametrize("element", sorted(module._PLAIN))
def test_each_plain_element(element: str) -> None:
    html = f"one{element}two"
    parser = module._Text()
    parser.feed(html)
    parser.close()
    assert module._plain(html) == ["one", module._PLAIN[element], "two"]
    assert html_text(html)[0] == module._lines(parser.parts)
