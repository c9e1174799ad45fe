"""The command `schedule`: schedules of job graphs, of a running master."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import click

from buildmill.common.errors import BuildmillError, NotFound
from buildmill.master.cli.console import Told
from buildmill.master.cli.options import json_option
from buildmill.master.cli.rest import api_url, auth_option, call, master_option, rows

F = TypeVar("F", bound=Callable[..., Any])
_NAME = click.argument("name")


class Schedules:
    """The schedules of a master.

    Args:
        url: of its API.
        auth: a token.
    """

    def __init__(self, url: str, auth: str | None) -> None:
        self._url = url
        self._auth = auth

    def all(self) -> list[dict[str, Any]]:
        return rows(self._url, "schedules", auth=self._auth)

    def rid_of(self, name: str) -> str:
        """The RID of what is called so, or has that RID.

        Raises:
            NotFound: nothing is, or several are.
        """
        if name.startswith("ri."):
            return name
        found = [schedule["rid"] for schedule in self.all() if schedule["name"] == name]
        if len(found) != 1:
            problem = f"no schedule is called {name!r}" if not found else f"{len(found)} schedules are called {name!r}"
            raise NotFound(f"{problem}; `buildmill schedule list` shows them with their RIDs")
        return str(found[0])

    def of(self, name: str, part: str = "") -> list[dict[str, Any]]:
        """A schedule, or its ``/runs``."""
        return rows(self._url, f"schedules/{self.rid_of(name)}{part}", auth=self._auth)

    def act(self, name: str, method: str, params: dict[str, Any] | None = None) -> Any:
        return call(self._url, f"schedules/{self.rid_of(name)}", method, params or {}, auth=self._auth)

    def create(self, params: dict[str, Any]) -> Any:
        return call(self._url, "schedules", "create", params, auth=self._auth)

    def target_rids(self, names: Sequence[str]) -> list[str]:
        """RIDs of datasets that are named, or given by their RIDs."""
        known = {target["name"]: target["rid"] for target in rows(self._url, "targets", auth=self._auth)}
        for name in names:
            if not name.startswith("ri.") and name not in known:
                raise BuildmillError(f"no dataset is called {name!r}")
        return [known.get(name, name) for name in names]


@click.group()
@master_option
@auth_option
@click.pass_context
def schedule(context: click.Context, master: str, auth: str | None) -> None:
    """Make, show, run and pause schedules of job graphs. NAME is a schedule's name or its RID."""
    context.obj = Schedules(api_url(master), auth)


_pass = click.make_pass_decorator(Schedules)


@schedule.command(name="list")
@json_option
@_pass
def list_schedules(schedules: Schedules, as_json: bool) -> None:
    """Show all schedules: what they wait for, and what they do."""
    with Told():
        found = schedules.all()
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for one in found:
        click.echo(f"{one['name'] or '-'}  {one['rid']}  {_state(one)}")


@schedule.command()
@_NAME
@json_option
@_pass
def show(schedules: Schedules, name: str, as_json: bool) -> None:
    """Show a schedule."""
    with Told():
        (one,) = schedules.of(name)
    if as_json:
        click.echo(json.dumps(one, indent=2))
        return
    click.echo(f"{one['name'] or '(without a name)'}  {_state(one)}")
    click.echo(f"rid       {one['rid']}")
    click.echo(f"edited    {_at(one['updated_at'])} by {one['editor']}")
    if one["description"]:
        click.echo(f"about     {one['description']}")
    for part in ("trigger", "action", "scope"):
        click.echo(f"{part:<10}{json.dumps(one[part])}")


@schedule.command()
@_NAME
@json_option
@_pass
def explain(schedules: Schedules, name: str, as_json: bool) -> None:
    """Say why a schedule runs, waits or does nothing."""
    with Told():
        reasons = schedules.of(name, "/explain")
    if as_json:
        click.echo(json.dumps(reasons, indent=2))
        return
    for reason in reasons:
        since = f" (since {_at(reason['since'])})" if reason["since"] else ""
        click.echo(f"{reason['code']:<20}{reason['text']}{since}")


@schedule.command()
@_NAME
@click.option("-n", "--count", default=10, show_default=True, type=click.IntRange(1, 1000), help="So many at most.")
@json_option
@_pass
def runs(schedules: Schedules, name: str, count: int, as_json: bool) -> None:
    """Show the runs of a schedule, newest first."""
    with Told():
        found = schedules.of(name, f"/runs?limit={count}")
    if as_json:
        click.echo(json.dumps(found, indent=2))
        return
    for run_ in found:
        what = run_["build_rid"] or " ".join(filter(None, (run_["error"], run_["description"])))
        how = "by hand" if run_["created_by"] else "by itself"
        click.echo(f"{_at(run_['created_at'])}  {how:<10}{run_['outcome'] or 'being asked for':<16}{what}".rstrip())


@schedule.command()
@_NAME
@_pass
def run(schedules: Schedules, name: str) -> None:
    """Run a schedule now, whatever its trigger says; `runs` shows what becomes of it."""
    with Told():
        click.echo(schedules.act(name, "run")["rid"])


@schedule.command()
@_NAME
@_pass
def pause(schedules: Schedules, name: str) -> None:
    """Let a schedule see no event and no time; what it has seen is forgotten."""
    with Told():
        schedules.act(name, "pause")


@schedule.command()
@_NAME
@_pass
def unpause(schedules: Schedules, name: str) -> None:
    """Let a schedule see what happens from now on."""
    with Told():
        schedules.act(name, "unpause")


@schedule.command()
@_NAME
@_pass
def delete(schedules: Schedules, name: str) -> None:
    """Take a schedule away; a build of it that runs goes on."""
    with Told():
        schedules.act(name, "delete")


# -- making ----------------------------------------------------------------------------


def _definition_options(function: F) -> F:
    kind = click.Path(path_type=Path, dir_okay=False, exists=True)
    options = [
        click.option("-f", "--file", type=kind, help="A request of the orchestration API, as JSON, for options."),
        click.option("-t", "--target", "targets", multiple=True, help="Dataset to build. May be repeated."),
        click.option("--upstream", is_flag=True, help="Build all that the targets are made of, too."),
        click.option("--branch", help="Where to build; the default branch if none is given."),
        click.option("--fallback", "fallbacks", multiple=True, help="Branch to look at after it. May be repeated."),
        click.option("--force", is_flag=True, help="Build what is up to date, too."),
        click.option("--retries", type=click.IntRange(0), help="Tries after the first one."),
        click.option("--cron", "crons", multiple=True, help="A time, as '0 2 * * *'. May be repeated."),
        click.option("--zone", default="UTC", show_default=True, help="Time zone of all --cron."),
        click.option(
            "--on", "events", multiple=True, metavar="DATASET[@BRANCH]",
            help="A new version of a dataset. May be repeated.",
        ),
        click.option("--all", "waits_for_all", is_flag=True, help="Wait for all times and events, not for any."),
        click.option("--description", help="A text about it."),
    ]  # fmt: skip
    for option in reversed(options):
        function = option(function)
    return function


@schedule.command()
@click.argument("name")
@_definition_options
@_pass
def create(schedules: Schedules, /, name: str, **options: Any) -> None:
    """Make a schedule called NAME, and print its RID. Without --cron and --on it is run by hand only."""
    with Told():
        click.echo(schedules.create({**_document(schedules, **options), "displayName": name})["rid"])


@schedule.command()
@_NAME
@_definition_options
@click.option("--rename", help="Another name; the present one if none is given.")
@_pass
def replace(schedules: Schedules, /, name: str, rename: str | None, **options: Any) -> None:
    """Put something else in the place of all that a schedule is, but for its name; it is not asked to run."""
    with Told():
        (old,) = schedules.of(name)
        document = {"displayName": rename or old["name"], **_document(schedules, **options)}
        schedules.act(old["rid"], "replace", document)


def _document(
    schedules: Schedules,
    *,
    file: Path | None,
    targets: Sequence[str],
    upstream: bool,
    branch: str | None,
    fallbacks: Sequence[str],
    force: bool,
    retries: int | None,
    crons: Sequence[str],
    zone: str,
    events: Sequence[str],
    waits_for_all: bool,
    description: str | None,
) -> dict[str, Any]:
    if file is not None:
        try:
            document: dict[str, Any] = json.loads(file.read_text())
        except ValueError as problem:
            raise BuildmillError(f"{file} is no JSON: {problem}") from problem
        return document
    if not targets:
        raise BuildmillError("name at least one --target, or give a --file")
    target: dict[str, Any] = {"type": "manual", "targetRids": schedules.target_rids(targets)}
    if upstream:
        target |= {"type": "upstream", "ignoredRids": []}
    action: dict[str, Any] = {"target": target, "fallbackBranches": list(fallbacks), "forceBuild": force}
    if branch is not None:
        action["branchName"] = branch
    if retries is not None:
        action["retryCount"] = retries
    leaves: list[dict[str, Any]] = [{"type": "time", "cronExpression": cron, "timeZone": zone} for cron in crons]
    for event in events:
        name, _, on = event.partition("@")
        if not on and branch is None:
            raise BuildmillError(f"--on {event}: on which branch? Say {name}@BRANCH, or give --branch")
        (rid,) = schedules.target_rids([name])
        leaves.append({"type": "datasetUpdated", "datasetRid": rid, "branchName": on or branch})
    return {"action": action, "trigger": _together(leaves, waits_for_all), "description": description}


def _together(leaves: list[dict[str, Any]], waits_for_all: bool) -> dict[str, Any]:
    if not leaves:
        return {"type": "manual"}
    if len(leaves) == 1:
        return leaves[0]
    return {"type": "and" if waits_for_all else "or", "triggers": leaves}


@schedule.command(name="next")
@click.argument("expression")
@click.option("--zone", default="UTC", show_default=True, help="Time zone, as Europe/Berlin or +02:00.")
@click.option("-n", "--count", default=5, show_default=True, type=click.IntRange(1, 1000), help="So many.")
def next_times(expression: str, zone: str, count: int) -> None:
    """Show when a cron EXPRESSION is due next. No master is asked."""
    from buildmill.master.domain.schedules.cron import Cron
    from buildmill.master.domain.schedules.zones import zone_of

    with Told():
        cron, place = Cron(expression), zone_of(zone)
        # no master runs it, whose clock it could be
        instant: datetime | None = datetime.fromtimestamp(time.time(), UTC)
        for _ in range(count):
            if instant is None or (instant := cron.next_after(instant, place)) is None:
                break
            click.echo(instant.astimezone(place).isoformat(" ", "minutes"))


def _state(one: dict[str, Any]) -> str:
    found = []
    if one["paused"]:
        found.append("paused" if one["paused_by"] == "user" else f"paused after {one['failures']} failures")
    if one["active_run"]:
        found.append("running, and once more after that" if one["pending"] else "running")
    if one["next_due_at"]:
        found.append(f"next {_at(one['next_due_at'])}")
    return ", ".join(found) or "waiting"


def _at(instant: int) -> str:
    return datetime.fromtimestamp(instant, UTC).strftime("%Y-%m-%d %H:%M UTC")
