"""kill -9 of the master while a real worker stages: the staging ends under its guid, and nothing runs twice."""

from __future__ import annotations

import hashlib
import os
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from buildmill.common.failpoints import VARIABLE
from tests.programs import RunningMaster, running_master, wait_for

pytestmark = pytest.mark.slow

CONFIG = """
import io, pathlib, zipfile
from buildmill.master.domain.staging.requests import Listing, NewApp, NewBuild, NewPackage, SpaceFilter
from buildmill.master.domain.staging.values import NOBODY, PackageType
from buildmill.master.engine.service import BuildbotService

WANTED = pathlib.Path({wanted!r})

class Stager(BuildbotService):
    name = "stager"

    async def startService(self):
        await super().startService()
        if WANTED.exists():
            WANTED.unlink()
            await self.stage()

    async def stage(self):
        updates, reads = self.master.data.updates, self.master.data.staging
        (space,) = (await reads.spaces(SpaceFilter(), Listing())).values
        app = await updates.createApp(NewApp(name=WANTED.name + str(id(self)), space_guid=space.guid), NOBODY)
        package = await updates.createPackage(NewPackage(app_guid=app.guid, type=PackageType.BITS), NOBODY)
        await updates.beginUpload(package.guid)
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            archive.writestr("app.txt", "hello")
        writer = await reads.blobs.open_write()
        await writer.write(packed.getvalue())
        await updates.finishUpload(package.guid, await writer.finish())
        await updates.createBuild(NewBuild(package_guid=package.guid), NOBODY)

c["services"] = [Stager()]
c["builders"] = [builder("other", steps.ShellCommand(name="nothing", command="true"))]
c["staging"] = {{"stacks": ["linux"], "workers": ["w1"], "buildpacks": {buildpacks!r}}}
"""
COMPILE = """#!/bin/sh
echo compile $$ >> {witness}
i=0; while [ ! -e {gate} ] || [ $i -lt 50 ]; do i=$((i+1)); echo "line $i"; sleep 0.02; done
head -c 3000000 /dev/urandom > "$1/ballast"
mkdir -p "$2"; echo kept > "$2/cache"
echo "compiled after $i lines"
"""


class House:
    """A master that stages when it is told to, its worker, and a buildpack."""

    def __init__(self, folder: Path) -> None:
        self.wanted = folder / "wanted"
        self.witness, self.gate = folder / "witness", folder / "gate"
        buildpack = folder / "buildpacks" / "plain" / "bin"
        buildpack.mkdir(parents=True)
        self._script(buildpack / "detect", "#!/bin/sh\necho Plain\n")
        self._script(buildpack / "compile", COMPILE.format(witness=self.witness, gate=self.gate))
        self._script(buildpack / "release", "#!/bin/sh\necho 'default_process_types: {web: cat app.txt}'\n")
        self.config = CONFIG.format(wanted=str(self.wanted), buildpacks=str(folder / "buildpacks"))
        self.master: RunningMaster

    def _script(self, path: Path, text: str) -> None:
        path.write_text(text)
        path.chmod(0o755)

    def begin(self, **environ: str) -> str:
        """Start the master with a new staging; its guid."""
        known = {build["guid"] for build in self.builds()} if self.master.process is not None else set()
        if self.master.process is not None and self.master.process.poll() is None:
            self.master.end()
        self.witness.unlink(missing_ok=True)
        self.gate.unlink(missing_ok=True)
        self.wanted.touch()
        self.master.environ = environ
        self.master.start()
        (guid,) = wait_for(lambda: {build["guid"] for build in self.builds()} - known, why=self.master.own_log)
        return str(guid)

    def builds(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.master.get("staging_builds")["staging_builds"]
        return found

    def build(self, guid: str) -> dict[str, Any]:
        (found,) = self.master.get(f"staging_builds/{guid}")["staging_builds"]
        return dict(found)

    def compiles(self) -> list[str]:
        return self.witness.read_text().splitlines() if self.witness.exists() else []

    def ended(self, guid: str) -> dict[str, Any]:
        """Wait until a staging has ended."""
        return wait_for(
            lambda: found if (found := self.build(guid))["state"] != "STAGING" else {}, why=self.master.own_log
        )

    def check(self, guid: str) -> None:
        """It is staged, once, and the droplet is there as a whole."""
        build = self.ended(guid)
        assert (build["state"], build["error"]) == ("STAGED", None), self.master.own_log()
        assert len(self.compiles()) == 1
        (droplet,) = self.master.get(f"staging_droplets/{build['droplet_guid']}")["staging_droplets"]
        blobs = self.master.basedir / "staging" / "blobs"
        stored = (blobs / droplet["sha256"][:2] / droplet["sha256"]).read_bytes()
        assert hashlib.sha256(stored).hexdigest() == droplet["sha256"] == build["droplet_sha256"]
        assert (len(stored), droplet["attested"]) == (droplet["size_bytes"], True)
        assert list((blobs / "incoming").iterdir()) == []
        path = f"builds/{build['buildid']}"
        wait_for(lambda: self.master.get(path)["builds"][0]["complete"], why=self.master.own_log)
        steps = self.master.steps(build["buildid"])
        assert list(steps) == [
            "worker_preparation", "send", "prepare", "detect", "finalize Plain", "release", "export", "receive",
            "clean up",
        ]  # fmt: skip
        assert {step["results"] for step in steps.values()} == {0}
        lines = self.master.stdout(build["buildid"], str(steps["finalize Plain"]["number"])).decode().splitlines()
        count = int(lines[-1].split()[2])
        assert [line for line in lines if line.startswith("line")] == [f"line {n + 1}" for n in range(count)]
        caches = self.master.get(f"staging_apps/{build['app_guid']}/staging_caches")["staging_caches"]
        assert [cache["key"] for cache in caches] == ["final"]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = House(tmp_path)
    with running_master(tmp_path / "master", house.config) as master:
        house.master = master
        master.start_staging_worker()
        yield house


def test_a_staging_outlives_its_master(house: House) -> None:
    guid = house.begin()
    wait_for(house.compiles, why=house.master.own_log)
    house.master.kill()
    house.master.start()
    house.gate.touch()
    house.check(guid)

    # 65 blocks of 256 KiB and less go to and fro: here the droplet is on its way
    guid = house.begin(**{VARIABLE: "master.transferred_block:12"})
    house.gate.touch()
    assert house.master.process is not None
    assert house.master.process.wait(60) == -signal.SIGKILL
    house.master.environ = {}
    house.master.start()
    house.check(guid)


def test_a_staging_that_is_stopped_leaves_no_process(house: House) -> None:
    guid = house.begin()
    wait_for(house.compiles, why=house.master.own_log)
    pid = int(house.compiles()[0].split()[1])
    build_id = wait_for(lambda: house.build(guid)["buildid"], why=house.master.own_log)

    house.master.post(f"builds/{build_id}", "stop", reason="enough")

    assert "enough" in house.ended(guid)["error"]
    wait_for(lambda: not _is_alive(pid), why=house.master.own_log)


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] not in "ZX"
