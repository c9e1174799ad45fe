"""What the steps of a staging share: the work area on the worker, phases that run there, and how one fails."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from buildmill.common.results import FAILURE, Result
from buildmill.common.staging import Offer, Outcome, Phase, Task, outcome_path
from buildmill.master.db.staging import ending
from buildmill.master.db.staging.composing import Composed, compose
from buildmill.master.db.staging.starting import GUID_PROPERTY
from buildmill.master.domain.staging.errors import InvalidResult, StagingNotFound, StagingRefused
from buildmill.master.domain.staging.outcomes import STAGING_ERROR, error_text
from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.staging.tools import StagingTools
from buildmill.master.steps.staging.choosing import offer_of
from buildmill.master.steps.staging.outcome_sink import OutcomeSink
from buildmill.master.steps.transfer_base import Transfer

BLOCK_BYTES = 256 * 1024
MARGIN_SECONDS = 60.0
"""So much longer than it was told to take, a phase may run before it is killed: its program ends it by itself."""


class Ended(Exception):
    """The staging has ended, or is gone: there is nothing more to do."""


class StagingStep(Transfer):
    """Base of the steps that stage."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(maxsize=None, blocksize=BLOCK_BYTES, **kwargs)

    @property
    def tools(self) -> StagingTools:
        """What the master has for staging."""
        tools: StagingTools = self.master.staging
        return tools

    @property
    def guid(self) -> str:
        """Of what is staged."""
        return str(self.getProperty(GUID_PROPERTY))

    async def run(self) -> int:
        """Do the work of the step, if the staging has not ended."""
        await self.addLog("stdio")
        try:
            return await self.stage()
        except Ended:
            self._tell("the staging has ended")
            return FAILURE

    async def stage(self) -> int:
        """Do the work."""
        raise NotImplementedError

    async def composed(self) -> Composed:
        """What the worker is to stage; the same at each call. Raises Ended."""
        request_id, build_id, means = self.build.request.buildrequestid, self.build.buildid, self.tools.means
        try:
            found: Composed = await self.build.updates.run(compose, self.guid, request_id, build_id, means)
        except (InvalidResult, StagingNotFound) as error:
            raise Ended from error
        except StagingRefused as error:
            await self.fail(STAGING_ERROR, str(error))
            raise Ended from error
        return found

    async def task(self) -> Task:
        """What the worker is to stage, without secrets. Raises Ended."""
        return (await self.composed()).task

    def offer(self) -> Offer | None:
        """What the worker says of its staging; None if it does not stage."""
        return offer_of(self.build.connection)

    async def fail(self, name: str, detail: str = "") -> Result:
        """The staging has failed: its row says so, and the step.

        Args:
            name: of the error.
            detail: what happened, for people.
        """
        return await self.fail_with(error_text(name, detail), detail or name)

    async def fail_with(self, error: str, shown: str) -> Result:
        """As `fail`, with the whole text of the error."""
        guid, means = self.guid, self.tools.means
        await self.calls.write_once("staging failed", guid, lambda tx: ending.failed(tx, guid, error, means))
        self.logs["stdio"].addHeader(f"{error}\n")
        self._tell(shown)
        return FAILURE

    async def run_phase(
        self, offer: Offer, phase: Phase, index: int | None = None, *, seconds: float
    ) -> Outcome | None:
        """Run a phase on the worker; None if it has not told how it ended.

        Args:
            seconds: that are left for it.
        """
        program = [*offer.program, str(phase), *_index(index), "--seconds", f"{seconds:.3f}"]
        command = RemoteShellCommand(
            self.build.worker_path(self._directory),
            program,
            logfiles={OutcomeSink.name: outcome_path(phase, index)},
            timeout=None,
            maxTime=seconds + MARGIN_SECONDS,
            logEnviron=False,
        )
        sink = OutcomeSink()
        command.useLog(self.logs["stdio"])
        command.useLog(sink, logfileName=OutcomeSink.name)
        await self.runCommand(command)
        outcome = sink.outcome()
        if outcome is not None and phase is not Phase.SURVEY:
            self.logs["stdio"].addHeader(f"{_use(outcome)}\n")
        return outcome

    @property
    def _directory(self) -> str:
        return str(self.workdir or self.build.default_workdir)


def _use(outcome: Outcome) -> str:
    """What a phase has taken, and who has seen to its limits."""
    memory, disk = outcome.peak_memory_mb, outcome.peak_disk_mb
    texts = [f"took {outcome.seconds:.1f} s, at most {memory} MiB of memory and {disk} MiB of disk"]
    if outcome.dropped_log_bytes:
        texts.append(f"{outcome.dropped_log_bytes} bytes of output were dropped")
    if outcome.enforcement:
        texts.append("limits by " + ", ".join(f"{way} ({what})" for what, way in sorted(outcome.enforcement.items())))
    return "; ".join(texts)


def _index(index: int | None) -> Sequence[str]:
    return () if index is None else ("--index", str(index))
