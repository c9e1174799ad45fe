"""Names of the results by code."""

from __future__ import annotations

from buildmill.common.results import Result

RESULT_NAMES = [result.text for result in Result]
