"""What an operation of the orchestration API is, and a call of it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from buildmill.master.data.api import DataAPI
from buildmill.master.data.graphs import GraphReading
from buildmill.master.data.schedules import ScheduleReads
from buildmill.master.domain.projects import Reach
from buildmill.master.domain.rights import ACTIONS, ORCHESTRATION_SCOPES, Action, ActionKind, Principal, Resource
from buildmill.master.web.foundry.answers import ErrorCase
from buildmill.master.web.foundry.errors import ApiError

NOTHING: Final = None
"""What an operation answers that has nothing to say: 204."""


@dataclass(frozen=True, kw_only=True)
class Call:
    """One call.

    Attributes:
        rid: that is in the path; empty where there is none.
        document: the JSON of the body; None where there is none.
        query: names and values behind the question mark.
        case: how names of errors are spelled for this client.
        cancels_strictly: a build that has ended cannot be cancelled.
        reach: what the caller gets to.
        permit: asks whether the caller may, and raises what the operation says if not.
    """

    data: DataAPI[Any]
    rid: str
    document: Any
    query: Mapping[str, str]
    principal: Principal
    case: ErrorCase
    cancels_strictly: bool
    reach: Reach
    permit: Callable[[], Awaitable[None]]

    @property
    def graphs(self) -> GraphReading:
        """Builds and jobs that the caller may know of."""
        return self.data.graphs.within(self.reach)

    @property
    def schedules(self) -> ScheduleReads:
        """Schedules that the caller may know of."""
        return self.data.schedules.within(self.reach)


@dataclass(frozen=True, kw_only=True)
class Missing:
    """What an operation says of a thing that is not there, or that the caller may not touch.

    Attributes:
        name: of the error.
        parameter: that has the RID; empty where none does.
    """

    name: str
    parameter: str = ""

    def error(self, rid: str, text: str) -> ApiError:
        return ApiError(self.name, text, {self.parameter: rid} if self.parameter else {})


DENIED: Final = Missing(name="Default:PermissionDenied")


@dataclass(frozen=True, kw_only=True)
class Operation:
    """One operation.

    Attributes:
        name: for the published document.
        path: elements behind ``/api/v2/orchestration/``; the RID is an element in braces.
        right: name of the right that it needs.
        handle: does it, and returns what is answered.
        is_preview: it is not generally available yet, and has to be asked for as such.
        body: shape of the body; None where none is looked at.
        most: elements of a batch at most; 0 where the body is none.
        has_pages: it takes ``pageSize`` and ``pageToken``.
        answer: shape of the answer; None where there is none.
        absent: what is said where the thing of the path is not there.
        denied: what is said to those who may not.
        errors: other errors, for the published document.
        resource: path of what it is about in the data API, for rules about rights.
        method: of the control action there.
    """

    name: str
    http: str
    path: tuple[str, ...]
    right: str
    handle: Callable[[Call], Awaitable[Any]]
    is_preview: bool = False
    body: Any = None
    most: int = 0
    has_pages: bool = False
    answer: Any = None
    absent: Missing | None = None
    denied: Missing = DENIED
    errors: tuple[str, ...] = ()
    resource: tuple[str, ...] = ()
    method: str = "GET"

    @property
    def action(self) -> Action:
        return ACTIONS[self.right]

    @property
    def scope(self) -> str:
        """The scope that it needs."""
        kind = ActionKind.READ if self.action.kind is ActionKind.READ else ActionKind.CHANGE
        return ORCHESTRATION_SCOPES[kind]

    def match(self, http: str, elements: Sequence[str]) -> str | None:
        """The RID of a path, empty where it has none; None if this is about another path."""
        if http != self.http or len(elements) != len(self.path):
            return None
        rid = ""
        for pattern, element in zip(self.path, elements, strict=True):
            if pattern.startswith("{"):
                rid = element
            elif pattern != element:
                return None
        return rid

    def about(self, rid: str, document: Any) -> Resource:
        """What a rule about rights is asked about."""
        options = document if isinstance(document, dict) and self.method != "GET" else {}
        path = tuple(rid if element == "{rid}" else element for element in self.resource)
        return Resource(path, self.method, options)
