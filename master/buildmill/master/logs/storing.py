"""The units of work that put frames into the database and the files. They may run twice."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from buildmill.common.errors import Conflict
from buildmill.master.db import log_frames
from buildmill.master.db.log_frames import EMPTY, FrameRow, LogEnd
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.resources import Log
from buildmill.master.logs.files import LogFiles
from buildmill.master.logs.gather import SealedFrame

INLINE_BYTES = 4096
"""A stored frame up to this size is kept in its row: for a short log a file would cost far more."""


def append(
    tx: Transaction, files: LogFiles, log: Log, end: LogEnd | None, frames: Sequence[SealedFrame], finish: bool
) -> tuple[LogEnd, Log]:
    """Add frames to an unfinished log, and finish it if wanted; emits `append` and `finished`.

    Args:
        end: where the log ends; None: look.

    Raises:
        NotFound: the log is gone, or finished.
    """
    if end is None:
        end = log_frames.end(tx, log.logid) if log.num_lines else EMPTY
    lines = end.lines + sum(frame.line_count for frame in frames)
    if finish:
        log = log_frames.finish(tx, log.logid, lines)
    else:
        log_frames.set_lines(tx, log.logid, lines)
        log = _with_lines(log, lines)
    if frames:
        end = _add(tx, files, log.logid, end, frames)
        tx.emit(_with_lines(log, lines).event("append"))
    if finish:
        tx.emit(log.event("finished"))
    return end, log


def replace(
    tx: Transaction,
    files: LogFiles,
    log_id: int,
    old: Sequence[FrameRow],
    frames: Sequence[SealedFrame],
) -> None:
    """Put `frames`, with the same output, in the place of the rows `old`, which follow each other.

    Raises:
        Conflict: these rows are not all there any more.
    """
    # Taken before the old rows go: their bytes in the file stay what they are, for readers and for a rollback.
    file_bytes = log_frames.end(tx, log_id).file_bytes
    if log_frames.remove(tx, log_id, old[0].first_line, old[-1].end_line) != len(old):
        raise Conflict(f"frames of log {log_id} have changed meanwhile")
    _add(tx, files, log_id, LogEnd(old[0].first_line, old[0].first_byte, file_bytes, 0), frames)


def _add(tx: Transaction, files: LogFiles, log_id: int, end: LogEnd, frames: Sequence[SealedFrame]) -> LogEnd:
    rows: list[FrameRow] = []
    blocks: list[bytes] = []
    line, byte, file_bytes, count = end
    for frame in frames:
        stored = frame.stored_blocking()
        if len(stored) <= INLINE_BYTES:
            row = FrameRow(line, frame.line_count, byte, frame.byte_count, stored, None, None)
        else:
            row = FrameRow(line, frame.line_count, byte, frame.byte_count, None, file_bytes, len(stored))
            blocks.append(stored)
            file_bytes += len(stored)
        rows.append(row)
        line += frame.line_count
        byte += frame.byte_count
    # The rows come first: their key refuses frames at a wrong place before the file is touched.
    log_frames.insert(tx, log_id, rows)
    if blocks:
        files.write_blocking(log_id, end.file_bytes, blocks)
        tx.before_commit(("log file", log_id), partial(files.sync_blocking, log_id))
    return LogEnd(line, byte, file_bytes, count + len(rows))


def _with_lines(log: Log, lines: int) -> Log:
    return Log(False, log.logid, log.name, lines, log.slug, log.stepid, log.type)
