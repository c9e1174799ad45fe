"""The command line and the header lines of a command, as the log shows them."""

from __future__ import annotations

import os
import shlex
from collections.abc import Mapping, Sequence

from buildmill.common.errors import InvalidInput
from buildmill.worker.commands.limits import Limits, Seconds
from buildmill.worker.commands.process_run import Invocation
from buildmill.worker.output import Streams, header

Word = str | Sequence[str]


def invocation_of(
    command: str | Sequence[Word],
    *,
    environ: Mapping[str, str],
    workdir: str,
    limits: Limits,
    stdin: bytes | None = None,
    use_pty: bool = False,
    want_stdout: bool = True,
    want_stderr: bool = True,
) -> Invocation:
    """Make an invocation out of what a step asks for.

    Args:
        command: a string is for the shell; in a list, `["obfuscated", real, shown]` stands for one word that
            the log shows otherwise than it is.

    Raises:
        InvalidInput: no words, or words that are none.
    """
    if isinstance(command, str):
        argv: list[str] = ["/bin/sh", "-c", command]
        shown_as, shown_argv = command, repr(os.fsencode(command))
    else:
        if not command:
            raise InvalidInput("command", "an empty list")
        words = [_real_and_shown(word) for word in command]
        argv = [real for real, _ in words]
        shown_as = " ".join(shlex.quote(shown) for _, shown in words)
        shown_argv = repr([os.fsencode(shown) for _, shown in words])
    if any("\0" in word for word in argv):
        raise InvalidInput("command", "holds a NUL character")
    return Invocation(
        argv=argv,
        shown_as=shown_as,
        shown_argv=shown_argv,
        environ=environ,
        workdir=workdir,
        stdin=stdin,
        use_pty=use_pty,
        limits=limits,
        want_stdout=want_stdout,
        want_stderr=want_stderr,
    )


def write_headers(output: Streams, what: Invocation, logfiles: Mapping[str, object], *, log_environ: bool) -> None:
    """Say what is going to run, in the lines that readers of these logs know."""
    lines = [what.shown_as, _directory_line(what), f" watching logfiles {dict(logfiles)!r}"]
    lines.append(f" argv: {what.shown_argv}")
    if log_environ:
        lines.append(" environment:")
        lines += [f"  {name}={value}" for name, value in sorted(what.environ.items())]
    if what.stdin is not None:
        lines.append(f" writing {len(what.stdin)} bytes to stdin")
    lines.append(f" using PTY: {what.use_pty}")
    header(output, "\n".join(lines))


def _directory_line(what: Invocation) -> str:
    line = f" in dir {what.workdir}"
    if what.limits.timeout:
        line += f" (timeout {_seconds(what.limits.timeout)})"
    if what.limits.max_time:
        line += f" (maxTime {_seconds(what.limits.max_time)})"
    return line


def _seconds(value: Seconds) -> str:
    return f"{value} sec" if value == 1 else f"{value} secs"


def _real_and_shown(word: Word) -> tuple[str, str]:
    if isinstance(word, str):
        return word, word
    match word:
        case ["obfuscated", str(real), str(shown)]:
            return real, shown
    raise InvalidInput("command", "a word is a string or an obfuscated triple")
