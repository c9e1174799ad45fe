"""`StepRun`: takes one step from its begin, or from where it was when the master ended, to the end of its row."""

from __future__ import annotations

import html
import traceback
from collections.abc import Sequence
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError, ConnectionLost
from buildmill.common.results import CANCELLED, EXCEPTION, FAILURE, RETRY, SKIPPED, Result
from buildmill.master.db import steps as step_rows
from buildmill.master.db.resuming import StepRecord
from buildmill.master.domain.lock_values import as_lock_accesses
from buildmill.master.domain.locks import Need
from buildmill.master.domain.rendering import RenderError, is_plain, is_renderable
from buildmill.master.engine.calls import Diverged
from buildmill.master.engine.durable_command import CommandLost
from buildmill.master.engine.hosts import StepHost
from buildmill.master.engine.remote_command import RemoteCommandFailed
from buildmill.master.engine.step import BuildStep, BuildStepCancelled, BuildStepFailed
from buildmill.master.engine.summaries import step_text
from buildmill.master.engine.user_code import RAISED


class StepRun:
    """One pass of a step.

    Args:
        record: what the step had done when the master ended; it is entered again.
    """

    _log = Logger()

    def __init__(self, step: BuildStep, build: StepHost, record: StepRecord | None = None) -> None:
        self._step = step
        self._build = build
        self._record = record
        self._running: Deferred[Any] | None = None
        self._is_lost = False

    async def run(self) -> Result:
        """Run from beginning to end; returns the result. Never raises."""
        step, build = self._step, self._build
        step.build = build
        step.worker = build.worker_handle
        try:
            result = await self._begin()
        except (ConnectionLost, CommandLost, Diverged) as lost:
            result = self._lose(lost)
        except RAISED:
            result = EXCEPTION
            await self._keep_traceback(Failure())
        if step._test_results.is_used and not self._is_lost:
            result = await self._write_test_results(result)
        self._close_parts()
        return await self._finish(result)

    def abandon(self) -> None:
        """Cancel the step's code, because it did not end by itself after an interrupt."""
        if self._running is not None:
            self._running.cancel()

    # -- the begin ----------------------------------------------------------------------------

    async def _begin(self) -> Result:
        step, build, record = self._step, self._build, self._record
        if record is not None:
            step.name = record.step.name
        else:
            name = step.name if isinstance(step.name, str) else str(await build.render(step.name))
            step.name = build.unique_step_name(build.secret_mask.text(name))
        broken: Failure | None = None
        try:
            await render_arguments(step)
            should_run = await self._decide()
        except RAISED:
            should_run, broken = True, Failure()
        has_locks = bool(step.locks)
        step._shown = "" if broken else await step_text(step.getCurrentSummary, build.secret_mask) if should_run else ""
        if record is not None:
            row = record.step
        else:
            row = await build.updates.run(
                step_rows.begin, build.buildid, step.name, step.number, not has_locks, step._shown
            )
        step.stepid = row.stepid
        step.calls = build.new_calls(row.stepid, record)
        if broken is not None:
            await self._keep_traceback(broken)
            return EXCEPTION
        if not should_run:
            return SKIPPED
        if step.stopped:
            return CANCELLED
        needs = build.locks.needs(step.locks or ())
        step._lock_holder = build.locks.holder(f"{build.label}, step {step.name}")
        if needs and not await self._acquire(needs):
            return CANCELLED
        try:
            result = await self._run()
        except RAISED:  # not "finally": nothing is written by a coroutine that nobody waits for any more
            await self._give_back(needs)
            raise
        await self._give_back(needs)
        return result

    async def _decide(self) -> bool:
        wish = self._step.doStepIf
        if isinstance(wish, bool):
            return wish
        if not callable(wish):
            return bool(wish)
        decided = wish(self._step)
        return bool(await decided if hasattr(decided, "__await__") else decided)

    async def _acquire(self, needs: Sequence[Need]) -> bool:
        step, holder = self._step, self._step._lock_holder
        assert holder is not None
        if holder.goes_on(needs):
            return True
        if not holder.enter(needs):
            step.calls.later(step_rows.set_state, step.stepid, "acquiring locks")
            if not await holder.wait():
                await step.addCompleteLog("cancelled while waiting for locks", step._why_interrupted)
                return False
        await holder.note()
        step.calls.later(step_rows.locks_acquired, step.stepid)
        return True

    async def _give_back(self, needs: Sequence[Need]) -> None:
        holder = self._step._lock_holder
        if needs and holder is not None:
            holder.release()
            await holder.note()

    # -- its code -----------------------------------------------------------------------------

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
        step = self._step
        try:
            begun = step.addTestResultSets()
            if hasattr(begun, "__await__"):
                await begun
            outcome = step.run()
            result = result_of(await outcome if hasattr(outcome, "__await__") else outcome)
        except BuildStepCancelled:
            return CANCELLED
        except BuildStepFailed:
            return FAILURE
        except RemoteCommandFailed as error:
            if step.stopped:
                return CANCELLED
            await step.addCompleteLog("err.text", str(error))
            return EXCEPTION
        if step.stopped and result not in (CANCELLED, RETRY):
            return CANCELLED
        return result

    # -- the end ------------------------------------------------------------------------------

    async def _write_test_results(self, result: Result) -> Result:
        """Write what the step's code has found, whatever its result."""
        step = self._step
        try:
            await step._test_results.write(step.calls)
            if left_out := step._test_results.left_out:
                await step.addCompleteLog("test results", f"{left_out} results more than can be kept\n")
        except Diverged as lost:
            return self._lose(lost)
        except RAISED:
            result = EXCEPTION
            await self._keep_traceback(Failure())
        return result

    def _lose(self, why: Exception) -> Result:
        self._build.note_lost(str(why))
        self._is_lost = True
        return RETRY

    def _close_parts(self) -> None:
        """End what a step has in its record and did not come to this time."""
        step = self._step
        if self._is_lost and step.stepid is not None and (self._record is not None or step._test_results.is_used):
            written = [log.log.logid for log in step.logs.values()]
            step.calls.later(step_rows.close_parts, step.stepid, written)

    async def _finish(self, result: Result) -> Result:
        step = self._step
        step.results = result
        if step.stepid is None:
            return result
        hidden, text = False, ""
        try:
            hidden = await self._is_hidden(result)
            text = await step_text(step.getResultSummary, self._build.secret_mask)
        except RAISED:
            step.results = result = EXCEPTION
            await self._keep_traceback(Failure())
            text = "finished (exception)"
        for log in step.logs.values():
            log.finish()
        await self._build.finish_step_row(step, step.stepid, result, hidden, text)
        return result

    async def _is_hidden(self, result: Result) -> bool:
        hide = self._step.hideStepIf
        if callable(hide):
            hide = hide(result, self._step)
            if hasattr(hide, "__await__"):
                hide = await hide
        return bool(hide)

    async def _keep_traceback(self, failure: Failure) -> None:
        step = self._step
        self._log.failure("step {step} of {build} raised", failure=failure, step=step.name, build=self._build.label)
        if step.stepid is None:
            return
        if failure.check(RenderError) is not None:  # says all that its reader needs
            text = f"{failure.getErrorMessage()}\n"
        else:
            text = "".join(traceback.format_exception(failure.type, failure.value, failure.getTracebackObject()))
        text = self._build.secret_mask.text(text)  # as HTML it may look otherwise
        try:
            await step.addCompleteLog("err.text", text)
            await step.addHTMLLog("err.html", f"<pre>{html.escape(text)}</pre>")
        except BuildmillError:
            self._log.failure("cannot keep the traceback of a step")


async def render_arguments(step: BuildStep) -> None:
    """Replace what is renderable among a step's arguments."""
    properties = step.build.properties
    for attribute in step.renderables:
        value = getattr(step, attribute, None)
        if not is_plain(value):
            setattr(step, attribute, await properties.render(value))
    if is_renderable(step.locks):
        step.locks = as_lock_accesses(await properties.render(step.locks), f"step {step.name!r}")
    if callable(step.workdir):
        step.workdir = await properties.render(step.workdir(step.build.sources))


def result_of(value: Any) -> Result:
    """A result that user code returned, checked.

    Raises:
        TypeError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int):
        raise TypeError(f"a step must return a result, not {value!r}")
    return Result(value)
