"""`CMake`: generates the build files of a project."""

from __future__ import annotations

from typing import Any

from buildmill.master.engine.shell import ShellMixin
from buildmill.master.steps.arguments import check_type


class CMake(ShellMixin):
    """Runs ``cmake`` in the step's directory.

    Args:
        path: the source directory, or a build directory that is there already.
        generator: name of the build system to write files for.
        definitions: dictionary of ``-D`` options.
        options: list of more options.
        cmake: the program.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "cmake"
    description: Any = ["running", "cmake"]
    descriptionDone: Any = ["cmake"]
    haltOnFailure: Any = True
    renderables: Any = (*ShellMixin.renderables, "cmake", "definitions", "generator", "options", "path")

    def __init__(
        self,
        path: Any = None,
        generator: Any = None,
        definitions: Any = None,
        options: Any = None,
        cmake: Any = "cmake",
        **kwargs: Any,
    ) -> None:
        super().__init__(**self.setupShellMixin(kwargs, prohibitArgs=["command"]))
        self.path = path
        self.generator = generator
        self.definitions = definitions
        self.options = options
        self.cmake = cmake
        for name in ("path", "generator"):
            check_type(self, name, getattr(self, name), str, optional=True)
        check_type(self, "definitions", definitions, dict, optional=True)
        check_type(self, "options", options, list, tuple, optional=True)
        check_type(self, "cmake", cmake, str)

    async def run(self) -> int:
        """Run it."""
        line = [self.cmake]
        if self.generator:
            line += ["-G", self.generator]
        line += [f"-D{name}={value}" for name, value in (self.definitions or {}).items()]
        line += self.options or ()
        if self.path:
            line.append(self.path)
        command = await self.makeRemoteShellCommand(command=line)
        await self.runCommand(command)
        return command.results()
