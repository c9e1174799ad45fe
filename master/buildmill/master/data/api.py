"""The data API: one way to read and to act, for faces and for plugins alike.

Faces use `find`, `read` and `control`; plugins know `get`, with paths and results as Buildbot's
``master.data.get`` has them, and `updates`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from typing import Any, Generic, TypeVar

import msgspec
from twisted.internet.defer import Deferred

from buildmill.common.errors import BuildmillError, Forbidden, InvalidInput, NotFound, NotSupported
from buildmill.master.data import reaching, resultspec, spec
from buildmill.master.data.auditing import AuditLog, Note
from buildmill.master.data.condition import Condition
from buildmill.master.data.cursors import cursor_of
from buildmill.master.data.endpoints import (
    about,
    audit,
    build_data,
    builds,
    commits,
    directory,
    environments,
    explain,
    forced,
    graph_pages,
    graphs,
    list_pages,
    logchunks,
    pages,
    requests,
    schedules,
    sources,
    staging,
    staging_pages,
    steps,
    stops,
    test_pages,
    test_results,
    tokens,
    view_pages,
    worker_pages,
)
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, Kind, Raw
from buildmill.master.data.endpoints.logchunks import ALL_STREAMS, LongText, long_text, raw_log, search_log
from buildmill.master.data.graphs import GraphReading
from buildmill.master.data.openapi import openapi
from buildmill.master.data.paths import Keys, Matcher
from buildmill.master.data.ports import (
    EngineActions,
    ForceRegistry,
    LogReader,
    NoForceSchedulers,
    NoReasons,
    ReasonsOf,
    Updates,
)
from buildmill.master.data.recent import Recent
from buildmill.master.data.resultspec import EVERYTHING, ResultSpec
from buildmill.master.data.schedules import ScheduleReads
from buildmill.master.data.staging import NoBlobs, StagingReading
from buildmill.master.data.types import TYPES, FieldKind, ResourceType
from buildmill.master.data.versions import EVERY_CHANGE, Stamp, Versions
from buildmill.master.db.database import Database
from buildmill.master.db.engine_calls import EngineAway
from buildmill.master.db.transaction import Connection
from buildmill.master.domain import rights
from buildmill.master.domain.allowance import Allowance
from buildmill.master.domain.projects import EVERYTHING as EVERY_PROJECT
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.queries import UNKNOWN, Filter, Operator, Page, Query
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.staging.ports import BlobStore
from buildmill.master.logs.searching import Search, SearchedPart
from buildmill.master.mq.bus import EventBus

T = TypeVar("T")
U = TypeVar("U", bound=Updates)
Admit = Callable[[Sequence[str], str, Mapping[str, Any]], Awaitable[None]]
NOBODY = Actor()
BRIEF_SECONDS = 1.0
BRIEF_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class Found:
    """An endpoint and the keys of the path that led to it.

    Attributes:
        reach: what its reader gets to; see `DataAPI.narrowed`.
    """

    endpoint: Endpoint
    keys: Keys
    reach: Reach = EVERY_PROJECT


@dataclass(frozen=True, slots=True)
class Result:
    """What a reader gets.

    Attributes:
        rows: structs, or dictionaries where fields were chosen; one row of a single resource.
        total: length of the whole collection, or of the page where nobody counted; None for a single resource.
        next: cursor of the next page; None if there is none.
        tells_next: `next` is told, even if there is none.
    """

    type: ResourceType
    rows: Sequence[Any]
    total: int | None
    next: str | None = None
    tells_next: bool = False


class DataAPI(Generic[U]):
    """Reading and acting.

    Args:
        database: where rows are.
        updates: writes; None in a process that only reads.
        logs: the log store.
        force_schedulers: those of the running configuration.
        reasons: tells why requests wait.
        bus: tells what has changed, for `stamp`.
        random_bytes: so many bytes that nobody can guess, for tokens; None in a process that makes none.
        engine: does what only an engine can; None where that is in this process.
        commits: how many commits of others this process has noticed.
        blobs: bytes of packages and droplets; None in a process that has none.

    Attributes:
        condition: how the database is.
        audit_log: takes entries about what is not done here.
        graphs: reads job graphs as values.
        schedules: reads schedules.
        staging: reads what is staged, as values.
    """

    def __init__(
        self,
        *,
        database: Database,
        updates: U,
        bus: EventBus,
        logs: LogReader | None = None,
        force_schedulers: ForceRegistry | None = None,
        reasons: ReasonsOf | None = None,
        random_bytes: Callable[[int], bytes] | None = None,
        engine: EngineActions | None = None,
        commits: Callable[[], int] = lambda: 0,
        blobs: BlobStore | None = None,
    ) -> None:
        self._engine = engine
        self.updates = updates
        self.condition = Condition(database)
        self.audit_log = AuditLog(database)
        self.graphs = GraphReading(database, lambda: updates.orchestration)
        self.schedules = ScheduleReads(database)
        self.staging = StagingReading(database, lambda: updates.staging, NoBlobs() if blobs is None else blobs)
        self._database = database
        self._context = Context(
            database,
            logs,
            force_schedulers or NoForceSchedulers(),
            updates,
            reasons or NoReasons(),
            random_bytes,
            graphs=self.graphs,
        )
        self._versions = Versions(bus, lambda: database.statistics["commits"] + commits())
        self._recent_stamp: Stamp | None = None
        self._recent: Recent[Any, Any] = Recent(database.clock, BRIEF_SECONDS, BRIEF_AT_ONCE)
        self.endpoints = ENDPOINTS
        self._matcher: Matcher[Endpoint] = Matcher()
        for endpoint in self.endpoints:
            check_declared(endpoint)
            self._matcher.add(endpoint.pattern, endpoint)

    def start(self) -> None:
        """Begin to follow changes."""
        self._versions.start()

    def everything_changed(self) -> None:
        """Changes were not heard of: every answer that was kept counts as old."""
        self._versions.everything_changed()

    def stop(self) -> None:
        self._versions.stop()
        self.audit_log.stop()

    # -- for faces -------------------------------------------------------------------------

    def find(self, path: Sequence[str]) -> Found:
        """The endpoint of a path, given as its decoded elements; the root has none.

        Raises:
            NotFound: there is no such path.
        """
        found = self._matcher.find(path)
        if found is None or any("\0" in element for element in path):
            raise NotFound(f"Invalid path: {'/'.join(path)}")
        return Found(*found)

    async def narrowed(self, found: Found, reach: Reach, *, with_workers: bool = True) -> Found:
        """The same for somebody who gets to no more than that: what is out of reach is not there.

        Raises:
            Forbidden: it is about all projects, and its reader does not get to all of them.
            Unavailable: the database is away.
        """
        if reach.is_everything:
            return found
        if not reach.reads(found.endpoint.reads.partition(".")[0]):
            raise Forbidden("this is about all projects, and you do not get to all of them")
        keys = await self._database.read(_narrowed_keys, found, reach, with_workers)
        return Found(found.endpoint, keys, reach)

    def hears(self, reach: Reach, family: str, id_: str) -> Deferred[bool]:
        """Whether somebody who gets to no more than that may hear of something; see `reaching.subject_of`."""
        return self._database.read(reaching.may_hear, reach, family, id_)

    def stamp(self, found: Found) -> Stamp | None:
        """How recent an answer that is begun now will be; None when it cannot be kept.

        An answer is still right while a new stamp for the same path is equal.
        """
        endpoint = found.endpoint
        if not self._versions.is_listening or endpoint.kind in (Kind.RAW, Kind.RAW_INLINE, Kind.SEARCH):
            return None
        if endpoint.depends is None or endpoint.load_own is not None or not found.reach.is_everything:
            return None
        return self._versions.stamp(endpoint.depends)

    def read(
        self,
        found: Found,
        wanted: ResultSpec,
        finish: Callable[[Result], T],
        actor: Actor = NOBODY,
        allowance: Allowance | None = None,
    ) -> Deferred[T]:
        """What is at a path.

        Args:
            finish: makes the answer of the result; called in the thread that has read it, where that is possible.
            actor: who asks, where that makes a difference.
            allowance: how long that may take; None for as long as it takes.

        Raises:
            TookTooLong: it was stopped.
            NotFound: no such resource.
            InvalidInput: a filter that the field does not know.
            Unavailable: the database is away.
        """
        endpoint, wanted = found.endpoint, wanted.within(found.reach)
        context = self._context if allowance is None else replace(self._context, allowance=allowance)
        if endpoint.query is not None:
            return context.ask(_read_blocking, found, wanted, finish)
        return Deferred.fromCoroutine(self._load(context, found, wanted, finish, actor))

    async def _load(
        self, context: Context, found: Found, wanted: ResultSpec, finish: Callable[[Result], T], actor: Actor
    ) -> T:
        if found.endpoint.load_own is not None:
            rows = await found.endpoint.load_own(context, found.keys, wanted, actor)
            return finish(_result(found, wanted, rows))
        assert found.endpoint.load is not None
        if found.endpoint.is_brief and self._versions.is_listening:
            return finish(_result(found, wanted, await self._recent_answer(context, found, wanted)))
        return finish(_result(found, wanted, await found.endpoint.load(context, found.keys, wanted)))

    async def _recent_answer(self, context: Context, found: Found, wanted: ResultSpec) -> Any:
        """An answer that may be given again for a moment, unless something was committed since it was begun."""
        stamp, load = self._versions.stamp(EVERY_CHANGE), found.endpoint.load
        assert load is not None
        if stamp != self._recent_stamp:
            self._recent_stamp = stamp
            self._recent = Recent(self._database.clock, BRIEF_SECONDS, BRIEF_AT_ONCE)
        key = (found.endpoint.pattern, tuple(found.keys.items()), wanted.fields, wanted.withheld, found.reach)
        return await self._recent.get(key, lambda: load(context, found.keys, wanted))

    async def raw(self, found: Found, streams: str = ALL_STREAMS) -> Raw:
        """The download at a path whose endpoint is of a raw kind.

        Args:
            streams: which of ``o``, ``e``, ``h``; fewer than all give exact bytes, without a preamble.

        Raises:
            NotFound: no such log or data.
            InvalidInput: unknown streams.
        """
        if not streams or not set(streams) <= set(ALL_STREAMS):
            raise InvalidInput("stream", "expected letters out of o, e and h")
        is_log = found.endpoint.type is TYPES["logchunk"]
        load = raw_log(streams) if is_log and streams != ALL_STREAMS else found.endpoint.load
        assert load is not None
        download: Raw | None = await load(self._context, found.keys, EVERYTHING)
        if download is None:
            raise NotFound("no such log" if is_log else "no such data")
        return download

    async def long_text(self, found: Found, wanted: ResultSpec, least: int) -> LongText | None:
        """The text of a log at the path of a `logchunk`, piece by piece; None when it has less than `least` bytes.

        Raises:
            NotFound: no such log.
        """
        return await long_text(self._context, found.keys, wanted, least)

    def search(self, found: Found, search: Search) -> AsyncIterator[SearchedPart]:
        """Search the log at a path whose endpoint is of the kind ``search``, part by part.

        Raises:
            NotFound: no such log.
        """
        return search_log(self._context, found.keys, search)

    def control_of(self, found: Found, method: str) -> Control:
        """A method of what is at a path.

        Raises:
            NotSupported: the resource does not know it.
        """
        control = found.endpoint.actions.get(method)
        if control is None:
            raise NotSupported(f"action: {method} is not supported")
        return control

    async def check_reach(
        self, path: Sequence[str], method: str, params: Mapping[str, Any], read: Reach, change: Reach
    ) -> None:
        """Look whether an action is about something that somebody gets to.

        Args:
            read, change: what it may read and change.

        Raises:
            NotFound: as of what is not there.
            Forbidden: it may only read that.
        """
        found = self.find(path)
        if found.endpoint.type is TYPES["forcescheduler"] and method == "force":
            await forced.check_builders(self._context, found.keys["schedulername"], params, read, change)
            return
        if found.endpoint.type is TYPES["scheduler"] and "schedulerid" in found.keys:
            await directory.check_scheduler(self._context, found.keys["schedulerid"], read, change)
        seen = await self.narrowed(found, read)
        if seen.keys != found.keys:
            raise NotFound(f"no such {found.endpoint.type.name.strip('_')}")
        if (await self.narrowed(found, change, with_workers=False)).keys != found.keys:
            what = "in this project" if change.shut <= read.hidden else "of these datasets, or in this project"
            raise Forbidden(f"you may not change anything {what}")

    async def control(
        self, method: str, params: Mapping[str, Any], path: Sequence[str], actor: Actor, admit: Admit | None = None
    ) -> Any:
        """Do something with the resource at a path. Whether the actor may is asked before, by whoever lets it in.

        The audit log gets an entry, in the transaction of what is done; or of its own when that was refused.

        Args:
            admit: raises if the actor may not call a method of something else, where one action consists of several:
                takes its path, the method and the parameters. None for an actor who may do everything.

        Raises:
            NotFound: no such path or resource.
            NotSupported: the resource does not know the method.
            InvalidInput: names the parameter.
            InvalidParameters: those of a forced build.
            Unavailable: nothing can be written at present.
        """
        found = self.find(path)
        control = self.control_of(found, method)
        if control.by_engine and self._engine is not None:
            try:
                return await self._engine.control(method, params, path, actor)
            except EngineAway as error:  # what it answers, it has told the audit log itself
                note = self._note(found, control, method, params, path, actor)
                await self.audit_log.write_refusal(note.refused(error))
                raise
            finally:
                self._versions.everything_changed()
        note = self._note(found, control, method, params, path, actor)
        try:
            act_on = partial(self._act_on, actor, admit)
            result = await control.act(replace(self._context, note=note, act_on=act_on), found.keys, params, actor)
            if not note.is_written and not control.only_reads and not control.by_each:  # there was nothing to change
                await self.audit_log.write(note.done())
        except Exception as error:  # whatever it was, it is told, and raised again
            if not control.only_reads:
                await self.audit_log.write_refusal(note.refused(error))
            raise
        finally:
            if not control.only_reads:
                self._versions.everything_changed()
        return result

    async def _act_on(
        self, actor: Actor, admit: Admit | None, path: Sequence[str], method: str, params: Mapping[str, Any]
    ) -> Any:
        if admit is not None:
            try:
                await admit(path, method, params)
            except BuildmillError as error:
                await self.note_refusal(method, params, path, actor, error)
                raise
        return await self.control(method, params, path, actor)

    async def note_refusal(
        self, method: str, params: Mapping[str, Any], path: Sequence[str], actor: Actor, error: Exception
    ) -> None:
        """Tell the audit log of an action that whoever lets in has refused."""
        found = self.find(path)
        control = self.control_of(found, method)
        if not control.only_reads:
            note = self._note(found, control, method, params, path, actor)
            await self.audit_log.write_refusal(note.refused(error))

    def _note(
        self,
        found: Found,
        control: Control,
        method: str,
        params: Mapping[str, Any],
        path: Sequence[str],
        actor: Actor,
    ) -> Note:
        return Note(
            actor=actor,
            action=control.action,
            method=method,
            path="/".join(path),
            parameters={name: params[name] for name in control.tells if name in params},
            state=lambda connection: control.state(connection, found.keys),
            made=control.made,
        )

    def openapi(self, version: str, cookie: str) -> dict[str, Any]:
        """The API as an OpenAPI 3.1 document, where a session is kept in that cookie."""
        return openapi(self.endpoints, version=version, cookie=cookie)

    # -- for plugins -----------------------------------------------------------------------

    async def get(
        self,
        path: str | Sequence[Any],
        filters: Sequence[Any] = (),
        fields: Sequence[str] | None = None,
        order: Sequence[str] | None = None,
        limit: int | None = None,
        offset: int | None = None,
    ) -> Any:
        """Read as Buildbot's ``master.data.get``.

        Args:
            path: ``("builders", 3)`` or ``"builders/3"``.
            filters: objects with ``field``, ``op`` (or ``operator``) and ``values``.

        Returns:
            A dictionary, or None if there is no such resource; a list of dictionaries of a collection. Fields of type
            ``datetime`` are aware datetimes. Properties are filled in.

        Raises:
            NotFound: there is no such path.
            InvalidInput: unknown field or operator.
        """
        elements = path.strip("/").split("/") if isinstance(path, str) else list(map(str, path))
        found = self.find([element for element in elements if element])
        type_ = found.endpoint.type
        query = Query(tuple(map(_filter, filters)), tuple(order or ()), limit, offset or 0)
        for name in (*(fields or ()), *(o.removeprefix("-") for o in query.order), *(f.field for f in query.filters)):
            if name not in type_.fields:
                raise InvalidInput(name, "no such field")
        wanted = ResultSpec(tuple(fields) if fields else None, query, ("*",))
        try:
            result = await self.read(found, wanted, _same)
        except NotFound:
            return None
        rows = [_plain(row, type_) for row in result.rows]
        return rows if found.endpoint.is_collection else rows[0]

    async def get_with_resultspec(self, path: str | Sequence[Any], rspec: Any) -> Any:
        """`get`, with what is wanted in one object: an object with `filters`, `fields`, `order`, `limit`, `offset`."""
        return await self.get(path, rspec.filters, rspec.fields, rspec.order, rspec.limit, rspec.offset)


async def _specs(_context: Context, _keys: Keys, _spec: ResultSpec) -> Sequence[Any]:
    return spec.specs(ENDPOINTS)


ENDPOINTS: Sequence[Endpoint] = (
    *about.ENDPOINTS,
    *audit.ENDPOINTS,
    *build_data.ENDPOINTS,
    *builds.ENDPOINTS,
    *commits.ENDPOINTS,
    *directory.ENDPOINTS,
    *environments.ENDPOINTS,
    *explain.ENDPOINTS,
    *forced.ENDPOINTS,
    *graphs.ENDPOINTS,
    *logchunks.ENDPOINTS,
    *pages.ENDPOINTS,
    *graph_pages.ENDPOINTS,
    *list_pages.ENDPOINTS,
    *test_pages.ENDPOINTS,
    *view_pages.ENDPOINTS,
    *requests.ENDPOINTS,
    *schedules.ENDPOINTS,
    *sources.ENDPOINTS,
    *staging.ENDPOINTS,
    *staging_pages.ENDPOINTS,
    *steps.ENDPOINTS,
    *stops.ENDPOINTS,
    *test_results.ENDPOINTS,
    *tokens.ENDPOINTS,
    *worker_pages.ENDPOINTS,
    Endpoint("application.spec", Kind.COLLECTION, TYPES["spec"], "application.read", load=_specs),
)
"""All that can be read."""


def check_declared(endpoint: Endpoint) -> None:
    """Raises UndeclaredAction if an endpoint does not say which right it needs, or one of its methods does not."""
    rights.declared(endpoint.reads, f"the path {endpoint.pattern!r}")
    for part in endpoint.parts:
        rights.declared(part.reads, f"the part {part.name!r} of the path {endpoint.pattern!r}")
    for method, control in endpoint.actions.items():
        rights.declared(control.action, f"{method!r} of the path {endpoint.pattern!r}")


def _same(result: Result) -> Result:
    return result


def _narrowed_keys(connection: Connection, found: Found, reach: Reach, with_workers: bool) -> Keys:
    return reaching.narrowed_keys(connection, found.endpoint, found.keys, reach, with_workers=with_workers)


def _read_blocking(connection: Connection, found: Found, wanted: ResultSpec, finish: Callable[[Result], T]) -> T:
    assert found.endpoint.query is not None
    return finish(_result(found, wanted, found.endpoint.query(connection, found.keys, wanted)))


def _result(found: Found, wanted: ResultSpec, answer: Any) -> Result:
    type_ = found.endpoint.type
    rows: Sequence[Any]
    if answer is None:
        raise NotFound(f"no such {type_.name.strip('_').removesuffix('_page')}")
    if not found.endpoint.is_collection:
        rows, total, following = [answer], None, None
    else:
        page = answer if isinstance(answer, Page) else resultspec.apply(answer, wanted.query, type_)
        rows, total, following = page.rows, page.total, _next(page, wanted)
    if wanted.fields is not None:
        rows = resultspec.select_fields(rows, wanted.fields, type_)
    return Result(type_, rows, total, following, following is not None or wanted.tells_next)


def _next(page: Page[Any], wanted: ResultSpec) -> str | None:
    if wanted.most is not None and len(page.rows) > wanted.most:
        raise InvalidInput("limit", f"there are more rows than {wanted.most}: expected a limit")
    if wanted.query.after is None:
        return None
    if page.next is UNKNOWN:
        is_whole = wanted.query.limit is None or len(page.rows) < wanted.query.limit
        if is_whole and not wanted.tells_next:
            return None
        raise InvalidInput("after", "this collection has no places")
    return None if page.next is None else cursor_of(page.next)


def _filter(given: Any) -> Filter:
    if isinstance(given, Filter):
        return given
    return Filter(given.field, Operator(given.op), tuple(given.values))


def _plain(row: Any, type_: ResourceType) -> Any:
    """A row as dictionaries, lists and datetimes."""
    if isinstance(row, msgspec.Struct):
        row = {name: getattr(row, type_.attributes[name]) for name in type_.fields}
    return {name: _plain_value(value, type_, name) for name, value in row.items()}


def _plain_value(value: Any, type_: ResourceType, name: str) -> Any:
    field = type_.fields.get(name)
    if isinstance(value, msgspec.Raw):
        value = msgspec.json.decode(value)
    if field is None or value is None:
        return value
    if field.kind is FieldKind.DATETIME:
        return datetime.fromtimestamp(value, UTC)
    if field.kind is FieldKind.ENTITY:
        return _plain(value, TYPES[field.entity])
    if field.kind is FieldKind.LIST and field.of is not None and field.of.kind is FieldKind.ENTITY:
        return [_plain(entry, TYPES[field.of.entity]) for entry in value]
    if field.kind is FieldKind.PROPERTIES:
        return {key: (entry[0], entry[1]) for key, entry in value.items()}
    return value
