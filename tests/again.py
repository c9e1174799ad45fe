"""Run what has failed in a parallel run once more, one after another: does it fail by itself, or only beside others?

    python -m tests.again [pytest arguments]

Exits with 0 if all of it passes, and names each test that passed only now as unsteady: it has a fault of its own, which
is to be mended. More than `MOST` failures are no coincidence and are not tried again.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

MOST = 6
FAILED = Path(".pytest_cache/v/cache/lastfailed")


def main() -> int:
    """See the module."""
    try:
        failed: list[str] = sorted(json.loads(FAILED.read_text()))
    except (FileNotFoundError, ValueError):
        failed = []
    if not 0 < len(failed) <= MOST:
        print(f"{len(failed)} tests failed; not tried again")  # noqa: T201  # a program
        return 1
    print("failed beside others, tried again alone:", *failed, sep="\n  ", flush=True)  # noqa: T201  # a program
    code = subprocess.run([sys.executable, "-m", "pytest", *sys.argv[1:], *failed], check=False).returncode
    for test in failed if code == 0 else ():
        print(f"UNSTEADY {test}", flush=True)  # noqa: T201  # a program
    return code


if __name__ == "__main__":
    sys.exit(main())
