"""What runs parts of work, and what became of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar, runtime_checkable

Part = TypeVar("Part")
Result = TypeVar("Result")

Take = Callable[[], Part | None]
"""Gives the next part; None when there is none now. Asked again after every outcome, which may have made more."""


@dataclass(frozen=True, slots=True)
class Done(Generic[Part, Result]):
    """A part that was done."""

    part: Part
    result: Result


@dataclass(frozen=True, slots=True)
class Died(Generic[Part]):
    """A part that ended the processes that tried it."""

    part: Part


Outcome = Done[Part, Result] | Died[Part]


@runtime_checkable
class Limited(Protocol):
    """A part that says how long it may take at most, seconds: a worker of a cluster that takes longer ends itself."""

    @property
    def limit_seconds(self) -> float:
        """Far above what it takes."""
        ...


class Runner(Protocol):
    """Does parts of work, several at a time where it has several workers.

    Attributes
    ----------
    workers
        Parts that are done at the same time.
    """

    @property
    def workers(self) -> int:
        """Parts that are done at the same time, as far as is known now."""
        ...

    def run(self, function: Callable[[Part], Result], take: Take[Part]) -> Iterator[Outcome[Part, Result]]:
        """Do parts until there are none, and give what became of each, in any order.

        Parameters
        ----------
        function
            Importable by its name, or a `functools.partial` of such: it may travel to other processes. A part may be
            done twice, when the process that did it vanished before it could say so.
        take
            Asked for a part only when one can be begun soon, so that not all of them are in memory.

        Raises
        ------
        CadxError
            What the function raises, or why work cannot be given to anyone.
        """
        ...


class InProcess:
    """Does one part after the other in this process."""

    workers = 1

    def run(self, function: Callable[[Part], Result], take: Take[Part]) -> Iterator[Outcome[Part, Result]]:
        """See `Runner`; what kills this process ends the run."""
        while (part := take()) is not None:
            yield Done(part, function(part))
