"""The program that reads a configuration for another process. See `rehearsal`.

``python -m buildmill.master.config.rehearsal_child BASEDIR FILE REPORT SECONDS``
"""

from __future__ import annotations

import sys
from typing import NoReturn

from buildmill.common import garbage


def main() -> NoReturn:
    """See the module."""
    garbage.hurry()
    from buildmill.master.config.rehearsing import rehearse  # all that a configuration may need

    rehearse(sys.argv[1:])


if __name__ == "__main__":
    main()
