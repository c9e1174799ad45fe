"""What a worker can tell of its machine without looking long."""

from __future__ import annotations

import os
import platform
import shutil

from buildmill.common.protocol.messages import CGROUPS_FACT
from buildmill.worker.shepherd.cgroup import delegated


def machine_facts_blocking(basedir: str) -> dict[str, str]:
    """Facts by their names on the wire; unknown ones are left out.

    They stay the same as long as nobody changes the machine. Sizes are totals in bytes: what is free changes all
    the time.

    Args:
        basedir: the disk that it is on is told of.
    """
    facts = {
        "machine": platform.machine(),
        "kernel": " ".join(filter(None, (platform.system(), platform.release()))),
        "python": platform.python_version(),
        "memory_bytes": _memory_bytes(),
        "disk_bytes": _disk_bytes(basedir),
        CGROUPS_FACT: "2" if delegated() is not None else "",
    }
    return {name: text for name, text in facts.items() if text}


def _memory_bytes() -> str:
    try:
        return str(os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"))
    except (AttributeError, OSError, ValueError):
        return ""


def _disk_bytes(path: str) -> str:
    try:
        return str(shutil.disk_usage(path).total)
    except OSError:
        return ""
