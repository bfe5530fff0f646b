import pytest

from labkit.reports.formulas import mathml


def test_a_formula_becomes_mathml():
    inline, block = mathml(r"\frac{a}{b}"), mathml("x_i", display=True)
    assert inline.startswith("<math")
    assert 'display="inline"' in inline
    assert "<mfrac><mrow><mi>a</mi></mrow><mrow><mi>b</mi></mrow></mfrac>" in inline
    assert 'display="block"' in block


@pytest.mark.parametrize("broken", [r"\frac{1}{", r"\left(", "a^", r"\begin{matrix} a & b"])
def test_what_cannot_be_converted_shows_its_source(broken):
    assert mathml(broken).startswith(('<code class="formula">', "<math"))


def test_the_source_is_escaped():
    assert mathml(r"a < \frac{1}{") == '<code class="formula">a &lt; \\frac{1}{</code>'
