"""What switching staging on brings with it: the key that statements about droplets are signed with."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.errors import ConfigError
from buildmill.master.config.master_config import MasterConfig
from buildmill.master.config.parts.staging import StagingPart
from buildmill.master.data.staging import NoBlobs
from buildmill.master.domain.staging.configuration import StagingConfig
from buildmill.master.staging.signing_key import KEY_FILE, PUBLIC_KEY_FILE, verifier_of
from tests.database import Stage
from tests.staging import StagedScene, staging_config


async def at_once(function: Callable[..., Any], *args: Any) -> Any:
    return function(*args)


class Place:
    """The part, of a master that has not staged before."""

    def __init__(self, stage: Stage, keys: Path) -> None:
        self.scene = StagedScene(stage)
        self.context = self.scene.context
        self.context.staging = StagingConfig()
        self.keys = keys
        self.part = StagingPart(updates=self.scene.updates, blobs=NoBlobs(), in_thread=at_once, keys=keys)

    def apply(self, staging: StagingConfig) -> None:
        config = MasterConfig(basedir=self.keys, file=Path("/m"), buildbotURL="http://ci/", staging=staging)
        self.scene.stage.result(self.part.apply(config))


@pytest.fixture
def place(memory: Stage, tmp_path: Path) -> Place:
    return Place(memory, tmp_path)


def test_a_master_that_stages_has_a_key(place: Place) -> None:
    place.apply(staging_config())

    assert place.context.voucher is not None
    assert place.context.voucher.url == "http://ci/"
    public = verifier_of((place.keys / PUBLIC_KEY_FILE).read_bytes())
    assert place.context.voucher.signer.key_id == public.key_id


def test_a_master_that_does_not_stage_has_none(place: Place) -> None:
    place.apply(StagingConfig())

    assert place.context.voucher is None
    assert list(place.keys.iterdir()) == []


def test_with_a_key_that_others_may_read_staging_is_not_switched_on(place: Place) -> None:
    (place.keys / KEY_FILE).touch()
    (place.keys / KEY_FILE).chmod(0o644)

    with pytest.raises(ConfigError, match=r"/m: staging: .*attestation\.key: others may use it \(mode 644\)"):
        place.apply(staging_config())

    assert not place.context.staging.is_on
