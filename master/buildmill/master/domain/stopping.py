"""Who has stopped a build or cancelled a request, and why."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from buildmill.master.domain.rights import ANONYMOUS


class Stopper(StrEnum):
    """What kind of thing it was."""

    USER = "user"
    """A person, or a program with a token."""
    ANONYMOUS = "anonymous"
    """Somebody who was not signed in."""
    SERVICE = "service"
    """A part of the configuration, such as a canceller."""
    PARENT = "parent"
    """The build that had triggered it was stopped."""
    BUILD = "build"
    """The build itself: its own steps."""
    MASTER = "master"
    """The master: it ends, or a job graph, a staging or a limit does."""


@dataclass(frozen=True, slots=True)
class StoppedBy:
    """See the module.

    Attributes:
        name: what people know it by; empty where the kind says all.
    """

    kind: Stopper
    name: str = ""


def user(name: str) -> StoppedBy:
    """Whoever goes by that name with the data API; nobody's is empty or ``anonymous``."""
    return StoppedBy(Stopper.USER, name) if name not in ("", ANONYMOUS) else StoppedBy(Stopper.ANONYMOUS)


MASTER = StoppedBy(Stopper.MASTER)
ITSELF = StoppedBy(Stopper.BUILD)
PARENT = StoppedBy(Stopper.PARENT)
