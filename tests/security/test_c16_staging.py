"""C-16 for the v3 API: each change leaves one entry, done or refused, and none that tells a secret."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.master.domain.rights import ACTIONS, ActionKind
from tests.database import Stage
from tests.security.test_c16 import entries, problems
from tests.unit.master.web.cloudfoundry.house import House
from tests.unit.master.web.cloudfoundry.test_roles import ALL, Things

CHANGES = [name for name, operation in ALL.items() if operation.action.kind is not ActionKind.READ]


@pytest.fixture
def things(memory: Stage, tmp_path: Path) -> Iterator[Things]:
    house = House(memory, tmp_path / "blobs")
    yield Things(house)
    house.close()


def test_what_changes_something_is_a_change_and_what_only_reads_is_none() -> None:
    assert {name for name, operation in ALL.items() if operation.http != "GET"} == {*CHANGES, "matchResources"}
    assert {ALL[name].right for name in CHANGES} == {"staging.develop", "staging.administer"}
    assert ACTIONS["staging.develop"].kind is ActionKind.CHANGE


@pytest.mark.parametrize("name", CHANGES)
def test_each_change_leaves_one_entry(things: Things, name: str) -> None:
    path, body = things.path_and_body(name)
    before = len(entries(things.house.stage))

    answer = things.ask(name, path, body, "admin")

    assert answer.status < 300, answer.body
    (entry,) = entries(things.house.stage)[before:]
    assert (entry.actor, entry.username, entry.address, entry.via) == ("admin@x.org", "admin", "192.168.1.1", "token")
    assert (entry.action, entry.method, entry.path) == (ALL[name].right, name, path[1:])
    assert (entry.outcome, entry.reason) == ("done", "")
    assert problems(things.house.stage) == []


@pytest.mark.parametrize("name", CHANGES)
@pytest.mark.parametrize("role", ["auditor", "read"])
def test_each_refusal_leaves_one_entry(things: Things, name: str, role: str) -> None:
    path, body = things.path_and_body(name)
    before = len(entries(things.house.stage))

    assert things.ask(name, path, body, role).status >= 400

    (entry,) = entries(things.house.stage)[before:]
    assert (entry.username, entry.action, entry.method, entry.outcome) == (role, ALL[name].right, name, "refused")
    assert entry.reason.startswith("CF-")


def test_entries_tell_no_secrets(things: Things) -> None:
    house = things.house
    secret = {"environment_variables": {"PASSWORD": "hunter2", "N": 5}}

    assert house.refused("POST", "/v3/apps", {"name": "x", **secret})[0] == 422
    house.app("y", environment_variables={"PASSWORD": "hunter2"})

    assert "hunter2" not in str([(e.reason, e.parameters, e.before, e.after) for e in entries(house.stage)])
