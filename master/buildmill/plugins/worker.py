"""Workers: ``from buildmill.plugins import worker``."""

from __future__ import annotations

from buildmill.plugins.lazy_names import lazy_names, names

NAMES = {
    **names("latent.worker", "Worker"),
    **names("latent.local_worker", "LocalWorker"),
    **names("latent.docker_worker", "DockerLatentWorker"),
    **names("latent.clouds", "EC2LatentWorker KubeLatentWorker LibVirtWorker OpenStackLatentWorker"),
}
__getattr__, __dir__ = lazy_names("worker", NAMES)
