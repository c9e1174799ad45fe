"""`buildmill audit`: what it shows of a master's directory, and what `token` and `check` have to do with it."""

from __future__ import annotations

import getpass
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.engine import make_url

from buildmill.master.cli.main import main
from buildmill.master.db import audit
from buildmill.master.db import tables as t
from buildmill.master.db.engine import create_engine
from buildmill.master.db.one_unit import run_blocking
from buildmill.master.domain.audit import NewEntry, Outcome
from buildmill.master.domain.rights import Actor, Via

FEBRUARY = 1_769_904_000  # 2026-02-01
DAY = 86_400


def run(*arguments: object) -> Result:
    return CliRunner().invoke(main, list(map(str, arguments)))


def write(home: Path, instant: int, **more: Any) -> None:
    who = Actor("ann@example.org", "10.0.0.1", Via.SESSION, "ann")
    values = {"actor": who, "action": "builds.stop", "method": "stop", "path": "builds/1", **more}
    run_blocking(make_url(f"sqlite:///{home}/state.sqlite"), instant, audit.append, NewEntry(**values))


def change(home: Path, statement: Any) -> None:
    engine = create_engine(make_url(f"sqlite:///{home}/state.sqlite"))
    with engine.begin() as connection:
        connection.execute(statement)
    engine.dispose()


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A master's directory, with three entries."""
    made = run("create-master", "--quiet", tmp_path)
    assert made.exit_code == 0, made.output
    write(tmp_path, FEBRUARY - DAY, before={"priority": 0}, after={"priority": 5})
    write(tmp_path, FEBRUARY, actor=Actor("bob", "::1"), outcome=Outcome.REFUSED, reason="not \x1b[31mhim")
    write(tmp_path, FEBRUARY + DAY)
    return tmp_path


def test_entries_are_shown_oldest_first(home: Path) -> None:
    shown = run("audit", "list", "-d", home)

    assert shown.exit_code == 0
    assert [line.strip() for line in shown.output.splitlines()] == [
        "1  2026-01-31 00:00:00  ann@example.org (ann)  10.0.0.1  builds.stop  builds/1  priority: 0 -> 5",
        "2  2026-02-01 00:00:00  bob  ::1  builds.stop  builds/1  refused: not \N{REPLACEMENT CHARACTER}[31mhim",
        "3  2026-02-02 00:00:00  ann@example.org (ann)  10.0.0.1  builds.stop  builds/1",
    ]


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        (["--since", "2026-02-01"], [2, 3]),
        (["--since", "2026-02-01T00:00:01"], [3]),
        (["--since", "36500d"], [1, 2, 3]),
        (["--actor", "ann"], [1, 3]),
        (["--actor", "ann@example.org", "--since", "2026-02-01"], [3]),
        (["--actor", "nobody"], []),
    ],
)
def test_some_can_be_chosen(home: Path, arguments: list[str], ids: list[int]) -> None:
    listed = run("audit", "list", "--json", "-d", home, *arguments)
    exported = run("audit", "export", "-d", home, *arguments)

    assert [entry["auditid"] for entry in json.loads(listed.output)] == ids
    assert [json.loads(line)["entry"]["auditid"] for line in exported.output.splitlines()] == ids


def test_an_export_can_be_checked_without_us(home: Path) -> None:
    """As the page about it does."""
    previous = audit.NO_DIGEST
    for line in run("audit", "export", "-d", home).output.splitlines(keepends=True):
        digest, told = line[11:75], line[85:-2]
        assert hashlib.sha256(f"{previous}\n{told}".encode()).hexdigest() == digest
        previous = digest

    assert run("audit", "verify", "-d", home).output == f"3:{previous}\n"


def test_what_is_no_time_is_refused(home: Path) -> None:
    refused = run("audit", "list", "--since", "yesterday", "-d", home)

    assert refused.exit_code == 2
    assert "expected 2026-01-31, 2026-01-31T12:00:00 or 7d, not 'yesterday'" in refused.output


def test_a_sound_log_is_verified_and_its_end_named(home: Path) -> None:
    verified = run("audit", "verify", "-d", home)
    end = verified.output.strip()
    write(home, FEBRUARY + 2 * DAY)

    assert verified.exit_code == 0
    assert end.startswith("3:")
    assert run("audit", "verify", "-d", home, "--holds", end).exit_code == 0
    wrong = run("audit", "verify", "-d", home, "--holds", f"2:{end[2:]}")
    assert (wrong.exit_code, wrong.output) == (1, "audit entry 2 is not the one that was there before\n")
    assert run("audit", "verify", "-d", home, "--holds", "3").exit_code == 2


def test_a_changed_entry_is_told_by_verify_and_by_check(home: Path) -> None:
    change(home, t.audit_entries.update().where(t.audit_entries.c.id == 2).values(actor="ann"))
    problem = "audit entry 2 is not what was written: it does not follow from the one before\n"

    verified, checked = run("audit", "verify", "-d", home), run("check", home)

    assert (verified.exit_code, verified.output) == (1, problem)
    assert checked.exit_code == 1
    assert problem in checked.output


def test_an_entry_that_cannot_be_read_is_told(home: Path) -> None:
    change(home, t.audit_entries.update().where(t.audit_entries.c.id == 2).values(after="{"))

    assert run("audit", "verify", "-d", home).exit_code == 1
    for command in ("list", "export"):
        told = run("audit", command, "-d", home)
        assert told.exit_code == 1
        assert "audit entry 2 cannot be read" in told.output


def test_tokens_made_and_revoked_by_commands_are_in_it(home: Path) -> None:
    run("token", "create", "nightly", "--user", "ann", "--scope", "read", "-d", home)
    run("token", "revoke", 1, "-d", home)

    *_, made, revoked = json.loads(run("audit", "list", "--json", "-d", home).output)

    assert {(e["actor"], e["via"]) for e in (made, revoked)} == {(getpass.getuser(), "command")}
    assert (made["action"], made["parameters"]) == (
        "tokens.create", {"name": "nightly", "user": "ann", "scopes": ["read"]},
    )  # fmt: skip
    assert made["after"] == {"tokenid": 1}
    assert (revoked["action"], revoked["path"]) == ("tokens.revoke", "tokens/1")
    assert run("audit", "verify", "-d", home).exit_code == 0


def test_a_token_that_is_not_there_leaves_no_entry(home: Path) -> None:
    assert run("token", "revoke", 99, "-d", home).exit_code == 1

    engine = create_engine(make_url(f"sqlite:///{home}/state.sqlite"))
    with engine.connect() as connection:
        assert connection.execute(sa.select(sa.func.count()).select_from(t.audit_entries)).scalar() == 3
    engine.dispose()
