"""Run by Alembic: applies the revisions in the transaction of the connection that `db.schema` hands over."""

from __future__ import annotations

from alembic import context

from buildmill.master.db.tables import metadata

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite's own DDL can be rolled back too, once its driver begins nothing by itself (see `db.engine`).
    transactional_ddl=True,
)
context.run_migrations()
