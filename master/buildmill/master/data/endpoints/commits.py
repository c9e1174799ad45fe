"""Commits and branches of codebases."""

from __future__ import annotations

from buildmill.master.data.endpoints.endpoint import Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db import commits
from buildmill.master.db.reading.commits import BRANCHES, COMMITS
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.commit_resources import Branch, Commit, CommitGraph
from buildmill.master.domain.queries import Page, only


def _commit(connection: Connection, keys: Keys, _spec: ResultSpec) -> Commit | None:
    return COMMITS.one(connection, commitid=keys["commitid"])


def _by_revision(connection: Connection, keys: Keys, _spec: ResultSpec) -> Commit | None:
    return commits.by_revision(connection, keys["codebaseid"], keys["revision"])


def _commits(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Commit]:
    return COMMITS.page(connection, spec.query.narrowed(only("codebaseid", keys["codebaseid"])))


def _common_parent(connection: Connection, keys: Keys, _spec: ResultSpec) -> CommitGraph | None:
    return commits.common_parent(connection, keys["codebaseid"], keys["commitid1"], keys["commitid2"])


def _branch(connection: Connection, keys: Keys, _spec: ResultSpec) -> Branch | None:
    return BRANCHES.one(connection, branchid=keys["branchid"])


def _branches(connection: Connection, keys: Keys, spec: ResultSpec) -> Page[Branch]:
    return BRANCHES.page(connection, spec.query.narrowed(only("codebaseid", keys["codebaseid"])))


ENDPOINTS: list[Endpoint] = [
    *single("commit", "commits.read", _commit, "commits/n:commitid"),
    *single("commit", "commits.read", _by_revision, "codebases/n:codebaseid/commits_by_revision/s:revision"),
    *collection("commit", "commits.read", _commits, "codebases/n:codebaseid/commits"),
    *single(
        "commit_graph",
        "commits.read",
        _common_parent,
        "codebases/n:codebaseid/commit_range/n:commitid1/n:commitid2/commits_common_parent",
    ),
    *single("branch", "branches.read", _branch, "branches/n:branchid"),
    *collection("branch", "branches.read", _branches, "codebases/n:codebaseid/branches"),
]
