"""The engine: takes the configuration's builders and workers, and runs what is asked for.

It reacts to committed rows and their events, and is called by nobody but the composition root: whoever wants
something done writes it through `data.updates`.
"""

from __future__ import annotations

import hmac
import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.protocol.durable import DURABLE_VERSION, DurableLimits, Hello
from buildmill.common.results import EXCEPTION, RETRY, Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_requests, commands, resuming, sessions, steps
from buildmill.master.db import builds as build_rows
from buildmill.master.db import workers as worker_rows
from buildmill.master.db.resuming import BuildRecord
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.claims import Queue, Reason, Waiting
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.locks import LockTable
from buildmill.master.engine.build import Build
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.distributor import Assignment, Distributor
from buildmill.master.engine.durable import DurableCommands
from buildmill.master.engine.lease import MasterLease
from buildmill.master.engine.workers import NotConfirmed, WorkerHandle


class Engine:
    """Runs builds on workers.

    Args:
        master: the facade given to plugin code.
        database_read: runs a query on a read-only connection.
        rng: randomness for choices and command ids.
        monotonic: seconds of a clock that never jumps; the clock's own by default.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        master: Any,
        updates: Updates,
        read: Callable[..., Deferred[Any]],
        bus: Any,
        clock: IReactorTime,
        rng: random.Random,
        monotonic: Callable[[], float] | None = None,
    ) -> None:
        self._master = master
        self._updates = updates
        self._read = read
        self._bus = bus
        self._clock = clock
        self._random = rng
        self._tasks = TaskOwner("engine")
        # not stopped with the others: a build on a worker with durable commands is left as it is
        self._build_tasks = TaskOwner("builds")
        self._durability = Durability()
        self._boot = f"{rng.getrandbits(64):016x}"
        self.lease = MasterLease(
            updates=updates,
            clock=clock,
            seconds=monotonic or clock.seconds,
            connected=self._sessions,
            let_go=self._let_go,
        )
        self.queue = Queue()
        self.locks = LockTable()
        self.builders: dict[int, Builder] = {}
        self.workers: dict[str, WorkerHandle] = {}
        self.builds: dict[int, Build] = {}
        self._subscriptions: list[Any] = []
        self._timers: dict[int, Any] = {}
        self._held: dict[int, set[int]] = {}
        self._quarantines: dict[int, Any] = {}
        self._attached: dict[WorkerConnection, WorkerHandle] = {}
        self._is_stopping = False
        self._idle: Deferred[None] | None = None
        self.distributor = Distributor(
            bus=bus,
            updates=updates,
            read=read,
            queue=self.queue,
            locks=self.locks,
            clock=clock,
            rng=rng,
            tasks=self._tasks,
            started=self._build_started,
        )

    # -- life --------------------------------------------------------------------------------

    async def configure(self, config: Any) -> None:
        """Put the builders and workers of a configuration in force; running builds keep what they began with."""
        master_id = self._master.masterid
        self._durability = config.durability
        for present in self.workers.values():
            if present.durable is not None:
                present.durable.durations = config.durability
        infos = [
            {
                "name": b.name,
                "description": b.description,
                "description_format": b.description_format,
                "tags": b.tags,
            }
            for b in config.builders
        ]
        ids = await self._updates.configureBuilders(master_id, infos)

        found = await self._updates.run(worker_rows.find_all, [worker.name for worker in config.workers])
        handles: dict[str, WorkerHandle] = {}
        for worker in config.workers:
            worker_id, paused, reason, is_durable = found[worker.name]
            handle = self.workers.get(worker.name)
            if handle is None:
                handle = WorkerHandle(worker, worker_id, self._clock)
                if is_durable:
                    handle.durable = self._durable_commands(handle)
            handle.config = worker
            handle.slot.max_builds = worker.max_builds
            handle.slot.is_paused, handle.slot.pause_reason = paused, reason
            handles[worker.name] = handle
        removed = [handle for name, handle in self.workers.items() if name not in handles]
        await self._updates.workersConfigured(
            master_id,
            _builders_by_worker(config.builders, ids, handles),
        )
        self.workers = handles
        gone = set(self.builders) - set(ids.values())
        for builder_id in gone:
            self.queue.remove_builder(builder_id)
        self.builders = {ids[b.name]: self._builder(b, ids[b.name]) for b in config.builders}
        for b in config.builders:
            worker_ids = [handles[name].worker_id for name in b.workernames if name in handles]
            self.queue.set_builder(ids[b.name], b.name, worker_ids)
        plain, by_function = _collapse_policies(config, ids)
        self._updates.context.collapsing = frozenset(plain)
        self.distributor.configure(
            self._master,
            self.builders,
            {handle.worker_id: handle for handle in handles.values()},
            config.prioritizeBuilders,
            config.select_next_worker,
            by_function,
        )
        for handle in removed:
            if handle.connection is not None:
                handle.connection.close("this worker is not configured any more")
        for handle in handles.values():
            if handle.connection is not None:
                self._tasks.start(self._prepare_again(handle), name=f"prepare {handle.name}")
        self.distributor.look_again()

    def _builder(self, config: Any, builder_id: int) -> Builder:
        present = self.builders.get(builder_id)
        if present is not None and present.config is config:
            return present
        builder = Builder(config, builder_id, self._master)
        if present is not None:
            builder.building = present.building
        return builder

    async def start(self) -> None:
        """Settle what an earlier run of this master left behind, then begin to give out work."""
        await self.lease.start(self._master.masterid)
        for record in await self._settle_leftovers():
            self._go_on(record)
        self._subscriptions = [
            self._bus.subscribe(("control", "builds", None, "stop"), self._stop_asked),
            self._bus.subscribe(("control", "worker", None, None), self._worker_control),
            self._bus.subscribe(("workers", None, "state_updated"), self._worker_changed),
        ]
        self.distributor.listen()
        waiting = await self._read(build_requests.waiting)
        self.distributor.start(waiting)

    async def stop(self, *, clean: bool) -> None:
        """Give out nothing more; then wait for running builds (clean).

        Otherwise those on workers with durable commands are left as they are, for the next run of this master; others
        are ended with retry.
        """
        self._is_stopping = True
        await self.distributor.close()
        if not clean:
            for build in tuple(self.builds.values()):
                if build.worker_handle.durable is not None:
                    build.suspend()
                    del self.builds[build.buildid]
                else:
                    build.stop("Master Shutdown", RETRY)
        if self.builds:
            self._idle = Deferred()
            if not clean:
                give_up = self._clock.callLater(20.0, self._stop_waiting)
            await self._idle
            if not clean and give_up.active():
                give_up.cancel()
        self.lease.stop()
        for handle in self.workers.values():
            if handle.durable is not None:
                handle.durable.stop()
        for subscription in self._subscriptions:
            subscription.cancel()
        await self._tasks.stop()
        for timer in (*self._timers.values(), *self._quarantines.values()):
            if timer.active():
                timer.cancel()

    def _stop_waiting(self) -> None:
        if self._idle is not None and not self._idle.called:
            self._log.warn("{count} builds did not end in time", count=len(self.builds))
            self._idle.callback(None)

    async def _settle_leftovers(self) -> list[BuildRecord]:
        """What becomes of the builds that were running when this master ended.

        On workers with durable commands they go on: their records are returned. The commands of all others are lost,
        and they are tried again.
        """
        durable = {handle.worker_id for handle in self.workers.values() if handle.durable is not None}

        def unit(tx: Transaction) -> tuple[list[int], list[BuildRecord]]:
            left, kept = [], []
            for build in build_rows.unfinished(tx, self._master.masterid):
                if build.workerid in durable and build.builderid in self.builders:
                    kept.append(resuming.load(tx, build.buildid))
                else:
                    left.append(build)
            if left:
                commands.lose_open(tx, [build.buildid for build in left])
            for build in left:
                stop = build_rows.stop_requested(tx, build.buildid)
                result, text = RETRY, "retry (the master ended while it ran)"
                if stop is not None:
                    result, text = Result(stop[0]), f"cancelled ({stop[1]})"
                steps.abandon_unfinished(tx, build.buildid, result)
                build_rows.finish_with_request(tx, build.buildid, build.buildrequestid, result, text)
            return [build.buildid for build in left], kept

        settled, kept = await self._updates.run(unit)
        if settled:
            self._log.warn("{count} builds were running when the master ended; they are retried", count=len(settled))
        for worker_id, requests in (await self._read(_held_requests)).items():
            self._hold(worker_id, requests)
        return kept

    def _go_on(self, record: BuildRecord) -> None:
        """Take up a build where it was when the master ended; it waits for its worker."""
        build = record.started.build
        builder = self.builders[build.builderid]
        worker = next(h for h in self.workers.values() if h.worker_id == build.workerid)
        assert worker.durable is not None
        worker.durable.expect("it has not come back since the master was started")
        assignment = self.distributor.take_up(record.started.request, builder, worker)
        for lock in record.held_locks:
            self.locks.hold(lock.holder, [lock.need])
        self._log.info("{builder} build {number} goes on", builder=builder.name, number=build.number)
        self._build_started(assignment, record.started, record if record.properties else None)

    def _durable_commands(self, handle: WorkerHandle) -> DurableCommands:
        return DurableCommands(
            worker_name=handle.name,
            updates=self._updates,
            clock=self._clock,
            # while this master stops no build is given up: the next run goes on with them
            is_alive=lambda build_id: self._is_stopping or build_id in self.builds,
            may_grant=lambda: self.lease.holds,
            gone=handle.gone,
            durations=self._durability,
        )

    def _sessions(self) -> list[tuple[int, int]]:
        return [
            (handle.worker_id, handle.durable.session)
            for handle in self.workers.values()
            if handle.durable is not None and handle.durable.connection is not None
        ]

    def _let_go(self, worker_id: int) -> None:
        for handle in self.workers.values():
            if handle.worker_id == worker_id and handle.connection is not None:
                handle.connection.close("another connection of this worker has been taken")

    # -- workers ---------------------------------------------------------------------------------------

    def authenticate(self, name: str, password: str) -> bool:
        """Whether a worker of this name and password is configured."""
        handle = self.workers.get(name)
        if handle is None or not isinstance(handle.config.password, str):
            return False
        return hmac.compare_digest(handle.config.password.encode(), password.encode())

    def greeting(self) -> Hello:
        """The first word to a worker whose commands can outlive their connection."""
        return Hello(
            version=DURABLE_VERSION,
            cluster_id=str(self._master.name),
            master_id=self._master.masterid,
            master_boot=self._boot,
            server_time=self._clock.seconds(),
            limits=DurableLimits(orphan_ttl=self._durability.orphan_ttl),
        )

    async def worker_attached(self, connection: WorkerConnection) -> None:
        """A worker has connected: make it ready, end what a lost connection left running, give it work."""
        handle = self.workers.get(connection.worker_name)
        if handle is None or self._is_stopping:
            raise BuildmillError("this worker is not configured")
        handle.connection = connection
        self._attached[connection] = handle
        try:
            await connection.prepare(self._builder_dirs(handle.name))
            await self._confirm_lost(handle)
            await self._adopt(handle, connection)
            if handle.connection is not connection:
                raise ConnectionLost("lost while it was attached")
            handle.attached(connection)
            await self._updates.workerConnected(handle.worker_id, self._master.masterid, handle.public_info)
        except BaseException:
            if handle.connection is connection:
                handle.detached()
            raise
        self.distributor.look_again()

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
            handle.durable = self._durable_commands(handle)
        adoption = await self._updates.run(
            sessions.adopt, handle.worker_id, self._master.masterid, hello.session, hello.install_id
        )
        if adoption is None:
            raise BuildmillError("a later connection of this worker has been taken")
        await handle.durable.adopt(connection, hello, adoption.fences, adoption.is_reinstalled)

    def worker_lost(self, connection: WorkerConnection, reason: str) -> None:
        """A worker's connection has ended."""
        # not by name: a worker that is not configured any more, or is configured anew, has its connection still
        handle = self._attached.pop(connection, None)
        if handle is None or handle.connection is not connection:
            return
        handle.detached()
        if handle.durable is not None:
            handle.durable.lost(reason)
        for build in handle.builds.values():
            build.lost_worker(reason)
        self._tasks.start(
            self._updates.workerDisconnected(handle.worker_id, self._master.masterid), name="worker disconnected"
        )

    def _builder_dirs(self, worker_name: str) -> list[str]:
        return sorted(
            {
                builder.config.workerbuilddir
                for builder in self.builders.values()
                if worker_name in builder.config.workernames
            }
        )

    async def _prepare_again(self, handle: WorkerHandle) -> None:
        connection = handle.connection
        if connection is not None:
            try:
                await connection.prepare(self._builder_dirs(handle.name))
            except ConnectionLost:
                pass
            except BuildmillError as error:
                connection.close(f"cannot be prepared: {error}")

    async def _confirm_lost(self, handle: WorkerHandle) -> None:
        """Before anything new runs: nothing that was lost may still be running."""
        uids = await self._read(commands.lost_on, handle.worker_id)
        if uids:
            self._log.info("worker {worker}: ending {count} lost commands", worker=handle.name, count=len(uids))
            try:
                await handle.kill_by_uid(uids)
            except (NotConfirmed, ConnectionLost) as error:
                self._log.warn("{why}", why=str(error))
                return
            await self._updates.run(commands.confirm_dead, uids)
        self._release(handle.worker_id)

    def _hold(self, worker_id: int, requests: Sequence[Waiting]) -> None:
        name = next((h.name for h in self.workers.values() if h.worker_id == worker_id), f"number {worker_id}")
        for waiting in requests:
            self.queue.hold(waiting, f"its last attempt may still be running on worker {name}")
        if requests and worker_id not in self._timers:
            self._timers[worker_id] = self._clock.callLater(self._durability.reclaim, self._reclaim, worker_id)
        self._held.setdefault(worker_id, set()).update(waiting.request_id for waiting in requests)

    def _reclaim(self, worker_id: int) -> None:
        self._timers.pop(worker_id, None)
        self._log.warn(
            "worker number {worker} is away for {seconds} s: what it had is given to others",
            worker=worker_id,
            seconds=self._durability.reclaim,
        )
        self._release(worker_id)

    def _release(self, worker_id: int) -> None:
        timer = self._timers.pop(worker_id, None)
        if timer is not None and timer.active():
            timer.cancel()
        for request_id in self._held.pop(worker_id, ()):
            self.queue.release(request_id)
        self.distributor.look_again()

    def _worker_changed(self, _key: Key, event: Event) -> None:
        row = event.message
        handle = self.workers.get(row.name)
        if handle is not None:
            if handle.slot.is_paused and not row.paused:
                handle.reset_quarantine()
            handle.slot.is_paused, handle.slot.pause_reason = row.paused, row.pause_reason
            handle.slot.is_graceful = row.graceful
            self._shut_down_when_idle(handle)
            self.distributor.look_again()

    def _worker_control(self, key: Key, _event: Event) -> None:
        handle = next((h for h in self.workers.values() if str(h.worker_id) == key[2]), None)
        if handle is None or handle.connection is None:
            return
        if key[3] == "kill":
            self._tasks.start(handle.connection.shutdown(), name="shut a worker down")

    def _shut_down_when_idle(self, handle: WorkerHandle) -> None:
        if handle.slot.is_graceful and handle.connection is not None and not handle.slot.running:
            self._tasks.start(handle.connection.shutdown(), name="shut a worker down")

    # -- builds ----------------------------------------------------------------------------------------------

    def _build_started(
        self, assignment: Assignment, started: build_rows.StartedBuild, record: BuildRecord | None = None
    ) -> None:
        build = Build(
            started,
            assignment.builder,
            assignment.worker,
            updates=self._updates,
            clock=self._clock,
            locks=self.locks,
            held=(),
            new_nonce=self._new_nonce,
            record=record,
            max_attempts=self._durability.attempts,
        )
        self.builds[build.buildid] = build
        assignment.worker.builds[build.buildid] = build
        assignment.builder.building.append(build)
        self._build_tasks.start(self._run(assignment, build), name=f"build {build.buildid}")

    async def _run(self, assignment: Assignment, build: Build) -> None:
        worker = assignment.worker
        result: Result | None = None
        try:
            result = await build.run()
        finally:
            del self.builds[build.buildid]
            del worker.builds[build.buildid]
            if build in assignment.builder.building:
                assignment.builder.building.remove(build)
            self._judge(worker, result)
            if worker.durable is not None:
                worker.durable.release(build.buildid)
            if build.has_lost_commands:
                if result == RETRY:
                    # in the same turn as the request's return into the queue, before anybody can decide about it
                    self._hold(worker.worker_id, [assignment.waiting])
                if worker.connection is not None:
                    self._tasks.start(self._confirm_lost(worker), name="end lost commands")
            self.distributor.give_back(assignment)
            self._shut_down_when_idle(worker)
            if self._idle is not None and not self.builds and not self._idle.called:
                self._idle.callback(None)

    def _judge(self, worker: WorkerHandle, result: Result | None) -> None:
        if result == EXCEPTION or result is None:
            seconds = worker.put_in_quarantine()
            earlier = self._quarantines.pop(worker.worker_id, None)
            if earlier is not None and earlier.active():
                earlier.cancel()
            if not self._is_stopping:
                self._quarantines[worker.worker_id] = self._clock.callLater(seconds, self.distributor.look_again)
        elif result != RETRY:
            worker.reset_quarantine()

    def _new_nonce(self) -> str:
        return f"{self._random.getrandbits(96):024x}"

    def _stop_asked(self, key: Key, event: Event) -> None:
        build = self.builds.get(int(key[2]))
        if build is not None:
            message: Mapping[str, Any] = event.message
            build.stop(message["reason"], message["results"])

    # -- questions -----------------------------------------------------------------------------------------------

    def explain(self, request_id: int) -> list[Reason] | None:
        """Why a request waits; None when it does not."""
        return self.distributor.explain(request_id)


def _held_requests(connection: Connection) -> dict[int, list[Waiting]]:
    """By worker id: the waiting requests whose last attempt has a command there that may still run."""
    return {
        worker_id: [
            Waiting(r.buildrequestid, r.builderid, r.priority, r.submitted_at)
            for r in build_requests.with_lost_commands(connection, worker_id)
        ]
        for worker_id in sorted(commands.workers_with_lost(connection))
    }


def _builders_by_worker(
    builders: Sequence[Any], ids: Mapping[str, int], handles: Mapping[str, WorkerHandle]
) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {handle.worker_id: [] for handle in handles.values()}
    for builder in builders:
        for name in builder.workernames:
            if name in handles:
                found[handles[name].worker_id].append(ids[builder.name])
    return found


def _collapse_policies(config: Any, ids: Mapping[str, int]) -> tuple[set[int], dict[int, Callable[..., Any]]]:
    """Builders that collapse by the default rule, and those that ask a function."""
    plain: set[int] = set()
    by_function: dict[int, Callable[..., Any]] = {}
    for builder in config.builders:
        policy = builder.collapseRequests
        if policy is None:
            policy = config.collapseRequests
        if policy is None or policy is True:
            plain.add(ids[builder.name])
        elif callable(policy):
            by_function[ids[builder.name]] = policy
    return plain, by_function
