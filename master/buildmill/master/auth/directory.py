"""Asking a directory service by LDAP (RFC 4511). Everything here blocks, and ends within `SECONDS` for each answer.

Values that users give get into filters escaped (RFC 4515, section 3), and never into names. Certificates are verified
unless somebody says otherwise.
"""

from __future__ import annotations

import ssl
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import ldap3
from ldap3.core.exceptions import LDAPException
from ldap3.core.results import RESULT_INVALID_CREDENTIALS, RESULT_SIZE_LIMIT_EXCEEDED, RESULT_SUCCESS
from ldap3.utils.conv import escape_filter_chars

from buildmill.common.errors import Unavailable

SECONDS: Final = 10
MOST_GROUPS: Final = 1000
_PROBLEM = "the directory of users does not answer as it should at present"


@dataclass(frozen=True, slots=True)
class Account:
    """An entry.

    Attributes:
        dn: its name.
        values: the first value of each attribute that it has.
    """

    dn: str
    values: Mapping[str, str]


class Directory:
    """One directory service.

    Args:
        uri: ``ldaps://host`` or ``ldap://host``.
        start_tls: turn a plain connection into one by TLS before anything is said.
        tls: an `ldap3.Tls` to be used instead of one that verifies by the system's authorities, or `ca_file`'s.
    """

    def __init__(self, uri: str, *, start_tls: bool = False, tls: Any = None, ca_file: str | None = None) -> None:
        self._start_tls = start_tls
        if tls is None:
            tls = _VerifyingTls(ssl.create_default_context(cafile=ca_file), urlsplit(uri).hostname or "")
        self._server = ldap3.Server(uri, tls=tls, get_info=ldap3.NONE, connect_timeout=SECONDS)

    def is_right_blocking(self, dn: str, password: str) -> bool:
        """Whether a password is that of an entry. An empty one is nobody's: it would bind as nobody, and succeed.

        Raises:
            Unavailable: nobody can tell at present.
        """
        if not dn or not password:
            return False
        try:
            with self._connection(dn, password) as connection:
                connection.bind()
                result = connection.result
        except LDAPException as error:
            raise Unavailable(f"{_PROBLEM}: {type(error).__name__}") from error
        if result["result"] not in (RESULT_SUCCESS, RESULT_INVALID_CREDENTIALS):
            raise Unavailable(f"{_PROBLEM}: {result['description']}")
        return bool(result["result"] == RESULT_SUCCESS)

    def entries_blocking(self, user: str, password: str, searches: Sequence[Search], limit: int) -> list[Account]:
        """What some searches find, after having bound as `user`.

        Raises:
            Unavailable: nobody can tell at present.
        """
        found: list[Account] = []
        try:
            with self._connection(user, password) as connection:
                if not connection.bind():
                    raise Unavailable(f"{_PROBLEM}: it does not know bindUser: {connection.result['description']}")
                for search in searches:
                    _ask(connection, search, limit)
                    if connection.result["result"] not in (RESULT_SUCCESS, RESULT_SIZE_LIMIT_EXCEEDED):
                        raise Unavailable(f"{_PROBLEM}: {connection.result['description']}")
                    found += map(_account, filter(_is_entry, connection.response or ()))
        except LDAPException as error:
            raise Unavailable(f"{_PROBLEM}: {type(error).__name__}") from error
        return found

    def _connection(self, user: str, password: str) -> Any:
        connection = ldap3.Connection(
            self._server, user, password, receive_timeout=SECONDS, auto_referrals=False, read_only=True
        )
        return _Opened(connection, self._start_tls)


@dataclass(frozen=True, slots=True)
class Search:
    """A question.

    Attributes:
        base: below which entry.
        filter: with every foreign value escaped.
    """

    base: str
    filter: str
    attributes: Sequence[str]


class _VerifyingTls(ldap3.Tls):  # type: ignore[misc]  # ldap3 is not typed
    """Has Python check whose certificate it is; a connection that fails is closed with its owner."""

    def __init__(self, context: ssl.SSLContext, host: str) -> None:
        super().__init__(validate=ssl.CERT_REQUIRED)
        self._context = context
        self._host = host

    def wrap_socket(self, connection: Any, do_handshake: bool = False) -> None:
        connection.socket = self._context.wrap_socket(
            connection.socket, server_hostname=self._host, do_handshake_on_connect=False
        )
        if do_handshake:
            connection.socket.do_handshake()


def _ask(connection: Any, search: Search, limit: int) -> None:
    attributes = list(search.attributes)
    connection.search(search.base, search.filter, attributes=attributes, size_limit=limit, time_limit=SECONDS)


class _Opened:
    """A connection that is open within a block, and not bound yet."""

    def __init__(self, connection: Any, start_tls: bool) -> None:
        self._connection = connection
        self._start_tls = start_tls

    def __enter__(self) -> Any:
        try:
            self._connection.open(read_server_info=False)
            if self._start_tls and not self._connection.start_tls(read_server_info=False):
                raise Unavailable(f"{_PROBLEM}: it knows no TLS")
        except BaseException:  # also when the thread is told to end: nobody else knows of the socket
            if self._connection.socket is not None:  # ldap3 leaves it open
                self._connection.socket.close()
            raise
        return self._connection

    def __exit__(self, *_: object) -> None:
        self._connection.unbind()


def _is_entry(row: Mapping[str, Any]) -> bool:
    return row.get("type") == "searchResEntry"


def _account(row: Mapping[str, Any]) -> Account:
    values = {}
    for name, value in row["attributes"].items():
        first = (value[0] if value else None) if isinstance(value, list) else value
        if first is not None:
            values[name.lower()] = first.decode("utf-8", "replace") if isinstance(first, bytes) else str(first)
    return Account(row["dn"], values)


def filled(pattern: str, **values: str) -> str:
    """A filter with values in place of ``%(name)s``, escaped."""
    return pattern % {name: escape_filter_chars(value) for name, value in values.items()}


def scheme_of(uri: str) -> str:
    """``ldap`` or ``ldaps``; empty for what is no such address."""
    parts = urlsplit(uri)
    return parts.scheme if parts.scheme in ("ldap", "ldaps") and parts.hostname else ""
