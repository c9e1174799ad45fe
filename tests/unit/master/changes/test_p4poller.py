"""`P4Source` with a stand-in for p4."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.changes.p4poller import NotUnderstood, P4Source, parse_description
from buildmill.master.domain.renderables import Secret
from tests.support import async_test
from tests.unit.master.changes.polls import Polls

SOURCE: Any = P4Source

PROGRAM = """\
#!{python}
import json, os, re, sys
from pathlib import Path
folder = Path({folder!r})
with open(folder / "seen", "a") as seen:
    print(*sys.argv[1:], "P4PASSWD=" + os.environ.get("P4PASSWD", ""), file=seen)
depot = json.loads((folder / "depot").read_text())
words = sys.argv[5:]
if words[0] == "login":
    assert sys.stdin.readline() == "the word\\n"
    print("Enter password: \\nTICKET")
elif words[0] == "changes":
    first = re.search(r"@(\\d+),#head", words[-1])
    for number in sorted(map(int, depot), reverse=True)[: 1 if "-m" in words else None]:
        if first is None or number >= int(first[1]):
            print(f"Change {{number}} on 2006/04/13 by bob@desk 'short'")
elif words[0] == "describe":
    print(depot[words[2]])
"""
DESCRIPTION = """\
Change {number} by bob@desk on 2006/04/13 21:46:23

\tWind it up

\tfor ever

Affected files ...

... //depot/toys/trunk/a b.c#1 add
... //depot/toys/1.x/b.c#3 edit
... //depot/toys/skipped#3 edit
... //depot/other/c.c#3 edit
"""


class Depot:
    """What the stand-in knows, and was asked."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._changes: dict[str, str] = {}
        self.program = folder / "p4"
        self.program.write_text(PROGRAM.format(python=sys.executable, folder=str(folder)))
        self.program.chmod(0o755)
        self.submit(1)

    def submit(self, number: int) -> None:
        self._changes[str(number)] = DESCRIPTION.format(number=number)
        (self._folder / "depot").write_text(json.dumps(self._changes))

    def seen(self) -> list[str]:
        return (self._folder / "seen").read_text().splitlines()


@pytest.fixture
def depot(tmp_path: Path) -> Depot:
    return Depot(tmp_path)


def split(path: str) -> tuple[str, str] | None:
    branch, slash, inner = path.partition("/")
    return (branch, inner) if slash else None


def source(depot: Depot, **options: Any) -> P4Source:
    made: P4Source = SOURCE(
        **{"p4port": "h:1666", "p4user": "al", "p4base": "//depot/toys/", "p4bin": str(depot.program), **options}
    )
    return made


@async_test
async def test_the_first_poll_only_looks_and_later_ones_tell_each_changelist(polls: Polls, depot: Depot) -> None:
    polls.begin(
        source(
            depot, split_file=split, project="p", server_tz="Europe/Paris",
            revlink=lambda branch, revision: f"http://h/{branch}/{revision}", resolvewho=lambda who: who.split("@")[0],
        )
    )  # fmt: skip
    assert await polls.poll() == []
    depot.submit(3)
    depot.submit(4)

    changes = await polls.poll()

    assert [(c["revision"], c["branch"], c["files"]) for c in changes] == [
        ("3", "trunk", ["a b.c"]), ("3", "1.x", ["b.c"]), ("4", "trunk", ["a b.c"]), ("4", "1.x", ["b.c"]),
    ]  # fmt: skip
    assert changes[0]["comments"] == "Wind it up\n\nfor ever"
    assert (changes[0]["author"], changes[0]["project"], changes[0]["revlink"]) == ("bob", "p", "http://h/trunk/3")
    assert changes[0]["when_timestamp"] == 1144957583
    assert await polls.poll() == []


@async_test
async def test_where_it_was_is_remembered_over_a_restart(polls: Polls, depot: Depot) -> None:
    polls.begin(source(depot))
    await polls.poll()
    polls.end()
    depot.submit(2)

    polls.begin(source(depot))

    [change] = await polls.poll()
    assert (change["revision"], change["branch"], change["author"]) == ("2", None, "bob@desk")
    assert change["files"] == ["trunk/a b.c", "1.x/b.c", "skipped"]


class Vault:
    """Knows a password."""

    has_providers = True

    async def get(self, name: str, /) -> Any:
        return SimpleNamespace(value="the word")


@async_test
async def test_the_password_is_no_argument(polls: Polls, depot: Depot) -> None:
    polls.house.master.secrets = Vault()
    polls.begin(source(depot, p4passwd=Secret("p4")))

    await polls.poll()

    assert depot.seen() == ["-p h:1666 -u al changes -s submitted -m 1 //depot/toys/... P4PASSWD=the word"]


@async_test
async def test_a_ticket_is_used_until_it_is_old(polls: Polls, depot: Depot) -> None:
    polls.house.master.secrets = Vault()
    polls.begin(source(depot, p4passwd=Secret("p4"), use_tickets=True, ticket_login_interval=100, pollInterval=1000))

    await polls.poll()
    await polls.poll()
    polls.house.clock.advance(100)
    await polls.poll()

    logins = [line for line in depot.seen() if " login -p " in line]
    assert len(logins) == 2
    assert all("the word" not in line for line in depot.seen())
    assert depot.seen()[1].endswith("P4PASSWD=TICKET")


@pytest.mark.parametrize("text", ["", "Perforce password (P4PASSWD) invalid or unset.\n"])
def test_what_is_no_description_is_an_error(text: str) -> None:
    with pytest.raises(NotUnderstood):
        parse_description(text)


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"use_tickets": True}, "use_tickets needs p4passwd"),
        ({"split_file": 3}, "split_file must be callable"),
        ({"histmax": 0}, "histmax must be an integer, at least 1"),
        ({"p4base": "depot"}, "p4base must be a path in the depot"),
        ({"server_tz": "Moon/Sea"}, "server_tz must be the name of a time zone"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(options: dict[str, Any], problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        SOURCE(**options)
