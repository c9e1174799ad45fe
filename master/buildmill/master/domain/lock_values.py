"""Locks as values: what a configuration says about them. Who holds which is the engine's business."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from buildmill.master.domain.config_errors import config_error

LockKind = Literal["master", "worker"]
LockMode = Literal["counting", "exclusive"]


@dataclass(frozen=True)
class LockId:
    """One lock; two equal values are the same lock.

    Attributes:
        kind: ``master``: one counter for the whole master; ``worker``: one counter for each worker.
        name: unique among all locks of a configuration.
        max_count: how many counting holders at once.
        max_count_for_worker: exceptions from `max_count` by the worker's name.
    """

    kind: LockKind
    name: str
    max_count: int = 1
    max_count_for_worker: Mapping[str, int] = field(default_factory=dict, hash=False)

    def max_count_on(self, worker: str) -> int:
        """How many counting holders at once, in the counter that counts on `worker`."""
        return self.max_count_for_worker.get(worker, self.max_count)


@dataclass(frozen=True)
class LockAccess:
    """How a builder, worker or step uses a lock.

    Attributes:
        count: how much of the lock; 1 if exclusive, 0 takes nothing.
    """

    lock: LockId
    mode: LockMode = "counting"
    count: int = 1


class _Lock:
    """What `MasterLock` and `WorkerLock` share. As an element of ``locks`` it means ``access("counting")``."""

    id: LockId

    @property
    def name(self) -> str:
        """Name of the lock."""
        return self.id.name

    def access(self, mode: str, count: int = 1) -> LockAccess:
        """How to use the lock, for the argument ``locks`` of builders, workers and steps.

        Args:
            mode: ``counting`` or ``exclusive``.
            count: how much of it; an exclusive access takes all, and its count is 1.
        """
        if mode not in ("counting", "exclusive"):
            config_error(f"lock {self.name!r}: the mode is 'counting' or 'exclusive', not {mode!r}")
            mode = "counting"
        if not isinstance(count, int) or isinstance(count, bool) or count < 0:
            config_error(f"lock {self.name!r}: the count must be an integer, at least 0, not {count!r}")
            count = 1
        if mode == "exclusive" and count != 1:
            config_error(f"lock {self.name!r}: an exclusive access has the count 1, not {count}")
            count = 1
        return LockAccess(self.id, "exclusive" if mode == "exclusive" else "counting", count)

    def __eq__(self, other: object) -> bool:
        return self.id == other.id if isinstance(other, _Lock) else NotImplemented

    def __hash__(self) -> int:
        return hash(self.id)

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.name!r}, maxCount={self.id.max_count})"


class MasterLock(_Lock):
    """A lock of the whole master.

    Args:
        name: unique among all locks.
        maxCount: how many counting holders at once.
    """

    def __init__(self, name: str, maxCount: int = 1) -> None:  # noqa: N803  # Buildbot's spelling
        self.id = LockId("master", _checked_name(name), _checked_count(name, "maxCount", maxCount))


class WorkerLock(_Lock):
    """A lock that is counted on each worker for itself.

    Args:
        name: unique among all locks.
        maxCount: how many counting holders at once on one worker.
        maxCountForWorker: other limits for some workers, by name.
    """

    def __init__(
        self,
        name: str,
        maxCount: int = 1,  # noqa: N803
        maxCountForWorker: Mapping[str, int] | None = None,  # noqa: N803
    ) -> None:
        limits: dict[str, int] = {}
        if isinstance(maxCountForWorker, Mapping):
            limits = {
                worker: _checked_count(name, f"maxCountForWorker[{worker!r}]", count)
                for worker, count in maxCountForWorker.items()
            }
        elif maxCountForWorker is not None:
            config_error(f"lock {name!r}: maxCountForWorker must be a dictionary, not {maxCountForWorker!r}")
        self.id = LockId("worker", _checked_name(name), _checked_count(name, "maxCount", maxCount), limits)


def as_lock_accesses(locks: Any, owner: str) -> tuple[LockAccess, ...]:
    """The accesses of an argument ``locks``: a sequence of accesses and bare locks (these mean counting).

    Args:
        owner: whose argument it is, for the error text.
    """
    if locks is None:
        return ()
    if isinstance(locks, str | bytes) or not isinstance(locks, Sequence):
        config_error(f"{owner}: locks must be a list, not {locks!r}")
        return ()
    accesses: list[LockAccess] = []
    for lock in locks:
        if isinstance(lock, LockAccess):
            accesses.append(lock)
        elif isinstance(lock, _Lock):
            accesses.append(LockAccess(lock.id))
        else:
            config_error(f"{owner}: locks must be locks or what their access() gives, not {lock!r}")
    return tuple(accesses)


def _checked_name(name: Any) -> str:
    if not isinstance(name, str) or not name:
        config_error(f"the name of a lock must be a non-empty string, not {name!r}")
    return str(name)


def _checked_count(name: Any, argument: str, count: Any) -> int:
    if not isinstance(count, int) or isinstance(count, bool) or count < 1:
        config_error(f"lock {name!r}: {argument} must be an integer, at least 1, not {count!r}")
        return 1
    return count
