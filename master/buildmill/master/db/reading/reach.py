"""The conditions of SQL that a `Reach` comes down to: which rows of which table are of projects within it.

Everything that belongs to a project does so through a builder or a codebase, or by name. Conditions name their
parameters alike, so that a statement may have several of them.
"""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db import tables as t
from buildmill.master.db import tables_of_graphs as gt
from buildmill.master.domain.projects import NO_PROJECT, Reach

Condition = sa.ColumnElement[Any]
Shape = tuple[bool, int, int, int]
"""Reaches of the same shape have the same SQL, with other values."""


def shape_of(reach: Reach) -> Shape:
    return reach.only, len(reach.names), len(reach.hidden), len(reach.shut)


def parameters_of(reach: Reach) -> dict[str, str]:
    """The values of the parameters in `ReachSql`."""
    parameters = {f"reach_{index}": name for index, name in enumerate(sorted(reach.names))}
    parameters |= {f"hidden_{index}": rid for index, rid in enumerate(sorted(reach.hidden))}
    return parameters | {f"shut_{index}": rid for index, rid in enumerate(sorted(reach.shut))}


class ReachSql:
    """Conditions of one shape."""

    def __init__(self, shape: Shape) -> None:
        self._only, self._count, self._hidden, self._shut = shape

    @property
    def _names(self) -> list[Any]:
        return [sa.bindparam(f"reach_{index}", type_=sa.Text) for index in range(self._count)]

    def project(self, name: Any) -> Condition:
        """A project's name is within it."""
        if not self._count:
            return sa.false() if self._only else sa.true()
        named: Condition = name.in_(self._names)
        return named if self._only else sa.not_(named)

    def project_id(self, id_: Any) -> Condition:
        """The same by id; for what has a project."""
        within: Condition = id_.in_(sa.select(t.projects.c.id).where(self.project(t.projects.c.name)))
        return within

    def builder(self, id_: Any) -> Condition:
        """The builder with an id is within it."""
        if not self._count:
            return sa.false() if self._only else sa.true()
        builders = t.builders.alias()
        named = (
            sa.select(builders.c.id)
            .join(t.projects, t.projects.c.id == builders.c.project_id)
            .where(t.projects.c.name.in_(self._names))
        )
        within: Condition = id_.in_(named)
        return within if self._only else sa.not_(within)

    def codebase(self, id_: Any) -> Condition:
        within: Condition = id_.in_(sa.select(t.codebases.c.id).where(self.project_id(t.codebases.c.project_id)))
        return within

    def buildset(self, id_: Any) -> Condition:
        """One of its requests is."""
        requests = t.build_requests.alias()
        return sa.exists(
            sa.select(sa.text("1")).where(requests.c.buildset_id == id_, self.builder(requests.c.builder_id))
        )

    def source(self, stamp_id: Any, project: Any) -> Condition:
        """A source stamp, or a change that made it, is.

        What names a project is of that one. It is out of reach all the same while only builders use it that are; and
        what names none is where such builders are.
        """
        any_use = self._is_used(stamp_id)
        use_within = self._is_used(stamp_id, within=True)
        if self._only:
            named = sa.and_(self.project(project), sa.or_(use_within, sa.not_(any_use)))
            return sa.or_(named, sa.and_(project == NO_PROJECT, use_within))
        return sa.and_(self.project(project), sa.or_(use_within, sa.not_(any_use)))

    def _is_used(self, stamp_id: Any, *, within: bool = False) -> Condition:
        members, requests = t.buildset_source_stamps.alias(), t.build_requests.alias()
        use = (
            sa.select(sa.text("1"))
            .select_from(members.join(requests, requests.c.buildset_id == members.c.buildset_id))
            .where(members.c.source_stamp_id == stamp_id)
        )
        if within:
            use = use.where(self.builder(requests.c.builder_id))
        # not EXISTS: beside an OR, PostgreSQL would look at all uses of all stamps for the few rows of a page
        return use.limit(sa.literal_column("1")).scalar_subquery().is_not(None)

    def worker(self, id_: Any) -> Condition:
        """A worker serves one builder that is, or none at all."""
        places, within = t.configured_workers.alias(), t.configured_workers.alias()
        return sa.or_(
            sa.not_(sa.exists(sa.select(sa.text("1")).where(places.c.worker_id == id_))),
            sa.exists(sa.select(sa.text("1")).where(within.c.worker_id == id_, self.builder(within.c.builder_id))),
        )

    # -- job graphs --------------------------------------------------------------------------

    def target(self, rid: Any) -> Condition:
        """A target is."""
        return sa.not_(sa.or_(*self._is_out(rid)))

    def spec(self, id_: Any) -> Condition:
        """A job spec is: all that it reads and writes."""
        return sa.not_(sa.exists(self._specs_out().where(gt.job_spec_targets.c.spec_id == id_)))

    def graph_build(self, id_: Any) -> Condition:
        """The specs of all its jobs are."""
        jobs = gt.graph_jobs.alias()
        out = self._specs_out().join(jobs, jobs.c.spec_id == gt.job_spec_targets.c.spec_id)
        return sa.not_(sa.exists(out.where(jobs.c.build_id == id_)))

    def _specs_out(self) -> sa.Select[Any]:
        """Places in job specs of what is out of reach."""
        is_output = gt.job_spec_targets.c.role == sa.text("'output'")
        hidden, shut = self._is_out(gt.targets.c.rid)
        return (
            sa.select(sa.text("1"))
            .select_from(gt.job_spec_targets.join(gt.targets, gt.targets.c.id == gt.job_spec_targets.c.target_id))
            .where(sa.or_(hidden, sa.and_(is_output, shut)))
        )

    def _is_out(self, rid: Any) -> tuple[Condition, Condition]:
        """That a target is hidden, and that it is shut."""
        hidden = [sa.bindparam(f"hidden_{index}", type_=sa.Text) for index in range(self._hidden)]
        shut = [sa.bindparam(f"shut_{index}", type_=sa.Text) for index in range(self._shut)]
        return (rid.in_(hidden) if hidden else sa.false()), (rid.in_(shut) if shut else sa.false())

    def whole_worker(self, id_: Any) -> Condition:
        """It serves no builder that is not."""
        places = t.configured_workers.alias()
        return sa.not_(
            sa.exists(
                sa.select(sa.text("1")).where(places.c.worker_id == id_, sa.not_(self.builder(places.c.builder_id)))
            )
        )
