"""`buildmill push` with a real master and a real worker: from a folder to a droplet, or to the cause in words."""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from buildmill.master.cli.main import main
from buildmill.master.staging.signing_key import PUBLIC_KEY_FILE, signer_blocking
from tests.programs import BIN, DEADLINE_SECONDS, RunningMaster, free_port, running_master, wait_for

pytestmark = pytest.mark.slow

TOKEN, READER = "push-it-all", "only-look-at-it"
CONFIG = """\
c["builders"] = [builder("other")]
c["staging"] = {{
    "stacks": ["here", {{"name": "old", "state": "disabled"}}],
    "workers": ["w1"],
    "buildpacks": {buildpacks!r},
    "buildpack_order": ["plain", "trouble"],
    "limits": {{
        "memory_default_mb": 96, "memory_minimum_mb": 96, "quota_memory_mb": 4096,
        "disk_default_mb": 64, "disk_minimum_mb": 64, "disk_maximum_mb": 128, "processes": 64,
        "package_bytes": 1_000_000,
    }},
    "tokens": [
        {{"token": {token!r}, "role": "developer", "name": "ann"}},
        {{"token": {reader!r}, "role": "auditor"}},
    ],
}}
"""
RELEASE = "echo 'default_process_types: {web: sh run.sh}'"
BUILDPACKS: Mapping[str, Mapping[str, str]] = {
    # what an app may be
    "plain": {
        "detect": 'test -f "$1/run.sh" && echo plain',
        "compile": 'echo "-----> Preparing $GREETING"; echo made > "$1/made"',
        "release": RELEASE,
    },
    "tools": {"supply": 'mkdir -p "$3/$4/bin"; echo "name: tools\nversion: 1.2.3" > "$3/$4/config.yml"'},
    # each does what the app says
    "trouble": {"detect": 'test -f "$1/trouble"', "compile": '. "$1/trouble"', "release": '. "$1/release"'},
    "supplier": {"supply": '. "$1/supply"', "finalize": '. "$1/finalize"', "release": RELEASE},
    "lonely": {"detect": "exit 1", "compile": "exit 0", "release": RELEASE},
}


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningMaster]:
    with staging_master(tmp_path_factory.mktemp("push")) as master:
        yield master


@contextmanager
def staging_master(place: Path) -> Iterator[RunningMaster]:
    """A master that stages, and a worker."""
    for name, scripts in BUILDPACKS.items():
        for script, text in scripts.items():
            path = place / "buildpacks" / name / "bin" / script
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"#!/bin/sh\n{text}\n")
            path.chmod(0o755)
    config = CONFIG.format(buildpacks=str(place / "buildpacks"), token=TOKEN, reader=READER)
    with running_master(place / "master", config) as master:
        master.start_staging_worker()
        yield master


def push(house: RunningMaster, *arguments: object, token: str = TOKEN) -> Result:
    url = f"http://127.0.0.1:{house.http_port}"
    return CliRunner(env={"BUILDMILL_TOKEN": token, "BUILDMILL_MASTER": url}).invoke(
        main, ["push", *map(str, arguments)]
    )


def app(folder: Path, files: Mapping[str, str]) -> Path:
    for name, content in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(content)
    return folder


def test_a_folder_becomes_a_droplet_that_runs_and_can_be_verified(
    house: RunningMaster, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    hello = app(tmp_path / "hello", {"run.sh": "cat made secret; exit 3", "secret": "s", ".cfignore": "secret"})
    droplet, key = tmp_path / "droplet", house.basedir / "attestation.pub"

    shown = push(house, hello, "--env", "GREETING=you", "--output", droplet, "--key", key)

    assert shown.exit_code == 0, shown.output
    assert "-----> Preparing you" in shown.output.splitlines()
    assert re.search(r"^staged, droplet .*\n  buildpack plain\n  web: sh run.sh$", shown.output, re.MULTILINE)
    assert f"{droplet} is what http://127.0.0.1:{house.http_port}/#/builders/" in shown.output
    ran = CliRunner().invoke(main, ["run-droplet", str(droplet)])
    assert ran.exit_code == 3
    assert capfd.readouterr().out == "made\n"

    statement = tmp_path / "droplet.intoto.json"
    payload = CliRunner().invoke(
        main, ["verify", str(droplet), "--attestation", str(statement), "--key", str(key), "--json"]
    )
    said = json.loads(payload.output)
    assert said["subject"][0]["digest"]["sha256"] == hashlib.sha256(droplet.read_bytes()).hexdigest()
    definition = said["predicate"]["buildDefinition"]
    assert definition["internalParameters"]["worker"] == "w1"
    assert definition["externalParameters"]["requestedBy"] == "ann"
    assert [used["name"] for used in definition["resolvedDependencies"]] == ["package", "buildpack/plain"]
    assert all(len(used["digest"]["sha256"]) == 64 for used in definition["resolvedDependencies"])


def test_the_same_folder_gives_the_same_droplet_byte_for_byte(house: RunningMaster, tmp_path: Path) -> None:
    digests = set()
    for name in ("first", "second"):
        folder = app(tmp_path / name, {"run.sh": "true", "sub/file": "text"})
        shown = push(house, folder, "--app", f"same-{name}", "-b", "tools", "-b", "plain", "-o", tmp_path / "droplet")
        assert shown.exit_code == 0, shown.output
        assert "  buildpack tools 1.2.3" in shown.output.splitlines()
        digests.add(hashlib.sha256((tmp_path / "droplet").read_bytes()).hexdigest())

    assert len(digests) == 1


def test_an_archive_is_sent_as_it_is_and_quiet_says_nothing(house: RunningMaster, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "packed.zip", "w") as archive:
        archive.writestr("run.sh", "true")

    shown = push(house, tmp_path / "packed.zip", "--quiet")

    assert (shown.exit_code, shown.output) == (0, "")


def test_a_master_that_is_killed_meanwhile_is_waited_for(tmp_path: Path) -> None:
    begun, go = tmp_path / "begun", tmp_path / "go"
    held = f"touch {begun}; echo before; while [ ! -e {go} ]; do sleep 0.1; done; echo after"
    folder = app(tmp_path / "patient", {"trouble": held, "release": RELEASE})
    with staging_master(tmp_path) as master:
        pushing = subprocess.Popen(
            [BIN / "buildmill", "push", "--master", f"http://127.0.0.1:{master.http_port}", folder],
            env={**os.environ, "BUILDMILL_TOKEN": TOKEN},
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert pushing.stderr is not None
        try:
            wait_for(begun.exists, why=master.own_log)
            master.kill()
            told = next(line for line in pushing.stderr if "the master gives no answer" in line)
            master.start()
        finally:
            go.touch()
            shown, errors = pushing.communicate(timeout=DEADLINE_SECONDS)

    assert pushing.returncode == 0, told + errors
    assert "the master is back" in errors
    assert [line for line in shown.splitlines() if line in ("before", "after")] == ["before", "after"]


TROUBLE = {"trouble": "true", "release": RELEASE}
STAGED = {"supply": "true", "finalize": "true"}
FAULTS: list[tuple[str, Mapping[str, str], tuple[str, ...], str, str]] = [
    ("nobody", {"x": ""}, (), "none of the buildpacks is for this app: plain, trouble, lonely", "top folder"),
    (
        "compile",
        {**TROUBLE, "trouble": "echo no; exit 42"},
        (),
        "bin/compile of trouble failed with exit code 42",
        "the log above",
    ),
    ("release", {**TROUBLE, "release": "exit 7"}, (), "bin/release of trouble failed with exit code 7", "bin/release"),
    ("yaml", {**TROUBLE, "release": "echo '[: x'"}, (), "release", "bin/release"),
    ("nothing", {**TROUBLE, "release": "echo '{}'"}, (), "(?i)start command", "Procfile"),
    ("procfile", {**TROUBLE, "Procfile": "web: [\n"}, (), "Procfile", "mend the Procfile"),
    (
        "supply",
        {**STAGED, "supply": "exit 5", **TROUBLE},
        ("-b", "supplier", "-b", "trouble"),
        "supply.* exit code 5",
        "",
    ),
    ("finalize", {**STAGED, "finalize": "exit 6"}, ("-b", "supplier"), "finalize.* exit code 6", "the log above"),
    ("order", {"x": ""}, ("-b", "lonely", "-b", "plain"), "'lonely' has no bin/supply", ""),
    ("memory", {**TROUBLE, "trouble": "head -c 300M /dev/zero | tail -c 300M | wc -c"}, (), "memory", "--memory"),
    ("disk", {**TROUBLE, "trouble": 'head -c 200M /dev/zero > "$1/big"; sleep 5'}, (), "disk", "--disk"),
    (
        "processes",
        {**TROUBLE, "trouble": "for i in $(seq 150); do sleep 20 & done; wait"},
        (),
        "processes",
        "",
    ),
    ("url", {"x": ""}, ("-b", "http://127.0.0.1:1/x.zip"), "'http://127.0.0.1:1/x.zip' can't be fetched", "reaches it"),
    ("unknown", {"x": ""}, ("-b", "missing"), 'Buildpack "missing"', ""),
    ("stack", {"x": ""}, ("-s", "missing"), "Stack must be an existing stack", ""),
    ("old-stack", {"x": ""}, ("-s", "old"), "(?i)stack", "--stack"),
    ("too-much-disk", {"x": ""}, ("--disk", "1G"), "disk limit exceeded", "--disk"),
    ("too-much-memory", {"x": ""}, ("--memory", "5G"), "memory limit exceeded", "--memory"),
    ("docker", {"x": ""}, ("--docker-image", "127.0.0.1:1/a/b:1"), "Feature Disabled: diego_docker", "switches it on"),
    ("cnb", {"x": ""}, ("--lifecycle", "cnb"), "Feature Disabled: diego_cnb", "switches it on"),
    ("space", {"x": ""}, ("--space", "missing"), "no space 'missing'", ""),
]


@pytest.mark.parametrize(("name", "files", "options", "cause", "hint"), FAULTS, ids=[fault[0] for fault in FAULTS])
def test_a_fault_is_told_with_its_cause_and_a_hint(
    house: RunningMaster, tmp_path: Path, name: str, files: Mapping[str, str], options: Any, cause: str, hint: str
) -> None:
    shown = push(house, app(tmp_path / name, files), *options)

    assert shown.exit_code == 1, shown.output
    told = shown.output[shown.output.rindex("Error: ") :]
    assert re.search(cause, told.partition("\nHint: ")[0]), shown.output
    assert hint in told.partition("\nHint: ")[2], shown.output


def test_an_unsafe_archive_is_refused_by_the_name_in_it(house: RunningMaster, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "unsafe.zip", "w") as archive:
        archive.writestr("../../etc/passwd", "x")

    shown = push(house, tmp_path / "unsafe.zip")

    assert shown.exit_code == 1
    assert "../../etc/passwd" in shown.output[shown.output.rindex("Error: ") :]


def test_a_droplet_of_another_masters_key_is_not_left_behind(house: RunningMaster, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    signer_blocking(tmp_path / "other")
    key = tmp_path / "other" / PUBLIC_KEY_FILE

    shown = push(house, app(tmp_path / "hello", {"run.sh": ""}), "--output", tmp_path / "droplet", "--key", key)

    assert shown.exit_code == 1
    assert "Error: the key given is" in shown.output
    assert not (tmp_path / "droplet").exists()


def test_a_package_that_is_too_large_is_refused(house: RunningMaster, tmp_path: Path) -> None:
    (tmp_path / "large").mkdir()
    (tmp_path / "large" / "random").write_bytes(os.urandom(8_000_000))

    shown = push(house, tmp_path / "large")

    assert shown.exit_code == 1
    assert re.search("Error: .*(large|1000000|bytes)", shown.output), shown.output


def test_what_waits_is_told_why(house: RunningMaster, tmp_path: Path) -> None:
    url = f"http://127.0.0.1:{house.http_port}"
    arguments = [str(BIN / "buildmill"), "push", str(app(tmp_path / "waiting", {"run.sh": ""})), "-m", url, "-a", TOKEN]
    house.post("workers/w1", "pause", reason="for a test")

    with subprocess.Popen(arguments, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as running:
        assert running.stderr is not None
        reason = next(line for line in running.stderr if line.startswith("it waits: "))
        house.post("workers/w1", "unpause", reason="enough")
        rest = running.stderr.read()

    assert "w1" in reason
    assert "paused" in reason
    assert running.returncode == 0, rest


def test_what_is_no_archive_is_refused(house: RunningMaster, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no archive")

    shown = push(house, tmp_path / "text.zip")

    assert shown.exit_code == 1
    assert re.search(r"Error: .*zip", shown.output)


@pytest.mark.parametrize(
    ("token", "cause", "hint"),
    [
        ("not-known-here", "Invalid Auth Token", "the token has ended, or is of another master"),
        (READER, "not authorized|Unable", ""),
    ],
)
def test_a_token_that_may_not_stage_is_told(
    house: RunningMaster, tmp_path: Path, token: str, cause: str, hint: str
) -> None:
    shown = push(house, app(tmp_path / "token", {"run.sh": ""}), token=token)

    assert shown.exit_code == 1
    assert re.search(cause, shown.output), shown.output
    assert hint in shown.output


def test_without_a_master_the_address_is_told(tmp_path: Path) -> None:
    shown = CliRunner().invoke(main, ["push", str(tmp_path), "--master", f"http://127.0.0.1:{free_port()}"])

    assert shown.exit_code == 1
    assert "Connection refused" in shown.output
    assert "Hint: is it running?" in shown.output


def test_an_empty_folder_is_told_before_anything_is_sent(house: RunningMaster, tmp_path: Path) -> None:
    shown = push(house, tmp_path)

    assert shown.exit_code == 1
    assert "there is nothing in it to stage" in shown.output
