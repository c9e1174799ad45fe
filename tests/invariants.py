"""What must hold in a master's records after every test that hurts it."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy.engine import make_url

from buildmill.master.logs.soundness import problems
from tests.programs import wait_for

ALWAYS = 2**40
"""No grace: everything has happened."""


def assert_sound(url: str, basedir: Path) -> None:
    """The records of the master in `basedir` are sound, at the latest after what its last build has left to write."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        parsed = parsed.set(database=str(basedir / (parsed.database or "")))
    else:
        parsed = parsed.set(drivername="postgresql+psycopg")
    found: list[str] = []

    def is_sound() -> bool:
        found[:] = problems(parsed, logs=basedir / "logs", master_name="", settled=ALWAYS, reads_contents=True)
        return not found

    wait_for(is_sound, seconds=10, why=lambda: "\n".join(found))
