"""Builds of what another scheduler has built well."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.results import Result
from buildmill.master.schedulers.basic import AnyBranchScheduler
from buildmill.master.schedulers.dependent import Dependent
from tests.unit.master.schedulers.house import House


def upstream() -> AnyBranchScheduler:
    return AnyBranchScheduler("up", builderNames=["b1"])


def dependent(**options: Any) -> Dependent:
    return Dependent(**{"name": "down", "upstream": upstream(), "builderNames": ["b2"], **options})


def finish(house: House, result: Result) -> None:
    """Complete all requests that wait."""
    waiting = [r["buildrequestid"] for r in house.result(house.data.get("buildrequests")) if not r["complete"]]
    house.result(house.updates.claimBuildRequests(waiting))
    house.result(house.updates.completeBuildRequests(waiting, result))
    house.turn()


def reasons(house: House) -> list[str]:
    return [buildset["reason"] for buildset in house.buildsets()]


@pytest.mark.parametrize("result", [Result.SUCCESS, Result.WARNINGS])
def test_a_good_end_builds_the_same_sources_downstream(house: House, result: Result) -> None:
    house.activate(upstream(), dependent())
    house.change(revision="r1", properties={"a": 1})
    assert len(reasons(house)) == 1

    finish(house, result)

    first, second = house.buildsets()
    assert second["reason"] == "downstream"
    assert second["sourcestamps"] == first["sourcestamps"]
    assert second["properties"]["scheduler"] == ("down", "Scheduler")


@pytest.mark.parametrize("result", [Result.FAILURE, Result.EXCEPTION, Result.CANCELLED])
def test_another_end_builds_nothing(house: House, result: Result) -> None:
    house.activate(upstream(), dependent())
    house.change(revision="r1")

    finish(house, result)

    assert len(reasons(house)) == 1


def test_buildsets_of_other_schedulers_do_not_count(house: House) -> None:
    other = AnyBranchScheduler("other", builderNames=["b1"])
    house.activate(other, dependent())
    house.change(revision="r1")

    finish(house, Result.SUCCESS)

    assert len(reasons(house)) == 1


def test_what_ends_while_the_master_is_down_is_built_once_it_is_up(house: House) -> None:
    first = dependent()
    house.activate(upstream(), first)
    house.change(revision="r1")
    house.deactivate(first)
    finish(house, Result.SUCCESS)
    assert len(reasons(house)) == 1

    house.activate(dependent())
    house.turn()

    assert reasons(house)[1:] == ["downstream"]
    again = dependent()
    house.activate(again)
    house.turn()
    assert len(reasons(house)) == 2


def test_what_came_while_nobody_listened_is_found(house: House) -> None:
    house.activate(upstream())
    house.change(revision="r1")

    house.activate(dependent())
    finish(house, Result.SUCCESS)

    assert reasons(house)[1:] == ["downstream"]


def test_upstream_must_be_a_scheduler() -> None:
    with pytest.raises(ConfigError, match="upstream must be another scheduler, not 'up'"):
        dependent(upstream="up")
