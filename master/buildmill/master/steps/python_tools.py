"""Steps that look at Python sources and documents: pyflakes, pylint, sphinx, epydoc."""

from __future__ import annotations

import re
from typing import Any, ClassVar

from buildmill.common.results import FAILURE, WARNINGS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.steps.arguments import check_choice, check_type, label, require
from buildmill.master.steps.counting import CountingShellCommand
from buildmill.master.steps.shell import with_result


class BuildEPYDoc(CountingShellCommand):
    """Runs ``make epydocs``, or what `command` says; counts lines with "Warning" and "Error"."""

    name: Any = "epydoc"
    command: Any = ["make", "epydocs"]
    description: Any = "building epydocs"
    descriptionDone: Any = "epydoc"
    kinds: ClassVar[tuple[str, ...]] = ("warn", "err")

    def kind_of(self, line: str) -> str | None:
        """By the word that it holds."""
        return "warn" if "Warning" in line else "err" if "Error" in line else None

    def log_name(self, kind: str, command: RemoteCommand) -> str:
        """Full words."""
        return {"warn": "warnings", "err": "errors"}[kind]

    def weigh(self, command: RemoteCommand) -> int:
        """A failed command is a failure, whatever it said."""
        return self.worst_with(command)


class PyFlakes(CountingShellCommand):
    """Runs ``make pyflakes``, or what `command` says; undefined names are a failure, other findings warnings."""

    name: Any = "pyflakes"
    command: Any = ["make", "pyflakes"]
    description: Any = "running pyflakes"
    descriptionDone: Any = "pyflakes"
    flunkOnFailure: Any = False
    kinds: ClassVar[tuple[str, ...]] = ("unused", "undefined", "redefs", "import*", "misc")
    flunking_kinds: ClassVar[frozenset[str]] = frozenset({"undefined"})
    property_prefix: ClassVar[str] = "pyflakes"
    property_source: ClassVar[str] = "pyflakes"

    _SIGNS: ClassVar[tuple[tuple[str, str], ...]] = (
        (r"imported but unused", "unused"),
        (r"\*' used; unable to detect undefined names", "import*"),
        (r"undefined name", "undefined"),
        (r"redefinition of unused", "redefs"),
    )

    def kind_of(self, line: str) -> str | None:
        """By what pyflakes says of a place in a file; lines that tell no place don't count."""
        if ":" not in line or re.match(r"make(\[\d+\])?:", line):
            return None
        return next((kind for sign, kind in self._SIGNS if re.search(sign, line)), "misc")

    def _has_syntax_error(self, command: RemoteCommand) -> bool:
        return command.rc != 0 and any("invalid syntax" in line for line in self.lines["misc"])

    def log_name(self, kind: str, command: RemoteCommand) -> str:
        """A file that cannot be read is told apart."""
        return "syntax-error" if kind == "misc" and self._has_syntax_error(command) else kind

    def weigh(self, command: RemoteCommand) -> int:
        """A file that cannot be read is a failure."""
        return FAILURE if self._has_syntax_error(command) else super().weigh(command)


_DIGITS_OF_LINES = 10


class PyLint(CountingShellCommand):
    """Runs pylint as `command` says; its exit code and its messages tell the result.

    Args:
        store_results: keep messages that name a place as test results, too.
        **kwargs: those of all shell steps.
    """

    name: Any = "pylint"
    description: Any = "running pylint"
    descriptionDone: Any = "pylint"
    kinds: ClassVar[tuple[str, ...]] = ("convention", "error", "fatal", "info", "refactor", "warning")
    flunking_kinds: ClassVar[frozenset[str]] = frozenset({"error", "fatal"})
    property_prefix: ClassVar[str] = "pylint"
    property_source: ClassVar[str] = "Pylint"

    _FAILING_BITS = 1 | 2 | 32  # fatal, error, wrong usage
    _BY_LETTER: ClassVar[dict[str, str]] = {kind[0].upper(): kind for kind in kinds}
    _MESSAGE = re.compile(
        r"(?:(?P<path>.+?):(?P<line>\d+)(?::\d+)?: )?"  # where, in the formats that name it first
        r"(?:\[(?P<boxed>[CEFIRW])\d*(?:\([^)]*\))?(?:, [^\]]*)?\]"
        r"|(?P<bare>[CEFIRW])(?:\d{4}(?:\([^)]*\))?:|\d*: *\d+(?:, *\d+)?:))"
    )

    def __init__(self, store_results: Any = True, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.store_results = store_results
        self._issues: int | None = None
        check_type(self, "store_results", store_results, bool)

    async def addTestResultSets(self) -> None:
        """One set for all messages."""
        if self.store_results:
            self._issues = await self.addTestResultSet("Pylint warnings", "code_issue", "message")

    def kind_of(self, line: str) -> str | None:
        """By the letter of the message."""
        found = self._MESSAGE.match(line)
        if found is None:
            return None
        if self._issues is not None and found["path"] and len(found["line"]) < _DIGITS_OF_LINES:
            self.addTestResult(self._issues, line, test_code_path=found["path"], line=int(found["line"]))
        return self._BY_LETTER[found["boxed"] or found["bare"]]

    def weigh(self, command: RemoteCommand) -> int:
        """Pylint's exit code is a set of bits."""
        if command.rc is None:
            return command.results()
        if command.rc & self._FAILING_BITS or command.rc < 0:
            return FAILURE
        return self.weight_of_lines() or (WARNINGS if command.rc else command.results())


class Sphinx(CountingShellCommand):
    """Builds documents with sphinx and counts its warnings.

    Args:
        sphinx_sourcedir, sphinx_builddir: where the sources are, and where the documents go; the latter is needed.
        sphinx_builder: which documents, as ``html``; None: sphinx's default.
        sphinx: the program.
        tags: list of tags. defines: dictionary of settings; True is 1, None is a name alone.
        strict_warnings: warnings are errors.
        mode: "full" reads everything again, "incremental" what has changed.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "sphinx"
    description: Any = "running sphinx"
    descriptionDone: Any = "sphinx"
    haltOnFailure: Any = True
    kinds: ClassVar[tuple[str, ...]] = ("warnings",)
    renderables: Any = (
        *CountingShellCommand.renderables,
        "sphinx_sourcedir",
        "sphinx_builddir",
        "sphinx_builder",
        "tags",
        "defines",
    )

    _WARNING = re.compile(r"WARNING|ERROR|SEVERE")

    def __init__(
        self,
        sphinx_sourcedir: Any = ".",
        sphinx_builddir: Any = None,
        sphinx_builder: Any = None,
        sphinx: Any = "sphinx-build",
        tags: Any = None,
        defines: Any = None,
        strict_warnings: Any = False,
        mode: Any = "incremental",
        **kwargs: Any,
    ) -> None:
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        super().__init__(**{**kwargs, "command": [sphinx]})
        self.sphinx = sphinx
        self.sphinx_sourcedir = sphinx_sourcedir
        self.sphinx_builddir = sphinx_builddir
        self.sphinx_builder = sphinx_builder
        self.tags = tags
        self.defines = defines
        self.strict_warnings = strict_warnings
        self.mode = mode
        require(self, "sphinx_builddir", sphinx_builddir)
        for name in ("sphinx_sourcedir", "sphinx"):
            check_type(self, name, getattr(self, name), str)
        for name in ("sphinx_builddir", "sphinx_builder"):
            check_type(self, name, getattr(self, name), str, optional=True)
        check_type(self, "tags", tags, list, tuple, optional=True)
        check_type(self, "defines", defines, dict, optional=True)
        check_type(self, "strict_warnings", strict_warnings, bool)
        check_choice(self, "mode", mode, ("incremental", "full"))

    async def run(self) -> int:
        """Build them."""
        line = list(self.command)
        if self.sphinx_builder:
            line += ["-b", self.sphinx_builder]
        for tag in self.tags or ():
            line += ["-t", tag]
        for name, value in sorted((self.defines or {}).items()):
            line += ["-D", name if value is None else f"{name}={int(value) if isinstance(value, bool) else value}"]
        if self.mode == "full":
            line.append("-E")
        if self.strict_warnings:
            line.append("-W")
        self.command = [*line, self.sphinx_sourcedir, self.sphinx_builddir]
        return await super().run()

    def kind_of(self, line: str) -> str | None:
        """Sphinx's levels stand in capital letters."""
        return "warnings" if self._WARNING.search(line) else None

    def weigh(self, command: RemoteCommand) -> int:
        """The exit code goes over warnings."""
        return self.worst_with(command)

    def getResultSummary(self) -> Any:
        """How many warnings."""
        return {"step": with_result(f"{self.name} {len(self.lines['warnings'])} warnings", self.results)}
