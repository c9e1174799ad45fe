"""Commits and branches of codebases, as the data API publishes them."""

from __future__ import annotations

from buildmill.master.domain.events import Key
from buildmill.master.domain.resources import Resource


class Commit(Resource, frozen=True):
    type_name = "commit"
    plural = "commits"
    id_field = "commitid"

    author: str
    codebaseid: int
    comments: str
    commitid: int
    committer: str | None
    parent_commitid: int | None
    revision: str
    when_timestamp: int

    def event_keys(self, name: str) -> tuple[Key, ...]:
        commit = str(self.commitid)
        return (("commits", commit, name), ("codebases", str(self.codebaseid), "commits", commit, name))


class Branch(Resource, frozen=True):
    """A branch; `commitid` is its newest commit, None as long as nobody has told."""

    type_name = "branch"
    plural = "branches"
    id_field = "branchid"

    branchid: int
    codebaseid: int
    commitid: int | None
    last_timestamp: int
    name: str

    def event_keys(self, name: str) -> tuple[Key, ...]:
        return (("branches", str(self.branchid), name),)


class CommitGraph(Resource, frozen=True):
    """How two commits are related.

    Attributes:
        common: id of the newest commit that both have among their ancestors, or are.
        to1, to2: ids from `common` to each of the two, both ends included.
    """

    type_name = "commit_graph"
    plural = "commit_graphs"
    id_field = "common"

    common: int
    to1: list[int]
    to2: list[int]
