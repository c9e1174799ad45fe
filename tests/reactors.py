"""The type of the reactor that tests get from the fixture `reactor`."""

from __future__ import annotations

from twisted.internet.interfaces import (
    IReactorCore,
    IReactorProcess,
    IReactorSSL,
    IReactorTCP,
    IReactorThreads,
    IReactorTime,
    IReactorUNIX,
)


class Reactor(IReactorCore, IReactorTime, IReactorTCP, IReactorSSL, IReactorUNIX, IReactorProcess, IReactorThreads):
    """All that our code and tests ask of the real reactor."""
