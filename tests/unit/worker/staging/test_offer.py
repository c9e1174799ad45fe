"""What a worker says of its staging."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from buildmill.common.errors import ConfigError
from buildmill.common.staging import STAGING_EXTENSION, STAGING_INFO, Lifecycle, Offer, read_offer
from buildmill.worker.config import WorkerConfig, load_config
from buildmill.worker.create import create_worker
from buildmill.worker.info import describe_worker_blocking
from buildmill.worker.staging.offer import check_staging, make_offer_blocking


def described(basedir: Path, offer: Offer | None) -> dict[str, object]:
    return describe_worker_blocking(
        basedir=str(basedir), environ={}, version="1", numcpus=1, delete_leftover_dirs=False, staging=offer
    )


def test_worker_whose_owner_has_not_switched_it_on_offers_nothing(tmp_path: Path) -> None:
    info = described(tmp_path, make_offer_blocking(WorkerConfig(name="w", masters=["h"]), str(tmp_path)))

    commands = info["worker_commands"]
    assert isinstance(commands, dict)
    assert STAGING_EXTENSION not in commands
    assert STAGING_INFO not in info


def test_worker_offers_what_its_owner_allows(tmp_path: Path) -> None:
    create_worker(str(tmp_path), {"name": "w", "masters": ["h"], "staging": True, "staging_memory_mb": 100}, "secret")
    config = load_config(str(tmp_path))

    info = described(tmp_path, make_offer_blocking(config, str(tmp_path)))

    commands, text = info["worker_commands"], info[STAGING_INFO]
    assert isinstance(commands, dict)
    assert isinstance(text, str)
    assert commands[STAGING_EXTENSION] == "1"
    offer = read_offer(text)
    assert offer.program == [
        *(sys.executable, "-P", "-m", "buildmill.worker.staging"),
        *("--shelf", str(tmp_path / ".bm/shelf"), "--shelf-mb", "4096"),
    ]
    assert Lifecycle.BUILDPACK in offer.lifecycles
    assert offer.memory_mb == 100
    assert offer.disk_mb > 0
    assert offer.enforcement["disk"] == "sampler"


def test_staging_wants_every_process_to_be_found() -> None:
    config = WorkerConfig(name="w", masters=["h"], staging=True, durable=False)

    with pytest.raises(ConfigError, match="staging: needs durable = true"):
        check_staging(config)
    check_staging(WorkerConfig(name="w", masters=["h"], staging=True))
    check_staging(WorkerConfig(name="w", masters=["h"], durable=False))


def test_owner_may_do_without_cgroups_and_shelf(tmp_path: Path) -> None:
    config = WorkerConfig(name="w", masters=["h"], staging=True, staging_shelf_mb=0, staging_cgroups=False)

    offer = make_offer_blocking(config, str(tmp_path))

    assert offer is not None
    assert offer.program[1:] == ["-P", "-m", "buildmill.worker.staging", "--no-cgroups"]
    assert offer.enforcement["memory"] == "sampler"
