"""A poller at work; a test says when it polls. Programs are real, the clock is not."""

from __future__ import annotations

from typing import Any

from twisted.internet.defer import Deferred

from buildmill.master.changes.base import PollingChangeSource
from tests.reactors import Reactor
from tests.unit.master.schedulers.house import House


class Polls:
    """See the module."""

    def __init__(self, house: House, reactor: Reactor) -> None:
        self.house, self.reactor = house, reactor
        self.pollers: list[PollingChangeSource] = []

    def begin(self, poller: PollingChangeSource) -> None:
        """Activate it."""
        self.house.activate(poller)
        self.pollers.append(poller)

    async def poll(self) -> list[dict[str, Any]]:
        """Poll once; the changes that came of it."""
        before = len(self.changes())
        done: Deferred[None] = Deferred.fromCoroutine(self.pollers[-1].poll())
        deadline = self.reactor.seconds() + 60
        while not done.called:
            assert self.reactor.seconds() < deadline, "the poll does not end"
            self.house.turn()
            pause: Deferred[None] = Deferred()
            self.reactor.callLater(0.005, pause.callback, None)
            await pause
        await done
        return self.changes()[before:]

    def changes(self) -> list[dict[str, Any]]:
        """All changes so far."""
        found: list[dict[str, Any]] = self.house.result(self.house.data.get("changes", order=["changeid"]))
        return found

    def end(self) -> None:
        """Deactivate all."""
        for poller in self.pollers:
            self.house.deactivate(poller)
