"""What an endpoint is: a path pattern, what it answers, and what can be done there."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Concatenate, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

from buildmill.master.data.auditing import Made, Note
from buildmill.master.data.graphs import GraphReading
from buildmill.master.data.paths import Key, Keys, parse_pattern
from buildmill.master.data.ports import ForceRegistry, LogReader, NoReasons, ReasonsOf, Updates
from buildmill.master.data.resultspec import ResultSpec
from buildmill.master.data.schemas import ANYTHING
from buildmill.master.data.types import TYPES, ResourceType
from buildmill.master.data.versions import EVERY_COMMIT
from buildmill.master.db.database import Database
from buildmill.master.db.transaction import Connection
from buildmill.master.domain.allowance import Allowance
from buildmill.master.domain.rights import ACTIONS, ActionKind, Actor

P = ParamSpec("P")
T = TypeVar("T")


class Kind(StrEnum):
    """What an endpoint answers."""

    SINGLE = "single"
    COLLECTION = "collection"
    RAW = "raw"
    RAW_INLINE = "raw_inline"
    SEARCH = "search"


@dataclass(frozen=True, slots=True)
class Context:
    """What endpoints work with.

    Attributes:
        random_bytes: so many bytes that nobody can guess; None where no secrets are made.
        graphs: reads job graphs; None where there are none.
        note: of the call of a control action; what `arguments.updates_of` gives writes it into the audit log.
        allowance: of the question that is being answered; None where nobody from outside asks.
        act_on: calls a method of something else in the name of whoever asks, with the rights of that: takes a path,
            the method and its parameters. None but while an action runs.
    """

    database: Database
    logs: LogReader | None
    force_schedulers: ForceRegistry
    updates: Updates | None
    reasons: ReasonsOf = field(default_factory=NoReasons)
    random_bytes: Callable[[int], bytes] | None = None
    note: Note | None = None
    allowance: Allowance | None = None
    act_on: Callable[[Sequence[str], str, Mapping[str, Any]], Awaitable[Any]] | None = None

    def ask(self, query: Callable[Concatenate[Connection, P], T], *args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        """Read from the database within the allowance of the question."""
        if self.allowance is None:
            return self.database.read(query, *args, **kwargs)
        return self.database.ask(self.allowance, query, *args, **kwargs)

    graphs: GraphReading | None = None


@dataclass(frozen=True, slots=True)
class Raw:
    """A download.

    Attributes:
        preamble: text before the first chunk.
        chunks: the contents; nothing is read ahead of the consumer.
        byte_count: length of the contents; None when nobody knows, and then there is no `part`.
        tag: downloads of the same path with the same tag have the same bytes; empty while more may come.
        part: the contents from one byte up to another, read without what is before.
        follow: the contents from a byte on, and what is added until there will be no more; an empty chunk now and
            then, so that the consumer can leave. None where nothing is ever added.
    """

    filename: str
    content_type: str
    preamble: bytes
    chunks: AsyncIterator[bytes]
    byte_count: int | None = None
    tag: str = ""
    part: Callable[[int, int], AsyncIterator[bytes]] | None = None
    follow: Callable[[int], AsyncIterator[bytes]] | None = None


def _no_state(_connection: Connection, _keys: Keys) -> Mapping[str, Any]:
    return {}


def _nothing_made(_result: Any) -> Mapping[str, Any]:
    return {}


Query = Callable[[Connection, Keys, ResultSpec], Any]
Load = Callable[[Context, Keys, ResultSpec], Awaitable[Any]]
LoadOwn = Callable[[Context, Keys, ResultSpec, Actor], Awaitable[Any]]
Act = Callable[[Context, Keys, Mapping[str, Any], Actor], Awaitable[Any]]


@dataclass(frozen=True, slots=True)
class Control:
    """A method of a resource.

    Attributes:
        action: the right to it, a name out of `domain.rights.ACTIONS`.
        act: does it, with one unit of work.
        params: what it takes, as a JSON schema.
        tells: names of parameters that the audit log keeps; never of those that may be secret.
        state: what it may change, for the audit log: read before and after it.
        made: what is new, by the result of the unit of work, for the audit log.
        by_engine: user code of the configuration takes part: a process without an engine has it done by that.
        by_each: it does nothing but call methods of several things, each of which has its own entry in the audit log.

    One whose right is to read changes nothing, and the audit log is not told of it.
    """

    action: str
    act: Act
    params: Mapping[str, Any] = field(default_factory=lambda: ANYTHING)
    tells: tuple[str, ...] = ()
    state: Callable[[Connection, Keys], Mapping[str, Any]] = _no_state
    made: Made = _nothing_made
    by_engine: bool = False
    by_each: bool = False

    @property
    def only_reads(self) -> bool:
        """Whether it changes nothing."""
        return ACTIONS[self.action].kind is ActionKind.READ


@dataclass(frozen=True, slots=True)
class Part:
    """Something that a page shows, and that has a right of its own.

    Attributes:
        name: what `withheld` calls it.
        reads: the right to it.
        path: pattern of a path of the data API that gives the same, for rules about paths; with keys of the page's.
        is_required: there is no page without it; otherwise it is left out where the right is missing.
    """

    name: str
    reads: str
    path: str
    is_required: bool = False

    def elements(self, keys: Keys) -> list[str]:
        """The path that rules are asked about."""
        parsed = parse_pattern(self.path)
        return [str(keys[part.name]) if isinstance(part, Key) else part for part in parsed]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One path pattern.

    Attributes:
        query: answers from the database alone, in a reader's thread: a row; a `Page` when filters, order and page
            are done; any other sequence when they are to be applied in memory; None when there is no such thing.
        reads: the right to read it, a name out of `domain.rights.ACTIONS`; without one the master does not start.
        load: answers otherwise, with the same results.
        load_own: the same where the answer depends on who asks; it is never kept.
        depends: which counters of `Versions` tell that an answer has become old; None when nothing does, and none is
            kept.
        actions: by name of the method.
        parts: of a page: everything that it reads, with its rights; empty for a resource.
        named: of a list of what the question names: the only filter, which must be there, and how many values it may
            have at most.
        is_brief: what `load` gives is good for a second, as long as nothing is committed.
    """

    pattern: str
    kind: Kind
    type: ResourceType
    reads: str
    query: Query | None = None
    load: Load | None = None
    load_own: LoadOwn | None = None
    depends: tuple[str, ...] | None = (EVERY_COMMIT,)
    actions: Mapping[str, Control] = field(default_factory=dict)
    parts: tuple[Part, ...] = ()
    named: tuple[str, int] | None = None
    is_brief: bool = False

    @property
    def is_collection(self) -> bool:
        return self.kind is Kind.COLLECTION


def single(type_name: str, reads: str, query: Query, *patterns: str, **more: Any) -> list[Endpoint]:
    """Endpoints that answer one row."""
    return [Endpoint(pattern, Kind.SINGLE, TYPES[type_name], reads, query, **more) for pattern in patterns]


def collection(type_name: str, reads: str, query: Query, *patterns: str, **more: Any) -> list[Endpoint]:
    """Endpoints that answer a list of rows."""
    return [Endpoint(pattern, Kind.COLLECTION, TYPES[type_name], reads, query, **more) for pattern in patterns]
