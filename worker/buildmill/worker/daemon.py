"""The worker as a process: in the foreground, or detached with a pid file and a log of its own."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any, cast

from buildmill.common import garbage
from buildmill.common.errors import BuildmillError, ConfigError, Conflict, NotFound
from buildmill.worker.config import WorkerConfig, load_config, read_password
from buildmill.worker.staging.offer import check_staging

PID_FILE = "worker.pid"
LOG_FILE = "worker.log"
PASSWORD_VARIABLE = "BUILDMILL_WORKER_PASSWORD"  # noqa: S105  # the name of a variable
START_SECONDS = 20
STOP_SECONDS = 40


@dataclass(frozen=True, kw_only=True)
class Settled:
    """What a start needs, read and checked before anything is forked."""

    basedir: str
    config: WorkerConfig
    password: str
    trust: bytes | None


def read_settings(basedir: str) -> Settled:
    """Read everything that a worker's base directory holds.

    Raises:
        ConfigError: all that is wrong.
    """
    base = os.path.abspath(basedir)
    config = load_config(base)
    check_staging(config)
    trust = None
    if config.ca_file is not None:
        path = os.path.join(base, config.ca_file)
        try:
            trust = Path(path).read_bytes()
        except OSError as problem:
            raise _config_error(f"ca_file: {problem.strerror}: {path}") from problem
    return Settled(basedir=base, config=config, password=read_password(base, config), trust=trust)


def run_in_foreground(settings: Settled, tell: Callable[[str], None] | None = None, log: IO[str] | None = None) -> int:
    """Work until a signal stops it.

    Args:
        tell: is told once: "connected to ...", or why the first attempt failed.
        log: where log lines go; None: the standard error stream.

    Returns:
        The exit code: 0 when it was stopped, 1 when it gave up.

    Raises:
        Conflict: a worker runs in this directory already.
    """
    os.chdir(settings.basedir)
    with _pid_file(settings.basedir):
        if settings.config.umask is not None:
            os.umask(int(settings.config.umask, 8))
        return _react(settings, tell or (lambda _: None), log or sys.stderr)


def start_detached(settings: Settled) -> str:
    """Start a daemon and wait until it is connected, or its first attempt has failed.

    Returns:
        What it said: "connected to ..." or the reason why it isn't (it keeps trying).

    Raises:
        Conflict: a worker runs in this directory already.
        BuildmillError: it did not start; its log says more.
    """
    if running_pid(settings.basedir) is not None:
        raise Conflict(f"a worker runs in {settings.basedir} already")
    reading, writing = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(reading)
        _become_daemon(settings, writing)
    os.close(writing)
    os.waitpid(pid, 0)
    with open(reading, "rb", buffering=0) as pipe:
        said = _read_line(pipe, START_SECONDS)
    if said is None:
        return "not connected yet"
    if not said:
        raise BuildmillError(f"the worker ended at once; see {os.path.join(settings.basedir, LOG_FILE)}")
    return said


def stop(basedir: str) -> int:
    """Stop the worker of this directory and wait until it has ended.

    Returns:
        Its pid.

    Raises:
        NotFound: none runs.
        BuildmillError: it does not end.
    """
    base = os.path.abspath(basedir)
    pid = running_pid(base)
    if pid is None:
        raise NotFound(f"no worker runs in {base}")
    os.kill(pid, signal.SIGTERM)
    end = time.monotonic() + STOP_SECONDS
    while running_pid(base) == pid:
        if time.monotonic() > end:
            raise BuildmillError(f"worker {pid} did not end within {STOP_SECONDS} seconds")
        time.sleep(0.05)
    return pid


def running_pid(basedir: str) -> int | None:
    """The pid of the worker that runs in a directory. A file that a dead one left behind does not count."""
    try:
        file = open(os.path.join(basedir, PID_FILE), encoding="ascii")  # noqa: SIM115
    except OSError:
        return None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            with contextlib.suppress(ValueError):
                return int(file.read())
    return None


@contextlib.contextmanager
def _pid_file(basedir: str) -> Iterator[None]:
    """Hold the pid file: its lock says that we live, whatever becomes of the number."""
    path = os.path.join(basedir, PID_FILE)
    file = open(path, "a+", encoding="ascii")  # noqa: SIM115  # closed below, after the file was removed
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Conflict(f"a worker runs in {basedir} already") from None
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield
        with contextlib.suppress(FileNotFoundError):
            os.remove(path)
    finally:
        file.close()


def _become_daemon(settings: Settled, writing: int) -> None:
    """In the child: leave the terminal, work, never return."""
    code = 1
    try:
        os.setsid()
        if os.fork():
            os._exit(0)
        null = os.open(os.devnull, os.O_RDWR)
        for fd in (0, 1, 2):
            os.dup2(null, fd)

        def tell(text: str) -> None:
            with contextlib.suppress(OSError):
                os.write(writing, text.encode() + b"\n")
            with contextlib.suppress(OSError):
                os.close(writing)

        from twisted.python.logfile import LogFile

        log = LogFile(
            LOG_FILE,
            settings.basedir,
            rotateLength=settings.config.log_bytes,
            maxRotatedFiles=settings.config.log_files or None,
            defaultMode=0o600,
        )
        code = run_in_foreground(settings, tell, cast("IO[str]", log))
    except BaseException as problem:
        with contextlib.suppress(OSError):
            os.write(writing, f"failed: {problem}\n".encode())
    finally:
        os._exit(code)


def _react(settings: Settled, tell: Callable[[str], None], log: IO[str]) -> int:
    # Imported here: after the fork, because a reactor does not survive one, and late, because it takes long.
    from random import Random

    from twisted.internet import reactor as default_reactor  # noqa: TID251  # here the program begins
    from twisted.internet.defer import Deferred
    from twisted.logger import Logger, globalLogBeginner, textFileLogObserver

    from buildmill.worker.app import build_worker, worker_version
    from buildmill.worker.connection import ConnectionEvents, GaveUp

    garbage.keep()
    reactor: Any = default_reactor
    globalLogBeginner.beginLoggingTo([textFileLogObserver(log)], redirectStandardIO=False)
    logger = Logger(namespace="buildmill.worker")
    told: list[str] = []

    def tell_once(text: str) -> None:
        if not told:
            told.append(text)
            tell(text)

    worker = build_worker(
        settings.config,
        basedir=settings.basedir,
        password=settings.password,
        reactor=reactor,
        environ={name: value for name, value in os.environ.items() if name != PASSWORD_VARIABLE},
        random=Random(),  # noqa: S311  # spreads load, keeps no secret
        events=ConnectionEvents(
            attached=lambda address: tell_once(f"connected to {address.url}"),
            failed=lambda address, reason: tell_once(f"{address.url}: {reason}"),
        ),
        trust=settings.trust,
    )
    codes: list[int] = []

    async def work() -> None:
        logger.info("worker {name}, version {version}", name=settings.config.name, version=worker_version())
        try:
            await worker.run()
        except GaveUp as problem:
            logger.error("giving up: {problem}", problem=problem)
            codes.append(1)
        except Exception:
            logger.failure("the worker broke")
            codes.append(1)
        logger.info("stopped")
        reactor.stop()

    def start() -> None:
        _on_signal(reactor, signal.SIGTERM, worker.stop)
        _on_signal(reactor, signal.SIGINT, worker.stop)
        if settings.config.allow_shutdown == "signal":
            _on_signal(reactor, signal.SIGHUP, worker.leave)
        else:
            _on_signal(reactor, signal.SIGHUP, _nothing)  # ignoring it would be inherited by commands
        garbage.settle()
        Deferred.fromCoroutine(work())

    reactor.callWhenRunning(start)
    reactor.run()
    return codes[0] if codes else 0


def _nothing() -> None:
    pass


def _on_signal(reactor: Any, number: signal.Signals, action: Callable[[], None]) -> None:
    signal.signal(number, lambda *_: reactor.callFromThread(action))


def _read_line(pipe: IO[bytes], seconds: float) -> str | None:
    """The first line; empty if the other side ended without one, None if nothing came in time."""
    import select

    end = time.monotonic() + seconds
    data = b""
    while b"\n" not in data:
        left = end - time.monotonic()
        if left <= 0 or not select.select([pipe], [], [], left)[0]:
            return None
        part = pipe.read(4096)
        if not part:
            return ""
        data += part
    return data.decode(errors="replace").splitlines()[0]


def _config_error(text: str) -> ConfigError:
    from buildmill.common.errors import ConfigProblem

    return ConfigError([ConfigProblem(text)])
