"""The environment of a buildpack's scripts: nothing of the worker's own is in it."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from buildmill.common.staging import Cause, Task
from buildmill.worker.staging.area import Area
from buildmill.worker.staging.failure import PhaseFailed

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
DATABASE_URL_EXIT = 5
_RELATIONAL = {"mysql": "mysql2", "mysql2": "mysql2", "postgres": "postgres", "postgresql": "postgres"}


def script_environment(area: Area, task: Task) -> dict[str, str]:
    """All variables of a script.

    Raises:
        PhaseFailed: the services of the app are malformed.
    """
    environ = {
        "LANG": "en_US.UTF-8",
        "PATH": PATH,
        "USER": "vcap",
        "HOME": area.home,
        "TMPDIR": area.scratch,
        "CF_INSTANCE_ADDR": "",
        "CF_INSTANCE_IP": "127.0.0.1",
        "CF_INSTANCE_INTERNAL_IP": "127.0.0.1",
        "CF_INSTANCE_PORT": "",
        "CF_INSTANCE_PORTS": "[]",
        **({"CF_STACK": task.stack} if task.stack else {}),
        **task.environment,
    }
    url = database_url(task.environment)
    if url is not None and "DATABASE_URL" not in environ:
        environ["DATABASE_URL"] = url
    os.makedirs(area.scratch, exist_ok=True)
    return environ


def database_url(environment: Mapping[str, str]) -> str | None:
    """The address of the first relational database among the services of the app; None if there is none.

    Raises:
        PhaseFailed: ``VCAP_SERVICES`` is not what it should be.
    """
    text = environment.get("VCAP_SERVICES", "")
    if not text:
        return None
    try:
        services = json.loads(text)
    except ValueError as problem:
        raise _malformed(str(problem)) from problem
    if not isinstance(services, dict):
        raise _malformed("expected an object")
    for instances in services.values():
        for instance in instances if isinstance(instances, list) else ():
            if (url := _database_of(instance)) is not None:
                return url
    return None


def _database_of(instance: Any) -> str | None:
    credentials = instance.get("credentials") if isinstance(instance, dict) else None
    uri = credentials.get("uri") if isinstance(credentials, dict) else None
    if not isinstance(uri, str):
        return None
    try:
        scheme = urlsplit(uri).scheme
    except ValueError:
        return None
    return _RELATIONAL[scheme] + uri[len(scheme) :] if scheme in _RELATIONAL else None


def _malformed(why: str) -> PhaseFailed:
    return PhaseFailed(f"VCAP_SERVICES is malformed: {why}", cause=Cause.MALFORMED, exit_code=DATABASE_URL_EXIT)
