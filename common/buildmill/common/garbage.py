"""When a program looks for garbage: seldom while it starts, never when it ends.

Python looks through all that a program has imported again and again while it imports more, and several times at the
end; it finds next to nothing. For a master that was two fifths of what a start took (ADR 66).
"""

from __future__ import annotations

import atexit
import gc
from typing import Final

_USUAL: Final = gc.get_threshold()
_OBJECTS: Final = 50_000
"""So many new ones are about 5 MB; a start of a master makes ten times as many."""


def hurry() -> None:
    """Look for garbage seldom from now on, and not at the end of the process. The first thing that a program does."""
    gc.set_threshold(_OBJECTS, *_USUAL[1:])
    atexit.register(gc.freeze)


def keep() -> None:
    """Never look among what is there now. Called when all modules are imported: a hundredth of that is garbage."""
    gc.freeze()


def settle() -> None:
    """Look for garbage as usual from now on, but never among what is there now: a program that runs on has started.

    A collection stops all threads. Measured with 1,000 builders and 500 workers: a full one during a reconfiguration
    took 75 to 105 ms of the processor, and takes 20 ms without the modules and the first configuration.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(*_USUAL)
