"""What gives operators a way into a running Buildbot: debug consoles, managers of users. Accepted, not started."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.not_delivering import NotDelivering


class Manhole(NotDelivering):
    """A debug console.

    Args:
        port: a number or an endpoint description.
    """

    not_delivering: str = "opens no console: nobody gets a Python prompt inside of a master"
    way_out: str = "look at master.log and the REST API"

    def __init__(self, port: int | str) -> None:
        self.file, self.line = users_place()
        if isinstance(port, bool) or not isinstance(port, int | str):
            config_error(f"{type(self).__name__}: port must be a number or an endpoint, not {port!r}")
        self.port = port


class TelnetManhole(Manhole):
    """A console over telnet."""

    def __init__(self, port: int | str, username: str, password: Any) -> None:
        super().__init__(port)
        self.username, self.password = username, password


class PasswordManhole(Manhole):
    """A console over SSH, with a password."""

    def __init__(self, port: int | str, username: str, password: Any, ssh_hostkey_dir: str) -> None:
        super().__init__(port)
        self.username, self.password, self.ssh_hostkey_dir = username, password, ssh_hostkey_dir


class AuthorizedKeysManhole(Manhole):
    """A console over SSH, with keys."""

    def __init__(self, port: int | str, keyfile: str, ssh_hostkey_dir: str) -> None:
        super().__init__(port)
        self.keyfile, self.ssh_hostkey_dir = keyfile, ssh_hostkey_dir


class UserManager(NotDelivering):
    """Base of managers of users."""

    not_delivering: str = "manages nobody: a master has no table of users yet"


class CommandlineUserManager(UserManager):
    """Takes what the command ``user`` says."""

    def __init__(self, username: str | None = None, passwd: Any = None, port: int | str | None = None) -> None:
        self.file, self.line = users_place()
        self.username, self.passwd, self.port = username, passwd, port
