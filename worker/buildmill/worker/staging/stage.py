"""`Stage`: all that the code of a phase works with."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import BinaryIO

from buildmill.common.staging import Task
from buildmill.worker.staging.area import Area
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.shelf import Shelf
from buildmill.worker.staging.supervision.supervisor import Supervisor


class StageLog:
    """The staging log: what people read.

    Args:
        stream: None: the standard output stream.
    """

    def __init__(self, stream: BinaryIO | None = None) -> None:
        self._stream = stream or sys.stdout.buffer

    def say(self, text: str) -> None:
        """Write a line."""
        self._stream.write(text.encode("utf-8", "replace") + b"\n")
        self._stream.flush()


@dataclass(frozen=True, kw_only=True)
class Stage:
    """One phase of one staging.

    Attributes:
        index: which of the buildpacks, for phases that are run once for each.
        shelf: archives of buildpacks that were used before; None if this worker keeps none.
    """

    area: Area
    task: Task
    index: int | None
    deadline: Deadline
    supervisor: Supervisor
    log: StageLog
    shelf: Shelf | None
