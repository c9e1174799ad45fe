"""`Build`: runs the steps of one build on one worker, from its start to its final result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.failpoints import failpoint
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, SUCCESS, WARNINGS, Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.connections.connection import WorkerConnection
from buildmill.master.data.updates import Updates
from buildmill.master.db import build_inputs, build_retries, resuming
from buildmill.master.db import builds as build_rows
from buildmill.master.db import commands as command_rows
from buildmill.master.db import steps as step_rows
from buildmill.master.db.resuming import BuildRecord, StepRecord
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.lock_values import as_lock_accesses
from buildmill.master.domain.locks import LockTable, Need
from buildmill.master.domain.rendering import RenderError, is_renderable
from buildmill.master.domain.resources import Log
from buildmill.master.domain.result_rules import compute_result_and_termination
from buildmill.master.domain.stopping import ITSELF, StoppedBy
from buildmill.master.domain.storable import storable
from buildmill.master.engine import freshness, retrying
from buildmill.master.engine.build_properties import StoredProperties, set_properties
from buildmill.master.engine.build_view import BuildView
from buildmill.master.engine.builder import Builder
from buildmill.master.engine.calls import Diverged, StepCalls, added_steps
from buildmill.master.engine.durable_command import CommandLost
from buildmill.master.engine.factory import StepFactory
from buildmill.master.engine.locks import BuildLocks
from buildmill.master.engine.plan import plan_of
from buildmill.master.engine.resumption import LOCKS_STEP, Resumption, recorded_contribution, restore_step
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.step_list import StepList
from buildmill.master.engine.step_run import StepRun
from buildmill.master.engine.substantiation import LatentWorkerFailedToSubstantiate, Substantiation
from buildmill.master.engine.summaries import build_text, contribution
from buildmill.master.engine.surroundings import Surroundings
from buildmill.master.engine.user_code import RAISED
from buildmill.master.engine.workers import WorkerHandle
from buildmill.master.engine.writes import Gate, Writes
from buildmill.master.logs.writer import LogWriter

ABANDON_SECONDS = 90.0
"""How long an interrupted step may take to end before its code is cancelled."""

TRUSTED_SECONDS = 5.0
"""A worker that was heard of this recently is not asked whether it is there before a build."""


class Build(BuildView):
    """One attempt to satisfy one build request.

    Args:
        started: the row, with what the properties come from.
        builder: whose build it is.
        worker_handle: the worker it runs on.
        updates: writes what happens.
        locks: the lock table of the master.
        new_nonce: ids for commands.
        surroundings: writes down what it runs in.
        check_owner: raises `NotOurs` in a transaction when another master has taken it over.
        moved: called when that is noticed; the build does nothing more.
        record: what it had done when the master ended; it goes on from there.
        max_attempts: so many builds of a request may lose what they run on a worker with durable commands.
        instance: that of a latent worker; None for any other.

    Attributes:
        why_not_begun: why its worker could not be started; empty if it could.
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
        new_nonce: Callable[[], str],
        surroundings: Surroundings,
        check_owner: Callable[[Transaction], None],
        moved: Callable[[], None],
        record: BuildRecord | None = None,
        max_attempts: int = 3,
        instance: Substantiation | None = None,
    ) -> None:
        super().__init__(started, builder, worker_handle)
        self.results: Result | None = None
        self.stopped = False
        self.has_lost_commands = self.has_timed_out = False
        self.why_not_begun = ""
        self.currentStep: BuildStep | None = None
        self.executedSteps: list[BuildStep] = []
        self.clock = clock
        self.tasks = TaskOwner(f"build {self.buildid}")
        self._gate = Gate(updates, check_owner, moved)
        self.updates: Writes = self._gate
        self.locks = BuildLocks(
            locks,
            build_id=self.buildid,
            worker_name=self.workername,
            updates=self._gate,
            clock=clock,
            recorded=record.held_locks if record is not None else (),
        )
        self._own_locks = self.locks.holder(self.label)
        self._stored = StoredProperties(self, self._gate)
        self._past = Resumption(record) if record is not None else None
        self._buildset_properties = started.properties
        self._stamps = started.source_stamps
        self._new_nonce = new_nonce
        self._surroundings = surroundings
        self._instance = instance
        self._attempt = started.attempt
        self._max_attempts = max_attempts
        self._written_logs: list[int] = []
        self._waiting_for_worker: Deferred[Any] | None = None
        self._steps = StepList(self, builder.config.factory.workdir)
        self._step_run: StepRun | None = None
        self._contributions: list[str] = []
        self._lost = ""
        self._problem = ""
        self._stop_reason = ""
        self._stopped_by = ITSELF
        self._stop_results: Result = CANCELLED
        self._abandon_call: Any = None

    # -- for its steps ----------------------------------------------------------------------------

    @property
    def steps(self) -> list[BuildStep]:
        return self._steps.steps

    def unique_step_name(self, name: str) -> str:
        """`name`, cut and numbered so that the build has it once."""
        return self._steps.unique_name(name)

    def new_calls(self, step_id: int, record: StepRecord | None = None) -> StepCalls:
        """The recorded calls of a step, and what is recorded of it already."""
        return StepCalls(
            self.updates,
            self.buildid,
            step_id,
            self.worker_handle.worker_id,
            self._attempt,
            self._new_nonce,
            record,
            mask=self.secret_mask,
        )

    def log_writer(self, log: Log) -> LogWriter:
        """The writer of an unfinished log of one of its steps."""
        self._written_logs.append(log.logid)
        writer: LogWriter = self.master.logs.writer(log, self._gate.write)
        return writer

    async def worker_present(self) -> WorkerConnection:
        """Wait until its worker is connected and prepared.

        Raises:
            ConnectionLost: it has no durable commands, or was away for too long.
        """
        connection = await self.worker_handle.present()
        await self._gate.pass_through()
        return connection

    def note_lost(self, reason: str) -> None:
        """Something is lost for which the build has to be tried anew; the first reason counts."""
        self._lost = self._lost or reason

    def addStepsAfterCurrentStep(self, factories: Iterable[Any]) -> None:
        """Run further steps right after the present one."""
        self._add_steps(factories, at_end=False)

    def addStepsAfterLastStep(self, factories: Iterable[Any]) -> None:
        """Run further steps at the end."""
        self._add_steps(factories, at_end=True)

    def _add_steps(self, factories: Iterable[Any], *, at_end: bool) -> None:
        made = self._steps.add(factories, None if at_end else self.currentStep)
        if self.currentStep is not None and self.currentStep.calls is not None:
            self.currentStep.calls.add_steps([step._factory_args for step in made], at_end=at_end)

    async def finish_step_row(self, step: BuildStep, step_id: int, result: Result, hidden: bool, text: str) -> None:
        """End a step's row; its logs and its commands' ends were queued before, and are committed with it."""
        if result == RETRY and self._lost:
            text = storable(
                self.secret_mask.text(f"{text}: {self._lost}")
            )  # for whoever goes on with the build before it has ended
        written = step.calls.later(step_rows.finish, step_id, int(result), hidden, text)
        durable = self.worker_handle.durable
        if durable is not None and step.calls.uids and result != RETRY:
            written.addCallback(lambda _: durable.forget_later(step.calls.uids))

    # -- running -------------------------------------------------------------------------------------

    async def run(self) -> Result:
        """Run to the end; the row and its request are finished when this returns. Never raises."""
        try:
            if self._past is None:
                await self._prepare()
            else:
                await self._prepare_again(self._past)
            result = await self._run_steps()
        except LatentWorkerFailedToSubstantiate as error:
            result, self.why_not_begun = RETRY, str(error)
        except (ConnectionLost, CommandLost, Diverged) as lost:
            result, self._lost = RETRY, self._lost or str(lost)
            self._log.info("{build}: has to be tried anew: {why}", build=self.label, why=str(lost))
        except CancelledError:
            result = self._stop_results
        except BuildmillError as error:  # a property that cannot be had, and the like
            self._log.failure("{build} failed", build=self.label)
            result, self._problem = EXCEPTION, str(error)
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
            await self.worker_handle.durable.bury(self.buildid, wanted=lambda: self._gate.is_open)
            await self._gate.pass_through()
            if self._lost and not self.stopped and self._attempt >= self._max_attempts:
                result, self._lost = EXCEPTION, f"lost {self._attempt} times, at last: {self._lost}"
        self.results = result
        state = self._final_text(result)
        await self._finish(result, state, await self._patterns_in_logs(result))
        return result

    async def _patterns_in_logs(self, result: Result) -> list[str]:
        """Those patterns of its builder's `Retry` that are in logs of failed steps."""
        policy = self.builder.config.retry
        if policy is None or not policy.logPatterns or self.stopped or result not in (FAILURE, EXCEPTION):
            return []
        try:
            log_ids = await self.updates.run(build_retries.logs_of_failed_steps, self.buildid)
            return await retrying.matched_patterns(self.master.data, policy, log_ids)
        except RAISED:  # the build has to end whatever its logs are like
            self._log.failure("{build}: its logs cannot be searched", build=self.label)
            return []

    async def _prepare(self) -> None:
        await self._worker_started()
        await self._worker_present()
        await set_properties(self, self._buildset_properties)
        await self._note_earlier_attempt()
        decide = self.builder.config.do_build_if
        if decide is not None:
            wanted = decide(self)
            if not (await wanted if hasattr(wanted, "__await__") else wanted):
                self.results = SKIPPED
                await self._stored.store()
                return
        if await self._is_fresh():
            self.results = SKIPPED
            await self._stored.store()
            return
        self._steps.add(self.builder.config.factory.steps)
        note_environment = await self._surroundings.of_build(self)
        stop = await self.updates.run(self._begin_unit, note_environment)
        failpoint("master.begun")
        if stop is not None:
            self._note_stop(*stop)
        if self.worker_handle.durable is None and self.clock.seconds() - self.worker_handle.heard_at > TRUSTED_SECONDS:
            await self.connection.ping()
        await self._take_locks()

    async def _note_earlier_attempt(self) -> None:
        """Name the build that this one follows, after a `Retry`."""
        if self.builder.config.retry is not None and self._attempt > 1:
            earlier = await self.updates.run(build_retries.latest, self.request.buildrequestid)
            if earlier is not None:
                self.properties.setProperty("retry_of_buildid", earlier[0], "Build")
                self.properties.setProperty("retry_cause", earlier[1], "Build")

    async def _is_fresh(self) -> bool:
        """Whether a build of the same inputs has succeeded, and its builder asks for that; else they are noted."""
        policy = self.builder.config.freshness
        if policy is None:
            return False
        recipes = self.builder.config.factory.steps
        digest = freshness.digest_of(policy, self._stamps, self._buildset_properties, recipes)
        if digest is None:
            return False
        builder_id, since = self.request.builderid, freshness.since(policy, int(self.clock.seconds()))

        def unit(tx: Transaction) -> tuple[int, int] | None:
            found = build_inputs.succeeded(tx, builder_id, digest, since)
            if found is None:
                build_inputs.note(tx, self.buildid, builder_id, digest)
            return found

        same = await self.updates.run(unit)
        if same is not None:
            self.why_not_begun = f"the same inputs have succeeded in build {same[1]}"
            self.properties.setProperty("same_as_buildid", same[0], "Build")
        return same is not None

    async def _prepare_again(self, past: Resumption) -> None:
        """Be where the build was when the master ended."""
        if past.stop is not None:
            self._note_stop(*past.stop)
        await self._worker_present()
        self._stored.restore(past.properties)
        past.compare(self._steps.add(self.builder.config.factory.steps))
        self._steps.note_rows(past.step_names, next_number=1)
        await self._take_locks()

    async def _worker_started(self) -> None:
        """Have a latent worker started."""
        if self._instance is None:
            return
        with suppress(RenderError, ConnectionLost):  # what only a connected worker tells; they are set anew then
            await set_properties(self, self._buildset_properties)  # the instance may depend on them
        stop = await self.updates.run(build_rows.set_state, self.buildid, f"starting worker {self.workername}")
        if stop is not None:
            self._note_stop(*stop)
        if self.stopped:
            raise CancelledError
        self._waiting_for_worker = Deferred.fromCoroutine(self._instance.ready(self))
        try:
            await self._waiting_for_worker
        finally:
            self._waiting_for_worker = None

    async def _worker_present(self) -> None:
        if self.worker_handle.durable is None or self.worker_handle.slot.is_connected:
            return
        if self.stopped:
            raise CancelledError
        self._waiting_for_worker = Deferred.fromCoroutine(self.worker_present())
        try:
            await self._waiting_for_worker
        finally:
            self._waiting_for_worker = None

    async def _take_locks(self) -> None:
        locks = self.builder.config.locks
        if not is_renderable(locks):  # they were taken before it began
            if self._past is not None and self._past.wait_for_locks(self._steps.next_number) is not None:
                self._steps.take_number()
            return
        locks = as_lock_accesses(await self.properties.render(locks), f"builder {self.builder.name!r}")
        needs = self.locks.needs(locks)
        if needs:
            await self._acquire(needs)

    def _begin_unit(
        self, tx: Transaction, note_environment: Callable[[Transaction], None]
    ) -> tuple[int, str, str] | None:
        self._stored.write_all(tx)
        note_environment(tx)
        if self.worker_handle.durable is not None:
            resuming.set_plan(tx, self.buildid, plan_of(self._steps.steps))
        step_rows.add_done(tx, self.buildid, "worker_preparation", 0, SUCCESS, f"worker {self.workername} ready")
        names = ["worker_preparation"]
        locks = self.builder.config.locks
        if locks and not is_renderable(locks):
            step_rows.add_done(tx, self.buildid, LOCKS_STEP, 1, SUCCESS, "locks acquired")
            names.append(LOCKS_STEP)
        self._steps.note_rows(names, next_number=len(names))
        return build_rows.set_state(tx, self.buildid, "building")

    async def _acquire(self, needs: Sequence[Need]) -> bool:
        waited = self._past.wait_for_locks(self._steps.next_number) if self._past is not None else None
        if waited is not None:
            self._steps.take_number()
        own = self._own_locks
        if own.goes_on(needs):
            return True
        if own.enter(needs):
            await own.note()
            if waited is not None:
                await self.updates.run(step_rows.finish, waited.stepid, int(SUCCESS), False, "locks acquired")
            else:
                number, name = self._steps.take_number(), self._steps.unique_name(LOCKS_STEP)
                await self.updates.run(step_rows.add_done, self.buildid, name, number, SUCCESS, "locks acquired")
            return True
        step = waited
        if step is None:
            number, name = self._steps.take_number(), self._steps.unique_name(LOCKS_STEP)
            step = await self.updates.run(step_rows.begin, self.buildid, name, number, False, "acquiring locks")
        await self.updates.run(build_rows.set_state, self.buildid, "acquiring locks")
        if self.stopped:
            own.leave()
        is_taken = await own.wait()
        if is_taken:
            await own.note()
        result, text = (SUCCESS, "locks acquired") if is_taken else (CANCELLED, "cancelled")
        await self.updates.run(step_rows.finish, step.stepid, int(result), False, text)
        return is_taken

    async def _run_steps(self) -> Result:
        if self.results == SKIPPED:
            return SKIPPED
        result, terminate = SUCCESS, False
        step: BuildStep | None = None
        while (step := self._steps.following(step)) is not None:
            if terminate or self.stopped:
                always = await self.render(step.alwaysRun)
                # a master that goes down tries its builds again: their last steps belong to that attempt
                is_retried = self.stopped and self._stop_results == RETRY
                is_lost = bool(self._lost) and self.worker_handle.durable is not None
                if not always or is_retried or is_lost or not self.worker_handle.is_expected:
                    continue
            self.currentStep = step
            step.number = self._steps.take_number()
            record = self._past.take(step.number) if self._past is not None else None
            if record is not None and record.step.complete:
                step_result = await self._restore(step, record)
            elif record is not None and not step.is_resumable():
                raise Diverged(f"step {record.step.name} does not say that it can be entered again")
            else:
                self._step_run = StepRun(step, self, record)
                step_result = await self._step_run.run()
            self.executedSteps.append(step)
            result, stop = compute_result_and_termination(step, step_result, result)
            terminate = terminate or stop
            if (text := recorded_contribution(record)) is not None:
                self._contributions.append(text)
            elif step.calls is not None:
                await self._note_contribution(step)
            await self._stored.store()
            failpoint("master.between_steps")
        self.currentStep = None
        for executed in self.executedSteps:
            if executed.calls is not None:
                await executed.calls.settled()
        return result

    async def _restore(self, step: BuildStep, record: StepRecord) -> Result:
        """Take over a step that has ended, with the steps that it has added."""
        result = await restore_step(step, self, record)
        if result == RETRY:
            self.note_lost(record.step.state_string)
        for factories, at_end in added_steps(record):
            self._add_steps([StepFactory(*recipe) for recipe in factories], at_end=at_end)
        durable = self.worker_handle.durable
        if durable is not None:
            durable.forget_later([command.uid for command in record.commands.values()])
        return result

    async def _note_contribution(self, step: BuildStep) -> None:
        try:
            text = await contribution(step.getBuildResultSummary)
        except RAISED:
            self._log.failure("the summary of step {step} failed", step=step.name)
            return
        if text:
            shown = storable(self.secret_mask.text(text))
            self._contributions.append(shown)
            step.calls.note_summary(shown)

    def _final_text(self, result: Result) -> str:
        why = ""
        if self.stopped and self._stop_reason:
            why = self._stop_reason
        elif self.why_not_begun:
            why = self.why_not_begun
        elif self._lost and self.worker_handle.durable is not None and result in (RETRY, EXCEPTION):
            why = self._lost
        elif result == RETRY and self._lost:
            why = f"lost connection to worker {self.workername}: {self._lost}"
        elif self._problem and result == EXCEPTION:
            why = self._problem
        return build_text(result, self.secret_mask.text(why), self._contributions)

    @property
    def _has_open_steps(self) -> bool:
        """Whether a step's row may still be unfinished: something went wrong on the way."""
        return (
            self.currentStep is not None
            or any(step.results is None for step in self.executedSteps)
            # begun in an earlier run of the master, and not entered again
            or (self._past is not None and self._past.has_open_steps)
        )

    async def _finish(self, result: Result, state: str, matched: Sequence[str] = ()) -> None:
        policy = None if self.stopped or result in (SUCCESS, WARNINGS, SKIPPED) else self.builder.config.retry
        seconds = round(self.locks.seconds_waited)
        why = storable(self.secret_mask.text(self._stop_reason))

        def unit(tx: Transaction) -> None:
            if self._has_open_steps:
                step_rows.abandon_unfinished(tx, self.buildid, result)
            if self.worker_handle.durable is not None or self._past is not None:
                command_rows.end_assigned(tx, self.buildid, self.worker_handle.worker_id)
            if self.stopped:
                build_rows.note_stop(tx, self.buildid, why, self._stop_results, self._stopped_by)
            if seconds:
                build_rows.add_locks_duration(tx, self.buildid, seconds)
            retrying.finish(
                tx, self.buildid, self.request.buildrequestid, result, state, policy=policy,
                is_lost=bool(self._lost), has_timed_out=self.has_timed_out, matched=matched,
            )  # fmt: skip

        failpoint("master.before_finish")
        try:
            await self.updates.run(unit)
            failpoint("master.after_finish")
        finally:
            self._own_locks.release()
            self.locks.release_recorded()

    # -- stopping ----------------------------------------------------------------------------------------

    def stop(self, reason: str, result: int = CANCELLED, by: StoppedBy = ITSELF) -> None:
        """End it as soon as possible; the first wish counts.

        Args:
            by: who wants it, if no row says so.
        """
        if self.stopped or self.results is not None:
            return
        self._stopped_by = by
        self._note_stop(int(result), reason, "")
        if self._waiting_for_worker is not None:
            self._waiting_for_worker.cancel()
        self._own_locks.leave()
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
            if self._step_run is not None:
                self._step_run.abandon()
            self._abandon_call = self.clock.callLater(ABANDON_SECONDS, self._abandon)

    def suspend(self) -> None:
        """Do nothing more: this master ends, or another has taken the build over, and goes on from what is written."""
        self._gate.shut()
        if self._abandon_call is not None and self._abandon_call.active():
            self._abandon_call.cancel()

    def let_go(self) -> None:
        """`suspend`, and hold nothing any more, while this master works on."""
        self.suspend()
        self._own_locks.forget()
        self.locks.abandon(self.label)
        self.master.logs.abandon(self._written_logs)

    def lost_worker(self, reason: str) -> None:
        """The worker's connection has ended; running commands have been told by it."""
        if self.worker_handle.durable is not None:
            return  # it comes back, and they go on
        self._lost = reason
        self._log.info("{build}: worker {worker} left: {why}", build=self.label, worker=self.workername, why=reason)
