"""`Git`: a checkout from a git repository."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from buildmill.common.results import SUCCESS
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.remote_command import RemoteCommand
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_choice, check_type, label, require
from buildmill.master.steps.git_support import (
    ACCESS_RENDERABLES,
    FILTERS,
    PROGRESS,
    SUBMODULE_CHECKOUT,
    SUBMODULE_DEPTH,
    GitMixin,
)
from buildmill.master.steps.safe_words import safe_argument
from buildmill.master.steps.source import COPY_SOURCE, PATCHED_MARK, Source

_METHODS = (None, "clean", "fresh", "clobber", "copy")
_DESCRIBE_VALUES = ("match", "exclude", "abbrev", "candidates")
_DESCRIBE_FLAGS = ("all", "always", "contains", "debug", "long", "exact-match", "first-parent", "tags", "dirty")
_REVISION = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


class Git(Source, GitMixin):
    """Brings the sources of the build from a git repository; sets the property ``got_revision``.

    Args:
        repourl: address of the repository.
        branch: taken when the build names none; HEAD is the repository's own default.
        mode: "incremental" keeps what earlier builds made, "full" begins clean.
        method: how "full" cleans: "clean" removes files that git doesn't know, but not ignored ones; "fresh"
            those, too; "clobber" everything, and clones anew; "copy" clones into ``source`` and copies from there.
        submodules: bring submodules, too. remoteSubmodules: their newest instead of their recorded revisions.
        tags: fetch tags. shallow: True or a number of commits: bring no older history (only with "clobber").
        filters: for a partial clone, as ``["tree:0"]``.
        reference: a repository on the worker to borrow objects from. origin: name of the remote.
        progress: let git tell about its progress, which also keeps the timeout away.
        retryFetch: try a failed fetch once more. clobberOnFailure: begin from scratch when it fails.
        getDescription: set ``commit-description`` from ``git describe``; True or a dictionary of its options.
        config: options for all git commands.
        sshPrivateKey: a key for ssh, in the format of OpenSSH.
        sshHostKey, sshKnownHosts: key of the repository's host (``ssh-ed25519 AAAA...``), or contents of a file of
            known hosts; then no other host is trusted. Else the worker's user must know it.
        port: of the ssh server, if the address names none.
        auth_credentials: ``(user, password)`` for the address, by HTTP.
        git_credentials: `GitCredentialOptions`: names and passwords also for other addresses, as those of submodules.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "git"
    renderables: Any = (
        *Source.renderables,
        "repourl",
        "reference",
        "branch",
        "mode",
        "method",
        "origin",
        "config",
        *ACCESS_RENDERABLES,
    )
    access_url: str | None = None
    """Address that a host key and ``auth_credentials`` are for, if it is not that of the sources."""

    def __init__(
        self,
        repourl: Any = None,
        port: Any = 22,
        branch: Any = "HEAD",
        mode: Any = "incremental",
        method: Any = None,
        reference: Any = None,
        submodules: Any = False,
        remoteSubmodules: Any = False,
        tags: Any = False,
        shallow: Any = False,
        filters: Any = None,
        progress: Any = True,
        retryFetch: Any = False,
        clobberOnFailure: Any = False,
        getDescription: Any = False,
        config: Any = None,
        origin: Any = None,
        sshPrivateKey: Any = None,
        sshHostKey: Any = None,
        sshKnownHosts: Any = None,
        auth_credentials: Any = None,
        git_credentials: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.repourl = repourl
        self.port = port
        self.branch = branch
        self.mode = mode
        self.method = method
        self.reference = reference
        self.submodules = submodules
        self.remoteSubmodules = remoteSubmodules
        self.tags = tags
        self.shallow = shallow
        self.filters = filters
        self.progress = progress
        self.retryFetch = retryFetch
        self.clobberOnFailure = clobberOnFailure
        self.getDescription = getDescription
        self.config: Any = config
        self.origin = origin
        self.sshPrivateKey = sshPrivateKey
        self.sshHostKey = sshHostKey
        self.sshKnownHosts = sshKnownHosts
        self.auth_credentials = auth_credentials
        self.git_credentials = git_credentials
        self._check_git_arguments()
        self._check()
        self._check_access_arguments()

    def _check(self) -> None:
        require(self, "repourl", self.repourl)
        for name in ("repourl", "branch", "reference", "origin"):
            check_type(self, name, getattr(self, name), str, optional=True)
        for name in ("submodules", "remoteSubmodules", "tags", "progress", "retryFetch", "clobberOnFailure"):
            check_type(self, name, getattr(self, name), bool)
        check_choice(self, "mode", self.mode, ("incremental", "full"))
        check_choice(self, "method", self.method, _METHODS)
        check_type(self, "filters", self.filters, list, tuple, optional=True)
        check_type(self, "getDescription", self.getDescription, bool, dict)
        if (
            not is_renderable(self.shallow)
            and not isinstance(self.shallow, bool)
            and (not isinstance(self.shallow, int) or self.shallow < 1)
        ):
            config_error(f"{label(self)}: shallow must be a bool or a number of commits, not {self.shallow!r}")
        if self.mode == "full" and self.shallow and self.method not in ("clobber",) and not is_renderable(self.method):
            config_error(f"{label(self)}: with mode 'full', shallow is possible only with method 'clobber'")
        if isinstance(self.getDescription, dict):
            unknown = set(self.getDescription) - {*_DESCRIBE_VALUES, *_DESCRIBE_FLAGS}
            if unknown:
                config_error(
                    f"{label(self)}: getDescription has unknown options: {', '.join(sorted(map(str, unknown)))}"
                )

    # -- the way of a checkout ---------------------------------------------------------------------

    async def run_vc(self, branch: Any, revision: str | None, patch: Any) -> int:
        """Bring the sources, patch them if asked, and set the properties."""
        await self.addLog("stdio")
        async with self._telling_failures():
            await self._bring(branch, revision, patch)
        return SUCCESS

    async def _bring(self, branch: Any, revision: str | None, patch: Any) -> None:
        self.branch = safe_argument("branch", str(branch or "HEAD"))
        self.revision = None if revision is None else safe_argument("revision", str(revision))
        self.method = self._method()
        if not await self.checkFeatureSupport():
            raise BuildStepFailed(f"git is not installed on worker {self.getWorkerName()}")
        if self.filters and not self.has(FILTERS):
            raise BuildStepFailed("the worker's git is too old for filters: 2.27 is needed")
        async with self._with_access(self.access_url or self.repourl):
            await self._bring_sources(patch)

    async def _bring_sources(self, patch: Any) -> None:
        if await self.sourcedirIsPatched():
            await self._dovccmd(["clean", "-f", "-f", "-d", "-x"])
        if self.mode == "incremental":
            await self._incremental()
        else:
            await self._full()
        if patch is not None:
            await self.patch(patch)
        await self.parseGotRevision()
        await self.parseCommitDescription()

    def _method(self) -> str | None:
        if self.mode == "incremental":
            return None
        return "fresh" if self.method is None else str(self.method)

    async def _full(self) -> None:
        if self.method == "clobber":
            await self._clobber()
        elif self.method == "copy":
            await self._copy()
        else:
            await self._clean(ignored_too=self.method == "fresh")

    async def _incremental(self) -> None:
        if not await self._is_repository():
            await self._full_clone()
            return
        await self._fetch_or_fall_back()
        await self._update_submodules()

    async def _clean(self, *, ignored_too: bool) -> None:
        if not await self._is_repository():
            await self._full_clone()
            return
        clean = ["clean", "-f", "-f", "-d", *(["-x"] if ignored_too else [])]
        if await self._dovccmd(clean, abandonOnFailure=False) != 0:
            if not self.clobberOnFailure:
                raise BuildStepFailed("git clean failed")
            await self._clobber()
            return
        await self._fetch_or_fall_back()
        await self._update_submodules()
        if self.submodules:
            await self._dovccmd(["submodule", "foreach", "--recursive", f"git {' '.join(clean)}"])

    async def _clobber(self) -> None:
        await self.runRmdir(self.workdir, timeout=self.timeout)
        await self._full_clone()

    async def _copy(self) -> None:
        await self.runRmdir(self.workdir, timeout=self.timeout)
        target, self.workdir = self.workdir, COPY_SOURCE
        try:
            await self._incremental()
        finally:
            self.workdir = target
        await self._copy_directory(COPY_SOURCE, target)

    async def _is_repository(self) -> bool:
        """Whether the directory holds a clone that can be updated."""
        command = RemoteCommand("listdir", {"path": self.build.worker_path(self.workdir)})
        command.useLog(self.logs["stdio"])
        await self.runCommand(command)
        return command.rc == 0 and ".git" in command.updates.get("files", [[]])[-1]

    # -- clone and fetch -----------------------------------------------------------------------------

    async def _full_clone(self) -> None:
        """Clone, again after a while if that is wanted; check out the revision; bring the submodules."""
        delay, repeats = self.retry or (0, 0)
        clone, needs_fetch = self._clone_command()
        while (code := await self._dovccmd(clone, abandonOnFailure=False)) != 0:
            if repeats < 1 or self.stopped:
                raise BuildStepFailed(f"git clone failed with exit code {code}")
            repeats -= 1
            await self._wait(delay)
            await self.runRmdir(self.workdir, timeout=self.timeout)
        if self.revision is not None:
            await self._check_out_revision()
        elif needs_fetch:
            await self._fetch()
        if self.submodules:
            command = ["submodule", "update", "--init", "--recursive"]
            if self.remoteSubmodules:
                command.append("--remote")
            if self._depth() is not None and self.has(SUBMODULE_DEPTH):
                command += ["--depth", str(self._depth())]
            await self._dovccmd(command)

    def _clone_command(self) -> tuple[list[str], bool]:
        """The command, and whether the branch must be fetched after it, because it is no name of a branch."""
        command = ["clone"]
        by_name = self.branch != "HEAD" and not self.branch.startswith("refs/")
        if by_name:
            command += ["--branch", self.branch]
        if self._depth() is not None:
            command += ["--depth", str(self._depth())]
        if self.reference:
            command += ["--reference", self.reference]
        if self.origin:
            command += ["--origin", self.origin]
        command += [f"--filter={filter_}" for filter_ in self.filters or ()]
        command += [safe_argument("repository", self.repourl), "."]
        if self._shows_progress():
            command.append("--progress")
        return command, self.branch != "HEAD" and not by_name

    async def _check_out_revision(self) -> None:
        assert self.revision is not None
        code = await self._dovccmd(["checkout", "-f", self.revision], abandonOnFailure=False)
        if code == 0:
            return
        if self._depth() is None and not self.branch.startswith("refs/"):
            raise BuildStepFailed(f"git checkout failed with exit code {code}")
        # A shallow or single-branch clone may not hold the revision; most servers give it when asked by name.
        await self._dovccmd(["fetch", "-f", *self._fetch_options(), self.repourl, self.revision])
        await self._dovccmd(["checkout", "-f", self.revision])

    async def _fetch_or_fall_back(self) -> None:
        code = await self._fetch(abandonOnFailure=False)
        if code == 0:
            return
        if self.retryFetch:
            await self._fetch()
        elif self.clobberOnFailure:
            await self._clobber()
        else:
            raise BuildStepFailed(f"git fetch failed with exit code {code}")

    async def _fetch(self, abandonOnFailure: bool = True) -> int:
        """Bring what is missing and check it out; returns an exit code."""
        known = False
        if self.revision is not None:
            known = await self._dovccmd(["cat-file", "-e", self.revision], abandonOnFailure=False) == 0
        if not known:
            command = ["fetch", "-f", *self._fetch_options(), safe_argument("repository", self.repourl), self.branch]
            code = int(await self._dovccmd(command, abandonOnFailure=abandonOnFailure))
            if code != 0:
                return code
        wanted = self.revision or "FETCH_HEAD"
        code = int(await self._dovccmd(["checkout", "-f", wanted], abandonOnFailure=abandonOnFailure))
        if code == 0 and self.branch != "HEAD":
            # A local branch of that name, for builds that look at it.
            code = int(await self._dovccmd(["checkout", "-B", self.branch], abandonOnFailure=abandonOnFailure))
        return code

    def _fetch_options(self) -> list[str]:
        options = ["--tags"] if self.tags else []
        if self._depth() is not None:
            options += ["--depth", str(self._depth())]
        options += [f"--filter={filter_}" for filter_ in self.filters or ()]
        return [*options, "--progress"] if self._shows_progress() else options

    async def _update_submodules(self) -> None:
        if not self.submodules:
            return
        await self._dovccmd(["submodule", "sync"])
        command = ["submodule", "update", "--init", "--recursive", "--force"]
        if self.has(SUBMODULE_CHECKOUT):
            command.append("--checkout")
        if self.remoteSubmodules:
            command.append("--remote")
        await self._dovccmd(command)

    def _depth(self) -> int | None:
        return None if not self.shallow else int(self.shallow)  # True is 1

    def _shows_progress(self) -> bool:
        return bool(self.progress) and self.has(PROGRESS)

    # -- afterwards ----------------------------------------------------------------------------------

    async def patch(self, patch: Sequence[Any]) -> None:
        """Apply ``(level, body, subdirectory)``; sources that are patched are cleaned by the next build."""
        level, body, root = patch
        await self._write_file(PATCHED_MARK, b"patched\n")
        await self._dovccmd(["update-index", "--refresh"], abandonOnFailure=False)
        command = ["apply", "--index", "-p", str(int(level))]
        if root and root != ".":
            command += ["--directory", safe_argument("directory", str(root))]
        text = body.decode("utf-8", "surrogateescape") if isinstance(body, bytes) else str(body)
        await self._dovccmd(command, initialStdin=text)

    async def parseGotRevision(self) -> None:
        """Set ``got_revision`` to what is checked out."""
        output = await self._dovccmd(["rev-parse", "HEAD"], collectStdout=True)
        revision = output.strip()
        if not _REVISION.fullmatch(revision):
            raise BuildStepFailed(f"git rev-parse told no revision: {revision[:100]!r}")
        self.updateSourceProperty("got_revision", revision)

    async def parseCommitDescription(self) -> None:
        """Set ``commit-description``, if that is wanted and git finds one."""
        if self.getDescription is False:
            return
        options = self.getDescription if isinstance(self.getDescription, dict) else {}
        try:
            output = await self._dovccmd(describe_command(options), collectStdout=True)
        except BuildStepFailed:
            return  # as when there is no tag yet; the log tells
        self.updateSourceProperty("commit-description", output.strip())


def describe_command(options: dict[str, Any]) -> list[str]:
    """The arguments of ``git describe`` for these options of `Git`."""
    command = ["describe"]
    command += [f"--{name}={options[name]}" for name in _DESCRIBE_VALUES if options.get(name) is not None]
    for name in _DESCRIBE_FLAGS:
        value = options.get(name)
        if value is True:
            command.append(f"--{name}")
        elif name == "dirty" and value:
            command.append(f"--dirty={value}")
    return command if options.get("dirty") else [*command, "HEAD"]


class GitHub(Git):
    """`Git` that knows GitHub's pull requests: the merge commit of one does not last, so the newest is taken."""

    async def run_vc(self, branch: Any, revision: str | None, patch: Any) -> int:
        """Bring the sources."""
        if isinstance(branch, str) and re.fullmatch(r"refs/pull/\d+/merge", branch):
            revision = None
        return await super().run_vc(branch, revision, patch)
