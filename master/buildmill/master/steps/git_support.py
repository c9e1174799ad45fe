"""What the steps that use git share: running git on the worker, and what its version can do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.engine.shell import CommandMixin
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_type, label

_VERSION = re.compile(r"git version (\d+(?:\.\d+)*)")

Version = tuple[int, ...]

MULTIPLE_BRANCHES = (1, 7, 10)  # clone --branch
PROGRESS = (1, 7, 2)
SUBMODULE_DEPTH = (1, 8, 3)
SUBMODULE_CHECKOUT = (1, 7, 8)
FILTERS = (2, 27)


def parse_version(text: str) -> Version | None:
    """The version in the output of ``git --version``; None if there is none."""
    found = _VERSION.search(text)
    return None if found is None else tuple(int(part) for part in found.group(1).split("."))


class GitMixin(CommandMixin):
    """Runs git on the worker.

    The step has `env`, `timeout`, `logEnviron`, `config` and `workdir`.
    """

    env: Any = None
    timeout: Any = 1200
    logEnviron: Any = True
    config: Any = None
    git_version: Version = (0,)

    def _check_git_arguments(self) -> None:
        check_type(self, "env", self.env, dict, optional=True)
        check_type(self, "timeout", self.timeout, int, float, optional=True)
        check_type(self, "logEnviron", self.logEnviron, bool)
        check_type(self, "config", self.config, dict, optional=True)
        if isinstance(self.config, dict):
            for key, value in self.config.items():
                if not isinstance(key, str) or "=" in key or (not isinstance(value, str) and not is_renderable(value)):
                    config_error(f"{label(self)}: config must map names to strings, not {key!r} to {value!r}")

    @asynccontextmanager
    async def _telling_failures(self) -> AsyncIterator[None]:
        """Write the reason of a failure inside the block to ``stdio``: the result alone does not tell it."""
        try:
            yield
        except BuildStepFailed as failure:
            self.logs["stdio"].addHeader(f"{failure}\n")
            raise

    async def checkFeatureSupport(self) -> bool:
        """Ask git for its version; whether there is a git."""
        output = await self._dovccmd(["--version"], abandonOnFailure=False, collectStdout=True)
        version = parse_version(output)
        if version is None:
            return False
        self.git_version = version
        return True

    def has(self, feature: Version) -> bool:
        """Whether the worker's git is of that version or later."""
        return self.git_version >= feature

    def _git_config(self) -> Mapping[str, str]:
        return self.config or {}

    def _git_env(self) -> Mapping[str, Any]:
        # A question at a prompt would hang until the timeout.
        return {"GIT_TERMINAL_PROMPT": "0", **self.build.builder.config.env, **(self.env or {})}

    async def _dovccmd(
        self,
        command: Sequence[str],
        abandonOnFailure: bool = True,
        collectStdout: bool = False,
        initialStdin: str | None = None,
        workdir: str | None = None,
    ) -> Any:
        """Run git with these arguments.

        Args:
            abandonOnFailure: a failure ends the step.
            workdir: instead of the step's own.

        Returns:
            The output if it is collected, else the exit code.

        Raises:
            BuildStepFailed: git failed, and `abandonOnFailure`.
        """
        options = [part for key, value in self._git_config().items() for part in ("-c", f"{key}={value}")]
        remote = RemoteShellCommand(
            self.build.worker_path(workdir or self.workdir),
            ["git", *options, *command],
            env=await self.render(dict(self._git_env())),
            timeout=self.timeout,
            logEnviron=self.logEnviron,
            collectStdout=collectStdout,
            initialStdin=initialStdin,
        )
        remote.useLog(self.logs.get("stdio") or await self.addLog("stdio"))
        await self.runCommand(remote)
        if abandonOnFailure and remote.rc != 0:
            raise BuildStepFailed(f"git {command[0]} failed with exit code {remote.rc}")
        return remote.stdout if collectStdout else remote.rc


def not_supported(step: object, **arguments: Any) -> None:
    """Report a configuration error for each of these arguments that is given."""
    for name, value in arguments.items():
        if value is not None:
            config_error(f"{label(step)}: the argument {name} is not supported yet")
