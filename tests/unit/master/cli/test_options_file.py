"""`.buildbot/options`: what it says stands for options that are not given, and it is never executed."""

from __future__ import annotations

import os
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from buildmill.common.errors import ConfigError
from buildmill.master.cli.options_file import CommandWithOptionsFile, read_options


def write(folder: Path, text: str) -> None:
    (folder / ".buildbot").mkdir(parents=True)
    (folder / ".buildbot" / "options").write_text(text)


def test_the_nearest_file_counts_then_that_of_the_home(tmp_path: Path) -> None:
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "home").mkdir()
    write(tmp_path / "a", "# who I am\n'text'\nwho = 'ann'\ntry_builders = ['b1', 'b2']\n")
    write(tmp_path / "home", "who = 'at home'\n")

    below = read_options(tmp_path / "a" / "b", tmp_path / "home")
    elsewhere = read_options(tmp_path, tmp_path / "home")

    assert below == {"who": "ann", "try_builders": ["b1", "b2"]}
    assert elsewhere == {"who": "at home"}
    assert read_options(tmp_path, tmp_path / "nobody") == {}


def test_what_is_no_plain_assignment_is_told_with_its_line(tmp_path: Path) -> None:
    write(tmp_path, "import os\nwho = os.environ['USER']\nmaster = 'here'\n")

    with pytest.raises(ConfigError) as error:
        read_options(tmp_path, tmp_path)

    assert [(p.line, p.message.partition(":")[0]) for p in error.value.problems] == [
        (1, "expected lines of the form NAME = VALUE"),
        (2, "who"),
    ]


def test_the_command_line_goes_over_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    @click.command(cls=CommandWithOptionsFile, known_as={"who": ("who", "username"), "place": ("place",)})
    @click.option("--who", required=True)
    @click.option("--place", default="nowhere")
    def command(who: str, place: str) -> None:
        click.echo(f"{who} {place}")

    write(tmp_path, "username = 'ann'\nplace = 'here'\n")
    monkeypatch.chdir(tmp_path)

    assert CliRunner().invoke(command, []).output == "ann here\n"
    assert CliRunner().invoke(command, ["--place", "there"]).output == "ann there\n"

    (tmp_path / ".buildbot" / "options").write_text("who = 1 +\n")
    failed = CliRunner().invoke(command, [])
    assert (failed.exit_code, "options:1: " in failed.output) == (1, True)


def test_a_file_that_somebody_else_has_put_above_says_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / ".buildbot").mkdir()
    (tmp_path / ".buildbot" / "options").write_text("try_ssh = '/tmp/evil'\n")
    (tmp_path / "home").mkdir()
    assert read_options(tmp_path, tmp_path / "home") == {"try_ssh": "/tmp/evil"}

    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert read_options(tmp_path, tmp_path / "home") == {}
