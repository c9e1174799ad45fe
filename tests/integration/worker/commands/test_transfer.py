"""Uploads and downloads: contents equal, limits kept, nothing outside."""

from __future__ import annotations

import io
import os
import tarfile
from pathlib import Path

import pytest

from tests.integration.worker.harness import Bench, MemoryFiles
from tests.support import async_test

CONTENT = bytes(range(256)) * 1000


@pytest.mark.parametrize("name", ["upload_file", "uploadFile"])
@async_test
async def test_upload_is_equal(bench: Bench, name: str) -> None:
    (bench.basedir / "f").write_bytes(CONTENT)

    said = await bench.run(name, path=str(bench.basedir / "f"), workdir="build", workersrc="f", blocksize=10_000)

    assert bytes(bench.files.received) == CONTENT
    assert bench.files.calls[-1] == "close"
    assert bench.files.times is None
    assert said.value_of("rc") == 0
    assert said.bytes_of("header") == f"sending {bench.basedir}/f\n".encode()


@async_test
async def test_upload_keeps_times_when_asked(bench: Bench) -> None:
    (bench.basedir / "f").touch()
    os.utime(bench.basedir / "f", (1.0, 2.5))

    await bench.run("upload_file", path=str(bench.basedir / "f"), keepstamp=True)

    assert bench.files.times == (1.0, 2.5)


@async_test
async def test_upload_of_nothing_says_so(bench: Bench) -> None:
    said = await bench.run("upload_file", path=str(bench.basedir / "nothing"))

    assert bench.files.calls == ["close"]
    assert said.value_of("rc") == 1
    assert b"No such file" in said.bytes_of("stderr")


@async_test
async def test_upload_stops_at_its_limit(bench: Bench) -> None:
    (bench.basedir / "f").write_bytes(CONTENT)

    said = await bench.run("upload_file", path=str(bench.basedir / "f"), maxsize=1000, blocksize=600)

    assert bytes(bench.files.received) == CONTENT[:1000]
    assert said.value_of("rc") == 1
    assert b"Maximum filesize" in said.bytes_of("stderr")


@async_test
async def test_upload_just_at_its_limit_succeeds(bench: Bench) -> None:
    (bench.basedir / "f").write_bytes(CONTENT)

    said = await bench.run("upload_file", path=str(bench.basedir / "f"), maxsize=len(CONTENT))

    assert said.value_of("rc") == 0
    assert bytes(bench.files.received) == CONTENT


@async_test
async def test_upload_can_be_interrupted(bench: Bench) -> None:
    (bench.basedir / "f").write_bytes(CONTENT)
    command = bench.command("upload_file", path=str(bench.basedir / "f"), blocksize=1000)
    bench.files.before_answer = command.interrupt

    await bench.within(command.run())

    assert len(bench.files.received) == 1000
    assert bench.output.value_of("rc") == 1


@pytest.mark.parametrize("path", ["/etc/passwd", "link", "fifo", "."])
@async_test
async def test_upload_takes_only_files_inside(bench: Bench, path: str) -> None:
    (bench.basedir / "link").symlink_to("/etc/passwd")
    os.mkfifo(bench.basedir / "fifo")

    said = await bench.run("upload_file", path=path)

    assert bench.files.received == b""
    assert said.value_of("rc") == 1


def _unpack(packed: bytes, target: Path) -> None:
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        archive.extraction_filter = getattr(tarfile, "data_filter", None)  # Python before 3.11.4 has no filters
        archive.extractall(target)


@pytest.mark.parametrize("compress", [None, "gz", "bz2"])
@async_test
async def test_directory_upload_is_equal(bench: Bench, compress: str | None) -> None:
    source = bench.basedir / "d"
    (source / "e" / "empty").mkdir(parents=True)
    (source / "big").write_bytes(os.urandom(300_000))
    (source / "e" / ("long name " * 20)).write_text("x")
    (source / "e" / "run").touch(mode=0o755)
    (source / "link").symlink_to("e/run")
    os.link(source / "e" / "run", source / "hard")
    os.mkfifo(source / "fifo")

    said = await bench.run(
        "upload_directory", path=str(source), workersrc="d", workdir="w", blocksize=16384, compress=compress
    )

    assert said.value_of("rc") == 0
    assert bench.files.calls[-1] == "unpack"
    _unpack(bytes(bench.files.received), bench.basedir / "copy")
    copy = bench.basedir / "copy"
    assert (copy / "big").read_bytes() == (source / "big").read_bytes()
    assert (copy / "e" / ("long name " * 20)).read_text() == "x"
    assert (copy / "e" / "empty").is_dir()
    assert os.access(copy / "e" / "run", os.X_OK)
    assert (copy / "link").readlink() == Path("e/run")
    assert (copy / "hard").stat().st_size == 0
    assert not (copy / "fifo").exists()


@async_test
async def test_directory_upload_goes_in_blocks(bench: Bench) -> None:
    (bench.basedir / "d").mkdir()
    (bench.basedir / "d" / "f").write_bytes(CONTENT)

    await bench.run("upload_directory", path=str(bench.basedir / "d"), blocksize=10_000)

    assert bench.files.calls.count("write") == -(-len(bench.files.received) // 10_000)


@async_test
async def test_directory_upload_stops_at_its_limit(bench: Bench) -> None:
    (bench.basedir / "d").mkdir()
    (bench.basedir / "d" / "f").write_bytes(CONTENT)

    said = await bench.run("upload_directory", path=str(bench.basedir / "d"), blocksize=1000, maxsize=10_000)

    assert said.value_of("rc") == 1
    assert "unpack" not in bench.files.calls


@pytest.mark.parametrize("path", ["/etc", "..", "file", "nothing"])
@async_test
async def test_directory_upload_takes_only_directories_inside(bench: Bench, path: str) -> None:
    (bench.basedir / "file").touch()

    said = await bench.run("upload_directory", path=path)

    assert said.value_of("rc") == 1
    assert bench.files.received == b""


@async_test
async def test_download_is_equal(bench: Bench) -> None:
    bench.files = MemoryFiles(CONTENT)
    target = bench.basedir / "new" / "f"

    said = await bench.run("download_file", path=str(target), workerdest="f", blocksize=1000, mode=0o640)

    assert target.read_bytes() == CONTENT
    assert target.stat().st_mode & 0o7777 == 0o640
    assert said.value_of("rc") == 0
    assert bench.files.calls[-1] == "read_close"
    assert os.listdir(target.parent) == ["f"]


@async_test
async def test_download_replaces_whole_or_not_at_all(bench: Bench) -> None:
    (bench.basedir / "f").write_text("old")
    bench.files = MemoryFiles(CONTENT)

    said = await bench.run("download_file", path=str(bench.basedir / "f"), maxsize=1000)

    assert said.value_of("rc") == 1
    assert (bench.basedir / "f").read_text() == "old"
    assert os.listdir(bench.basedir) == ["f"]


@async_test
async def test_download_can_be_interrupted(bench: Bench) -> None:
    bench.files = MemoryFiles(CONTENT)
    command = bench.command("download_file", path=str(bench.basedir / "f"), blocksize=1000)
    bench.files.before_answer = command.interrupt

    await bench.within(command.run())

    assert bench.output.value_of("rc") == 1
    assert os.listdir(bench.basedir) == []


@pytest.mark.parametrize("path", ["/nowhere/x", "../x", "link/x", "dangling", "."])
@async_test
async def test_download_writes_only_inside(bench: Bench, path: str, tmp_path: Path) -> None:
    bench.basedir = tmp_path / "base"
    bench.basedir.mkdir()
    (tmp_path / "outside").mkdir()
    (bench.basedir / "link").symlink_to(tmp_path / "outside")
    (bench.basedir / "dangling").symlink_to(tmp_path / "outside" / "new")
    bench.files = MemoryFiles(CONTENT)

    said = await bench.run("download_file", path=path)

    assert said.value_of("rc") == 1
    assert os.listdir(tmp_path / "outside") == []
    assert sorted(os.listdir(tmp_path)) == ["base", "outside"]
