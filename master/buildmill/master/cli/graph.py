"""The commands `graph …`: look at the job graph of a running master, and build it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote

import click

from buildmill.common.errors import BuildmillError
from buildmill.master.cli.console import Told
from buildmill.master.cli.rest import api_url, auth_option, call, client_of, master_option, rows

FRESH = 3
_COLOURS = {"SUCCEEDED": "green", "DID_NOT_RUN": "green", "FAILED": "red", "CANCELED": "magenta"}

branch_option = click.option("--branch", metavar="NAME", help="The branch; the configuration's default if not given.")

fallback_option = click.option(
    "--fallback", "fallbacks", multiple=True, metavar="NAME", help="Another branch to look at, in order."
)
only_option = click.option("--only", "is_only", is_flag=True, help="Just the named targets, not what they are made of.")
from_option = click.option(
    "--from",
    "inputs",
    multiple=True,
    metavar="TARGET",
    help="Only what lies between this one, which is not built, and TARGETS.",
)
ignore_option = click.option(
    "--ignore", "ignored", multiple=True, metavar="TARGET", help="Neither build nor pass through it."
)
force_option = click.option("--force", "is_forced", is_flag=True, help="Build what is fresh, too.")


@click.group()
def graph() -> None:
    """Look at the job graph of a running master, and build it."""


@graph.command()
@click.argument("target")
@branch_option
@master_option
@auth_option
def show(target: str, branch: str | None, master: str, auth: str | None) -> None:
    """Draw what TARGET is made of, and whether each part is fresh or stale."""
    with Told():
        jobs = planned(api_url(master), target, branch, auth)
        for line in drawn(target, jobs):
            click.echo(line)


@graph.command()
@click.argument("targets", nargs=-1, required=True)
@branch_option
@fallback_option
@only_option
@from_option
@ignore_option
@force_option
@master_option
@auth_option
def plan(
    targets: tuple[str, ...],
    branch: str | None,
    fallbacks: tuple[str, ...],
    is_only: bool,
    inputs: tuple[str, ...],
    ignored: tuple[str, ...],
    is_forced: bool,
    master: str,
    auth: str | None,
) -> None:
    """Say what `build` with the same options would do now: for each job whether it is stale, and why.

    Ends with 0 when there is something to build, with 3 when everything is fresh.
    """
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    with Told():
        params = asked_for(targets, branch, fallbacks, is_only, inputs, ignored, is_forced)
        jobs = call(api_url(master), "graph_builds", "plan", params, auth=auth)
    table = Table.grid(padding=(0, 2))
    for job in jobs:
        state = Text("stale", style="yellow") if job["stale"] else Text("fresh", style="green")
        table.add_row(state, Text(", ".join(job["outputs"])), Text(job["builder"]), Text("; ".join(job["reasons"])))
    Console(highlight=False).print(table)
    if not any(job["stale"] for job in jobs):
        click.get_current_context().exit(FRESH)


@graph.command("why-stale")
@click.argument("target")
@branch_option
@master_option
@auth_option
def why_stale(target: str, branch: str | None, master: str, auth: str | None) -> None:
    """Say why TARGET is stale, back to what has changed.

    Ends with 0 when it is stale, with 3 when it is fresh.
    """
    with Told():
        jobs = planned(api_url(master), target, branch, auth)
        wanted = _job_of(target, jobs)
    if not wanted["stale"]:
        click.echo(f"{_title(wanted)} is fresh: {'; '.join(wanted['reasons'])}")
        click.get_current_context().exit(FRESH)
    for depth, job in _line_of(wanted, jobs):
        click.echo(f"{'  ' * depth}{_title(job)}: {'; '.join(job['reasons'])}")


@graph.command()
@click.argument("targets", nargs=-1, required=True)
@branch_option
@fallback_option
@only_option
@from_option
@ignore_option
@force_option
@click.option("--retries", type=click.IntRange(0, 1000), default=0, help="Further attempts of a failed job.")
@click.option("--back-off", type=click.FloatRange(0), default=0.0, metavar="SECONDS", help="Wait before each of them.")
@click.option("--abort-on-failure", "aborts", is_flag=True, help="Cancel all as soon as one job has failed.")
@click.option("--notify", "notifies", is_flag=True, help="Let reporters tell you how it has ended.")
@click.option("--wait", "waits", is_flag=True, help="Until it has ended; tell how.")
@master_option
@auth_option
def build(
    targets: tuple[str, ...],
    branch: str | None,
    fallbacks: tuple[str, ...],
    is_only: bool,
    inputs: tuple[str, ...],
    ignored: tuple[str, ...],
    is_forced: bool,
    retries: int,
    back_off: float,
    aborts: bool,
    notifies: bool,
    waits: bool,
    master: str,
    auth: str | None,
) -> None:
    """Build TARGETS and all that they are made of, as far as it is stale.

    Prints the name of the build. With --wait: ends with 0 when it has succeeded, else with 1.
    """
    url = api_url(master)
    with Told():
        params = asked_for(targets, branch, fallbacks, is_only, inputs, ignored, is_forced)
        params |= {
            "retry_count": retries,
            "retry_backoff_ms": int(back_off * 1000),
            "abort_on_failure": aborts,
            "notifications": notifies,
        }
        rid = call(url, "graph_builds", "create", params, auth=auth)
        click.echo(rid)
        if waits and not _succeeded(url, rid, auth):
            click.get_current_context().exit(1)


def _succeeded(url: str, rid: str, auth: str | None) -> bool:
    # the first that is heard is that everything has to be read, and so it is after a lost connection
    for _ in client_of(url, auth).events(f"graph_builds/{rid}/*"):
        if (status := rows(url, f"graph_builds/{rid}", auth=auth)[0]["status"]) != "RUNNING":
            break
    specs = {spec["spec_id"]: spec for spec in rows(url, "job_specs", auth=auth)}
    names = {target["rid"]: target["name"] for target in rows(url, "targets", auth=auth)}
    for job in rows(url, f"graph_builds/{rid}/jobs", auth=auth):
        spec = specs.get(job["spec_id"])
        title = job["rid"] if spec is None else ", ".join(names.get(out, out) for out in spec["outputs"])
        click.secho(f"{job['status']:12}", fg=_COLOURS.get(job["status"]), nl=False)
        click.echo(f" {title}: {job['reason']}")
    click.echo(status)
    return bool(status == "SUCCEEDED")


def asked_for(
    targets: Sequence[str],
    branch: str | None,
    fallbacks: Sequence[str],
    is_only: bool,
    inputs: Sequence[str],
    ignored: Sequence[str],
    is_forced: bool,
) -> dict[str, Any]:
    """The parameters of a build or a plan.

    Raises:
        BuildmillError: options that contradict each other.
    """
    if is_only and (inputs or ignored):
        raise BuildmillError("--only builds just what is named: it goes neither with --from nor with --ignore")
    target: dict[str, Any] = {"type": "manual", "targetRids": list(targets)}
    if not is_only:
        target |= {"type": "connecting" if inputs else "upstream", "ignoredRids": list(ignored)}
    if inputs:
        target["inputRids"] = list(inputs)
    return {"target": target, "branch": branch, "fallbacks": list(fallbacks), "force": is_forced}


def planned(url: str, target: str, branch: str | None, auth: str | None) -> list[dict[str, Any]]:
    """The jobs that building a target would need, in the order in which they can run."""
    path = f"targets/{quote(target, safe='')}"
    return rows(url, f"{path}/plan" if branch is None else f"{path}/branches/{quote(branch, safe='')}/plan", auth=auth)


def drawn(target: str, jobs: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The graph as lines: below each target what it is made of. What has been drawn is not drawn again."""
    makers = {output: job for job in jobs for output in job["outputs"]}
    root = _job_of(target, jobs)
    seen: set[int] = set()
    waiting = [(target if target in root["outputs"] else root["outputs"][0], "", "")]
    while waiting:
        name, lead, below = waiting.pop()
        job = makers.get(name)
        if job is None:
            yield f"{lead}{name} (source)"
            continue
        is_known = job["spec_id"] in seen and bool(job["inputs"])
        seen.add(job["spec_id"])
        with_it = [other for other in job["outputs"] if other != name]
        others = f" with {', '.join(with_it)}" if with_it else ""
        state = "stale" if job["stale"] else "fresh"
        yield f"{lead}{name}{others} [{job['builder']}] {state}{' (see above)' if is_known else ''}"
        if not is_known:
            last = len(job["inputs"]) - 1
            waiting += [
                (source, below + ("└─ " if index == last else "├─ "), below + ("   " if index == last else "│  "))
                for index, source in reversed(list(enumerate(job["inputs"])))
            ]


def _job_of(target: str, jobs: Sequence[Mapping[str, Any]]) -> Mapping[str, Any]:
    """The job of a target that is named, or given by its RID: then it is the last one of its own plan."""
    if not jobs:
        raise BuildmillError(f"nothing makes {target}")
    return next((job for job in jobs if target in job["outputs"]), jobs[-1])


def _line_of(job: Mapping[str, Any], jobs: Sequence[Mapping[str, Any]]) -> Iterator[tuple[int, Mapping[str, Any]]]:
    """A stale job, and the stale ones that it depends on, directly or not; each once, with its distance."""
    makers = {job["outputs"][0]: job for job in jobs}
    waiting, seen = [(0, job)], {job["spec_id"]}
    while waiting:
        depth, one = waiting.pop()
        yield depth, one
        for name in reversed(one["depends_on"]):
            before = makers[name]
            if before["stale"] and before["spec_id"] not in seen:
                seen.add(before["spec_id"])
                waiting.append((depth + 1, before))


def _title(job: Mapping[str, Any]) -> str:
    return ", ".join(job["outputs"])
