"""Workers on EC2, OpenStack, libvirt and Kubernetes: accepted and checked; their instances are not started yet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from buildmill.master.domain.config_errors import config_error
from buildmill.master.domain.not_delivering import NotDelivering
from buildmill.master.domain.rendering import is_renderable
from buildmill.master.latent.abstract import AbstractLatentWorker
from buildmill.master.latent.checks import (
    check,
    check_protocol,
    flag,
    mapping,
    number,
    rendered_text,
    sequence,
    text,
    texts,
)
from buildmill.master.latent.kube_access import KubeConfigLoaderBase
from buildmill.master.latent.libvirt_access import Connection

WAY_OUT = (
    "a worker of this name and password that is started by other means does its builds, and so does a class of your "
    "own that derives from AbstractLatentWorker"
)


class CloudWorker(NotDelivering, AbstractLatentWorker):
    """A latent worker whose instance is not started yet."""

    not_delivering = "starts no instances yet"
    way_out = WAY_OUT


class EC2LatentWorker(CloudWorker):
    """A worker on an instance of Amazon's EC2. See `AbstractLatentWorker` for the other arguments.

    Args:
        instance_type: the type of the instance, as ``m5.large``.
        ami: id of the image; or else:
        valid_ami_owners, valid_ami_location_regex: account numbers and a pattern of places; of the images that fit
            the last one is used.
        identifier, secret_identifier: the account's key; or `aws_id_file_path`, a file with both; or `session`.
        max_spot_price, price_multiplier: of a `spot_instance`, of which one at least is needed.
        security_name: for instances outside of a VPC; `security_group_ids` with `subnet_id` for those inside.
    """

    not_delivering = "starts no instances at EC2 yet"

    def checkConfig(  # type: ignore[override]  # the subclass has more arguments by place
        self,
        name: str,
        password: Any,
        instance_type: str,
        ami: str | None = None,
        valid_ami_owners: int | Sequence[int] | None = None,
        valid_ami_location_regex: str | None = None,
        elastic_ip: Any = None,
        identifier: Any = None,
        secret_identifier: Any = None,
        aws_id_file_path: str | None = None,
        user_data: Any = None,
        region: str | None = None,
        keypair_name: str | None = None,
        security_name: str | None = None,
        spot_instance: bool = False,
        max_spot_price: float | None = 1.6,
        volumes: Sequence[Any] | None = None,
        placement: str | None = None,
        price_multiplier: float | None = 1.2,
        tags: Mapping[str, str] | None = None,
        product_description: str = "Linux/UNIX",
        subnet_id: str | None = None,
        security_group_ids: Sequence[str] | None = None,
        instance_profile_name: str | None = None,
        block_device_map: Any = None,
        session: Any = None,
        **options: Any,
    ) -> None:
        """See `AbstractLatentWorker.checkConfig`."""
        super().checkConfig(name, password, **options)
        if instance_type is None:
            config_error(f"{self.owner}: instance_type must be non-empty text, not None")
        check(
            self.owner, text, instance_type=instance_type, ami=ami, aws_id_file_path=aws_id_file_path, region=region,
            keypair_name=keypair_name, security_name=security_name, placement=placement, subnet_id=subnet_id,
            product_description=product_description, instance_profile_name=instance_profile_name,
        )  # fmt: skip
        check(self.owner, rendered_text, identifier=identifier, secret_identifier=secret_identifier)
        check(self.owner, flag, spot_instance=spot_instance)
        check(self.owner, number, max_spot_price=max_spot_price, price_multiplier=price_multiplier)
        check(self.owner, mapping, tags=tags)
        check(self.owner, sequence, volumes=volumes)
        check(self.owner, texts, security_group_ids=security_group_ids)
        if block_device_map is not None and not isinstance(block_device_map, Mapping):
            check(self.owner, sequence, block_device_map=block_device_map)
        self._check_image(ami, valid_ami_owners, valid_ami_location_regex)
        if (identifier is None) != (secret_identifier is None):
            config_error(f"{self.owner}: identifier and secret_identifier belong together")
        if identifier is not None and aws_id_file_path is not None:
            config_error(f"{self.owner}: only one of identifier and aws_id_file_path can be given")
        if spot_instance is True and max_spot_price is None and price_multiplier is None:
            config_error(f"{self.owner}: a spot instance needs max_spot_price or price_multiplier")
        if security_name is not None and subnet_id is not None:
            config_error(f"{self.owner}: security_name is not for instances in a subnet; use security_group_ids")

    def _check_image(self, ami: Any, owners: Any, regex: Any) -> None:
        has_rule = owners is not None or regex is not None
        if (ami is not None) == has_rule:
            config_error(
                f"{self.owner}: either ami must be given, or one or both of valid_ami_owners and "
                "valid_ami_location_regex"
            )
        numbers = owners if isinstance(owners, list | tuple) else [owners]
        if owners is not None and not all(isinstance(one, int) and not isinstance(one, bool) for one in numbers):
            config_error(f"{self.owner}: valid_ami_owners must be a number or a list of numbers, not {owners!r}")
        if regex is not None:
            try:
                re.compile(regex)
            except (re.error, TypeError) as problem:
                config_error(f"{self.owner}: valid_ami_location_regex must be a regular expression: {problem}")


class OpenStackLatentWorker(CloudWorker):
    """A worker on a server of an OpenStack cloud. See `AbstractLatentWorker` for the other arguments.

    Args:
        flavor: name or id of the server's size; may be rendered.
        os_auth_url, os_username, os_password, os_tenant_name, os_user_domain, os_project_domain: the account; or
        os_auth_args: all that as a dictionary, with ``auth_url``.
        image: name or id, or a function of the images; may be rendered. Or else:
        block_devices: a list of dictionaries.
        meta, nova_args: dictionaries; may be rendered.
    """

    not_delivering = "starts no servers at OpenStack yet"

    def checkConfig(  # type: ignore[override]  # the subclass has more arguments by place
        self,
        name: str,
        password: Any,
        flavor: Any,
        os_username: Any = None,
        os_password: Any = None,
        os_tenant_name: Any = None,
        os_auth_url: Any = None,
        os_user_domain: Any = None,
        os_project_domain: Any = None,
        os_auth_args: Any = None,
        block_devices: Any = None,
        region: Any = None,
        image: Any = None,
        meta: Any = None,
        nova_args: Any = None,
        client_version: str = "2",
        **options: Any,
    ) -> None:
        """See `AbstractLatentWorker.checkConfig`."""
        super().checkConfig(name, password, **options)
        if not (isinstance(flavor, int | str) and not isinstance(flavor, bool)) and not is_renderable(flavor):
            config_error(f"{self.owner}: flavor must be a name or an id, not {flavor!r}")
        check(
            self.owner, rendered_text, os_username=os_username, os_password=os_password, os_auth_url=os_auth_url,
            os_tenant_name=os_tenant_name, os_user_domain=os_user_domain, os_project_domain=os_project_domain,
            region=region,
        )  # fmt: skip
        check(self.owner, mapping, os_auth_args=os_auth_args, meta=meta, nova_args=nova_args)
        check(self.owner, sequence, block_devices=block_devices)
        if image is not None and not callable(image):
            check(self.owner, rendered_text, image=image)
        if not isinstance(client_version, str | int | float) or isinstance(client_version, bool):
            config_error(f"{self.owner}: client_version must be text, not {client_version!r}")
        if image is None and not block_devices:
            config_error(f"{self.owner}: one of image and block_devices must be given")
        if os_auth_args is None and os_auth_url is None:
            config_error(f"{self.owner}: os_auth_url is missing, and os_auth_args, too")
        if isinstance(os_auth_args, Mapping) and "auth_url" not in os_auth_args:
            config_error(f"{self.owner}: 'auth_url' is missing in os_auth_args")


class LibVirtWorker(CloudWorker):
    """A worker on a virtual machine of libvirt. See `AbstractLatentWorker` for the other arguments.

    Args:
        hd_image: path of the machine's disk.
        base_image: path of the disk that it is copied from at each start.
        uri: address of libvirt, text or `Connection`.
        xml: description of the machine; without it one of the worker's name is there already.
        masterFQDN: how the machine reaches this master.
    """

    not_delivering = "starts no machines of libvirt yet"

    def checkConfig(  # type: ignore[override]  # the subclass has more arguments by place
        self,
        name: str,
        password: Any,
        hd_image: str | None = None,
        base_image: str | None = None,
        uri: Any = "system:///",
        xml: str | None = None,
        masterFQDN: Any = None,
        **options: Any,
    ) -> None:
        """See `AbstractLatentWorker.checkConfig`."""
        super().checkConfig(name, password, **options)
        if isinstance(hd_image, Connection):
            config_error(f"{self.owner}: a Connection has no place of its own: give its address as uri")
            hd_image = None
        check(self.owner, text, hd_image=hd_image, base_image=base_image, xml=xml)
        check(self.owner, rendered_text, masterFQDN=masterFQDN)
        if not isinstance(uri, Connection):
            text(self.owner, "uri", uri)
        if base_image is not None and hd_image is None:
            config_error(f"{self.owner}: base_image is copied to hd_image, which is missing")


class KubeLatentWorker(CloudWorker):
    """A worker in a pod of Kubernetes. See `AbstractLatentWorker` for the other arguments.

    Args:
        image: name of the image; may be rendered.
        namespace: of the pod; that of `kube_config` without it.
        masterFQDN: how the pod reaches this master; may be rendered.
        master_protocol: taken, so that existing files load.
        kube_config: how the cluster is reached, as `util.KubeHardcodedConfig`.
    """

    not_delivering = "starts no pods yet"

    def checkConfig(  # type: ignore[override]  # the subclass has other arguments by place
        self,
        name: str,
        image: Any = "buildbot/buildbot-worker",
        namespace: str | None = None,
        masterFQDN: Any = None,
        master_protocol: str = "pb",
        kube_config: Any = None,
        password: Any = None,
        **options: Any,
    ) -> None:
        """See `AbstractLatentWorker.checkConfig`."""
        super().checkConfig(name, password, **options)
        check(self.owner, rendered_text, image=image, masterFQDN=masterFQDN)
        check(self.owner, text, namespace=namespace)
        check_protocol(self.owner, master_protocol)
        if kube_config is not None and not isinstance(kube_config, KubeConfigLoaderBase):
            config_error(f"{self.owner}: kube_config must be as util.KubeHardcodedConfig(...), not {kube_config!r}")

    def getBuildContainerResources(self, build: Any) -> Any:
        """For subclasses: the ``resources`` of the container."""
        return {}

    def get_build_container_volume_mounts(self, build: Any) -> Any:
        """For subclasses: the ``volumeMounts`` of the container."""
        return []

    def get_volumes(self, build: Any) -> Any:
        """For subclasses: the ``volumes`` of the pod."""
        return []

    def get_affinity(self, build: Any) -> Any:
        """For subclasses: the ``affinity`` of the pod."""
        return {}

    def get_node_selector(self, build: Any) -> Any:
        """For subclasses: the ``nodeSelector`` of the pod."""
        return {}

    def getServicesContainers(self, build: Any) -> Any:
        """For subclasses: further containers of the pod."""
        return []
