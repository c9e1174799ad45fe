"""`MaxQ`: runs tests of web pages with MaxQ."""

from __future__ import annotations

from typing import Any, ClassVar

from buildmill.common.results import FAILURE
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.counting import CountingShellCommand
from buildmill.master.steps.shell import with_result


class MaxQ(CountingShellCommand):
    """Runs ``run_maxq.py`` and counts lines with "TEST FAILURE:".

    Args:
        testdir: directory of the tests; needed.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "maxq"
    kinds: ClassVar[tuple[str, ...]] = ("failures",)
    flunking_kinds: ClassVar[frozenset[str]] = frozenset({"failures"})
    renderables: Any = (*CountingShellCommand.renderables, "testdir")

    def __init__(self, testdir: Any = None, **kwargs: Any) -> None:
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        super().__init__(**{**kwargs, "command": ["run_maxq.py"]})
        self.testdir = testdir
        require(self, "testdir", testdir)
        check_type(self, "testdir", testdir, str, optional=True)

    async def run(self) -> int:
        """Run them."""
        self.command = ["run_maxq.py", self.testdir]
        return await super().run()

    def kind_of(self, line: str) -> str | None:
        """By the words that MaxQ prints."""
        return "failures" if "TEST FAILURE:" in line else None

    def weigh(self, command: RemoteCommand) -> int:
        """The exit code counts, too."""
        return self.worst_with(command)

    def getResultSummary(self) -> Any:
        """How many failures."""
        count = len(self.lines["failures"])
        if count:
            return {"step": f"{count} maxq failure{'' if count == 1 else 's'}"}
        return {"step": with_result("maxq" if self.results == FAILURE else "success", self.results)}
