"""`Daily`: something that is done when the master starts, and once a day."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, Final

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import LoopingCall

EVERY_SECONDS: Final = 86_400.0


class Daily:
    """See the module.

    Args:
        act: what is done; it must not raise.
        clock: says when.
    """

    def __init__(self, act: Callable[[], Coroutine[Any, Any, object]], clock: IReactorTime) -> None:
        self._calling = LoopingCall(lambda: Deferred.fromCoroutine(act()))
        self._calling.clock = clock

    def start(self) -> None:
        """Do it now, and once a day."""
        self._calling.start(EVERY_SECONDS, now=True)

    def stop(self) -> None:
        if self._calling.running:
            self._calling.stop()
