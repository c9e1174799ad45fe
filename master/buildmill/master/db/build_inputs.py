"""Rows of what builds were made of: a digest, by which an earlier build of the same is found."""

from __future__ import annotations

import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.db import tables as t
from buildmill.master.db.tables_of_graphs import build_inputs
from buildmill.master.db.transaction import Connection, Transaction


def note(tx: Transaction, build_id: int, builder_id: int, digest: str) -> None:
    """Write down what a build is made of; once more changes nothing."""
    known = tx.sql.execute(sa.select(build_inputs.c.digest).where(build_inputs.c.build_id == build_id)).first()
    if known is None:
        tx.sql.execute(build_inputs.insert().values(build_id=build_id, builder_id=builder_id, digest=digest))


def succeeded(connection: Connection, builder_id: int, digest: str, since: int) -> tuple[int, int] | None:
    """Id and number of the newest build of a builder that was made of the same and has succeeded; None without one.

    Args:
        since: only builds that have ended at this instant or later.
    """
    b = t.builds.c
    row = connection.sql.execute(
        sa.select(b.id, b.number)
        .join(build_inputs, build_inputs.c.build_id == b.id)
        .where(
            build_inputs.c.builder_id == builder_id,
            build_inputs.c.digest == digest,
            b.results.in_((int(Result.SUCCESS), int(Result.WARNINGS))),
            b.complete_at >= since,
        )
        .order_by(b.id.desc())
        .limit(1)
    ).first()
    return None if row is None else (row[0], row[1])
