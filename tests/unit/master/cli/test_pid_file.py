"""Which process is a directory's master: the file is believed only while its lock is held."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from buildmill.common.errors import Conflict
from buildmill.master.cli.basedir import WEB_PID_FILE
from buildmill.master.cli.main import main
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


def test_a_master_and_its_web_process_have_a_file_each(tmp_path: Path) -> None:
    with held(tmp_path), held(tmp_path, WEB_PID_FILE, "a web process"):
        assert (tmp_path / WEB_PID_FILE).exists()
        with pytest.raises(Conflict, match="a web process runs in"), held(tmp_path, WEB_PID_FILE, "a web process"):
            pass
    assert (running_pid(tmp_path), running_pid(tmp_path, WEB_PID_FILE)) == (None, None)


def test_status_tells_of_both_processes(tmp_path: Path) -> None:
    told = CliRunner().invoke(main, ["web", "status", str(tmp_path)])
    assert (told.exit_code, told.output) == (3, "the master does not run\nthe web process does not run\n")

    told = CliRunner().invoke(main, ["web", "status", "--json", str(tmp_path)])
    assert json.loads(told.output) == {"master": {"pid": None}, "web_process": {"pid": None}}


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
