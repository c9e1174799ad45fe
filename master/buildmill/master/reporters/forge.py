"""What reporters of statuses to forges have in common: which commit a build is about, and which state it has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.rendering import render
from buildmill.master.reporters.base import ReporterBase
from buildmill.master.reporters.generators.build import BuildStartEndStatusGenerator
from buildmill.master.reporters.generators.buildrequest import BuildRequestGenerator
from buildmill.master.reporters.messages import MessageFormatterRenderable, PropertiesOfReport


@dataclass(frozen=True, kw_only=True)
class Commit:
    """One commit that a report is about.

    Attributes:
        owner, repository: of the forge.
    """

    owner: str
    repository: str
    sha: str
    branch: str | None
    properties: PropertiesOfReport


def default_context() -> Any:
    """The name of a status: that of the builder. Rules of forges about required checks go by it."""
    return Interpolate("buildbot/%(prop:buildername)s")


def start_and_end() -> list[Any]:
    """Generators of a status for a request, for a build that begins, and for one that has ended."""
    return [
        BuildRequestGenerator(formatter=MessageFormatterRenderable("Build pending.")),
        BuildStartEndStatusGenerator(
            start_formatter=MessageFormatterRenderable("Build started."),
            end_formatter=MessageFormatterRenderable("Build done."),
        ),
    ]


async def context_of(context: Any, properties: PropertiesOfReport, build: Mapping[str, Any]) -> str:
    """The name of a status, rendered; a request knows its builder, too."""
    if not properties.hasProperty("buildername"):
        properties.setProperty("buildername", build["builder"]["name"], "Builder")
    return str(await render(context, properties))


def commits_of(reporter: ReporterBase, build: dict[str, Any], split: Any) -> Iterator[Commit]:
    """The commits that a build was made of.

    Args:
        split: from a repository's address to its path on the forge, or None.
    """
    properties = PropertiesOfReport(reporter.master, build)
    got = properties.getProperty("got_revision")
    for stamp in build["buildset"]["sourcestamps"]:
        project = stamp["project"] or ""
        path = project if project.count("/") == 1 else split(stamp["repository"] or "")
        sha = stamp["revision"] or (got.get(stamp["codebase"]) if isinstance(got, dict) else got)
        if path and "/" in path and sha:
            owner, _, repository = path.rpartition("/")
            yield Commit(
                owner=owner, repository=repository, sha=str(sha), branch=stamp["branch"], properties=properties
            )


def bodies(reports: Sequence[Mapping[str, Any]]) -> str | None:
    """The texts of all reports in one; None if there is none."""
    texts = [str(report["body"]) for report in reports if report.get("body") is not None]
    return "".join(texts) if texts else None
