"""The pages from a process of their own: real processes, which are killed in the middle of a build."""

from __future__ import annotations

import json
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildmill.master.cli.basedir import WEB_PID_FILE
from buildmill.master.cli.pid_file import running_pid
from tests.event_socket import EventSocket
from tests.programs import BIN, RunningMaster, free_port, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """\
c["builders"] = [builder("b", steps.ShellCommand(command=
    ["sh", "-c", "i=0; while [ ! -e {go} ]; do i=$((i+1)); echo line $i; sleep 0.1; done"]))]
c["www"].update({{"process": "own", "operations_port": "tcp:{operations}:interface=127.0.0.1", {www}}})
"""


class SplitMaster(RunningMaster):
    """A master in two processes."""

    def __init__(self, basedir: Path, db_url: str) -> None:
        self.go = basedir.parent / "go"
        self.operations_port = free_port()
        self.web: subprocess.Popen[bytes] | None = None
        self.is_sqlite = db_url.startswith("sqlite")
        super().__init__(basedir, self.builders(), db_url)

    def builders(self, www: str = "") -> str:
        return BUILDERS.format(go=self.go, operations=self.operations_port, www=www)

    def spawn_engine(self) -> None:
        self.process = self._spawn("start", "--nodaemon", ".")

    def spawn_web(self) -> None:
        self.web = self._spawn("web", "run", "-q", ".")

    def wait_until_both_serve(self) -> None:
        wait_for(lambda: self.ready(self.operations_port)[0] == 200, why=self.own_log)
        wait_for(lambda: self.ready(self.http_port)[1].get("engine") == {"ok": True}, why=self.own_log)

    def _spawn(self, *arguments: str) -> subprocess.Popen[bytes]:
        with open(self.basedir / "stdout.log", "ab") as out:
            return subprocess.Popen([BIN / "buildmill", *arguments], cwd=self.basedir, stdout=out, stderr=out)

    def kill_web(self) -> None:
        assert self.web is not None
        self.web.kill()
        self.web.wait()

    def reconfigure_engine(self) -> None:
        """Tell only the engine that the configuration is another one; wait until it is in force for the pages."""
        assert self.process is not None
        self.configure(self.builders('"public_read": False'))
        self.process.send_signal(signal.SIGHUP)
        wait_for(lambda: _status(f"{self._url}/builders") == 403, why=self.own_log)

    def ready(self, port: int) -> tuple[int, dict[str, Any]]:
        """What ``/health/ready`` says at a port; status 0 while nobody answers."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/health/ready", timeout=30) as answer:
                return answer.status, json.load(answer)["checks"]
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)["checks"]
        except OSError:
            return 0, {}

    def own_log(self) -> str:
        web = self.basedir / "web.log"
        return super().own_log() + (web.read_text(errors="replace")[-4000:] if web.exists() else "")

    def stop(self) -> None:
        if self.web is not None and self.web.poll() is None:
            self.web.terminate()
            self.web.wait(30)
        super().stop()


@pytest.fixture
def master(tmp_path: Path, database_url: str) -> Iterator[SplitMaster]:
    master = SplitMaster(tmp_path / "master", database_url)
    yield master
    master.stop()


def test_either_process_is_killed_in_a_build_and_a_client_misses_nothing(master: SplitMaster) -> None:
    # the web process may be the first: it waits for an engine
    master.spawn_web()
    master.spawn_engine()
    master.wait_until_both_serve()
    master.start_worker()
    paths = ["builds/*/*", "logs/*/*", "buildrequests/*/*"]
    client = EventSocket(master.http_port, paths)

    request = master.force("b")
    build = master.running_build(request)
    wait_for(lambda: any(key.endswith("/append") for key in client.keys(0.05)))

    # kill -9 the web process, and the engine while the other one starts again: the build does not notice
    master.kill_web()
    client.read(5)
    assert not client.is_open
    master.spawn_web()
    master.kill()
    master.spawn_engine()
    master.wait_until_both_serve()
    # the client goes on where it was
    second = EventSocket(master.http_port, paths, client.position)
    master.go.touch()
    assert master.finished(request)["results"] == 0
    wait_for(lambda: f"builds/{build}/finished" in second.keys(0.05))

    events = client.events + second.events
    numbers = [int(id_.partition("-")[2]) for id_, _, _ in events]
    assert len({id_.partition("-")[0] for id_, _, _ in events}) == 1
    assert numbers == sorted(numbers)
    keys = [key for _, key, _ in events]
    for once in (f"builds/{build}/new", f"builds/{build}/finished", f"buildrequests/{request}/complete"):
        assert keys.count(once) == 1
    # nothing that was told about logs is out of order, over both deaths
    lines = [message["num_lines"] for _, key, message in events if key.startswith("logs/")]
    assert lines == sorted(lines)
    (step,) = [step for step in master.steps(build).values() if step["name"] == "shell"]
    text = master.stdout(build, "shell").decode().splitlines()
    assert text == [f"line {number}" for number in range(1, len(text) + 1)], step
    client.close()
    second.close()

    if master.is_sqlite:  # the same on both, and costs the most
        master.reconfigure_engine()
    # each has a file of its own that says who it is
    assert _status(f"http://127.0.0.1:{master.operations_port}/api/v2/builders") == 404
    assert _status(f"http://127.0.0.1:{master.operations_port}/health/live") == 200
    assert master.process is not None
    assert master.web is not None
    assert running_pid(master.basedir) == master.process.pid
    assert running_pid(master.basedir, WEB_PID_FILE) == master.web.pid
    master.web.terminate()
    assert master.web.wait(30) == 0
    assert running_pid(master.basedir, WEB_PID_FILE) is None


def _status(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as refused:
        return refused.code
