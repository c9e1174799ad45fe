"""Versions that changes make: a dataset with a `ChangeFilter` gets one for each change that passes, on its branch.

The number of the last change that was dealt with is kept in the transaction of the versions, so each change makes one,
whatever happens to the master.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger

from buildmill.common.errors import Conflict, NotFound
from buildmill.common.tasks import TaskOwner
from buildmill.master.data.api import DataAPI
from buildmill.master.data.updates import Updates
from buildmill.master.db import state
from buildmill.master.db.graphs import versions
from buildmill.master.db.graphs.section import enter
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.events import Event, Key
from buildmill.master.domain.orchestration.configuration import DatasetDeclaration, OrchestrationConfig
from buildmill.master.domain.orchestration.rids import RandomBytes
from buildmill.master.domain.queries import Filter, Operator
from buildmill.master.mq.bus import EventBus, Subscription

_PLACE = ("orchestration", "versions of changes", "last change")

AT_ONCE = 100
"""So many changes are dealt with in one go."""

AGAIN_SECONDS = 30.0
"""A job may have the dataset for itself; then its changes wait, and those behind them."""


class VersionsOfChanges:
    """Makes versions while it is started.

    Args:
        data, updates: reads changes, writes versions.
        bus: tells of new changes.
        clock: calls again after a failure.
        change_of: makes what filters look at of a change's document.
    """

    _log = Logger()

    def __init__(
        self,
        *,
        data: DataAPI[Updates],
        updates: Updates,
        bus: EventBus,
        clock: IReactorTime,
        change_of: Callable[[Mapping[str, Any]], Any],
    ) -> None:
        self._data = data
        self._updates = updates
        self._bus = bus
        self._clock = clock
        self._change_of = change_of
        self._tasks = TaskOwner("versions of changes")
        self._datasets: tuple[DatasetDeclaration, ...] = ()
        self._default_branch = "master"
        self._subscription: Subscription | None = None
        self._again: IDelayedCall | None = None
        self._is_busy = self._has_more = False

    def configure(self, config: OrchestrationConfig) -> None:
        """Follow a configuration."""
        self._datasets = tuple(dataset for dataset in config.datasets if dataset.changes is not None)
        self._default_branch = config.default_branch
        self._look()

    def start(self) -> None:
        """Begin, with what has come while nobody looked."""
        if self._subscription is None:
            self._subscription = self._bus.subscribe(("changes", None, "new"), self._told)
            self._look()

    async def stop(self) -> None:
        """Make no more versions."""
        if self._subscription is not None:
            self._subscription.cancel()
            self._subscription = None
        if self._again is not None and self._again.active():
            self._again.cancel()
        self._again = None
        await self._tasks.join()

    def _told(self, _key: Key, _event: Event) -> None:
        self._look()

    def _look(self) -> None:
        self._has_more = True
        if self._subscription is not None and not self._is_busy:
            self._is_busy = True
            self._tasks.start(self._work(), name="changes")

    async def _work(self) -> None:
        try:
            while self._has_more and self._subscription is not None:
                self._has_more = False
                if await self._take_some():
                    self._has_more = True
        except Conflict as why:
            self._log.info("changes wait: {why}", why=str(why))
            self._call_again()
        except Exception:  # a filter's function, or the database
            self._log.failure("changes make no versions; another try follows")
            self._call_again()
        finally:
            self._is_busy = False

    def _call_again(self) -> None:
        if self._subscription is not None and (self._again is None or not self._again.active()):
            self._again = self._clock.callLater(AGAIN_SECONDS, self._look)

    async def _take_some(self) -> bool:
        """Deal with the next changes; whether there may be more. Where nobody has looked before, old ones are past."""
        seen = await self._updates.run(_seen, bool(self._datasets))
        if not self._datasets or seen is None:
            return False
        later = [Filter("changeid", Operator.GT, (seen,))]
        found = await self._data.get(("changes",), filters=later, order=["changeid"], limit=AT_ONCE)
        if not found:
            return False
        wanted = [(document, names) for document in found if (names := self._wanted_by(document))]
        for document, names in wanted:
            branch = document["branch"] or self._default_branch
            await self._updates.run(
                _commit, document["changeid"], names, branch, _payload(document), self._updates.context.random_bytes
            )
        if not wanted or wanted[-1][0] is not found[-1]:
            await self._updates.run(_note, found[-1]["changeid"])
        return len(found) == AT_ONCE

    def _wanted_by(self, document: Mapping[str, Any]) -> list[str]:
        change = self._change_of(document)
        return [dataset.name for dataset in self._datasets if dataset.changes.filter_change(change)]


def _payload(document: Mapping[str, Any]) -> dict[str, Any]:
    keys = ("branch", "codebase", "project", "repository", "revision")
    return {"change": document["changeid"], **{key: document[key] for key in keys}}


def _seen(tx: Transaction, is_wanted: bool) -> int | None:
    """The last change that was dealt with. While nobody wants any, nothing is remembered."""
    try:
        seen: int | None = state.get(tx, *_PLACE)
    except NotFound:
        seen = None
    if not is_wanted:
        if seen is not None:
            state.put(tx, *_PLACE, None)
        return None
    if seen is None:
        seen = versions.newest_change(tx)
        state.put(tx, *_PLACE, seen)
    return seen


def _commit(
    tx: Transaction,
    change_id: int,
    names: Sequence[str],
    branch: str,
    payload: Mapping[str, Any],
    random_bytes: RandomBytes,
) -> None:
    enter(tx)
    if change_id <= (state.get(tx, *_PLACE) or 0):  # another master was quicker
        return
    for name in names:
        versions.commit_from_outside(tx, name, branch, payload, random_bytes)
    state.put(tx, *_PLACE, change_id)


def _note(tx: Transaction, change_id: int) -> None:
    enter(tx)
    if change_id > (state.get(tx, *_PLACE) or 0):
        state.put(tx, *_PLACE, change_id)
