"""What stands for a new build, and what does not."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.common.results import Result
from buildmill.master.domain.taking_over import Part, Triggered, divide, part_of


def triggered(**values: Any) -> Triggered:
    return Triggered(**{"builder_id": 1, "build_id": 5, "results": Result.SUCCESS, "from_build_id": 2, **values})


@pytest.mark.parametrize("result", list(Result))
def test_only_what_ended_well_is_taken(result: Result) -> None:
    one = triggered(results=result)

    divided = divide([one], None)

    is_good = result in (Result.SUCCESS, Result.WARNINGS, Result.SKIPPED)
    assert (divided.taken, divided.again) == (((one,), ()) if is_good else ((), (one,)))


@pytest.mark.parametrize("values", [{"results": None}, {"build_id": None}, {"build_id": None, "results": None}])
def test_what_has_not_ended_or_never_ran_is_asked_for_again(values: dict[str, Any]) -> None:
    one = triggered(**values)

    assert divide([one], None).again == (one,)


def test_a_builder_that_is_not_asked_any_more_is_forgotten() -> None:
    good, bad = triggered(builder_id=1), triggered(builder_id=2, results=Result.FAILURE)

    divided = divide([good, bad], frozenset({3}))

    assert (divided.taken, divided.again) == ((), ())


@pytest.mark.parametrize(("value", "part"), [(None, Part.ALL), ("all", Part.ALL), ("failed", Part.FAILED)])
def test_parts(value: object, part: Part) -> None:
    assert part_of(value) is part


@pytest.mark.parametrize("value", ["", "half", 1, ["failed"], {}, True])
def test_an_unknown_part_is_refused_with_those_that_there_are(value: object) -> None:
    with pytest.raises(InvalidInput, match="part: expected one of all, failed"):
        part_of(value)
