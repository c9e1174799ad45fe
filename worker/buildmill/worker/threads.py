"""The door to blocking work: file system, spawning. Names of what goes through it end in `_blocking`."""

from __future__ import annotations

from collections.abc import Callable
from typing import ParamSpec, Protocol, TypeVar

from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

P = ParamSpec("P")
T = TypeVar("T")


class Threads(Protocol):
    """Runs blocking functions somewhere where they do no harm."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` and return what it returns; what it raises is raised here."""


class PoolThreads:
    """The real one: a pool of threads of its own, so that a hanging file system stops nothing else.

    Args:
        pool: started and stopped by whoever made it.
    """

    def __init__(self, reactor: IReactorFromThreads, pool: ThreadPool) -> None:
        self._reactor = reactor
        self._pool = pool

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` in a thread of the pool."""
        return await deferToThreadPool(self._reactor, self._pool, function, *args, **kwargs)


class NoThreads:
    """Calls at once, in the calling thread: for simulations, where one order of events must be the only one."""

    async def run(self, function: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> T:
        """Call `function` here and now."""
        return function(*args, **kwargs)
