"""What holds for every test: the reactor, the databases, and which left-overs make a test fail.

Twisted's default reactor runs the tests, one per pytest process (pytest-twisted installs it).
"""

from __future__ import annotations

import gc
import itertools
import os
import threading
from collections.abc import Callable, Generator, Iterator
from pathlib import Path
from typing import Any, cast

import hypothesis
import pytest
from twisted.internet import reactor as default_reactor
from twisted.logger import ILogObserver, LogEvent, LogLevel, formatEvent, globalLogPublisher
from twisted.python.failure import Failure

from tests import postgres, scheduling
from tests.leftovers import FailureLog
from tests.reactors import Reactor

pytest_plugins = ["tests.database"]

IN_CI = os.environ.get("CI") == "true"

# A busy machine is no bug, so there is no limit in milliseconds. CI sees the same examples each time; people explore.
hypothesis.settings.register_profile("buildmill", deadline=None, derandomize=IN_CI)
hypothesis.settings.load_profile("buildmill")


# -- in CI a skipped test is a failed one ----------------------------------------------


def _forbid_skip(report: pytest.TestReport | pytest.CollectReport) -> None:
    if IN_CI and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else str(report.longrepr)
        report.outcome = "failed"
        report.longrepr = f"{report.nodeid}: skipped, and CI runs everything: {reason}"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _forbid_skip(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _forbid_skip(report)
    return report


_servers: set[int] = set()  # processes that serve the whole run
_modules = itertools.count(1)


# -- which process runs which test ------------------------------------------------------


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> scheduling.ByFile:
    config.option.loadscopereorder = False  # ours is the order
    return scheduling.ByFile(config, log)


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    scheduling.put_long_ones_first(items)


# -- left-overs ------------------------------------------------------------------------


MODULES_BETWEEN_FULL_COLLECTIONS = 25


@pytest.hookimpl(trylast=True)
def pytest_collection_finish() -> None:
    """Take what was imported out of the garbage collector's sight: a collection per test is cheap then."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="module")
def small_heap() -> Iterator[None]:
    """What earlier modules have left alive is not looked at after each test.

    Imports and caches grow to where a collection takes a quarter of a second, which was two fifths of a whole run.
    """
    yield
    if next(_modules) % MODULES_BETWEEN_FULL_COLLECTIONS == 0:
        gc.unfreeze()
        gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def logged_failures() -> Iterator[FailureLog]:
    """Fails a test that leaves a failure in the log: an unhandled Deferred error, a task that broke.

    A test that expects some asks for this fixture and takes them with `flush`.
    """
    log = FailureLog()

    def observe(event: LogEvent) -> None:
        if event.get("log_level") is LogLevel.critical and isinstance(event.get("log_failure"), Failure):
            log.add(event["log_failure"], formatEvent(event))

    observer = cast("ILogObserver", observe)  # any callable is one
    globalLogPublisher.addObserver(observer)
    try:
        yield log
        gc.collect()  # a Deferred in a reference cycle complains only when it is collected
    finally:
        globalLogPublisher.removeObserver(observer)
    if left := log.describe():
        pytest.fail(f"failures were logged during this test:\n{left}", pytrace=False)


@pytest.fixture(autouse=True)
def no_left_overs(reactor: Reactor, logged_failures: FailureLog) -> Iterator[None]:
    """Fails a test that leaves a delayed call, a thread or a child process behind."""
    calls = set(reactor.getDelayedCalls())
    threads = set(threading.enumerate())
    children = _children()
    yield
    left = [f"delayed call {c}" for c in reactor.getDelayedCalls() if c not in calls]
    left += [
        f"thread {t.name}"
        for t in threading.enumerate()
        if t not in threads and not t.name.startswith("PoolThread-twisted.internet.reactor")
    ]
    left += [f"child process {pid}: {_command(pid)}" for pid in _children() - children]
    if left:
        pytest.fail("left behind: " + "; ".join(left), pytrace=False)


def _children() -> set[int]:
    """Ids of this process's children, where the system tells; without those that serve the whole run."""
    found: set[int] = set()
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            found.update(map(int, task.read_text().split()))
        except OSError:  # the thread has just ended
            continue
    return found - _servers


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
    except OSError:
        return "(ended)"


# -- what tests ask for ----------------------------------------------------------------


@pytest.fixture(scope="session")
def reactor() -> Reactor:
    """The real reactor, for tests that need sockets, processes or threads."""
    return cast("Reactor", default_reactor)


@pytest.fixture(scope="session")
def postgres_cluster() -> Iterator[postgres.Cluster]:
    """PostgreSQL, started once in this process when the first test asks for it."""
    programs = postgres.find_programs()
    if programs is None:
        pytest.skip("PostgreSQL's server programs are not installed")
    with postgres.running_cluster(programs) as cluster:
        _servers.add(cluster.pid)
        yield cluster


@pytest.fixture(params=["sqlite", pytest.param("postgresql", marks=pytest.mark.postgres)])
def new_database_url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Callable[[], str]]:
    """Makes the URLs of empty databases; the test runs once on SQLite and once on PostgreSQL."""
    if request.param == "sqlite":
        numbers = iter(range(1, 1000))
        yield lambda: f"sqlite:///{tmp_path}/test{next(numbers)}.sqlite"
        return
    cluster: postgres.Cluster = request.getfixturevalue("postgres_cluster")
    names: list[str] = []

    def create() -> str:
        names.append(cluster.create_database())
        return cluster.url(names[-1])

    yield create
    for name in names:
        cluster.drop_database(name)


@pytest.fixture
def database_url(new_database_url: Callable[[], str]) -> str:
    """The URL of an empty database of this test's own; once on SQLite, once on PostgreSQL."""
    return new_database_url()


@pytest.fixture(scope="session")
def peer() -> Path:
    """The virtual environment of the foreign master and worker (BUILDMILL_PEER; `make peer` makes one)."""
    home = Path(os.environ.get("BUILDMILL_PEER") or "")
    if not (home / "bin" / "buildbot-worker").exists():
        pytest.skip("BUILDMILL_PEER names no virtual environment with the foreign worker; run make peer")
    return home
