"""The command `buildmill`. The commands' own modules are imported when they are used."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import click

from buildmill.common import garbage

_COMMANDS: Mapping[str, str] = {
    "create-master": "creation:create_master",
    "upgrade-master": "creation:upgrade_master",
    "checkconfig": "checkconfig:checkconfig",
    "start": "lifecycle:start",
    "run": "lifecycle:run",
    "stop": "lifecycle:stop",
    "restart": "lifecycle:restart",
    "web": "web:web",
    "reconfig": "reconfig:reconfig",
    "check": "soundness:check",
    "sighup": "reconfig:sighup",
    "sendchange": "sendchange:sendchange",
    "try": "try_command:try_command",
    "tryserver": "try_command:tryserver",
    "import-buildbot": "import_buildbot:import_buildbot",
    "api": "api:api_command",
    "explain": "explain:explain",
    "graph": "graph:graph",
    "schedule": "schedule:schedule",
    "push": "push:push",
    "verify": "verify:verify",
    "run-droplet": "run_droplet:run_droplet",
    "token": "token:token",
    "audit": "audit:audit",
    "user": "unavailable:user",
    "dataspec": "dataspec:dataspec",
    "dev-proxy": "unavailable:dev_proxy",
    "cleanupdb": "cleanupdb:cleanupdb",
    "copy-db": "copy_db:copy_db",
    "completion": "completion:completion",
    "demo": "demo:demo",
}


class _Commands(click.Group):
    """Imports a command's module when the command is asked for."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        garbage.hurry()  # called, it is a program; tests use `main`
        return super().__call__(*args, **kwargs)

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        place = _COMMANDS.get(cmd_name)
        if place is None:
            return None
        module, name = place.split(":")
        command: click.Command = getattr(import_module(f"buildmill.master.cli.{module}"), name)
        if not any(parameter.name == "version" for parameter in command.params):
            command.params.append(_version_option(is_hidden=True))
        return command


def _show_version(context: click.Context, _: click.Parameter, is_wanted: bool) -> None:
    if is_wanted and not context.resilient_parsing:
        from importlib import metadata

        click.echo(f"buildmill {metadata.version('buildmill')}")
        context.exit()


def _version_option(*, is_hidden: bool) -> click.Option:
    return click.Option(
        ["--version"],
        is_flag=True,
        is_eager=True,
        expose_value=False,
        callback=_show_version,
        hidden=is_hidden,
        help="Show it.",
    )


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def main() -> None:
    """Create, check and run Buildmill masters.

    A master lives in a directory, BASEDIR; the present one if none is named.
    """


main.params.append(_version_option(is_hidden=False))

if __name__ == "__main__":
    main()
