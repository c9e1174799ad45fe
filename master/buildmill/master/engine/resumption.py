"""What an earlier run of this master had done of a build: taken apart, compared with the configuration, restored."""

from __future__ import annotations

from collections.abc import Sequence

from twisted.logger import Logger

from buildmill.common.results import EXCEPTION, Result
from buildmill.master.db.resuming import BuildRecord, StepRecord
from buildmill.master.domain.resources import Step
from buildmill.master.engine.calls import SUMMARY, Diverged
from buildmill.master.engine.hosts import StepHost
from buildmill.master.engine.plan import plan_of
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.step_run import render_arguments
from buildmill.master.engine.user_code import RAISED

_log = Logger()

LOCKS_STEP = "locks_acquire"
"""Name of the step that a build shows while it waits for locks that its properties have named."""


class Resumption:
    """The record of a build that goes on after a restart.

    Steps are taken out one by one as the build comes to them.
    """

    def __init__(self, record: BuildRecord) -> None:
        self.stop = record.stop
        self.properties = record.properties
        self._plan = record.plan
        self._steps = {step.step.number: step for step in record.steps}
        self.step_names = {step.step.name for step in record.steps}

    def compare(self, steps: Sequence[BuildStep]) -> None:
        """Check that the configuration gives the steps that the build began with.

        Raises:
            Diverged: it gives others.
        """
        if plan_of(steps) != self._plan:
            raise Diverged("the steps of the builder changed while master was down")

    def wait_for_locks(self, number: int) -> Step | None:
        """The row of the wait for locks, if that is what was done at this place."""
        found = self._steps.get(number)
        return found.step if found is not None and found.step.name == LOCKS_STEP else None

    def take(self, number: int) -> StepRecord | None:
        """What is recorded of the step at this place; the build has come to it."""
        return self._steps.pop(number, None)

    @property
    def has_open_steps(self) -> bool:
        """Whether a step was begun that the build has not come to since."""
        return any(not record.step.complete for record in self._steps.values())


async def restore_step(step: BuildStep, build: StepHost, record: StepRecord) -> Result:
    """Let a step be one that ended before the master was started anew; returns its result."""
    step.build = build
    step.worker = build.worker_handle
    step.name = record.step.name
    step.stepid = record.step.stepid
    try:
        await render_arguments(step)
    except RAISED:  # it had its say when it ran
        _log.failure("step {step} of {build} cannot be rendered again", step=step.name, build=build.label)
    step.results = Result(record.step.results if record.step.results is not None else EXCEPTION)
    return step.results


def recorded_contribution(record: StepRecord | None) -> str | None:
    """What a step has contributed to the build's text; None if that is not known yet."""
    if record is None or SUMMARY not in record.calls:
        return None
    return str(record.calls[SUMMARY].outcome)
