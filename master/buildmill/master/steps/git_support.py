"""What the steps that use git share: running git on the worker, and what its version can do."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.git_access import SSH_PORT, AccessArguments
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.remote_shell import RemoteShellCommand
from buildmill.master.engine.shell import CommandMixin
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_count, check_type, label
from buildmill.master.steps.git_access import WorkerAccess

_VERSION = re.compile(r"git version (\d+(?:\.\d+)*)")

Version = tuple[int, ...]

MULTIPLE_BRANCHES = (1, 7, 10)  # clone --branch
PROGRESS = (1, 7, 2)
SUBMODULE_DEPTH = (1, 8, 3)
SUBMODULE_CHECKOUT = (1, 7, 8)
FILTERS = (2, 27)
CREDENTIALS = (1, 7, 9)
SSH_COMMAND = (2, 3)

ACCESS_RENDERABLES = ("port", "sshPrivateKey", "sshHostKey", "sshKnownHosts", "auth_credentials", "git_credentials")
"""Of steps that talk to another repository."""


def parse_version(text: str) -> Version | None:
    """The version in the output of ``git --version``; None if there is none."""
    found = _VERSION.search(text)
    return None if found is None else tuple(int(part) for part in found.group(1).split("."))


class GitMixin(CommandMixin):
    """Runs git on the worker.

    The step has `env`, `timeout`, `logEnviron`, `config` and `workdir`; one that talks to another repository has the
    `ACCESS_RENDERABLES` among its renderables, and does so in `_with_access`.
    """

    env: Any = None
    timeout: Any = 1200
    logEnviron: Any = True
    config: Any = None
    git_version: Version = (0,)

    port: Any = SSH_PORT
    sshPrivateKey: Any = None
    sshHostKey: Any = None
    sshKnownHosts: Any = None
    auth_credentials: Any = None
    git_credentials: Any = None
    _access: WorkerAccess | None = None

    def _check_git_arguments(self) -> None:
        check_type(self, "env", self.env, dict, optional=True)
        check_type(self, "timeout", self.timeout, int, float, optional=True)
        check_type(self, "logEnviron", self.logEnviron, bool)
        check_type(self, "config", self.config, dict, optional=True)
        if isinstance(self.config, dict):
            for key, value in self.config.items():
                if not isinstance(key, str) or "=" in key or (not isinstance(value, str) and not is_renderable(value)):
                    config_error(f"{label(self)}: config must map names to strings, not {key!r} to {value!r}")

    def _check_access_arguments(self) -> None:
        check_count(self, "port", self.port, least=1, optional=False)
        self._access_arguments().check(label(self))

    def _access_arguments(self) -> AccessArguments:
        return AccessArguments(
            private_key=self.sshPrivateKey,
            host_key=self.sshHostKey,
            known_hosts=self.sshKnownHosts,
            auth_credentials=self.auth_credentials,
            git_credentials=self.git_credentials,
        )

    @asynccontextmanager
    async def _with_access(self, address: str) -> AsyncIterator[None]:
        """Let git use the step's keys and passwords inside the block.

        Args:
            address: of the repository that a host key and `auth_credentials` are for.

        Raises:
            BuildStepFailed: git or what is given to it cannot be used.
        """
        arguments = self._access_arguments()
        if not arguments.is_given:
            yield
            return
        try:
            access = await arguments.rendered(self.build.properties, address, int(self.port))
        except (InvalidInput, ValueError) as problem:
            raise BuildStepFailed(str(problem)) from None
        if self.sshPrivateKey is not None and not self.has(SSH_COMMAND):
            raise BuildStepFailed("the worker's git is too old for sshPrivateKey: 2.3 is needed")
        if not self.has(CREDENTIALS):
            raise BuildStepFailed("the worker's git is too old for passwords: 1.7.9 is needed")
        files = WorkerAccess(self, access, self.workdir)
        async with files.present():
            self._access = files
            yield
        self._access = None

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
        access = {} if self._access is None else self._access.environment
        return {"GIT_TERMINAL_PROMPT": "0", **self.build.builder.config.env, **(self.env or {}), **access}

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
        settings = [f"{key}={value}" for key, value in self._git_config().items()]
        settings += () if self._access is None else self._access.settings
        options = [part for setting in settings for part in ("-c", setting)]
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
