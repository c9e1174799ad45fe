"""Running seeds: once, or smaller and smaller while they fail."""

from __future__ import annotations

import gc
import multiprocessing
import os
import shutil
import tempfile
import traceback
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from tests.simulation.durable.checks import check
from tests.simulation.durable.faults import Fault
from tests.simulation.durable.master import DISK
from tests.simulation.durable.world import TRACE_LINES, Setting, Violation, World

SEEDS_PER_PROCESS = 20  # what a dead program leaves is never freed
MEMORY = "/dev/shm"  # a folder of one's own is made in it


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """How a run went.

    Attributes:
        problem: what is broken; None: nothing.
    """

    seed: int
    problem: str | None
    digest: str
    trace: list[str]
    faults: list[Fault]
    spawns: int

    @property
    def kind(self) -> str | None:
        """Which promise it is."""
        return None if self.problem is None else self.problem.partition(":")[0]

    def report(self) -> str:
        """For people."""
        return "\n".join([*self.trace[-TRACE_LINES + 1 :], f"seed {self.seed}: {self.problem}"])


def run_seed(seed: int, faults: Sequence[Fault] | None = None, setting: Setting | None = None) -> Outcome:
    """Run one seed, in a folder of its own."""
    folder = tempfile.mkdtemp(prefix="simulation", dir=MEMORY if os.path.isdir(MEMORY) else None)
    try:
        world = World(Path(folder), seed, faults, setting)
        problem: str | None = None
        try:
            world.run()
            check(world)
        except Violation as violation:
            problem = str(violation)
        except Exception:  # a bug, of the product or of the simulation
            problem = traceback.format_exc()
        finally:
            world.close()
        return Outcome(
            seed=seed,
            problem=problem,
            digest=world.digest(),
            trace=world.trace,
            faults=world.faults,
            spawns=len(world.witnessed),
        )
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def outcomes(seeds: Iterable[int], processes: int = 1, setting: Setting | None = None) -> Iterator[Outcome]:
    """Run seeds in processes of their own, which take over what is patched here; in the order in which they end."""
    DISK.fresh()  # its schema is made once, for all of them
    with multiprocessing.get_context("fork").Pool(
        # what a dead program leaves is never freed: collecting it takes a fifth of the time, and finds nothing
        processes,
        initializer=gc.disable,
        maxtasksperchild=SEEDS_PER_PROCESS,
    ) as pool:
        yield from pool.imap_unordered(partial(run_seed, setting=setting), seeds)
        pool.close()
        pool.join()


def shrink(outcome: Outcome, setting: Setting | None = None) -> Outcome:
    """The same seed with as few faults as it takes to fail."""
    smallest = outcome
    at = 0
    while at < len(smallest.faults):
        fewer = [*smallest.faults[:at], *smallest.faults[at + 1 :]]
        attempt = run_seed(outcome.seed, fewer, setting)
        if attempt.kind == outcome.kind:
            smallest = attempt
        else:
            at += 1
    return smallest
