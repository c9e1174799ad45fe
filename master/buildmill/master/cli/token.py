"""The command `token`: tokens for programs that use a master's REST API."""

from __future__ import annotations

import getpass
import json
import os
import secrets
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.options import json_option

if TYPE_CHECKING:
    from buildmill.master.db.transaction import Transaction
    from buildmill.master.domain.resources import Token


def _basedir(function: Callable[..., Any]) -> Callable[..., Any]:
    kind = click.Path(path_type=Path, file_okay=False)
    text = "The master's directory; the present one by default."
    return click.option("-d", "--basedir", type=kind, default=Path(), help=text)(function)


@click.group()
def token() -> None:
    """Make, list and revoke tokens for programs. The master may run meanwhile.

    A program sends its token with each request: `Authorization: Bearer bmt_...`.
    """


@token.command()
@click.argument("name")
@_basedir
@click.option("-u", "--user", required=True, help="Whom it stands for; also the owner of what is built by it.")
@click.option("--email", help="That user's address, for rules; the user's name by default.")
@click.option("-g", "--group", "groups", multiple=True, help="Of that user, for rules. May be repeated.")
@click.option(
    "-s", "--scope", "scopes", multiple=True, required=True,
    help="What it is for: `read`, `change`, `*`, a family as `builds.*`, or a right as `builds.stop`. May be repeated.",
)  # fmt: skip
@click.option("--days", default=90, show_default=True, help="How long it can be used; at most 366.")
@json_option
def create(
    name: str,
    basedir: Path,
    user: str,
    email: str | None,
    groups: Sequence[str],
    scopes: Sequence[str],
    days: int,
    as_json: bool,
) -> None:
    """Make a token called NAME, and print it; it is shown this once."""
    with Told():
        from buildmill.master.data import token_text

        lifetime = token_text.checked_days(days) * token_text.DAY_SECONDS
        text = token_text.token_of(secrets.token_bytes(token_text.SECRET_BYTES))
        who = {"username": user, "email": email or user, **({"groups": list(groups)} if groups else {})}
        arguments = (token_text.checked_name(name), who, token_text.checked_scopes(scopes), lifetime)
        tokenid = _run(basedir, _add, token_text.digest_of(text), *arguments)
    click.echo(json.dumps({"token": text, "tokenid": tokenid}) if as_json else text)


@token.command(name="list")
@_basedir
@json_option
def list_tokens(basedir: Path, as_json: bool) -> None:
    """Show all tokens: whose they are, what they are for, when they were used last. The tokens themselves are gone."""
    with Told():
        from buildmill.master.db import api_tokens

        found: list[Token] = _run(basedir, api_tokens.tokens)
    if as_json:
        import msgspec

        click.echo(msgspec.json.encode(found).decode())
        return
    for one in found:
        state = f"revoked {_day(one.revoked_at)}" if one.revoked_at else f"until {_day(one.expires_at)}"
        used = f"used {_day(one.last_used_at)}" if one.last_used_at else "never used"
        click.echo(f"{one.tokenid:>4}  {one.name}  {one.username}  {','.join(one.scopes)}  {state}, {used}")


@token.command()
@click.argument("token_id", metavar="ID", type=click.IntRange(1, 2**53))
@_basedir
def revoke(token_id: int, basedir: Path) -> None:
    """End the token with this ID, as `list` shows it; it is of no use from now on."""
    with Told():
        _run(basedir, _revoke, token_id)


def _add(tx: Transaction, digest: str, name: str, user: Mapping[str, Any], scopes: Sequence[str], lifetime: int) -> int:
    from buildmill.master.db import api_tokens

    tokenid = api_tokens.add(tx, digest, name, user, scopes, lifetime)
    parameters = {"name": name, "user": user["username"], "scopes": list(scopes)}
    _tell(tx, "create", "tokens", parameters, {"tokenid": tokenid})
    return tokenid


def _revoke(tx: Transaction, token_id: int) -> None:
    from buildmill.master.db import api_tokens

    api_tokens.revoke(tx, token_id)
    _tell(tx, "revoke", f"tokens/{token_id}", {}, {"revoked_at": tx.now})


def _tell(tx: Transaction, method: str, path: str, parameters: Mapping[str, Any], after: Mapping[str, Any]) -> None:
    """Tell the audit log what somebody on this machine has done."""
    from buildmill.master.db import audit
    from buildmill.master.domain.audit import NewEntry
    from buildmill.master.domain.rights import Actor, Via

    try:
        name = getpass.getuser()
    except (KeyError, OSError):  # a user without a name, as in containers
        name = str(os.getuid())
    actor = Actor(name, via=Via.COMMAND, username=name)
    entry = NewEntry(
        actor=actor, action=f"tokens.{method}", method=method, path=path, parameters=parameters, after=after
    )
    audit.append(tx, entry)


def _run(basedir: Path, unit: Callable[..., Any], *args: Any) -> Any:
    from buildmill.master.cli.configuration import database_url
    from buildmill.master.db import schema
    from buildmill.master.db.engine import parse_url
    from buildmill.master.db.one_unit import run_blocking

    basedir = basedir.absolute()
    url = parse_url(database_url(basedir), str(basedir))
    schema.check(url)
    now = int(time.time())  # no master runs it, whose clock it could be
    return run_blocking(url, now, unit, *args)


def _day(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d")
