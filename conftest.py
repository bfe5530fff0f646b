"""What holds for every test, also for ``pytest --nbval notebooks/``."""

import os

import pytest

# For the kernels that tests start, as the labkit command does for its own: see labkit.cli.main.
os.environ.setdefault("OMP_WAIT_POLICY", "passive")

# A recorded number is stored as text, which nbval compares, and as JSON, which it could only
# compare to the letter: the rule for it in tests/nbval_sanitize_gpu.cfg would change nothing.
COMPARED_AS_TEXT = ("application/vnd.labkit.result+json",)

# Forked from a process that has imported PyTorch: it is there at once.
KERNEL = "labkit"


def pytest_configure(config: pytest.Config) -> None:
    """Give nbval labkit's own kernel where it is installed, unless another one is asked for."""
    asked = config.option
    if _compares_notebooks(config) and not (asked.nbval_kernel_name or asked.nbval_current_env):
        from jupyter_client.kernelspec import KernelSpecManager

        asked.nbval_kernel_name = (
            KERNEL if KERNEL in KernelSpecManager().find_kernel_specs() else None
        )


def pytest_report_header(config: pytest.Config) -> str | None:
    """Say which kernel the notebooks get."""
    if not _compares_notebooks(config):
        return None
    if config.option.nbval_current_env or config.option.nbval_kernel_name:
        return f"notebooks: kernel {config.option.nbval_kernel_name or 'of this Python'}"
    return (
        f"notebooks: the kernel that each names; {KERNEL!r}, which starts at once, would be there "
        "after: python -m pip install -e ."
    )


def _compares_notebooks(config: pytest.Config) -> bool:
    """Tell whether nbval is there and at work."""
    return any(getattr(config.option, name, False) for name in ("nbval", "nbval_lax"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tell nbval what it need not compare."""
    for notebook in {item.parent for item in items if hasattr(item.parent, "skip_compare")}:
        notebook.skip_compare += COMPARED_AS_TEXT
