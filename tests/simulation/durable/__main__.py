"""`python -m tests.simulation.durable FIRST --count N [--processes K]`: many seeds; those that fail are told."""

from __future__ import annotations

import argparse
import sys
import time

import click

from tests.simulation.durable.runs import Outcome, outcomes, shrink


def main() -> int:
    """Run them; 1 if one fails."""
    parser = argparse.ArgumentParser(prog="tests.simulation.durable")
    parser.add_argument("first", type=int)
    parser.add_argument("--count", type=int, default=1)
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--shrink", type=int, default=1, help="so many failing seeds are made smaller")
    given = parser.parse_args()
    seeds = range(given.first, given.first + given.count)
    began, failed, spawns = time.monotonic(), list[int](), 0
    is_terminal = sys.stderr.isatty()
    for done, outcome in enumerate(outcomes(seeds, given.processes), 1):
        spawns += outcome.spawns
        if outcome.problem is not None:
            failed.append(outcome.seed)
            _tell(outcome, is_small=len(failed) > given.shrink)
        if is_terminal or done % 100 == 0:
            end = "\r" if is_terminal else "\n"
            click.echo(f"{done} of {len(seeds)} seeds, {len(failed)} failed{end}", nl=False, err=True)
    minutes = (time.monotonic() - began) / 60
    click.echo(
        f"{len(seeds)} seeds, {spawns} spawns, failed: {failed or 'none'}; {len(seeds) / minutes:.0f} seeds a minute"
    )
    return 1 if failed else 0


def _tell(outcome: Outcome, *, is_small: bool) -> None:
    if is_small:
        click.echo(f"seed {outcome.seed}: {outcome.problem}")
        return
    small = shrink(outcome)
    click.echo(small.report())
    click.echo("faults: " + "; ".join(map(str, small.faults)))


if __name__ == "__main__":
    sys.exit(main())
