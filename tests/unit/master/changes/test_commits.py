"""What git tells of commits."""

from __future__ import annotations

import pytest

from buildmill.master.changes.commits import parse_hashes, parse_log, parse_refs

A, B = "a" * 40, "b" * 40


def told(revision: str, comments: str, *files: bytes) -> bytes:
    """One commit as git tells it."""
    head = f"\x01{revision}\x001700000000\x00Al <a@x>\x00Co <c@x>\x00{comments}".encode()
    names = b"\n" + b"\0".join(files) + b"\0" if files else b""
    return head + b"\0" + names


def test_each_commit_has_its_message_and_files() -> None:
    output = told(A, "first\n\nbody\n", b"f 1", b"\xc3\xa4") + b"\0" + told(B, "merge\n")

    first, second = parse_log(output, [A, B], "utf-8")

    assert (first.revision, first.comments, first.files) == (A, "first\n\nbody", ("f 1", "ä"))
    assert (first.author, first.committer, first.committed_at) == ("Al <a@x>", "Co <c@x>", 1700000000)
    assert (second.comments, second.files) == ("merge", ())


def test_a_file_that_looks_like_a_commit_is_a_file() -> None:
    fake = b"\x01" + b"c" * 40
    output = told(A, "x\n", b"a", fake, b"b") + told(B, "y\n", b"d")

    first, second = parse_log(output, [A, B], "utf-8")

    assert first.files == ("a", fake.decode(), "b")
    assert second.files == ("d",)


def test_bytes_that_are_no_text_are_replaced() -> None:
    (commit,) = parse_log(told(A, "x", b"\xff"), [A], "utf-8")

    assert commit.files == ("\ufffd",)


@pytest.mark.parametrize("output", [b"", told(B, "x"), told(A, "x")[:20]])
def test_something_else_is_refused(output: bytes) -> None:
    with pytest.raises(ValueError, match="does not tell of"):
        parse_log(output, [A], "utf-8")


def test_names_of_commits_are_checked() -> None:
    assert parse_hashes(f"{A}\n{B}\n".encode()) == [A, B]
    with pytest.raises(ValueError, match="no names of commits"):
        parse_hashes(b"--upload-pack=x\n")


def test_refs_are_read() -> None:
    assert parse_refs(f"{A}\trefs/heads/x\nwarning\n{B}\trefs/heads/y\n".encode()) == {
        "refs/heads/x": A,
        "refs/heads/y": B,
    }
