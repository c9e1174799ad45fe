"""What is wrong with a form that somebody has sent."""

from __future__ import annotations

from collections.abc import Mapping

from buildmill.common.errors import BuildmillError


class InvalidParameters(BuildmillError):
    """Parameters of a forced build that cannot be taken.

    Attributes:
        fields: what is wrong with each, by the parameter's full name.
    """

    def __init__(self, fields: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in fields.items()))
        self.fields = dict(fields)
