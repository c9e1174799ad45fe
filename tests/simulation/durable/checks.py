"""What must be true when a run is over."""

from __future__ import annotations

from collections import Counter

import sqlalchemy as sa

from buildmill.common.results import CANCELLED, EXCEPTION, RETRY
from buildmill.master.db import tables as t
from tests.simulation.durable.world import Violation, World


def check(world: World) -> None:
    """All of it.

    Raises:
        Violation: the first that is broken.
    """
    for promise in (_results, _spawns, _logs, _leftovers, _locks, _retries, _failures):
        promise(world)


def _results(world: World) -> None:
    """V1: every request has exactly one final result."""
    for request in world.requests:
        row = world.harness.request(request)
        results = [result for _, result, _ in _builds_of(world, request)]
        final = [result for result in results if result != RETRY]
        _require(row.complete, f"V1: request {request} has no result")
        _require(None not in results, f"V1: request {request} has unfinished builds: {results}")
        _require(len(final) <= 1, f"V1: request {request} has several results: {results}")
        _require(row.results == (final[0] if final else CANCELLED), f"V1: request {request}: {row.results}, {results}")


def _spawns(world: World) -> None:
    """P2: every id at most once, and only such that are written down."""
    counts = Counter(witnessed.uid for witnessed in world.witnessed)
    _require(max(counts.values(), default=1) == 1, f"P2: spawned twice: {counts.most_common(1)}")
    known = {uid for (uid,) in world.query(sa.select(t.commands.c.uid))}
    _require(set(counts) <= known, f"P2: spawned without a record: {set(counts) - known}")


def _logs(world: World) -> None:
    """P3: the log of the accepted attempt is what its commands have written."""
    by_step = {int(witnessed.uid.split(".")[2]): witnessed for witnessed in world.witnessed}
    query = (
        sa.select(t.logs.c.id, t.steps.c.id, t.steps.c.results, t.builds.c.results)
        .join(t.steps, t.steps.c.id == t.logs.c.step_id)
        .join(t.builds, t.builds.c.id == t.steps.c.build_id)
        .where(t.logs.c.name == "stdio", t.builds.c.results != RETRY)
    )
    for log, step, result, build_result in world.query(query):
        told: dict[str, str] = {"o": "", "e": "", "h": ""}
        for line in str(world.harness.result(world.harness.logs.contents(log))).splitlines(keepends=True):
            told[line[0]] += line[1:]
        witnessed = by_step.get(step)
        for stream in ("o", "e"):
            written = "" if witnessed is None else witnessed.wrote[stream].decode("utf-8", "replace")
            # cut short: who stops a build or gives up on it does not wait for the last words
            is_cut_short = build_result in (CANCELLED, EXCEPTION) or result in (CANCELLED, EXCEPTION)
            text = told[stream]
            if written and not written.endswith("\n"):
                written += "\n"
            if is_cut_short and (text == written or written.startswith(text.rstrip("\n").rstrip("�"))):
                continue
            _require(text == written, f"P3: step {step}, stream {stream}: {_difference(text, written)}")


def _leftovers(world: World) -> None:
    """P5: nothing runs, nothing is kept for longer than the hold."""
    alive = [witnessed.uid for witnessed in world.witnessed if witnessed.is_alive]
    _require(not alive, f"P5: still alive: {alive}")
    for machine in world.machines.values():
        left = sorted(path.name for path in (machine.basedir / ".bm" / "c").iterdir())
        uids = [(machine.basedir / ".bm" / "c" / name / "uid").read_text() for name in left]
        _require(not left, f"P5: spools on {machine.name}: {uids}")
        _require(not machine.shepherds, f"P5: shepherds on {machine.name}")


def _locks(world: World) -> None:
    """V6: no lock without an attempt, no claim without a build, nothing open."""
    for master in world.masters.values():
        engine = master.house.engine
        for key in world.lock_keys:
            _require(engine.locks.holders(key) == (), f"V6: {key} is held by {engine.locks.holders(key)}")
        _require(all(not slot.running for slot in engine.queue.workers.values()), "V6: a worker is counted as busy")
    for name, query in {
        "claimed requests": sa.select(t.build_requests.c.id).where(
            t.build_requests.c.claimed_by.is_not(None), t.build_requests.c.complete_at.is_(None)
        ),
        "open builds": sa.select(t.builds.c.id).where(t.builds.c.complete_at.is_(None)),
        "open steps": sa.select(t.steps.c.id).where(t.steps.c.complete_at.is_(None)),
        "open logs": sa.select(t.logs.c.id).where(t.logs.c.complete == 0),
        "open commands": sa.select(t.commands.c.uid).where(t.commands.c.state.in_(["assigned", "lost"])),
        "open buildsets": sa.select(t.buildsets.c.id).where(t.buildsets.c.complete == 0),
    }.items():
        left = world.query(query)
        _require(not left, f"V6: {name}: {left}")


def _retries(world: World) -> None:
    """V2: a retry is recorded only when there was a reason."""
    for request in world.requests:
        for build, result, text in _builds_of(world, request):
            if result != RETRY:
                continue
            query = (
                sa.select(t.workers.c.name)
                .join(t.builds, t.builds.c.worker_id == t.workers.c.id)
                .where(t.builds.c.id == build)
            )
            [(worker,)] = world.query(query)
            is_expired = any(word in text for word in ("expired", "away for", "changed while master was down"))
            is_excused = is_expired or bool(world.excuses.get(worker))
            _require(is_excused, f"V2: build {build} on {worker} was tried again without need: {text}")


def _failures(world: World) -> None:
    _require(not world.failures, "failures were logged: " + "\n".join(world.failures[:3]))


def _builds_of(world: World, request: int) -> list[tuple[int, int | None, str]]:
    query = (
        sa.select(t.builds.c.id, t.builds.c.results, t.builds.c.state_string)
        .where(t.builds.c.build_request_id == request)
        .order_by(t.builds.c.id)
    )
    return [(int(row[0]), row[1], str(row[2])) for row in world.query(query)]


def _difference(told: str, written: str) -> str:
    at = next((i for i, (a, b) in enumerate(zip(told, written, strict=False)) if a != b), min(len(told), len(written)))
    return f"at {at} of {len(written)}: told {told[at : at + 60]!r} ({len(told)}), written {written[at : at + 60]!r}"


def _require(is_true: bool, text: str) -> None:
    if not is_true:
        raise Violation(text)
