"""Formulas become MathML; dollars elsewhere stay."""

import markdown
import maths
import pytest


def html(text):
    return markdown.markdown(text, extensions=[maths.Maths()])


@pytest.mark.parametrize("text", ["rate $\\eta_h$ here", "($N$)", "$x$", "$a$, and $b + c$"])
def test_formulas_in_a_line(text):
    assert html(text).count("<math") == text.count("$") // 2
    assert "$" not in html(text)


def test_a_formula_is_out_of_reach_of_markdown():
    assert "<em>" not in html("$Q_{ik}$ and $R_{km}$, $a*b$ and $c*d$")


@pytest.mark.parametrize("text", ["`$HOME` and `$x$`", "costs 5$ or 6$", "a \\$ sign, another \\$"])
def test_dollars_that_are_no_formulas(text):
    assert "<math" not in html(text)
    assert "\\" not in html(text)


def test_a_block_is_displayed():
    assert 'display="block"' in maths.fence("\\frac{1}{2}", "math", "math", {}, None)
