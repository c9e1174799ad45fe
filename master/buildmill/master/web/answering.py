"""What everything shares that answers requests below ``/api/v2`` in its own time: downloads, searches, long texts."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from twisted.internet.defer import CancelledError
from twisted.python.failure import Failure

from buildmill.common.errors import BuildmillError
from buildmill.common.tasks import TaskOwner
from buildmill.master.web.http import Request


@dataclass(frozen=True)
class Answering:
    """How a request is answered.

    Attributes:
        tasks: owns what is being sent.
        start_headers: gives an answer its headers.
        refuse: answers a request with an error.
    """

    tasks: TaskOwner
    start_headers: Callable[[Request], None]
    refuse: Callable[[Request, BuildmillError], None]


@contextmanager
def told_of_failures(request: Request) -> Iterator[None]:
    """Have a request answered if the block fails, since nobody else is there to do it."""
    try:
        yield
    except CancelledError:  # the server stops
        raise
    except Exception:  # the log has it, and the client learns that there was something
        request.processingFailed(Failure())
