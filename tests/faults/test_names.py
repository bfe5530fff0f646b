"""Names that trip programs up: spaces, other scripts, quotes, signs of addresses, great length."""

from urllib.parse import unquote, urlsplit
from xml.etree import ElementTree

import pytest

from .black_box import Bench

NAMES = [
    "02 卷积 convolution",
    "한국어/ноутбук",
    'it\'s "quoted"',
    "100% #1 & <b>bold</b>?",
    "back\\slash {x} $HOME `id`",
    "-p",
    "dot.dot",
    "new\nline",
    "emoji 🙂",
    "decomposed e\u0301",
    "n" * 240,
    "deep/" * 20 + "notebook",
]


@pytest.fixture(scope="module")
def bench(tmp_path_factory, runtime):
    folder = tmp_path_factory.mktemp("names") / "我的 folder #1 100%"
    folder.mkdir()
    return Bench(folder, runtime)


@pytest.fixture(scope="module")
def ran(bench):
    for name in NAMES:
        bench.write(name, "from pathlib import Path\nprint(Path.cwd().name)")
    return bench.run("--workers", 2, out="der Bericht 报告 #1")


@pytest.mark.parametrize("name", NAMES)
def test_it_runs_in_its_folder_and_is_found_in_the_report(ran, bench, name):
    assert ran.statuses[name] == "passed", ran.failure(name)
    assert ran.printed(name) == f"{(bench.notebooks / name).parent.name}\n"
    page = urlsplit(ran.notebooks[name]["page"])
    assert not page.query + page.fragment
    assert (ran.report / unquote(page.path)).is_file()


def test_all_passed_and_the_report_is_whole(ran, bench):
    assert ran.code == 0, ran
    suites = ElementTree.parse(ran.report / "junit.xml").getroot().iter("testsuite")
    assert {suite.get("name") for suite in suites} == set(NAMES)
    ran.check()
    assert not bench.left_behind()


def test_the_same_again_is_nothing_to_do(ran, bench):
    again = bench.run("--resume", out="der Bericht 报告 #1")
    assert again.code == 0
    assert all(notebook["resumed"] for notebook in again.notebooks.values()), again
