"""`ChangeFilter`: which changes a scheduler cares for."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from buildmill.master.domain.config_errors import config_error

_ATTRIBUTES = ("project", "repository", "branch", "category", "codebase")


class _NotGiven:
    def __repr__(self) -> str:
        return "<not given>"


NOT_GIVEN: Final = _NotGiven()
"""The default of arguments for which None means something."""


@dataclass(frozen=True)
class Check:
    """One condition on one value of a change."""

    where: str
    comparison: str
    accepts: Callable[[Any], bool]
    wanted: Any

    def __str__(self) -> str:
        return f"{self.where} {self.comparison} {self.wanted!r}"


class ChangeFilter:
    """Conditions on a change that must all hold.

    For each of project, repository, branch, category, codebase there are ``X`` (or ``X_eq``) and ``X_not_eq``
    (a string or a list of strings; for branch and codebase's None see below), ``X_re`` and ``X_not_re``
    (regular expressions that match from the start, alone or in a list: one must match, or none may), ``X_fn``
    (a function of the value). ``branch=None`` asks for changes without a branch; for all others, None means
    that nothing is asked. ``property_eq``, ``property_not_eq``, ``property_re``, ``property_not_re`` are
    dictionaries from a property's name to the same. ``filter_fn`` gets the whole change.

    A value that is None matches no regular expression; a property that is missing equals nothing.
    """

    def __init__(
        self,
        filter_fn: Callable[[Any], bool] | None = None,
        *,
        branch: Any = NOT_GIVEN,
        branch_eq: Any = NOT_GIVEN,
        branch_not_eq: Any = NOT_GIVEN,
        property_eq: Mapping[str, Any] | None = None,
        property_not_eq: Mapping[str, Any] | None = None,
        property_re: Mapping[str, Any] | None = None,
        property_not_re: Mapping[str, Any] | None = None,
        **conditions: Any,
    ) -> None:
        self.filter_fn = filter_fn
        if filter_fn is not None and not callable(filter_fn):
            config_error(f"ChangeFilter: filter_fn must be callable, not {filter_fn!r}")
            self.filter_fn = None
        conditions["branch"], conditions["branch_eq"] = branch, branch_eq
        conditions["branch_not_eq"] = branch_not_eq
        self._checks: list[tuple[str, Check]] = []
        for attribute in _ATTRIBUTES:
            for suffix in ("", "_eq", "_not_eq", "_re", "_not_re", "_fn"):
                nothing = NOT_GIVEN if attribute == "branch" and suffix in ("", "_eq", "_not_eq") else None
                wanted = conditions.pop(attribute + suffix, nothing)
                if wanted is not nothing:
                    self._add(attribute, attribute + suffix, suffix.removeprefix("_") or "eq", wanted)
        if conditions:
            config_error(f"ChangeFilter: unknown arguments {', '.join(sorted(conditions))}")
        self._property_checks: list[tuple[str, Check]] = []
        for suffix, wanted_by_name in (
            ("eq", property_eq),
            ("not_eq", property_not_eq),
            ("re", property_re),
            ("not_re", property_not_re),
        ):
            if wanted_by_name is not None and not isinstance(wanted_by_name, Mapping):
                config_error(f"ChangeFilter: property_{suffix} must be a dictionary, not {wanted_by_name!r}")
                continue
            for name, wanted in (wanted_by_name or {}).items():
                self._add_property(name, f"property_{suffix}[{name!r}]", suffix, wanted)

    def filter_change(self, change: Any) -> bool:
        """Whether the change passes.

        Args:
            change: has the attributes that are asked for, `properties` with ``getProperty`` among them.
        """
        if self.filter_fn is not None and not self.filter_fn(change):
            return False
        if not all(check.accepts(getattr(change, attribute)) for attribute, check in self._checks):
            return False
        return all(check.accepts(change.properties.getProperty(name)) for name, check in self._property_checks)

    def __repr__(self) -> str:
        conditions = [str(check) for _, check in (*self._checks, *self._property_checks)]
        if self.filter_fn is not None:
            conditions.append(f"{getattr(self.filter_fn, '__name__', self.filter_fn)}()")
        return f"<ChangeFilter on {' and '.join(conditions) or 'anything'}>"

    def _add(self, attribute: str, argument: str, comparison: str, wanted: Any) -> None:
        check = make_check(argument, comparison, wanted, allow_none=attribute in ("branch", "codebase", "category"))
        if check is not None:
            self._checks.append((attribute, check))

    def _add_property(self, name: str, argument: str, comparison: str, wanted: Any) -> None:
        check = make_check(argument, comparison, wanted, allow_none=False, any_value=True)
        if check is not None:
            self._property_checks.append((name, check))


def make_check(
    argument: str,
    comparison: str,
    wanted: Any,
    *,
    allow_none: bool,
    any_value: bool = False,
    owner: str = "ChangeFilter",
) -> Check | None:
    """The condition that an argument of a filter stands for; None after a mistake in it was reported.

    Args:
        comparison: eq, not_eq, re, not_re or fn.
        allow_none: whether None may be compared with.
        any_value: whether numbers may.
        owner: how error texts name the filter.
    """
    where = argument.removesuffix(f"_{comparison}")
    if comparison == "fn":
        if not callable(wanted):
            config_error(f"{owner}: {argument} must be callable, not {wanted!r}")
            return None
        return Check(where, "passes", wanted, wanted)
    choices = wanted if isinstance(wanted, list | tuple | set | frozenset) else [wanted]
    if comparison in ("eq", "not_eq"):
        allowed = (str, type(None)) if allow_none else (str, int, float, bool) if any_value else (str,)
        if not all(isinstance(choice, allowed) for choice in choices):
            config_error(f"{owner}: {argument} must be a string or a list of strings, not {wanted!r}")
            return None
        values = tuple(choices)
        if comparison == "eq":
            return Check(where, "in", lambda value: value in values, list(values))
        return Check(where, "not in", lambda value: value not in values, list(values))
    patterns = _compiled(owner, argument, choices)
    if patterns is None:
        return None
    if comparison == "re":
        return Check(where, "matches", lambda value: _matches(patterns, value), [p.pattern for p in patterns])
    return Check(where, "does not match", lambda value: not _matches(patterns, value), [p.pattern for p in patterns])


def _compiled(owner: str, argument: str, choices: Any) -> list[re.Pattern[str]] | None:
    patterns: list[re.Pattern[str]] = []
    for choice in choices:
        try:
            patterns.append(re.compile(choice))
        except (re.error, TypeError) as problem:
            config_error(f"{owner}: {argument} must be a regular expression, not {choice!r}: {problem}")
            return None
    return patterns


def _matches(patterns: list[re.Pattern[str]], value: Any) -> bool:
    return isinstance(value, str) and any(pattern.match(value) for pattern in patterns)


class GerritChangeFilter(ChangeFilter):
    """A filter for changes that a Gerrit server tells of, by the event's branch and type.

    Args:
        branch, branch_re, branch_fn: of the event, its property ``event.change.branch``.
        eventtype, eventtype_re, eventtype_fn: the property ``event.type``, as ``patchset-created``.
        filter_fn, conditions: see `ChangeFilter`.
    """

    def __init__(
        self,
        branch: Any = NOT_GIVEN,
        branch_re: Any = None,
        branch_fn: Callable[[Any], bool] | None = None,
        eventtype: Any = None,
        eventtype_re: Any = None,
        eventtype_fn: Callable[[Any], bool] | None = None,
        filter_fn: Callable[[Any], bool] | None = None,
        **conditions: Any,
    ) -> None:
        super().__init__(filter_fn, **conditions)
        for name, argument, comparison, wanted in (
            ("event.change.branch", "branch", "eq", None if branch is NOT_GIVEN else branch),
            ("event.change.branch", "branch_re", "re", branch_re),
            ("event.change.branch", "branch_fn", "fn", branch_fn),
            ("event.type", "eventtype", "eq", eventtype),
            ("event.type", "eventtype_re", "re", eventtype_re),
            ("event.type", "eventtype_fn", "fn", eventtype_fn),
        ):
            if wanted is not None:
                self._add_property(name, argument, comparison, wanted)
