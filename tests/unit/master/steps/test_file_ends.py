from __future__ import annotations

import io
import stat
import tarfile
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest
from twisted.internet.defer import Deferred, gatherResults, succeed

from buildmill.common.archives.bounds import ArchiveRefused
from buildmill.common.errors import ProtocolError
from buildmill.master.steps.file_ends import (
    BytesReader,
    BytesWriter,
    DirectoryWriter,
    FileReader,
    FileWriter,
    UploadRefused,
)
from tests.support import async_test

T = TypeVar("T")


def at_once(function: Callable[..., T], /, *args: object) -> Awaitable[T]:
    """The pool of these tests: everything happens in the reactor's thread."""
    return succeed(function(*args))


def names(path: Path) -> list[str]:
    return sorted(str(p.relative_to(path)) for p in path.rglob("*"))


def tar_of(**files: bytes) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name.replace("__", "/"))
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    return buffer.getvalue()


@async_test
async def test_a_file_appears_whole_and_only_when_committed(tmp_path: Path) -> None:
    target = tmp_path / "new" / "file"
    writer = FileWriter(target, token="1", run_blocking=at_once)

    await writer.write(b"one ")
    await writer.write(b"two")
    await writer.utime(1000.0, 2000.5)
    await writer.close()
    assert not target.exists()
    await writer.commit()

    assert target.read_bytes() == b"one two"
    assert target.stat().st_mtime == 2000.5
    assert names(tmp_path) == ["new", "new/file"]


@async_test
async def test_the_mode_is_the_given_one_or_the_umasks(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    for name, mode in (("given", 0o640), ("default", None)):
        writer = FileWriter(tmp_path / name, token="1", run_blocking=at_once, mode=mode)
        await writer.commit()

    assert stat.S_IMODE((tmp_path / "given").stat().st_mode) == 0o640
    assert (tmp_path / "default").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


@async_test
async def test_an_empty_file_is_uploaded_as_an_empty_file(tmp_path: Path) -> None:
    writer = FileWriter(tmp_path / "empty", token="1", run_blocking=at_once)

    await writer.close()
    await writer.commit()

    assert (tmp_path / "empty").read_bytes() == b""


@async_test
async def test_a_discarded_upload_leaves_the_old_file_alone(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"old")
    writer = FileWriter(tmp_path / "file", token="1", run_blocking=at_once)

    await writer.write(b"new")
    await writer.discard()

    assert (tmp_path / "file").read_bytes() == b"old"
    assert names(tmp_path) == ["file"]


@async_test
async def test_a_commit_can_be_repeated_by_another_process(tmp_path: Path) -> None:
    first = FileWriter(tmp_path / "file", token="1", run_blocking=at_once)
    await first.write(b"data")
    await first.close()  # and here the master dies

    for _ in range(2):
        await FileWriter(tmp_path / "file", token="1", run_blocking=at_once).commit()

    assert (tmp_path / "file").read_bytes() == b"data"
    assert names(tmp_path) == ["file"]


@async_test
async def test_more_than_the_limit_is_refused_whatever_the_worker_was_told(tmp_path: Path) -> None:
    writer = FileWriter(tmp_path / "file", token="1", run_blocking=at_once, max_bytes=5)

    await writer.write(b"12345")
    with pytest.raises(UploadRefused, match="file: more than 5 bytes"):
        await writer.write(b"6")
    await writer.discard()

    assert writer.refused == "file: more than 5 bytes"
    assert names(tmp_path) == []


@async_test
async def test_blocks_are_written_in_the_order_of_the_calls(tmp_path: Path) -> None:
    waiting: list[tuple[Deferred[None], Callable[[], None]]] = []

    def later(function: Callable[..., T], /, *args: object) -> Awaitable[T]:
        result: Deferred[T] = Deferred()
        waiting.append((Deferred(), lambda: result.callback(function(*args))))
        return result

    writer = FileWriter(tmp_path / "file", token="1", run_blocking=later)
    writes = [Deferred.fromCoroutine(writer.write(block)) for block in (b"1", b"2", b"3")]
    writes.append(Deferred.fromCoroutine(writer.commit()))
    while waiting:
        assert len(waiting) == 1  # never two in the pool at once
        waiting.pop()[1]()
    await gatherResults(writes)

    assert (tmp_path / "file").read_bytes() == b"123"


@async_test
async def test_a_directory_replaces_files_of_the_same_name_and_keeps_others(tmp_path: Path) -> None:
    target = tmp_path / "dir"
    (target / "sub").mkdir(parents=True)
    (target / "sub" / "a").write_text("old")
    (target / "sub" / "b").write_text("kept")
    data = tar_of(sub__a=b"new", more__c=b"c", d=b"d")
    writer = DirectoryWriter(target, token="1", run_blocking=at_once)

    for start in range(0, len(data), 700):
        await writer.write(data[start : start + 700])
    await writer.unpack()
    assert (target / "sub" / "a").read_text() == "old"
    await writer.commit()
    await writer.commit()

    assert names(tmp_path) == ["dir", "dir/d", "dir/more", "dir/more/c", "dir/sub", "dir/sub/a", "dir/sub/b"]
    assert (target / "sub" / "a").read_text() == "new"


@async_test
async def test_a_new_directory_appears_at_once(tmp_path: Path) -> None:
    writer = DirectoryWriter(tmp_path / "x" / "dir", token="1", run_blocking=at_once)
    await writer.write(tar_of(a=b"1"))
    await writer.unpack()
    await writer.commit()

    assert names(tmp_path) == ["x", "x/dir", "x/dir/a"]


@async_test
async def test_a_directory_never_replaces_a_link_of_the_master(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "dir").mkdir()
    (tmp_path / "dir" / "sub").symlink_to(tmp_path / "elsewhere")
    writer = DirectoryWriter(tmp_path / "dir", token="1", run_blocking=at_once)
    await writer.write(tar_of(sub__a=b"1"))
    await writer.unpack()

    with pytest.raises(NotADirectoryError, match="sub is not a directory on the master"):
        await writer.commit()
    await writer.discard()

    assert names(tmp_path) == ["dir", "dir/sub", "elsewhere"]


@async_test
async def test_a_refused_archive_leaves_nothing(tmp_path: Path) -> None:
    writer = DirectoryWriter(tmp_path / "dir", token="1", run_blocking=at_once)
    await writer.write(b"no archive")

    with pytest.raises(ArchiveRefused):
        await writer.unpack()
    await writer.discard()

    assert names(tmp_path) == []


@async_test
async def test_a_file_is_read_in_blocks_until_an_empty_one(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"12345")
    reader = FileReader(tmp_path / "file", run_blocking=at_once)

    assert await reader.open()
    assert [await reader.read(2) for _ in range(4)] == [b"12", b"34", b"5", b""]
    await reader.read_close()
    assert await reader.read(2) == b""


@async_test
async def test_what_cannot_be_read_is_told_before_the_command_starts(tmp_path: Path) -> None:
    assert not await FileReader(tmp_path / "missing", run_blocking=at_once).open()
    assert not await FileReader(tmp_path, run_blocking=at_once).open()


@async_test
async def test_bytes_in_memory_are_read_and_written_like_files() -> None:
    reader, writer = BytesReader(b"abc"), BytesWriter(max_bytes=3)
    while block := await reader.read(2):
        await writer.write(block)
    await reader.read_close()
    await writer.close()

    assert writer.data == b"abc"
    with pytest.raises(UploadRefused, match="more than 3 bytes"):
        await writer.write(b"d")


@async_test
async def test_a_worker_that_uses_the_wrong_direction_is_refused(tmp_path: Path) -> None:
    writer, reader = FileWriter(tmp_path / "f", token="1", run_blocking=at_once), BytesReader(b"abc")

    for wrong in (writer.read(1), writer.read_close(), writer.unpack(), reader.write(b""), reader.close()):
        with pytest.raises(ProtocolError):
            await wrong
    for wrong in (reader.utime(1, 1), reader.unpack(), reader.read(0), reader.read(-1)):
        with pytest.raises(ProtocolError):
            await wrong
