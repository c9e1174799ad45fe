"""What builds ran in: one row for each environment, however many builds were in it."""

from __future__ import annotations

from typing import Any

import sqlalchemy as sa

from buildmill.master.db import environments
from buildmill.master.db import tables as t
from buildmill.master.domain.environments import EnvironmentMaker
from tests.database import Stage
from tests.scene import Scene

MAKER = EnvironmentMaker(b"key")
FIRST, SECOND = (MAKER.of_worker({"version": version}, {"PATH": "/bin"}) for version in "12")
PLAIN, FAST = MAKER.of_builder({}), MAKER.of_builder({"MODE": "fast"})


def digests(stage: Stage) -> list[str]:
    return [row[0] for row in stage.rows(sa.select(t.environments.c.digest).order_by(t.environments.c.id))]


def write(scene: Scene, unit: Any, *args: Any) -> Any:
    return scene.stage.result(scene.stage.database.write(unit, *args))


def values(scene: Scene, build: int) -> list[tuple[str, str | None]] | None:
    found = scene.stage.result(scene.stage.database.read(environments.of_build, build))
    return None if found is None else [(entry.name, entry.value) for entry in found]


def test_builds_in_the_same_environment_share_its_row(scene: Scene) -> None:
    write(scene, environments.note, scene.finished, FIRST, PLAIN)
    write(scene, environments.note, scene.running, FIRST, PLAIN)

    assert digests(scene.stage) == [FIRST.digest, PLAIN.digest]
    assert values(scene, scene.finished) == values(scene, scene.running) == [("version", "1"), ("PATH", "/bin")]


def test_only_what_is_new_of_a_builds_two_environments_is_added(scene: Scene) -> None:
    write(scene, environments.note, scene.finished, FIRST, PLAIN)
    write(scene, environments.note, scene.running, FIRST, FAST)

    assert digests(scene.stage) == [FIRST.digest, PLAIN.digest, FAST.digest]
    assert values(scene, scene.running) == [("version", "1"), ("PATH", "/bin"), ("MODE", "fast")]


def test_of_a_build_that_began_before_this_was_noted_nothing_is_said(scene: Scene) -> None:
    assert values(scene, scene.finished) is None


def test_a_worker_is_in_the_one_that_it_told_of_last(scene: Scene) -> None:
    for environment in (FIRST, SECOND):
        write(scene, environments.set_of_worker, scene.worker, environment)

    found = scene.stage.result(scene.stage.database.read(environments.of_worker, scene.worker))

    assert [(entry.name, entry.value) for entry in found] == [("version", "2"), ("PATH", "/bin")]


def test_what_no_build_and_no_worker_is_in_any_more_is_removed(scene: Scene) -> None:
    write(scene, environments.note, scene.finished, FIRST, FAST)
    write(scene, environments.note, scene.running, FIRST, PLAIN)
    write(scene, environments.set_of_worker, scene.worker, SECOND)
    write(scene, lambda tx: tx.sql.execute(t.builds.delete().where(t.builds.c.id == scene.finished)).rowcount)

    removed = write(scene, environments.prune)

    assert removed == 1
    assert digests(scene.stage) == [FIRST.digest, PLAIN.digest, SECOND.digest]
    assert values(scene, scene.running) == [("version", "1"), ("PATH", "/bin")]
    assert write(scene, environments.prune) == 0


def test_the_key_is_made_once_for_all_masters(scene: Scene) -> None:
    first = write(scene, environments.secret_key, lambda: "aa" * 32)
    second = write(scene, environments.secret_key, lambda: "bb" * 32)

    assert first == second == bytes.fromhex("aa" * 32)


def test_when_a_worker_came_and_left_is_known(scene: Scene) -> None:
    def times() -> tuple[Any, ...]:
        (row,) = scene.stage.rows(sa.select(t.workers.c.connected_at, t.workers.c.left_at))
        return tuple(row)

    came = times()
    scene.stage.advance(60)
    scene.stage.result(scene.updates.workerDisconnected(scene.worker, scene.master))

    assert came[1] is None
    assert times() == (came[0], came[0] + 60)
