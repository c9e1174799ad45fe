"""Layers of images, whatever is in them, stay where they are unpacked."""

from __future__ import annotations

import contextlib
import gzip
import itertools
import os
import tarfile
import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from buildmill.common.errors import BuildmillError, InvalidInput
from buildmill.worker.staging.cnb.image_tree import ImageTree, layer_members
from buildmill.worker.staging.deadline import Deadline
from tests.registry import tar

Entry = tuple[str, str]
"""Name, and what it is: nothing for a file, ``->`` or ``=`` and a target for a symbolic or a hard link, ``/``."""

parts = st.sampled_from(["a", "b", "c", "..", ".", "", ".wh.a", ".wh..wh..opq", ".wh...", "canary"])
names = st.lists(parts, min_size=1, max_size=4).map("/".join)
kinds = st.just("") | st.just("/") | names.map("->{}".format) | names.map("={}".format)
layers = st.lists(st.lists(st.tuples(names, kinds), max_size=6), max_size=3)


def unpack(root: Path, *archives: bytes) -> None:
    tree = ImageTree(root, "the image", Deadline(itertools.repeat(0.0).__next__, 60.0), room_bytes=1 << 20)
    for number, archive in enumerate(archives):
        path = root.parent / f"layer-{number}"
        path.write_bytes(archive)
        with layer_members(path, "the image") as members:
            tree.add(members)


def archive_of(entries: list[Entry]) -> bytes:
    members: dict[str, bytes | str | tarfile.TarInfo] = {}
    for number, (name, kind) in enumerate(entries):
        entry = tarfile.TarInfo(name)
        if kind.startswith("->"):
            entry.type, entry.linkname = tarfile.SYMTYPE, kind.removeprefix("->")
        elif kind.startswith("="):
            entry.type, entry.linkname = tarfile.LNKTYPE, kind.removeprefix("=")
        elif kind == "/":
            entry.type = tarfile.DIRTYPE
        members[str(number)] = entry
    return tar(members)


@given(layers)
@example([[("a", "->.."), ("a/canary", "")]])
@example([[("a/b", "->../c"), ("c", "/")], [("a", "->b"), ("b", "->..")]])
@example([[("a", "=../canary")]])
def test_nothing_leaves_the_image(drawn: list[list[Entry]]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        above = Path(folder)
        root = above / "x" / "y" / "root"
        root.mkdir(parents=True)
        (above / "x" / "y" / "canary").write_text("unharmed")
        (above / "x" / "canary").write_text("unharmed")

        with contextlib.suppress(BuildmillError):  # refused; what came before it has been unpacked
            unpack(root, *map(archive_of, drawn))

        assert (above / "x" / "y" / "canary").read_text() == "unharmed"
        assert (above / "x" / "canary").read_text() == "unharmed"
        assert {path.name for path in above.iterdir()} == {"x"}
        for where, directories, files in os.walk(root):
            for path in (Path(where, name) for name in (*directories, *files)):
                real = os.path.realpath(path)
                assert real == str(root) or real.startswith(f"{root}/"), f"{path} leads to {real}"


@pytest.mark.parametrize(
    "content",
    [b"no archive", gzip.compress(b"no archive"), gzip.compress(tar({"a": "x"}))[:-20]],
    ids=["plain", "compressed", "cut off"],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "root").mkdir()

    with pytest.raises(InvalidInput, match="the image: is no archive, or a damaged one"):
        unpack(tmp_path / "root", content)


def test_a_directory_may_stand_for_a_file_and_a_file_for_a_directory(tmp_path: Path) -> None:
    (tmp_path / "root").mkdir()

    directory = tarfile.TarInfo("a")
    directory.type = tarfile.DIRTYPE
    unpack(tmp_path / "root", tar({"a": "1", "b/c": "1"}), tar({"a": directory, "a/c": "2"}), tar({"b": "3"}))

    assert (tmp_path / "root" / "a" / "c").read_text() == "2"
    assert (tmp_path / "root" / "b").read_text() == "3"
