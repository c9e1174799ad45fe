"""The store of files: complete or not at all, and nothing is left behind."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any, BinaryIO

import pytest

from buildmill.common.errors import Conflict
from buildmill.master.domain.staging.errors import BlobMissing, BlobTooLarge, ChecksumMismatch
from buildmill.master.staging.blobs.files import BLOCK_BYTES, UNNEEDED_SECONDS, FileBlobStore
from tests.database import Stage

DATA = bytes(range(256)) * (BLOCK_BYTES // 256 * 2) + b"end"
SHA256 = hashlib.sha256(DATA).hexdigest()


class Shelf:
    """A store without threads."""

    def __init__(self, stage: Stage, folder: Path) -> None:
        self.stage = stage
        self.folder = folder
        self.count = 0
        self.store = self.new_store()

    def new_store(self) -> FileBlobStore:
        """As another process has it."""

        async def at_once(function: Any, *args: Any) -> Any:
            return function(*args)

        return FileBlobStore(self.folder, in_thread=at_once, new_name=self._name)

    def _name(self) -> str:
        self.count += 1
        return f"n{self.count}"

    def put(self, data: bytes = DATA, piece: int = 1000, expected: str | None = None) -> str:
        async def put() -> str:
            writer = await self.store.open_write()
            for start in range(0, len(data), piece):
                await writer.write(data[start : start + piece])
            return (await writer.finish(expected)).sha256

        return self.stage.result(put())

    def read(self, sha256: str = SHA256, first: int = 0, end: int | None = None) -> bytes:
        return b"".join(self.stage.collect(self.store.read(sha256, first, end)))

    def files(self) -> list[str]:
        return sorted(str(path.relative_to(self.folder)) for path in self.folder.rglob("*") if path.is_file())


@pytest.fixture
def shelf(memory: Stage, tmp_path: Path) -> Shelf:
    return Shelf(memory, tmp_path / "blobs")


def test_what_was_kept_is_read_in_any_part(shelf: Shelf) -> None:
    assert shelf.put() == SHA256

    assert shelf.stage.result(shelf.store.size(SHA256)) == len(DATA)
    assert shelf.read() == DATA
    for first, end in ((0, 1), (5, BLOCK_BYTES + 7), (len(DATA) - 3, None), (10, 10), (len(DATA), None), (3, 10**9)):
        assert shelf.read(first=first, end=end) == DATA[first:end]
    assert shelf.put() == SHA256  # once more: it is there once
    assert shelf.files() == [f"{SHA256[:2]}/{SHA256}", "lock"]


def test_nothing_is_seen_before_the_end(shelf: Shelf) -> None:
    async def begin() -> Any:
        writer = await shelf.store.open_write()
        await writer.write(DATA)
        return writer

    writer = shelf.stage.result(begin())
    assert shelf.stage.result(shelf.store.size(SHA256)) is None
    assert shelf.files() == ["incoming/n1.part"]
    assert shelf.stage.result(shelf.new_store().start()) == 0  # somebody else starts: it is being written

    shelf.stage.result(writer.discard())
    shelf.stage.result(writer.discard())

    assert shelf.files() == []
    with pytest.raises(Conflict):
        shelf.stage.result(writer.finish())


def test_a_lie_leaves_nothing(shelf: Shelf) -> None:
    with pytest.raises(ChecksumMismatch) as wrong:
        shelf.put(expected="0" * 64)

    assert (wrong.value.expected, wrong.value.found) == ("0" * 64, SHA256)
    assert shelf.files() == []


def test_too_much_is_refused(shelf: Shelf) -> None:
    async def write() -> None:
        writer = await shelf.store.open_write(limit_bytes=10)
        await writer.write(b"x" * 10)
        try:
            await writer.write(b"y")
        finally:
            await writer.discard()

    with pytest.raises(BlobTooLarge):
        shelf.stage.result(write())
    assert shelf.files() == []


def test_a_check_sees_what_has_come(shelf: Shelf) -> None:
    def tail(file: BinaryIO) -> bytes:
        file.seek(-3, os.SEEK_END)
        return file.read()

    async def write() -> tuple[bytes, bytes]:
        writer = await shelf.store.open_write()
        await writer.write(DATA)
        before = await writer.examine(tail)
        await writer.finish()
        return before, await shelf.store.examine(SHA256, tail)

    assert shelf.stage.result(write()) == (b"end", b"end")


def test_what_a_dead_process_has_left_is_swept(shelf: Shelf) -> None:
    left = shelf.folder / "incoming" / "old.part"
    left.parent.mkdir(parents=True)
    left.write_bytes(b"half")

    assert shelf.stage.result(shelf.store.start()) == 1
    assert shelf.files() == []


def test_only_what_nobody_needs_for_long_is_collected(shelf: Shelf) -> None:
    needed, old, new = (shelf.put(data) for data in (b"needed", b"old", b"new"))
    now = 1_700_000_000
    for sha256, age in ((needed, 10**6), (old, UNNEEDED_SECONDS + 1), (new, UNNEEDED_SECONDS - 1)):
        os.utime(shelf.folder / sha256[:2] / sha256, (now - age, now - age))

    collected = shelf.stage.result(shelf.store.collect([needed], now))

    assert (collected.files, collected.bytes) == (1, 3)
    assert shelf.stage.result(shelf.store.size(old)) is None
    assert {shelf.stage.result(shelf.store.size(sha256)) for sha256 in (needed, new)} == {6, 3}


@pytest.mark.parametrize("sha256", ["f" * 64, "../" + "a" * 61, "A" * 64, ""])
def test_what_is_not_there(shelf: Shelf, sha256: str) -> None:
    with pytest.raises(BlobMissing):
        shelf.read(sha256)
    with pytest.raises(BlobMissing):
        shelf.stage.result(shelf.store.examine(sha256, lambda file: None))
