"""Steps that the sources themselves name."""

from __future__ import annotations

import pytest

from buildmill.common.errors import InvalidInput
from buildmill.common.results import FAILURE, SUCCESS
from buildmill.master.steps.configurable import BuildbotCiSetupSteps, parse_config, parse_variables
from tests.unit.master.steps.runs import Runs

FILE = """\
env:
  global: "ALL=1"
  matrix:
    - A=x B="two words"
    - A=y
install: make deps
script:
  - make
  - echo "A is $A, B is $B"
after_script: [echo done]
matrix:
  exclude:
    - env: A=y
  include:
    - env: A=z
"""


def test_variants_and_commands_are_read() -> None:
    config = parse_config(FILE)

    assert [dict(variant) for variant in config.variants] == [
        {"ALL": "1", "A": "x", "B": "two words"}, {"ALL": "1", "A": "z"},
    ]  # fmt: skip
    assert config.commands["install"] == ("make deps",)
    assert config.commands["script"] == ("make", 'echo "A is $A, B is $B"')
    assert config.commands["before_install"] == ()


def test_a_file_without_variants_is_one_variant() -> None:
    assert parse_config("script: make").variants == ({},)
    assert parse_variables("A= B='x y'") == {"A": "", "B": "x y"}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: [", "no YAML"),
        ("- a", "must hold keys"),
        ("script: {a: b}", "script"),
        ("env: ['A']", "NAME=VALUE"),
        ("matrix: {exclude: x}", "matrix.exclude"),
        ("matrix: {include: [{python: 3}]}", "matrix.include"),
    ],
)
def test_a_file_that_says_nothing_is_refused(text: str, message: str) -> None:
    with pytest.raises(InvalidInput, match=message):
        parse_config(text)


def test_commands_of_the_file_become_steps(runs: Runs) -> None:
    (runs.work / ".bbtravis.yml").write_text('script:\n  - echo "A is $A"\n  - exit 1\nafter_script: echo done\n')
    setup, first, second, last = runs.run(BuildbotCiSetupSteps(), properties={"A": "seven", "ci_variables": ["A"]})

    assert (setup.name, setup.results) == ("setup-steps", SUCCESS)
    assert [first.name, second.name, last.name] == ["script_0", "script_1", "after_script_0"]
    assert [first.results, second.results, last.results] == [SUCCESS, FAILURE, SUCCESS]
    assert "oA is seven\n" in runs.log(first)


@pytest.mark.parametrize(("content", "reason"), [(None, "the sources have no"), ("- x", "must hold keys and values")])
def test_without_a_usable_file_the_step_fails(runs: Runs, content: str | None, reason: str) -> None:
    if content is not None:
        (runs.work / ".bbtravis.yml").write_text(content)
    ran = runs.one(BuildbotCiSetupSteps())

    assert ran.results == FAILURE
    assert reason in runs.log(ran, "err.text")
