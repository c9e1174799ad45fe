"""What an operation of the v3 API is, a call of it, and what may come of one."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from buildmill.master.data.api import DataAPI
from buildmill.master.data.auditing import Note
from buildmill.master.domain.rights import ACTIONS, Action
from buildmill.master.domain.staging.ports import StagingReads
from buildmill.master.domain.staging.requests import OrderField
from buildmill.master.web.cloudfoundry.askers import Asker, Scope
from buildmill.master.web.cloudfoundry.documents import Documents
from buildmill.master.web.cloudfoundry.queries import ORDERS, Parameters
from buildmill.master.web.incoming import Incoming

Document = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True)
class FileBody:
    """A body with files.

    Attributes:
        content_type: the header.
        incoming: what comes.
        be_patient: lets it take its time.
    """

    content_type: bytes
    incoming: Incoming
    be_patient: Callable[[], None]


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        data: reads and acts.
        asker: who calls.
        guid: that is in the path; empty where there is none.
        document: the JSON object of the body; empty where none is looked at.
        parameters: names and values behind the question mark, in order.
        documents: makes answers.
        operation: what is called.
        path: as it was called, without a slash at its begin.
        note: what the audit log will tell of it.
        body: of an operation that takes a file.
        in_background: goes on with something when the answer is on its way: a coroutine and what it is.
    """

    data: DataAPI[Any]
    asker: Asker
    guid: str
    document: Document
    parameters: Parameters
    documents: Documents
    operation: Operation
    path: str
    note: Note
    body: FileBody | None = None
    in_background: Callable[[Coroutine[Any, Any, None], str], None]

    @property
    def reads(self) -> StagingReads:
        return self.data.staging

    @property
    def url(self) -> str:
        """The absolute address of what is called, without parameters."""
        return f"{self.documents.url}/{self.path}"


@dataclass(frozen=True, kw_only=True)
class Reply:
    """An answer that is more than a document.

    Attributes:
        location: where to look next; empty for nowhere.
        warnings: for people.
    """

    document: Document | None = None
    location: str = ""
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Download:
    """An answer that is bytes of the store."""

    sha256: str
    size_bytes: int
    filename: str


@dataclass(frozen=True, kw_only=True)
class ListShape:
    """What a list can be asked.

    Attributes:
        filters: names of those that it has beside those of all lists.
        orders: by which it can be ordered.
        without: what all others have and this one does not.
    """

    filters: tuple[str, ...] = ()
    orders: tuple[OrderField, ...] = ORDERS
    without: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        name: for the published document.
        path: elements behind ``/v3/``; ``{guid}`` stands for one.
        right: what it needs, a name out of `domain.rights.ACTIONS`.
        handle: does it; returns a document, a `Reply` or a `Download`.
        status: of the answer, where all goes well.
        body: schema of the JSON object that it takes; None where no body is looked at.
        answer: schema of the answer.
        media_type: of an answer that is a file.
        shape: of a list.
        parameters: names of what may stand behind the question mark; of what is no list.
        also_for: a scope that lets in beside the usual one.
        takes_file: its body is a form with files, which is not kept in memory.
    """

    name: str
    http: str
    path: tuple[str, ...]
    right: str
    handle: Callable[[Call], Awaitable[Any]]
    status: int = 200
    body: Mapping[str, Any] | None = None
    answer: str = ""
    media_type: str = ""
    shape: ListShape | None = None
    parameters: tuple[str, ...] = ()
    also_for: Scope | None = field(default=None)
    takes_file: bool = False

    @property
    def action(self) -> Action:
        return ACTIONS[self.right]

    @property
    def scope(self) -> Scope:
        """The scope that it needs."""
        return Scope.READ if self.http == "GET" else Scope.WRITE

    def admits(self, asker: Asker) -> bool:
        """Whether a token is for this, whatever its owner may."""
        return self.scope in asker.scopes or self.also_for in asker.scopes

    def match(self, http: str, elements: Sequence[str]) -> str | None:
        """The guid of a path, empty where it has none; None if this is about another path."""
        if http != self.http or len(elements) != len(self.path):
            return None
        guid = ""
        for pattern, element in zip(self.path, elements, strict=True):
            if pattern == "{guid}":
                guid = element
            elif pattern != element:
                return None
        return guid
