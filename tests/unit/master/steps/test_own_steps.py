"""Steps as the authors of configurations write them, in the styles that Buildbot's manual has taught over the years."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from twisted.internet import defer

from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.domain.renderables import Property
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.engine.step import BuildStep
from buildmill.master.steps.shell import ShellCommand
from tests.unit.master.steps.runs import Runs


class WithGenerators(ShellMixin, BuildStep):
    """The style of inlineCallbacks, with two bases and renderables of its own."""

    name = "generators"
    renderables = ["colour"]

    def __init__(self, colour: Any, **kwargs: Any) -> None:
        kwargs = self.setupShellMixin(kwargs, prohibitArgs=["command"])
        super().__init__(**kwargs)
        self.colour = colour

    @defer.inlineCallbacks
    def run(self) -> Generator[Any, Any, int]:
        cmd = yield self.makeRemoteShellCommand(command=["echo", self.colour], collectStdout=True)
        yield self.runCommand(cmd)
        log = yield self.addLog("told")
        yield log.addStdout(f"{cmd.stdout}{self.getProperty('buildername')}\n")
        yield log.finish()
        return int(cmd.results())


class WithoutWaiting(BuildStep):
    """Nobody waits for logs and links in old steps."""

    def run(self) -> defer.Deferred[int]:
        self.addCompleteLog("note", "written")
        self.addURL("link", "http://example.org/")
        self.setProperty("seen", True)
        return defer.succeed(SUCCESS)


class WithSuper(ShellCommand):
    """Changes what a step of ours makes of its command."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.descriptionDone = "changed"

    async def run(self) -> int:
        result = await super().run()
        return SUCCESS if result == FAILURE else FAILURE


def test_steps_of_all_styles_run(runs: Runs) -> None:
    generators, without, changed = runs.run(
        WithGenerators(colour=Property("which"), workdir=Property("which"), description=Property("which")),
        WithoutWaiting(name=Property("which")),
        WithSuper(command="false"),
        properties={"which": "red"},
    )

    assert (generators.results, generators.state_string) == (SUCCESS, "red")
    assert runs.log(generators, "told") == "ored\nob1\n"
    assert (without.results, without.name) == (SUCCESS, "red")
    assert runs.log(without, "note") == "written\n"
    assert (changed.results, changed.state_string) == (SUCCESS, "changed")
    assert runs.properties == {"which": "red", "seen": True}
