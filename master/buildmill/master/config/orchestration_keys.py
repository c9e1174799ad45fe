"""The key ``orchestration``: datasets, job specs and settings of job graphs."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import msgspec

from buildmill.master.config.entries import Entries, Wrong, choice, flag, member, members, text, whole
from buildmill.master.config.problems import Problems, nearest
from buildmill.master.config.web_keys import UNSET
from buildmill.master.domain.change_filter import ChangeFilter
from buildmill.master.domain.orchestration.configuration import (
    CancelFinished,
    CommitDeclaration,
    DatasetDeclaration,
    ErrorNameCase,
    OrchestrationConfig,
    ProjectDeclaration,
    SpecDeclaration,
)
from buildmill.master.domain.orchestration.values import StalenessMode

_KEYS: Final = (
    "default_branch", "strict_branches", "max_retries", "cancel_finished", "error_name_case", "pause_schedules_after",
    "projects", "datasets", "jobspecs", "commits",
)  # fmt: skip
_MOST_RETRIES = 1000
_MOST_FAILURES = 1000
_LONGEST_RID = 200


def checked_orchestration(key: str, value: Any, problems: Problems) -> Any:
    """The value as an `OrchestrationConfig`."""
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    before = len(problems.found)
    reader = Entries(key, value, _KEYS, problems)
    branch = value.get("default_branch")
    default_branch = branch if isinstance(branch, str) and branch else "master"
    config = OrchestrationConfig(
        default_branch=reader.one("default_branch", text, "master"),
        strict_branches=reader.one("strict_branches", flag, False),
        max_retries=reader.one("max_retries", whole(0, _MOST_RETRIES), 10),
        cancel_finished=reader.one("cancel_finished", choice(CancelFinished), CancelFinished.ACCEPT),
        error_name_case=reader.one("error_name_case", choice(ErrorNameCase), ErrorNameCase.AUTO),
        pause_schedules_after=reader.one("pause_schedules_after", _failures, None),
        projects=reader.all("projects", _project),
        datasets=reader.all("datasets", _dataset),
        jobspecs=reader.all("jobspecs", lambda item: _spec(item, default_branch)),
        commits=reader.all("commits", lambda item: _commit(item, default_branch)),
    )
    if len(problems.found) == before:
        for inner, problem, hint in _contradictions(config):
            problems.at_key(key, f"{key}: {problem}", inner=inner, hint=hint)
    return config if len(problems.found) == before else UNSET


# -- single values -----------------------------------------------------------------------------


def _failures(value: Any) -> int | None:
    if value is not None and (type(value) is not int or not 1 <= value <= _MOST_FAILURES):
        raise Wrong(f"must be None, or an integer from 1 to {_MOST_FAILURES}, not {value!r}")
    failures: int | None = value
    return failures


def _rid(value: Any) -> str:
    rid = text(value)
    if not rid.startswith("ri.") or rid.count(".") < 4 or len(rid) > _LONGEST_RID:
        raise Wrong(f"must be an identifier like ri.foundry.main.dataset.NAME, not {value!r}")
    return rid


# -- entries -----------------------------------------------------------------------------------


def _project(item: Any) -> ProjectDeclaration:
    if isinstance(item, str):
        return ProjectDeclaration(name=text(item))
    item = members(item, "name", "rid")
    return ProjectDeclaration(name=member(item, "name", text), rid=member(item, "rid", _rid, ""))


def _dataset(item: Any) -> DatasetDeclaration:
    if isinstance(item, str):
        return DatasetDeclaration(name=text(item))
    item = members(item, "name", "rid", "project", "changes", "readers", "builders")
    return DatasetDeclaration(
        name=member(item, "name", text),
        rid=member(item, "rid", _rid, ""),
        project=member(item, "project", text, None),
        changes=member(item, "changes", _changes, None),
        readers=member(item, "readers", _roles, None),
        builders=member(item, "builders", _roles, None),
    )


def _roles(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(role, str) and role for role in value):
        raise Wrong(f"must be a list of roles, not {value!r}")
    return frozenset(value)


def _changes(value: Any) -> Any:
    if not isinstance(value, ChangeFilter):
        raise Wrong(f"must be a util.ChangeFilter(...), not {value!r}")
    return value


def _spec(item: Any, default_branch: str) -> SpecDeclaration:
    item = members(item, "branch", "outputs", "inputs", "builder", "properties", "mode")
    outputs = member(item, "outputs", _names)
    if not outputs:
        raise Wrong("needs at least one output")
    return SpecDeclaration(
        branch=member(item, "branch", text, default_branch),
        outputs=outputs,
        inputs=member(item, "inputs", _names, ()),
        builder=member(item, "builder", text),
        properties=member(item, "properties", _properties, {}),
        mode=member(item, "mode", choice(StalenessMode), StalenessMode.CHANGED),
    )


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise Wrong(f"must be a list of names of datasets, not {value!r}")
    names = tuple(map(text, value))
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise Wrong(f"names {doubles[0]!r} twice")
    return names


def _properties(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise Wrong(f"must be a dictionary of properties, not {value!r}")
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(value)))
    except (TypeError, ValueError) as problem:
        raise Wrong(f"must hold what JSON can represent: {problem}") from None
    return plain


def _commit(item: Any, default_branch: str) -> CommitDeclaration:
    item = members(item, "dataset", "branch")
    return CommitDeclaration(dataset=member(item, "dataset", text), branch=member(item, "branch", text, default_branch))


# -- all together ------------------------------------------------------------------------------


def _contradictions(config: OrchestrationConfig) -> Iterable[tuple[str, str, str | None]]:
    """Of each: the key inside, what is wrong, and a hint."""
    for inner, things in (("projects", config.projects), ("datasets", config.datasets)):
        for kind, values in (
            ("called", [thing.name for thing in things]),
            ("with the rid", [thing.its_rid for thing in things]),
        ):
            for double in dict.fromkeys(value for value in values if values.count(value) > 1):
                yield inner, f"two {inner} {kind} {double!r}", None
    projects = {project.name for project in config.projects}
    names = {dataset.name for dataset in config.datasets}
    for dataset in config.datasets:
        if dataset.project is not None and dataset.project not in projects:
            problem = f"dataset {dataset.name!r} names a project that is not declared: {dataset.project!r}"
            yield "datasets", problem, nearest(dataset.project, projects)
    made: dict[tuple[str, str], int] = {}
    for index, spec in enumerate(config.jobspecs):
        for name in dict.fromkeys((*spec.outputs, *spec.inputs)):
            if name not in names:
                problem = f"jobspecs[{index}] names a dataset that is not declared: {name!r}"
                yield "jobspecs", problem, nearest(name, names)
        for name in spec.outputs:
            first = made.setdefault((spec.branch, name), index)
            if first != index:
                problem = f"jobspecs[{first}] and jobspecs[{index}] both make {name!r} on branch {spec.branch!r}"
                yield "jobspecs", problem, None
    for commit in config.commits:
        if commit.dataset not in names:
            problem = f"commits names a dataset that is not declared: {commit.dataset!r}"
            yield "commits", problem, nearest(commit.dataset, names)
