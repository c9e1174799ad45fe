"""Durable commands on a whole worker with real shepherds, and a master that follows a script."""

from __future__ import annotations

import contextlib
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from random import Random
from typing import Any

import pytest
from twisted.internet.defer import Deferred
from twisted.internet.task import deferLater

from buildmill.common.errors import BuildmillError, ConnectionLost, RemoteError
from buildmill.common.failpoints import VARIABLE
from buildmill.common.protocol import durable, messages
from buildmill.worker.app import build_worker
from buildmill.worker.config import WorkerConfig
from buildmill.worker.durable.store import Store
from buildmill.worker.shepherd.cgroup import delegated
from buildmill.worker.shepherd.tree import descendants, is_dead, processes_with
from buildmill.worker.spool.layout import Layout, machine_boot, read_lease
from buildmill.worker.spool.meta import Meta, read_pid, write_meta
from tests.integration.worker.durable.master import SECONDS, DurableMaster
from tests.reactors import Reactor
from tests.support import async_test


@pytest.fixture
def master(reactor: Reactor) -> DurableMaster:
    master = DurableMaster(reactor)
    master.listen()
    return master


@pytest.fixture(autouse=True)
def nothing_left(tmp_path: Path) -> Iterator[None]:
    before = set(descendants(os.getpid()))
    yield
    kill_left_overs(tmp_path)
    for zygote in set(descendants(os.getpid())) - before:  # of stopped workers: they end with their last shepherds
        with contextlib.suppress(ChildProcessError):
            os.waitpid(zygote, 0)


@asynccontextmanager
async def worker(reactor: Reactor, master: DurableMaster, basedir: Path, **options: Any) -> AsyncIterator[Any]:
    """A worker in this process, and its master; both are gone afterwards."""
    os.makedirs(basedir, exist_ok=True)
    made = build_worker(
        WorkerConfig(name="w1", masters=[f"127.0.0.1:{master.port}"], max_delay_seconds=0.2, **options),
        basedir=str(basedir),
        password="pass",
        reactor=reactor,
        environ={"PATH": "/usr/bin:/bin"},
        random=Random(1),
    )
    done = Deferred.fromCoroutine(made.run())
    try:
        yield made
    finally:
        made.stop()
        await done.addTimeout(SECONDS, reactor)
        await master.stop()


def kill_left_overs(basedir: Path) -> None:
    """Whatever a test has left running."""
    for directory in (basedir / ".bm" / "c").glob("*"):
        shepherd = read_pid(str(directory))
        if shepherd is not None and not is_dead(shepherd.pid):
            os.kill(shepherd.pid, signal.SIGKILL)
        for pid in processes_with((directory / "uid").read_text()):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def program(master: DurableMaster, basedir: Path, **environ: str) -> Iterator[subprocess.Popen[bytes]]:
    """A worker as a program of its own, which can be killed."""
    basedir.mkdir(exist_ok=True)
    (basedir / "worker.toml").write_text(
        f'name = "w1"\nmasters = ["127.0.0.1:{master.port}"]\nmax_delay_seconds = 0.2\n'
    )
    (basedir / "password").write_text("pass")
    path = os.pathsep.join(path for path in sys.path if path)
    started = subprocess.Popen(
        [sys.executable, "-m", "buildmill.worker", "run", str(basedir)],
        env={**os.environ, "PYTHONPATH": path, **environ},
        stderr=subprocess.DEVNULL,
    )
    try:
        yield started
    finally:
        if started.poll() is None:
            started.terminate()
        started.wait(SECONDS)


@contextmanager
def small_disk(path: Path) -> Iterator[None]:
    """A file system of one MiB."""
    if os.geteuid():
        pytest.skip("only root may mount a small file system")
    path.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "none", str(path)], check=False).returncode:
        pytest.skip("mounting is not allowed here")
    try:
        yield
    finally:
        kill_left_overs(path)
        subprocess.run(["umount", "-l", str(path)], check=False)


def fill(disk: Path) -> None:
    """Leave no room at all."""
    with contextlib.suppress(OSError), open(disk / "more", "wb", buffering=0) as more:
        while True:
            more.write(bytes(4096))


async def until(reactor: Reactor, condition: Any) -> None:
    """Look at something outside of this program."""
    end = time.monotonic() + SECONDS
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        await deferLater(reactor, 0.02)


def alive(uid: str) -> list[int]:
    return [pid for pid in processes_with(uid) if not is_dead(pid)]


def runs(word: bytes) -> bool:
    """Whether a process has this word in its command line."""
    found = False
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            found = found or word in path.read_bytes()
    return found


def has_spool(basedir: Path, uid: str) -> bool:
    return os.path.exists(Layout(str(basedir)).command(uid))


def parent_of(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def shepherd_of(basedir: Path, uid: str) -> int:
    found = read_pid(Layout(str(basedir)).command(uid))
    assert found is not None
    return found.pid


# -- what is said, exactly -------------------------------------------------------------


@async_test
async def test_output_arrives_byte_for_byte_and_in_order(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    program = (
        "import os,sys\nfor i in range(60): os.write(1, bytes(range(256)) * 300)\nos.write(2, b'\\xff\\n')\nsys.exit(3)"
    )
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch(["python3", "-c", program], env={"LANG": None})
        final = await master.final(uid)

        assert (final.how, final.rc) == ("exit", 3)
        written = bytes(range(256)) * 300 * 60
        assert master.bytes_of(uid, "o") == written
        assert master.bytes_of(uid, "e") == b"\xff\n"
        assert final.bytes["o"] == len(written)
        assert final.blake2b["o"] == hashlib.blake2b(written, digest_size=16).hexdigest()
        assert master.kinds(uid)[0] == "h"
        assert master.kinds(uid)[-4:] == ["s", "h", "s", "f"]
        assert master.values(uid)["rc"] == 3
        assert master.bytes_of(uid, "h").startswith(b"python3 -c ")
        assert b"\nelapsedTime=" in master.bytes_of(uid, "h")
        assert master.repeats == master.rewinds == 0


@async_test
async def test_uid_and_fence_are_in_the_environment_and_secrets_are_not_in_the_output_or_on_the_disk(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch(
            "echo $BUILDMILL_CMD_UID $BUILDMILL_FENCE; echo hunter2-hunter2", fence=7, mask=["hunter2-hunter2"]
        )
        await master.final(uid)

        assert master.bytes_of(uid, "o").decode() == f"{uid} 7\n********\n"
        assert b"hunter2" not in master.bytes_of(uid, "h")
        assert [b"hunter2" in meta for meta in all_meta(tmp_path)] == [False]


@async_test
async def test_log_files_input_and_terminal(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        followed = await master.launch("echo one > a.log; echo two >> a.log", logfiles={"a": "a.log"})
        fed = await master.launch("cat", initial_stdin="given")
        shown = await master.launch("test -t 1 && echo terminal", usePTY=True)
        for uid in (followed, fed, shown):
            assert (await master.final(uid)).rc == 0

        assert master.bytes_of(followed, "l:a") == b"one\ntwo\n"
        assert master.bytes_of(fed, "o") == b"given"
        assert master.bytes_of(shown, "o") == b"terminal\r\n"


@async_test
async def test_a_limit_is_told_as_on_the_plain_protocol(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("echo begin; sleep 1000", timeout=0.5)
        final = await master.final(uid)

        assert (final.how, final.rc) == ("timeout", -1)
        assert master.values(uid)["failure_reason"] == "timeout_without_output"
        assert b"command timed out: 0.5 seconds without output" in master.bytes_of(uid, "h")


@async_test
async def test_what_cannot_be_spawned_is_told(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        missing = await master.launch(["/there/is/no/such/program"])
        (tmp_path / "file").write_text("")
        nowhere = await master.launch("true", workdir="file/below")

        assert (await master.final(missing)).how == "spawn_failed"
        assert master.values(missing)["rc"] == 127
        assert b"cannot run '/there/is/no/such/program'" in master.bytes_of(missing, "e")
        assert (await master.final(nowhere)).rc == 1
        assert b"cannot make the working directory" in master.bytes_of(nowhere, "e")


# -- starting once ---------------------------------------------------------------------


@async_test
async def test_start_is_idempotent_and_checks_what_and_who(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("echo ran >> ../count; sleep 1000", fence=5)
        await until(reactor, (tmp_path / "count").exists)
        again = await master.start_again(uid, "echo ran >> ../count; sleep 1000", fence=6)

        assert (again.state, again.is_new) == ("running", False)
        with pytest.raises(RemoteError, match="another command"):
            await master.start_again(uid, "x", fence=6, digest="e" * 32)
        with pytest.raises(RemoteError, match="fence"):
            await master.call(durable.Kill(cmd_uid=uid, fence=5, why="old"))
        await master.call(durable.Kill(cmd_uid=uid, fence=6, why="enough"))
        final = await master.final(uid)
        assert (final.how, final.why, final.rc) == ("killed", "enough", -1)
        assert (tmp_path / "count").read_text() == "ran\n"
        await master.call(durable.Forget(cmd_uid=uid))
        assert (await master.start_again(uid, "x", fence=7)).state == "forgotten"


@async_test
async def test_only_shell_commands_are_durable_and_only_after_hello(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.attach()
        with pytest.raises(RemoteError, match="no bm_hello"):
            await master.launch("true")
        await master.start("echo plain")
        await master.completed()
        await master.cut()
        await master.greet()
        with pytest.raises(RemoteError, match="command_name: only shell commands are durable"):
            await master.start_again(master.new_uid(), "x", name="mkdir")
        with pytest.raises(RemoteError, match="mask"):
            await master.launch("true", mask=["short"])

        assert master.output("stdout") == b"plain\n"


# -- living on -------------------------------------------------------------------------


@async_test
async def test_command_outlives_connection_and_master_asks_for_the_rest(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        first = await master.greet()
        uid = await master.launch("echo before; until test -e ../go; do sleep 0.02; done; echo after")
        await master.said(uid, b"before\n")
        await master.cut()
        (tmp_path / "go").touch()
        second = await master.say_hello()
        have = len(master.stored[uid])
        resume = durable.Action(op="resume", cmd_uid=uid, fence=2, acked=have)
        await master.call(durable.Welcome(session=second.session, lease_grant=600, actions=[resume]))
        final = await master.final(uid)

        assert second.session > first.session
        assert second.install_id == first.install_id
        assert [(c.cmd_uid, c.fence) for c in second.commands] == [(uid, 1)]
        assert final.rc == 0
        assert master.bytes_of(uid, "o") == b"before\nafter\n"


@async_test
async def test_command_outlives_a_killed_daemon(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    with program(master, tmp_path) as first:
        await master.greet()
        uid = await master.launch("echo before; until test -e ../go; do sleep 0.02; done; echo after; exit 4")
        await master.said(uid, b"before\n")
        first.kill()
        await master.until(lambda: master.current is None).addTimeout(SECONDS, reactor)
    with program(master, tmp_path):
        listed = await master.greet(durable.Action(op="resume", cmd_uid=uid, fence=2, acked=len(master.stored[uid])))
        (tmp_path / "go").touch()
        final = await master.final(uid)

        assert [(c.cmd_uid, c.state) for c in listed.commands] == [(uid, "running")]
        assert (final.how, final.rc) == ("exit", 4)
        assert master.bytes_of(uid, "o") == b"before\nafter\n"
    await master.stop()


@async_test
async def test_stopped_worker_leaves_its_commands_to_the_next(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("echo before; until test -e ../go; do sleep 0.02; done; echo after")
        await master.said(uid, b"before\n")
    assert alive(uid)
    master.listen(master.port)
    async with worker(reactor, master, tmp_path):
        await master.greet(durable.Action(op="resume", cmd_uid=uid, fence=2, acked=len(master.stored[uid])))
        (tmp_path / "go").touch()

        assert (await master.final(uid)).rc == 0
        assert master.bytes_of(uid, "o") == b"before\nafter\n"


@async_test
async def test_worker_may_be_told_to_end_its_commands(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    async with worker(reactor, master, tmp_path, end_commands_on_stop=True) as running:
        await master.greet()
        uid = await master.launch("echo begin; sleep 1000")
        await master.said(uid, b"begin\n")
        running.stop()
        await master.until(lambda: master.current is None).addTimeout(SECONDS, reactor)

        assert alive(uid) == []


@async_test
async def test_graceful_stop_waits_for_durable_commands(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path) as running:
        await master.greet()
        uid = await master.launch("until test -e ../go; do sleep 0.02; done; echo done")
        running.leave()
        (tmp_path / "go").touch()
        await master.until(lambda: master.current is None).addTimeout(SECONDS, reactor)

        assert master.bytes_of(uid, "o") == b"done\n"
        assert master.has_final(uid)


# -- ends ------------------------------------------------------------------------------


@async_test
async def test_killed_shepherd_means_lost_and_nothing_is_left(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("setsid sleep 1000 & echo begin; sleep 1000")
        await master.said(uid, b"begin\n")
        os.kill(shepherd_of(tmp_path, uid), signal.SIGKILL)
        final = await master.final(uid)

        assert (final.how, final.why) == ("lost", "shepherd died")
        assert alive(uid) == []


@async_test
async def test_shepherd_killed_while_no_daemon_runs_leaves_nobody(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("setsid sleep 1000 & echo begin; sleep 1000")
        await master.said(uid, b"begin\n")
        shepherd = shepherd_of(tmp_path, uid)
        zygote = parent_of(shepherd)
    assert len(alive(uid)) >= 2
    os.kill(shepherd, signal.SIGKILL)
    await until(reactor, lambda: alive(uid) == [])
    await until(reactor, lambda: is_dead(zygote))


@async_test
async def test_daemon_ends_what_a_shepherd_without_a_zygote_has_left(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("setsid sleep 1000 & echo begin; sleep 1000")
        await master.said(uid, b"begin\n")
        shepherd = shepherd_of(tmp_path, uid)
        os.kill(parent_of(shepherd), signal.SIGKILL)
        await until(reactor, lambda: parent_of(shepherd) == 1 or is_dead(shepherd))
        os.kill(shepherd, signal.SIGKILL)
        final = await master.final(uid)

        assert (final.how, final.why) == ("lost", "shepherd died")
        assert alive(uid) == []


@async_test
async def test_whoever_has_emptied_his_environment_dies_with_the_commands_cgroup(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("env -i setsid sleep 1000 & echo $! >../pid; sleep 0.3; echo begin; sleep 1000")
        await master.said(uid, b"begin\n")
        hidden = int((tmp_path / "pid").read_text())
        directory = next((tmp_path / ".bm" / "c").glob("*"))
        shepherd = read_pid(str(directory))
        assert shepherd is not None
        os.kill(shepherd.pid, signal.SIGKILL)
        final = await master.final(uid)

        assert (final.how, final.why) == ("lost", "shepherd died")
        if delegated() is None:  # then that is beyond what is promised
            assert shepherd.cgroup == ""
            os.kill(hidden, signal.SIGKILL)
        else:
            assert shepherd.cgroup.startswith(str(delegated()))
            assert is_dead(hidden)
            assert Path(shepherd.cgroup).name not in os.listdir(delegated())


@async_test
async def test_a_command_leaves_no_cgroup(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    before = set(os.listdir(delegated() or tmp_path))
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("cat /proc/self/cgroup; setsid sleep 1000 >/dev/null 2>&1 & echo end")
        final = await master.final(uid)

        assert final.rc == 0
        shown = master.bytes_of(uid, "o").decode()
        assert ("/buildmill-" in shown) == (delegated() is not None)
        assert {name for name in os.listdir(delegated() or tmp_path) if name.startswith("buildmill-")} <= before


@async_test
async def test_lease_that_runs_out_ends_the_command(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    master.grant = 0.0
    async with worker(reactor, master, tmp_path):
        listed = await master.greet(lease=3)
        uid = await master.launch("echo begin; setsid sleep 1000 & sleep 1000")
        final = await master.final(uid)

        assert listed.commands == []
        assert (final.how, final.rc) == ("expired", None)
        assert alive(uid) == []


@async_test
async def test_frozen_shepherd_learns_first_that_it_is_too_late(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    master.grant = 0.0
    async with worker(reactor, master, tmp_path):
        await master.greet(lease=2)
        uid = await master.launch("echo begin; until test -e ../go; do sleep 0.02; done; echo too late")
        await master.said(uid, b"begin\n")
        shepherd = shepherd_of(tmp_path, uid)
        os.kill(shepherd, signal.SIGSTOP)
        deadline = read_lease(Layout(str(tmp_path)).lease)
        await until(reactor, lambda: time.monotonic() > deadline)
        (tmp_path / "go").touch()
        os.kill(shepherd, signal.SIGCONT)
        final = await master.final(uid)

        assert final.how == "expired"
        assert alive(uid) == []


@async_test
async def test_forgetting_works_on_a_full_disk(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    small = tmp_path / "w"
    with small_disk(small):
        (small / "ballast").write_bytes(bytes(600_000))
        async with worker(reactor, master, small):
            await master.greet()
            uid = await master.launch("head -c 600000 /dev/zero; sleep 1000", workdir=str(tmp_path))
            await until(reactor, lambda: os.statvfs(small).f_bavail * os.statvfs(small).f_frsize < 260_000)
            fill(small)
            await master.call(durable.Forget(cmd_uid=uid))

            assert alive(uid) == []
            assert not has_spool(small, uid)


@async_test
async def test_everything_a_command_started_is_gone_with_it(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    # A chain that forks and leaves as fast as it can, a session of its own, a double fork, an emptied environment.
    chain = "import os\nfor i in range(1000000):\n    if os.fork(): os._exit(0)"
    script = (
        "exec >/dev/null 2>&1; setsid sleep 1000 & (setsid sh -c 'sleep 1000 & sleep 1000 &' &); "
        f"env -i /usr/bin/setsid /bin/sleep 98765 & for i in 1 2 3; do python3 -c '{chain}' & done; sleep 0.3"
    )
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch(script)
        final = await master.final(uid)

        assert final.rc == 0
        assert alive(uid) == []
        assert not runs(b"98765")


@async_test
async def test_kill_with_the_steps_own_signals_and_abort(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        gentle = await master.launch(
            "trap 'echo saved; exit 0' TERM; echo begin; while :; do sleep 0.05; done", sigtermTime=30
        )
        stubborn = await master.launch("trap '' TERM; echo begin; while :; do sleep 0.05; done", sigtermTime=900)
        await master.said(gentle, b"begin\n")
        await master.said(stubborn, b"begin\n")
        await master.call(durable.Kill(cmd_uid=gentle, fence=1, why="w"))
        await master.call(durable.Kill(cmd_uid=stubborn, fence=1, why="w"))
        await master.call(durable.Kill(cmd_uid=stubborn, fence=1, why="now", abort=True))
        ends = [await master.final(gentle), await master.final(stubborn)]

        assert [(end.how, end.rc) for end in ends] == [("killed", -1), ("killed", -1)]
        assert b"saved\n" in master.bytes_of(gentle, "o")
        await master.call(durable.Kill(cmd_uid=gentle, fence=1, why="again"))
        await master.call(durable.Kill(cmd_uid=master.new_uid(), fence=1, why="unknown"))


@async_test
async def test_forget_kills_deletes_and_remembers(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("trap '' TERM; echo begin; sleep 1000", sigtermTime=900)
        await master.said(uid, b"begin\n")
        await master.call(durable.Forget(cmd_uid=uid))

        assert alive(uid) == []
        assert not has_spool(tmp_path, uid)
        assert uid in (tmp_path / ".bm" / "tomb.log").read_text()
        await master.call(durable.Forget(cmd_uid=uid))
        await master.cut()
        assert (await master.greet()).commands == []


@pytest.mark.parametrize("point", ["worker.before_tombstone", "worker.before_delete"])
@async_test
async def test_forgetting_that_a_crash_has_cut_short_is_finished(
    reactor: Reactor, master: DurableMaster, tmp_path: Path, point: str
) -> None:
    with program(master, tmp_path, **{VARIABLE: f"{point}:1"}) as first:
        await master.greet()
        uid = await master.launch("echo ran >> ../count")
        await master.final(uid)
        with pytest.raises(ConnectionLost, match=r".*"):
            await master.call(durable.Forget(cmd_uid=uid))
        first.wait(SECONDS)
        await master.until(lambda: master.current is None).addTimeout(SECONDS, reactor)
    assert first.returncode == -signal.SIGKILL
    async with worker(reactor, master, tmp_path):
        listed = await master.greet()
        await master.call(durable.Forget(cmd_uid=uid))
        started = await master.start_again(uid, "echo ran >> ../count")

        assert [c.cmd_uid for c in listed.commands] == ([uid] if point == "worker.before_tombstone" else [])
        assert started.state == "forgotten"
        assert not has_spool(tmp_path, uid)
        assert (tmp_path / "count").read_text() == "ran\n"


# -- the conversation ------------------------------------------------------------------


@async_test
async def test_master_can_send_the_worker_back(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("seq 20000")
        await master.final(uid)
        complete = list(master.stored[uid])
        del master.stored[uid][3:]
        await master.call(durable.Resume(cmd_uid=uid, fence=1, acked=len(complete) - 1))
        await master.final(uid)

        assert master.rewinds == 1
        assert master.stored[uid] == complete


@async_test
async def test_window_is_kept(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    master.limits = durable.DurableLimits(window_bytes=200_000, batch_bytes=50_000)
    master.holds = True
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("head -c 3000000 /dev/zero; touch ../written")
        await until(reactor, (tmp_path / "written").exists)
        other = await master.launch("echo other")
        await master.until(
            lambda: any(isinstance(r, durable.Data) and r.cmd_uid == other for r in master.requests)
        ).addTimeout(SECONDS, reactor)

        sent = [r for r in master.requests if isinstance(r, durable.Data) and r.cmd_uid == uid]
        assert 0 < sum(len(record[1]) for data in sent for record in data.records) <= 200_000


@async_test
async def test_stale_master_loses_the_connection(reactor: Reactor, master: DurableMaster, tmp_path: Path) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        master.is_stale = True
        uid = await master.launch("echo something")
        await master.until(lambda: master.connections == 2).addTimeout(SECONDS, reactor)
        master.is_stale = False
        await master.greet(durable.Action(op="resume", cmd_uid=uid, fence=2, acked=0))

        assert (await master.final(uid)).rc == 0


@async_test
async def test_unwanted_command_is_killed_and_forgotten(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = master.new_uid()
        master.unwanted.add(uid)
        await master.launch("echo begin; sleep 1000", uid=uid)
        await until(reactor, lambda: not has_spool(tmp_path, uid))

        assert alive(uid) == []


@async_test
async def test_many_commands_and_many_cuts_leave_no_gap_and_no_repeat(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    master.limits = durable.DurableLimits(window_bytes=60_000, batch_bytes=20_000)
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uids = [await master.launch("seq 30000; sleep 0.2; seq 30000 >&2") for _ in range(8)]
        for fence in range(2, 6):
            await deferLater(reactor, 0.1)
            await master.cut()
            have = {uid: len(master.stored.get(uid, [])) for uid in uids}
            await master.greet(
                *(durable.Action(op="resume", cmd_uid=uid, fence=fence, acked=have[uid]) for uid in uids)
            )
        ends = [await master.final(uid) for uid in uids]

        wanted = b"".join(b"%d\n" % number for number in range(1, 30_001))
        for uid, end in zip(uids, ends, strict=True):
            assert (master.bytes_of(uid, "o"), master.bytes_of(uid, "e")) == (wanted, wanted)
            assert end.blake2b["e"] == hashlib.blake2b(wanted, digest_size=16).hexdigest()
        assert master.repeats == master.rewinds == 0


# -- what a crash leaves behind --------------------------------------------------------


@async_test
async def test_intent_without_a_shepherd_is_carried_out(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    uid = master.new_uid()
    with program(master, tmp_path, **{VARIABLE: "worker.after_meta:1"}) as first:
        await master.greet()
        with pytest.raises(ConnectionLost, match=r".*"):
            await master.launch("echo ran >> ../count", uid=uid)
        first.wait(SECONDS)
        await master.until(lambda: master.current is None).addTimeout(SECONDS, reactor)
    assert first.returncode == -signal.SIGKILL
    async with worker(reactor, master, tmp_path):
        listed = await master.greet(durable.Action(op="resume", cmd_uid=uid, fence=1, acked=0))

        assert [c.cmd_uid for c in listed.commands] == [uid]
        assert (await master.final(uid)).rc == 0
        assert (tmp_path / "count").read_text() == "ran\n"


@pytest.mark.parametrize(
    ("point", "how"),
    [
        ("worker.before_meta", "exit"),
        ("shepherd.before_pid", "exit"),
        ("shepherd.running", "lost"),
        ("shepherd.appending", "lost"),
        ("shepherd.before_final", "lost"),
    ],
)
@async_test
async def test_crash_at_a_named_point(
    reactor: Reactor, master: DurableMaster, tmp_path: Path, point: str, how: str
) -> None:
    uid = master.new_uid()
    with program(master, tmp_path, **{VARIABLE: f"{point}:1"}) as first:
        await master.greet()
        with contextlib.suppress(BuildmillError):
            await master.launch("echo ran >> ../count", uid=uid)
        if point.startswith("shepherd"):
            directory = Path(Layout(str(tmp_path)).command(uid))
            await until(reactor, lambda: (directory / "lock").exists())
        first.kill()
        first.wait(SECONDS)
        await master.until(lambda: master.current is None).addTimeout(SECONDS, reactor)
    async with worker(reactor, master, tmp_path):
        await master.greet()
        started = await master.start_again(uid, "echo ran >> ../count")
        if not started.is_new:
            await master.call(durable.Resume(cmd_uid=uid, fence=1, acked=len(master.stored.get(uid, []))))
        final = await master.final(uid)

        assert final.how == how
        assert alive(uid) == []
        if how == "exit":
            assert (tmp_path / "count").read_text() == "ran\n"


@async_test
async def test_command_of_an_earlier_run_of_the_machine_is_lost(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    uid = master.new_uid()
    layout = Layout(str(tmp_path))
    layout.create_blocking()
    directory = layout.command(uid)
    os.mkdir(directory)
    (Path(directory) / "fence").write_text("3")
    write_meta(
        directory,
        Meta(
            uid=uid, fence=3, args_digest="d" * 32, machine_boot="another", argv=[b"/bin/true"], environ=[],
            workdir=b"/tmp", header=b"", shown_argv="",
        ),
    )  # fmt: skip
    async with worker(reactor, master, tmp_path):
        listed = await master.greet(durable.Action(op="resume", cmd_uid=uid, fence=3, acked=0))
        final = await master.final(uid)

        assert listed.commands[0].fence == 3
        assert (final.how, final.why) == ("lost", "reboot")
    assert machine_boot() != "another"


@async_test
async def test_copy_of_a_directory_is_another_worker_and_harms_no_command_of_the_first(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    first, copy, moved = tmp_path / "first", tmp_path / "copy", tmp_path / "moved"
    first.mkdir()
    async with worker(reactor, master, first):
        greeted = await master.greet()
        uid = await master.launch("echo begun; sleep 60")
        ended = await master.launch("echo ended")
        await master.final(ended)
    shutil.copytree(first, copy, ignore=shutil.ignore_patterns("bell"))

    store = Store(str(copy), reactor.seconds)
    assert store.open_blocking() == []
    assert store.install_id != greeted.install_id
    assert alive(uid)
    assert {found.uid for found in Store(str(copy), reactor.seconds).open_blocking()} == set()

    first.rename(moved)
    again = Store(str(moved), reactor.seconds)
    assert {found.uid for found in again.open_blocking()} == {uid, ended}
    assert again.install_id == greeted.install_id
    kill_left_overs(moved)


@async_test
async def test_commands_that_were_copied_from_another_worker_are_left_alone(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    first.mkdir()
    async with worker(reactor, master, first):
        await master.greet()
        uid = await master.launch("sleep 60")
    second.mkdir()
    Store(str(second), reactor.seconds).open_blocking()
    shutil.copytree(first / ".bm" / "c", second / ".bm" / "c", dirs_exist_ok=True)

    assert Store(str(second), reactor.seconds).open_blocking() == []
    assert alive(uid)
    kill_left_overs(first)


@async_test
async def test_damaged_spool_is_lost_but_the_worker_lives(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        uid = await master.launch("echo hello")
        unread = await master.launch("echo hello")
        await master.final(uid)
        await master.final(unread)
    directory = Path(Layout(str(tmp_path)).command(uid))
    segment = directory / "00000001.seg"
    content = bytearray(segment.read_bytes())
    content[-3] ^= 0xFF
    segment.write_bytes(content)
    (Path(Layout(str(tmp_path)).command(unread)) / "meta").write_bytes(b"\xc1")
    master.listen(master.port)
    stored = master.stored.copy()
    master.stored.clear()
    async with worker(reactor, master, tmp_path):
        listed = await master.greet(
            durable.Action(op="resume", cmd_uid=uid, fence=1, acked=0),
            durable.Action(op="resume", cmd_uid=unread, fence=1, acked=0),
        )
        ends = [await master.final(uid), await master.final(unread)]

        assert {c.cmd_uid for c in listed.commands} == {uid, unread}
        assert [(end.how, end.why) for end in ends] == [("lost", "spool damaged")] * 2
        await master.call(durable.Forget(cmd_uid=unread))
    assert stored


@async_test
async def test_full_disk_blocks_the_command_until_there_is_room(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    small = tmp_path / "w"
    with small_disk(small):
        ballast = small / "ballast"
        ballast.write_bytes(bytes(600_000))
        async with worker(reactor, master, small):
            await master.greet()
            uid = await master.launch("head -c 600000 /dev/zero; echo end", workdir=str(tmp_path))
            await until(reactor, lambda: os.statvfs(small).f_bavail * os.statvfs(small).f_frsize < 260_000)
            assert not master.has_final(uid)
            ballast.unlink()
            final = await master.final(uid)

            assert final.rc == 0
            assert master.bytes_of(uid, "o") == bytes(600_000) + b"end\n"


@async_test
async def test_quota_blocks_the_command_until_there_is_room(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    master.limits = durable.DurableLimits(spool_quota=300_000)
    async with worker(reactor, master, tmp_path):
        await master.greet()
        large = await master.launch("head -c 400000 /dev/zero")
        await master.final(large)
        await until(reactor, (tmp_path / ".bm" / "full").exists)
        uid = await master.launch("echo waits")
        await master.call(durable.Forget(cmd_uid=large))

        assert (await master.final(uid)).rc == 0
        assert master.bytes_of(uid, "o") == b"waits\n"


@async_test
async def test_the_workers_own_directory_is_neither_listed_nor_removed(
    reactor: Reactor, master: DurableMaster, tmp_path: Path
) -> None:
    async with worker(reactor, master, tmp_path):
        await master.greet()
        listing = messages.StartCommand(command_id="l", command_name="listdir", args={"path": str(tmp_path)})
        await master.call(listing)
        await master.completed("l")
        removal = messages.StartCommand(command_id="r", command_name="rmdir", args={"paths": [str(tmp_path / ".bm")]})
        await master.call(removal)
        await master.completed("r")

        assert ("files", []) in master.pairs("l")
        assert ("rc", 1) in master.pairs("r")
        assert has_spool(tmp_path, uid=await master.launch("true"))


def all_meta(folder: Path) -> list[bytes]:
    """What a worker has written down of its commands."""
    return [file.read_bytes() for file in folder.rglob("meta") if file.is_file()]
