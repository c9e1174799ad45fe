"""The root of every error that Buildmill raises on purpose.

BuildmillError
├── ConfigError              problems of a configuration, each with its place
├── InvalidInput             a request that cannot be taken; names the field and what was expected
├── NotFound                 no such thing
├── Conflict                 the thing exists, but its state forbids what was asked
│   └── AlreadyClaimed       another master was quicker
├── Forbidden                the asker may not do this
├── NotSupported             a capability that does not exist here, said explicitly
├── ProtocolError            the peer broke the rules: close with a code
├── RemoteError              the peer answered a request with an error
├── ConnectionLost           the peer went away before it answered
└── Unavailable              try again later
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta


class BuildmillError(Exception):
    """Root of the tree."""


class InvalidInput(BuildmillError):
    """A value from outside that cannot be taken.

    Attributes:
        field: the name of what is wrong, as its sender spelled it.
        problem: what was expected instead.
    """

    def __init__(self, field: str, problem: str) -> None:
        super().__init__(f"{field}: {problem}")
        self.field = field
        self.problem = problem


class NotFound(BuildmillError):
    """There is no such thing."""


class Conflict(BuildmillError):
    """The thing exists, but its present state forbids what was asked."""


class AlreadyClaimed(Conflict):
    """Some of the requests belong to another master already.

    Attributes:
        requests: ids of those that could not be claimed.
    """

    def __init__(self, requests: Sequence[int]) -> None:
        super().__init__(f"build requests already claimed: {sorted(requests)}")
        self.requests = frozenset(requests)


class Forbidden(BuildmillError):
    """The asker has no right to do this."""


class NotSupported(BuildmillError):
    """A capability that is not there; said aloud instead of silently doing nothing."""


class ProtocolError(BuildmillError):
    """The peer broke the protocol; its connection is closed.

    Attributes:
        code: websocket close code (RFC 6455, section 7.4.1), 1002 unless the message was too big (1009).
    """

    def __init__(self, reason: str, code: int = 1002) -> None:
        super().__init__(reason)
        self.code = code


class RemoteError(BuildmillError):
    """The peer answered a request with an error text."""


class ConnectionLost(BuildmillError):
    """The connection ended before the answer came."""


class Unavailable(BuildmillError):
    """Cannot be done now, but later (a full disk, a database that is away).

    Attributes:
        retry_after: how long to wait before the next attempt; None when nobody knows.
    """

    def __init__(self, reason: str, retry_after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.retry_after = retry_after


class ConfigProblem(BuildmillError):
    """One thing that is wrong in a configuration.

    Attributes:
        message: what is wrong and what was expected.
        file: the file that holds the mistake, or None when unknown.
        line: line in that file, counted from 1, or None.
        hint: what to do about it, where that is not plain from the message.
    """

    def __init__(self, message: str, file: str | None = None, line: int | None = None, hint: str | None = None) -> None:
        where = f"{file}:{line}: " if file and line else f"{file}: " if file else ""
        super().__init__(where + message + (f" ({hint})" if hint else ""))
        self.message = message
        self.file = file
        self.line = line
        self.hint = hint


class ConfigError(BuildmillError):
    """Everything that is wrong in a configuration, found in one go.

    Attributes:
        problems: at least one.
    """

    def __init__(self, problems: Sequence[ConfigProblem]) -> None:
        super().__init__("\n".join(str(p) for p in problems))
        self.problems = tuple(problems)
