"""Projects and codebases of a configuration are written down, and builders name their project."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.results import SUCCESS
from buildmill.master.engine.project_config import Codebase, Project
from buildmill.master.engine.step import BuildStep
from tests.harness import Harness


class Pass(BuildStep):
    def run(self) -> int:
        return SUCCESS


@pytest.fixture
def harness(tmp_path: Path) -> Iterator[Harness]:
    harness = Harness(tmp_path)
    yield harness
    harness.close()


def read(harness: Harness, path: str) -> Any:
    return harness.result(harness.data.get(path))


def test_what_a_configuration_says_of_projects_can_be_read(harness: Harness) -> None:
    harness.start(
        harness.builder(Pass(), project="net work"),
        harness.builder(Pass(), name="b2"),
        projects=(Project("net work", description="*all* of it", description_format="markdown"), Project("other")),
        codebases=(Codebase("core", "net work"), Codebase("core", "other", slug="other-core")),
    )

    assert [(p["name"], p["slug"], p["description"]) for p in read(harness, "projects")] == [
        ("net work", "net_work", "*all* of it"),
        ("other", "other", None),
    ]
    assert [(c["name"], c["projectid"], c["slug"]) for c in read(harness, "codebases")] == [
        ("core", 1, "core"),
        ("core", 2, "other-core"),
    ]
    assert [builder["name"] for builder in read(harness, "projects/1/builders")] == ["b1"]
    assert [builder["projectid"] for builder in read(harness, "builders")] == [1, None]


def test_a_build_knows_the_project_of_its_builder(harness: Harness) -> None:
    harness.start(harness.builder(Pass(), project="other"), projects=(Project("first"), Project("other")))
    harness.force()

    properties = harness.build_properties()
    assert (properties["projectname"], properties["projectid"]) == ("other", 2)


def test_another_configuration_changes_what_differs(harness: Harness) -> None:
    harness.start(harness.builder(Pass(), project="a"), projects=(Project("a"), Project("left out")))
    told: list[str] = []
    harness.bus.subscribe(("projects", None, None), lambda key, event: told.append("/".join(key)))
    changed = harness.changed_config(
        harness.builder(Pass()), projects=(Project("a", slug="new"), Project("b")), codebases=(Codebase("c", "b"),)
    )
    harness.result(harness.engine.configure(changed))
    harness.turn()

    assert [(p["name"], p["slug"]) for p in read(harness, "projects")] == [
        ("a", "new"),
        ("left out", "left_out"),
        ("b", "b"),
    ]
    assert told == ["projects/1/update"]
    assert read(harness, "builders/1")["projectid"] is None
