"""What every test folder shares."""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, ParamSpec, cast

import pytest_twisted

P = ParamSpec("P")


def async_test(function: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Typed door to pytest-twisted, which has no types: run a coroutine test in the reactor."""
    return cast("Callable[P, None]", pytest_twisted.ensureDeferred(function))
