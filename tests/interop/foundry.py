"""A running master with a job graph that has every case, real workers, and the official client of Foundry's API."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from foundry_sdk import Config, FoundryClient, UserTokenAuth

from buildmill.master.domain.orchestration import rids
from tests.programs import BIN, RunningMaster, wait_for

BUILDERS = """
_workers = ["w1", "w2"]
c["builders"] = [
    builder("fnd-ok", steps.ShellCommand(command=["true"]), workernames=_workers),
    builder("fnd-flaky", steps.ShellCommand(
        command=["sh", "-c", util.Interpolate("test %(prop:foundry_attempt)s -gt 1")]), workernames=_workers),
    builder("fnd-fail", steps.ShellCommand(command=["false"]), workernames=_workers),
    builder("fnd-slow", steps.ShellCommand(
        command=["sh", "-c", "while [ ! -e {gate} ]; do sleep 0.1; done"]), workernames=_workers),
]
c["orchestration"] = {{
    "default_branch": "master",
    "projects": ["mine"],
    "datasets": ["raw", "clean", "report", "extra", "flaky", "broken", "afterbroken", "slow", "afterslow", "cyca",
                 "cycb", "featureonly", {{"name": "scoped", "project": "mine"}}],
    "commits": [{{"dataset": "raw", "branch": "master"}}],
    "jobspecs": [
        {{"branch": branch, "outputs": [output], "inputs": [input], "builder": name}}
        for branch, output, input, name in [
            ("master", "clean", "raw", "fnd-ok"), ("master", "report", "clean", "fnd-ok"),
            ("master", "extra", "raw", "fnd-ok"), ("master", "flaky", "raw", "fnd-flaky"),
            ("master", "broken", "raw", "fnd-fail"), ("master", "afterbroken", "broken", "fnd-ok"),
            ("master", "slow", "raw", "fnd-slow"), ("master", "afterslow", "slow", "fnd-ok"),
            ("master", "cyca", "cycb", "fnd-ok"), ("master", "cycb", "cyca", "fnd-ok"),
            ("master", "scoped", "raw", "fnd-ok"), ("feature", "featureonly", "raw", "fnd-ok"),
        ]
    ],
}}
"""


class FoundryMaster:
    """See the module.

    Attributes:
        master: the process.
        client: has both scopes.
        reader: has the one for reading.
        gate: the slow builder waits for this file.
    """

    def __init__(self, master: RunningMaster, gate: Path) -> None:
        self.master = master
        self.gate = gate
        self.token = self._new_token("both", "api:orchestration-read", "api:orchestration-write")
        self.client = self.client_of(self.token)
        self.reader = self.client_of(self._new_token("reader", "api:orchestration-read"))

    def _new_token(self, name: str, *scopes: str) -> str:
        arguments = [f"--scope={scope}" for scope in scopes]
        done = subprocess.run(
            [BIN / "buildmill", "token", "create", name, "-d", self.master.basedir, "-u", "ann", "--json", *arguments],
            capture_output=True,
            check=True,
        )
        return str(json.loads(done.stdout)["token"])

    def client_of(self, token: str, **config: Any) -> Any:
        """A client with that token."""
        return FoundryClient(
            auth=UserTokenAuth(token),
            hostname=f"127.0.0.1:{self.master.http_port}",
            config=Config(scheme="http", **config),
        )

    # -- waiting -----------------------------------------------------------------------------

    def ended(self, build_rid: str) -> Any:
        """Wait until a build has ended."""

        def look() -> Any:
            build = self.client.orchestration.Build.get(build_rid)
            return None if build.status == "RUNNING" else build

        return wait_for(look, why=self.master.own_log)

    def result_of(self, run: Any) -> Any:
        """Wait until a run has a result."""

        def look() -> Any:
            runs = self.client.orchestration.Schedule.runs(run.schedule_rid)
            return next(found for found in runs if found.rid == run.rid).result

        return wait_for(look, why=self.master.own_log)

    def runs(self, schedule_rid: str, count: int) -> list[Any]:
        """Wait until a schedule has so many runs, and all of them a result."""

        def look() -> Any:
            found = list(self.client.orchestration.Schedule.runs(schedule_rid))
            return found if len(found) >= count and all(run.result for run in found) else None

        found: list[Any] = wait_for(look, why=self.master.own_log)
        return found

    def job_status(self, build_rid: str) -> dict[str, str]:
        """Status of each job of a build by its dataset."""
        jobs = self.client.orchestration.Build.jobs(build_rid)
        return {job.outputs[0].dataset_rid: job.job_status for job in jobs}


def dataset(name: str) -> str:
    """Its RID."""
    return rids.of_target(name)


def manual(*names: str) -> dict[str, Any]:
    """A target of exactly these."""
    return {"type": "manual", "targetRids": [dataset(name) for name in names]}


@contextmanager
def foundry_master(folder: Path) -> Iterator[FoundryMaster]:
    """A master that runs with two workers, and is stopped at the end."""
    gate = folder / "gate"
    master = RunningMaster(folder / "master", BUILDERS.format(gate=gate))
    try:
        master.start()
        for worker in ("w1", "w2"):
            master.start_worker(worker, wait=False)
        for worker in ("w1", "w2"):
            master.wait_connected(worker)
        yield FoundryMaster(master, gate)
    finally:
        master.stop()
