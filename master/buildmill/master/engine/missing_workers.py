"""`MissingWorkers`: tells of workers that are away for longer than their configuration allows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from twisted.internet.interfaces import IReactorTime

from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.engine.workers import WorkerHandle


@dataclass
class _Absence:
    """Of one worker.

    Attributes:
        since: seconds of the clock.
        is_known: whether it was connected until then; else nobody knows when it was.
        timeout: seconds; None or 0: nobody is to be told.
        call: fires when it has been away for so long; None when that is told, or is not to be.
    """

    since: float
    is_known: bool
    timeout: float | None = None
    call: Any = None


class MissingWorkers:
    """Watches the workers of this master.

    A worker is told of once for each time that it is away: as long after it has gone, or after the master was
    started, as its ``missing_timeout`` says.

    Args:
        updates: writes what happens.
        clock: measures absences.
        tasks: owns what is written.
    """

    def __init__(self, *, updates: Updates, clock: IReactorTime, tasks: TaskOwner) -> None:
        self._updates = updates
        self._clock = clock
        self._tasks = tasks
        self._handles: Mapping[str, WorkerHandle] = {}
        self._absences: dict[str, _Absence] = {}

    def watch(self, handles: Mapping[str, WorkerHandle]) -> None:
        """These are configured now, in the terms that are theirs now."""
        for name in self._absences.keys() - handles.keys():
            self._forget(name)
        self._handles = handles
        for name, handle in handles.items():
            if handle.connection is not None:
                continue
            absence = self._absences.get(name)
            if absence is None:
                self._begin(handle, is_known=False)
            elif absence.timeout != handle.config.missing_timeout:
                self._wait(handle, absence)

    def arrived(self, handle: WorkerHandle) -> None:
        """It is connected."""
        self._forget(handle.name)

    def left(self, handle: WorkerHandle) -> None:
        """Its connection has ended."""
        if self._handles.get(handle.name) is handle and handle.name not in self._absences:
            self._begin(handle, is_known=True)

    def stop(self) -> None:
        """Tell of nobody more."""
        self._handles = {}
        for name in tuple(self._absences):
            self._forget(name)

    def _begin(self, handle: WorkerHandle, *, is_known: bool) -> None:
        absence = self._absences[handle.name] = _Absence(self._clock.seconds(), is_known)
        self._wait(handle, absence)

    def _wait(self, handle: WorkerHandle, absence: _Absence) -> None:
        if absence.call is not None:
            absence.call.cancel()
            absence.call = None
        absence.timeout = handle.config.missing_timeout
        if absence.timeout:
            passed = self._clock.seconds() - absence.since
            absence.call = self._clock.callLater(max(0.0, absence.timeout - passed), self._expired, handle, absence)

    def _forget(self, name: str) -> None:
        absence = self._absences.pop(name, None)
        if absence is not None and absence.call is not None:
            absence.call.cancel()

    def _expired(self, handle: WorkerHandle, absence: _Absence) -> None:
        absence.call = None
        self._tasks.start(self._tell(handle, absence), name=f"worker {handle.name} is missing")

    async def _tell(self, handle: WorkerHandle, absence: _Absence) -> None:
        at = datetime.fromtimestamp(absence.since, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
        is_told = await self._updates.workerMissing(
            handle.worker_id,
            self._updates.context.masterid,
            at if absence.is_known else f"{at} or before",
            handle.config.notify_on_missing,
        )
        if not is_told and self._absences.get(handle.name) is absence and absence.call is None:
            # another master has it, or will tell: that may change
            absence.call = self._clock.callLater(absence.timeout or 0.0, self._expired, handle, absence)
