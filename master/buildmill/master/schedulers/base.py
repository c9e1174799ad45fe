"""`BaseScheduler`: what all schedulers share: for whom they ask builds, with which sources and properties."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from twisted.internet.defer import Deferred, DeferredLock, FirstError, gatherResults

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.rendering import is_plain, is_renderable, render
from buildmill.master.domain.resources import Scheduler as SchedulerRow
from buildmill.master.domain.scheduler_progress import AskedRun, SchedulerProgress
from buildmill.master.engine.clustered import ClusteredService, PluginMaster
from buildmill.master.engine.vocabulary import checked_properties
from buildmill.master.mq.bus import Subscription
from buildmill.master.schedulers.change import Change

SourcedValues = dict[str, tuple[Any, str]]
AddedBuildset = tuple[int, dict[int, int]]
"""Id of a buildset, and ``{builder id: request id}``."""

Priority = int | Callable[[Sequence[str], Mapping[str, Any]], int] | None

_CODEBASE_KEYS = frozenset({"repository", "branch", "revision", "project"})


class BaseScheduler(ClusteredService):
    """A source of buildsets.

    Args:
        name: unique among the schedulers.
        builderNames: the builders it asks for; a list, or a renderable of one, which sees the changes.
        properties: of its buildsets; values may be renderables.
        codebases: the codebases of its buildsets: a list of names, or a dictionary from name to defaults
            (repository, branch, revision). One nameless codebase if not given.
        priority: of its requests, higher first: a number, or ``f(builderNames, changesByCodebase)``.

    Attributes:
        schedulerid: id of its row, when active.
        enabled: whether people let it work.
    """

    kind = "scheduler"
    is_force_scheduler = False

    def __init__(
        self,
        name: str,
        builderNames: Any = None,
        properties: Mapping[str, Any] | Properties | None = None,
        codebases: Any = None,
        priority: Priority = None,
    ) -> None:
        super().__init__(name)
        self.builderNames: Any = _checked_builders(self.owner, builderNames)
        self._fixed: SourcedValues = {"scheduler": (self.name, "Scheduler")}
        self._rendered: SourcedValues = {}
        own: Mapping[str, tuple[Any, str]]
        if isinstance(properties, Properties):
            own = properties.asDict()
        else:
            checked = checked_properties(self.owner, "properties", properties)
            own = {key: (value, "Scheduler") for key, value in checked.items()}
        for key, (value, source) in own.items():
            (self._fixed if is_plain(value) else self._rendered)[key] = (value, source)
        self.codebases = _checked_codebases(self.owner, codebases)
        if not (priority is None or callable(priority) or (isinstance(priority, int) and priority is not True)):
            config_error(f"{self.owner}: priority must be an integer or callable, not {priority!r}")
            priority = None
        self.priority = priority
        self.enabled = True
        self._builder_ids: dict[str, int] = {}
        self._watches: list[Subscription] = []
        self._one_run = DeferredLock()
        self._seen = 0  # the newest change that is noted as dealt with

    # -- life ----------------------------------------------------------------------------

    @property
    def schedulerid(self) -> int:
        """Id of its row. Only when active."""
        assert self._id is not None
        return self._id

    @property
    def updates(self) -> Any:
        """Where its buildsets are added."""
        return self.master.data.updates

    async def find_id(self) -> int:
        return int(await self.master.data.updates.findSchedulerId(self.name))

    async def claim(self, masterid: int | None) -> bool:
        is_ours = bool(await self.master.data.updates.trySetSchedulerMaster(self.schedulerid, masterid))
        if is_ours and masterid is not None:
            names = None if is_renderable(self.builderNames) else self.listBuilderNames()
            await self.master.data.updates.describeScheduler(
                self.schedulerid, type(self).__name__, names, self.can_run_by_hand
            )
        return is_ours

    async def may_work(self) -> bool:
        return self.enabled

    async def activate(self, master: PluginMaster) -> None:
        self._builder_ids.clear()
        await super().activate(master)

    async def prepare(self) -> None:
        row = str(self.schedulerid)
        self._watches = [
            self.master.mq.subscribe(("schedulers", row, "updated"), self._row_updated),
            self.master.mq.subscribe(("control", "schedulers", row, "run"), self._run_asked),
        ]
        document = await self.master.data.get(("schedulers", self.schedulerid))
        self.enabled = bool(document["enabled"])

    async def deactivate(self) -> None:
        for watch in self._watches:
            watch.cancel()
        self._watches = []
        await super().deactivate()

    async def work(self, wanted: bool) -> None:
        was_working = self.is_working
        await super().work(wanted)
        if self.is_working and not was_working:
            self._tasks.start(self._run_if_asked(), name="run")  # asked while nobody was there to hear it
        elif was_working and not self.is_working:
            await self.tell_next_run(None)

    def _row_updated(self, key: object, event: Any) -> None:
        row: SchedulerRow = event.message
        if row.enabled != self.enabled:
            self.enabled = row.enabled
            self._tasks.start(self.work(row.enabled), name="enable" if row.enabled else "disable")

    # -- what people see and do ----------------------------------------------------------------

    @property
    def can_run_by_hand(self) -> bool:
        """Whether `run_by_hand` knows what to build."""
        return False

    async def run_by_hand(self, reason: str, properties: SourcedValues) -> None:
        """Ask for builds because somebody wants them now. For subclasses that can.

        Args:
            reason: of the buildset.
            properties: to be passed on; they say who asks.

        The buildset has to be added with `by_hand`, so that it is made once.
        """
        raise NotImplementedError  # never asked where `can_run_by_hand` is false

    async def tell_next_run(self, when: float | None) -> None:
        """Say when it is going to ask for builds by itself: seconds since the epoch; None if nobody knows."""
        await self.master.data.updates.planScheduler(self.schedulerid, None if when is None else math.ceil(when))

    def _run_asked(self, key: object, event: object) -> None:
        self._tasks.start(self._run_if_asked(), name="run")

    async def _run_if_asked(self) -> None:
        async with self._one_run:
            if not self.is_working:
                return
            asked: AskedRun | None = await self.master.data.updates.getAskedRun(self.schedulerid)
            if asked is None:
                return
            why = f": {asked.reason}" if asked.reason else ""
            try:
                await self.run_by_hand(f"run by {asked.by}{why}", {"owner": (asked.by, "Scheduler")})
            except Exception:  # of a scheduler of the user's, or a stop in the middle
                if not self.is_working:  # it was cut short; whoever works next finds that it was asked
                    raise
                self._log.failure("{service} could not be run by hand", service=self.owner)
                await self.master.data.updates.forgetAskedRun(self.schedulerid)

    # -- state kept over restarts ----------------------------------------------------------

    async def get_change(self, changeid: int) -> Change:
        """One change. Raises NotFound."""
        return Change.of_document(await self.master.data.get(("changes", changeid)))

    async def getState(self, name: str, *default: Any) -> Any:
        """A value that `setState` kept; `default` if there is none (NotFound without a default)."""
        return await self.master.data.updates.getState(type(self).__name__, self.name, name, *default)

    async def setState(self, name: str, value: Any) -> None:
        """Keep a value that JSON can hold."""
        await self.master.data.updates.setState(type(self).__name__, self.name, name, value)

    # -- builders ---------------------------------------------------------------------------

    def listBuilderNames(self) -> tuple[str, ...]:
        """The builders, as far as they are known without a change."""
        return () if is_renderable(self.builderNames) else cast("tuple[str, ...]", self.builderNames)

    async def builder_ids(self, names: Iterable[str]) -> list[int]:
        """Ids of builders by name.

        Raises:
            InvalidInput: a name that no builder of the running configuration has.
        """
        names = list(names)
        new = [name for name in dict.fromkeys(names) if name not in self._builder_ids]
        for name in new:
            try:
                self.master.config.builder(name)
            except KeyError:
                raise InvalidInput("builderNames", f"{self.owner} asks for an unknown builder {name!r}") from None
        find = self.updates.findBuilderId
        # together, so that they share a commit
        try:
            found = await gatherResults([Deferred.fromCoroutine(find(name)) for name in new], consumeErrors=True)
        except FirstError as several:
            several.subFailure.raiseException()
        self._builder_ids.update(zip(new, found, strict=True))
        return [self._builder_ids[name] for name in names]

    # -- buildsets -----------------------------------------------------------------------------

    def getCodebaseDict(self, codebase: str) -> dict[str, Any]:
        """Defaults of one codebase. Raises KeyError if it is not one of this scheduler's."""
        return dict(self.codebases[codebase])

    async def addBuildsetForSourceStampsWithDefaults(
        self,
        reason: str = "",
        sourcestamps: Sequence[Mapping[str, Any]] | None = None,
        waited_for: bool = False,
        properties: Properties | Mapping[str, tuple[Any, str]] | None = None,
        builderNames: Any = None,
        priority: int | None = None,
        **buildset: Any,
    ) -> AddedBuildset:
        """Ask for builds of one source stamp per codebase; what is not given comes from the codebases' defaults.

        Args:
            sourcestamps: at most one for each codebase, with ``codebase`` and what is known of it; those
                of codebases that this scheduler doesn't have are taken as they are.
            buildset: further arguments of ``data.updates.addBuildset``.
        """
        return await self.addBuildsetForSourceStamps(
            waited_for=waited_for,
            sourcestamps=self.with_defaults(sourcestamps or ()),
            reason=reason,
            properties=properties,
            builderNames=builderNames,
            priority=priority,
            **buildset,
        )

    def with_defaults(self, sourcestamps: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
        """One source stamp for each codebase, filled with its defaults."""
        given = {stamp.get("codebase", ""): stamp for stamp in sourcestamps}
        wanted = (*self.codebases, *(name for name in given if name not in self.codebases))
        return [{**self.default_stamp(name), **given.get(name, {}), "codebase": name} for name in wanted]

    def default_stamp(self, codebase: str) -> dict[str, Any]:
        """The source stamp of a codebase of which nothing else is known."""
        nothing = {"branch": None, "codebase": codebase, "project": "", "repository": "", "revision": None}
        return nothing | self.codebases.get(codebase, {})

    async def addBuildsetForChanges(
        self,
        waited_for: bool = False,
        reason: str = "",
        external_idstring: str | None = None,
        changeids: Sequence[int] = (),
        builderNames: Any = None,
        properties: Properties | Mapping[str, tuple[Any, str]] | None = None,
        priority: int | None = None,
        **buildset: Any,
    ) -> AddedBuildset:
        """Ask for builds of what some changes led to: per codebase the source stamp of the newest one.

        Args:
            changeids: ids of the changes. A codebase without any gets its defaults.
        """
        changes = [await self.master.data.get(("changes", changeid)) for changeid in sorted(changeids)]
        newest: dict[str, Mapping[str, Any]] = {}
        by_codebase: dict[str, list[Mapping[str, Any]]] = {codebase: [] for codebase in self.codebases}
        of_changes: SourcedValues = {}
        for change in changes:
            newest[change["codebase"]] = change
            by_codebase.setdefault(change["codebase"], []).append(change)
            of_changes.update({name: (value, source) for name, (value, source) in change["properties"].items()})
        stamps: list[Any] = [
            newest[codebase]["sourcestamp"]["ssid"] if codebase in newest else self.default_stamp(codebase)
            for codebase in self.codebases
        ]
        return await self.addBuildsetForSourceStamps(
            waited_for=waited_for,
            sourcestamps=stamps,
            reason=reason,
            external_idstring=external_idstring,
            properties=properties,
            builderNames=builderNames,
            priority=priority,
            changes=changes,
            changes_by_codebase=by_codebase,
            change_properties=of_changes,
            **buildset,
        )

    async def addBuildsetForSourceStamps(
        self,
        waited_for: bool = False,
        sourcestamps: Sequence[Any] = (),
        reason: str = "",
        external_idstring: str | None = None,
        properties: Properties | Mapping[str, tuple[Any, str]] | None = None,
        builderNames: Any = None,
        priority: int | None = None,
        *,
        changes: Sequence[Mapping[str, Any]] = (),
        changes_by_codebase: Mapping[str, Any] | None = None,
        change_properties: SourcedValues | None = None,
        forget: Sequence[int] = (),
        state: Mapping[str, Any] | None = None,
        used: Mapping[str, Any] | None = None,
        leaving_out: frozenset[int] = frozenset(),
        by_hand: bool = False,
        **buildset: Any,
    ) -> AddedBuildset:
        """Ask for builds of these sources.

        Args:
            sourcestamps: ids or contents.
            properties: what was passed by a trigger or a person; the scheduler's own go over them, and those of
                the changes over both.
            forget: changes that are built by this; in the same transaction they are forgotten, if they were
                remembered, and noted as dealt with, so that a crash neither loses them nor builds them twice.
            state: values as for `setState`, kept in the same transaction.
            used: what `getState` has read and this builds; each becomes None in the same transaction, unless it was
                set anew since.
            leaving_out: ids of builders that are not asked, although they would be.
            by_hand: these are the builds that `run_by_hand` makes.

        Raises:
            InvalidInput: an unknown builder.
        """
        passed = properties.asDict() if isinstance(properties, Properties) else dict(properties or {})
        values: SourcedValues = {**passed, **self._fixed}
        names = self.builderNames if builderNames is None else builderNames
        if self._rendered or is_renderable(names):
            values, names = await self._render(values, names, changes, sourcestamps)
        if change_properties:
            values.update(change_properties)
            values["scheduler"] = self._fixed["scheduler"]
        if priority is None:
            priority = self._own_priority(names, changes_by_codebase or {})
        builder_ids = [builder for builder in await self.builder_ids(names) if builder not in leaving_out]
        if forget or state or used or by_hand:
            buildset["progress"] = SchedulerProgress(
                scheduler_id=self.schedulerid,
                class_name=type(self).__name__,
                name=self.name,
                built_changes=forget,
                state=state or {},
                used=used or {},
                is_run_by_hand=by_hand,
            )
        added = await self.updates.addBuildset(
            waited_for=waited_for,
            scheduler=self.name,
            sourcestamps=sourcestamps,
            reason=reason,
            properties=values,
            builderids=builder_ids,
            external_idstring=external_idstring,
            priority=priority,
            **buildset,
        )
        self._seen = max(self._seen, *forget) if forget else self._seen
        return cast(AddedBuildset, added)

    async def _render(
        self, values: SourcedValues, names: Any, changes: Sequence[Mapping[str, Any]], sourcestamps: Sequence[Any]
    ) -> tuple[SourcedValues, Sequence[str]]:
        context = Properties.fromDict(values)
        context.changes = list(changes)
        context.sourcestamps = [stamp for stamp in sourcestamps if isinstance(stamp, Mapping)] or [
            change["sourcestamp"] for change in changes
        ]
        for name, (value, source) in self._rendered.items():
            values[name] = (await render(value, context), source)
        if not is_renderable(names):
            return values, names
        names = await render(names, context)
        if not isinstance(names, list | tuple) or not all(isinstance(name, str) for name in names):
            raise InvalidInput("builderNames", f"{self.owner} gives no list of names, but {names!r}")
        return values, names

    def _own_priority(self, names: Sequence[str], changes_by_codebase: Mapping[str, Any]) -> int:
        if callable(self.priority):
            return int(self.priority(list(names), changes_by_codebase))
        return self.priority or 0


async def maybe_await(value: Any) -> Any:
    """The value, waited for if a function of the configuration gave an awaitable."""
    return await value if isinstance(value, Awaitable) else value


def _checked_builders(owner: str, names: Any) -> Any:
    if is_renderable(names):
        return names
    if isinstance(names, list | tuple) and all(isinstance(name, str) or is_renderable(name) for name in names):
        return tuple(names) if is_plain(list(names)) else _Names(names)
    config_error(
        f"{owner}: builderNames must be a list of the names of builders, or a renderable of one, not {names!r}"
    )
    return ()


class _Names:
    """A list of names some of which are renderables."""

    def __init__(self, names: Sequence[Any]) -> None:
        self._names = list(names)

    def getRenderingFor(self, props: Any) -> list[Any]:
        return self._names

    def __repr__(self) -> str:
        return repr(self._names)


def _checked_codebases(owner: str, codebases: Any) -> dict[str, dict[str, Any]]:
    if codebases is None:
        return {"": {}}
    if isinstance(codebases, list | tuple) and all(isinstance(name, str) for name in codebases):
        return {name: {} for name in codebases} or {"": {}}
    if isinstance(codebases, Mapping) and all(isinstance(name, str) for name in codebases):
        for name, defaults in codebases.items():
            if not isinstance(defaults, Mapping):
                config_error(f"{owner}: codebases[{name!r}] must be a dictionary, not {defaults!r}")
            elif unknown := sorted(set(map(str, defaults)) - _CODEBASE_KEYS):
                config_error(
                    f"{owner}: codebases[{name!r}] has unknown keys {', '.join(unknown)}; "
                    f"known are {', '.join(sorted(_CODEBASE_KEYS))}"
                )
        return {n: dict(d) if isinstance(d, Mapping) else {} for n, d in codebases.items()} or {"": {}}
    config_error(f"{owner}: codebases must be a list of names or a dictionary of dictionaries, not {codebases!r}")
    return {"": {}}
