"""How much may be on its way to the master at once, over all commands of a connection."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from twisted.internet.defer import Deferred

from buildmill.common.protocol.messages import Request


class Outbox:
    """Hands requests to the connection while few enough are unanswered; wakes the waiting ones in turn.

    Args:
        call: sends a request, fires with its answer.
        max_requests: unanswered at once.
        max_bytes: of output, unanswered at once; a single larger request goes out alone.
    """

    def __init__(
        self, call: Callable[[Request], Deferred[object]], *, max_requests: int = 16, max_bytes: int = 4 << 20
    ) -> None:
        self._call = call
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._requests = 0
        self._bytes = 0
        self._waiting: deque[Callable[[], None]] = deque()
        self._is_waking = False

    @property
    def has_room(self) -> bool:
        """Whether one more may be sent now."""
        return self._requests < self._max_requests and self._bytes < self._max_bytes

    def send(self, request: Request, size: int = 0) -> Deferred[object]:
        """Send; fires with the master's answer, fails with its error or with the connection's loss."""
        self._requests += 1
        self._bytes += size
        told: Deferred[object] = Deferred()

        def answered(result: object) -> None:
            self._requests -= 1
            self._bytes -= size
            told.callback(result)  # first: who is refused has nothing more to send
            self._wake()

        self._call(request).addBoth(answered)
        return told

    def when_room(self, wake: Callable[[], None]) -> None:
        """Have `wake` called once when there is room; who waits longest comes first."""
        self._waiting.append(wake)

    def room(self) -> Deferred[None]:
        """Fires when there is room; others may be quicker."""
        turn: Deferred[None] = Deferred()

        def wake() -> None:
            if not turn.called:  # else its owner gave up
                turn.callback(None)

        self.when_room(wake)
        return turn

    def _wake(self) -> None:
        # Whoever is woken sends one request at most and queues again: a flood by one command can't starve others.
        if self._is_waking:
            return
        self._is_waking = True
        try:
            while self._waiting and self.has_room:
                self._waiting.popleft()()
        finally:
            self._is_waking = False
