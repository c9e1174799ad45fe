"""Rows of projects and codebases."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sqlalchemy as sa

from buildmill.common.errors import Conflict, NotFound
from buildmill.master.db import tables as t
from buildmill.master.db.named import find_or_add
from buildmill.master.db.transaction import Connection, Transaction
from buildmill.master.domain.project_names import slug_of
from buildmill.master.domain.resources import Codebase, Project

_p, _c = t.projects.c, t.codebases.c


def find(tx: Transaction, name: str) -> int:
    """The id of the project called `name`, added at first sight."""
    return find_or_add(tx, t.projects, {"name": name}, {"slug": slug_of(name)})


def known(connection: Connection, name: str) -> int | None:
    """The id of the project called `name`, or None."""
    found: int | None = connection.sql.execute(sa.select(_p.id).where(_p.name == name)).scalar()
    return found


def get(connection: Connection, project_id: int) -> Project:
    """One project.

    Raises:
        NotFound: no such id.
    """
    row = connection.sql.execute(sa.select(t.projects).where(_p.id == project_id)).one_or_none()
    if row is None:
        raise NotFound(f"no project {project_id}")
    return Project(
        active=None, description=row.description, description_format=row.description_format,
        description_html=row.description_html, name=row.name, projectid=row.id, slug=row.slug,
    )  # fmt: skip


def update_info(tx: Transaction, project_id: int, values: Mapping[str, Any]) -> None:
    """Set slug, description, description_format, description_html; told if something differs.

    Raises:
        NotFound: no such project.
    """
    present = get(tx, project_id)
    if any(getattr(present, name) != value for name, value in values.items()):
        tx.sql.execute(t.projects.update().where(_p.id == project_id).values(**values))
        tx.emit(get(tx, project_id).event("update"))


def find_codebase(tx: Transaction, project_id: int, name: str) -> int:
    """The id of a project's codebase, added at first sight.

    Raises:
        NotFound: no such project.
    """
    get(tx, project_id)
    return find_or_add(tx, t.codebases, {"project_id": project_id, "name": name}, {"slug": slug_of(name)})


def known_codebase(connection: Connection, project_id: int, name: str) -> int | None:
    """The id of a project's codebase, or None."""
    query = sa.select(_c.id).where(_c.project_id == project_id, _c.name == name)
    found: int | None = connection.sql.execute(query).scalar()
    return found


def get_codebase(connection: Connection, codebase_id: int) -> Codebase:
    """One codebase.

    Raises:
        NotFound: no such id.
    """
    row = connection.sql.execute(sa.select(t.codebases).where(_c.id == codebase_id)).one_or_none()
    if row is None:
        raise NotFound(f"no codebase {codebase_id}")
    return Codebase(codebaseid=row.id, name=row.name, projectid=row.project_id, slug=row.slug)


def update_codebase_info(tx: Transaction, codebase_id: int, project_id: int, slug: str) -> None:
    """Set the project and the slug of a codebase; told if something differs.

    Raises:
        NotFound: no such codebase or project.
        Conflict: that project has another codebase of this name.
    """
    present = get_codebase(tx, codebase_id)
    if (present.projectid, present.slug) == (project_id, slug):
        return
    get(tx, project_id)
    if known_codebase(tx, project_id, present.name) not in (None, codebase_id):
        raise Conflict(f"project {project_id} has a codebase called {present.name} already")
    tx.sql.execute(t.codebases.update().where(_c.id == codebase_id).values(project_id=project_id, slug=slug))
    tx.emit(get_codebase(tx, codebase_id).event("update"))


def configure(
    tx: Transaction, projects: Sequence[Mapping[str, Any]], codebases: Sequence[Mapping[str, Any]]
) -> dict[str, int]:
    """Write down the projects and codebases of a configuration; others stay, they may be another master's.

    Args:
        projects: for each its ``name``, and what `update_info` takes.
        codebases: for each ``name``, ``project`` (a name out of `projects`), ``slug``.

    Returns:
        ``{project's name: id}``.
    """
    ids: dict[str, int] = {}
    for info in projects:
        ids[info["name"]] = found = find(tx, info["name"])
        update_info(tx, found, {name: value for name, value in info.items() if name != "name"})
    for info in codebases:
        project = ids[info["project"]]
        update_codebase_info(tx, find_codebase(tx, project, info["name"]), project, info["slug"])
    return ids
