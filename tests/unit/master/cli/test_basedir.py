"""A master's directory: what is made, and what its settings may say."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildmill.common.errors import ConfigError, Conflict
from buildmill.master.cli.basedir import MasterSettings, make, read_settings
from buildmill.master.config.loader import load


def test_settings_are_read_as_they_were_written(tmp_path: Path) -> None:
    settings = MasterSettings(config_file='o"d\\d é.cfg', db_url="postgresql://u:p@h/d", log_bytes=0, log_files=3)

    make(tmp_path / "m", settings)

    assert read_settings(tmp_path / "m") == settings


def test_a_master_is_for_its_owner_alone(tmp_path: Path) -> None:
    make(tmp_path / "a" / "m", MasterSettings())

    assert (tmp_path / "a" / "m").stat().st_mode & 0o777 == 0o700
    assert {f.name: f.stat().st_mode & 0o777 for f in (tmp_path / "a" / "m").iterdir()} == {
        "buildmill.toml": 0o600,
        "master.cfg.sample": 0o600,
    }


def test_a_second_making_needs_force_and_keeps_everything_else(tmp_path: Path) -> None:
    make(tmp_path, MasterSettings(log_files=1))
    (tmp_path / "master.cfg").write_text("mine")

    with pytest.raises(Conflict, match="--force"):
        make(tmp_path, MasterSettings(log_files=2))
    assert read_settings(tmp_path).log_files == 1
    make(tmp_path, MasterSettings(log_files=2), force=True)

    assert read_settings(tmp_path).log_files == 2
    assert (tmp_path / "master.cfg").read_text() == "mine"


def test_all_that_is_wrong_with_the_settings_is_told(tmp_path: Path) -> None:
    (tmp_path / "buildmill.toml").write_text('log_bytes = -1\nlog_files = true\nconfig_file = ""\ncolour = "red"\n')

    with pytest.raises(ConfigError) as error:
        read_settings(tmp_path)

    assert [p.message.split()[0] for p in error.value.problems] == ["log_bytes", "log_files", "config_file", "unknown"]
    assert {p.file for p in error.value.problems} == {str(tmp_path / "buildmill.toml")}


@pytest.mark.parametrize(("content", "words"), [(None, "create-master"), ("= 1", "line 1"), ("\x00", "buildmill.toml")])
def test_a_directory_without_readable_settings_is_no_masters(tmp_path: Path, content: str | None, words: str) -> None:
    if content is not None:
        (tmp_path / "buildmill.toml").write_text(content)

    with pytest.raises(ConfigError, match=words):
        read_settings(tmp_path)


def test_the_sample_is_a_good_configuration_that_names_the_database(tmp_path: Path) -> None:
    make(tmp_path, MasterSettings(db_url="sqlite:///other.sqlite"))

    config = load(tmp_path, "master.cfg.sample")

    assert config.db_url == "sqlite:///other.sqlite"
    assert [builder.name for builder in config.builders] == ["hello"]
