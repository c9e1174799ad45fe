"""What builds ran in: one row for each environment that differs from all others, however many builds were in it.

A build names two of them, so that workers and builders do not multiply: its worker's and its builder's.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.statement import Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.environments import Entry, Environment, decode_entries

_e, _of, _now = t.environments.c, t.build_environments.c, t.worker_environments.c
_KEY: Final = {"class_name": "buildmill.environments", "object_name": "secrets", "name": "key"}
_BIG = sa.BigInteger
_worker, _builder = t.environments.alias("of_worker"), t.environments.alias("of_builder")
_NOTE = Statement(
    t.build_environments.insert().from_select(
        ["build_id", "worker_environment_id", "builder_environment_id"],
        sa.select(sa.bindparam("build", type_=_BIG), _worker.c.id, _builder.c.id)
        .where(_worker.c.digest == sa.bindparam("worker"), _builder.c.digest == sa.bindparam("builder"))
        # whoever prunes must not take away what is being named here
        .with_for_update(read=True, key_share=True),
    )
)
_OF_BUILD = Statement(
    sa.select(_worker.c.document, _builder.c.document)
    .select_from(
        t.build_environments.join(_worker, _worker.c.id == _of.worker_environment_id).join(
            _builder, _builder.c.id == _of.builder_environment_id
        )
    )
    .where(_of.build_id == sa.bindparam("build", type_=_BIG))
)
_OF_WORKER = Statement(
    sa.select(_e.document)
    .select_from(t.environments.join(t.worker_environments, _now.environment_id == _e.id))
    .where(_now.worker_id == sa.bindparam("worker", type_=_BIG))
)
# this form of an insert that becomes an update is the same on both databases
_SET_OF_WORKER = Statement(
    sa.text(
        "INSERT INTO worker_environments (worker_id, environment_id) VALUES (:worker, :environment)"
        " ON CONFLICT (worker_id) DO UPDATE SET environment_id = excluded.environment_id"
    )
)


def secret_key(tx: Transaction, new_key: Callable[[], str]) -> bytes:
    """The key of digests of secrets; made when it is asked for the first time, the same for all masters from then on.

    Args:
        new_key: makes hexadecimal digits that nobody can guess.
    """
    row = find_or_add(tx, t.object_states, dict(_KEY), {"value": f'"{new_key()}"'})
    value = tx.sql.execute(sa.select(t.object_states.c.value).where(t.object_states.c.id == row)).scalar_one()
    return bytes.fromhex(value.strip('"'))


def find(tx: Transaction, environment: Environment) -> int:
    """The id of an environment, added at first sight."""
    key = {"digest": environment.digest}
    values = {"os": environment.os, "document": environment.document, "created_at": tx.now}
    return find_or_add(tx, t.environments, key, values)


def note(tx: Transaction, build_id: int, of_worker: Environment, of_builder: Environment) -> None:
    """A build begins in these. Costs one statement where both are known."""
    for environment in (of_worker, of_builder):
        if tx.run(_NOTE, build=build_id, worker=of_worker.digest, builder=of_builder.digest):
            return
        find(tx, environment)
    tx.run(_NOTE, build=build_id, worker=of_worker.digest, builder=of_builder.digest)


def of_build(connection: Connection, build_id: int) -> list[Entry] | None:
    """What a build ran in; None where that was not noted."""
    row = connection.one(_OF_BUILD, build=build_id)
    return None if row is None else [*decode_entries(row[0]), *decode_entries(row[1])]


def set_of_worker(tx: Transaction, worker_id: int, environment: Environment) -> None:
    """A worker is in this one."""
    tx.run(_SET_OF_WORKER, worker=worker_id, environment=find(tx, environment))


def of_worker(connection: Connection, worker_id: int) -> list[Entry]:
    """What a worker was in when it was connected last; empty for one that never was."""
    document = connection.scalar(_OF_WORKER, worker=worker_id)
    return [] if document is None else decode_entries(document)


def prune(tx: Transaction, most: int = 1000) -> int:
    """Remove environments that nothing names any more, at most so many; returns how many there were."""
    unused = ~sa.or_(
        sa.exists().where(_of.worker_environment_id == _e.id),
        sa.exists().where(_of.builder_environment_id == _e.id),
        sa.exists().where(_now.environment_id == _e.id),
    )
    # they are taken first, and looked at again behind that: whoever names one meanwhile has named it by then
    taken = sa.select(_e.id).where(unused).order_by(_e.id).limit(most).with_for_update(skip_locked=True)
    ids = list(tx.sql.execute(taken).scalars())
    return tx.sql.execute(t.environments.delete().where(_e.id.in_(ids), unused)).rowcount if ids else 0
