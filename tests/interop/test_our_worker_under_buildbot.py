"""Our worker under a real Buildbot master, over msgpack: nothing but its own protocol.

BUILDMILL_PEER names a virtual environment with Buildbot.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar

import pytest

T = TypeVar("T")

pytestmark = pytest.mark.slow

CONFIG = """
from buildbot.plugins import *
c = BuildmasterConfig = {{}}
c['workers'] = [worker.Worker("w1", "pass")]
c['protocols'] = {{'msgpack_experimental_v7': {{'port': {worker_port}}}}}
c['www'] = dict(port='tcp:{web_port}:interface=127.0.0.1', plugins={{}})
c['buildbotNetUsageData'] = None
c['db'] = {{'db_url': 'sqlite:///state.sqlite'}}

def builder(name, *steps):
    return util.BuilderConfig(name=name, workernames=["w1"], factory=util.BuildFactory(steps))

long_line = "import sys; sys.stdout.write(''.join('%08d' % i for i in range(125000)))"
c['builders'] = [
    builder("shell",
        steps.ShellCommand(command=["sh", "-c", "echo out; echo err >&2; printf partial; exit 0"]),
        steps.ShellCommand(command="exit 3", flunkOnFailure=False),
        steps.ShellCommand(command=["python3", "-c", long_line]),
        steps.ShellCommand(command="echo one > l; echo two >> l", logfiles={{"mylog": "l"}})),
    builder("transfer",
        steps.ShellCommand(command="mkdir -p d/e; head -c 700000 /dev/urandom > f; echo x > d/e/y"),
        steps.FileUpload(workersrc="f", masterdest="f.out"),
        steps.DirectoryUpload(workersrc="d", masterdest="d.out"),
        steps.DirectoryUpload(workersrc="d", masterdest="dgz.out", compress="gz"),
        steps.DirectoryUpload(workersrc="d", masterdest="dbz.out", compress="bz2"),
        steps.StringDownload("hello", workerdest="s", mode=0o600),
        steps.FileDownload(mastersrc="master.cfg", workerdest="m")),
    builder("files",
        steps.MakeDirectory(dir="build/d/e"),
        steps.CopyDirectory(src="build/d", dest="build/d2"),
        steps.FileExists(file="build/d2/e/../../../nothing", haltOnFailure=False, flunkOnFailure=False),
        steps.RemoveDirectory(dir="build/d")),
    builder("slow", steps.ShellCommand(command="echo begin; touch started; sleep 1000")),
    builder("timeout", steps.ShellCommand(command="echo begin; sleep 1000", timeout=1)),
]
c['schedulers'] = [schedulers.ForceScheduler(name="force", builderNames=[b.name for b in c['builders']])]
"""


def _free_port() -> int:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        port: int = listening.getsockname()[1]
        return port


def _wait_for(what: Callable[[], T], seconds: float = 60) -> T:
    end = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.05)
    return found


class Master:
    """A Buildbot master with our worker."""

    def __init__(self, basedir: Path, port: int) -> None:
        self.basedir = basedir
        self.worker_basedir = basedir.parent / "w1"
        self._url = f"http://127.0.0.1:{port}/api/v2"

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"{self._url}/{path}", timeout=10) as answer:
            return json.load(answer)

    def log(self, build: int, step: int, name: str = "stdio") -> str:
        url = f"{self._url}/builds/{build}/steps/{step}/logs/{name}/raw"
        with urllib.request.urlopen(url, timeout=10) as answer:
            text: str = answer.read().decode()
            return text

    def post(self, path: str, method: str, **params: object) -> Any:
        body = json.dumps({"id": 1, "jsonrpc": "2.0", "method": method, "params": params}).encode()
        request = urllib.request.Request(f"{self._url}/{path}", data=body, headers={"Content-Type": "application/json"})
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)["result"]

    def force(self, builder: str) -> int:
        """Start a build; its id."""
        (found,) = (b for b in self.get("builders")["builders"] if b["name"] == builder)
        requests = self.post("forceschedulers/force", "force", builderid=found["builderid"])[1]
        (request,) = requests.values()
        builds = _wait_for(lambda: self.get(f"builds?buildrequestid={request}")["builds"])
        build: int = builds[0]["buildid"]
        return build

    def finish(self, build: int) -> Any:
        """Wait for the end of a build; its document."""
        return _wait_for(lambda: next((b for b in self.get(f"builds/{build}")["builds"] if b["complete"]), None))

    def results(self, build: int) -> dict[str, int]:
        """Result codes by step, without the master's own first one."""
        steps = self.get(f"builds/{build}/steps")["steps"]
        return {step["name"]: step["results"] for step in steps if step["name"] != "worker_preparation"}


def _stop(process: subprocess.Popen[bytes]) -> int:
    process.send_signal(signal.SIGTERM)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


def _answers(master: Master) -> bool:
    try:
        master.get("workers")
    except OSError:
        return False
    return True


@pytest.fixture(scope="module")
def master(peer: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Master]:
    home = tmp_path_factory.mktemp("interop")
    ports = _free_port(), _free_port()
    subprocess.run([peer / "bin" / "buildbot", "create-master", "-q", home / "m"], check=True)
    (home / "m" / "master.cfg").write_text(CONFIG.format(worker_port=ports[0], web_port=ports[1]))
    ours = Path(sys.executable).parent / "buildmill-worker"
    subprocess.run(
        [ours, "create-worker", "-q", "--protocol=msgpack_experimental_v7", home / "w1", f"127.0.0.1:{ports[0]}",
         "w1", "pass"],
        check=True,
    )  # fmt: skip
    environ = {key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ}
    with open(home / "m.log", "wb") as master_log, open(home / "w.log", "wb") as worker_log:
        theirs = subprocess.Popen(
            [peer / "bin" / "buildbot", "start", "--nodaemon", "."],
            cwd=home / "m", env=environ, stdout=master_log, stderr=master_log,
        )  # fmt: skip
        found = Master(home / "m", ports[1])
        try:
            _wait_for(lambda: _answers(found))
            worker = subprocess.Popen(
                [ours, "start", "--nodaemon", "."],
                cwd=home / "w1", env=environ, stdout=worker_log, stderr=worker_log,
            )  # fmt: skip
            try:
                _wait_for(lambda: found.get("workers")["workers"][0]["connected_to"])
                yield found
            finally:
                code = _stop(worker)
        finally:
            _stop(theirs)
    assert code == 0
    assert b"critical" not in (home / "w.log").read_bytes()


def test_shell_build(master: Master) -> None:
    build = master.force("shell")

    assert master.finish(build)["results"] == 0
    assert master.results(build) == {"shell": 0, "shell_1": 2, "shell_2": 0, "shell_3": 0}
    text = master.log(build, 1)
    assert "\nout\n" in text
    assert "\nerr\n" in text
    assert "\npartial\nprogram finished with exit code 0\n" in text
    assert "program finished with exit code 3" in master.log(build, 2)
    assert "one\ntwo\n" in master.log(build, 4, "mylog")


def test_a_megabyte_without_newline_is_cut_and_complete(master: Master) -> None:
    build = master.force("shell")
    master.finish(build)

    text = master.log(build, 3)

    written = "".join(f"{number:08d}" for number in range(125_000))
    assert written in text.replace("\n", "")


def test_transfers(master: Master) -> None:
    build = master.force("transfer")

    assert master.finish(build)["results"] == 0, master.results(build)
    source = master.worker_basedir / "transfer" / "build"
    assert (master.basedir / "f.out").read_bytes() == (source / "f").read_bytes()
    for name in ("d.out", "dgz.out", "dbz.out"):
        assert (master.basedir / name / "e" / "y").read_text() == "x\n"
    # This master answers every read with null, so what it sends is always empty.
    assert (source / "s").read_bytes() == b""
    assert (source / "s").stat().st_mode & 0o777 == 0o600
    assert (source / "m").exists()


def test_directories(master: Master) -> None:
    build = master.force("files")

    assert master.finish(build)["results"] == 0
    assert master.results(build) == {"MakeDirectory": 0, "CopyDirectory": 0, "FileExists": 2, "RemoveDirectory": 0}
    assert (master.worker_basedir / "files" / "build" / "d2" / "e").is_dir()
    assert not (master.worker_basedir / "files" / "build" / "d").exists()


def test_interrupted_command(master: Master) -> None:
    build = master.force("slow")
    _wait_for((master.worker_basedir / "slow" / "build" / "started").exists)

    master.post(f"builds/{build}", "stop", reason="enough")

    assert master.finish(build)["results"] == 6
    text = master.log(build, 1)
    assert "\nbegin\n" in text
    assert "command interrupted, attempting to kill\nprocess killed by signal 9\n" in text


def test_timeout(master: Master) -> None:
    build = master.force("timeout")

    assert master.finish(build)["results"] == 2
    assert "command timed out: 1 seconds without output running" in master.log(build, 1)
