"""Code of the configuration: what it may raise, and how its authors may call ours."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from twisted.internet.defer import Deferred

P = ParamSpec("P")
T = TypeVar("T")

RAISED = (Exception, SystemExit, KeyboardInterrupt)
"""`sys.exit()` in a function of a step ends that step, not the life of its build."""


def begun_at_once(method: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Deferred[T]]:
    """Make a coroutine method give a Deferred.

    Authors of steps and services may call it without waiting for it, or add callbacks to what it gives, as they are
    used to.
    """

    @wraps(method)
    def begin(*args: P.args, **kwargs: P.kwargs) -> Deferred[T]:
        return Deferred.fromCoroutine(method(*args, **kwargs))

    return begin
