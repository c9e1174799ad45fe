"""Reading the mails that version control systems send of commits: CVS and Subversion."""

from __future__ import annotations

import email.message
import re
from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime
from email.utils import parseaddr, parsedate_to_datetime
from typing import Any

from buildmill.common.errors import InvalidInput

Found = dict[str, Any]
"""Arguments of ``addChange``."""

_CVS_FIELD = re.compile(r"(Cvsmode|Category|CVSROOT|Files|Project|Path):[ \t]*(.*)")
_CVS_TAG = re.compile(r"\s+Tag:\s*(.*\S)")
_CVS_NO_FILES = ("- New directory", "- Imported sources")
_CVS_REVISION = re.compile(r"NONE|\d+(?:\.\d+)+")

_SVN_FIELD = re.compile(r"(Author|New Revision): (\S+)")
_SVN_SECTIONS = ("Added:", "Modified:", "Removed:")
_SVN_NOTES = ("(props changed)", "(contents, props changed)")
_SVN_DIFF = re.compile(r"(?:Added|Modified|Removed|Deleted|Copied|Property changes on): \S")


def cvs_change(mail: email.message.Message, now: Callable[[], float]) -> Found | None:
    """Read a mail of ``buildbot_cvs_mail``; None if it tells of no file.

    Args:
        now: seconds since the epoch, for a mail without a date.

    Raises:
        InvalidInput: it is no mail of that kind.
    """
    author = _sender(mail)
    if not author:
        return None
    said: dict[str, str] = {}
    branch: str | None = None
    lines = _lines(mail)
    for line in lines:
        if line.rstrip("\n") == "Log Message:":
            break
        if found := _CVS_FIELD.match(line):
            said.setdefault(found[1], found[2].strip())
        elif found := _CVS_TAG.match(line):
            branch = found[1]
    files = _cvs_files(said)
    if not files:
        return None
    when = _date(mail, now)
    return {
        "author": author,
        "committer": None,
        "files": files,
        "comments": "".join(lines),
        # CVS has none; that of a checkout by date
        "revision": datetime.fromtimestamp(when, UTC).strftime("%Y-%m-%d %H:%M:%S"),
        "when_timestamp": when,
        "branch": branch,
        "category": said.get("Category") or None,
        "repository": said.get("CVSROOT") or "",
        "project": said.get("Project") or "",
    }


def _cvs_files(said: dict[str, str]) -> list[str]:
    listed, mode = said.get("Files"), said.get("Cvsmode")
    if not listed or listed.endswith(_CVS_NO_FILES):
        return []
    if mode == "1.12":
        directory, words = said.get("Path"), listed.split(" ")
        if not directory:
            raise InvalidInput("Path", "is needed in mails with Cvsmode 1.12")
    elif mode == "1.11":
        directory, _, listed = listed.partition(" ")
        words = [part for word in listed.split(" ") for part in word.rsplit(",", 2)]
    else:
        raise InvalidInput("Cvsmode", f"must be 1.11 or 1.12, not {mode!r}")
    return [f"{directory}/{name}" for name in _cvs_names(words)]


def _cvs_names(words: Sequence[str]) -> Iterator[str]:
    """The names in a list of names, which may have blanks, each with its old and its new revision behind it."""
    name: list[str] = []
    for word in words:
        name.append(word)
        if len(name) > 2 and all(_CVS_REVISION.fullmatch(revision) for revision in name[-2:]):
            yield " ".join(name[:-2])
            name = []


def svn_change(mail: email.message.Message, prefix: str | None, now: Callable[[], float]) -> Found | None:
    """Read a mail of Subversion's ``commit-email.pl``; None if it tells of no file below the prefix.

    Args:
        prefix: of the names of files that count; it is taken off.
        now: seconds since the epoch, for a mail without a date.
    """
    said: dict[str, str] = {}
    files: list[str] = []
    is_listing = False
    lines = _lines(mail)
    for line in lines:
        text = line.rstrip()
        if text == "Log:":
            break
        if found := _SVN_FIELD.match(text):
            said[found[1]] = found[2]
        elif text in _SVN_SECTIONS:
            is_listing = True
        elif is_listing and line.startswith(" "):
            name = text.strip()
            files.append(name[: name.rindex("(")].rstrip() if name.endswith(_SVN_NOTES) else name)
        else:
            is_listing = False
    files = [name for name in files if not name.startswith("- copied")]
    if prefix:
        files = [name.removeprefix(prefix) for name in files if name.startswith(prefix) and name != prefix]
    author = said.get("Author") or _sender(mail)
    if "New Revision" not in said or not author or not files:
        return None
    return {
        "author": author,
        "committer": None,
        "files": files,
        "comments": _svn_log(list(lines)),
        "revision": said["New Revision"],
        "when_timestamp": _date(mail, now),
    }


def _svn_log(lines: Sequence[str]) -> str:
    """The message, without the differences that follow it."""
    ends = (
        number
        for number, line in enumerate(lines[:-1])
        if _SVN_DIFF.match(line) and lines[number + 1].startswith("=====")
    )
    return "".join(lines[: next(ends, len(lines))]).strip("\n")


def _lines(mail: email.message.Message) -> Iterator[str]:
    """The lines of its text, with their ends."""
    for part in mail.walk():
        if part.get_content_maintype() == "text":
            data = part.get_payload(decode=True)
            assert isinstance(data, bytes)
            charset = part.get_content_charset("utf-8")
            try:
                text = data.decode(charset, "replace")
            except LookupError:
                text = data.decode("utf-8", "replace")
            yield from text.replace("\r\n", "\n").splitlines(keepends=True)
            return


def _sender(mail: email.message.Message) -> str:
    """The sender's name, as it stands before the @ of the address."""
    return parseaddr(str(mail.get("From", "")))[1].partition("@")[0]


def _date(mail: email.message.Message, now: Callable[[], float]) -> int:
    try:
        return int(parsedate_to_datetime(str(mail.get("Date", ""))).timestamp())
    except (ValueError, OverflowError):
        return int(now())
