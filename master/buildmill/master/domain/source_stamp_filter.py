"""`SourceStampFilter`: which sources a service cares for."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from buildmill.master.domain.change_filter import NOT_GIVEN, Check, make_check
from buildmill.master.domain.config_errors import config_error

_ATTRIBUTES = ("project", "codebase", "repository", "branch")


class SourceStampFilter:
    """Conditions on a source stamp that must all hold.

    For each of project, codebase, repository, branch there are ``X_eq``, ``X_not_eq`` (a string or a list of
    strings), ``X_re`` and ``X_not_re`` (regular expressions that match from the start, alone or in a list).
    ``branch_eq=None`` asks for source stamps without a branch; for all others, None means that nothing is asked.
    ``filter_fn`` gets the whole source stamp, a dictionary.
    """

    def __init__(self, filter_fn: Callable[[Mapping[str, Any]], bool] | None = None, **conditions: Any) -> None:
        if filter_fn is not None and not callable(filter_fn):
            config_error(f"SourceStampFilter: filter_fn must be callable, not {filter_fn!r}")
            filter_fn = None
        self.filter_fn = filter_fn
        self._checks: list[tuple[str, Check]] = []
        for attribute in _ATTRIBUTES:
            for comparison in ("eq", "not_eq", "re", "not_re"):
                argument = f"{attribute}_{comparison}"
                nothing = NOT_GIVEN if argument in ("branch_eq", "branch_not_eq") else None
                wanted = conditions.pop(argument, nothing)
                if wanted is nothing:
                    continue
                allow_none = attribute == "branch"
                check = make_check(argument, comparison, wanted, allow_none=allow_none, owner="SourceStampFilter")
                if check is not None:
                    self._checks.append((attribute, check))
        if conditions:
            config_error(f"SourceStampFilter: unknown arguments {', '.join(sorted(conditions))}")

    def is_matched(self, ss: Mapping[str, Any]) -> bool:
        """Whether a source stamp passes."""
        if self.filter_fn is not None and not self.filter_fn(ss):
            return False
        return all(check.accepts(ss[attribute]) for attribute, check in self._checks)

    def __repr__(self) -> str:
        conditions = [str(check) for _, check in self._checks]
        if self.filter_fn is not None:
            conditions.append(f"{getattr(self.filter_fn, '__name__', self.filter_fn)}()")
        return f"<SourceStampFilter on {' and '.join(conditions) or 'anything'}>"
