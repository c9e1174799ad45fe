"""The command line: create, start, stop, restart, run, with real processes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

from buildmill.worker.daemon import running_pid
from buildmill.worker.threads import PoolThreads
from tests.integration.worker.harness import Bench
from tests.integration.worker.wire_master import WireMaster
from tests.reactors import Reactor
from tests.support import async_test

PROGRAM = str(Path(sys.executable).parent / "buildmill-worker")


class Cli:
    """Calls the program in a thread, so that the test's master goes on answering."""

    def __init__(self, threads: PoolThreads, basedir: Path) -> None:
        self._threads = threads
        self.basedir = basedir

    async def call(self, *args: str, **environ: str) -> subprocess.CompletedProcess[str]:
        return await self._threads.run(self._call_blocking, args, environ)

    async def create(self, port: int, *args: str) -> subprocess.CompletedProcess[str]:
        return await self.call("create", *args, str(self.basedir), f"127.0.0.1:{port}", "w1", "pass")

    def spawn(self, *args: str) -> subprocess.Popen[bytes]:
        """Start the program in the base directory and go on."""
        return subprocess.Popen([PROGRAM, *args], cwd=self.basedir, stderr=subprocess.DEVNULL)

    def _call_blocking(self, args: tuple[str, ...], environ: dict[str, str]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [PROGRAM, *args], capture_output=True, text=True, timeout=60, check=False, env={**os.environ, **environ}
        )


@async_test
async def test_start_waits_until_connected_and_stop_until_ended(
    reactor: Reactor, threads: PoolThreads, tmp_path: Path
) -> None:
    master = WireMaster(reactor)
    master.listen()
    cli = Cli(threads, tmp_path / "w")
    await cli.create(master.port, "--maxdelay", "0.2")
    attaching = master.attach_in_background()

    started = await cli.call("start", str(cli.basedir))
    await attaching
    assert started.returncode == 0, started.stderr
    assert f"connected to ws://127.0.0.1:{master.port}/" in started.stdout
    assert running_pid(str(cli.basedir)) is not None
    again = await cli.call("start", str(cli.basedir))
    assert again.returncode == 1
    assert "a worker runs in" in again.stderr

    first = running_pid(str(cli.basedir))
    attaching = master.attach_in_background()
    restarted = await cli.call("restart", str(cli.basedir))
    await attaching
    assert restarted.returncode == 0, restarted.stderr
    assert running_pid(str(cli.basedir)) not in (None, first)

    stopped = await cli.call("stop", str(cli.basedir))
    assert stopped.returncode == 0
    assert running_pid(str(cli.basedir)) is None
    assert not (cli.basedir / "worker.pid").exists()
    assert "stopped" in (cli.basedir / "worker.log").read_text()
    assert (cli.basedir / "worker.log").stat().st_mode & 0o777 == 0o600
    await master.stop()


@async_test
async def test_start_without_a_master_says_so_and_keeps_trying(
    reactor: Reactor, threads: PoolThreads, tmp_path: Path
) -> None:
    master = WireMaster(reactor)
    master.listen()
    await master.stop()
    cli = Cli(threads, tmp_path / "w")
    await cli.create(master.port)

    started = await cli.call("start", str(cli.basedir))

    assert started.returncode == 0
    assert "keeps trying" in started.stderr
    assert "refused" in started.stderr
    assert (await cli.call("stop", "-q", str(cli.basedir))).returncode == 0


@async_test
async def test_hangup_lets_the_running_command_end(
    reactor: Reactor, threads: PoolThreads, bench: Bench, tmp_path: Path
) -> None:
    master = WireMaster(reactor)
    master.listen()
    cli = Cli(threads, tmp_path / "w")
    await cli.create(master.port, "--allow-shutdown", "signal")
    process = cli.spawn("run", str(cli.basedir))
    await master.attach()
    await master.start("echo begin; until test -e ../go; do sleep 0.05; done; echo done")
    await master.until(lambda: master.output("stdout") == b"begin\n").addTimeout(10, reactor)

    process.send_signal(signal.SIGHUP)
    (cli.basedir / "go").touch()
    code = await threads.run(process.wait, 30)

    assert code == 0
    assert master.output("stdout") == b"begin\ndone\n"
    assert ("rc", 0) in master.pairs()
    await master.stop()


@async_test
async def test_sigterm_kills_the_running_command_and_tells(
    reactor: Reactor, threads: PoolThreads, tmp_path: Path
) -> None:
    master = WireMaster(reactor)
    master.listen()
    cli = Cli(threads, tmp_path / "w")
    await cli.create(master.port)
    process = cli.spawn("start", "--nodaemon", ".")
    await master.attach()
    await master.start("echo begin; sleep 1000")
    await master.until(lambda: master.output("stdout") == b"begin\n").addTimeout(10, reactor)

    process.terminate()
    code = await threads.run(process.wait, 30)

    assert code == 0
    assert ("rc", -1) in master.pairs()
    await master.stop()


@async_test
async def test_a_worker_that_gives_up_ends_with_an_error(
    reactor: Reactor, threads: PoolThreads, tmp_path: Path
) -> None:
    master = WireMaster(reactor)
    master.listen()
    await master.stop()
    cli = Cli(threads, tmp_path / "w")
    await cli.create(master.port, "--maxretries", "1", "--maxdelay", "0.1")

    ended = await cli.call("run", str(cli.basedir))

    assert ended.returncode == 1
    assert "giving up" in ended.stderr


@async_test
async def test_password_can_come_from_elsewhere(threads: PoolThreads, tmp_path: Path) -> None:
    cli = Cli(threads, tmp_path)
    (tmp_path / "secret").write_text("from file\n")
    where = ["h:1", "w1"]

    file = await cli.call("create", "-q", "--password-file", str(tmp_path / "secret"), str(tmp_path / "a"), *where)
    variable = await cli.call("create", "-q", str(tmp_path / "b"), *where, BUILDMILL_WORKER_PASSWORD="from variable")
    nowhere = await cli.call("create", "-q", str(tmp_path / "c"), *where)

    assert (file.stdout, variable.stdout) == ("", "")
    assert (tmp_path / "a" / "password").read_text() == "from file\n"
    assert (tmp_path / "b" / "password").read_text() == "from variable\n"
    assert nowhere.returncode == 2
    assert not (tmp_path / "c").exists()


@async_test
async def test_flags_of_buildbots_command_line_are_understood(threads: PoolThreads, tmp_path: Path) -> None:
    cli = Cli(threads, tmp_path / "w")

    made = await cli.call(
        "create-worker", "-q", "--protocol=msgpack_experimental_v7", "--umask=None", "--maxretries=None",
        "--numcpus=3", "--delete-leftover-dirs", "--use-tls", "--relocatable", "--keepalive=600",
        str(cli.basedir), "h", "w1", "pass",
    )  # fmt: skip
    other = await cli.call("create-worker", "--protocol=pb", str(tmp_path / "x"), "h", "w1", "pass")

    assert made.returncode == 0, made.stderr
    text = (cli.basedir / "worker.toml").read_text()
    assert 'masters = ["wss://h:9989/"]' in text
    assert "numcpus = 3" in text
    assert other.returncode == 2
    assert "only msgpack_experimental_v7" in other.stderr


@async_test
async def test_wrong_settings_are_told_with_file_and_line(threads: PoolThreads, tmp_path: Path) -> None:
    cli = Cli(threads, tmp_path / "w")
    await cli.create(1)
    with open(cli.basedir / "worker.toml", "a") as file:  # noqa: ASYNC230
        file.write("numcpus = 0\nnonsense = 1\n")

    started = await cli.call("start", str(cli.basedir))

    assert started.returncode == 1
    assert "worker.toml:9: numcpus" in started.stderr
    assert "worker.toml:10: nonsense" in started.stderr


@async_test
async def test_the_pid_of_a_dead_worker_does_not_count(threads: PoolThreads, tmp_path: Path) -> None:
    cli = Cli(threads, tmp_path / "w")
    await cli.create(1)
    (cli.basedir / "worker.pid").write_text(f"{os.getpid()}\n")

    stopped = await cli.call("stop", str(cli.basedir))

    assert stopped.returncode == 0
    assert "no worker runs" in stopped.stdout
