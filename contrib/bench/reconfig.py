"""How long a reconfiguration keeps the reactor of a master from everything else.

A master of its own, in this process, is reconfigured again and again: each time every builder has changed. Meanwhile
a timer that wants to run each millisecond tells how late it was, and how much of the processor the reactor's thread had
used in between: on a machine that does nothing else the worst of it is the longest that any client or worker had to
wait. Full collections of garbage, which stop all threads, are measured for themselves.

    python contrib/bench/reconfig.py [--builders 1000] [--workers 500] [--rounds 5] [--json FILE]
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import random
import statistics
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from twisted.internet import reactor
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from buildmill.master.app import App
from buildmill.master.config.loader import load
from buildmill.master.db import schema
from buildmill.master.db.engine import parse_url

CONFIG = """\
from buildmill.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {{}}
c["protocols"] = {{"msgpack_experimental_v7": {{"port": 0}}}}
workers = [f"w{{n}}" for n in range({workers})]
c["workers"] = [worker.Worker(name, "secret") for name in workers]
c["builders"] = [
    util.BuilderConfig(
        name=f"b{{n}}", workernames=workers[n % 10 :: 10],
        factory=util.BuildFactory([steps.ShellCommand(command=["make", "{version}", str(k)]) for k in range(5)]),
    )
    for n in range({builders})
]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=[b.name for b in c["builders"]])]
"""
TICK_SECONDS = 0.001


class Ticker:
    """A timer that notes how late it was.

    Attributes:
        longest: seconds between two ticks, at most, since `forget`.
        busiest: seconds of the processor that the reactor's thread used between two ticks, at most.
        collection: seconds of the processor that one collection of garbage used, at most, in whichever thread.
    """

    def __init__(self) -> None:
        self.forget()
        self._last = time.monotonic()
        self._used = self._collection_began = time.thread_time()
        gc.callbacks.append(self._collected)
        self._tick()

    def forget(self) -> None:
        self.longest = self.busiest = self.collection = 0.0

    def _tick(self) -> None:
        now, used = time.monotonic(), time.thread_time()
        self.longest = max(self.longest, now - self._last - TICK_SECONDS)
        self.busiest = max(self.busiest, used - self._used)
        self._last, self._used = now, used
        reactor.callLater(TICK_SECONDS, self._tick)  # type: ignore[attr-defined]  # a module to mypy

    def _collected(self, phase: str, _info: object) -> None:
        if phase == "start":
            self._collection_began = time.thread_time()
        else:
            self.collection = max(self.collection, time.thread_time() - self._collection_began)


async def measure(folder: Path, builders: int, workers: int, rounds: int) -> dict[str, Any]:
    def write(version: int) -> None:
        text = CONFIG.format(builders=builders, workers=workers, version=version)
        (folder / "master.cfg").write_text(text)

    write(0)
    schema.upgrade(parse_url("sqlite:///state.sqlite", str(folder)))
    app = App(basedir=folder, config=load(folder), reactor=reactor, rng=random.Random(1))
    await app.start()
    gc.collect()
    gc.freeze()  # as the program does
    ticker = Ticker()
    await deferLater(reactor, 1.0)  # type: ignore[arg-type]  # a module to mypy
    idle = ticker.longest
    seconds, longest, busiest, collections = [], [], [], []
    for version in range(1, rounds + 1):
        write(version)
        ticker.forget()
        began = time.monotonic()
        plan = await app.reconfig()
        seconds.append(time.monotonic() - began)
        longest.append(ticker.longest)
        busiest.append(ticker.busiest)
        collections.append(ticker.collection)
        assert len(plan.builders.changed) == builders
    await app.stop()
    return {
        "builders": builders,
        "workers": workers,
        "reconfigurations": rounds,
        "seconds": round(statistics.median(seconds), 3),
        "longest_wait_ms": {
            "idle": round(idle * 1000, 1),
            "median": round(statistics.median(longest) * 1000, 1),
            "worst": round(max(longest) * 1000, 1),
        },
        "most_cpu_ms": {
            "of_one_turn": round(max(busiest) * 1000, 1),
            "of_one_collection": round(max(collections) * 1000, 1),
        },
        "load_of_the_machine": round(os.getloadavg()[0], 1),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--builders", type=int, default=1000)
    parser.add_argument("--workers", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    sys.setswitchinterval(0.0005)  # as the program does
    results: list[Any] = []

    with tempfile.TemporaryDirectory() as folder:

        def begin() -> None:
            run = measure(Path(folder), arguments.builders, arguments.workers, arguments.rounds)
            done = Deferred.fromCoroutine(run)
            done.addBoth(results.append)
            done.addBoth(lambda _: reactor.stop())  # type: ignore[attr-defined]  # a module to mypy

        reactor.callWhenRunning(begin)  # type: ignore[attr-defined]  # a module to mypy
        reactor.run()  # type: ignore[attr-defined]  # a module to mypy
    (result,) = results
    if not isinstance(result, dict):
        result.printTraceback()
        raise SystemExit(1)
    text = json.dumps(result, indent=2)
    print(text)
    if arguments.json is not None:
        arguments.json.write_text(text + "\n")


if __name__ == "__main__":
    main()
