"""`LostCommands`: holds requests back whose last attempt may still be running, until it is proved that it is not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import ConnectionLost
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_requests, commands
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.claims import Queue
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.lines import Waiting
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.engine.workers import NotConfirmed, WorkerHandle


class LostCommands:
    """What was lost with the connections of workers without durable commands.

    Args:
        read: runs a query on a read-only connection.
        released: called when requests are free again.

    Attributes:
        durations: in force from when they are used next.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        updates: Updates,
        read: Callable[..., Deferred[Any]],
        queue: Queue,
        clock: IReactorTime,
        released: Callable[[], None],
    ) -> None:
        self.durations = Durability()
        self._updates = updates
        self._read = read
        self._queue = queue
        self._clock = clock
        self._released = released
        self._held: dict[int, set[int]] = {}
        self._timers: dict[int, IDelayedCall] = {}

    async def start(self, names: dict[int, str]) -> None:
        """Hold what an earlier run of this master has lost.

        Args:
            names: of the workers, by id.
        """
        for worker_id, requests in (await self._read(_held_requests)).items():
            self.hold(worker_id, names.get(worker_id, f"number {worker_id}"), requests)

    def stop(self) -> None:
        """Release nothing more."""
        for timer in self._timers.values():
            if timer.active():
                timer.cancel()

    def hold(self, worker_id: int, worker_name: str, requests: Sequence[Waiting]) -> None:
        """Their last attempts had commands on this worker that may still run."""
        text = f"its last attempt may still be running on worker {worker_name}"
        why = Reason(code=Because.HELD, text=text, worker=worker_name, workerid=worker_id)
        for waiting in requests:
            self._queue.hold(waiting, why)
        if requests and worker_id not in self._timers:
            self._timers[worker_id] = self._clock.callLater(self.durations.reclaim, self._reclaim, worker_id)
        self._held.setdefault(worker_id, set()).update(waiting.request_id for waiting in requests)

    async def confirm(self, worker: WorkerHandle) -> None:
        """End what was lost on a worker that is connected, and release what was held for it."""
        uids = await self._read(commands.lost_on, worker.worker_id)
        if uids:
            self._log.info("worker {worker}: ending {count} lost commands", worker=worker.name, count=len(uids))
            try:
                await worker.kill_by_uid(uids)
            except (NotConfirmed, ConnectionLost) as error:
                self._log.warn("{why}", why=str(error))
                return
            await self._updates.run(commands.confirm_dead, uids)
        self._release(worker.worker_id)

    async def instance_stopped(self, worker: WorkerHandle) -> None:
        """What a latent worker ran on is gone, and everything that was lost there with it."""
        uids = await self._read(commands.lost_on, worker.worker_id)
        if uids:
            await self._updates.run(commands.confirm_dead, uids)
        self._release(worker.worker_id)

    def _reclaim(self, worker_id: int) -> None:
        self._timers.pop(worker_id, None)
        self._log.warn(
            "worker number {worker} is away for {seconds} s: what it had is given to others",
            worker=worker_id,
            seconds=self.durations.reclaim,
        )
        self._release(worker_id)

    def _release(self, worker_id: int) -> None:
        timer = self._timers.pop(worker_id, None)
        if timer is not None and timer.active():
            timer.cancel()
        for request_id in self._held.pop(worker_id, ()):
            self._queue.release(request_id)
        self._released()


def _held_requests(connection: Connection) -> dict[int, list[Waiting]]:
    """By worker id: the waiting requests whose last attempt has a command there that may still run."""
    return {
        worker_id: [
            Waiting(r.buildrequestid, r.builderid, r.priority, r.submitted_at)
            for r in build_requests.with_lost_commands(connection, worker_id)
        ]
        for worker_id in sorted(commands.workers_with_lost(connection))
    }
