"""Which process is a directory's master: the file is believed only while its lock is held."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from buildmill.common.errors import Conflict
from buildmill.master.cli.pid_file import held, running_pid

HOLD = "import sys, pathlib\nfrom buildmill.master.cli.pid_file import held\n" + (
    "with held(pathlib.Path(sys.argv[1])):\n    print('held', flush=True)\n    sys.stdin.read()\n"
)


def test_a_file_that_a_dead_master_left_behind_does_not_count(tmp_path: Path) -> None:
    (tmp_path / "master.pid").write_text(f"{os.getpid()}\n")

    assert running_pid(tmp_path) is None
    with held(tmp_path):
        assert (tmp_path / "master.pid").read_text() == f"{os.getpid()}\n"
    assert not (tmp_path / "master.pid").exists()


def test_a_second_master_is_refused_until_the_first_has_ended_however_that_happens(tmp_path: Path) -> None:
    first = subprocess.Popen(
        [sys.executable, "-c", HOLD, tmp_path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=os.environ
    )
    assert first.stdin is not None
    assert first.stdout is not None
    assert first.stdout.readline() == b"held\n"

    assert running_pid(tmp_path) == first.pid
    with pytest.raises(Conflict), held(tmp_path):
        pass
    assert running_pid(tmp_path) == first.pid
    first.kill()
    first.wait()
    first.stdin.close()
    first.stdout.close()

    assert running_pid(tmp_path) is None
    with held(tmp_path):
        pass


def test_no_directory_no_master(tmp_path: Path) -> None:
    assert running_pid(tmp_path / "none") is None
