"""`SVNPoller`: looks into a Subversion repository from time to time."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from buildmill.master.changes.arguments import optional_text, text_or_function
from buildmill.master.changes.base import PollingChangeSource
from buildmill.master.changes.program import Program, ProgramFailed
from buildmill.master.changes.svn_paths import split_file_alwaystrunk
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import RenderError, is_renderable, render
from buildmill.master.engine.secret_source import PropertiesOfService

_KEYS = ("branch", "project", "repository", "codebase")


@dataclass(frozen=True, kw_only=True)
class LogEntry:
    """One revision that ``svn log`` tells of.

    Attributes:
        paths: action (A, D, M, R), and path from the root; of a directory it ends with a slash.
    """

    revision: int
    author: str
    when: int | None
    comments: str
    paths: tuple[tuple[str, str], ...]


class SVNPoller(PollingChangeSource):
    """Makes a change of each new revision below an address; several, if it touches several branches.

    The first poll only notes the newest revision. The last one that was seen is remembered over restarts.

    Args:
        repourl: the address; what is above it is not looked at.
        split_file: ``f(path)`` tells what a path (relative to the address; of a directory it ends with a slash)
            belongs to: a pair of branch and path in it, a dictionary with ``path`` and some of ``branch``,
            ``project``, ``repository``, ``codebase``, or None for a path that does not count. Without it there are
            no branches.
        svnuser, svnpasswd: for the server; renderables are taken.
        histmax: how many revisions are asked for at most.
        svnbin: the svn program.
        revlinktmpl: the link of a revision; ``%s`` stands for it.
        category, project: of the changes.
        cachepath: a file for the last revision that was seen, besides the master's database.
        extra_args: further arguments of ``svn``.
        name: unique among the change sources; the address if not given.
        pollInterval, pollAtLaunch, pollRandomDelayMin, pollRandomDelayMax: see `PollingChangeSource`.

    Attributes:
        last_change: the revision that was seen last.
    """

    def __init__(
        self,
        repourl: str,
        split_file: Callable[[str], Any] | None = None,
        svnuser: Any = None,
        svnpasswd: Any = None,
        pollInterval: float = 600,
        histmax: int = 100,
        svnbin: str = "svn",
        revlinktmpl: str = "",
        category: str | Callable[[Mapping[str, Any]], str | None] | None = None,
        project: str = "",
        cachepath: str | None = None,
        extra_args: Sequence[str] | None = None,
        name: str | None = None,
        pollAtLaunch: bool = False,
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
        self.repourl = repourl.rstrip("/")
        if split_file is not None and not callable(split_file):
            config_error(f"{self.owner}: split_file must be callable, not {split_file!r}")
            split_file = None
        self.split_file: Callable[[str], Any] = split_file or split_file_alwaystrunk
        self.svnuser = svnuser if is_renderable(svnuser) else optional_text(self.owner, "svnuser", svnuser)
        self.svnpasswd = svnpasswd if is_renderable(svnpasswd) else optional_text(self.owner, "svnpasswd", svnpasswd)
        if isinstance(histmax, bool) or not isinstance(histmax, int) or histmax < 1:
            config_error(f"{self.owner}: histmax must be an integer, at least 1, not {histmax!r}")
            histmax = 100
        self.histmax = histmax
        self.svnbin = optional_text(self.owner, "svnbin", svnbin) or "svn"
        self.revlinktmpl = optional_text(self.owner, "revlinktmpl", revlinktmpl) or ""
        self.category = text_or_function(self.owner, "category", category)
        self.project = optional_text(self.owner, "project", project) or ""
        self.cachepath = optional_text(self.owner, "cachepath", cachepath)
        if extra_args is not None and (
            not isinstance(extra_args, list | tuple) or not all(isinstance(part, str) for part in extra_args)
        ):
            config_error(f"{self.owner}: extra_args must be a list of strings, not {extra_args!r}")
            extra_args = None
        self.extra_args = tuple(extra_args or ())
        self.last_change: int | None = None
        self._prefix: str | None = None

    def describe(self) -> str:
        """What it watches, for people."""
        return f"SVNPoller: watching {self.repourl}"

    # -- polling ------------------------------------------------------------------------------

    async def start_working(self) -> None:
        self.last_change = await self.master.data.updates.getState("SVNPoller", self.name, "last_change", None)
        if self.last_change is None and self.cachepath is not None:
            self.last_change = await self.master.in_thread(self._cached_blocking)
        self._svn = Program(
            self.svnbin,
            environment={**os.environ, "LC_ALL": "C.UTF-8"},
            processes=self.master.processes,
            clock=self.master.reactor,
        )
        await super().start_working()

    async def poll(self) -> None:
        """Ask for the log, and make changes of what is new. If svn fails, that is logged; the next poll tries again."""
        try:
            await self._poll()
        except (ProgramFailed, OSError, ElementTree.ParseError, RenderError) as problem:
            self._log.warn("{service} cannot be polled: {problem}", service=self.owner, problem=problem)

    async def _poll(self) -> None:
        if self._prefix is None:
            self._prefix = parse_prefix(await self._run("info"))
        entries = parse_log(await self._run("log", "--verbose", f"--limit={self.histmax}"))
        if not entries:
            return
        if self.last_change is None:
            await self._remember(entries[-1].revision)
            return
        for entry in entries:
            if entry.revision > self.last_change:
                for change in self.changes_of(entry, self._prefix):
                    await self.master.data.updates.addChange(**change)
                await self._remember(entry.revision)

    def changes_of(self, entry: LogEntry, prefix: str) -> list[dict[str, Any]]:
        """The arguments of ``addChange`` for one revision, one set for each branch that it touches."""
        files: dict[tuple[tuple[str, str], ...], list[str]] = {}
        kept: set[tuple[tuple[str, str], ...]] = set()
        for action, path in entry.paths:
            where = self._place(path, prefix)
            if where is None:
                continue
            inner = where.pop("path")
            place = tuple(sorted(where.items()))
            files.setdefault(place, []).append(inner)
            if not (action == "D" and inner in ("", "/")):
                kept.add(place)  # else the branch itself is gone, and there is nothing to build
        made = []
        for place, names in files.items():
            if place not in kept:
                continue
            change: dict[str, Any] = {
                "author": entry.author,
                "revision": str(entry.revision),
                "files": names,
                "comments": entry.comments,
                "branch": None,
                "project": self.project,
                "repository": self.repourl,
                "revlink": self.revlinktmpl.replace("%s", str(entry.revision)),
                "src": "svn",
                **dict(place),
            }
            if entry.when is not None:
                change["when_timestamp"] = entry.when
            change["category"] = self.category(dict(change)) if callable(self.category) else self.category
            made.append(change)
        return made

    def _place(self, path: str, prefix: str) -> dict[str, str] | None:
        if not (path + "/").startswith(prefix + "/"):
            return None
        found = self.split_file(path[len(prefix) :].lstrip("/"))
        if found is None:
            return None
        if isinstance(found, tuple | list):
            branch, inner = found
            found = {"path": inner, "branch": branch}
        where = {key: found[key] for key in _KEYS if found.get(key) is not None}
        return {**where, "path": found["path"]}

    async def _run(self, command: str, *arguments: str) -> bytes:
        context = PropertiesOfService(self.master.secrets)
        user, password = await render(self.svnuser, context), await render(self.svnpasswd, context)
        options = ["--xml", "--non-interactive", *self.extra_args]
        stdin = b""
        if user:
            options += ["--username", user]
        if password:  # not as an argument, which all users of the machine can see
            options.append("--password-from-stdin")
            stdin = str(password).encode()
        return await self._svn.run(command, *options, *arguments, "--", f"{self.repourl}@", stdin=stdin)

    async def _remember(self, revision: int) -> None:
        self.last_change = revision
        await self.master.data.updates.setState("SVNPoller", self.name, "last_change", revision)
        if self.cachepath is not None:
            file = Path(self.master.basedir, self.cachepath)
            await self.master.in_thread(file.write_text, str(revision))

    def _cached_blocking(self) -> int | None:
        try:
            return int(Path(self.master.basedir, str(self.cachepath)).read_text())
        except (OSError, ValueError):
            return None


def parse_prefix(output: bytes) -> str:
    """Where the polled address is in its repository, from ``svn info --xml``: empty, or a path that begins with /."""
    entry = ElementTree.fromstring(output)  # noqa: S314  # expat takes no external entities, and svn is the author
    url, root = entry.findtext(".//url") or "", entry.findtext(".//root") or ""
    return url.removeprefix(root).rstrip("/")


def parse_log(output: bytes) -> list[LogEntry]:
    """The revisions in the output of ``svn log --xml --verbose``, oldest first."""
    entries = []
    for element in ElementTree.fromstring(output).iter("logentry"):  # noqa: S314  # as above
        paths = tuple(
            (path.get("action", "M"), (path.text or "") + ("/" if path.get("kind") == "dir" else ""))
            for path in element.iter("path")
        )
        date = element.findtext("date")
        entries.append(
            LogEntry(
                revision=int(element.get("revision", "0")),
                author=element.findtext("author") or "unknown",
                when=None if not date else int(datetime.fromisoformat(date).timestamp()),
                comments=element.findtext("msg") or "",
                paths=paths,
            )
        )
    return sorted(entries, key=lambda entry: entry.revision)
