"""What a zygote says to its daemon; everything else is what went wrong."""

from __future__ import annotations

READY = b"ready"
SPAWNED = b"ok"
GOES_ON = b"on"
