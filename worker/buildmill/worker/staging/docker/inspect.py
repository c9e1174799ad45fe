"""The phase `inspect`: nothing is built; the registry is asked what the image says of itself."""

from __future__ import annotations

import platform
import time

from buildmill.common.errors import InvalidInput
from buildmill.common.staging import Cause, Droplet, Outcome, Phase, Secrets
from buildmill.worker.staging.docker.credentials import credentials_for
from buildmill.worker.staging.docker.http import Http
from buildmill.worker.staging.docker.image import result_document
from buildmill.worker.staging.docker.reference import parse_reference
from buildmill.worker.staging.docker.registry import Registry
from buildmill.worker.staging.failure import STAGING_ERROR, PhaseFailed
from buildmill.worker.staging.stage import Stage

EXIT_CODE = 2


def run(stage: Stage) -> Outcome:
    """Ask for the image's configuration.

    Raises:
        PhaseFailed: of whatever cause, with the lifecycle's only exit code.
    """
    try:
        with stage.area.secrets() as secrets:
            return _inspect(stage, secrets)
    except InvalidInput as problem:
        raise _failed(str(problem), Cause.MALFORMED) from problem
    except PhaseFailed as failure:
        raise _failed(failure.message, failure.cause) from failure


def _inspect(stage: Stage, secrets: Secrets) -> Outcome:
    task = stage.task
    reference = parse_reference(task.image)
    http = Http(insecure=task.insecure_registries, deadline=stage.deadline, pause=time.sleep)
    registry = Registry(reference, credentials_for(reference.host, secrets.registries), http, platform.machine())
    stage.log.say(f"-----> Asking {reference.host} about {reference}")
    settings = registry.configuration(registry.manifest()).settings
    return Outcome(phase=Phase.INSPECT, droplet=Droplet(result=result_document(str(reference), settings)))


def _failed(message: str, cause: Cause) -> PhaseFailed:
    return PhaseFailed(message, cause=cause, error=STAGING_ERROR, exit_code=EXIT_CODE)
