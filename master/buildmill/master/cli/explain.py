"""The command `explain`: ask a running master why a build request waits."""

from __future__ import annotations

import json
from typing import Any

import click

from buildmill.master.cli.console import Told
from buildmill.master.cli.rest import api_url, auth_option, master_option, rows

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
    path = f"{'builders' if is_builder else 'buildrequests'}/{request_id}/explain"
    with Told():
        reasons = rows(api_url(master), path, auth=auth)
    if is_json:
        click.echo(json.dumps(reasons, indent=2))
    else:
        _show(reasons)
    if all(reason["code"] in _PROGRESS for reason in reasons):
        context.exit(NOT_WAITING)


def _show(reasons: list[dict[str, Any]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table.grid(padding=(0, 2))
    for reason in reasons:
        table.add_row(
            Text(reason["code"], style=_STYLES.get(reason["code"], "yellow"), no_wrap=True), Text(reason["text"])
        )
    Console(highlight=False).print(table)
