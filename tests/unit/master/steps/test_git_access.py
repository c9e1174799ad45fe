"""Keys and passwords of `Git` on a worker: they are there while they are needed, and gone however the step ends."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.common.protocol import StartCommand
from buildmill.common.results import CANCELLED, SUCCESS
from buildmill.master.domain.git_access import AccessArguments, GitAccess
from buildmill.master.domain.git_credentials import GitCredential
from buildmill.master.domain.properties import Properties
from buildmill.master.domain.renderables import Secret
from buildmill.master.engine.build import ABANDON_SECONDS
from buildmill.master.engine.remote_command import DISOWN_SECONDS, OBEY_SECONDS
from buildmill.master.steps.git import Git
from tests.durable import DurableWorker, Spooled
from tests.harness import Harness
from tests.support import async_test
from tests.unit.master.steps.machine import Machine

REVISION = "5" * 40
ANSWERS = {"--version": b"git version 2.39.5\n", "rev-parse": REVISION.encode()}


class House(Harness):
    """A master with a secret; its worker's git says what a test wants, its files are real."""

    def _boot(self) -> None:
        super()._boot()
        self.master.secrets = self

    has_providers = True
    password = "first word"

    async def get(self, name: str, /) -> Any:
        return SimpleNamespace(value=self.password)

    @property
    def git(self) -> DurableWorker:
        (worker,) = self.workers.values()
        assert isinstance(worker, DurableWorker)
        return worker

    def prepare(self, root: Path) -> None:
        """A builder that clones, and a worker."""
        self.start(self.builder(Git(repourl="https://h/x", auth_credentials=("al", Secret("password")))))
        self.machine = Machine(self.git, root)
        self.git.script = answered

    def begin(self, root: Path) -> None:
        """A build has begun to clone."""
        self.prepare(root)
        self.force()
        assert "clone" in self.git.command.start.args["command"]


def answered(worker: DurableWorker, command: Spooled) -> None:
    for word, output in ANSWERS.items():
        if word in command.start.args["command"]:
            worker.write(command, "o", output)
            worker.end(command)


@pytest.fixture
def house(tmp_path: Path, schema_url: str) -> Iterator[House]:
    (tmp_path / "master").mkdir()
    house = House(tmp_path / "master", schema_url, new_worker=DurableWorker)
    yield house
    house.close()


@pytest.fixture
def files(tmp_path: Path) -> Path:
    """Where they are while a step runs."""
    return tmp_path / "worker" / "b1" / ".build.git-access"


def test_a_step_that_is_entered_again_has_its_files_and_removes_them(house: House, tmp_path: Path, files: Path) -> None:
    house.begin(tmp_path / "worker")
    assert (files / "credentials").read_text() == "https://al:first%20word@h/x\n"

    house.password = "second word"
    house.crash_and_restart()
    house.git.connect()
    house.turn()
    assert (files / "credentials").read_text() == "https://al:second%20word@h/x\n"
    house.git.end(house.git.command)

    assert house.results() == [SUCCESS]
    assert not files.exists()


def test_a_master_that_dies_right_after_the_removal_removes_them_again(
    house: House, tmp_path: Path, files: Path
) -> None:
    house.begin(tmp_path / "worker")
    rmdir = house.git.scripts["rmdir"]
    removals: list[str] = []

    def dying(command: StartCommand) -> Any:
        pairs = rmdir(command)
        removals.append(command.command_id)
        if len(removals) == 1:
            assert house.git._line is not None
            house.git._line.cut("the master dies")
            return None
        return pairs

    house.git.scripts["rmdir"] = dying
    house.git.end(house.git.command)
    assert not files.exists()
    house.crash_and_restart()
    house.git.connect()
    house.turn()

    assert house.results() == [SUCCESS]
    assert len(removals) == 2
    assert not files.exists()


def test_a_stop_leaves_nothing(house: House, tmp_path: Path, files: Path) -> None:
    house.begin(tmp_path / "worker")

    house.result(house.updates.requestBuildStop(1, "enough", CANCELLED, "somebody"))
    house.turn()

    assert house.results() == [CANCELLED]
    assert not files.exists()


def test_a_stop_of_a_command_that_does_not_obey_leaves_nothing(house: House, tmp_path: Path, files: Path) -> None:
    house.begin(tmp_path / "worker")
    house.git.obeys = False

    house.result(house.updates.requestBuildStop(1, "enough", CANCELLED, "somebody"))
    house.clock.advance(OBEY_SECONDS)
    house.turn()
    house.clock.advance(DISOWN_SECONDS)
    house.turn()

    assert house.results() == [CANCELLED]
    assert not files.exists()


def test_a_stop_while_the_worker_is_away_does_not_wait_for_it(house: House, tmp_path: Path, files: Path) -> None:
    house.begin(tmp_path / "worker")
    house.git.cut()

    house.result(house.updates.requestBuildStop(1, "enough", CANCELLED, "somebody"))
    house.clock.advance(OBEY_SECONDS)
    house.turn()
    house.clock.advance(DISOWN_SECONDS)
    house.turn()

    assert house.results() == [CANCELLED]
    assert "cannot be removed: the worker is not there" in house.log_text(house.steps()[0])


def test_a_step_that_is_abandoned_while_it_waits_for_its_worker_ends(house: House, tmp_path: Path) -> None:
    house.prepare(tmp_path / "worker")
    house.git.scripts["download_file"] = lambda command: None
    house.force()
    house.git.cut()

    house.result(house.updates.requestBuildStop(1, "enough", CANCELLED, "somebody"))
    house.clock.advance(ABANDON_SECONDS)
    house.turn()

    assert house.results() == [CANCELLED]
    assert "cannot be removed: the worker is not there" in house.log_text(house.steps()[0])


def test_a_connection_that_breaks_before_the_removal_only_delays_it(house: House, tmp_path: Path, files: Path) -> None:
    house.begin(tmp_path / "worker")
    house.git.end(house.git.command)

    house.git.cut()
    house.git.connect()
    house.turn()

    assert house.results() == [SUCCESS]
    assert not files.exists()


def test_files_that_cannot_be_removed_are_told(house: House, tmp_path: Path) -> None:
    house.begin(tmp_path / "worker")
    house.git.scripts["rmdir"] = lambda command: [["rc", 13]]

    house.git.end(house.git.command)

    assert house.results() == [SUCCESS]
    assert ".build.git-access cannot be removed: exit code 13" in house.log_text(house.steps()[0])


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("url=https://h/p/x.git/\nusername=al\npassword=w\n", "https://al:w@h/p/x.git"),
        ("url=https://al:a%40b@h:8443\n\n", "https://al:a%40b@h:8443"),
        (
            "protocol=http\nhost=h\npath=a b\nusername=a/l\npassword=ä=:@\nquit=1\n",
            "http://a%2Fl:%C3%A4%3D%3A%40@h/a%20b",
        ),
        ("username=eve\nurl=https://al@h/x\npassword=w", "https://al:w@h/x"),
    ],
)
def test_credentials_are_written_as_git_reads_them(text: str, line: str) -> None:
    assert GitCredential.parse(text).stored(with_path=True) == line


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("url=https://h\npassword=w", "a credential must have a username"),
        ("url=https://h\nusername=al", "a credential must have a password"),
        ("username=al\npassword=w\nhost=h", "a credential must have a protocol"),
        ("url=ssh://h/x\nusername=al\npassword=w", "must be for http or https, not 'ssh'"),
        ("url=https://h%0a/\nusername=al\rb\npassword=w", "the username of a credential has more than one line"),
        ("protocol=https\nhost=h/x@y\nusername=al\npassword=w", "'h/x@y' is no host"),
        ("authtype=bearer\ncredential=w", "authtype is not supported"),
        ("hunter2", "line 1 of a credential must be key=value"),
    ],
)
def test_what_is_no_credential_is_refused_without_being_shown(text: str, problem: str) -> None:
    with pytest.raises(InvalidInput) as error:
        GitCredential.parse(text)
    assert problem in str(error.value)
    assert "hunter2" not in str(error.value)


@async_test
async def test_values_are_not_shown_by_repr() -> None:
    arguments = AccessArguments(private_key="hunter2", auth_credentials=("al", "hunter3"))
    access: GitAccess = await arguments.rendered(Properties(), "https://eve:x@h:8443/x")

    assert "hunter" not in f"{arguments!r} {access!r}"
    assert access.files["credentials"] == "https://al:hunter3@h:8443/x\n"


def test_paths_with_odd_characters_reach_ssh_whole() -> None:
    access = GitAccess(files={"key": "k", "known_hosts": "h"}, secrets={})

    command = access.ssh_command(lambda name: f"/a b%/{name}")

    assert command is not None
    assert "-i '/a b%%/key'" in command
    assert """-o 'UserKnownHostsFile="/a b%%/known_hosts"'""" in command
