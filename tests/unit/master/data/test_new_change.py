"""A change that is sent over the API: taken as a whole, or refused with the name of what is wrong."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.master.data.endpoints.endpoint import Context
from buildmill.master.data.endpoints.new_change import add
from buildmill.master.data.ports import NoForceSchedulers
from buildmill.master.data.updates import UpdateContext, Updates
from buildmill.master.domain.rights import Actor
from tests.database import Stage


def add_change(stage: Stage, **params: Any) -> int:
    updates = Updates(stage.database, UpdateContext())
    context = Context(database=stage.database, logs=None, force_schedulers=NoForceSchedulers(), updates=updates)
    return stage.result(add(context, {}, params, Actor("somebody")))


def test_a_change_needs_no_more_than_its_author(memory: Stage) -> None:
    assert add_change(memory, author="Ann") == 1
    assert memory.event_names() == ["changes/1/new"]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("author", 7),
        ("author", None),
        ("author", ""),
        ("files", "a"),
        ("files", [1]),
        ("files", ["a\0"]),
        ("properties", [1]),
        ("properties", {"": 1}),
        ("when_timestamp", 10**30),
        ("when_timestamp", -1),
        ("when_timestamp", True),
        ("comments", "a\0"),
        ("branch", "b" * 5000),
        ("colour", "red"),
    ],
)
def test_a_change_that_cannot_be_taken_is_refused_and_the_field_named(memory: Stage, field: str, value: object) -> None:
    with pytest.raises(InvalidInput) as error:
        add_change(memory, **{"author": "Ann", field: value})

    assert error.value.field == field
    assert memory.events == []
