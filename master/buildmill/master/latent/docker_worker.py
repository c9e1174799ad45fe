"""`DockerLatentWorker`: a worker in a container of Docker."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from twisted.logger import Logger

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.engine.substantiation import LatentWorkerCannotSubstantiate
from buildmill.master.latent.abstract import AbstractLatentWorker
from buildmill.master.latent.checks import check, check_protocol, flag, mapping, rendered_text, text, texts
from buildmill.master.latent.docker_engine import DockerEngine, DockerFailed, context_of
from buildmill.master.latent.docker_settings import host_config

PROTOCOL = "msgpack_experimental_v7"
STOP_SECONDS = 10


class DockerLatentWorker(AbstractLatentWorker):
    """A worker in a container. See `AbstractLatentWorker` for the other arguments.

    Args:
        docker_host: address of the Docker engine: ``unix:///var/run/docker.sock``, ``tcp://host:2375``.
        image: name of the image, or:
        dockerfile: text of the file that it is made by; with `custom_context` the path of a tar file on the master.
        command: what runs in the container; by default what the image says.
        volumes: ``"/on/the/host:/in/the/container"``, with ``:ro`` for one that is only read.
        version: version of the engine's interface, as ``1.41``.
        tls: True for TLS; an object may say ``verify=False``.
        followStartupLogs: write what the container says until its worker connects into the master's log.
        masterFQDN: how the container reaches this master, a host or ``host:port``; this machine's name by default.
        master_protocol: taken, so that existing files load.
        hostconfig: further settings of the host's side.
        autopull, alwaysPull: fetch the image if it is not there, or each time.
        custom_context: see `dockerfile`.
        encoding: taken; the engine finds out itself how the context is compressed.
        buildargs, target: of making the image.
        hostname: of the container.

    The container gets ``BUILDMASTER``, ``BUILDMASTER_PORT``, ``BUILDMASTER_PROTOCOL``, ``WORKERNAME`` and
    ``WORKERPASS`` as environment variables.
    """

    _log = Logger()

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
        if getattr(tls, "cert", None) is not None or getattr(tls, "client_cert", None) is not None:
            config_error(f"{self.owner}: tls: certificates of the client are not available yet")
        self._docker_host, self._version, self._tls = docker_host, version, tls
        self._follow, self._autopull, self._always_pull = followStartupLogs, autopull, alwaysPull
        self._command, self._master_address = command, masterFQDN
        self._rendered = (
            image,
            dockerfile,
            volumes or [],
            custom_context,
            hostconfig or {},
            buildargs,
            hostname,
            target,
        )
        self._engine: DockerEngine | None = None
        self._container: str | None = None

    def _check_volumes(self, volumes: Sequence[Any]) -> None:
        for volume in volumes:
            if isinstance(volume, str) and not 2 <= len(volume.split(":")) <= 3:
                config_error(f"{self.owner}: a volume is '/on/the/host:/in/the/container[:ro]', not {volume!r}")

    # -- its instance --------------------------------------------------------------------------------

    async def renderWorkerProps(self, build: Any) -> Any:
        """Builds with equal renderings share a container."""
        command, address = self._command, self._master_address
        return await build.render([self._docker_host, *self._rendered, command, address])

    async def start_instance(self, build: Any) -> Any:
        """Make a container, and start it."""
        (
            address, image, dockerfile, volumes, custom_context, hostconfig, buildargs, hostname, target, command, host,
        ) = await self.renderWorkerProps(build)  # fmt: skip
        engine = self._engine = self._engine_at(address)
        self._container = None
        await engine.remove(self._container_name)  # one that an earlier run has left
        if image is None:
            image = f"buildmill-{hashlib.sha256(str(dockerfile).encode()).hexdigest()[:12]}"
        await self._have_image(engine, image, dockerfile, bool(custom_context), buildargs, target)
        settings = {
            "Image": image,
            "Env": [f"{name}={value}" for name, value in self._environment(host).items()],
            "HostConfig": host_config(hostconfig, [volumes] if isinstance(volumes, str) else list(volumes)),
        }
        if command:
            settings["Cmd"] = ["/bin/sh", "-c", command] if isinstance(command, str) else list(command)
        if hostname:
            settings["Hostname"] = hostname
        container = self._container = await engine.create(self._container_name, settings)
        self._log.info(
            "worker {worker}: container {container} of {image}", worker=self.name, container=container[:12], image=image
        )
        await engine.start(container)
        return [container[:12], image]

    async def check_instance(self) -> tuple[bool, str]:
        """Whether its container still runs."""
        if self._engine is None or self._container is None:
            return True, ""
        ended = await self._engine.how_it_ended(self._container)
        if ended is None and not self._follow:
            return True, ""
        said = await self._engine.output(self._container)
        if self._follow:
            self._log.info("worker {worker}: its container says:\n{text}", worker=self.name, text=said)
        return (True, "") if ended is None else (False, f"{ended}\n{said[-1000:]}".strip())

    async def stop_instance(self, fast: bool = False) -> None:
        """Stop the container, and take it away."""
        engine = self._engine
        if engine is None:  # it was started by an earlier run of the master
            if is_renderable(self._docker_host):
                return
            engine = self._engine_at(self._docker_host)
        container, self._container = self._container or self._container_name, None
        if not fast:
            await engine.stop(container, STOP_SECONDS)
        await engine.remove(container)

    @property
    def _container_name(self) -> str:
        """The same in each run of this master, and of no other."""
        return f"buildmill-{hashlib.sha256(self.master.name.encode()).hexdigest()[:8]}-{self.name}"

    def _engine_at(self, address: str) -> DockerEngine:
        verify = getattr(self._tls, "verify", None)
        return DockerEngine(
            self.master.httpservice,
            address,
            version=self._version,
            is_secure=bool(self._tls),
            verify=False if verify is False else None,
        )

    async def _have_image(
        self, engine: DockerEngine, image: str, dockerfile: Any, custom_context: bool, buildargs: Any, target: str
    ) -> None:
        if self._always_pull and dockerfile is None:
            await engine.pull(image)
        if await engine.has_image(image):
            return
        if dockerfile is not None:
            context = (
                await self.master.in_thread(Path(dockerfile).read_bytes) if custom_context else context_of(dockerfile)
            )
            await engine.build(
                image, context, target=target or "", buildargs=json.dumps(buildargs) if buildargs else ""
            )
        elif self._autopull:
            try:
                await engine.pull(image)
            except DockerFailed as error:
                if error.code == 404:
                    raise LatentWorkerCannotSubstantiate(str(error)) from error
                raise
        else:
            raise LatentWorkerCannotSubstantiate(f"there is no image {image!r} at the Docker engine (autopull is off)")

    def _environment(self, host: str | None) -> dict[str, str]:
        """Where its worker finds the master, and how it says who it is."""
        name, _, port = (host or self.master.name.partition(":")[0]).partition(":")
        ports = [entry.port for entry in self.master.config.worker_ports if entry.port]
        return {
            "BUILDMASTER": name,
            "BUILDMASTER_PORT": port or str(ports[0] if ports else 9989),
            "BUILDMASTER_PROTOCOL": PROTOCOL,
            "WORKERNAME": self.name,
            "WORKERPASS": self.password,
        }
