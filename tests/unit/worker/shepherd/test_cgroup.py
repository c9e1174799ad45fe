"""Cgroups of commands, on directories that look like the kernel's."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from buildmill.worker.shepherd import cgroup
from buildmill.worker.shepherd.cgroup import CommandCgroup


def tree(parent: Path, name: str) -> CommandCgroup:
    """A cgroup without the kernel, so that what is written stays to be read."""
    made = CommandCgroup.create(str(parent), name)
    assert made is not None
    (parent / "cgroup.procs").touch()
    (Path(made.path) / "cgroup.procs").touch()
    return made


def test_none_is_made_where_none_may_be(tmp_path: Path) -> None:
    assert CommandCgroup.create(None, "c") is None
    assert CommandCgroup.create(str(tmp_path / "gone"), "c") is None


def test_one_that_is_there_is_taken(tmp_path: Path) -> None:
    assert tree(tmp_path, "c").path == tree(tmp_path, "c").path


def test_whoever_enters_comes_back(tmp_path: Path) -> None:
    made = tree(tmp_path, "c")

    with made.entered():
        assert (Path(made.path) / "cgroup.procs").read_text() == "0"
        assert (tmp_path / "cgroup.procs").read_text() == ""

    assert (tmp_path / "cgroup.procs").read_text() == "0"


def test_what_cannot_be_entered_is_left_alone(tmp_path: Path) -> None:
    made = tree(tmp_path, "c")
    (Path(made.path) / "cgroup.procs").unlink()
    os.rmdir(made.path)

    with made.entered():
        assert not (tmp_path / "cgroup.procs").read_text()

    assert (tmp_path / "cgroup.procs").read_text() == ""


def test_everybody_in_it_and_below_is_found_and_killed_one_by_one_on_old_kernels(tmp_path: Path) -> None:
    made = tree(tmp_path, "c")
    below = Path(made.path, "below")
    below.mkdir()
    with subprocess.Popen(["sleep", "60"]) as first, subprocess.Popen(["sleep", "60"]) as second:
        (Path(made.path) / "cgroup.procs").write_text(f"{first.pid}\n")
        (below / "cgroup.procs").write_text(f"{second.pid}\n")
        (Path(made.path) / "cgroup.kill").mkdir()  # cannot be written

        assert set(made.processes()) == {first.pid, second.pid}
        made.kill()

        assert (first.wait(), second.wait()) == (-9, -9)


def test_a_recorded_one_is_only_taken_if_it_is_ours(tmp_path: Path) -> None:
    made = tree(tmp_path, "c")

    assert CommandCgroup.recorded("") is None
    assert CommandCgroup.recorded(str(tmp_path)) is None
    assert CommandCgroup.recorded(str(tmp_path / "buildmill-gone")) is None
    found = CommandCgroup.recorded(made.path)
    assert found is not None
    assert found.path == made.path


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ("35 24 0:30 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw", ("/", "/sys/fs/cgroup")),
        ("35 24 0:30 /a/b /cg rw shared:9 master:1 - cgroup2 none rw", ("/a/b", "/cg")),
        ("36 24 0:31 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu", None),
        ("37 24 0:32 / / rw - ext4 /dev/vda rw", None),
        ("", None),
    ],
)
def test_mounts_of_cgroups_are_told_from_others(line: str, found: tuple[str, str] | None) -> None:
    assert cgroup._mount_of_cgroups(line) == found
