"""What is seen of processes and files, and where groups with limits may be made."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from buildmill.common.staging import File
from buildmill.worker.staging.classic.environment import database_url
from buildmill.worker.staging.failure import PhaseFailed
from buildmill.worker.staging.shelf import Shelf
from buildmill.worker.staging.supervision.disk import disk_bytes
from buildmill.worker.staging.supervision.disk_watch import DiskWatch
from buildmill.worker.staging.supervision.group import PREFIX, LimitedGroup
from buildmill.worker.staging.supervision.hierarchies import Hierarchies
from buildmill.worker.staging.supervision.probe import Enforcement
from buildmill.worker.staging.supervision.tree_usage import proportional_bytes, usage_of

MIB = 1 << 20
NOBODY = 1 << 22  # a pid above the highest


def test_file_with_two_names_counts_once(tmp_path: Path) -> None:
    empty = disk_bytes(str(tmp_path))
    (tmp_path / "a").write_bytes(os.urandom(MIB))
    (tmp_path / "b").hardlink_to(tmp_path / "a")

    assert MIB <= disk_bytes(str(tmp_path)) - empty < MIB + 65536


def test_file_with_a_hole_counts_its_blocks(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb") as file:
        file.truncate(1 << 30)

    assert disk_bytes(str(tmp_path)) < MIB


def test_empty_files_take_room_as_well(tmp_path: Path) -> None:
    for number in range(100):
        (tmp_path / str(number)).touch()

    assert disk_bytes(str(tmp_path)) >= 100 * 1024


def test_open_file_without_a_name_counts(tmp_path: Path) -> None:
    with (tmp_path / "a").open("wb", buffering=0) as file:
        file.write(os.urandom(MIB))
        (tmp_path / "a").unlink()

        assert disk_bytes(str(tmp_path)) < MIB
        assert disk_bytes(str(tmp_path), [os.getpid(), NOBODY]) >= MIB


def test_disk_is_looked_at_early_when_much_was_written(tmp_path: Path) -> None:
    times, free = iter([0.0, 0.0, 2.0, 3.0, 4.0, 21.0, 22.0]), [1000 * MIB]
    watch = DiskWatch(str(tmp_path), 10 * MIB, monotonic=lambda: next(times), free_bytes=lambda _: free[0])

    assert 9 * MIB < watch.room_bytes([]) <= 10 * MIB  # that took two seconds
    assert not watch.is_due()
    free[0] -= 11 * MIB  # the room that was left, or somebody else's
    assert watch.is_due()
    free[0] += 11 * MIB
    assert not watch.is_due()
    assert watch.is_due()  # after a time of rest


def test_usage_is_of_those_that_live() -> None:
    seen = usage_of([os.getpid(), NOBODY])

    assert seen.pids == [os.getpid()]
    assert seen.tasks >= 1
    assert 0 < proportional_bytes([os.getpid(), NOBODY]) <= seen.resident_bytes * 2


def kernel_files(path: Path, names: dict[str, str]) -> None:
    for name, text in names.items():
        (path / name).write_text(text)


def a_group(tmp_path: Path, version: int) -> tuple[LimitedGroup, Path]:
    """A group on plain files, which have to be there before they are opened for writing without being made."""
    parent = tmp_path / f"v{version}"
    parent.mkdir()
    where = Hierarchies(version=version, memory=str(parent), processes=str(parent) if version == 2 else None)
    made: list[Path] = []

    def mkdir(path: str) -> None:
        os.mkdir(path)
        (Path(path) / "cgroup.procs").write_text("")
        made.append(Path(path))

    group = LimitedGroup(where, memory_bytes=64 * MIB, processes=40, mkdir=mkdir)
    return group, made[0]


def test_group_of_version_2_limits_memory_swap_and_processes(tmp_path: Path) -> None:
    group, path = a_group(tmp_path, 2)

    assert path.name.startswith(PREFIX)
    assert (path / "memory.max").read_text() == str(64 * MIB)
    assert (path / "memory.swap.max").read_text() == "0"
    assert (path / "memory.oom.group").read_text() == "1"
    assert (path / "pids.max").read_text() == "40"
    kernel_files(path, {"memory.events": "oom 3\noom_kill 2\n", "pids.events": "max 7\n"})
    kernel_files(path, {"memory.stat": "anon 1000\nfile 5000\nshmem 100\n"})
    assert (group.memory_kills(), group.refused_forks(), group.memory_bytes()) == (2, 7, 1100)
    group.forbid_forks()
    assert (path / "pids.max").read_text() == "0"


def test_group_of_version_1_reads_its_own_files(tmp_path: Path) -> None:
    group, path = a_group(tmp_path, 1)

    assert (path / "memory.limit_in_bytes").read_text() == str(64 * MIB)
    kernel_files(path, {"memory.oom_control": "oom_kill_disable 0\nunder_oom 0\noom_kill 1\n"})
    kernel_files(path, {"memory.stat": "rss 1\ntotal_rss 1000\n"})
    assert (group.memory_kills(), group.refused_forks(), group.memory_bytes()) == (1, 0, 1000)
    assert not group.limits_processes


def test_enforcement_is_told_for_each_limit() -> None:
    half = Enforcement(hierarchies=Hierarchies(version=1, memory="/x", processes=None))

    assert half.shown() == {
        "memory": "cgroup v1",
        "processes": "sampler",
        "disk": "sampler",
        "log": "reader",
        "time": "clock",
    }
    assert Enforcement().shown()["memory"] == "sampler"


def test_shelf_lets_go_what_was_not_used_for_the_longest_time(tmp_path: Path) -> None:
    shelf = Shelf(str(tmp_path / "shelf"), 250)
    files = [File(path=name, sha256=name * 64, size_bytes=100) for name in "abc"]
    for file in files:
        (tmp_path / file.path).write_bytes(bytes(100))
    for used_at, file in enumerate(files[:2]):
        shelf.keep(file, str(tmp_path / file.path))
        os.utime(tmp_path / "shelf" / file.sha256, (used_at, used_at))
    assert shelf.take(files[0], str(tmp_path / "taken"))

    shelf.keep(files[2], str(tmp_path / "c"))

    assert [shelf.take(file, str(tmp_path / f"again{file.path}")) for file in files] == [True, False, True]


@pytest.mark.parametrize(
    ("services", "url"),
    [
        ("", None),
        ("{}", None),
        ('{"a": [{"credentials": {"uri": "redis://h"}}, {"credentials": {}}, {}, 1], "b": 2}', None),
        ('{"a": [{"credentials": {"uri": "postgresql://u@h/d?x=y"}}]}', "postgres://u@h/d?x=y"),
        (
            '{"a": [{"credentials": {"uri": "mysql://h"}}], "b": [{"credentials": {"uri": "postgres://h"}}]}',
            "mysql2://h",
        ),
    ],
)
def test_first_relational_service_is_the_database(services: str, url: str | None) -> None:
    assert database_url({"VCAP_SERVICES": services}) == url


@pytest.mark.parametrize("services", ["[]", "{", "1"])
def test_malformed_services_are_told(services: str) -> None:
    with pytest.raises(PhaseFailed, match="VCAP_SERVICES is malformed"):
        database_url({"VCAP_SERVICES": services})
