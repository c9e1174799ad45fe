"""`python -m buildmill.worker.staging`."""

from buildmill.worker.staging.program import main

main()
