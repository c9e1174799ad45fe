"""The command `api`: ask a running master's REST API, and act there, from a terminal or a script."""

from __future__ import annotations

import click


class _Api(click.Group):
    """Has a group for each collection of the API, and for any path."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        from buildmill.master.cli import api_commands

        return api_commands.command_names()

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        from buildmill.master.cli import api_commands

        return api_commands.command_of(cmd_name)


@click.group("api", cls=_Api, context_settings={"max_content_width": 100})
def api_command() -> None:
    """Ask a running master's REST API, and act there.

    `buildmill api builds list --builder tests --results failure` shows a table, `buildmill api builds stop 12` acts,
    and `buildmill api GET builds/12/steps` shows the document of any path.

    Ends with 0 when it worked, 4 when there is no such thing, 5 when whoever asks may not do that, 6 when there is no
    answer or it cannot be done now, and else with 1.
    """
