"""Finding the processes of a command: on this machine's real processes, and in which order they are asked for."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator

import pytest

from buildmill.worker.shepherd.tree import UID_VARIABLE, Elders, kill_tree, processes_with

UID = f"1.1.1.1.{os.getpid()}"


@pytest.fixture
def marked() -> Iterator[subprocess.Popen[bytes]]:
    """A process with the id of a command in its environment; it has begun when this is given."""
    environ = {"PATH": "/usr/bin:/bin", UID_VARIABLE: UID, "LONG": "x" * 100_000}
    with subprocess.Popen(["sh", "-c", "echo; exec sleep 60"], env=environ, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        yield process
        process.kill()


def test_a_process_is_found_by_its_environment(marked: subprocess.Popen[bytes]) -> None:
    assert list(processes_with(UID)) == [marked.pid]
    assert list(processes_with(UID[:-1])) == []


def test_processes_that_were_there_before_are_not_looked_at_while_no_number_can_come_twice(
    marked: subprocess.Popen[bytes],
) -> None:
    elders = Elders(100.0)

    assert list(processes_with(UID, elders.names(100.0))) == []
    assert list(processes_with(UID, elders.names(200.0))) == [marked.pid]


def test_a_process_that_came_later_is_found(marked: subprocess.Popen[bytes]) -> None:
    elders = Elders(100.0)
    environ = {"PATH": "/usr/bin:/bin", UID_VARIABLE: UID}
    with subprocess.Popen(["sh", "-c", "echo; exec sleep 60"], env=environ, stdout=subprocess.PIPE) as later:
        assert later.stdout is not None
        later.stdout.readline()

        found = list(processes_with(UID, elders.names(100.0)))
        later.kill()

    assert found == [later.pid]


class Finders:
    """A command's processes, near ones and hidden ones; who is asked is noted."""

    def __init__(self, near: list[int], hidden: list[int]) -> None:
        self.asked: list[str] = []
        self._near, self._hidden = near, hidden

    def near(self) -> list[int]:
        self.asked.append("near")
        return self._near[:1] and [self._near.pop()]

    def hidden(self) -> list[int]:
        self.asked.append("hidden")
        return self._hidden[:1] and [self._hidden.pop()]


def sleeper() -> subprocess.Popen[bytes]:
    return subprocess.Popen(["sleep", "60"])


def test_hidden_processes_are_looked_for_once_if_there_are_none() -> None:
    finders = Finders([], [])

    assert kill_tree([finders.near, finders.hidden], lambda: None)

    assert finders.asked == ["near", "near", "hidden"]


def test_hidden_processes_are_looked_for_until_none_is_found_twice() -> None:
    one, other = sleeper(), sleeper()
    finders = Finders([one.pid], [other.pid])

    assert kill_tree([finders.near, finders.hidden], lambda: None)

    assert finders.asked == ["near", *["near"] * 2, "hidden", *["near", "hidden"] * 2]
    assert (one.wait(), other.wait()) == (-9, -9)
