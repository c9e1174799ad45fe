"""The migrations make the schema that the code describes, on both databases, all or nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from buildmill.master.db import schema, tables
from buildmill.master.db.engine import create_engine

DEADLINE_SECONDS = 60


def indexes(url: str) -> dict[str, str]:
    """The definition of each index, conditions included, which Alembic does not compare."""
    engine = create_engine(sa.make_url(url))
    query = {
        "sqlite": "SELECT name, sql FROM sqlite_master WHERE type = 'index' AND sql IS NOT NULL",
        "postgresql": "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = 'public'",
    }[engine.dialect.name]
    with engine.connect() as connection:
        found = {name: " ".join(text.split()) for name, text in connection.execute(sa.text(query))}
    engine.dispose()
    found.pop("alembic_version_pkc", None)
    return found


def is_for(found: Any, dialect: str) -> bool:
    """Whether a part of the schema is there on a database; Alembic does not look."""
    condition = getattr(found, "_ddl_if", None)
    return condition is None or condition.dialect == dialect


# buildsets name the build that asked for them, builds their request: a cycle on purpose
@pytest.mark.filterwarnings("ignore:Cannot correctly sort tables")
def test_migrations_make_the_tables_that_the_code_describes(database_url: str) -> None:
    schema.upgrade(sa.make_url(database_url))

    engine = create_engine(sa.make_url(database_url))
    with engine.connect() as connection:
        # for SQLite Alembic takes an empty default and its reflection for different; the revisions are the same
        options = {
            "compare_type": True,
            "compare_server_default": engine.dialect.name != "sqlite",
            "include_object": lambda found, *_more: is_for(found, engine.dialect.name),
        }
        differences = compare_metadata(MigrationContext.configure(connection, opts=options), tables.metadata)
    engine.dispose()

    assert differences == []


def test_migrations_make_the_indexes_that_the_code_describes(new_database_url: Callable[[], str]) -> None:
    migrated, described = new_database_url(), new_database_url()
    schema.upgrade(sa.make_url(migrated))
    engine = create_engine(sa.make_url(described))
    tables.metadata.create_all(engine)
    engine.dispose()

    assert indexes(migrated) == indexes(described)
    assert "ix_builds_incomplete" in indexes(migrated)


def test_an_upgraded_database_passes_the_check_and_a_second_upgrade_changes_nothing(database_url: str) -> None:
    url = sa.make_url(database_url)

    schema.upgrade(url)
    schema.check(url)
    schema.upgrade(url)
    schema.check(url)


def test_an_empty_database_is_refused_with_the_command_that_helps(database_url: str) -> None:
    with pytest.raises(schema.SchemaOutOfDate, match=r"has no tables yet; .*upgrade-master") as error:
        schema.check(sa.make_url(database_url))

    assert (error.value.found, error.value.wanted) == (None, schema.HEAD)


def test_a_check_makes_no_file(tmp_path: Path) -> None:
    with pytest.raises(schema.SchemaOutOfDate):
        schema.check(sa.make_url(f"sqlite:///{tmp_path}/none.sqlite"))

    assert list(tmp_path.iterdir()) == []


def test_tables_of_a_newer_version_are_refused_by_both(database_url: str) -> None:
    url = sa.make_url(database_url)
    schema.upgrade(url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '9999_future'"))
    engine.dispose()

    with pytest.raises(schema.SchemaOutOfDate, match="newer version"):
        schema.check(url)
    with pytest.raises(schema.SchemaOutOfDate, match="newer version"):
        schema.upgrade(url)


def test_a_failing_upgrade_leaves_nothing_behind(database_url: str) -> None:
    url = sa.make_url(database_url)
    engine = create_engine(url)
    with engine.begin() as connection:
        connection.execute(sa.text("CREATE TABLE logs (id INTEGER)"))  # in the way of a late step

    with pytest.raises(schema.DatabaseUnusable, match="logs"):
        schema.upgrade(url)

    assert sa.inspect(engine).get_table_names() == ["logs"]
    engine.dispose()


def test_two_upgrades_at_a_time_both_succeed(database_url: str) -> None:
    url = sa.make_url(database_url)
    failures: list[BaseException] = []

    def upgrade_blocking() -> None:
        try:
            schema.upgrade(url)
        except BaseException as failure:
            failures.append(failure)

    threads = [threading.Thread(target=upgrade_blocking) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(DEADLINE_SECONDS)

    assert failures == []
    schema.check(url)


def test_a_database_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    url = sa.make_url(f"sqlite:///{tmp_path}/no/such/folder.sqlite")

    with pytest.raises(schema.DatabaseUnusable, match=r"no/such/folder\.sqlite"):
        schema.upgrade(url)


def test_the_revision_that_is_written_down_is_the_last_one() -> None:
    config = Config()
    config.set_main_option("script_location", str(Path(schema.__file__).with_name("migrations")))
    script = ScriptDirectory.from_config(config)

    assert script.get_current_head() == schema.HEAD
    assert {revision.revision for revision in script.walk_revisions()} == schema._known_revisions()
