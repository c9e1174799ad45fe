"""How long it takes to select the jobs of a big graph, and to go on with it: ``python contrib/bench/job_graphs.py``.

A layered graph on a SQLite file; each job reads two of the layer above. Nothing is built: an engine is played by rows.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from buildmill.common.results import Result
from buildmill.master.domain.orchestration.errors import UpToDate
from buildmill.master.domain.orchestration.values import GraphRequest, UpstreamTarget
from buildmill.master.orchestration.runner import PACE_SECONDS
from tests.database import Stage, create_schema
from tests.unit.master.orchestration.graphs import GraphHouse, graph_of, rid, spec


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=5000)
    parser.add_argument("--width", type=int, default=100)
    parser.add_argument("--run", action="store_true", help="also run it to its end, and select it again")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{Path(folder) / 'state.sqlite'}"
        create_schema(url)
        stage = Stage(url)
        layers = max(1, options.jobs // options.width)
        names = [[f"d{layer}.{place}" for place in range(options.width)] for layer in range(layers)]
        specs = [spec(name, "raw") for name in names[0]]
        for above, layer in zip(names, names[1:], strict=False):
            specs += [spec(name, above[place], above[place - 1]) for place, name in enumerate(layer)]
        began = clocks()
        house = GraphHouse(stage, graph_of(*specs))
        tell("published", began, len(specs))
        request = GraphRequest(target=UpstreamTarget(tuple(map(rid, names[-1]))))
        for what in ("planned", "planned again"):
            began = clocks()
            stage.result(house.graphs.plan(request))
            tell(what, began, len(specs))
        house.die()  # what goes on with it is not measured here
        began = clocks()
        stage.result(house.updates.createGraphBuild(request, "bench"))
        tell("selected and written", began, len(specs))
        house.restart()
        if options.run:
            run(house, request, len(specs))
        house.close()
        stage.close()


def run(house: GraphHouse, request: GraphRequest, jobs: int) -> None:
    """Play the engine until nothing waits."""
    began = clocks()
    house.stage.turn()
    while waiting := house.requests():
        for request_id in waiting.values():
            house.end(house.begin_request(request_id), Result.SUCCESS)
        house.stage.advance(PACE_SECONDS)
    tell("ran", began, jobs)
    began = clocks()
    try:
        house.create(request)
    except UpToDate:
        tell("found to be up to date", began, jobs)


def tell(what: str, began: tuple[float, float], jobs: int) -> None:
    now = clocks()
    print(f"{jobs} jobs {what}: {now[0] - began[0]:.3f} s, {now[1] - began[1]:.3f} s of CPU")


def clocks() -> tuple[float, float]:
    """Seconds that have passed, and that this process has worked."""
    return time.perf_counter(), time.process_time()


if __name__ == "__main__":
    main()
