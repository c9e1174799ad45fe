"""Names and passwords for git, in the format of ``git credential``: as they are configured, and as git reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, unquote, urlsplit

from buildmill.common.errors import InvalidInput
from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import RenderContext, RenderError, is_renderable, render

_FIELD = "git_credentials"
_PARTS = ("protocol", "host", "path", "username", "password")
_OTHER_WAYS = ("authtype", "credential")
"""Attributes that stand for a way to log in without a password."""


class GitCredentialInputRenderer:
    """A renderable: the text of one credential.

    Args:
        **credential_attributes: as ``git credential`` knows them: ``url``, or ``protocol`` and ``host`` and ``path``;
            ``username``; ``password``. Values may be renderables; None leaves one out.
    """

    def __init__(self, **credential_attributes: Any) -> None:
        for name, value in credential_attributes.items():
            if value is not None and not isinstance(value, str) and not is_renderable(value):
                # not the value: it may be a password
                config_error(
                    f"GitCredentialInputRenderer: {name} must be a string or a renderable, not {type(value).__name__}"
                )
        self._attributes = credential_attributes

    async def getRenderingFor(self, props: RenderContext) -> str:  # noqa: N802  # the name of the protocol
        """The text. Raises RenderError."""
        rendered = {name: await render(value, props) for name, value in self._attributes.items()}
        given = {name: str(value) for name, value in rendered.items() if value is not None}
        for name, value in given.items():
            if "\n" in value or "\0" in value:
                raise RenderError(f"the {name} of a credential for git has more than one line")
        # an address takes back what stood before it
        ordered = sorted(given.items(), key=lambda item: item[0] != "url")
        return "".join(f"{name}={value}\n" for name, value in ordered)

    def __repr__(self) -> str:
        return f"GitCredentialInputRenderer({', '.join(self._attributes)})"


class GitCredentialOptions:
    """The credentials that git may use.

    Args:
        credentials: texts in the format of ``git credential``, or renderables of such; of two that fit, the later one
            counts.
        use_http_path: whether credentials of a host are told apart by the path, too; None: as git is configured.
    """

    def __init__(self, credentials: Any, use_http_path: bool | None = None) -> None:
        if not isinstance(credentials, list | tuple) or not all(
            isinstance(text, str) or is_renderable(text) for text in credentials
        ):
            config_error("GitCredentialOptions: credentials must be a list of strings or renderables")
            credentials = []
        if use_http_path is not None and not isinstance(use_http_path, bool):
            config_error(f"GitCredentialOptions: use_http_path must be True, False or None, not {use_http_path!r}")
            use_http_path = None
        self.credentials = list(credentials)
        self.use_http_path = use_http_path

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, GitCredentialOptions):
            return NotImplemented
        return (self.credentials, self.use_http_path) == (other.credentials, other.use_http_path)

    def __repr__(self) -> str:
        return f"GitCredentialOptions({len(self.credentials)} credentials, use_http_path={self.use_http_path!r})"


def add_user_password_to_credentials(
    auth_credentials: Sequence[Any], url: Any, credential_options: GitCredentialOptions | None
) -> GitCredentialOptions:
    """The options with one more credential, before the others.

    Args:
        auth_credentials: user and password; may be renderables.
        url: address that they are for; may be a renderable.
        credential_options: None for none.
    """
    username, password = auth_credentials
    added = GitCredentialInputRenderer(url=url, username=username, password=password)
    if credential_options is None:
        return GitCredentialOptions([added])
    return GitCredentialOptions([added, *credential_options.credentials], credential_options.use_http_path)


@dataclass(frozen=True, kw_only=True)
class GitCredential:
    """A name and a password, and where they are for."""

    protocol: str
    host: str
    path: str
    username: str
    password: str

    @classmethod
    def parse(cls, text: str) -> GitCredential:
        """Read the format of ``git credential``.

        Raises:
            InvalidInput: what is wrong, without the text: it holds a password.
        """
        parts = dict.fromkeys(_PARTS, "")
        for number, line in enumerate(text.split("\n"), 1):
            if not line:
                continue
            name, equals, value = line.partition("=")
            if not equals:
                raise InvalidInput(_FIELD, f"line {number} of a credential must be key=value")
            if name == "url":
                parts = _parts_of_address(value)
            elif name in parts:
                parts[name] = value
            elif name in _OTHER_WAYS:
                raise InvalidInput(_FIELD, f"{name} is not supported: give a username and a password")
        for name in _PARTS:
            if not parts[name] and name != "path":
                raise InvalidInput(_FIELD, f"a credential must have a {name}")
            if any(character in parts[name] for character in "\r\n\0"):
                raise InvalidInput(_FIELD, f"the {name} of a credential has more than one line")
        if parts["protocol"] not in ("http", "https"):
            raise InvalidInput(_FIELD, f"a credential must be for http or https, not {parts['protocol']!r}")
        if any(character in parts["host"] for character in "/@ "):
            raise InvalidInput(_FIELD, f"{parts['host']!r} is no host")
        return cls(**parts)

    def stored(self, *, with_path: bool) -> str:
        """A line of a file of ``git credential-store``, without its end."""
        user, password = quote(self.username, safe=""), quote(self.password, safe="")
        path = f"/{quote(self.path)}" if with_path and self.path else ""
        return f"{self.protocol}://{user}:{password}@{self.host}{path}"


def _parts_of_address(address: str) -> dict[str, str]:
    try:
        parts = urlsplit(address)
    except ValueError:
        raise InvalidInput(_FIELD, "the url of a credential is no address") from None
    account, _, host = parts.netloc.rpartition("@")
    username, _, password = account.partition(":")
    return {
        "protocol": parts.scheme,
        "host": host,
        "path": unquote(parts.path.strip("/")),
        "username": unquote(username),
        "password": unquote(password),
    }
