"""Reading configurations, for code of users that looks at one."""

from __future__ import annotations

import sys
from dataclasses import fields
from pathlib import Path
from typing import Any, Self

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.cli.basedir import SETTINGS_FILE
from buildmill.master.config import loader, master_config
from buildmill.master.config.execution import MODULE_NAME, run_file
from buildmill.master.config.problems import Problems
from buildmill.master.domain.config_errors import collected_errors


class MasterConfig(master_config.MasterConfig):
    """A checked configuration; see `buildmill.master.config.master_config.MasterConfig`."""

    @classmethod
    def loadFromDict(cls, config_dict: dict[str, Any], filename: str) -> Self:
        """What a dictionary like ``BuildmasterConfig`` describes.

        Args:
            filename: the file that it stands in, for messages; its directory is the master's.

        Raises:
            ConfigError: all that is wrong.
        """
        file = Path(filename).absolute()
        with collected_errors() as found:
            config = loader.from_dictionary(config_dict, file.parent, file, Problems(file, found))
        if found:
            raise ConfigError(found)
        return cls(**{field.name: getattr(config, field.name) for field in fields(config)})


class FileLoader:
    """Reads and checks a file.

    Args:
        basedir: the master's directory.
        configFileName: the file, absolute or below it.
    """

    def __init__(self, basedir: str, configFileName: str) -> None:
        self.basedir = basedir
        self.configFileName = configFileName

    def loadConfig(self) -> MasterConfig:
        """The configuration. Blocking. Raises ConfigError with all that is wrong."""
        filename, values = loadConfigDict(self.basedir, self.configFileName)
        return MasterConfig.loadFromDict(values, filename)


def loadConfigDict(basedir: str, configFileName: str) -> tuple[str, dict[str, Any]]:
    """Run a configuration, and give its dictionary unchecked. Blocking.

    Returns:
        The path of the file, and the dictionary.

    Raises:
        ConfigError: it cannot be run, or defines none.
    """
    file = Path(basedir).absolute() / configFileName
    present = sys.modules.get(MODULE_NAME)
    try:
        names = run_file(file, Path(basedir).absolute())
    finally:
        if present is not None:  # the configuration that is being read stays the one that its own code finds
            sys.modules[MODULE_NAME] = present
    values = names.get(loader.VARIABLE)
    if not isinstance(values, dict):
        raise ConfigError([ConfigProblem(f"the configuration defines no dictionary {loader.VARIABLE}", str(file))])
    return str(file), values


def isBuildmasterDir(dir: str) -> bool:
    """Whether that is the directory of a master."""
    return (Path(dir) / SETTINGS_FILE).is_file()
