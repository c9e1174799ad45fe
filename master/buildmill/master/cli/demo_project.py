"""What the demonstration builds: this checkout, or a small repository that it makes; and the master's configuration."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from string import Template

from buildmill.common.errors import BuildmillError
from buildmill.master.cli import basedir as base

CHECKOUT = Path(__file__).resolve().parents[4]
BUILDER = "demo"
SCHEDULER = "demo"
_GIT_SECONDS = 60

CONFIG = Template("""\
# Written by `buildmill demo`, anew each time: copy it to keep your changes.

from buildmill.plugins import schedulers, steps, util, worker

PYTHON = $python  # the one that runs the master

c = BuildmasterConfig = {}
c["title"] = "Demonstration"
c["buildbotURL"] = "http://127.0.0.1:$port/"
c["db"] = {"db_url": "sqlite:///state.sqlite"}
c["www"] = {"port": "tcp:$port:interface=127.0.0.1"}
c["workers"] = [worker.LocalWorker("local")]

factory = util.BuildFactory([
    steps.Git(repourl=$repository, mode="incremental"),
    steps.ShellCommand(name="list", command=["git", "log", "--stat", "-1"]),
    steps.Compile(command=[PYTHON, "-m", "compileall", "-f", $sources]),
$test])
c["builders"] = [util.BuilderConfig(name="$builder", workernames=["local"], factory=factory)]
c["schedulers"] = [schedulers.ForceScheduler(name="$scheduler", builderNames=["$builder"])]
""")

# Tries the sources that were checked out, not those that run the master.
_TEST_OF_OURS = """\
    steps.ShellSequence(
        name="test",
        env={"PYTHONPATH": "common:worker:master"},
        haltOnFailure=True,
        descriptionDone=["trial master made and checked"],
        commands=[
            util.ShellArg(command=[PYTHON, "-m", "buildmill.master.cli.main", *arguments], logname=arguments[0])
            for arguments in (["create-master", "--force", "trial"], ["checkconfig", "trial/master.cfg.sample"])
        ],
    ),
"""
_TEST_OF_SAMPLE = """\
    steps.Test(command=[PYTHON, "-m", "unittest", "-v"]),
"""

_SAMPLE_FILES = {
    "fibonacci.py": '''"""The Fibonacci numbers."""


def fibonacci(n):
    """The n-th number, counted from 0."""
    a, b = 0, 1
    for _ in range(n):
        a, b = b, a + b
    return a
''',
    "test_fibonacci.py": """import unittest

from fibonacci import fibonacci


class FibonacciTest(unittest.TestCase):
    def test_the_first_ones(self):
        self.assertEqual([fibonacci(n) for n in range(8)], [0, 1, 1, 2, 3, 5, 8, 13])

    def test_a_large_one(self):
        self.assertEqual(fibonacci(100), 354224848179261915075)
""",
    "README": "A sample that `buildmill demo` builds where it finds no repository of its own.\n",
}


@dataclass(frozen=True, kw_only=True)
class Project:
    """A repository to build.

    Attributes:
        repository: its address, as git takes it.
        sources: the folders to compile.
        test: the last step, as a line of the configuration; may be empty.
    """

    repository: str
    sources: Sequence[str] = (".",)
    test: str = ""


def choose_project(folder: Path, wanted: str | None, *, use_checkout: bool = True) -> Project:
    """The repository that was asked for, else this checkout if git can read it, else a sample made in `folder`.

    Args:
        use_checkout: False for the sample even in a checkout.

    Raises:
        BuildmillError: there is no git, or it fails.
    """
    if shutil.which("git") is None:
        raise BuildmillError("git is not installed; the demonstration builds a git repository")
    if wanted is not None:
        local = Path(wanted)
        return Project(repository=str(local.absolute()) if local.exists() else wanted)
    if (
        use_checkout
        and (CHECKOUT / ".git").exists()
        and _git(CHECKOUT, "rev-parse", "--verify", "HEAD").returncode == 0
    ):
        return Project(repository=str(CHECKOUT), sources=("common", "worker", "master"), test=_TEST_OF_OURS)
    return Project(repository=str(make_sample(folder / "sample")), test=_TEST_OF_SAMPLE)


def make_sample(folder: Path) -> Path:
    """A repository with one commit; one that is there already is taken.

    Raises:
        BuildmillError: git fails.
    """
    if (folder / ".git").exists() and _git(folder, "rev-parse", "--verify", "HEAD").returncode == 0:
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in _SAMPLE_FILES.items():
        (folder / name).write_text(text, encoding="utf-8")
    author = ["-c", "user.name=Buildmill", "-c", "user.email=demo@example.invalid", "-c", "commit.gpgsign=false"]
    for arguments in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "-m", "Add a sample"]):
        done = _git(folder, *arguments)
        if done.returncode != 0:
            raise BuildmillError(f"git {' '.join(arguments)}: {done.stderr.strip()}")
    return folder


def _git(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = ["git", "-C", str(folder), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=_GIT_SECONDS, check=False)


def write_config(folder: Path, project: Project, port: int) -> None:
    """Write the master's configuration."""
    text = CONFIG.substitute(
        builder=BUILDER,
        port=port,
        python=json.dumps(sys.executable),
        repository=json.dumps(project.repository),
        scheduler=SCHEDULER,
        sources=", ".join(map(json.dumps, project.sources)),
        test=project.test,
    )
    base.write_private(folder / base.MasterSettings().config_file, text)
