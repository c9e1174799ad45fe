"""Rows of test results: sets, the results in them, and the texts that results share."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence

import sqlalchemy as sa

from buildmill.common.errors import Conflict, InvalidInput, NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.result_resources import NewResult, TestResultSet

_s, _x = t.test_result_sets.c, t.test_texts.c

SET_COLUMNS = (
    _s.builder_id, _s.build_id, _s.category, _s.complete, _s.description, _s.step_id, _s.id, _s.tests_failed,
    _s.tests_passed, _s.value_unit,
)  # fmt: skip

AT_ONCE = 1000
"""Results that one unit of work may add: others wait for the writer meanwhile."""

_TEXTS_AT_ONCE = 500

_GET = Statement(sa.select(*SET_COLUMNS).where(_s.id == sa.bindparam("id", type_=sa.BigInteger)))
_STEP = Statement(
    sa.select(t.steps.c.build_id, t.builds.c.builder_id)
    .select_from(t.steps.join(t.builds, t.builds.c.id == t.steps.c.build_id))
    .where(t.steps.c.id == sa.bindparam("step", type_=sa.BigInteger))
)
_ADD = Statement(
    t.test_result_sets.insert()
    .values(
        {
            name: sa.bindparam(name)
            for name in ("builder_id", "build_id", "step_id", "description", "category", "value_unit")
        }
    )
    .returning(*SET_COLUMNS)
)
_COMPLETE = Statement(
    t.test_result_sets.update()
    .where(_s.id == sa.bindparam("set"), _s.complete == sa.text("0"))
    .values(complete=sa.text("1"), tests_passed=sa.bindparam("passed"), tests_failed=sa.bindparam("failed"))
    .returning(*SET_COLUMNS)
)
_OPEN = Statement(
    sa.select(_s.id).where(_s.step_id == sa.bindparam("step"), _s.complete == sa.text("0")).order_by(_s.id)
)
# this form of an insert that may find the row is the same on both databases
_ADD_TEXT = Statement(
    sa.text(
        "INSERT INTO test_texts (builder_id, digest, text) VALUES (:builder, :digest, :text)"
        " ON CONFLICT (builder_id, digest) DO NOTHING"
    )
)
_ADD_RESULT = Statement(
    t.test_results.insert().values(
        {
            name: sa.bindparam(name)
            for name in ("test_result_set_id", "name_id", "code_path_id", "line", "duration_ns", "value")
        }
    )
)


def set_from_row(row: Row) -> TestResultSet:
    """A struct from a row of `SET_COLUMNS`."""
    return TestResultSet(
        builderid=row[0], buildid=row[1], category=row[2], complete=bool(row[3]), description=row[4], stepid=row[5],
        test_result_setid=row[6], tests_failed=row[7], tests_passed=row[8], value_unit=row[9],
    )  # fmt: skip


def get_set(connection: Connection, set_id: int) -> TestResultSet:
    """One set.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=set_id)
    if row is None:
        raise NotFound(f"no test result set {set_id}")
    return set_from_row(row)


def add_set(tx: Transaction, step_id: int, description: str | None, category: str, value_unit: str) -> TestResultSet:
    """Begin a set of a step.

    Raises:
        NotFound: no such step.
    """
    step = tx.one(_STEP, step=step_id)
    if step is None:
        raise NotFound(f"no step {step_id}")
    row = tx.one(
        _ADD, builder_id=step[1], build_id=step[0], step_id=step_id, description=description, category=category,
        value_unit=value_unit,
    )  # fmt: skip
    assert row is not None
    added = set_from_row(row)
    tx.emit(added.event("new"))
    return added


def check_belongs(connection: Connection, step_id: int, build_id: int, builder_id: int) -> None:
    """Make sure that a step belongs to a build, and that to a builder.

    Raises:
        NotFound: no such step.
        InvalidInput: it belongs to another one.
    """
    found = connection.one(_STEP, step=step_id)
    if found is None:
        raise NotFound(f"no step {step_id}")
    for name, given, value in (("buildid", build_id, found[0]), ("builderid", builder_id, found[1])):
        if given != value:
            raise InvalidInput(name, f"expected {value}, which step {step_id} belongs to, not {given}")


def add_results(tx: Transaction, set_id: int, results: Sequence[NewResult]) -> None:
    """Add results to a set, in their order; at most `AT_ONCE`.

    Raises:
        NotFound: no such set.
    """
    assert len(results) <= AT_ONCE
    builder = get_set(tx, set_id).builderid
    texts = {text for result in results for text in (result.name, result.code_path) if text is not None}
    ids = _text_ids(tx, builder, texts)
    tx.run_many(
        _ADD_RESULT,
        [
            {
                "test_result_set_id": set_id,
                "name_id": None if result.name is None else ids[result.name],
                "code_path_id": None if result.code_path is None else ids[result.code_path],
                "line": result.line,
                "duration_ns": result.duration_ns,
                "value": result.value,
            }
            for result in results
        ],
    )


def _text_ids(tx: Transaction, builder_id: int, texts: Iterable[str]) -> dict[str, int]:
    """Ids of texts, those that are new added."""
    digests = {_digest(text): text for text in texts}
    found = _known(tx, builder_id, list(digests))
    fresh = [digest for digest in sorted(digests) if digest not in found]  # in one order: two masters may do the same
    if fresh:
        tx.run_many(_ADD_TEXT, [{"builder": builder_id, "digest": digest, "text": digests[digest]} for digest in fresh])
        found |= _known(tx, builder_id, fresh)
    return {text: found[digest] for digest, text in digests.items()}


def _known(tx: Connection, builder_id: int, digests: Sequence[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for start in range(0, len(digests), _TEXTS_AT_ONCE):
        some = digests[start : start + _TEXTS_AT_ONCE]
        query = sa.select(_x.digest, _x.id).where(_x.builder_id == builder_id, _x.digest.in_(some))
        found.update((row.digest, row.id) for row in tx.sql.execute(query))
    return found


def text_id(connection: Connection, builder_id: int, text: str) -> int | None:
    """The id of a name or a path of a builder's tests; None if no result has it."""
    return _known(connection, builder_id, [_digest(text)]).get(_digest(text))


def _digest(text: str) -> str:
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def complete_set(tx: Transaction, set_id: int, passed: int | None, failed: int | None) -> None:
    """Nothing more belongs to a set.

    Args:
        passed, failed: how many results tell a success and how many a failure; None where values do not say that.

    Raises:
        NotFound: no such set.
        Conflict: it is complete already.
    """
    row = tx.one(_COMPLETE, set=set_id, passed=passed, failed=failed)
    if row is None:
        get_set(tx, set_id)
        raise Conflict(f"test result set {set_id} is complete already")
    tx.emit(set_from_row(row).event("completed"))


def close_open_sets(tx: Transaction, step_id: int) -> None:
    """Complete the sets that a step left open; what they add up to stays unknown."""
    for (set_id,) in tx.all(_OPEN, step=step_id):
        complete_set(tx, set_id, None, None)
