"""Updates about results of tests, with Buildbot's names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.common.errors import InvalidInput
from buildmill.master.data.writing import Writing
from buildmill.master.db import test_results
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.result_resources import fitting, new_result

_KEYS = ("value", "test_name", "test_code_path", "line", "duration_ns")


class UpdatesOfTests(Writing):
    """What steps write down of the tests that they run; a part of `Updates`."""

    async def addTestResultSet(
        self, builderid: int, buildid: int, stepid: int, description: str, category: str, value_unit: str
    ) -> int:
        """Begin a set of test results; returns its id.

        Raises:
            NotFound: no such step.
            InvalidInput: the step is another build's, or a text is missing.
        """
        for name, value in (("category", category), ("value_unit", value_unit)):
            if not isinstance(value, str) or not value:
                raise InvalidInput(name, f"expected text, got {value!r}")

        def unit(tx: Transaction) -> int:
            test_results.check_belongs(tx, stepid, buildid, builderid)
            return test_results.add_set(tx, stepid, description, category, value_unit).test_result_setid

        return await self._write(unit)

    async def completeTestResultSet(
        self, test_result_setid: int, tests_passed: int | None = None, tests_failed: int | None = None
    ) -> None:
        """Say that nothing more belongs to a set, and how many of its tests passed and failed, if that can be said.

        Raises:
            NotFound: no such set.
            Conflict: it is complete already.
        """
        await self._write(test_results.complete_set, test_result_setid, tests_passed, tests_failed)

    async def addTestResults(
        self, builderid: int, test_result_setid: int, result_values: Sequence[Mapping[str, Any]]
    ) -> None:
        """Add results to a set; many are written in several transactions.

        Args:
            result_values: for each ``value`` (text) and at least one of ``test_name`` and ``test_code_path``; ``line``
                from 1 and ``duration_ns`` if they are known.

        Raises:
            InvalidInput: names what is wrong; nothing is written.
            NotFound: no such set.
        """
        results = []
        for given in result_values:
            for name in given:
                if name not in _KEYS:
                    raise InvalidInput(str(name), f"no such part of a result; known: {', '.join(_KEYS)}")
            results.append(fitting(new_result(**{"value": None, **given})))

        def unit(tx: Transaction, start: int) -> None:
            expected = test_results.get_set(tx, test_result_setid).builderid
            if builderid != expected:
                raise InvalidInput("builderid", f"expected {expected}, which the set belongs to, not {builderid}")
            test_results.add_results(tx, test_result_setid, results[start : start + test_results.AT_ONCE])

        for start in range(0, len(results), test_results.AT_ONCE):
            await self._write(unit, start)
