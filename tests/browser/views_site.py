"""A master with days of builds of many builders, for the pages that show them beside each other."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import sqlalchemy as sa

from buildmill.master.db import tables as t
from tests.database import open_stage
from tests.programs import RunningMaster, wait_for

MINUTE, HOUR, DAY = 60, 3600, 86_400
BUILDERS: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("app-linux-gcc", ("linux", "app")), ("app-linux-clang", ("linux", "app")), ("app-linux-arm64", ("linux", "app")),
    ("app-windows", ("windows", "app")), ("app-macos", ("macos", "app")), ("lib-linux", ("linux", "lib")),
    ("lib-windows", ("windows", "lib")), ("docs", ("docs",)), ("lint", ()), ("nightly-benchmarks", ("nightly",)),
)  # fmt: skip
OTHERS = tuple((f"port-{number:02}", ("ports",)) for number in range(30))
COMMENTS = (
    "parse: read one line at a time", "Refuse headers that are longer than 64 KiB", "docs: how to upgrade",
    "Keep the order of requests of one client", "tests: wait for the socket, not for a second",
    "Fix a leak of file descriptors when a child is killed", "cache: evict by size, not by number",
    "build: one target for all platforms",
)  # fmt: skip
AUTHORS = ("ada@example.org", "bob@example.org")
CHANGES = 80

CONFIG = """\
import pathlib
WAIT = "while [ ! -e {ended} ]; do sleep 0.1; done"
c["title"] = "Example"
c["builders"] = [
    builder("running", steps.ShellCommand(name="wait", command=["sh", "-c", WAIT]), tags=["nightly"]),
    *(builder(name, steps.ShellCommand(command=["true"]), tags=tags) for name, tags in {builders!r}),
]
c["www"]["ui_default_config"] = {{"Grid.revisionLimit": 6, "Home.max_recent_builds": 3}}
"""


class Seeded(NamedTuple):
    """What a build of the past was.

    Attributes:
        change: its place, the oldest first; None where it belongs to no change.
    """

    builder: str
    began: int
    took: int
    results: int
    change: int | None


def history(now: int) -> Iterator[Seeded]:
    """Two bursts of work a day, nightly builds, a broken spell of one builder, and what was built at the same time."""
    for change in range(CHANGES):
        at = when(change, now)
        for place, (name, _tags) in enumerate(BUILDERS[:9]):
            if (change + place) % 4 == 3:
                continue
            took = (place % 5 + 1) * 3 * MINUTE + change % 7 * 20
            results = (
                2 if name == "app-windows" and 60 <= change <= 70 else 1 if name == "lint" and change % 5 == 0 else 0
            )
            yield Seeded(name, at + place * 20, took, results, change)
        if change % 9 == 0:  # twice at the same time
            yield Seeded("app-linux-gcc", at + 2 * MINUTE, 6 * MINUTE, 4, change)
    for day in range(4):
        yield Seeded("nightly-benchmarks", now - day * DAY - 9 * HOUR, 40 * MINUTE, 3 if day == 2 else 0, None)
    for name, _tags in OTHERS:
        yield Seeded(name, when(CHANGES - 1, now) + 30 * MINUTE, 10 * MINUTE, 0, CHANGES - 1)


def when(change: int, now: int) -> int:
    """When a change came in: eight in a row every half day, the newest two hours ago."""
    back = CHANGES - 1 - change
    return now - 2 * HOUR - back // 8 * 12 * HOUR - back % 8 * 12 * MINUTE


def seed(url: str, now: int) -> None:
    """Write the history of a master that has not run yet."""
    stage = open_stage(url)
    stage.result(stage.database.write(_seed, now))
    stage.close()


def _seed(tx: Any, now: int) -> None:
    def insert(table: sa.Table, **values: Any) -> int:
        return int(tx.sql.execute(table.insert().values(**values).returning(table.c.id)).scalar_one())

    master = insert(t.masters, name="of old", last_active=now)
    worker = insert(t.workers, name="w9")
    builders = {name: insert(t.builders, name=name) for name, _tags in (*BUILDERS, *OTHERS)}
    stamps = []
    for change in range(CHANGES):
        revision, branch = f"{change + 4096:04x}" * 10, "release" if change % 8 == 5 else "main"
        stamp = insert(
            t.source_stamps, digest=f"{change:040}", branch=branch, revision=revision, created_at=when(change, now)
        )
        insert(
            t.changes, author=AUTHORS[change % 2], comments=f"{COMMENTS[change % 8]}\n\nIt was needed.", branch=branch,
            revision=revision, when_timestamp=when(change, now), source_stamp_id=stamp, files='["main.c", "main.h"]',
            revlink=f"https://example.org/{revision}",
        )  # fmt: skip
        stamps.append(stamp)
    numbers = dict.fromkeys(builders, 0)
    for one in sorted(history(now), key=lambda one: one.began):
        numbers[one.builder] += 1
        end = one.began + one.took
        buildset = insert(
            t.buildsets, submitted_at=one.began, complete=1, complete_at=end, results=one.results, waiting_requests=0
        )
        if one.change is not None:
            values = {"buildset_id": buildset, "source_stamp_id": stamps[one.change]}
            tx.sql.execute(t.buildset_source_stamps.insert().values(values))
        request = insert(
            t.build_requests, buildset_id=buildset, builder_id=builders[one.builder], submitted_at=one.began,
            complete=1, complete_at=end, results=one.results, claimed_by=master, claimed_at=one.began,
        )  # fmt: skip
        insert(
            t.builds, number=numbers[one.builder], builder_id=builders[one.builder], build_request_id=request,
            worker_id=worker, master_id=master, started_at=one.began, complete_at=end, results=one.results,
            state_string="build successful" if one.results == 0 else "failed compile",
        )  # fmt: skip
    for name, number in numbers.items():
        tx.sql.execute(t.builders.update().where(t.builders.c.name == name).values(last_build_number=number))


class ViewsSite(RunningMaster):
    """The master, with a build that runs until `ended` is there.

    Attributes:
        now: when it was made, by the clock of the file system.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ended = folder / "ended"
        config = CONFIG.format(ended=str(self.ended), builders=[*BUILDERS, *OTHERS])
        super().__init__(folder / "master", config)
        self.now = int((self.basedir / "master.cfg").stat().st_mtime)
        seed(f"sqlite:///{self.basedir}/state.sqlite", self.now)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.http_port}/"

    def fill(self) -> None:
        """Begin the build that runs."""
        self.start_worker("w1")
        request = self.force("running")
        wait_for(lambda: self.builds_of(request), why=self.own_log)
