"""What authors of steps derive from."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.step_log import OutputProgressObserver
from buildmill.master.steps.composite import CompositeStepMixin
from buildmill.master.steps.shell import ShellCommand
from tests.unit.master.steps.runs import Runs


class Composite(BuildStep, CompositeStepMixin):
    """A step of a user, with the mix-in behind the base as most have it."""

    async def run(self) -> int:
        await self.addLogForRemoteCommands("stdio")
        await self.runMkdir("build/made/deep")
        assert await self.pathExists("build/made")
        assert not await self.pathExists("build/nothing")
        await self.downloadFileContentToWorker("made/file", "content\n")
        assert await self.getFileContentFromWorker("made/file") == "content\n"
        assert await self.getFileContentFromWorker("made/nothing") is None
        found = await self.runGlob("build/made/*")
        self.setProperty("found", sorted(path.rpartition("/")[2] for path in found))
        await self.runRmFile("build/made/file")
        await self.runRmdir("build/made/deep", timeout=5)
        return SUCCESS


class Failing(BuildStep, CompositeStepMixin):
    async def run(self) -> int:
        await self.addLogForRemoteCommands("stdio")
        await self.runRmFile("build/nothing")
        raise AssertionError("not reached")


def test_small_file_commands_make_a_step(runs: Runs) -> None:
    ran = runs.one(Composite())

    assert ran.results == SUCCESS
    assert runs.properties["found"] == ["deep", "file"]
    assert list((runs.work / "made").iterdir()) == []


def test_a_command_that_fails_ends_the_step(runs: Runs) -> None:
    assert runs.one(Failing()).results == FAILURE


def test_the_length_of_a_log_is_told_as_progress(runs: Runs) -> None:
    told: list[tuple[str, int]] = []

    class Watched(ShellCommand):
        def __init__(self, **kwargs: Any) -> None:
            super().__init__(**kwargs)
            self.addLogObserver("stdio", OutputProgressObserver("output"))

        def setProgress(self, metric: str, value: Any) -> None:
            told.append((metric, value))

    runs.one(Watched(command="printf 12345"))

    assert [metric for metric, _ in told] == ["output"] * len(told)
    assert [length for _, length in told] == sorted(length for _, length in told)
    assert told[-1][1] >= 5
