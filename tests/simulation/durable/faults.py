"""What goes wrong in a run, and when: drawn from the seed before it begins."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.simulation.durable.master import SimulatedMaster
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
        {**ACTS, **ACTS_AMONG_MASTERS}[self.kind](world, self)

    def master(self, world: World) -> SimulatedMaster:
        """Which of the masters it hits, if it hits one."""
        masters = list(world.masters.values())
        return masters[int(self.choice * 1000) % len(masters)]


def draw_faults(rng: random.Random, workers: list[str], masters: int, focus: Sequence[str] = ()) -> list[Fault]:
    """All faults of a run, in order.

    Args:
        focus: kinds, if only these.
    """
    kinds = list(ACTS)
    if masters > 1:
        kinds += list(ACTS_AMONG_MASTERS) * 2
    if focus:
        kinds = list(focus)
    elif rng.random() < 0.3:  # a run of few kinds goes deeper
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
    master = fault.master(world)
    master.crash()
    world.later(min(fault.seconds, 60) * fault.choice, master.start)


def _stop_master(world: World, fault: Fault) -> None:
    master = fault.master(world)
    master.stop()
    world.later(min(fault.seconds, 60) * fault.choice, master.start)


def _pause_master(world: World, fault: Fault) -> None:
    """Longer than its lease, or longer than what its workers' commands live."""
    master = fault.master(world)
    if master.is_running:
        master.pause()
        world.pinged_in_vain(master)
        world.later(fault.seconds, master.resume)


def _part(world: World, fault: Fault) -> None:
    """A worker and a master cannot reach each other; the other master they can."""
    machine, master = world.machines[fault.worker], fault.master(world)
    machine.parted.add(master.name)
    line = world.line_of(fault.worker)
    if line is not None and line.to is master:
        (_cut if fault.choice < 0.5 else _deafen)(world, fault)
    world.later(fault.seconds, machine.parted.discard, master.name)


def _lose_master(world: World, fault: Fault) -> None:
    """It is away for so long that another one has to do its work."""
    master = fault.master(world)
    master.crash()
    world.later(60 + fault.seconds, master.start)


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
    lane = fault.master(world).lane
    lane.fails_until = max(lane.fails_until, world.time.now + min(fault.seconds, 40))


def _change_steps(world: World, fault: Fault) -> None:
    """A master is started anew with other steps."""
    fault.master(world).changes += 1
    for name in world.machines:
        world.excuse(name, "a master has other steps, and may die while it ends what it cannot go on with")
    _crash_master(world, fault)


def _cut_off(world: World, fault: Fault) -> None:
    """A master cannot reach the database, while the other one can."""
    lane = fault.master(world).lane
    lane.fails_until = max(lane.fails_until, world.time.now + fault.seconds)


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

ACTS_AMONG_MASTERS: dict[str, Callable[[World, Fault], None]] = {
    "pause_master": _pause_master,
    "part": _part,
    "lose_master": _lose_master,
    "cut_off": _cut_off,
    "change_steps": _change_steps,
}
"""Of runs with several masters only."""
