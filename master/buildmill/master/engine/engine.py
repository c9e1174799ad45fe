"""The engine: takes the configuration's builders and workers, and runs what is asked for.

It reacts to committed rows and their events, and is called by nobody but the composition root: whoever wants
something done writes it through `data.updates`.
"""

from __future__ import annotations

import hmac
import random
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.protocol.durable import DURABLE_VERSION, DurableLimits, Hello
from buildmill.common.results import EXCEPTION, RETRY, Result
from buildmill.common.slices import Slices
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_requests, ownership
from buildmill.master.db import builds as build_rows
from buildmill.master.db import log_horizons as log_horizon_rows
from buildmill.master.db import workers as worker_rows
from buildmill.master.db.resuming import BuildRecord
from buildmill.master.domain.claims import Queue
from buildmill.master.domain.durability import Durability
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.locks import LockTable
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.domain.stopping import MASTER
from buildmill.master.engine import leftovers
from buildmill.master.engine.attachments import Attachments
from buildmill.master.engine.build import Build
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.configured import (
    builder_infos,
    collapse_policies,
    log_horizons_of,
    passwords_of,
    project_infos,
    service_of,
)
from buildmill.master.engine.distributor import Assignment, Distributor
from buildmill.master.engine.durable import DurableCommands
from buildmill.master.engine.lease import MasterLease
from buildmill.master.engine.lost_commands import LostCommands
from buildmill.master.engine.missing_workers import MissingWorkers
from buildmill.master.engine.neighbours import Neighbours
from buildmill.master.engine.retrying import RetryTimer
from buildmill.master.engine.substantiation import Substantiation
from buildmill.master.engine.surroundings import Surroundings
from buildmill.master.engine.workers import WorkerHandle


class Engine:
    """Runs builds on workers.

    Args:
        master: the facade given to plugin code.
        database_read: runs a query on a read-only connection.
        rng: randomness for choices and command ids.
        monotonic: seconds of a clock that never jumps; the clock's own by default.

    Attributes:
        dismissed: called with the name of each worker that was let go because it is not configured any more.
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
            builds=lambda: dict(self._handovers),
            learned=lambda renewal: self._neighbours.learn(renewal),
        )
        self.queue = Queue()
        self.locks = LockTable()
        self.builders: dict[int, Builder] = {}
        self.workers: dict[str, WorkerHandle] = {}
        self.instances: dict[str, Substantiation] = {}
        self._leaving: dict[str, WorkerHandle] = {}
        self.dismissed: Callable[[str], None] = lambda _: None
        self._directories: dict[str, set[str]] = {}
        self._slices = Slices(clock)
        self.builds: dict[int, Build] = {}
        self._assignments: dict[int, Assignment] = {}
        self._handovers: dict[int, int] = {}
        self._subscriptions: list[Any] = []
        self._quarantines: dict[int, Any] = {}
        self._is_stopping = self._is_started = False
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
        self._neighbours = Neighbours(
            updates=updates,
            seconds=monotonic or clock.seconds,
            distributor=self.distributor,
            tasks=self._tasks,
            let_go_of_worker=self._let_go,
            let_go_of_build=self._let_go_of_build,
            stop_build=self._stop_build,
        )
        self.lost = LostCommands(
            updates=updates, read=read, queue=self.queue, clock=clock, released=self.distributor.look_again
        )
        self._retries = RetryTimer(
            updates=updates,
            bus=bus,
            clock=clock,
            is_wanted=lambda: any(builder.config.retry is not None for builder in self.builders.values()),
        )
        self._surroundings = Surroundings(updates=updates, new_key=lambda: f"{rng.getrandbits(256):064x}")
        self._missing = MissingWorkers(updates=updates, clock=clock, tasks=self._tasks)
        self._attachments = Attachments(
            workers=self.workers,
            builder_dirs=self._builder_dirs,
            new_durable=self._durable_commands,
            attached=self.distributor.look_again,
            may_go_on=lambda _, request: request.builderid in self.builders,
            took_over=self._took_over,
            updates=updates,
            lost=self.lost,
            missing=self._missing,
            surroundings=self._surroundings,
            tasks=self._tasks,
        )

    # -- life --------------------------------------------------------------------------------

    async def configure(self, config: Any) -> None:
        """Put the builders and workers of a configuration in force; running builds keep what they began with.

        Workers that are left out get nothing more to do, but stay connected until `settle`: so the earlier
        configuration can be put back. Between `hold` and `resume` nobody sees half of it.
        """
        master_id, slices = self._master.masterid, self._slices
        self._durability = self.lost.durations = self._neighbours.durations = config.durability
        for present in self.workers.values():
            if present.durable is not None:
                present.durable.durations = config.durability
        projects = await self._updates.configure_projects(*project_infos(config.projects, config.codebases))
        ids = await self._updates.configureBuilders(master_id, await builder_infos(config.builders, projects, slices))
        horizons = await log_horizons_of(config.builders, slices)
        await self._updates.run(log_horizon_rows.configure, master_id, horizons)
        handles = await self._handles(config.workers)
        service = await service_of(config.builders, ids, handles, slices)
        await self._updates.workersConfigured(master_id, service.builders)
        self._leaving.update((name, handle) for name, handle in self.workers.items() if name not in handles)
        self.workers.clear()
        self.workers.update(handles)
        self._missing.watch(handles)
        builders: dict[int, Builder] = {}
        for b in config.builders:
            await slices.step()
            builders[ids[b.name]] = self._builder(b, ids[b.name], projects.get(b.project))
            self.queue.set_builder(ids[b.name], service.workers[ids[b.name]])
        for builder_id in self.builders.keys() - builders.keys():
            await slices.step()
            self.queue.remove_builder(builder_id)
        self.builders = builders
        plain, by_function = await collapse_policies(config, ids, slices)
        self._updates.context.collapsing = frozenset(plain)
        self.distributor.configure(
            self._master,
            self.builders,
            {handle.worker_id: handle for handle in handles.values()},
            config.prioritizeBuilders,
            config.select_next_worker,
            by_function,
        )
        before, self._directories = self._directories, service.directories
        for name, handle in handles.items():
            await slices.step()
            if handle.connection is not None and service.directories[name] != before.get(name):
                self._tasks.start(self._attachments.prepare_again(handle), name=f"prepare {name}")
        self.distributor.look_again()

    async def _handles(self, workers: Sequence[Any]) -> dict[str, WorkerHandle]:
        passwords = await passwords_of(workers, self._master.secrets)
        found = await self._updates.run(worker_rows.find_all, [worker.name for worker in workers])
        handles: dict[str, WorkerHandle] = {}
        for worker in workers:
            await self._slices.step()
            worker_id, paused, reason, is_durable = found[worker.name]
            handle = self.workers.get(worker.name) or self._leaving.pop(worker.name, None)
            if handle is None:
                handle = WorkerHandle(worker, worker_id, self._clock)
                # a new instance has none; only what an earlier run of this master has left may have some
                if is_durable and not (worker.is_started_for_builds and self._is_started):
                    handle.durable = self._durable_commands(handle)
            if type(handle.config) is not type(worker):
                handle.slot.absence = None  # it was that of another kind of worker
            handle.config = worker
            if (why := worker.why_not_started) is not None:
                text = f"worker {worker.name} is not connected: {why}"
                handle.slot.absence = Reason(
                    code=Because.NOT_STARTED, text=text, worker=worker.name, workerid=worker_id
                )
            handle.password = passwords[worker.name]
            await self._note_latent(handle)
            handle.slot.max_builds = worker.max_builds
            handle.slot.is_paused, handle.slot.pause_reason = paused, reason
            handles[worker.name] = handle
        return handles

    async def _note_latent(self, handle: WorkerHandle) -> None:
        """Have an instance for a latent worker; let go of that of one that is latent no more."""
        instance = self.instances.get(handle.name)
        if handle.config.is_started_for_builds:
            if instance is None:
                instance = self.instances[handle.name] = Substantiation(
                    handle,
                    master=self._master,
                    clock=self._clock,
                    tasks=self._tasks,
                    stopped=partial(self.lost.instance_stopped, handle),
                    password=f"{self._random.getrandbits(256):064x}",
                )
                await instance.remember()
                if self._is_started:
                    instance.begin()
            handle.password = handle.password or instance.password
            instance.configured()
        elif instance is not None:
            instance.retire()

    def hold(self) -> None:
        """Begin no build until `resume`, while a configuration is being put in force."""
        self.distributor.is_held = True

    def resume(self) -> None:
        """End `hold`."""
        self.distributor.is_held = False
        self.distributor.look_again()

    def settle(self) -> None:
        """The configuration stays: let workers that it leaves out go, each when its last build has ended."""
        for handle in tuple(self._leaving.values()):
            self._dismiss_when_idle(handle)

    def _dismiss_when_idle(self, handle: WorkerHandle) -> None:
        if not handle.builds and self._leaving.get(handle.name) is handle:
            del self._leaving[handle.name]
            if (instance := self.instances.pop(handle.name, None)) is not None:
                self._tasks.start(instance.close(fast=False), name=f"stop the instance of worker {handle.name}")
            if handle.connection is not None:
                handle.connection.close("this worker is not configured any more")
            self.dismissed(handle.name)

    def _builder(self, config: Any, builder_id: int, project_id: int | None) -> Builder:
        present = self.builders.get(builder_id)
        if present is not None and present.config is config:
            return present
        builder = Builder(config, builder_id, self._master, project_id)
        if present is not None:
            builder.building = present.building
        return builder

    async def start(self) -> None:
        """Settle what an earlier run of this master left behind, then begin to give out work."""
        self._neighbours.master_id = self._master.masterid
        await self.lease.start(self._master.masterid)
        await self._surroundings.start()
        for record in await self._settle_leftovers():
            build = record.started.build
            worker = next(handle for handle in self.workers.values() if handle.worker_id == build.workerid)
            assert worker.durable is not None
            worker.durable.expect("it has not come back since the master was started")
            # not by the build's own builder, which may be a virtual one
            self._go_on(record, self.builders[record.started.request.builderid], worker)
        for instance in self.instances.values():
            instance.begin()
        self._is_started = True
        self._subscriptions = [
            self._bus.subscribe(("control", "builds", None, "stop"), self._stop_asked),
            self._bus.subscribe(("control", "worker", None, None), self._worker_control),
            self._bus.subscribe(("workers", None, "state_updated"), self._worker_changed),
        ]
        self.distributor.listen()
        waiting = await self._read(build_requests.waiting)
        self.distributor.start(waiting)
        self._retries.start()

    async def stop(self, *, clean: bool) -> None:
        """Give out nothing more; then wait for running builds (clean).

        Otherwise those on workers with durable commands are left as they are, for the next run of this master; others
        are ended with retry.
        """
        self._is_stopping = True
        await self._retries.stop()
        await self.distributor.close()
        if not clean:
            for build in tuple(self.builds.values()):
                if build.worker_handle.durable is not None:
                    build.suspend()
                    del self.builds[build.buildid], self._assignments[build.buildid], self._handovers[build.buildid]
                else:
                    build.stop("Master Shutdown", RETRY, MASTER)
        if self.builds:
            self._idle = Deferred()
            if not clean:
                give_up = self._clock.callLater(20.0, self._stop_waiting)
            await self._idle
            if not clean and give_up.active():
                give_up.cancel()
        for instance in tuple(self.instances.values()):
            if instance.is_used:
                instance.leave()
            else:
                await instance.close(fast=True)
        self.lease.stop()
        self._missing.stop()
        for commands in [handle.durable for handle in self.workers.values() if handle.durable is not None]:
            commands.drain("the master stops")
            commands.stop()
        for subscription in self._subscriptions:
            subscription.cancel()
        await self._tasks.stop()
        self.lost.stop()
        for timer in self._quarantines.values():
            if timer.active():
                timer.cancel()

    def _stop_waiting(self) -> None:
        if self._idle is not None and not self._idle.called:
            self._log.warn("{count} builds did not end in time", count=len(self.builds))
            self._idle.callback(None)

    async def _settle_leftovers(self) -> list[BuildRecord]:
        """What an earlier run has left is ended, but for the builds that can go on: their records are returned."""
        durable = {handle.worker_id for handle in self.workers.values() if handle.durable is not None}
        count, kept = await self._updates.run(
            leftovers.settle,
            self._master.masterid,
            lambda build, request: build.workerid in durable and request.builderid in self.builders,
        )
        if count:
            self._log.warn("{count} builds were running when the master ended; they are retried", count=count)
        await self.lost.start({handle.worker_id: handle.name for handle in self.workers.values()})
        return kept

    def _took_over(self, worker: WorkerHandle, build_ids: Sequence[int], records: Sequence[BuildRecord]) -> None:
        """A worker has brought builds that were another master's; or were here, went to another, and come back."""
        if self._is_stopping:
            raise ConnectionLost("the master stops")
        for build_id in build_ids:
            self._let_go_of_build(build_id)
        for record in records:
            build = record.started.build
            if (builder := self.builders.get(record.started.request.builderid)) is not None:
                self._go_on(record, builder, worker)
            else:  # it was removed from the configuration in this moment
                settling = self._updates.run(leftovers.settle_these, [build], lambda _, __: False)
                self._tasks.start(settling, name=f"try build {build.buildid} again")

    def _let_go_of_build(self, build_id: int) -> None:
        """Another master has taken a build: nothing of it is done here any more."""
        build, assignment = self.builds.pop(build_id, None), self._assignments.pop(build_id, None)
        if build is None or assignment is None:
            return
        self._log.info("{build} is another master's now", build=build.label)
        build.let_go()
        worker = assignment.worker
        if worker.durable is not None:
            worker.durable.let_go(build_id)
        del self._handovers[build_id], worker.builds[build_id]
        if build in assignment.builder.building:
            assignment.builder.building.remove(build)
        self.distributor.give_back(assignment)
        self._note_idle()

    def _go_on(self, record: BuildRecord, builder: Builder, worker: WorkerHandle) -> None:
        """Take up a build where it was when its master ended, or lost it; it waits for its worker."""
        build = record.started.build
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
            draining=handle.draining,
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
        if handle is None or handle.password is None:
            return False
        if hmac.compare_digest(handle.password.encode(), password.encode()):
            return True
        instance = self.instances.get(name)
        return instance is not None and instance.knows(password)

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
        if self._is_stopping:
            raise BuildmillError("this worker is not configured")
        instance = self.instances.get(connection.worker_name)
        if instance is not None and instance.is_stopping:
            raise BuildmillError("the instance of this worker is being stopped")
        await self._attachments.attach(connection)
        if instance is not None:
            instance.attached()

    def worker_lost(self, connection: WorkerConnection, reason: str) -> None:
        """A worker's connection has ended."""
        self._attachments.detach(connection, reason)
        instance = self.instances.get(connection.worker_name)
        if instance is not None:
            instance.detached()

    def worker_absent(self, why: Reason) -> None:
        """Whoever starts a worker tells why it is not connected yet."""
        handle = self.workers.get(why.worker or "")
        if handle is not None:
            handle.slot.absence = msgspec.structs.replace(why, workerid=handle.worker_id)

    def _builder_dirs(self, worker_name: str) -> list[str]:
        return sorted(self._directories.get(worker_name, ()))

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
        build_id, handovers = started.build.buildid, 0 if record is None else record.handovers
        instance = self.instances.get(assignment.worker.name)
        build = Build(
            started,
            assignment.builder,
            assignment.worker,
            updates=self._updates,
            clock=self._clock,
            locks=self.locks,
            new_nonce=self._new_nonce,
            surroundings=self._surroundings,
            check_owner=partial(
                ownership.check, build_id=build_id, master_id=self._master.masterid, handovers=handovers
            ),
            moved=partial(self._let_go_of_build, build_id),
            record=record,
            max_attempts=self._durability.attempts,
            instance=instance if assignment.worker.config.is_started_for_builds else None,
        )
        self.builds[build.buildid] = build
        self._assignments[build.buildid] = assignment
        self._handovers[build.buildid] = handovers
        self.distributor.has_build(assignment, build.buildid, build.label)
        assignment.worker.builds[build.buildid] = build
        assignment.builder.building.append(build)
        self._build_tasks.start(self._run(assignment, build), name=f"build {build.buildid}")

    async def _run(self, assignment: Assignment, build: Build) -> None:
        result: Result | None = None
        try:
            result = await build.run()
        finally:
            self._build_ended(assignment, build, result)

    def _build_ended(self, assignment: Assignment, build: Build, result: Result | None) -> None:
        if self.builds.get(build.buildid) is not build:
            return  # it was let go of, and this is only its coroutine's end
        worker = assignment.worker
        del self.builds[build.buildid], self._assignments[build.buildid], self._handovers[build.buildid]
        del worker.builds[build.buildid]
        if build in assignment.builder.building:
            assignment.builder.building.remove(build)
        self._judge(worker, result, build.why_not_begun)
        if worker.durable is not None:
            worker.durable.release(build.buildid)
        if build.has_lost_commands:
            if result == RETRY:
                # in the same turn as the request's return into the queue, before anybody can decide about it
                self.lost.hold(worker.worker_id, worker.name, [assignment.waiting])
            if worker.connection is not None:
                self._tasks.start(self.lost.confirm(worker), name="end lost commands")
        self.distributor.give_back(assignment)
        self._shut_down_when_idle(worker)
        if (instance := self.instances.get(worker.name)) is not None:
            instance.build_ended()
        if not self.distributor.is_held:  # otherwise the configuration that leaves it out may not stay
            self._dismiss_when_idle(worker)
        self._note_idle()

    def _note_idle(self) -> None:
        if self._idle is not None and not self.builds and not self._idle.called:
            self._idle.callback(None)

    def _judge(self, worker: WorkerHandle, result: Result | None, why_not_begun: str) -> None:
        if result == EXCEPTION or result is None or (result == RETRY and why_not_begun):
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
        message: Mapping[str, Any] = event.message
        self._stop_build(int(key[2]), message["results"], message["reason"])

    def _stop_build(self, build_id: int, result: int, reason: str) -> None:
        build = self.builds.get(build_id)
        if build is not None:
            build.stop(reason, result)

    # -- questions -----------------------------------------------------------------------------------------------

    def explain(self, request_id: int) -> list[Reason] | None:
        """Why a request waits; None when it does not."""
        return self.distributor.explain(request_id)
