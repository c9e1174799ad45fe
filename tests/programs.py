"""Our programs as real processes: a master and workers in folders of their own, driven over REST."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import pytest

from tests.new_homes import create_master, create_worker

T = TypeVar("T")

BIN = Path(sys.executable).parent
OUR_WORKER = BIN / "buildmill-worker"
DEADLINE_SECONDS = 90.0


def free_port() -> int:
    """A port that nobody uses now."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def wait_for(what: Callable[[], T], seconds: float = DEADLINE_SECONDS, why: Callable[[], str] = str) -> T:
    """Ask again and again until the answer is true; the answer."""
    end = time.monotonic() + seconds
    while not (found := what()):
        if time.monotonic() > end:
            raise AssertionError(f"it did not happen in time {why()}")
        time.sleep(0.05)
    return found


def peer_program(name: str) -> Path:
    """A program of the foreign system, from the virtual environment that BUILDMILL_PEER names; skips without it."""
    peer = os.environ.get("BUILDMILL_PEER")
    if not peer or not (Path(peer) / "bin" / name).exists():
        pytest.skip(f"BUILDMILL_PEER names no virtual environment with {name}")
    return Path(peer) / "bin" / name


CONFIG = """\
from buildmill.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {{}}
c["buildbotURL"] = "http://127.0.0.1:{http_port}/"
c["db"] = {{"db_url": {db_url!r}}}
c["protocols"] = {{"msgpack_experimental_v7": {{"port": {worker_port}, "interface": "127.0.0.1"}}}}
c["www"] = {{"port": "tcp:{http_port}:interface=127.0.0.1"}}
c["workers"] = [worker.Worker("w1", "secret"), worker.Worker("w2", "secret")]
c["collapseRequests"] = False

def builder(name, *recipe, workernames=("w1",), **rest):
    return util.BuilderConfig(name=name, workernames=list(workernames), factory=util.BuildFactory(list(recipe)), **rest)

{builders}
c.setdefault("schedulers", []).append(
    schedulers.ForceScheduler(name="force", builderNames=[b.name for b in c["builders"]]))
"""


def processes_in(folder: Path) -> list[int]:
    """The processes that have a file below a folder open, or work there: shepherds, and commands."""
    found = []
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit() and int(entry.name) != os.getpid():
            with suppress(OSError):
                links = [entry / "cwd", *(entry / "fd").iterdir()]
                if any(os.readlink(link).startswith(f"{folder}/") for link in links):
                    found.append(int(entry.name))
    return found


class RunningMaster:
    """A master of ours in its own process.

    Args:
        builders: Python text that sets ``c["builders"]`` with the help of ``builder(name, *steps)``.

    Attributes:
        worker_root: where workers get their folders.
        environ: added to the environment of what is started next, master or worker.
    """

    def __init__(self, basedir: Path, builders: str, db_url: str = "sqlite:///state.sqlite") -> None:
        self.basedir = basedir
        self.http_port, self.worker_port = free_port(), free_port()
        self.worker_root = basedir.parent
        self._db_url = db_url
        self._url = f"http://127.0.0.1:{self.http_port}/api/v2"
        self.process: subprocess.Popen[bytes] | None = None
        self.environ: dict[str, str] = {}
        self.workers: list[subprocess.Popen[bytes]] = []
        create_master(basedir, db_url)
        self.configure(builders)

    def configure(self, builders: str) -> None:
        """Write master.cfg."""
        text = CONFIG.format(
            http_port=self.http_port, worker_port=self.worker_port, db_url=self._db_url, builders=builders
        )
        (self.basedir / "master.cfg").write_text(text)

    def start(self) -> None:
        """Start it, and wait until it serves."""
        with open(self.basedir / "stdout.log", "ab") as out:
            self.process = subprocess.Popen(
                [BIN / "buildmill", "start", "--nodaemon", "."],
                cwd=self.basedir,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environ},
            )
        wait_for(self._serves, why=self.own_log)

    def _serves(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.own_log()
        try:
            return bool(self.get("builders")["builders"])
        except (OSError, urllib.error.URLError):
            return False

    def kill(self) -> None:
        """kill -9."""
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self, number: int = signal.SIGTERM) -> None:
        """Ask it to end, and wait for that."""
        assert self.process is not None
        self.process.send_signal(number)
        assert self.process.wait(60) == 0, self.own_log()

    def stop(self) -> None:
        """End it and its workers politely, and what workers have left running."""
        for process in [*self.workers, *([self.process] if self.process else [])]:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in [*self.workers, *([self.process] if self.process else [])]:
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        for pid in processes_in(self.worker_root):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    def own_log(self) -> str:
        """What the master has logged, for the text of a failure."""
        parts = [self.basedir / name for name in ("stdout.log", "master.log")]
        return "\n".join(p.read_text(errors="replace")[-4000:] for p in parts if p.exists())

    # -- workers ------------------------------------------------------------------------------

    def start_worker(self, name: str = "w1", port: int | None = None, *, wait: bool = True) -> subprocess.Popen[bytes]:
        """Start a worker of ours; `port` is where it finds the master, if not at its own port."""
        return self._start_worker(OUR_WORKER, name, port, wait=wait)

    def start_plain_worker(self, name: str = "w1") -> subprocess.Popen[bytes]:
        """Start a worker of ours that does not offer durable commands."""
        return self._start_worker(OUR_WORKER, name, settings="durable = false\n")

    def start_staging_worker(self, name: str = "w1") -> subprocess.Popen[bytes]:
        """Start a worker of ours that stages; limits are enforced by looking at processes, which works everywhere."""
        return self._start_worker(OUR_WORKER, name, settings="staging = true\nstaging_cgroups = false\n")

    def start_foreign_worker(self, name: str = "w1") -> subprocess.Popen[bytes]:
        """Start the worker of the foreign system."""
        return self._start_worker(peer_program("buildbot-worker"), name)

    def _start_worker(
        self, program: Path, name: str, port: int | None = None, settings: str = "", *, wait: bool = True
    ) -> subprocess.Popen[bytes]:
        folder = self._create_worker(program, name, port, settings)
        with open(folder / "stdout.log", "ab") as out:
            process = subprocess.Popen(
                [program, "start", "--nodaemon", "."],
                cwd=folder,
                stdout=out,
                stderr=out,
                env={**os.environ, **self.environ},
            )
        self.workers.append(process)
        if wait:
            self.wait_connected(name)
        return process

    def share_worker(self, other: RunningMaster, name: str = "w1") -> None:
        """Make a worker's folder for a worker of ours that knows this master, and after it another one."""
        folder = self._create_worker(OUR_WORKER, name)
        path, own = folder / "worker.toml", f"127.0.0.1:{self.worker_port}"
        lines = path.read_text().splitlines(keepends=True)
        kept = [line for line in lines if not line.startswith("masters")]
        assert len(kept) == len(lines) - 1
        path.write_text("".join(kept) + f'masters = ["{own}", "127.0.0.1:{other.worker_port}"]\n')

    def _create_worker(self, program: Path, name: str, port: int | None = None, settings: str = "") -> Path:
        folder = self.worker_folder(name)
        if not folder.exists():
            arguments = ["--protocol=msgpack_experimental_v7", str(folder)]
            arguments += [f"127.0.0.1:{port or self.worker_port}", name, "secret"]
            if program == OUR_WORKER:
                create_worker(*arguments)
            else:
                subprocess.run([str(program), "create-worker", "-q", *arguments], check=True, stdout=subprocess.DEVNULL)
            if settings:
                with open(folder / "worker.toml", "a") as file:
                    file.write(settings)
        return folder

    def worker_folder(self, name: str = "w1") -> Path:
        """Where a worker has its files."""
        return self.worker_root / f"{self.basedir.name}-{name}"

    def wait_connected(self, name: str = "w1", connected: bool = True) -> None:
        """Wait until a worker is connected, or is not."""
        wait_for(lambda: bool(self.get(f"workers/{name}")["workers"][0]["connected_to"]) is connected, why=self.own_log)

    # -- REST -----------------------------------------------------------------------------------

    def get(self, path: str) -> Any:
        """A JSON document."""
        return json.loads(self.raw(path, Accept="application/json"))

    def raw(self, path: str, **headers: str) -> bytes:
        """The body at a path below ``/api/v2``."""
        request = urllib.request.Request(f"{self._url}/{path}", headers=headers)
        with urllib.request.urlopen(request, timeout=30) as answer:
            body: bytes = answer.read()
            return body

    def post(self, path: str, method: str, **params: object) -> Any:
        """The result of a control action."""
        body = json.dumps({"id": 1, "jsonrpc": "2.0", "method": method, "params": params}).encode()
        request = urllib.request.Request(f"{self._url}/{path}", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["result"]

    def force(self, builder: str) -> int:
        """Ask for a build; the request's id."""
        (found,) = self.get(f"builders?name={builder}")["builders"]
        (request,) = self.post("forceschedulers/force", "force", builderid=found["builderid"])[1].values()
        return int(request)

    def builds_of(self, request: int) -> list[dict[str, Any]]:
        """The builds of a request, oldest first."""
        builds: list[dict[str, Any]] = self.get(f"buildrequests/{request}/builds?order=buildid")["builds"]
        return builds

    def running_build(self, request: int) -> int:
        """Wait until a request has a build that runs; its id."""
        (build, *_) = wait_for(lambda: [b for b in self.builds_of(request) if not b["complete"]], why=self.own_log)
        return int(build["buildid"])

    def finished(self, request: int) -> dict[str, Any]:
        """Wait until a request is complete; its last build."""
        wait_for(lambda: self.get(f"buildrequests/{request}")["buildrequests"][0]["complete"], why=self.own_log)
        return self.builds_of(request)[-1]

    def steps(self, build: int) -> dict[str, dict[str, Any]]:
        """The steps of a build by name."""
        return {step["name"]: step for step in self.get(f"builds/{build}/steps")["steps"]}

    def log_id(self, build: int, step: str, name: str = "stdio") -> int:
        """The id of a log."""
        (log,) = self.get(f"builds/{build}/steps/{step}/logs/{name}")["logs"]
        return int(log["logid"])

    def stdout(self, build: int, step: str) -> bytes:
        """Exactly what a command wrote to its standard output."""
        return self.raw(f"logs/{self.log_id(build, step)}/raw?stream=o")

    def log_text(self, build: int, step: str, name: str = "stdio") -> str:
        """A log's text, all streams."""
        return self.raw(f"logs/{self.log_id(build, step, name)}/raw").decode(errors="replace")


@contextmanager
def running_master(basedir: Path, builders: str, db_url: str = "sqlite:///state.sqlite") -> Iterator[RunningMaster]:
    """A master that runs, and is stopped at the end with its workers."""
    master = RunningMaster(basedir, builders, db_url)
    try:
        master.start()
        yield master
    finally:
        master.stop()
