"""Limits hold for all that a script starts, whether the kernel keeps them or the sampler; nobody is left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import msgspec
import pytest

from buildmill.common.staging import Cause, Limits, Phase
from buildmill.worker.shepherd.cgroup import CommandCgroup
from buildmill.worker.shepherd.tree import is_dead
from buildmill.worker.staging.supervision.group import PREFIX
from buildmill.worker.staging.supervision.probe import probe
from tests.programs import wait_for
from tests.staging_area import PROGRAM, SAMPLER, PhaseRun, StagingArea

PATIENCE_SECONDS = 60.0
PYTHON = sys.executable
# Each writes its pid into the app first, so that the test knows whom to look for.
MARK = 'echo $$ >> "$1/pids"; '
HOG = f"""{PYTHON} -c "
import os, time
open(\\"$1/pids\\", \\"a\\").write(f\\"{{os.getpid()}}\\\\n\\")
held = []
while True:
    held.append(b\\"x\\" * (1 << 20))
    time.sleep(0.001)
" """
FILLER = 'i=0; while :; do head -c 1048576 /dev/zero > "$1/file$i"; i=$((i+1)); done'
DELETED = f"""{PYTHON} -c "
import os, time
file = open(\\"$1/gone\\", \\"wb\\")
os.unlink(\\"$1/gone\\")
while True:
    file.write(bytes(1 << 20))
    time.sleep(0.001)
" """
BOMB = f"""{PYTHON} -c "
import os, time
for _ in range(9):  # 512 at most: this has to be harmless where it is not stopped
    try:
        os.fork()
    except OSError:
        pass
time.sleep(60)
" """
FLOOD = "yes 'a line that nobody wants to read' | head -c 20000000; echo done >&2"


@pytest.fixture(params=["cgroups", "sampler"])
def options(request: pytest.FixtureRequest) -> tuple[str, ...]:
    if request.param == "sampler":
        return (SAMPLER,)
    if probe().hierarchies is None:
        pytest.skip("this machine lets nobody make cgroups with limits")
    return ()


def compiled(
    tmp_path: Path, script: str, options: tuple[str, ...], *, seconds: float = 60.0, **limits: int
) -> PhaseRun:
    """Run a script as `bin/compile`."""
    area = StagingArea(root=tmp_path, options=options).with_package({"app.txt": ""})
    area.with_buildpack("bad", {"bin/compile": MARK + script})
    area.limits = msgspec.structs.replace(Limits(memory_mb=512, disk_mb=512), **limits)
    area.run(Phase.PREPARE)
    run = area.run(Phase.FINALIZE, seconds=seconds)
    pids = [int(line) for line in (tmp_path / "home/app/pids").read_text().split()]
    assert [pid for pid in pids if not is_dead(pid)] == []
    return run


def started(tmp_path: Path, options: tuple[str, ...]) -> tuple[subprocess.Popen[bytes], int]:
    """The program while it runs a script that does not end, and the script's pid."""
    area = StagingArea(root=tmp_path, options=options).with_package({"app.txt": ""})
    area.with_buildpack("slow", {"bin/compile": MARK + "trap '' TERM; sleep 60"})
    area.run(Phase.PREPARE)
    program = subprocess.Popen(
        [*PROGRAM, *options, "finalize", "--seconds", "60"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)},
    )
    pids = tmp_path / "home/app/pids"
    wait_for(lambda: program.poll() is not None or (pids.exists() and pids.read_text().strip()), PATIENCE_SECONDS)
    assert program.poll() is None
    return program, int(pids.read_text())


def test_memory_of_a_grandchild_counts(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = compiled(tmp_path, f"({HOG} &) ; sleep 60", options, memory_mb=64)

    assert (run.outcome.cause, run.outcome.error) == (Cause.MEMORY, "BuildpackCompileFailed")
    assert run.outcome.message == "bin/compile of bad was stopped: out of memory: more than 64 MiB were used"
    assert run.outcome.exit_code == run.exit_code == 223
    assert run.outcome.enforcement["memory"] == ("sampler" if options else probe().shown()["memory"])
    assert 32 <= run.outcome.peak_memory_mb <= 256


@pytest.mark.parametrize("script", [FILLER, DELETED], ids=["files", "deleted file"])
def test_disk_that_scripts_fill_is_limited(tmp_path: Path, options: tuple[str, ...], script: str) -> None:
    run = compiled(tmp_path, script, options, disk_mb=24)

    assert (run.outcome.cause, run.outcome.error) == (Cause.DISK, "BuildpackCompileFailed")
    assert "more than 24 MiB of disk were used" in run.log
    assert run.outcome.peak_disk_mb > 24


def test_disk_is_looked_at_when_a_script_has_ended(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = compiled(tmp_path, 'head -c 12582912 /dev/zero > "$1/a"', options, disk_mb=10)

    assert run.outcome.cause is Cause.DISK


def test_fork_bomb_is_ended(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = compiled(tmp_path, BOMB, options, processes=40)

    assert (run.outcome.cause, run.outcome.error) == (Cause.PROCESSES, "BuildpackCompileFailed")
    assert "more than 40 processes" in run.outcome.message


def test_log_flood_loses_lines_and_nothing_else(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = compiled(tmp_path, FLOOD, options, log_rate_bytes_per_second=1000)

    assert run.outcome.error == ""
    assert "app instance exceeded log rate limit (1000 bytes/sec)" in run.log
    assert run.outcome.dropped_log_bytes > 19_000_000
    assert len(run.log) < 1_000_000


def test_time_is_limited(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = compiled(tmp_path, "trap '' TERM; sleep 60 & sleep 60", options, seconds=1.0)

    assert (run.outcome.cause, run.outcome.error, run.outcome.exit_code) == (Cause.TIME, "StagingError", 1)
    assert run.outcome.message == "bin/compile of bad was stopped: the time for staging was over"


def test_script_may_say_goodbye_when_its_time_is_over(tmp_path: Path) -> None:
    run = compiled(tmp_path, "trap 'echo goodbye; exit 0' TERM; sleep 60 & wait", (SAMPLER,), seconds=1.0)

    assert run.outcome.cause is Cause.TIME
    assert "goodbye" in run.log


def test_daemons_do_not_outlive_the_script(tmp_path: Path, options: tuple[str, ...]) -> None:
    run = compiled(tmp_path, "(setsid sh -c 'echo $$ >> '$1/pids'; sleep 60' &); sleep 0.3", options)

    assert run.outcome.error == ""
    assert len((tmp_path / "home/app/pids").read_text().split()) == 2


def test_stopped_program_leaves_nobody_behind(tmp_path: Path, options: tuple[str, ...]) -> None:
    program, script = started(tmp_path, options)

    program.send_signal(signal.SIGTERM)

    assert program.wait(PATIENCE_SECONDS) == 128 + signal.SIGTERM
    assert is_dead(script)


def test_program_that_is_killed_leaves_a_group_that_the_next_one_takes_away(tmp_path: Path) -> None:
    where = probe().hierarchies
    if where is None or where.memory is None:
        pytest.skip("this machine lets nobody make cgroups with limits")
    program, _ = started(tmp_path, ())
    program.kill()
    program.wait(PATIENCE_SECONDS)
    [left] = [name for name in os.listdir(where.memory) if f"-{program.pid}-" in name]
    group = CommandCgroup(os.path.join(where.memory, left))

    def is_empty() -> bool:
        group.kill()  # the worker's part: it knows all that is below what it has started
        return not group.processes()

    wait_for(is_empty, PATIENCE_SECONDS)

    (tmp_path / "next").mkdir()
    compiled(tmp_path / "next", "true", ())

    assert left not in os.listdir(where.memory)


def test_program_takes_its_groups_away(tmp_path: Path) -> None:
    where = probe().hierarchies
    if where is None:
        pytest.skip("this machine lets nobody make cgroups with limits")
    parents = [parent for parent in (where.memory, where.processes) if parent is not None]
    before = {name for parent in parents for name in os.listdir(parent)}

    compiled(tmp_path, "true", ())

    after = {name for parent in parents for name in os.listdir(parent) if name.startswith(PREFIX)}
    assert [name for name in after - before if is_dead(int(name.split("-")[-2]))] == []
