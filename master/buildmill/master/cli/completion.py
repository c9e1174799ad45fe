"""The command `completion`: teach a shell the commands and options."""

from __future__ import annotations

import click

PROGRAM = "buildmill"
VARIABLE = "_BUILDMILL_COMPLETE"


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def completion(shell: str) -> None:
    """Print a script with which SHELL completes commands and options.

    For this terminal: `source <(buildmill completion bash)`. For good: write it where the shell looks, for example
    `buildmill completion bash > /etc/bash_completion.d/buildmill`,
    `buildmill completion zsh > ~/.zfunc/_buildmill`, or
    `buildmill completion fish > ~/.config/fish/completions/buildmill.fish`.
    """
    from click.shell_completion import get_completion_class

    from buildmill.master.cli.main import main

    kind = get_completion_class(shell)
    assert kind is not None  # the choices are those that it knows
    # not source(): for bash that asks the bash of this machine for its version, and there need be none
    maker = kind(main, {}, PROGRAM, VARIABLE)
    click.echo(maker.source_template % maker.source_vars())
