"""``/health/live`` and ``/health/ready``: whether the process lives, and whether it can work."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime

from buildmill.common.errors import BuildmillError
from buildmill.master.data.condition import Condition
from buildmill.master.web.pulse import Pulse

MOST_LAG_SECONDS = 2.0
PATIENCE_SECONDS = 5.0


OtherProcess = Callable[[], Awaitable[str | None]]


async def problem_of(ask: OtherProcess) -> str | None:
    """Why another process does not work, or None."""
    try:
        return await ask()
    except BuildmillError as error:
        return str(error)


class Health:
    """Asks the parts that everything else needs.

    Args:
        condition: how the database is.
        pulse: how the event loop is.
        clock: for the deadline of the database.
        others: asks other processes by name: why one does not work, or None. This process is ready without them.
    """

    def __init__(
        self, condition: Condition, pulse: Pulse, clock: IReactorTime, others: Mapping[str, OtherProcess]
    ) -> None:
        self._others = others
        self._condition = condition
        self._pulse = pulse
        self._clock = clock

    async def ready(self) -> tuple[bool, dict[str, Any]]:
        """Whether all is well, and what is known of each part."""
        lag = self._pulse.lag
        problem = await self._reading_problem()
        trouble = self._condition.trouble
        checks: dict[str, dict[str, Any]] = {
            "database": {"ok": problem is None, **({} if problem is None else {"problem": problem})},
            "event_loop": {"lag_seconds": round(lag, 3), "ok": lag < MOST_LAG_SECONDS},
            "writer": {"ok": trouble is None, **({} if trouble is None else {"problem": trouble})},
        }
        is_ready = all(check["ok"] for check in checks.values())
        for name, ask in self._others.items() if problem is None else ():
            trouble = await problem_of(ask)
            checks[name] = {"ok": trouble is None, **({} if trouble is None else {"problem": trouble})}
        return is_ready, checks

    async def _reading_problem(self) -> str | None:
        reading: Deferred[None] = Deferred.fromCoroutine(self._condition.check_reading())
        answer: Deferred[str | None] = Deferred()

        def answered(result: object) -> None:
            if not answer.called:
                answer.callback(None if result is None else "the database cannot be read")

        reading.addBoth(answered)
        if answer.called:
            return await answer
        late = f"the database has not answered within {PATIENCE_SECONDS:g} seconds"
        deadline = self._clock.callLater(PATIENCE_SECONDS, answer.callback, late)
        problem = await answer
        if deadline.active():
            deadline.cancel()
        return problem
