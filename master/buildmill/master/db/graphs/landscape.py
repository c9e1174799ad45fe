"""Reading what there is to select from: targets, job specs in force, heads with their provenance, branches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db.graphs.chunks import chunks
from buildmill.master.db.tables_of_graphs import (
    graph_attempt_inputs,
    job_spec_targets,
    job_specs,
    target_branches,
    target_heads,
    target_versions,
    targets,
)
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.orchestration.selection import Chain, Landscape
from buildmill.master.domain.orchestration.staleness import Head
from buildmill.master.domain.orchestration.values import JobSpec, StalenessMode, Target

_t, _s, _st = targets.c, job_specs.c, job_spec_targets.c
_b, _v, _h, _i = target_branches.c, target_versions.c, target_heads.c, graph_attempt_inputs.c

MANY = 1000
"""More targets than these are not asked for by their RIDs."""

_SPEC_COLUMNS = (_s.id, _s.branch, _s.builder, _s.properties, _s.logic, _s.mode)


def all_targets(connection: Connection) -> dict[str, Target]:
    """All that the configuration names, by RID, ordered by name."""
    rows = connection.sql.execute(
        sa.select(_t.rid, _t.name, _t.project_rid).where(_t.configured == 1).order_by(_t.name)
    )
    return {row[0]: Target(rid=row[0], name=row[1], project_rid=row[2]) for row in rows}


def target_ids(connection: Connection, rids: Collection[str]) -> dict[str, int]:
    """The row of each."""
    if len(rids) > MANY:  # then it costs less to read them all
        everything = connection.sql.execute(sa.select(_t.rid, _t.id))
        return {row[0]: row[1] for row in everything if row[0] in rids}
    found: dict[str, int] = {}
    for some in chunks(rids):
        rows = connection.sql.execute(sa.select(_t.rid, _t.id).where(_t.rid.in_(some)))
        found.update((row[0], row[1]) for row in rows)
    return found


def specs_in_force(connection: Connection, branches: Collection[str] | None = None) -> list[JobSpec]:
    """Job specs of the configuration, oldest first; only those of some branches, if these are given."""
    condition = [_s.active == sa.text("1")]
    if branches is not None:
        condition.append(_s.branch.in_(list(branches)))
    rows = connection.sql.execute(sa.select(*_SPEC_COLUMNS).where(*condition).order_by(_s.id)).all()
    named = connection.sql.execute(
        sa.select(_st.spec_id, _st.role, _t.rid)
        .select_from(job_spec_targets.join(job_specs, _s.id == _st.spec_id).join(targets, _t.id == _st.target_id))
        .where(*condition)
        .order_by(_st.spec_id, _st.role, _st.position)
    )
    return _specs(rows, named)


def specs(connection: Connection, spec_ids: Collection[int]) -> dict[int, tuple[JobSpec, dict[str, int]]]:
    """Job specs, in force or not, by their ids; each with the rows of its targets by their RIDs."""
    found: dict[int, tuple[JobSpec, dict[str, int]]] = {}
    for some in chunks(spec_ids):
        rows = connection.sql.execute(sa.select(*_SPEC_COLUMNS).where(_s.id.in_(some))).all()
        named = connection.sql.execute(
            sa.select(_st.spec_id, _st.role, _t.rid, _t.id)
            .join(targets, _t.id == _st.target_id)
            .where(_st.spec_id.in_(some))
            .order_by(_st.spec_id, _st.role, _st.position)
        ).all()
        ids: dict[int, dict[str, int]] = {spec_id: {} for spec_id in some}
        for spec_id, _, rid, target_id in named:
            ids[spec_id][rid] = target_id
        found |= {spec.spec_id: (spec, ids[spec.spec_id]) for spec in _specs(rows, (row[:3] for row in named))}
    return found


def _specs(rows: Iterable[Any], named: Iterable[Any]) -> list[JobSpec]:
    outputs: dict[int, list[str]] = {}
    inputs: dict[int, list[str]] = {}
    for spec_id, role, rid in named:
        (outputs if role == "output" else inputs).setdefault(spec_id, []).append(rid)
    return [
        JobSpec(
            spec_id=row[0],
            branch=row[1],
            builder=row[2],
            properties=msgspec.json.decode(row[3]) if row[3] != "{}" else {},
            logic=row[4],
            mode=StalenessMode(row[5]),
            outputs=tuple(outputs.get(row[0], ())),
            inputs=tuple(inputs.get(row[0], ())),
        )
        for row in rows
    ]


def load(connection: Connection, chain: Chain) -> Landscape:
    """All that a request on these branches can mean."""
    specs: dict[str, dict[str, JobSpec]] = {}
    for found in specs_in_force(connection, chain):
        of_branch = specs.setdefault(found.branch, {})
        for rid in found.outputs:
            of_branch[rid] = found
    builders = connection.sql.execute(
        sa.select(t.builders.c.name)
        .where(t.builders.c.id.in_(sa.select(t.builder_masters.c.builder_id)))
        .order_by(t.builders.c.name)
    ).scalars()
    return Landscape(all_targets(connection), specs, frozenset(builders))


@dataclass(frozen=True, slots=True)
class HeadRow:
    """The version that a chain of branches leads to, for a target."""

    target_id: int
    branch: str
    version_id: int
    version_rid: str
    logic: str | None
    attempt_id: int | None


def head_rows(connection: Connection, chain: Chain, ids: Collection[int] | None = None) -> dict[int, HeadRow]:
    """By id of a target: the newest version on the first branch that has one; of all, unless `ids` are given."""
    query = (
        sa.select(_b.target_id, _b.name, _v.id, _v.rid, _v.logic, _v.attempt_id)
        .select_from(
            target_heads.join(target_branches, _b.id == _h.branch_id).join(target_versions, _v.id == _h.version_id)
        )
        .where(_b.name.in_(chain))
    )
    queries = [query] if ids is None else [query.where(_b.target_id.in_(some)) for some in chunks(ids)]
    place = {branch: index for index, branch in enumerate(chain)}
    found: dict[int, HeadRow] = {}
    for one in queries:
        for row in connection.sql.execute(one):
            known = found.get(row[0])
            if known is None or place[row[1]] < place[known.branch]:
                found[row[0]] = HeadRow(*row)
    return found


def heads(connection: Connection, rows: Mapping[str, HeadRow], with_provenance: Collection[str]) -> dict[str, Head]:
    """What `head_rows` has found, by RID.

    Args:
        with_provenance: RIDs of those whose provenance is wanted.
    """
    wanted = {rid for rid in with_provenance if rid in rows}
    attempts = {rows[rid].attempt_id for rid in wanted} - {None}
    read: dict[int, dict[str, str]] = {}
    for some in chunks(attempts):
        found = connection.sql.execute(
            sa.select(_i.attempt_id, _t.rid, _v.rid)
            .select_from(
                graph_attempt_inputs.join(target_versions, _v.id == _i.version_id).join(targets, _t.id == _i.target_id)
            )
            .where(_i.attempt_id.in_(some))
        )
        for attempt_id, rid, version_rid in found:
            read.setdefault(attempt_id, {})[rid] = version_rid
    return {
        rid: Head(row.version_rid, row.branch, row.logic, read.get(row.attempt_id or 0, {}) if rid in wanted else {})
        for rid, row in rows.items()
    }


def ancestry(connection: Connection, branch: str, rids: Collection[str]) -> dict[str, Sequence[str]]:
    """Of those targets that have the branch: names of its parent, of that one's parent and so on; none without any."""
    start = (
        sa.select(_b.target_id.label("target"), _b.parent_id.label("parent"), sa.literal(0).label("depth"))
        .where(_b.name == branch, _b.parent_id.is_not(None))
        .cte("line", recursive=True)
    )
    parents = target_branches.alias("parents")
    line = start.union_all(
        sa.select(start.c.target, parents.c.parent_id, start.c.depth + 1)
        .join(parents, parents.c.id == start.c.parent)
        .where(parents.c.parent_id.is_not(None))
    )
    rows = connection.sql.execute(
        sa.select(_t.rid, parents.c.name)
        .select_from(line.join(targets, _t.id == line.c.target).join(parents, parents.c.id == line.c.parent))
        .order_by(_t.rid, line.c.depth)
    )
    wanted = frozenset(rids)
    found: dict[str, list[str]] = {}
    for rid, name in rows:
        if rid in wanted:
            found.setdefault(rid, []).append(name)
    return dict(found)
