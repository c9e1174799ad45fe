"""What a hostile worker may put into an archive, and what comes out of an honest one."""

from __future__ import annotations

import contextlib
import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.archives.bounds import ArchiveRefused
from buildmill.master.steps.archives import ArchiveLimits, Compression, unpack_blocking


def member(name: str, content: bytes = b"", **attributes: Any) -> tuple[tarfile.TarInfo, bytes]:
    made = tarfile.TarInfo(name)
    made.size = len(content)
    made.mode = 0o644
    for attribute, value in attributes.items():
        setattr(made, attribute, value)
    return made, content


def folder(name: str) -> tuple[tarfile.TarInfo, bytes]:
    return member(name, type=tarfile.DIRTYPE, mode=0o755)


def pack(path: Path, *members: tuple[tarfile.TarInfo, bytes], compression: Compression = "") -> Path:
    archive = path / "archive"
    mode: Any = f"w:{compression}"
    with tarfile.open(archive, mode) as tar:
        for made, content in members:
            tar.addfile(made, io.BytesIO(content))
    return archive


def unpack(tmp_path: Path, *members: tuple[tarfile.TarInfo, bytes], **limits: int) -> Path:
    unpack_blocking(pack(tmp_path, *members), tmp_path / "out", "", ArchiveLimits(**limits))
    return tmp_path / "out"


@pytest.mark.parametrize("compression", ["", "gz", "bz2"])
def test_files_and_directories_come_out_with_their_times(tmp_path: Path, compression: Compression) -> None:
    source = tmp_path / "source"
    (source / "sub").mkdir(parents=True)
    (source / "sub" / "file").write_bytes(bytes(range(256)))
    (source / "run").write_text("x")
    (source / "run").chmod(0o4775)
    os.link(source / "run", source / "same")
    os.utime(source / "sub" / "file", (1, 1000))
    os.utime(source / "sub", (1, 2000))
    mode: Any = f"w:{compression}"
    with tarfile.open(tmp_path / "archive", mode) as tar:
        tar.add(source, arcname="")

    unpack_blocking(tmp_path / "archive", tmp_path / "out", compression)

    out = tmp_path / "out"
    assert sorted(str(p.relative_to(out)) for p in out.rglob("*")) == ["run", "same", "sub", "sub/file"]
    assert (out / "sub" / "file").read_bytes() == bytes(range(256))
    assert (out / "sub" / "file").stat().st_mtime == 1000
    assert (out / "sub").stat().st_mtime == 2000
    assert stat.S_IMODE((out / "run").stat().st_mode) == 0o755
    assert (out / "same").read_text() == "x"
    assert (out / "same").stat().st_nlink == 1


@pytest.mark.parametrize(
    ("members", "message"),
    [
        ([member("../out.txt", b"x")], "not a path inside"),
        ([member("a/../../x", b"x")], "not a path inside"),
        ([member("/etc/x", b"x")], "not a path inside"),
        ([member("..\\x", b"x")], "not a path inside"),
        ([member("l", type=tarfile.SYMTYPE, linkname="/etc/passwd")], "'l' is a link that leads outside"),
        ([member("l", type=tarfile.SYMTYPE, linkname="../x")], "'l' is a link that leads outside"),
        ([member("a/l", type=tarfile.SYMTYPE, linkname="../../x")], "'a/l' is a link that leads outside"),
        ([member("l", type=tarfile.SYMTYPE, linkname="gone")], "'l' is a link to 'gone', which is no file of"),
        ([member("l", type=tarfile.SYMTYPE, linkname="l")], "'l' is a link to 'l', which is no file of"),
        ([folder("d"), member("l", type=tarfile.SYMTYPE, linkname="d")], "'l' is a link to 'd', which is no file of"),
        (
            [folder("d"), member("l", type=tarfile.SYMTYPE, linkname="d"), member("l/passwd", b"x")],
            "'l' is a link to 'd', which is no file of",
        ),
        ([member("a", b"1"), member("b", type=tarfile.SYMTYPE, linkname="a"), member("b", b"2")], "'b' is there twice"),
        ([member("h", type=tarfile.LNKTYPE, linkname="/etc/passwd")], "not a path inside"),
        ([folder("d"), member("h", type=tarfile.LNKTYPE, linkname="d")], "no file of the archive"),
        ([member("n", type=tarfile.CHRTYPE)], "'n' is neither a file nor a directory"),
        ([member("n", type=tarfile.BLKTYPE)], "'n' is neither a file nor a directory"),
        ([member("n", type=tarfile.FIFOTYPE)], "'n' is neither a file nor a directory"),
        ([member("a", b"1"), member("a", b"2")], "'a' is there twice"),
        ([member("a", b"1"), member("./a", b"2")], "'./a' is there twice"),
        ([folder("a"), member("a", b"2")], "'a' is there twice"),
        ([member("a", b"1"), member("a/b", b"2")], "a is both a file and a directory"),
        ([member("", b"1")], "cannot be a file"),
        ([member("."), ], "cannot be a file"),
    ],
)  # fmt: skip
def test_what_must_not_be_unpacked_is_refused(
    tmp_path: Path, members: list[tuple[tarfile.TarInfo, bytes]], message: str
) -> None:
    with pytest.raises(ArchiveRefused) as error:
        unpack(tmp_path, *members)

    assert message in str(error.value)
    assert sorted(p.name for p in tmp_path.iterdir()) == ["archive", "out"]


def test_links_to_files_of_the_archive_become_copies(tmp_path: Path) -> None:
    out = unpack(
        tmp_path,
        member("bin/run", type=tarfile.SYMTYPE, linkname="../lib/./latest"),
        member("lib/latest", type=tarfile.SYMTYPE, linkname="one"),
        member("lib/one", b"1", mode=0o755),
    )

    assert (out / "bin" / "run").read_text() == (out / "lib" / "latest").read_text() == "1"
    assert not any(path.is_symlink() for path in out.rglob("*"))
    assert stat.S_IMODE((out / "bin" / "run").stat().st_mode) == 0o755


def test_copies_of_links_count(tmp_path: Path) -> None:
    links = [member(f"l{i}", type=tarfile.SYMTYPE, linkname="a") for i in range(10)]
    with pytest.raises(ArchiveRefused, match="more than 50 bytes come out"):
        unpack(tmp_path, member("a", b"x" * 10), *links, unpacked_bytes=50)


def test_too_many_files_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="more than 2 files"):
        unpack(tmp_path, *[member(f"f{i}") for i in range(3)], members=2)


def test_too_many_bytes_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ArchiveRefused, match="more than 5 bytes come out"):
        unpack(tmp_path, member("a", b"123"), member("b", b"456"), unpacked_bytes=5)


def test_a_bomb_is_refused_before_it_has_filled_the_disk(tmp_path: Path) -> None:
    archive = pack(tmp_path, member("zeros", bytes(4 << 20)), compression="gz")
    assert archive.stat().st_size < 10_000

    with pytest.raises(ArchiveRefused, match="bytes come out of it"):
        unpack_blocking(archive, tmp_path / "out", "gz", ArchiveLimits(ratio=100, ratio_from_bytes=1 << 20))

    assert (tmp_path / "out" / "zeros").stat().st_size <= 1 << 20


def test_a_huge_header_is_refused_before_it_is_read(tmp_path: Path) -> None:
    header = tarfile.TarInfo("x")
    header.type = tarfile.GNUTYPE_LONGNAME
    header.size = 1 << 33
    (tmp_path / "archive").write_bytes(header.tobuf(tarfile.GNU_FORMAT) + bytes(512))

    with pytest.raises(ArchiveRefused, match="an extra header of 8589934592 bytes"):
        unpack_blocking(tmp_path / "archive", tmp_path / "out", "")


@pytest.mark.parametrize(
    ("spoil", "compression"),
    [
        (lambda data: b"nonsense" * 100, ""),
        (lambda data: data[:700], ""),
        (lambda data: data, "gz"),
        (lambda data: b"", ""),
    ],
)
def test_what_is_no_archive_is_refused(
    tmp_path: Path, spoil: Callable[[bytes], bytes], compression: Compression
) -> None:
    archive = pack(tmp_path, member("a", b"x" * 2000))
    archive.write_bytes(spoil(archive.read_bytes()))

    with pytest.raises(ArchiveRefused, match="not a readable archive"):
        unpack_blocking(archive, tmp_path / "out", compression)


@given(st.binary(max_size=2000))
def test_any_bytes_are_unpacked_or_refused(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    tmp_path = tmp_path_factory.mktemp("any")
    (tmp_path / "archive").write_bytes(data)
    with contextlib.suppress(ArchiveRefused):
        unpack_blocking(tmp_path / "archive", tmp_path / "out", "")
