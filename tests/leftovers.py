"""What a test may leave behind: failures in the log. Filled and checked by `tests/conftest.py`."""

from __future__ import annotations

from twisted.python.failure import Failure


class FailureLog:
    """The failures that were logged during one test and not yet taken."""

    def __init__(self) -> None:
        self._entries: list[tuple[Failure, str]] = []

    def add(self, failure: Failure, text: str) -> None:
        """Note a failure and the line under which it was logged."""
        self._entries.append((failure, text))

    def flush(self, *kinds: type[BaseException]) -> list[Failure]:
        """Take the failures of these kinds (of any kind, if none is named): the test expected them."""
        taken = [(f, t) for f, t in self._entries if not kinds or isinstance(f.value, kinds)]
        self._entries = [e for e in self._entries if e not in taken]
        return [failure for failure, _ in taken]

    def describe(self) -> str:
        """The traceback of everything that nobody took; empty if all is well."""
        return "\n".join(f"{text}\n{failure.getTraceback()}" for failure, text in self._entries)
