"""Who is connected: at most one connection per worker."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType

from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost, ProtocolError
from buildmill.common.protocol import DEFAULT_LIMITS, Limits, WorkerSettings
from buildmill.common.protocol.durable import Hello
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.connections.timing import Timing
from buildmill.master.connections.transport import INTERNAL_ERROR, Transport


class Roster:
    """Takes transports whose workers have proved who they are, settles duplicates, attaches, and keeps track.

    Args:
        attached: awaited with each connection that is ready for commands. If it raises, the connection is closed.
        lost: called with each connection that `attached` was called with, once, when it has ended (`attached` may
            still be under way then; its calls have failed). The connection is no longer in `connections`.
        settings: how workers shall send output.
        greeting: as of `WorkerConnection`.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        attached: Callable[[WorkerConnection], Awaitable[None]],
        lost: Callable[[WorkerConnection, str], None],
        clock: IReactorTime,
        limits: Limits = DEFAULT_LIMITS,
        settings: WorkerSettings | None = None,
        timing: Timing | None = None,
        greeting: Callable[[], Hello] | None = None,
    ) -> None:
        self._attached = attached
        self._lost = lost
        self._clock = clock
        self._limits = limits
        self._settings = settings or WorkerSettings()
        self._timing = timing or Timing()
        self._greeting = greeting
        self._connections: dict[str, WorkerConnection] = {}
        self._handed_over: set[WorkerConnection] = set()
        self._disputed: dict[str, WorkerConnection] = {}  # the newcomers, while the old ones are tried
        self._tasks = TaskOwner("worker connections")

    @property
    def connections(self) -> Mapping[str, WorkerConnection]:
        """By worker's name, including those that are being attached."""
        return MappingProxyType(self._connections)

    def join(self, transport: Transport, worker_name: str) -> WorkerConnection:
        """A worker has connected: feed what the transport delivers into the returned connection."""
        connection = WorkerConnection(
            transport,
            worker_name=worker_name,
            clock=self._clock,
            ended=self._ended,
            limits=self._limits,
            timing=self._timing,
            greeting=self._greeting,
        )
        self._tasks.start(self._admit(connection), name=f"attach {worker_name}")
        return connection

    async def stop(self, reason: str) -> None:
        """Close every connection and wait for what is under way."""
        for connection in [*self._connections.values(), *self._disputed.values()]:
            connection.close(reason)
        await self._tasks.stop()

    async def _admit(self, connection: WorkerConnection) -> None:
        name = connection.worker_name
        if name in self._disputed:
            connection.close("another new connection of this worker is being settled")
            return
        old = self._connections.get(name)
        if old is not None and not await self._outlives(old, connection):
            return
        self._connections[name] = connection
        try:
            await connection.attach(self._settings)
            self._log.info("worker {worker} connected: {connection}", worker=name, connection=connection)
            self._handed_over.add(connection)
            await self._attached(connection)
        except ConnectionLost as error:
            connection.close(str(error))
        except ProtocolError as error:
            self._refuse(connection, str(error), error.code)
        except BuildmillError as error:
            self._refuse(connection, str(error), INTERNAL_ERROR)
        except Exception:
            connection.close("attaching failed", INTERNAL_ERROR)
            raise

    async def _outlives(self, old: WorkerConnection, new: WorkerConnection) -> bool:
        """Whether the new connection takes the old one's place: only if that one does not answer."""
        name = new.worker_name
        self._disputed[name] = new
        try:
            is_alive = await old.answers("master got a duplicate connection", self._timing.duplicate)
        finally:
            del self._disputed[name]
        if is_alive:
            self._log.warn("worker {worker} connected twice; the new one is closed: {new}", worker=name, new=new)
            new.close("this worker is connected already")
            return False
        old.close("did not answer when the worker connected again")
        return new.is_connected

    def _refuse(self, connection: WorkerConnection, reason: str, code: int) -> None:
        if connection.is_connected:
            self._log.warn(
                "worker {worker} could not be attached: {reason}",
                worker=connection.worker_name,
                reason=reason,
            )
            connection.close(reason, code)

    def _ended(self, connection: WorkerConnection, reason: str) -> None:
        name = connection.worker_name
        if self._connections.get(name) is connection:
            del self._connections[name]
        if connection in self._handed_over:
            self._handed_over.remove(connection)
            self._log.info("worker {worker} disconnected: {reason}", worker=name, reason=reason)
            self._lost(connection, reason)
