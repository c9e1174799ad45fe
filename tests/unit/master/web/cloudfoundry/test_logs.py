"""What the newest staging of an app has written, as clients of a log cache read it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.database import NOW
from tests.unit.master.web.cloudfoundry.house import House

SECOND = 1_000_000_000


@pytest.fixture
def app(house: House) -> str:
    """An app whose staging has two steps, with lines a second apart."""
    app = house.app()
    build = house.build(house.ready_package(app))

    async def run() -> None:
        updates = house.updates
        found = await house.data.staging.build(build["guid"])
        assert found.builderid is not None
        assert found.buildrequestid is not None
        await updates.claimBuildRequests([found.buildrequestid])
        worker = await updates.findWorkerId("w1")
        buildid, _ = await updates.newBuild(found.builderid, found.buildrequestid, worker)
        for number, name in enumerate(("detect", "finalize")):
            step, _, _ = await updates.addStep(buildid, name)
            await updates.startStep(step, True)
            log = await updates.addLog(step, "stdio", "s")
            writer = house.logs.writer(log)
            at = NOW + number * 10
            writer.write("h", b"the command line\n", at)
            writer.write("o", f"{name} 1\n{name} 2\n".encode(), at)
            writer.write("e", f"{name} fails\n".encode(), at + 1)
            await writer.finish()
            outcome = house.logs.writer(await updates.addLog(step, "outcome", "t"))
            outcome.write("o", b"{}\n", at)
            await outcome.finish()
        await updates.lookAtStagings()

    house.stage.result(run())
    return str(app["guid"])


def read(house: House, app: str, query: str = "", by: str = "developer") -> list[Any]:
    batch: list[Any] = house.ok("GET", f"/api/v1/read/{app}{query}", by=by)["envelopes"]["batch"]
    return batch


def lines(batch: list[Any]) -> list[str]:
    return [base64.b64decode(envelope["log"]["payload"]).decode() for envelope in batch]


def test_lines_of_all_steps_in_their_order(house: House, app: str) -> None:
    batch = read(house, app, "?envelope_types=LOG&start_time=-1")

    assert lines(batch) == ["detect 1", "detect 2", "detect fails", "finalize 1", "finalize 2", "finalize fails"]
    assert [envelope["log"]["type"] for envelope in batch] == ["OUT", "OUT", "ERR"] * 2
    assert {envelope["tags"]["source_type"] for envelope in batch} == {"STG"}
    assert {envelope["source_id"] for envelope in batch} == {app}
    times = [int(envelope["timestamp"]) for envelope in batch]
    assert times == sorted(set(times))
    assert times[0] // SECOND == NOW


def test_newest_first_and_no_more_than_asked_for(house: House, app: str) -> None:
    assert lines(read(house, app, "?descending=true&limit=2")) == ["finalize fails", "finalize 2"]
    assert lines(read(house, app, "?limit=2")) == ["detect 1", "detect 2"]


def test_who_asks_again_goes_on_where_it_was(house: House, app: str) -> None:
    found: list[str] = []
    start = 0
    while batch := read(house, app, f"?limit=2&start_time={start}"):
        found.extend(lines(batch))
        start = int(batch[-1]["timestamp"]) + 1

    assert found == lines(read(house, app))
    assert lines(read(house, app, f"?end_time={(NOW + 5) * SECOND}")) == ["detect 1", "detect 2", "detect fails"]


@pytest.mark.parametrize("query", ["?limit=x", "?limit=0&start_time=&end_time=later", "?limit=99999"])
def test_what_makes_no_sense_is_passed_over(house: House, app: str, query: str) -> None:
    assert lines(read(house, app, query))[0] == "detect 1"


def test_an_app_that_was_never_staged_has_written_nothing(house: House) -> None:
    assert read(house, house.app()["guid"]) == []


def test_logs_are_for_those_who_see_the_app(house: House, app: str) -> None:
    assert lines(read(house, app, by="auditor"))
    assert house.refused("GET", f"/api/v1/read/{app}", by="foreign")[:2] == (404, 10010)
