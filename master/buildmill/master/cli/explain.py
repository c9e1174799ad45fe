"""The command `explain`: ask a running master why a build request waits."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.rest import auth_option, client_of, master_option

if TYPE_CHECKING:
    from buildmill.client.resources import Reason

NOT_WAITING = 3
_PROGRESS = {"running", "stopping", "complete", "idle"}
_NEVER = {"no_worker", "no_builder"}
_STYLES = {**dict.fromkeys(_PROGRESS, "green"), "starting": "green", **dict.fromkeys(_NEVER, "bold red")}


@click.command()
@click.argument("request_id", metavar="ID", type=click.IntRange(0, 2**53))
@master_option
@auth_option
@click.option("-b", "--builder", "is_builder", is_flag=True, help="ID is a builder's: explain its next request.")
@click.option("--json", "is_json", is_flag=True, help="Show the reasons as the API has them.")
@click.pass_context
def explain(
    context: click.Context, request_id: int, master: str, auth: str | None, is_builder: bool, is_json: bool
) -> None:
    """Say why build request ID waits.

    Ends with 0 when it waits, with 3 when it does not: it runs, is complete, or nothing waits for the builder.
    """
    with Told():
        from buildmill.client import api

        about = api.builders[request_id].explain if is_builder else api.buildrequests[request_id].explain
        reasons = client_of(master, auth).list(about)
    if is_json:
        import msgspec

        click.echo(msgspec.json.format(msgspec.json.encode(reasons)).decode())
    else:
        _show(reasons)
    if all(reason.code in _PROGRESS for reason in reasons):
        context.exit(NOT_WAITING)


def _show(reasons: Sequence[Reason]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for reason in reasons:
        style = _STYLES.get(reason.code, "yellow")
        table.add_row(Text(reason.code, style=style, no_wrap=True), Text(reason.text))
    Console(highlight=False).print(table)
