"""`BuildStep`: one step of a build, and the base of all kinds of steps.

Names are those that authors of steps know from Buildbot. A step acts through `calls` and the methods here only.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.results import (
    CANCELLED,
    EXCEPTION,
    FAILURE,
    RETRY,
    SKIPPED,
    SUCCESS,
    WARNINGS,
    Result,
)
from buildmill.master.db import steps as step_rows
from buildmill.master.db.resuming import StepRecord
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.lock_values import as_lock_accesses
from buildmill.master.domain.rendering import is_plain, is_renderable
from buildmill.master.engine.calls import Diverged, StepCalls
from buildmill.master.engine.durable import CommandLost
from buildmill.master.engine.hosts import StepHost
from buildmill.master.engine.remote_command import RemoteCommand, RemoteCommandFailed, result_of
from buildmill.master.engine.step_log import LogObserver, StepLog
from buildmill.master.engine.user_code import RAISED, begun_at_once, storable

NAME_LENGTH = 50


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
        self.cmd: RemoteCommand | None = None
        self.logs: dict[str, StepLog] = {}
        self._observers: dict[str, list[LogObserver]] = {}
        self._commands: list[RemoteCommand] = []
        self._interrupted_with: str | None = None
        self._running: Deferred[Any] | None = None
        self._waiting_for_locks: Deferred[bool] | None = None
        self._state = ""

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

    def getCurrentSummary(self) -> Any:
        """``{"step": text}`` while it runs; may be awaitable."""
        return {"step": _joined(self.description, self.descriptionSuffix) or "running"}

    def getResultSummary(self) -> Any:
        """``{"step": text}``, and ``"build"`` for the build's own text, when it has ended; may be awaitable."""
        text = _joined(self.descriptionDone or self.description, self.descriptionSuffix) or "finished"
        if self.results not in (SUCCESS, None):
            text += f" ({Result(self.results).text})"
            if self.timed_out:
                text += " (timed out)"
            elif self.max_lines_reached:
                text += " (max lines)"
        return {"step": text}

    def getBuildResultSummary(self) -> Any:
        """The summary that goes into the build's text, by `updateBuildSummaryPolicy`."""
        return self.getResultSummary()

    # -- running (used by the build) ----------------------------------------------------------

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

    async def restore(self, build: StepHost, record: StepRecord) -> Result:
        """Be a step that ended before the master was started anew; returns its result."""
        self.build = build
        self.worker = build.worker_handle
        self.name = record.step.name
        self.stepid = record.step.stepid
        try:
            await self._render()
        except RAISED:  # it had its say when it ran
            self._log.failure("step {step} of {build} cannot be rendered again", step=self.name, build=build.label)
        self.results = Result(record.step.results if record.step.results is not None else EXCEPTION)
        return self.results

    async def startStep(self, build: StepHost, record: StepRecord | None = None) -> Result:
        """Run from beginning to end; returns the result. Never raises.

        Args:
            record: what the step had done when the master ended; it is entered again.
        """
        self.build = build
        self.worker = build.worker_handle
        try:
            result = await self._start(record)
        except (ConnectionLost, CommandLost, Diverged) as lost:
            build.note_lost(str(lost))
            result = RETRY
        except RAISED:
            result = EXCEPTION
            await self._keep_traceback(Failure())
        return await self._finish(result)

    async def _start(self, record: StepRecord | None) -> Result:
        if record is not None:
            self.name = record.step.name
        else:
            name = self.name if isinstance(self.name, str) else str(await self.build.render(self.name))
            self.name = self.build.unique_step_name(name)
        broken: Failure | None = None
        try:
            await self._render()
            should_run = await self._decide()
        except RAISED:
            should_run, broken = True, Failure()
        has_locks = bool(self.locks)
        self._state = "" if broken else await self._summary_text(self.getCurrentSummary) if should_run else ""
        if record is not None:
            row = record.step
        else:
            row = await self.build.updates.run(
                step_rows.begin, self.build.buildid, self.name, self.number, not has_locks, self._state
            )
        self.stepid = row.stepid
        self.calls = self.build.new_calls(row.stepid, record)
        if broken is not None:
            await self._keep_traceback(broken)
            return EXCEPTION
        if not should_run:
            return SKIPPED
        if self.stopped:
            return CANCELLED
        needs = self.build.lock_needs(self.locks or ())
        if needs and not await self._acquire(needs):
            return CANCELLED
        try:
            result = await self._run()
        except RAISED:  # not "finally": nothing is written by a coroutine that nobody waits for any more
            await self._give_back(needs)
            raise
        await self._give_back(needs)
        return result

    async def _give_back(self, needs: Sequence[Any]) -> None:
        if needs:
            self.build.locks.release(self._holder(), needs)
            await self.build.note_locks(self._holder(), ())

    async def _render(self) -> None:
        properties = self.build.properties
        for attribute in self.renderables:
            value = getattr(self, attribute, None)
            if not is_plain(value):
                setattr(self, attribute, await properties.render(value))
        if is_renderable(self.locks):
            self.locks = as_lock_accesses(await properties.render(self.locks), f"step {self.name!r}")
        if callable(self.workdir):
            self.workdir = await properties.render(self.workdir(self.build.sources))

    async def _decide(self) -> bool:
        if isinstance(self.doStepIf, bool):
            return self.doStepIf
        if not callable(self.doStepIf):
            return bool(self.doStepIf)
        decided = self.doStepIf(self)
        return bool(await decided if hasattr(decided, "__await__") else decided)

    def _holder(self) -> str:
        return f"{self.build.label}, step {self.name}"

    async def _acquire(self, needs: Sequence[Any]) -> bool:
        locks, clock = self.build.locks, self.build.clock
        if locks.holds(self._holder(), needs):
            return True
        granted: Deferred[bool] = Deferred()
        waiter = locks.wait(self._holder(), needs, lambda: granted.callback(True))
        if waiter is not None:
            assert self.stepid is not None
            self._waiting_for_locks = granted
            began = clock.seconds()
            self.calls.later(step_rows.set_state, self.stepid, "acquiring locks")
            try:
                if not await granted:
                    locks.withdraw(waiter)
                    await self.addCompleteLog(
                        "cancelled while waiting for locks", self._interrupted_with or "no reason given"
                    )
                    return False
            finally:
                self._waiting_for_locks = None
                self.build.waited_for_locks(clock.seconds() - began)
        assert self.stepid is not None
        await self.build.note_locks(self._holder(), needs)
        self.calls.later(step_rows.locks_acquired, self.stepid)
        return True

    async def _run(self) -> Result:
        self._running = Deferred.fromCoroutine(self._run_guarded())
        try:
            result: Result = await self._running
        except CancelledError:
            return CANCELLED
        else:
            return result
        finally:
            self._running = None

    async def _run_guarded(self) -> Result:
        try:
            outcome = self.run()
            result = result_of(await outcome if hasattr(outcome, "__await__") else outcome)
        except BuildStepCancelled:
            return CANCELLED
        except BuildStepFailed:
            return FAILURE
        except RemoteCommandFailed as error:
            if self.stopped:
                return CANCELLED
            await self.addCompleteLog("err.text", str(error))
            return EXCEPTION
        if self.stopped and result not in (CANCELLED, RETRY):
            return CANCELLED
        return result

    async def _finish(self, result: Result) -> Result:
        self.results = result
        if self.stepid is None:
            return result
        hidden, text = False, ""
        try:
            hidden = await self._is_hidden(result)
            text = await self._summary_text(self.getResultSummary)
        except RAISED:
            self.results = result = EXCEPTION
            await self._keep_traceback(Failure())
            text = "finished (exception)"
        for log in self.logs.values():
            log.finish()
        await self.build.finish_step_row(self, self.stepid, result, hidden, text)
        return result

    async def _is_hidden(self, result: Result) -> bool:
        hide = self.hideStepIf
        if callable(hide):
            hide = hide(result, self)
            if hasattr(hide, "__await__"):
                hide = await hide
        return bool(hide)

    async def _summary_text(self, summary: Callable[[], Any]) -> str:
        value = summary()
        if hasattr(value, "__await__"):
            value = await value
        text = value.get("step") if isinstance(value, dict) else None
        if not isinstance(text, str):
            raise TypeError(f"a summary must be a dictionary with a text under 'step', not {value!r}")
        return storable(text)

    async def _keep_traceback(self, failure: Failure) -> None:
        self._log.failure("step {step} of {build} raised", failure=failure, step=self.name, build=self.build.label)
        if self.stepid is None:
            return
        text = "".join(traceback.format_exception(failure.type, failure.value, failure.getTracebackObject()))
        try:
            await self.addCompleteLog("err.text", text)
        except BuildmillError:
            self._log.failure("cannot keep the traceback of a step")

    # -- stopping -----------------------------------------------------------------------------

    async def interrupt(self, reason: Any) -> None:
        """End it as soon as possible; `stopped` is true from now on."""
        if self.stopped:
            return
        self.stopped = True
        self._interrupted_with = str(reason)
        if self._waiting_for_locks is not None:
            self._waiting_for_locks.callback(False)
            return
        for command in tuple(self._commands):
            command.interrupt(self._interrupted_with)
        if self.stepid is not None and self.results is None:
            try:
                await self.addCompleteLog("cancelled", self._interrupted_with)
            except BuildmillError:
                self._log.failure("cannot keep the reason of a cancellation")

    def abandon(self) -> None:
        """Cancel its code, because it did not end by itself after an interrupt."""
        if self._running is not None:
            self._running.cancel()

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
        log = StepLog(row, None if row.complete else self.master.logs.writer(row), self.build.clock, stored)
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
            text = await self._summary_text(
                self.getResultSummary if self.results is not None else self.getCurrentSummary
            )
            if text != self._state and self.stepid is not None and self.results is None:
                self._state = text
                self.calls.later(step_rows.set_state, self.stepid, text)

        self.build.tasks.start(update(), name="summary of a step")

    def describe(self, done: bool = False) -> list[str]:
        """Words about the step; the old way of `getCurrentSummary`."""
        text = _joined(self.descriptionDone if done else self.description, self.descriptionSuffix)
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


def _joined(words: Any, suffix: Any = None) -> str:
    parts: list[str] = []
    for value in (words, suffix):
        if isinstance(value, str):
            parts.append(value)
        elif value:
            parts.extend(str(part) for part in value)
    return " ".join(parts)
