"""Rows of commits and branches of codebases."""

from __future__ import annotations

from dataclasses import dataclass

import sqlalchemy as sa

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.db import projects
from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.statement import Row, Statement
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.commit_resources import Branch, Commit, CommitGraph

_c, _b = t.commits.c, t.branches.c

COMMIT_COLUMNS = (
    _c.author, _c.codebase_id, _c.comments, _c.id, _c.committer, _c.parent_id, _c.revision, _c.when_timestamp,
)  # fmt: skip
BRANCH_COLUMNS = (_b.id, _b.codebase_id, _b.commit_id, _b.last_timestamp, _b.name)

LONGEST_RANGE = 10_000
"""Commits that are looked at to find how two are related."""

_GET = Statement(sa.select(*COMMIT_COLUMNS).where(_c.id == sa.bindparam("id", type_=sa.BigInteger)))
_BY_REVISION = Statement(
    sa.select(*COMMIT_COLUMNS).where(
        _c.codebase_id == sa.bindparam("codebase", type_=sa.BigInteger),
        _c.revision == sa.bindparam("revision", type_=sa.Text),
    )
)
_PARENT = Statement(
    sa.select(_c.parent_id).where(
        _c.id == sa.bindparam("commit", type_=sa.BigInteger),
        _c.codebase_id == sa.bindparam("codebase", type_=sa.BigInteger),
    )
)
# this form of an insert that becomes an update is the same on both databases
_SET_BRANCH = Statement(
    sa.text(
        "INSERT INTO branches (codebase_id, name, commit_id, last_timestamp)"
        " VALUES (:codebase, :name, :commit, :at)"
        " ON CONFLICT (codebase_id, name)"
        " DO UPDATE SET commit_id = excluded.commit_id, last_timestamp = excluded.last_timestamp"
        " RETURNING id, codebase_id, commit_id, last_timestamp, name"
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCommit:
    """What is known of a commit; `when_timestamp` in seconds since the epoch."""

    codebase_id: int
    author: str
    committer: str | None
    comments: str
    when_timestamp: int
    revision: str
    parent_id: int | None


def commit_from_row(row: Row) -> Commit:
    """A struct from a row of `COMMIT_COLUMNS`."""
    return Commit(row[0], row[1], row[2], row[3], row[4], row[5], row[6], row[7])


def branch_from_row(row: Row) -> Branch:
    """A struct from a row of `BRANCH_COLUMNS`."""
    return Branch(row[0], row[1], row[2], row[3], row[4])


def get(connection: Connection, commit_id: int) -> Commit:
    """One commit.

    Raises:
        NotFound: no such id.
    """
    row = connection.one(_GET, id=commit_id)
    if row is None:
        raise NotFound(f"no commit {commit_id}")
    return commit_from_row(row)


def by_revision(connection: Connection, codebase_id: int, revision: str) -> Commit | None:
    """The commit of a codebase that has this revision, or None."""
    row = connection.one(_BY_REVISION, codebase=codebase_id, revision=revision)
    return None if row is None else commit_from_row(row)


def add(tx: Transaction, new: NewCommit) -> int:
    """Add a commit; its id. One that is there already stays as it is.

    Raises:
        NotFound: no such codebase or parent.
        InvalidInput: the parent is of another codebase.
    """
    projects.get_codebase(tx, new.codebase_id)
    if new.parent_id is not None and get(tx, new.parent_id).codebaseid != new.codebase_id:
        raise InvalidInput("parent_commitid", f"expected a commit of codebase {new.codebase_id}")
    present = by_revision(tx, new.codebase_id, new.revision)
    if present is not None:
        return present.commitid
    commit_id = find_or_add(
        tx,
        t.commits,
        {"codebase_id": new.codebase_id, "revision": new.revision},
        {
            "author": new.author,
            "committer": new.committer,
            "comments": new.comments,
            "when_timestamp": new.when_timestamp,
            "parent_id": new.parent_id,
        },
    )
    tx.emit(get(tx, commit_id).event("new"))
    return commit_id


def set_branch(tx: Transaction, codebase_id: int, name: str, commit_id: int | None, last_timestamp: int) -> None:
    """Say which commit a branch is at.

    Raises:
        NotFound: no such codebase or commit.
        InvalidInput: the commit is of another codebase.
    """
    projects.get_codebase(tx, codebase_id)
    if commit_id is not None and get(tx, commit_id).codebaseid != codebase_id:
        raise InvalidInput("commitid", f"expected a commit of codebase {codebase_id}")
    row = tx.one(_SET_BRANCH, codebase=codebase_id, name=name, commit=commit_id, at=last_timestamp)
    assert row is not None
    tx.emit(branch_from_row(row).event("update"))


def common_parent(
    connection: Connection, codebase_id: int, first: int, second: int, longest: int = LONGEST_RANGE
) -> CommitGraph | None:
    """How two commits of a codebase are related; None when one is not there, or nothing is common to them.

    Args:
        longest: how many commits are looked at.

    Raises:
        InvalidInput: they are further apart.
    """

    def parent_of(commit: int) -> tuple[int | None] | None:
        row: Row | None = connection.one(_PARENT, commit=commit, codebase=codebase_id)
        return None if row is None else (row[0],)

    to1, to2 = [first], [second]
    # The newer one takes a step back, which is the one with the larger id, until both meet.
    while to1[-1] != to2[-1]:
        if len(to1) + len(to2) > longest:
            raise InvalidInput("commitid1", f"expected at most {longest} commits up to what both have in common")
        way = to1 if to1[-1] > to2[-1] else to2
        row = parent_of(way[-1])
        if row is None or row[0] is None:
            return None
        way.append(row[0])
    if parent_of(to1[-1]) is None:
        return None
    return CommitGraph(common=to1[-1], to1=to1[::-1], to2=to2[::-1])
