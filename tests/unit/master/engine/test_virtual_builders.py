"""Builds are shown, and numbered, under the builder that a property names, and run by their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from buildmill.common.results import SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.steps.shell import ShellCommand
from tests.harness import Harness
from tests.leftovers import FailureLog


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def shown(harness: Harness) -> list[tuple[str, int]]:
    """Builder and number of each build."""
    query = sa.select(t.builders.c.name, t.builds.c.number).join_from(t.builds, t.builders).order_by(t.builds.c.id)
    return [(row[0], row[1]) for row in harness.rows(query)]


def test_two_builders_of_one_virtual_name_count_together(harness: Harness) -> None:
    virtual = {"virtual_builder_name": "project", "virtual_builder_tags": ["v"]}
    harness.start(
        harness.builder(ShellCommand(command=["x"]), properties=virtual),
        harness.builder(ShellCommand(command=["x"]), name="b2", properties=virtual),
        harness.builder(ShellCommand(command=["x"]), name="b3"),
    )

    for name in ("b1", "b2", "b3"):
        harness.force(name)

    assert harness.results() == [SUCCESS] * 3
    assert shown(harness) == [("project", 1), ("project", 2), ("b3", 1)]
    assert harness.rows(sa.select(t.builders.c.tags).where(t.builders.c.name == "project")) == [('["v"]',)]
    assert harness.build_properties(2)["buildername"] == "b2"


def test_a_rebuild_is_done_by_the_builder_that_did_it(harness: Harness) -> None:
    harness.start(harness.builder(ShellCommand(command=["x"])))
    request = harness.force(properties={"virtual_builder_name": "shown"})

    _, requests = harness.result(harness.updates.rebuildBuild(1))
    harness.turn()

    assert list(requests) == [harness.request(request).builderid]
    assert shown(harness) == [("shown", 1), ("shown", 2)]


def test_the_name_may_be_rendered_with_what_is_known_before_a_build(harness: Harness) -> None:
    named = {
        "team": "core",
        "virtual_builder_name": Interpolate("%(prop:team)s/%(prop:target)s/%(src::branch)s"),
        "virtual_builder_tags": [Interpolate("%(prop:target)s"), "virtual"],
    }
    harness.start(harness.builder(ShellCommand(command=["x"]), properties=named))

    for target in ("arm", "x86", "arm"):
        harness.force(properties={"target": target}, source_stamps=[{"branch": "main"}])

    assert harness.results() == [SUCCESS] * 3
    assert shown(harness) == [("core/arm/main", 1), ("core/x86/main", 1), ("core/arm/main", 2)]
    assert harness.build_properties(1)["virtual_builder_name"] == "core/arm/main"


def test_a_builder_that_is_made_on_the_fly_is_in_the_data_api(harness: Harness) -> None:
    named = {"virtual_builder_name": Interpolate("%(prop:target)s"), "virtual_builder_description": "Made for it"}
    harness.start(harness.builder(ShellCommand(command=["x"]), properties=named))

    harness.force(properties={"target": "arm"})
    found = harness.result(harness.data.get("builders"))
    builds = harness.result(harness.data.get(("builders", "arm", "builds")))

    virtual = next(builder for builder in found if builder["name"] == "arm")
    assert (virtual["description"], virtual["masterids"]) == ("Made for it", [])
    assert [(build["number"], build["builderid"]) for build in builds] == [(1, virtual["builderid"])]


def test_a_name_that_cannot_be_rendered_leaves_the_build_where_it_is(
    harness: Harness, logged_failures: FailureLog
) -> None:
    named = {"virtual_builder_name": Interpolate("on %(worker:version)s")}
    harness.start(harness.builder(ShellCommand(command=["x"]), properties=named))

    harness.force()

    assert shown(harness) == [("b1", 1)]
    logged_failures.flush()
