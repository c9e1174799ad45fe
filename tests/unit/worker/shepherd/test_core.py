"""What a shepherd decides, without a process."""

from __future__ import annotations

import signal

import pytest

from buildmill.worker.commands.limits import Limits
from buildmill.worker.shepherd.core import (
    MAX_BLOCKED_SECONDS,
    Action,
    KillTree,
    Say,
    Send,
    ShepherdCore,
    StopReading,
    Value,
)
from buildmill.worker.spawning import Exit
from buildmill.worker.spool.meta import KillOrder

LEASE = 1e9


def core(now: float = 0.0, **limits: object) -> ShepherdCore:
    return ShepherdCore(Limits(**limits), shown_argv="[b'x']", orphan_ttl=600.0, now=now)  # type: ignore[arg-type]  # any of them


def end(core: ShepherdCore, how: Exit) -> list[Action]:
    actions = core.exited(how)
    core.closed()
    return actions


@pytest.mark.parametrize(
    ("ended", "how", "rc"),
    [(Exit(code=0), "exit", 0), (Exit(code=3), "exit", 3), (Exit(signal=9), "signal", -1)],
)
def test_a_command_that_ends_by_itself(ended: Exit, how: str, rc: int) -> None:
    shepherd = core()
    assert not shepherd.is_over
    end(shepherd, ended)

    assert shepherd.is_over
    assert (shepherd.final().how, shepherd.final().rc) == (how, rc)


def test_it_is_not_over_while_somebody_holds_its_output() -> None:
    shepherd = core()
    shepherd.exited(Exit(code=0))

    assert not shepherd.is_over


def test_idle_limit_counts_from_the_last_output() -> None:
    shepherd = core(timeout=10)
    shepherd.output(5.0, b"x", counts_lines=True)

    assert shepherd.wake_at() == 15.0
    assert shepherd.tick(14.9, LEASE) == []
    assert shepherd.tick(15.0, LEASE) == [
        Value("failure_reason", "timeout_without_output"),
        Say("\ncommand timed out: 10 seconds without output running [b'x'], attempting to kill"),
        KillTree(),
    ]


def test_limits_escalate_and_a_caught_signal_is_no_success() -> None:
    shepherd = core(max_time=3, sigterm_time=2)

    assert shepherd.tick(3.0, LEASE)[-1] == Send(signal.SIGTERM)
    assert shepherd.tick(4.9, LEASE) == []
    assert shepherd.tick(5.0, LEASE) == [KillTree()]
    end(shepherd, Exit(code=0))
    assert (shepherd.final().how, shepherd.final().rc) == ("timeout", -1)


def test_too_many_lines() -> None:
    shepherd = core(max_lines=2)
    assert shepherd.output(0.0, b"\n\n", counts_lines=True) == []
    assert shepherd.output(0.0, b"\n\n", counts_lines=False) == []

    assert shepherd.output(0.0, b"\n", counts_lines=True)[0] == Value("failure_reason", "max_lines_failure")


def test_silence_is_not_the_commands_while_nobody_reads() -> None:
    shepherd = core(timeout=10)
    shepherd.blocked(5.0)
    assert shepherd.tick(100.0, LEASE) == []
    shepherd.unblocked(100.0)

    assert shepherd.tick(109.0, LEASE) == []
    assert shepherd.tick(110.0, LEASE)


def test_a_spool_that_stays_full_ends_the_command() -> None:
    shepherd = core()
    shepherd.blocked(5.0)
    assert shepherd.tick(4.0 + MAX_BLOCKED_SECONDS, LEASE) == []
    assert shepherd.tick(5.0 + MAX_BLOCKED_SECONDS, LEASE)[-1] == KillTree()
    end(shepherd, Exit(signal=9))

    assert (shepherd.final().how, shepherd.final().why) == ("killed", "spool full")
    assert shepherd.may_drop


def test_what_was_killed_waits_for_room_too_but_not_for_ever() -> None:
    shepherd = core(max_time=1)
    shepherd.tick(1.0, LEASE)
    shepherd.blocked(2.0)
    assert not shepherd.may_drop
    shepherd.tick(2.0 + MAX_BLOCKED_SECONDS, LEASE)

    assert shepherd.may_drop
    end(shepherd, Exit(signal=9))
    assert (shepherd.final().how, shepherd.final().why) == ("killed", "spool full")


def test_lease_that_has_passed_comes_before_everything_else() -> None:
    shepherd = core(timeout=10)
    actions = shepherd.tick(500.0, 400.0)

    assert KillTree() in actions
    assert not any(isinstance(action, Value) for action in actions)
    assert shepherd.tick(501.0, 400.0) == []
    assert end(shepherd, Exit(signal=9)) == [KillTree(), StopReading()]
    assert (shepherd.final().how, shepherd.final().rc) == ("expired", None)


def test_without_a_lease_the_first_one_counts_from_the_spawn() -> None:
    shepherd = core(now=1000.0)

    assert shepherd.tick(1599.0, 0.0) == []
    assert KillTree() in shepherd.tick(1600.0, 0.0)


def test_killed_command_has_no_exit_code_of_its_own() -> None:
    shepherd = core(interrupt_signal="INT")
    actions = shepherd.kill(1.0, KillOrder(why="enough"))
    end(shepherd, Exit(code=7))

    assert actions == [Say("\ncommand interrupted, attempting to kill"), Send(signal.SIGINT)]
    assert (shepherd.final().how, shepherd.final().why, shepherd.final().rc) == ("killed", "enough", -1)
    assert shepherd.kill(2.0, KillOrder(why="again")) == []


def test_killed_after_its_own_end_it_keeps_its_exit_code() -> None:
    shepherd = core()
    shepherd.exited(Exit(code=7))
    actions = shepherd.kill(1.0, KillOrder(why="enough"))
    shepherd.closed()

    assert actions == [KillTree(), StopReading()]
    assert (shepherd.final().how, shepherd.final().rc) == ("exit", 7)


def test_abort_sharpens_a_mild_kill() -> None:
    shepherd = core(sigterm_time=900)
    assert shepherd.kill(1.0, KillOrder(why="w"))[-1] == Send(signal.SIGTERM)

    assert shepherd.kill(2.0, KillOrder(why="w", abort=True)) == [Send(signal.SIGTERM)]
    assert shepherd.tick(7.0, LEASE) == [KillTree()]
    assert KillTree() in shepherd.kill(7.5, KillOrder(why="w", abort=True, at_once=True))


def test_what_no_signal_ends_is_given_up() -> None:
    shepherd = core(max_time=1)
    shepherd.tick(1.0, LEASE)
    actions = shepherd.tick(6.0, LEASE)
    shepherd.closed()

    assert actions == [Say("SIGKILL failed to kill process"), Say("using fake rc=-1"), StopReading()]
    assert shepherd.is_over
    assert (shepherd.final().how, shepherd.final().rc) == ("timeout", -1)
