"""A password for git, through a whole build with real processes: seen by nobody, and nowhere afterwards."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.integration.steps.git_servers import HttpServer, make_repositories, serving
from tests.programs import RunningMaster, running_master, wait_for

PASSWORD = "canary-9f3b1c7e"

BUILDERS = """
from buildmill.plugins import secrets
c["secretsProviders"] = [secrets.SecretInAFile({secrets!r})]
c["builders"] = [builder("sources",
    steps.Git(name="sources", repourl={url!r}, auth_credentials=("al", util.Secret("password"))),
    steps.ShellCommand(name="look", command="ls -a ..; cat file"))]
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def server(tmp_path: Path) -> Iterator[HttpServer]:
    root = tmp_path / "served"
    make_repositories(tmp_path, root, "one")
    with serving(root) as server:
        server.accounts["al"] = PASSWORD
        yield server
        server.gate.set()


@pytest.fixture
def master(tmp_path: Path, server: HttpServer) -> Iterator[RunningMaster]:
    secrets = tmp_path / "secrets"
    secrets.mkdir(mode=0o700)
    (secrets / "password").write_text(PASSWORD)
    (secrets / "password").chmod(0o600)
    (tmp_path / "place").mkdir()
    builders = BUILDERS.format(secrets=str(secrets), url=f"{server.url}/one.git")
    with running_master(tmp_path / "place" / "master", builders) as master:
        yield master


def files_with(folder: Path) -> list[Path]:
    """The files below a folder that hold the password."""
    return [file for file in folder.rglob("*") if file.is_file() and PASSWORD.encode() in file.read_bytes()]


def processes_with() -> list[str]:
    """The processes that show the password in their command line or their environment."""
    found = []
    for process in Path("/proc").iterdir():
        if process.name.isdigit():
            for name in ("cmdline", "environ"):
                with suppress(OSError):
                    if PASSWORD.encode() in (process / name).read_bytes():
                        found.append(f"{process.name} {name}")
    return found


@pytest.mark.parametrize(
    ("start", "left"),
    [
        ("start_worker", []),
        ("start_plain_worker", []),
        ("start_foreign_worker", ["twistd.log"]),  # it logs each message that it gets
    ],
)
def test_a_password_is_seen_by_nobody_and_nowhere_afterwards(
    master: RunningMaster, server: HttpServer, start: str, left: list[str]
) -> None:
    getattr(master, start)()
    place = master.worker_root
    server.gate.clear()
    request = master.force("sources")

    wait_for(lambda: server.asked, why=master.own_log)
    [private] = place.rglob("*.git-access/credentials")
    assert private.stat().st_mode & 0o777 == 0o600
    assert processes_with() == []
    server.gate.set()

    build = master.finished(request)
    assert build["results"] == 0, master.log_text(build["buildid"], "sources")
    assert "al" in server.asked
    assert master.stdout(build["buildid"], "look").decode().split() == [".", "..", "build", "one"]
    master.stop()
    assert [file.name for file in files_with(place)] == left


def test_a_build_whose_master_is_killed_meanwhile_goes_on_and_leaves_nothing(
    master: RunningMaster, server: HttpServer
) -> None:
    master.start_worker()
    place = master.worker_root
    server.gate.clear()
    request = master.force("sources")
    wait_for(lambda: server.asked, why=master.own_log)

    master.kill()
    master.start()
    master.wait_connected()
    server.gate.set()

    build = master.finished(request)
    assert (build["results"], build["number"]) == (0, 1), master.log_text(build["buildid"], "sources")
    assert list(place.rglob("*.git-access")) == []
    master.stop()
    assert files_with(place) == []
