"""What a process of a master's directory is: the master itself, or the web process beside it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from buildmill.master.cli.basedir import LOG_FILE, PID_FILE, WEB_LOG_FILE, WEB_PID_FILE, MasterSettings

if TYPE_CHECKING:
    from buildmill.master.config.master_config import MasterConfig


@dataclass(frozen=True, kw_only=True)
class Role:
    """See the module.

    Attributes:
        name: for people, after "the".
        pid_file, log_file: their names below the directory.
        running: what its log says when it serves.
        make: makes its app of the directory, its settings, the configuration, the reactor and a source of randomness.
    """

    name: str
    pid_file: str
    log_file: str
    running: str
    make: Callable[[Path, MasterSettings, MasterConfig, Any, Any], Any]

    @property
    def one(self) -> str:
        """With an article."""
        return f"a {self.name}"


def _make_master(basedir: Path, settings: MasterSettings, config: MasterConfig, reactor: Any, rng: Any) -> Any:
    from buildmill.master.app import App

    return App(
        basedir=basedir,
        config=config,
        reactor=reactor,
        rng=rng,
        config_file=settings.config_file,
        check_seconds=settings.check_seconds,
    )


def _make_web(
    basedir: Path, settings: MasterSettings, config: MasterConfig, reactor: Any, rng: Any, master: str | None = None
) -> Any:
    from buildmill.master.web_app import WebApp

    return WebApp(
        basedir=basedir,
        config=config,
        reactor=reactor,
        rng=rng,
        config_file=settings.config_file,
        check_seconds=settings.check_seconds,
        master=master,
    )


MASTER = Role(name="master", pid_file=PID_FILE, log_file=LOG_FILE, running="master is running", make=_make_master)


def web_of(master: str | None = None) -> Role:
    """The web process of a master.

    Args:
        master: its name in the database; by default that of the directory on this machine.
    """
    return Role(
        name="web process",
        pid_file=WEB_PID_FILE,
        log_file=WEB_LOG_FILE,
        running="web process is running",
        make=partial(_make_web, master=master),
    )
