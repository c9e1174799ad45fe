"""Threads and a bench for commands."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from twisted.python.threadpool import ThreadPool

from buildmill.worker.threads import PoolThreads
from tests.integration.worker.harness import Bench
from tests.reactors import Reactor


@pytest.fixture
def threads(reactor: Reactor) -> Iterator[PoolThreads]:
    pool = ThreadPool(minthreads=0, maxthreads=4, name="test")
    pool.start()
    yield PoolThreads(reactor, pool)
    pool.stop()


@pytest.fixture
def bench(reactor: Reactor, threads: PoolThreads, tmp_path: Path) -> Bench:
    return Bench(reactor, threads, tmp_path)
