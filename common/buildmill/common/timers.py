"""Time-outs of Autobahn's sockets, on the reactor that they are given."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime


class Timer:
    """Time-outs on our reactor; Autobahn's own go to the global one."""

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock

    def call_later(self, delay: float, function: Callable[..., Any], *args: Any) -> Timeout:
        return Timeout(self._clock.callLater(delay, function, *args))


class Timeout:
    """Can be cancelled when it is over, as Autobahn does."""

    def __init__(self, call: IDelayedCall) -> None:
        self._call = call

    def cancel(self) -> None:
        if self._call.active():
            self._call.cancel()
