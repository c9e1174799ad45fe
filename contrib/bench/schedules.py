"""What one event costs for which many schedules wait: ``python contrib/bench/schedules.py``.

On a SQLite file, without a master: units of work are called one after the other, as the writer does.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

from buildmill.master.db.schedules import happenings, inbox, store
from buildmill.master.db.transaction import Transaction
from tests.database import Stage, create_schema
from tests.unit.master.db.schedules.test_firing import UPDATE, UPDATED, Schedules, rid_of


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--schedules", type=int, default=1000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'state.sqlite'}"
        create_schema(url)
        stage = Stage(url)
        schedules = Schedules(stage)

        def create(tx: Transaction) -> None:
            for number in range(options.schedules):
                store.create(tx, rid_of(f"s{number}"), schedules.new(UPDATE))

        schedules.write(create)
        _, told = timed(schedules, happenings.happened, UPDATED)
        slices, more = [], True
        while more:
            more, took = timed(schedules, inbox.work_off)
            slices.append(took)
        usual, most, whole = (1000 * x for x in (statistics.median(slices), max(slices), told + sum(slices)))
        print(f"{options.schedules} schedules: told in {told * 1000:.1f} ms of CPU, {whole:.0f} ms in all;")
        print(f"{len(slices)} slices of {usual:.1f} ms, and {most:.1f} at most: the first one compiles its statements")
        stage.close()


def timed(schedules: Schedules, unit: Any, *args: Any) -> tuple[Any, float]:
    """What a unit of work returns, and its seconds of CPU, those of the commit included."""
    began = time.process_time()
    result = schedules.write(unit, *args)
    return result, time.process_time() - began


if __name__ == "__main__":
    main()
