"""What is wrong with a master's records: its tables, and the files of its logs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import sqlalchemy as sa

from buildmill.master.db import audit, soundness
from buildmill.master.db.engine import create_engine
from buildmill.master.db.soundness import LogRows
from buildmill.master.logs.files import FolderLogFiles
from buildmill.master.logs.frame import DamagedLog, unpack

LOGS_AT_ONCE = 200


def problems(
    url: sa.URL,
    *,
    logs: Path,
    master_name: str,
    settled: int,
    reads_contents: bool = False,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Iterator[str]:
    """All that is wrong, a line each, as it is found. Blocking.

    Args:
        logs: folder of the log files of master `master_name`; files of other masters are not looked at.
        settled: as in `soundness.rules`.
        reads_contents: unpack every frame.
        progress: called with how many logs were looked at, and how many there are.
    """
    engine = create_engine(url, read_only=True)
    files = FolderLogFiles(logs)
    try:
        with soundness.one_state(engine) as connection:
            yield from soundness.row_problems(connection, settled)
            yield from audit.problems(connection)
            total = soundness.count_logs(connection)
            known = soundness.masters(connection)
        # a database of one master is that of this directory, whatever the machine's name is now
        master_id = None if len(known) <= 1 else known.get(master_name, 0)
        done = last = 0
        while True:
            # a state of its own for each batch: a long one would keep the database from tidying up
            with soundness.one_state(engine) as connection:
                batch = soundness.logs_after(connection, last, LOGS_AT_ONCE, master_id)
            if not batch:
                return
            for log in batch:
                yield from soundness.frame_problems(log)
                if log.is_here:
                    yield from _file_problems(files, log, reads_contents)
            last = batch[-1].log_id
            done += len(batch)
            progress(done, max(done, total))
    finally:
        engine.dispose()


def _file_problems(files: FolderLogFiles, log: LogRows, reads_contents: bool) -> Iterator[str]:
    wanted = soundness.file_end(log.frames)
    if wanted:
        path = files.path(log.log_id)
        size = path.stat().st_size if path.exists() else None
        if size is None or size < wanted:
            has = "is gone" if size is None else f"has {size} bytes"
            yield f"log {log.log_id}: {path} {has}, {wanted} are recorded"
            return
    if reads_contents:
        for frame in log.frames:
            try:
                stored = frame.content
                if stored is None:
                    stored = files.read_blocking(log.log_id, frame.file_offset or 0, frame.file_length or 0)
                read = unpack(stored, log.log_id)
            except DamagedLog as problem:
                yield str(problem)
                continue
            if (read.line_count, len(read.output)) != (frame.line_count, frame.byte_count):
                yield f"log {log.log_id}: the frame of line {frame.first_line} holds other lines than are recorded"
