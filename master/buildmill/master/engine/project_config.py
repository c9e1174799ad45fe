"""`Project` and `Codebase`: how builders and sources are grouped, as a configuration describes it."""

from __future__ import annotations

import re

from buildmill.master.domain.config_errors import config_error, users_place

_NAME_LIMIT = 70


class Project:
    """A group of builders.

    Args:
        name: unique, at most 70 characters.
        slug: identifies it in addresses; derived from the name if not given.
        description, description_format: text for its page; the format is None or ``markdown``.
    """

    def __init__(
        self,
        name: str,
        slug: str | None = None,
        description: str | None = None,
        description_format: str | None = None,
    ) -> None:
        self.file, self.line = users_place()
        self.name = _checked("project", name)
        self.slug = slug or slug_of(self.name)
        if description_format not in (None, "markdown"):
            config_error(f"project {name!r}: description_format must be None or 'markdown', not {description_format!r}")
            description_format = None
        self.description = description
        self.description_format = description_format


class Codebase:
    """A body of sources that belongs to a project.

    Args:
        name: unique within the project, at most 70 characters.
        project: name of the project.
        slug: identifies it in addresses; derived from the name if not given.
    """

    def __init__(self, name: str, project: str, slug: str | None = None) -> None:
        self.file, self.line = users_place()
        self.name = _checked("codebase", name)
        self.project = _checked("project", project)
        self.slug = slug or slug_of(self.name)


def slug_of(name: str) -> str:
    """A name as an identifier: what may not stand in one becomes ``_``."""
    slug = re.sub(r"[^\w-]", "_", name)[:_NAME_LIMIT]
    return slug if slug and not slug[0].isdigit() else "_" + slug


def _checked(kind: str, name: object) -> str:
    if not isinstance(name, str) or not name or len(name) > _NAME_LIMIT:
        config_error(f"the name of a {kind} must be a string of 1 to {_NAME_LIMIT} characters, not {name!r}")
    return str(name)
