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


Make = Callable[[Path, MasterSettings, "MasterConfig", Any, Any], Any]


@dataclass(frozen=True, kw_only=True)
class Role:
    """See the module.

    Attributes:
        name: for people, after "the".
        pid_file, log_file: their names below the directory.
        running: what its log says when it serves.
        maker: imports what makes its app of the directory, its settings, the configuration, the reactor and a source of
            randomness. That takes a second.
    """

    name: str
    pid_file: str
    log_file: str
    running: str
    maker: Callable[[], Make]

    @property
    def one(self) -> str:
        """With an article."""
        return f"a {self.name}"


def _master_maker() -> Make:
    from buildmill.master.app import App

    return _maker(App)


def _web_maker(master: str | None) -> Make:
    from buildmill.master.web_app import WebApp

    return _maker(partial(WebApp, master=master))


def _maker(app: Callable[..., Any]) -> Make:
    def make(basedir: Path, settings: MasterSettings, config: MasterConfig, reactor: Any, rng: Any) -> Any:
        return app(
            basedir=basedir,
            config=config,
            reactor=reactor,
            rng=rng,
            config_file=settings.config_file,
            check_seconds=settings.check_seconds,
        )

    return make


MASTER = Role(name="master", pid_file=PID_FILE, log_file=LOG_FILE, running="master is running", maker=_master_maker)


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
        maker=partial(_web_maker, master),
    )
