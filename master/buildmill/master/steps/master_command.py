"""A command line on the master's own machine."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from typing import Any

from twisted.internet.defer import CancelledError, Deferred

from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.shell import flattened
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.arguments import check_type, label, require

_VARIABLE = re.compile(r"\$\{([0-9a-zA-Z_]*)\}")


class MasterShellCommand(BuildStep):
    """Runs a command line on the master, with all rights of the master: never with text that others chose.

    Args:
        command: text for the shell, or a list: a program and its arguments.
        env: the whole environment of the command, if given; a list as value is joined as a path, ``${NAME}``
            stands for a variable of the master's environment.
        workdir: by default the master's base directory.
        logEnviron: show `env` in the log.
        interruptSignal: only ``KILL`` and ``TERM`` are possible; either way TERM comes first, KILL 5 s later.
        usePTY: run it on a terminal.
        runtime_timeout: seconds it may take; None: no limit.
    """

    name: Any = "MasterShellCommand"
    description: Any = "Running"
    descriptionDone: Any = "Ran"
    descriptionSuffix: Any = None
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    renderables: Any = (*BuildStep.renderables, "command", "env")

    def __init__(
        self,
        command: Any,
        env: Any = None,
        usePTY: Any = 0,
        interruptSignal: Any = "KILL",
        logEnviron: Any = True,
        runtime_timeout: Any = 3600,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.command = command
        self.env = env
        self.usePTY = usePTY
        self.logEnviron = logEnviron
        self.interruptSignal = interruptSignal
        self.runtime_timeout = runtime_timeout
        self._process: Deferred[int] | None = None
        require(self, "command", command)
        check_type(self, "command", command, str, list, tuple)
        check_type(self, "env", env, dict, optional=True)
        check_type(self, "logEnviron", logEnviron, bool)
        check_type(self, "runtime_timeout", runtime_timeout, int, float, optional=True)
        check_type(self, "usePTY", usePTY, bool, int)
        if interruptSignal not in ("KILL", "TERM", None) and not is_renderable(interruptSignal):
            config_error(f"{label(self)}: interruptSignal must be 'KILL' or 'TERM', not {interruptSignal!r}")

    def setDefaultWorkdir(self, workdir: Any) -> None:
        """A build's directory is on the worker; here the master's own is the default."""

    async def run(self) -> int:
        """Run it; its output goes to ``stdio``."""
        argv = ["/bin/sh", "-c", self.command] if isinstance(self.command, str) else flattened(self.command)
        workdir = os.path.join(self.master.basedir, self.workdir or "")
        env = None if self.env is None else _environment(self.env)
        log = await self.addLog("stdio")
        shown = self.command if isinstance(self.command, str) else " ".join(argv)
        header = [shown, "", "** RUNNING ON BUILDMASTER **", f" in dir {workdir.rstrip('/')}", f" argv: {argv}"]
        if self.logEnviron and env is not None:  # the master's own environment may hold anything
            header.append(f" env: {env!r}")
        log.addHeader("\n".join(header) + "\n")

        code = await self.calls.once(
            "master_command",
            [argv, workdir, env],
            lambda: self._exit_code(argv, workdir, env, log),
            log=log,
        )
        if code is None:
            log.addHeader("killed\n")
            self.descriptionDone = ["killed"]
            return CANCELLED if self.stopped else FAILURE
        if code == 0:
            return SUCCESS
        log.addHeader(f"signal {-code}\n" if code < 0 else f"exit status {code}\n")
        self.descriptionDone = [f"killed ({-code})" if code < 0 else f"failed ({code})"]
        return FAILURE

    async def _exit_code(self, argv: list[str], workdir: str, env: dict[str, str] | None, log: Any) -> int | None:
        """The exit code, or None if it was ended before it ended by itself."""
        if place := self.master.tracing.place(self.build, self.stepid):  # no part of what the step asks for
            env = {**(os.environ if env is None else env), **place}
        self._process = Deferred.fromCoroutine(
            self.master.processes.run(argv, cwd=workdir, env=env, output=log.write, use_pty=bool(self.usePTY))
        )
        timer = None
        if self.runtime_timeout is not None:
            timer = self.build.clock.callLater(self.runtime_timeout, self._time_out, log)
        try:
            return await self._process
        except CancelledError:
            return None
        finally:
            if timer is not None and timer.active():
                timer.cancel()

    def _time_out(self, log: Any) -> None:
        log.addHeader(f"command timed out: {self.runtime_timeout} seconds elapsed\n")
        self.timed_out = True
        if self._process is not None:
            self._process.cancel()

    async def interrupt(self, reason: Any) -> None:
        """Kill it."""
        await super().interrupt(reason)
        if self._process is not None:
            self._process.cancel()


def _environment(env: Mapping[str, Any]) -> dict[str, str]:
    """Lists joined, ``${NAME}`` replaced, None left out. Raises TypeError for anything else."""
    made = {}
    for name, value in env.items():
        if value is None:
            continue
        if isinstance(value, list | tuple):
            value = os.pathsep.join(value)
        if not isinstance(value, str):
            raise TypeError(f"env: {name} must be a string or a list of strings, not {value!r}")
        made[name] = _VARIABLE.sub(lambda found: os.environ.get(found.group(1), ""), value)
    return made
