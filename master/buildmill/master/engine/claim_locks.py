"""What stands between requests and the locks of their builders and workers: who waits, and who is in the way."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence

from buildmill.master.domain.lock_values import LockAccess
from buildmill.master.domain.locks import LockTable, Need, Waiter
from buildmill.master.domain.reasons import Because, Reason, in_the_way
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.locks import lock_needs
from buildmill.master.engine.workers import WorkerHandle


class ClaimLocks:
    """The locks of the master, as the distributor needs them.

    Args:
        table: who holds what.
        could_go_on: whether a builder has a request and a free worker for it; if not, it keeps no lock from others.
    """

    def __init__(self, table: LockTable, could_go_on: Callable[[int], bool]) -> None:
        self._table = table
        self._could_go_on = could_go_on
        self._blocked: dict[Hashable, set[int]] = {}
        self._in_line: dict[int, Waiter] = {}
        self._builds_by_holder: dict[str, int] = {}
        self._labels: dict[str, str] = {}

    def forget(self) -> None:
        """Other builders are configured: nobody is blocked, or in line, until it is looked at again."""
        self._blocked.clear()
        for builder_id in tuple(self._in_line):
            self.leave_line(builder_id)

    # -- who has to wait -----------------------------------------------------------------------

    def obstacle(self, builder: Builder, worker: WorkerHandle) -> tuple[Need, tuple[str, ...]] | None:
        """The first lock that a build there could not have now, with those who are in its way; None if it could."""
        accesses: tuple[LockAccess, ...] = (*builder.config.fixed_locks, *worker.config.locks)
        if not accesses:
            return None
        return self._table.obstacle(lock_needs(accesses, worker.name), self._in_line.get(builder.builderid))

    def is_own_master_lock(self, need: Need, builder: Builder) -> bool:
        """Whether a lock is one of the builder itself, and the same one on every worker."""
        return any(need.key == ("master", access.lock.name) for access in builder.config.fixed_locks)

    def wait_for(self, keys: Iterable[Hashable], builder_id: int) -> None:
        """Name the builder when one of these locks is free (`freed`)."""
        for key in keys:
            self._blocked.setdefault(key, set()).add(builder_id)

    def freed(self, keys: Sequence[Hashable]) -> list[int]:
        """Builders to look at again, now that somebody let go of these locks."""
        return [builder_id for key in keys for builder_id in self._blocked.pop(key, ())]

    def stand_in_line(self, builder: Builder, request_id: int, worker: WorkerHandle) -> None:
        """Let nobody who comes later take the master's locks away, as long as the builder has a worker for them."""
        builder_id = builder.builderid
        if builder_id not in self._in_line:
            needs = lock_needs(builder.config.fixed_locks, worker.name)
            self._in_line[builder_id] = self._table.stand_in_line(
                holder_of(builder, request_id),
                [need for need in needs if self.is_own_master_lock(need, builder)],
                lambda: self._could_go_on(builder_id),
            )

    def leave_line(self, builder_id: int) -> None:
        """The builder has its locks, or wants none any more; harmless when it did not stand in line."""
        place = self._in_line.pop(builder_id, None)
        if place is not None:
            self._table.withdraw(place)

    # -- who has them --------------------------------------------------------------------------

    def needs(self, builder: Builder, worker: WorkerHandle) -> tuple[Need, ...]:
        """What a build of the builder holds on the worker."""
        return tuple(lock_needs((*worker.config.locks, *builder.config.fixed_locks), worker.name))

    def hold(self, holder: str, needs: Sequence[Need]) -> None:
        """Take them; nothing is in the way."""
        self._table.hold(holder, needs)

    def release(self, holder: str, needs: Sequence[Need]) -> None:
        """Give them back; explanations do not know the holder any more."""
        self._builds_by_holder.pop(holder, None)
        self._builds_by_holder.pop(self._labels.pop(holder, ""), None)
        if needs:
            self._table.release(holder, needs)

    def has_build(self, holder: str, build_id: int, label: str) -> None:
        """Explanations name a build by its id, whether it holds locks as a request or by its label."""
        self._builds_by_holder[holder] = self._builds_by_holder[label] = build_id
        self._labels[holder] = label

    def reason(self, worker: WorkerHandle, need: Need, holders: Sequence[str]) -> Reason:
        """Why a lock cannot be had, for people."""
        found = {self._builds_by_holder.get(h, self._builds_by_holder.get(h.split(", step ")[0])) for h in holders}
        builds = [build_id for build_id in found if build_id is not None]
        name = str(need.key[1]) if isinstance(need.key, tuple) else str(need.key)
        ids = f" (build {', '.join(map(str, sorted(builds)))})" if builds else ""
        text = f"lock {name} is held by {', '.join(holders)}{ids}"
        return in_the_way(Because.LOCK, text, builds, lock=name, worker=worker.name, workerid=worker.worker_id)


def holder_of(builder: Builder, request_id: int) -> str:
    """The name under which a request holds locks, or stands in line for them."""
    return f"{builder.name} request {request_id}"
