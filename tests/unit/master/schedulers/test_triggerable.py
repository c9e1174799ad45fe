"""Builds that another build asks for."""

from __future__ import annotations

from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import Property
from buildmill.master.schedulers.triggerable import Triggerable
from tests.unit.master.schedulers.house import House


def test_a_trigger_passes_sources_and_properties_but_the_schedulers_own_win(house: House) -> None:
    scheduler = Triggerable("t", ["b1"], properties={"own": 1, "seen": Property("passed")}, priority=3)
    house.activate(scheduler)
    passed = Properties()
    passed.update({"passed": "yes", "own": 2}, "Trigger")

    bsid, requests = house.result(
        scheduler.trigger(True, [{"codebase": "", "branch": "main", "revision": "r1"}], passed, None, "Triggered from")
    )

    (buildset,) = house.buildsets()
    assert buildset["bsid"] == bsid
    assert buildset["parent_relationship"] == "Triggered from"
    assert buildset["properties"] == {
        "own": (1, "Scheduler"),
        "passed": ("yes", "Trigger"),
        "reason": ("The Triggerable scheduler named 't' triggered this build", "Scheduler"),
        "scheduler": ("t", "Scheduler"),
        "seen": ("yes", "Scheduler"),
    }
    assert (buildset["sourcestamps"][0]["branch"], buildset["sourcestamps"][0]["revision"]) == ("main", "r1")
    request = house.result(house.data.get(("buildrequests", *requests.values())))
    assert (request["waited_for"], request["priority"]) == (True, 3)


def test_what_is_not_passed_comes_from_the_codebases(house: House) -> None:
    scheduler = Triggerable("t", ["b1"], codebases={"app": {"branch": "main"}, "lib": {"branch": "stable"}})
    house.activate(scheduler)

    house.result(scheduler.trigger(False, [{"codebase": "app", "revision": "r1"}, {"codebase": "new"}]))

    stamps = {stamp["codebase"]: stamp for stamp in house.buildsets()[0]["sourcestamps"]}
    assert (stamps["app"]["branch"], stamps["app"]["revision"]) == ("main", "r1")
    assert stamps["lib"]["branch"] == "stable"
    assert stamps["new"]["branch"] is None
