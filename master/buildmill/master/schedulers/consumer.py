"""Schedulers that watch changes: which ones they take, in which order, and what they remember of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from typing import Any

from buildmill.master.db.schedulers import SEEN
from buildmill.master.domain.change_filter import NOT_GIVEN, ChangeFilter
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.queries import Filter, Operator
from buildmill.master.mq.bus import Subscription
from buildmill.master.schedulers.base import BaseScheduler, maybe_await
from buildmill.master.schedulers.change import Change

MANY = 100
"""So many changes that nothing came of are passed before that is noted."""


class ChangeConsumer(BaseScheduler):
    """Base of schedulers that see each new change once, in order, while they work.

    Args:
        fileIsImportant: ``f(change)``: whether a change matters; may be async. All do if not given.
        change_filter: which changes are seen at all.
        onlyImportant: drop the others instead of building them along.
        createAbsoluteSourceStamps: remember the newest change of each codebase, and use it for codebases that
            a buildset has no change of.
        options: see `BaseScheduler`.
    """

    def __init__(
        self,
        name: str,
        *,
        fileIsImportant: Callable[[Any], Any] | None = None,
        change_filter: ChangeFilter | None = None,
        onlyImportant: bool = False,
        createAbsoluteSourceStamps: bool = False,
        **options: Any,
    ) -> None:
        super().__init__(name, **options)
        if fileIsImportant is not None and not callable(fileIsImportant):
            config_error(f"{self.owner}: fileIsImportant must be callable, not {fileIsImportant!r}")
            fileIsImportant = None
        if change_filter is not None and not hasattr(change_filter, "filter_change"):
            config_error(f"{self.owner}: change_filter must be a ChangeFilter, not {change_filter!r}")
            change_filter = None
        self.fileIsImportant = fileIsImportant
        self.change_filter = change_filter
        self.onlyImportant = bool(onlyImportant)
        self.createAbsoluteSourceStamps = bool(createAbsoluteSourceStamps)
        self._newest: dict[str, dict[str, Any]] = {}
        self._waiting: deque[Change] = deque()
        self._is_busy = False
        self._changes: Subscription | None = None

    async def gotChange(self, change: Change, important: bool) -> None:
        """Called for each change that passes, one after the other. For subclasses."""
        raise NotImplementedError

    def wants(self, change: Change) -> bool:
        """Whether the change passes the filter."""
        return self.change_filter is None or bool(self.change_filter.filter_change(change))

    # -- life -----------------------------------------------------------------------------

    async def start_consuming(self) -> None:
        """Begin to see changes, first those that came when nobody could tell: while no master ran, or just before one
        died.
        """
        if self.createAbsoluteSourceStamps:
            self._newest = dict(await self.getState("lastCodebases", {}))
        if self._changes is None:
            self._is_busy = True  # what comes from now on waits for what was missed
            self._changes = self.master.mq.subscribe(("changes", None, "new"), self._change_added)
            missed = await self._missed()
            known = {change.number for change in missed}
            later = [change for change in self._waiting if change.number not in known]
            self._waiting = deque([*missed, *later])
            self._tasks.start(self._consume(), name="changes")

    async def work(self, wanted: bool) -> None:
        await super().work(wanted)
        if not wanted and not self.enabled:
            await self.setState(SEEN, None)  # what comes now it is not to see, ever

    def stop_consuming(self) -> None:
        """See no more of them."""
        if self._changes is not None:
            self._changes.cancel()
            self._changes = None
        self._waiting.clear()

    async def _missed(self) -> list[Change]:
        """The changes after the last one that was dealt with, oldest first; none when it works for the first time."""
        seen = await self.getState(SEEN, None)
        if seen is None:
            newest = await self.master.data.get(("changes",), order=["-changeid"], limit=1)
            self._seen = newest[0]["changeid"] if newest else 0
            await self.setState(SEEN, self._seen)
            return []
        self._seen = int(seen)
        later = [Filter("changeid", Operator.GT, (self._seen,))]
        found = await self.master.data.get(("changes",), filters=later, order=["changeid"])
        return [Change.of_document(document) for document in found]

    def _change_added(self, key: object, event: Any) -> None:
        self._waiting.append(Change(event.message))
        if not self._is_busy:
            self._is_busy = True
            self._tasks.start(self._consume(), name="changes")

    async def _consume(self) -> None:
        try:
            while self._waiting:
                change = self._waiting.popleft()
                try:
                    was_taken = await self._consider(change)
                    # others are looked at again after a restart, which is harmless, but not too many
                    if change.number > self._seen and (was_taken or change.number >= self._seen + MANY):
                        self._seen = change.number
                        await self.setState(SEEN, change.number)
                except Exception:  # a function of the configuration, or one change that cannot be built
                    self._log.failure("{service} cannot take change {change}", service=self.owner, change=change.number)
        finally:
            self._is_busy = False

    async def _consider(self, change: Change) -> bool:
        """Whether it was taken."""
        if change.codebase not in self.codebases or not self.wants(change):
            return False
        important = True
        if self.fileIsImportant is not None:
            important = bool(await maybe_await(self.fileIsImportant(change)))
        if not important and self.onlyImportant:
            return False
        if self.createAbsoluteSourceStamps:
            await self._remember(change)
        await self.gotChange(change, important)
        return True

    # -- the newest of each codebase ------------------------------------------------------------

    async def _remember(self, change: Change) -> None:
        known = self._newest.get(change.codebase)
        if known is None or known["lastChange"] < change.number:
            self._newest[change.codebase] = {
                "repository": change.repository,
                "branch": change.branch,
                "revision": change.revision,
                "lastChange": change.number,
            }
            await self.setState("lastCodebases", self._newest)

    def default_stamp(self, codebase: str) -> dict[str, Any]:
        stamp = super().default_stamp(codebase)
        if self.createAbsoluteSourceStamps and codebase in self._newest:
            newest = self._newest[codebase]
            stamp.update({key: newest[key] for key in ("repository", "branch", "revision")})
        return stamp


def filter_of(
    owner: str, change_filter: ChangeFilter | None, branch: Any = NOT_GIVEN, categories: Any = None
) -> ChangeFilter | None:
    """The filter that the older arguments for branch and categories amount to, if they are given."""
    if branch is NOT_GIVEN and categories is None:
        return change_filter
    if change_filter is not None:
        config_error(f"{owner}: change_filter cannot be given together with branch, branches or categories")
        return change_filter
    return ChangeFilter(branch=branch, category=categories)
