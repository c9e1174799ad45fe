"""What update methods write with."""

from __future__ import annotations

from collections.abc import Callable
from typing import Concatenate, ParamSpec, Protocol, TypeVar

from twisted.internet.defer import Deferred

from buildmill.master.db.transaction import Transaction

P = ParamSpec("P")
T = TypeVar("T")


class Write(Protocol):
    """Runs a unit of work; its result, after the commit."""

    def __call__(
        self, unit: Callable[Concatenate[Transaction, P], T], /, *args: P.args, **kwargs: P.kwargs
    ) -> Deferred[T]: ...
