"""A configuration is read in a process of its own: whatever it does there is told as a problem, and harms nobody."""

from __future__ import annotations

import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import msgspec
import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.config.inventory import Inventory, inventory_of
from buildmill.master.config.loader import load
from buildmill.master.config.plan import plan_between
from buildmill.master.config.rehearsal import Cancelled, Rehearsal, Report, Start, in_new_interpreter, rehearse_blocking
from buildmill.master.config.rehearsing import in_fork

GOOD = """\
from buildmill.plugins import schedulers, steps, util, worker

def only_main(change):
    return change.branch in {"main", "stable", "next"}

class Own(steps.ShellCommand):
    def getResultSummary(self):
        return {"step": f"own {only_main}"}

c = BuildmasterConfig = {}
c["workers"] = [worker.LocalWorker("w1")]
factory = util.BuildFactory([Own(command=["true"], doStepIf=lambda step: step.getProperty("x") in {"a", "b", "c"})])
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=factory)]
c["schedulers"] = [
    schedulers.AnyBranchScheduler("any", builderNames=["b1"], change_filter=util.ChangeFilter(filter_fn=only_main)),
    schedulers.ForceScheduler(name="force", builderNames=["b1"]),
]
"""


@pytest.fixture(params=[in_new_interpreter, in_fork])
def start(request: pytest.FixtureRequest) -> Start:
    """How the child comes to be: at a reconfiguration, and when a master starts."""
    chosen: Start = request.param
    return chosen


def write(folder: Path, text: str) -> None:
    (folder / "master.cfg").write_text(text)


def test_fingerprints_of_another_process_are_those_of_this_one(tmp_path: Path, start: Start) -> None:
    write(tmp_path, GOOD)
    here = inventory_of(load(tmp_path))

    there = Inventory(things=rehearse_blocking(tmp_path, "master.cfg", start=start).things)

    assert not plan_between(here, there), plan_between(here, there).describe()
    assert set(there.things) == {"builders", "workers", "schedulers"}


@pytest.mark.parametrize(
    ("text", "line", "message", "hint"),
    [
        ("\n\nimport time\ntime.sleep(60)\n", 4, "it was not read within 0.7 seconds", "waits or never ends"),
        ("\nwhile True:\n    pass\n", None, "it was not read within 0.7 seconds", "waits or never ends"),
        ("\nimport os\nos._exit(0)\n", None, "ended with code 0 before it was done", "os._exit"),
        ("\nimport ctypes\n\nctypes.string_at(0)\n", 4, "was ended by SIGSEGV", "crashed"),
        ("\nimport os, signal\nos.kill(os.getpid(), signal.SIGKILL)\n", None, "was ended by SIGKILL", "memory"),
        ("import sys\n\nsys.exit(3)\n", 3, "SystemExit: 3", None),
    ],
)
def test_what_a_configuration_does_to_its_process_is_a_problem(
    tmp_path: Path, start: Start, text: str, line: int | None, message: str, hint: str | None
) -> None:
    write(tmp_path, text)

    # a deadline that is short, and still long enough for the interpreter where the machine is busy
    seconds = 0.7 if "0.7" in message else 60.0
    report = rehearse_blocking(tmp_path, "master.cfg", seconds=seconds, start=start)

    (problem,) = report.problems
    assert message in problem.message
    assert problem.file == str(tmp_path / "master.cfg")
    assert line is None or problem.line in (line, None)
    assert (hint or "") in (problem.hint or "")
    with pytest.raises(ConfigError, match=r"master\.cfg"):
        report.raise_problems()


def test_all_problems_come_with_their_places_and_hints(tmp_path: Path, start: Start) -> None:
    write(
        tmp_path,
        GOOD.replace('workernames=["w1"]', 'workernames=["locel"]').replace('Worker("w1")', 'Worker("local")')
        + 'c["bilders"] = []\nc["slaves"] = []\n',
    )

    report = rehearse_blocking(tmp_path, "master.cfg", start=start)

    assert [(problem.line, problem.hint) for problem in report.problems] == [
        (13, "did you mean 'local'?"),
        (18, "did you mean 'builders'?"),
        (19, "use 'workers'"),
    ]


def test_what_it_prints_is_kept_and_what_it_leaves_running_is_ended(tmp_path: Path, start: Start) -> None:
    text = "import subprocess\nchild = subprocess.Popen(['sleep', '600'])\nprint('child', child.pid)\n"
    write(tmp_path, text + GOOD)

    report = rehearse_blocking(tmp_path, "master.cfg", start=start)

    assert report.problems == ()
    pid = int(report.output.split()[1])
    end = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < end:
        time.sleep(0.02)
    assert not _runs(pid)


def test_a_rehearsal_can_be_cancelled(tmp_path: Path, start: Start) -> None:
    write(tmp_path, "import time\ntime.sleep(600)\n")
    rehearsal = Rehearsal(tmp_path, "master.cfg", start=start)
    threading.Timer(0.1, rehearsal.cancel).start()

    with pytest.raises(Cancelled):
        rehearsal.wait_blocking()


def test_a_rehearsal_can_be_cancelled_before_its_child_does_anything(tmp_path: Path, start: Start) -> None:
    write(tmp_path, "import time\ntime.sleep(600)\n")
    rehearsal = Rehearsal(tmp_path, "master.cfg", start=start)

    rehearsal.cancel()

    with pytest.raises(Cancelled):
        rehearsal.wait_blocking()


def test_a_module_in_the_directory_does_not_stand_for_pythons(tmp_path: Path, start: Start) -> None:
    (tmp_path / "msgspec.py").write_text("raise AssertionError('taken')\n")
    write(tmp_path, GOOD)

    assert rehearse_blocking(tmp_path, "master.cfg", start=start).problems == ()


def test_a_fork_has_neither_the_files_nor_the_signal_handlers_of_its_parent(tmp_path: Path) -> None:
    asked = "import os, signal\nprint(signal.getsignal(signal.SIGUSR1) is signal.SIG_DFL, os.read(0, 1))\n"
    with (tmp_path / "lock").open("w") as file:
        write(
            tmp_path, f"{asked}try:\n    os.fstat({file.fileno()})\nexcept OSError as error:\n    print(error)\n" + GOOD
        )
        old = signal.signal(signal.SIGUSR1, lambda *_: None)
        try:
            report = rehearse_blocking(tmp_path, "master.cfg", start=in_fork)
        finally:
            signal.signal(signal.SIGUSR1, old)

    assert report.problems == ()
    assert report.output == "True b''\n[Errno 9] Bad file descriptor\n"


@pytest.mark.parametrize("closed", [0, 1, 2])
def test_a_fork_says_what_it_says_even_if_its_parent_lacks_a_standard_file(tmp_path: Path, closed: int) -> None:
    write(tmp_path, "import sys\nprint('said')\nprint('warned', file=sys.stderr)\n" + GOOD)
    target = tmp_path / "report"
    program = (
        "import os, pathlib, sys\n"
        f"os.close({closed})\n"
        "from buildmill.master.config.rehearsal import as_json, rehearse_blocking\n"
        "from buildmill.master.config.rehearsing import in_fork\n"
        "report = rehearse_blocking(pathlib.Path(sys.argv[1]), 'master.cfg', start=in_fork)\n"
        "pathlib.Path(sys.argv[2]).write_text(as_json(report))\n"
    )

    subprocess.run([sys.executable, "-P", "-c", program, str(tmp_path), str(target)], check=True, timeout=60)

    report = msgspec.json.decode(target.read_bytes(), type=Report)
    assert report.problems == ()
    assert sorted(report.output.split()) == ["said", "warned"]


def _runs(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"
