"""`Cppcheck`: looks for mistakes in C and C++ sources."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error
from buildmill.master.steps.arguments import check_type, label
from buildmill.master.steps.counting import CountingShellCommand


class Cppcheck(CountingShellCommand):
    """Runs cppcheck; errors are a failure, other findings warnings.

    Args:
        binary: the program.
        source: files and directories, by default the step's directory.
        enable: list of kinds of checks.
        inconclusive: tell what may be wrong, too.
        extra_args: list of more options.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "cppcheck"
    description: Any = ["running", "cppcheck"]
    descriptionDone: Any = ["cppcheck"]
    kinds: ClassVar[tuple[str, ...]] = ("error", "warning", "style", "performance", "portability", "information")
    flunking_kinds: ClassVar[frozenset[str]] = frozenset({"error"})
    property_prefix: ClassVar[str] = "cppcheck"
    property_source: ClassVar[str] = "Cppcheck"
    renderables: Any = (*CountingShellCommand.renderables, "binary", "source", "extra_args")
    binary: Any = "cppcheck"
    source: Any = (".",)
    enable: Any = ()
    inconclusive: Any = False
    extra_args: Any = ()

    _FINDING = re.compile(
        r"(?:\[.+\]: |)\((?P<old>[a-z]+)(?:, ?inconclusive)?\) "  # before 2.0
        r"|.*?:\d+(?::\d+)?: (?P<new>[a-z]+): "
    )

    def __init__(self, **kwargs: Any) -> None:
        for name in ("binary", "source", "enable", "inconclusive", "extra_args"):
            if name in kwargs:
                setattr(self, name, kwargs.pop(name))
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        super().__init__(**{**kwargs, "command": ["cppcheck"]})
        check_type(self, "binary", self.binary, str)
        for name in ("source", "enable", "extra_args"):
            check_type(self, name, getattr(self, name), list, tuple)
        check_type(self, "inconclusive", self.inconclusive, bool)

    async def run(self) -> int:
        """Look."""
        line = [self.binary, *self.source]
        if self.enable:
            line.append(f"--enable={','.join(self.enable)}")
        if self.inconclusive:
            line.append("--inconclusive")
        self.command = [*line, *self.extra_args]
        return await super().run()

    def kind_of(self, line: str) -> str | None:
        """By cppcheck's severity."""
        found = self._FINDING.match(line)
        kind = (found["old"] or found["new"]) if found else None
        return kind if kind in self.kinds else None
