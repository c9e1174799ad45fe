"""Putting a configuration in force: in slices, and back again where a part cannot follow."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from buildmill.common.errors import ConfigError, ConfigProblem, Conflict
from buildmill.common.slices import Slices
from buildmill.master.config.application import Application, Reconfiguration
from buildmill.master.config.inventory import Inventory
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.reading import Read
from buildmill.master.engine.builder_config import BuilderConfig
from buildmill.master.engine.worker_config import WorkerConfig
from tests.harness import Harness
from tests.leftovers import FailureLog
from tests.support import async_test

IN_ONE_TURN = 100


class Recorder:
    """A part that writes down what is asked of it.

    Attributes:
        refuses: titles of configurations that it cannot follow.
    """

    def __init__(self, name: str, story: list[str], *refuses: str) -> None:
        self.name = name
        self.refuses = set(refuses)
        self.waits: Deferred[None] | None = None
        self._story = story

    async def apply(self, config: MasterConfig) -> None:
        self._story.append(f"{self.name} {config.title}")
        if self.waits is not None:
            await self.waits
        if config.title in self.refuses:
            raise ConfigError([ConfigProblem(f"{self.name} refuses")])

    def settle(self) -> None:
        self._story.append(f"{self.name} settles")


def config(title: str) -> MasterConfig:
    return MasterConfig(basedir=Path("/"), file=Path("/master.cfg"), title=title)


def read(title: str, **settings: str) -> Read:
    return Read(config=config(title), inventory=Inventory(things={"settings": {"title": title, **settings}}))


@async_test
async def test_what_cannot_be_followed_is_taken_back_in_order() -> None:
    story: list[str] = []
    parts = [Recorder("a", story), Recorder("b", story, "new"), Recorder("c", story)]

    with pytest.raises(ConfigError, match="b refuses"):
        await Application(parts).change(config("old"), config("new"))

    assert story == ["a new", "b new", "a old", "b old", "a settles", "b settles"]


@async_test
async def test_a_part_that_cannot_go_back_does_not_keep_others_from_it(logged_failures: FailureLog) -> None:
    story: list[str] = []
    parts = [Recorder("a", story, "old"), Recorder("b", story, "new")]

    with pytest.raises(ConfigError, match="b refuses"):
        await Application(parts).change(config("old"), config("new"))

    assert story[2:4] == ["a old", "b old"]
    assert len(logged_failures.flush(ConfigError)) == 1


@async_test
async def test_builds_are_held_during_a_change_and_only_one_change_is_made_at_a_time() -> None:
    story: list[str] = []
    part = Recorder("a", story)
    changes = Reconfiguration(
        Application([part]), config("old"), hold=lambda: story.append("hold"), resume=lambda: story.append("resume")
    )
    part.waits = Deferred()
    first = Deferred.fromCoroutine(changes.take(read("new")))

    with pytest.raises(Conflict, match="another configuration"):
        await changes.take(read("third"))
    stopped = Deferred.fromCoroutine(changes.stop())
    was_stopped = stopped.called
    part.waits.callback(None)
    await first
    await stopped
    with pytest.raises(Conflict, match="stops"):
        await changes.take(read("fourth"))

    assert story == ["hold", "a new", "a settles", "resume"]
    assert (was_stopped, changes.config.title) == (False, "new")


@async_test
async def test_what_needs_a_restart_is_refused_and_what_is_the_same_disturbs_nothing() -> None:
    story: list[str] = []
    changes = Reconfiguration(
        Application([Recorder("a", story)]), config("old"), hold=lambda: None, resume=lambda: None
    )
    changes.inventory = read("old", mq="1").inventory

    with pytest.raises(ConfigError, match=r"mq cannot change while the master runs \(restart it\)"):
        await changes.take(read("old", mq="2"))
    plan = await changes.take(read("old", mq="1"))

    assert (bool(plan), story) == (False, [])


def test_a_slice_ends_after_so_many_objects() -> None:
    clock = Clock()
    slices = Slices(clock, 3)
    done: list[int] = []

    async def work() -> None:
        for n in range(7):
            await slices.step()
            done.append(n)

    working = Deferred.fromCoroutine(work())
    counts = [len(done)]
    while not working.called:
        clock.advance(0)
        counts.append(len(done))

    assert counts[0] == 3
    assert done == list(range(7))


class CountedBuilder(BuilderConfig):
    """Counts how often anybody looks at what it is called or at its workers."""

    looks = 0

    def __getattribute__(self, name: str) -> Any:
        if name in ("workernames", "collapseRequests", "tags"):
            CountedBuilder.looks += 1
        return super().__getattribute__(name)


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def test_no_turn_of_the_reactor_handles_a_big_configuration_at_once(harness: Harness) -> None:
    harness.start(harness.builder())
    workers = [WorkerConfig(f"w{n}", "secret") for n in range(1, 31)]
    names = [worker.name for worker in workers]
    factory = harness.builder().factory
    builders = [CountedBuilder(name=f"b{n}", workernames=names, factory=factory) for n in range(1000)]
    big = harness.changed_config(*builders, workers=workers)
    CountedBuilder.looks, counts = 0, []

    configured = Deferred.fromCoroutine(harness.engine.configure(big))
    while not configured.called:
        counts.append(CountedBuilder.looks)
        CountedBuilder.looks = 0
        call = harness.clock.calls.pop(0)
        call.called = 1
        call.func(*call.args, **call.kw)
    counts.append(CountedBuilder.looks)

    assert len(harness.engine.builders) == 1000
    assert sum(counts) >= 3000
    assert max(counts) <= IN_ONE_TURN
    # 30 workers of each builder count as well
    assert len(counts) > 1000 * 30 / IN_ONE_TURN
