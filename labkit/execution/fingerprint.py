"""What the outcome of a notebook depends on, in one line of text: its fingerprint.

A notebook whose fingerprint is that of the run before need not run again. The line names each part
with a short digest of it, so that two lines also say why it must: the notebook changed, a file that
it reads, the version of torch.
"""

import json
import os
from functools import cache
from pathlib import Path
from urllib.parse import quote, unquote

from labkit.execution import dependencies, digests, documents, surroundings
from labkit.execution.documents import Notebook
from labkit.execution.jobs import Job

__all__ = ["fingerprint", "parts", "why"]

FILE, VARIABLE = "file ", "variable "
ENOUGH = 3
"""Reasons that are told; more would say less."""

CHANGED = {
    "data sets": "the data sets changed",
    "labkit": "labkit changed",
    "notebook": "the notebook changed",
    "packages": "installed packages changed",
    "parameters": "its parameters changed",
}


def fingerprint(job: Job, *, environment: str | None = None) -> str:
    """Return the fingerprint of a job; also of a notebook that is damaged.

    It covers the notebook without its outputs, the parameters, the kernel's name, labkit itself,
    the files that the code names, the modules beside the notebook that it imports, labkit's data
    sets where it uses them, and the environment. Not covered are files whose paths the code puts
    together without naming a folder, packages that were edited in place, and time limits.

    Parameters
    ----------
    job
        The notebook and its parameters.
    environment
        What stands for the environment instead of this process's own, on another machine.
    """
    told = sorted(parts(job, environment=environment).items())
    return ",".join(f"{quote(name)}:{quote(value, safe='')}" for name, value in told)


def parts(job: Job, *, environment: str | None = None) -> dict[str, str]:
    """Return what a fingerprint is made of: name of a part → its version or digest."""
    around = surroundings.parts() if environment is None else {"environment": environment}
    return {**_of_notebook(job), "labkit": _labkit(), **around}


def why(old: str, new: str) -> str:
    """Say in words how two fingerprints differ; empty when they do not.

    Examples
    --------
    >>> why("notebook:ab,torch:2.11.0", "notebook:cd,torch:2.12.0")
    'the notebook changed; torch 2.11.0 → 2.12.0'
    >>> why("notebook:ab", "notebook:ab,file%20data/x.csv:12")
    'data/x.csv is new'
    """
    if old == new:
        return ""
    if not old or not new:
        return "one of the two runs left no fingerprint"
    before, after = _parsed(old), _parsed(new)
    names = sorted(before.keys() | after.keys(), key=lambda name: (name not in CHANGED, name))
    told = [_said(n, before.get(n), after.get(n)) for n in names if before.get(n) != after.get(n)]
    more = [f"and {len(told) - ENOUGH} more"] if len(told) > ENOUGH else []
    return "; ".join(told[:ENOUGH] + more)


def _of_notebook(job: Job) -> dict[str, str]:
    given = json.dumps(dict(job.parameters), sort_keys=True, default=repr)
    told = {"parameters": digests.of_bytes(given.encode())}
    try:
        notebook = documents.read(job.path)
        content, spec = _content(notebook), notebook.get("metadata", {}).get("kernelspec", {})
        code = "\n".join(cell["source"] for _, cell in documents.code_cells(notebook))
    except Exception:  # whatever is wrong with the file, the run will tell it
        return {**told, "kernel": job.kernel or "", "notebook": digests.of_file(job.path)}
    told |= {"kernel": str(job.kernel or spec.get("name", "")), "notebook": content}
    # A parameter may name a file too; as Python writes it, it is a string like any other.
    return told | _of_files(f"{code}\n{job.parameters!r}", job.path.parent)


def _content(notebook: Notebook) -> str:
    """Return the digest of what a person wrote: neither outputs nor counts nor widgets."""
    cells = [
        [cell["cell_type"], cell["source"], documents.tags(cell), cell.get("attachments")]
        for cell in notebook["cells"]
    ]
    return digests.of_bytes(json.dumps(cells, sort_keys=True).encode())


def _of_files(code: str, folder: Path) -> dict[str, str]:
    modules = dependencies.modules(code, folder)
    told = {FILE + name: digests.of_files(files, folder) for name, files in modules.items()}
    texts = (dependencies.source(path) for files in modules.values() for path in files)
    everything = "\n".join([code, *texts])
    for name, path in dependencies.data(everything, folder).items():
        told[FILE + name] = digests.of_folder(path) if path.is_dir() else digests.of_file(path)
    if "labkit" in everything and "datasets" in everything:
        told["data sets"] = digests.of_folder(_data_root())
    return told


def _data_root() -> Path:
    """Return what ``labkit.datasets.root.data_root`` does, which tooling may not import."""
    if named := os.environ.get("LABKIT_DATA"):
        return Path(named).expanduser()
    from platformdirs import user_cache_path

    return user_cache_path("labkit", appauthor=False)


@cache
def _labkit() -> str:
    package = Path(__file__).parents[1]
    files = (Path(parent, name) for parent, _, names in os.walk(package) for name in names)
    return digests.of_files((p for p in files if p.parent.name != "__pycache__"), package)


def _parsed(fingerprint: str) -> dict[str, str]:
    pairs = (part.partition(":") for part in fingerprint.split(","))
    return {unquote(name): unquote(value) for name, _, value in pairs}


def _said(name: str, old: str | None, new: str | None) -> str:
    if name in CHANGED:
        return CHANGED[name]
    told = name.removeprefix(FILE)
    if name.startswith(VARIABLE):
        told = f"the {name}"
    if old is None or new is None:
        return f"{told} is {'new' if old is None else 'gone'}"
    is_digest = name.startswith((FILE, VARIABLE)) or name == "environment"
    return f"{told} changed" if is_digest else f"{name} {old} → {new}"
