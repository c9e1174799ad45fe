"""Questions about commits and branches."""

from __future__ import annotations

from collections.abc import Sequence

from buildmill.master.db import commits
from buildmill.master.db import tables as t
from buildmill.master.db.reading.collection import Collection, integer, text
from buildmill.master.db.statement import Row
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.commit_resources import Branch, Commit

_c, _b = t.commits.c, t.branches.c


def _commits(_connection: Connection, rows: Sequence[Row]) -> list[Commit]:
    return [commits.commit_from_row(row) for row in rows]


def _branches(_connection: Connection, rows: Sequence[Row]) -> list[Branch]:
    return [commits.branch_from_row(row) for row in rows]


COMMITS: Collection[Commit] = Collection(
    columns=commits.COMMIT_COLUMNS,
    source=t.commits,
    make=_commits,
    key=_c.id,
    fields={
        "author": text(_c.author),
        "codebaseid": integer(_c.codebase_id),
        "comments": text(_c.comments),
        "commitid": integer(_c.id),
        "committer": text(_c.committer, nullable=True),
        "parent_commitid": integer(_c.parent_id, nullable=True),
        "revision": text(_c.revision),
        "when_timestamp": integer(_c.when_timestamp),
    },
)
BRANCHES: Collection[Branch] = Collection(
    columns=commits.BRANCH_COLUMNS,
    source=t.branches,
    make=_branches,
    key=_b.id,
    fields={
        "branchid": integer(_b.id),
        "codebaseid": integer(_b.codebase_id),
        "commitid": integer(_b.commit_id, nullable=True),
        "last_timestamp": integer(_b.last_timestamp),
        "name": text(_b.name),
    },
)
