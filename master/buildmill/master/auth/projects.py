"""`ProjectRule`: who may read and change what belongs to a project, beside the other rules of ``www['authz']``."""

from __future__ import annotations

from typing import Any

from buildmill.master.domain import projects
from buildmill.master.domain.config_errors import config_error, users_place


class ProjectRule:
    """What is needed for some projects; see `domain.projects`.

    Args:
        project: a name, a list of names, or ``"*"`` for everything that no rule before this one names.
        readers: roles, of which one is needed to read; None leaves reading to everybody who may read at all.
        changers: roles, of which one is needed to stop, rebuild, cancel or force; None leaves it to the other rules.
    """

    def __init__(self, project: Any, readers: Any = None, changers: Any = None) -> None:
        self.file, self.line = users_place()
        names = [project] if isinstance(project, str) else project
        if not isinstance(names, list | tuple) or not names or not all(isinstance(n, str) and n for n in names):
            config_error(f"ProjectRule: project must be a name, or a list of names, not {project!r}")
            names = ["*"]
        if "*" in names and len(names) > 1:
            config_error("ProjectRule: project: '*' stands for everything, and needs no names beside it")
        if any("*" in name or "?" in name for name in names if name != "*"):
            config_error(f"ProjectRule: project: names are no patterns: {project!r}")
        if readers is None and changers is None:
            config_error("ProjectRule: give readers, changers, or both")
        self.rule = projects.ProjectRule(
            None if "*" in names else frozenset(names), _roles("readers", readers), _roles("changers", changers)
        )


def _roles(name: str, given: Any) -> frozenset[str] | None:
    if given is None:
        return None
    if not isinstance(given, list | tuple) or not all(isinstance(role, str) and role for role in given):
        config_error(f"ProjectRule: {name} must be a list of roles, not {given!r}")
        return frozenset()  # nobody
    return frozenset(given)
