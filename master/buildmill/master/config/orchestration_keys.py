"""The key ``orchestration``: datasets, job specs and settings of job graphs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, TypeVar

import msgspec

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

T = TypeVar("T")
S = TypeVar("S", bound=StrEnum)

_KEYS: Final = (
    "default_branch", "strict_branches", "max_retries", "cancel_finished", "error_name_case", "pause_schedules_after",
    "projects", "datasets", "jobspecs", "commits",
)  # fmt: skip
_MOST_RETRIES = 1000
_MOST_FAILURES = 1000
_LONGEST_RID = 200


class _Wrong(Exception):
    """What is wrong with one entry, in words."""


def checked_orchestration(key: str, value: Any, problems: Problems) -> Any:
    """The value as an `OrchestrationConfig`."""
    if not isinstance(value, Mapping):
        problems.at_key(key, f"{key} must be a dictionary, not {value!r}")
        return UNSET
    before = len(problems.found)
    for name in value:
        if name not in _KEYS:
            problems.at_key(key, f"{key}: unknown key {name!r}", inner=str(name), hint=nearest(str(name), _KEYS))
    reader = _Reader(key, value, problems)
    config = OrchestrationConfig(
        default_branch=reader.one("default_branch", _text, "master"),
        strict_branches=reader.one("strict_branches", _flag, False),
        max_retries=reader.one("max_retries", _retries, 10),
        cancel_finished=reader.one("cancel_finished", _choice(CancelFinished), CancelFinished.ACCEPT),
        error_name_case=reader.one("error_name_case", _choice(ErrorNameCase), ErrorNameCase.AUTO),
        pause_schedules_after=reader.one("pause_schedules_after", _failures, None),
        projects=reader.all("projects", _project),
        datasets=reader.all("datasets", _dataset),
        jobspecs=reader.all("jobspecs", lambda item: _spec(item, reader.default_branch)),
        commits=reader.all("commits", lambda item: _commit(item, reader.default_branch)),
    )
    if len(problems.found) == before:
        for inner, text, hint in _contradictions(config):
            problems.at_key(key, f"{key}: {text}", inner=inner, hint=hint)
    return config if len(problems.found) == before else UNSET


class _Reader:
    """Reads the keys, and says of each fault where it is."""

    def __init__(self, key: str, value: Mapping[Any, Any], problems: Problems) -> None:
        self._key = key
        self._value = value
        self._problems = problems
        branch = value.get("default_branch")
        self.default_branch = branch if isinstance(branch, str) and branch else "master"

    def one(self, name: str, check: Callable[[Any], T], default: T) -> T:
        if name not in self._value:
            return default
        try:
            return check(self._value[name])
        except _Wrong as wrong:
            self._problems.at_key(self._key, f"{self._key}[{name!r}] {wrong}", inner=name)
            return default

    def all(self, name: str, check: Callable[[Any], T]) -> tuple[T, ...]:
        items = self._value.get(name, ())
        if not isinstance(items, list | tuple):
            self._problems.at_key(self._key, f"{self._key}[{name!r}] must be a list, not {items!r}", inner=name)
            return ()
        found = []
        for index, item in enumerate(items):
            try:
                found.append(check(item))
            except _Wrong as wrong:
                self._problems.at_key(self._key, f"{self._key}[{name!r}][{index}] {wrong}", inner=name)
        return tuple(found)


# -- single values -----------------------------------------------------------------------------


def _text(value: Any) -> str:
    if not isinstance(value, str) or not value or "\0" in value:
        raise _Wrong(f"must be a string that is not empty, not {value!r}")
    return value


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise _Wrong(f"must be True or False, not {value!r}")
    return value


def _retries(value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= _MOST_RETRIES:
        raise _Wrong(f"must be an integer from 0 to {_MOST_RETRIES}, not {value!r}")
    return value


def _failures(value: Any) -> int | None:
    if value is not None and (type(value) is not int or not 1 <= value <= _MOST_FAILURES):
        raise _Wrong(f"must be None, or an integer from 1 to {_MOST_FAILURES}, not {value!r}")
    failures: int | None = value
    return failures


def _choice(cls: type[S]) -> Callable[[Any], S]:
    def check(value: Any) -> S:
        try:
            return cls(value)
        except ValueError:
            raise _Wrong(f"must be one of {', '.join(cls)}, not {value!r}") from None

    return check


def _rid(value: Any) -> str:
    text = _text(value)
    if not text.startswith("ri.") or text.count(".") < 4 or len(text) > _LONGEST_RID:
        raise _Wrong(f"must be an identifier like ri.foundry.main.dataset.NAME, not {value!r}")
    return text


def _member(item: Mapping[Any, Any], name: str, check: Callable[[Any], T], default: Any = UNSET) -> T:
    if name not in item:
        if default is UNSET:
            raise _Wrong(f"needs {name!r}")
        given: T = default
        return given
    try:
        return check(item[name])
    except _Wrong as wrong:
        raise _Wrong(f"[{name!r}] {wrong}") from None


def _members(item: Any, *names: str) -> Mapping[Any, Any]:
    if not isinstance(item, Mapping):
        raise _Wrong(f"must be a dictionary with {', '.join(names)}, not {item!r}")
    if unknown := [str(name) for name in item if name not in names]:
        raise _Wrong(f"has the unknown key {unknown[0]!r}; known are {', '.join(names)}")
    return item


# -- entries -----------------------------------------------------------------------------------


def _project(item: Any) -> ProjectDeclaration:
    if isinstance(item, str):
        return ProjectDeclaration(name=_text(item))
    item = _members(item, "name", "rid")
    return ProjectDeclaration(name=_member(item, "name", _text), rid=_member(item, "rid", _rid, ""))


def _dataset(item: Any) -> DatasetDeclaration:
    if isinstance(item, str):
        return DatasetDeclaration(name=_text(item))
    item = _members(item, "name", "rid", "project", "changes", "readers", "builders")
    return DatasetDeclaration(
        name=_member(item, "name", _text),
        rid=_member(item, "rid", _rid, ""),
        project=_member(item, "project", _text, None),
        changes=_member(item, "changes", _changes, None),
        readers=_member(item, "readers", _roles, None),
        builders=_member(item, "builders", _roles, None),
    )


def _roles(value: Any) -> frozenset[str] | None:
    if value is None:
        return None
    if not isinstance(value, list | tuple) or not all(isinstance(role, str) and role for role in value):
        raise _Wrong(f"must be a list of roles, not {value!r}")
    return frozenset(value)


def _changes(value: Any) -> Any:
    if not isinstance(value, ChangeFilter):
        raise _Wrong(f"must be a util.ChangeFilter(...), not {value!r}")
    return value


def _spec(item: Any, default_branch: str) -> SpecDeclaration:
    item = _members(item, "branch", "outputs", "inputs", "builder", "properties", "mode")
    outputs = _member(item, "outputs", _names)
    if not outputs:
        raise _Wrong("needs at least one output")
    return SpecDeclaration(
        branch=_member(item, "branch", _text, default_branch),
        outputs=outputs,
        inputs=_member(item, "inputs", _names, ()),
        builder=_member(item, "builder", _text),
        properties=_member(item, "properties", _properties, {}),
        mode=_member(item, "mode", _choice(StalenessMode), StalenessMode.CHANGED),
    )


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise _Wrong(f"must be a list of names of datasets, not {value!r}")
    names = tuple(map(_text, value))
    if doubles := sorted({name for name in names if names.count(name) > 1}):
        raise _Wrong(f"names {doubles[0]!r} twice")
    return names


def _properties(value: Any) -> Mapping[str, Any]:
    if not isinstance(value, Mapping) or not all(isinstance(name, str) for name in value):
        raise _Wrong(f"must be a dictionary of properties, not {value!r}")
    try:
        plain: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(dict(value)))
    except (TypeError, ValueError) as problem:
        raise _Wrong(f"must hold what JSON can represent: {problem}") from None
    return plain


def _commit(item: Any, default_branch: str) -> CommitDeclaration:
    item = _members(item, "dataset", "branch")
    return CommitDeclaration(
        dataset=_member(item, "dataset", _text), branch=_member(item, "branch", _text, default_branch)
    )


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
            text = f"dataset {dataset.name!r} names a project that is not declared: {dataset.project!r}"
            yield "datasets", text, nearest(dataset.project, projects)
    made: dict[tuple[str, str], int] = {}
    for index, spec in enumerate(config.jobspecs):
        for name in dict.fromkeys((*spec.outputs, *spec.inputs)):
            if name not in names:
                text = f"jobspecs[{index}] names a dataset that is not declared: {name!r}"
                yield "jobspecs", text, nearest(name, names)
        for name in spec.outputs:
            first = made.setdefault((spec.branch, name), index)
            if first != index:
                text = f"jobspecs[{first}] and jobspecs[{index}] both make {name!r} on branch {spec.branch!r}"
                yield "jobspecs", text, None
    for commit in config.commits:
        if commit.dataset not in names:
            text = f"commits names a dataset that is not declared: {commit.dataset!r}"
            yield "commits", text, nearest(commit.dataset, names)
