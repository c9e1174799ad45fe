"""Builds of job graphs: what they are, asking for one, cancelling one."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.master.data.endpoints.arguments import updates_of
from buildmill.master.data.endpoints.endpoint import Context, Control, Endpoint, collection, single
from buildmill.master.data.paths import Keys
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import ANYTHING, parameters
from buildmill.master.db.graphs import rows
from buildmill.master.db.tables_of_graphs import graph_builds
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration.resources import GraphBuildResource
from buildmill.master.domain.orchestration.values import GraphBuild
from buildmill.master.domain.rights import Actor
from buildmill.master.domain.schedules.requests import read_build

_MOST = 1000


def _one(connection: Connection, keys: Keys, _spec: ResultSpec) -> GraphBuildResource | None:
    row = rows.build(connection, graph_builds.c.rid == keys["rid"])
    return None if row is None else rows.build_resource(row)


def _all(connection: Connection, _keys: Keys, _spec: ResultSpec) -> Sequence[GraphBuildResource]:
    newest = sa.select(*rows.BUILD_COLUMNS).order_by(graph_builds.c.id.desc()).limit(_MOST)
    return [rows.build_resource(rows.BuildRow(*row)) for row in connection.sql.execute(newest)]


async def _create(context: Context, _keys: Keys, params: Mapping[str, Any], actor: Actor) -> GraphBuild:
    """Build what is stale of the targets."""
    request = read_build({name: value for name, value in params.items() if name != "owner"})
    return await updates_of(context).createGraphBuild(request, actor.username or actor.name)


async def _cancel(context: Context, keys: Keys, _params: Mapping[str, Any], actor: Actor) -> None:
    """Cancel all jobs that have not ended."""
    await updates_of(context).cancelGraphBuild(keys["rid"], actor.username or actor.name)


def _state(connection: Connection, keys: Keys) -> dict[str, Any]:
    found = _one(connection, keys, ResultSpec())
    return {} if found is None else {"status": found.status, "cancelled_by": found.cancelled_by}


def _made(result: Any) -> dict[str, Any]:
    return {"rid": result.rid} if isinstance(result, GraphBuild) else {}


_NEW = parameters(
    target=ANYTHING, branchName={"type": ["string", "null"]}, fallbackBranches={"type": ["array", "null"]},
    forceBuild={"type": ["boolean", "null"]}, retryCount={"type": ["integer", "null"]},
    retryBackoffDuration={"type": ["object", "null"]}, abortOnFailure={"type": ["boolean", "null"]},
    notificationsEnabled={"type": ["boolean", "null"]},
)  # fmt: skip

ENDPOINTS: list[Endpoint] = [
    *collection(
        "graph_build", "graphs.read", _all, "graph_builds",
        actions={
            "create": Control(
                "graphs.build", _create, _NEW, tells=("target", "branchName", "fallbackBranches", "forceBuild"),
                made=_made,
            )
        },
    ),
    *single(
        "graph_build", "graphs.read", _one, "graph_builds/i:rid",
        actions={"cancel": Control("graphs.cancel", _cancel, parameters(), state=_state)},
    ),
]  # fmt: skip
