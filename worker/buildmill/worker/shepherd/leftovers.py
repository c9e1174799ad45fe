"""What a dead shepherd has left running, and its end."""

from __future__ import annotations

import os

from buildmill.worker.shepherd.cgroup import CommandCgroup
from buildmill.worker.shepherd.tree import kill_by_uid_blocking
from buildmill.worker.spool.layout import read_file
from buildmill.worker.spool.meta import UID, read_pid


def kill_leftovers_blocking(uid: str, seconds: float, cgroup: str = "") -> bool:
    """Kill every process of a command whose shepherd is dead: found by its cgroup, and by the id in their environment.

    Args:
        cgroup: the command's own one, as its shepherd has written it down; empty if it had none.

    Returns:
        Whether nobody is left.
    """
    own = CommandCgroup.recorded(cgroup)
    if own is None:
        return kill_by_uid_blocking(uid, seconds)
    own.kill()
    is_empty = kill_by_uid_blocking(uid, seconds, own.processes)
    own.remove()
    return is_empty


def kill_leftovers_of_blocking(directory: str, seconds: float) -> bool:
    """The same, by the command's spool; a spool that is forgotten has left nobody.

    Returns:
        Whether nobody is left.
    """
    try:
        uid = read_file(os.path.join(directory, UID)).decode()
    except (OSError, UnicodeDecodeError):
        return True
    shepherd = read_pid(directory)
    return kill_leftovers_blocking(uid, seconds, "" if shepherd is None else shepherd.cgroup)
