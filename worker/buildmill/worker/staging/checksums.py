"""SHA-256 of files, and whether they are what they should be."""

from __future__ import annotations

import hashlib
import os

from buildmill.common.staging import Cause, File
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed

BLOCK_BYTES = 1 << 20


def sha256_of(path: str, deadline: Deadline) -> str:
    """The SHA-256 of a file, in hexadecimal."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while block := file.read(BLOCK_BYTES):
            deadline.check(f"{os.path.basename(path)} was read")
            digest.update(block)
    return digest.hexdigest()


def has_checksum(path: str, expected: File, deadline: Deadline) -> bool:
    """Whether a file is there and is the expected one."""
    try:
        return os.stat(path).st_size == expected.size_bytes and sha256_of(path, deadline) == expected.sha256
    except FileNotFoundError:
        return False


def verify(path: str, expected: File, shown: str, deadline: Deadline) -> None:
    """Make sure that a file is the expected one.

    Args:
        shown: what it is, for messages.

    Raises:
        PhaseFailed: it is not, or is not there.
    """
    if not os.path.isfile(path):
        raise PhaseFailed(f"{shown} was not sent", cause=Cause.CHECKSUM)
    size = os.stat(path).st_size
    if size != expected.size_bytes:
        raise PhaseFailed(f"{shown} has {size} bytes instead of {expected.size_bytes}", cause=Cause.CHECKSUM)
    found = sha256_of(path, deadline)
    if found != expected.sha256:
        raise PhaseFailed(f"{shown} has the SHA-256 {found} instead of {expected.sha256}", cause=Cause.CHECKSUM)
