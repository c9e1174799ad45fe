"""Services that cancel what nobody needs any more: builds of old sources, and the rest of a set that has failed."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

from twisted.logger import Logger

from buildmill.common.errors import NotFound
from buildmill.common.results import Result
from buildmill.common.tasks import TaskOwner
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.source_stamp_filter import SourceStampFilter
from buildmill.master.domain.stopping import StoppedBy, Stopper
from buildmill.master.engine.service import BuildbotService, settled
from buildmill.master.mq.bus import Subscription
from buildmill.master.schedulers.base import maybe_await

Key = tuple[str, str, str, str]
"""Codebase, project, repository, and what the branch is compared by."""
Filter = TypeVar("Filter")

_GERRIT_BRANCH = re.compile(r"(refs/changes/\d+/\d+)/\d+")


class _Canceller(BuildbotService):
    """A service that considers events one after the other while it runs."""

    _log = Logger()

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._events: deque[tuple[Callable[[Any], Any], Any]] = deque()
        self._is_busy = False
        self._subscriptions: list[Subscription] = []
        self._tasks = TaskOwner(repr(self))

    def _listen(self, *handlers: tuple[tuple[str | None, ...], Callable[[Any], Any]]) -> None:
        for pattern, handle in handlers:
            self._subscriptions.append(
                self.master.mq.subscribe(pattern, lambda key, event, handle=handle: self._came(handle, int(key[1])))
            )

    async def stopService(self) -> None:
        for subscription in self._subscriptions:
            subscription.cancel()
        self._subscriptions = []
        self._events.clear()
        await self._tasks.stop()
        self._is_busy = False
        await settled(super().stopService())

    def _came(self, handle: Callable[[Any], Any], row_id: int) -> None:
        self._events.append((handle, row_id))
        if not self._is_busy:
            self._is_busy = True
            self._tasks.start(self._consider(), name="cancel")

    async def _consider(self) -> None:
        while self._events:
            handle, row_id = self._events.popleft()
            try:
                await handle(row_id)
            except NotFound:  # deleted meanwhile
                continue
            except Exception:  # a function of the configuration, or one row
                self._log.failure("{service} cannot consider {row}", service=repr(self), row=row_id)
        self._is_busy = False

    async def _cancel(self, request: int, reason: str) -> None:
        text = "{service} cancels request {request}: {reason}"
        self._log.info(text, service=repr(self), request=request, reason=reason)
        by = StoppedBy(Stopper.SERVICE, self.name or "")
        await self.master.data.updates.cancelBuildRequest(request, reason, by.name, by)

    async def _builder_name(self, builder: int) -> str:
        return str((await self._row("builders", builder))["name"])

    async def _row(self, *path: Any) -> Any:
        found = await self.master.data.get(path)
        if found is None:
            raise NotFound("/".join(map(str, path)))
        return found

    async def _incomplete(self, *filters: _Equal) -> list[Mapping[str, Any]]:
        """The requests that wait or run, oldest first."""
        found: list[Mapping[str, Any]] = await self.master.data.get(
            "buildrequests", filters=[_Equal("complete", False), *filters], order=["buildrequestid"]
        )
        return found


def default_branch_key(ss: Mapping[str, Any]) -> str:
    """The branch; of a change in Gerrit without the number of its patch set."""
    branch = ss["branch"] or ""
    found = _GERRIT_BRANCH.fullmatch(branch)
    return found[1] if found else branch


class OldBuildCanceller(_Canceller):
    """Cancels what waits or runs for sources of which newer ones have come.

    When a request comes that is made for changes, the older requests of the same builder for the same branch (of the
    same codebase, project and repository) are cancelled, and their builds stopped. Requests for the same sources
    never cancel one another, nor do those of one buildset.

    Args:
        name: unique among the services.
        filters: pairs of the names of builders (one, or a list) and a `SourceStampFilter`: whose requests count.
        branch_key: ``f(source stamp)``, what a branch is compared by; the branch if not given, of a change in Gerrit
            without the number of its patch set.
    """

    def __init__(
        self,
        name: str,
        filters: Sequence[tuple[Any, SourceStampFilter]],
        branch_key: Callable[[Mapping[str, Any]], Any] | None = None,
    ) -> None:
        super().__init__(name=name, filters=filters, branch_key=branch_key)

    def checkConfig(
        self,
        filters: Sequence[tuple[Any, SourceStampFilter]],
        branch_key: Callable[[Mapping[str, Any]], Any] | None = None,
    ) -> None:
        _check_filters(repr(self), filters, ("builders", "filter"))
        if branch_key is not None and not callable(branch_key):
            config_error(f"{self!r}: branch_key must be callable, not {branch_key!r}")

    def reconfigService(
        self,
        filters: Sequence[tuple[Any, SourceStampFilter]],
        branch_key: Callable[[Mapping[str, Any]], Any] | None = None,
    ) -> None:
        self._filters = [(_names(builders), accepts) for builders, accepts in filters]
        self._branch_key = branch_key or default_branch_key
        self._tracked: dict[int, _Tracked] = {}

    async def startService(self) -> None:
        await settled(super().startService())
        self._listen(
            (("buildrequests", None, "new"), self._added), (("buildrequests", None, "complete"), self._completed)
        )
        # what has waited since before this master was started may become old, too
        for row in await self._incomplete():
            if row["buildrequestid"] not in self._tracked:
                tracked = await self._considered(row)
                if tracked is not None:
                    self._tracked[row["buildrequestid"]] = tracked

    async def _added(self, request: int) -> None:
        row = await self._row("buildrequests", request)
        new = await self._considered(row)
        if new is None:
            return
        if not row["complete"]:
            self._tracked[request] = new
        if not await self._is_for_changes(new.stamps):
            return
        for older, other in sorted(self._tracked.items()):
            if older < request and new.makes_old(other):
                del self._tracked[older]
                await self._cancel(older, f"obsoleted by build request {request}, which has newer sources")

    async def _completed(self, request: int) -> None:
        self._tracked.pop(request, None)

    async def _considered(self, row: Mapping[str, Any]) -> _Tracked | None:
        """What is to be known of a request; None if no filter wants it."""
        builder = await self._builder_name(row["builderid"])
        filters = [accepts for builders, accepts in self._filters if builder in builders]
        if not filters:
            return None
        stamps = (await self._row("buildsets", row["buildsetid"]))["sourcestamps"]
        wanted = [stamp for stamp in stamps if any(accepts.is_matched(stamp) for accepts in filters)]
        if not wanted:
            return None
        keys = {await self._key(stamp) for stamp in wanted}
        return _Tracked(row["builderid"], row["buildsetid"], frozenset(keys), frozenset(s["ssid"] for s in stamps))

    async def _key(self, stamp: Mapping[str, Any]) -> Key:
        branch = await maybe_await(self._branch_key(stamp))
        return stamp["codebase"], stamp["project"], stamp["repository"], str(branch)

    async def _is_for_changes(self, stamps: Iterable[int]) -> bool:
        for stamp in stamps:
            if await self.master.data.get(("sourcestamps", stamp, "changes")):
                return True
        return False


class _Tracked:
    """A request that is not complete: its builder, buildset, keys, and the ids of its source stamps."""

    __slots__ = ("builder", "buildset", "keys", "stamps")

    def __init__(self, builder: int, buildset: int, keys: frozenset[Key], stamps: frozenset[int]) -> None:
        self.builder, self.buildset, self.keys, self.stamps = builder, buildset, keys, stamps

    def makes_old(self, other: _Tracked) -> bool:
        """Whether the other one, which is older, is not needed any more."""
        return (
            self.builder == other.builder
            and self.buildset != other.buildset
            and self.stamps != other.stamps
            and not self.keys.isdisjoint(other.keys)
        )


class FailingBuildsetCanceller(_Canceller):
    """Cancels the other requests of a buildset when one of its builds has failed.

    Args:
        name: unique among the services.
        filters: triples of the names of builders whose failure counts, the names of those whose requests are then
            cancelled (None: all others), and a `SourceStampFilter`.
    """

    def __init__(self, name: str, filters: Sequence[tuple[Any, Any, SourceStampFilter]]) -> None:
        super().__init__(name=name, filters=filters)

    def checkConfig(self, filters: Sequence[tuple[Any, Any, SourceStampFilter]]) -> None:
        _check_filters(repr(self), filters, ("builders", "builders to cancel", "filter"))

    def reconfigService(self, filters: Sequence[tuple[Any, Any, SourceStampFilter]]) -> None:
        self._filters = [
            (_names(failing), None if others is None else _names(others), accepts)
            for failing, others, accepts in filters
        ]

    async def startService(self) -> None:
        await settled(super().startService())
        self._listen((("builds", None, "finished"), self._finished))

    async def _finished(self, build: int) -> None:
        row = await self._row("builds", build)
        if row["results"] != Result.FAILURE:
            return
        builder = await self._builder_name(row["builderid"])
        filters = [entry for entry in self._filters if builder in entry[0]]
        if not filters:
            return
        request = await self._row("buildrequests", row["buildrequestid"])
        buildset = await self._row("buildsets", request["buildsetid"])
        filters = [entry for entry in filters if any(map(entry[2].is_matched, buildset["sourcestamps"]))]
        if not filters:
            return
        for other in await self._incomplete(_Equal("buildsetid", request["buildsetid"])):
            name = await self._builder_name(other["builderid"])
            is_wanted = any(names is None or name in names for _, names, _ in filters)
            if is_wanted and other["buildrequestid"] != request["buildrequestid"]:
                reason = f"build {row['number']} of {builder!r}, in the same buildset, has failed"
                await self._cancel(other["buildrequestid"], reason)


class _Equal:
    """A filter of the data API: a field has a value."""

    op = "eq"

    def __init__(self, field: str, value: Any) -> None:
        self.field, self.values = field, (value,)


def _names(builders: Any) -> frozenset[str]:
    return frozenset([builders] if isinstance(builders, str) else builders)


def _check_filters(owner: str, filters: Any, parts: tuple[str, ...]) -> None:
    shape = f"({', '.join(parts)})"
    if isinstance(filters, str) or not isinstance(filters, Sequence):
        config_error(f"{owner}: filters must be a list of {shape}, not {filters!r}")
        return
    for index, entry in enumerate(filters):
        if not isinstance(entry, list | tuple) or len(entry) != len(parts):
            config_error(f"{owner}: filters[{index}] must be {shape}, not {entry!r}")
            continue
        *names, accepts = entry
        for part, builders in zip(parts, names, strict=False):
            if builders is None and part != parts[0]:
                continue
            given = [builders] if isinstance(builders, str) else builders
            if not isinstance(given, list | tuple | set | frozenset) or not all(isinstance(n, str) for n in given):
                config_error(f"{owner}: filters[{index}]: {part} must be a list of names, not {builders!r}")
        if not isinstance(accepts, SourceStampFilter):
            config_error(f"{owner}: filters[{index}]: expected a SourceStampFilter, not {accepts!r}")
