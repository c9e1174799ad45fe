"""How the commands `graph …` draw and explain."""

from __future__ import annotations

from typing import Any

import pytest

from buildmill.common.errors import BuildmillError
from buildmill.master.cli.graph import _line_of, asked_for, drawn


def job(number: int, outputs: list[str], inputs: list[str], *, stale: bool = False, after: Any = ()) -> dict[str, Any]:
    return {
        "spec_id": number, "outputs": outputs, "inputs": inputs, "builder": "b", "stale": stale, "reasons": ["why"],
        "depends_on": list(after),
    }  # fmt: skip


JOBS = [
    job(1, ["clean", "dirt"], ["raw"], stale=True),
    job(2, ["extra"], ["clean"]),
    job(3, ["report"], ["clean", "extra"], stale=True, after=["clean", "extra"]),
]


def test_what_a_target_is_made_of_stands_below_it_and_once() -> None:
    assert list(drawn("report", JOBS)) == [
        "report [b] stale",
        "├─ clean with dirt [b] stale",
        "│  └─ raw (source)",
        "└─ extra [b] fresh",
        "   └─ clean with dirt [b] stale (see above)",
    ]


def test_a_chain_of_any_length_is_drawn() -> None:
    jobs = [job(n, [f"t{n}"], [f"t{n - 1}"]) for n in range(1, 3000)]

    assert sum(1 for _ in drawn("t2999", jobs)) == 3000


def test_what_makes_a_target_stale_is_followed_back() -> None:
    assert [(depth, one["outputs"][0]) for depth, one in _line_of(JOBS[2], JOBS)] == [(0, "report"), (1, "clean")]


def test_a_target_that_nothing_makes_is_refused() -> None:
    with pytest.raises(BuildmillError, match="nothing makes raw"):
        list(drawn("raw", []))


def test_what_is_asked_for_is_said_by_the_options() -> None:
    def target(*, is_only: bool = False, inputs: Any = (), ignored: Any = ()) -> Any:
        return asked_for(["report"], None, [], is_only, inputs, ignored, False)["target"]

    assert target() == {"type": "upstream", "targetRids": ["report"], "ignoredRids": []}
    assert target(is_only=True) == {"type": "manual", "targetRids": ["report"]}
    assert target(inputs=["raw"], ignored=["x"]) == {
        "type": "connecting", "targetRids": ["report"], "inputRids": ["raw"], "ignoredRids": ["x"],
    }  # fmt: skip
    for contradiction in ({"inputs": ["raw"]}, {"ignored": ["raw"]}):
        with pytest.raises(BuildmillError, match="--only builds just what is named"):
            target(is_only=True, **contradiction)
