"""The layers hold, and a package that nobody placed in them is noticed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_nobody_imports_from_a_higher_layer() -> None:
    program = Path(sys.executable).with_name("lint-imports")

    done = subprocess.run(
        [program, "--no-cache"], cwd=ROOT, capture_output=True, text=True, env=os.environ, check=False
    )

    assert done.returncode == 0, done.stdout
