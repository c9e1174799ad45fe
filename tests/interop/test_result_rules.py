"""How a step's result changes its build: every combination of flags and results, asked of Buildbot itself."""

from __future__ import annotations

import json
import subprocess
from itertools import product
from types import SimpleNamespace

from buildmill.common.results import Result
from buildmill.master.domain.result_rules import compute_result_and_termination
from tests.programs import peer_program

FLAGS = ("haltOnFailure", "flunkOnFailure", "flunkOnWarnings", "warnOnFailure", "warnOnWarnings")

ASK = """
import json, sys
from types import SimpleNamespace
from buildbot.process.results import computeResultAndTermination

answers = []
for flags, result, previous in json.load(sys.stdin):
    found, stops = computeResultAndTermination(SimpleNamespace(**flags), result, previous)
    answers.append([found, bool(stops)])
json.dump(answers, sys.stdout)
"""


def test_all_combinations_are_the_same() -> None:
    """224 of flags and a step's result, each with every result that the build may have had before."""
    combinations = [
        (dict(zip(FLAGS, given, strict=True)), int(result), int(previous))
        for given in product((False, True), repeat=len(FLAGS))
        for result, previous in product(Result, repeat=2)
    ]
    assert len(combinations) == 224 * len(Result)

    python = peer_program("python")
    done = subprocess.run(
        [python, "-c", ASK], input=json.dumps(combinations), capture_output=True, text=True, check=True
    )
    theirs = json.loads(done.stdout)

    ours = [
        [int(found), stops]
        for flags, result, previous in combinations
        for found, stops in [compute_result_and_termination(SimpleNamespace(**flags), result, previous)]
    ]
    assert [pair for pair in zip(combinations, ours, theirs, strict=True) if pair[1] != pair[2]] == []
