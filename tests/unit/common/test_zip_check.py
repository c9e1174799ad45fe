"""Archives from outside are judged by their directory."""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Callable

import pytest

from buildmill.common.zip_check import UnsafeArchive, ZipLimits, check_zip, link_problem, name_problem


def entry(name: str, mode: int = stat.S_IFREG | 0o644) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name)
    info.external_attr = mode << 16
    return info


def archive(*entries: tuple[zipfile.ZipInfo | str, bytes], compression: int = zipfile.ZIP_STORED) -> io.BytesIO:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", compression) as zipped:
        for info, content in entries:
            zipped.writestr(info, content, compression)
    return file


def refusal(file: io.BytesIO, limits: ZipLimits | None = None) -> str:
    with pytest.raises(UnsafeArchive) as error:
        check_zip(file, limits or ZipLimits())
    return error.value.problem


LINK = stat.S_IFLNK | 0o777


def test_an_ordinary_archive_passes() -> None:
    check_zip(
        archive(
            ("app/", b""),
            ("app/main.py", b"print()"),
            (entry("app/run", stat.S_IFREG | 0o755), b"#!/bin/sh"),
            (entry("latest", LINK), b"app"),
            (entry("app/up", LINK), b"../app/main.py"),
            ("..data", b""),
        )
    )


def test_an_empty_archive_passes() -> None:
    check_zip(archive())


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("../evil", "'../evil' leads out of the tree"),
        ("a/../../evil", "'a/../../evil' leads out of the tree"),
        ("/etc/passwd", "'/etc/passwd' is an absolute name"),
        ("a\\b", "'a\\\\b' is a name of another system"),
        ("C:evil", "'C:evil' is a name of another system"),
    ],
)
def test_a_name_that_leads_out_of_the_tree_is_refused_by_name(name: str, problem: str) -> None:
    assert refusal(archive(("fine", b""), (name, b"x"))) == problem


def test_names_that_no_archive_should_have() -> None:
    assert name_problem("") == "an entry without a name"
    assert name_problem("a\0b") == "'a\\x00b' contains NUL"
    assert name_problem("x" * 5000).endswith("is longer than 4096 characters")


@pytest.mark.parametrize(
    ("name", "target"), [("l", "/etc"), ("l", ".."), ("a/l", "../../x"), ("l", "a/../.."), ("l", ""), ("l", "a\0")]
)
def test_a_link_out_of_the_tree_is_refused(name: str, target: str) -> None:
    assert link_problem(name, target).startswith(repr(name))
    assert refusal(archive((entry(name, LINK), target.encode()))).startswith(repr(name))


def test_a_link_through_another_link_is_refused() -> None:
    file = archive(("a/", b""), (entry("a/b", LINK), b".."), (entry("out", LINK), b"a/b/../x"))

    assert refusal(file) == "'out' is a link through another link, to 'a/b/../x'"


def test_what_lies_behind_a_link_is_refused() -> None:
    assert refusal(archive((entry("l", LINK), b"a"), ("l/x", b""))) == "'l/x' lies behind a link"


@pytest.mark.parametrize("kind", [stat.S_IFCHR, stat.S_IFBLK, stat.S_IFIFO, stat.S_IFSOCK])
def test_devices_are_refused(kind: int) -> None:
    assert refusal(archive((entry("dev", kind | 0o644), b""))) == "'dev' is a device, a pipe or a socket"


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_one_name_twice_is_refused() -> None:
    assert refusal(archive(("a/b", b"1"), ("a/./b", b"2"))) == "'a/./b' is there twice"


def test_bombs_are_refused_by_number_ratio_and_size() -> None:
    limits = ZipLimits(entries=3, ratio=10, free_bytes=1000, total_bytes=100_000)

    many = archive(*((f"f{number}", b"") for number in range(4)))
    flat = archive(("zeros", bytes(50_000)), compression=zipfile.ZIP_DEFLATED)
    huge = archive(("zeros", bytes(100_001)), compression=zipfile.ZIP_DEFLATED)

    assert refusal(many, limits) == "4 entries, more than 3"
    assert "more than 10 times those of the archive" in refusal(flat, limits)
    assert refusal(huge, limits) == "its files have 100001 bytes, more than 100000"
    assert "its directory has" in refusal(archive(("a" * 100, b"")), ZipLimits(directory_bytes=50))


def test_entries_that_share_bytes_are_refused() -> None:
    data = bytearray(archive(("a", b"x" * 100), ("b", b"y" * 100)).getvalue())
    second = data.rindex(b"PK\x01\x02")
    data[second + 42 : second + 46] = struct.pack("<L", 10)

    assert refusal(io.BytesIO(bytes(data))) == "'b' has bytes of another entry"


def test_what_is_encrypted_or_compressed_by_an_unknown_method_is_refused() -> None:
    def spoiled(at: int, value: int) -> io.BytesIO:
        data = bytearray(archive(("a", b"x")).getvalue())
        data[data.rindex(b"PK\x01\x02") + at] = value
        return io.BytesIO(bytes(data))

    assert refusal(spoiled(8, 1)) == "'a' is encrypted"
    assert refusal(spoiled(10, 99)) == "'a' is compressed by an unknown method"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda data: b"",
        lambda data: b"no archive at all",
        lambda data: data[:-1],
        lambda data: data[30:],
        lambda data: data[: len(data) // 2],
    ],
)
def test_what_is_no_archive_is_refused(spoil: Callable[[bytes], bytes]) -> None:
    whole = archive(("a", b"some text"), ("b", b"more")).getvalue()

    assert refusal(io.BytesIO(spoil(whole)))


def test_no_bytes_whatever_do_more_than_be_refused() -> None:
    whole = archive(("a", b"some text"), (entry("l", LINK), b"a")).getvalue()
    refused = 0
    for at in range(len(whole)):
        for value in (0x00, 0xFF, whole[at] ^ 0x01):
            try:
                check_zip(io.BytesIO(whole[:at] + bytes([value]) + whole[at + 1 :]))
            except UnsafeArchive:
                refused += 1

    assert refused > len(whole) // 2
