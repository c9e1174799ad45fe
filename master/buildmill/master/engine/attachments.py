"""`Attachments`: connections of workers: what each has to do before it takes work, and what follows when it ends."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.protocol.durable import SpooledCommand
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.data.updates import Updates
from buildmill.master.db import builds, commands, sessions
from buildmill.master.db.resuming import BuildRecord
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Build, BuildRequest
from buildmill.master.engine import leftovers
from buildmill.master.engine.durable import DurableCommands
from buildmill.master.engine.lost_commands import LostCommands
from buildmill.master.engine.missing_workers import MissingWorkers
from buildmill.master.engine.surroundings import Surroundings
from buildmill.master.engine.workers import WorkerHandle

TOLD = 20
"""So many unknown commands of one worker are logged by name."""


class Attachments:
    """Which connection is whose.

    Args:
        workers: by name; those that are configured now.
        builder_dirs: the directories that a worker needs, by its name.
        new_durable: makes the durable commands of a worker that is found to have them.
        attached: called when a worker is ready for work.
        may_go_on: whether a build that another master has begun on a worker can go on here.
        took_over: called with a worker, the ids of builds that were another master's, and the records of those that
            can go on.
        surroundings: says what a worker's builds run in.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        workers: Mapping[str, WorkerHandle],
        builder_dirs: Callable[[str], Sequence[str]],
        new_durable: Callable[[WorkerHandle], DurableCommands],
        attached: Callable[[], None],
        may_go_on: Callable[[Build, BuildRequest], bool],
        took_over: Callable[[WorkerHandle, Sequence[int], Sequence[BuildRecord]], None],
        updates: Updates,
        lost: LostCommands,
        missing: MissingWorkers,
        surroundings: Surroundings,
        tasks: TaskOwner,
    ) -> None:
        self._workers = workers
        self._builder_dirs = builder_dirs
        self._new_durable = new_durable
        self._told_attached = attached
        self._may_go_on = may_go_on
        self._took_over = took_over
        self._updates = updates
        self._lost = lost
        self._missing = missing
        self._surroundings = surroundings
        self._tasks = tasks
        self._attached: dict[WorkerConnection, WorkerHandle] = {}

    async def attach(self, connection: WorkerConnection) -> None:
        """A worker has connected: make it ready, end what a lost connection left running, give it work.

        Raises:
            BuildmillError: it cannot be taken.
        """
        handle = self._workers.get(connection.worker_name)
        if handle is None:
            raise BuildmillError("this worker is not configured")
        handle.connection = connection
        self._attached[connection] = handle
        try:
            await connection.prepare(self._builder_dirs(handle.name))
            await self._lost.confirm(handle)
            await self._adopt(handle, connection)
            if handle.connection is not connection:
                raise ConnectionLost("lost while it was attached")
            handle.environment = self._surroundings.of_worker(connection.info)
            handle.attached(connection)
            self._missing.arrived(handle)
            await self._updates.workerConnected(
                handle.worker_id, self._updates.context.masterid, handle.public_info, handle.environment
            )
        except BaseException:
            if handle.connection is connection:
                handle.detached()
            raise
        self._told_attached()

    def detach(self, connection: WorkerConnection, reason: str) -> None:
        """A worker's connection has ended."""
        # not by name: a worker that is not configured any more, or is configured anew, has its connection still
        handle = self._attached.pop(connection, None)
        if handle is None or handle.connection is not connection:
            return
        handle.detached()
        self._missing.left(handle)
        if handle.durable is not None:
            handle.durable.lost(reason)
        for build in handle.builds.values():
            build.lost_worker(reason)
        self._tasks.start(
            self._updates.workerDisconnected(handle.worker_id, self._updates.context.masterid),
            name="worker disconnected",
        )

    async def prepare_again(self, handle: WorkerHandle) -> None:
        """The configuration has changed: make ready what a connected worker needs now."""
        connection = handle.connection
        if connection is not None:
            try:
                await connection.prepare(self._builder_dirs(handle.name))
            except ConnectionLost:
                pass
            except BuildmillError as error:
                connection.close(f"cannot be prepared: {error}")

    async def _adopt(self, handle: WorkerHandle, connection: WorkerConnection) -> None:
        """Take the commands that a worker has kept; they are this master's from now on."""
        hello = connection.hello
        if hello is None:
            if handle.durable is not None:
                self._log.warn("worker {worker} has no durable commands any more", worker=handle.name)
                durable, handle.durable = handle.durable, None
                durable.abandon("the worker does not offer durable commands any more")
            return
        if handle.durable is None:
            handle.durable = self._new_durable(handle)

        def unit(tx: Transaction) -> tuple[sessions.Adoption, list[BuildRecord]] | None:
            if not connection.is_connected:
                # the database was away for long: the worker has gone to another master, or will come again
                raise ConnectionLost("lost before the database took it")
            master_id = self._updates.context.masterid
            found = sessions.adopt(tx, handle.worker_id, master_id, hello.session, hello.install_id)
            if found is None:
                return None
            strangers = [builds.get(tx, build_id) for build_id in found.taken_over]
            return found, leftovers.settle_these(tx, strangers, self._may_go_on)[1]

        adopted = await self._updates.run(unit)
        if adopted is None:
            raise BuildmillError("a later connection of this worker has been taken")
        adoption, records = adopted
        handle.expected()
        handle.durable.expect_anew("it was lost while it was welcomed")
        self._took_over(handle, adoption.taken_over, records)
        unwanted = await handle.durable.adopt(connection, hello, adoption.fences, adoption.is_reinstalled)
        if unwanted:
            await self._record_unknown(handle, unwanted)

    async def _record_unknown(self, handle: WorkerHandle, ended: Sequence[SpooledCommand]) -> None:
        """Of the commands that were ended, tell those that the database has never heard of: it may be an older one."""
        states = {command.cmd_uid: command.state for command in ended}
        unknown = await self._updates.run(commands.tell_unknown, handle.worker_id, states)
        for uid in unknown[:TOLD]:
            self._log.warn(
                "worker {worker}: command {uid} ({state}) is ended: the database (a restored backup?) does not know it",
                worker=handle.name,
                uid=uid,
                state=states[uid],
            )
        if len(unknown) > TOLD:
            self._log.warn("worker {worker}: and {count} more", worker=handle.name, count=len(unknown) - TOLD)
