"""Fill a Buildmill database with finished builds: the same content as seed_buildbot.py, in its own
tables. The master has run once, so masters, builders and workers exist. Imports nothing of Buildmill."""
import json
import time

import msgpack
import zstandard

FRAME_LINES = 650        # about 64 KiB of output, as the master makes them
PLAIN_BYTES = 200        # a shorter body is not compressed


def stored_frame(when, runs):
    """One frame of a log as the master stores it. runs: [(stream, bytes)]."""
    body = msgpack.packb([when * 1000, "".join(s for s, _ in runs), [len(b) for _, b in runs],
                          [0] * len(runs), [], b"".join(b for _, b in runs)])
    if len(body) < PLAIN_BYTES:
        return b"\0" + body
    return b"\1" + zstandard.ZstdCompressor(level=3, write_checksum=True).compress(body)


def seed(db, builds=10_000, pending=20, big_log_lines=10_000, batch=20_000, changes=0):
    """Each build: 1 request, 1 set, 6 properties, 2 steps with a 3-line log each. The last
    build's last step has one more log of big_log_lines. With changes the builds are divided
    among so many, oldest first. Returns nothing; ids are 1..builds."""
    master = db.column("SELECT id FROM masters")[0]
    builders = sorted(db.column("SELECT id FROM builders"))
    workers = sorted(db.column("SELECT id FROM workers"))
    now = int(time.time())
    stamps = range(1, max(1, changes) + 1)
    db.bulk("source_stamps",
            ("id", "digest", "branch", "revision", "repository", "codebase", "project", "created_at"),
            ((s, f"{s:040d}", *(("main", f"{s:040x}") if changes else (None, None)), "", "", "", now)
             for s in stamps))
    db.bulk("changes", ("id", "author", "comments", "branch", "revision", "when_timestamp", "source_stamp_id"),
            ((s, "ann@example.org", f"change {s}", "main", f"{s:040x}", now - (len(stamps) - s) * 60, s)
             for s in stamps if changes))

    def stamp(i):
        return 1 + (i - 1) * changes // builds if changes else 1

    def properties(i):
        values = {f"property_{k}": [f"value {k} of {i}", "bench"] for k in range(6)}
        return {**values, **({"got_revision": [f"{stamp(i):040x}", "bench"]} if changes else {})}

    runs = [("h", b"command line\n"), ("o", b"ok\n"), ("h", b"elapsedTime=0.001\n")]
    small_bytes = sum(len(b) for _, b in runs)
    small = stored_frame(now, runs)
    for first in range(1, builds + 1, batch):
        ids = range(first, min(first + batch, builds + 1))
        when = {i: now - (builds - i) * 30 - 60 for i in ids}
        db.bulk("buildsets", ("id", "reason", "submitted_at", "complete", "complete_at", "results"),
                ((i, "bench", when[i], 1, when[i] + 20, 0) for i in ids))
        db.bulk("buildset_source_stamps", ("buildset_id", "source_stamp_id"), ((i, stamp(i)) for i in ids))
        db.bulk("build_requests",
                ("id", "buildset_id", "builder_id", "priority", "complete", "results", "submitted_at",
                 "complete_at", "waited_for", "claimed_by", "claimed_at"),
                ((i, i, builders[i % len(builders)], 0, 1, 0, when[i], when[i] + 20, 0, master, when[i])
                 for i in ids))
        db.bulk("builds",
                ("id", "number", "builder_id", "build_request_id", "worker_id", "master_id",
                 "started_at", "complete_at", "locks_duration_s", "state_string", "results"),
                ((i, i // len(builders) + 1, builders[i % len(builders)], i, workers[i % len(workers)],
                  master, when[i], when[i] + 20, 0, "build successful", 0) for i in ids))
        db.bulk("build_properties", ("build_id", "properties"), ((i, json.dumps(properties(i))) for i in ids))
        db.bulk("steps",
                ("id", "number", "name", "build_id", "started_at", "locks_acquired_at", "complete_at",
                 "state_string", "results", "urls", "hidden"),
                ((2 * i - 1 + k, k, f"step-{k}", i, when[i], when[i], when[i] + 10, "'true'", 0, "[]", 0)
                 for i in ids for k in range(2)))
        db.bulk("logs", ("id", "name", "slug", "step_id", "complete", "num_lines", "type"),
                ((2 * i - 1 + k, "stdio", "stdio", 2 * i - 1 + k, 1, 3, "s") for i in ids for k in range(2)))
        db.bulk("log_frames", ("log_id", "first_line", "line_count", "first_byte", "byte_count", "content"),
                ((2 * i - 1 + k, 0, 3, 0, small_bytes, small) for i in ids for k in range(2)))
    big = 2 * builds + 1
    db.bulk("logs", ("id", "name", "slug", "step_id", "complete", "num_lines", "type"),
            [(big, "big", "big", 2 * builds, 1, big_log_lines, "s")])
    frames = []
    for a in range(0, big_log_lines, FRAME_LINES):
        b = min(a + FRAME_LINES, big_log_lines)
        text = b"".join(f"{i:08d} ".ljust(99, "x").encode() + b"\n" for i in range(a, b))
        frames.append((big, a, b - a, a * 100, len(text), stored_frame(now, [("o", text)])))
    db.bulk("log_frames", ("log_id", "first_line", "line_count", "first_byte", "byte_count", "content"), frames)
    extra = range(builds + 1, builds + 1 + pending)
    db.bulk("buildsets", ("id", "reason", "submitted_at", "complete"), ((i, "pending", now, 0) for i in extra))
    db.bulk("buildset_source_stamps", ("buildset_id", "source_stamp_id"), ((i, 1) for i in extra))
    db.bulk("build_requests", ("id", "buildset_id", "builder_id", "priority", "complete", "submitted_at",
                               "waited_for"),
            ((i, i, builders[i % len(builders)], 0, 0, now, 0) for i in extra))
    db.execute(f"UPDATE builders SET last_build_number = {builds // len(builders) + 1}")
    db.execute("UPDATE buildsets SET waiting_requests = 1 WHERE complete = 0")
    db.close(("source_stamps", "changes", "buildsets", "build_requests", "builds", "steps", "logs"))
