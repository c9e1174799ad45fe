"""A running master that stages, a real worker with a buildpack, and the client that others drive such a master with."""

from __future__ import annotations

import shutil
import subprocess
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cloudfoundry_client.client import CloudFoundryClient
from cloudfoundry_client.v3.entities import EntityManager

from tests.programs import RunningMaster, wait_for

STACK = "cflinuxfs4"
CONFIG = """
c["builders"] = [builder("other", steps.ShellCommand(command=["true"]))]
c["www"]["auth"] = util.UserPasswordAuth({{"ann": "ann's password"}})
c["staging"] = {{
    "stacks": ["{stack}"],
    "workers": ["w1"],
    "buildpacks": {buildpacks!r},
    "limits": {{"memory_minimum_mb": 64, "memory_default_mb": 128, "disk_minimum_mb": 64, "disk_default_mb": 128}},
    "tokens": [
        {{"token": "the developer's token", "role": "developer", "name": "dev", "email": "dev@example.org"}},
        {{"token": "the auditor's token", "role": "auditor"}},
    ],
}}
"""
SCRIPTS = {
    "detect": 'test -e "$1/greeting.txt" && echo greeter 1.0',
    "compile": 'echo "greeting by $(id -un)"; echo warning >&2; test ! -e "$1/broken"',
    "release": "printf -- '---\\ndefault_process_types:\\n  web: cat greeting.txt\\n'",
}
"""Of a buildpack that is for packages with a greeting, and fails for those that are broken."""


class StagingMaster:
    """See the module.

    Attributes:
        url: of the API.
        client: of a developer, with a token of the configuration.
        space: guid of a space.
    """

    def __init__(self, master: RunningMaster) -> None:
        self.master = master
        self.url = f"http://127.0.0.1:{master.http_port}"
        self.client = self.client_with("the developer's token")
        self.space = self.client.v3.spaces.get_first()["guid"]

    def client_with(self, token: str) -> Any:
        """A client with a token."""
        client: Any = CloudFoundryClient(self.url)
        client._access_token = token
        return client

    def of(self, name: str, client: Any = None) -> Any:
        """What manages resources of a kind; the client has none for some."""
        return EntityManager(self.url, client or self.client, f"/v3/{name}")

    def new_app(self, app_name: str, lifecycle: str = "") -> Any:
        """A new app, of the usual lifecycle or another."""
        document = {"name": app_name, "relationships": {"space": {"data": {"guid": self.space}}}}
        return self.of("apps")._create(document | ({"lifecycle": {"type": lifecycle, "data": {}}} if lifecycle else {}))

    def new_package(self, app_name: str, /, *, lifecycle: str = "", **files: str) -> tuple[Any, Any]:
        """A new app, and a package of it with these files, uploaded and ready."""
        app = self.new_app(app_name, lifecycle)
        bits = self.master.basedir.parent / f"{app_name}.zip"
        with zipfile.ZipFile(bits, "w") as archive:
            for name, content in files.items():
                archive.writestr(name.replace("_", "."), content)
        made = self.of("packages")._create({"type": "bits", "relationships": {"app": {"data": {"guid": app["guid"]}}}})
        self.of("packages")._upload_bits(made["guid"], str(bits))
        return app, self.settled("packages", made["guid"], "PROCESSING_UPLOAD")

    def settled(self, kind: str, guid: str, unlike: str) -> Any:
        """Wait until something is in another state."""

        def look() -> Any:
            found = self.of(kind).get(guid)
            return None if found["state"] == unlike else found

        return wait_for(look, why=self.master.own_log)

    def staged(self, build: Any) -> Any:
        """Wait until a build has ended."""
        return self.settled("builds", build["guid"], "STAGING")

    def app_files(self, droplet: bytes) -> dict[str, str]:
        """Files of the app in a droplet."""
        folder = self.master.basedir.parent / "unpacked"
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir()
        subprocess.run(["tar", "-xzf", "-"], input=droplet, cwd=folder, check=True)
        return {path.name: path.read_text() for path in (folder / "app").iterdir() if path.is_file()}


@contextmanager
def staging_master(folder: Path, more: str = "") -> Iterator[StagingMaster]:
    """One that runs with its worker, and is stopped at the end.

    Args:
        folder: of master and worker, and of buildpacks, where there may be some already.
        more: Python text behind the configuration.
    """
    buildpacks = folder / "buildpacks"
    scripts = buildpacks / "greeter" / "bin"
    scripts.mkdir(parents=True)
    for name, text in SCRIPTS.items():
        (scripts / name).write_text(f"#!/bin/sh\n{text}\n")
        (scripts / name).chmod(0o755)
    master = RunningMaster(folder / "master", CONFIG.format(stack=STACK, buildpacks=str(buildpacks)) + more)
    try:
        master.start()
        master.start_staging_worker("w1")
        yield StagingMaster(master)
    finally:
        master.stop()
