"""The one place where a master is put together.

Nothing here decides anything: parts are made, given to one another, started in order and stopped in reverse.
"""

from __future__ import annotations

import os
import random
import secrets
import socket
import time
import uuid
from collections.abc import Callable
from pathlib import Path
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.task import LoopingCall
from twisted.internet.threads import deferToThreadPool
from twisted.logger import Logger

from buildmill.master.auth.accounts import Accounts
from buildmill.master.config import in_force
from buildmill.master.config.application import Application, Reconfiguration
from buildmill.master.config.execution import present_helpers, put_back_helpers
from buildmill.master.config.in_force import InForce
from buildmill.master.config.inventory import inventory_of
from buildmill.master.config.master_config import MasterConfig, WorkerPort
from buildmill.master.config.parts.engine import EnginePart
from buildmill.master.config.parts.local_workers import LocalWorkersPart
from buildmill.master.config.parts.orchestration import OrchestrationPart
from buildmill.master.config.parts.schedules import SchedulesPart
from buildmill.master.config.parts.services import ManagedServicesPart, ServicesPart
from buildmill.master.config.parts.staging import StagingPart
from buildmill.master.config.parts.telling import TellingPart
from buildmill.master.config.parts.tracing import TracingPart
from buildmill.master.config.parts.web import WebPart
from buildmill.master.config.plan import ReconfigPlan
from buildmill.master.config.reading import Reading
from buildmill.master.config.rehearsal import DEFAULT_SECONDS
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.connections.listener import WorkerListener
from buildmill.master.data.answering import Answers
from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import masters, schema, timeline
from buildmill.master.db import schedulers as scheduler_rows
from buildmill.master.db.database import Database
from buildmill.master.db.engine import parse_url
from buildmill.master.db.lanes import Lanes
from buildmill.master.db.transaction import Transaction
from buildmill.master.db.waking import waker_for
from buildmill.master.engine.audit_pruning import AuditPruning
from buildmill.master.engine.engine import Engine
from buildmill.master.engine.environment_pruning import EnvironmentPruning
from buildmill.master.engine.explanations import Explanations
from buildmill.master.engine.facade import Master
from buildmill.master.engine.pools import Pools
from buildmill.master.engine.processes import ReactorProcessRunner
from buildmill.master.logs.pursuit import THREADS as SEARCH_THREADS
from buildmill.master.logs.store import LogStore
from buildmill.master.mq.bus import SimpleBus
from buildmill.master.orchestration.feeding import VersionsOfChanges
from buildmill.master.orchestration.runner import GraphRunner
from buildmill.master.orchestration.schedules.runner import ScheduleRunner
from buildmill.master.schedulers.change import Change
from buildmill.master.schedulers.forcesched import ForceSchedulers
from buildmill.master.secrets.manager import SecretManager
from buildmill.master.staging.runner import StagingRunner
from buildmill.master.staging.tools import StagingTools, file_blobs
from buildmill.master.web.front_end import own_version
from buildmill.master.web.operations import Operations

HEARTBEAT_SECONDS = 60.0
EXPIRY_SECONDS = 600


class App:
    """A whole master.

    Args:
        basedir: its directory.
        config: what it begins with.
        reactor: clock, sockets, threads, processes.
        rng: where passwords of local workers, command ids and choices come from.
        config_file: read again at `reconfig`.
        check_seconds: how long reading it may take.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        basedir: Path,
        config: MasterConfig,
        reactor: Any,
        rng: random.Random,
        config_file: str = "master.cfg",
        check_seconds: float = DEFAULT_SECONDS,
    ) -> None:
        self.basedir = basedir
        self._reactor = reactor
        self._random = rng
        self._bus = SimpleBus()
        self._url = parse_url(config.db_url, str(basedir))
        self.database = Database.open(self._url, reactor, self._bus.publish, time.monotonic)
        self.updates = Updates(self.database, UpdateContext(secrets.token_bytes))
        self._search_lanes = Lanes.of_threads(reactor, "log-search", SEARCH_THREADS)
        self.logs = LogStore(
            database=self.database,
            directory=basedir / "logs",
            clock=reactor,
            bus=self._bus,
            search_lanes=self._search_lanes,
        )
        self._forms = ForceSchedulers()
        self._explanations = Explanations(self.database.read)
        self._pools = Pools(reactor)
        self._blobs = file_blobs(basedir, self._pools, lambda: secrets.token_hex(16))
        self.data = DataAPI(
            database=self.database,
            updates=self.updates,
            bus=self._bus,
            logs=self.logs,
            force_schedulers=self._forms,
            reasons=self._explanations,
            random_bytes=secrets.token_bytes,
            blobs=self._blobs,
        )
        self.master = Master(
            basedir=basedir,
            name=f"{socket.gethostname()}:{basedir}",
            data=self.data,
            updates=self.updates,
            bus=self._bus,
            clock=reactor,
            logs=self.logs,
            rng=rng,
            processes=ReactorProcessRunner(reactor),
            in_thread=self._blocking,
            in_pool=self._pools.run,
        )
        self.engine = Engine(
            master=self.master,
            updates=self.updates,
            read=self.database.read,
            bus=self._bus,
            clock=reactor,
            rng=rng,
            monotonic=time.monotonic,
        )
        self.master.queue = self.engine.queue
        self._explanations.distributor = self.engine.distributor
        self.master.secrets = self._secrets = SecretManager()
        self.master.staging = StagingTools(self._blobs, self.updates.context)
        self._listeners: list[WorkerListener] = []
        self._operations = Operations(bus=self._bus, clock=reactor, monotonic=time.monotonic)
        self._answers = Answers(
            database=self.database, data=self.data, reasons=self._explanations, forms=self._forms, bus=self._bus
        )
        self._telling = TellingPart(
            database=self.database,
            bus=self._bus,
            reactor=reactor,
            origin=f"{rng.getrandbits(64):016x}",
            new_epoch=lambda: f"{rng.getrandbits(48):012x}",
            waker=lambda: waker_for(self._url, reactor),
            answers=self._answers,
            catch_up=self._read_anew,
        )
        self.web = WebPart(
            data=self.data,
            bus=self._bus,
            reactor=reactor,
            rng=rng,
            operations=self._operations,
            in_thread=self._blocking,
            accounts=Accounts(database=self.database, clock=reactor, random_bytes=secrets.token_bytes),
            master=self.master,
        )
        self._tracing = TracingPart(
            master=self.master, bus=self._bus, read=self.database.read, reactor=reactor, environ=os.environ
        )
        self._managed_secrets = ManagedServicesPart(self._secrets, "providers of secrets")
        self._managed_services = ManagedServicesPart(self.master.service_manager)
        self._services = ServicesPart(self.master, self._forms.replace, self._forget_absent)
        self._local_workers = LocalWorkersPart(
            basedir=basedir,
            reactor=reactor,
            rng=rng,
            port=lambda: self.worker_port,
            absent=self.engine.worker_absent,
        )
        self.engine.dismissed = self._local_workers.dismissed
        self._engine_part = EnginePart(engine=self.engine, master=self.master, context=self.updates.context)
        self.graphs = GraphRunner(updates=self.updates, bus=self._bus, clock=reactor)
        self._versions_of_changes = VersionsOfChanges(
            data=self.data, updates=self.updates, bus=self._bus, clock=reactor, change_of=Change.of_document
        )
        self._orchestration = OrchestrationPart(
            updates=self.updates, feeding=self._versions_of_changes, in_thread=self._blocking
        )
        self.schedules = ScheduleRunner(
            database=self.database,
            updates=self.updates,
            bus=self._bus,
            clock=reactor,
            new_id=lambda: str(uuid.UUID(bytes=secrets.token_bytes(16), version=4)),
        )
        self._schedules_part = SchedulesPart(self.schedules)
        self.staging = StagingRunner(
            updates=self.updates, database=self.database, blobs=self._blobs, bus=self._bus, clock=reactor
        )
        self._staging_part = StagingPart(
            updates=self.updates, blobs=self._blobs, in_thread=self._blocking, keys=basedir
        )
        self._reconfiguration = Reconfiguration(
            Application(
                [
                    self._telling,
                    self.web,
                    self._managed_secrets,
                    self._tracing,
                    self._engine_part,
                    self._orchestration,
                    self._schedules_part,
                    self._staging_part,
                    self._managed_services,
                    self._services,
                    self._local_workers,
                ]
            ),
            config,
            hold=self.engine.hold,
            resume=self.engine.resume,
        )
        self._reading = Reading(basedir, config_file, seconds=check_seconds)
        self._audit_pruning = AuditPruning(self.updates.run, reactor, lambda: self.config.auditHorizon)
        self._environment_pruning = EnvironmentPruning(self.updates.run, reactor)
        self._heartbeat = LoopingCall(self._beat)
        self._heartbeat.clock = reactor
        self.worker_port: int | None = None

    @property
    def config(self) -> MasterConfig:
        """The configuration in force."""
        return self._reconfiguration.config

    @property
    def web_port(self) -> int | None:
        """Port of the web server; None without one."""
        return self.web.port

    @property
    def web_url(self) -> str | None:
        """Where the web server listens; None without one."""
        return self.web.url

    # -- life ----------------------------------------------------------------------------------

    async def start(self) -> None:
        """Start everything; when this returns, workers and clients are served.

        Raises:
            SchemaOutOfDate: the database must be upgraded first.
            Exception: whatever keeps a part from starting; what had started is stopped again.
        """
        self._tell_notices(self.config)
        await self._blocking(schema.check, self._url)
        try:
            await self._start()
        except BaseException:
            self._log.failure("the master cannot start")
            await self.stop(clean=False)
            raise
        self._log.info("configuration in force")
        self._log.info("master is running")

    async def _start(self) -> None:
        if (failover := await self.updates.run(timeline.note)) is not None:
            timeline.tell(*failover)
        master_id = await self.updates.run(masters.find, self.master.name)
        await self.updates.run(masters.note_start, master_id, own_version())
        self.master.masterid = self.updates.context.masterid = self._explanations.master_id = master_id
        await self.updates.run(_take_over, master_id)
        # from here on nothing is missed that others do while rows are read
        await self._telling.apply(self.config)
        await self.logs.start(master_id)
        self._operations.start()
        for manager in (self._secrets, self.master.service_manager):
            await self.master.services.addService(manager)
        await self.master.services.startService()
        await self._managed_secrets.apply(self.config)
        await self._tracing.apply(self.config)
        await self._engine_part.apply(self.config)
        await self._orchestration.apply(self.config)
        await self._schedules_part.apply(self.config)
        await self._staging_part.apply(self.config)
        await self.engine.start()
        self.graphs.start()
        await self.schedules.start()
        await self.staging.start()
        self._versions_of_changes.start()
        await self._listen(self.config)
        await self._managed_services.apply(self.config)
        await self._services.apply(self.config)
        await self.updates.masterActive(master_id)
        await self._telling.begin_to_answer(master_id)
        self._heartbeat.start(HEARTBEAT_SECONDS, now=False)
        self._audit_pruning.start()
        self._environment_pruning.start()
        await self.web.apply(self.config)
        await self._local_workers.apply(self.config)
        self._reconfiguration.inventory = await self._blocking(inventory_of, self.config)
        await self._record(None)

    async def stop(self, clean: bool = False) -> None:
        """Stop everything.

        Args:
            clean: first let running builds end; otherwise they are stopped and will be tried again.
        """
        self._reading.cancel()
        self.database.limit_patience()
        await self._reconfiguration.stop()
        self._audit_pruning.stop()
        self._environment_pruning.stop()
        if self._heartbeat.running:
            self._heartbeat.stop()
        await self._quietly("schedulers", self._services.stop())
        await self._quietly("versions of changes", self._versions_of_changes.stop())
        await self._quietly("engine", self.engine.stop(clean=clean))
        await self._quietly("schedules of job graphs", self.schedules.stop())
        await self._quietly("job graphs", self.graphs.stop())
        await self._quietly("staging", self.staging.stop())
        await self._quietly("services", self.master.services.stopService())  # they tell of the last builds
        await self._quietly("local workers", self._local_workers.stop())
        for listener in self._listeners:
            await self._quietly("worker port", listener.stop())
        await self._quietly("web server", self.web.stop())
        await self._quietly("traces", self._tracing.stop())
        await self._quietly("questions of other processes", self._answers.stop())
        self._operations.stop()
        self.data.stop()
        await self._quietly("searches", self._search_lanes.stop())
        await self._quietly("log store", self.logs.stop())
        if self.master.masterid:
            await self._quietly("master row", self.updates.masterStopped(self.master.masterid))
        await self._quietly("events of other processes", self._telling.stop())
        await self._quietly("database", self.database.stop())
        await self._quietly("pools of threads", self._blocking(self._pools.stop_blocking))
        self._log.info("master has stopped")

    async def _quietly(self, what: str, stopping: Any) -> None:
        try:
            await stopping
        except Exception:
            self._log.failure("stopping failed: {what}", what=what)

    async def _blocking(self, function: Callable[..., Any], *args: Any) -> Any:
        done: Deferred[Any] = deferToThreadPool(self._reactor, self._reactor.getThreadPool(), function, *args)
        return await done

    def _beat(self) -> Any:
        async def beat() -> None:
            try:
                await self.updates.masterActive(self.master.masterid)
            except Exception:  # the next beat may succeed
                self._log.failure("the sign of life could not be written")

        return Deferred.fromCoroutine(beat())

    # -- configuration -----------------------------------------------------------------------------

    async def _read_anew(self) -> None:
        """Events of others were lost: what they have changed is looked for in rows."""
        await self.engine.distributor.catch_up()
        self.graphs.look_at_everything()
        self.staging.look()

    async def reconfig(self) -> ReconfigPlan:
        """Read the configuration again and put it in force, all of it or nothing.

        It is read by a process of its own first, and here only if that went well.

        Returns:
            What has changed.

        Raises:
            ConfigError: nothing was changed.
            Conflict: the master stops.
        """
        helpers = present_helpers()
        read = await self._blocking(self._reading.read_blocking)
        self._tell_notices(read.config)
        try:
            plan = await self._reconfiguration.take(read)
        except BaseException:
            put_back_helpers(helpers)
            raise
        await self._record(plan)
        await self._telling.tell_configuration(self.master.masterid)
        self._log.info("configuration in force")
        return plan

    async def _record(self, plan: ReconfigPlan | None) -> None:
        record = InForce(inventory=self._reconfiguration.inventory, plan=plan)
        try:
            await self._blocking(in_force.write_blocking, self.basedir, record)
        except OSError:  # only `reconfig --plan` reads it
            self._log.failure("what is in force could not be written down")

    def _tell_notices(self, config: MasterConfig) -> None:
        for notice in config.notices:
            self._log.warn("configuration: {notice}", notice=str(notice))

    async def _listen(self, config: MasterConfig) -> None:
        ports = list(config.worker_ports)
        if not ports and any(worker.is_local for worker in config.workers):
            ports = [WorkerPort(port=0, interface="127.0.0.1")]
        for entry in ports:
            listener = WorkerListener(
                authenticate=self._authenticate,
                attached=self._worker_attached,
                lost=self.engine.worker_lost,
                clock=self._reactor,
                reactor=self._reactor,
                tls=_tls(entry),
                greeting=self.engine.greeting,
            )
            port = await listener.start(entry.port, entry.interface)
            self._listeners.append(listener)
            if self.worker_port is None and entry.certificate is None:
                self.worker_port = port
            self._log.info("workers are served on port {port}", port=port)

    def _authenticate(self, name: str, password: str) -> bool:
        is_local = self._local_workers.password_is(name, password)
        return self.engine.authenticate(name, password) if is_local is None else is_local

    async def _worker_attached(self, connection: WorkerConnection) -> None:
        await self.engine.worker_attached(connection)

    async def _forget_absent(self) -> None:
        await self.updates.run(scheduler_rows.forget_seen_of_absent)


def _take_over(tx: Transaction, master_id: int) -> None:
    """Let go of what an earlier run of this master, or one that died, still holds by its rows."""
    for other in masters.inactive_since(tx, tx.now - EXPIRY_SECONDS):
        masters.release(tx, other)
        masters.set_active(tx, other, False)
    masters.release(tx, master_id)
    masters.set_active(tx, master_id, False)


def _tls(entry: WorkerPort) -> Any:
    if entry.certificate is None:
        return None
    from twisted.internet.ssl import DefaultOpenSSLContextFactory

    key = entry.private_key or entry.certificate
    return DefaultOpenSSLContextFactory(str(key), str(entry.certificate))
