"""`buildmill api builds list`, `... get 12`, `... stop 12`: commands made of the classes of the client."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import click

from buildmill.client import Client, api
from buildmill.client.paging import PAGE_ROWS
from buildmill.client.paths import Collection, Path, Reading
from buildmill.common.errors import NotFound
from buildmill.common.results import Result
from buildmill.master.cli import api_paths, api_tables
from buildmill.master.cli.api_answers import (
    NAMED,
    Answered,
    json_of,
    output_options,
    pair,
    parameters_of,
    show,
    split,
    with_client,
)
from buildmill.master.cli.rest import client_of

DEFAULT_ROWS = 30


def group_of(name: str, node: Reading[Any]) -> click.Group:
    """The commands of a collection, or of one resource."""
    group = click.Group(name, help=f"`{node.plural}`: show them, and act.", short_help=f"show and act on {node.plural}")
    item = api_paths.item_of(node)
    if isinstance(node, Collection):
        group.add_command(_list_command(node))
    else:
        group.add_command(_get_command(lambda _key: node, node.plural, has_key=False))
    of_many = {action.name: action for action in api_paths.actions_of(type(node))}
    if isinstance(item, Reading):
        group.add_command(_get_command(lambda key: _item(node, key), node.plural, has_key=True))
        for action in api_paths.actions_of(type(item)):
            if action.name in of_many:
                group.add_command(_command_for_many(node, action, of_many.pop(action.name)))
            else:
                group.add_command(_action_command(lambda key: _item(node, key), action, has_key=True))
    for action in of_many.values():
        group.add_command(_action_command(lambda _key: node, action, has_key=False))
    return group


def _item(node: Path, key: str) -> Any:
    return api_paths.node_of("/".join((*node.elements, key)))


def _list_command(node: Collection[Any]) -> click.Command:
    known = api_paths.scalar_fields(node.row)
    params: list[click.Parameter] = []
    for name, kind in known.items():
        if name == "results":
            names = ", ".join(result.text for result in Result)
            params.append(click.Option(["--results"], metavar="NAMES", help=f"Some of {names}; separated by commas."))
            continue
        if name in NAMED and name.removesuffix("id") not in known:
            params.append(
                click.Option([f"--{name.removesuffix('id')}", name], metavar="NAME|ID", help="Its name, or its id.")
            )
            continue
        option_type = {"int": click.INT, "bool": click.BOOL, "str": click.STRING}[kind]
        params.append(click.Option([f"--{name.replace('_', '-')}", name], type=option_type, multiple=kind != "bool"))
    fields = list(getattr(node.row, "__struct_fields__", ()))
    params += [
        click.Option(["--where"], multiple=True, metavar="FIELD__OP=VALUE", help="As `number__gt=3`. May be repeated."),
        click.Option(["--order"], multiple=True, metavar="[-]FIELD", shell_complete=_completing(fields),
                     help="By default by name, and the newest first of what has none."),
        click.Option(["-L", "--limit"], type=click.IntRange(0), default=DEFAULT_ROWS, show_default=True,
                     help="Rows at most; 0 for all."),
        click.Option(["--paginate"], is_flag=True, help="All rows, page by page."),
        click.Option(["-f", "--field", "fields"], multiple=True, metavar="NAMES", shell_complete=_completing(fields),
                     help="Show these, separated by commas."),
    ]  # fmt: skip
    command = click.Command("list", params=params, callback=partial(_list, node), help=f"Show some of `{node.plural}`.")
    return _finished(command, with_output=True)


def _finished(command: click.Command, *, with_output: bool) -> click.Command:
    """Add the options that all have."""

    def nothing() -> None: ...

    extra = click.command()((output_options if with_output else (lambda function: function))(with_client(nothing)))
    command.params.extend(extra.params)
    return command


def _completing(names: Sequence[str]) -> Callable[..., list[str]]:
    """Completes the last of several names."""

    def complete(_context: click.Context, _parameter: click.Parameter, text: str) -> list[str]:
        *before, last = text.split(",")
        head = "".join(f"{part}," for part in before)
        return [f"{head}{name}" for name in names if name.startswith(last)]

    return complete


def _list(
    node: Collection[Any],
    *,
    where: Sequence[str],
    order: Sequence[str],
    limit: int,
    paginate: bool,
    fields: Sequence[str],
    form: str | None,
    master: str,
    auth: str | None,
    **filters: Any,
) -> None:
    with Answered():
        client = client_of(master, auth)
        wanted: dict[str, Any] = {name: value for name, value in filters.items() if value not in (None, ())}
        if "results" in wanted:
            wanted["results"] = api_paths.results_of(wanted["results"])
        for name in NAMED.keys() & wanted.keys():
            if isinstance(wanted[name], str):
                wanted[name] = _id_of(client, name, wanted[name])
        chosen = node.filtered(wanted)
        for text in where:
            name, value = pair(text)
            chosen = chosen.filtered({name: api_paths.results_of(value) if name.startswith("results") else value})
        keys = list(order) or _usual_order(node)
        chosen = chosen.ordered(*keys)
        if limit and not paginate:
            chosen = chosen.limit(limit)
        names = split(fields)
        what = chosen if not names else chosen.only(*names)
        rows = client.iterate(what) if paginate or not limit or limit > PAGE_ROWS else client.list(what)
        show(client, rows, node.plural, names, form or "rows", node)


def _usual_order(node: Collection[Any]) -> list[str]:
    """Parts of a build in their order, things that have names by these, and else the newest first."""
    if node.plural in ("steps", "logs"):
        return ["number" if node.plural == "steps" else "logid"]
    fields = api_paths.scalar_fields(node.row)
    if "name" in fields and not any(name.endswith("_at") for name in fields):
        return ["name"]
    return [f"-{node.id_field}"] if node.id_field else []


def _id_of(client: Client, name: str, text: str) -> int:
    """The id of a builder, a worker or a project that was named, or whose id was given."""
    kind = NAMED[name]
    found = client.list(getattr(api, kind).where(name=text).only(name, "name"))
    if found:
        return int(found[0][name])
    if text.isascii() and text.isdigit():
        return int(text)
    raise NotFound(f"no {kind[:-1]} is called {text!r}")


def _get_command(reach: Callable[[str], Any], plural: str, *, has_key: bool) -> click.Command:
    def show_one(*, fields: Sequence[str], form: str | None, master: str, auth: str | None, key: str = "") -> None:
        with Answered():
            client = client_of(master, auth)
            node, names = reach(key), split(fields)
            row = client.get(node.only(*names) if names else node)
            if form is None:
                api_tables.show_json(row)
            else:
                show(client, [row], plural, names, form, node)

    params: list[click.Parameter] = [click.Argument(["key"])] if has_key else []
    params.append(
        click.Option(
            ["-f", "--field", "fields"], multiple=True, metavar="NAMES", help="Only these, separated by commas."
        )
    )
    command = click.Command("get", params=params, callback=show_one, help=f"Show one of `{plural}`, as JSON.")
    return _finished(command, with_output=True)


def _action_command(reach: Callable[[str], Any], action: api_paths.Action, *, has_key: bool) -> click.Command:
    def act(*, master: str, auth: str | None, key: str = "", texts: Sequence[str] = (), **given: Any) -> None:
        with Answered():
            params = _params_of(action, given) | parameters_of(texts)
            _show_result(client_of(master, auth).call(getattr(reach(key), action.name)(**params)))

    params: list[click.Parameter] = [click.Argument(["key"])] if has_key else []
    params += [api_paths.option_of(one) for one in action.parameters]
    if action.takes_anything:
        params.append(click.Argument(["texts"], nargs=-1, metavar="[NAME=TEXT | NAME:=JSON]..."))
    return _action_named(action, params, act)


def _command_for_many(node: Path, action: api_paths.Action, of_many: api_paths.Action) -> click.Command:
    """What can be done to one resource and, by the collection, to several at once: one command, with a key or more."""
    own = {one.name for one in action.parameters}
    (ids,) = (one.name for one in of_many.parameters if one.name not in own)

    def act(*, master: str, auth: str | None, keys: Sequence[int], **given: Any) -> None:
        with Answered():
            client, params = client_of(master, auth), _params_of(action, given)
            if len(keys) == 1:
                _show_result(client.call(getattr(_item(node, str(keys[0])), action.name)(**params)))
                return
            done = client.call(getattr(node, action.name)(**{ids: list(keys)}, **params))
            _show_result(done)
            if not all(one["done"] for one in done):
                raise SystemExit(1)

    keys = click.Argument(["keys"], metavar="KEY...", nargs=-1, required=True, type=click.INT)
    return _action_named(action, [keys, *(api_paths.option_of(one) for one in action.parameters)], act)


def _params_of(action: api_paths.Action, given: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of an action out of the options that were given."""
    as_json = {one.name for one in action.parameters if api_paths.is_json(one)}
    return {
        name: json_of(name, value) if name in as_json else list(value) if isinstance(value, tuple) else value
        for name, value in given.items()
        if value not in (None, ())
    }


def _show_result(result: Any) -> None:
    if result is not None:
        api_tables.show_json(result)


def _action_named(action: api_paths.Action, params: list[click.Parameter], act: Callable[..., None]) -> click.Command:
    command = click.Command(action.name.replace("_", "-"), params=params, callback=act, help=action.about)
    return _finished(command, with_output=False)
