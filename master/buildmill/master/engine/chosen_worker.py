"""The worker that somebody chose for a request, and the rule that nobody else runs it."""

from __future__ import annotations

from typing import Any


def chosen_worker(request: Any) -> str | None:
    """The name that a `WorkerChoiceParameter` put into the property ``workername`` of a request; None for any."""
    return request.properties.getProperty("workername") or None


def enforceChosenWorker(builder: Any, workerforbuilder: Any, request: Any) -> bool:
    """For `BuilderConfig`'s ``canStartBuild``: only the worker that a `WorkerChoiceParameter` chose, if any."""
    chosen = chosen_worker(request)
    return chosen is None or bool(workerforbuilder.worker.workername == chosen)
