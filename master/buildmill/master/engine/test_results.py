"""`StepTestResults`: the sets of test results that a step makes, and what it has found for them so far.

Results are kept in memory until the step's code has ended and are written then, in their order. So it does not matter
when exactly they were found: a step that is entered again writes the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from buildmill.common.errors import InvalidInput
from buildmill.master.db import test_results
from buildmill.master.db.transaction import Transaction
from buildmill.master.domain.result_resources import NewResult, fitting, new_result, passed_and_failed
from buildmill.master.domain.secret_mask import SecretMask
from buildmill.master.domain.storable import storable
from buildmill.master.engine.calls import StepCalls

MOST_RESULTS = 100_000
"""Results that one step may keep."""

MOST_TEXT = 32 * 1024 * 1024
"""Characters that the values, names and paths of one step may have together."""


@dataclass
class _Set:
    category: str
    value_unit: str
    results: list[NewResult] = field(default_factory=list)


class StepTestResults:
    """See the module.

    Attributes:
        left_out: results that were too many to be kept.
    """

    def __init__(self) -> None:
        self._sets: dict[int, _Set] = {}
        self._kept = 0
        self._text = 0
        self.left_out = 0

    @property
    def is_used(self) -> bool:
        """Whether the step has sets that are not written to their end."""
        return bool(self._sets)

    async def add_set(self, calls: StepCalls, description: str, category: str, value_unit: str) -> int:
        """Begin a set; its id.

        Raises:
            InvalidInput: a text is missing.
        """
        for name, value in (("category", category), ("value_unit", value_unit)):
            if not isinstance(value, str) or not value:
                raise InvalidInput(name, f"expected text, got {value!r}")
        description = storable(calls.mask.text(str(description)))

        def unit(tx: Transaction) -> int:
            return test_results.add_set(tx, calls.step_id, description, category, value_unit).test_result_setid

        set_id: int = await calls.write_once("result set", [description, category, value_unit], unit)
        self._sets[set_id] = _Set(category, value_unit)
        return set_id

    def add(
        self,
        set_id: int,
        value: str,
        test_name: str | None,
        test_code_path: str | None,
        line: int | None,
        duration_ns: int | None,
    ) -> None:
        """Add a result to a set of this step.

        Raises:
            KeyError: the set is not this step's.
            InvalidInput: names what is wrong with the result.
        """
        if set_id not in self._sets:
            raise KeyError(f"the step has no set of test results {set_id}")
        result = new_result(value, test_name, test_code_path, line, duration_ns)
        length = len(result.value) + len(result.name or "") + len(result.code_path or "")
        if self._kept >= MOST_RESULTS or self._text + length > MOST_TEXT:
            self.left_out += 1
            return
        self._kept += 1
        self._text += length
        self._sets[set_id].results.append(result)

    async def write(self, calls: StepCalls) -> None:
        """Write all results, and complete the sets."""
        for set_id, found in list(self._sets.items()):
            for start in range(0, len(found.results), test_results.AT_ONCE):
                await write_batch(calls, set_id, found.results[start : start + test_results.AT_ONCE])
            values = [result.value for result in found.results]
            await complete(calls, set_id, *passed_and_failed(found.category, found.value_unit, values))
            del self._sets[set_id]


async def write_batch(calls: StepCalls, set_id: int, results: Sequence[NewResult]) -> None:
    """Add results to a set, at most `test_results.AT_ONCE`."""
    masked = [fitting(_masked(result, calls.mask)) for result in results]
    content = [(r.value, r.name, r.code_path, r.line, r.duration_ns) for r in masked]
    await calls.write_once("results", [set_id, content], lambda tx: test_results.add_results(tx, set_id, masked))


async def complete(calls: StepCalls, set_id: int, passed: int | None, failed: int | None) -> None:
    """Complete a set."""
    await calls.write_once(
        "result set end",
        [set_id, passed, failed],
        lambda tx: test_results.complete_set(tx, set_id, passed, failed),
    )


def _masked(result: NewResult, mask: SecretMask) -> NewResult:
    def hidden(text: str | None) -> str | None:
        return None if text is None else mask.text(text)

    return NewResult(
        mask.text(result.value), hidden(result.name), hidden(result.code_path), result.line, result.duration_ns
    )
