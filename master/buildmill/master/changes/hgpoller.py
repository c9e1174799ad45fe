"""`HgPoller`: looks into a Mercurial repository from time to time."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from buildmill.master.changes.arguments import encoding_of, optional_text, text_or_function
from buildmill.master.changes.base import PollingChangeSource
from buildmill.master.changes.program import Program, ProgramFailed
from buildmill.master.domain.config_errors import config_error

_FIELDS = "json(node,date,user,desc,files)"
_FORBIDDEN = frozenset("'\"\\\0\n\r")


class HgPoller(PollingChangeSource):
    """Makes a change of each new changeset of some branches and bookmarks.

    The first poll only notes where they are. Where they were at the last poll is remembered over restarts.

    Args:
        repourl: any address that hg can pull from.
        branch: one branch.
        branches, bookmarks: names. Without any, the branch ``default`` is looked at.
        workdir: directory of the local clone; below the master's ``hgpoller-work`` if not given.
        hgbin: the hg program.
        usetimestamps: the changeset's time, not that of the poll.
        category: of the changes: a string, or a function of the change's attributes (a dictionary).
        project: of the changes.
        encoding: of messages and names of files.
        revlink: ``f(branch, revision)``, the link of a changeset; may be empty.
        name: unique among the change sources; the address if not given.
        pollInterval, pollAtLaunch, pollRandomDelayMin, pollRandomDelayMax: see `PollingChangeSource`.

    Attributes:
        lastRev: name of each branch and bookmark to the changeset that was seen last.
    """

    def __init__(
        self,
        repourl: str,
        branch: str | None = None,
        branches: Sequence[str] | None = None,
        bookmarks: Sequence[str] | None = None,
        workdir: str | None = None,
        pollInterval: float = 600,
        hgbin: str = "hg",
        usetimestamps: bool = True,
        category: str | Callable[[Mapping[str, Any]], str | None] | None = None,
        project: str = "",
        encoding: str = "utf-8",
        name: str | None = None,
        pollAtLaunch: bool = False,
        revlink: Callable[[str, str], str] | None = None,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
    ) -> None:
        super().__init__(
            repourl if name is None else name,
            pollInterval=pollInterval,
            pollAtLaunch=pollAtLaunch,
            pollRandomDelayMin=pollRandomDelayMin,
            pollRandomDelayMax=pollRandomDelayMax,
        )
        if not isinstance(repourl, str) or not repourl or repourl.startswith("-") or "\0" in repourl:
            config_error(f"{self.owner}: repourl must be the address of a repository, not {repourl!r}")
            repourl = "invalid"
        self.repourl = repourl
        if branch is not None and branches is not None:
            config_error(f"{self.owner}: branch and branches cannot be given together")
        self.branches = self._checked_names("branches", branches if branch is None else [branch])
        self.bookmarks = self._checked_names("bookmarks", bookmarks)
        if not self.branches and not self.bookmarks:
            self.branches = ("default",)
        self.workdir = optional_text(self.owner, "workdir", workdir)
        self.hgbin = optional_text(self.owner, "hgbin", hgbin) or "hg"
        self.usetimestamps = bool(usetimestamps)
        self.category = text_or_function(self.owner, "category", category)
        self.project = optional_text(self.owner, "project", project) or ""
        self.encoding = encoding_of(self.owner, encoding)
        if revlink is not None and not callable(revlink):
            config_error(f"{self.owner}: revlink must be callable, not {revlink!r}")
            revlink = None
        self.revlink = revlink
        self.lastRev: dict[str, str] | None = None

    def _checked_names(self, argument: str, names: Any) -> tuple[str, ...]:
        if names is None:
            return ()
        if not isinstance(names, list | tuple) or not all(
            isinstance(name, str) and name and not name.startswith("-") and not _FORBIDDEN & set(name) for name in names
        ):
            config_error(f"{self.owner}: {argument} must be a list of names, not {names!r}")
            return ()
        return tuple(names)

    def describe(self) -> str:
        """What it watches, for people."""
        return f"HgPoller watching the repository {self.repourl}"

    # -- polling ------------------------------------------------------------------------------

    async def start_working(self) -> None:
        state = await self.master.data.updates.getState("HgPoller", self.name, "lastRev", None)
        self.lastRev = dict(state) if state is not None else None
        own = self.workdir or str(Path("hgpoller-work", hashlib.sha256(self.name.encode()).hexdigest()[:16]))
        self._directory = Path(self.master.basedir, own)
        self._hg = Program(
            self.hgbin, "--noninteractive", "--config", "ui.ssh=ssh -o BatchMode=yes",
            environment={**os.environ, "HGPLAIN": "1", "HGENCODING": "utf-8"},
            processes=self.master.processes, clock=self.master.reactor,
        )  # fmt: skip
        await super().start_working()

    async def poll(self) -> None:
        """Pull, and make changes of what is new. If hg fails, that is logged, and the next poll tries again."""
        try:
            await self._poll()
        except (ProgramFailed, OSError) as problem:
            self._log.warn("{service} cannot be polled: {problem}", service=self.owner, problem=problem)

    async def _poll(self) -> None:
        if not (self._directory / ".hg").exists():
            self._directory.parent.mkdir(parents=True, exist_ok=True)
            await self._hg.run("init", "--", str(self._directory))
        wanted = [part for name in self.branches for part in ("-b", name)]
        wanted += [part for name in self.bookmarks for part in ("-B", name)]
        await self._run("pull", *wanted, "--", self.repourl)
        heads: dict[str, tuple[str, str]] = {}
        for name in self.branches:
            heads[name] = await self._node(f"max(head() and branch('literal:{name}'))"), f"branch('literal:{name}')"
        for name in self.bookmarks:
            heads[name] = await self._node(f"bookmark('literal:{name}')"), "all()"
        if self.lastRev is None:
            await self._remember({name: node for name, (node, _) in heads.items()})
            return
        for name, (node, among) in heads.items():
            if self.lastRev.get(name) != node:
                await self._process(name, node, among)

    async def _process(self, name: str, node: str, among: str) -> None:
        assert self.lastRev is not None
        # a branch that is new has no end but where the known ones are
        known = [self.lastRev[name]] if name in self.lastRev else sorted(set(self.lastRev.values()))
        seen = " or ".join(f"present('{last}')" for last in known)
        output = await self._run("log", "-r", f"sort(only({node}, {seen}) and {among}, rev)", "-T", _FIELDS)
        for entry in json.loads(output):
            await self._add(name, entry)
            await self._remember({**self.lastRev, name: entry["node"]})
        await self._remember({**self.lastRev, name: node})

    async def _add(self, branch: str, entry: Mapping[str, Any]) -> None:
        when = int(entry["date"][0]) if self.usetimestamps else int(self.master.reactor.seconds())
        change: dict[str, Any] = {
            "author": entry["user"],
            "revision": entry["node"],
            "files": entry["files"],
            "comments": entry["desc"],
            "when_timestamp": when,
            "branch": branch,
            "project": self.project,
            "repository": self.repourl,
            "src": "hg",
        }
        if self.revlink is not None:
            change["revlink"] = self.revlink(branch, entry["node"])
        change["category"] = self.category(dict(change)) if callable(self.category) else self.category
        await self.master.data.updates.addChange(**change)

    async def _node(self, revset: str) -> str:
        return (await self._run("log", "-r", revset, "-T", "{node}")).decode("ascii")

    async def _run(self, *arguments: str) -> bytes:
        return await self._hg.run(*arguments, cwd=str(self._directory))

    async def _remember(self, revisions: Mapping[str, str]) -> None:
        revisions = {name: node for name, node in revisions.items() if node}
        if revisions != self.lastRev:
            self.lastRev = revisions
            await self.master.data.updates.setState("HgPoller", self.name, "lastRev", revisions)
