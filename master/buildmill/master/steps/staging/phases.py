"""A step for each phase that runs on the worker; each adds the next, for what comes depends on what was found."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.common.results import CANCELLED, SUCCESS
from buildmill.common.staging import Outcome, Phase, Task, encode
from buildmill.master.domain.staging.outcomes import (
    MALFORMED,
    NO_DROPLET,
    NO_START_COMMAND,
    STAGING_ERROR,
    Next,
    following,
    is_well_formed,
)
from buildmill.master.engine.factory import StepFactory
from buildmill.master.steps.staging.base import StagingStep
from buildmill.master.steps.staging.receiving import ReceiveDroplet


class StagingPhase(StagingStep):
    """Runs one phase.

    Args:
        phase: which.
        index: of a supplier.
        used_seconds: what the phases before it have taken, of the time for all.
        names: of the buildpacks in use, as far as they are known.
        suppliers: how many of them come before the last.
    """

    def __init__(
        self,
        phase: str,
        index: int | None = None,
        used_seconds: float = 0.0,
        names: Sequence[str] = (),
        suppliers: int = 0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.phase = Phase(phase)
        self.index = index
        self.used_seconds = used_seconds
        self.names = list(names)
        self.suppliers = suppliers

    async def stage(self) -> int:
        """See the class."""
        task, offer = await self.task(), self.offer()
        left = task.limits.seconds - self.used_seconds
        if left <= 0:
            return await self.fail(STAGING_ERROR, f"no time is left for {self.phase}")
        if offer is None:
            return await self.fail("NoCompatibleCell", f"worker {self.getWorkerName()} does not stage any more")
        outcome = await self.run_phase(offer, self.phase, self.index, seconds=left)
        if self.stopped:
            return CANCELLED
        if outcome is None:
            return await self.fail(STAGING_ERROR, f"{self.phase} has ended without saying how")
        if outcome.error:
            return await self.fail(outcome.error, outcome.message)
        if self.phase in (Phase.EXPORT, Phase.INSPECT):
            return await self._exported(task, outcome)
        self._go_on(task, outcome)
        return SUCCESS

    def _go_on(self, task: Task, outcome: Outcome) -> None:
        names = outcome.detected or self.names or [buildpack.shown for buildpack in task.buildpacks]
        suppliers = self.suppliers if outcome.suppliers is None else outcome.suppliers
        self._tell(", ".join(outcome.detected) if self.phase is Phase.DETECT else str(self.phase))
        after = following(task, self.phase, self.index, names, suppliers)
        assert after is not None  # those that are the last have a droplet
        step = phase_step(after, used_seconds=self.used_seconds + outcome.seconds, names=names, suppliers=suppliers)
        self.build.addStepsAfterCurrentStep([step])

    async def _exported(self, task: Task, outcome: Outcome) -> int:
        droplet = outcome.droplet
        if droplet is None or (self.phase is Phase.EXPORT and droplet.file is None):
            return await self.fail_with(NO_DROPLET, "no droplet")
        if not is_well_formed(droplet.result):
            return await self.fail_with(MALFORMED, "the result document is malformed")
        if not droplet.result["process_types"]:
            return await self.fail_with(NO_START_COMMAND, "no start command")
        present = {cache.key: cache.file.sha256 for cache in task.caches}
        unchanged = [cache.key for cache in droplet.caches if present.get(cache.key) == cache.file.sha256]
        self.build.addStepsAfterCurrentStep(
            [StepFactory(ReceiveDroplet, (), {"droplet": encode(droplet).decode(), "unchanged": unchanged})]
        )
        self._tell(str(self.phase))
        return SUCCESS


def phase_step(next_: Next, *, used_seconds: float, names: Sequence[str] = (), suppliers: int = 0) -> StepFactory:
    """The step of a phase."""
    arguments = {
        "phase": str(next_.phase), "index": next_.supplier, "used_seconds": used_seconds, "names": list(names),
        "suppliers": suppliers, "name": next_.title,
    }  # fmt: skip
    return StepFactory(StagingPhase, (), arguments)
