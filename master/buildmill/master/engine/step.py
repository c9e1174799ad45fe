"""`BuildStep`: one step of a build, and the base of all kinds of steps.

Names are those that authors of steps know from Buildbot. A step acts through `calls` and the methods here only.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from twisted.logger import Logger

from buildmill.common.errors import BuildmillError
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SUCCESS, WARNINGS, Result
from buildmill.master.db import steps as step_rows
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.lock_values import as_lock_accesses
from buildmill.master.domain.rendering import is_plain, is_renderable
from buildmill.master.engine.calls import StepCalls
from buildmill.master.engine.hosts import StepHost
from buildmill.master.engine.locks import LockHolder
from buildmill.master.engine.remote_command import RemoteCommand, RemoteCommandFailed
from buildmill.master.engine.step_log import LogObserver, StepLog
from buildmill.master.engine.summaries import joined, step_text
from buildmill.master.engine.test_results import StepTestResults
from buildmill.master.engine.user_code import begun_at_once

_DATA_NAME_LENGTH = 256


class BuildStepFailed(Exception):
    """Raised by a step's code: the step has failed."""


class BuildStepCancelled(Exception):
    """Raised by a step's code: the step was cancelled."""


class _RememberArguments(type):
    """Keeps what a step's constructor was called with, so that each build can make its own step of it."""

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        step = super().__call__(*args, **kwargs)
        step._factory_args = (cls, args, kwargs)
        return step


class BuildStep(metaclass=_RememberArguments):
    """Base of all steps; a subclass overrides `run`.

    Args:
        **kwargs: any of `parms`; an unknown one is an error of the configuration.
    """

    _log = Logger()

    haltOnFailure: Any = False
    flunkOnWarnings: Any = False
    flunkOnFailure: Any = True
    warnOnWarnings: Any = False
    warnOnFailure: Any = False
    alwaysRun: Any = False
    doStepIf: Any = True
    hideStepIf: Any = False
    description: Any = None
    descriptionDone: Any = None
    descriptionSuffix: Any = None
    updateBuildSummaryPolicy: Any = None
    useProgress = True
    progressMetrics: Any = ()
    logEncoding: Any = None
    locks: Any = None
    workdir: Any = None

    parms: ClassVar[list[str]] = [
        "alwaysRun",
        "description",
        "descriptionDone",
        "descriptionSuffix",
        "doStepIf",
        "flunkOnFailure",
        "flunkOnWarnings",
        "haltOnFailure",
        "updateBuildSummaryPolicy",
        "hideStepIf",
        "locks",
        "logEncoding",
        "name",
        "progressMetrics",
        "useProgress",
        "warnOnFailure",
        "warnOnWarnings",
        "workdir",
    ]
    name: Any = "generic"

    renderables: Sequence[str] = (
        "alwaysRun",
        "description",
        "descriptionDone",
        "descriptionSuffix",
        "doStepIf",
        "flunkOnFailure",
        "flunkOnWarnings",
        "haltOnFailure",
        "hideStepIf",
        "logEncoding",
        "updateBuildSummaryPolicy",
        "warnOnFailure",
        "warnOnWarnings",
        "workdir",
    )

    _factory_args: tuple[type, tuple[Any, ...], dict[str, Any]]

    def __init_subclass__(cls, **kwargs: Any) -> None:
        """A class names only its own renderables; those of its bases are rendered, too."""
        super().__init_subclass__(**kwargs)
        named = (name for base in reversed(cls.__mro__) for name in vars(base).get("renderables", ()))
        cls.renderables = tuple(dict.fromkeys(named))

    def __init__(self, **kwargs: Any) -> None:
        unknown = []
        for name, value in kwargs.items():
            if name in self.parms:
                setattr(self, name, value)
            else:
                unknown.append(name)
        if unknown:
            config_error(f"{type(self).__name__}: unknown arguments: {', '.join(sorted(unknown))}")
        self._check_arguments()
        self.build: StepHost = None  # type: ignore[assignment]  # given before anything runs
        self.worker: Any = None
        self.calls: StepCalls = None  # type: ignore[assignment]  # given before anything runs
        self.stepid: int | None = None
        self.number = 0
        self.results: Result | None = None
        self.stopped = False
        self.timed_out = False
        self.max_lines_reached = False
        self._lock_holder: LockHolder | None = None
        self._shown = ""
        self.cmd: RemoteCommand | None = None
        self.logs: dict[str, StepLog] = {}
        self._test_results = StepTestResults()
        self._observers: dict[str, list[LogObserver]] = {}
        self._commands: list[RemoteCommand] = []
        self._interrupted_with: str | None = None

    def _check_arguments(self) -> None:
        what = type(self).__name__
        if not isinstance(self.name, str) and not is_renderable(self.name):
            config_error(f"{what}: name must be a string, not {self.name!r}")
            self.name = what
        for flag in ("haltOnFailure", "flunkOnWarnings", "flunkOnFailure", "warnOnWarnings", "warnOnFailure"):
            value = getattr(self, flag)
            if not isinstance(value, bool | int) and not is_renderable(value):
                config_error(f"{what}: {flag} must be True or False, not {value!r}")
        if self.locks is not None and not is_renderable(self.locks):
            self.locks = as_lock_accesses(self.locks, f"step {self.name!r}")
        if isinstance(self.workdir, bool) or not (
            self.workdir is None
            or isinstance(self.workdir, str)
            or is_renderable(self.workdir)
            or callable(self.workdir)
        ):
            config_error(f"{what}: workdir must be a string, not {self.workdir!r}")
            self.workdir = None

    # -- given by the build ----------------------------------------------------------------

    def setBuild(self, build: StepHost) -> None:
        """The build it belongs to."""
        self.build = build

    def setDefaultWorkdir(self, workdir: Any) -> None:
        """Used unless it has a workdir of its own."""
        if self.workdir is None:
            self.workdir = workdir

    @property
    def master(self) -> Any:
        """The facade of the master."""
        return self.build.master

    # -- what subclasses override -----------------------------------------------------------

    def run(self) -> Any:
        """Do the work; return a result, or an awaitable of one."""
        raise NotImplementedError(f"{type(self).__name__} must say what it does")

    def addTestResultSets(self) -> Any:
        """Begin the step's sets of test results, with `addTestResultSet`; called before `run`. May be awaitable."""

    def getCurrentSummary(self) -> Any:
        """``{"step": text}`` while it runs; may be awaitable."""
        return {"step": joined(self.description, self.descriptionSuffix) or "running"}

    def getResultSummary(self) -> Any:
        """``{"step": text}``, and ``"build"`` for the build's own text, when it has ended; may be awaitable."""
        text = joined(self.descriptionDone or self.description, self.descriptionSuffix) or "finished"
        if self.results not in (SUCCESS, None):
            text += f" ({Result(self.results).text})"
            if self.timed_out:
                text += " (timed out)"
            elif self.max_lines_reached:
                text += " (max lines)"
        return {"step": text}

    @begun_at_once
    async def getBuildResultSummary(self) -> Any:
        """The summary, with a `build` for the build's text: its own, or by `updateBuildSummaryPolicy` its `step`."""
        summary = self.getResultSummary()
        if hasattr(summary, "__await__"):
            summary = await summary
        if self.results in self.getBuildSummaryPolicy() and "build" not in summary and "step" in summary:
            summary = {**summary, "build": summary["step"]}
        return summary

    # -- resuming ---------------------------------------------------------------------------

    resumable: ClassVar[bool]
    """Whether `run` may be entered again after a restart of the master: ``docs/howto/write-a-resumable-step.md``."""

    @classmethod
    def is_resumable(cls) -> bool:
        """Whether the code that runs has said that it may be entered again; ours always may."""
        for base in cls.__mro__:
            if "resumable" in vars(base):
                return bool(vars(base)["resumable"])
            if "run" in vars(base):
                return base.__module__.startswith("buildmill.")
        return False

    # -- stopping -----------------------------------------------------------------------------

    async def interrupt(self, reason: Any) -> None:
        """End it as soon as possible; `stopped` is true from now on."""
        if self.stopped:
            return
        self.stopped = True
        self._interrupted_with = str(reason)
        if self._lock_holder is not None and self._lock_holder.leave():
            return
        for command in tuple(self._commands):
            command.interrupt(self._interrupted_with)
        if self.stepid is not None and self.results is None:
            try:
                await self.addCompleteLog("cancelled", self._interrupted_with)
            except BuildmillError:
                self._log.failure("cannot keep the reason of a cancellation")

    @property
    def _why_interrupted(self) -> str:
        """What `interrupt` was told."""
        return self._interrupted_with or "no reason given"

    # -- what its code may use ------------------------------------------------------------------

    def getProperty(self, name: str, default: Any = None) -> Any:
        """A property of the build."""
        return self.build.properties.getProperty(name, default)

    def hasProperty(self, name: str) -> bool:
        """Whether the build has it."""
        return self.build.properties.hasProperty(name)

    def setProperty(self, name: str, value: Any, source: str | None = None, runtime: bool = True) -> None:
        """Set a property of the build."""
        source = source or type(self).__name__
        self.build.properties.setProperty(name, value, source, runtime=runtime)
        self.calls.set_property(name, value, source)

    @begun_at_once
    async def setBuildData(self, name: str, value: bytes, source: str) -> None:
        """Keep bytes of the build under a name of at most 256 characters, for programs that read them."""
        if not isinstance(value, bytes):
            raise TypeError(f"data of a build must be bytes, not {type(value).__name__}")
        if not 0 < len(name) <= _DATA_NAME_LENGTH:
            raise ValueError(f"the name of data must have 1 to {_DATA_NAME_LENGTH} characters, not {len(name)}")
        await self.calls.set_data(name, value, source)

    @begun_at_once
    async def addTestResultSet(self, description: str, category: str, value_unit: str) -> int:
        """Begin a set of test results; its id.

        Args:
            category: ``pass_fail``, ``pass_only``, ``fail_only``, ``code_issue`` or another word.
            value_unit: what the values are: ``boolean`` for passed (1) and failed (0), ``message``, or another word.
        """
        return await self._test_results.add_set(self.calls, description, category, value_unit)

    def addTestResult(
        self,
        setid: int,
        value: str,
        test_name: str | None = None,
        test_code_path: str | None = None,
        line: int | None = None,
        duration_ns: int | None = None,
    ) -> None:
        """Add a result to a set; it is written when the step's code has ended.

        Args:
            test_name, test_code_path: one of the two at least.
            line: in the file, from 1.

        Raises:
            KeyError: the set is not one of this step's.
            InvalidInput: names what is wrong.
        """
        self._test_results.add(setid, value, test_name, test_code_path, line, duration_ns)

    def getProperties(self) -> Any:
        """All properties of the build."""
        return self.build.properties

    @begun_at_once
    async def render(self, value: Any) -> Any:
        """`value` with its renderables replaced."""
        return value if is_plain(value) else await self.build.properties.render(value)

    def getWorkerName(self) -> str:
        """Name of the worker."""
        return self.build.workername

    def workerVersion(self, command: str, oldversion: str | None = None) -> str | None:
        """The version of a command on the worker; `oldversion` when it does not know it."""
        versions: dict[str, str] = self.build.connection.info.commands
        return versions.get(command, oldversion)

    def workerVersionIsOlderThan(self, command: str, minversion: str) -> bool:
        """Whether the worker's version of a command is older."""
        version = self.workerVersion(command)
        if version is None:
            return True
        return [int(p) for p in version.split(".")] < [int(p) for p in minversion.split(".")]

    def checkWorkerHasCommand(self, command: str) -> None:
        """Raise unless the worker knows the command."""
        if not self.workerVersion(command):
            raise RemoteCommandFailed(f"worker {self.getWorkerName()} does not know the command {command!r}")

    @begun_at_once
    async def addLog(self, name: str, type: str = "s", logEncoding: str | None = None) -> StepLog:
        """Add a log; write to it, and `finish` it or leave that to the step's end."""
        row, is_old = await self.calls.add_log(name, type)
        stored = await self.master.logs.lengths(row.logid) if is_old else None
        writer = None if row.complete else self.build.log_writer(row)
        log = StepLog(row, writer, self.build.clock, stored, self.build.secret_mask)
        self.logs[name] = log
        for observer in self._observers.get(name, ()):
            observer.setLog(log)
        return log

    @begun_at_once
    async def addCompleteLog(self, name: str, text: str | bytes) -> None:
        """Add a log of type t with this text."""
        await self._add_whole_log(name, "t", text)

    @begun_at_once
    async def addHTMLLog(self, name: str, html: str | bytes) -> None:
        """Add a log of type h."""
        await self._add_whole_log(name, "h", html)

    async def _add_whole_log(self, name: str, kind: str, text: str | bytes) -> None:
        data = text.encode("utf-8", "surrogateescape") if isinstance(text, str) else text
        await self.calls.add_whole_log(self.master.logs, name, kind, data, self.build.clock.seconds())

    def getLog(self, name: str) -> StepLog:
        """A log added before. Raises KeyError."""
        return self.logs[name]

    def addLogObserver(self, logname: str, observer: LogObserver) -> None:
        """Let `observer` read along; also before the log is added."""
        observer.setStep(self)
        self._observers.setdefault(logname, []).append(observer)
        if logname in self.logs:
            observer.setLog(self.logs[logname])

    @begun_at_once
    async def addURL(self, name: str, url: str) -> None:
        """Add a link to the step."""
        await self.calls.add_url(name, url)

    @begun_at_once
    async def runCommand(self, command: RemoteCommand) -> RemoteCommand:
        """Run a command on the worker; returns it when it has ended."""
        self.cmd = command
        if self.stopped:
            command.interrupted = True
            return command
        self._commands.append(command)
        try:
            await command.run(self)
        finally:
            self._commands.remove(command)
        if command.remote_failure_reason in ("timeout", "timeout_without_output"):
            self.timed_out = True
        elif command.remote_failure_reason == "max_lines_failure":
            self.max_lines_reached = True
        return command

    def updateSummary(self) -> None:
        """Show what `getCurrentSummary` says now."""

        async def update() -> None:
            summary = self.getResultSummary if self.results is not None else self.getCurrentSummary
            text = await step_text(summary, self.build.secret_mask)
            if text != self._shown and self.stepid is not None and self.results is None:
                self._shown = text
                self.calls.later(step_rows.set_state, self.stepid, text)

        self.build.tasks.start(update(), name="summary of a step")

    def describe(self, done: bool = False) -> list[str]:
        """Words about the step; the old way of `getCurrentSummary`."""
        text = joined(self.descriptionDone if done else self.description, self.descriptionSuffix)
        return text.split() if text else [self.name]

    def setProgress(self, metric: str, value: Any) -> None:
        """Accepted for compatibility; progress is not estimated."""

    def getBuildSummaryPolicy(self) -> Sequence[int]:
        """Results with which its summary goes into the build's text."""
        policy = self.updateBuildSummaryPolicy
        if policy is True:
            return list(Result)
        if policy is False:
            return []
        if policy is not None:
            return list(policy)
        shown: list[int] = [EXCEPTION, RETRY, CANCELLED]
        if self.flunkOnFailure or self.haltOnFailure or self.warnOnFailure:
            shown.append(FAILURE)
        if self.warnOnWarnings or self.flunkOnWarnings:
            shown.append(WARNINGS)
        return shown
