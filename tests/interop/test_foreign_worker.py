"""The foreign system's worker, unchanged, on our master."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.programs import RunningMaster, peer_program, running_master, wait_for

pytestmark = pytest.mark.slow

BUILDERS = """
c["builders"] = [
    builder("shell",
        steps.ShellCommand(name="three", command=["sh", "-c", "echo out; echo err >&2; exit 3"], flunkOnFailure=False),
        steps.ShellCommand(name="followed", command="echo one > l; echo two >> l", logfiles={"mylog": "l"})),
    builder("slow", steps.ShellCommand(name="sleep", command="echo begin; exec sleep 1000")),
    builder("transfer",
        steps.ShellCommand(command="mkdir -p d/e; head -c 700000 /dev/urandom > f; echo x > d/e/y"),
        steps.FileUpload(workersrc="f", masterdest="f.out"),
        steps.FileUpload(workersrc="f", masterdest="f.stamped", keepstamp=True),
        steps.DirectoryUpload(workersrc="d", masterdest="d.out"),
        steps.FileDownload(mastersrc="f.out", workerdest="f.back", mode=0o640),
        steps.StringDownload("hello", workerdest="s"),
        steps.ShellCommand(name="compare", command="cmp f f.back && test hello = \\"$(cat s)\\"")),
]
"""


@pytest.fixture(scope="module")
def master(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    peer_program("buildbot-worker")
    with running_master(tmp_path_factory.mktemp("foreign") / "master", BUILDERS) as master:
        master.start_foreign_worker()
        yield master


def test_shell_build_runs_with_its_output_and_log_file(master: RunningMaster) -> None:
    build = master.finished(master.force("shell"))

    assert build["results"] == 0
    steps = master.steps(build["buildid"])
    assert steps["three"]["results"] == 2
    text = master.log_text(build["buildid"], "three")
    assert "out\n" in text
    assert "err\n" in text
    assert "program finished with exit code 3" in text
    assert master.log_text(build["buildid"], "followed", "mylog").endswith("one\ntwo\n")


def test_interrupted_command_is_cancelled(master: RunningMaster) -> None:
    request = master.force("slow")
    build = master.running_build(request)
    wait_for(lambda: "sleep" in master.steps(build) and master.get(f"builds/{build}/steps/sleep/logs")["logs"])

    master.post(f"builds/{build}", "stop", reason="enough")

    ended = master.finished(request)
    assert ended["results"] == 6
    assert ended["state_string"].startswith("cancelled (enough)")
    assert "command interrupted" in master.log_text(build, "sleep")


def test_uploads_and_downloads_carry_every_byte(master: RunningMaster) -> None:
    build = master.finished(master.force("transfer"))

    results = {name: step["results"] for name, step in master.steps(build["buildid"]).items()}
    assert set(results.values()) == {0}, (results, master.own_log())
    original: Path = master.worker_folder() / "transfer" / "build" / "f"
    assert (master.basedir / "f.out").read_bytes() == original.read_bytes()
    assert (master.basedir / "d.out" / "e" / "y").read_text() == "x\n"
    assert (original.parent / "f.back").read_bytes() == original.read_bytes()
    assert int((master.basedir / "f.stamped").stat().st_mtime) == int(original.stat().st_mtime)


def test_worker_knows_what_it_told_of_itself(master: RunningMaster) -> None:
    (worker,) = master.get("workers/w1")["workers"]

    assert worker["workerinfo"]["version"] == "4.3.0"
