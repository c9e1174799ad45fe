"""How much there is to do and who does it."""

from __future__ import annotations

from typing import NamedTuple


class Workload(NamedTuple):
    """Attributes:
    waiting: requests that nobody has claimed.
    waiting_since: when the oldest of them was made, in seconds since the epoch; None without any.
    running: builds that have not ended.
    busy_workers: workers that have one of these.
    connected_workers, paused_workers: workers that are connected to a master, and that are paused.
    """

    waiting: int
    waiting_since: int | None
    running: int
    busy_workers: int
    connected_workers: int
    paused_workers: int
