"""Mails from a Maildir become changes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError, InvalidInput
from buildmill.master.changes.mail import (
    BzrLaunchpadEmailMaildirSource,
    CVSMaildirSource,
    MaildirSource,
    SVNCommitEmailMaildirSource,
)
from buildmill.master.domain.not_delivering import what_is_not_delivered
from tests.leftovers import FailureLog
from tests.unit.master.schedulers.house import House

SOURCE: Any = MaildirSource
MAIL = b"From: al\nSubject: main\n\nwhy\n"


class Own(MaildirSource):
    """Reads mails of its own kind."""

    def parse(self, m: Any, prefix: str | None = None) -> Any:
        if m["Subject"] == "broken":
            raise ValueError("broken")
        if m["Subject"] is None:
            return None
        return "git", {"author": m["From"], "branch": m["Subject"], "comments": m.get_payload(), "files": [prefix]}


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    yield house
    house.close()


def put(house: House, name: str, mail: bytes) -> None:
    folder = Path(house.master.basedir, "mails", "new")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / name).write_bytes(mail)


def changes(house: House) -> list[dict[str, Any]]:
    house.turn()
    found: list[dict[str, Any]] = house.result(house.data.get("changes", order=["changeid"]))
    return found


def test_each_mail_becomes_a_change_and_is_put_away(house: House, logged_failures: FailureLog) -> None:
    source = Own("mails", prefix="src/", category="c", repository="r")
    put(house, "1", MAIL)
    house.activate(source)
    house.turn()
    put(house, "2", b"no mail")
    put(house, "3", MAIL.replace(b"main", b"broken"))
    put(house, "4", MAIL.replace(b"main", b"other"))
    house.advance(10)

    found = changes(house)
    assert [(c["branch"], c["comments"], c["files"]) for c in found] == [
        ("main", "why\n", ["src/"]),
        ("other", "why\n", ["src/"]),
    ]
    assert (found[0]["author"], found[0]["category"], found[0]["repository"]) == ("al", "c", "r")
    assert len(logged_failures.flush(ValueError)) == 1
    assert sorted(file.name for file in Path(house.master.basedir, "mails", "cur").iterdir()) == ["1", "2", "3", "4"]
    house.deactivate(source)


def test_mails_that_are_not_understood_are_left_alone_and_that_is_told(house: House) -> None:
    source = BzrLaunchpadEmailMaildirSource("mails")
    put(house, "1", MAIL)
    house.activate(source)

    assert changes(house) == []
    assert "does not read mails of its kind yet; derive from MaildirSource" in str(what_is_not_delivered(source))
    assert (Path(house.master.basedir) / "mails" / "new" / "1").exists()
    house.deactivate(source)


CVS = """\
From: Ann B <ann@example.org>
Subject: cvs update for project toys
Date: Sat, 07 Aug 2010 13:11:49 +0200

Cvsmode: 1.12
Category: None
CVSROOT: :ext:cvs.example.org:/cvsroot
Files: a b.c 1.362 1.363 new.c NONE 1.1 gone.c 1.2.4.1 NONE
Project: Toys
Path: toys/src
Update of /cvsroot/toys/src
In directory cvs:/tmp/cvs-serv10922

Modified Files:
      Tag: stable
\ta b.c
Log Message:
Wind it up

Cvsmode: not a field
"""


def took(house: House, source: MaildirSource, mail: str) -> list[dict[str, Any]]:
    """The changes that a source makes of one mail."""
    put(house, "1", mail.encode())
    house.activate(source)
    found = changes(house)
    house.deactivate(source)
    assert [file.name for file in Path(house.master.basedir, "mails", "cur").iterdir()] == ["1"]
    return found


def test_a_mail_of_cvs_becomes_a_change(house: House) -> None:
    [change] = took(house, CVSMaildirSource("mails", prefix="no/", properties={"by": "mail"}), CVS)

    assert change["author"] == "ann"
    assert change["files"] == ["toys/src/a b.c", "toys/src/new.c", "toys/src/gone.c"]
    assert change["comments"] == "Wind it up\n\nCvsmode: not a field\n"
    assert (change["revision"], change["when_timestamp"]) == ("2010-08-07 11:11:49", 1281179509)
    assert (change["branch"], change["category"], change["project"]) == ("stable", "None", "Toys")
    assert change["repository"] == ":ext:cvs.example.org:/cvsroot"
    assert change["properties"] == {"by": ("mail", "Change")}


def test_a_mail_of_an_older_cvs_names_the_directory_among_the_files(house: House) -> None:
    mail = CVS.replace("1.12", "1.11").replace("Category: None\n", "").replace("CVSROOT", "Root")
    mail = re.sub("Files: .*", "Files: toys/src Makefile,1.1,1.2 a b.c,NONE,1.1", mail)

    [change] = took(house, CVSMaildirSource("mails", category="c", repository="r"), mail)

    assert change["files"] == ["toys/src/Makefile", "toys/src/a b.c"]
    assert (change["category"], change["repository"]) == ("c", "r")


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("Files: .*", "Files: toys/src - New directory"),
        ("Files: .*", "Files: - Imported sources"),
        ("Files: .*", "Files: nothing of the kind"),
        ("From: .*\n", ""),
    ],
)
def test_a_mail_of_cvs_without_a_file_or_a_sender_is_no_change(house: House, old: str, new: str) -> None:
    assert took(house, CVSMaildirSource("mails"), re.sub(old, new, CVS)) == []


@pytest.mark.parametrize(("old", "new"), [("Cvsmode: 1.12", "Cvsmode: 2"), ("Path: toys/src\n", "")])
def test_a_mail_of_cvs_that_is_not_set_up_well_is_logged(
    house: House, old: str, new: str, logged_failures: FailureLog
) -> None:
    assert took(house, CVSMaildirSource("mails"), CVS.replace(old, new)) == []
    assert len(logged_failures.flush(InvalidInput)) == 1


SVN = """\
From: svn@example.org
Subject: svn commit: r105 - toys/trunk
Date: Sat, 20 Nov 2004 00:17:49 -0000
Content-Type: text/plain; charset=utf-8
Content-Transfer-Encoding: 8bit

Author: ann
Date: Sat Nov 20 00:17:49 2004
New Revision: 105

Added:
   trunk/copy.c
      - copied unchanged from r104, trunk/a.c
Removed:
   branches/old/a.c
Modified:
   trunk/a b.c   (contents, props changed)
   trunk/   (props changed)
Log:
Wind it up, für immer

Modified: by hand

Modified: trunk/a b.c
==============================================================================
--- trunk/a b.c	(original)
+++ trunk/a b.c	Sat Nov 20 00:17:49 2004
"""


def test_a_mail_of_subversion_becomes_a_change(house: House) -> None:
    [change] = took(house, SVNCommitEmailMaildirSource("mails", prefix="trunk/", category="c", repository="r"), SVN)

    assert (change["author"], change["revision"], change["when_timestamp"]) == ("ann", "105", 1100909869)
    assert sorted(change["files"]) == ["a b.c", "copy.c"]
    assert change["comments"] == "Wind it up, für immer\n\nModified: by hand"
    assert (change["category"], change["repository"]) == ("c", "r")


@pytest.mark.parametrize(
    ("prefix", "count"), [(None, 4), ("branches/old/", 1), ("elsewhere/", None)], ids=["all", "branch", "none"]
)
def test_files_outside_the_prefix_do_not_count(house: House, prefix: str | None, count: int | None) -> None:
    found = took(house, SVNCommitEmailMaildirSource("mails", prefix=prefix), SVN)
    assert [len(change["files"]) for change in found] == ([] if count is None else [count])


def test_another_mail_is_no_commit(house: House) -> None:
    assert took(house, SVNCommitEmailMaildirSource("mails"), MAIL.decode()) == []


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: SOURCE(3), "maildir must be the name of a directory, not 3"),
        (lambda: SOURCE("m", prefix=3), "prefix must be a string"),
        (lambda: CVSMaildirSource("m", properties=3), "properties must be a dictionary"),  # type: ignore[arg-type]
        (lambda: BzrLaunchpadEmailMaildirSource("m", branchMap=3), "branchMap must"),  # type: ignore[arg-type]
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(make: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()
