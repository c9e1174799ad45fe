"""The first step of a staging, and the last: the work area is made ready, and removed."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import CANCELLED, FAILURE, SUCCESS
from buildmill.common.staging import INPUT_DIRECTORY, SECRETS_PATH, TASK_PATH, Offer, Phase, Task, encode
from buildmill.master.connections.commands import FileEnd
from buildmill.master.domain.staging.errors import BlobMissing
from buildmill.master.domain.staging.outcomes import STAGING_ERROR, first_phase
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.steps.file_ends import BytesReader
from buildmill.master.steps.staging.base import StagingStep
from buildmill.master.steps.staging.phases import phase_step
from buildmill.master.steps.staging.transfers import BlobSource


class SendTask(StagingStep):
    """Tells the worker what to stage, and sends what it lacks."""

    name: Any = "send"

    async def stage(self) -> int:
        """See the class."""
        composed = await self.composed()
        task = composed.task
        offer = self.offer()
        if offer is None:
            return await self.fail("NoCompatibleCell", f"worker {self.getWorkerName()} does not stage")
        if (refusal := _refusal(offer, task, self.getWorkerName())) is not None:
            return await self.fail(*refusal)
        await self._empty()
        await self._put(TASK_PATH, BytesReader(encode(task)))
        outcome = await self.run_phase(offer, Phase.SURVEY, seconds=task.limits.seconds)
        if self.stopped:
            return CANCELLED
        if outcome is None or outcome.error:
            return await self.fail(STAGING_ERROR, outcome.message if outcome else "the worker cannot stage")
        for sha256 in outcome.missing:
            if self.stopped:
                return CANCELLED
            if not await self._send(sha256):
                return await self.fail(STAGING_ERROR, f"{sha256} cannot be sent to the worker")
        if composed.secrets.registries:
            await self._put(SECRETS_PATH, BytesReader(encode(composed.secrets)))
        self._tell(f"{len(outcome.missing)} files sent")
        self.build.addStepsAfterCurrentStep([phase_step(first_phase(task), used_seconds=outcome.seconds)])
        return SUCCESS

    async def _empty(self) -> None:
        """Remove what an earlier staging has left."""
        command = RemoteCommand(
            "rmdir", {"paths": [self.build.worker_path(self._directory)], "logEnviron": False, "timeout": None}
        )
        command.useLog(self.logs["stdio"])
        await self.runCommand(command)

    async def _put(self, path: str, content: FileEnd) -> bool:
        args = {"workerdest": path, "mode": 0o600}
        command = await self._transfer("download_file", self._worker_path(path), content, args)
        return command.rc == 0

    async def _send(self, sha256: str) -> bool:
        self._tell(f"sending {sha256[:12]}")
        source = BlobSource(self.tools.blobs, sha256)
        try:
            return await self._put(f"{INPUT_DIRECTORY}/{sha256}", source)
        except BlobMissing:
            return False
        finally:
            await source.read_close()


def _refusal(offer: Offer, task: Task, worker: str) -> tuple[str, str] | None:
    """The name of the error, and what is wrong, if a worker cannot stage this."""
    if task.lifecycle not in offer.lifecycles:
        return "NoCompatibleCell", f"worker {worker} does not know the lifecycle {task.lifecycle}"
    for what, wanted, most in (
        ("memory", task.limits.memory_mb, offer.memory_mb),
        ("disk", task.limits.disk_mb, offer.disk_mb),
    ):
        if most and wanted > most:
            return "InsufficientResources", f"worker {worker} has {most} MiB of {what}, {wanted} are needed"
    return None


class CleanUp(StagingStep):
    """Removes the work area from the worker, whatever has happened."""

    name: Any = "clean up"
    alwaysRun: Any = True
    flunkOnFailure: Any = False
    haltOnFailure: Any = False

    async def stage(self) -> int:
        """See the class."""
        command = RemoteCommand(
            "rmdir", {"paths": [self.build.worker_path(self._directory)], "logEnviron": False, "timeout": None}
        )
        command.useLog(self.logs["stdio"])
        await self.runCommand(command)
        return FAILURE if command.didFail() else SUCCESS
