"""What `api` can do with any path, and with each collection. Imported late: the client is large."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator, Sequence
from typing import Any

import click

from buildmill.client import Client
from buildmill.client.documents import encoded_path
from buildmill.client.events import Reread
from buildmill.client.paths import Call, Collection, Download, FieldsOfMany, Path, Reading
from buildmill.common.errors import InvalidInput, NotFound
from buildmill.master.cli import api_paths, api_tables
from buildmill.master.cli.api_answers import Answered, output_options, pair, parameters_of, show, split, with_client
from buildmill.master.cli.api_collections import group_of
from buildmill.master.cli.rest import client_of

# -- any path ----------------------------------------------------------------------------


@click.command("GET")
@click.argument("path")
@click.option("-f", "--field", "fields", multiple=True, metavar="NAMES", help="Only these, separated by commas.")
@click.option("-p", "--parameter", "more", multiple=True, metavar="NAME=VALUE", help="Of the query. May be repeated.")
@click.option("--paginate", is_flag=True, help="All rows of a collection, page by page.")
@click.option("--follow", is_flag=True, help="Of a log's raw text: go on until the log is finished.")
@output_options
@with_client
def get(
    path: str,
    fields: Sequence[str],
    more: Sequence[str],
    paginate: bool,
    follow: bool,
    form: str | None,
    master: str,
    auth: str | None,
) -> None:
    """Show what is at PATH: `builders/3/builds?limit=5`, `logs/7/raw`.

    A document is shown as the master has it, indented on a terminal; with --json, --lines or --table its rows only.
    """
    with Answered():
        client = client_of(master, auth)
        node, encoded, parameters = api_paths.node_with_query(path)
        given = [*parameters, *(pair(text) for text in more), *(("field", name) for name in split(fields))]
        if isinstance(node, Download):
            log = Download(node.elements, tuple(given))
            out = sys.stdout.buffer
            for data in client.follow(log) if follow else client.download(log):
                out.write(data)
                out.flush()
            return
        if follow:
            raise InvalidInput("--follow", "expected the path of a log's raw text, as logs/7/raw")
        if paginate:
            rows = _pages(client, node, given)
            plural = node.plural if isinstance(node, Reading) else ""
            show(client, rows, plural, split(fields), form or "json", node)
            return
        body = client.ask(lambda where: where.request(encoded, given))
        if form is None:
            api_tables.show_json(json.loads(body))
            return
        document = json.loads(body)
        plural = next((name for name in document if name != "meta"), "")
        show(client, document.get(plural, []), plural, split(fields), form, node)


@click.command("POST")
@click.argument("path")
@click.argument("method")
@click.argument("parameters", nargs=-1, metavar="[NAME=TEXT | NAME:=JSON]...")
@with_client
def post(path: str, method: str, parameters: Sequence[str], master: str, auth: str | None) -> None:
    """Do METHOD with what is at PATH, and show the result as JSON: `builds/12 stop reason=wrong`."""
    with Answered():
        call: Call[Any] = Call(encoded_path(path)[0], method, parameters_of(parameters))
        api_tables.show_json(client_of(master, auth).call(call))


@click.command("events")
@click.argument("paths", nargs=-1, required=True, metavar="PATH...")
@click.option("--since", metavar="ID", help="Go on after the event with this id.")
@with_client
def events(paths: Sequence[str], since: str | None, master: str, auth: str | None) -> None:
    """Show events as they happen, as JSON, one on each line, until Control-C: `builds/*/finished`.

    A broken connection is made again. A line {"reread": REASON} comes at the beginning, and whenever events are lost.
    """
    with Answered():
        for heard in client_of(master, auth).events(*paths, since=since):
            if isinstance(heard, Reread):
                click.echo(json.dumps({"reread": heard.reason}))
            else:
                click.echo(json.dumps({"id": heard.id, "key": "/".join(heard.key), "message": heard.message}))


def command_names() -> list[str]:
    """All that `api` knows."""
    return [*_OF_PATHS, *api_paths.collections()]


def command_of(name: str) -> click.Command | None:
    """The command of a name; None if there is none."""
    known = _OF_PATHS.get(name) or _OF_PATHS.get(name.upper())
    if known is not None:
        return known
    try:
        node = api_paths.node_of(name)
    except NotFound:
        return None
    return group_of(name, node) if isinstance(node, Reading) else None


def _pages(client: Client, node: Path | None, given: Sequence[tuple[str, str]]) -> Iterator[Any]:
    if not isinstance(node, Collection):
        raise InvalidInput("--paginate", "expected the path of a collection")
    names = [value for name, value in given if name == "field"]
    id_field = node.id_field if not names or node.id_field in names else ""
    return client.iterate(FieldsOfMany(node.elements, tuple(given), node.plural, id_field))


_OF_PATHS: dict[str, click.Command] = {"GET": get, "POST": post, "events": events}
