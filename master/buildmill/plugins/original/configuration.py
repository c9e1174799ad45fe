"""How configurations report mistakes and what they call deprecated."""

from __future__ import annotations

import warnings
from collections.abc import Iterable
from typing import Any

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.domain.config_errors import config_error, users_place


def error(message: Any) -> None:
    """Note a mistake, and go on reading. Outside the reading of a configuration it raises."""
    config_error(str(message))


class ConfigErrors(ConfigError):
    """Several mistakes, to be collected by `addError` and raised.

    Attributes:
        errors: their texts.
    """

    def __init__(self, errors: Iterable[Any] = ()) -> None:
        self.problems: tuple[ConfigProblem, ...] = ()
        super().__init__(())
        for message in errors:
            self.addError(message)

    @property
    def errors(self) -> list[str]:
        """The texts so far."""
        return [problem.message for problem in self.problems]

    def addError(self, message: Any) -> None:
        """Add one, with the place of the caller."""
        self.problems = (*self.problems, ConfigProblem(str(message), *users_place()))

    def merge(self, errors: ConfigError) -> None:
        """Add those of another one."""
        self.problems = (*self.problems, *errors.problems)

    def __str__(self) -> str:
        return "\n".join(self.errors)

    def __bool__(self) -> bool:
        return bool(self.problems)


class ConfigWarning(Warning):
    """Something in a configuration that will not be taken for ever."""


class DeprecatedApiWarning(Warning):
    """A name that is going away."""


def warn_deprecated(version: str, message: str, stacklevel: int = 2) -> None:
    """Say that something is deprecated since a version."""
    warnings.warn(f"[{version} and later] {message}", DeprecatedApiWarning, stacklevel + 1)


class ConfiguratorBase:
    """Base of configurators: `configure` is called with the dictionary and changes it.

    Attributes:
        config_dict: the dictionary, when `configure` of this class was called.
    """

    config_dict: dict[str, Any]

    def configure(self, config_dict: dict[str, Any]) -> None:
        """Make sure that the lists to which one adds are there."""
        self.config_dict = config_dict
        for key in ("schedulers", "builders", "projects", "workers", "services"):
            config_dict.setdefault(key, [])

    @property
    def schedulers(self) -> list[Any]:
        """The schedulers of the configuration."""
        return self._list("schedulers")

    @property
    def builders(self) -> list[Any]:
        """The builders of the configuration."""
        return self._list("builders")

    @property
    def workers(self) -> list[Any]:
        """The workers of the configuration."""
        return self._list("workers")

    @property
    def projects(self) -> list[Any]:
        """The projects of the configuration."""
        return self._list("projects")

    def _list(self, key: str) -> list[Any]:
        found: list[Any] = self.config_dict[key]
        return found
