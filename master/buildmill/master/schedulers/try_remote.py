"""What clients of `Try_Userpass` may call, and the builds of their jobs as they see them; names are the protocol's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Protocol

from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from twisted.spread import pb

from buildmill.common.errors import BuildmillError
from buildmill.master.domain.try_job import TryJob
from buildmill.master.engine.clustered import PluginMaster
from buildmill.master.mq.bus import Subscription
from buildmill.master.schedulers.base import AddedBuildset

_log = Logger()


class Tries(Protocol):
    """The scheduler."""

    def listBuilderNames(self) -> tuple[str, ...]: ...

    async def try_job(self, job: TryJob) -> AddedBuildset | None: ...


class TryPerspective(pb.Avatar):
    """A client that has logged in.

    Args:
        tries: the scheduler.
        master: where builds are looked up.
        user: who logged in; who a job is from if it doesn't say.
    """

    def __init__(self, tries: Tries, master: PluginMaster, user: str) -> None:
        self._tries = tries
        self._master = master
        self._user = user

    def perspective_getAvailableBuilderNames(self) -> list[str]:
        """The builders that a job may name."""
        return list(self._tries.listBuilderNames())

    def perspective_try(
        self,
        branch: Any,
        revision: Any,
        patch: Any,
        repository: Any,
        project: Any,
        builderNames: Any,
        who: Any = "",
        comment: Any = "",
        properties: Any = None,
    ) -> Any:
        """Try a patch (level and body); gives what its builds can be followed with, or None for unknown builders."""

        async def try_it() -> Any:
            try:
                level, body = patch if patch is not None else (0, b"")
                job = TryJob(
                    branch=_text(branch) or None,
                    base_revision=_text(revision) or None,
                    patch=(int(level), body if isinstance(body, bytes) else str(body).encode()) if body else None,
                    repository=_text(repository),
                    project=_text(project),
                    who=_text(who) or self._user,
                    comment=_text(comment),
                    builder_names=tuple(map(_text, builderNames or ())),
                    properties={_text(name): _plain(value) for name, value in dict(properties or {}).items()},
                )
                added = await self._tries.try_job(job)
            except (BuildmillError, TypeError, ValueError) as problem:
                raise pb.Error(str(problem)) from problem
            if added is None:
                return None
            names = {}
            for builder in added[1]:
                names[builder] = (await self._master.data.get(("builders", builder)))["name"]
            return RemoteBuildSetStatus(self._master, {names[b]: request for b, request in added[1].items()})

        return Deferred.fromCoroutine(try_it())

    def attached(self, mind: Any) -> Any:
        """Called by clients of long standing; nothing is to be done."""
        return self

    def detached(self, mind: Any) -> None:
        """The opposite."""


class RemoteBuildSetStatus(pb.Referenceable):
    """The buildset of a job."""

    def __init__(self, master: PluginMaster, requests: Mapping[str, int]) -> None:
        self._requests = [(name, RemoteBuildRequest(master, name, request)) for name, request in requests.items()]

    def remote_getBuildRequests(self) -> list[tuple[str, RemoteBuildRequest]]:
        """Name of builder, and request."""
        return self._requests


class RemoteBuildRequest(pb.Referenceable):
    """A request; a subscriber is told of each build of it."""

    def __init__(self, master: PluginMaster, builder: str, request: int) -> None:
        self._master, self._builder, self._request = master, builder, request
        self._subscriptions: dict[Any, Subscription] = {}

    def remote_subscribe(self, subscriber: Any) -> Any:
        """Tell of builds from now on, and of those that there are."""
        told: set[int] = set()

        def tell(build: int) -> None:
            if build not in told:
                told.add(build)
                _call(subscriber, "newbuild", RemoteBuild(self._master, self._builder, build), self._builder)

        def came(key: Any, event: Any) -> None:
            if event.message.buildrequestid == self._request:
                tell(event.message.buildid)

        async def look() -> None:
            for row in await self._master.data.get(("buildrequests", self._request, "builds")):
                tell(row["buildid"])

        self._subscriptions[subscriber] = self._master.mq.subscribe(("builds", None, "new"), came)
        subscriber.notifyOnDisconnect(self.remote_unsubscribe)
        return Deferred.fromCoroutine(look())

    def remote_unsubscribe(self, subscriber: Any) -> None:
        """Tell no more."""
        subscription = self._subscriptions.pop(subscriber, None)
        if subscription is not None:
            subscription.cancel()


class RemoteBuild(pb.Referenceable):
    """A build; a subscriber is told when its steps begin and end."""

    def __init__(self, master: PluginMaster, builder: str, build: int) -> None:
        self._master, self._builder, self._build = master, builder, build
        self._subscriptions: dict[Any, list[Subscription]] = {}

    def remote_subscribe(self, subscriber: Any, interval: Any) -> None:
        """Tell of steps from now on."""

        def started(key: Any, event: Any) -> None:
            _call(subscriber, "stepStarted", self._builder, self, event.message.name, None)

        def finished(key: Any, event: Any) -> None:
            _call(subscriber, "stepFinished", self._builder, self, event.message.name, None, event.message.results)

        build = str(self._build)
        self._subscriptions[subscriber] = [
            self._master.mq.subscribe(("builds", build, "steps", None, "started"), started),
            self._master.mq.subscribe(("builds", build, "steps", None, "finished"), finished),
        ]
        subscriber.notifyOnDisconnect(self.remote_unsubscribe)

    def remote_unsubscribe(self, subscriber: Any) -> None:
        """Tell no more."""
        for subscription in self._subscriptions.pop(subscriber, ()):
            subscription.cancel()

    def remote_waitUntilFinished(self) -> Any:
        """Answer when the build has ended."""
        ended: Deferred[None] = Deferred()

        def heard(key: Any, event: Any) -> None:
            if not ended.called:
                ended.callback(None)

        async def wait() -> RemoteBuild:
            subscription = self._master.mq.subscribe(("builds", str(self._build), "finished"), heard)
            if not (await self._row())["complete"]:
                await ended
            subscription.cancel()
            return self

        return Deferred.fromCoroutine(wait())

    def remote_getResults(self) -> Any:
        """The result's code."""

        async def results() -> int:
            return int((await self._row())["results"])

        return Deferred.fromCoroutine(results())

    def remote_getText(self) -> Any:
        """A few words about the result."""

        async def text() -> list[str]:
            return [(await self._row())["state_string"]]

        return Deferred.fromCoroutine(text())

    async def _row(self) -> Any:
        return await self._master.data.get(("builds", self._build))


def _call(subscriber: Any, method: str, *args: Any) -> None:
    def failed(failure: Failure) -> None:
        if not failure.check(pb.DeadReferenceError, pb.PBConnectionLost):
            _log.failure("a client of try does not understand {method}", failure=failure, method=method)

    try:
        subscriber.callRemote(method, *args).addErrback(failed)
    except pb.DeadReferenceError:
        return


def _text(value: Any) -> str:
    return "" if value is None else value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def _plain(value: Any) -> Any:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else value
