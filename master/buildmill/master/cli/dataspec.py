"""The command `dataspec`: what the data API offers, as JSON."""

from __future__ import annotations

from pathlib import Path

import click

from buildmill.master.cli.console import Told


@click.command()
@click.option(
    "-o",
    "--out",
    default="dataspec.json",
    show_default=True,
    type=click.Path(path_type=Path, allow_dash=True),
    help="Where to write; - for the standard output.",
)
@click.option("-g", "--global", "variable", metavar="NAME", help="Write a script that sets this variable of a page.")
def dataspec(out: Path, variable: str | None) -> None:
    """Write down every path of the data API with the type of what it gives, as `/api/v2/application.spec` has it."""
    with Told():
        import msgspec

        from buildmill.master.data import spec
        from buildmill.master.data.api import ENDPOINTS

        if variable is not None and not variable.isidentifier():
            raise click.BadParameter(f"{variable!r} is no name of a variable", param_hint="--global")
        text = msgspec.json.encode(spec.specs(ENDPOINTS)).decode()
        if variable is not None:
            text = f"window.{variable}={text};"
        if str(out) == "-":
            click.echo(text)
        else:
            out.write_text(text + "\n", encoding="utf-8")
