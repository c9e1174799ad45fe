"""`GitPoller`: looks into a git repository from time to time."""

from __future__ import annotations

import codecs
import hashlib
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.changes.base import PollingChangeSource
from buildmill.master.changes.commits import LOG_FORMAT, Commit, parse_hashes, parse_log, parse_refs
from buildmill.master.changes.git import Git
from buildmill.master.changes.private_files import PrivateFiles
from buildmill.master.changes.program import ProgramFailed
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.git_access import AccessArguments
from buildmill.master.domain.rendering import RenderError
from buildmill.master.engine.project_config import Codebase
from buildmill.master.engine.secret_source import PropertiesOfService

_HEADS = "refs/heads/"
_TAGS = "refs/tags/"
_COMMITS_AT_ONCE = 500

Branches = Sequence[str] | bool | Callable[[str], bool] | None


class GitPoller(PollingChangeSource):
    """Makes a change of each new commit, branch by branch, along first parents.

    The first poll only notes where the branches are. Where they were at the last poll is remembered over restarts.

    Args:
        repourl: any address that git can fetch from.
        branches: names of branches; True for all; or a function of the full name (``refs/heads/main``) that
            chooses. The default is what the repository's HEAD names.
        branch: one branch.
        workdir: directory of the local bare clone; below the master's ``gitpoller-work`` if not given.
        gitbin: the git program.
        usetimestamps: the commit's time, not that of the poll.
        category: of the changes: a string, or a function of the change's attributes (a dictionary).
        project, codebase: of the changes.
        encoding: of messages and names of files.
        buildPushesWithNoCommits: a branch that is new or was moved without new commits makes a change, too.
        only_tags: look at tags instead of branches.
        sshPrivateKey: a key for ssh, in the format of OpenSSH; a renderable is taken. It is in a file that only the
            master's user can read, during a poll.
        sshHostKey, sshKnownHosts: key of the repository's host (``ssh-ed25519 AAAA...``), or contents of a file of
            known hosts; then no other host is trusted. Else the master's user must know it.
        auth_credentials: ``(user, password)`` for the address, by HTTP.
        git_credentials: `GitCredentialOptions`. Passwords are kept like keys.
        name: unique among the change sources; the address if not given.
        pollInterval, pollAtLaunch, pollRandomDelayMin, pollRandomDelayMax: see `PollingChangeSource`.

    Attributes:
        lastRev: name of each branch to the revision that was seen last.
    """

    def __init__(
        self,
        repourl: str,
        branches: Branches = None,
        branch: str | None = None,
        workdir: str | None = None,
        pollInterval: float = 600,
        gitbin: str = "git",
        usetimestamps: bool = True,
        category: str | Callable[[Mapping[str, Any]], str | None] | None = None,
        project: str | None = None,
        fetch_refspec: Any = None,
        encoding: str = "utf-8",
        name: str | None = None,
        pollAtLaunch: bool = False,
        buildPushesWithNoCommits: bool = False,
        only_tags: bool = False,
        sshPrivateKey: Any = None,
        sshHostKey: Any = None,
        sshKnownHosts: Any = None,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
        auth_credentials: Any = None,
        git_credentials: Any = None,
        codebase: Codebase | str | None = None,
    ) -> None:
        super().__init__(
            repourl if name is None else name,
            pollInterval=pollInterval,
            pollAtLaunch=pollAtLaunch,
            pollRandomDelayMin=pollRandomDelayMin,
            pollRandomDelayMax=pollRandomDelayMax,
        )
        self.repourl = self._checked_address(repourl)
        self.branches: Branches = self._checked_branches(branches, branch, only_tags)
        self.only_tags = bool(only_tags)
        self.workdir = self._optional_text("workdir", workdir)
        self.gitbin = self._optional_text("gitbin", gitbin) or "git"
        self.usetimestamps = bool(usetimestamps)
        if category is not None and not isinstance(category, str) and not callable(category):
            config_error(f"{self.owner}: category must be a string or callable, not {category!r}")
            category = None
        self.category = category
        self.project = self._optional_text("project", project) or ""
        if codebase is not None and not isinstance(codebase, str | Codebase):
            config_error(f"{self.owner}: codebase must be a Codebase or a name, not {codebase!r}")
            codebase = None
        self.codebase = codebase.name if isinstance(codebase, Codebase) else codebase
        try:
            codecs.lookup(encoding)
        except (LookupError, TypeError):
            config_error(f"{self.owner}: encoding must be the name of an encoding, not {encoding!r}")
            encoding = "utf-8"
        self.encoding = encoding
        self.buildPushesWithNoCommits = bool(buildPushesWithNoCommits)
        if fetch_refspec is not None:
            config_error(f"{self.owner}: fetch_refspec has no effect any more; only the branches are fetched")
        self._access = AccessArguments(
            private_key=sshPrivateKey,
            host_key=sshHostKey,
            known_hosts=sshKnownHosts,
            auth_credentials=auth_credentials,
            git_credentials=git_credentials,
        )
        self._access.check(self.owner)
        self._private: PrivateFiles | None = None
        self.lastRev: dict[str, str] | None = None

    # -- construction ------------------------------------------------------------------------

    def _checked_address(self, repourl: Any) -> str:
        if not isinstance(repourl, str) or not repourl:
            config_error(f"{self.owner}: repourl must be the address of a repository, not {repourl!r}")
            return "invalid"
        if repourl.startswith("-") or "\0" in repourl or "\n" in repourl:
            config_error(f"{self.owner}: repourl is no address of a repository: {repourl!r}")
            return "invalid"
        if repourl.endswith("/") and len(repourl) > 1:
            config_error(f"{self.owner}: repourl must not end with a slash: {repourl!r}")
        return repourl

    def _checked_branches(self, branches: Any, branch: Any, only_tags: Any) -> Branches:
        if branch is not None and branches is not None:
            config_error(f"{self.owner}: branch and branches cannot be given together")
        if only_tags and (branch is not None or branches is not None):
            config_error(f"{self.owner}: only_tags cannot be given together with branch or branches")
        if branch is not None:
            branches = [branch]
        if branches is None or branches is True or callable(branches):
            return branches  # type: ignore[no-any-return]  # checked just now
        if isinstance(branches, list | tuple) and all(isinstance(b, str) and _is_possible(b) for b in branches):
            return tuple(branches)
        config_error(f"{self.owner}: branches must be a list of names, True or callable, not {branches!r}")
        return None

    def _optional_text(self, argument: str, value: Any) -> str | None:
        if value is not None and not isinstance(value, str):
            config_error(f"{self.owner}: {argument} must be a string, not {value!r}")
            return None
        return value

    def describe(self) -> str:
        """What it watches, for people."""
        return f"GitPoller watching the repository {self.repourl}"

    # -- polling ------------------------------------------------------------------------------

    async def start_working(self) -> None:
        state = await self.master.data.updates.getState("GitPoller", self.name, "lastRev", None)
        self.lastRev = dict(state) if state is not None else None
        self._seen: dict[str, str] | None = None
        digest = hashlib.sha256(self.repourl.encode()).hexdigest()[:16]
        own = self.workdir or str(Path("gitpoller-work", hashlib.sha256(self.name.encode()).hexdigest()[:16]))
        self._directory = str(Path(self.master.basedir, own))
        # several pollers may share a directory that the configuration names
        self._namespace = f"refs/buildmill/{digest}/"
        await super().start_working()

    async def stop_working(self) -> None:
        await super().stop_working()
        await self._remove_private_files()

    async def _remove_private_files(self) -> None:
        private, self._private = self._private, None
        if private is not None:
            await self.master.in_thread(private.remove_blocking)

    async def _prepare_git(self) -> Git:
        processes, clock = self.master.processes, self.master.reactor
        if not self._access.is_given:
            return Git(self.gitbin, processes, clock)
        access = await self._access.rendered(PropertiesOfService(self.master.secrets), self.repourl)
        private = self._private = PrivateFiles(self._private_directory(), access.files)
        await self.master.in_thread(private.write_blocking)
        return Git(
            self.gitbin,
            processes,
            clock,
            ssh_command=access.ssh_command(private.path),
            settings=access.settings(private.path),
        )

    def _private_directory(self) -> Path:
        # a path from the root: git runs in more than one directory
        place = Path(self.master.basedir).absolute() / "gitpoller-access"
        return place / hashlib.sha256(self.name.encode()).hexdigest()[:16]

    async def poll(self) -> None:
        """Fetch, and make changes of what is new. If git fails, that is logged, and the next poll tries again."""
        try:
            self._git = await self._prepare_git()
            await self._poll()
        except (ProgramFailed, OSError, RenderError, InvalidInput) as problem:
            self._log.warn("{service} cannot be polled: {problem}", service=self.owner, problem=problem)
        await self._remove_private_files()

    async def _poll(self) -> None:
        wanted = await self._wanted_refs()
        if wanted == self._seen:
            return
        tips = await self._fetch(sorted(wanted, key=self._rank))
        if self.lastRev is None:
            await self._remember(tips)
        else:
            for branch, tip in tips.items():
                if self.lastRev.get(branch) != tip:
                    await self._process(branch, tip)
            await self._remember({branch: self.lastRev[branch] for branch in tips})
        self._seen = wanted

    def _rank(self, ref: str) -> tuple[bool, int, str]:
        """Branches that are known come before new ones, which mostly begin on them; then in the file's order."""
        branch, branches = _branch_of(ref), self.branches
        place = branches.index(branch) if isinstance(branches, tuple) and branch in branches else 0
        return branch not in (self.lastRev or ()), place, ref

    async def _fetch(self, wanted: Sequence[str]) -> dict[str, str]:
        """Bring the clone up to date; returns branch to commit."""
        if self._is_new_directory():
            await self._git.run(None, "init", "--quiet", "--bare", "--", self._directory)
        own_names = {ref: self._namespace + ref.removeprefix("refs/") for ref in wanted}
        # a branch that is gone would be in the way of one below its name
        stale = [name for name in await self._own_refs() if name not in own_names.values()]
        if stale:
            deletions = "".join(f"delete {name}\n" for name in stale)
            await self._git.run(
                self._directory, "update-ref", "--stdin", stdin=deletions.encode("utf-8", "surrogateescape")
            )
        if wanted:
            await self._git.run(
                self._directory, "fetch", "--progress", "--no-tags", "--no-recurse-submodules", "--no-write-fetch-head",
                "--", self.repourl, *(f"+{ref}:{own}" for ref, own in own_names.items()),
            )  # fmt: skip
        commits = await self._own_refs()
        return {_branch_of(ref): commits[own] for ref, own in own_names.items() if commits.get(own)}

    def _is_new_directory(self) -> bool:
        directory = Path(self._directory)
        if (directory / "HEAD").exists():
            return False
        directory.parent.mkdir(parents=True, exist_ok=True)
        return True

    async def _own_refs(self) -> dict[str, str]:
        """Names in the clone, and the commit that each leads to; those that lead to none have ''."""
        fields = ("refname", "objecttype", "objectname", "*objecttype", "*objectname")
        form = "%00".join(f"%({field})" for field in fields)
        output = await self._git.run(self._directory, "for-each-ref", f"--format={form}", "--", self._namespace)
        refs: dict[str, str] = {}
        for line in output.decode("utf-8", "surrogateescape").splitlines():
            name, kind, commit, peeled_kind, peeled = line.split("\0")
            refs[name] = commit if kind == "commit" else peeled if peeled_kind == "commit" else ""
        return refs

    async def _wanted_refs(self) -> dict[str, str]:
        """Full names of what is to be looked at, as far as the repository has it, and what they name."""
        branches = self.branches
        if isinstance(branches, tuple):
            asked = [b if b.startswith("refs/") else _HEADS + b for b in branches]
            found = await self._remote_refs(*asked)
            if missing := [ref for ref in asked if ref not in found]:
                self._log.info("{service}: the repository has no {missing}", service=self.owner, missing=missing)
            return {ref: found[ref] for ref in asked if ref in found}
        if self.only_tags:
            return _below(_TAGS, await self._remote_refs(_TAGS + "*"))
        if branches is True:
            return _below(_HEADS, await self._remote_refs(_HEADS + "*"))
        if callable(branches):
            found = _below("refs/", await self._remote_refs())
            return {ref: found[ref] for ref in found if branches(ref)}
        return await self._default_branch()

    async def _remote_refs(self, *patterns: str) -> dict[str, str]:
        return parse_refs(await self._git.run(None, "ls-remote", "--refs", "--", self.repourl, *patterns))

    async def _default_branch(self) -> dict[str, str]:
        output = await self._git.run(None, "ls-remote", "--symref", "--", self.repourl, "HEAD")
        for line in output.decode("utf-8", "surrogateescape").splitlines():
            if line.startswith("ref: ") and line.endswith("\tHEAD"):
                ref = line[len("ref: ") : -len("\tHEAD")]
                found = await self._remote_refs(ref)
                return {ref: found[ref]} if ref in found else {}
        return {}

    async def _process(self, branch: str, tip: str) -> None:
        assert self.lastRev is not None
        known = [tip, *(f"^{revision}" for revision in sorted(set(self.lastRev.values())))]
        asked = "\n".join([*known, ""]).encode()
        walk = ("--reverse", "--first-parent", "--ignore-missing", "--stdin")
        revisions = parse_hashes(await self._git.run(self._directory, "rev-list", *walk, stdin=asked))
        if not revisions and self.buildPushesWithNoCommits:
            revisions = [tip]
        for start in range(0, len(revisions), _COMMITS_AT_ONCE):
            for commit in await self._commits(revisions[start : start + _COMMITS_AT_ONCE]):
                await self._add(branch, commit)
                await self._remember({**self.lastRev, branch: commit.revision})
        await self._remember({**self.lastRev, branch: tip})

    async def _commits(self, revisions: Sequence[str]) -> list[Commit]:
        output = await self._git.run(
            self._directory, "log", "--no-walk=unsorted", "-m", "--first-parent", "--no-renames", "--no-ext-diff",
            "--no-color", "-z", "--name-only", f"--format={LOG_FORMAT}", f"--encoding={self.encoding}", "--stdin",
            stdin="\n".join([*revisions, ""]).encode(),
        )  # fmt: skip
        return parse_log(output, revisions, self.encoding)

    async def _add(self, branch: str, commit: Commit) -> None:
        change: dict[str, Any] = {
            "author": commit.author,
            "committer": commit.committer,
            "revision": commit.revision,
            "files": list(commit.files),
            "comments": commit.comments,
            "when_timestamp": commit.committed_at if self.usetimestamps else int(self.master.reactor.seconds()),
            "branch": branch,
            "project": self.project,
            "repository": self.repourl,
            "codebase": self.codebase,
            "src": "git",
        }
        change["category"] = self.category(dict(change)) if callable(self.category) else self.category
        await self.master.data.updates.addChange(**change)

    async def _remember(self, revisions: Mapping[str, str]) -> None:
        revisions = dict(revisions)
        if revisions != self.lastRev:
            self.lastRev = revisions
            await self.master.data.updates.setState("GitPoller", self.name, "lastRev", revisions)


def _below(prefix: str, refs: Mapping[str, str]) -> dict[str, str]:
    return {ref: refs[ref] for ref in refs if ref.startswith(prefix)}


def _branch_of(ref: str) -> str:
    return ref.removeprefix(_HEADS)


def _is_possible(branch: str) -> bool:
    """Whether a repository can have a branch of this name (see git-check-ref-format), so that it is no option."""
    forbidden = set(" ~^:?*[\\\x7f") | {chr(code) for code in range(32)}
    return bool(branch) and not branch.startswith(("-", "/")) and not forbidden & set(branch) and ".." not in branch
