"""A process that dies in the middle of an upload or a download: it is done again, and no half file is ever seen."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from pathlib import Path

import pytest

from buildmill.common.failpoints import VARIABLE
from tests.programs import RunningMaster, running_master

pytestmark = pytest.mark.slow

BUILDERS = """
c["builders"] = [builder("carry",
    steps.ShellCommand(name="make", command="[ -e big ] || seq 1 400000 >big; echo old >fetched"),
    steps.FileUpload(name="bring", workersrc="big", masterdest={shelf!r}, blocksize=65536),
    steps.FileDownload(name="fetch", mastersrc={shelf!r}, workerdest="fetched", blocksize=65536),
    steps.ShellCommand(name="compare", command="cmp big fetched && echo same", haltOnFailure=True))]
"""
WHOLE = "".join(f"{i}\n" for i in range(1, 400001)).encode()
UP, DOWN = 10, 60  # blocks of 64 KiB: the file has 43


class Carriage:
    """A master with a worker that bring a file to each other."""

    def __init__(self, master: RunningMaster, shelf: Path) -> None:
        self.master = master
        self.shelf = shelf
        self.fetched = master.worker_folder("w1") / "carry" / "build" / "fetched"

    def begin(self) -> None:
        """Something older lies where the files go."""
        self.shelf.write_bytes(b"old\n")

    def is_interrupted(self, block: int) -> None:
        """What anybody sees after the crash: the older file or the new one, as a whole."""
        assert self.shelf.read_bytes() == (b"old\n" if block == UP else WHOLE)
        assert self.fetched.read_bytes() == b"old\n"

    def check(self, request: int) -> None:
        """Both arrived, in one build, and nothing else lies beside them."""
        build = self.master.finished(request)
        assert [b["results"] for b in self.master.builds_of(request)] == [0], self.master.own_log()
        assert self.master.stdout(build["buildid"], "compare") == b"same\n"
        assert self.shelf.read_bytes() == self.fetched.read_bytes() == WHOLE
        assert [path.name for path in self.shelf.parent.iterdir()] == [self.shelf.name]
        assert sorted(path.name for path in self.fetched.parent.iterdir()) == ["big", "fetched"]


@pytest.fixture
def carriage(tmp_path: Path) -> Iterator[Carriage]:
    shelf = tmp_path / "shelf" / "big"
    shelf.parent.mkdir()
    with running_master(tmp_path / "master", BUILDERS.format(shelf=str(shelf))) as master:
        yield Carriage(master, shelf)


def test_a_master_that_dies_during_a_transfer_does_it_again(carriage: Carriage) -> None:
    master = carriage.master
    master.start_worker()
    for block in (UP, DOWN):
        master.kill()
        master.environ = {VARIABLE: f"master.transferred_block:{block}"}
        master.start()
        master.wait_connected("w1")
        carriage.begin()
        request = master.force("carry")
        assert master.process is not None
        assert master.process.wait(60) == -signal.SIGKILL
        carriage.is_interrupted(block)

        master.environ = {}
        master.start()
        carriage.check(request)


def test_a_daemon_that_dies_during_a_transfer_does_it_again(carriage: Carriage) -> None:
    for block in (UP, DOWN):
        carriage.master.environ = {VARIABLE: f"worker.transferred_block:{block}"}
        daemon = carriage.master.start_worker()
        carriage.begin()
        request = carriage.master.force("carry")
        assert daemon.wait(60) == -signal.SIGKILL
        carriage.is_interrupted(block)

        carriage.master.environ = {}
        daemon = carriage.master.start_worker()
        carriage.check(request)
        daemon.terminate()
        daemon.wait(60)
