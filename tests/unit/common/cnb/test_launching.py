"""How a droplet is launched."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from buildmill.common.cnb.launching import prepare_launch_blocking, read_launch_metadata
from buildmill.common.cnb.places import Home
from buildmill.common.errors import InvalidInput, NotFound

METADATA = """
buildpack-default-process-type = "serve"
[[buildpacks]]
id = "a/one"
version = "1"
api = "0.10"
[[processes]]
type = "serve"
command = ["run", "/home/vcap/layers/a_one/l/x"]
args = ["--here", "/home/vcap/workspace"]
direct = true
default = true
buildpack-id = "a/one"
working-dir = "/home/vcap/workspace/sub"
[[processes]]
type = "old"
command = ["echo"]
args = ["it's $X", 'a "word"']
direct = false
[[processes]]
type = "line"
command = ["cd / && echo $X $PWD"]
direct = false
"""


@pytest.fixture
def home(tmp_path: Path) -> Home:
    home = Home(tmp_path / "home")
    (home.layers / "config").mkdir(parents=True)
    (home.layers / "config" / "metadata.toml").write_text(METADATA)
    (home.layers / "a_one" / "l").mkdir(parents=True)
    home.workspace.mkdir()
    return home


def exec_d(home: Home, text: str) -> None:
    program = home.layers / "a_one" / "l" / "exec.d" / "p"
    program.parent.mkdir()
    program.write_text(f"#!/bin/sh\n{text}\n")
    program.chmod(0o755)


def test_paths_are_those_of_the_place(home: Home) -> None:
    launch = prepare_launch_blocking(home, read_launch_metadata(home), inherited={"PATH": "/bin", "CNB_OLD": "x"})

    assert launch.arguments == ["run", f"{home.layers}/a_one/l/x", "--here", str(home.workspace)]
    assert launch.directory == f"{home.workspace}/sub"
    assert launch.environment == {
        "PATH": "/bin",
        "CNB_LAYERS_DIR": str(home.layers),
        "CNB_APP_DIR": str(home.workspace),
    }


def test_a_users_value_stands_against_defaults_only(home: Home) -> None:
    env = home.layers / "a_one" / "l" / "env.launch"
    env.mkdir()
    (env / "A.default").write_text("layer")
    (env / "B.override").write_text("layer")

    launch = prepare_launch_blocking(home, read_launch_metadata(home), inherited={"A": "mine", "B": "mine"})

    assert (launch.environment["A"], launch.environment["B"]) == ("mine", "layer")


@pytest.mark.parametrize(("process", "said"), [("old", 'it\'s a  b a "word"\n'), ("line", "a b /\n")])
def test_an_indirect_process_is_run_by_a_shell_behind_the_profiles(home: Home, process: str, said: str) -> None:
    folder = home.layers / "a_one" / "l" / "profile.d"
    folder.mkdir()
    (folder / "x.sh").write_text("export X='a  b'\n")

    launch = prepare_launch_blocking(
        home, read_launch_metadata(home), process=process, inherited={"PATH": "/usr/bin:/bin"}
    )

    output = subprocess.check_output(launch.arguments, env=launch.environment, cwd=launch.directory, text=True)
    assert output == said


def test_programs_for_one_process_run_behind_those_for_all(home: Home) -> None:
    for number, folder in enumerate(("a_one/l/exec.d", "a_one/l/exec.d/serve", "a_one/m/exec.d")):
        program = home.layers / folder / "p"
        program.parent.mkdir(parents=True)
        program.write_text(f'#!/bin/sh\necho "ORDER = \\"${{ORDER}}{number}\\"" >&3\n')
        program.chmod(0o755)

    launch = prepare_launch_blocking(home, read_launch_metadata(home), inherited={"PATH": "/usr/bin:/bin"})

    assert launch.environment["ORDER"] == "021"


def test_an_unknown_process_is_named_with_those_that_are_there(home: Home) -> None:
    with pytest.raises(NotFound, match="no process 'web'; processes of this droplet: line, old, serve"):
        prepare_launch_blocking(home, read_launch_metadata(home), process="web", inherited={})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("exit 3", "exec.d/p: exited with 3"),
        ("echo '= x' >&3", "exec.d/p: printed no TOML"),
        ("echo 'A = 1' >&3", "exec.d/p: printed 'A', which is no variable with a string"),
        ("""echo '"A-B" = "1"' >&3""", "exec.d/p: printed 'A-B', which is no variable with a string"),
        ("head -c 2000000 /dev/zero >&3", "exec.d/p: printed more than"),
    ],
)
def test_a_faulty_program_of_exec_d_is_named(home: Home, text: str, problem: str) -> None:
    exec_d(home, text)

    with pytest.raises(InvalidInput, match=problem):
        prepare_launch_blocking(home, read_launch_metadata(home), inherited={"PATH": "/usr/bin:/bin"})


def test_what_exec_d_prints_is_set_and_its_chatter_is_not_in_the_way(home: Home) -> None:
    exec_d(home, """echo chatter; printf 'A = "%s"\\nB = "2"\\n' "$PATH" >&3""")

    launch = prepare_launch_blocking(home, read_launch_metadata(home), inherited={"PATH": "/usr/bin:/bin"})

    assert (launch.environment["A"], launch.environment["B"]) == ("/usr/bin:/bin", "2")


@pytest.mark.parametrize("text", ["[[processes]]\ntype = 1", "x =", 'processes = "x"'])
def test_malformed_metadata_are_refused(home: Home, text: str) -> None:
    (home.layers / "config" / "metadata.toml").write_text(text)

    with pytest.raises(InvalidInput, match=r"layers/config/metadata\.toml: is malformed"):
        read_launch_metadata(home)
