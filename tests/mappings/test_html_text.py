"""Notes in HTML become plain text, and no typed word is lost to a pair of angle brackets."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mappings.html_text import html_text


@pytest.mark.parametrize(
    ("html", "text", "left_out"),
    [
        ("plain\nlines stay", "plain\nlines stay", 0),
        ("a < b & c <1 hr", "a < b & c <1 hr", 0),
        ("AT&amp;T &lt;x&gt; &#39;q&#39; &nbsp;z", "AT&T <x> 'q' z", 0),
        ("<p>one</p><p>two<br>three</p>", "one\ntwo\nthree", 0),
        ("<ul><li>a<li>b</ul>", "- a\n- b", 0),
        ("<table><tr><th>t</th><td>u</td></tr><tr><td>v</td></tr></table>", "t | u\nv", 0),
        ("<b>bold</b> and <i>italic</i>", "bold and italic", 0),
        ("saw <unk male> run", "saw <unk male> run", 0),
        ("</unk>x", "</unk>x", 0),
        ('<img src="x" alt="map">', "map", 0),
        ("a<script>alert('x')</script>b", "ab", 1),
        ("a<SCRIPT>never closed", "a", 1),
        ("<style>p{}</style><object><p>in</p></object>out", "out", 2),
        ("<svg><text>in</text></svg>out<svg/>after", "outafter", 2),
        ("<![CDATA[kept]]> <!-- gone --> z", "<![CDATA[kept]]> z", 0),
        ("<![if x]>a<![endif]>", "<![if x]>a<![endif]>", 0),
        ("<noscript>shown</noscript>", "shown", 0),
        ("<p> </p>", "", 0),
    ],
)
def test_html_text(html: str, text: str, left_out: int) -> None:
    assert html_text(html) == (text, left_out)


@given(st.text(alphabet="<>/!-[]&;#abscript \n\"'=", max_size=60))
@settings(max_examples=500, deadline=None)
def test_any_text_is_read(html: str) -> None:
    text, left_out = html_text(html)
    assert isinstance(text, str) and left_out >= 0


@given(st.text(alphabet="abc <1&\n", max_size=40))
def test_text_that_is_no_markup_keeps_its_words(plain: str) -> None:
    assert (
        html_text(plain.replace("<", "< "))[0].replace("&", "").split()
        == plain.replace("<", "< ").replace("&", "").split()
    )
