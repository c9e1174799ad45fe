"""How a classic droplet is started: which command, in which environment, after which scripts."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.staging.launching.classic import launch_of, processes_of

INHERITED = {"PATH": "/usr/bin:/bin", "PORT": "8080"}


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """An unpacked droplet."""
    for name, content in {
        "staging_info.yml": '{"detected_buildpack":"node","start_command":"run web"}',
        "app/Procfile": "worker: run worker\n",
        "app/.profile": 'export SEEN="$SEEN profile"\n',
        "app/.profile.d/1.sh": 'export SEEN="$SEEN app.d"\n',
        "profile.d/0_first.sh": 'export SEEN="first"\n',
        "profile.d/1_deps.sh": 'export SEEN="$SEEN $(basename "$DEPS_DIR")"\n',
        "deps/0/launch.yml": "processes: [{type: worker, command: old}, {type: clock, command: tick}]",
        "deps/1/launch.yml": (
            "processes: [{type: clock, command: tock}, "
            "{type: side, command: s, platforms: {cloudfoundry: {sidecar_for: [web]}}}]"
        ),
    }.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(content)
    return tmp_path


def run(home: Path, command: str, **more: str) -> str:
    launch = launch_of(home, command=command, inherited={**INHERITED, **more})
    return subprocess.run(
        launch.arguments, env=launch.environment, cwd=launch.directory, check=True, capture_output=True, text=True
    ).stdout


def test_processes_are_those_of_staging(home: Path) -> None:
    assert processes_of(home) == {"web": "run web", "worker": "run worker", "clock": "tock"}


def test_the_tenth_buildpack_comes_after_the_ninth(home: Path) -> None:
    for index, command in (("9", "nine"), ("10", "ten")):
        (home / "deps" / index).mkdir()
        (home / f"deps/{index}/launch.yml").write_text(f"processes: [{{type: clock, command: {command}}}]")

    assert processes_of(home)["clock"] == "ten"


def test_a_droplet_without_files_has_no_processes(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()

    assert processes_of(tmp_path) == {}
    with pytest.raises(NotFound, match="there is no process 'web'; processes of this droplet: none"):
        launch_of(tmp_path, inherited=INHERITED)


def test_an_unknown_process_is_named_with_those_that_there_are(home: Path) -> None:
    with pytest.raises(NotFound, match="no process 'x'; processes of this droplet: clock, web, worker"):
        launch_of(home, process="x", inherited=INHERITED)


def test_the_scripts_come_before_the_command_in_their_order(home: Path) -> None:
    assert run(home, 'echo "$SEEN"') == "first deps app.d profile\n"


def test_the_command_is_a_shells(home: Path) -> None:
    assert run(home, "echo $((1 + 2)) | tr 3 4") == "4\n"


def test_the_environment_is_the_launchers(home: Path) -> None:
    launch = launch_of(home, process="worker", inherited={**INHERITED, "GREETING": "hi", "HOME": "/root"})

    assert launch.directory == str(home / "app")
    assert launch.environment == {
        "PATH": "/usr/bin:/bin",
        "PORT": "8080",
        "GREETING": "hi",
        "USER": "vcap",
        "HOME": str(home / "app"),
        "DEPS_DIR": str(home / "deps"),
        "TMPDIR": str(home / "tmp"),
        "VCAP_APPLICATION": '{"instance_index": 0, "process_type": "worker"}',
        "VCAP_SERVICES": "{}",
        "CF_INSTANCE_INDEX": "0",
    }
    assert (home / "tmp").is_dir()


def test_what_the_user_sets_wins_over_what_a_platform_would_set(home: Path) -> None:
    assert run(home, 'echo "$VCAP_SERVICES"', VCAP_SERVICES="mine") == "mine\n"


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("app/Procfile", "a: [", "app/Procfile: cannot be read"),
        ("app/Procfile", "[a]", "app/Procfile: expected names with values, not list"),
        ("staging_info.yml", "text", "staging_info.yml: expected names with values, not str"),
        ("deps/0/launch.yml", "processes: {}x", "deps/0/launch.yml: cannot be read"),
        ("deps/0/launch.yml", "processes: text", "deps/0/launch.yml: expected a list of processes"),
    ],
)
def test_a_malformed_file_is_named(home: Path, name: str, content: str, problem: str) -> None:
    (home / name).write_text(content)

    with pytest.raises(InvalidInput, match=problem):
        launch_of(home, inherited=INHERITED)
