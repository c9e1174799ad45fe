"""Rows of schedulers and change sources: one master at a time runs each; and what schedulers remember of changes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import Conflict, NotFound, NotSupported
from buildmill.master.db import state
from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.events import Event
from buildmill.master.domain.resources import Master, Scheduler
from buildmill.master.domain.scheduler_progress import AskedRun, SchedulerProgress


def find(tx: Transaction, name: str) -> int:
    """The id of the scheduler called `name`, added at first sight."""
    return find_or_add(tx, t.schedulers, {"name": name})


def find_change_source(tx: Transaction, name: str) -> int:
    """The id of the change source called `name`, added at first sight."""
    return find_or_add(tx, t.change_sources, {"name": name})


def get(connection: Connection, scheduler_id: int) -> Scheduler:
    """One scheduler.

    Raises:
        NotFound: no such id.
    """
    s, m = t.schedulers.c, t.masters.c
    row = connection.sql.execute(
        sa.select(
            s.id, s.name, s.enabled, m.id.label("master_id"), m.name.label("master_name"), m.active, m.last_active
        )
        .select_from(t.schedulers.outerjoin(t.masters))
        .where(s.id == scheduler_id)
    ).one_or_none()
    if row is None:
        raise NotFound(f"no scheduler {scheduler_id}")
    master = None
    if row.master_id is not None:
        master = Master(bool(row.active), row.last_active, row.master_id, row.master_name)
    return Scheduler(bool(row.enabled), master, row.name, row.id)


def try_set_master(tx: Transaction, table: sa.Table, row_id: int, master_id: int | None, by: int) -> bool:
    """Take (or with None: release) a scheduler or change source for a master; False when another one has it.

    Args:
        by: the master that asks. One that was thought dead, and has lost it to another one, releases nothing.
    """
    owner = table.c.master_id
    where = owner == by if master_id is None else sa.or_(owner.is_(None), owner == master_id)
    values: dict[str, object] = {"master_id": master_id}
    if master_id is None and table is t.schedulers:
        values["next_run_at"] = None  # nobody is going to
    changed = tx.sql.execute(table.update().where(table.c.id == row_id, where).values(values)).rowcount
    if changed and table is t.schedulers:
        tx.emit(get(tx, row_id).event("updated"))
    return bool(changed)


def try_set_scheduler_master(tx: Transaction, scheduler_id: int, master_id: int | None, by: int) -> bool:
    return try_set_master(tx, t.schedulers, scheduler_id, master_id, by)


def try_set_change_source_master(tx: Transaction, change_source_id: int, master_id: int | None, by: int) -> bool:
    return try_set_master(tx, t.change_sources, change_source_id, master_id, by)


def enable(tx: Transaction, scheduler_id: int, enabled: bool) -> None:
    """Let a scheduler work, or not; kept over restarts."""
    tx.sql.execute(t.schedulers.update().where(t.schedulers.c.id == scheduler_id).values(enabled=int(enabled)))
    tx.emit(get(tx, scheduler_id).event("updated"))


def describe(tx: Transaction, scheduler_id: int, kind: str, builder_names: Sequence[str] | None, can_run: bool) -> None:
    """Say what a scheduler is, for those who look at it.

    Args:
        kind: name of its class.
        builder_names: those it asks for; None if that depends on the changes.
        can_run: it can be asked to run, see `ask_run`.
    """
    names = None if builder_names is None else msgspec.json.encode(list(builder_names)).decode()
    values = {"kind": kind, "builder_names": names, "can_run": int(can_run)}
    _change(tx, scheduler_id, **values)


def plan(tx: Transaction, scheduler_id: int, next_run_at: int | None) -> None:
    """Say when a scheduler is going to ask for builds by itself: seconds since the epoch; None if nobody knows."""
    _change(tx, scheduler_id, next_run_at=next_run_at)


def _change(tx: Transaction, scheduler_id: int, **values: object) -> None:
    """Set columns, and tell of it if that made a difference."""
    c = t.schedulers.c
    differs = sa.or_(*(c[name].is_distinct_from(value) for name, value in values.items()))
    if tx.sql.execute(t.schedulers.update().where(c.id == scheduler_id, differs).values(**values)).rowcount:
        tx.emit(get(tx, scheduler_id).event("updated"))


def ask_run(tx: Transaction, scheduler_id: int, run: AskedRun) -> None:
    """Have the master that runs a scheduler ask for its builds now, whatever the time is.

    Raises:
        NotFound: no such scheduler.
        NotSupported: one of its kind asks for nothing without an occasion.
        Conflict: it is disabled, no master runs it, or it was asked already.
    """
    c = t.schedulers.c
    scheduler = get(tx, scheduler_id)
    row = tx.sql.execute(sa.select(c.kind, c.can_run).where(c.id == scheduler_id)).one()
    what = f"scheduler {scheduler.name!r}"
    if scheduler.master is None or not scheduler.master.active:
        raise Conflict(f"no master runs {what}")
    if not row.can_run:
        kind = row.kind or "scheduler of its kind"
        raise NotSupported(f"{what} cannot be run by hand: a {kind} has nothing to build without an occasion")
    if not scheduler.enabled:
        raise Conflict(f"{what} is disabled")
    asked = t.schedulers.update().where(c.id == scheduler_id, c.run_asked.is_(None))
    if not tx.sql.execute(asked.values(run_asked=msgspec.json.encode(run).decode())).rowcount:
        raise Conflict(f"{what} has been asked to run already, and is about to")
    tx.emit(Event((("control", "schedulers", str(scheduler_id), "run"),), {"schedulerid": scheduler_id}))
    tx.emit(scheduler.event("updated"))


def asked_run(connection: Connection, scheduler_id: int) -> AskedRun | None:
    """What `ask_run` was called with, until that is done."""
    asked = connection.sql.scalar(sa.select(t.schedulers.c.run_asked).where(t.schedulers.c.id == scheduler_id))
    return None if asked is None else msgspec.json.decode(asked, type=AskedRun)


def forget_run(tx: Transaction, scheduler_id: int) -> None:
    """What was asked for is done, or cannot be."""
    _change(tx, scheduler_id, run_asked=None)


def classify(tx: Transaction, scheduler_id: int, classifications: Mapping[int, bool]) -> None:
    """Remember changes that wait for a stable timer, and whether each is important."""
    table = t.scheduler_changes
    for change_id, important in sorted(classifications.items()):
        here = (table.c.scheduler_id == scheduler_id, table.c.change_id == change_id)
        if not tx.sql.execute(table.update().where(*here).values(important=int(important))).rowcount:
            tx.sql.execute(
                table.insert().values(scheduler_id=scheduler_id, change_id=change_id, important=int(important))
            )


def classifications(
    connection: Connection,
    scheduler_id: int,
    branch: str | None = None,
    repository: str | None = None,
    project: str | None = None,
    codebase: str | None = None,
    any_branch: bool = True,
) -> dict[int, bool]:
    """``{change id: important}`` of the changes that a scheduler has not built yet, oldest first."""
    table, c = t.scheduler_changes, t.changes.c
    query = (
        sa.select(table.c.change_id, table.c.important)
        .select_from(table.join(t.changes, c.id == table.c.change_id))
        .where(table.c.scheduler_id == scheduler_id)
        .order_by(table.c.change_id)
    )
    if not any_branch:
        query = query.where(c.branch == branch if branch is not None else c.branch.is_(None))
    for column, wanted in ((c.repository, repository), (c.project, project), (c.codebase, codebase)):
        if wanted is not None:
            query = query.where(column == wanted)
    return {change_id: bool(important) for change_id, important in connection.sql.execute(query)}


def flush_classifications(tx: Transaction, scheduler_id: int, less_than: int | None = None) -> None:
    """Forget changes up to, not including, `less_than`; all of them with None."""
    table = t.scheduler_changes
    statement = table.delete().where(table.c.scheduler_id == scheduler_id)
    if less_than is not None:
        statement = statement.where(table.c.change_id < less_than)
    tx.sql.execute(statement)


def forget_changes(tx: Transaction, scheduler_id: int, change_ids: Sequence[int]) -> None:
    """Forget these changes, which have their buildset; others may still wait."""
    table = t.scheduler_changes
    tx.sql.execute(table.delete().where(table.c.scheduler_id == scheduler_id, table.c.change_id.in_(change_ids)))


SEEN = "last_change_seen"
"""Name of the state that holds the id of the newest change that a scheduler has dealt with."""


def see_changes(tx: Transaction, class_name: str, name: str, change_id: int) -> None:
    """Note that a scheduler has dealt with all changes up to this one."""
    try:
        known = state.get(tx, class_name, name, SEEN)
    except NotFound:
        known = None
    if known is None or change_id > known:
        state.put(tx, class_name, name, SEEN, change_id)


def forget_seen_of_absent(tx: Transaction) -> None:
    """Have schedulers that no master runs begin with what is new, should they ever come back."""
    s, o = t.schedulers.c, t.object_states.c
    absent = sa.select(s.name).where(s.master_id.is_(None))
    tx.sql.execute(t.object_states.delete().where(o.name == SEEN, o.object_name.in_(absent)))


def note_progress(tx: Transaction, progress: SchedulerProgress) -> None:
    """Keep what a scheduler has got done."""
    if progress.built_changes:
        forget_changes(tx, progress.scheduler_id, progress.built_changes)
        see_changes(tx, progress.class_name, progress.name, max(progress.built_changes))
    for name, value in progress.state.items():
        state.put(tx, progress.class_name, progress.name, name, value)
    for name, value in progress.used.items():
        state.use_up(tx, progress.class_name, progress.name, name, value)
    if progress.is_run_by_hand:
        forget_run(tx, progress.scheduler_id)
