""".ci/wheelhouse.py and .ci/wheels.py: a bundle holds what the target needs, and installs offline.

The wheels are made up and pip is a stand-in, except where a test says otherwise.
"""

import importlib
import lzma
import subprocess
import sys
import tarfile
import zipfile
from importlib import metadata
from itertools import pairwise
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
HERE = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def wheels(monkeypatch):
    return _load(monkeypatch, "wheels")


@pytest.fixture
def wheelhouse(monkeypatch, wheels):
    module = _load(monkeypatch, "wheelhouse")
    monkeypatch.setattr(module, "STRONGEST", [{"id": lzma.FILTER_LZMA2, "preset": 0}])
    return module


def _load(monkeypatch, name):
    monkeypatch.syspath_prepend(ROOT / ".ci")
    monkeypatch.delitem(sys.modules, name, raising=False)
    module = importlib.import_module(name)
    monkeypatch.setitem(sys.modules, name, module)
    return module


def make_wheel(folder, name, *needs, version="1.0"):
    """Write a wheel of one module, which asks for others."""
    folder.mkdir(parents=True, exist_ok=True)
    info = f"{name}-{version}.dist-info"
    described = f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n"
    described += "".join(f"Requires-Dist: {need}\n" for need in needs)
    files = {
        f"{name}.py": "answer = 42\n" * 100,
        f"{info}/METADATA": described,
        f"{info}/WHEEL": "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    files[f"{info}/RECORD"] = "".join(f"{path},,\n" for path in [*files, f"{info}/RECORD"])
    path = folder / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for member, content in files.items():
            archive.writestr(member, content)
    return path


@pytest.fixture
def asked(monkeypatch, wheels):
    """Give ``asked(roots, **pins)``, which says what `make gpu` needs and what is pinned."""

    def ask(roots, **pins):
        monkeypatch.setattr(wheels, "requirements", lambda: list(map(Requirement, roots)))
        monkeypatch.setattr(wheels, "to_build", list)
        monkeypatch.setattr(wheels, "pins", lambda: pins)

    return ask


def names(paths):
    return [path.name.partition("-")[0] for path in paths]


@pytest.mark.parametrize(("python", "found"), [("3.12", ["b", "d"]), ("3.13", ["b", "c", "d"])])
def test_markers_are_judged_for_the_target_not_for_this_python(
    tmp_path, wheels, asked, python, found
):
    asked(["b"], b="1.0", c="1.0", d="1.0")
    only_elsewhere = ['c; python_version >= "3.13"', 'x; sys_platform == "win32"']
    make_wheel(tmp_path, "b", *only_elsewhere, 'd; python_version != "3.11"')
    make_wheel(tmp_path, "c")
    make_wheel(tmp_path, "d", "b")
    reached, missing = wheels.survey(tmp_path, python)
    assert (names(reached), missing) == (found, [])


def test_an_extra_counts_only_where_it_is_asked_for(tmp_path, wheels, asked):
    make_wheel(tmp_path, "b", 'c; extra == "more"')
    asked(["b"], b="1.0", c="1.0")
    assert wheels.survey(tmp_path, "3.12")[1] == []
    asked(["b", "b[more]"], b="1.0", c="1.0")
    assert wheels.survey(tmp_path, "3.12")[1] == ["c==1.0"]


def test_the_torch_stack_is_left_to_the_host(tmp_path, wheels, asked):
    make_wheel(tmp_path, "b", "numpy>=1.26", "Jinja2", "typing_extensions")
    make_wheel(tmp_path, "numpy")
    asked(["b", "torch>=2.6"], b="1.0", numpy="1.0")
    reached, missing = wheels.survey(tmp_path, "3.12")
    assert (names(reached), missing) == (["b"], [])


def test_another_version_than_the_tested_one_does_not_count(tmp_path, wheels, asked):
    make_wheel(tmp_path, "b", version="0.9")
    asked(["b"], b="1.0")
    assert wheels.survey(tmp_path, "3.12") == ([], ["b==1.0"])


def test_what_has_no_tested_version_is_refused(tmp_path, wheels, asked):
    make_wheel(tmp_path, "b", "c")
    asked(["b"], b="1.0")
    with pytest.raises(SystemExit, match=r"b needs c; give it a line in constraints\.txt"):
        wheels.survey(tmp_path, "3.12")


def test_only_what_is_missing_is_fetched_until_nothing_is(tmp_path, monkeypatch, wheels, asked):
    asked(["a", "b"], a="1.0", b="1.0", c="1.0")
    make_wheel(tmp_path, "a")
    on_the_index = {"b==1.0": ("b", "c"), "c==1.0": ("c",)}
    calls = []

    def pip(*arguments):
        calls.append(arguments)
        for pin in on_the_index.keys() & set(arguments):
            make_wheel(tmp_path, *on_the_index[pin])

    monkeypatch.setattr(wheels, "pip", pip)
    assert names(wheels.fetch(tmp_path, "3.12")) == ["a", "b", "c"]
    assert [call[-1] for call in calls] == ["b==1.0", "c==1.0"]
    assert all("a==1.0" not in call for call in calls)
    tags = " ".join(calls[0])
    assert "--python-version 3.12.99" in tags
    assert "--platform manylinux_2_28_x86_64" in tags
    assert "--platform manylinux2014_x86_64" in tags
    wheels.fetch(tmp_path, "3.12")
    assert len(calls) == 2, "the second time nothing is asked for"


def test_without_a_network_it_says_what_is_kept(tmp_path, monkeypatch, wheels, asked):
    asked(["a"], a="1.0")

    def offline(*arguments):
        raise subprocess.CalledProcessError(1, arguments)

    monkeypatch.setattr(wheels, "pip", offline)
    with pytest.raises(SystemExit, match=r"could not fetch a==1\.0.*call again when there is a"):
        wheels.fetch(tmp_path, "3.12")


def test_pip_installs_a_wheel_that_was_packed_anew(tmp_path, wheelhouse):
    """This is pip itself."""
    original = make_wheel(tmp_path, "packed")
    again = tmp_path / "again" / original.name
    again.parent.mkdir()
    again.write_bytes(wheelhouse.stored(original))
    with zipfile.ZipFile(original) as one, zipfile.ZipFile(again) as other:
        assert one.namelist() == other.namelist()
        assert all(one.read(name) == other.read(name) for name in one.namelist())
        assert {member.compress_type for member in other.infolist()} == {zipfile.ZIP_STORED}
    command = [sys.executable, "-m", "pip", "install", "-q", "--no-index", "--no-deps"]
    target = tmp_path / "site"
    subprocess.run([*command, "--target", target, again], check=True, timeout=120)
    assert (target / "packed.py").read_text() == "answer = 42\n" * 100


@pytest.fixture
def built(tmp_path, monkeypatch, wheelhouse):
    """Build a bundle for this Python, of one wheel and two files; return its path."""
    monkeypatch.setattr(wheelhouse, "fetch", lambda folder, python: [make_wheel(folder, "b")])
    monkeypatch.setattr(wheelhouse, "tracked", lambda: ["Makefile", "notebooks/05_attention.ipynb"])
    return wheelhouse.build(HERE, tmp_path)


def test_a_bundle_holds_the_checkout_and_its_wheels(built):
    assert built.name == f"labkit-wheelhouse-cp{HERE.replace('.', '')}-linux_x86_64.tar.xz"
    with tarfile.open(built) as archive:
        assert archive.getnames() == [
            "labkit/Makefile",
            "labkit/notebooks/05_attention.ipynb",
            "labkit/wheelhouse/python.txt",
            "labkit/wheelhouse/b-1.0-py3-none-any.whl",
        ]
        assert archive.extractfile("labkit/Makefile").read() == (ROOT / "Makefile").read_bytes()
        assert archive.extractfile("labkit/wheelhouse/python.txt").read() == f"{HERE}\n".encode()
    assert not list(built.parent.glob("*.partial"))


def test_a_bundle_that_is_too_large_names_what_makes_it_so(built, monkeypatch, wheelhouse):
    monkeypatch.setattr(wheelhouse, "MOST", 100)
    with pytest.raises(SystemExit, match=r"expected at most 0 MB, got .*: b-1\.0$"):
        wheelhouse.build(HERE, built.parent)
    assert not built.exists()


@pytest.mark.parametrize("python", ["3.10", "2.7", "newest"])
def test_a_python_that_labkit_does_not_support_is_refused(tmp_path, wheelhouse, python):
    with pytest.raises(SystemExit, match=r"needs Python >=3\.11, got"):
        wheelhouse.build(python, tmp_path)


def test_the_files_of_the_checkout_come_along(wheelhouse):
    if not (ROOT / ".git").exists():
        pytest.skip("this is no git checkout")
    files = set(wheelhouse.tracked())
    needed = {"Makefile", "pyproject.toml", "constraints.txt", "conftest.py", "README.md"}
    assert needed <= files
    assert {path.relative_to(ROOT).as_posix() for path in ROOT.glob("notebooks/*.ipynb")} <= files
    assert not any(path.startswith((".venv", "dist", "reports/")) for path in files)


@pytest.fixture
def installed(monkeypatch, wheelhouse):
    """Give ``installed(bundle, torch=True)``, which returns what pip was asked for."""

    def install(bundle, torch=True):
        calls = []

        def pip(*arguments):
            read = dict(pairwise(arguments))
            constraints = (ROOT / read["-c"]).read_text().split() if "-c" in read else []
            links = read.get("--find-links")
            calls.append(
                (arguments, constraints, links and sorted(p.name for p in Path(links).iterdir()))
            )

        monkeypatch.setattr(wheelhouse, "pip", pip)
        monkeypatch.setattr(wheelhouse, "find_spec", lambda name: object() if torch else None)
        wheelhouse.install(bundle)
        return calls

    return install


@pytest.mark.parametrize("form", ["file", "folder"])
def test_on_the_host_nothing_is_fetched_and_its_torch_stays(tmp_path, built, installed, form):
    bundle = built
    if form == "folder":
        with tarfile.open(built) as archive:
            archive.extractall(tmp_path, filter="data")
        bundle = tmp_path / "labkit/wheelhouse"
    (first, constraints, lying_there), (second, *_) = installed(bundle)
    assert first[:3] == ("install", "--no-index", "--find-links")
    assert lying_there == ["b-1.0-py3-none-any.whl", "python.txt"]
    assert "nbval>=0.11" in first
    assert any(asked.startswith("torch") and "<3" in asked for asked in first), "within our range"
    assert any(line.startswith("ipykernel==") for line in constraints)
    assert not any(line.startswith(("torch==", "numpy==", "jinja2==")) for line in constraints)
    assert second[:3] == first[:3]
    assert second[-3:] == ("--no-deps", "-e", ".")


def test_with_a_network_the_torch_of_the_host_stays_too(monkeypatch, wheelhouse, installed):
    monkeypatch.setattr(wheelhouse, "lying_ready", lambda: None)
    (first, constraints, _), _ = installed(None)
    assert "--no-index" not in first
    assert not any(line.startswith("torch==") for line in constraints)


def test_without_any_torch_all_is_installed_as_for_the_tests(installed):
    assert [call for call, *_ in installed(None, torch=False)] == [
        ("install", "-c", "constraints.txt", "-e", ".[test]")
    ]


def test_a_bundle_on_a_host_without_torch_is_refused(built, installed):
    with pytest.raises(SystemExit, match=r"leaves PyTorch to the host, .* make gpu PYTHON="):
        installed(built, torch=False)


@pytest.mark.parametrize(
    ("bundled", "advice"), [(True, f"make wheelhouse FOR={HERE}"), (False, "network")]
)
def test_what_pip_cannot_install_is_told_with_what_to_do(
    monkeypatch, built, wheelhouse, bundled, advice
):
    def without_rich(*arguments):
        raise subprocess.CalledProcessError(1, arguments)

    monkeypatch.setattr(wheelhouse, "pip", without_rich)
    monkeypatch.setattr(wheelhouse, "find_spec", lambda name: object())
    monkeypatch.setattr(wheelhouse, "lying_ready", lambda: None)
    with pytest.raises(SystemExit, match=f"for the reason above; .*{advice}"):
        wheelhouse.install(built if bundled else None)


def test_a_bundle_for_another_python_is_refused(monkeypatch, built, wheelhouse, installed):
    monkeypatch.setattr(wheelhouse, "HERE", "3.99")
    with pytest.raises(SystemExit, match=rf"for Python {HERE}, this is 3\.99; .*FOR=3\.99"):
        installed(built)


def test_a_bundle_that_lies_ready_is_found(tmp_path, monkeypatch, wheelhouse):
    monkeypatch.setattr(wheelhouse, "ROOT", tmp_path)
    assert wheelhouse.lying_ready() is None
    ours = tmp_path / "dist" / wheelhouse.bundle_name(HERE)
    ours.parent.mkdir()
    ours.with_name(wheelhouse.bundle_name("3.99")).touch()
    assert wheelhouse.lying_ready() is None
    ours.touch()
    assert wheelhouse.lying_ready() == ours
    (tmp_path / "wheelhouse").mkdir()
    assert wheelhouse.lying_ready() == tmp_path / "wheelhouse", "unpacked from a bundle"


def brought_by(*roots):
    """Return the names of packages that these bring, as they are installed here."""
    found, waiting = set(), list(roots)
    while waiting:
        name = canonicalize_name(waiting.pop())
        if name in found:
            continue
        found.add(name)
        needs = map(Requirement, metadata.requires(name) or [])
        waiting += [r.name for r in needs if not r.marker or r.marker.evaluate({"extra": ""})]
    return found


def test_the_torch_stack_is_what_torch_brings(wheels):
    companions = ("nvidia-", "cuda-", "triton")
    brought = {n for n in brought_by("torch", "torchvision") if not n.startswith(companions)}
    assert brought <= wheels.TORCH_STACK


def test_all_that_a_bundle_holds_has_a_tested_version(wheels):
    roots = [r.name for r in wheels.requirements() if r.name not in wheels.TORCH_STACK]
    assert {"papermill", "nbval", "pytest", "matplotlib", "anywidget"} <= set(roots)
    assert not {"jupyterlab", "playwright", "ruff"} & set(roots)
    assert brought_by(*roots) - wheels.TORCH_STACK <= set(wheels.pins())
    assert {r.name for r in wheels.to_build()} <= set(wheels.pins())
