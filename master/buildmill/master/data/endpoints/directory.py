"""Masters, builders, workers, schedulers, change sources, projects and codebases."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, TypeVar

from msgspec.structs import replace

from buildmill.common.errors import Forbidden, NotFound
from buildmill.master.data import resultspec
from buildmill.master.data.endpoints.arguments import REASON, flag_argument, text_argument, updates_of
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, Query, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import FLAG, parameters
from buildmill.master.data.types import TYPES
from buildmill.master.db import workers
from buildmill.master.db.reading import directory
from buildmill.master.db.reading.guards import builders_within
from buildmill.master.db.reading.schedulers import plans
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.queries import Page
from buildmill.master.domain.resources import Builder, ChangeSource, Codebase, Master, Project, Scheduler, Worker
from buildmill.master.domain.rights import Actor

T = TypeVar("T")


def _first(select: Callable[[Connection, Keys, ResultSpec], Sequence[T]]) -> Query:
    """The single row that a selection leaves, or None."""

    def query(connection: Connection, keys: Keys, spec: ResultSpec) -> T | None:
        found = select(connection, keys, spec)
        return found[0] if found else None

    return query


def _masters(connection: Connection, keys: Keys, _spec: ResultSpec) -> list[Master]:
    rows = directory.masters(connection)
    if "builderid" in keys:
        here = {m for b in directory.builders(connection) if b.builderid == keys["builderid"] for m in b.masterids}
        rows = [row for row in rows if row.masterid in here]
    if "masterid" in keys:
        rows = [row for row in rows if row.masterid == keys["masterid"]]
    return rows


def builders_of(connection: Connection, keys: Keys, spec: ResultSpec) -> list[Builder]:
    """The builders that a path speaks of, and its reader may know of."""
    rows = directory.builders(connection)
    if not spec.query.reach.is_everything:
        within = builders_within(connection, spec.query.reach)
        rows = [row for row in rows if row.builderid in within]
    if "builderid" in keys:
        rows = [row for row in rows if row.builderid == keys["builderid"]]
    if "buildername" in keys:
        rows = [row for row in rows if row.name == keys["buildername"]]
    if "masterid" in keys:
        rows = [row for row in rows if keys["masterid"] in row.masterids]
    if "projectid" in keys:
        rows = [row for row in rows if row.projectid == keys["projectid"]]
    if "workerid" in keys:
        served = directory.builders_of_worker(connection, keys["workerid"])
        rows = [row for row in rows if row.builderid in served]
    return rows


def _workers(connection: Connection, keys: Keys, spec: ResultSpec) -> list[Worker]:
    wanted = {key: keys[key] for key in ("masterid", "builderid") if key in keys}
    reach = spec.query.reach
    full = bool(wanted) or spec.fields is None or "configured_on" in spec.fields or not reach.is_everything
    rows = directory.workers(connection, with_configuration=full)
    if not reach.is_everything:
        rows = list(_within(rows, builders_within(connection, reach)))
    if "workerid" in keys:
        rows = [row for row in rows if row.workerid == keys["workerid"]]
    if "name" in keys:
        rows = [row for row in rows if row.name == keys["name"]]
    return [narrowed for row in rows if (narrowed := _serving(row, wanted)) is not None] if wanted else rows


def _within(workers: Iterable[Worker], builders: Container[int]) -> Iterator[Worker]:
    """The workers that serve some of these builders, or nobody; each with only its places there."""
    for worker in workers:
        places = [place for place in worker.configured_on if place["builderid"] in builders]
        if places or not worker.configured_on:
            yield replace(worker, configured_on=places)


def _serving(worker: Worker, wanted: Mapping[Any, int]) -> Worker | None:
    """The worker as a master or builder sees it: with only its places there; None if it has none."""
    places = [place for place in worker.configured_on if wanted.items() <= place.items()]
    return replace(worker, configured_on=places) if places else None


def _schedulers(connection: Connection, keys: Keys, _spec: ResultSpec) -> list[Scheduler]:
    rows = directory.schedulers(connection)
    if "schedulerid" in keys:
        rows = [row for row in rows if row.schedulerid == keys["schedulerid"]]
    return [row for row in rows if _runs_here(row.master, keys)]


def _change_sources(connection: Connection, keys: Keys, _spec: ResultSpec) -> list[ChangeSource]:
    rows = directory.change_sources(connection)
    if "changesourceid" in keys:
        rows = [row for row in rows if row.changesourceid == keys["changesourceid"]]
    return [row for row in rows if _runs_here(row.master, keys)]


def _runs_here(master: Master | None, keys: Keys) -> bool:
    return "masterid" not in keys or (master is not None and master.masterid == keys["masterid"])


def _projects(connection: Connection, keys: Keys, spec: ResultSpec) -> list[Project]:
    by_activity = any(filter_.field == "active" for filter_ in spec.query.filters)
    rows = directory.projects(connection, with_activity=by_activity)
    rows = [row for row in rows if spec.query.reach.covers(row.name)]
    if "projectid" in keys:
        rows = [row for row in rows if row.projectid == keys["projectid"]]
    if "projectname" in keys:
        rows = [row for row in rows if row.name == keys["projectname"]]
    return rows


def _codebases(connection: Connection, keys: Keys, spec: ResultSpec) -> list[Codebase]:
    rows = directory.codebases(connection)
    if not spec.query.reach.is_everything:
        projects = {row.projectid for row in directory.projects(connection) if spec.query.reach.covers(row.name)}
        rows = [row for row in rows if row.projectid in projects]
    if "codebaseid" in keys:
        rows = [row for row in rows if row.codebaseid == keys["codebaseid"]]
    if "codebasename" in keys:
        rows = [r for r in rows if (r.projectid, r.name) == (keys["projectid"], keys["codebasename"])]
    return rows


def _codebase_page(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Codebase]:
    page = resultspec.apply(_codebases(connection, keys, spec), spec.query, TYPES["codebase"])
    return dataclasses.replace(page, total=len(page.rows))


# -- actions ---------------------------------------------------------------------------


async def _worker(context: Context, keys: Keys) -> Worker:
    found = await context.database.read(_first(_workers), keys, ResultSpec())
    if found is None:
        raise NotFound("no such worker")
    worker: Worker = found
    return worker


def _tell_worker(tx: Transaction, worker_id: int, what: str, reason: str) -> None:
    """Tell the master that the worker is connected to; rows say the rest."""
    tx.emit(Event((("control", "worker", str(worker_id), what),), {"reason": reason}))


def _stop_gracefully(tx: Transaction, worker_id: int, reason: str) -> None:
    workers.set_state(tx, worker_id, {"graceful": True})
    _tell_worker(tx, worker_id, "stop", reason)


async def _stop(context: Context, keys: Keys, params: Mapping[str, Any], _actor: Actor) -> None:
    """Let a worker end when nothing runs on it."""
    reason = text_argument(params, "reason", "no reason")
    worker = await _worker(context, keys)
    await updates_of(context).run(_stop_gracefully, worker.workerid, reason)


async def _kill(context: Context, keys: Keys, params: Mapping[str, Any], _actor: Actor) -> None:
    """Tell a worker to end at once."""
    reason = text_argument(params, "reason", "no reason")
    worker = await _worker(context, keys)
    await updates_of(context).run(_tell_worker, worker.workerid, "kill", reason)


async def _pause(context: Context, keys: Keys, params: Mapping[str, Any], _actor: Actor) -> None:
    """Begin nothing new on a worker."""
    reason = text_argument(params, "reason", "no reason")
    worker = await _worker(context, keys)
    await updates_of(context).setWorkerPaused(worker.workerid, True, reason)


async def _unpause(context: Context, keys: Keys, _params: Mapping[str, Any], _actor: Actor) -> None:
    """Begin builds on a worker again."""
    worker = await _worker(context, keys)
    await updates_of(context).setWorkerPaused(worker.workerid, False, None)


async def _enable(context: Context, keys: Keys, params: Mapping[str, Any], _actor: Actor) -> None:
    """Let a scheduler ask for builds, or keep it from that."""
    enabled = flag_argument(params, "enabled")
    found = await context.database.read(_first(_schedulers), keys, ResultSpec())
    if found is None:
        raise NotFound("no such scheduler")
    await updates_of(context).schedulerEnable(found.schedulerid, enabled)


async def check_scheduler(context: Context, scheduler_id: int, read: Reach, change: Reach) -> None:
    """Look whether somebody may ask for builds of all the builders that a scheduler asks for.

    Raises:
        Forbidden: one of them is out of its reach; or nobody knows which they are, and some builder is.
    """
    plan = (await context.database.read(plans)).get(scheduler_id)
    if plan is None:
        return
    everybody = await context.database.read(builders_within, EVERYTHING)
    asked = everybody.values() if plan.builder_names is None else plan.builder_names
    readable = await context.database.read(builders_within, read)
    changeable = await context.database.read(builders_within, change)
    if not {name for id_, name in changeable.items() if id_ in readable}.issuperset(asked):
        raise Forbidden("this scheduler asks for builds of builders that you may not change")


async def _run(context: Context, keys: Keys, params: Mapping[str, Any], actor: Actor) -> None:
    """Have a scheduler ask for its builds now."""
    reason = text_argument(params, "reason", "")
    found = await context.database.read(_first(_schedulers), keys, ResultSpec())
    if found is None:
        raise NotFound("no such scheduler")
    await updates_of(context).runScheduler(found.schedulerid, reason, actor.name)


def _worker_state(connection: Connection, keys: Keys) -> dict[str, Any]:
    for worker in _workers(connection, keys, ResultSpec()):
        return {"graceful": worker.graceful, "pause_reason": worker.pause_reason, "paused": worker.paused}
    return {}


def _scheduler_state(connection: Connection, keys: Keys) -> dict[str, Any]:
    for scheduler in _schedulers(connection, keys, ResultSpec()):
        return {"enabled": scheduler.enabled}
    return {}


_WORKER_ACTIONS = {
    "stop": Control("workers.stop", _stop, REASON, tells=("reason",), state=_worker_state),
    "kill": Control("workers.kill", _kill, REASON, tells=("reason",), state=_worker_state),
    "pause": Control("workers.pause", _pause, REASON, tells=("reason",), state=_worker_state),
    "unpause": Control("workers.unpause", _unpause, parameters(), state=_worker_state),
}

ENDPOINTS: list[Endpoint] = [
    *single(
        "builder",
        "builders.read",
        _first(builders_of),
        "builders/n:builderid",
        "builders/s:buildername",
        "masters/n:masterid/builders/n:builderid",
    ),
    *collection(
        "builder",
        "builders.read",
        builders_of,
        "builders",
        "masters/n:masterid/builders",
        "projects/n:projectid/builders",
        "workers/n:workerid/builders",
    ),
    *single(
        "codebase",
        "codebases.read",
        _first(_codebases),
        "codebases/n:codebaseid",
        "projects/n:projectid/codebases/i:codebasename",
    ),
    *collection("codebase", "codebases.read", _codebase_page, "codebases"),
    *single(
        "worker",
        "workers.read",
        _first(_workers),
        "workers/n:workerid",
        "workers/i:name",
        "masters/n:masterid/workers/n:workerid",
        "masters/n:masterid/workers/i:name",
        "masters/n:masterid/builders/n:builderid/workers/n:workerid",
        "masters/n:masterid/builders/n:builderid/workers/i:name",
        "builders/n:builderid/workers/n:workerid",
        "builders/n:builderid/workers/i:name",
        actions=_WORKER_ACTIONS,
    ),
    *collection(
        "worker",
        "workers.read",
        _workers,
        "workers",
        "masters/n:masterid/workers",
        "masters/n:masterid/builders/n:builderid/workers",
        "builders/n:builderid/workers",
    ),
    *single(
        "changesource",
        "changesources.read",
        _first(_change_sources),
        "changesources/n:changesourceid",
        "masters/n:masterid/changesources/n:changesourceid",
    ),
    *collection(
        "changesource", "changesources.read", _change_sources, "changesources", "masters/n:masterid/changesources"
    ),
    *single(
        "master", "masters.read", _first(_masters), "masters/n:masterid", "builders/n:builderid/masters/n:masterid"
    ),
    *collection("master", "masters.read", _masters, "masters", "builders/n:builderid/masters"),
    *single(
        "scheduler",
        "schedulers.read",
        _first(_schedulers),
        "schedulers/n:schedulerid",
        "masters/n:masterid/schedulers/n:schedulerid",
        actions={
            "enable": Control(
                "schedulers.enable",
                _enable,
                parameters("enabled", enabled=FLAG),
                tells=("enabled",),
                state=_scheduler_state,
            ),
            "run": Control("schedulers.run", _run, REASON, tells=("reason",)),
        },
    ),
    *collection("scheduler", "schedulers.read", _schedulers, "schedulers", "masters/n:masterid/schedulers"),
    *single("project", "projects.read", _first(_projects), "projects/n:projectid", "projects/i:projectname"),
    *collection("project", "projects.read", _projects, "projects"),
]
