"""Being connected: dial the masters in turn, hold a session on each connection, back off, dial again."""

from __future__ import annotations

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from random import Random
from typing import Any

from twisted.internet.defer import CancelledError, Deferred, TimeoutError
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.worker.masters import MasterAddress
from buildmill.worker.session import WorkerSession

FIRST_DELAY_SECONDS = 1.0
FACTOR = 1.5
# Long enough for the signals to work and for the master to take the last words; a dead one is not waited for.
STOP_SECONDS = 15
ATTACH_SECONDS = 60
"""How long a master may take to take a worker that knows another one."""


class GaveUp(BuildmillError):
    """`max_retries` attempts in a row failed; the text is the last one's."""


class Backoff:
    """How long to wait before the next attempt: longer each time, and never the same for two workers.

    Args:
        longest: in seconds.
    """

    def __init__(self, random: Random, longest: float) -> None:
        self._random = random
        self._longest = longest
        self._next = min(FIRST_DELAY_SECONDS, longest)

    def delay(self) -> float:
        """Seconds to wait now: between half of the present step and all of it."""
        step, self._next = self._next, min(self._next * FACTOR, self._longest)
        return self._random.uniform(step / 2, step)

    def reset(self) -> None:
        """It worked."""
        self._next = min(FIRST_DELAY_SECONDS, self._longest)


@dataclass(frozen=True, kw_only=True)
class ConnectionEvents:
    """Who is told what.

    Attributes:
        attached: a master has accepted this worker.
        failed: an attempt failed, or a connection has ended; with the reason.
    """

    attached: Callable[[MasterAddress], None]
    failed: Callable[[MasterAddress, str], None]


# Given what is told when attached: makes the session of a fresh socket (see `websocket.Opened`).
NewSession = Callable[[Any, Callable[[], None]], WorkerSession]
Dial = Callable[[MasterAddress, Callable[[Any], WorkerSession]], Deferred[str]]


class MasterConnection:
    """Keeps one connection to one of the masters.

    Args:
        dial: connects; fires with the reason when the connection has ended.
        new_session: makes the session for an open socket.
        max_retries: failed attempts in a row before it gives up; None: never.
        before_dial: awaited before each attempt, which fails if this does.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        masters: Sequence[MasterAddress],
        dial: Dial,
        new_session: NewSession,
        events: ConnectionEvents,
        clock: IReactorTime,
        backoff: Backoff,
        max_retries: int | None = None,
        before_dial: Callable[[], Awaitable[None]] | None = None,
    ) -> None:
        self._before_dial = before_dial
        self._masters = list(masters)
        self._dial = dial
        self._new_session = new_session
        self._events = events
        self._clock = clock
        self._backoff = backoff
        self._max_retries = max_retries
        self._is_stopping = False
        self._socket: Any = None
        self._waiting: Deferred[Any] | None = None
        self.session: WorkerSession | None = None

    async def run(self) -> None:
        """Connect, again and again, until `stop`.

        Raises:
            GaveUp: `max_retries` was reached.
        """
        failures = 0
        turn = 0
        while not self._is_stopping:
            master = self._masters[turn % len(self._masters)]
            was_attached, stays, reason = await self._connect(master)
            if self._is_stopping:
                return
            self._events.failed(master, reason)
            failures = 0 if was_attached else failures + 1
            if self._max_retries is not None and failures > self._max_retries:
                raise GaveUp(reason)
            turn = turn if stays else turn + 1
            if was_attached or turn % len(self._masters) == 0:
                await self._wait(deferLater(self._clock, self._backoff.delay()))

    async def stop(self) -> None:
        """Kill the running commands, tell the master how they ended, and close."""
        self._is_stopping = True
        if self.session is not None:
            ended = Deferred.fromCoroutine(self.session.stop_commands())
            ended.addTimeout(STOP_SECONDS, self._clock)
            with contextlib.suppress(TimeoutError):
                await ended
        if self._socket is not None:
            self._socket.close()
        elif self._waiting is not None:
            self._waiting.cancel()

    async def _connect(self, master: MasterAddress) -> tuple[bool, bool, str]:
        """One connection: whether the master took us, whether it is to be tried first again, and why it ended."""
        was_attached = False

        def attached() -> None:
            nonlocal was_attached
            if not was_attached:
                was_attached = True
                self._backoff.reset()
                self._events.attached(master)

        def opened(socket: Any) -> WorkerSession:
            self._socket = socket
            self.session = self._new_session(socket, attached)
            return self.session

        if self._before_dial is not None:
            try:
                await self._before_dial()
            except OSError as problem:
                return False, False, f"the attempt can't be noted: {problem}"
            if self._is_stopping:
                return False, False, "stopped"

        def leave() -> None:
            is_taken = was_attached and self.session is not None and not self.session.wants_another_master
            if not is_taken and self._socket is not None:
                self._log.warn("{url} does not take this worker: another master is tried", url=master.url)
                self._socket.close()

        self._log.info("connecting to {url}", url=master.url)
        patience = self._clock.callLater(ATTACH_SECONDS, leave) if len(self._masters) > 1 else None
        reason = await self._wait(self._dial(master, opened)) or "stopped"
        if patience is not None and patience.active():
            patience.cancel()
        session, self.session, self._socket = self.session, None, None
        if session is not None:
            # The next connection waits until nothing of this one runs: whoever retries the work may be sure.
            await session.lost(reason)
        return was_attached, was_attached and not (session is not None and session.wants_another_master), reason

    async def _wait(self, what: Deferred[Any]) -> Any:
        self._waiting = what
        try:
            return await what
        except CancelledError:
            if not self._is_stopping:
                raise
            return None
        finally:
            self._waiting = None
