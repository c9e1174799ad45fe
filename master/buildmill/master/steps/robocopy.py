"""`Robocopy`: copies files on a Windows worker."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import SUCCESS, WARNINGS
from buildmill.master.engine.shell import ShellMixin
from buildmill.master.steps.arguments import check_type, require


class Robocopy(ShellMixin):
    """Runs Windows' ``robocopy``; something unexpected at the target (exit code 2 to 7) is a warning.

    Args:
        source, destination: directories.
        files: list of names or patterns, by default all.
        recursive: with all directories. mirror: make the target the same, so remove what is only there.
        move: remove what was copied from the source.
        exclude_files, exclude_dirs: lists of what is left out; exclude: the same as exclude_files.
        verbose: tell about each file. custom_opts: list of more options.
        **kwargs: those of all shell steps but `command`.
    """

    renderables: Any = (
        *ShellMixin.renderables,
        "custom_opts",
        "destination",
        "exclude",
        "exclude_dirs",
        "exclude_files",
        "files",
        "source",
    )

    def __init__(
        self,
        source: Any,
        destination: Any,
        exclude: Any = None,
        exclude_files: Any = None,
        files: Any = None,
        recursive: Any = False,
        mirror: Any = False,
        move: Any = False,
        exclude_dirs: Any = None,
        custom_opts: Any = None,
        verbose: Any = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        if "decodeRC" not in kwargs:
            self.decodeRC = {code: SUCCESS if code < 2 else WARNINGS for code in range(8)}
        self.source = source
        self.destination = destination
        self.files = files
        self.exclude = exclude
        self.exclude_files = exclude_files
        self.exclude_dirs = exclude_dirs
        self.recursive = recursive
        self.mirror = mirror
        self.move = move
        self.custom_opts = custom_opts
        self.verbose = verbose
        for name in ("source", "destination"):
            require(self, name, getattr(self, name))
            check_type(self, name, getattr(self, name), str, optional=True)
        for name in ("files", "exclude", "exclude_files", "exclude_dirs", "custom_opts"):
            check_type(self, name, getattr(self, name), list, tuple, optional=True)
        for name in ("recursive", "mirror", "move", "verbose"):
            check_type(self, name, getattr(self, name), bool)

    async def run(self) -> int:
        """Copy."""
        self.command = self._line()
        command = await self.makeRemoteShellCommand()
        await self.runCommand(command)
        return command.results()

    def _line(self) -> list[Any]:
        line = ["robocopy", self.source, self.destination, *(self.files or ())]
        for option, is_wanted in (("/E", self.recursive), ("/MIR", self.mirror), ("/MOVE", self.move)):
            if is_wanted:
                line.append(option)
        left_out = [*(self.exclude or ()), *(self.exclude_files or ())]
        if left_out:
            line += ["/XF", *left_out]
        if self.exclude_dirs:
            line += ["/XD", *self.exclude_dirs]
        if self.verbose:
            line += ["/V", "/TS", "/FP"]
        return [*line, *(self.custom_opts or ()), "/TEE", "/NP"]
