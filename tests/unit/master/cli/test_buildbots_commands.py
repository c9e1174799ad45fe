"""Everything that Buildbot's command line takes is taken, under the same name; what is not is written down here."""

from __future__ import annotations

from collections.abc import Mapping

import click
import pytest
from click.testing import CliRunner

from buildmill.master.cli.main import main as master
from buildmill.worker.cli import main as worker

STARTING = ("--start_timeout", "--quiet", "-q", "--nodaemon")
RECONFIG = ("--progress_timeout", "--quiet", "-q")
MASTER: Mapping[str, tuple[str, ...]] = {
    "create-master": (
        "--config", "-c", "--log-size", "-s", "--log-count", "-l", "--db", "--quiet", "-q", "--force", "-f",
        "--relocatable", "-r", "--develop", "-d", "--no-logrotate", "-n",
    ),
    "upgrade-master": ("--quiet", "-q", "--develop", "-d", "--replace", "-r"),
    "start": STARTING,
    "stop": ("--quiet", "-q", "--clean", "-c", "--no-wait"),
    "restart": (*STARTING, "--clean", "-c"),
    "reconfig": RECONFIG,
    "sighup": RECONFIG,
    "sendchange": (
        "--master", "-m", "--auth", "-a", "--who", "-W", "--repository", "-R", "--vc", "-s", "--project", "-P",
        "--branch", "-b", "--category", "-C", "--codebase", "--revision", "-r", "--revision_file", "--property", "-p",
        "--comments", "-c", "--logfile", "-F", "--when", "-w", "--revlink", "-l", "--encoding", "-e",
    ),
    "try": (
        "--connect", "-c", "--host", "--port", "--jobdir", "--ssh", "--username", "-u", "--master", "-m", "--passwd",
        "--who", "-w", "--comment", "-C", "--buildbotbin", "--diff", "--patchlevel", "-p", "--baserev", "--vc",
        "--branch", "--repository", "--builder", "-b", "--properties", "--property", "--topfile", "--topdir", "--wait",
        "--dryrun", "-n", "--get-builder-names", "--quiet", "-q",
    ),
    "tryserver": ("--jobdir",),
    "checkconfig": ("--quiet", "-q"),
    "user": (
        "--master", "-m", "--username", "-u", "--passwd", "-p", "--op", "--bb_username", "--bb_password", "--ids",
        "--info",
    ),
    "dataspec": ("--out", "-o", "--global", "-g"),
    "dev-proxy": ("--port", "-p", "--plugins", "--auth_cookie", "--buildbot_url", "-b", "--unsafe_ssl"),
    "cleanupdb": ("--quiet", "-q", "--force", "-f"),
    "copy-db": ("--quiet", "-q", "--ignore-fk-error-rows"),
}  # fmt: skip
WORKER: Mapping[str, tuple[str, ...]] = {
    "create-worker": (
        "--keepalive", "-k", "--umask", "--maxdelay", "--maxretries", "--numcpus", "--log-size", "-s", "--log-count",
        "-l", "--allow-shutdown", "-a", "--protocol", "--connection-string", "--proxy-connection-string", "--quiet",
        "-q", "--force", "-f", "--relocatable", "-r", "--no-logrotate", "-n", "--use-tls", "--delete-leftover-dirs",
    ),
    "start": ("--quiet", "-q", "--nodaemon"),
    "stop": ("--quiet", "-q"),
    "restart": ("--quiet", "-q", "--nodaemon"),
}  # fmt: skip


def options_of(command: click.Command) -> set[str]:
    return {name for parameter in command.params for name in (*parameter.opts, *parameter.secondary_opts)}


@pytest.mark.parametrize(
    ("program", "name", "options"),
    [
        *(("master", name, options) for name, options in MASTER.items()),
        *(("worker", name, options) for name, options in WORKER.items()),
    ],
)
def test_a_command_of_buildbot_takes_all_its_options(program: str, name: str, options: tuple[str, ...]) -> None:
    group = master if program == "master" else worker
    command = group.get_command(click.Context(group), name)

    assert command is not None
    assert {*options, "--version"} - options_of(command) == set()


@pytest.mark.parametrize("group", [master, worker])
def test_each_command_tells_its_help_and_its_version(group: click.Group) -> None:
    for name in group.list_commands(click.Context(group)):
        helped, versioned = (CliRunner().invoke(group, [name, option]) for option in ("--help", "--version"))

        assert (helped.exit_code, versioned.exit_code) == (0, 0), name
        assert "Usage:" in helped.output
        assert versioned.output.startswith("buildmill")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (["user", "--op", "add", "--ids", "ann"], "user: a master has no table of users yet"),
        (["dev-proxy", "-p", "8011"], "dev-proxy: this version of Buildmill has no pages"),
    ],
)
def test_what_is_not_there_says_so_and_fails(arguments: list[str], reason: str) -> None:
    result = CliRunner().invoke(master, arguments)

    assert result.exit_code == 1
    assert reason in result.output


@pytest.mark.parametrize(
    "arguments",
    [["user", "--op", "rename"], ["reconfig", "--exit-code"], ["copy-db"], ["completion", "tcsh"], ["nothing"]],
)
def test_a_wrong_command_line_ends_with_code_2(arguments: list[str]) -> None:
    assert CliRunner().invoke(master, arguments).exit_code == 2


@pytest.mark.parametrize(("shell", "marks"), [("bash", "complete -o"), ("zsh", "#compdef"), ("fish", "complete -")])
def test_shells_get_a_script_for_completion(shell: str, marks: str) -> None:
    result = CliRunner().invoke(master, ["completion", shell])

    assert result.exit_code == 0
    assert marks in result.output
    assert "_BUILDMILL_COMPLETE" in result.output


def test_commands_and_options_are_completed() -> None:
    def completed(words: str) -> list[str]:
        count = str(len(words.split(" ")) - 1)
        result = CliRunner().invoke(
            master, [], env={"_BUILDMILL_COMPLETE": "zsh_complete", "COMP_WORDS": words, "COMP_CWORD": count},
            prog_name="buildmill",
        )  # fmt: skip
        return result.output.splitlines()

    assert "checkconfig" in completed("buildmill check")
    assert "--plan" in completed("buildmill reconfig --p")


def test_dataspec_tells_each_path(tmp_path: str) -> None:
    plain = CliRunner().invoke(master, ["dataspec", "-o", "-"])
    script = CliRunner().invoke(master, ["dataspec", "-o", "-", "-g", "api"])

    assert plain.exit_code == script.exit_code == 0
    assert '"path":"builders/n:builderid"' in plain.output
    assert script.output == f"window.api={plain.output.strip()};\n"
    assert CliRunner().invoke(master, ["dataspec", "-g", "no name"]).exit_code == 2
