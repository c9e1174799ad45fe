"""What comes out of an archive, and what is refused by its name."""

from __future__ import annotations

import io
import os
import stat
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from buildmill.common.archives.rules import ArchiveLimits, ArchiveRefused, checked_name
from buildmill.common.archives.untar import untar_blocking

Entry = tuple[str, dict[str, object]]


def file(name: str, content: bytes = b"x", **more: object) -> Entry:
    return name, {"content": content, **more}


def link(name: str, to: str) -> Entry:
    return name, {"type": tarfile.SYMTYPE, "linkname": to}


def hard(name: str, to: str) -> Entry:
    return name, {"type": tarfile.LNKTYPE, "linkname": to}


def folder(name: str) -> Entry:
    return name, {"type": tarfile.DIRTYPE}


@pytest.fixture
def unpack(tmp_path: Path) -> Callable[..., Path]:
    """Makes an archive of entries, and unpacks it."""

    def do(*entries: Entry, limits: ArchiveLimits | None = None, mode: str = "w:gz") -> Path:
        archive, into = tmp_path / "archive", tmp_path / "top" / "into"
        into.parent.mkdir()
        with tarfile.open(archive, mode) as tar:  # type: ignore[call-overload]  # any of its modes
            for name, fields in entries:
                member = tarfile.TarInfo(name)
                content = fields.pop("content", b"")
                assert isinstance(content, bytes)
                member.size = len(content)
                for field, value in fields.items():
                    setattr(member, field, value)
                tar.addfile(member, io.BytesIO(content))
        untar_blocking(archive, into, limits)
        return into

    return do


@pytest.mark.parametrize("mode", ["w", "w:gz", "w:bz2", "w:xz"])
def test_files_directories_and_links_come_out(unpack: Callable[..., Path], mode: str) -> None:
    into = unpack(
        folder("./"), folder("./app"), file("./app/run", b"#!", mode=0o4777, mtime=1000), file("deep/er", b"y"),
        link("app/l", "../deep/er"), link("other", "app"), hard("h", "app/run"), mode=mode,
    )  # fmt: skip

    assert (into / "app/run").read_bytes() == (into / "h").read_bytes() == b"#!"
    assert stat.S_IMODE((into / "app/run").stat().st_mode) == 0o755
    assert (into / "app/run").stat().st_mtime == 1000
    assert (into / "other/l").read_bytes() == b"y"
    assert os.readlink(into / "app/l") == "../deep/er"


@pytest.mark.parametrize(
    ("entries", "problem"),
    [
        ([file("../x")], "'../x' is not a path inside the archive"),
        ([file("/etc/x")], "'/etc/x' is not a path inside the archive"),
        ([file("a\\b")], "is not a path inside the archive"),
        ([file(".")], "'.' is the top of the archive"),
        ([file("a"), file("./a")], "'./a' is there twice"),
        ([file("a"), link("a", "b")], "'a' is there twice"),
        ([file("a"), file("a/b")], "'a/b' is below 'a', which is no directory"),
        ([link("a", "b"), file("a/b")], "'a' is there twice"),
        ([link("a", "/etc/passwd")], "'a' is a link that leads out of the archive, to '/etc/passwd'"),
        ([link("a", "../x")], "'a' is a link that leads out of the archive, to '../x'"),
        ([link("a/b", "../../x")], "'a/b' is a link that leads out"),
        # in words it stays inside, but the first link has moved the start of the second
        ([folder("d/e"), link("d/e/up", "../.."), link("d/e/out", "up/../x")], "'d/e/out' is a link that leads out"),
        ([hard("a", "b")], "'a' is a link to 'b', which is no file of the archive before it"),
        ([hard("a", "../b")], "'../b' is not a path inside the archive"),
        ([("tty", {"type": tarfile.CHRTYPE})], "'tty' is neither a file, a directory nor a link"),
        ([("pipe", {"type": tarfile.FIFOTYPE})], "'pipe' is neither a file, a directory nor a link"),
        ([file("n" * 300)], "cannot be a name here"),
    ],
)
def test_what_is_unsafe_is_refused_by_its_name(
    unpack: Callable[..., Path], tmp_path: Path, entries: list[Entry], problem: str
) -> None:
    with pytest.raises(ArchiveRefused) as refused:
        unpack(*entries)

    assert problem in str(refused.value)
    assert [path.name for path in (tmp_path / "top").iterdir()] == ["into"]


def test_a_link_that_leads_nowhere_or_to_itself_is_none_of_our_business(unpack: Callable[..., Path]) -> None:
    assert os.readlink(unpack(link("a", "missing"), link("b", "b")) / "a") == "missing"


def test_bombs_are_refused(unpack: Callable[..., Path]) -> None:
    limits = ArchiveLimits(ratio=10, ratio_from_bytes=1000)

    with pytest.raises(ArchiveRefused, match=r"more than [0-9]+ bytes come out"):
        unpack(file("zeros", bytes(1_000_000)), limits=limits)


def test_too_many_files_are_refused(unpack: Callable[..., Path]) -> None:
    with pytest.raises(ArchiveRefused, match="more than 2 files"):
        unpack(file("a"), file("b"), file("c"), limits=ArchiveLimits(members=2))


@pytest.mark.parametrize("content", [b"", b"nonsense", b"\x1f\x8b\x08nonsense"])
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "archive").write_bytes(content)

    with pytest.raises(ArchiveRefused, match="no readable archive"):
        untar_blocking(tmp_path / "archive", tmp_path / "into")


def test_a_cut_archive_is_refused(tmp_path: Path, unpack: Callable[..., Path]) -> None:
    unpack(file("a", os.urandom(100_000)))
    whole = (tmp_path / "archive").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) // 2])

    with pytest.raises(ArchiveRefused, match="no readable archive"):
        untar_blocking(tmp_path / "cut", tmp_path / "again")


@given(name=st.text(alphabet="a./\\\0", max_size=8))
def test_a_checked_name_stays_below_the_top(name: str) -> None:
    try:
        checked = checked_name(name)
    except ArchiveRefused:
        return

    assert os.path.normpath(f"/top/{checked}").startswith("/top")
    assert os.path.normpath(f"/top/{checked}") == os.path.normpath(f"/top/./{name}")
