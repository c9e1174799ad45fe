"""Steps that change a repository: commit, tag, push. They work in a clone that `Git` has made."""

from __future__ import annotations

from typing import Any

from buildmill.common.results import SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.engine.step import BuildStep, BuildStepFailed
from buildmill.master.steps.arguments import check_choice, check_type, label, require
from buildmill.master.steps.git_support import ACCESS_RENDERABLES, GitMixin
from buildmill.master.steps.safe_words import safe_argument


class _GitStep(GitMixin):
    """Base of the three.

    Args:
        workdir: directory of the clone on the worker.
        env, timeout, logEnviron, config: as in `Git`.
    """

    def __init__(self, workdir: Any, env: Any, timeout: Any, logEnviron: Any, config: Any, **kwargs: Any) -> None:
        super().__init__(workdir=workdir, **kwargs)
        self.env: Any = env
        self.timeout: Any = timeout
        self.logEnviron: Any = logEnviron
        self.config: Any = config
        self._check_git_arguments()

    async def run(self) -> int:
        """Do it, if there is a git."""
        await self.addLog("stdio")
        async with self._telling_failures():
            if not await self.checkFeatureSupport():
                raise BuildStepFailed(f"git is not installed on worker {self.getWorkerName()}")
            await self._change()
        return SUCCESS

    async def _change(self) -> None:
        raise NotImplementedError


class GitCommit(_GitStep):
    """Commits files on the branch that is checked out.

    Args:
        paths: what is added to the commit.
        messages: paragraphs of its message.
        emptyCommits: what happens when nothing has changed: "disallow" fails, "create-empty-commit", "ignore".
        no_verify: leave out the repository's hooks.
        workdir, env, timeout, logEnviron, config: as in `Git`.
    """

    name: Any = "gitcommit"
    renderables: Any = (*BuildStep.renderables, "paths", "messages", "env", "config")

    def __init__(
        self,
        workdir: Any = None,
        paths: Any = None,
        messages: Any = None,
        env: Any = None,
        timeout: Any = 20 * 60,
        logEnviron: Any = True,
        emptyCommits: Any = "disallow",
        config: Any = None,
        no_verify: Any = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(workdir, env, timeout, logEnviron, config, **kwargs)
        self.paths = paths
        self.messages = messages
        self.emptyCommits = emptyCommits
        self.no_verify = no_verify
        for name, value in (("paths", paths), ("messages", messages)):
            require(self, name, value)
            check_type(self, name, value, list)
        if messages == []:
            config_error(f"{label(self)}: messages must have at least one")
        check_choice(self, "emptyCommits", emptyCommits, ("disallow", "create-empty-commit", "ignore"))
        check_type(self, "no_verify", no_verify, bool)

    async def _change(self) -> None:
        await self._dovccmd(["symbolic-ref", "HEAD"])  # fails when no branch is checked out
        if self.paths:
            await self._dovccmd(["add", *(safe_argument("path", path) for path in self.paths)])
        if self.emptyCommits == "ignore" and await self._dovccmd(["diff", "--cached", "--quiet"], False) == 0:
            return
        command = ["commit", *(part for message in self.messages for part in ("-m", message))]
        if self.emptyCommits == "create-empty-commit":
            command.append("--allow-empty")
        if self.no_verify:
            command.append("--no-verify")
        await self._dovccmd(command)


class GitTag(_GitStep):
    """Tags the commit that is checked out.

    Args:
        tagName: name of the tag.
        annotated: make an annotated tag; needs `messages`, paragraphs of its message.
        force: replace a tag of that name.
        workdir, env, timeout, logEnviron, config: as in `Git`.
    """

    name: Any = "gittag"
    renderables: Any = (*BuildStep.renderables, "tagName", "messages", "env", "config")

    def __init__(
        self,
        workdir: Any = None,
        tagName: Any = None,
        annotated: Any = False,
        messages: Any = None,
        force: Any = False,
        env: Any = None,
        timeout: Any = 20 * 60,
        logEnviron: Any = True,
        config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(workdir, env, timeout, logEnviron, config, **kwargs)
        self.tagName = tagName
        self.annotated = annotated
        self.messages = messages
        self.force = force
        require(self, "tagName", tagName)
        check_type(self, "tagName", tagName, str)
        check_type(self, "annotated", annotated, bool)
        check_type(self, "force", force, bool)
        check_type(self, "messages", messages, list, optional=True)
        if annotated and not messages:
            config_error(f"{label(self)}: messages must be given for an annotated tag")
        if messages and not annotated:
            config_error(f"{label(self)}: messages are possible for an annotated tag only")

    async def _change(self) -> None:
        command = ["tag"]
        if self.annotated:
            command.append("-a")
        command.append(safe_argument("tag", self.tagName))
        command += [part for message in self.messages or () for part in ("-m", message)]
        if self.force:
            command.append("--force")
        await self._dovccmd(command)


class GitPush(_GitStep):
    """Pushes a branch to a repository.

    Args:
        repourl: address of the repository.
        branch: what is pushed.
        force: overwrite what is there.
        port, sshPrivateKey, sshHostKey, sshKnownHosts, auth_credentials, git_credentials: as in `Git`.
        workdir, env, timeout, logEnviron, config: as in `Git`.
    """

    name: Any = "gitpush"
    renderables: Any = (*BuildStep.renderables, "repourl", "branch", "env", "config", *ACCESS_RENDERABLES)

    def __init__(
        self,
        workdir: Any = None,
        repourl: Any = None,
        port: Any = 22,
        branch: Any = None,
        force: Any = False,
        env: Any = None,
        timeout: Any = 20 * 60,
        logEnviron: Any = True,
        sshPrivateKey: Any = None,
        sshHostKey: Any = None,
        sshKnownHosts: Any = None,
        auth_credentials: Any = None,
        git_credentials: Any = None,
        config: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(workdir, env, timeout, logEnviron, config, **kwargs)
        self.repourl = repourl
        self.port = port
        self.branch = branch
        self.force = force
        for name, value in (("repourl", repourl), ("branch", branch)):
            require(self, name, value)
            check_type(self, name, value, str)
        check_type(self, "force", force, bool)
        self.sshPrivateKey = sshPrivateKey
        self.sshHostKey = sshHostKey
        self.sshKnownHosts = sshKnownHosts
        self.auth_credentials = auth_credentials
        self.git_credentials = git_credentials
        self._check_access_arguments()

    async def _change(self) -> None:
        command = ["push", safe_argument("repository", self.repourl), safe_argument("branch", self.branch)]
        if self.force:
            command.append("--force")
        async with self._with_access(self.repourl):
            await self._dovccmd(command)
