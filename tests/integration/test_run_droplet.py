"""`buildmill run-droplet`: a droplet of either kind runs here as its launcher would run it."""

from __future__ import annotations

import io
import signal
import subprocess
import sys
import tarfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from buildmill.master.cli.main import main
from tests.programs import BIN, wait_for

CLASSIC = {
    "./app/hello.sh": 'echo "hello $1 from $PWD, port $PORT"; exit 7\n',
    "./app/Procfile": "worker: echo working on $TASK\n",
    "./deps/0/config.yml": "name: shell\n",
    "./profile.d/0_name.sh": "export NAME=profile\n",
    "./logs/": "",
    "./tmp/": "",
    "./staging_info.yml": '{"detected_buildpack":"shell","start_command":"bash hello.sh $NAME"}',
}
METADATA = """\
buildpack-default-process-type = "web"

[[buildpacks]]
id = "samples/shell"
version = "1"
api = "0.10"

[[processes]]
type = "web"
command = ["hello"]
args = ["world"]
default = true
buildpack-id = "samples/shell"

[[processes]]
type = "place"
command = ["sh", "-c", "pwd; echo $GREETING $DATA $MORE"]
buildpack-id = "samples/shell"
"""
CNB = {
    "layers/config/metadata.toml": METADATA,
    "layers/samples_shell/tools/bin/hello": '#!/bin/sh\necho "hello $*"\n',
    "layers/samples_shell/tools/env/GREETING.default": "good day",
    "layers/samples_shell/tools/env.launch/DATA": "/home/vcap/layers/samples_shell/tools/data",
    "layers/samples_shell/tools/exec.d/more": "#!/bin/sh\necho 'MORE = \"and more\"' >&3\n",
    "workspace/file": "text",
}


@pytest.fixture
def droplet(tmp_path: Path) -> Callable[[Mapping[str, str]], Path]:
    """Makes a droplet of files."""

    def make(files: Mapping[str, str]) -> Path:
        path = tmp_path / "droplet"
        with tarfile.open(path, "w:gz") as tar:
            for name, content in files.items():
                member = tarfile.TarInfo(name)
                member.mode, member.size = 0o755, len(content)
                member.type = tarfile.DIRTYPE if name.endswith("/") else tarfile.REGTYPE
                tar.addfile(member, io.BytesIO(content.encode()))
        return path

    return make


def run(path: Path, *more: str) -> int:
    result = CliRunner(env={"MINE": "secret", "TASK": "t1"}).invoke(main, ["run-droplet", str(path), *more])
    sys.stdout.write(result.output)
    return result.exit_code


def test_the_web_process_runs_in_the_app_and_its_exit_code_is_ours(droplet: Any, capfd: Any, tmp_path: Path) -> None:
    code = run(droplet(CLASSIC), "--port", "9000", "--directory", str(tmp_path / "here"))

    assert code == 7
    assert capfd.readouterr().out == f"hello profile from {tmp_path}/here/app, port 9000\n"


def test_another_process_and_variables_can_be_named(droplet: Any, capfd: Any) -> None:
    assert run(droplet(CLASSIC), "--process", "worker", "--env", "TASK") == 0
    assert run(droplet(CLASSIC), "--process", "worker", "-e", "TASK=t2") == 0
    assert capfd.readouterr().out == "working on t1\nworking on t2\n"


def test_a_command_can_be_given_and_nothing_else_of_our_environment_is_there(droplet: Any, capfd: Any) -> None:
    assert run(droplet(CLASSIC), "--command", 'echo "[$MINE]" "$(basename "$DEPS_DIR")"; kill -9 $$') == 137
    assert capfd.readouterr().out == "[] deps\n"


def test_the_directory_is_gone_afterwards_with_what_was_left_running(droplet: Any, capfd: Any) -> None:
    assert run(droplet(CLASSIC), "-c", 'sleep 1000 & echo "$! $HOME"') == 0

    number, home = capfd.readouterr().out.split()
    assert not Path(home).parent.exists()
    wait_for(lambda: not _is_running(number))


def _is_running(number: str) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{number}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGUSR1])
def test_signals_are_passed_on(droplet: Any, number: signal.Signals) -> None:
    name = number.name.removeprefix("SIG")
    command = f'trap "echo got {name}; exit 5" {name}; echo ready; while true; do sleep 0.05; done'
    arguments = [str(BIN / "buildmill"), "run-droplet", str(droplet(CLASSIC)), "-c", command]
    with subprocess.Popen(arguments, stdout=subprocess.PIPE, text=True) as running:
        assert running.stdout is not None
        assert running.stdout.readline() == "ready\n"
        running.send_signal(number)
        assert running.stdout.read() == f"got {name}\n"
        assert running.wait() == 5


def test_a_droplet_of_cloud_native_buildpacks_runs_its_default_process(droplet: Any, capfd: Any) -> None:
    assert run(droplet(CNB)) == 0
    assert run(droplet(CNB), "--", "you", "-n") == 0
    assert capfd.readouterr().out == "hello world\nhello you -n\n"


def test_its_layers_make_the_environment_of_a_process(droplet: Any, capfd: Any, tmp_path: Path) -> None:
    assert run(droplet(CNB), "-p", "place", "-d", str(tmp_path / "here")) == 0

    layer = tmp_path / "here/layers/samples_shell/tools"
    assert capfd.readouterr().out == f"{tmp_path}/here/workspace\ngood day {layer}/data and more\n"


@pytest.mark.parametrize(
    ("files", "more", "problem"),
    [
        (CLASSIC, ("-p", "x"), "there is no process 'x'; processes of this droplet: web, worker"),
        (CNB, ("-p", "x"), "there is no process 'x'; processes of this droplet: place, web"),
        (CLASSIC, ("argument",), "arguments are for droplets of Cloud Native Buildpacks"),
        (CNB, ("-c", "ls"), "--command is for droplets of classic buildpacks"),
        ({"file": "x"}, (), "DROPLET: expected an archive with a directory app or workspace"),
        ({"../x": "x"}, (), "the droplet: '../x' is refused: the name leaves the directory"),
        (CLASSIC, ("-e", "NOT_SET_HERE"), "expected NAME=VALUE"),
        (CLASSIC, ("--port", "0"), "0 is not in the range"),
    ],
)
def test_what_cannot_be_started_is_refused_with_the_reason(
    droplet: Any, capfd: Any, files: Mapping[str, str], more: tuple[str, ...], problem: str
) -> None:
    assert run(droplet(files), *more) != 0
    assert problem in capfd.readouterr().out


def test_a_directory_that_holds_something_is_left_alone(droplet: Any, capfd: Any, tmp_path: Path) -> None:
    assert run(droplet(CLASSIC), "-d", str(tmp_path)) == 1
    assert "is not empty" in capfd.readouterr().out
