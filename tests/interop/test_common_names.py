"""One configuration with the names that are used most, on Buildbot and on Buildmill: the same builds, the same outcome.

`common_names/` has the configuration; both masters read the same files.
"""

from __future__ import annotations

import ast
import json
import os
import re
import shutil
import signal
import subprocess
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.programs import BIN, free_port, peer_program, wait_for

pytestmark = pytest.mark.slow

FILES = Path(__file__).with_name("common_names")

SCENARIOS = (
    "shell", "halts", "warns", "compiles", "clones", "properties", "renders", "custom", "sequence", "parent",
    "transfers", "directories", "locked", "raises", "observed", "times out", "secret", "stale",
)  # fmt: skip
ASKED: tuple[dict[str, object], ...] = (
    {"flavour": "sweet", "fast": True, "number": "7", "text": "a b"},
    {},
    {"flavour": "sour"},
    {"number": "many"},
)
"""What is filled into the form of the builder "asked"; the last two are wrong."""

VOLATILE = {"basedir", "builddir", "got_revision", "commit-description", "project", "projectname", "projectid"}
"""Properties that depend on where a master lives; the last three and got_revision are compared apart."""


class Farm:
    """A master of either kind that has read the configuration.

    Args:
        folder: its directory, made here.
    """

    def __init__(self, folder: Path, repository: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self.environ = {
            **{key: os.environ[key] for key in ("PATH", "HOME", "LANG") if key in os.environ},
            "FARM_PORT": str(self.port),
            "FARM_REPOSITORY": str(repository),
            "FARM_WORD": "from outside",
        }

    def fill(self) -> None:
        """Put the configuration, and its secret, into the directory."""
        for file in FILES.iterdir():
            if file.is_file():
                shutil.copy(file, self.folder)
        secrets = self.folder / "secrets"
        secrets.mkdir(mode=0o700)
        (secrets / "token").write_text("s3cret-word\n")
        (secrets / "token").chmod(0o600)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/v2/{path}", timeout=30) as answer:
            return json.load(answer)

    def post(self, path: str, method: str, **params: object) -> tuple[int, Any]:
        """Control something; the status and the answer."""
        body = json.dumps({"id": 1, "jsonrpc": "2.0", "method": method, "params": params}).encode()
        url = f"http://127.0.0.1:{self.port}/api/v2/{path}"
        request = urllib.request.Request(url, data=body, headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, json.load(answer)["result"]
        except urllib.error.HTTPError as refused:
            return refused.code, json.load(refused)["error"]

    def answers(self) -> bool:
        try:
            connected = {w["name"] for w in self.get("workers")["workers"] if w["connected_to"]}
            return {"w1", "w2"} <= connected
        except OSError:
            return False

    def outcome(self, request: int) -> dict[str, Any]:
        """How the first build of a request, and each of its steps, ended."""

        def ended() -> Any:
            found = self.get(f"builds?buildrequestid={request}")["builds"]
            return next((build for build in found if build["complete"]), None)

        build = wait_for(ended, why=lambda: f"request {request}: {self.get(f'builds?buildrequestid={request}')}")
        steps = self.get(f"builds/{build['buildid']}/steps")["steps"]
        properties = self.get(f"builds/{build['buildid']}/properties")["properties"][0]
        properties.pop("builderid")
        for name, (value, source) in properties.items():
            if source == str(self.folder / "master.cfg"):
                properties[name] = [value, "master.cfg"]
        return {
            "build": (build["results"], build["state_string"]),
            "steps": [
                {
                    "name": step["name"],
                    "results": step["results"],
                    "state": step["state_string"],
                    "hidden": step["hidden"],
                    "urls": [re.sub(r"#\d+", "#", url["name"]) for url in step["urls"]],
                    "logs": [(log["name"], log["type"]) for log in self.get(f"steps/{step['stepid']}/logs")["logs"]],
                }
                for step in steps
            ],
            "properties": {name: value for name, value in properties.items() if name not in VOLATILE},
            "of the code": sorted(name for name in properties if name in VOLATILE),
        }


class Buildbot(Farm):
    def __init__(self, folder: Path, repository: Path) -> None:
        super().__init__(folder, repository)
        self.program = peer_program("buildbot")
        subprocess.run([self.program, "create-master", "-q", folder], check=True)
        self.fill()
        self.start: list[str | Path] = [self.program, "start", "--nodaemon", "."]


class Buildmill(Farm):
    def __init__(self, folder: Path, repository: Path) -> None:
        super().__init__(folder, repository)
        self.program = BIN / "buildmill"
        if "PYTHONPATH" in os.environ:
            self.environ["PYTHONPATH"] = os.environ["PYTHONPATH"]
        subprocess.run([self.program, "create-master", "-q", folder], check=True, env=self.environ)
        self.fill()
        self.start: list[str | Path] = [self.program, "start", "--nodaemon", "."]


@contextmanager
def running(farm: Buildbot | Buildmill) -> Iterator[None]:
    """The master, as long as the block lasts."""
    with open(farm.folder / "out.log", "ab") as out:
        process = subprocess.Popen(farm.start, cwd=farm.folder, env=farm.environ, stdout=out, stderr=out)

    def told() -> str:
        return "".join(path.read_text(errors="replace")[-3000:] for path in farm.folder.glob("*.log"))

    try:
        wait_for(lambda: process.poll() is not None or farm.answers(), why=told)
        assert process.poll() is None, told()
        yield
    finally:
        process.send_signal(signal.SIGKILL)  # Buildbot's stop waits for workers that live in it
        process.wait(30)


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("farm") / "repository"
    git = ["git", "-c", "user.name=me", "-c", "user.email=me@localhost", "-C", str(folder)]
    subprocess.run(["git", "init", "-q", "-b", "main", folder], check=True)
    (folder / "README").write_text("read me\n")
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-q", "-m", "first"], check=True)
    subprocess.run([*git, "tag", "-a", "v1", "-m", "one"], check=True)
    subprocess.run([*git, "commit", "-q", "--allow-empty", "-m", "second"], check=True)
    return folder


def test_builds_and_forms_end_the_same(repository: Path, tmp_path: Path) -> None:
    """All in one, because the two masters take long to start."""
    with ExitStack() as stack:
        farms = Buildmill(tmp_path / "ours", repository), Buildbot(tmp_path / "theirs", repository)
        for farm in farms:
            stack.enter_context(running(farm))
        requests = [_ask_for_all(farm) for farm in farms]
        ours, theirs = (
            {name: farm.outcome(request) for name, request in asked.items()}
            for farm, asked in zip(farms, requests, strict=True)
        )
        # the one text that is meant to differ
        declined = ours.pop("declined"), theirs.pop("declined")
        assert [found["build"] for found in declined] == [(3, "build skipped"), (3, "build successful")]
        assert [found["steps"] for found in declined] == [[], []]
        for name in SCENARIOS:
            assert ours[name] == theirs[name], name
        for given in ASKED:
            assert _fill_in(farms[0], given) == _fill_in(farms[1], given), given


def _ask_for_all(farm: Farm) -> dict[str, int]:
    """Ask for all scenarios at once, so that both masters work at the same time; the requests by their builder."""
    ids = {builder["name"]: builder["builderid"] for builder in farm.get("builders")["builders"]}
    found = {}
    for name in (*SCENARIOS, "declined"):
        status, answer = farm.post("forceschedulers/force", "force", builderid=ids[name], reason="try", owner="me")
        assert status == 200, answer
        (found[name],) = answer[1].values()
    return found


def _fill_in(farm: Farm, given: dict[str, object]) -> tuple[int, Any]:
    """What becomes of a form."""
    (builder,) = (b for b in farm.get("builders")["builders"] if b["name"] == "asked")
    status, answer = farm.post("forceschedulers/ask", "force", builderid=builder["builderid"], **given)
    return status, farm.outcome(*answer[1].values()) if status == 200 else sorted(answer["message"])


@pytest.mark.parametrize("kind", [Buildmill, Buildbot])
def test_everything_plugged_in_is_read(
    kind: type[Buildmill] | type[Buildbot], repository: Path, tmp_path: Path
) -> None:
    farm = kind(tmp_path / "m", repository)
    environ = {**farm.environ, "FARM_PLUGGED": "1", "FARM_OAUTH": "1"}
    done = subprocess.run(
        [farm.program, "checkconfig", "."], cwd=farm.folder, env=environ, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_names_are_those_that_are_used_most() -> None:
    names = (FILES / "names.txt").read_text().split()
    assert len(names) >= 100
    assert sorted(set(names) - _used()) == []


def _used() -> set[str]:
    """Every name that the configuration's files take from Buildbot, by its full path."""
    used = set()
    for file in [FILES / "master.cfg", *FILES.glob("*.py")]:
        tree = ast.parse(file.read_text())
        homes: dict[str, str] = {}
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("buildbot"):
                for alias in node.names:
                    homes[alias.asname or alias.name] = f"{node.module}.{alias.name}"
        used |= set(homes.values())
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id in homes:
                used.add(f"{homes[node.value.id]}.{node.attr}")
    return used
