"""The key ``orchestration``: each mistake is told with its place."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from buildmill.master.config.orchestration_keys import checked_orchestration
from buildmill.master.config.problems import Problems
from buildmill.master.domain.orchestration import rids
from buildmill.master.domain.orchestration.configuration import OrchestrationConfig
from buildmill.master.domain.orchestration.values import StalenessMode

GOOD: dict[str, Any] = {
    "default_branch": "main",
    "projects": ["p"],
    "datasets": ["raw", {"name": "clean", "project": "p", "rid": "ri.foundry.main.dataset.mine"}],
    "jobspecs": [{"outputs": ["clean"], "inputs": ["raw"], "builder": "b", "properties": {"x": 1}, "mode": "always"}],
    "commits": [{"dataset": "raw"}],
}


def checked(value: Any) -> tuple[Any, list[str]]:
    problems = Problems(Path("master.cfg"), [])
    config = checked_orchestration("orchestration", value, problems)
    return config, [problem.message for problem in problems.found]


def test_what_is_right_is_taken() -> None:
    config, found = checked(GOOD)

    assert found == []
    assert isinstance(config, OrchestrationConfig)
    raw, clean = config.datasets
    assert (raw.its_rid, clean.its_rid) == (rids.of_target("raw"), "ri.foundry.main.dataset.mine")
    [spec] = config.jobspecs
    assert (spec.branch, spec.mode, spec.properties) == ("main", StalenessMode.ALWAYS, {"x": 1})
    assert config.commits[0].branch == "main"


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"colour": 1}, "orchestration: unknown key 'colour'"),
        ({"default_branch": ""}, "orchestration['default_branch'] must be a string that is not empty"),
        ({"strict_branches": 1}, "orchestration['strict_branches'] must be True or False"),
        ({"max_retries": -1}, "orchestration['max_retries'] must be an integer from 0"),
        ({"pause_schedules_after": 0}, "orchestration['pause_schedules_after'] must be None, or an integer from 1"),
        ({"pause_schedules_after": True}, "orchestration['pause_schedules_after'] must be None, or an integer from 1"),
        ({"cancel_finished": "no"}, "orchestration['cancel_finished'] must be one of accept, error"),
        ({"datasets": "raw"}, "orchestration['datasets'] must be a list"),
        ({"datasets": [3]}, "orchestration['datasets'][0] must be a dictionary with name, rid, project, changes"),
        ({"datasets": [{"name": "a", "rid": "x"}]}, "orchestration['datasets'][0] ['rid'] must be an identifier like"),
        ({"datasets": [{"name": "a", "changes": 1}]}, "['changes'] must be a util.ChangeFilter(...)"),
        ({"datasets": ["raw", "raw", "clean"]}, "two datasets called 'raw'"),
        ({"datasets": ["raw"]}, "jobspecs[0] names a dataset that is not declared: 'clean'"),
        ({"projects": []}, "dataset 'clean' names a project that is not declared: 'p'"),
        ({"jobspecs": [{"outputs": [], "builder": "b"}]}, "orchestration['jobspecs'][0] needs at least one output"),
        ({"jobspecs": [{"outputs": ["clean"]}]}, "orchestration['jobspecs'][0] needs 'builder'"),
        ({"jobspecs": [{"output": ["clean"]}]}, "has the unknown key 'output'"),
        ({"jobspecs": GOOD["jobspecs"] * 2}, "jobspecs[0] and jobspecs[1] both make 'clean' on branch 'main'"),
        ({"commits": [{"dataset": "row"}]}, "commits names a dataset that is not declared: 'row'"),
    ],
)
def test_what_is_wrong_is_named(changes: dict[str, Any], text: str) -> None:
    _, found = checked({**GOOD, **changes})

    assert any(text in message for message in found), found
