"""What must hold in the tables whatever has crashed: questions whose every answer is a problem.

They only read, and each set of them sees one state of the database: a master may run meanwhile. What a running master
does in several transactions is looked at only when it is older than `GRACE_SECONDS`.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import tables as t
from buildmill.master.db.graphs import soundness as graphs
from buildmill.master.db.log_frames import COLUMNS, FrameRow
from buildmill.master.db.tables_of_graphs import build_retries
from buildmill.master.db.transaction import Connection

GRACE_SECONDS = 60
"""So old must a claim or an end be before what belongs to it is missed."""

_q = t.build_requests.c
_set = t.buildsets.c
_b = t.builds.c
_s = t.steps.c
_l = t.logs.c
_f = t.log_frames.c
_c = t.commands.c
_again = build_retries.c


class Rule(NamedTuple):
    """One thing that never holds in a sound database.

    Attributes:
        text: what is wrong, with the columns of a row by name.
        query: the rows for which it holds.
    """

    text: str
    query: sa.Select[Any]


def rules(settled: int) -> list[Rule]:
    """All of them.

    Args:
        settled: what happened after this instant may be half done.
    """
    under_way = (
        sa.select(sa.func.count())
        .where(_b.build_request_id == _q.id, _b.complete_at.is_(None))
        .correlate(t.build_requests)
        .scalar_subquery()
    )
    open_requests = sa.exists().where(_q.buildset_id == _set.id, _q.complete == 0)
    ended = _b.complete_at <= settled
    return [
        Rule(
            "request {request} is complete without a result",
            sa.select(_q.id.label("request"))
            .where(_q.complete == 1, sa.or_(_q.results.is_(None), _q.complete_at.is_(None)))
            .order_by(_q.id),
        ),
        Rule(
            "buildset {buildset} is complete, its request {request} is not",
            sa.select(_set.id.label("buildset"), _q.id.label("request"))
            .join(t.build_requests, _q.buildset_id == _set.id)
            .where(_set.complete == 1, _q.complete == 0)
            .order_by(_q.id),
        ),
        Rule(
            "buildset {buildset} is not complete, all of its requests are",
            sa.select(_set.id.label("buildset")).where(_set.complete == 0, ~open_requests).order_by(_set.id),
        ),
        Rule(
            "request {request} is claimed and not complete, with {count} unfinished builds instead of one",
            sa.select(_q.id.label("request"), under_way.label("count"))
            .where(
                _q.complete == 0,
                _q.claimed_by.is_not(None),
                _q.claimed_at <= settled,
                under_way != 1,
                ~sa.exists().where(_again.build_request_id == _q.id, _again.released == 0),
            )
            .order_by(_q.id),
        ),
        Rule(
            "build {build} is not finished, its request {request} is complete",
            sa.select(_b.id.label("build"), _q.id.label("request"))
            .join(t.build_requests, _q.id == _b.build_request_id)
            .where(_b.complete_at.is_(None), _q.complete == 1)
            .order_by(_b.id),
        ),
        Rule(
            "request {request} has {count} builds that do not count as retry: the last is build {build}",
            sa.select(
                _b.build_request_id.label("request"),
                sa.func.count().label("count"),
                sa.func.max(_b.id).label("build"),
            )
            .where(
                sa.or_(_b.results.is_(None), _b.results != int(Result.RETRY)),
                ~sa.exists().where(_again.build_id == _b.id),  # it was followed by another attempt
            )
            .group_by(_b.build_request_id)
            .having(sa.func.count() > 1)
            .order_by(_b.build_request_id),
        ),
        Rule(
            "build {build} is finished without a result",
            sa.select(_b.id.label("build")).where(_b.complete_at.is_not(None), _b.results.is_(None)).order_by(_b.id),
        ),
        Rule(
            "build {build} is finished, its step {number} (step id {step}) is not",
            sa.select(_b.id.label("build"), _s.number.label("number"), _s.id.label("step"))
            .join(t.steps, _s.build_id == _b.id)
            .where(ended, _s.complete_at.is_(None))
            .order_by(_s.id),
        ),
        Rule(
            "build {build} is finished, its log {log} is not",
            sa.select(_b.id.label("build"), _l.id.label("log"))
            .join(t.steps, _s.build_id == _b.id)
            .join(t.logs, _l.step_id == _s.id)
            .where(ended, _l.complete == 0)
            .order_by(_l.id),
        ),
        Rule(
            "build {build} is finished and still holds locks: {locks}",
            sa.select(_b.id.label("build"), _b.held_locks.label("locks"))
            .where(_b.complete_at.is_not(None), _b.held_locks.is_not(None))
            .order_by(_b.id),
        ),
        Rule(
            "build {build} is finished, its command {command} is still assigned",
            sa.select(_b.id.label("build"), _c.uid.label("command"))
            .join(t.commands, _c.build_id == _b.id)
            .where(ended, _c.state == "assigned")
            .order_by(_b.id, _c.uid),
        ),
        Rule(
            "build {build} has {count} steps, numbered {first} to {last}",
            sa.select(
                _s.build_id.label("build"),
                sa.func.count().label("count"),
                sa.func.min(_s.number).label("first"),
                sa.func.max(_s.number).label("last"),
            )
            .group_by(_s.build_id)
            .having(
                sa.or_(
                    sa.func.min(_s.number) != 0,
                    sa.func.max(_s.number) != sa.func.count() - 1,
                    sa.func.count(sa.distinct(_s.number)) != sa.func.count(),
                )
            )
            .order_by(_s.build_id),
        ),
        *(Rule(text, query) for text, query in graphs.contradictions()),
    ]


def row_problems(connection: Connection, settled: int) -> list[str]:
    """What is wrong with requests, builds, steps, commands and job graphs: a line each.

    Args:
        settled: as in `rules`.
    """
    found = []
    for rule in rules(settled):
        found += [rule.text.format(**row._mapping) for row in connection.sql.execute(rule.query)]
    return found


class LogRows(NamedTuple):
    """One log, as its rows describe it.

    Attributes:
        is_here: its file is in the directory of the master that was asked for.
        frames: in order; without their content.
    """

    log_id: int
    num_lines: int
    is_here: bool
    frames: list[FrameRow]


def count_logs(connection: Connection) -> int:
    """How many logs there are."""
    return int(connection.sql.execute(sa.select(sa.func.count()).select_from(t.logs)).scalar_one())


def logs_after(connection: Connection, log_id: int, limit: int, master_id: int | None) -> list[LogRows]:
    """The next `limit` logs with a larger id, in order.

    Args:
        master_id: whose directory is looked at; None: there is only one.
    """
    here = sa.true() if master_id is None else _b.master_id == master_id
    rows = connection.sql.execute(
        sa.select(_l.id, _l.num_lines, here)
        .join(t.steps, _s.id == _l.step_id)
        .join(t.builds, _b.id == _s.build_id)
        .where(_l.id > log_id)
        .order_by(_l.id)
        .limit(limit)
    ).all()
    found = {row[0]: LogRows(int(row[0]), int(row[1]), bool(row[2]), []) for row in rows}
    if found:
        places = connection.sql.execute(
            sa.select(_f.log_id, *COLUMNS)
            .where(_f.log_id >= min(found), _f.log_id <= max(found))
            .order_by(_f.log_id, _f.first_line)
        )
        for owner, *place in places:
            if owner in found:
                found[owner].frames.append(FrameRow._make(place))
    return list(found.values())


def frame_problems(log: LogRows) -> list[str]:
    """What is wrong with the places of a log's frames: a line each."""
    found = []
    line = byte = 0
    for frame in log.frames:
        if (frame.first_line, frame.first_byte) != (line, byte):
            found.append(
                f"log {log.log_id}: a frame begins at line {frame.first_line}, byte {frame.first_byte};"
                f" the one before it ends at line {line}, byte {byte}"
            )
        if frame.content is None and (frame.file_offset is None or frame.file_length is None):
            found.append(f"log {log.log_id}: the frame of line {frame.first_line} is nowhere")
        line, byte = frame.first_line + frame.line_count, frame.first_byte + frame.byte_count
    if line != log.num_lines:
        found.append(f"log {log.log_id} has {log.num_lines} lines, its frames have {line}")
    return found


def file_end(frames: Sequence[FrameRow]) -> int:
    """How long a log's file must be at least; 0: it needs none."""
    return max((f.file_offset + (f.file_length or 0) for f in frames if f.file_offset is not None), default=0)


def masters(connection: Connection) -> dict[str, int]:
    """The ids of all masters that the database knows, by name."""
    return {row.name: int(row.id) for row in connection.sql.execute(sa.select(t.masters.c.name, t.masters.c.id))}


@contextmanager
def one_state(engine: sa.Engine) -> Iterator[Connection]:
    """A connection that sees the database as it is at one instant, and holds nobody up."""
    with engine.connect() as connection:
        if engine.dialect.name == "postgresql":
            connection = connection.execution_options(isolation_level="REPEATABLE READ")
        with connection.begin():
            yield Connection(connection)
