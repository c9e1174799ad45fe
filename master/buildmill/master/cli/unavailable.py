"""Commands of Buildbot's whose capability is not there: they take their options, and say so.

A script that calls them gets a clear answer, and never the impression that something was done.
"""

from __future__ import annotations

from typing import Any

import click

from buildmill.common.errors import NotSupported
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import master_option

_OPERATIONS = ["add", "remove", "update", "get"]


@click.command()
@master_option
@click.option("-u", "--username", help="Who asks.")
@click.option("-p", "--passwd", help="Their password.")
@click.option("--op", type=click.Choice(_OPERATIONS), help="What to do.")
@click.option("--bb_username", "--bb-username", help="With update: the user's new name for logging in.")
@click.option("--bb_password", "--bb-password", help="With update: the user's new password.")
@click.option("--ids", help="Names of users, separated by commas.")
@click.option("--info", multiple=True, metavar="[ID:]ATTRIBUTE=VALUE,...", help="May be repeated.")
def user(**_options: Any) -> None:
    """Manage the users of a master. Not there yet: this command only says so, with code 1."""
    with Told():
        raise NotSupported(
            "user: a master has no table of users yet, and `user_managers` in its configuration is refused; "
            "who made a change is the text of its author"
        )


@click.command("dev-proxy")
@click.option("-p", "--port", type=int, default=8011, show_default=True, help="Where to listen.")
@click.option("--plugins", help="JSON: plugins of the pages, and their settings.")
@click.option("--auth_cookie", "--auth-cookie", help="TWISTED_SESSION of somebody who is logged in there.")
@click.option("-b", "--buildbot_url", "--buildbot-url", default="https://buildbot.buildbot.net", show_default=True)
@click.option("--unsafe_ssl", "--unsafe-ssl", is_flag=True, help="Do not check the certificate.")
def dev_proxy(**_options: Any) -> None:
    """Serve the pages from here, with another master's data. Not there yet: this command only says so, with code 1."""
    with Told():
        raise NotSupported("dev-proxy: this version of Buildmill has no pages that could be served")
