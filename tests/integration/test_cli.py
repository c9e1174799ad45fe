"""The program `buildmill` with real processes: masters are made, started, changed, signalled and stopped."""

from __future__ import annotations

import json
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.slow

DEADLINE_SECONDS = 90
BUILDMILL = Path(sys.executable).with_name("buildmill")

CONFIG = """\
from buildmill.plugins import schedulers, steps, util, worker
c = BuildmasterConfig = {{}}
c["title"] = "{title}"
c["db"] = {{"db_url": "sqlite:///state.sqlite"}}
c["www"] = {{"port": "tcp:{port}:interface=127.0.0.1"}}
c["workers"] = [worker.LocalWorker("local")]
factory = util.BuildFactory([steps.ShellCommand(command="{command}")])
c["builders"] = [util.BuilderConfig(name=n, workernames=["local"], factory=factory) for n in {builders}]
c["schedulers"] = [
    schedulers.ForceScheduler(name="force", builderNames={builders}),
    schedulers.SingleBranchScheduler(
        name="change", change_filter=util.ChangeFilter(branch="main"), builderNames={builders}),
]
"""


def wait_until(what: str, holds: Callable[[], Any]) -> Any:
    """Look again and again until it holds, at most until the deadline."""
    end = time.monotonic() + DEADLINE_SECONDS
    while not (found := holds()):
        assert time.monotonic() < end, f"waited in vain: {what}"
        time.sleep(0.05)
    return found


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def buildmill(*arguments: object, cwd: Path | None = None, code: int = 0, stdin: str = "") -> str:
    """Run a command to its end; its output and its errors."""
    done = subprocess.run(
        [BUILDMILL, *map(str, arguments)],
        cwd=cwd,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    assert done.returncode == code, f"{arguments} ended with {done.returncode}, not {code}:\n{done.stdout}"
    return done.stdout


class Home:
    """A master's directory, and what a test does with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.foreground: list[subprocess.Popen[Any]] = []

    def configure(self, **values: Any) -> None:
        """Write a configuration that works, but for what `values` say."""
        defaults = {"title": "test", "port": self.port, "command": "true", "builders": ["b1"]}
        (self.folder / "master.cfg").write_text(CONFIG.format(**{**defaults, **values}))

    def run(self, *arguments: str, until: str = "master is running") -> subprocess.Popen[str]:
        """Start a master in the foreground; return when it has logged that text."""
        command = [str(BUILDMILL), *arguments, str(self.folder)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        self.foreground.append(process)
        wait_until(until, lambda: until in self.log() or process.poll() is not None)
        return process

    def log(self) -> str:
        path = self.folder / "master.log"
        return path.read_text() if path.exists() else ""

    def pid(self) -> int | None:
        try:
            return int((self.folder / "master.pid").read_text())
        except (FileNotFoundError, ValueError):
            return None

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v2/{path}", timeout=DEADLINE_SECONDS) as answer:
            return next(value for key, value in json.load(answer).items() if key != "meta")

    def force(self, builder: str | None = None) -> int:
        """Ask for a build; returns the request's id."""
        params = {} if builder is None else {"builderNames": [builder]}
        body = {"jsonrpc": "2.0", "id": 1, "method": "force", "params": params}
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v2/forceschedulers/force",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=DEADLINE_SECONDS) as answer:
            (request_id,) = json.load(answer)["result"][1].values()
        return int(request_id)

    def rows(self, query: str) -> list[tuple[Any, ...]]:
        connection = sqlite3.connect(self.folder / "state.sqlite")
        try:
            return connection.execute(query).fetchall()
        finally:
            connection.close()

    def clean_up(self) -> None:
        """End what a failed test has left running."""
        for process in self.foreground:
            process.kill()
            process.communicate()
        if (pid := self.pid()) and Path(f"/proc/{pid}/cmdline").exists():
            os.kill(pid, signal.SIGKILL)


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """A master that was made and configured, and does not run yet."""
    home = Home(tmp_path / "m")
    buildmill("create-master", "-q", home.folder)
    home.configure()
    yield home
    home.clean_up()
    (home.folder / "go").touch()  # what holds outlives its master


def holding(home: Home) -> str:
    """A command that tells that it runs, and ends when a file appears."""
    return f"touch {home.folder}/runs; while [ ! -e {home.folder}/go ]; do sleep 0.05; done"


# -- making ---------------------------------------------------------------------------------------


def test_create_master_says_what_to_do_next_and_its_sample_is_good(tmp_path: Path) -> None:
    said = buildmill("create-master", "m", cwd=tmp_path)

    assert "cp m/master.cfg.sample m/master.cfg" in said
    (tmp_path / "m" / "master.cfg.sample").rename(tmp_path / "m" / "master.cfg")
    assert "good" in buildmill("checkconfig", "m", cwd=tmp_path)
    assert "up to date" in buildmill("upgrade-master", "m", cwd=tmp_path)
    assert "--force" in buildmill("create-master", "m", cwd=tmp_path, code=1)


def test_create_master_takes_a_relative_database_from_the_base_directory(tmp_path: Path) -> None:
    assert buildmill("create-master", "-q", "--db=sqlite:///sub.sqlite", "--config=c.py", "m", cwd=tmp_path) == ""

    assert (tmp_path / "m" / "sub.sqlite").exists()
    assert "expected sqlite: or postgresql:" in buildmill("create-master", "--db=oracle://h/d", tmp_path / "n", code=1)


def test_checkconfig_tells_every_mistake_with_its_line(home: Home) -> None:
    good = (home.folder / "master.cfg").read_text()
    (home.folder / "master.cfg").write_text(
        good
        + "c['colour'] = 1\nc['builders'].append(util.BuilderConfig(name='b2', workernames=['no'], factory=factory))\n"
    )
    line = len(good.splitlines())

    said = buildmill("checkconfig", home.folder, code=1)

    assert f"{home.folder}/master.cfg:{line + 1}: unknown key" in said
    assert f"{home.folder}/master.cfg:{line + 2}: builder 'b2' names workers that are not configured: 'no'" in said
    assert buildmill("checkconfig", "master.cfg", cwd=home.folder, code=1) == said


def test_checkconfig_shows_notices_and_calls_the_configuration_good(home: Home) -> None:
    text = (home.folder / "master.cfg").read_text().replace("from buildmill.plugins", "from buildbot.plugins")
    (home.folder / "master.cfg").write_text(text + "c['protocols'] = {'pb': {'port': 9989}}\n")

    said = buildmill("checkconfig", home.folder)

    assert f"{home.folder}/master.cfg:{len(text.splitlines()) + 1}: protocols: pb is not spoken here" in said
    assert "the configuration is good" in said
    assert buildmill("checkconfig", "-q", home.folder) == ""


def test_checkconfig_tells_what_is_weak_with_the_way_out(home: Home) -> None:
    text = (home.folder / "master.cfg").read_text()
    port = 'c["protocols"] = {"msgpack_experimental_v7": {"port": "tcp:0:interface=127.0.0.1"}}'
    (home.folder / "master.cfg").write_text(f'{text}\nc["workers"].append(worker.Worker("weak", "pass"))\n{port}\n')

    said = buildmill("checkconfig", "--security", home.folder, code=3)

    line = text.count("\n") + 2
    assert f"master.cfg:{line}: worker 'weak' has a password that is tried first (way out: a random one" in said
    assert "good" in buildmill("checkconfig", home.folder)


def test_steps_that_import_from_buildbot_run_and_notices_are_logged_at_start_and_reconfig(home: Home) -> None:
    home.configure()
    text = (home.folder / "master.cfg").read_text().replace("from buildmill.plugins", "from buildbot.plugins")
    (home.folder / "late.py").write_text(
        "from buildbot.process.buildstep import BuildStep\n"
        "class Late(BuildStep):\n"
        "    name = 'late'\n"
        "    async def run(self):\n"
        "        from buildbot.process.results import WARNINGS\n"
        "        return WARNINGS\n"
    )
    (home.folder / "master.cfg").write_text(
        text + "from late import Late\nfactory.addStep(Late())\nc['metrics'] = {'log_interval': 10}\n"
    )

    buildmill("start", home.folder)
    home.force()
    wait_until("the build has ended", lambda: any(build["complete"] for build in home.get("builds")))
    buildmill("reconfig", home.folder)
    buildmill("stop", home.folder)

    ((result,),) = home.rows("SELECT results FROM steps WHERE name = 'late'")
    assert result == 1
    assert home.log().count("metrics: there are no such metrics here; the key has no effect") == 2


# -- a master's life ----------------------------------------------------------------------------------


def test_a_master_is_started_reconfigured_restarted_and_stopped(home: Home) -> None:
    said = buildmill("start", home.folder)

    first = home.pid()
    assert f"pid {first}: http://127.0.0.1:{home.port}/" in said
    assert [b["name"] for b in home.get("builders")] == ["b1"]
    assert f"already, pid {first}" in buildmill("start", home.folder, code=1)
    assert "stop it first" in buildmill("upgrade-master", home.folder, code=1)
    for command in (["cleanupdb"], ["copy-db", "sqlite:///copy.sqlite"]):
        assert "stop it first" in buildmill(*command, home.folder, code=1)

    home.configure(builders=["b1", "b2"])
    assert "in force" in buildmill("reconfig", home.folder)
    assert {b["name"] for b in home.get("builders")} == {"b1", "b2"}

    home.configure(builders=["b3"], title='" + missing + "')
    said = buildmill("reconfig", home.folder, code=1)
    assert "the old one stays in force" in said
    assert f"{home.folder}/master.cfg:3: NameError" in said
    assert {b["name"] for b in home.get("builders")} == {"b1", "b2"}
    assert "NameError" in buildmill("restart", home.folder, code=1)
    assert home.pid() == first

    home.configure()
    buildmill("restart", "-q", home.folder)
    second = home.pid()
    assert second != first
    assert home.get("masters")[0]["active"] is True

    assert f"pid {second}, has stopped" in buildmill("stop", home.folder)
    assert home.pid() is None
    assert "no master runs" in buildmill("stop", home.folder)
    assert "no master runs" in buildmill("reconfig", home.folder, code=1)
    assert "rows copied to" in buildmill("copy-db", "sqlite:///copy.sqlite", home.folder)
    assert "has rows already" in buildmill("copy-db", "sqlite:///copy.sqlite", home.folder, code=1)
    assert json.loads(buildmill("cleanupdb", "--json", home.folder))["bytes_after"] > 0


def test_a_plan_shows_what_would_change_and_for_which_work(home: Home) -> None:
    home.configure(command=holding(home), builders=["b1", "gone"])
    before = json.loads(buildmill("reconfig", "--plan", "--json", home.folder))
    buildmill("start", "-q", home.folder)
    assert "nothing would change" in buildmill("reconfig", "--plan", "--exit-code", home.folder)
    home.force("gone")
    wait_until("the build runs", (home.folder / "runs").exists)
    home.force("gone")

    home.configure(command="false", builders=["b1", "b2"])
    said = buildmill("reconfig", "--plan", "--exit-code", home.folder, code=3)
    plan = json.loads(buildmill("reconfig", "--plan", "--json", home.folder))
    names = {b["name"] for b in home.get("builders") if b["masterids"]}
    done = buildmill("reconfig", home.folder)

    assert before["changes"]["builders"]["added"] == ["b1", "gone"]
    assert said.splitlines() == [
        "builders added: b2",
        "builders changed: b1",
        "builders removed: gone",
        "schedulers changed: force, change",
        "builder gone: 1 waiting request: each stays, and waits until the builder is there again",
        "builder gone: 1 running build: each goes on to its end",
    ]
    assert plan["changes"]["builders"] == {"added": ["b2"], "changed": ["b1"], "removed": ["gone"]}
    assert plan["builders"] == {"gone": {"running_builds": 1, "waiting_requests": 1}}
    assert names == {"b1", "gone"}
    assert done.splitlines() == [*said.splitlines()[:4], "the new configuration is in force"]

    (home.folder / "go").touch()
    wait_until("it has ended", lambda: home.get("builds")[0]["complete"])
    assert home.get("builds")[0]["results"] == 0
    assert [r["claimed"] for r in home.get("buildrequests")] == [True, False]
    buildmill("stop", "-q", home.folder)


def test_a_configuration_that_cannot_be_put_in_force_changes_nothing(home: Home) -> None:
    buildmill("start", "-q", home.folder)
    first = home.port

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        home.port = taken.getsockname()[1]
        home.configure(builders=["b1", "b2"])
        refusals = [buildmill("reconfig", home.folder, code=1)]
    home.port = first
    text = (home.folder / "master.cfg").read_text()
    for addition in (
        "import os; os._exit(0)",
        "import ctypes; ctypes.string_at(0)",
        "c['db_url'] = 'sqlite:///o.sqlite'",
    ):
        (home.folder / "master.cfg").write_text(f"{text}del c['db']\n{addition}\n")
        refusals.append(buildmill("reconfig", home.folder, code=1))

    for said, reason in zip(
        refusals,
        ("nobody can be served", "ended with code 0", "SIGSEGV", "db_url cannot change while the master runs"),
        strict=True,
    ):
        assert reason in said
        assert "the old one stays in force" in said
    assert "db_url" in buildmill("reconfig", "--plan", home.folder, code=1)
    assert [b["name"] for b in home.get("builders")] == ["b1"]
    buildmill("stop", "-q", home.folder)


def test_a_configuration_that_hangs_is_refused_and_told_as_json(home: Home) -> None:
    settings = home.folder / "buildmill.toml"
    settings.write_text(settings.read_text().replace("check_seconds = 60", "check_seconds = 1"))
    (home.folder / "master.cfg").write_text("import time\ntime.sleep(100)\n")

    report = json.loads(buildmill("checkconfig", "--json", home.folder, code=1))

    (problem,) = report["problems"]
    assert report["ok"] is False
    assert "not read within 1 seconds" in problem["message"]
    assert problem["file"] == str(home.folder / "master.cfg")
    assert "not read within" in buildmill("start", home.folder, code=1)


def test_a_master_can_be_watched(home: Home) -> None:
    home.configure(command="echo one; echo two")
    assert f"http://127.0.0.1:{home.port}/" in buildmill("start", "--json-logs", home.folder)

    def get(path: str, **headers: str) -> Any:
        request = urllib.request.Request(f"http://127.0.0.1:{home.port}/{path}", headers=headers)
        return urllib.request.urlopen(request, timeout=DEADLINE_SECONDS)

    assert json.load(get("health/ready"))["status"] == "ready"
    with get("sse/listen/builds/*/finished") as stream:
        assert stream.readline() == b"event: handshake\n"
        home.force()
        lines = iter(stream.readline, b"")
        assert next(line for line in lines if line == b"event: event\n")
        told = json.loads(next(lines).removeprefix(b"data: "))
    assert told["message"]["results"] == 0
    metrics = get("metrics").read().decode()
    assert "buildmill_queue_seconds_count 1.0\n" in metrics
    assert 'buildmill_build_seconds_count{result="success"} 1.0\n' in metrics
    assert "process_resident_memory_bytes" in metrics
    log = next(log for log in home.get("steps/2/logs") if log["slug"] == "stdio")["logid"]
    whole = get(f"api/v2/logs/{log}/raw").read()
    assert b"one\ntwo\n" in whole
    assert get(f"api/v2/logs/{log}/raw?follow=1").read() == whole
    with get(f"api/v2/logs/{log}/raw", Range="bytes=3-9") as part:
        assert (part.status, part.read()) == (206, whole[3:10])
    (hit,) = json.load(get(f"api/v2/logs/{log}/search?q=%5Etwo&regex=1"))["loghits"]
    assert (hit["text"], hit["stream"]) == ("two", "o")
    assert b">success</text>" in get("badges/b1.svg").read()

    home.configure(title='" + missing + "')
    assert f"{home.folder}/master.cfg:3: NameError" in buildmill("reconfig", home.folder, code=1)
    buildmill("stop", home.folder)
    entries = [json.loads(line) for line in home.log().splitlines()]
    assert "master is running" in [entry["text"] for entry in entries]


def test_a_killed_master_can_be_started_again(home: Home) -> None:
    buildmill("start", "-q", home.folder)
    pid = home.pid()
    assert pid is not None
    os.kill(pid, signal.SIGKILL)
    wait_until("it is dead", lambda: not Path(f"/proc/{pid}/fd").exists() or not os.path.exists(f"/proc/{pid}/exe"))

    buildmill("start", "-q", home.folder)

    assert home.pid() not in (None, pid)
    buildmill("stop", "-q", home.folder)


def test_what_keeps_a_master_from_starting_is_told(home: Home) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", home.port))
        taken.listen()
        for arguments in ([], ["--nodaemon"]):
            said = buildmill("start", *arguments, home.folder, code=1)
            assert f"nobody can be served at tcp:{home.port}:interface=127.0.0.1" in said
            assert "Traceback" not in said
    home.configure(title='" + missing + "')
    for arguments in ([], ["--nodaemon"]):
        assert f"{home.folder}/master.cfg:3: NameError" in buildmill("start", *arguments, home.folder, code=1)
    home.configure()
    (home.folder / "state.sqlite").unlink()
    for arguments in ([], ["--nodaemon"]):
        assert "upgrade-master" in buildmill("start", *arguments, home.folder, code=1)
    assert "create-master" in buildmill("start", home.folder.parent, code=1)

    buildmill("upgrade-master", "-q", home.folder)
    buildmill("start", "-q", home.folder)
    buildmill("stop", "-q", home.folder)


# -- signals ----------------------------------------------------------------------------------------------


def test_run_shows_the_log_takes_hangup_as_reconfig_and_stops_at_an_interrupt(home: Home) -> None:
    process = home.run("run")

    home.configure(builders=["b1", "b2"])
    process.send_signal(signal.SIGHUP)
    wait_until("the second configuration is in force", lambda: home.log().count("configuration in force") == 2)
    process.send_signal(signal.SIGINT)
    output, _ = process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 0
    assert output.splitlines() == home.log().splitlines()
    assert home.pid() is None
    assert home.rows("SELECT active FROM masters") == [(0,)]


def test_a_hangup_while_the_master_starts_is_taken_when_it_has_started(home: Home) -> None:
    process = home.run("run", until="starting in")

    process.send_signal(signal.SIGHUP)
    wait_until("the configuration is read again", lambda: home.log().count("configuration in force") == 2)
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_SECONDS)

    log = home.log()
    assert log.index("when the master has started") < log.index("master is running")
    assert log.index("master is running") < log.index("reading the configuration again")


def test_a_clean_stop_lets_the_running_build_end(home: Home) -> None:
    home.configure(command=holding(home))
    buildmill("start", "-q", home.folder)
    pid = home.pid()
    home.force()
    wait_until("the build runs", (home.folder / "runs").exists)

    assert "was told to stop" in buildmill("stop", "--clean", "--no-wait", home.folder)
    wait_until("it has heard", lambda: "running builds have ended" in home.log())
    assert home.pid() == pid
    (home.folder / "go").touch()
    wait_until("it has ended", lambda: home.pid() is None)

    assert home.rows("SELECT results FROM builds") == [(0,)]


def test_a_running_build_goes_on_while_the_master_is_reconfigured(home: Home) -> None:
    home.configure(command=holding(home))
    buildmill("start", "-q", home.folder)
    home.force()
    wait_until("the build runs", (home.folder / "runs").exists)

    home.configure(builders=["b1", "b2"], command="false")
    buildmill("reconfig", "-q", home.folder)
    (home.folder / "go").touch()
    wait_until("it has ended", lambda: home.get("builds")[0]["complete"])
    buildmill("stop", "-q", home.folder)

    assert home.rows("SELECT results FROM builds") == [(0,)]


def test_a_stop_leaves_the_running_build_which_the_next_start_goes_on_with(home: Home) -> None:
    home.configure(command=holding(home))
    buildmill("start", "-q", home.folder)
    home.force()
    wait_until("the build runs", (home.folder / "runs").exists)
    buildmill("stop", "-q", home.folder)
    (home.folder / "go").touch()

    buildmill("start", "-q", home.folder)
    wait_until("it has ended", lambda: [b["results"] for b in home.get("builds?order=buildid")] == [0])
    checked = buildmill("check", home.folder)
    buildmill("stop", "-q", home.folder)

    assert home.rows("SELECT results FROM builds ORDER BY id") == [(0,)]
    assert "are sound" in checked


def test_an_interrupt_ends_the_waiting_of_a_clean_stop(home: Home) -> None:
    home.configure(command=holding(home))
    process = home.run("run")
    home.force()
    wait_until("the build runs", (home.folder / "runs").exists)

    process.send_signal(signal.SIGUSR1)
    wait_until("it has heard", lambda: "running builds have ended" in home.log())
    process.send_signal(signal.SIGINT)
    process.communicate(timeout=DEADLINE_SECONDS)

    assert process.returncode == 130
    assert home.pid() is None
    assert "not waiting any longer" in home.log()


def test_a_stop_during_the_start_is_obeyed(home: Home) -> None:
    process = subprocess.Popen([BUILDMILL, "start", "--nodaemon", home.folder], stdout=subprocess.DEVNULL)
    home.foreground.append(process)
    wait_until("it has begun", lambda: "starting in" in home.log())
    process.send_signal(signal.SIGTERM)

    assert process.wait(DEADLINE_SECONDS) == 0
    assert home.pid() is None


# -- changes -------------------------------------------------------------------------------------------------


def test_a_change_that_is_sent_is_kept_and_built(home: Home, tmp_path: Path) -> None:
    buildmill("start", "-q", home.folder)
    master = f"--master=127.0.0.1:{home.port}"
    (tmp_path / "revision").write_text("abc123\n")

    said = buildmill(
        *("sendchange", master, "--who=Ann <a@example.org>", "--branch=main", "--repository=https://r", "--vc=git"),
        *("--project=p", "--category=k", "--codebase=", f"--revision_file={tmp_path / 'revision'}", "--logfile=-"),
        *("--property=a:b:c", "--when=1700000000", "--revlink=https://l", "src/é.c", "README"),
        stdin="why\nand how",
    )

    assert said == "change 1 sent\n"
    (change,) = home.get("changes")
    expected = {
        "author": "Ann <a@example.org>", "branch": "main", "repository": "https://r", "project": "p", "category": "k",
        "revision": "abc123", "comments": "why\nand how", "files": ["src/é.c", "README"], "when_timestamp": 1700000000,
        "revlink": "https://l", "codebase": "", "properties": {"a": ["b:c", "Change"]},
    }  # fmt: skip
    assert {name: change[name] for name in expected} == expected
    wait_until("it is built", lambda: [b["results"] for b in home.get("builds")] == [0])

    assert "author" in buildmill("sendchange", master, "--who=", code=1)
    assert "NAME:VALUE" in buildmill("sendchange", master, "--who=a", "--property=x", code=2)
    buildmill("stop", "-q", home.folder)
    assert "gives no answer" in buildmill("sendchange", master, "--who=a", code=1)


def test_explain_says_why_a_request_waits_and_its_code_whether_it_does(home: Home) -> None:
    home.configure(command=holding(home))
    home.run("run", "-q")
    wait_until("the worker is there", lambda: home.get("workers")[0]["connected_to"])
    running = home.force()
    wait_until("the build runs", (home.folder / "runs").exists)
    waiting = home.force()
    master = f"--master=127.0.0.1:{home.port}"

    assert "worker_busy  worker local is busy with build 1" in buildmill("explain", waiting, master)
    (reason,) = json.loads(buildmill("explain", "--json", waiting, master))
    assert (reason["code"], reason["buildid"], reason["worker"]) == ("worker_busy", 1, "local")
    assert "worker_busy" in buildmill("explain", "--builder", 1, master)
    assert "running  build 1 of it runs on worker local" in buildmill("explain", running, master, code=3)
    assert "no build request 99" in buildmill("explain", 99, master, code=1)
    buildmill("explain", "x", master, code=2)
    (home.folder / "go").touch()
    wait_until("both are built", lambda: [b["results"] for b in home.get("builds")] == [0, 0])

    assert "complete" in buildmill("explain", waiting, master, code=3)
    assert json.loads(buildmill("explain", "--json", "-b", 1, master, code=3))[0]["code"] == "idle"
    buildmill("stop", "-q", home.folder)
    assert "gives no answer" in buildmill("explain", waiting, master, code=1)


# -- the demonstration ------------------------------------------------------------------------------------------


def workers_below(folder: Path) -> list[int]:
    """Processes whose command line names this directory."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            if str(folder).encode() in (process / "cmdline").read_bytes():
                found.append(int(process.name))
        except OSError:
            continue
    return found


def test_the_demonstration_builds_and_leaves_nothing_running(tmp_path: Path) -> None:
    folder = tmp_path / "demo"
    for number in (1, 2):  # the second uses the directory of the first
        said = buildmill("demo", "--dir", folder, "--port", free_port(), "--sample", "--exit")

        assert f"build {number}: build successful [success]" in said
        assert "[success] git" in said
        assert "[success] test" in said
        assert "/api/v2/builds" in said
    assert workers_below(folder) == []


def test_a_failed_demonstration_ends_with_code_1(tmp_path: Path) -> None:
    missing = tmp_path / "missing"
    said = buildmill(
        "demo", "--dir", tmp_path / "d", "--port", free_port(), "--repository", f"file://{missing}", "--exit", code=1
    )

    assert "[failure] git" in said
    assert workers_below(tmp_path / "d") == []


def test_the_demonstration_takes_the_next_port_serves_and_stops_at_an_interrupt(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        command = [str(BUILDMILL), "demo", "--dir", str(tmp_path / "d"), "--port", str(port), "--sample"]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        lines = []
        for line in process.stdout:
            lines.append(line)
            if "Control-C" in line:
                break
    try:
        (url,) = [line.split()[-1] for line in lines if line.startswith("all builds:")]
        assert f":{port}/" not in url
        with urllib.request.urlopen(url, timeout=DEADLINE_SECONDS) as answer:
            assert b'"results": 0' in answer.read()
        process.send_signal(signal.SIGINT)
        assert process.wait(DEADLINE_SECONDS) == 0
        assert workers_below(tmp_path / "d") == []
    finally:
        process.kill()
        process.communicate()


# -- help -----------------------------------------------------------------------------------------------------------


def test_help_names_every_command_without_loading_a_master() -> None:
    code = "import sys; from buildmill.master.cli.main import main; main(['--help'], standalone_mode=False)\n"
    code += "print(sorted(m for m in ('twisted', 'sqlalchemy', 'rich', 'alembic', 'msgspec') if m in sys.modules))"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout

    for name in (
        "create-master",
        "upgrade-master",
        "checkconfig",
        "start",
        "stop",
        "restart",
        "reconfig",
        "run",
        "check",
        "demo",
    ):
        assert f"\n  {name} " in said
    assert said.endswith("[]\n")


def test_a_master_loads_only_what_every_configuration_needs() -> None:
    seldom = ["alembic", "authlib", "jinja2", "joserfc", "ldap3", "pathspec", "prometheus_client", "psycopg", "rich"]
    seldom += ["xxhash", "yaml", "buildmill.master.steps.git"]
    code = "import sys; import buildmill.master.app, buildmill.master.config.loader\n"
    code += "print(sorted(set(sys.argv[1:]) & set(sys.modules)), 'sqlalchemy' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code, *seldom], capture_output=True, text=True, check=True).stdout

    assert said == "[] True\n"
