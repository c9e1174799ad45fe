"""Schedulers that build patches which are not committed yet: `Try_Jobdir` and `Try_Userpass`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.internet.interfaces import IDelayedCall

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable, render
from buildmill.master.domain.try_job import MAX_BYTES, TryJob, read_job
from buildmill.master.engine.maildir import Maildir
from buildmill.master.engine.pb_port import PbPort, checked_port
from buildmill.master.engine.secret_source import PropertiesOfService
from buildmill.master.schedulers.base import AddedBuildset, BaseScheduler
from buildmill.master.schedulers.try_remote import TryPerspective

_POLL_SECONDS = 2.0
_SOURCE = "try build"


class TryBase(BaseScheduler):
    """Base of schedulers for tries.

    Attributes:
        shows_comments: whether the comment of a job is part of its reason.
    """

    shows_comments = True

    def filterBuilderList(self, builderNames: Sequence[str]) -> list[str]:
        """The builders for a job: those it names, all if it names none; none if one of them is not the scheduler's."""
        own = self.listBuilderNames()
        if not builderNames:
            return list(own)
        return list(builderNames) if set(builderNames) <= set(own) else []

    async def try_job(self, job: TryJob, state: Mapping[str, Any] | None = None) -> AddedBuildset | None:
        """Ask for the builds of a job; None if it wants builders that are not this scheduler's.

        Args:
            state: kept in the same transaction, as for `setState`.
        """
        builders = self.filterBuilderList(job.builder_names)
        if not builders:
            self._log.warn(
                "{service}: a job of {who} wants other builders: {names}",
                service=self.owner, who=job.who or "somebody", names=list(job.builder_names),
            )  # fmt: skip
            return None
        return await self.addBuildsetForSourceStamps(
            sourcestamps=[job.source_stamp()],
            reason=job.reason(with_comment=self.shows_comments),
            external_idstring=job.job_id or None,
            builderNames=builders,
            properties={name: (value, _SOURCE) for name, value in job.properties.items()},
            state=state,
        )


class Try_Jobdir(TryBase):  # noqa: N801  # the name that configurations use
    """Takes jobs from files that are put into a directory, as ``buildbot try --connect=ssh`` does.

    Each file is built once, whenever the master dies: that it was is written in the transaction that asks for it.

    Args:
        jobdir: a Maildir, absolute or below the master's directory.
        options: see `BaseScheduler`.
    """

    shows_comments = False

    def __init__(self, name: str, builderNames: Any, jobdir: str, **options: Any) -> None:
        super().__init__(name, builderNames, **options)
        if not isinstance(jobdir, str) or not jobdir:
            config_error(f"{self.owner}: jobdir must be the name of a directory, not {jobdir!r}")
            jobdir = "invalid"
        self.jobdir = jobdir
        self._done: list[str] = []
        self._timer: IDelayedCall | None = None

    async def start_working(self) -> None:
        self._maildir = Maildir(Path(self.master.basedir, self.jobdir))
        self._done = list(await self.getState("done", []))
        self._look()

    async def stop_working(self) -> None:
        if self._timer is not None and self._timer.active():
            self._timer.cancel()
        self._timer = None

    def _look(self) -> None:
        self._timer = None
        self._tasks.start(self._take_all(), name="jobs")

    async def _take_all(self) -> None:
        try:
            await self.master.in_thread(self._maildir.prepare_blocking)
            names = await self.master.in_thread(self._maildir.waiting_blocking)
            for name in names:
                if name not in self._done:
                    await self._take(name)
                await self.master.in_thread(self._maildir.done_blocking, name)
            if self._done:
                self._done = []
                await self.setState("done", [])
        except OSError as problem:
            self._log.warn("{service} cannot look for jobs: {problem}", service=self.owner, problem=problem)
        except Exception:  # the database, or a function of the configuration; the files are still there
            self._log.failure("{service} cannot take its jobs", service=self.owner)
        if self.is_working:
            self._timer = self.master.reactor.callLater(_POLL_SECONDS, self._look)

    async def _take(self, name: str) -> None:
        data = await self.master.in_thread(self._maildir.read_blocking, name, MAX_BYTES + 1)
        try:
            await self.try_job(read_job(data), state={"done": [*self._done, name]})
            self._done.append(name)
        except InvalidInput as problem:
            self._log.warn("{service}: {file} is no job: {problem}", service=self.owner, file=name, problem=problem)


class Try_Userpass(TryBase):  # noqa: N801  # the name that configurations use
    """Takes jobs from ``buildbot try --connect=pb``, whose users log in with a password.

    Args:
        port: a number, or a description of a server endpoint.
        userpass: pairs of name and password, which may be renderables.
        options: see `BaseScheduler`.
    """

    def __init__(
        self, name: str, builderNames: Any, port: int | str, userpass: Iterable[tuple[Any, Any]], **options: Any
    ) -> None:
        super().__init__(name, builderNames, **options)
        if checked_port(port) is None:
            config_error(f"{self.owner}: port must be a port number or a server endpoint, not {port!r}")
            port = 0
        self.port: int | str = port
        self.userpass: list[tuple[Any, Any]] = []
        for entry in userpass if isinstance(userpass, list | tuple | set) else [userpass]:
            if isinstance(entry, list | tuple) and len(entry) == 2 and all(map(_is_text, entry)):
                self.userpass.append((entry[0], entry[1]))
            else:
                config_error(f"{self.owner}: userpass must be a list of pairs of name and password")
        self._pb: PbPort | None = None
        self._users: list[str] = []

    @property
    def listens_at(self) -> int | None:
        """Its port's number while it works."""
        return None if self._pb is None else self._pb.number

    async def start_working(self) -> None:
        context = PropertiesOfService(self.master.secrets)
        users = [(str(await render(n, context)), str(await render(p, context))) for n, p in self.userpass]
        self._pb = await PbPort.getService(self.master, self.port)
        for name, password in users:
            self._pb.add_user(name, password, lambda user: TryPerspective(self, self.master, user))
            self._users.append(name)

    async def stop_working(self) -> None:
        port, self._pb = self._pb, None
        users, self._users = self._users, []
        for name in users:
            if port is not None:
                await port.remove_user(name)


def _is_text(value: Any) -> bool:
    return isinstance(value, str) or is_renderable(value)
