"""Rows of steps, and the record of what each has done."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.common.results import Result
from buildmill.master.db import logs, test_results
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Step

_s = t.steps.c

COLUMNS = (
    _s.build_id, _s.complete_at, _s.hidden, _s.locks_acquired_at, _s.name, _s.number, _s.results, _s.started_at,
    _s.state_string, _s.id, _s.urls,
)  # fmt: skip

NAME_LENGTH = 50

_GET = Statement(sa.select(*COLUMNS).where(_s.id == sa.bindparam("id")))
_ADD = Statement(
    t.steps.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in ("build_id", "number", "name", "started_at", "locks_acquired_at", "state_string")
        }
    )
    .returning(_s.id)
)
_ADD_DONE = Statement(
    t.steps.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in (
                "build_id", "number", "name", "started_at", "locks_acquired_at", "complete_at", "results",
                "state_string",
            )
        }
    )
    .returning(_s.id)
)  # fmt: skip
_START = Statement(
    t.steps.update()
    .where(_s.id == sa.bindparam("step"))
    .values(started_at=sa.bindparam("now"), locks_acquired_at=sa.bindparam("locks"))
    .returning(*COLUMNS)
)
_LOCKS = Statement(
    t.steps.update()
    .where(_s.id == sa.bindparam("step"))
    .values(locks_acquired_at=sa.bindparam("now"))
    .returning(*COLUMNS)
)
_STATE = Statement(
    t.steps.update().where(_s.id == sa.bindparam("step")).values(state_string=sa.bindparam("state")).returning(*COLUMNS)
)
_URLS = Statement(
    t.steps.update().where(_s.id == sa.bindparam("step")).values(urls=sa.bindparam("document")).returning(*COLUMNS)
)
_FINISH = Statement(
    t.steps.update()
    .where(_s.id == sa.bindparam("step"), _s.complete_at.is_(None))
    .values(
        complete_at=sa.bindparam("now"),
        results=sa.bindparam("result"),
        hidden=sa.bindparam("is_hidden"),
        state_string=sa.func.coalesce(sa.bindparam("state"), _s.state_string),
    )
    .returning(*COLUMNS)
)
_NAMES = Statement(sa.select(_s.number, _s.name).where(_s.build_id == sa.bindparam("build")))
_OPEN = Statement(
    sa.select(_s.id).where(_s.build_id == sa.bindparam("build"), _s.complete_at.is_(None)).order_by(_s.number)
)
_OPEN_LOGS = Statement(
    sa.select(t.logs.c.id)
    .where(t.logs.c.step_id == sa.bindparam("step"), t.logs.c.complete == sa.text("0"))
    .order_by(t.logs.c.id)
)
_CLOSE_LOG = Statement(t.logs.update().where(t.logs.c.id == sa.bindparam("log")).values(complete=sa.text("1")))
_RECORD = Statement(
    t.step_calls.insert().values(
        {name: sa.bindparam(name) for name in ("step_id", "ordinal", "kind", "fingerprint", "outcome")}
    )
)
_OUTCOME = Statement(
    t.step_calls.update()
    .where(t.step_calls.c.step_id == sa.bindparam("step"), t.step_calls.c.ordinal == sa.bindparam("place"))
    .values(outcome=sa.bindparam("document"))
)


def from_row(row: Row) -> Step:
    """A struct from a row of `COLUMNS`."""
    return Step(
        buildid=row[0],
        complete=row[1] is not None,
        complete_at=row[1],
        hidden=bool(row[2]),
        locks_acquired_at=row[3],
        name=row[4],
        number=row[5],
        results=row[6],
        started_at=row[7],
        state_string=row[8],
        stepid=row[9],
        urls=msgspec.Raw(row[10].encode()),
    )


def get(connection: Connection, step_id: int) -> Step:
    """One step.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=step_id)
    if row is None:
        raise NotFound(f"no step {step_id}")
    return from_row(row)


def add(tx: Transaction, build_id: int, name: str, number: int | None = None, *, started: bool = False) -> Step:
    """Add a step; a name that the build has already gets a number behind it.

    Args:
        number: its place, known by the build that adds it in order; None finds the next one.
        started: it begins at once, with no locks to wait for.
    """
    if number is None:
        present = tx.all(_NAMES, build=build_id)
        number = 1 + max((row[0] for row in present), default=-1)
        name = unique_name(name, {row[1] for row in present})
    at = tx.now if started else None
    step_id = tx.scalar(
        _ADD, build_id=build_id, number=number, name=name, started_at=at, locks_acquired_at=at, state_string="pending"
    )
    step = Step(
        buildid=build_id, complete=False, complete_at=None, hidden=False, locks_acquired_at=at, name=name,
        number=number, results=None, started_at=at, state_string="pending", stepid=step_id, urls=_NO_URLS,
    )  # fmt: skip
    tx.emit(step.event("new"))
    if started:
        tx.emit(step.event("started"))
    return step


_NO_URLS = msgspec.Raw(b"[]")


def begin(tx: Transaction, build_id: int, name: str, number: int, has_locks: bool, state: str) -> Step:
    """Add a step whose place is known, and start it.

    Args:
        has_locks: it has all locks that it needs, and goes on at once.
        state: the text that says what it is doing.
    """
    locks = tx.now if has_locks else None
    step_id = tx.scalar(
        _ADD, build_id=build_id, number=number, name=name, started_at=tx.now, locks_acquired_at=locks,
        state_string=state,
    )  # fmt: skip
    step = Step(
        buildid=build_id, complete=False, complete_at=None, hidden=False, locks_acquired_at=locks, name=name,
        number=number, results=None, started_at=tx.now, state_string=state, stepid=step_id, urls=_NO_URLS,
    )  # fmt: skip
    tx.emit(step.event("new"), step.event("started"))
    return step


def unique_name(name: str, taken: set[str]) -> str:
    """`name`, cut to 50 characters; with ``_1``, ``_2`` … behind it while it is taken."""
    name = name[:NAME_LENGTH]
    if name not in taken:
        return name
    number = 1
    while True:
        suffix = f"_{number}"
        candidate = name[: NAME_LENGTH - len(suffix)] + suffix
        if candidate not in taken:
            return candidate
        number += 1


def start(tx: Transaction, step_id: int, locks_acquired: bool) -> None:
    """A step begins; it may still have to wait for its locks."""
    _told(tx, tx.one(_START, step=step_id, now=tx.now, locks=tx.now if locks_acquired else None), step_id, "started")


def locks_acquired(tx: Transaction, step_id: int) -> None:
    """A step has its locks and goes on."""
    _told(tx, tx.one(_LOCKS, step=step_id, now=tx.now), step_id, "updated")


def add_done(tx: Transaction, build_id: int, name: str, number: int, result: int, state: str) -> None:
    """Add a step that has begun and ended already."""
    step_id = tx.scalar(
        _ADD_DONE, build_id=build_id, number=number, name=name, started_at=tx.now, locks_acquired_at=tx.now,
        complete_at=tx.now, results=int(result), state_string=state,
    )  # fmt: skip
    begun = Step(
        buildid=build_id, complete=False, complete_at=None, hidden=False, locks_acquired_at=tx.now, name=name,
        number=number, results=None, started_at=tx.now, state_string=state, stepid=step_id, urls=_NO_URLS,
    )  # fmt: skip
    done = msgspec.structs.replace(begun, complete=True, complete_at=tx.now, results=int(result))
    tx.emit(begun.event("new"), begun.event("started"), done.event("finished"))


def set_state(tx: Transaction, step_id: int, state: str) -> None:
    """Set the text that says what the step is doing."""
    _told(tx, tx.one(_STATE, step=step_id, state=state), step_id, "updated")


def add_url(tx: Transaction, step_id: int, name: str, url: str) -> None:
    """Add a link; the same one only once."""
    step = get(tx, step_id)
    urls: list[dict[str, str]] = msgspec.json.decode(step.urls)  # type: ignore[arg-type]  # from a row it is Raw
    link = {"name": name, "url": url}
    if link not in urls:
        document = msgspec.json.encode([*urls, link]).decode()
        _told(tx, tx.one(_URLS, step=step_id, document=document), step_id, "updated")


def finish(tx: Transaction, step_id: int, result: int, hidden: bool, state: str | None = None) -> bool:
    """End a step; False when it has ended already.

    Args:
        state: the final text; None keeps the present one.
    """
    row = tx.one(_FINISH, step=step_id, now=tx.now, result=int(result), is_hidden=int(hidden), state=state)
    if row is None:
        return False
    tx.emit(from_row(row).event("finished"))
    return True


def _told(tx: Transaction, row: Row | None, step_id: int, event: str) -> None:
    if row is None:
        raise NotFound(f"no step {step_id}")
    tx.emit(from_row(row).event(event))


def record_call(tx: Transaction, step_id: int, ordinal: int, kind: str, fingerprint: str, outcome: Any) -> None:
    """Write down one effect of a step, so that a step entered again finds it instead of making it again."""
    document = msgspec.json.encode(outcome).decode()
    tx.run(_RECORD, step_id=step_id, ordinal=ordinal, kind=kind, fingerprint=fingerprint, outcome=document)


def set_outcome(tx: Transaction, step_id: int, ordinal: int, outcome: Any) -> None:
    """Complete the record of an effect whose wish was written down before."""
    tx.run(_OUTCOME, step=step_id, place=ordinal, document=msgspec.json.encode(outcome).decode())


def abandon_unfinished(tx: Transaction, build_id: int, result: Result) -> None:
    """End the steps, their logs and their sets of test results that a build left open."""
    for (step_id,) in tx.all(_OPEN, build=build_id):
        close_parts(tx, step_id)
        finish(tx, step_id, result, False)


def close_parts(tx: Transaction, step_id: int, but_logs: Collection[int] = ()) -> None:
    """End the logs and sets of test results that a step left open.

    Args:
        but_logs: ids of logs that somebody still writes to.
    """
    for (log_id,) in tx.all(_OPEN_LOGS, step=step_id):
        if log_id not in but_logs:
            tx.run(_CLOSE_LOG, log=log_id)
            tx.emit(logs.get(tx, log_id).event("finished"))
    test_results.close_open_sets(tx, step_id)
