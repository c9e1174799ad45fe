"""How long logs are kept follows from what all steps that delete logs do."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from buildmill.master.domain.log_horizons import UNKNOWN, Kept, LogHorizons, kept

RULE = LogHorizons(
    general=timedelta(7),
    of_builders={"b1": timedelta(1)},
    of_tags={"slow": timedelta(30), "nightly": timedelta(60)},
)
UNCERTAIN = LogHorizons(of_builders={"b1": timedelta(3)}, of_tags={"slow": timedelta(4)}, is_general_known=False)


@pytest.mark.parametrize(
    ("name", "tags", "days"),
    [("b1", ["slow"], 1), ("b2", ["slow"], 30), ("b2", ["slow", "nightly"], 60), ("b2", [], 7)],
)
def test_the_horizon_of_a_builder_goes_over_those_of_its_tags(name: str, tags: Sequence[str], days: int) -> None:
    assert RULE.of(name, tags) == timedelta(days)


@pytest.mark.parametrize(
    ("rules", "name", "tags", "expected"),
    [
        ([], "b2", [], Kept(is_known=True)),
        ([LogHorizons()], "b2", [], Kept(is_known=True)),
        ([RULE], "b2", [], Kept(is_known=True, horizon=timedelta(7))),
        ([RULE, LogHorizons(), LogHorizons(general=timedelta(2))], "b2", [], Kept(is_known=True, horizon=timedelta(2))),
        ([RULE, UNKNOWN], "b2", [], Kept(is_known=False)),
        ([UNCERTAIN], "b2", [], Kept(is_known=False)),
        ([UNCERTAIN, RULE], "b1", [], Kept(is_known=True, horizon=timedelta(1))),
        ([UNCERTAIN], "b2", ["slow"], Kept(is_known=True, horizon=timedelta(4))),
    ],
)
def test_logs_are_kept_until_the_first_step_deletes_them(
    rules: Sequence[LogHorizons], name: str, tags: Sequence[str], expected: Kept
) -> None:
    assert kept(rules, name, tags) == expected
