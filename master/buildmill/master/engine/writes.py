"""Writing, as builds and their steps ask for it: something that runs units of work, and a gate that can be shut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

from buildmill.master.db.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")


class Writes(Protocol):
    """Runs units of work, as `data.updates.Updates` does."""

    async def run(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of work; its result, after the commit."""


class Gate:
    """Writes, until it is shut: then nothing is written any more, and whoever waits for a write waits for ever."""

    def __init__(self, writes: Writes) -> None:
        self._writes = writes
        self._is_open = True

    def shut(self) -> None:
        """Let nothing through from now on."""
        self._is_open = False

    async def run(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `Writes.run`."""
        if not self._is_open:
            never: Deferred[Any] = Deferred()
            await never
        return await self._writes.run(unit, *args, **kwargs)
