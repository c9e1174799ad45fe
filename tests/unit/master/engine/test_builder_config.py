"""Builders, factories and workers as a configuration describes them."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.lock_values import LockAccess, LockId, MasterLock, WorkerLock
from buildmill.master.domain.renderables import Property
from buildmill.master.engine.builder_config import BuilderConfig, builder_of_dict
from buildmill.master.engine.factory import BuildFactory, StepFactory
from buildmill.master.engine.project_config import Codebase, Project
from buildmill.master.engine.step import BuildStep
from buildmill.master.engine.worker_config import WorkerConfig
from buildmill.master.latent.local_worker import LocalWorker
from buildmill.master.latent.worker import Worker


def builder(**options: Any) -> BuilderConfig:
    return BuilderConfig(**{"name": "b", "workernames": ["w"], "factory": BuildFactory(), **options})


class Step(BuildStep):
    def __init__(self, word: str, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.word = word


def test_a_factory_keeps_how_its_steps_were_made() -> None:
    factory = BuildFactory([Step("a", name="first")])
    factory.addStep(Step("b"))
    factory.addSteps([Step("c"), Step("d")])

    assert [recipe.build().word for recipe in factory.steps] == ["a", "b", "c", "d"]
    first = factory.steps[0]
    assert (first.cls, first.args, first.kwargs) == (Step, ("a",), {"name": "first"})
    assert first.build() is not first.build()
    assert first.file == __file__


@pytest.mark.parametrize("steps", [3, "x", [3], [Step], ["x"]])
def test_a_factory_takes_steps_only(steps: Any) -> None:
    with pytest.raises(ConfigError, match="BuildFactory"):
        BuildFactory(steps)


def test_a_factory_takes_no_arguments_for_a_step() -> None:
    with pytest.raises(ConfigError, match="takes a step, made with its arguments"):
        BuildFactory().addStep(Step("a"), word="b")


def test_recipes_can_be_shared_between_factories() -> None:
    one = BuildFactory([Step("a")])

    assert BuildFactory(one.steps).steps == one.steps
    assert isinstance(one.steps[0], StepFactory)


@pytest.mark.parametrize(
    ("options", "attribute", "value"),
    [
        ({"workernames": "w"}, "workernames", ("w",)),
        ({"workernames": ["w"], "workername": "v"}, "workernames", ("w", "v")),
        ({"workernames": ("w", "w")}, "workernames", ("w",)),
        ({"name": "b ä/x", }, "builddir", "b_ä_x"),
        ({"builddir": "d"}, "workerbuilddir", "d"),
        ({"builddir": "d", "workerbuilddir": "e"}, "workerbuilddir", "e"),
        ({"name": "__Janitor"}, "name", "__Janitor"),
        ({"name": b"b"}, "name", "b"),
        ({"tags": ["a", "b"]}, "tags", ("a", "b")),
        ({"collapseRequests": False}, "collapseRequests", False),
    ],
)  # fmt: skip
def test_a_builder_has_what_it_was_given(options: dict[str, Any], attribute: str, value: object) -> None:
    assert getattr(builder(**options), attribute) == value


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"name": None}, "the name of a builder is missing"),
        ({"name": 3}, "no name of a builder"),
        ({"name": "_b"}, "must not begin with an underscore"),
        ({"name": b"\xff"}, "must be a string, not the bytes"),
        ({"factory": None}, "factory is missing"),
        ({"factory": 3}, "factory must be a BuildFactory"),
        ({"workernames": []}, "at least one of workername and workernames"),
        ({"workernames": [3]}, "the name of a worker must be a string"),
        ({"workernames": 3}, "workernames must be a list of names"),
        ({"workernames": Property("w")}, "workernames must be known when the configuration is read"),
        ({"workername": 3}, "the name of a worker must be a string"),
        ({"builddir": 3}, "builddir must be the path of a directory"),
        ({"tags": "x"}, "tags must be a list of strings"),
        ({"tags": [3]}, "tags must be strings"),
        ({"tags": ["a", "a"]}, "tags stand there twice: a"),
        ({"env": 3}, "env must be a dictionary"),
        ({"nextWorker": 3}, "nextWorker must be callable"),
        ({"nextBuild": 3}, "nextBuild must be callable"),
        ({"canStartBuild": 3}, "canStartBuild must be callable"),
        ({"do_build_if": 3}, "do_build_if must be callable"),
        ({"collapseRequests": 3}, "collapseRequests must be True, False or callable"),
        ({"locks": 3}, "locks must be a list"),
        ({"locks": ["x"]}, "locks must be locks or what their access"),
        ({"description": 3}, "description must be a string or None"),
        ({"description_format": "x"}, "description_format must be None or 'markdown'"),
        ({"project": 3}, "project must be a string or None"),
        ({"properties": 3}, "properties must be a dictionary"),
        ({"properties": {"x" * 257: 1}}, "at most 256 characters"),
        ({"defaultProperties": {3: 1}}, "must be a string, not 3"),
    ],
)
def test_wrong_arguments_of_a_builder_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with collected_errors() as found:
        builder(**options)

    assert problem in found[0].message
    assert found[0].file == __file__


def test_a_builder_of_a_dictionary_refuses_unknown_keys() -> None:
    with collected_errors() as found:
        assert builder_of_dict({"name": "b", "wrokernames": []}) is None

    assert "wrokernames" in found[0].message


def test_locks_are_accesses_or_a_renderable() -> None:
    lock = MasterLock("l", maxCount=2)

    plain = builder(locks=[lock, lock.access("exclusive")])
    rendered = builder(locks=Property("locks"))

    assert plain.locks == (LockAccess(lock.id), LockAccess(lock.id, "exclusive"))
    assert plain.fixed_locks == plain.locks
    assert rendered.fixed_locks == ()


def test_locks_of_one_name_and_kind_are_the_same() -> None:
    assert MasterLock("l") == MasterLock("l")
    assert len({MasterLock("l"), MasterLock("l"), WorkerLock("l"), MasterLock("l", 2)}) == 3


def test_a_worker_lock_has_limits_of_its_own_for_some_workers() -> None:
    lock = WorkerLock("l", maxCount=2, maxCountForWorker={"w1": 5})

    assert lock.id == LockId("worker", "l", 2, {"w1": 5})
    assert (lock.id.max_count_on("w1"), lock.id.max_count_on("w2")) == (5, 2)
    assert lock.access("counting", 0) == LockAccess(lock.id, "counting", 0)


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: MasterLock(3), "the name of a lock"),  # type: ignore[arg-type]  # that is the point
        (lambda: MasterLock("l", maxCount=0), "maxCount must be an integer, at least 1"),
        (lambda: WorkerLock("l", maxCountForWorker=3), "maxCountForWorker must be a dictionary"),  # type: ignore[arg-type]  # that is the point
        (lambda: WorkerLock("l", maxCountForWorker={"w": 0}), r"maxCountForWorker\['w'\] must be an integer"),
        (lambda: MasterLock("l").access("shared"), "the mode is 'counting' or 'exclusive'"),
        (lambda: MasterLock("l").access("exclusive", count=2), "an exclusive access has the count 1"),
        (lambda: MasterLock("l").access("counting", count=-1), "at least 0"),
    ],
)
def test_wrong_locks_are_errors_of_the_configuration(make: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()


def test_a_worker_has_what_it_was_given() -> None:
    worker = Worker(
        "w-1", "secret", max_builds=2, notify_on_missing="a@b.c", properties={"a": 1}, locks=[MasterLock("l")]
    )

    assert (worker.name, worker.workername, worker.password, worker.max_builds) == ("w-1", "w-1", "secret", 2)
    assert worker.notify_on_missing == ("a@b.c",)
    assert (worker.missing_timeout, worker.keepalive_interval, worker.is_local) == (3600, 3600, False)
    assert worker.locks == (LockAccess(MasterLock("l").id),)


def test_a_local_worker_needs_no_password() -> None:
    worker = LocalWorker("w", workdir="/srv/w", max_builds=3)

    assert (worker.is_local, worker.workdir, worker.max_builds) == (True, "/srv/w", 3)


@pytest.mark.parametrize("name", ["", "a b", "9a", "a.b", "a/b", "a\n", "x" * 51, 3, None, "debug", "change", "status"])
def test_names_of_workers_are_identifiers(name: Any) -> None:
    with pytest.raises(ConfigError, match="worker"):
        WorkerConfig(name, "secret")


@pytest.mark.parametrize("name", ["w", "_a", "-a", "ä", "W-1_x", "x" * 50])
def test_identifiers_are_names_of_workers(name: str) -> None:
    assert WorkerConfig(name, "secret").name == name


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"password": ""}, "password must be a non-empty string"),
        ({"password": None}, "password must be a non-empty string"),
        ({"max_builds": 0}, "max_builds must be at least 1"),
        ({"max_builds": "x"}, "max_builds must be an integer"),
        ({"notify_on_missing": 3}, "notify_on_missing must be a list of strings"),
        ({"missing_timeout": "x"}, "missing_timeout must be an integer"),
        ({"locks": 3}, "locks must be a list"),
        ({"properties": 3}, "properties must be a dictionary"),
        ({"machine_name": 3}, "machine_name must be a string"),
    ],
)
def test_wrong_arguments_of_a_worker_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        Worker(**{"name": "w", "password": "secret", **options})


def test_projects_and_codebases_have_slugs() -> None:
    assert Project("My project").slug == "My_project"
    assert Project("9").slug == "_9"
    assert Codebase("c", "p", slug="s").slug == "s"
    with pytest.raises(ConfigError, match="1 to 70 characters"):
        Project("x" * 71)
    with pytest.raises(ConfigError, match="description_format must be None or 'markdown'"):
        Project("p", description_format="html")
