"""A droplet comes with a statement about it, in the same transaction."""

from __future__ import annotations

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from buildmill.common.staging import Lifecycle
from buildmill.master.domain.staging.attestation import Voucher, check
from buildmill.master.domain.staging.configuration import StagingFlags
from buildmill.master.domain.staging.requests import NewPackage
from buildmill.master.domain.staging.values import PackageType
from buildmill.master.staging.signing_key import Ed25519Signer
from tests.database import Stage
from tests.staging import ANN, BITS, StagedScene, made_droplet, staging_config

SIGNER = Ed25519Signer(Ed25519PrivateKey.from_private_bytes(bytes(32)))


@pytest.fixture
def scene(stage: Stage) -> StagedScene:
    """A master that stages, and vouches."""
    found = StagedScene(stage, staging_config(flags=StagingFlags(docker=True)))
    found.context.voucher = Voucher(signer=SIGNER, url="http://ci/", version="1.0")
    return found


def test_the_statement_names_the_builder_the_worker_the_package_and_whoever_asked(scene: StagedScene) -> None:
    build = scene.build(scene.package(scene.app()))
    droplet = scene.stage.result(scene.reads.droplet(scene.finish(build)))

    assert droplet.attestation is not None
    statement = check(droplet.attestation.encode(), "d" * 64, SIGNER.verifier)
    provenance = statement.predicate
    assert statement.subject[0].name == droplet.guid
    assert provenance.run_details.builder.id == f"http://ci/#/builders/{build.builderid}"
    assert provenance.run_details.metadata.invocation_id == build.guid
    assert provenance.build_definition.internal_parameters["worker"] == "w1"
    assert provenance.build_definition.external_parameters["requestedBy"] == ANN.name
    package, buildpack = provenance.build_definition.resolved_dependencies
    assert package.digest == {"sha256": BITS.sha256}
    assert (buildpack.name, buildpack.annotations) == ("buildpack/ruby", {"name": "ruby", "version": "1.2"})


def test_a_droplet_without_bytes_has_no_statement(scene: StagedScene) -> None:
    new = NewPackage(app_guid=scene.docker_app().guid, type=PackageType.DOCKER, image="host/image")
    package = scene.stage.result(scene.updates.createPackage(new, ANN))
    result = {
        "lifecycle_type": Lifecycle.DOCKER.value,
        "lifecycle_metadata": {"docker_image": "host/image:latest"},
        "process_types": {"web": "run"},
        "execution_metadata": "{}",
    }

    guid = scene.finish(scene.build(package), made_droplet(result=result, file=None))

    assert scene.stage.result(scene.reads.droplet(guid)).attestation is None
