"""What builds run in is written down when they begin, and nothing of it is a secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from buildmill.common.errors import Unavailable
from buildmill.common.results import SUCCESS
from buildmill.master.db import environments
from buildmill.master.db import tables as t
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Property, renderer
from buildmill.master.engine.environment_pruning import EnvironmentPruning
from buildmill.master.engine.step import BuildStep
from tests.database import Stage
from tests.harness import Harness


class Succeed(BuildStep):
    name = "succeed"

    async def run(self) -> int:
        return SUCCESS


@pytest.fixture
def harness(tmp_path: Path, schema_url: str) -> Iterator[Harness]:
    harness = Harness(tmp_path, schema_url)
    yield harness
    harness.close()


def environment(harness: Harness, place: int = -1) -> dict[tuple[str, str], Any]:
    ids = harness.rows(sa.select(t.builds.c.id).order_by(t.builds.c.id))
    build = ids[place][0]
    found = harness.result(harness.database.read(environments.of_build, build))
    return {(str(entry.section), entry.name): entry.value or bool(entry.digest) for entry in found or ()}


def test_a_build_has_what_its_worker_told_and_the_variables_of_its_builder(harness: Harness) -> None:
    variables = {"MODE": "fast", "PATH": ["/opt/bin", "/bin"], "BUILD": Interpolate("%(prop:buildername)s"), "NO": None}
    harness.start(harness.builder(Succeed(), env=variables))

    harness.force()

    found = environment(harness)
    assert found["worker", "system"] == "posix"
    assert found["worker", "basedir"] == "/srv/w1"
    assert found["builder", "MODE"] == "fast"
    assert found["builder", "PATH"] == "/opt/bin:/bin"
    assert found["builder", "BUILD"] == "b1"
    assert ("builder", "NO") not in found


def test_a_variable_that_cannot_be_computed_yet_is_not_known_and_stops_nothing(harness: Harness) -> None:
    def broken(_props: Any) -> str:
        raise ValueError("out of paper")

    harness.start(harness.builder(Succeed(), env={"LATE": Interpolate("%(prop:late)s"), "BAD": renderer(broken)}))

    harness.force()

    assert harness.results() == [SUCCESS]
    assert environment(harness)["builder", "BAD"] is False


def test_many_builds_make_few_rows(harness: Harness) -> None:
    harness.start(harness.builder(Succeed(), env={"MODE": Property("mode")}))

    for mode in ("fast", "slow", "fast", "fast"):
        harness.force(properties={"mode": mode})

    assert len(harness.rows(sa.select(t.build_environments.c.build_id))) == 4
    assert len(harness.rows(sa.select(t.environments.c.id))) == 3
    assert environment(harness, 1)["builder", "MODE"] == "slow"


def test_a_secret_of_a_variable_is_kept_as_a_digest_only(harness: Harness) -> None:
    harness.start(harness.builder(Succeed(), env={"DB_PASSWORD": "geheim123"}))

    harness.force()

    assert environment(harness)["builder", "DB_PASSWORD"] is True
    documents = [row[0] for row in harness.rows(sa.select(t.environments.c.document))]
    assert not any("geheim123" in document for document in documents)


def test_environments_of_removed_builds_go_once_a_day(memory: Stage) -> None:
    answers: list[Any] = [3, 0, Unavailable("the disk is full")]

    async def run(_unit: Any) -> int:
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return int(answer)

    pruning = EnvironmentPruning(run, memory.clock)

    assert [memory.result(pruning.prune()) for _ in range(2)] == [3, 0]
