"""Archives that nobody trusts: what is unpacked, and what is refused by name."""

from __future__ import annotations

import io
import os
import stat
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from buildmill.common.archives.bounds import Bounds
from buildmill.common.staging import Cause
from buildmill.worker.staging.archives.tars import Packing, pack
from buildmill.worker.staging.archives.untar import untar
from buildmill.worker.staging.archives.zips import unzip
from buildmill.worker.staging.deadline import Deadline
from buildmill.worker.staging.failure import PhaseFailed
from tests.staging_area import zip_of

MIB = 1 << 20
NO_TIME_LIMIT = Deadline(lambda: 0.0, 1.0)


def bounds(path: Path, *, room_bytes: int = 1 << 30, max_entries: int = 1000, links_stay_inside: bool = True) -> Bounds:
    return Bounds(
        shown="the package",
        archive_bytes=path.stat().st_size,
        room_bytes=room_bytes,
        check=NO_TIME_LIMIT.check,
        links_stay_inside=links_stay_inside,
        max_entries=max_entries,
        harmless_bytes=MIB,
    )


def zip_file(path: Path, content: bytes) -> Path:
    path.write_bytes(content)
    return path


def unzipped(tmp_path: Path, content: bytes) -> Path:
    archive = zip_file(tmp_path / "a.zip", content)
    unzip(str(archive), str(tmp_path / "out"), bounds(archive))
    return tmp_path / "out"


def entries(*given: tuple[str, int, bytes]) -> bytes:
    """A zip archive of names, modes and contents; also one that no tool would make."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, mode, content in given:
            entry = zipfile.ZipInfo(name)
            entry.create_system, entry.external_attr = (3, mode << 16) if mode else (0, 1)  # MS-DOS knows no rights
            entry.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(entry, content)
    return buffer.getvalue()


LINK, FILE, DIRECTORY = stat.S_IFLNK | 0o777, stat.S_IFREG | 0o644, stat.S_IFDIR | 0o755


def test_files_keep_their_rights_and_links_inside_are_made(tmp_path: Path) -> None:
    out = unzipped(
        tmp_path,
        entries(
            ("a/run", stat.S_IFREG | 0o751, b"run"),
            ("a/deep/er/", stat.S_IFDIR | 0o700, b""),
            ("a/link", LINK, b"deep/../run"),
            ("set", stat.S_IFREG | 0o4755, b""),
            ("plain", 0, b"x"),
        ),
    )

    assert (out / "a/run").stat().st_mode & 0o7777 == 0o751
    assert (out / "a/deep/er").stat().st_mode & 0o7777 == 0o700
    assert (out / "a/link").read_bytes() == b"run"
    assert (out / "set").stat().st_mode & 0o7777 == 0o755
    assert (out / "plain").stat().st_mode & 0o7777 == 0o644


@pytest.mark.parametrize(
    ("content", "named"),
    [
        (entries(("../out", FILE, b"")), "'../out' leads out of the tree"),
        (entries(("/etc/x", FILE, b"")), "'/etc/x' is an absolute name"),
        (entries(("a", FILE, b""), ("./a", FILE, b"")), "'./a' is there twice"),
        (entries(("a", FILE, b""), ("a/b", FILE, b"")), "'a/b' is refused: 'a' is no directory"),
        (entries(("a/b", FILE, b""), ("a", FILE, b"")), "'a' is refused: the name is there twice"),
        (entries(("a", LINK, b"."), ("a/b", FILE, b"")), "'a/b' lies behind a link"),
        (entries(("a", LINK, b"/etc")), "'a' is a link out of the tree, to '/etc'"),
        (entries(("d/a", LINK, b"../../x")), "'d/a' is a link out of the tree"),
        (entries(("p/q/b", LINK, b"../.."), ("a", LINK, b"p/q/b/../x")), "'a' is a link through another link"),
        (entries(("null", stat.S_IFCHR | 0o666, b"")), "'null' is a device, a pipe or a socket"),
        (entries(("n" * 300, FILE, b"")), "is refused: File name too long"),
    ],
)
def test_unsafe_entries_are_refused_by_name(tmp_path: Path, content: bytes, named: str) -> None:
    with pytest.raises(PhaseFailed) as failed:
        unzipped(tmp_path, content)

    assert failed.value.cause is Cause.MALFORMED
    assert failed.value.message.startswith("the package")
    assert named in failed.value.message


def test_what_is_refused_leaves_nothing_outside(tmp_path: Path) -> None:
    with pytest.raises(PhaseFailed):
        unzipped(tmp_path, entries(("ok", FILE, b""), ("../outside", FILE, b"x")))

    assert not (tmp_path / "outside").exists()


def test_bombs_are_refused_by_their_ratio(tmp_path: Path) -> None:
    with pytest.raises(PhaseFailed, match="more than 200 times those of the archive"):
        unzipped(tmp_path, entries(("zeros", FILE, bytes(2 * MIB))))


def test_bombs_are_refused_by_their_number_of_entries(tmp_path: Path) -> None:
    archive = zip_file(tmp_path / "a.zip", zip_of({str(number): "" for number in range(20)}))

    with pytest.raises(PhaseFailed, match="20 entries, more than 10"):
        unzip(str(archive), str(tmp_path / "out"), bounds(archive, max_entries=10))


def test_what_the_disk_has_no_room_for_is_not_unpacked(tmp_path: Path) -> None:
    archive = zip_file(tmp_path / "a.zip", zip_of({"a": os.urandom(MIB)}))

    with pytest.raises(PhaseFailed) as failed:
        unzip(str(archive), str(tmp_path / "out"), bounds(archive, room_bytes=1000))

    assert failed.value.cause is Cause.DISK


@pytest.mark.parametrize(
    "spoil",
    [
        lambda content: b"",
        lambda content: b"hello",
        lambda content: content[:-30],
        lambda content: content.replace(b"hello hello", b"hallo hello"),
    ],
    ids=["empty", "text", "cut", "changed"],
)
def test_what_is_no_zip_archive_is_refused(tmp_path: Path, spoil: Callable[[bytes], bytes]) -> None:
    with pytest.raises(PhaseFailed) as failed:
        unzipped(tmp_path, spoil(zip_of({"a": "hello hello"})))

    assert failed.value.cause is Cause.MALFORMED


def tar_file(path: Path, *given: tuple[tarfile.TarInfo, bytes]) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        for entry, content in given:
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return path


def tar_entry(name: str, kind: bytes = tarfile.REGTYPE, to: str = "") -> tarfile.TarInfo:
    entry = tarfile.TarInfo(name)
    entry.type, entry.linkname = kind, to
    return entry


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ([tar_entry("../x")], "'../x' is refused: the name leaves"),
        ([tar_entry("/x")], "'/x' is refused: the name is absolute"),
        ([tar_entry("null", tarfile.CHRTYPE)], "'null' is refused: it is neither"),
        ([tar_entry("h", tarfile.LNKTYPE, "../x")], "'../x' is refused: the name leaves"),
        ([tar_entry("h", tarfile.LNKTYPE, "none")], "'h' is refused: it links to 'none'"),
        ([tar_entry("s", tarfile.SYMTYPE, "/etc"), tar_entry("s/x")], "'s/x' is refused: 's' is no directory"),
    ],
)
def test_unsafe_tar_entries_are_refused_by_name(tmp_path: Path, given: list[tarfile.TarInfo], named: str) -> None:
    archive = tar_file(tmp_path / "a.tgz", *((entry, b"") for entry in given))

    with pytest.raises(PhaseFailed) as failed:
        untar(str(archive), str(tmp_path / "out"), bounds(archive, links_stay_inside=False))

    assert named in failed.value.message


def test_link_through_another_link_may_not_lead_out_either(tmp_path: Path) -> None:
    links = [tar_entry("p/q/b", tarfile.SYMTYPE, "../.."), tar_entry("a", tarfile.SYMTYPE, "p/q/b/../x")]
    archive = tar_file(tmp_path / "a.tgz", *((entry, b"") for entry in links))

    with pytest.raises(PhaseFailed) as failed:
        untar(str(archive), str(tmp_path / "out"), bounds(archive))

    assert "'a' is refused: it links out of the tree, to 'p/q/b/../x'" in failed.value.message


def test_tar_bomb_is_refused_by_its_ratio(tmp_path: Path) -> None:
    archive = tar_file(tmp_path / "a.tgz", (tar_entry("zeros"), bytes(2 * MIB)))

    with pytest.raises(PhaseFailed, match="'zeros' is refused: more than 200 times the size"):
        untar(str(archive), str(tmp_path / "out"), bounds(archive))


def test_header_that_would_fill_the_memory_is_refused(tmp_path: Path) -> None:
    archive = tar_file(tmp_path / "a.tgz", (tar_entry("x", tarfile.GNUTYPE_LONGNAME), bytes(2 * MIB)))

    with pytest.raises(PhaseFailed, match="an extra header of 2097152 bytes"):
        untar(str(archive), str(tmp_path / "out"), bounds(archive))


@pytest.mark.parametrize("content", [b"", b"hello", bytes.fromhex("1f8b08000000000000ff0102")])
def test_what_is_no_tar_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    archive = zip_file(tmp_path / "a.tgz", content)

    with pytest.raises(PhaseFailed, match="the package is no proper tar archive"):
        untar(str(archive), str(tmp_path / "out"), bounds(archive))


def a_tree(root: Path, mtime: int) -> Path:
    (root / "b/empty").mkdir(parents=True)
    (root / "b/run").write_bytes(b"#!/bin/sh\n")
    (root / "b/run").chmod(0o751)
    (root / "a").write_text("a")
    (root / "same").hardlink_to(root / "a")
    (root / "link").symlink_to("/usr/bin/env")
    (root / "b/\udcff\u00e9").write_text("odd")
    os.mkfifo(root / "pipe")
    for directory, _, names in os.walk(root):
        for name in names:
            os.utime(os.path.join(directory, name), (mtime, mtime), follow_symlinks=False)
    return root


def packing(prefix: str = "") -> Packing:
    return Packing(shown="the droplet", deadline=NO_TIME_LIMIT, room_bytes=1 << 30, prefix=prefix)


def test_same_tree_gives_the_same_bytes(tmp_path: Path) -> None:
    first, second = a_tree(tmp_path / "one", 1000), a_tree(tmp_path / "two", 2_000_000_000)

    packed = [pack(str(tree), f"{tree}.tgz", packing(prefix="./")) for tree in (first, second)]

    assert packed[0] == packed[1]
    assert (tmp_path / "one.tgz").read_bytes() == (tmp_path / "two.tgz").read_bytes()


def test_packed_tree_comes_out_as_it_went_in(tmp_path: Path) -> None:
    source, archive = a_tree(tmp_path / "in", 1000), tmp_path / "a.tgz"
    pack(str(source), str(archive), packing())

    untar(str(archive), str(tmp_path / "out"), bounds(archive, links_stay_inside=False))

    def listed(root: Path) -> dict[str, tuple[int, str]]:
        return {
            str(path.relative_to(root)): (path.lstat().st_mode, os.readlink(path) if path.is_symlink() else "")
            for path in root.rglob("*")
            if path.name != "pipe"
        }

    assert listed(tmp_path / "out") == listed(source)
    assert (tmp_path / "out/same").stat().st_ino == (tmp_path / "out/a").stat().st_ino


def test_archive_gets_no_larger_than_the_room(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    (tmp_path / "in/random").write_bytes(os.urandom(MIB))

    with pytest.raises(PhaseFailed) as failed:
        pack(
            str(tmp_path / "in"),
            str(tmp_path / "a.tgz"),
            Packing(shown="the droplet", deadline=NO_TIME_LIMIT, room_bytes=1000),
        )

    assert failed.value.cause is Cause.DISK
