"""`Area`: which file of a staging is where in its work area."""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterator
from typing import TypeVar

import msgspec

from buildmill.common.staging import (
    INPUT_DIRECTORY,
    OUTPUT_DIRECTORY,
    SECRETS_PATH,
    TASK_PATH,
    File,
    Outcome,
    Secrets,
    Task,
    encode,
    outcome_path,
    read_task,
)

S = TypeVar("S")
_EXEMPT = "exempt"


class _Exempt(msgspec.Struct, frozen=True):
    size_bytes: int


class Area:
    """The work area of one staging.

    Attributes:
        root: its directory; absolute, without symbolic links.
        inputs: what the master has sent, each file called by its SHA-256.
        outputs: what the master fetches.
        home: becomes the droplet: ``app``, ``deps``, ``profile.d``, ``logs``, ``tmp``.
        buildpacks: unpacked, one directory each.
        cache: one directory for each buildpack that is used.
        scratch: for temporary files of scripts; no part of the droplet.
        notes: what one phase tells the next.
    """

    def __init__(self, root: str) -> None:
        self.root = os.path.realpath(root)
        self.inputs = os.path.join(self.root, INPUT_DIRECTORY)
        self.outputs = os.path.join(self.root, OUTPUT_DIRECTORY)
        self.home = os.path.join(self.root, "home")
        self.buildpacks = os.path.join(self.root, "buildpacks")
        self.cache = os.path.join(self.root, "cache")
        self.scratch = os.path.join(self.root, "tmp")
        self.notes = os.path.join(self.root, "notes")

    def read_task(self) -> Task:
        """What is to be staged.

        Raises:
            OSError: there is no task.
            msgspec.ValidationError, msgspec.DecodeError: it is none.
        """
        with open(os.path.join(self.root, TASK_PATH), "rb") as file:
            return read_task(file.read())

    @contextlib.contextmanager
    def secrets(self) -> Iterator[Secrets]:
        """What the task must not hold; gone from the disk behind the block, but not if the machine goes down in it."""
        path = os.path.join(self.root, SECRETS_PATH)
        try:
            with open(path, "rb") as file:
                found = msgspec.json.decode(file.read(), type=Secrets)
        except FileNotFoundError:
            found = Secrets()
        try:
            yield found
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(path)

    def input(self, file: File) -> str:
        """Where a file of the master's is."""
        return os.path.join(self.inputs, file.sha256)

    def clear(self) -> None:
        """Remove what an earlier staging has left, except what the master has sent and the task."""
        for directory in (self.outputs, self.home, self.buildpacks, self.cache, self.scratch, self.notes):
            remove_tree(directory)
        for directory in (self.inputs, self.outputs):
            os.makedirs(directory, exist_ok=True)

    def note(self, name: str, value: msgspec.Struct) -> None:
        """Leave a value for a later phase."""
        os.makedirs(self.notes, exist_ok=True)
        _replace(os.path.join(self.notes, f"{name}.json"), encode(value))

    def noted(self, name: str, kind: type[S]) -> S | None:
        """What an earlier phase has left; None if it has not."""
        try:
            with open(os.path.join(self.notes, f"{name}.json"), "rb") as file:
                return msgspec.json.decode(file.read(), type=kind)
        except FileNotFoundError:
            return None

    def note_exempt(self, size_bytes: int) -> None:
        """Tell later phases how much of what is here does not count for the limit of the disk."""
        self.note(_EXEMPT, _Exempt(size_bytes))

    def exempt_bytes(self) -> int:
        """What an earlier phase has said of that."""
        noted = self.noted(_EXEMPT, _Exempt)
        return 0 if noted is None else noted.size_bytes

    def write_outcome(self, outcome: Outcome, index: int | None) -> None:
        """As one line, whole or not at all."""
        path = os.path.join(self.root, outcome_path(outcome.phase, index))
        os.makedirs(os.path.dirname(path), exist_ok=True)
        _replace(path, encode(outcome) + b"\n")


def remove_tree(path: str) -> None:
    """Remove a directory, also one whose owner has taken his own rights from it; a link is not followed."""
    if not os.path.isdir(path) or os.path.islink(path):
        with contextlib.suppress(FileNotFoundError):
            os.unlink(path)
        return
    for directory, _, _ in os.walk(path):  # top-down: each is made readable before it is read
        with contextlib.suppress(OSError):
            os.chmod(directory, 0o700)
        for name in os.listdir(directory):
            inner = os.path.join(directory, name)
            if os.path.isdir(inner) and not os.path.islink(inner):
                os.chmod(inner, 0o700)
    shutil.rmtree(path)


def _replace(path: str, text: bytes) -> None:
    new = path + ".new"
    with open(new, "wb") as file:
        file.write(text)
    os.replace(new, path)
