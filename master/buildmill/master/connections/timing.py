"""How long the master waits for a worker."""

from __future__ import annotations

from datetime import timedelta

from attrs import frozen


@frozen(kw_only=True)
class Timing:
    """Deadlines of one listener's connections.

    Attributes:
        answer: for each question of the attach sequence, and for a ping.
        duplicate: for the old connection to show that it lives when a second one of the same worker comes.
        handshake: for the websocket upgrade. Generous: hundreds of workers come at once after a restart.
        silence: a connection that was silent for this long is pinged, and dropped when it stays silent for as long
            again; so a dead one is noticed after two to three times this.
    """

    answer: timedelta = timedelta(seconds=60)
    duplicate: timedelta = timedelta(seconds=10)
    handshake: timedelta = timedelta(seconds=30)
    silence: timedelta = timedelta(seconds=10)
