"""What git tells of commits, as values."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

LOG_FORMAT = "%x01%H%x00%ct%x00%aN <%aE>%x00%cN <%cE>%x00%B"
"""For ``git log -z --name-only``; see `parse_log`."""

_HASH = re.compile(rb"[0-9a-f]{40}|[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit.

    Attributes:
        committed_at: seconds since the epoch.
        author, committer: name and address.
        comments: the whole message, without blank lines at its ends.
        files: paths that differ from the first parent.
    """

    revision: str
    committed_at: int
    author: str
    committer: str
    comments: str
    files: tuple[str, ...]


def parse_hashes(output: bytes) -> list[str]:
    """The object names in the output of ``git rev-list``, one in a line.

    Raises:
        ValueError: something else is in it.
    """
    lines = output.split()
    if not all(_HASH.fullmatch(line) for line in lines):
        raise ValueError(f"no names of commits: {output[:100]!r}")
    return [line.decode("ascii") for line in lines]


def parse_refs(output: bytes) -> dict[str, str]:
    """``{full name: object}`` of the output of ``git ls-remote``."""
    refs: dict[str, str] = {}
    for line in output.splitlines():
        name, tab, ref = line.partition(b"\t")
        if tab and _HASH.fullmatch(name):
            refs[ref.decode("utf-8", "surrogateescape")] = name.decode("ascii")
    return refs


def parse_log(output: bytes, revisions: Sequence[str], encoding: str) -> list[Commit]:
    """The commits in the output of ``git log --reverse -z --name-only`` with `LOG_FORMAT`.

    A name of a file may look like the beginning of the next commit. But the next one is a descendant, whose name
    nobody knows who makes the file; so the expected revision tells where a commit begins.

    Args:
        revisions: the commits that are in it, oldest first.

    Raises:
        ValueError: it is something else.
    """
    tokens = output.split(b"\0")
    heads = [b"\x01" + revision.encode("ascii") for revision in revisions]
    commits: list[Commit] = []
    position = 0
    for index, head in enumerate(heads):
        while position < len(tokens) and not tokens[position]:
            position += 1
        if position + 4 >= len(tokens) or tokens[position] != head:
            raise ValueError(f"git log does not tell of {revisions[index]}")
        committed_at, author, committer, comments = tokens[position + 1 : position + 5]
        position += 5
        following = heads[index + 1] if index + 1 < len(heads) else None
        files: list[bytes] = []
        while position < len(tokens) and tokens[position] != following:
            if tokens[position]:
                files.append(tokens[position] if files else tokens[position].removeprefix(b"\n"))
            position += 1
        commits.append(
            Commit(
                revision=revisions[index],
                committed_at=int(committed_at),
                author=author.decode(encoding, "replace"),
                committer=committer.decode(encoding, "replace"),
                comments=comments.decode(encoding, "replace").strip("\n"),
                files=tuple(file.decode(encoding, "replace") for file in files),
            )
        )
    return commits
