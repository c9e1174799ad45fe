"""How every constructor of the configuration's vocabulary reports a mistake.

While a configuration is being read, `config_error` notes the problem with the place in the user's file and lets the
reading go on, so that all problems are found at once; elsewhere it raises.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path

from buildmill.common.errors import ConfigError, ConfigProblem

_OWN_CODE = str(Path(__file__).resolve().parents[2])

_collected: ContextVar[list[ConfigProblem] | None] = ContextVar("collected", default=None)


@contextmanager
def collected_errors() -> Iterator[list[ConfigProblem]]:
    """Within the block, `config_error` appends to the list that this yields instead of raising."""
    problems: list[ConfigProblem] = []
    token = _collected.set(problems)
    try:
        yield problems
    finally:
        _collected.reset(token)


def config_error(message: str) -> None:
    """Report a mistake of the configuration's author.

    Args:
        message: what is wrong and what was expected.

    Raises:
        ConfigError: when nobody collects.
    """
    file, line = users_place()
    problem = ConfigProblem(message, file, line)
    problems = _collected.get()
    if problems is None:
        raise ConfigError([problem])
    problems.append(problem)


def users_place() -> tuple[str | None, int | None]:
    """File and line of the innermost frame that is not our own code and not the standard library's.

    Values of the vocabulary keep it, so that a mistake found later (two builders of one name) has its place, too.
    """
    frame = sys._getframe(1)
    while frame is not None:
        file = frame.f_code.co_filename
        if not file.startswith((_OWN_CODE, "<")) and "/lib/python" not in file:
            return file, frame.f_lineno
        if frame.f_back is None:
            break
        frame = frame.f_back
    return None, None
