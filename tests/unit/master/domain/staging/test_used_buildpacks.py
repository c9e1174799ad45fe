"""Which buildpacks a droplet was made with."""

from __future__ import annotations

from buildmill.common.staging import Buildpack, File, Lifecycle, Limits, Task
from buildmill.master.domain.staging.outcomes import used_buildpacks


def task(lifecycle: Lifecycle, *keys: str) -> Task:
    archives = [File(path=f"input/{key}", sha256=f"sha256 of {key}", size_bytes=1) for key in keys]
    buildpacks = [Buildpack(key=key, shown=key, archive=archive) for key, archive in zip(keys, archives, strict=True)]
    return Task(guid="g", lifecycle=lifecycle, buildpacks=buildpacks, limits=Limits(memory_mb=1, disk_mb=1))


def test_a_classic_one_has_the_digest_of_its_archive() -> None:
    result = {"lifecycle_metadata": {"buildpacks": [{"key": "ruby", "name": "Ruby", "version": "1"}]}}

    (used,) = used_buildpacks(task(Lifecycle.BUILDPACK, "ruby"), result)

    assert (used.name, used.buildpack_name, used.version, used.sha256) == ("ruby", "Ruby", "1", "sha256 of ruby")


def test_one_of_an_archive_of_several_has_the_digest_that_the_worker_says() -> None:
    said = {"key": "acme/part", "name": "acme/part@1", "version": "1", "sha256": "sha256 of all"}

    (used,) = used_buildpacks(task(Lifecycle.CNB, "all"), {"lifecycle_metadata": {"buildpacks": [said]}})

    assert (used.name, used.sha256) == ("acme/part", "sha256 of all")
