"""A local worker is a real process that connects, comes back when it dies, and ends with its master."""

from __future__ import annotations

import os
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random

import pytest
from twisted.internet.defer import Deferred, DeferredQueue
from twisted.internet.interfaces import IDelayedCall

from buildmill.master.connections import WorkerConnection, WorkerListener
from buildmill.master.domain.reasons import Because, Reason
from buildmill.master.latent.local_worker import LocalWorker
from buildmill.master.latent.runner import LocalWorkerFailed, LocalWorkerRunner
from tests.reactors import Reactor
from tests.support import async_test

DEADLINE_SECONDS = 30

pytestmark = pytest.mark.slow


async def soon(reactor: Reactor, queue: DeferredQueue[WorkerConnection]) -> WorkerConnection:
    """The next connection."""
    waiting: Deferred[WorkerConnection] = queue.get()
    timeout: IDelayedCall = reactor.callLater(DEADLINE_SECONDS, waiting.cancel)
    try:
        return await waiting
    finally:
        if timeout.active():
            timeout.cancel()


@asynccontextmanager
async def running(
    reactor: Reactor, basedir: Path
) -> AsyncIterator[tuple[LocalWorkerRunner, DeferredQueue[WorkerConnection], list[Reason]]]:
    """A local worker, its connections, and what it was absent for."""
    attached: DeferredQueue[WorkerConnection] = DeferredQueue()

    async def attach(connection: WorkerConnection) -> None:
        attached.put(connection)

    runners: list[LocalWorkerRunner] = []
    listener = WorkerListener(
        authenticate=lambda name, password: (name, password) == ("local", runners[0].password),
        attached=attach,
        lost=lambda connection, reason: None,
        clock=reactor,
        reactor=reactor,
    )
    port = await listener.start(0, "127.0.0.1")
    absences: list[Reason] = []
    runner = LocalWorkerRunner(
        LocalWorker("local"), port=port, basedir=basedir, reactor=reactor, rng=Random(1), absent=absences.append
    )
    runners.append(runner)
    try:
        await runner.start()
        yield runner, attached, absences
    finally:
        await runner.stop()
        await listener.stop()


@async_test
async def test_it_connects_comes_back_after_its_death_and_ends_with_the_master(
    reactor: Reactor, tmp_path: Path
) -> None:
    async with running(reactor, tmp_path) as (runner, attached, absences):
        first = await soon(reactor, attached)
        assert first.worker_name == "local"
        assert first.info.basedir == str(tmp_path / "workers" / "local")

        pid = int((tmp_path / "workers" / "local" / "local.pid").read_text().split()[0])
        os.kill(pid, signal.SIGKILL)
        second = await soon(reactor, attached)

        assert second is not first
        assert [absence.code for absence in absences] == [Because.COMING, Because.FAILING, Because.COMING]
        assert absences[1].text.startswith("the process of worker local ended with ")
        last = int((tmp_path / "workers" / "local" / "local.pid").read_text().split()[0])
        assert last != pid

    with pytest.raises(ProcessLookupError):
        os.kill(last, 0)
    assert files_that_others_can_read(tmp_path, runner.password) == []


def files_that_others_can_read(directory: Path, text: str) -> list[Path]:
    """Files with this text that not only their owner can read."""
    files = [file for file in directory.rglob("*") if file.is_file() and text.encode() in file.read_bytes()]
    return [file for file in files if file.stat().st_mode & 0o077]


@async_test
async def test_a_directory_that_cannot_be_made_is_told(reactor: Reactor, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    config = LocalWorker("local", workdir=str(tmp_path / "file" / "below"))
    runner = LocalWorkerRunner(config, port=1, basedir=tmp_path, reactor=reactor, rng=Random(1), absent=lambda _: None)

    with pytest.raises((LocalWorkerFailed, OSError)):
        await runner.start()
