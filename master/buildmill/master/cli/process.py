"""The master, or its web process, as a process: logging, signals, the reactor.

It works in the directory it is given until it is stopped.

Signals: HUP reads the configuration again, USR1 stops after the running builds have ended, TERM and INT stop now; a
second INT, or a TERM after USR1, does not wait any longer.
"""

from __future__ import annotations

import os
import random
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from buildmill.common import garbage
from buildmill.common.errors import BuildmillError, ConfigError, Conflict
from buildmill.master.cli import pid_file
from buildmill.master.cli.basedir import MasterSettings
from buildmill.master.cli.role import MASTER, Role

if TYPE_CHECKING:
    from buildmill.master.app import App
    from buildmill.master.config.rehearsal import Rehearsal

REFUSED = "configuration refused"
UNCHANGED = "the old configuration stays in force"
CANNOT_START = "cannot start"
_EXIT_FORCED = 130
_STOPPING = frozenset({signal.SIGTERM, signal.SIGINT, signal.SIGUSR1})
_HANDLED = (signal.SIGHUP, signal.SIGUSR1, signal.SIGTERM, signal.SIGINT)


class CannotStart(BuildmillError):
    """The master ended before it ran; the reason is in its log, too."""


class MasterProcess:
    """One run of a master.

    Args:
        terminal: gets the lines of the log as well.
        work: is awaited once the master runs; the number that it returns ends the master and is its exit code, None
            lets it run on.
        hangup_stops: HUP (the terminal was closed) stops the master instead.
        debug: log more.
        role: what it is.
    """

    def __init__(
        self,
        basedir: Path,
        settings: MasterSettings,
        *,
        terminal: IO[str] | None = None,
        work: Callable[[App], Awaitable[int | None]] | None = None,
        hangup_stops: bool = False,
        debug: bool = False,
        role: Role = MASTER,
    ) -> None:
        self._role = role
        self._basedir = basedir
        self._settings = settings
        self._terminal = terminal
        self._work = work
        self._hangup_stops = hangup_stops
        self._debug = debug
        self._reactor: Any = None
        self._log: Any = None
        self._app: App | None = None
        self._is_up = False
        self._early: list[int] = []
        self._rehearsal: Rehearsal | None = None
        self._life: Any = None  # Deferred of `_live`
        self._stop_clean: bool | None = None  # None: not asked to stop
        self._stopping: Any = None  # Deferred that wakes `_live`
        self._reconfigurations = 0
        self._code = 0
        self._problem: Exception | None = None

    def run(self) -> int:
        """Work until something stops it; returns the exit code.

        Raises:
            Conflict: one runs in this directory already.
            ConfigError: the configuration is wrong; it is in the log, too.
            CannotStart: something else keeps the master from running.
        """
        os.chdir(self._basedir)
        with pid_file.held(self._basedir, self._role.pid_file, self._role.one):
            for number in _HANDLED:
                signal.signal(number, self._signalled_early)
            streams = sys.stdout, sys.stderr
            rehearsal = self._begin_rehearsal()
            try:
                self._begin_logging()
                return self._react(rehearsal)
            finally:
                rehearsal.cancel()
                sys.stdout, sys.stderr = streams
                for number in _HANDLED:
                    signal.signal(number, signal.SIG_IGN)

    def _signalled_early(self, number: int, _frame: object) -> None:
        self._early.append(number)
        if self._rehearsal is not None and number in _STOPPING:
            self._rehearsal.cancel()

    def _begin_rehearsal(self) -> Rehearsal:
        """Have a fork read the configuration: before there is a log, which the fork must not write to, or a reactor."""
        from buildmill.master.config.rehearsal import Rehearsal
        from buildmill.master.config.rehearsing import in_fork

        seconds = self._settings.check_seconds
        self._rehearsal = Rehearsal(self._basedir, self._settings.config_file, seconds=seconds, start=in_fork)
        if _STOPPING & set(self._early):
            self._rehearsal.cancel()
        return self._rehearsal

    def _begin_logging(self) -> None:
        from twisted.logger import Logger, globalLogBeginner

        from buildmill.master.cli.log_output import observer, open_log

        settings = self._settings
        file = open_log(self._basedir / self._role.log_file, rotate_bytes=settings.log_bytes, keep=settings.log_files)
        outputs = [file] if self._terminal is None else [file, self._terminal]
        # what a configuration prints goes to the log
        observing = observer(*outputs, debug=self._debug, as_json=settings.json_logs)
        globalLogBeginner.beginLoggingTo([observing], redirectStandardIO=True)
        self._log = Logger(namespace="buildmill.master")

    def _react(self, rehearsal: Rehearsal) -> int:
        self._log.info("starting in {basedir}, pid {pid}", basedir=str(self._basedir), pid=os.getpid())

        # late and here: a reactor does not survive a fork
        from twisted.internet import reactor
        from twisted.internet.defer import Deferred

        from buildmill.master.config.loader import load
        from buildmill.master.config.rehearsal import Cancelled

        make = self._role.maker()  # while the fork reads
        garbage.keep()
        self._reactor = reactor
        try:
            rehearsal.wait_blocking().raise_problems()
            config = load(self._basedir, self._settings.config_file)
        except Cancelled:
            return 0
        except ConfigError as error:
            self._log.error("{what}: {problems}", what=CANNOT_START, problems=_listed(error))
            raise
        if _STOPPING & set(self._early):
            return 0

        def start() -> None:
            app: App = make(self._basedir, self._settings, config, reactor, random.SystemRandom())
            self._app = app
            for number in _HANDLED:
                # the reactor has set its own for some of them
                signal.signal(number, lambda caught, _frame: self._reactor.callFromThread(self._signalled, caught))
            self._stopping = Deferred()
            self._life = Deferred.fromCoroutine(self._live(app))
            for caught in self._early:
                self._signalled(caught)

        # The database's threads need the interpreter for a moment after each statement; with Python's 5 ms they would
        # wait that long for a busy reactor. Measured: twice the answers that no cache has, 1.3 times the builds.
        sys.setswitchinterval(0.0005)
        self._reactor.callWhenRunning(start)
        self._reactor.run()
        if self._problem is not None:
            raise CannotStart(str(self._problem)) from self._problem
        return self._code

    async def _live(self, app: App) -> None:
        from twisted.internet.defer import CancelledError, Deferred

        try:
            await app.start()
        except CancelledError:
            self._log.info("stopped while it was starting")
        except Exception as problem:  # of any kind, and with its traceback in the log already, unless it is expected
            self._log.error("{what}: {problem}", what=CANNOT_START, problem=str(problem))
            self._problem = problem
        else:
            self._is_up = True
            garbage.settle()
            if self._reconfigurations:  # asked for since the configuration was read
                Deferred.fromCoroutine(self._read_configurations())
            working = None if self._work is None else Deferred.fromCoroutine(self._run_work(self._work, app))
            await self._stopping
            if working is not None:
                working.cancel()
            try:
                await app.stop(clean=bool(self._stop_clean))
            except Exception:
                self._log.failure("the {what} did not stop in order", what=self._role.name)
                self._code = 1
        self._reactor.stop()

    async def _run_work(self, work: Callable[[App], Awaitable[int | None]], app: App) -> None:
        from twisted.internet.defer import CancelledError

        try:
            code = await work(app)
        except CancelledError:
            return
        except Exception:
            self._log.failure("the work of this run broke")
            code = 1
        if code is not None:
            self._code = code
            self._stop(clean=False)

    # -- signals -------------------------------------------------------------------------------------

    def _signalled(self, number: int) -> None:
        match number:
            case signal.SIGHUP if not self._hangup_stops:
                self._reconfigure()
            case signal.SIGUSR1:
                self._log.info("asked to stop when the running builds have ended")
                self._stop(clean=True)
            case signal.SIGINT if self._stop_clean is not None:
                self._give_up()
            case signal.SIGTERM if self._stop_clean:
                self._give_up()
            case _:
                self._log.info("asked to stop")
                self._stop(clean=False)

    def _stop(self, *, clean: bool) -> None:
        if self._stop_clean is not None:
            return
        self._stop_clean = clean
        if self._is_up:
            self._stopping.callback(None)
        else:
            self._life.cancel()

    def _give_up(self) -> None:
        """End at once. What is under way is found and dealt with at the next start, as after a crash."""
        self._log.warn("asked again to stop: not waiting any longer")
        for pid in _children():
            os.kill(pid, signal.SIGTERM)
        pid_file.forget(self._basedir, self._role.pid_file)
        os._exit(_EXIT_FORCED)

    def _reconfigure(self) -> None:
        from twisted.internet.defer import Deferred

        self._reconfigurations += 1
        if not self._is_up and self._stop_clean is None:
            self._log.info("asked to read the configuration again: when the {what} has started", what=self._role.name)
        elif self._reconfigurations == 1:
            Deferred.fromCoroutine(self._read_configurations())

    async def _read_configurations(self) -> None:
        """One after the other; several requests that come meanwhile are answered by one more reading."""
        while self._reconfigurations:
            self._reconfigurations = 1
            try:
                await self._read_configuration()
            finally:
                self._reconfigurations -= 1

    async def _read_configuration(self) -> None:
        self._log.info("reading the configuration again")
        try:
            if self._app is None or self._stop_clean is not None:
                raise Conflict(f"the {self._role.name} is stopping")
            await self._app.reconfig()
        except ConfigError as error:
            self._log.error("{what}: {problems}", what=REFUSED, problems=_listed(error))
        except BuildmillError as problem:
            self._log.error("{what}: {problem}", what=REFUSED, problem=str(problem))
        except Exception as problem:
            self._log.failure("{what}: {problem}", what=REFUSED, problem=repr(problem))
        else:
            return
        self._log.info(UNCHANGED)


def _listed(error: ConfigError) -> str:
    count = len(error.problems)
    return "\n".join([f"{count} error{'s' if count > 1 else ''}", *map(str, error.problems)])


def _children() -> list[int]:
    found: list[int] = []
    for task in Path("/proc/self/task").glob("*/children"):
        try:
            found.extend(map(int, task.read_text().split()))
        except OSError:  # that thread has just ended
            continue
    return found


def run_in_foreground(basedir: Path, settings: MasterSettings, *, show_log: bool, role: Role = MASTER) -> int:
    """Run a master in this process, or what the role says; with `show_log` its log goes to the terminal, too."""
    return MasterProcess(basedir, settings, terminal=sys.stdout if show_log else None, role=role).run()
