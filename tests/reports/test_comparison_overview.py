from labkit.reports.comparison import Pair
from labkit.reports.comparison_overview import overview, verdict

from .two_runs import ran


def test_each_notebook_has_a_row_that_leads_to_its_part():
    pairs = [Pair(ran("a<b"), ran("a<b")), Pair(ran("c"), ran("c"))]
    html = overview(pairs, ["first", "second"])
    assert html.count("<tr>") == 3
    assert '<a href="#first">a&lt;b</a>' in html
    assert '<a href="#second">c</a>' in html


def test_times_and_memory_are_told_with_their_factor_where_both_are_known():
    old = ran("a", peak_memory=500_000_000, seconds=2.0)
    html = overview([Pair(old, ran("a", peak_memory=1_500_000_000, seconds=1.0))], ["x"])
    assert "2.0 s → 1.0 s <small>2.0× faster</small>" in html
    assert "500 MB → 1.5 GB <small>3.0× more</small>" in html
    html = overview([Pair(old, ran("a", seconds=0.0))], ["x"])
    assert "→" not in html


def test_results_beyond_their_tolerance_are_marked():
    near, far = ran("a", "passed", ("x", 1.0, 0.5)), ran("a", "passed", ("x", 2.0, 0.5))
    assert 'class="beyond">1 beyond' in overview([Pair(near, far)], ["x"])
    assert "beyond" not in overview([Pair(near, near)], ["x"])


def test_a_verdict_that_changed_shows_both():
    assert "was" not in verdict(Pair(ran("a"), ran("a")))
    html = verdict(Pair(ran("a"), ran("a", "died")))
    assert html.index("passed →") < html.index("kernel died")
