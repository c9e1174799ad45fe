"""`python -m buildmill.worker`: the same as ``buildmill-worker``."""

from buildmill.worker.cli import main

main()
