"""labkit's client as an engine of papermill: ``papermill --engine labkit``.

papermill imports every engine while it is itself being imported, so nothing of it can be imported
up here, and the class that papermill wants is made when it asks for it.
"""

from functools import cache
from typing import Any

__all__ = ["Engine"]


class Engine:
    """Executes a notebook that papermill manages, without the fixed waits of its own engine."""

    @classmethod
    def execute_notebook(cls, nb: Any, kernel_name: str, **options: Any) -> Any:
        """Execute a notebook as papermill's engines do, and return it with its outputs.

        Parameters
        ----------
        nb
            The notebook, its parameters already in it.
        kernel_name
            Name of the kernel; the ordinary Python kernel becomes labkit's forked one.
        options
            As papermill passes them to its engines.
        """
        return _engine().execute_notebook(nb, kernel_name, **options)

    @classmethod
    def nb_kernel_name(cls, nb: Any, name: str | None = None) -> str:
        """Return the name of the kernel: ``name``, what the notebook asks for, or labkit's own."""
        return name or nb.metadata.get("kernelspec", {}).get("name") or "labkit"

    @classmethod
    def nb_language(cls, nb: Any, language: str | None = None) -> str:
        """Return the language: ``language``, what the notebook says, or Python."""
        said = nb.metadata.get("kernelspec", {}).get("language")
        return language or said or nb.metadata.get("language_info", {}).get("name") or "python"


@cache
def _engine() -> Any:
    from nbclient.util import run_sync
    from papermill.clientwrap import PapermillNotebookClient
    from papermill.engines import NBClientEngine
    from papermill.utils import merge_kwargs, remove_args

    from labkit.execution import kernel_facts
    from labkit.execution.ready_at_once import ReadyAtOnce
    from labkit.kernels.kernel_manager import KernelManager

    class Client(ReadyAtOnce, PapermillNotebookClient):
        def start_new_kernel_client(self, **options: Any) -> Any:
            return run_sync(self.async_start_new_kernel_client)(**options)

    class ForkedEngine(NBClientEngine):
        @classmethod
        def execute_managed_notebook(
            cls,
            nb_man: Any,
            kernel_name: str,
            start_timeout: int = 60,
            execution_timeout: int | None = None,
            **options: Any,
        ) -> None:
            passed = remove_args(["timeout", "startup_timeout", "input_path"], **options)
            name = kernel_facts.chosen({"metadata": {"kernelspec": {"name": kernel_name}}}, None)
            settings = merge_kwargs(
                passed,
                timeout=execution_timeout or options.get("timeout"),
                startup_timeout=start_timeout,
                kernel_name=name,
                km=KernelManager(name),
            )
            client = Client(nb_man, **settings)
            client.owns_km = True  # so that it also ends the kernel
            client.execute()

    return ForkedEngine
