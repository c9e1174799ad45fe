"""Steps that build and check Debian packages: pbuilder, cowbuilder, lintian."""

from __future__ import annotations

import stat
from typing import Any, ClassVar

from buildmill.common.results import SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, label, require
from buildmill.master.steps.compiling import WarningCountingShellCommand
from buildmill.master.steps.counting import CountingShellCommand

_MAX_AGE_SECONDS = 7 * 24 * 3600
_BASE_MODIFIED = 8
"""Place of the time of the last change in what a worker tells of a file."""


class DebPbuilder(WarningCountingShellCommand):
    """Builds a Debian package with ``pdebuild`` in a clean system; that system is made, and renewed each week.

    The worker's user must be allowed to run pbuilder by sudo.

    Args:
        distribution: the release of the system. architecture: another one than the worker's.
        basetgz: where the system is kept; ``%(distribution)s`` and ``%(architecture)s`` in it are replaced.
        mirror: where its packages come from; othermirror: a line, or a list of lines, of more places.
        extrapackages: list of packages that are installed. keyring: file with the keys of the mirror.
        components: parts of the distribution, separated by spaces.
        **kwargs: those of `WarningCountingShellCommand` but `command`.
    """

    name: Any = "pbuilder"
    haltOnFailure: Any = True
    flunkOnFailure: Any = True
    description: Any = ["building"]
    descriptionDone: Any = ["built"]
    warningPattern: Any = r".*(warning[: ]|\sW: ).*"
    architecture: Any = None
    distribution: Any = "stable"
    basetgz: Any = None
    mirror: Any = "http://deb.debian.org/debian/"
    othermirror: Any = ""
    extrapackages: Any = ()
    keyring: Any = None
    components: Any = None
    renderables: Any = (
        *WarningCountingShellCommand.renderables,
        "architecture",
        "basetgz",
        "components",
        "distribution",
        "extrapackages",
        "keyring",
        "mirror",
        "othermirror",
    )

    pbuilder: ClassVar[str] = "/usr/sbin/pbuilder"
    base_option: ClassVar[str] = "--basetgz"
    base_ending: ClassVar[str] = ".tgz"

    def __init__(
        self,
        architecture: Any = None,
        distribution: Any = None,
        basetgz: Any = None,
        mirror: Any = None,
        othermirror: Any = None,
        extrapackages: Any = None,
        keyring: Any = None,
        components: Any = None,
        **kwargs: Any,
    ) -> None:
        given = {
            "architecture": architecture,
            "distribution": distribution,
            "basetgz": basetgz,
            "mirror": mirror,
            "othermirror": othermirror,
            "extrapackages": extrapackages,
            "keyring": keyring,
            "components": components,
        }
        for name, value in given.items():
            if value is not None:
                setattr(self, name, value)
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        super().__init__(**{**kwargs, "command": ["pdebuild"]})
        require(self, "distribution", self.distribution)
        for name in ("architecture", "distribution", "basetgz", "mirror", "keyring", "components"):
            check_type(self, name, getattr(self, name), str, optional=True)
        check_type(self, "othermirror", self.othermirror, str, list, tuple)
        check_type(self, "extrapackages", self.extrapackages, list, tuple)

    async def run(self) -> int:
        """Have the system ready, and build."""
        base = self._base()
        await self._prepare(base)
        line = ["pdebuild", "--buildresult", ".", "--pbuilder", self.pbuilder]
        if self.architecture:
            line += ["--architecture", self.architecture]
        line += ["--", "--buildresult", ".", self.base_option, base]
        if self.extrapackages:
            line += ["--extrapackages", " ".join(self.extrapackages)]
        self.command = line
        return await super().run()

    def _base(self) -> str:
        pattern = self.basetgz
        if pattern is None:
            architecture = "-%(architecture)s" if self.architecture else ""
            pattern = f"/var/cache/pbuilder/%(distribution)s{architecture}-local-buildbot{self.base_ending}"
        values = {"distribution": self.distribution, "architecture": self.architecture or ""}
        try:
            return str(pattern % values)
        except (KeyError, ValueError, TypeError) as problem:
            raise BuildStepFailed(f"basetgz cannot be made of {pattern!r}: {problem}") from problem

    async def _prepare(self, base: str) -> None:
        look = RemoteCommand("stat", {"path": base}, stdioLogName="pbuilder")
        look.useLog(await self.addLog("pbuilder"))
        await self.runCommand(look)
        if look.rc != 0:
            await self._pbuilder(["--create", self.base_option, base, *self._options()])
            return
        found = look.updates["stat"][-1]
        if not (stat.S_ISREG(found[0]) or stat.S_ISDIR(found[0])):
            raise BuildStepFailed(f"{base} is neither a file nor a directory")
        now = await self.calls.once("time", base, lambda: int(self.build.clock.seconds()))
        if now - found[_BASE_MODIFIED] > _MAX_AGE_SECONDS:
            await self._pbuilder(["--update", self.base_option, base])

    def _options(self) -> list[str]:
        line = ["--distribution", self.distribution, "--mirror", self.mirror]
        others = self.othermirror if isinstance(self.othermirror, str) else "|".join(self.othermirror)
        options = {
            "--othermirror": others,
            "--architecture": self.architecture,
            "--extrapackages": " ".join(self.extrapackages),
            "--debootstrapopts": f"--keyring={self.keyring}" if self.keyring else None,
            "--components": self.components,
        }
        return [*line, *(word for name, value in options.items() if value for word in (name, value))]

    async def _pbuilder(self, words: list[str]) -> None:
        command = await self.makeRemoteShellCommand(command=["sudo", self.pbuilder, *words], stdioLogName="pbuilder")
        await self.runCommand(command)
        if command.results() != SUCCESS:
            raise BuildStepFailed(f"pbuilder {words[0]} failed with exit code {command.rc}")


class DebCowbuilder(DebPbuilder):
    """The same with ``cowbuilder``, which keeps the system as a directory."""

    name: Any = "cowbuilder"
    pbuilder: ClassVar[str] = "/usr/sbin/cowbuilder"
    base_option: ClassVar[str] = "--basepath"
    base_ending: ClassVar[str] = ".cow/"


class UbuPbuilder(DebPbuilder):
    """The same for Ubuntu; `distribution` must be given."""

    distribution: Any = None
    mirror: Any = "http://archive.ubuntu.com/ubuntu/"
    components: Any = "main universe"


class UbuCowbuilder(DebCowbuilder):
    """The same for Ubuntu with ``cowbuilder``; `distribution` must be given."""

    distribution: Any = None
    mirror: Any = "http://archive.ubuntu.com/ubuntu/"
    components: Any = "main universe"


class DebLintian(CountingShellCommand):
    """Checks a Debian package with ``lintian``; errors are a failure, which counts as a warning for the build.

    Args:
        fileloc: the package or its ``.changes`` file; needed.
        suppressTags: list of tags that don't count.
        **kwargs: those of all shell steps but `command`.
    """

    name: Any = "lintian"
    description: Any = "Lintian running"
    descriptionDone: Any = "Lintian"
    flunkOnFailure: Any = False
    warnOnFailure: Any = True
    kinds: ClassVar[tuple[str, ...]] = ("Warnings", "Errors")
    flunking_kinds: ClassVar[frozenset[str]] = frozenset({"Errors"})
    fileloc: Any = None
    suppressTags: Any = ()
    renderables: Any = (*CountingShellCommand.renderables, "fileloc", "suppressTags")

    def __init__(self, fileloc: Any = None, suppressTags: Any = None, **kwargs: Any) -> None:
        if "command" in kwargs:
            config_error(f"{label(self)}: the argument command is not taken here")
        if fileloc is not None:
            self.fileloc = fileloc
        if suppressTags is not None:
            self.suppressTags = suppressTags
        super().__init__(**{**kwargs, "command": ["lintian"]})
        require(self, "fileloc", self.fileloc)
        check_type(self, "fileloc", self.fileloc, str, optional=True)
        check_type(self, "suppressTags", self.suppressTags, list, tuple)

    async def run(self) -> int:
        """Check it."""
        self.command = ["lintian", "-v", self.fileloc]
        for tag in self.suppressTags:
            self.command += ["--suppress-tags", tag]
        return await super().run()

    def kind_of(self, line: str) -> str | None:
        """By lintian's letter."""
        return "Warnings" if line.startswith("W: ") else "Errors" if line.startswith("E: ") else None

    def log_name(self, kind: str, command: RemoteCommand) -> str:
        """With the number."""
        return f"{len(self.lines[kind])} {kind}"

    def weigh(self, command: RemoteCommand) -> int:
        """The exit code counts, too."""
        return self.worst_with(command)
