"""The step in the page for authors of steps does what the page says, over a crash of the master."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

from buildmill.common.results import SUCCESS
from tests.durable import DurableWorker
from tests.harness import Harness

PAGE = Path(__file__).parents[2] / "docs" / "howto" / "write-a-resumable-step.md"


def sample() -> dict[str, Any]:
    """What the only sample of the page defines."""
    (text,) = re.findall(r"^```\{code-block\} python\n:caption: [^\n]*\n(.*?)^```$", PAGE.read_text(), re.M | re.S)
    names: dict[str, Any] = {"__name__": "measure"}
    exec(compile(text, str(PAGE), "exec"), names)
    return names


def test_the_sample_goes_on_where_it_was_when_the_master_died(tmp_path: Path) -> None:
    house = Harness(tmp_path, new_worker=DurableWorker)
    house.start(house.builder(sample()["Measure"]("fast")))
    worker = house.worker
    assert isinstance(worker, DurableWorker)

    house.force()
    worker.write(worker.command, "o", b"compiled\n")
    worker.end(worker.command)
    worker.write(worker.command, "o", b"30.0\n10.0\n")
    house.clock.advance(1)  # old enough to be stored
    house.turn()
    house.crash_and_restart()
    worker.connect()
    worker.write(worker.command, "o", b"20.0\n")
    worker.end(worker.command)

    assert house.results() == [SUCCESS]
    (step,) = house.steps()
    commands = [worker.commands[uid].start.args["command"] for uid in worker.spawned]
    assert commands == [["make", "fast"], ["./fast"]]
    assert house.build_properties()["median_ms"] == 20.0
    assert house.log_text(step, "numbers") == "10.0\n20.0\n30.0\n"
    lines = [line for line in house.log_text(step).splitlines() if line[0] == "o"]
    assert lines == ["ocompiled", "o30.0", "o10.0", "o20.0"]
    house.close()


def test_the_sample_needs_its_promise() -> None:
    measure = sample()["Measure"]

    assert measure.is_resumable()
    del measure.resumable
    assert not measure.is_resumable()
