"""A change as the functions of a configuration see it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from buildmill.master.domain.properties import Properties
from buildmill.master.domain.resources import Change as ChangeRow


class Change:
    """One change, for ``fileIsImportant``, ``filter_fn`` and their like. Attributes have Buildbot's names.

    Attributes:
        number: the change's id.
        who: the author.
        when: seconds since the epoch.
        properties: of the change.
    """

    def __init__(self, row: ChangeRow) -> None:
        self.row = row
        self.number = self.changeid = row.changeid
        self.who = self.author = row.author
        self.committer = row.committer
        self.files = list(row.files)
        self.comments = row.comments
        self.revision = row.revision
        self.when = row.when_timestamp
        self.branch = row.branch
        self.category = row.category
        self.revlink = row.revlink
        self.repository = row.repository
        self.codebase = row.codebase
        self.project = row.project
        self.properties = Properties.fromDict({name: (value, src) for name, (value, src) in row.properties.items()})

    @classmethod
    def of_document(cls, document: Mapping[str, Any]) -> Change:
        """The change that a document of the data API describes."""
        return cls(msgspec.convert(_with_plain_times(document), ChangeRow))

    def asChDict(self) -> dict[str, Any]:
        """The change as a document of the data API."""
        return {name: getattr(self.row, name) for name in self.row.__struct_fields__}

    def __repr__(self) -> str:
        return f"Change({self.number}, revision={self.revision!r}, branch={self.branch!r})"


def _with_plain_times(document: Mapping[str, Any]) -> dict[str, Any]:
    """Instants as rows have them (seconds); `data.get` gives plugins `datetime`."""
    return {
        name: int(value.timestamp())
        if isinstance(value, datetime)
        else _with_plain_times(value)
        if name == "sourcestamp"
        else value
        for name, value in document.items()
    }
