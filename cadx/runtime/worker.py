"""What runs in a worker process: it answers calls until its parent, `cadx.runtime.processes`, closes the pipe."""

import contextlib
import os
import pickle
import signal
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import IO, Any

from cadx.errors import CadxError
from cadx.runtime.machine import tune_process


class ProcessFailed(Exception):
    """Work in another process ended in an exception that is no refusal; says where, without its message."""


@dataclass(frozen=True, slots=True)
class Raised:
    """What the child sends instead of a result."""

    error: Exception


def work() -> None:
    """Be a child: answer calls until the parent closes the pipe, which its end does too."""
    module, compute_threads = sys.argv[1:]
    # Signals for the service reach its whole process group; the parent decides what to finish first.
    for name in ("SIGINT", "SIGTERM", "SIGHUP"):
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    calls, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)  # Whatever prints, prints to standard error.
    import_module(module)
    tune_process(int(compute_threads))
    with contextlib.suppress(EOFError, pickle.UnpicklingError, BrokenPipeError):
        _answer(answers, True)
        while True:
            function, args, kwargs = received(calls)
            _answer(answers, _outcome(function, args, kwargs))


def _outcome(function: Callable[..., object], args: tuple[Any, ...], kwargs: dict[str, Any]) -> object:
    try:
        return function(*args, **kwargs)
    except CadxError as error:
        return Raised(error)
    except Exception as error:  # noqa: BLE001 - told to the parent without the message, which may quote what it saw
        places = [f"{frame.filename}:{frame.lineno}" for frame in traceback.extract_tb(error.__traceback__)]
        return Raised(ProcessFailed(f"{type(error).__qualname__} at {', '.join(places[-4:])}"))


def received(pipe: IO[bytes]) -> Any:
    """Wait for one object that the other half wrote."""
    return pickle.load(pipe)  # noqa: S301 - what this program's other half wrote


def _answer(answers: IO[bytes], answer: object) -> None:
    pickle.dump(answer, answers, protocol=5)
    answers.flush()
