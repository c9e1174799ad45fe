"""When a program looks for garbage."""

from __future__ import annotations

import subprocess
import sys


def outcome(program: str) -> str:
    """What a program prints; one of its own, for this one must go on collecting."""
    text = f"import gc\nfrom buildmill.common import garbage\n{program}"
    return subprocess.run([sys.executable, "-c", text], check=True, capture_output=True, text=True).stdout


def test_a_program_that_hurries_collects_seldom_and_not_at_its_end() -> None:
    told = "class Told(dict):\n    def __del__(self): print('collected')\n"
    loop = "kept = Told()\nkept['self'] = kept\n"

    assert outcome(f"{told}{loop}") == "collected\n"
    assert outcome(f"garbage.hurry()\n{told}{loop}print(gc.get_threshold()[0] > 10_000)\n") == "True\n"


def test_a_program_that_has_settled_collects_as_usual_and_spares_what_was_there() -> None:
    program = "usual = gc.get_threshold()\ngarbage.hurry()\ngarbage.keep()\nkept = gc.get_freeze_count()\n"
    program += "there = [[]]\ngarbage.settle()\n"

    assert (
        outcome(f"{program}print(gc.get_threshold() == usual, gc.get_freeze_count() > kept > 1000)\n") == "True True\n"
    )
