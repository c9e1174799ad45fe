"""The commands `reconfig` and `sighup`: a master reads its configuration again, or one sees what it would change."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from buildmill.common.errors import ConfigError, ConfigProblem
from buildmill.master.cli import daemon
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import basedir_argument, json_option, quiet_option
from buildmill.master.cli.progress import progress_line

if TYPE_CHECKING:
    from buildmill.master.config.plan import ReconfigPlan
    from buildmill.master.db.waiting import WorkOfBuilder

WOULD_CHANGE = 3


@click.command()
@basedir_argument
@click.option(
    "--progress-timeout", "--progress_timeout", default=90.0, show_default=True, help="Seconds of silence to wait."
)
@click.option("--plan", is_flag=True, help="Change nothing; show what would change, and for which waiting work.")
@click.option("--exit-code", is_flag=True, help="With --plan: end with code 3 if anything would change.")
@json_option
@quiet_option
def reconfig(basedir: Path, progress_timeout: float, plan: bool, exit_code: bool, as_json: bool, quiet: bool) -> None:
    """Make a running master read its configuration again, and show what has changed.

    If that is wrong, everything that is wrong is shown, and the old configuration stays in force. With --plan the
    configuration is compared with the one that is in force (or was, when a master last ran here), and the master is
    left alone; the code is 1 if the configuration would be refused.
    """
    if plan:
        with Told():
            _show_plan(basedir, as_json=as_json, exit_code=exit_code, quiet=quiet)
        return
    if exit_code:
        raise click.UsageError("--exit-code goes with --plan")
    with Told():
        try:
            with progress_line("reading the configuration", quiet) as progress:
                daemon.reconfigure(basedir, patience=progress_timeout, tell=progress.show)
        except ConfigError:
            click.echo("the new configuration was refused, the old one stays in force:", err=True)
            raise

        from buildmill.master.config import in_force
        from buildmill.master.config.plan import ReconfigPlan

        done = in_force.read(basedir).plan or ReconfigPlan(kinds={})
        if as_json:
            _echo_json(_document(done, None))
        elif not quiet:
            for line in done.describe() or ["nothing has changed"]:
                click.echo(line)
            click.echo("the new configuration is in force")


sighup = click.Command(
    "sighup", callback=reconfig.callback, params=list(reconfig.params), help="The same as reconfig.", hidden=True
)


def _show_plan(basedir: Path, *, as_json: bool, exit_code: bool, quiet: bool) -> None:
    from buildmill.master.cli.configuration import read
    from buildmill.master.config import in_force
    from buildmill.master.config.inventory import Inventory
    from buildmill.master.config.plan import plan_between
    from buildmill.master.db import schema, waiting
    from buildmill.master.db.engine import parse_url

    before = in_force.read(basedir)
    with progress_line("reading the configuration", quiet or as_json):
        report = read(basedir)
    plan = plan_between(before.inventory, Inventory(things=report.things))
    is_refused = bool(plan.refused) and before is not in_force.NOTHING
    work: Mapping[str, WorkOfBuilder] = {}
    if plan and not is_refused:
        url = parse_url(report.db_url, str(basedir))
        schema.check(url)
        work = waiting.by_builder_blocking(url)
    if as_json:
        _echo_json(_document(plan, work))
    elif not quiet:
        if before is in_force.NOTHING:
            click.echo("no master has run here yet: everything is new")
        for line in [*plan.describe(), *_effects(plan, work)] or ["nothing would change"]:
            click.echo(line)
    if is_refused:
        hint = "restart the master for them"
        names = ", ".join(plan.refused)
        raise ConfigError([ConfigProblem(f"cannot change while a master runs: {names}", hint=hint)])
    if exit_code and plan:
        raise SystemExit(WOULD_CHANGE)


def _effects(plan: ReconfigPlan, work: Mapping[str, WorkOfBuilder]) -> list[str]:
    lines = []
    for names, of_waiting, of_running in (
        (plan.builders.changed, "will be built in the new way", "ends as it began"),
        (plan.builders.removed, "stays, and waits until the builder is there again", "goes on to its end"),
        (plan.builders.added, "will be built", "goes on to its end"),
    ):
        for name in names:
            found = work.get(name)
            if found is not None and found.waiting:
                lines.append(f"builder {name}: {_count(found.waiting, 'waiting request')}: each {of_waiting}")
            if found is not None and found.running:
                lines.append(f"builder {name}: {_count(found.running, 'running build')}: each {of_running}")
    return lines


def _count(number: int, what: str) -> str:
    return f"{number} {what}{'s' if number > 1 else ''}"


def _document(plan: ReconfigPlan, work: Mapping[str, WorkOfBuilder] | None) -> dict[str, Any]:
    import msgspec

    differing = {
        kind: {what: names for what, names in msgspec.to_builtins(found).items() if what != "unchanged"}
        for kind, found in plan.kinds.items()
        if found
    }
    document: dict[str, Any] = {"changes": differing, "needs_restart": plan.refused}
    if work is not None:
        builders = plan.builders
        affected = {*builders.added, *builders.changed, *builders.removed}
        document["builders"] = {
            name: {"waiting_requests": found.waiting, "running_builds": found.running}
            for name, found in sorted(work.items())
            if name in affected
        }
    return document


def _echo_json(document: Any) -> None:
    from buildmill.master.config.rehearsal import as_json

    click.echo(as_json(document))
