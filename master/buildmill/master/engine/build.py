"""`Build`: runs the steps of one build on one worker, from its start to its final result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar, cast

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import ConnectionLost
from buildmill.common.failpoints import failpoint
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS, Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.updates import Updates
from buildmill.master.db import builds as build_rows
from buildmill.master.db import commands as command_rows
from buildmill.master.db import resuming
from buildmill.master.db import steps as step_rows
from buildmill.master.db.resuming import BuildRecord, HeldLock, StepRecord
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.lock_values import LockAccess, as_lock_accesses
from buildmill.master.domain.locks import LockTable, Mode, Need
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import RenderError, is_plain, is_renderable
from buildmill.master.domain.result_rules import compute_result_and_termination
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.calls import SUMMARY, Diverged, StepCalls, added_steps
from buildmill.master.engine.durable import CommandLost
from buildmill.master.engine.factory import StepFactory
from buildmill.master.engine.plan import plan_of
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.user_code import RAISED, storable
from buildmill.master.engine.workers import WorkerHandle

T = TypeVar("T")

ABANDON_SECONDS = 90.0
"""How long an interrupted step may take to end before its code is cancelled."""

TRUSTED_SECONDS = 5.0
"""A worker that was heard of this recently is not asked whether it is there before a build."""

WORDS = {
    SUCCESS: "build successful",
    WARNINGS: "warnings",
    FAILURE: "failed",
    SKIPPED: "build skipped",
    EXCEPTION: "exception",
    RETRY: "retry",
    CANCELLED: "cancelled",
}


class Build:
    """One attempt to satisfy one build request.

    Args:
        started: the row, with what the properties come from.
        builder: whose build it is.
        worker_handle: the worker it runs on.
        updates: writes what happens.
        locks: the lock table of the master.
        held: locks that were taken for it before it started.
        new_nonce: ids for commands.
        record: what it had done when the master ended; it goes on from there.
        max_attempts: so many builds of a request may lose what they run on a worker with durable commands.
    """

    _log = Logger()

    def __init__(
        self,
        started: build_rows.StartedBuild,
        builder: Builder,
        worker_handle: WorkerHandle,
        *,
        updates: Updates,
        clock: IReactorTime,
        locks: LockTable,
        held: Sequence[Need],
        new_nonce: Callable[[], str],
        record: BuildRecord | None = None,
        max_attempts: int = 3,
    ) -> None:
        self.buildid = started.build.buildid
        self.number = started.build.number
        self.request = started.request
        self.reason = started.reason
        self.builder = builder
        self.worker_handle = worker_handle
        self._gate = Gate(updates)
        self.updates: Updates = self._gate  # type: ignore[assignment]  # all that is asked of it here
        self.clock = clock
        self.locks = locks
        self.tasks = TaskOwner(f"build {self.buildid}")
        self.properties = Properties()
        self.sources = [_source_document(stamp) for stamp in started.source_stamps]
        self.results: Result | None = None
        self.stopped = False
        self.has_lost_commands = False
        self.currentStep: BuildStep | None = None
        self.executedSteps: list[BuildStep] = []
        self._source_objects = [Source(document) for document in self.sources]
        self._changes = started.changes
        self._buildset_properties = started.properties
        self._held = list(held)
        self._new_nonce = new_nonce
        self._attempt = started.attempt
        self._max_attempts = max_attempts
        self._record = record
        self._recorded = {step.step.number: step for step in record.steps} if record is not None else {}
        self._noted_locks: dict[str, Sequence[Need]] = {}
        self._waiting_for_worker: Deferred[Any] | None = None
        self._step_names: set[str] = set()
        self._next_number = 0
        self._summaries: list[str] = []
        self._lost = ""
        self._stop_reason = ""
        self._stop_results: Result = CANCELLED
        self._waiting_for_locks: Deferred[bool] | None = None
        self._steps: list[BuildStep] = []
        self._lock_seconds = 0.0
        self._stored_properties: dict[str, tuple[Any, str]] = {}
        self._stored_revision = -1
        self._abandon_call: Any = None

    # -- what steps and user functions ask -------------------------------------------------

    @property
    def label(self) -> str:
        """How people call it."""
        return f"{self.builder.name} build {self.number}"

    @property
    def master(self) -> Any:
        return self.builder.master

    @property
    def connection(self) -> Any:
        """The connection to its worker.

        Raises:
            ConnectionLost: there is none any more.
        """
        return self.worker_handle.last_connection()

    @property
    def workername(self) -> str:
        return self.worker_handle.name

    @property
    def workerforbuilder(self) -> Any:
        return self.worker_handle

    @property
    def steps(self) -> list[BuildStep]:
        return self._steps

    def getProperties(self) -> Properties:
        return self.properties

    def getProperty(self, name: str, default: Any = None) -> Any:
        return self.properties.getProperty(name, default)

    def hasProperty(self, name: str) -> bool:
        return self.properties.hasProperty(name)

    def setProperty(self, name: str, value: Any, source: str, runtime: bool = True) -> None:
        self.properties.setProperty(name, value, source, runtime=runtime)

    async def render(self, value: Any) -> Any:
        return value if is_plain(value) else await self.properties.render(value)

    def getSourceStamp(self, codebase: str = "") -> Any:
        """The source stamp of one codebase, or None."""
        return next((s for s in self._source_objects if s.codebase == codebase), None)

    def getAllSourceStamps(self) -> list[Any]:
        return list(self._source_objects)

    def allChanges(self) -> list[Any]:
        return list(self._changes)

    def allFiles(self) -> list[str]:
        return [name for change in self._changes for name in change.files]

    def blamelist(self) -> list[str]:
        return sorted({change.author for change in self._changes})

    def getWorkerName(self) -> str:
        return self.workername

    def getBuilderName(self) -> str:
        return str(self.builder.name)

    def getUrl(self) -> str:
        """Address of its page."""
        base = self.master.config.buildbotURL if self.master.config is not None else ""
        return f"{base}#/builders/{self.builder.builderid}/builds/{self.number}"

    @property
    def path_module(self) -> Any:
        """Path rules of the worker's system."""
        return self.worker_handle.path_module

    @property
    def default_workdir(self) -> str:
        """Where steps work unless they say otherwise, below the builder's directory."""
        workdir = self.builder.config.factory.workdir
        return workdir if isinstance(workdir, str) else "build"

    def worker_path(self, path: str) -> str:
        """An absolute path on the worker; a relative one is taken from the builder's directory there."""
        rules = self.path_module
        return str(rules.join(self.worker_handle.basedir, self.builder.config.workerbuilddir, path))

    # -- BuildContext: what renderables ask -----------------------------------------------------

    def source_stamps(self) -> Sequence[Mapping[str, Any]]:
        return self.sources

    def changes(self) -> Sequence[Mapping[str, Any]]:
        import msgspec

        return [msgspec.structs.asdict(change) for change in self._changes]

    def worker_info(self) -> Mapping[str, Any]:
        return self.worker_handle.info

    async def secret(self, name: str) -> str:
        raise RenderError(f"secret {name!r}: no provider of secrets is configured")

    def url(self) -> str:
        return self.getUrl()

    # -- for its steps ----------------------------------------------------------------------------

    def unique_step_name(self, name: str) -> str:
        """`name`, cut and numbered so that the build has it once."""
        name = step_rows.unique_name(name, self._step_names)
        self._step_names.add(name)
        return name

    def take_step_number(self) -> int:
        """The place of the next step."""
        number = self._next_number
        self._next_number += 1
        return number

    def new_calls(self, step_id: int, record: StepRecord | None = None) -> StepCalls:
        """The recorded calls of a step, and what is recorded of it already."""
        return StepCalls(
            self.updates, self.buildid, step_id, self.worker_handle.worker_id, self._attempt, self._new_nonce, record
        )

    def note_lost(self, reason: str) -> None:
        """Something is lost for which the build has to be tried anew; the first reason counts."""
        self._lost = self._lost or reason

    async def note_locks(self, holder: str, needs: Sequence[Need]) -> None:
        """Write down which locks `holder`, the build or a step of it, holds: they belong to it, not to this process."""
        if needs:
            self._noted_locks[holder] = tuple(needs)
        elif self._noted_locks.pop(holder, None) is None:
            return
        held = [
            HeldLock(
                name, [str(part) for part in cast("tuple[str, ...]", need.key)], need.mode, need.count, need.max_count
            )
            for name, taken in self._noted_locks.items()
            for need in taken
        ]
        await self.updates.run(resuming.set_held_locks, self.buildid, held)

    def lock_needs(self, accesses: Iterable[LockAccess]) -> list[Need]:
        """What some locks mean on this build's worker."""
        return lock_needs(accesses, self.workername)

    def waited_for_locks(self, seconds: float) -> None:
        """Count time that was spent waiting."""
        self._lock_seconds += seconds

    def addStepsAfterCurrentStep(self, factories: Iterable[Any]) -> None:
        """Run further steps right after the present one."""
        self._add_steps(self._made_steps(factories), at_end=False)

    def addStepsAfterLastStep(self, factories: Iterable[Any]) -> None:
        """Run further steps at the end."""
        self._add_steps(self._made_steps(factories), at_end=True)

    def _add_steps(self, made: list[BuildStep], *, at_end: bool) -> None:
        if at_end or self.currentStep not in self._steps:
            place = len(self._steps)
        else:
            place = self._steps.index(self.currentStep) + 1
        self._steps[place:place] = made
        if self.currentStep is not None and self.currentStep.calls is not None:
            self.currentStep.calls.add_steps([step._factory_args for step in made], at_end=at_end)

    def _made_steps(self, factories: Iterable[Any]) -> list[BuildStep]:
        made = []
        for factory in factories:
            if isinstance(factory, StepFactory):
                step = factory.build()
            else:
                cls, args, kwargs = factory._factory_args
                step = cls(*args, **kwargs)
            step.setBuild(self)
            step.setDefaultWorkdir(self.builder.config.factory.workdir)
            made.append(step)
        return made

    async def finish_step_row(self, step: BuildStep, step_id: int, result: Result, hidden: bool, text: str) -> None:
        """End a step's row; its logs and its commands' ends were queued before, and are committed with it."""
        written = step.calls.later(step_rows.finish, step_id, int(result), hidden, text)
        durable = self.worker_handle.durable
        if durable is not None and step.calls.uids and result != RETRY:
            written.addCallback(lambda _: durable.forget_later(step.calls.uids))

    # -- running -------------------------------------------------------------------------------------

    async def run(self) -> Result:
        """Run to the end; the row and its request are finished when this returns. Never raises."""
        try:
            if self._record is None:
                await self._prepare()
            else:
                await self._prepare_again(self._record)
            result = await self._run_steps()
        except (ConnectionLost, CommandLost, Diverged) as lost:
            result, self._lost = RETRY, self._lost or str(lost)
            self._log.info("{build}: has to be tried anew: {why}", build=self.label, why=str(lost))
        except CancelledError:
            result = self._stop_results
        except RAISED:
            self._log.failure("{build} failed", build=self.label)
            result = EXCEPTION
        finally:
            if self._abandon_call is not None and self._abandon_call.active():
                self._abandon_call.cancel()
        if self.stopped:
            # who asked for the stop has said what it counts as, whatever the interrupted step or its worker say
            result = self._stop_results
        if result == RETRY and self.worker_handle.durable is not None:
            # nothing of it may run when the next attempt begins
            await self.worker_handle.durable.bury(self.buildid)
            if self._lost and not self.stopped and self._attempt >= self._max_attempts:
                result, self._lost = EXCEPTION, f"lost {self._attempt} times, at last: {self._lost}"
        self.results = result
        state = self._final_text(result)
        await self._finish(result, state)
        return result

    async def _prepare(self) -> None:
        await self._worker_present()
        await self._set_properties()
        decide = self.builder.config.do_build_if
        if decide is not None:
            wanted = decide(self)
            if not (await wanted if hasattr(wanted, "__await__") else wanted):
                self._steps = []
                self._summaries = []
                self.results = SKIPPED
                await self._store_properties()
                return
        self._steps = self._made_steps(self.builder.config.factory.steps)
        stop = await self.updates.run(self._begin_unit)
        failpoint("master.begun")
        if stop is not None:
            self._note_stop(*stop)
        if self.worker_handle.durable is None and self.clock.seconds() - self.worker_handle.heard_at > TRUSTED_SECONDS:
            await self.connection.ping()
        await self._take_locks()

    async def _prepare_again(self, record: BuildRecord) -> None:
        """Be where the build was when the master ended."""
        if record.stop is not None:
            self._note_stop(*record.stop)
        await self._worker_present()
        self.properties.build = self
        for name, (value, source) in record.properties.items():
            self.properties.setProperty(name, value, source)
        self._stored_properties, self._stored_revision = self.properties.asDict(), self.properties.revision
        self._steps = self._made_steps(self.builder.config.factory.steps)
        if plan_of(self._steps) != record.plan:
            raise Diverged("the steps of the builder changed while master was down")
        self._step_names = {step.step.name for step in record.steps}
        self._next_number = 1
        for lock in record.held_locks:
            self._noted_locks[lock.holder] = (*self._noted_locks.get(lock.holder, ()), lock.need)
        await self._take_locks()

    async def _worker_present(self) -> None:
        if self.worker_handle.durable is None or self.worker_handle.slot.is_connected:
            return
        if self.stopped:
            raise CancelledError
        self._waiting_for_worker = Deferred.fromCoroutine(self.worker_handle.present())
        try:
            await self._waiting_for_worker
        finally:
            self._waiting_for_worker = None

    async def _take_locks(self) -> None:
        locks = self.builder.config.locks
        if is_renderable(locks):
            locks = as_lock_accesses(await self.properties.render(locks), f"builder {self.builder.name!r}")
            needs = self.lock_needs(locks)
            if needs:
                await self._acquire(needs)

    def _begin_unit(self, tx: Transaction) -> tuple[int, str, str] | None:
        everything = self.properties.asDict()
        build_rows.replace_properties(tx, self.buildid, everything, everything)
        if self.worker_handle.durable is not None:
            resuming.set_plan(tx, self.buildid, plan_of(self._steps))
        self._stored_properties, self._stored_revision = everything, self.properties.revision
        step_rows.add_done(tx, self.buildid, "worker_preparation", 0, SUCCESS, f"worker {self.workername} ready")
        self._step_names.add("worker_preparation")
        self._next_number = 1
        return build_rows.set_state(tx, self.buildid, "building")

    async def _set_properties(self) -> None:
        """In the order in which later ones win; see ``docs/reference/properties.md``."""
        properties, config, worker = self.properties, self.builder.config, self.worker_handle
        properties.build = self
        master_config = self.master.config
        if master_config is not None:
            for name, value in master_config.properties.items():
                properties.setProperty(name, value, str(master_config.file))
        for change in self._changes:
            for name, (value, _) in change.properties.items():
                properties.setProperty(name, value, "Change")
        for name, (value, source) in self._buildset_properties.items():
            properties.setProperty(name, value, source)
        properties.setProperty("buildername", self.builder.name, "Builder")
        properties.setProperty("builderid", self.builder.builderid, "Builder")
        if config.project:
            properties.setProperty("projectname", config.project, "Builder")
        await self._update(config.properties, "Builder")
        properties.setProperty("workername", self.workername, "Worker")
        if worker.config.machine_name:
            properties.setProperty("machine_name", worker.config.machine_name, "Worker")
        await self._update(worker.config.properties, "Worker")
        properties.setProperty("buildnumber", self.number, "Build")
        if len(self.sources) == 1:
            for name in ("branch", "revision", "repository", "codebase", "project"):
                properties.setProperty(name, self.sources[0][name], "Build")
        owners = self.blamelist()
        if properties.hasProperty("owner"):
            owners.append(properties.getProperty("owner"))
        if owners:
            properties.setProperty("owners", owners, "Build")
        await self._update(worker.config.defaultProperties, "Worker", absent_only=True)
        await self._update(config.defaultProperties, "Builder", absent_only=True)
        rules = self.path_module
        properties.setProperty("basedir", worker.basedir, "Worker")
        properties.setProperty("builddir", rules.join(worker.basedir, config.workerbuilddir), "Worker")

    async def _update(self, values: Mapping[str, Any], source: str, absent_only: bool = False) -> None:
        for name, value in values.items():
            if not (absent_only and self.properties.hasProperty(name)):
                self.properties.setProperty(name, await self.render(value), source)

    async def _store_properties(self) -> None:
        if self.properties.revision == self._stored_revision:
            return
        everything = self.properties.asDict()
        changed = {n: v for n, v in everything.items() if self._stored_properties.get(n) != v}
        self._stored_properties, self._stored_revision = everything, self.properties.revision
        if changed:
            await self.updates.run(build_rows.replace_properties, self.buildid, everything, changed)

    async def _acquire(self, needs: Sequence[Need]) -> bool:
        waited = self._recorded.get(self._next_number)
        if waited is not None and waited.step.name == "locks_acquire":
            self.take_step_number()
        else:
            waited = None
        if self.locks.holds(self.label, needs):
            self._held.extend(needs)
            return True
        granted: Deferred[bool] = Deferred()
        waiter = self.locks.wait(self.label, needs, lambda: granted.callback(True))
        if waiter is None:
            self._held.extend(needs)
            await self.note_locks(self.label, needs)
            if waited is not None:
                await self.updates.run(step_rows.finish, waited.step.stepid, int(SUCCESS), False, "locks acquired")
            return True
        began = self.clock.seconds()
        if waited is not None:
            step = waited.step
        else:
            number = self.take_step_number()
            name = self.unique_step_name("locks_acquire")
            step = await self.updates.run(step_rows.begin, self.buildid, name, number, False, "acquiring locks")
        await self.updates.run(build_rows.set_state, self.buildid, "acquiring locks")
        self._waiting_for_locks = granted
        if self.stopped and not granted.called:
            granted.callback(False)
        won = await granted
        self._waiting_for_locks = None
        self.waited_for_locks(self.clock.seconds() - began)
        if won:
            self._held.extend(needs)
            await self.note_locks(self.label, needs)
        else:
            self.locks.withdraw(waiter)
        await self.updates.run(
            step_rows.finish, step.stepid, int(SUCCESS if won else CANCELLED), False,
            "locks acquired" if won else "cancelled",
        )  # fmt: skip
        return won

    async def _run_steps(self) -> Result:
        if self.results == SKIPPED:
            return SKIPPED
        result, terminate, done = SUCCESS, False, 0
        index = 0
        while index < len(self._steps):
            step = self._steps[index]
            index += 1
            if terminate or self.stopped:
                always = await self.render(step.alwaysRun)
                # a master that goes down tries its builds again: their last steps belong to that attempt
                is_retried = self.stopped and self._stop_results == RETRY
                is_lost = bool(self._lost) and self.worker_handle.durable is not None
                if not always or is_retried or is_lost or not self.worker_handle.is_expected:
                    continue
            self.currentStep = step
            step.number = self.take_step_number()
            record = self._recorded.pop(step.number, None)
            if record is not None and record.step.complete:
                contribution = await self._restore(step, record)
            elif record is not None and not step.is_resumable():
                raise Diverged(f"step {record.step.name} does not say that it can be entered again")
            else:
                contribution = await step.startStep(self, record)
            self.executedSteps.append(step)
            index = self._steps.index(step) + 1
            result, stop = compute_result_and_termination(step, contribution, result)
            terminate = terminate or stop
            if record is not None and SUMMARY in record.calls:
                self._summaries.append(str(record.calls[SUMMARY].outcome))
            elif contribution in step.getBuildSummaryPolicy() and step.calls is not None:
                await self._note_summary(step)
            if self.properties.revision != self._stored_revision:
                await self._store_properties()
            done += 1
            failpoint("master.between_steps")
        self.currentStep = None
        for step in self.executedSteps:
            if step.calls is not None:
                await step.calls.settled()
        return result

    async def _restore(self, step: BuildStep, record: StepRecord) -> Result:
        """Take over a step that has ended, with the steps that it has added."""
        result = await step.restore(self, record)
        for factories, at_end in added_steps(record):
            self._add_steps(self._made_steps([StepFactory(*recipe) for recipe in factories]), at_end=at_end)
        durable = self.worker_handle.durable
        if durable is not None:
            durable.forget_later([command.uid for command in record.commands.values()])
        return result

    async def _note_summary(self, step: BuildStep) -> None:
        try:
            summary = step.getBuildResultSummary()
            if hasattr(summary, "__await__"):
                summary = await summary
        except RAISED:
            self._log.failure("the summary of step {step} failed", step=step.name)
            return
        text = summary.get("build", summary.get("step")) if isinstance(summary, dict) else None
        if text:
            self._summaries.append(str(text))
            step.calls.note_summary(storable(str(text)))

    def _final_text(self, result: Result) -> str:
        text = WORDS[result]
        if self.stopped and self._stop_reason:
            text += f" ({self._stop_reason})"
        elif self._lost and self.worker_handle.durable is not None and result in (RETRY, EXCEPTION):
            text += f" ({self._lost})"
        elif result == RETRY and self._lost:
            text += f" (lost connection to worker {self.workername}: {self._lost})"
        return storable(" ".join([text, *self._summaries]))

    @property
    def _has_open_steps(self) -> bool:
        """Whether a step's row may still be unfinished: something went wrong on the way."""
        return (
            self.currentStep is not None
            or any(step.results is None for step in self.executedSteps)
            # begun in an earlier run of the master, and not entered again
            or any(not record.step.complete for record in self._recorded.values())
        )

    async def _finish(self, result: Result, state: str) -> None:
        seconds = round(self._lock_seconds)

        def unit(tx: Transaction) -> None:
            if self._has_open_steps:
                step_rows.abandon_unfinished(tx, self.buildid, result)
            if self.worker_handle.durable is not None or self._record is not None:
                command_rows.end_assigned(tx, self.buildid, self.worker_handle.worker_id)
            if seconds:
                build_rows.add_locks_duration(tx, self.buildid, seconds)
            build_rows.finish_with_request(tx, self.buildid, self.request.buildrequestid, result, state)

        failpoint("master.before_finish")
        try:
            await self.updates.run(unit)
            failpoint("master.after_finish")
        finally:
            if self._held:
                self.locks.release(self.label, self._held)
                self._held = []
            self._release_unclaimed_locks()

    def _release_unclaimed_locks(self) -> None:
        """Give back what was held when the master ended, and what the build has not come to since."""
        for lock in self._record.held_locks if self._record is not None else ():
            self.locks.release(lock.holder, [lock.need])

    # -- stopping ----------------------------------------------------------------------------------------

    def stop(self, reason: str, result: int = CANCELLED) -> None:
        """End it as soon as possible; the first wish counts."""
        if self.stopped or self.results is not None:
            return
        self._note_stop(int(result), reason, "")
        if self._waiting_for_worker is not None:
            self._waiting_for_worker.cancel()
        if self._waiting_for_locks is not None and not self._waiting_for_locks.called:
            self._waiting_for_locks.callback(False)
        if self.currentStep is not None:
            self.tasks.start(self.currentStep.interrupt(reason), name="interrupt")

    async def stopBuild(self, reason: str = "<no reason given>", results: int = CANCELLED) -> None:
        """`stop`, under the name that user code knows."""
        self.stop(reason, results)

    def _note_stop(self, result: int, reason: str, _by: str) -> None:
        self.stopped = True
        self._stop_reason = reason
        self._stop_results = Result(result)
        self._abandon_call = self.clock.callLater(ABANDON_SECONDS, self._abandon)

    def _abandon(self) -> None:
        step = self.currentStep
        if step is not None:
            self._log.warn("{build}: step {step} does not end: its code is cancelled", build=self.label, step=step.name)
            step.abandon()
            self._abandon_call = self.clock.callLater(ABANDON_SECONDS, self._abandon)

    def suspend(self) -> None:
        """Do nothing more: this master ends, and the next one goes on from what is written."""
        self._gate.close()
        if self._abandon_call is not None and self._abandon_call.active():
            self._abandon_call.cancel()

    def lost_worker(self, reason: str) -> None:
        """The worker's connection has ended; running commands have been told by it."""
        if self.worker_handle.durable is not None:
            return  # it comes back, and they go on
        self._lost = reason
        self._log.info("{build}: worker {worker} left: {why}", build=self.label, worker=self.workername, why=reason)


class Gate:
    """Writes, until it is closed: then nothing is written any more, and whoever waits for a write waits for ever."""

    def __init__(self, updates: Updates) -> None:
        self._updates = updates
        self._is_open = True

    def close(self) -> None:
        """Let nothing through from now on."""
        self._is_open = False

    async def run(self, unit: Callable[..., T], *args: Any, **kwargs: Any) -> T:
        """As `Updates.run`."""
        if not self._is_open:
            await Deferred()
        return await self._updates.run(unit, *args, **kwargs)


class Source:
    """A source stamp as user code sees it: its fields as attributes."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.__dict__.update(document)
        self.patch: tuple[int, bytes, str | None] | None = document.get("patch")
        self.codebase: str = document["codebase"]

    def asDict(self) -> dict[str, Any]:
        """The fields."""
        return dict(self.__dict__)


def _source_document(stamp: Any) -> dict[str, Any]:
    patch = stamp.patch
    document = {
        "branch": stamp.branch,
        "codebase": stamp.codebase,
        "created_at": stamp.created_at,
        "project": stamp.project,
        "repository": stamp.repository,
        "revision": stamp.revision,
        "ssid": stamp.ssid,
        "patch": None,
    }
    if patch is not None:
        document["patch"] = (patch.level, patch.body, patch.subdir)
        document |= {
            "patch_level": patch.level,
            "patch_body": patch.body,
            "patch_subdir": patch.subdir,
            "patch_author": patch.author,
            "patch_comment": patch.comment,
        }
    return document


def lock_needs(accesses: Iterable[LockAccess], worker_name: str) -> list[Need]:
    """What some locks mean for something that runs on a worker."""
    needs = []
    for access in accesses:
        lock = access.lock
        if not access.count:
            continue
        on_worker = lock.kind == "worker"
        needs.append(
            Need(
                key=("worker", lock.name, worker_name) if on_worker else ("master", lock.name),
                mode=Mode(access.mode),
                count=access.count,
                max_count=lock.max_count_on(worker_name) if on_worker else lock.max_count,
            )
        )
    return needs
