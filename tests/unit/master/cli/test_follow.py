"""A log is followed from its end, through rotations, line by line."""

from __future__ import annotations

from pathlib import Path

from buildmill.master.cli.follow import LogFollower
from buildmill.master.cli.log_output import open_log


def test_only_new_and_whole_lines_are_given(tmp_path: Path) -> None:
    log = tmp_path / "master.log"
    log.write_bytes(b"old\n")
    follower = LogFollower(log)
    with log.open("ab", buffering=0) as writer:
        writer.write(b"one\nhal")
        first = follower.lines()
        writer.write(b"f\xff\ntwo\n")

        assert (first, follower.lines(), follower.lines()) == (["one"], ["half�", "two"], [])
    follower.close()


def test_a_log_that_is_not_there_yet_is_read_from_its_beginning(tmp_path: Path) -> None:
    follower = LogFollower(tmp_path / "master.log")

    assert follower.lines() == []
    (tmp_path / "master.log").write_text("first\n")

    assert follower.lines() == ["first"]
    follower.close()


def test_no_line_is_lost_when_the_log_is_rotated(tmp_path: Path) -> None:
    log = open_log(tmp_path / "master.log", rotate_bytes=50, keep=1)
    follower = LogFollower(tmp_path / "master.log")
    lines = [f"{number} {'x' * 30}" for number in range(4)]
    found = []
    for line in lines:  # the file is rotated before each line but the first two
        log.write(line + "\n")
        found += follower.lines()
    log.close()
    follower.close()

    assert found == lines
    assert sorted(f.name for f in tmp_path.iterdir()) == ["master.log", "master.log.1"]
