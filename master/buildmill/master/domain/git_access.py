"""What git needs to get at a repository that asks who one is: files that only one user can read, and how git uses them.

The same for git on a worker and on the master's machine: whoever runs it writes the files before, and removes them.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import SplitResult, urlsplit

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.git_credentials import (
    GitCredential,
    GitCredentialOptions,
    add_user_password_to_credentials,
)
from buildmill.master.domain.rendering import RenderContext, is_renderable, render

KEY, KNOWN_HOSTS, CREDENTIALS = "key", "known_hosts", "credentials"
SSH_PORT = 22
_SCP_ADDRESS = re.compile(r"(?:[^@/:]+@)?([^@/:]+):(?!//)")


@dataclass(frozen=True, kw_only=True, repr=False)
class AccessArguments:
    """The arguments of a step or a change source that say who git is; renderables are not rendered yet.

    Attributes:
        private_key: in the format of OpenSSH.
        host_key: kind and key of the repository's host, as ``ssh-ed25519 AAAA...``.
        known_hosts: contents of a file of known hosts, instead of `host_key`.
        auth_credentials: user and password for the repository's address.
        git_credentials: `GitCredentialOptions`.
    """

    private_key: Any = None
    host_key: Any = None
    known_hosts: Any = None
    auth_credentials: Any = None
    git_credentials: Any = None

    @property
    def is_given(self) -> bool:
        """Whether there is anything."""
        return any(value is not None for value in (self.private_key, self.auth_credentials, self.git_credentials))

    def check(self, owner: str) -> None:
        """Report what is wrong as errors of the configuration; never shows a value."""
        for name, value in (
            ("sshPrivateKey", self.private_key),
            ("sshHostKey", self.host_key),
            ("sshKnownHosts", self.known_hosts),
        ):
            if value is not None and not isinstance(value, str) and not is_renderable(value):
                config_error(f"{owner}: {name} must be a string, not {type(value).__name__}")
        if self.private_key is None and (self.host_key is not None or self.known_hosts is not None):
            config_error(f"{owner}: sshHostKey and sshKnownHosts need sshPrivateKey")
        if self.host_key is not None and self.known_hosts is not None:
            config_error(f"{owner}: sshHostKey and sshKnownHosts cannot be given together")
        auth = self.auth_credentials
        if auth is not None and not is_renderable(auth) and not _is_pair(auth):
            config_error(f"{owner}: auth_credentials must be (user, password)")
        options = self.git_credentials
        if options is not None and not is_renderable(options) and not isinstance(options, GitCredentialOptions):
            config_error(f"{owner}: git_credentials must be GitCredentialOptions, not {type(options).__name__}")

    async def rendered(self, props: RenderContext, address: str, port: int = SSH_PORT) -> GitAccess:
        """What they come to for the repository at `address`.

        Args:
            port: of the ssh server, unless the address has one.

        Raises:
            RenderError: a secret cannot be had.
            InvalidInput: a value is none that git or ssh could use.
        """
        files: dict[str, str] = {}
        secrets: dict[str, str] = {}
        options = await self._options(props, address)
        if self.private_key is not None:
            secrets["sshPrivateKey"] = files[KEY] = _text("sshPrivateKey", await render(self.private_key, props))
            hosts = _text("sshKnownHosts", await render(self.known_hosts, props))
            host_key = _text("sshHostKey", await render(self.host_key, props))
            if host_key:
                hosts = f"{known_host(address, port)} {host_key}"
            if hosts:
                files[KNOWN_HOSTS] = hosts
        if options is not None:
            found = [GitCredential.parse(_text("git_credentials", text)) for text in options.credentials]
            secrets |= {f"password of {one.username} at {one.host}": one.password for one in found}
            # the first line that fits is taken
            lines = [one.stored(with_path=options.use_http_path is not False) for one in reversed(found)]
            files[CREDENTIALS] = "\n".join(lines)
        return GitAccess(
            files={name: content.rstrip("\n") + "\n" for name, content in files.items()},
            secrets=secrets,
            ssh_port=port if port != SSH_PORT and not _has_port(address) else None,
            use_http_path=None if options is None else options.use_http_path,
        )

    async def _options(self, props: RenderContext, address: str) -> GitCredentialOptions | None:
        options = await render(self.git_credentials, props)
        if options is not None and not isinstance(options, GitCredentialOptions):
            raise InvalidInput("git_credentials", f"must be GitCredentialOptions, not {type(options).__name__}")
        if self.auth_credentials is not None:
            auth = await render(self.auth_credentials, props)
            if not _is_pair(auth):
                raise InvalidInput("auth_credentials", "must be (user, password)")
            if _split(address).scheme not in ("http", "https"):
                raise InvalidInput("auth_credentials", f"{without_account(address)!r} is not reached by http or https")
            options = add_user_password_to_credentials(auth, without_account(address), options)
        if options is None:
            return None
        return GitCredentialOptions(await render(options.credentials, props), options.use_http_path)


@dataclass(frozen=True, kw_only=True)
class GitAccess:
    """Files, and how git uses them.

    Attributes:
        files: name to content. All of them are for their owner's eyes only.
        secrets: what must not be shown, by what it is.
        ssh_port: None: that of the address, or the usual one.
        use_http_path: see `GitCredentialOptions`.
    """

    files: Mapping[str, str] = field(repr=False)
    secrets: Mapping[str, str] = field(repr=False)
    ssh_port: int | None = None
    use_http_path: bool | None = None

    def settings(self, path: Callable[[str], str]) -> Sequence[str]:
        """Settings for ``git -c``.

        Args:
            path: where a file of that name is, with slashes.
        """
        if CREDENTIALS not in self.files:
            return ()
        # without the helpers that git knows of: they would be given the password to keep
        settings = ["credential.helper=", f"credential.helper=store --file={shlex.quote(path(CREDENTIALS))}"]
        if self.use_http_path is not None:
            settings.append(f"credential.useHttpPath={str(self.use_http_path).lower()}")
        return settings

    def ssh_command(self, path: Callable[[str], str]) -> str | None:
        """The command with which git uses ssh; None: the usual one.

        A host that is not known is refused, in any case: nobody is there to be asked.
        """
        if KEY not in self.files:
            return None
        options = ["-o", "BatchMode=yes", "-o", "IdentitiesOnly=yes", "-i", path(KEY).replace("%", "%%")]
        if KNOWN_HOSTS in self.files:
            hosts = path(KNOWN_HOSTS).replace("%", "%%")
            if any(character.isspace() for character in hosts):
                hosts = f'"{hosts}"'  # it may be a list of files
            for option in (
                f"UserKnownHostsFile={hosts}",
                "GlobalKnownHostsFile=/dev/null",
                "StrictHostKeyChecking=yes",
            ):
                options += ["-o", option]
        if self.ssh_port is not None:
            options += ["-p", str(self.ssh_port)]
        return shlex.join(["ssh", *options])


def known_host(address: str, port: int = SSH_PORT) -> str:
    """The host of a repository's address, as a file of known hosts names it. Raises InvalidInput."""
    if "://" in address:
        parts = _split(address)
        host, port = parts.hostname, parts.port or port
    else:
        found = _SCP_ADDRESS.match(address)
        host = found[1] if found else None
    if not host:
        raise InvalidInput("sshHostKey", f"{without_account(address)!r} names no host")
    return host if port == SSH_PORT else f"[{host}]:{port}"


def without_account(address: str) -> str:
    """An address without the name and the password that it may hold."""
    parts = _split(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()


def _has_port(address: str) -> bool:
    return "://" in address and _split(address).port is not None


def _split(address: str) -> SplitResult:
    try:
        parts = urlsplit(address)
        parts.port  # noqa: B018  # to look at it is what finds the mistake
    except ValueError as problem:
        raise InvalidInput("repourl", f"is no address: {problem}") from None
    return parts


def _is_pair(value: Any) -> bool:
    return (
        isinstance(value, list | tuple)
        and len(value) == 2
        and all(isinstance(part, str) or is_renderable(part) for part in value)
    )


def _text(argument: str, value: Any) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or "\0" in value:
        raise InvalidInput(argument, f"must be text, not {type(value).__name__}")
    return value
