"""Mails from a Maildir become changes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
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


@pytest.mark.parametrize("kind", [CVSMaildirSource, SVNCommitEmailMaildirSource, BzrLaunchpadEmailMaildirSource])
def test_mails_that_are_not_understood_are_left_alone_and_that_is_told(house: House, kind: Any) -> None:
    source = kind("mails")
    put(house, "1", MAIL)
    house.activate(source)

    assert changes(house) == []
    assert "does not read mails of its kind yet; derive from MaildirSource" in str(what_is_not_delivered(source))
    assert (Path(house.master.basedir) / "mails" / "new" / "1").exists()
    house.deactivate(source)


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
