"""How a try gets to the master: by ssh into its job directory, or by Perspective Broker."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from typing import Any

from twisted.cred.credentials import UsernamePassword
from twisted.internet.defer import Deferred, gatherResults
from twisted.internet.endpoints import HostnameEndpoint
from twisted.internet.task import react
from twisted.spread import pb
from twisted.spread.banana import SIZE_LIMIT

from buildmill.common.errors import BuildmillError
from buildmill.common.results import Result
from buildmill.master.domain.try_job import TryJob, write_job

Say = Callable[[str], None]


def deliver_by_ssh(job: TryJob, command: Sequence[str]) -> None:
    """Give the job to a `tryserver` on the master's machine.

    Args:
        command: ssh and all its arguments.

    Raises:
        BuildmillError: it cannot be run, or fails.
    """
    try:
        done = subprocess.run(command, input=write_job(job), capture_output=True, check=False)
    except OSError as problem:
        raise BuildmillError(f"{command[0]} cannot be run: {problem}") from problem
    if done.returncode != 0:
        text = done.stderr.decode(errors="replace").strip()
        raise BuildmillError(f"the master's machine took no job: {text or f'code {done.returncode}'}")


class PbMaster:
    """A master that listens with `Try_Userpass`.

    Args:
        host, port: where.
        username, password: of the scheduler's ``userpass``.
        say: shows a line to the user.
    """

    def __init__(self, *, host: str, port: int, username: str, password: str, say: Say) -> None:
        self._host, self._port = host, port
        self._credentials = UsernamePassword(username.encode(), password.encode())
        self._say = say

    def builder_names(self) -> list[str]:
        """The builders that a job may name. Raises BuildmillError."""

        async def ask(remote: Any) -> list[str]:
            return [str(name) for name in await remote.callRemote("getAvailableBuilderNames")]

        return list(self._connected(ask))

    def deliver(self, job: TryJob, *, wait: bool) -> bool:
        """Send a job; whether all its builds were good, if they are waited for.

        Raises:
            BuildmillError: the master cannot be reached, or refuses.
        """

        level, body = job.patch or (0, b"")
        if len(body) > SIZE_LIMIT:
            raise BuildmillError(f"the patch has more than {SIZE_LIMIT // 1024} KiB, send it by --connect=ssh")

        async def send(remote: Any) -> bool:
            status = await remote.callRemote(
                "try", job.branch, job.base_revision, (level, body), job.repository, job.project,
                list(job.builder_names), job.who, job.comment, dict(job.properties),
            )  # fmt: skip
            if status is None:
                raise BuildmillError("the master refuses: a builder is not one that can be tried")
            self._say("job has been delivered")
            if not wait:
                return True
            requests = await status.callRemote("getBuildRequests")
            watched = [_Watched(str(name), self._say) for name, _ in requests]
            for each, (_, request) in zip(watched, requests, strict=True):
                await request.callRemote("subscribe", each)
            results = await gatherResults([each.ended for each in watched], consumeErrors=True)
            return all(result in (Result.SUCCESS, Result.WARNINGS) for result in results)

        return bool(self._connected(send))

    def _connected(self, act: Callable[[Any], Any]) -> Any:
        outcome: list[Any] = []

        async def run(reactor: Any) -> None:
            factory = pb.PBClientFactory()
            try:
                await HostnameEndpoint(reactor, self._host, self._port).connect(factory)
                remote = await factory.login(self._credentials)
                outcome.append(await act(remote))
            except BuildmillError as problem:
                outcome.append(problem)
            except Exception as problem:  # of the connection, or raised by the other side
                outcome.append(BuildmillError(self._explained(problem)))
            factory.disconnect()

        try:
            react(lambda reactor: Deferred.fromCoroutine(run(reactor)))
        except SystemExit as end:
            if end.code:
                raise
        if isinstance(outcome[0], BuildmillError):
            raise outcome[0]
        return outcome[0]

    def _explained(self, problem: Exception) -> str:
        # what the other side has raised is known by name only
        if getattr(problem, "remoteType", b"") == b"twisted.cred.error.UnauthorizedLogin":
            return "the master refuses: wrong name or password"
        return f"the master at {self._host}:{self._port}: {problem or type(problem).__name__}"


class _Watched(pb.Referenceable):
    """Hears of the builds of one request."""

    def __init__(self, builder: str, say: Say) -> None:
        self._builder = builder
        self._say = say
        self.ended: Deferred[int] = Deferred()

    def remote_newbuild(self, build: Any, builder: Any) -> None:  # the protocol's name
        """A build begins."""

        async def follow() -> None:
            await build.callRemote("subscribe", self, 5)
            await build.callRemote("waitUntilFinished")
            result = Result(await build.callRemote("getResults"))
            text = " ".join(map(str, await build.callRemote("getText")))
            self._say(f"{self._builder}: {result.text} ({text})")
            if result is not Result.RETRY and not self.ended.called:
                self.ended.callback(int(result))

        Deferred.fromCoroutine(follow()).addErrback(self._failed)

    def _failed(self, failure: Any) -> None:
        if not self.ended.called:
            self.ended.errback(failure)

    def remote_stepStarted(self, builder: Any, build: Any, name: Any, step: Any) -> None:  # noqa: N802  # the protocol's name
        """A step begins."""
        self._say(f"{self._builder}: {name}")

    def remote_stepFinished(self, builder: Any, build: Any, name: Any, step: Any, results: Any) -> None:  # noqa: N802
        """A step ends; nothing is shown of it."""
