"""The one place where a worker is put together."""

from __future__ import annotations

import itertools
import os
import secrets
import sys
import time
from collections.abc import Callable, Mapping
from importlib.metadata import PackageNotFoundError, version
from random import Random
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall
from twisted.logger import Logger
from twisted.python.threadpool import ThreadPool

from buildmill.common.protocol.limits import DEFAULT_LIMITS, Limits
from buildmill.worker.commands.base import Host
from buildmill.worker.config import WorkerConfig
from buildmill.worker.connection import STOP_SECONDS, Backoff, ConnectionEvents, MasterConnection
from buildmill.worker.durable.commands import DurableCommands
from buildmill.worker.durable.store import Store
from buildmill.worker.facts import machine_facts_blocking
from buildmill.worker.info import describe_worker_blocking
from buildmill.worker.masters import MasterAddress
from buildmill.worker.processes import ReactorProcesses
from buildmill.worker.session import SessionEvents, WorkerSession
from buildmill.worker.staging.offer import make_offer_blocking
from buildmill.worker.threads import PoolThreads
from buildmill.worker.workspace import Workspace

STAMP_FILE = "shutdown.stamp"
STAMP_POLL_SECONDS = 5
# A build is several commands with short pauses between them: a graceful stop waits until it was quiet for so long.
QUIET_SECONDS = 5


class Worker:
    """A running worker: connects, obeys, and ends.

    Made by `build_worker`.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        reactor: Any,
        pool: ThreadPool,
        basedir: str,
        watches_stamp: bool,
        new_connection: Callable[[SessionEvents], MasterConnection],
        durable: DurableCommands | None,
        ends_commands: bool,
    ) -> None:
        self._reactor = reactor
        self._pool = pool
        self._stamp = os.path.join(basedir, STAMP_FILE) if watches_stamp else None
        self._connection = new_connection(
            SessionEvents(attached=lambda: None, shutdown=self.stop, idle=self._became_idle)
        )
        self._durable = durable
        self._ends_commands = ends_commands
        if durable is not None:
            durable.idle = self._became_idle
        self._is_leaving = False
        self._quiet: IDelayedCall | None = None
        self._stamp_call: IDelayedCall | None = None
        self._stamp_seen: float | None = None
        self._stopped: Deferred[None] | None = None

    async def run(self) -> None:
        """Work until somebody stops it.

        Raises:
            GaveUp: no master could be reached often enough in a row.
        """
        self._pool.start()
        self._stamp_seen = self._stamp_time()
        self._watch_stamp()
        try:
            if self._durable is not None:
                await self._durable.start()
            await self._connection.run()
            if self._stopped is not None:
                await self._stopped
        finally:
            if self._durable is not None:
                await self._durable.stop()
            for call in (self._quiet, self._stamp_call):
                if call is not None and call.active():
                    call.cancel()
            self._pool.stop()

    def stop(self) -> None:
        """Stop now: commands of the connection are killed, and the master is told; durable ones run on."""
        if self._stopped is None:
            self._log.info("stopping")
            self._stopped = Deferred.fromCoroutine(self._stop())

    def leave(self) -> None:
        """Stop when the running commands have ended and no other one has come for a few seconds."""
        if not self._is_leaving:
            self._log.info("will stop as soon as no command runs")
            self._is_leaving = True
            self._became_idle()

    async def _stop(self) -> None:
        if self._durable is not None and self._ends_commands:
            await self._durable.end_all(STOP_SECONDS)
        await self._connection.stop()

    def _became_idle(self) -> None:
        if self._is_leaving and (self._quiet is None or not self._quiet.active()):
            self._quiet = self._reactor.callLater(QUIET_SECONDS, self._was_quiet)

    def _was_quiet(self) -> None:
        session = self._connection.session
        if (session is None or not session.running) and (self._durable is None or not self._durable.running):
            self.stop()

    def _watch_stamp(self) -> None:
        if self._stamp is None:
            return
        if self._stamp_time() != self._stamp_seen:
            self.leave()
        else:
            self._stamp_call = self._reactor.callLater(STAMP_POLL_SECONDS, self._watch_stamp)

    def _stamp_time(self) -> float | None:
        try:
            return os.stat(self._stamp).st_mtime if self._stamp is not None else None
        except OSError:
            return None


def build_worker(
    config: WorkerConfig,
    *,
    basedir: str,
    password: str,
    reactor: Any,
    environ: Mapping[str, str],
    random: Random,
    events: ConnectionEvents | None = None,
    limits: Limits = DEFAULT_LIMITS,
    trust: bytes | None = None,
) -> Worker:
    """Put a worker together; it does nothing before `run`.

    Args:
        basedir: absolute; `info/` is read there and relative paths start there.
        reactor: sockets, file descriptors, clock and threads.
        environ: what commands inherit.
        random: spreads the attempts to connect.
        events: is told of connections made and lost.
        trust: PEM certificates for `wss` instead of the system's.
    """
    log = Logger(namespace="buildmill.worker")
    pool = ThreadPool(minthreads=0, maxthreads=10, name="worker")
    threads = PoolThreads(reactor, pool)
    host = Host(
        basedir=basedir,
        environ=environ,
        clock=reactor,
        threads=threads,
        processes=ReactorProcesses(reactor, threads),
        workspace=Workspace(basedir, config.allow_paths),
        unique=itertools.count(1).__next__,
        block_bytes=min(1 << 20, limits.message_bytes // 2),
    )

    durable: DurableCommands | None = None
    if config.durable and sys.platform == "linux":
        durable = DurableCommands(
            reactor=reactor,
            host=host,
            store=Store(basedir, reactor.seconds),
            monotonic=time.monotonic,
            boot_id=secrets.token_hex(16),
            has_choice=len(config.masters) > 1,
        )

    async def describe() -> Mapping[str, object]:
        return await threads.run(
            describe_worker_blocking,
            basedir=basedir,
            environ=environ,
            version=worker_version(),
            numcpus=config.numcpus,
            delete_leftover_dirs=config.delete_leftover_dirs,
            is_durable=durable is not None,
            staging=await threads.run(make_offer_blocking, config, basedir),
            machine=await threads.run(machine_facts_blocking, basedir),
        )

    def dial(address: MasterAddress, opened: Callable[[Any], WorkerSession]) -> Deferred[str]:
        from buildmill.worker import websocket

        how = websocket.Dialing(
            name=config.name,
            password=password,
            trust=trust,
            heartbeat_seconds=config.heartbeat_seconds,
            heartbeat_timeout_seconds=config.heartbeat_timeout_seconds,
            message_bytes=limits.message_bytes,
        )
        return websocket.dial(reactor, address, how, opened)

    def attached(address: MasterAddress) -> None:
        log.info("connected to {url}", url=address.url)
        if events is not None:
            events.attached(address)

    def failed(address: MasterAddress, reason: str) -> None:
        log.warn("{url}: {reason}", url=address.url, reason=reason)
        if events is not None:
            events.failed(address, reason)

    def new_connection(told: SessionEvents) -> MasterConnection:
        def new_session(socket: Any, on_attached: Callable[[], None]) -> WorkerSession:
            return WorkerSession(
                send=socket.send,
                pause=socket.pause,
                resume=socket.resume,
                host=host,
                describe=describe,
                events=SessionEvents(attached=on_attached, shutdown=told.shutdown, idle=told.idle),
                limits=limits,
                durable=durable,
                close=socket.close,
            )

        return MasterConnection(
            masters=config.addresses,
            dial=dial,
            new_session=new_session,
            events=ConnectionEvents(attached=attached, failed=failed),
            clock=reactor,
            backoff=Backoff(random, config.max_delay_seconds),
            max_retries=config.max_retries,
            before_dial=durable.before_dial if durable is not None else None,
        )

    return Worker(
        reactor=reactor,
        pool=pool,
        basedir=basedir,
        watches_stamp=config.allow_shutdown == "file",
        new_connection=new_connection,
        durable=durable,
        ends_commands=config.end_commands_on_stop,
    )


def worker_version() -> str:
    """The installed version of Buildmill."""
    try:
        return version("buildmill")
    except PackageNotFoundError:
        return "0+unknown"
