"""When a web process does not begin."""

from __future__ import annotations

from pathlib import Path

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.config.master_config import MasterConfig, WwwConfig
from buildmill.master.web_app import check_meant


@pytest.mark.parametrize(
    ("www", "problem"),
    [
        (WwwConfig(), "no port is configured"),
        (WwwConfig(process="own"), "no port is configured"),
        (WwwConfig(port="tcp:8010"), "set 'process' to 'own'"),
    ],
)
def test_a_configuration_without_pages_of_their_own_is_refused(tmp_path: Path, www: WwwConfig, problem: str) -> None:
    config = MasterConfig(basedir=tmp_path, file=tmp_path / "master.cfg", www=www)

    with pytest.raises(ConfigError, match=problem):
        check_meant(config)


def test_one_with_pages_of_their_own_is_taken_and_tells_others(tmp_path: Path) -> None:
    config = MasterConfig(basedir=tmp_path, file=tmp_path / "master.cfg", www=WwwConfig(port="tcp:8010", process="own"))

    check_meant(config)
    assert config.tells_others
    assert not MasterConfig(basedir=tmp_path, file=tmp_path / "master.cfg").tells_others
