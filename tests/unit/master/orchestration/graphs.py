"""A master's job graphs on a stage, with an engine that a test plays: it begins and ends builds by their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.common.results import Result
from buildmill.master.data.graphs import GraphReading
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.db import builds
from buildmill.master.db import tables as t
from buildmill.master.db.tables_of_graphs import graph_locks, target_versions
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.configuration import (
    CommitDeclaration,
    DatasetDeclaration,
    OrchestrationConfig,
    Publication,
    SpecDeclaration,
)
from buildmill.master.domain.orchestration.values import GraphBuild, GraphJob, GraphRequest, ManualTarget
from buildmill.master.orchestration.runner import GraphRunner
from tests.database import Stage
from tests.scene import CountedBytes

BUILDER = "maker"


def spec(
    output: str | Sequence[str], *inputs: str, branch: str = "master", builder: str = BUILDER, **more: Any
) -> SpecDeclaration:
    """A job spec by the names of its datasets."""
    outputs = (output,) if isinstance(output, str) else tuple(output)
    return SpecDeclaration(branch=branch, outputs=outputs, inputs=inputs, builder=builder, **more)


def graph_of(*specs: SpecDeclaration, sources: Sequence[str] = ("raw",), **settings: Any) -> OrchestrationConfig:
    """A configuration with all datasets that the specs name; the sources have a version on master."""
    names = dict.fromkeys([*sources, *(name for one in specs for name in (*one.outputs, *one.inputs))])
    return OrchestrationConfig(
        datasets=tuple(DatasetDeclaration(name=name) for name in names),
        jobspecs=specs,
        commits=tuple(CommitDeclaration(dataset=name, branch="master") for name in sources),
        **settings,
    )


def rid(name: str) -> str:
    """The RID of a dataset."""
    return rids.of_target(name)


def manual(*names: str, **options: Any) -> GraphRequest:
    """A request for exactly these."""
    return GraphRequest(target=ManualTarget(tuple(map(rid, names))), **options)


class GraphHouse:
    """See the module.

    Attributes:
        runner: goes on with graphs; `restart` puts another in its place, as after a master's death.
    """

    def __init__(self, stage: Stage, config: OrchestrationConfig, builders: Sequence[str] = (BUILDER,)) -> None:
        self.stage = stage
        self.context = UpdateContext(CountedBytes())
        self.updates = Updates(stage.database, self.context)
        self.graphs = GraphReading(stage.database, lambda: self.context.orchestration)
        self.builders: dict[str, int] = {}
        self.runner = self._new_runner()
        stage.result(self._fill(builders))
        self.publish(config)
        self.runner.start()
        stage.turn()

    async def _fill(self, builders_: Sequence[str]) -> None:
        updates = self.updates
        self.context.masterid = await updates.findMasterId("here")
        await updates.masterActive(self.context.masterid)
        infos = [{"name": name, "tags": []} for name in builders_]
        self.builders = await updates.configureBuilders(self.context.masterid, infos)
        self.worker = await updates.findWorkerId("w1")

    def _new_runner(self) -> GraphRunner:
        return GraphRunner(updates=self.updates, bus=self.stage.bus, clock=self.stage.clock)

    def publish(self, config: OrchestrationConfig, logic: Mapping[str, str] | None = None) -> None:
        """Put a configuration in force; `logic` by the first output of a spec, else it is always the same."""
        of = logic or {}
        self.publish_all(config, [of.get(one.outputs[0], "as ever") for one in config.jobspecs])

    def publish_all(self, config: OrchestrationConfig, logic: Sequence[str]) -> None:
        """The same, with the logic of each spec."""
        fingerprints = tuple(logic)
        self.context.orchestration = config
        self.stage.result(self.updates.publishGraph(Publication(config=config, logic=fingerprints)))

    def die(self) -> None:
        """The master is killed: nobody hears anything any more."""
        self.stage.result(self.runner.stop())

    def restart(self) -> None:
        """Another master begins where this one has died."""
        self.die()
        self.runner = self._new_runner()
        self.runner.start()
        self.stage.turn()

    def close(self) -> None:
        self.stage.result(self.runner.stop())

    # -- requests --------------------------------------------------------------------------------

    def create(self, request: GraphRequest) -> GraphBuild:
        """Ask for a build, and let it begin."""
        build = self.stage.result(self.updates.createGraphBuild(request, "ann"))
        self.stage.turn()
        return build

    def cancel(self, build: GraphBuild) -> None:
        """Cancel a build, and let that have its effects."""
        self.stage.result(self.updates.cancelGraphBuild(build.rid, "bob"))
        self.stage.turn()

    def commit(self, name: str, branch: str = "master") -> str:
        """A version from outside; returns its RID."""
        version = self.stage.result(self.updates.commitVersion(name, branch, {}, "ann"))
        self.stage.turn()
        return version.rid

    # -- what there is ---------------------------------------------------------------------------

    def status(self, build: GraphBuild) -> str:
        """Status of a build."""
        return str(self.stage.result(self.graphs.build(build.rid)).status)

    def jobs(self, build: GraphBuild) -> dict[str, GraphJob]:
        """Jobs of a build by the name of their first output."""
        names = {target.rid: target.name for target in self.stage.result(self.graphs.targets()).values()}
        found = self.stage.result(self.graphs.jobs_of(build.rid, 10_000)).jobs
        return {names[job.outputs[0].target_rid]: job for job in found}

    def statuses(self, build: GraphBuild) -> dict[str, str]:
        """Status of each job by the name of its first output."""
        return {name: str(job.status) for name, job in self.jobs(build).items()}

    def left_behind(self) -> list[tuple[Any, ...]]:
        """Locks, and versions that are open."""
        return self.stage.rows(sa.select(graph_locks)) + self.stage.rows(
            sa.select(target_versions.c.rid).where(target_versions.c.state == "open")
        )

    # -- the engine ------------------------------------------------------------------------------

    def requests(self) -> dict[str, int]:
        """Requests in the queue, by the name of the first output of their job."""
        r, s = t.build_requests.c, t.buildsets.c
        waiting = dict(
            self.stage.rows(
                sa.select(s.external_idstring, r.id)
                .join(t.build_requests, r.buildset_id == s.id)
                .where(r.complete == 0, r.claimed_by.is_(None))
                .order_by(r.id)
            )
        )
        names = {target.rid: target.name for target in self.stage.result(self.graphs.targets()).values()}
        found = self.stage.result(self.graphs.jobs(list(waiting)))
        return {names[job.outputs[0].target_rid]: waiting[job_rid] for job_rid, job in found.items()}

    def begin(self, name: str) -> tuple[int, int]:
        """A worker takes the request of a job; returns the ids of the build and of the request."""
        request = self.requests()[name]
        return self.begin_request(request)

    def begin_request(self, request: int) -> tuple[int, int]:
        """A worker takes a request."""

        def unit(tx: Transaction) -> int:
            started = builds.start(tx, [(request, self.builders[BUILDER], self.worker)], self.context.masterid)[0]
            assert started is not None
            return started.build.buildid

        build = self.stage.result(self.updates.run(unit))
        self.stage.turn()
        return build, request

    def end(self, begun: tuple[int, int], result: Result = Result.SUCCESS) -> None:
        """The engine ends a build."""
        self.stage.result(self.updates.run(builds.finish_with_request, begun[0], begun[1], int(result), None))
        self.stage.turn()

    def work(self, name: str, result: Result = Result.SUCCESS) -> None:
        """Begin and end the attempt of a job."""
        self.end(self.begin(name), result)

    def work_all(self) -> list[str]:
        """Work until nothing waits; the names of the jobs in the order in which they were worked on."""
        done = []
        while waiting := self.requests():
            for name in waiting:
                self.work(name)
                done.append(name)
        return done
