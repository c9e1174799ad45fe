"""Change sources that make no changes yet: they load, check their arguments, and say so."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.changes import forges
from buildmill.master.config.loader import load
from buildmill.master.domain.change_filter import GerritChangeFilter
from buildmill.master.domain.properties import Properties

CONFIG = """\
from buildbot.plugins import *
from buildbot.changes.gerritchangesource import GerritChangeFilter
c = BuildmasterConfig = {"protocols": {"pb": {"port": 9989}}, "workers": [worker.Worker("w1", "x")]}
factory = util.BuildFactory()
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=factory)]
c["schedulers"] = [
    schedulers.AnyBranchScheduler("any", builderNames=["b1"], change_filter=GerritChangeFilter(branch="main")),
]
c["change_source"] = [
    changes.GerritEventLogPoller("https://h/a", ("al", "x"), gitBaseURL="https://h", get_files=True),
    changes.GerritChangeSource("h", "al"),
    changes.GitHubPullrequestPoller(owner="o", repo="r", branches=["main"]),
    changes.BitbucketPullrequestPoller(owner="o", slug="r"),
]
"""


def test_a_configuration_that_uses_them_loads_and_is_told_what_does_not_happen(tmp_path: Path) -> None:
    (tmp_path / "master.cfg").write_text(CONFIG)

    config = load(tmp_path)

    told = [notice.text for notice in config.notices if notice.name == "change_source"]
    assert len(told) == 4
    assert "GerritEventLogPoller 'GerritEventLogPoller:https://h/a' is accepted, but does not poll yet; use " in told[0]


FORGES: Any = forges


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: FORGES.GitHubPullrequestPoller("o", ""), "repo must be a non-empty string"),
        (lambda: FORGES.GitHubPullrequestPoller("o", "r", branches="main"), "branches must be a list of strings"),
        (lambda: FORGES.GitHubPullrequestPoller("o", "r", repository_type="x"), "repository_type must be https, svn"),
        (lambda: FORGES.GitHubPullrequestPoller("o", "r", magic_link=True), "magic_link needs a token"),
        (lambda: FORGES.GitHubPullrequestPoller("o", "r", pullrequest_filter=3), "pullrequest_filter must be callable"),
        (lambda: FORGES.BitbucketPullrequestPoller(3, "r"), "owner must be a non-empty string"),
        (lambda: FORGES.BitbucketPullrequestPoller("o", "r", pollInterval=0), "pollInterval must be greater than 0"),
        (lambda: FORGES.GerritChangeSource("h", ""), "username must be a non-empty string"),
        (lambda: FORGES.GerritChangeSource("h", "al", get_files=True), "get_files needs http_url"),
        (lambda: FORGES.GerritEventLogPoller("https://h/", None), "baseURL must not end with a slash"),
        (lambda: FORGES.GerritEventLogPoller("https://h", None, handled_events="x"), "handled_events must be a list"),
    ],
)
def test_wrong_arguments_are_errors_of_the_configuration(make: Any, problem: str) -> None:
    with pytest.raises(ConfigError, match=problem):
        make()


class Event:
    """A change that Gerrit tells of."""

    branch = "refs/changes/1/1/1"
    project = repository = category = codebase = ""

    def __init__(self, **properties: str) -> None:
        self.properties = Properties.fromDict(
            {name.replace("_", "."): (value, "Change") for name, value in properties.items()}
        )


@pytest.mark.parametrize(
    ("conditions", "passes"),
    [
        ({}, True),
        ({"branch": "main"}, True),
        ({"branch": ["x"]}, False),
        ({"branch_re": "ma"}, True),
        ({"branch_fn": lambda branch: branch == "x"}, False),
        ({"eventtype": "patchset-created"}, True),
        ({"eventtype_re": "ref-"}, False),
        ({"eventtype_fn": lambda kind: kind.startswith("patch"), "project": ""}, True),
        ({"filter_fn": lambda change: False}, False),
    ],
)
def test_the_filter_asks_for_branch_and_type_of_the_event(conditions: dict[str, Any], passes: bool) -> None:
    event = Event(event_change_branch="main", event_type="patchset-created")

    assert GerritChangeFilter(**conditions).filter_change(event) is passes
