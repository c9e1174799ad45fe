"""Acting on a master from the outside: start it in the background, watch its log, stop it, make it reconfigure."""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import signal
import sys
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from buildmill.common.errors import BuildmillError, ConfigError, ConfigProblem, Conflict, NotFound
from buildmill.master.cli.basedir import MasterSettings, read_settings
from buildmill.master.cli.follow import LogFollower, text_lines
from buildmill.master.cli.pid_file import running_pid
from buildmill.master.cli.process import CANNOT_START, REFUSED, UNCHANGED, CannotStart, run_in_foreground
from buildmill.master.cli.role import MASTER, Role

IN_FORCE = "configuration in force"
STOP_SECONDS = 60.0
_TAIL_LINES = 30
_POLL_SECONDS = 0.03
_SERVED = re.compile(r" is served at (http\S+?)/?(?:api/v2)?$")

Tell = Callable[[str], None]


class Ended(BuildmillError):
    """The master has ended while it was watched."""


class TooSlow(BuildmillError):
    """Nothing has been heard of the master for too long."""


class Launch:
    """A master that was started in the background, and that is being watched.

    Forks: there must be no other thread yet.

    Args:
        json_logs: its log is written as JSON, whatever its settings say.
        role: what is started.

    Raises:
        Conflict: one runs there already.
        ConfigError: there are no settings, or they are wrong.
    """

    def __init__(self, basedir: Path, *, json_logs: bool = False, role: Role = MASTER) -> None:
        self._role = role
        settings = read_settings(basedir)
        if json_logs:
            settings = replace(settings, json_logs=True)
        if (pid := running_pid(basedir, role.pid_file)) is not None:
            raise Conflict(f"{role.one} runs in {basedir} already, pid {pid}")
        self._log = basedir / role.log_file
        self._follower = LogFollower(self._log)
        sys.stdout.flush()
        sys.stderr.flush()
        reading, writing = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            os.close(reading)
            _become_daemon(basedir, settings, writing, role)
        os.close(writing)
        os.set_blocking(reading, False)  # a child of a dead master may hold the other end
        self._complaints = reading

    def wait_until_running(self, *, patience: float, tell: Tell) -> str | None:
        """Return once the master runs.

        Args:
            patience: seconds of silence in its log before we give up watching.
            tell: is told the lines of its log meanwhile.

        Returns:
            Where it serves the API; None if it does not.

        Raises:
            CannotStart: it has ended; with its reason, or the end of its log.
            TooSlow: it may still be starting.
        """
        tail: deque[str] = deque(maxlen=_TAIL_LINES)
        url: str | None = None
        with contextlib.closing(self._follower), open(self._complaints, "rb") as complaints:
            for line in _watch(self._follower, patience, lambda: os.waitpid(self.pid, os.WNOHANG)[0] == 0):
                if line is None:
                    said = (complaints.read() or b"").decode(errors="replace")
                    reason = _reason([*tail, *said.splitlines()], self._role.name)
                    raise CannotStart("\n".join([*reason, f"see {self._log}"]))
                tail.append(line)
                tell(line)
                if found := _SERVED.search(line):
                    url = found[1]
                if self._role.running in line:
                    return url
        raise TooSlow(
            f"the {self._role.name}, pid {self.pid}, has been silent for {patience:g} seconds; see {self._log}"
        )


def _reason(tail: list[str], what: str) -> list[str]:
    """Of the end of a log the lines that say why the master did not start, if there are any."""
    for index, line in enumerate(tail):
        if f"{CANNOT_START}: " in line:
            further = itertools.takewhile(lambda text: text.startswith("\t"), tail[index + 1 :])
            return [line[line.index(CANNOT_START) :], *(text.removeprefix("\t") for text in further)]
    return [f"the {what} did not start; the end of its log:", *tail]


def stop(
    basedir: Path, *, clean: bool = False, wait: bool = True, patience: float = STOP_SECONDS, role: Role = MASTER
) -> int:
    """Stop the master of a directory, or what the role says.

    Args:
        clean: let the running builds end first, however long that takes.
        wait: return when it has ended.

    Returns:
        Its pid.

    Raises:
        NotFound: none runs.
        TooSlow: it has not ended within `patience` seconds.
    """
    pid = _signal(basedir, signal.SIGUSR1 if clean else signal.SIGTERM, role)
    if wait:
        end = time.monotonic() + patience
        while running_pid(basedir, role.pid_file) == pid:
            if not clean and time.monotonic() > end:
                raise TooSlow(f"the {role.name}, pid {pid}, has not ended within {patience:g} seconds")
            time.sleep(_POLL_SECONDS)
    return pid


def reconfigure(basedir: Path, *, patience: float, tell: Tell) -> None:
    """Make a master read its configuration again, and wait for the outcome.

    Raises:
        NotFound: none runs.
        ConfigError: the new configuration was refused, as the first problem says; the old one stays in force.
        Ended: the master has ended meanwhile.
        TooSlow: nothing was heard of it for `patience` seconds.
    """
    with contextlib.closing(LogFollower(basedir / MASTER.log_file)) as follower:
        pid = _signal(basedir, signal.SIGHUP)
        problems: list[str] = []
        for line in _watch(follower, patience, lambda: running_pid(basedir) == pid):
            if line is None:
                raise Ended(f"the master, pid {pid}, has ended; see {basedir / MASTER.log_file}")
            if IN_FORCE in line:
                return
            if UNCHANGED in line:
                # the first line only counts, unless it is all that there is
                raise ConfigError([ConfigProblem(text) for text in problems[1:] or problems])
            if REFUSED in line:
                problems = [line[line.index(REFUSED) :]]
            elif problems and line.startswith("\t"):
                problems.append(line.removeprefix("\t"))
            else:
                tell(line)
    raise TooSlow(f"the master, pid {pid}, has been silent for {patience:g} seconds; see {basedir / MASTER.log_file}")


def _signal(basedir: Path, number: signal.Signals, role: Role = MASTER) -> int:
    pid = running_pid(basedir, role.pid_file)
    if pid is None:
        raise NotFound(f"no {role.name} runs in {basedir}")
    os.kill(pid, number)
    return pid


def _watch(follower: LogFollower, patience: float, is_alive: Callable[[], bool]) -> Iterator[str | None]:
    """The lines of a log as they come; None once the process has ended; ends after `patience` seconds of silence."""
    heard = time.monotonic()
    while time.monotonic() - heard < patience:
        alive = is_alive()  # asked before reading: what it wrote last is not missed
        for line in follower.lines():
            heard = time.monotonic()
            yield from text_lines(line)
        if not alive:
            yield None
        time.sleep(_POLL_SECONDS)


def _become_daemon(basedir: Path, settings: MasterSettings, complaints: int, role: Role) -> None:
    """In the child: leave the terminal, work, never return. What it says before it has a log goes to `complaints`."""
    code = 1
    try:
        os.setsid()
        null = os.open(os.devnull, os.O_RDWR)
        for fd, target in ((0, null), (1, null), (2, complaints)):
            os.dup2(target, fd)
        code = run_in_foreground(basedir, settings, show_log=False, role=role)
    except (ConfigError, CannotStart):
        pass  # it is in the log
    except BaseException as problem:
        with contextlib.suppress(OSError):
            os.write(complaints, f"{type(problem).__name__}: {problem}\n".encode())
    finally:
        os._exit(code)
