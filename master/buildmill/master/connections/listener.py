"""The port that workers connect to."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from twisted.internet.address import IPv4Address, IPv6Address
from twisted.internet.defer import maybeDeferred
from twisted.internet.interfaces import (
    IListeningPort,
    IOpenSSLContextFactory,
    IReactorTime,
)
from twisted.internet.task import LoopingCall

from buildmill.common.protocol import DEFAULT_LIMITS, Limits, WorkerSettings
from buildmill.common.protocol.durable import Hello
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.connections.roster import Roster
from buildmill.master.connections.timing import Timing
from buildmill.master.connections.websocket import WorkerSocketFactory

# Hundreds of workers come back in the same second after a restart.
_BACKLOG = 1024


class WorkerListener:
    """A websocket server on one TCP port, in plain text or with TLS.

    Args:
        authenticate: says whether this password belongs to this worker. Called for every upgrade.
        attached, lost, clock, limits, settings, timing, greeting: as of `Roster`.
        reactor: where to listen; its timers serve the websocket handshakes.
        tls: certificate and options, say `twisted.internet.ssl.CertificateOptions`; None is plain text.
    """

    def __init__(
        self,
        *,
        authenticate: Callable[[str, str], bool],
        attached: Callable[[WorkerConnection], Awaitable[None]],
        lost: Callable[[WorkerConnection, str], None],
        clock: IReactorTime,
        reactor: Any,  # IReactorTCP and IReactorSSL; zope's interfaces cannot be joined in a type
        limits: Limits = DEFAULT_LIMITS,
        settings: WorkerSettings | None = None,
        timing: Timing | None = None,
        greeting: Callable[[], Hello] | None = None,
        tls: IOpenSSLContextFactory | None = None,
    ) -> None:
        timing = timing or Timing()
        self._reactor = reactor
        self._tls = tls
        self._roster = Roster(
            attached=attached,
            lost=lost,
            clock=clock,
            limits=limits,
            settings=settings,
            timing=timing,
            greeting=greeting,
        )
        self._factory = WorkerSocketFactory(
            roster=self._roster, authenticate=authenticate, reactor=reactor, limits=limits, timing=timing
        )
        self._port: IListeningPort | None = None
        self._ticking = LoopingCall(self._factory.tick)
        self._ticking.clock = clock
        self._silence = timing.silence

    @property
    def connections(self) -> Mapping[str, WorkerConnection]:
        """By worker's name, including those that are being attached."""
        return self._roster.connections

    async def start(self, port: int, interface: str = "") -> int:
        """Listen.

        Args:
            port: 0 lets the system choose.
            interface: an address of this machine, "" for all of IPv4, "::" for all.

        Returns:
            The port's number.

        Raises:
            twisted.internet.error.CannotListenError: the port is taken or forbidden.
        """
        if self._tls is None:
            self._port = self._reactor.listenTCP(port, self._factory, backlog=_BACKLOG, interface=interface)
        else:
            self._port = self._reactor.listenSSL(port, self._factory, self._tls, backlog=_BACKLOG, interface=interface)
        self._ticking.start(self._silence.total_seconds(), now=False)
        return cast("IPv4Address | IPv6Address", self._port.getHost()).port

    async def stop(self, reason: str = "the master stops") -> None:
        """Listen no more and close every connection; returns when both is done."""
        if self._port is None:
            return
        port, self._port = self._port, None
        self._ticking.stop()
        await maybeDeferred(port.stopListening)
        await self._roster.stop(reason)
        await self._factory.all_closed()
