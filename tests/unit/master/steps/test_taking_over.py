"""Builds of the failed part of an earlier one: triggered builds that ended well are taken over."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from twisted.internet.defer import Deferred

from buildmill.common.errors import InvalidInput
from buildmill.common.results import CANCELLED, FAILURE, SUCCESS, WARNINGS
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.db import tables as t
from buildmill.master.db import taking_over
from buildmill.master.db.tables_of_rebuilds import taken_builds
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.page_documents import BuildPage
from buildmill.master.domain.projects import EVERYTHING, Reach
from buildmill.master.domain.resources import Step
from buildmill.master.domain.taking_over import Part
from buildmill.master.engine.step import BuildStep
from buildmill.master.schedulers.triggerable import Triggerable
from buildmill.master.steps.trigger import Trigger
from tests.unit.master.steps.runs import Runs


class Outcome(BuildStep):
    """A step that ends as the test wants it.

    Attributes:
        of: result by builder's name; others succeed.
        ran: names of builders, in the order in which they ran.
    """

    name = "outcome"
    of: dict[str, int] = {}
    ran: list[str] = []

    async def run(self) -> int:
        Outcome.ran.append(self.build.builder.name)
        return Outcome.of.get(self.build.builder.name, SUCCESS)


@pytest.fixture(autouse=True)
def _forget() -> None:
    Outcome.of, Outcome.ran = {}, []


def start(
    runs: Runs, *steps: Any, children: Sequence[str] = ("a", "b"), schedulers: Sequence[Any] = (), **config: Any
) -> None:
    """A master with children behind a scheduler `both`, and behind one each."""
    harness = runs.harness
    runs.start(*steps, others=[harness.builder(Outcome(warnOnWarnings=True), name=name) for name in children], **config)
    use(runs, Triggerable("both", children), *(Triggerable(name, [name]) for name in children), *schedulers)


def use(runs: Runs, *schedulers: Any) -> None:
    for scheduler in schedulers:
        runs.harness.result(scheduler.activate(runs.harness.master))
    runs.harness.master.schedulers = {scheduler.name: scheduler for scheduler in schedulers}


def again(runs: Runs, build: int, part: Part = Part.FAILED) -> int:
    """Build it again; the id of the new build."""
    Outcome.ran.clear()
    _, requests = runs.harness.result(runs.harness.updates.rebuildBuild(build, part))
    runs.harness.turn()
    (request,) = requests.values()
    query = sa.select(t.builds.c.id).where(t.builds.c.build_request_id == request)
    [(found,)] = runs.harness.rows(query)
    return int(found)


def last_step(runs: Runs, build: int) -> Step:
    return runs.harness.steps(build)[-1]


def links(runs: Runs, build: int) -> list[str]:
    [(urls,)] = runs.harness.rows(sa.select(t.steps.c.urls).where(t.steps.c.id == last_step(runs, build).stepid))
    return [entry["name"] for entry in (json.loads(urls) if isinstance(urls, str) else urls)]


def page(runs: Runs, build: int, reach: Reach = EVERYTHING) -> BuildPage:
    found = replace(runs.harness.data.find(["pages", "builds", str(build)]), reach=reach)
    document: BuildPage = runs.harness.result(
        runs.harness.data.read(found, ResultSpec(), lambda result: result.rows[0])
    )
    return document


def wait_for_both(**more: Any) -> Trigger:
    return Trigger(schedulerNames=["both"], waitForFinish=True, **more)


def test_only_what_failed_is_built_again(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"a": WARNINGS, "b": FAILURE}
    runs.harness.force()
    assert runs.harness.build(1).results == FAILURE
    Outcome.of = {"b": SUCCESS}

    second = again(runs, 1)

    assert Outcome.ran == ["b"]
    step = last_step(runs, second)
    assert (step.results, step.state_string) == (WARNINGS, "triggered both, 1 success, 1 taken over")
    assert links(runs, second) == ["taken over from #1: warnings: a #1", "both #5", "success: b #2"]


def test_the_page_tells_what_was_taken_over_and_from_where(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"b": FAILURE}
    runs.harness.force()
    assert page(runs, 1).could_take_over == 1
    assert page(runs, 1, Reach(only=True)).could_take_over == 0  # of what it may read

    second = again(runs, 1)

    shown = page(runs, second)
    assert (shown.failed_part_of and shown.failed_part_of.number, shown.rebuilt and shown.rebuilt.number) == (1, 1)
    (taken,) = shown.taken_over or []
    assert (taken.builder, taken.build.number, taken.taken_from and taken.taken_from.number) == ("a", 1, 1)
    assert taken.step_number == last_step(runs, second).number
    assert [one.build.number for one in shown.triggered or ()] == [2]
    assert (page(runs, 1).failed_part_of, page(runs, 1).taken_over) == (None, [])


def test_all_of_it_is_built_again_unless_a_part_is_asked_for(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"b": FAILURE}
    runs.harness.force()

    second = again(runs, 1, Part.ALL)

    assert Outcome.ran == ["a", "b"]
    assert page(runs, second).failed_part_of is None


def test_a_chain_takes_over_what_the_one_before_had_taken_over(runs: Runs) -> None:
    start(runs, wait_for_both(), children=("a", "b", "c"))
    Outcome.of = {"b": FAILURE, "c": FAILURE}
    runs.harness.force()
    Outcome.of = {"c": FAILURE}
    second = again(runs, 1)
    Outcome.of = {}

    third = again(runs, second)

    assert Outcome.ran == ["c"]
    assert runs.harness.build(third).results == SUCCESS
    assert [name for name in links(runs, third) if "taken" in name] == [
        "taken over from #1: success: a #1", "taken over from #2: success: b #2",
    ]  # fmt: skip


def test_with_everything_taken_over_nothing_is_asked_for(runs: Runs) -> None:
    class Last(Outcome):
        name = "last"

    start(runs, wait_for_both(), Last())
    Outcome.of = {"b1": FAILURE}
    runs.harness.force()
    Outcome.of = {}

    second = again(runs, 1)

    assert Outcome.ran == ["b1"]
    [*_, trigger, _last] = runs.harness.steps(second)
    assert (trigger.results, trigger.state_string) == (SUCCESS, "triggered both, 2 taken over")
    assert runs.harness.build(second).results == SUCCESS


def test_many_children_are_divided_by_as_many_questions_as_few(runs: Runs) -> None:
    """The unit of work that does it keeps all others waiting."""
    good, bad = [f"good{number}" for number in range(6)], [f"bad{number}" for number in range(6)]
    few, many = [good[0], bad[0]], [*good, *bad]
    start(
        runs,
        Trigger(schedulerNames=["few", "many"], waitForFinish=True),
        children=many,
        schedulers=[Triggerable("few", few), Triggerable("many", many)],
    )
    Outcome.of = dict.fromkeys(bad, FAILURE)
    runs.harness.force()
    step = last_step(runs, 1).stepid
    [few_asked, many_asked] = [
        asked
        for (asked,) in runs.harness.rows(
            sa.select(t.step_calls.c.fingerprint)
            .where(t.step_calls.c.step_id == step, t.step_calls.c.kind == taking_over.TRIGGER)
            .order_by(t.step_calls.c.ordinal)
        )
    ]
    runs.harness.result(runs.harness.updates.rebuildBuild(1, Part.ALL))
    runs.harness.turn()
    [(other,)] = runs.harness.rows(
        sa.select(t.steps.c.id)
        .join(t.builds, t.builds.c.id == t.steps.c.build_id)
        .where(t.steps.c.name == "trigger", t.builds.c.id > 1)
    )

    def questions(asked: str) -> tuple[int, int, int]:
        seen: list[str] = []

        def unit(tx: Transaction) -> tuple[int, int]:
            connection: Any = tx.sql.connection.driver_connection
            connection.set_trace_callback(seen.append)
            try:
                takeover = taking_over.take(tx, other, 1, asked, None)
            finally:
                connection.set_trace_callback(None)
            return len(takeover.taken), len(takeover.again)

        taken, again = runs.harness.result(runs.harness.database.write(unit))
        return taken, again, sum(statement.lstrip().startswith("SELECT") for statement in seen)

    first = questions(few_asked)
    # the builds of the second call differ from those of the first
    second = questions(many_asked)
    assert (first[:2], second[:2]) == ((1, 0), (6, 0))
    assert second[2] == first[2]


def test_a_failed_child_is_asked_for_from_its_own_failed_part(runs: Runs) -> None:
    harness = runs.harness
    middle = harness.builder(Trigger(schedulerNames=["both"], waitForFinish=True), name="middle")
    children = [harness.builder(Outcome(), name=name) for name in ("a", "b")]
    runs.start(Trigger(schedulerNames=["t"], waitForFinish=True), others=[middle, *children])
    use(runs, Triggerable("t", ["middle", "a"]), Triggerable("both", ["a", "b"]))
    Outcome.of = {"b": FAILURE}
    harness.force()

    second = again(runs, 1)

    assert Outcome.ran == ["b"]
    assert last_step(runs, second).state_string == "triggered t, 1 failure, 1 taken over"


def test_a_call_that_differs_is_made_anew(runs: Runs) -> None:
    start(runs, wait_for_both(set_properties={"number": Interpolate("%(prop:buildnumber)s")}))
    Outcome.of = {"b": FAILURE}
    runs.harness.force()

    second = again(runs, 1)

    assert Outcome.ran == ["a", "b"]
    assert last_step(runs, second).state_string == "triggered both, 1 success, 1 failure"


def test_equal_calls_of_one_step_are_told_apart_by_their_order(runs: Runs) -> None:
    class Twice(Trigger):
        def getSchedulersAndProperties(self) -> list[dict[str, Any]]:
            return [{"sched_name": "a", "props_to_set": {}, "unimportant": False} for _ in range(2)]

    start(runs, Twice(schedulerNames=["a"], waitForFinish=True), children=("a",))
    Outcome.of = {"a": FAILURE}
    runs.harness.force()
    runs.harness.result(runs.harness.database.write(_make_good, 2))

    second = again(runs, 1)

    assert Outcome.ran == ["a"]
    assert page(runs, second).taken_over is not None
    assert [one.build.buildid for one in page(runs, second).taken_over or ()] == [2]


def _make_good(tx: Any, build: int) -> None:
    tx.sql.execute(t.builds.update().where(t.builds.c.id == build).values(results=SUCCESS))


def test_a_scheduler_that_triggers_in_its_own_way_has_all_built_anew(runs: Runs) -> None:
    class Own(Triggerable):
        async def trigger(self, *args: Any, **kwargs: Any) -> Any:
            return await super().trigger(*args, **kwargs)

    start(runs, Trigger(schedulerNames=["own"], waitForFinish=True), schedulers=[Own("own", ["a", "b"])])
    Outcome.of = {"b": FAILURE}
    runs.harness.force()

    again(runs, 1)

    assert Outcome.ran == ["a", "b"]


def test_a_builder_that_the_scheduler_does_not_ask_any_more_is_left_out(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"b": FAILURE}
    runs.harness.force()
    use(runs, Triggerable("both", ["b"]))

    second = again(runs, 1)

    assert Outcome.ran == ["b"]
    assert page(runs, second).taken_over == []


def test_builders_that_depend_on_properties_are_left_out_as_well(runs: Runs) -> None:
    class Both:
        def getRenderingFor(self, props: Any) -> list[str]:
            return ["a", "b"]

    start(runs, Trigger(schedulerNames=["some"], waitForFinish=True), schedulers=[Triggerable("some", Both())])
    Outcome.of = {"b": FAILURE}
    runs.harness.force()

    again(runs, 1)

    assert Outcome.ran == ["b"]


def test_what_nobody_waited_for_is_taken_over_when_it_is_done_by_then(runs: Runs) -> None:
    class Last(Outcome):
        name = "last"

    start(runs, Trigger(schedulerNames=["both"]), Last())
    Outcome.of = {"b1": FAILURE, "b": FAILURE}
    runs.harness.force()

    again(runs, 1)

    assert sorted(Outcome.ran) == ["b", "b1"]


def test_a_result_of_no_importance_stays_of_none(runs: Runs) -> None:
    start(runs, Trigger(schedulerNames=["a", "b"], waitForFinish=True, unimportantSchedulerNames=["a"]))
    Outcome.of = {"a": WARNINGS, "b": FAILURE}
    runs.harness.force()
    Outcome.of = {}

    second = again(runs, 1)

    assert runs.harness.build(second).results == SUCCESS
    assert last_step(runs, second).state_string == "triggered a, b, 1 success, 1 taken over"


def test_a_cancelled_child_is_asked_for_again(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"b": CANCELLED}
    runs.harness.force()
    Outcome.of = {}

    again(runs, 1)

    assert Outcome.ran == ["b"]


def test_a_build_without_anything_to_take_over_is_refused(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"a": FAILURE, "b": FAILURE}
    runs.harness.force()
    assert page(runs, 1).could_take_over == 0

    with pytest.raises(InvalidInput, match="part: build 1 has triggered no build that ended well") as error:
        runs.harness.result(runs.harness.updates.rebuildBuild(1, Part.FAILED))

    assert error.value.field == "part"


def test_a_build_that_runs_has_no_failed_part_yet(runs: Runs) -> None:
    class Waiting(BuildStep):
        name = "waiting"

        async def run(self) -> int:
            await Deferred()
            return SUCCESS

    start(runs, wait_for_both(), Waiting())
    runs.harness.force()

    with pytest.raises(InvalidInput, match="part: build 1 has not ended"):
        runs.harness.result(runs.harness.updates.rebuildBuild(1, Part.FAILED))
    runs.harness.result(runs.harness.updates.requestBuildStop(1, "enough", CANCELLED, "me"))
    runs.harness.turn()
    runs.harness.advance(60)


def test_a_part_and_all_of_a_build_never_take_each_others_place(runs: Runs) -> None:
    start(runs, wait_for_both(), collapseRequests=True)
    Outcome.of = {"b": FAILURE}
    runs.harness.force()
    runs.harness.worker.cut()

    parts = [Part.ALL, Part.FAILED, Part.ALL]
    asked = [runs.harness.result(runs.harness.updates.rebuildBuild(1, part)) for part in parts]

    (all_, part, newer) = [runs.harness.request(request) for _, requests in asked for request in requests.values()]
    assert [one.complete for one in (all_, part, newer)] == [True, False, False]


def test_rows_of_what_was_taken_over_end_with_the_builds(runs: Runs) -> None:
    start(runs, wait_for_both())
    Outcome.of = {"b": FAILURE}
    runs.harness.force()
    second = again(runs, 1)
    assert len(runs.harness.rows(sa.select(taken_builds.c.step_id))) == 1

    runs.harness.result(
        runs.harness.database.write(lambda tx: tx.sql.execute(t.builds.delete().where(t.builds.c.id == 1)) and None)
    )

    (taken,) = page(runs, second).taken_over or []
    assert taken.taken_from is None
    runs.harness.result(
        runs.harness.database.write(
            lambda tx: tx.sql.execute(t.builds.delete().where(t.builds.c.id == second)) and None
        )
    )
    assert runs.harness.rows(sa.select(taken_builds.c.step_id)) == []
