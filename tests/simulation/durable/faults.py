"""What goes wrong in a run, and when: drawn from the seed before it begins."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.durable.world import World

FAULT_SECONDS = 400.0
LOST_FOR = (5.0, 30.0, 75.0, 180.0)
"""How long something is away: shortly, longer than a lease, longer than the master waits."""


@dataclass(frozen=True)
class Fault:
    """One of them.

    Attributes:
        at: seconds after the begin.
        kind: a function of `ACTS`.
        worker: whom it hits.
        seconds: how long it lasts.
        choice: between its variants, 0 to 1.
    """

    at: float
    kind: str
    worker: str
    seconds: float
    choice: float

    def __str__(self) -> str:
        return f"{self.kind}({self.worker}, {self.seconds:.0f} s, {self.choice:.2f}) at {self.at:.1f}"

    def strike(self, world: World) -> None:
        """Do it."""
        world.note(f"FAULT {self}")
        ACTS[self.kind](world, self)


def draw_faults(rng: random.Random, workers: list[str]) -> list[Fault]:
    """All faults of a run, in order."""
    kinds = list(ACTS)
    if rng.random() < 0.3:  # a run of few kinds goes deeper
        kinds = rng.sample(kinds, 3)
    faults = [
        Fault(
            at=rng.uniform(1, FAULT_SECONDS),
            kind=rng.choice(kinds),
            worker=rng.choice(workers),
            seconds=rng.choice(LOST_FOR) * rng.uniform(0.5, 1.2),
            choice=rng.random(),
        )
        for _ in range(rng.randrange(6, 20))
    ]
    return sorted(faults, key=lambda fault: fault.at)


def _cut(world: World, fault: Fault) -> None:
    if (line := world.line_of(fault.worker)) is not None:
        line.cut()


def _deafen(world: World, fault: Fault) -> None:
    if (line := world.line_of(fault.worker)) is not None:
        line.deafen(up=fault.choice < 0.7, down=fault.choice > 0.3)


def _away(world: World, fault: Fault) -> None:
    machine = world.machines[fault.worker]
    if not machine.is_away:
        machine.is_away = True
        (_cut if fault.choice < 0.5 else _deafen)(world, fault)
        world.later(fault.seconds, world.bring_back, machine)


def _crash_master(world: World, fault: Fault) -> None:
    world.crash_master()
    world.later(min(fault.seconds, 60) * fault.choice, world.start_master)


def _stop_master(world: World, fault: Fault) -> None:
    world.stop_master()
    world.later(min(fault.seconds, 60) * fault.choice, world.start_master)


def _crash_daemon(world: World, fault: Fault) -> None:
    machine = world.machines[fault.worker]
    machine.crash_daemon()
    world.later(fault.seconds * fault.choice, machine.start_daemon)


def _stop_daemon(world: World, fault: Fault) -> None:
    machine = world.machines[fault.worker]
    if machine.daemon is not None:
        machine.daemon.stop()
    world.later(16 + fault.seconds * fault.choice, machine.start_daemon)


def _fatal_work(world: World, fault: Fault) -> None:
    """The daemon dies at the next passage of one place, for instance between intent and spawn."""
    places = ("create_blocking", "spawn_blocking", "forget_blocking", "bury_blocking", "set_fence_blocking")
    place = places[int(fault.choice * 2 * len(places)) % len(places)]
    world.machines[fault.worker].fatal = (place, fault.choice < 0.5)


def _kill_shepherd(world: World, fault: Fault) -> None:
    if world.machines[fault.worker].kill_shepherd():
        world.excuse(fault.worker, "a shepherd was killed")


def _reboot(world: World, fault: Fault) -> None:
    machine = world.machines[fault.worker]
    machine.lose_power()
    world.excuse(fault.worker, "a machine was rebooted")
    world.later(fault.seconds * fault.choice, machine.start_daemon)


def _fill_disk(world: World, fault: Fault) -> None:
    machine = world.machines[fault.worker]
    machine.is_full = True
    world.later(min(fault.seconds, 60), world.make_room, machine)


def _lock_database(world: World, fault: Fault) -> None:
    world.lane.fails_until = max(world.lane.fails_until, world.time.now + min(fault.seconds, 40))


ACTS: dict[str, Callable[[World, Fault], None]] = {
    "cut": _cut,
    "deafen": _deafen,
    "away": _away,
    "crash_master": _crash_master,
    "stop_master": _stop_master,
    "crash_daemon": _crash_daemon,
    "stop_daemon": _stop_daemon,
    "fatal_work": _fatal_work,
    "kill_shepherd": _kill_shepherd,
    "reboot": _reboot,
    "fill_disk": _fill_disk,
    "lock_database": _lock_database,
}
