"""`WorkerSlot`: a worker as the decision about what runs where sees it, and why it takes nothing."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from buildmill.master.domain.reasons import Because, Reason, in_the_way

T = TypeVar("T")


class _Told(Generic[T]):
    """An attribute of a `WorkerSlot`; who listens to the slot is told when it gets another value."""

    def __set_name__(self, _owner: type[object], name: str) -> None:
        self._name = f"_{name}"

    def __get__(self, slot: WorkerSlot, _owner: type[object]) -> T:
        value: T = getattr(slot, self._name)
        return value

    def __set__(self, slot: WorkerSlot, value: T) -> None:
        if getattr(slot, self._name) != value:
            setattr(slot, self._name, value)
            slot.changed(slot)


class WorkerSlot:
    """A worker as the decision sees it.

    Attributes:
        max_builds: builds at a time; None for no limit.
        is_startable: whether it is started for a build that it is given.
        quarantined_until: seconds of the clock; 0 when it is not.
        kept_for: a builder whose user function is thinking: one place is kept for it. None: no place is.
        absence: why it is not connected, where somebody knows more; None otherwise.
        running: requests that it was given and that have not ended: their builders, by request id. It runs one build
            of a builder at a time, because they share a directory.
        builds: the builds of these requests, by request id, as soon as they are made.
        changed: called with the slot after each change.
        ended: called with the slot when something that it ran has ended.
    """

    max_builds = _Told[int | None]()
    is_connected = _Told[bool]()
    is_startable = _Told[bool]()
    is_paused = _Told[bool]()
    is_graceful = _Told[bool]()
    quarantined_until = _Told[float]()

    def __init__(
        self,
        worker_id: int,
        name: str,
        max_builds: int | None = None,
        *,
        is_connected: bool = False,
        is_paused: bool = False,
        pause_reason: str | None = None,
        is_graceful: bool = False,
        quarantined_until: float = 0.0,
    ) -> None:
        self.worker_id = worker_id
        self.name = name
        self.pause_reason = pause_reason
        self.absence: Reason | None = None
        self.running: dict[int, int] = {}
        self.builds: dict[int, int] = {}
        self.kept_for: int | None = None
        self.changed: Callable[[WorkerSlot], None] = nobody
        self.ended: Callable[[WorkerSlot], None] = nobody
        self._max_builds = max_builds
        self._is_connected = is_connected
        self._is_startable = False
        self._is_paused = is_paused
        self._is_graceful = is_graceful
        self._quarantined_until = quarantined_until

    def occupy(self, request_id: int, builder_id: int) -> None:
        """It is given a request."""
        self.running[request_id] = builder_id
        self.changed(self)

    def vacate(self, request_id: int) -> None:
        """A request that it was given has ended; harmless otherwise."""
        self.builds.pop(request_id, None)
        if self.running.pop(request_id, None) is not None:
            self.ended(self)

    def is_free(self, now: float) -> bool:
        """Whether it has room for a build of anybody now."""
        return self._is_there(now) and self._has_room(len(self.running) + (self.kept_for is not None))

    def takes(self, builder_id: int, now: float) -> bool:
        """Whether it takes a build of this builder now."""
        taken = len(self.running) + (self.kept_for not in (None, builder_id))
        return self._is_there(now) and self._has_room(taken) and builder_id not in self.running.values()

    def _is_there(self, now: float) -> bool:
        is_usable = self._is_connected or self._is_startable
        return is_usable and not self._is_paused and not self._is_graceful and self._quarantined_until <= now

    def _has_room(self, taken: int) -> bool:
        return self._max_builds is None or taken < self._max_builds

    def refusal(self, builder_id: int, now: float) -> Reason | None:
        """Why it takes no build of this builder now; None when it does."""
        if not self.is_connected and not self.is_startable:
            return self.absence or self._because(Because.OFFLINE, f"worker {self.name} is not connected")
        if self.is_paused:
            why = f": {self.pause_reason}" if self.pause_reason else ""
            return self._because(Because.PAUSED, f"worker {self.name} is paused{why}")
        if self.is_graceful:
            return self._because(Because.GRACEFUL, f"worker {self.name} is shutting down when its builds are done")
        if self.quarantined_until > now:
            seconds = round(self.quarantined_until - now)
            return self._because(Because.QUARANTINED, f"worker {self.name} failed and is tried again in {seconds} s")
        own = [request for request, builder in self.running.items() if builder == builder_id]
        if own:
            return self._busy(own, " of the same builder")
        if not self._has_room(len(self.running)):
            return self._busy(self.running, "")
        if not self.takes(builder_id, now):
            text = f"worker {self.name} keeps its last place for a builder whose function is being asked"
            return self._because(Because.BUSY, text)
        return None

    def _because(self, code: Because, text: str) -> Reason:
        return Reason(code=code, text=text, worker=self.name, workerid=self.worker_id)

    def _busy(self, requests: Iterable[int], more: str) -> Reason:
        asked = list(requests)
        ids = sorted(self.builds[request] for request in asked if request in self.builds)
        numbers = f" {_enumeration(ids)}" if len(ids) == len(asked) else ""
        what = "a build" if not numbers and len(asked) == 1 else f"build{'s' if len(asked) != 1 else ''}{numbers}"
        text = f"worker {self.name} is busy with {what}{more}"
        return in_the_way(Because.BUSY, text, ids, worker=self.name, workerid=self.worker_id)


def nobody(_slot: WorkerSlot) -> None:
    """Nobody listens."""


def _enumeration(ids: Sequence[int]) -> str:
    return ", ".join(map(str, ids))
