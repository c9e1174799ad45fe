"""Index rows of log frames: which lines and bytes of a log each frame holds, and where the frame is.

The frames of a log follow each other without a gap, and each holds at least one line.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import sqlalchemy as sa

from buildmill.common.errors import NotFound
from buildmill.master.db import logs
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.resources import Log

_l = t.logs.c
_f = t.log_frames.c


class FrameRow(NamedTuple):
    """One frame's place.

    Attributes:
        first_line, line_count: lines of the log that it holds.
        first_byte, byte_count: its output among all bytes of the log.
        content: the stored frame, when it is small; else None.
        file_offset, file_length: its place in the log's file, when it is large; else None.
    """

    first_line: int
    line_count: int
    first_byte: int
    byte_count: int
    content: bytes | None
    file_offset: int | None
    file_length: int | None

    @property
    def end_line(self) -> int:
        return self.first_line + self.line_count


class LogEnd(NamedTuple):
    """Where the next frame of a log goes.

    Attributes:
        lines, bytes: how much output is recorded.
        file_bytes: how many bytes of the log's file the rows speak of.
        frames: number of rows.
    """

    lines: int
    bytes: int
    file_bytes: int
    frames: int


EMPTY = LogEnd(0, 0, 0, 0)

COLUMNS = tuple(_f[name] for name in FrameRow._fields)
_of_log = _f.log_id == sa.bindparam("log")

_INSERT = Statement(
    t.log_frames.insert().values(
        {"log_id": sa.bindparam("log"), **{name: sa.bindparam(name) for name in FrameRow._fields}}
    )
)
_APPENDED = Statement(
    t.logs.update().where(_l.id == sa.bindparam("log"), _l.complete == 0).values(num_lines=sa.bindparam("lines"))
)
_FINISH = Statement(
    t.logs.update()
    .where(_l.id == sa.bindparam("log"), _l.complete == 0)
    .values(complete=1, num_lines=sa.bindparam("lines"))
    .returning(*logs.COLUMNS)
)
_END = Statement(
    sa.select(
        sa.func.coalesce(sa.func.max(_f.first_line + _f.line_count), 0),
        sa.func.coalesce(sa.func.max(_f.first_byte + _f.byte_count), 0),
        sa.func.coalesce(sa.func.max(_f.file_offset + _f.file_length), 0),
        sa.func.count(),
    ).where(_of_log)
)
_START_OF_LINE = (
    sa.select(sa.func.max(_f.first_line)).where(_of_log, _f.first_line <= sa.bindparam("first")).scalar_subquery()
)
_FIND = Statement(
    sa.select(*COLUMNS)
    .where(
        _of_log,
        _f.first_line >= sa.func.coalesce(_START_OF_LINE, 0),
        _f.first_line < sa.bindparam("end"),
        _f.first_line + _f.line_count > sa.bindparam("first"),
    )
    .order_by(_f.first_line)
    .limit(sa.bindparam("count"))
)
_LINE_OF_BYTE = Statement(
    sa.select(_f.first_line)
    .where(_of_log, _f.first_byte <= sa.bindparam("byte"))
    .order_by(_f.first_line.desc())
    .limit(sa.bindparam("count"))
)
_BYTES_OF_LINES = Statement(
    sa.select(sa.func.coalesce(sa.func.sum(_f.byte_count), 0)).where(
        _of_log,
        _f.first_line >= sa.func.coalesce(_START_OF_LINE, 0),
        _f.first_line < sa.bindparam("end"),
    )
)
_REMOVE = Statement(
    t.log_frames.delete().where(_of_log, _f.first_line >= sa.bindparam("first"), _f.first_line < sa.bindparam("end"))
)


def insert(tx: Transaction, log_id: int, rows: Sequence[FrameRow]) -> None:
    """Record frames; a line that is recorded already is refused by the key."""
    if len(rows) == 1:
        tx.run(_INSERT, log=log_id, **rows[0]._asdict())
    elif rows:
        tx.run_many(_INSERT, [{"log": log_id, **row._asdict()} for row in rows])


def set_lines(tx: Transaction, log_id: int, lines: int) -> None:
    """Record how many lines an unfinished log has.

    Raises:
        NotFound: there is no such unfinished log.
    """
    if tx.run(_APPENDED, log=log_id, lines=lines) != 1:
        raise NotFound(f"no unfinished log {log_id}")


def finish(tx: Transaction, log_id: int, lines: int) -> Log:
    """Mark a log as complete, with its number of lines.

    Raises:
        NotFound: there is no such unfinished log.
    """
    row = tx.one(_FINISH, log=log_id, lines=lines)
    if row is None:
        raise NotFound(f"no unfinished log {log_id}")
    return logs.from_row(row)


def end(connection: Connection, log_id: int) -> LogEnd:
    """Where the recorded part of a log ends."""
    row = connection.one(_END, log=log_id)
    assert row is not None
    return LogEnd(*map(int, row))


def find(connection: Connection, log_id: int, first_line: int, end_line: int, limit: int) -> list[FrameRow]:
    """The frames with lines from `first_line` up to, not including, `end_line`: the first `limit`, in order."""
    rows = connection.all(_FIND, log=log_id, first=first_line, end=end_line, count=limit)
    return [FrameRow._make(row) for row in rows]


def find_line_of_byte(connection: Connection, log_id: int, byte: int) -> int:
    """First line of the frame that holds byte number `byte` of the log's output, or of its last frame."""
    return int(connection.scalar(_LINE_OF_BYTE, log=log_id, byte=byte, count=1) or 0)


def bytes_of_lines(connection: Connection, log_id: int, first_line: int, end_line: int) -> int:
    """How many bytes the frames have that hold lines from `first_line` up to, not including, `end_line`."""
    return int(connection.scalar(_BYTES_OF_LINES, log=log_id, first=first_line, end=end_line) or 0)


def remove(tx: Transaction, log_id: int, first_line: int, end_line: int) -> int:
    """Forget the frames that begin in these lines; returns how many there were."""
    return tx.run(_REMOVE, log=log_id, first=first_line, end=end_line)


def unfinished_files(connection: Connection, master_id: int | None) -> dict[int, int]:
    """Of each unfinished log: how many bytes of its file are recorded.

    Args:
        master_id: only logs of this master's builds; None: of all.
    """
    recorded = sa.select(sa.func.coalesce(sa.func.max(_f.file_offset + _f.file_length), 0)).where(_f.log_id == _l.id)
    query = sa.select(_l.id, recorded.scalar_subquery()).where(_l.complete == 0)
    if master_id is not None:
        query = query.join(t.steps, t.steps.c.id == _l.step_id).join(t.builds, t.builds.c.id == t.steps.c.build_id)
        query = query.where(t.builds.c.master_id == master_id)
    return {int(log_id): int(size) for log_id, size in connection.sql.execute(query)}
