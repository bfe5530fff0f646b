import torch
from matplotlib.patches import Rectangle

from labkit.figures.style import ACCENT, png
from labkit.figures.verdict import GREEN, verdict


def drawn(got=None, **options):
    expected = torch.arange(12.0).reshape(1, 1, 3, 4)
    factors = torch.ones(1, 2, 2), torch.full((1, 2, 2), 2.0)
    figure = verdict(expected, expected if got is None else got, (0, 0, 1, 2), factors, **options)
    return figure, figure.axes[0]


def rings(ax, colour):
    return [
        p
        for p in ax.patches
        if isinstance(p, Rectangle)
        and p.get_linewidth() == 3
        and p.get_edgecolor()[:3] == tuple(int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    ]


def test_both_results_are_ringed_at_the_same_element():
    _, ax = drawn()
    first, second = rings(ax, ACCENT)
    assert first.get_y() == second.get_y() == 1
    assert (first.get_x(), second.get_x()) != (2, 2)


def test_a_passed_check_is_green():
    _, ax = drawn(passed=True)
    assert len(rings(ax, GREEN)) == 2
    assert rings(ax, ACCENT) == []


def test_every_number_is_written():
    _, ax = drawn()
    texts = [t.get_text() for t in ax.texts]
    assert texts.count("11") == 2
    assert texts.count("8") == 3  # the sum of products, and one element in each result


def test_every_differing_element_is_marked():
    got = torch.arange(12.0).reshape(1, 1, 3, 4)
    got[0, 0, 1, 2:] = -1
    _, ax = drawn(got)
    assert len(ax.lines) == 2


def test_other_shapes_are_drawn_too():
    for got in (
        torch.ones(1, 1, 2, 2),
        torch.ones(1, 1, 4, 6),
        torch.ones(2),
        torch.ones(0, 1, 3, 4),
    ):
        figure, _ = drawn(got)
        assert len(png(figure)) < 60_000


def test_a_number_that_is_no_sum_of_products_is_drawn_in_its_results_alone():
    for shape, index in (((3, 4), (1, 2)), ((4,), (2,)), ((), ())):
        expected = torch.arange(5.0, 5.0 + torch.Size(shape).numel()).reshape(shape)
        ax = verdict(expected, expected + 1, index, None).axes[0]
        texts = [t.get_text() for t in ax.texts]
        assert "patch" not in texts
        assert {"should be", "yours", f"{float(expected[index]):g}"} <= set(texts)
        assert len(rings(ax, ACCENT)) == 2
        assert len(ax.lines) == expected.numel()


def test_large_results_are_cut_around_the_element():
    large = torch.arange(900.0).reshape(1, 1, 30, 30)
    factors = torch.ones(1, 2, 2), torch.ones(1, 2, 2)
    figure = verdict(large, large, (0, 0, 20, 25), factors, extra=1.0)
    assert "625" in [t.get_text() for t in figure.axes[0].texts]
    assert figure.get_size_inches()[0] < 13
