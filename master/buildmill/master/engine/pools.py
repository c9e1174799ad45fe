"""Pools of threads by name, for work that waits for somebody else: it must not keep the reactor's own threads busy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool

MOST_THREADS: Final = 4


class Pools:
    """See the module; a pool begins with its first work.

    Args:
        reactor: takes the results.
    """

    def __init__(self, reactor: Any) -> None:
        self._reactor = reactor
        self._pools: dict[str, ThreadPool] = {}

    async def run(self, name: str, function: Callable[..., Any], *args: Any) -> Any:
        """Call a function that blocks, and ends by itself, in a thread of the pool `name`."""
        pool = self._pools.get(name)
        if pool is None:
            pool = self._pools[name] = ThreadPool(0, MOST_THREADS, name)
            pool.start()
        return await deferToThreadPool(self._reactor, pool, function, *args)

    def stop_blocking(self) -> None:
        """End all threads, when their work is done."""
        for pool in self._pools.values():
            pool.stop()
        self._pools.clear()
