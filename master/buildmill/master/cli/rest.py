"""Commands that talk to a running master: where it is, who asks, and the client that does it."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar

import click

from buildmill.common.errors import InvalidInput

if TYPE_CHECKING:
    from buildmill.client import Client

F = TypeVar("F", bound=Callable[..., Any])

DEFAULT_MASTER = "http://127.0.0.1:8010"


def master_option(function: F) -> F:
    """``--master``; give its value to `client_of`."""
    text = "URL of the master, or HOST:PORT."
    option = click.option(
        "-m", "--master", default=DEFAULT_MASTER, show_default=True, envvar="BUILDMILL_MASTER", help=text
    )
    return option(function)


def auth_option(function: F) -> F:
    """``--auth``."""
    text = "An API token (bmt_...); USER:PASSWORD is sent as HTTP basic authentication, for a proxy in front."
    return click.option("-a", "--auth", metavar="TOKEN", envvar="BUILDMILL_TOKEN", help=text)(function)


def client_of(master: str, auth: str | None) -> Client:
    """A client of the master that ``--master`` names.

    Raises:
        click.BadParameter: that is no address.
    """
    from buildmill.client import Client

    try:
        return Client(master, token=auth)
    except InvalidInput as problem:
        raise click.BadParameter(problem.problem, param_hint="--master") from problem


# -- for commands that take rows as they come --------------------------------------------


def api_url(master: str) -> str:
    """The address of a master, as ``--master`` names it.

    Raises:
        click.BadParameter: that is no address.
    """
    from buildmill.client.documents import Master

    try:
        return Master(master).url
    except InvalidInput as problem:
        raise click.BadParameter(problem.problem, param_hint="--master") from problem


def rows(url: str, path: str, *, auth: str | None = None) -> list[dict[str, Any]]:
    """What is at an encoded path of the API, as dictionaries.

    Raises:
        NotFound: nothing is.
        BuildmillError: the master cannot be reached, or it refuses; with its words.
    """
    document = json.loads(client_of(url, auth).ask(lambda master: master.request(path)))
    found: list[dict[str, Any]] = next(value for key, value in document.items() if key != "meta")
    return found


def call(url: str, path: str, method: str, params: dict[str, Any], *, auth: str | None = None) -> Any:
    """Do something with what is at an encoded path; returns the result.

    Raises:
        NotFound: nothing is there.
        BuildmillError: the master cannot be reached, or it refuses; with its words.
    """
    from buildmill.client.paths import Call

    asked: Call[Any] = Call(path, method, params)
    return client_of(url, auth).call(asked)
