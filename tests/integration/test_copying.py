"""All records of a master are copied between SQLite and PostgreSQL, all or nothing; and a database is compacted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import Conflict
from buildmill.master.db import schema
from buildmill.master.db import tables as t
from buildmill.master.db.compaction import compact_blocking
from buildmill.master.db.copying import BrokenReferences, copy_blocking
from buildmill.master.db.engine import create_engine
from tests.database import Stage
from tests.scene import Scene


def contents(url: sa.URL) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all tables."""
    engine = create_engine(url, read_only=True)
    with engine.connect() as connection:
        found = {
            table.name: [
                tuple(row) for row in connection.execute(sa.select(table).order_by(*table.primary_key.columns))
            ]
            for table in t.metadata.tables.values()
        }
    engine.dispose()
    return found


def change(url: sa.URL, *statements: str) -> None:
    engine = create_engine(url)
    with engine.connect() as connection:
        driver: Any = connection.connection.dbapi_connection
        for statement in statements:
            driver.execute(statement)
        driver.commit()
    engine.dispose()


@pytest.fixture
def lived_in(tmp_path: Path) -> sa.URL:
    """An SQLite database with a little history."""
    url = f"sqlite:///{tmp_path}/lived-in.sqlite"
    schema.upgrade(sa.make_url(url))
    stage = Stage(url)
    scene = Scene(stage, tmp_path / "logs")
    scene.close()
    stage.close()
    # a build that was asked for by another one, and a change after another: references to later rows
    change(sa.make_url(url), "UPDATE buildsets SET rebuilt_build_id = 2 WHERE id = 1")
    return sa.make_url(url)


def test_a_copy_there_and_back_is_the_same(lived_in: sa.URL, database_url: str, tmp_path: Path) -> None:
    there, back = sa.make_url(database_url), sa.make_url(f"sqlite:///{tmp_path}/back.sqlite")
    told: list[tuple[str, int, int]] = []

    copied = copy_blocking(lived_in, there, progress=lambda *news: told.append(news))
    copy_blocking(there, back)

    before = contents(lived_in)
    assert contents(there) == before
    assert contents(back) == before
    assert any(before["builds"])
    assert copied.rows == sum(map(len, before.values())) == told[-1][1] == told[-1][2]
    # new rows get new ids
    change(there, "INSERT INTO builders (name, tags) VALUES ('new', '[]')")
    assert max(row[0] for row in contents(there)["builders"]) == len(before["builders"]) + 1


def test_a_database_with_rows_is_refused_and_left_alone(lived_in: sa.URL, database_url: str) -> None:
    target = sa.make_url(database_url)
    schema.upgrade(target)
    change(target, "INSERT INTO workers (name, info) VALUES ('w', '{}')")
    before = contents(target)

    with pytest.raises(Conflict, match=r"has rows already \(in workers\)"):
        copy_blocking(lived_in, target)
    with pytest.raises(Conflict, match="the database that is to be copied"):
        copy_blocking(lived_in, lived_in)

    assert contents(target) == before


def test_rows_that_name_others_that_are_not_there_are_refused_or_left_out(lived_in: sa.URL, database_url: str) -> None:
    target = sa.make_url(database_url)
    change(lived_in, "PRAGMA foreign_keys=OFF", "DELETE FROM builds WHERE id = 1")
    before = contents(lived_in)

    with pytest.raises(BrokenReferences) as error:
        copy_blocking(lived_in, target)
    after_refusal = contents(target)
    copied = copy_blocking(lived_in, target, leaves_out_broken=True)

    after = contents(target)
    assert error.value.counts["steps"] == len(before["steps"]) == 2
    assert not any(after_refusal.values())
    assert copied.left_out["steps"] == 2
    # with a step goes what belongs to it
    assert (after["steps"], after["logs"], after["log_frames"]) == ([], [], [])
    assert len(after["builds"]) == len(before["builds"]) == 1
    assert copied.rows + sum(copied.left_out.values()) == sum(map(len, before.values()))


def test_an_interrupted_copy_leaves_nothing_behind(lived_in: sa.URL, database_url: str) -> None:
    target = sa.make_url(database_url)

    def interrupt(table: str, _done: int, _total: int) -> None:
        if table == "steps":
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        copy_blocking(lived_in, target, progress=interrupt)

    assert not any(contents(target).values())
    copy_blocking(lived_in, target)
    assert contents(target) == contents(lived_in)


def test_compacting_gives_space_back_and_keeps_all_rows(lived_in: sa.URL, database_url: str) -> None:
    target = sa.make_url(database_url)
    copy_blocking(lived_in, target)
    rows = ", ".join(f"('new{n}', '{'x' * 2000}')" for n in range(500))
    added = f"INSERT INTO workers (name, info) VALUES {rows}"  # numbers
    change(target, added, "DELETE FROM workers WHERE name LIKE 'new%'")
    before = contents(target)

    sizes = compact_blocking(target, rewrites=True)

    assert contents(target) == before
    assert sizes.after < sizes.before
