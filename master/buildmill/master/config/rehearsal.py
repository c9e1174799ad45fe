"""Reading a configuration in a process of its own first, so that one that hangs, exits or crashes harms nobody.

The child (`rehearsing`) leaves a report in a file; how the child ends and what it prints is looked at only where there
is no report.
"""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Final, Protocol

import msgspec

from buildmill.common.errors import BuildmillError, ConfigError, ConfigProblem

DEFAULT_SECONDS: Final = 60.0
_SLACK_SECONDS: Final = 5.0
_OUTPUT_BYTES: Final = 64 * 1024
_FRAME: Final = re.compile(r'^\s*File "(.+)", line (\d+)', re.MULTILINE)

_DUMP: Final = re.compile(r"^(?=Timeout \(|Fatal Python error: )", re.MULTILINE)
"""Where the interpreter begins to say how it ends."""


class ReportedProblem(msgspec.Struct, frozen=True, kw_only=True):
    """A problem or a notice as a value that a process can pass on; see `ConfigProblem`."""

    message: str
    file: str | None = None
    line: int | None = None
    hint: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What reading a configuration gave.

    Attributes:
        problems: all that is wrong; empty if it is good.
        notices: what is taken, but not as its author may think; as lines of text.
        things: `Inventory.things` of a good configuration.
        db_url: of a good one, the database that it names.
        output: the end of what the configuration printed.
        weaknesses: of a good one, what is weaker than it could be; each with its way out as its hint.
    """

    problems: tuple[ReportedProblem, ...] = ()
    notices: tuple[str, ...] = ()
    things: dict[str, dict[str, str]] = {}
    db_url: str = ""
    output: str = ""
    weaknesses: tuple[ReportedProblem, ...] = ()

    def raise_problems(self) -> None:
        """Raises ConfigError with everything that is wrong, if anything is."""
        if self.problems:
            raise ConfigError([ConfigProblem(p.message, p.file, p.line, p.hint) for p in self.problems])


class Cancelled(BuildmillError):
    """The rehearsal was ended by whoever began it."""


class Child(Protocol):
    """The process that reads. It leads a group, so that what it starts can be ended with it."""

    pid: int
    returncode: int | None

    def wait(self, timeout: float | None = None) -> int:
        """As `subprocess.Popen.wait`."""


Start = Callable[[list[str], IO[bytes]], Child]
"""Starts the child with the arguments of `rehearsing.rehearse`, and the file that gets what it prints."""


def in_new_interpreter(arguments: list[str], output: IO[bytes]) -> Child:
    """Start the child from nothing, which works in every process."""
    return subprocess.Popen(
        # -P: no module of the present directory may stand for one of Python's
        [sys.executable, "-P", "-m", "buildmill.master.config.rehearsal_child", *arguments],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        start_new_session=True,
    )


class Rehearsal:
    """One reading in a child process.

    Args:
        basedir: the master's directory.
        filename: the configuration, absolute or below it.
        seconds: how long it may take.
        start: how the child comes to be.
    """

    def __init__(
        self,
        basedir: Path,
        filename: str | Path,
        *,
        seconds: float = DEFAULT_SECONDS,
        start: Start = in_new_interpreter,
    ) -> None:
        self._file = basedir / filename
        self._seconds = seconds
        self._folder = tempfile.TemporaryDirectory(prefix="buildmill-check-")
        folder = Path(self._folder.name)
        self._report = folder / "report.json"
        self._output = folder / "output"
        self._is_cancelled = self._is_over = False
        arguments = [str(basedir), str(filename), str(self._report), str(seconds)]
        with self._output.open("wb") as output:
            self._child = start(arguments, output)

    def wait_blocking(self) -> Report:
        """The outcome; returns after `seconds` at the latest. What the child has left running is ended.

        Raises:
            Cancelled: see `cancel`.
        """
        with self._folder:
            is_late = False
            try:
                self._child.wait(self._seconds + _SLACK_SECONDS)
            except subprocess.TimeoutExpired:
                is_late = True
            finally:
                self._kill()
                self._child.wait()
                self._is_over = True
            if self._is_cancelled:
                raise Cancelled("the configuration is not read to its end: the reading was cancelled")
            output = self._said()
            try:
                report = msgspec.json.decode(self._report.read_bytes(), type=Report)
            except (FileNotFoundError, msgspec.DecodeError):
                printed = _DUMP.split(output, maxsplit=1)[0]
                return Report(problems=(self._verdict(output, is_late),), output=printed)
            return msgspec.structs.replace(report, output=output)

    def cancel(self) -> None:
        """End it at once. Safe from any thread and from a signal's handler; harmless when it has ended."""
        self._is_cancelled = True
        if not self._is_over:
            self._kill()

    def _kill(self) -> None:
        # the child leads a group of its own; what it has started is in there, and keeps the number taken
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self._child.pid, signal.SIGKILL)
            return
        if self._child.returncode is None:  # a fork that leads no group yet, and has started nothing
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._child.pid, signal.SIGKILL)

    def _said(self) -> str:
        with self._output.open("rb") as file:
            file.seek(max(0, self._output.stat().st_size - _OUTPUT_BYTES))
            return file.read().decode(errors="replace")

    def _verdict(self, output: str, is_late: bool) -> ReportedProblem:
        from buildmill.master.config.execution import is_users_file

        code = self._child.returncode
        where: tuple[str, int | None] = (str(self._file), None)
        for file, line in _FRAME.findall(output):
            if is_users_file(file):
                where = file, int(line)
                break
        if is_late or "Timeout (" in output:
            what = f"it was not read within {self._seconds:g} seconds"
            hint = "something in it waits or never ends"
        elif code is not None and code < 0:
            what = f"the process that read it was ended by {signal.Signals(-code).name}"
            hint = "a library that it uses crashed, or the machine has no memory left"
        else:
            what = f"the process that read it ended with code {code} before it was done"
            hint = "something in it calls os._exit, or replaces the process"
        return ReportedProblem(message=what, file=where[0], line=where[1], hint=hint)


def rehearse_blocking(
    basedir: Path, filename: str | Path, *, seconds: float = DEFAULT_SECONDS, start: Start = in_new_interpreter
) -> Report:
    """Read a configuration in a child process; see `Rehearsal`."""
    return Rehearsal(basedir, filename, seconds=seconds, start=start).wait_blocking()


def as_reported(problem: ConfigProblem) -> ReportedProblem:
    """A problem as a value."""
    return ReportedProblem(message=problem.message, file=problem.file, line=problem.line, hint=problem.hint)


def as_json(value: Any) -> str:
    """Readable JSON of a struct."""
    return msgspec.json.format(msgspec.json.encode(value)).decode()
