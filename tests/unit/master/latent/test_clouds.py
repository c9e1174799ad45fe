"""Workers of clouds load, check their arguments, and say that they are not started."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from buildmill.master.config.loader import load
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.domain.config_errors import collected_errors
from buildmill.master.domain.interpolate import Interpolate
from buildmill.master.domain.renderables import Property, Secret
from buildmill.master.engine.machine_config import AbstractLatentMachine
from buildmill.master.latent.abstract import AbstractLatentWorker
from buildmill.master.latent.clouds import EC2LatentWorker, KubeLatentWorker, LibVirtWorker, OpenStackLatentWorker
from buildmill.master.latent.docker_worker import DockerLatentWorker
from buildmill.master.latent.kube_access import KubeCtlProxyConfigLoader, KubeHardcodedConfig
from buildmill.master.latent.libvirt_access import Connection

WRONG: Any = 3
HOST = "tcp://docker:2375"
FRAME = """\
from buildbot.plugins import schedulers, util, worker
c = BuildmasterConfig = {"protocols": {"msgpack_experimental_v7": {"port": 9989}}}
c["builders"] = [util.BuilderConfig(name="b1", workernames=["w1"], factory=util.BuildFactory())]
c["schedulers"] = [schedulers.ForceScheduler(name="force", builderNames=["b1"])]
"""

Load = Callable[[str], MasterConfig]


@pytest.fixture
def load_text(tmp_path: Path) -> Load:
    """Loads a configuration that ends with the text."""

    def load_it(text: str) -> MasterConfig:
        (tmp_path / "master.cfg").write_text(FRAME + dedent(text))
        return load(tmp_path)

    return load_it


def problems_of(make: Callable[[], Any]) -> list[str]:
    with collected_errors() as problems:
        make()
    return [problem.message for problem in problems]


def docker(**arguments: Any) -> DockerLatentWorker:
    return DockerLatentWorker("w1", "x", HOST, **{"image": "i", **arguments})


def ec2(**arguments: Any) -> EC2LatentWorker:
    return EC2LatentWorker("w1", "x", "m5.large", **arguments)


def openstack(**arguments: Any) -> OpenStackLatentWorker:
    return OpenStackLatentWorker("w1", "x", 1, **{"image": "i", "os_auth_url": "http://o", **arguments})


@pytest.mark.parametrize(
    "make",
    [
        lambda: AbstractLatentWorker("w1", "x"),
        lambda: AbstractLatentWorker("w1", None, build_wait_timeout=-1, max_builds=1, missing_timeout=None),
        lambda: DockerLatentWorker("w1", None, HOST, "image:1", ["run"], ["/srv:/srv:ro"]),
        lambda: docker(image=Interpolate("%(prop:image)s"), volumes=[Property("v")], hostconfig={"network_mode": "n"}),
        lambda: docker(image=None, dockerfile="FROM x", custom_context=True, buildargs={"A": "b"}, target="t"),
        lambda: docker(command="run it", volumes="/a:/b", tls=True, masterFQDN="m", master_protocol="pb", version="1"),
        lambda: ec2(ami="ami-1", keypair_name="k", security_name="s", volumes=[("v", "/dev/sdb")], tags={"a": "b"}),
        lambda: ec2(valid_ami_owners=[1, 2], valid_ami_location_regex="a.*", identifier="i", secret_identifier="s"),
        lambda: ec2(valid_ami_owners=1, spot_instance=True, max_spot_price=None),
        lambda: openstack(os_username="u", os_password=Secret("p"), os_tenant_name="t", meta={"a": "b"}),
        lambda: openstack(image=None, block_devices=[{"uuid": "u"}], os_auth_url=None, os_auth_args={"auth_url": "a"}),
        lambda: openstack(image=lambda images: images[0]),
        lambda: LibVirtWorker("w1", "x", "/hd", "/base", "qemu:///system", None, "master"),
        lambda: LibVirtWorker("w1", "x", uri=Connection("qemu:///system"), xml="<domain/>"),
        lambda: KubeLatentWorker("w1"),
        lambda: KubeLatentWorker("w1", "image", "ns", kube_config=KubeHardcodedConfig(master_url="https://k")),
        lambda: KubeLatentWorker("w1", kube_config=KubeCtlProxyConfigLoader(proxy_port=8002, namespace="x")),
        lambda: KubeHardcodedConfig("https://k", None, {"user": "u", "password": "p"}, verify="/ca.pem"),
        lambda: AbstractLatentMachine("m1", build_wait_timeout=60),
    ],
)
def test_arguments_that_buildbot_takes_are_taken(make: Callable[[], Any]) -> None:
    assert problems_of(make) == []


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda: AbstractLatentWorker("w 1", "x"), "the name of a worker has letters"),
        (lambda: AbstractLatentWorker("w1", ""), "the password must be a non-empty string, or None"),
        (lambda: AbstractLatentWorker("w1", "x", build_wait_timeout=WRONG, max_builds=0), "max_builds must be at leas"),
        (lambda: AbstractLatentWorker("w1", "x", "10"), "build_wait_timeout must be a number, not '10'"),
        (lambda: AbstractLatentWorker("w1", "x", colour="red"), "unknown arguments: colour"),
        (lambda: docker(image=None), "DockerLatentWorker 'w1': image or dockerfile must be given"),
        (lambda: docker(image=3), "image must be non-empty text, not 3"),
        (lambda: docker(volumes=["/srv"]), "a volume is '/on/the/host:/in/the/container[:ro]', not '/srv'"),
        (lambda: docker(volumes=3), "volumes must be a list of texts, not 3"),
        (lambda: docker(command=[3]), "command must be a list of texts, not [3]"),
        (lambda: docker(autopull="yes"), "autopull must be True or False, not 'yes'"),
        (lambda: docker(hostconfig=3), "hostconfig must be a dictionary, not 3"),
        (lambda: docker(master_protocol="null"), "master_protocol must be 'pb' or 'msgpack_experimental_v7', not 'nu"),
        (lambda: docker(colour="red"), "unknown arguments: colour"),
        (lambda: DockerLatentWorker("w1", "x", WRONG, "i"), "docker_host must be non-empty text, not 3"),
        (lambda: ec2(), "either ami must be given, or one or both of valid_ami_owners and valid_ami_location_regex"),
        (lambda: ec2(ami="a", valid_ami_owners=1), "either ami must be given, or one or both of"),
        (lambda: ec2(valid_ami_owners="me"), "valid_ami_owners must be a number or a list of numbers, not 'me'"),
        (lambda: ec2(valid_ami_location_regex="("), "valid_ami_location_regex must be a regular expression: "),
        (lambda: ec2(ami="a", identifier="i"), "identifier and secret_identifier belong together"),
        (
            lambda: ec2(ami="a", identifier="i", secret_identifier="s", aws_id_file_path="f"),
            "only one of identifier and aws_id_file_path can be given",
        ),
        (
            lambda: ec2(ami="a", spot_instance=True, max_spot_price=None, price_multiplier=None),
            "a spot instance needs max_spot_price or price_multiplier",
        ),
        (lambda: ec2(ami="a", security_name="s", subnet_id="n"), "security_name is not for instances in a subnet"),
        (lambda: ec2(ami="a", tags=3), "tags must be a dictionary, not 3"),
        (lambda: EC2LatentWorker("w1", "x", WRONG, ami="a"), "instance_type must be non-empty text, not 3"),
        (lambda: EC2LatentWorker("w1", "x", instance_type=None, ami="a"), "instance_type must be non-empty text"),
        (lambda: openstack(image=None), "one of image and block_devices must be given"),
        (lambda: openstack(os_auth_url=None), "os_auth_url is missing, and os_auth_args, too"),
        (lambda: openstack(os_auth_args={"username": "u"}), "'auth_url' is missing in os_auth_args"),
        (lambda: openstack(block_devices={}), "block_devices must be a list, not {}"),
        (lambda: openstack(client_version=None), "client_version must be text, not None"),
        (lambda: OpenStackLatentWorker("w1", "x", None, image="i", os_auth_url="a"), "flavor must be a name or an id"),
        (lambda: LibVirtWorker("w1", "x", base_image="/b"), "base_image is copied to hd_image, which is missing"),
        (lambda: LibVirtWorker("w1", "x", uri=3), "uri must be non-empty text, not 3"),
        (lambda: LibVirtWorker("w1", "x", Connection("q"), "/b"), "give its address as uri"),
        (lambda: Connection(""), "Connection: uri must be non-empty text, not ''"),
        (lambda: KubeLatentWorker("w1", kube_config=3), "kube_config must be as util.KubeHardcodedConfig(...), not 3"),
        (lambda: KubeLatentWorker("w1", namespace=WRONG), "namespace must be non-empty text, not 3"),
        (
            lambda: KubeHardcodedConfig("u", "t", {"user": "u", "password": "p"}),
            "only one of bearerToken and basicAuth",
        ),
        (lambda: KubeHardcodedConfig("u", basicAuth={"user": "u"}), "basicAuth needs 'user' and 'password'"),
        (lambda: KubeHardcodedConfig("u", verify=3), "verify must be a path, True or False, not 3"),
        (lambda: KubeHardcodedConfig("u", cert=3), "cert must be a path, or a pair of paths, not 3"),
        (lambda: KubeCtlProxyConfigLoader(proxy_port=0), "proxy_port must be a port, not 0"),
        (lambda: AbstractLatentMachine("m1", "long"), "machine 'm1': build_wait_timeout must be a number, not 'long'"),  # type: ignore[arg-type]
    ],
)
def test_a_wrong_argument_is_a_problem_of_the_configuration(make: Callable[[], Any], problem: str) -> None:
    told = problems_of(make)

    assert any(problem in one for one in told), told


def test_each_worker_that_is_not_started_is_told_with_its_line_and_a_way_out(load_text: Load) -> None:
    config = load_text(
        """\
        from buildbot.worker.docker import DockerLatentWorker
        class Mine(worker.KubeLatentWorker):
            def checkConfig(self, name, **options):
                super().checkConfig(name, namespace="ci", **options)
        c["workers"] = [
            worker.EC2LatentWorker("w1", "x", "m5.large", ami="ami-1"),
            worker.LibVirtWorker("w2", "x", "/hd"),
            Mine("w3"),
        ]
        """
    )

    assert [(notice.line, notice.text.partition(";")[0]) for notice in config.notices if notice.name == "workers"] == [
        (10, "EC2LatentWorker 'w1' is accepted, but starts no instances at EC2 yet"),
        (11, "LibVirtWorker 'w2' is accepted, but starts no machines of libvirt yet"),
        (12, "Mine 'w3' is accepted, but starts no pods yet"),
    ]
    assert "a worker of this name and password that is started by other means does its builds" in config.notices[0].text


def test_a_class_of_the_user_passes_its_arguments_on_from_either_method(load_text: Load) -> None:
    config = load_text(
        """\
        from buildbot.worker.latent import AbstractLatentWorker
        class ByInit(AbstractLatentWorker):
            def __init__(self, name, password, size, **kwargs):
                super().__init__(name, password, **kwargs)
                self.size = size
        class ByCheck(AbstractLatentWorker):
            def checkConfig(self, name, password, size, **kwargs):
                super().checkConfig(name, password, **kwargs)
        c["workers"] = [
            ByInit("w1", "x", 3, build_wait_timeout=0),
            ByCheck("w2", "x", size=4, max_builds=2, machine_name="m1"),
        ]
        from buildbot.machine.latent import AbstractLatentMachine
        c["machines"] = [AbstractLatentMachine("m1")]
        """
    )

    first, second = config.workers
    assert (first.name, first.size, first.build_wait_timeout, first.line) == ("w1", 3, 0, 14)  # type: ignore[attr-defined]
    assert (second.name, second.max_builds, second.line) == ("w2", 2, 15)
    assert [notice.text.partition(",")[0] for notice in config.notices if notice.name == "machines"] == [
        "AbstractLatentMachine 'm1' is accepted"
    ]
