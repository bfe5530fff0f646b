import pytest

from labkit.reports.offline import POLICY, without_remote


@pytest.mark.parametrize(
    "element",
    [
        '<script src="https://cdn.example/plotly.js"></script>',
        "<script async src='//cdn.example/a.js' crossorigin></script>",
        '<link rel="stylesheet" href="https://cdn.example/a.css">',
        '<link href=http://cdn.example/a.css rel="stylesheet"/>',
        '<source srcset="https://cdn.example/a.webp">',
    ],
)
def test_what_would_load_code_or_style_goes(element):
    assert without_remote(f"<p>a</p>{element}<p>b</p>") == "<p>a</p><p>b</p>"


@pytest.mark.parametrize(
    "element",
    [
        '<img alt="x" src="https://example.org/a.png?b=1&c=2" width=3>',
        "<IMG SRC=https://example.org/a.png?b=1&c=2>",
        '<iframe width="1" src="https://example.org/a.png?b=1&c=2"></iframe>',
        '<embed src=" https://example.org/a.png?b=1&c=2">',
    ],
)
def test_what_would_load_a_picture_becomes_a_link(element):
    address = "https://example.org/a.png?b=1&amp;c=2"
    assert without_remote(element) == f'<a href="{address}">{address}</a>'


@pytest.mark.parametrize(
    "element",
    [
        '<a href="https://example.org">x</a>',
        '<img src="data:image/png;base64,AAAA">',
        "<script>let a = 1;</script>",
        '<pre>&lt;img src="https://example.org/a.png"&gt;</pre>',
    ],
)
def test_what_loads_nothing_stays(element):
    assert without_remote(element) == element


@pytest.mark.timeout(30)
@pytest.mark.parametrize("broken", ["<img ", "<img src=//a.b/c "])
def test_many_broken_elements_are_no_work_for_hours(broken):
    assert without_remote(broken * 20_000) == broken * 20_000


def test_the_browser_is_told_to_load_nothing():
    assert POLICY.startswith("default-src 'none'")
    assert "http" not in POLICY
