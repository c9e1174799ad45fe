"""The foreign command line sends changes and tries patches on our master."""

from __future__ import annotations

import base64
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.programs import BIN, RunningMaster, free_port, peer_program, wait_for

CONFIG = """
from buildmill.plugins import changes
c["workers"].append(worker.LocalWorker("local"))
c["change_source"] = changes.PBChangeSource(user="change", passwd="pw", port=PORT, prefix="src/")
c["schedulers"] += [
    schedulers.AnyBranchScheduler("any", builderNames=["b1"]),
    schedulers.Try_Userpass("try", ["b1"], port=PORT, userpass=[("al", "secret")]),
    schedulers.Try_Jobdir("jobs", ["b1"], jobdir="jobs"),
]
"""
BUILDERS = 'c["builders"] = [builder("b1", steps.ShellCommand(command=["true"]), workernames=["local"])]'
PATCH = "--- a/f\n+++ b/f\n@@ -1 +1 @@\n-x\n+y\n"


class Scene:
    """A master, and the foreign program."""

    def __init__(self, master: RunningMaster, program: Path, port: int) -> None:
        self.master, self.program, self.port = master, program, port
        self.folder = master.basedir.parent

    def run(self, *arguments: str, code: int = 0) -> str:
        done = subprocess.run(
            [self.program, *arguments],
            cwd=self.folder,
            env={**os.environ, "HOME": str(self.folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        assert done.returncode == code, done.stdout.decode() + self.master.own_log()
        return done.stdout.decode()

    def ours(self, *arguments: str, code: int = 0) -> str:
        """The same with our own program."""
        done = subprocess.run(
            [BIN / "buildmill", *arguments],
            cwd=self.folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
        )
        assert done.returncode == code, done.stdout.decode() + self.master.own_log()
        return done.stdout.decode()

    def buildsets(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.master.get("buildsets?order=bsid")["buildsets"]
        return found

    def properties(self, buildset: int) -> dict[str, Any]:
        [values] = [v for name, v in self.master.get(f"buildsets/{buildset}/properties").items() if name != "meta"]
        found: dict[str, Any] = values[0]
        return found


def body_of(stamp: dict[str, Any]) -> str:
    """The patch of a source stamp."""
    return base64.b64decode(stamp["patch"]["body"]).decode()


@pytest.fixture(scope="module")
def scene(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Scene]:
    program = peer_program("buildbot")
    folder = tmp_path_factory.mktemp("try")
    master, port = RunningMaster(folder / "master", BUILDERS), free_port()
    with (master.basedir / "master.cfg").open("a") as file:
        file.write(CONFIG.replace("PORT", str(port)))
    (folder / "patch").write_text(PATCH)
    try:
        master.start()
        yield Scene(master, program, port)
    finally:
        master.stop()


def test_a_change_arrives_with_all_that_was_said_of_it(scene: Scene) -> None:
    scene.run(
        "sendchange", f"--master=127.0.0.1:{scene.port}", "--auth=change:pw", "--who=alice <a@example.org>",
        "--branch=main", "--revision=r1", "--comments=why", "--category=c", "--project=p", "--repository=git:r",
        "--property=k:v", "--when=1600000000", "--vc=git", "src/a.c", "doc/b",
    )  # fmt: skip

    [change] = scene.master.get("changes")["changes"]
    assert (change["author"], change["branch"], change["revision"]) == ("alice <a@example.org>", "main", "r1")
    assert (change["comments"], change["category"], change["files"]) == ("why", "c", ["a.c"])
    assert (change["project"], change["repository"], change["when_timestamp"]) == ("p", "git:r", 1600000000)
    assert change["properties"] == {"k": ["v", "Change"]}


def test_a_wrong_password_is_refused(scene: Scene) -> None:
    before = len(scene.master.get("changes")["changes"])

    scene.run("sendchange", f"--master=127.0.0.1:{scene.port}", "--auth=change:no", "--who=al", "src/a", code=1)

    assert len(scene.master.get("changes")["changes"]) == before


def test_a_patch_is_tried_and_waited_for(scene: Scene) -> None:
    common = ["try", "--connect=pb", f"--master=127.0.0.1:{scene.port}", "--username=al", "--passwd=secret"]

    assert "b1" in scene.run(*common, "--get-builder-names")
    output = scene.run(
        *common, "--diff=patch", "--patchlevel=1", "--baserev=r0", "--branch=main", "--builder=b1", "--who=Al",
        "--comment=hm", "--property=k=v", "--wait",
    )  # fmt: skip

    assert "b1: success" in output
    last = scene.buildsets()[-1]
    [stamp] = last["sourcestamps"]
    assert (stamp["branch"], stamp["revision"]) == ("main", "r0")
    assert (body_of(stamp), stamp["patch"]["level"], stamp["patch"]["author"]) == (PATCH, 1, "Al")
    assert last["reason"] == "'try' job by user Al (hm)"
    assert scene.properties(last["bsid"])["k"] == ["v", "try build"]


def test_a_patch_arrives_by_ssh_and_the_directory(scene: Scene) -> None:
    before = len(scene.buildsets())
    ssh = scene.folder / "ssh"
    ssh.write_text(f'#!/bin/sh\nwhile [ "$1" != tryserver ]; do shift; done\nexec {scene.program} "$@"\n')
    ssh.chmod(0o755)

    scene.run(
        "try", "--connect=ssh", "--host=h", "--username=al", f"--ssh={ssh}", "--diff=patch", "--baserev=r0",
        f"--jobdir={scene.master.basedir}/jobs", "--builder=b1", "--who=Al",
    )  # fmt: skip
    wait_for(lambda: len(scene.buildsets()) > before, why=scene.master.own_log)

    assert body_of(scene.buildsets()[-1]["sourcestamps"][0]) == PATCH


def test_our_program_tries_a_patch_and_waits_for_it(scene: Scene) -> None:
    common = ["try", "--connect=pb", f"--master=127.0.0.1:{scene.port}", "--username=al", "--passwd=secret"]

    assert scene.ours(*common, "--get-builder-names") == "b1\n"
    output = scene.ours(*common, "--diff=patch", "-p1", "--baserev=r1", "--properties=k=v,l=w", "--wait", "--who=Al")

    assert "b1: success (build successful)" in output
    last = scene.buildsets()[-1]
    assert body_of(last["sourcestamps"][0]) == PATCH
    assert scene.properties(last["bsid"])["l"] == ["w", "try build"]
    assert "wrong name or password" in scene.ours(*common[:-1], "--passwd=no", "--diff=patch", code=1)
    assert "not one that can be tried" in scene.ours(*common, "--diff=patch", "--builder=b2", code=1)


def test_our_program_uses_ssh(scene: Scene) -> None:
    before = len(scene.buildsets())
    ssh = scene.folder / "our-ssh"
    ssh.write_text(f'#!/bin/sh\nwhile [ "$1" != tryserver ]; do shift; done\nexec {BIN}/buildmill "$@"\n')
    ssh.chmod(0o755)

    scene.ours(
        "try", "--connect=ssh", "--host=h", f"--ssh={ssh}", "--diff=patch", f"--jobdir={scene.master.basedir}/jobs"
    )
    wait_for(lambda: len(scene.buildsets()) > before, why=scene.master.own_log)

    assert body_of(scene.buildsets()[-1]["sourcestamps"][0]) == PATCH
