"""`P4Source`: looks into a Perforce depot from time to time."""

from __future__ import annotations

import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from buildmill.common.errors import BuildmillError
from buildmill.master.changes.arguments import encoding_of, optional_text
from buildmill.master.changes.base import PollingChangeSource
from buildmill.master.changes.program import Program, ProgramFailed
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import RenderError, is_renderable, render
from buildmill.master.engine.secret_source import PropertiesOfService

_LISTED = re.compile(r"Change (\d+) on ")
_DESCRIBED = re.compile(r"Change \d+ by (\S+) on (\d{4}/\d\d/\d\d \d\d:\d\d:\d\d)")
_FILE = re.compile(r"\.\.\. (//[^#]+)#\d+ ")


class NotUnderstood(BuildmillError):
    """The program has written something else than it should."""


@dataclass(frozen=True, kw_only=True)
class Changelist:
    """What ``p4 describe`` tells.

    Attributes:
        who: user and workspace.
        when: by the server's clock.
        files: paths in the depot.
    """

    who: str
    when: datetime
    comments: str
    files: tuple[str, ...]


class P4Source(PollingChangeSource):
    """Makes a change of each new changelist, one for each branch that it touches.

    The first poll only notes the newest changelist. Where it was is remembered over restarts.

    Args:
        p4port, p4user: server and user.
        p4passwd: the user's; a renderable is taken. It is no argument of the program.
        p4base: the path in the depot that is watched, up to where branches begin.
        p4bin: the p4 program.
        split_file: function of a path below `p4base`: pair of branch and inner path; None for what does not count.
        histmax: how many changelists are asked for at most.
        encoding: of what the program writes.
        project: of the changes.
        use_tickets: log in, and use the ticket.
        ticket_login_interval: seconds until it logs in again.
        server_tz: the server's time zone, as ``Europe/Paris``; that of the master by default.
        revlink: ``f(branch, revision)``, the link of a changelist.
        resolvewho: function of user and workspace (``al@desk``), the author.
        name: unique among the change sources; made of server and path if not given.
        pollInterval, pollAtLaunch, pollRandomDelayMin, pollRandomDelayMax: see `PollingChangeSource`.

    Attributes:
        last_change: number of the changelist that was seen last.
    """

    def __init__(
        self,
        p4port: str | None = None,
        p4user: str | None = None,
        p4passwd: Any = None,
        p4base: str = "//",
        p4bin: str = "p4",
        split_file: Callable[[str], Any] | None = None,
        pollInterval: float = 600,
        histmax: int | None = None,
        encoding: str = "utf8",
        project: str | None = None,
        name: str | None = None,
        use_tickets: bool = False,
        ticket_login_interval: float = 86400,
        server_tz: str | None = None,
        pollAtLaunch: bool = False,
        revlink: Callable[[str | None, str], str] | None = None,
        resolvewho: Callable[[str], str] | None = None,
        pollRandomDelayMin: float = 0,
        pollRandomDelayMax: float = 0,
    ) -> None:
        super().__init__(
            f"P4Source:{p4port}:{p4base}" if name is None else name,
            pollInterval=pollInterval,
            pollAtLaunch=pollAtLaunch,
            pollRandomDelayMin=pollRandomDelayMin,
            pollRandomDelayMax=pollRandomDelayMax,
        )
        self.p4port = optional_text(self.owner, "p4port", p4port)
        self.p4user = optional_text(self.owner, "p4user", p4user)
        self.p4passwd = p4passwd if is_renderable(p4passwd) else optional_text(self.owner, "p4passwd", p4passwd)
        self.p4base = optional_text(self.owner, "p4base", p4base) or "//"
        if not self.p4base.startswith("//"):
            config_error(f"{self.owner}: p4base must be a path in the depot, as //depot/project/, not {p4base!r}")
        self.p4bin = optional_text(self.owner, "p4bin", p4bin) or "p4"
        self.project = optional_text(self.owner, "project", project) or ""
        self.encoding = encoding_of(self.owner, encoding)
        if histmax is not None and (isinstance(histmax, bool) or not isinstance(histmax, int) or histmax < 1):
            config_error(f"{self.owner}: histmax must be an integer, at least 1, not {histmax!r}")
            histmax = None
        self.histmax = histmax
        for argument, function in (("split_file", split_file), ("revlink", revlink), ("resolvewho", resolvewho)):
            if function is not None and not callable(function):
                config_error(f"{self.owner}: {argument} must be callable, not {function!r}")
        self.split_file: Callable[[str], Any] = split_file or (lambda path: (None, path))
        self.revlink: Callable[[str | None, str], str] = revlink or (lambda branch, revision: "")
        self.resolvewho: Callable[[str], str] = resolvewho or (lambda who: who)
        if use_tickets and not p4passwd:
            config_error(f"{self.owner}: use_tickets needs p4passwd")
        self.use_tickets = bool(use_tickets)
        self.ticket_login_interval = ticket_login_interval
        self._zone = self._zone_of(optional_text(self.owner, "server_tz", server_tz))
        self.last_change: int | None = None
        self._ticket: tuple[float, str] | None = None

    def _zone_of(self, name: str | None) -> tzinfo | None:
        try:
            return None if name is None else ZoneInfo(name)
        except (ValueError, OSError, KeyError):
            config_error(f"{self.owner}: server_tz must be the name of a time zone, not {name!r}")
            return None

    def describe(self) -> str:
        """What it watches, for people."""
        return f"P4Source {self.p4port} {self.p4base}"

    # -- polling ------------------------------------------------------------------------------

    async def start_working(self) -> None:
        self.last_change = await self.master.data.updates.getState("P4Source", self.name, "last_change", None)
        await super().start_working()

    async def poll(self) -> None:
        """Ask for new changelists. If p4 fails, that is logged; the next poll tries again."""
        try:
            await self._poll()
        except (ProgramFailed, OSError, RenderError, NotUnderstood) as problem:
            self._log.warn("{service} cannot be polled: {problem}", service=self.owner, problem=problem)

    async def _poll(self) -> None:
        p4 = await self._program()
        if self.last_change is None:
            for number in await self._numbers(p4, "-m", "1", f"{self.p4base}..."):
                await self._remember(number)
            return
        limit = () if self.histmax is None else ("-m", str(self.histmax))
        for number in await self._numbers(p4, *limit, f"{self.p4base}...@{self.last_change + 1},#head"):
            described = parse_description(await self._text(p4, "describe", "-s", str(number)))
            for change in self.changes_of(number, described):
                await self.master.data.updates.addChange(**change)
            await self._remember(number)

    def changes_of(self, number: int, described: Changelist) -> list[dict[str, Any]]:
        """The arguments of ``addChange`` for one changelist, one set for each branch that it touches."""
        files: dict[str | None, list[str]] = {}
        for path in described.files:
            if not path.startswith(self.p4base):
                continue
            found = self.split_file(path.removeprefix(self.p4base))
            if found is not None and found[1] is not None:
                files.setdefault(found[0], []).append(found[1])
        when = described.when if self._zone is None else described.when.replace(tzinfo=self._zone)
        return [
            {
                "author": self.resolvewho(described.who),
                "committer": None,
                "revision": str(number),
                "files": names,
                "comments": described.comments,
                "when_timestamp": int(when.timestamp()),
                "branch": branch,
                "project": self.project,
                "revlink": self.revlink(branch, str(number)),
                "src": "p4",
            }
            for branch, names in files.items()
        ]

    async def _numbers(self, p4: Program, *arguments: str) -> list[int]:
        """The submitted changelists of a range, oldest first."""
        lines = (await self._text(p4, "changes", "-s", "submitted", *arguments)).splitlines()
        found = [_LISTED.match(line) for line in lines if line.strip()]
        if not all(found):
            raise NotUnderstood(f"p4 changes has written {lines[0][:200]!r}")
        return sorted(int(match[1]) for match in found if match)

    async def _program(self) -> Program:
        password = await render(self.p4passwd, PropertiesOfService(self.master.secrets))
        if password and self.use_tickets:
            password = await self._logged_in(str(password))
        return self._with_password(password)

    async def _logged_in(self, password: str) -> str:
        now = self.master.reactor.seconds()
        if self._ticket is None or now - self._ticket[0] >= self.ticket_login_interval:
            self._ticket = None
            said = await self._with_password(None).run(
                "login", "-p", before=self._options(), stdin=f"{password}\n".encode()
            )
            lines = said.decode(self.encoding, "replace").split()
            if not lines:
                raise NotUnderstood("p4 login -p has written no ticket")
            self._ticket = now, lines[-1]
        return self._ticket[1]

    def _with_password(self, password: Any) -> Program:
        environment = {**os.environ, "LC_ALL": "C.UTF-8"}
        if password:  # not as an argument, which all users of the machine can see
            environment["P4PASSWD"] = str(password)
        return Program(self.p4bin, environment=environment, processes=self.master.processes, clock=self.master.reactor)

    def _options(self) -> list[str]:
        port = [] if self.p4port is None else ["-p", self.p4port]
        return port if self.p4user is None else [*port, "-u", self.p4user]

    async def _text(self, p4: Program, *arguments: str) -> str:
        return (await p4.run(*arguments, before=self._options())).decode(self.encoding, "replace")

    async def _remember(self, number: int) -> None:
        self.last_change = number
        await self.master.data.updates.setState("P4Source", self.name, "last_change", number)


def parse_description(text: str) -> Changelist:
    """Read the output of ``p4 describe -s``. Raises NotUnderstood."""
    head, _, rest = text.partition("\n")
    found = _DESCRIBED.match(head)
    if found is None:
        raise NotUnderstood(f"p4 describe has written {head[:200]!r}")
    comments: list[str] = []
    lines = iter(rest.splitlines())
    for line in lines:
        if line.startswith("Affected files ..."):
            break
        comments.append(line.removeprefix("\t"))
    files = (_FILE.match(line) for line in lines)
    return Changelist(
        who=found[1],
        when=datetime.strptime(found[2], "%Y/%m/%d %H:%M:%S"),
        comments="\n".join(comments).strip("\n"),
        files=tuple(match[1] for match in files if match),
    )
