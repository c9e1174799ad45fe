"""`P4`: a checkout from a Perforce server."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.step import BuildStepFailed
from buildmill.master.steps.arguments import check_choice, check_type, label, require
from buildmill.master.steps.checkout import Checkout
from buildmill.master.steps.safe_words import hidden, safe_argument
from buildmill.master.steps.source import Source

_CHANGE = re.compile(r"^\.\.\. change (\d+)", re.MULTILINE)
_CLIENT = Interpolate("buildbot_%(prop:workername)s_%(prop:buildername)s")
_LINE_ENDS = ("local", "unix", "mac", "win", "share")


class P4(Checkout):
    """Brings the sources of the build from a Perforce server; sets the property ``got_revision``.

    Args:
        mode: "incremental" keeps what earlier builds made, "full" removes everything and brings it anew.
        p4base, p4branch: what is brought is their directory. p4extra_views: list of more, as ``(path, directory)``.
        p4viewspec: instead of these a list of ``(path, directory)``, with p4viewspec_suffix behind each.
        p4port, p4user, p4passwd: server, user, password; logs don't show the password.
        use_tickets: log in first, and don't show the password to other commands.
        p4client: name of the client, by default ``buildbot_WORKER_BUILDER``.
        p4line_end, p4client_spec_options, p4client_type: of the client. stream: the client is one of a stream.
        p4extra_args: list of options of all commands that bring files. p4bin: the program.
        debug: accepted; all commands are in the log anyway.
        retry, alwaysUseLatest, timeout, env, logEnviron, codebase, workdir: as in all checkouts.
    """

    name: Any = "p4"
    modes: ClassVar[Mapping[str, Sequence[str | None]]] = {"incremental": (None,), "full": (None,)}
    renderables: Any = (
        *Source.renderables,
        "mode",
        "p4base",
        "p4branch",
        "p4client",
        "p4extra_args",
        "p4extra_views",
        "p4passwd",
        "p4port",
        "p4user",
        "p4viewspec",
    )

    def __init__(
        self,
        mode: Any = "incremental",
        method: Any = None,
        p4base: Any = None,
        p4branch: Any = None,
        p4port: Any = None,
        p4user: Any = None,
        p4passwd: Any = None,
        p4extra_views: Any = (),
        p4line_end: Any = "local",
        p4viewspec: Any = None,
        p4viewspec_suffix: Any = "...",
        p4client: Any = None,
        p4client_spec_options: Any = "allwrite rmdir",
        p4client_type: Any = None,
        p4extra_args: Any = None,
        p4bin: Any = "p4",
        use_tickets: Any = False,
        stream: Any = False,
        debug: Any = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.mode = mode
        self.method = method
        self.branch = p4branch
        self.p4base = p4base
        self.p4branch = p4branch
        self.p4port = p4port
        self.p4user = p4user
        self.p4passwd = p4passwd
        self.p4extra_views = p4extra_views
        self.p4line_end = p4line_end
        self.p4viewspec = p4viewspec
        self.p4viewspec_suffix = p4viewspec_suffix
        self.p4client = (
            Interpolate("buildbot_%(prop:workername)s_%(prop:buildername)s") if p4client is None else p4client
        )
        self.p4client_spec_options = p4client_spec_options
        self.p4client_type = p4client_type
        self.p4extra_args = p4extra_args or []
        self.p4bin = p4bin
        self.use_tickets = use_tickets
        self.stream = stream
        self.debug = debug
        self._check()

    def _check(self) -> None:
        self._check_mode()
        for name in ("p4base", "p4branch", "p4port", "p4user", "p4passwd", "p4client", "p4client_type"):
            check_type(self, name, getattr(self, name), str, optional=True)
        for name in ("p4viewspec_suffix", "p4client_spec_options", "p4bin"):
            check_type(self, name, getattr(self, name), str, optional=name == "p4viewspec_suffix")
        for name in ("p4extra_views", "p4extra_args"):
            check_type(self, name, getattr(self, name), list, tuple)
        check_type(self, "p4viewspec", self.p4viewspec, list, tuple, optional=True)
        for name in ("use_tickets", "stream", "debug"):
            check_type(self, name, getattr(self, name), bool)
        check_choice(self, "p4line_end", self.p4line_end, _LINE_ENDS)
        if self.p4viewspec is not None and (self.p4base or self.p4branch or self.p4extra_views):
            config_error(f"{label(self)}: p4viewspec excludes p4base, p4branch and p4extra_views")
        elif self.p4viewspec is None:
            require(self, "p4base", self.p4base)
        if self.stream is True:
            if self.p4viewspec is not None or self.p4extra_views:
                config_error(f"{label(self)}: a stream excludes p4viewspec and p4extra_views")
            require(self, "p4branch", self.p4branch)
        if isinstance(self.p4base, str) and self.p4base.endswith("/") and not is_renderable(self.p4base):
            config_error(f"{label(self)}: p4base must not end with a slash: {self.p4base!r}")
        if isinstance(self.p4branch, str) and self.p4branch.endswith("/"):
            config_error(f"{label(self)}: p4branch must not end with a slash: {self.p4branch!r}")
        if self.use_tickets is True:
            require(self, "p4passwd", self.p4passwd)

    # -- commands ----------------------------------------------------------------------------------

    async def _require_program(self) -> None:
        if await self._vc(["-V"], fail=False, program=self.p4bin) != 0:
            raise BuildStepFailed(f"{self.p4bin} is not installed on worker {self.getWorkerName()}")

    async def _p4(self, words: Sequence[Any], *, client: bool = True, **options: Any) -> Any:
        line: list[Any] = []
        if self.p4port:
            line += ["-p", self.p4port]
        if self.p4user:
            line += ["-u", self.p4user]
        if self.p4passwd and not self.use_tickets:
            line += ["-P", hidden(self.p4passwd)]
        if client:
            line += ["-c", safe_argument("client", str(self.p4client))]
        return await self._vc([*line, *words], program=self.p4bin, **options)

    async def prepare(self) -> None:
        """Log in, and describe the client."""
        if self.use_tickets and self.p4passwd:
            await self._p4(["login"], stdin=f"{self.p4passwd}\n")
        await self._p4(["client", "-i"], stdin=self._client_spec())

    def _client_spec(self) -> str:
        lines = [
            f"Client: {self.p4client}",
            "",
            f"Owner: {self.p4user or ''}",
            "",
            "Description:",
            f"\tCreated by {self.p4user or ''}",
            "",
            f"Root:\t{self.build.worker_path(self.workdir)}",
            "",
            f"Options:\t{self.p4client_spec_options}",
            "",
            f"LineEnd:\t{self.p4line_end or 'local'}",
            "",
        ]
        if self.p4client_type is not None:
            lines += [f"Type:\t{self.p4client_type}", ""]
        if self.stream:
            lines.append(f"Stream:\t{self.p4base}/{self.branch}")
        else:
            lines += ["View:", *(f"\t{view}" for view in self._views())]
        return "\n".join(lines) + "\n"

    def _views(self) -> list[str]:
        """Lines ``depot-path client-path``, in quotes where they hold spaces."""
        if self.p4viewspec is not None:
            suffix = self.p4viewspec_suffix or ""
            pairs = [(f"{path}{suffix}", f"{directory}{suffix}") for path, directory in self.p4viewspec]
        else:
            base = f"{self.p4base}/{self.branch}" if self.branch else str(self.p4base)
            pairs = [(f"{base}/...", "...")]
            pairs += [(f"{path}/...", f"{directory}/...") for path, directory in self.p4extra_views]
        return [f"{_quoted(path)} {_quoted(f'//{self.p4client}/{directory}')}" for path, directory in pairs]

    async def remove_patch(self) -> None:
        """Perforce must forget that it has brought the files."""
        await self._start_anew()

    async def _start_anew(self) -> None:
        await self._p4([*self.p4extra_args, "sync", "#none"])
        await self._remove()

    async def bring(self) -> None:
        """Find out which change is meant, and bring it."""
        if self.revision is None:
            self.revision = await self._newest()
        if not self.revision.isdecimal():
            raise BuildStepFailed(f"revision {self.revision!r} is no number of a change")
        if self.mode == "full":
            await self._start_anew()
        what = f"//{self.p4client}/...@{self.revision}"
        await self._with_retry(lambda: self._p4([*self.p4extra_args, "sync", what]), from_scratch=False)

    async def _newest(self) -> str:
        output = await self._p4(["-ztag", "changes", "-m1", f"//{self.p4client}/...#head"], output=True)
        found = _CHANGE.search(str(output))
        if found is None:
            raise BuildStepFailed("p4 changes told no change")
        return found.group(1)

    async def got_revision(self) -> str | None:
        """The number of the change that was brought."""
        return self.revision

    def computeSourceRevision(self, changes: Any) -> str | None:
        """The last change: their numbers grow."""
        numbers = [int(change.revision) for change in changes if change.revision and str(change.revision).isdecimal()]
        return str(max(numbers)) if numbers else None


def _quoted(path: str) -> str:
    return f'"{path}"' if " " in path else path
