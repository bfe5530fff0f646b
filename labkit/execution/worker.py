"""A process that calls functions of labkit by name, one after the other, at another's word.

Calls come in as lines of JSON on its standard input, and what happens goes out in the same way:
``{"told": ...}`` any number of times, then ``{"done": ...}`` or ``{"error": ...}``. It ends when
its input does, and with it whatever it was about to do: nothing outlives the run that wanted it.
"""

import json
import os
import signal
import sys
import threading
import traceback
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from importlib import import_module
from queue import SimpleQueue
from typing import Any, TextIO

__all__ = ["main"]

Call = dict[str, Any]


def main() -> int:
    """Serve calls until the input ends; return the exit code."""
    # Ctrl-C belongs to the one who called: it decides what is interrupted.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    answers = _private_output()
    calls: SimpleQueue[Call | None] = SimpleQueue()
    busy = threading.Event()
    threading.Thread(target=_read, args=(calls, busy), daemon=True).start()
    while (call := _next(calls)) is not None:
        busy.set()
        answer = _answer(call, answers)
        busy.clear()  # before it is said: who has heard it may end the input
        _say(answers, answer)
    return 0


def _private_output() -> TextIO:
    """Keep the output for answers alone: what anything prints goes to the error stream."""
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)
    return answers


def _read(calls: "SimpleQueue[Call | None]", busy: threading.Event) -> None:
    with os.fdopen(os.dup(0), encoding="utf-8") as lines:
        for line in lines:
            calls.put(json.loads(line))
    if busy.is_set():
        # Nobody is left to hear the answer. A kernel ends with the one that asked for it.
        os._exit(1)
    calls.put(None)


def _next(calls: "SimpleQueue[Call | None]") -> Call | None:
    try:
        return calls.get()
    except KeyboardInterrupt:
        return None


def _answer(call: Call, answers: TextIO) -> dict[str, Any]:
    try:
        function = _named(call["function"])
        tell = partial(_tell, answers)
        return {"done": function(**call["arguments"], tell=tell)}
    except BaseException as error:
        said = "".join(traceback.format_exception(error))
        return {"error": f"{type(error).__name__}: {error}", "traceback": said}


def _tell(answers: TextIO, told: Any) -> None:
    _say(answers, {"told": told})


def _say(answers: TextIO, what: dict[str, Any]) -> None:
    with suppress(BrokenPipeError):  # nobody hears it; then the input ends too
        print(json.dumps(what, default=str), file=answers, flush=True)


def _named(name: str) -> Callable[..., Any]:
    module, _, function = name.partition(":")
    return getattr(import_module(module), function)


if __name__ == "__main__":
    sys.exit(main())
