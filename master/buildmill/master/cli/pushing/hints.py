"""What to do about it, when `push` fails."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import TracebackType
from typing import Final

import click

from buildmill.client.errors import ApiError, Unreachable
from buildmill.common.errors import BuildmillError
from buildmill.master.cli.console import printable
from buildmill.master.cli.pushing.staging import StagingFailed

_LOG = "the log above ends with what the buildpack's script has said; --quiet hides it"
_SWITCH = "whoever owns the master switches it on in c['staging'] of master.cfg"
_TOKEN = "give a token that may stage with --auth, or in BUILDMILL_TOKEN"  # noqa: S105  # words, no token
HINTS: Final[Mapping[str, str]] = {
    # why staging failed
    "NoAppDetectedError": "is this the app's top folder? name the buildpack with --buildpack if it is",
    "NoBuildpacksFound": "name one with --buildpack, by its name on the master or by a URL",
    "BuildpackCompileFailed": _LOG,
    "BuildpackReleaseFailed": "the buildpack is faulty: its bin/release fails or prints no YAML",
    "StagingError": "the log above and the build's page on the master tell more",
    "StagingTimeExpired": "whoever owns the master can allow more time in c['staging']",
    "InsufficientResources": "ask for less with --memory and --disk, or have a bigger worker connected",
    "NoCompatibleCell": "no worker that may stage is connected; `buildmill explain` tells more",
    "PackageInvalid": "have it packed by `buildmill push DIR`, or mend the archive",
    "CNBGenericBuildFailed": _LOG,
    "CNBDownloadBuildpackFailed": "check the buildpack's name or URL, and that the worker reaches it",
    "CNBDetectFailed": "is this the app's top folder? name the buildpacks with --buildpack if it is",
    "CNBBuildFailed": _LOG,
    "CNBExportFailed": "the log above and the build's page on the master tell more",
    "CNBRestoreFailed": "what the last staging has left is damaged; the log above tells more",
    # why the master refuses a request
    "CF-NotAuthenticated": _TOKEN,
    "CF-InvalidAuthToken": f"the token has ended, or is of another master; {_TOKEN}",
    "CF-NotAuthorized": f"this token may not do that; {_TOKEN}",
    "CF-FeatureDisabled": _SWITCH,
    "CF-CustomBuildpacksDisabled": f"name a buildpack of the master; {_SWITCH}",
    "CF-BuildpackInvalid": "name another buildpack, or none to have it detected",
    "CF-StackValidationFailed": "name another stack with --stack",
    "CF-StagingInProgress": "wait until that has ended",
    "CF-NotFound": "this master does not stage: c['staging'] of its master.cfg says how",
    "CF-StagerUnavailable": "try again later",
    "CF-ServiceUnavailable": "try again later",
}


_MORE_EXACT: Final = (
    (re.compile(r"limit exceeded"), "ask for less with --memory and --disk"),
    (re.compile(r"memory", re.I), "have it given more with --memory, or mend what takes so much"),
    (re.compile(r"\bdisk\b", re.I), "have it given more with --disk, or name what need not go along in .cfignore"),
    (re.compile(r"time for staging was over", re.I), HINTS["StagingTimeExpired"]),
    (re.compile(r"processes", re.I), "the buildpack starts too many processes at a time"),
    (re.compile(r"start command", re.I), "add a Procfile with a line `web: COMMAND`"),
    (re.compile(r"can't be fetched"), HINTS["CNBDownloadBuildpackFailed"]),
    (re.compile(r"Procfile"), "mend the Procfile: lines of the form `web: COMMAND`"),
)
"""What the cause says, over the name of the error, which has many causes."""


def _hint(name: str, cause: str) -> str:
    exact = (hint for pattern, hint in _MORE_EXACT if pattern.search(cause))
    return next(exact, HINTS.get(name, ""))


def explained(problem: BuildmillError) -> str:
    """What went wrong, and below it what to do, where that is known."""
    hint = ""
    match problem:
        case StagingFailed():
            text, hint = f"staging failed: {problem}", _hint(problem.name, problem.cause)
        case ApiError():
            text, hint = str(problem), _hint(problem.title, problem.problem)
        case Unreachable():
            text, hint = str(problem), "is it running? its address is given with --master, or in BUILDMILL_MASTER"
        case _:
            text = str(problem)
    text = printable(text)
    return f"{text}\nHint: {hint}" if hint else text


class Explained:
    """Within the block, expected errors become their explanation, and exit code 1."""

    def __enter__(self) -> None:
        pass

    def __exit__(
        self, kind: type[BaseException] | None, problem: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if isinstance(problem, BuildmillError):
            raise click.ClickException(explained(problem)) from problem
