"""Builds are shown, and numbered, under the builder that a property names, and run by their own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from buildmill.common.results import SUCCESS
from buildmill.master.db import tables as t
from buildmill.master.steps.shell import ShellCommand
from tests.harness import Harness


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
