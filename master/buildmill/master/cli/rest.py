"""Commands that talk to a running master: where it is, who asks, and the client that does it."""

from __future__ import annotations

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
