"""Many builds on several workers while processes are killed and links are cut at random; then everything is counted.

    python -m tests.faults.chaos --builds 200 --kills 50 --cuts 50 --kill master --database sqlite --seed 4

Every command writes what it says to a file of its own, too: its log must be equal. Every command notes that it was
spawned: once. `--kill` says what is killed: master, worker (its daemon), or shepherd; only the last costs a retry.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import random
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click
from rich.progress import Progress

from tests import postgres
from tests.faults.proxy import Proxy
from tests.programs import RunningMaster, running_master, wait_for

WORKERS = ("w1", "w2", "w3", "w4")
CONFIG = """
WORKERS = {workers!r}
SCRIPT = '''echo "$BUILDMILL_CMD_UID $$" >> {witness}/spawned
out={witness}/$BUILDMILL_CMD_UID.out
i=0; while [ $i -lt {lines} ]; do i=$((i+1)); line="$BUILDMILL_CMD_UID says $i"; echo "$line" >> $out; echo "$line"
sleep 0.0$((i % 9)); done; printf "and no newline" | tee -a $out; exit $1'''
def work(name, code=0):
    return steps.ShellCommand(name=name, command=["sh", "-c", SCRIPT, name, str(code)], haltOnFailure=True)
def recipe(code):
    return [work("configure"), steps.SetProperty(property="made", value="yes"), work("compile"),
            steps.MakeDirectory(dir="build/out"), work("test", code)]
c["workers"] = [worker.Worker(name, "secret", max_builds=3) for name in WORKERS]
c["builders"] = [builder("good", *recipe(0), workernames=WORKERS), builder("bad", *recipe(1), workernames=WORKERS)]
"""


@dataclass
class Report:
    """What was seen."""

    kills: int = 0
    cuts: int = 0
    resumed: list[float] = field(default_factory=list)
    retries: int = 0
    builds: int = 0
    commands: int = 0
    problems: list[str] = field(default_factory=list)

    def text(self) -> str:
        times = "no restart"
        if self.resumed:
            times = f"{statistics.median(self.resumed):.1f} s in the median, {max(self.resumed):.1f} s at worst"
        lines = [
            f"{self.builds} builds, {self.commands} commands, {self.kills} kills, {self.cuts} cuts",
            f"{self.retries} recorded retries",
            f"work went on after {times}",
            *self.problems[:50],
            "all is well" if not self.problems else f"{len(self.problems)} problems",
        ]
        return "\n".join(lines)


class Chaos:
    """One run.

    Args:
        proxies: the link of each worker.
    """

    def __init__(
        self, master: RunningMaster, proxies: dict[str, Proxy], witness: Path, rng: random.Random, kill: str
    ) -> None:
        self.master = master
        self.proxies = proxies
        self.witness = witness
        self.rng = rng
        self.kill = kill
        self.report = Report()
        self.daemons: dict[str, subprocess.Popen[bytes]] = {}
        self.killed: dict[int, int] = {}

    def start_worker(self, name: str) -> None:
        """Start a worker's daemon."""
        self.daemons[name] = self.master.start_worker(name, port=self.proxies[name].port)

    def disturb(self) -> None:
        """Kill something."""
        began = time.monotonic()
        if self.kill == "master":
            self.master.kill()
            self.master.start()
            wait_for(self._anybody_connected, why=self.master.own_log)
            self.report.resumed.append(time.monotonic() - began)
        elif self.kill == "worker":
            name = self.rng.choice(WORKERS)
            self.daemons[name].kill()
            self.daemons[name].wait()
            self.start_worker(name)
            self.report.resumed.append(time.monotonic() - began)
        elif not self._kill_shepherd():
            return
        self.report.kills += 1

    def _anybody_connected(self) -> bool:
        return any(worker["connected_to"] for worker in self.master.get("workers")["workers"])

    def _kill_shepherd(self) -> bool:
        """kill -9 of the process that looks after a running command; of one request at most twice."""
        spawned = [line.split() for line in (self.witness / "spawned").read_text().splitlines()]
        alive = [(uid, int(pid)) for uid, pid in spawned if _is_command(int(pid), uid)]
        self.rng.shuffle(alive)
        for uid, pid in alive:
            request = self.master.get(f"builds/{uid.split('.')[0]}")["builds"][0]["buildrequestid"]
            if self.killed.get(request, 0) >= 2:
                continue
            if (parent := _parent_of(pid)) > 1:
                os.kill(parent, signal.SIGKILL)
                self.killed[request] = self.killed.get(request, 0) + 1
                return True
        return False

    # -- counting --------------------------------------------------------------------------

    def count(self, requests: dict[int, int]) -> Report:
        """Compare what the master shows with what the commands say they did."""
        report = self.report
        spawned = [line.split()[0] for line in (self.witness / "spawned").read_text().splitlines()]
        report.commands = len(spawned)
        report.problems += [
            f"spawned {spawned.count(uid)} times: {uid}" for uid in set(spawned) if spawned.count(uid) > 1
        ]
        for request, expected in requests.items():
            builds = self.master.builds_of(request)
            report.builds += len(builds)
            report.retries += sum(build["results"] == 5 for build in builds)
            report.problems += [
                f"request {request}: build {build['buildid']} has result {build['results']}: {build['state_string']}"
                for build in builds
                if build["results"] != (expected if build is builds[-1] else 5)
            ]
            self._compare_logs(builds[-1])
        return report

    def _compare_logs(self, build: dict[str, Any]) -> None:
        uids = {}
        for path in self.witness.glob(f"{build['buildid']}.*.out"):
            uids[path.name] = path.read_bytes()
        logs = {}
        for step in ("configure", "compile", "test"):
            logs[step] = self.master.stdout(build["buildid"], step)
        hashes = sorted(hashlib.sha256(data).hexdigest() for data in logs.values())
        if hashes != sorted(hashlib.sha256(data).hexdigest() for data in uids.values()):
            told = {name: len(data) for name, data in logs.items()}
            written = {name: len(data) for name, data in uids.items()}
            self.report.problems.append(f"build {build['buildid']}: logs differ: {told} told, {written} written")


def _parent_of(pid: int) -> int:
    """Its parent's number; 0 when it has ended meanwhile."""
    try:
        return int(Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[1])
    except OSError:
        return 0


def _is_command(pid: int, uid: str) -> bool:
    try:
        environ = Path(f"/proc/{pid}/environ").read_bytes()
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except OSError:
        return False
    return f"BUILDMILL_CMD_UID={uid}".encode() in environ.split(b"\0") and state not in "ZX"


def run(
    folder: Path,
    *,
    builds: int,
    kills: int,
    cuts: int,
    kill: str,
    seed: int,
    lines: int,
    db_url: str,
    pause: float = 3.0,
    progress: Progress | None = None,
) -> Report:
    """Do it all.

    Args:
        folder: empty; everything is below it.
        lines: that each command writes, 25 or so in a second.
        pause: seconds between two disturbances, on average.
    """
    rng = random.Random(seed)
    witness = folder / "witness"
    witness.mkdir()
    (witness / "spawned").touch()
    config = CONFIG.format(workers=list(WORKERS), witness=witness, lines=lines)
    with ExitStack() as stack:
        master = stack.enter_context(running_master(folder / "master", config, db_url))
        proxies = {name: stack.enter_context(Proxy(master.worker_port)) for name in WORKERS}
        chaos = Chaos(master, proxies, witness, rng, kill)
        for name in WORKERS:
            chaos.start_worker(name)
        requests = {}
        for number in range(builds):
            is_bad = number % 5 == 4
            requests[master.force("bad" if is_bad else "good")] = 2 if is_bad else 0
        bar = progress.add_task("builds", total=builds) if progress is not None else None
        done: set[int] = set()
        next_kill = time.monotonic() + rng.uniform(0, pause)
        next_cut = time.monotonic() + rng.uniform(0, pause)
        while len(done) < len(requests):
            now = time.monotonic()
            if now >= next_kill and chaos.report.kills < kills:
                chaos.disturb()
                next_kill = time.monotonic() + rng.uniform(0.3, 2 * pause)
            if now >= next_cut and chaos.report.cuts < cuts:
                proxies[rng.choice(WORKERS)].cut()
                chaos.report.cuts += 1
                next_cut = time.monotonic() + rng.uniform(0.3, 2 * pause)
            found = master.get("buildrequests?complete=true")["buildrequests"]
            done = {row["buildrequestid"] for row in found} & set(requests)
            if progress is not None and bar is not None:
                progress.update(bar, completed=len(done))
            time.sleep(0.2)
        return chaos.count(requests)


def _programs() -> Path:
    found = postgres.find_programs()
    if found is None:
        raise SystemExit("PostgreSQL is not installed here")
    return found


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.chaos", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--builds", type=int, default=200)
    parser.add_argument("--kills", type=int, default=50)
    parser.add_argument("--cuts", type=int, default=50)
    parser.add_argument("--kill", choices=["master", "worker", "shepherd"], default="master")
    parser.add_argument("--database", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--lines", type=int, default=60)
    parser.add_argument("--pause", type=float, default=3.0)
    parser.add_argument("--keep", action="store_true", help="leave the folder as it is")
    given = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="chaos-"))
    with ExitStack() as stack:
        db_url = "sqlite:///state.sqlite"
        if given.database == "postgresql":
            cluster = stack.enter_context(postgres.running_cluster(_programs()))
            db_url = cluster.url(cluster.create_database())
        progress = stack.enter_context(Progress(disable=not sys.stderr.isatty()))
        report = run(
            folder,
            builds=given.builds,
            kills=given.kills,
            cuts=given.cuts,
            kill=given.kill,
            seed=given.seed,
            lines=given.lines,
            pause=given.pause,
            db_url=db_url,
            progress=progress,
        )
    click.echo(report.text())
    if given.kill == "shepherd":
        if report.retries != report.kills:
            report.problems.append("not one retry for each killed shepherd")
    elif report.retries:
        report.problems.append("there must be no retry")
    if not given.keep and not report.problems:
        shutil.rmtree(folder)
    else:
        click.echo(str(folder))
    return bool(report.problems)


if __name__ == "__main__":
    sys.exit(main())
