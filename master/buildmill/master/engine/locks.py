"""The locks of a build and its steps: what they need, waited for in line, and written down for the next run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import cast

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.master.db import resuming
from buildmill.master.db.resuming import HeldLock
from buildmill.master.domain.lock_values import LockAccess
from buildmill.master.domain.locks import LockTable, Mode, Need, Waiter
from buildmill.master.engine.writes import Writes


def lock_needs(accesses: Iterable[LockAccess], worker_name: str) -> list[Need]:
    """What some locks mean for something that runs on a worker."""
    needs = []
    for access in accesses:
        lock = access.lock
        if not access.count:
            continue
        on_worker = lock.kind == "worker"
        needs.append(
            Need(
                key=("worker", lock.name, worker_name) if on_worker else ("master", lock.name),
                mode=Mode(access.mode),
                count=access.count,
                max_count=lock.max_count_on(worker_name) if on_worker else lock.max_count,
            )
        )
    return needs


class BuildLocks:
    """The locks that a build and its steps hold, and what they have waited for them.

    Args:
        table: the locks of the master.
        recorded: what they held when an earlier run of the master ended; the table has it already.

    Attributes:
        seconds_waited: of all of them.
    """

    def __init__(
        self,
        table: LockTable,
        *,
        build_id: int,
        worker_name: str,
        updates: Writes,
        clock: IReactorTime,
        recorded: Sequence[HeldLock] = (),
    ) -> None:
        self.seconds_waited = 0.0
        self._table = table
        self._build_id = build_id
        self._worker_name = worker_name
        self._updates = updates
        self._clock = clock
        self._recorded = recorded
        self._noted: dict[str, Sequence[Need]] = {}
        for lock in recorded:
            self._noted[lock.holder] = (*self._noted.get(lock.holder, ()), lock.need)

    def needs(self, accesses: Iterable[LockAccess]) -> list[Need]:
        """What some locks mean on the build's worker."""
        return lock_needs(accesses, self._worker_name)

    def holder(self, name: str) -> LockHolder:
        """The build or a step of it, under the name by which people know it."""
        return LockHolder(self, self._table, self._clock, name)

    async def note(self, holder: str, needs: Sequence[Need]) -> None:
        """Write down what `holder` holds now: it belongs to the build, not to this process."""
        if needs:
            self._noted[holder] = tuple(needs)
        elif self._noted.pop(holder, None) is None:
            return
        held = [
            HeldLock(
                name, [str(part) for part in cast("tuple[str, ...]", need.key)], need.mode, need.count, need.max_count
            )
            for name, taken in self._noted.items()
            for need in taken
        ]
        await self._updates.run(resuming.set_held_locks, self._build_id, held)

    def abandon(self, name: str) -> None:
        """Another master goes on with the build of this name: nothing is held or waited for here any more."""
        self._table.abandon(name)

    def release_recorded(self) -> None:
        """Give back what was held when the master ended, and what the build has not come to since."""
        for lock in self._recorded:
            self._table.release(lock.holder, [lock.need])


class LockHolder:
    """Somebody who takes all of some locks together.

    Attributes:
        name: as others are told who is in their way.
    """

    def __init__(self, locks: BuildLocks, table: LockTable, clock: IReactorTime, name: str) -> None:
        self.name = name
        self._locks = locks
        self._table = table
        self._clock = clock
        self._since = 0.0
        self._held: list[Need] = []
        self._waiter: Waiter | None = None
        self._granted: Deferred[bool] | None = None

    def goes_on(self, needs: Sequence[Need]) -> bool:
        """Whether it holds these already, since before the master was started anew."""
        if not self._table.holds(self.name, needs):
            return False
        self._held.extend(needs)
        return True

    def enter(self, needs: Sequence[Need]) -> bool:
        """Take them, or stand in line for them; whether they are taken."""
        granted: Deferred[bool] = Deferred()
        self._waiter = self._table.wait(self.name, needs, lambda: granted.callback(True))
        if self._waiter is None:
            self._held.extend(needs)
            return True
        self._granted, self._since = granted, self._clock.seconds()
        return False

    async def wait(self) -> bool:
        """Stand in line until they are taken; False when `leave` came first."""
        assert self._waiter is not None
        assert self._granted is not None
        try:
            is_taken = await self._granted
        finally:
            self._granted = None
            self._locks.seconds_waited += self._clock.seconds() - self._since
        if is_taken:
            self._held.extend(self._waiter.needs)
        return is_taken

    def leave(self) -> bool:
        """Wait no longer; whether it waited."""
        if self._granted is None or self._waiter is None:
            return False
        if not self._granted.called:
            self._table.withdraw(self._waiter)
            self._granted.callback(False)
        return True

    async def note(self) -> None:
        """Write down what it holds."""
        await self._locks.note(self.name, self._held)

    def forget(self) -> None:
        """Hold nothing any more, without a word to anybody."""
        self._held = []

    def release(self) -> None:
        """Give all back."""
        if self._held:
            held, self._held = self._held, []
            self._table.release(self.name, held)
