"""`DockerLatentWorker`: a worker in a container of Docker."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.latent.checks import check, flag, mapping, rendered_text, text, texts
from buildmill.master.latent.clouds import CloudWorker, check_protocol


class DockerLatentWorker(CloudWorker):
    """A worker in a container. See `AbstractLatentWorker` for the other arguments.

    Args:
        docker_host: address of the Docker engine: ``unix:///var/run/docker.sock``, ``tcp://host:2375``.
        image: name of the image, or:
        dockerfile: text of the file that it is made by.
        command: what runs in the container; by default what the image says.
        volumes: ``"/on/the/host:/in/the/container"``, with ``:ro`` for one that is only read.
        version: version of the engine's interface, as ``1.41``.
        tls: how the engine is trusted.
        followStartupLogs: write what the container says at its start into the master's log.
        masterFQDN: how the container reaches this master.
        master_protocol: taken, so that existing files load.
        hostconfig: further settings of the host's side.
        autopull, alwaysPull: fetch the image if it is not there, or each time.
        custom_context, encoding, buildargs, target: of making the image with a context of its own.
        hostname: of the container.
    """

    not_delivering = "starts no containers yet"

    def checkConfig(  # type: ignore[override]  # the subclass has more arguments by place
        self,
        name: str,
        password: Any,
        docker_host: Any,
        image: Any = None,
        command: Any = None,
        volumes: Any = None,
        dockerfile: Any = None,
        version: Any = None,
        tls: Any = None,
        followStartupLogs: bool = False,
        masterFQDN: Any = None,
        master_protocol: str = "pb",
        hostconfig: Any = None,
        autopull: bool = False,
        alwaysPull: bool = False,
        custom_context: Any = False,
        encoding: Any = "gzip",
        buildargs: Mapping[str, Any] | None = None,
        hostname: Any = None,
        *,
        target: Any = "",
        **options: Any,
    ) -> None:
        """See `AbstractLatentWorker.checkConfig`."""
        super().checkConfig(name, password, **options)
        rendered_text(self.owner, "docker_host", docker_host)
        check(
            self.owner, rendered_text, image=image, dockerfile=dockerfile, masterFQDN=masterFQDN, hostname=hostname,
            encoding=encoding, target=target or None,
        )  # fmt: skip
        if not isinstance(command, str):
            check(self.owner, texts, command=command)
        check(self.owner, flag, followStartupLogs=followStartupLogs, autopull=autopull, alwaysPull=alwaysPull)
        if not is_renderable(custom_context):
            check(self.owner, flag, custom_context=custom_context)
        check(self.owner, mapping, hostconfig=hostconfig, buildargs=buildargs)
        check(self.owner, text, version=version)
        check_protocol(self.owner, master_protocol)
        if image is None and dockerfile is None:
            config_error(f"{self.owner}: image or dockerfile must be given")
        if isinstance(volumes, str):
            volumes = [volumes]
        check(self.owner, texts, volumes=volumes)
        if isinstance(volumes, Sequence):
            self._check_volumes(volumes)

    def _check_volumes(self, volumes: Sequence[Any]) -> None:
        for volume in volumes:
            if isinstance(volume, str) and not 2 <= len(volume.split(":")) <= 3:
                config_error(f"{self.owner}: a volume is '/on/the/host:/in/the/container[:ro]', not {volume!r}")
