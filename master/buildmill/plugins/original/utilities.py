"""Small functions that configurations import from ``buildbot.util``, made anew from what they are known to give."""

from __future__ import annotations

import calendar
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC as _UTC
from datetime import datetime
from functools import wraps
from typing import Any, NamedTuple, ParamSpec, TypeVar
from urllib.parse import urlsplit, urlunsplit

from twisted.internet.defer import Deferred, DeferredLock
from twisted.internet.interfaces import IReactorTime
from twisted.internet.task import deferLater

P = ParamSpec("P")
T = TypeVar("T")

UTC = _UTC

_UNITS = (("day", 86400), ("hour", 3600), ("minute", 60), ("second", 1))
_SHORT_UNITS = (("days", 86400), ("hrs", 3600), ("mins", 60), ("secs", 1))
_UNSAFE = bytes.maketrans(b" !\"#$%&'()*+,./:;<=>?@[\\]^`{|}~", b"_" * 31)
_WORD_OR_NUMBER = re.compile(r"(\d+)")
_SCP_ADDRESS = re.compile(r"(?:(?P<user>[^@/:]+)@)?(?P<domain>[^@/:]+):(?!//)(?P<path>.+)")

# -- text -----------------------------------------------------------------------------------------------


def bytes2unicode(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """Bytes as text; text and None as they are."""
    return value.decode(encoding, errors) if isinstance(value, bytes) else value if value is None else str(value)


def unicode2bytes(value: Any, encoding: str = "utf-8", errors: str = "strict") -> Any:
    """Text as bytes; everything else as it is."""
    return value.encode(encoding, errors) if isinstance(value, str) else value


def ascii2unicode(value: Any) -> Any:
    """ASCII bytes as text; text and None as they are. Raises UnicodeDecodeError for other bytes."""
    return bytes2unicode(value, "ascii")


def none_or_str(value: Any) -> str | None:
    """The value as text, None stays None."""
    return None if value is None else str(value)


def safeTranslate(text: str | bytes) -> bytes:
    """A name as bytes in which everything that file names had better not have is an underscore."""
    return bytes(unicode2bytes(text)).translate(_UNSAFE)


def string2boolean(text: str | bytes) -> bool:
    """``yes``, ``true``, ``on``, ``1``, ``y``, ``t`` and their opposites, in any case. Raises KeyError."""
    word = str(bytes2unicode(text)).lower()
    if word in ("yes", "true", "on", "1", "y", "t"):
        return True
    if word in ("no", "false", "off", "0", "n", "f"):
        return False
    raise KeyError(word)


def rewrap(text: str, width: int | None = None) -> str:
    """A text filled anew; an empty line or one that is indented begins a paragraph."""
    paragraphs: list[list[str]] = [[]]
    for line in textwrap.dedent(text).strip().splitlines():
        if not line.strip() or line[0].isspace():
            paragraphs.append([])
        if line.strip():
            paragraphs[-1].append(line.strip())
    return "\n".join(textwrap.fill(" ".join(lines), width or 79) for lines in paragraphs if lines)


def join_list(value: Any) -> str:
    """The items of a list with spaces between them; anything else as text."""
    if isinstance(value, list | tuple):
        return " ".join(str(bytes2unicode(item)) for item in value)
    return str(bytes2unicode(value))


def command_to_string(command: Any) -> str | None:
    """A short form of a command for people: its first two words in quotes; None if there is nothing to say."""
    if not command:
        return None
    words = command.split() if isinstance(command, str | bytes) else flatten(list(command))
    texts = [word if isinstance(word, str) else str(bytes2unicode(word)) for word in words]
    if not texts:
        return None
    return f"'{' '.join(texts[:2])}{' ...' if len(texts) > 2 else ''}'"


# -- lists ----------------------------------------------------------------------------------------------


def naturalSort(items: Iterable[str]) -> list[str]:
    """Sorted in people's order: the numbers in the texts count as numbers."""

    def key(text: str) -> list[tuple[int, int, str]]:
        parts = _WORD_OR_NUMBER.split(text)
        return [(1, int(part), "") if number % 2 else (0, 0, part) for number, part in enumerate(parts)]

    return sorted(items, key=key)


def flattened_iterator(nested: Any, types: tuple[type, ...] = (list, tuple)) -> Iterator[Any]:
    """The innermost items of lists in lists, in order."""
    if not isinstance(nested, types):
        yield nested
        return
    items: Any = nested
    for item in items:
        yield from flattened_iterator(item, types)


def flatten(nested: Any, types: tuple[type, ...] = (list, tuple)) -> list[Any]:
    """The same as a list."""
    return list(flattened_iterator(nested, types))


def makeList(value: Any) -> list[Any]:
    """A list of a text, of the items of a list, or of nothing."""
    if value is None:
        return []
    return list(value) if isinstance(value, list | tuple) else [value]


# -- time -----------------------------------------------------------------------------------------------


def now(_reactor: IReactorTime | None = None) -> float:
    """Seconds since the epoch."""
    return float(_reactor_or_real(_reactor).seconds())


def epoch2datetime(seconds: float | None) -> datetime | None:
    """Seconds since the epoch as an instant in UTC; None stays None."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def datetime2epoch(instant: datetime | None) -> int | None:
    """An instant as whole seconds since the epoch; without a zone it is UTC. None stays None."""
    return None if instant is None else calendar.timegm(instant.utctimetuple())


def formatInterval(seconds: float) -> str:
    """A length of time for people: ``1 hrs, 2 mins, 3 secs``."""
    return ", ".join(f"{count} {unit}" for unit, count in _parts(seconds, _SHORT_UNITS)) or "0 secs"


def human_readable_delta(start: float, end: float) -> str:
    """How far apart two instants (seconds) are: ``1 hour, 2 minutes``; at least ``super fast``."""
    parts = _parts(end - start, _UNITS)
    return ", ".join(f"{count} {unit}{'' if count == 1 else 's'}" for unit, count in parts) or "super fast"


def fuzzyInterval(seconds: float) -> str:
    """About how long: ``a moment``, ``15 seconds``, ``about 2 hours``, always in one unit."""
    whole = round(seconds)
    if whole <= 1:
        return "a moment"
    if whole < 60:
        return f"{whole} seconds"
    for unit, size in (("year", 31536000), ("month", 2592000), *_UNITS):
        if whole >= size:
            count = round(whole / size)
            return f"about {count} {unit}{'' if count == 1 else 's'}"
    return "a moment"


def toJson(value: Any) -> Any:
    """For ``json.dumps(default=…)``: instants as seconds since the epoch."""
    return datetime2epoch(value) if isinstance(value, datetime) else None


def asyncSleep(delay: float, reactor: IReactorTime | None = None) -> Deferred[None]:
    """A Deferred that fires after so many seconds."""
    return deferLater(_reactor_or_real(reactor), delay)


def _parts(seconds: float, units: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    rest, found = int(seconds), []
    for unit, size in units:
        count, rest = divmod(rest, size)
        if count:
            found.append((unit, count))
    return found


def _reactor_or_real(reactor: IReactorTime | None) -> Any:
    if reactor is not None:
        return reactor
    from twisted.internet import reactor as real  # noqa: TID251  # users' code has no other way to name it

    return real


# -- addresses ------------------------------------------------------------------------------------------


class GitUrl(NamedTuple):
    """The parts of a git repository's address."""

    proto: str
    user: str | None
    domain: str | None
    port: int | None
    owner: str | None
    repo: str


def giturlparse(url: str) -> GitUrl | None:
    """The parts of an address as ``git@host:owner/repo.git`` or ``https://host/owner/repo``; None if it is none."""
    if "://" in url:
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            return None
        proto, user, domain, path = parts.scheme, parts.username, parts.hostname, parts.path
    elif matched := _SCP_ADDRESS.fullmatch(url):
        proto, user, domain, port, path = "ssh", matched["user"], matched["domain"], None, matched["path"]
    else:
        return None
    owner, _, repo = path.strip("/").removesuffix(".git").rpartition("/")
    if not repo:
        return None
    return GitUrl(proto, user, domain, port, owner or None, repo)


def stripUrlPassword(url: str) -> str:
    """The address with ``xxxx`` in place of its password."""
    try:
        parts = urlsplit(url)
        if parts.password is None:
            return url
    except ValueError:
        return url
    account, _, host = parts.netloc.rpartition("@")
    return urlunsplit(parts._replace(netloc=f"{account.partition(':')[0]}:xxxx@{host}"))


# -- classes and decorators -----------------------------------------------------------------------------


class ComparableMixin:
    """Objects are equal when their classes and the attributes named in `compare_attrs` (of all bases, too) are."""

    compare_attrs: Sequence[str] = ()

    def _compared(self) -> tuple[Any, ...]:
        names = dict.fromkeys(name for cls in type(self).__mro__ for name in vars(cls).get("compare_attrs", ()))
        return tuple(getattr(self, name, None) for name in sorted(names))

    def __eq__(self, other: object) -> bool:
        if type(self) is not type(other):
            return NotImplemented
        return self._compared() == other._compared()

    def __hash__(self) -> int:
        return hash((type(self), *(repr(value) for value in self._compared())))


def deferredLocked(lock: str | DeferredLock) -> Callable[[Callable[P, Any]], Callable[P, Deferred[Any]]]:
    """Decorator: one call at a time, by a lock or by the name of the attribute that holds it."""

    def decorate(function: Callable[P, Any]) -> Callable[P, Deferred[Any]]:
        @wraps(function)
        def locked(*args: P.args, **kwargs: P.kwargs) -> Deferred[Any]:
            held = getattr(args[0], lock) if isinstance(lock, str) else lock
            run: Deferred[Any] = held.run(function, *args, **kwargs)
            return run

        return locked

    return decorate
