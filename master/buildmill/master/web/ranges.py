"""Which part of a download a client wants: the header ``Range`` (RFC 9110, section 14)."""

from __future__ import annotations

import re

from buildmill.common.errors import BuildmillError

_ONE_RANGE = re.compile(rb"bytes=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*\Z", re.IGNORECASE)


class NotSatisfiable(BuildmillError):
    """There are no such bytes."""


def wanted_part(header: bytes | None, size: int) -> tuple[int, int] | None:
    """First byte, and the byte after the last, of what is asked for.

    Args:
        size: of the whole.

    Returns:
        None for the whole: nothing is asked for, or several parts at once, or something that is no range of bytes.

    Raises:
        NotSatisfiable: the part begins behind the end, or is empty.
    """
    found = _ONE_RANGE.match(header.strip()) if header is not None else None
    if found is None:
        return None
    first, last = found.groups()
    if not first:
        if not last:
            return None
        if not int(last) or not size:
            raise NotSatisfiable(f"the last {int(last)} of {size} bytes")
        return max(0, size - int(last)), size
    begin, end = int(first), size if not last else min(int(last) + 1, size)
    if last and int(last) < begin:
        return None
    if begin >= size:
        raise NotSatisfiable(f"byte {begin} of {size}")
    return begin, end
