"""A folder as an archive: what is in it, and always the same bytes."""

from __future__ import annotations

import io
import os
import socket
import stat
import zipfile
from pathlib import Path

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.master.cli.pushing.packing import IGNORE_FILE, files_of, pack_blocking


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An app."""
    for name in ("run.sh", "src/a.py", "src/a.pyc", "node_modules/x/y.js", ".git/HEAD", "docs/keep.md", "docs/no.md"):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "run.sh").chmod(0o770)
    (tmp_path / "empty").mkdir()
    (tmp_path / "link").symlink_to("src/a.py")
    return tmp_path


def names(folder: Path, ignore_file: Path | None = None) -> list[str]:
    return [packed.name for packed in files_of(folder, ignore_file)]


def packed(folder: Path) -> bytes:
    archive = io.BytesIO()
    pack_blocking(files_of(folder), archive, id)
    return archive.getvalue()


def test_all_is_packed_but_what_versioning_leaves(folder: Path) -> None:
    assert names(folder) == [
        "docs", "docs/keep.md", "docs/no.md", "empty", "link", "node_modules", "node_modules/x",
        "node_modules/x/y.js", "run.sh", "src", "src/a.py", "src/a.pyc",
    ]  # fmt: skip


def test_the_ignore_file_works_as_gits(folder: Path) -> None:
    (folder / IGNORE_FILE).write_text("# built\n*.pyc\n/node_modules/\ndocs/*\n!docs/keep.md\n\nempty\n")

    assert names(folder) == ["docs", "docs/keep.md", "link", "run.sh", "src", "src/a.py"]


def test_what_is_never_packed_can_be_brought_back(folder: Path) -> None:
    (folder / IGNORE_FILE).write_text("*\n!.git\n!.git/**\n")

    assert names(folder) == [".git", ".git/HEAD"]


def test_another_ignore_file_can_be_named(folder: Path, tmp_path: Path) -> None:
    (folder / IGNORE_FILE).write_text("run.sh")
    (folder / ".gitignore").write_text("*\n!link")

    assert names(folder, folder / ".gitignore") == ["link"]


def test_an_unreadable_ignore_file_is_named(folder: Path) -> None:
    (folder / IGNORE_FILE).write_bytes(b"\xff")

    with pytest.raises(InvalidInput, match=r"\.cfignore: cannot be read"):
        files_of(folder)


def test_one_folder_gives_the_same_bytes_wherever_and_whenever(
    folder: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    other = tmp_path_factory.mktemp("other")
    for entry in reversed(files_of(folder)):
        target = other / entry.name
        target.parent.mkdir(parents=True, exist_ok=True)
        if stat.S_ISDIR(entry.mode):
            target.mkdir(exist_ok=True, mode=0o700)
        elif stat.S_ISLNK(entry.mode):
            target.symlink_to(os.readlink(entry.path))
        else:
            target.write_bytes(entry.path.read_bytes())
            target.chmod(0o700 if entry.name == "run.sh" else 0o600)
            os.utime(target, (1000, 1000))

    assert packed(folder) == packed(other)


def test_the_archive_keeps_contents_rights_links_and_empty_folders(folder: Path) -> None:
    with zipfile.ZipFile(io.BytesIO(packed(folder))) as archive:
        modes = {member.filename: member.external_attr >> 16 for member in archive.infolist()}
        assert archive.read("src/a.py") == b"src/a.py"
        assert archive.read("link") == b"src/a.py"

    assert modes["run.sh"] == stat.S_IFREG | 0o755
    assert modes["src/a.py"] == stat.S_IFREG | 0o644
    assert modes["link"] == stat.S_IFLNK | 0o777
    assert modes["empty/"] == stat.S_IFDIR | 0o755


def test_progress_tells_of_every_byte(folder: Path) -> None:
    counts: list[int] = []
    files = files_of(folder)

    pack_blocking(files, io.BytesIO(), counts.append)

    assert sum(counts) == sum(file.size_bytes for file in files) > 0


@pytest.mark.parametrize("target", ["/etc/passwd", "../x", "a/../../x"])
def test_a_link_out_of_the_folder_is_refused_by_its_name(folder: Path, target: str) -> None:
    (folder / "out").symlink_to(target)

    with pytest.raises(InvalidInput, match="out: is a symbolic link that leads out of the folder"):
        files_of(folder)


def test_a_socket_is_refused_by_its_name(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("talk")

        with pytest.raises(InvalidInput, match=r"talk: is neither a file, .*name it in \.cfignore"):
            files_of(folder)


def test_what_is_ignored_may_be_anything(folder: Path) -> None:
    (folder / "out").symlink_to("/etc/passwd")
    (folder / IGNORE_FILE).write_text("out")

    assert "out" not in names(folder)


def test_a_file_that_became_a_link_meanwhile_is_not_followed(folder: Path) -> None:
    files = files_of(folder)
    (folder / "run.sh").unlink()
    (folder / "run.sh").symlink_to("src/a.py")

    with pytest.raises(OSError, match=r"run\.sh"):
        pack_blocking(files, io.BytesIO(), id)
