"""Words in tables are words: no letter of a label is a command of LaTeX, Markdown or a browser."""

from __future__ import annotations

import html
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pathgan.render.escaping import latex, markdown
from pathgan.render.table_files import html_page, latex_table, markdown_table

SPECIAL = r"$ { } ~ ^ \ _ & % # | < >"
SCRIPT = "<script>alert(1)</script>"


def test_latex_shows_what_it_would_obey() -> None:
    shown = r"\$ \{ \} \textasciitilde{} \textasciicircum{} \textbackslash{} \_ \& \% \# \textbar{} $<$ $>$"
    assert latex(SPECIAL) == shown
    assert latex(r"\input{/etc/passwd}") == r"\textbackslash{}input\{/etc/passwd\}"
    assert latex("± † 0.5 – é 病") == r"$\pm$ $^\dagger$ 0.5 -- é ?"
    assert latex("a\n\n`b_c`") == r"a b\_c"
    assert latex("[1]") == "{}[1]"  # an argument of the line's end before it


@given(st.text())
def test_latex_has_no_command_that_is_not_ours(text: str) -> None:
    """What is left without our own commands holds none of its special letters, and braces match."""
    shown = latex(text)
    ours = r"\\text[a-z]+\{\}|\\dots\{\}|\$\^?(?:\\[a-z]+|[<>2]|-)\$|\\[&%_#${}]|^\{\}"
    assert not set(re.sub(ours, "", shown)) & set(r"$&%_#{}~^\|" + "\n")


def test_markdown_shows_what_it_would_obey() -> None:
    assert markdown("a|b *c* _d_ `e|f_g` ~~h~~ $i$") == r"a\|b \*c\* \_d\_ `e\|f_g` \~\~h\~\~ \$i\$"
    assert markdown(SCRIPT) == "&lt;script&gt;alert(1)&lt;/script&gt;"
    assert markdown("[a](javascript:b)") == r"[a]\(javascript:b)"
    assert markdown("# a") == r"\# a"
    assert markdown("a & b_c &lt;") == r"a & b_c \&lt;"
    assert markdown("0.681 [0.651, 0.712] (0.757)") == "0.681 [0.651, 0.712] (0.757)"


@pytest.mark.parametrize("make", [markdown_table, html_page])
def test_a_script_in_any_place_of_a_table_stays_words(make) -> None:
    page = make(["", SCRIPT], [[SCRIPT, SCRIPT]], SCRIPT, SCRIPT)
    assert "<script" not in page
    assert html.unescape(page).count("<script>alert") >= 4


def test_a_table_is_one_line_per_row() -> None:
    table = latex_table(["", "a & b"], [["c\nd", "1 [0, 2]"]], "x\n\ny", "z")
    assert table.splitlines()[1:7] == [
        r"\caption{x y z}",
        r"\begin{tabular}{lr}",
        r"\hline",
        r" & a \& b \\",
        r"\hline",
        r"c d & 1 [0, 2] \\",
    ]
