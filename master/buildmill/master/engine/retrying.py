"""Another attempt of a build that has ended badly, as its builder's `Retry` says."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.results import Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_retries
from buildmill.master.db import builds as build_rows
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.retrying import BadEnd, Retry, cause_of_retry, wait_before
from buildmill.master.logs.patterns import matcher
from buildmill.master.logs.searching import Search

LOOK_SECONDS = 60.0
"""How often rows are looked at: another master may have left some."""

AGAIN_SECONDS = 5.0
_BAD = frozenset({Result.FAILURE, Result.EXCEPTION, Result.RETRY})
_log = Logger()


async def matched_patterns(data: Any, policy: Retry, log_ids: Sequence[int]) -> list[str]:
    """Those of a policy's patterns that match a line of one of these logs."""
    found = []
    for pattern in policy.logPatterns:
        wanted = Search(matcher=matcher(pattern, is_expression=True, ignores_case=False), limit=1)
        for log_id in log_ids:
            if await _is_in(data, log_id, wanted):
                found.append(pattern)
                break
    return found


async def _is_in(data: Any, log_id: int, wanted: Search) -> bool:
    try:
        async for part in data.search(data.find(["logs", str(log_id), "search"]), wanted):
            if part.hits:
                return True
    except BuildmillError as error:  # the log is gone: then nothing of it matches
        _log.warn("log {log} cannot be searched: {why}", log=log_id, why=str(error))
    return False


def finish(
    tx: Transaction,
    build_id: int,
    request_id: int,
    result: Result,
    state: str,
    *,
    policy: Retry | None,
    is_lost: bool,
    has_timed_out: bool,
    matched: Sequence[str],
) -> None:
    """End a build and what it was made for, or have that wait for another attempt."""
    if policy is None:
        build_rows.finish_with_request(tx, build_id, request_id, result, state)
        return
    codes = build_retries.exit_codes(tx, build_id) if policy.exitCodes else frozenset()
    cause = cause_of_retry(policy, BadEnd(result, is_lost, has_timed_out, codes, matched))
    number = build_retries.count(tx, request_id) + 1
    if cause is None:
        build_rows.finish_with_request(tx, build_id, request_id, result, state)
    elif number <= policy.times:
        told = f"{state} (attempt {number} of {policy.times + 1}: tried again, {cause})"
        build_retries.finish_and_wait(tx, build_id, request_id, result, told, cause, wait_before(policy, number))
    else:
        final = Result.EXCEPTION if result == Result.RETRY else result
        told = f"{state} (attempt {number}, the last: {cause})"
        build_rows.finish_with_request(tx, build_id, request_id, final, told)


class RetryTimer:
    """Puts requests back into the queue when their next attempt is due.

    Args:
        updates: writes.
        bus: tells when a build has ended, which may have to be tried again.
        clock: calls.
        is_wanted: whether any builder has a `Retry`.
    """

    def __init__(self, *, updates: Updates, bus: Any, clock: IReactorTime, is_wanted: Callable[[], bool]) -> None:
        self._updates = updates
        self._is_wanted = is_wanted
        self._subscription: Any = None
        self._bus = bus
        self._clock = clock
        self._tasks = TaskOwner("retries")
        self._next: IDelayedCall | None = None
        self._is_started = self._is_looking = False

    def start(self) -> None:
        """Begin with what waits already."""
        self._is_started = True
        self._subscription = self._bus.subscribe(("builds", None, "finished"), self._build_ended)
        self.look()

    async def stop(self) -> None:
        """Put nothing back any more; what waits is in rows."""
        self._is_started = False
        if self._subscription is not None:
            self._subscription.cancel()
        self._cancel()
        await self._tasks.stop()

    def look(self) -> None:
        """Put back what is due, and come again when the next is."""
        if self._is_started and not self._is_looking:
            self._is_looking = True
            self._tasks.start(self._look(), name="look")

    def _build_ended(self, _key: Any, event: Any) -> None:
        if event.message.results in _BAD and self._is_wanted():
            self.look()

    async def _look(self) -> None:
        seconds = AGAIN_SECONDS
        try:
            following = await self._updates.run(build_retries.release_due)
            seconds = LOOK_SECONDS
            if following is not None:
                seconds = min(seconds, max(0.0, following / 1000 - self._clock.seconds()))
        finally:
            self._is_looking = False
            if self._is_started:
                self._call_after(seconds)

    def _call_after(self, seconds: float) -> None:
        self._cancel()
        self._next = self._clock.callLater(seconds, self.look)

    def _cancel(self) -> None:
        if self._next is not None and self._next.active():
            self._next.cancel()
        self._next = None
