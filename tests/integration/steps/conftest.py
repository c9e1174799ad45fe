"""Steps with the real programs: a whole master, and a worker whose machine is a directory."""

from tests.unit.master.steps.conftest import runs

__all__ = ["runs"]
