"""Notebooks that say far too much: what is kept is enough to read, and what is not kept is told."""

import pytest

from labkit.execution import limits

FLOODS = {
    "many_prints": "line = 'x' * 999\nfor _ in range(200_000):\n    print(line)",
    "one_print": "print('y' * 200_000_000)",
    "displays": "from IPython.display import HTML, display\n"
    "for _ in range(200):\n    display(HTML('z' * 1_000_000))",
    "many_displays": "from IPython.display import display\n"
    "for number in range(10_000):\n    display(number)",
    "both_streams": "import sys\n"
    "for number in range(20_000):\n    print(number, file=[sys.stdout, sys.stderr][number % 2])",
    "thread": "import threading\n"
    "def flood():\n    for _ in range(300_000):\n        print('t' * 99)\n"
    "thread = threading.Thread(target=flood)\nthread.start()\nthread.join()",
    "subprocess": "import subprocess, sys\n"
    "flood = \"for _ in range(2_000): print('s' * 9_999)\"\n"
    "_ = subprocess.run([sys.executable, '-c', flood], check=True)",
}
# A message that long is hard on IPython, which colours it; what is tested here is labkit.
LONG_ERROR = "raise ValueError('e' * 20_000_000)"
FIGURE = """
import io
import numpy
from IPython.display import Image, display
from PIL import Image as Picture
noise = numpy.random.default_rng(0).integers(0, 256, (3700, 3700, 3), numpy.uint8)
file = io.BytesIO()
Picture.fromarray(noise).save(file, "png")
print(len(file.getvalue()) > 40_000_000)
display(Image(file.getvalue()))
"""


@pytest.fixture(scope="module")
def ran(bench):
    for name, source in FLOODS.items():
        bench.write(name, "x = 1", source, "print('the end')")
    bench.write("figure", FIGURE, "print('the end')")
    bench.write("long_error", "x = 1", LONG_ERROR)
    for name in ("a_neighbour", "z_neighbour"):
        bench.write(name, "import torch", "print(torch.ones(3).sum().item())")
    return bench.run("--workers", 2)


def outputs(ran, name):
    return ran.executed(name)["cells"][1]["outputs"]


@pytest.mark.parametrize("name", [*FLOODS, "figure"])
def test_a_flood_is_no_fault(ran, name):
    assert ran.statuses[name] == "passed", ran
    assert ran.printed(name).endswith("the end\n")


@pytest.mark.parametrize("name", ["many_prints", "one_print", "thread", "subprocess"])
def test_printed_text_is_kept_up_to_its_limit_and_the_rest_is_told(ran, name):
    kept, notice = outputs(ran, name)
    assert len("".join(kept["text"])) == limits.PRINTED
    assert "MB more of this cell's output were left out" in "".join(notice["text"])
    assert "cell 1: " in ran.notebooks[name]["notes"][0]


def test_how_much_was_printed_is_counted_to_the_letter(ran):
    whole = {"many_prints": 200e6, "one_print": 200e6, "thread": 30e6, "subprocess": 20e6}
    for name, printed in whole.items():
        left_out = f"cell 1: {limits.amount(int(printed) - limits.PRINTED)} of its output"
        assert ran.notebooks[name]["notes"] == [f"{left_out} were left out"]


def test_rich_output_is_kept_up_to_its_limit_and_named_beyond_it(ran):
    shown = outputs(ran, "displays")[:-1]
    whole = [output for output in shown if "text/html" in output["data"]]
    assert len(shown) == 200
    assert len(whole) == 99, "each is a hundred characters more than a millionth of the limit"
    assert shown[-1]["data"]["text/plain"] == ["an output of 1 MB was left out"]


@pytest.mark.parametrize("name", ["many_displays", "both_streams"])
def test_no_page_gets_more_outputs_than_it_can_hold(ran, name):
    *kept, notice = outputs(ran, name)
    assert len(kept) <= limits.OUTPUTS
    if name == "many_displays":
        numbers = [int("".join(output["data"]["text/plain"])) for output in kept]
        assert numbers == list(range(limits.OUTPUTS)), "none was lost on its way"
        assert "36 kB more of this cell's output were left out" in "".join(notice["text"])


def test_a_figure_of_40_mb_is_kept_whole(ran):
    cell = ran.executed("figure")["cells"][0]
    assert cell["outputs"][0]["text"] == ["True\n"]
    assert len(cell["outputs"][1]["data"]["image/png"]) > 50_000_000


def test_a_message_that_is_too_long_is_cut_everywhere(ran):
    assert ran.statuses["long_error"] == "failed"
    assert len(ran.failure("long_error")["message"]) == limits.TOLD
    assert len(ran.out) < 10_000
    assert (ran.report / "summary.json").stat().st_size < 200_000
    assert (ran.report / "junit.xml").stat().st_size < 500_000


def test_the_report_is_whole_and_the_neighbours_pass(ran, bench):
    assert ran.code == 1
    assert ran.statuses["a_neighbour"] == ran.statuses["z_neighbour"] == "passed"
    assert not ran.err, "what a cell prints goes into its notebook and nowhere else"
    ran.check()
    assert not bench.left_behind()
