"""`Project` and `Codebase`: how builders and sources are grouped, as a configuration describes it."""

from __future__ import annotations

from buildmill.master.domain.config_errors import config_error, users_place
from buildmill.master.domain.project_names import NAME_LENGTH, slug_of


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


def _checked(kind: str, name: object) -> str:
    if not isinstance(name, str) or not name or len(name) > NAME_LENGTH:
        config_error(f"the name of a {kind} must be a string of 1 to {NAME_LENGTH} characters, not {name!r}")
    return str(name)
