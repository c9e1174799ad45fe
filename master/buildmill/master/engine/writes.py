"""Writing, as builds and their steps ask for it: something that runs units of work, and a gate that can be shut."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

from buildmill.master.db.ownership import NotOurs
from buildmill.master.db.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")


class Writes(Protocol):
    """Runs units of work, as `data.updates.Updates` does."""

    async def run(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Run a unit of work; its result, after the commit."""


class Gate:
    """Writes while it is open and the build is this master's; else whoever waits for a write waits for ever.

    Args:
        check_owner: raises `NotOurs` in a transaction of another master's build.
        moved: called when it does, once.

    Attributes:
        is_open: whether it was not shut.
    """

    def __init__(self, writes: Writes, check_owner: Callable[[Transaction], None], moved: Callable[[], None]) -> None:
        self._writes = writes
        self._check_owner = check_owner
        self._moved = moved
        self.is_open = True

    def shut(self) -> None:
        """Let nothing through from now on."""
        self.is_open = False

    async def pass_through(self) -> None:
        """Go on if the gate is open; else never."""
        if not self.is_open:
            never: Deferred[Any] = Deferred()
            await never

    async def run(self, unit: Callable[Concatenate[Transaction, P], T], *args: P.args, **kwargs: P.kwargs) -> T:
        """As `Writes.run`."""
        await self.pass_through()
        try:
            result = await self._write(unit, args)
        except NotOurs:
            result = await Deferred()
        await self.pass_through()
        return result

    def write(self, unit: Callable[..., T], *args: Any) -> Deferred[T]:
        """As `Database.write`, for logs: what came before the master was told to end is still written.

        Raises:
            NotOurs: the build is another master's now.
        """
        return Deferred.fromCoroutine(self._write(unit, args))

    async def _write(self, unit: Callable[..., T], args: tuple[Any, ...]) -> T:
        try:
            return await self._writes.run(self._guarded, unit, args)
        except NotOurs:
            if self.is_open:
                self.shut()
                self._moved()
            raise

    def _guarded(self, tx: Transaction, unit: Callable[..., T], args: tuple[Any, ...]) -> T:
        self._check_owner(tx)
        return unit(tx, *args)
